/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "flash_descriptor.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static int result(int value)
{
	return value < 0 ? -errno : value;
}

int flash_open(const char *path, int flags, uint32_t mode)
{
	int descriptor;

	do
		descriptor = open(path, flags | O_CLOEXEC, (mode_t)mode);
	while (descriptor < 0 && errno == EINTR);
	return result(descriptor);
}

int flash_open_program(const char *path)
{
	return result(open(path, O_PATH | O_CLOEXEC));
}

int flash_duplicate(int descriptor)
{
	return result(fcntl(descriptor, F_DUPFD_CLOEXEC, 0));
}

int flash_event(void)
{
	return result(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
}

int flash_is_event(int descriptor)
{
	static const char expected[] = "anon_inode:[eventfd]";
	char path[32], name[sizeof(expected)];
	int flags = fcntl(descriptor, F_GETFL);

	snprintf(path, sizeof(path), "/proc/self/fd/%d", descriptor);
	/* One byte more than the name has: a longer one is another. */
	ssize_t length = readlink(path, name, sizeof(name));
	return flags >= 0 && flags & O_NONBLOCK && length == sizeof(expected) - 1 &&
	       memcmp(name, expected, sizeof(expected) - 1) == 0;
}

int flash_memory(const char *name, size_t size)
{
	int descriptor = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	int error;

	if (descriptor < 0)
		return -errno;
	if (ftruncate(descriptor, (off_t)size) < 0 ||
	    fcntl(descriptor, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0) {
		error = -errno;
		close(descriptor);
		return error;
	}
	return descriptor;
}

int flash_scratch(const char *name)
{
	return result(memfd_create(name, MFD_CLOEXEC));
}

int flash_socket_pair(int *first, int *second)
{
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return -errno;
	*first = ends[0];
	*second = ends[1];
	return 0;
}

int flash_write_all(int descriptor, const void *bytes, size_t length)
{
	size_t done = 0;

	while (done < length) {
		ssize_t written = pwrite(descriptor, (const char *)bytes + done, length - done, (off_t)done);
		if (written < 0 && errno != EINTR)
			return -errno;
		if (written > 0)
			done += (size_t)written;
	}
	return 0;
}

int flash_close_on_exec_from(int first)
{
	return syscall(SYS_close_range, (unsigned int)first, ~0U, 4u /* CLOSE_RANGE_CLOEXEC */) < 0 ? -errno : 0;
}
