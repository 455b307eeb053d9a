// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

/*
 * Both ends of a measurement in the kernel: `send` is run by BPF_PROG_TEST_RUN on live frames and writes the time into each
 * packet, `count` is attached.
 */

/* Where the time stands: behind Ethernet, IPv4 and UDP headers. */
#define STAMP 42
/* Latencies as in HdrHistogram, to 3 digits: exact below 2,048 ns, then 1,024 buckets for each power of two. */
#define BUCKETS (32 * 1024)

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

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, BUCKETS);
	__type(key, __u32);
	__type(value, __u64);
} latencies SEC(".maps");

static __u64 *stamp(struct xdp_md *context)
{
	void *data = (void *)(long)context->data, *end = (void *)(long)context->data_end;

	return data + STAMP + sizeof(__u64) > end ? 0 : data + STAMP;
}

static __u32 bucket(__u64 nanoseconds)
{
	__u32 shift = 0;

	for (int step = 16; step; step >>= 1) {
		if (nanoseconds >> (shift + step) >= 1024)
			shift += step;
	}
	return shift * 1024 + (__u32)(nanoseconds >> shift);
}

/* Sends a frame when one is due; until then frames are dropped, which gives them back at once. */
SEC("xdp")
int send(struct xdp_md *context)
{
	__u32 zero = 0;
	struct pace *pace = bpf_map_lookup_elem(&paces, &zero);
	__u64 *sent = stamp(context);
	__u64 time = bpf_ktime_get_ns();
	__u64 now = time << 10;

	if (!pace || !sent)
		return XDP_DROP;
	if (pace->interval) {
		if (now < pace->next)
			return XDP_DROP;
		/* What could not be sent in time for a millisecond is not made up for. */
		if (now - pace->next > 1000000ULL << 10)
			pace->next = now;
		pace->next += pace->interval;
	}
	*sent = time;
	pace->sent++;
	return XDP_TX;
}

SEC("xdp")
int count(struct xdp_md *context)
{
	__u32 zero = 0;
	__u64 *packets = bpf_map_lookup_elem(&counts, &zero);
	__u64 *sent = stamp(context), *latency;
	__u64 now = bpf_ktime_get_ns();
	__u32 index;

	if (packets)
		++*packets;
	if (sent && now > *sent) {
		index = bucket(now - *sent);
		latency = bpf_map_lookup_elem(&latencies, &index);
		if (latency)
			++*latency;
	}
	return XDP_DROP;
}

char licence[] SEC("license") = "Dual BSD/GPL";
