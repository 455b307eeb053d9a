// SPDX-License-Identifier: GPL-2.0-only
/* tx_tracking: which socket took a packet stands in the frame that completes. */

#define _GNU_SOURCE
#include <errno.h>
#include <linux/if_xdp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "test.h"

#define TRACKING "/sys/kernel/flash/tx_tracking"

static uint32_t tracked(struct port *port)
{
	uint64_t addr = port->comp.addr[*port->comp.consumer & (port->comp.size - 1)];
	uint32_t id;

	CHECK(ring_count(&port->comp));
	memcpy(&id, port_data(port, addr), sizeof(id));
	port->free[port->held++] = addr / FRAME * FRAME;
	__atomic_store_n(port->comp.consumer, *port->comp.consumer + 1, __ATOMIC_RELEASE);
	return id;
}

TEST(tracking_names_the_target)
{
	struct umem *umem = umem_new(6 * RING, FRAME, 0), *other = umem_new(2 * RING, FRAME, 0);
	struct port *a = port_new(umem, (struct port_options){ .queue = 0 });
	struct port *b = port_new(umem, (struct port_options){ .queue = 1 });
	struct port *c = port_new(other, (struct port_options){ .queue = 2 });
	uint32_t value;
	char text[32];

	snprintf(text, sizeof(text), "%u %u", b->id, c->id);
	EQUAL(next_write(a->id, text), 0);
	EQUAL(text_write(TRACKING, "1\n"), 0);
	text_read(text, sizeof(text), TRACKING);
	CHECK(!strcmp(text, "1\n"));
	for (uint32_t i = 0; i < 30; i++)
		port_send(a, i, i % 3);
	EQUAL(port_kick(a), 0);
	for (uint32_t i = 0; i < 30; i++)
		EQUAL(tracked(a), i % 3 == 0 ? b->id : i % 3 == 1 ? c->id : 0);
	/* What was sent is untouched. */
	for (uint32_t i = 0; i < 10; i++) {
		CHECK(port_receive(b, &value) && value == 3 * i);
		CHECK(port_receive(c, &value) && value == 3 * i + 1);
	}
	/* No room for four bytes: nothing is written past the chunk. */
	uint64_t addr = port_take(a);
	memset(umem->area + addr + FRAME, 0x77, 4);
	port_queue(a, addr + FRAME - 2, 2, 1 << 16);
	EQUAL(port_kick(a), 0);
	EQUAL(umem->area[addr + FRAME], 0x77);

	EQUAL(text_write(TRACKING, "0"), 0);
	text_read(text, sizeof(text), TRACKING);
	CHECK(!strcmp(text, "0\n"));
}

/* Two targets, one of which takes a packet only now and then. An application that watches which target its packets
 * reach, and keeps no more than a few on the way to each, is not held up by the slow one.
 */
TEST(tracking_lets_the_fast_target_run)
{
	struct umem *umem = umem_new(8 * RING, FRAME, 0);
	struct port *a = port_new(umem, (struct port_options){ .queue = 0 });
	struct port *fast = port_new(umem, (struct port_options){ .queue = 1 });
	struct port *slow = port_new(umem, (struct port_options){ .queue = 2, .rx = 8 });
	struct port *ports[] = { a, fast, slow };
	uint32_t taken[2] = { 0, 0 }, sent[2] = { 0, 0 }, reached[2] = { 0, 0 }, value;
	char text[32];

	snprintf(text, sizeof(text), "%u %u", fast->id, slow->id);
	EQUAL(next_write(a->id, text), 0);
	EQUAL(text_write(TRACKING, "1"), 0);
	for (int round = 0; round < 5000; round++) {
		uint32_t got = 0;

		/* A window for each target: sent but not seen to be taken by its application, which says so here
		 * through `taken`. Reached comes from the kernel.
		 */
		for (int i = 0; i < 8; i++) {
			port_send(a, sent[0]++, 0);
			if (i == 0 && reached[1] - taken[1] + (sent[1] - reached[1]) < 8)
				port_send(a, sent[1]++, 1);
		}
		EQUAL(port_kick(a), 0);
		while (ring_count(&a->comp)) {
			uint32_t id = tracked(a);

			CHECK(id == fast->id || id == slow->id);
			reached[id == slow->id]++;
		}
		for (; port_receive(fast, &value); got++)
			EQUAL(value, taken[0]++);
		EQUAL(got, 8); /* every round: its full rate */
		port_fill(fast, got);
		if (round % 50 == 0 && port_receive(slow, &value)) {
			EQUAL(value, taken[1]++);
			port_fill(slow, 1);
		}
	}
	EQUAL(text_write(TRACKING, "0"), 0);
	EQUAL(reached[0], 40000);
	CHECK(taken[1] >= 90, "is %u", taken[1]);
	frames_check(umem, ports, 3);
}
