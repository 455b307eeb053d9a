// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

/* Both ends of a measurement in the kernel: `send` is run by BPF_PROG_TEST_RUN on live frames, `count` is attached. */

struct pace {
	__u64 interval; /* between two packets, in 1/1024 ns; 0: as fast as it goes */
	__u64 next;     /* when the next packet is due, in the same unit */
	__u64 sent;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct pace);
} paces SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} counts SEC(".maps");

/* Sends a frame when one is due; until then frames are dropped, which gives them back at once. */
SEC("xdp")
int send(struct xdp_md *context)
{
	__u32 zero = 0;
	struct pace *pace = bpf_map_lookup_elem(&paces, &zero);
	__u64 now;

	if (!pace)
		return XDP_DROP;
	if (pace->interval) {
		now = bpf_ktime_get_ns() << 10;
		if (now < pace->next)
			return XDP_DROP;
		/* What could not be sent in time for a millisecond is not made up for. */
		if (now - pace->next > 1000000ULL << 10)
			pace->next = now;
		pace->next += pace->interval;
	}
	pace->sent++;
	return XDP_TX;
}

SEC("xdp")
int count(struct xdp_md *context)
{
	__u32 zero = 0;
	__u64 *packets = bpf_map_lookup_elem(&counts, &zero);

	if (packets)
		++*packets;
	return XDP_DROP;
}

char licence[] SEC("license") = "Dual BSD/GPL";
