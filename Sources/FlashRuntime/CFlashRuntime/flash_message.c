/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "flash_message.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

int flash_send(int fd, const void *bytes, size_t length, const int *descriptors, size_t count)
{
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(FLASH_MESSAGE_DESCRIPTORS * sizeof(int))];
	} control;
	struct iovec part = { .iov_base = (void *)bytes, .iov_len = length };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };

	if (count > FLASH_MESSAGE_DESCRIPTORS)
		return -EINVAL;
	if (count > 0) {
		memset(&control, 0, sizeof(control));
		message.msg_control = control.space;
		message.msg_controllen = CMSG_SPACE(count * sizeof(int));
		struct cmsghdr *header = CMSG_FIRSTHDR(&message);
		header->cmsg_level = SOL_SOCKET;
		header->cmsg_type = SCM_RIGHTS;
		header->cmsg_len = CMSG_LEN(count * sizeof(int));
		memcpy(CMSG_DATA(header), descriptors, count * sizeof(int));
	}
	ssize_t sent;
	do
		sent = sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
	while (sent < 0 && errno == EINTR);
	return sent < 0 ? -errno : 0;
}

int64_t flash_receive(int fd, void *bytes, size_t capacity, int *descriptors, size_t *count)
{
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(FLASH_MESSAGE_DESCRIPTORS * sizeof(int))];
	} control;
	struct iovec part = { .iov_base = bytes, .iov_len = capacity };
	struct msghdr message = {
		.msg_iov = &part, .msg_iovlen = 1, .msg_control = control.space, .msg_controllen = sizeof(control.space)
	};

	*count = 0;
	ssize_t length;
	do
		length = recvmsg(fd, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
	while (length < 0 && errno == EINTR);
	if (length < 0)
		return -errno;
	for (struct cmsghdr *header = CMSG_FIRSTHDR(&message); header; header = CMSG_NXTHDR(&message, header)) {
		if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS)
			continue;
		size_t number = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		memcpy(descriptors + *count, CMSG_DATA(header), number * sizeof(int));
		*count += number;
	}
	if (message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) {
		for (size_t i = 0; i < *count; i++)
			close(descriptors[i]);
		*count = 0;
		return -EMSGSIZE;
	}
	return length;
}

int flash_wait(int fd, short events, int milliseconds)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	int64_t deadline = now.tv_sec * 1000LL + now.tv_nsec / 1000000 + milliseconds;

	for (;;) {
		struct pollfd entry = { .fd = fd, .events = events };
		int ready = poll(&entry, 1, milliseconds);
		if (ready >= 0)
			return ready > 0;
		if (errno != EINTR)
			return -errno;
		clock_gettime(CLOCK_MONOTONIC, &now);
		int64_t left = deadline - (now.tv_sec * 1000LL + now.tv_nsec / 1000000);
		if (milliseconds >= 0)
			milliseconds = left > 0 ? (int)left : 0;
	}
}
