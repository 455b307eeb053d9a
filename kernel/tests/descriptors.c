// SPDX-License-Identifier: GPL-2.0-only
/* What applications may write into their rings. */

#define _GNU_SOURCE
#include <linux/if_xdp.h>
#include <sys/socket.h>

#include "test.h"

TEST(descriptors_that_are_invalid)
{
	struct umem *umem = umem_new(4 * RING, FRAME, 0);
	struct port *a = port_new(umem, (struct port_options){ .queue = 0 });
	struct port *b = port_new(umem, (struct port_options){ .queue = 1 });
	const struct xdp_desc bad[] = {
		{ .addr = 0, .len = 0 },
		{ .addr = 0, .len = FRAME + 1 },
		{ .addr = FRAME - 10, .len = 11 },
		{ .addr = 4ull * RING * FRAME, .len = 64 },
		{ .addr = ~0ull, .len = 64 },
		{ .addr = 1ull << 48, .len = 64 },
		{ .addr = 0, .len = ~0u },
		{ .addr = 0, .len = 64, .options = 4 },
		{ .addr = 0, .len = 64, .options = 0xfffe },
	};
	int count = sizeof(bad) / sizeof(*bad);
	struct xdp_statistics statistics;
	socklen_t length = sizeof(statistics);
	uint32_t value;

	next_set(a, b);
	for (int i = 0; i < count; i++) {
		port_queue(a, bad[i].addr, bad[i].len, bad[i].options);
		port_send(a, i, 0);
	}
	EQUAL(port_kick(a), 0);
	for (int i = 0; i < count; i++)
		CHECK(port_receive(b, &value) && value == (uint32_t)i);
	EQUAL(ring_count(&a->comp), 2 * count);
	EQUAL(counter(a, "refused_invalid"), count);
	EQUAL(counter(a, "redirected"), count);
	CHECK(!getsockopt(a->fd, SOL_XDP, XDP_STATISTICS, &statistics, &length));
	EQUAL(statistics.tx_invalid_descs, count);
}

/* What is no address is taken from the fill ring and passed over, in the sender's UMEM and in another one. */
TEST(descriptors_from_an_invalid_fill_ring)
{
	struct umem *umems[] = { umem_new(4 * RING, FRAME, 0), umem_new(2 * RING, FRAME, 0) };
	struct port *ports[] = {
		port_new(umems[0], (struct port_options){ .queue = 0 }),
		port_new(umems[0], (struct port_options){ .queue = 1, .filled = NONE }),
		port_new(umems[1], (struct port_options){ .queue = 2, .filled = NONE }),
	};
	const uint64_t bad[] = { ~0ull, 4ull * RING * FRAME, 1ull << 48 };
	uint32_t value;

	for (int i = 1; i <= 2; i++) {
		next_set(ports[0], ports[i]);
		for (int j = 0; j < 3; j++) {
			port_fill_with(ports[i], bad[j]);
			port_fill(ports[i], 1);
			port_send(ports[0], j, 0);
		}
		EQUAL(port_kick(ports[0]), 0);
		for (uint32_t j = 0; j < 3; j++)
			CHECK(port_receive(ports[i], &value) && value == j, "packet %u", j);
		EQUAL(port_complete(ports[0]), 3);
	}
	frames_check(umems[0], ports, 2);
	frames_check(umems[1], ports + 2, 1);
}

TEST(descriptors_of_unaligned_chunks)
{
	struct umem *one = umem_new(4 * RING, FRAME, XDP_UMEM_UNALIGNED_CHUNK_FLAG);
	struct umem *two = umem_new(2 * RING, FRAME, 0);
	struct port *a = port_new(one, (struct port_options){ .queue = 0 });
	struct port *b = port_new(one, (struct port_options){ .queue = 1 });
	struct port *c = port_new(two, (struct port_options){ .queue = 2 });
	struct port *ports[] = { a, b };
	uint32_t value;

	next_set(a, b);
	next_set(b, c);
	next_set(c, a);
	for (uint32_t i = 0; i < 300; i++) {
		port_send(a, i, 0);
		EQUAL(port_kick(a), 0);
		CHECK(port_receive(b, &value) && value == i);
		port_send(b, i, 0);
		EQUAL(port_kick(b), 0);
		CHECK(port_receive(c, &value) && value == i);
		port_send(c, i, 0);
		EQUAL(port_kick(c), 0);
		CHECK(port_receive(a, &value) && value == i);
		port_complete(a);
		port_complete(b);
		port_complete(c);
		port_fill(a, 1);
		port_fill(b, 1);
		port_fill(c, 1);
	}
	frames_check(one, ports, 2);
	frames_check(two, &c, 1);
}
