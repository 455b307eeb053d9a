/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FLASH_MESSAGE_H
#define FLASH_MESSAGE_H

#include <stddef.h>
#include <stdint.h>

/* Descriptors that one message may carry. */
#define FLASH_MESSAGE_DESCRIPTORS 16

/*
 * Sends one message with `count` descriptors over a SOCK_SEQPACKET socket. Returns 0, -EAGAIN where there is no room, or
 * -errno.
 */
int flash_send(int fd, const void *bytes, size_t length, const int *descriptors, size_t count);

/*
 * Receives one message of at most `capacity` bytes, and its descriptors (closed on exec) into `descriptors`, which has room for
 * FLASH_MESSAGE_DESCRIPTORS; sets *count. Returns the length, 0 at the end, -EAGAIN where there is none, -EMSGSIZE for a
 * longer message (its descriptors are closed), or -errno.
 */
int64_t flash_receive(int fd, void *bytes, size_t capacity, int *descriptors, size_t *count);

/*
 * Waits for `events` of poll(2) on `fd`. Returns 1, 0 after `milliseconds` (-1: without limit), or -errno; goes on over
 * signals.
 */
int flash_wait(int fd, short events, int milliseconds);

#endif
