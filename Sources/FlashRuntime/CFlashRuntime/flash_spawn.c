/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "flash_spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/close_range.h>
#include <linux/sched.h>
#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define KERNEL_SIGSET_SIZE 8
#define FIRST_FREE 5 /* descriptors 0 to 4 are the child's */

struct failure {
	const char *call; /* valid in the parent too: the child is its copy */
	int code;
};

/*
 * The child is a copy of one thread of many: it may only make system calls, and
 * no call of the C library that speaks to other threads (setresuid does).
 */
static _Noreturn void give_up(int report, const char *call)
{
	struct failure failure = { call, errno };
	ssize_t ignored = write(report, &failure, sizeof(failure));

	(void)ignored;
	_exit(127);
}

static void take_descriptors(const struct flash_spawn *request, int report)
{
	int sources[FIRST_FREE];
	int i;

	/* Out of the way first: a source may lie where another one goes. */
	sources[0] = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (sources[0] < 0)
		give_up(report, "open /dev/null");
	sources[1] = sources[2] = request->log;
	sources[3] = request->control;
	sources[4] = request->daemon_end;
	for (i = 0; i < FIRST_FREE; i++) {
		sources[i] = fcntl(sources[i], F_DUPFD_CLOEXEC, FIRST_FREE);
		if (sources[i] < 0)
			give_up(report, "fcntl");
	}
	for (i = 0; i < FIRST_FREE; i++)
		if (dup2(sources[i], i) < 0)
			give_up(report, "dup2");
	/* The executable and the report are still needed, until exec. */
	if (syscall(SYS_close_range, FIRST_FREE, ~0U, CLOSE_RANGE_CLOEXEC) < 0)
		give_up(report, "close_range");
}

static void reset_signals(int report)
{
	/* The kernel's struct sigaction. The C library's call keeps two signals for itself. */
	const unsigned long standard[8] = { (unsigned long)SIG_DFL };
	const unsigned long ignored[8] = { (unsigned long)SIG_IGN };
	sigset_t none;
	int signal;

	for (signal = 1; signal < NSIG; signal++) /* SIGKILL and SIGSTOP refuse */
		syscall(SYS_rt_sigaction, signal, signal == SIGXFSZ ? ignored : standard, NULL, KERNEL_SIGSET_SIZE);
	sigemptyset(&none);
	if (sigprocmask(SIG_SETMASK, &none, NULL) < 0)
		give_up(report, "sigprocmask");
}

static void limit(int resource, uint64_t value, int report)
{
	const struct rlimit limit = { value, value };

	if (setrlimit(resource, &limit) < 0)
		give_up(report, "setrlimit");
}

static void drop_privileges(const struct flash_spawn *request, int report)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = { { 0 } };
	int capability;

	limit(RLIMIT_CORE, 0, report);
	limit(RLIMIT_FSIZE, request->file_limit, report);
	limit(RLIMIT_DATA, request->memory_limit, report);
	for (capability = 0; prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0; capability++)
		if (prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) < 0)
			give_up(report, "prctl PR_CAPBSET_DROP");
	if (syscall(SYS_setgroups, 0, NULL) < 0)
		give_up(report, "setgroups");
	if (syscall(SYS_setresgid, request->group, request->group, request->group) < 0)
		give_up(report, "setresgid");
	if (syscall(SYS_setresuid, request->user, request->user, request->user) < 0)
		give_up(report, "setresuid");
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0)
		give_up(report, "prctl PR_CAP_AMBIENT");
	if (syscall(SYS_capset, &header, none) < 0)
		give_up(report, "capset");
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		give_up(report, "prctl PR_SET_NO_NEW_PRIVS");
}

static _Noreturn void become_worker(const struct flash_spawn *request, int report)
{
	int executable = fcntl(request->executable, F_DUPFD_CLOEXEC, FIRST_FREE);

	report = fcntl(report, F_DUPFD_CLOEXEC, FIRST_FREE);
	if (report < 0)
		_exit(127);
	if (executable < 0)
		give_up(report, "fcntl");
	take_descriptors(request, report);
	if (setsid() < 0)
		give_up(report, "setsid");
	drop_privileges(request, report);
	reset_signals(report);
	syscall(SYS_execveat, executable, "", request->arguments, request->environment, AT_EMPTY_PATH);
	give_up(report, "execveat");
}

int flash_spawn(const struct flash_spawn *request, int *pidfd, const char **failed_call)
{
	struct failure failure = { NULL, 0 };
	struct clone_args clone = { .flags = CLONE_PIDFD, .exit_signal = SIGCHLD };
	int handle = -1, report[2];
	sigset_t all, before;
	ssize_t length;
	long child;

	*failed_call = "pipe2";
	if (pipe2(report, O_CLOEXEC) < 0)
		return -errno;
	clone.pidfd = (uint64_t)(uintptr_t)&handle;
	/* No handler of the parent may run in the child. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	child = syscall(SYS_clone3, &clone, sizeof(clone));
	if (child == 0)
		become_worker(request, report[1]);
	failure.code = errno;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	close(report[1]);
	if (child < 0) {
		*failed_call = "clone3";
		close(report[0]);
		return -failure.code;
	}
	failure.code = 0;
	do
		length = read(report[0], &failure, sizeof(failure));
	while (length < 0 && errno == EINTR);
	close(report[0]);
	if (length == 0) {
		*pidfd = handle;
		return (int)child;
	}
	while (waitid(P_PIDFD, (id_t)handle, NULL, WEXITED) < 0 && errno == EINTR)
		;
	close(handle);
	*failed_call = failure.call ? failure.call : "read";
	return failure.code > 0 ? -failure.code : -EIO;
}
