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

struct pace {
	bool feedback; /* keep the pace by what completes; else send to both alike */
	uint32_t interval, due; /* rounds from one packet for the slow target to the next, and when that is */
};

/* Additive increase, multiplicative decrease: a packet that does not complete at once stands before those of the others. */
static void pace_next(struct pace *pace, uint32_t round, uint32_t sent, uint32_t reached)
{
	if (sent != reached && pace->interval < 1024)
		pace->interval *= 2;
	else if (pace->interval > 1)
		pace->interval--;
	pace->due = round + pace->interval;
}

/* Two targets, one of which takes 8 packets a round, the other one in 20 rounds. The sender has nothing to go by but the
 * ids in the frames that complete. What both have taken in the end is in `taken`.
 */
static void fast_and_slow(bool feedback, uint32_t rounds, uint32_t taken[2])
{
	struct umem *umem = umem_new(12 * RING, FRAME, 0);
	struct port *a = port_new(umem, (struct port_options){ .queue = 0, .frames = 4 * RING });
	struct port *fast = port_new(umem, (struct port_options){ .queue = 1 });
	struct port *slow = port_new(umem, (struct port_options){ .queue = 2, .rx = 8 });
	struct port *ports[] = { a, fast, slow };
	struct pace pace = { .feedback = feedback, .interval = 1 };
	uint32_t sent[2] = { 0, 0 }, reached[2] = { 0, 0 }, value;
	bool waiting = false; /* for the word of the kernel on the packet for the slow target */
	char text[32];

	snprintf(text, sizeof(text), "%u %u", fast->id, slow->id);
	EQUAL(next_write(a->id, text), 0);
	EQUAL(text_write(TRACKING, "1"), 0);
	for (uint32_t round = 0; round < rounds; round++) {
		bool is_due = pace.feedback ? !waiting && round >= pace.due : sent[1] - reached[1] < 8;

		if (is_due) {
			port_send(a, sent[1]++, 1);
			waiting = true;
		}
		for (int i = 0; i < 8 && sent[0] - reached[0] < 32; i++)
			port_send(a, sent[0]++, 0);
		port_kick(a);
		while (ring_count(&a->comp)) {
			uint32_t id = tracked(a);

			CHECK(id == fast->id || id == slow->id);
			reached[id == slow->id]++;
		}
		if (is_due)
			pace_next(&pace, round, sent[1], reached[1]);
		waiting = sent[1] != reached[1];
		for (int i = 0; i < 8 && port_receive(fast, &value); i++)
			EQUAL(value, taken[0]++);
		port_refill(fast);
		if (round % 20 == 0 && port_receive(slow, &value)) {
			EQUAL(value, taken[1]++);
			port_fill(slow, 1);
		}
	}
	EQUAL(text_write(TRACKING, "0"), 0);
	frames_check(umem, ports, 3);
	for (int i = 0; i < 3; i++)
		port_close(ports[i]);
}

TEST(tracking_lets_the_fast_target_run)
{
	enum { ROUNDS = 5000 };
	uint32_t blind[2] = { 0, 0 }, paced[2] = { 0, 0 };

	fast_and_slow(false, ROUNDS, blind);
	fast_and_slow(true, ROUNDS, paced);
	/* Without the feedback the slow target holds both up. */
	CHECK(blind[0] < 8 * ROUNDS / 4, "is %u", blind[0]);
	CHECK(paced[0] > 8 * ROUNDS * 95 / 100, "is %u", paced[0]);
	CHECK(paced[1] > ROUNDS / 20 / 2, "is %u", paced[1]);
}
