/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "flash_process.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int result(long value)
{
	return value < 0 ? -errno : (int)value;
}

int flash_process_open(int pid)
{
	return result(syscall(SYS_pidfd_open, pid, 0));
}

int flash_process_descriptor(int pidfd, int descriptor)
{
	return result(syscall(SYS_pidfd_getfd, pidfd, descriptor, 0));
}

int flash_process_signal(int pidfd, int signal)
{
	return result(syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0));
}

static int64_t now_milliseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int flash_process_wait(int pidfd, int timeout)
{
	struct pollfd entry = { .fd = pidfd, .events = POLLIN };
	int64_t end = now_milliseconds() + timeout;
	int64_t left = timeout;
	int ready;

	for (;;) {
		ready = poll(&entry, 1, (int)left);
		if (ready >= 0)
			return ready;
		if (errno != EINTR)
			return -errno;
		if (timeout >= 0) {
			left = end - now_milliseconds();
			if (left < 0)
				left = 0;
		}
	}
}

int flash_process_reap(int pidfd, int *signalled, int *status)
{
	siginfo_t info = { 0 };

	while (waitid(P_PIDFD, (id_t)pidfd, &info, WEXITED | WNOHANG) < 0)
		if (errno != EINTR)
			return -errno;
	if (info.si_pid == 0)
		return 0;
	*signalled = info.si_code != CLD_EXITED;
	*status = info.si_status;
	return 1;
}

int flash_set_affinity(int tid, const int *cpus, size_t count)
{
	cpu_set_t set;
	size_t i;

	CPU_ZERO(&set);
	for (i = 0; i < count; i++) {
		if (cpus[i] < 0 || cpus[i] >= CPU_SETSIZE)
			return -EINVAL;
		CPU_SET((size_t)cpus[i], &set);
	}
	return result(sched_setaffinity(tid, sizeof(set), &set));
}
