/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FLASH_XDP_SOCKET_H
#define FLASH_XDP_SOCKET_H

#include <stddef.h>
#include <stdint.h>

/* Where the parts of one ring of an AF_XDP socket lie. */
struct flash_xdp_ring {
	uint64_t page_offset;  /* offset for mmap of the socket */
	uint64_t length;       /* bytes to map */
	uint32_t producer;     /* offsets in the mapping */
	uint32_t consumer;
	uint32_t flags;
	uint32_t descriptors;
	uint32_t size;         /* entries */
};

struct flash_xdp_rings {
	struct flash_xdp_ring rx, tx, fill, completion;
};

struct flash_xdp_request {
	uint32_t device;       /* its index in the caller's network namespace */
	uint32_t queue;
	uint32_t rx, tx, fill, completion; /* ring sizes, powers of two */
	void *memory;          /* UMEM to register; NULL: that of `shared` */
	uint64_t memory_size;
	uint32_t frame_size;
	int shared;            /* a bound socket, where memory is NULL */
	int zero_copy;         /* 0: where the driver can, 1: or fail, -1: never; not for `shared` */
	uint32_t patience;     /* milliseconds to wait where the queue is still held */
};

/*
 * Opens an AF_XDP socket with its four rings and binds it with
 * XDP_USE_NEED_WAKEUP. Returns it, closed on exec, and its rings; else -errno,
 * and the name of the call that failed (static) in *failed_call.
 */
int flash_xdp_socket_open(const struct flash_xdp_request *request, struct flash_xdp_rings *rings,
			  const char **failed_call);

/* Returns 1 where the bound socket works without copies, else 0, or -errno. */
int flash_xdp_socket_zero_copy(int socket);

struct flash_xdp_statistics {
	uint64_t rx_dropped;          /* no room: packet too long, or no memory */
	uint64_t rx_invalid;          /* bad addresses in the fill ring */
	uint64_t tx_invalid;          /* bad descriptors in the TX ring */
	uint64_t rx_ring_full;
	uint64_t fill_ring_empty;
	uint64_t tx_ring_empty;
};

/* The flash-id of a bound socket. EOPNOTSUPP or ENOPROTOOPT where the kernel has none. */
int flash_xdp_socket_identifier(int socket, uint32_t *identifier);

/* What the kernel counted for a socket. Returns 0 or -errno. */
int flash_xdp_socket_statistics(int socket, struct flash_xdp_statistics *statistics);

#endif
