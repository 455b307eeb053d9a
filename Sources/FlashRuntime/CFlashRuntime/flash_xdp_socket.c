/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "flash_xdp_socket.h"

#include <errno.h>
#include <linux/if_xdp.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

struct attempt {
	int socket;
	const char *call;
	int error;
};

static bool set(struct attempt *attempt, const char *call, int option, const void *value, socklen_t length)
{
	if (attempt->error)
		return false;
	if (setsockopt(attempt->socket, SOL_XDP, option, value, length) == 0)
		return true;
	attempt->error = errno;
	attempt->call = call;
	return false;
}

static struct flash_xdp_ring ring(const struct xdp_ring_offset *offset, uint64_t page_offset, uint32_t size,
				  size_t entry)
{
	return (struct flash_xdp_ring){
		.page_offset = page_offset,
		.length = offset->desc + size * entry,
		.producer = (uint32_t)offset->producer,
		.consumer = (uint32_t)offset->consumer,
		.flags = (uint32_t)offset->flags,
		.descriptors = (uint32_t)offset->desc,
		.size = size,
	};
}

static void read_rings(struct attempt *attempt, const struct flash_xdp_request *request,
		       struct flash_xdp_rings *rings)
{
	struct xdp_mmap_offsets offsets;
	socklen_t length = sizeof(offsets);

	if (attempt->error)
		return;
	if (getsockopt(attempt->socket, SOL_XDP, XDP_MMAP_OFFSETS, &offsets, &length) < 0 ||
	    length != sizeof(offsets)) {
		attempt->error = length == sizeof(offsets) ? errno : EPROTO;
		attempt->call = "getsockopt XDP_MMAP_OFFSETS";
		return;
	}
	rings->rx = ring(&offsets.rx, XDP_PGOFF_RX_RING, request->rx, sizeof(struct xdp_desc));
	rings->tx = ring(&offsets.tx, XDP_PGOFF_TX_RING, request->tx, sizeof(struct xdp_desc));
	rings->fill = ring(&offsets.fr, XDP_UMEM_PGOFF_FILL_RING, request->fill, sizeof(uint64_t));
	rings->completion =
		ring(&offsets.cr, XDP_UMEM_PGOFF_COMPLETION_RING, request->completion, sizeof(uint64_t));
}

/* For 28 to 40 ms after the death of its last socket a queue is still held. */
static void bind_patiently(struct attempt *attempt, const struct flash_xdp_request *request)
{
	struct sockaddr_xdp address = {
		.sxdp_family = AF_XDP,
		.sxdp_ifindex = request->device,
		.sxdp_queue_id = request->queue,
	};
	uint64_t waited = 0, pause = 1000;

	if (attempt->error)
		return;
	if (request->memory) {
		address.sxdp_flags = XDP_USE_NEED_WAKEUP;
		if (request->zero_copy)
			address.sxdp_flags |= request->zero_copy > 0 ? XDP_ZEROCOPY : XDP_COPY;
	} else {
		/* Copy mode and wake-up flag are those of the other socket: the kernel refuses more flags. */
		address.sxdp_flags = XDP_SHARED_UMEM;
		address.sxdp_shared_umem_fd = (uint32_t)request->shared;
	}
	while (bind(attempt->socket, (struct sockaddr *)&address, sizeof(address)) < 0) {
		attempt->error = errno;
		attempt->call = "bind";
		if (attempt->error != EBUSY || waited >= (uint64_t)request->patience * 1000)
			return;
		attempt->error = 0;
		nanosleep(&(struct timespec){ .tv_nsec = (long)pause * 1000 }, NULL);
		waited += pause;
		pause = pause < 32000 ? pause * 2 : pause;
	}
}

int flash_xdp_socket_open(const struct flash_xdp_request *request, struct flash_xdp_rings *rings,
			  const char **failed_call)
{
	const struct xdp_umem_reg memory = {
		.addr = (uint64_t)(uintptr_t)request->memory,
		.len = request->memory_size,
		.chunk_size = request->frame_size,
	};
	struct attempt attempt = { .socket = socket(AF_XDP, SOCK_RAW | SOCK_CLOEXEC, 0) };

	*failed_call = "socket AF_XDP";
	if (attempt.socket < 0)
		return -errno;
	if (request->memory)
		set(&attempt, "setsockopt XDP_UMEM_REG", XDP_UMEM_REG, &memory, sizeof(memory));
	set(&attempt, "setsockopt XDP_UMEM_FILL_RING", XDP_UMEM_FILL_RING, &request->fill, sizeof(uint32_t));
	set(&attempt, "setsockopt XDP_UMEM_COMPLETION_RING", XDP_UMEM_COMPLETION_RING, &request->completion,
	    sizeof(uint32_t));
	set(&attempt, "setsockopt XDP_RX_RING", XDP_RX_RING, &request->rx, sizeof(uint32_t));
	set(&attempt, "setsockopt XDP_TX_RING", XDP_TX_RING, &request->tx, sizeof(uint32_t));
	read_rings(&attempt, request, rings);
	bind_patiently(&attempt, request);
	if (!attempt.error)
		return attempt.socket;
	close(attempt.socket);
	*failed_call = attempt.call;
	return -attempt.error;
}

int flash_xdp_socket_zero_copy(int socket)
{
	struct xdp_options options = { 0 };
	socklen_t length = sizeof(options);

	if (getsockopt(socket, SOL_XDP, XDP_OPTIONS, &options, &length) < 0)
		return -errno;
	return (options.flags & XDP_OPTIONS_ZEROCOPY) != 0;
}

int flash_xdp_socket_identifier(int socket, uint32_t *identifier)
{
	socklen_t length = sizeof(*identifier);

	/* XDP_FLASH_ID of the FLASH kernel's linux/if_xdp.h */
	return getsockopt(socket, SOL_XDP, 100, identifier, &length) < 0 ? -errno : 0;
}

int flash_xdp_socket_statistics(int socket, struct flash_xdp_statistics *statistics)
{
	struct xdp_statistics kernel = { 0 };
	socklen_t length = sizeof(kernel);

	if (getsockopt(socket, SOL_XDP, XDP_STATISTICS, &kernel, &length) < 0)
		return -errno;
	statistics->rx_dropped = kernel.rx_dropped;
	statistics->rx_invalid = kernel.rx_invalid_descs;
	statistics->tx_invalid = kernel.tx_invalid_descs;
	statistics->rx_ring_full = kernel.rx_ring_full;
	statistics->fill_ring_empty = kernel.rx_fill_ring_empty_descs;
	statistics->tx_ring_empty = kernel.tx_ring_empty_descs;
	return 0;
}
