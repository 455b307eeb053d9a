/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FLASH_MAPPING_H
#define FLASH_MAPPING_H

#include <poll.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Maps `size` bytes of memory file `fd`, shared, readable and writable, at an address that is a multiple of 2 MiB, so that huge
 * pages of the file are mapped as such. Returns 0 and sets *address, or -errno.
 */
int flash_map_aligned(int fd, size_t size, void **address);

/* Maps a kernel ring of an AF_XDP socket. Returns 0 and sets *address, or -errno. */
int flash_map_ring(int fd, uint64_t page_offset, size_t length, void **address);

/* Returns 0 or -errno. */
int flash_unmap(void *address, size_t size);

/*
 * Asks for huge pages below memory that is mapped and a multiple of 2 MiB in address and size (MADV_COLLAPSE, Linux 6.1).
 * It allocates the memory. Returns 0 or -errno; a kernel that cannot is no fault.
 */
int flash_collapse(void *address, size_t size);

/* Returns the size of an open file in bytes, or -errno. */
int64_t flash_file_size(int fd);

/* Has the kernel send what stands in a socket's TX ring. Returns 0 or -errno (EAGAIN: come again). */
int flash_send_kick(int socket);

/* Adds 1 to an eventfd. Returns 0 or -errno. */
int flash_signal(int event);

/* Waits as ppoll(2) does, for at most `nanoseconds`, or without limit where they are negative. Returns as poll, or -errno. */
int flash_poll(struct pollfd *entries, size_t count, int64_t nanoseconds);

/* Has the driver look at a socket's fill ring. Returns 0 or -errno. */
int flash_receive_kick(int socket);

#endif
