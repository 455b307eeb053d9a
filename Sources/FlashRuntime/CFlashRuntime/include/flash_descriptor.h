/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FLASH_DESCRIPTOR_H
#define FLASH_DESCRIPTOR_H

#include <stddef.h>
#include <stdint.h>

/*
 * Descriptors, all closed on exec. Each function returns a descriptor (or 0
 * where it says so), or -errno.
 */

/* Opens `path` as open(2) does; O_CLOEXEC is added. */
int flash_open(const char *path, int flags, uint32_t mode);

/* Opens a program for execveat: its path need not be open to who executes it. */
int flash_open_program(const char *path);

/* Returns a second descriptor of the same open file. */
int flash_duplicate(int descriptor);

/* Returns an eventfd with count 0, non-blocking. */
int flash_event(void);

/* Returns 1 for a non-blocking eventfd, 0 for anything else. */
int flash_is_event(int descriptor);

/* Returns a memfd of `size` zero bytes whose size is sealed. */
int flash_memory(const char *name, size_t size);

/* Returns an empty memfd that may grow. */
int flash_scratch(const char *name);

/* Makes a connected pair of SOCK_SEQPACKET Unix sockets. Returns 0. */
int flash_socket_pair(int *first, int *second);


/* Writes `length` bytes from a file's beginning; its offset stays where it is. Returns 0 or -errno. */
int flash_write_all(int descriptor, const void *bytes, size_t length);

/* Marks all descriptors from `first` on to be closed on exec (Linux 5.11). Returns 0 or -errno. */
int flash_close_on_exec_from(int first);

#endif
