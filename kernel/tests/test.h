/* SPDX-License-Identifier: GPL-2.0-only */
/* Tests register themselves; each runs in a process, a network namespace and a view of /sys of its own, with the pair
 * of devices flash0 - flash1 of 16 queues. Those called zerocopy_ run only on the driver that offers zero-copy.
 */

#ifndef TEST_H
#define TEST_H

#include "port.h"

struct test {
	const char *name;
	void (*run)(void);
	struct test *next;
};

void test_add(struct test *test);

#define TEST(name) \
	static void name(void); \
	__attribute__((constructor)) static void add_##name(void) \
	{ \
		static struct test test = { #name, name, NULL }; \
		test_add(&test); \
	} \
	static void name(void)

#endif
