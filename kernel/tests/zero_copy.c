// SPDX-License-Identifier: GPL-2.0-only
/* Sockets in zero-copy mode, where a driver uses the same rings: what the other tests do not already show when they run
 * on that driver. It serves even queues by xsk_tx_peek_desc() and odd ones by xsk_tx_peek_release_desc_batch().
 */

#define _GNU_SOURCE
#include <errno.h>
#include <linux/if_xdp.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "test.h"

static bool in_zero_copy_mode(const struct port *port)
{
	struct xdp_options options;
	socklen_t length = sizeof(options);

	CHECK(!getsockopt(port->fd, SOL_XDP, XDP_OPTIONS, &options, &length), "%s", strerror(errno));
	return options.flags & XDP_OPTIONS_ZEROCOPY;
}

/* Sends what has come, in its frame, as it is. */
static uint32_t forward(struct port *port)
{
	uint32_t count = 0, len, options;
	uint64_t addr;

	while (ring_count(&port->tx) < port->tx.size && port_peek(port, &addr, &len, &options)) {
		port_take(port);
		port_queue(port, addr, len, options);
		count++;
	}
	port_kick(port);
	port_complete(port);
	port_refill(port);
	return count;
}

/* What the driver has on its way comes to rest. */
static void settle(struct umem *umem, struct port **ports, int count)
{
	for (int i = 0; i < 10000; i++) {
		uint32_t seen = 0;

		for (int j = 0; j < count; j++)
			seen += ports[j]->held + ring_count(&ports[j]->rx) + ring_count(&ports[j]->tx) +
				ring_count(&ports[j]->fill) + ring_count(&ports[j]->comp);
		if (seen == umem->next_frame)
			break;
		usleep(1000);
	}
	frames_check(umem, ports, count);
}

TEST(zerocopy_from_wire_to_wire)
{
	struct umem *inside = umem_new(6 * RING, FRAME, 0), *outside = umem_new(4 * RING, FRAME, 0);
	struct port *chain[3], *ends[2];
	uint32_t sent = 0, got = 0, value;

	for (int i = 0; i < 3; i++) {
		chain[i] = port_new(inside, (struct port_options){ .queue = i });
		CHECK(in_zero_copy_mode(chain[i]));
	}
	for (int i = 0; i < 2; i++)
		ends[i] = port_new(outside, (struct port_options){ .device = "flash1", .queue = 2 * i });
	xskmap_set(xskmap_attach("flash0", 16), 0, chain[0]->fd);
	xskmap_set(xskmap_attach("flash1", 16), 2, ends[1]->fd);
	next_set(chain[0], chain[1]);
	next_set(chain[1], chain[2]);

	while (got < 5000) {
		port_complete(ends[0]);
		while (sent < 5000 && sent - got < 32 && ends[0]->held)
			port_send(ends[0], sent++, 0);
		port_kick(ends[0]);
		for (int i = 0; i < 3; i++)
			forward(chain[i]);
		while (port_receive(ends[1], &value))
			EQUAL(value, got++);
		port_refill(ends[1]);
	}
	EQUAL(counter(chain[0], "redirected"), 5000);
	EQUAL(counter(chain[1], "copied"), 0);
	EQUAL(counter(chain[2], "received"), 5000);
	settle(inside, chain, 3);
	settle(outside, ends, 2);
}

TEST(zerocopy_mixed_with_copy_mode)
{
	struct umem *one = umem_new(4 * RING, FRAME, 0), *two = umem_new(2 * RING, FRAME, 0);
	struct port *fast[2], *slow;
	uint32_t value;

	device_add("copy0", "copy1", 1);
	fast[0] = port_new(one, (struct port_options){ .queue = 0 });
	fast[1] = port_new(one, (struct port_options){ .queue = 1 });
	slow = port_new(two, (struct port_options){ .device = "copy0" });
	CHECK(in_zero_copy_mode(fast[1]) && !in_zero_copy_mode(slow));
	next_set(fast[0], slow);
	next_set(slow, fast[1]);
	for (uint32_t i = 0; i < 1000; i++) {
		port_send(fast[0], i, 0);
		EQUAL(port_kick(fast[0]), 0);
		EQUAL(forward(slow), 1);
		CHECK(port_receive(fast[1], &value) && value == i);
		EQUAL(port_complete(fast[0]), 1);
		port_refill(fast[1]);
	}
	EQUAL(counter(fast[0], "copied"), 1000);
	EQUAL(counter(slow, "copied"), 1000);
	frames_check(one, fast, 2);
	frames_check(two, &slow, 1);
}

static void expect_no_tx_out(const char *want)
{
	char text[32];

	text_read(text, sizeof(text), "/sys/class/net/flash0/no_tx_out");
	CHECK(!strncmp(text, want, strlen(want)), "is %s, not %s", text, want);
}

/* What drivers look at that were written after the guide's examples: true while all sockets of the queue are redirected. */
TEST(zerocopy_the_driver_is_told_to_send_nothing)
{
	struct umem *umem = umem_new(8 * RING, FRAME, 0);
	struct port *a = port_new(umem, (struct port_options){ .queue = 0 });
	struct port *b = port_new(umem, (struct port_options){ .queue = 1 });
	struct port *beside;

	expect_no_tx_out("00-");
	next_set(a, b);
	expect_no_tx_out("10-");
	next_set(b, a);
	expect_no_tx_out("11-");
	beside = port_new(umem, (struct port_options){ .queue = 0, .same_queue = true });
	expect_no_tx_out("01-");
	next_set(beside, b);
	expect_no_tx_out("11-");
	EQUAL(next_write(a->id, "-1"), 0);
	expect_no_tx_out("01-");
	EQUAL(next_write(b->id, "-1"), 0);
	expect_no_tx_out("00-");
}

struct toggle {
	struct port *from, *to;
	volatile bool done;
};

static void *toggle(void *argument)
{
	struct toggle *toggle = argument;

	while (!toggle->done) {
		next_set(toggle->from, toggle->to);
		usleep(500);
		EQUAL(next_write(toggle->from->id, "-1"), 0);
		usleep(500);
	}
	return NULL;
}

/* To the device and to a socket by turns: each packet takes one of the two ways, whichever way the driver has. */
static void to_and_fro(uint32_t queue)
{
	enum { PACKETS = 20000 };
	struct umem *inside = umem_new(4 * RING, FRAME, 0), *outside = umem_new(2 * RING, FRAME, 0);
	struct port *ports[2], *end;
	uint8_t *seen = calloc(PACKETS, 1);
	uint32_t sent = 0, got = 0, ways[2] = { 0, 0 }, value;
	struct toggle change;
	pthread_t thread;

	ports[0] = port_new(inside, (struct port_options){ .queue = queue });
	ports[1] = port_new(inside, (struct port_options){ .queue = 2 });
	end = port_new(outside, (struct port_options){ .device = "flash1", .queue = queue });
	xskmap_set(xskmap_attach("flash1", 16), queue, end->fd);
	change = (struct toggle){ .from = ports[0], .to = ports[1] };
	pthread_create(&thread, NULL, toggle, &change);
	while (got < PACKETS) {
		port_complete(ports[0]);
		while (sent < PACKETS && sent - got < 32 && ports[0]->held)
			port_send(ports[0], sent++, 0);
		port_kick(ports[0]);
		for (int i = 0; i < 2; i++) {
			struct port *to = i ? end : ports[1];

			while (port_receive(to, &value)) {
				CHECK(value < PACKETS && !seen[value]++, "%u has come once", value);
				ways[i]++;
				got++;
			}
			port_refill(to);
		}
	}
	change.done = true;
	pthread_join(thread, NULL);
	CHECK(ways[0] && ways[1], "%u and %u", ways[0], ways[1]);
	settle(inside, ports, 2);
	settle(outside, &end, 1);
}

TEST(zerocopy_to_and_fro_with_a_driver_that_takes_each)
{
	to_and_fro(0);
}

TEST(zerocopy_to_and_fro_with_a_driver_that_takes_batches)
{
	to_and_fro(1);
}

struct neighbour {
	struct port *port;
	volatile bool done;
};

/* Keeps the driver at work on the queue. */
static void *keep_sending(void *argument)
{
	struct neighbour *neighbour = argument;

	while (!neighbour->done) {
		port_complete(neighbour->port);
		if (neighbour->port->held)
			port_send(neighbour->port, 1, 0);
		port_kick(neighbour->port);
		usleep(200);
	}
	return NULL;
}

TEST(zerocopy_what_a_closed_socket_leaves_goes_nowhere)
{
	int map = xskmap_attach("flash1", 16);

	for (uint32_t queue = 0; queue < 2; queue++) {
		struct umem *inside = umem_new(16 * RING, FRAME, 0), *outside = umem_new(16 * RING, FRAME, 0);
		struct port *owner = port_new(inside, (struct port_options){ .queue = queue, .frames = 4 * RING });
		struct port *full = port_new(inside, (struct port_options){ .queue = 2, .rx = 4, .frames = 8 });
		struct port *end = port_new(outside, (struct port_options){ .device = "flash1", .queue = queue, .rx = 1024,
									    .fill = 1024, .frames = 1024, .filled = 1024 });
		struct neighbour neighbour = { .port = owner };
		uint32_t value, passed = 0;
		pthread_t thread;

		xskmap_set(map, queue, end->fd);
		pthread_create(&thread, NULL, keep_sending, &neighbour);
		for (int round = 0; round < 20; round++) {
			struct port *a = port_new(inside, (struct port_options){ .queue = queue, .same_queue = true,
										 .frames = 16 });

			next_set(a, full);
			for (uint32_t i = 0; i < 16; i++)
				port_send(a, 0xdead, 0);
			EQUAL(port_kick(a), -EAGAIN);
			port_close(a);
			for (uint32_t count = 0; count < 16; passed++) {
				if (!port_receive(end, &value))
					continue;
				CHECK(value == 1, "in round %d a packet of the closed socket came to the wire", round);
				count++;
				port_refill(end);
			}
		}
		neighbour.done = true;
		pthread_join(thread, NULL);
		port_close(end);
		port_close(full);
		port_close(owner);
	}
}
