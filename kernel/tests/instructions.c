// SPDX-License-Identifier: GPL-2.0-only
/* What a packet of plain AF_XDP costs, in instructions of kernel and test together. `kernel/vm run --count` makes the
 * time stamp counter count instructions, so that equal kernels give equal figures; tests/instructions compares two.
 */

#define _GNU_SOURCE
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <x86intrin.h>

#include "port.h"

#define ROUNDS 200

static void send_all(struct port *from)
{
	for (uint32_t i = 0; i < RING; i++)
		port_send(from, i, 0);
	while (ring_count(&from->comp) < RING) {
		port_kick(from);
		sched_yield(); /* the other end may be the turn of a kernel thread */
	}
}

/* Instructions per packet in the cheapest round: the timer interrupts the others. */
static double cheapest(struct port *from, struct port *to)
{
	unsigned long long best = ~0ull;

	for (int i = 0; i < ROUNDS; i++) {
		unsigned long long start = __rdtsc(), spent;
		uint32_t got = 0;

		send_all(from);
		while (to && (got += port_drain(to)) < RING)
			port_poll(to, POLLIN, 0);
		spent = __rdtsc() - start;
		best = spent < best ? spent : best;
		EQUAL(port_complete(from), RING);
		if (to)
			port_fill(to, RING);
	}
	return (double)best / RING;
}

void instructions(void)
{
	struct port *from = port_new(umem_new(2 * RING, FRAME, 0), (struct port_options){ .queue = 0 }), *to;

	printf("send %.2f\n", cheapest(from, NULL));
	device_add("count0", "count1", 1);
	from = port_new(umem_new(2 * RING, FRAME, 0), (struct port_options){ .device = "count0" });
	to = port_new(umem_new(2 * RING, FRAME, 0), (struct port_options){ .device = "count1" });
	xskmap_set(xskmap_attach("count1", 1), 0, to->fd);
	printf("send-and-receive %.2f\n", cheapest(from, to));
}
