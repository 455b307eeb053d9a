// SPDX-License-Identifier: GPL-2.0-only
/* flash-test: the tests of the FLASH kernel.
 *   flash-test [PREFIX ...]   run the tests whose name begins with one of these, or all
 *   flash-test --driver FILE ...   the same, or stress, zero-copy on devices of this module (driver/xskwire.c)
 *   flash-test hold N         open N sockets and keep them until stdin ends (for the console examples)
 *   flash-test stress SECONDS
 *   flash-test instructions   count them per packet, without redirection (any kernel)
 */

#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test.h"

void stress(int seconds);
void instructions(void);

static struct test *tests, **last = &tests;

void test_add(struct test *test)
{
	*last = test;
	last = &test->next;
}

static bool chosen(const char *name, int count, char **prefixes)
{
	for (int i = 0; i < count; i++)
		if (!strncmp(name, prefixes[i], strlen(prefixes[i])))
			return true;
	return !count;
}

static void room(void)
{
	CHECK(!unshare(CLONE_NEWNET | CLONE_NEWNS), "%s", strerror(errno));
	CHECK(!mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), "%s", strerror(errno));
	CHECK(!mount("sysfs", "/sys", "sysfs", 0, NULL), "%s", strerror(errno));
	device_add("flash0", "flash1", 16);
}

static bool run(struct test *test)
{
	int status;
	pid_t child;

	printf("%s ... ", test->name);
	fflush(stdout);
	child = fork();
	if (!child) {
		setpgid(0, 0);
		alarm(120);
		room();
		test->run();
		fflush(stdout);
		_exit(0);
	}
	waitpid(child, &status, 0);
	kill(-child, SIGKILL);
	if (WIFSIGNALED(status))
		printf("ended by signal %d\n", WTERMSIG(status));
	else if (!status)
		printf("ok\n");
	return !status;
}

static int hold_open(int count)
{
	struct umem *umem = umem_new(count * 2 * RING, FRAME, 0);
	char byte;

	device_add("flash0", "flash1", 16);
	for (int i = 0; i < count; i++)
		port_new(umem, (struct port_options){ .queue = i });
	printf("ready\n");
	fflush(stdout);
	while (read(0, &byte, 1) > 0)
		;
	return 0;
}

int main(int count, char **arguments)
{
	int passed = 0, failed = 0;

	if (count >= 3 && !strcmp(arguments[1], "--driver")) {
		driver_load(arguments[2]);
		arguments += 2;
		count -= 2;
	}
	if (count == 3 && !strcmp(arguments[1], "hold"))
		return hold_open(atoi(arguments[2]));
	if (count == 3 && !strcmp(arguments[1], "stress")) {
		room();
		stress(atoi(arguments[2]));
		return 0;
	}
	if (count == 2 && !strcmp(arguments[1], "instructions")) {
		room();
		instructions();
		return 0;
	}

	for (struct test *test = tests; test; test = test->next) {
		if (!chosen(test->name, count - 1, arguments + 1) || (!zero_copy && !strncmp(test->name, "zerocopy_", 9)))
			continue;
		if (run(test))
			passed++;
		else
			failed++;
	}
	printf("%d passed, %d failed\n", passed, failed);
	return failed || !passed;
}
