/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "flash_mapping.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif

#define HUGE_PAGE ((size_t)2 << 20)

int flash_map_aligned(int fd, size_t size, void **address)
{
	/* Reserves more than needed, maps over the aligned part and gives back the rest. */
	size_t reserved = size + HUGE_PAGE;
	char *start = mmap(NULL, reserved, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (start == MAP_FAILED)
		return -errno;
	char *aligned = (char *)(((uintptr_t)start + HUGE_PAGE - 1) & ~(uintptr_t)(HUGE_PAGE - 1));
	if (mmap(aligned, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED | MAP_NORESERVE, fd, 0) == MAP_FAILED) {
		int error = errno;
		munmap(start, reserved);
		return -error;
	}
	size_t page = 4096;
	size_t end = (size + page - 1) & ~(page - 1);
	if (aligned > start)
		munmap(start, (size_t)(aligned - start));
	if (aligned + end < start + reserved)
		munmap(aligned + end, (size_t)(start + reserved - aligned) - end);
	*address = aligned;
	return 0;
}

int flash_map_ring(int fd, uint64_t page_offset, size_t length, void **address)
{
	void *start = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, (off_t)page_offset);
	if (start == MAP_FAILED)
		return -errno;
	*address = start;
	return 0;
}

int flash_unmap(void *address, size_t size)
{
	return munmap(address, size) == 0 ? 0 : -errno;
}

int flash_collapse(void *address, size_t size)
{
	/* A huge page without a single page in use below it is refused (EINVAL): look at one of each. */
	for (size_t offset = 0; offset < size; offset += HUGE_PAGE)
		(void)*((volatile char *)address + offset);
	return madvise(address, size, MADV_COLLAPSE) == 0 ? 0 : -errno;
}

int64_t flash_file_size(int fd)
{
	struct stat status;

	return fstat(fd, &status) == 0 ? (int64_t)status.st_size : -(int64_t)errno;
}

int flash_send_kick(int socket)
{
	return sendto(socket, NULL, 0, MSG_DONTWAIT, NULL, 0) < 0 ? -errno : 0;
}

int flash_receive_kick(int socket)
{
	return recvfrom(socket, NULL, 0, MSG_DONTWAIT | MSG_MORE, NULL, NULL) < 0 ? -errno : 0;
}

int flash_poll(struct pollfd *entries, size_t count, int64_t nanoseconds)
{
	struct timespec limit = { .tv_sec = nanoseconds / 1000000000, .tv_nsec = nanoseconds % 1000000000 };
	int ready = ppoll(entries, count, nanoseconds < 0 ? NULL : &limit, NULL);

	return ready < 0 ? -errno : ready;
}

int flash_signal(int event)
{
	uint64_t one = 1;

	return write(event, &one, sizeof(one)) < 0 ? -errno : 0;
}
