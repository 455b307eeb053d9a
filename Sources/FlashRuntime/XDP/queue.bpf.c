// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

enum verdict { REDIRECTED, PASSED, VERDICTS };

struct {
	__uint(type, BPF_MAP_TYPE_XSKMAP);
	__uint(max_entries, 256);
	__type(key, __u32);
	__type(value, __u32);
} sockets SEC(".maps");

/* Packets by queue and verdict: entry queue * VERDICTS + verdict. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 256 * VERDICTS);
	__type(key, __u32);
	__type(value, __u64);
} counters SEC(".maps");

static __always_inline void count(__u32 queue, enum verdict verdict)
{
	__u32 key = queue * VERDICTS + verdict;
	__u64 *counter = bpf_map_lookup_elem(&counters, &key);

	if (counter)
		(*counter)++;
}

SEC("xdp")
int flash_queue(struct xdp_md *context)
{
	__u32 queue = context->rx_queue_index;

	if (!bpf_map_lookup_elem(&sockets, &queue)) {
		count(queue, PASSED);
		return XDP_PASS;
	}
	count(queue, REDIRECTED);
	return bpf_redirect_map(&sockets, queue, XDP_PASS);
}

char licence[] SEC("license") = "Dual BSD/GPL";
