// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

/*
 * Hands every packet of a device to the AF_XDP socket of its queue; to the
 * stack where the queue has none. Protocols make no difference: ARP goes to
 * the NFs as well.
 */

/* As many as a topology can name. */
#define QUEUES 1024

struct {
	__uint(type, BPF_MAP_TYPE_XSKMAP);
	__uint(max_entries, QUEUES);
	__type(key, __u32);
	__type(value, __u32);
} sockets SEC(".maps");

/* Packets and bytes of a queue by verdict; mirrored by struct flash_xdp_counters. */
struct verdicts {
	__u64 redirected;
	__u64 passed;
	__u64 redirected_bytes;
	__u64 passed_bytes;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, QUEUES);
	__type(key, __u32);
	__type(value, struct verdicts);
} counters SEC(".maps");

SEC("xdp")
int flash_queue(struct xdp_md *context)
{
	__u32 queue = context->rx_queue_index;
	long action = bpf_redirect_map(&sockets, queue, XDP_PASS);
	struct verdicts *verdicts = bpf_map_lookup_elem(&counters, &queue);

	if (verdicts) {
		__u64 bytes = context->data_end - context->data;

		if (action == XDP_REDIRECT) {
			verdicts->redirected++;
			verdicts->redirected_bytes += bytes;
		} else {
			verdicts->passed++;
			verdicts->passed_bytes += bytes;
		}
	}
	return action;
}

char licence[] SEC("license") = "Dual BSD/GPL";
