/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FLASH_SPAWN_H
#define FLASH_SPAWN_H

#include <stdint.h>

struct flash_spawn {
	int executable;                 /* open file, O_PATH is enough */
	const char *const *arguments;   /* ended by NULL */
	const char *const *environment; /* ended by NULL */
	int control;                    /* becomes descriptor 3 */
	int daemon_end;                 /* becomes descriptor 4 */
	int log;                        /* becomes descriptors 1 and 2 */
	uint64_t file_limit;            /* bytes: no file grows beyond it by the child's hand (EFBIG) */
	uint64_t memory_limit;          /* bytes of memory of its own: heap and stacks (ENOMEM) */
	uint32_t user;
	uint32_t group;
};

/*
 * Starts a process of its own session that has no descriptor but 0 (/dev/null)
 * to 4, no supplementary group, no capability in any set, no way to gain a
 * privilege, no core dump, and default signal handling but for SIGXFSZ, which it
 * ignores. It outlives its parent.
 * The executable need not be reachable by path for `user`, but it must be
 * executable for it.
 *
 * May be called in a process of many threads. Returns the process's id once it
 * has been exec'ed, its pidfd (closed on exec) in *pidfd; else -errno, and the
 * name of the call that failed (static) in *failed_call.
 */
int flash_spawn(const struct flash_spawn *request, int *pidfd, const char **failed_call);

#endif
