/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FLASH_PROCESS_H
#define FLASH_PROCESS_H

#include <stddef.h>
#include <stdint.h>

/* Processes by their pidfd. Each function returns >= 0 or -errno. */

/* Returns a pidfd of process `pid`, closed on exec. */
int flash_process_open(int pid);

/* Returns a copy of `descriptor` of the process, closed on exec. */
int flash_process_descriptor(int pidfd, int descriptor);

/* Sends a signal. Returns 0; -ESRCH once the process's exit status was taken. */
int flash_process_signal(int pidfd, int signal);

/*
 * Waits until the process has exited, at most `timeout` milliseconds (-1: for
 * ever). Returns 1 once it has, 0 when the time is over.
 */
int flash_process_wait(int pidfd, int timeout);

/*
 * Takes the exit status of an exited child and frees its entry. Returns 1 and
 * *signalled (0 or 1) and *status (exit code or signal), 0 while it runs,
 * -ECHILD where it is not a child of this process.
 */
int flash_process_reap(int pidfd, int *signalled, int *status);

/* Lets thread `tid` run on these CPUs only. Returns 0. */
int flash_set_affinity(int tid, const int *cpus, size_t count);

#endif
