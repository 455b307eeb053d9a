/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FLASH_CONFINE_H
#define FLASH_CONFINE_H

/*
 * From here on, every thread of this process that makes a system call other
 * than those for moving packets, memory, time, output to open descriptors and
 * its own end is killed with the whole process (SIGSYS). No file can be
 * opened, no socket made, no thread or process started, and no memory made
 * executable. Other processes of the same user cannot trace it any more.
 * All threads must have been started before. Returns 0 or -errno.
 */
int flash_confine(void);

#endif
