// SPDX-License-Identifier: GPL-2.0-only
/* Packets of several buffers. */

#define _GNU_SOURCE
#include <errno.h>
#include <linux/if_xdp.h>
#include <stdio.h>

#include "test.h"

/* A packet of these lengths, byte n of it being n * 7 + 3. */
static void send_segments(struct port *port, const uint32_t *lengths, int count)
{
	uint32_t at = 0;

	for (int i = 0; i < count; i++) {
		uint64_t addr = port_take(port);
		uint8_t *data = port_data(port, addr);

		for (uint32_t j = 0; j < lengths[i]; j++, at++)
			data[j] = at * 7 + 3;
		port_queue(port, addr, lengths[i], i + 1 < count ? XDP_PKT_CONTD : 0);
	}
}

static int receive_segments(struct port *port, uint32_t total)
{
	uint32_t at = 0, len, options;
	uint64_t addr;
	int count = 0;

	do {
		CHECK(port_peek(port, &addr, &len, &options), "segment %d has come", count);
		for (uint32_t j = 0; j < len; j++, at++)
			CHECK(port_data(port, addr)[j] == (uint8_t)(at * 7 + 3), "at byte %u", at);
		count++;
	} while (options & XDP_PKT_CONTD);
	EQUAL(at, total);
	return count;
}

TEST(segments_into_frames_of_any_size)
{
	struct port_options sg = { .bind_flags = XDP_COPY | XDP_USE_SG };
	struct umem *one = umem_new(4 * RING, FRAME, 0), *two = umem_new(2 * RING, FRAME, 0);
	struct umem *big = umem_new(2 * RING, 4096, 0);
	struct port *a = port_new(one, sg), *b, *c, *d, *ports[2];
	const uint32_t lengths[] = { 2048, 1, 2000, 700 };
	uint32_t unit = 1;

	sg.queue = 1;
	b = port_new(one, sg);
	sg.queue = 2;
	c = port_new(two, sg);
	sg.queue = 3;
	d = port_new(big, (struct port_options){ .queue = 3 });
	ports[0] = a;
	ports[1] = b;

	for (int i = 0; i < 50; i++) {
		next_set(a, b);
		send_segments(a, lengths, 4);
		send_segments(a, &unit, 1);
		EQUAL(port_kick(a), 0);
		EQUAL(receive_segments(b, 4749), 4);
		EQUAL(receive_segments(b, 1), 1);
		EQUAL(port_complete(a), 5);
		port_fill(b, 5);

		next_set(a, c); /* 4749 bytes in frames of 1792 */
		send_segments(a, lengths, 4);
		send_segments(a, &unit, 1);
		EQUAL(port_kick(a), 0);
		EQUAL(receive_segments(c, 4749), 3);
		EQUAL(receive_segments(c, 1), 1);
		EQUAL(port_complete(a), 5);
		port_fill(c, 4);
	}
	/* A target without XDP_USE_SG takes what fits into one of its frames. */
	next_set(a, d);
	send_segments(a, lengths, 4);
	send_segments(a, lengths, 3 - 1);
	EQUAL(port_kick(a), 0);
	EQUAL(receive_segments(d, 2049), 1);
	EQUAL(counter(a, "refused_size"), 1);
	EQUAL(counter(a, "redirected"), 201);
	EQUAL(port_complete(a), 6);
	frames_check(one, ports, 2);
	frames_check(two, &c, 1);
	frames_check(big, &d, 1);
}

/* The index stands in the first descriptor of a packet; what the others have in its place does not count. */
TEST(segments_by_the_index_of_the_first)
{
	struct port_options sg = { .bind_flags = XDP_COPY | XDP_USE_SG };
	struct umem *umem = umem_new(8 * RING, FRAME, 0);
	struct port *ports[4];
	char text[64];

	for (int i = 0; i < 4; i++) {
		sg.queue = i;
		ports[i] = port_new(umem, sg);
	}
	snprintf(text, sizeof(text), "%u %u %u", ports[1]->id, ports[2]->id, ports[3]->id);
	EQUAL(next_write(ports[0]->id, text), 0);
	for (uint32_t round = 0; round < 30; round++) {
		uint32_t index = round % 3;

		for (uint32_t i = 0; i < 3; i++) {
			uint64_t addr = port_take(ports[0]);
			uint8_t *data = port_data(ports[0], addr);

			for (uint32_t j = 0; j < 100; j++)
				data[j] = (i * 100 + j) * 7 + 3;
			port_queue(ports[0], addr, 100, (index + i) % 3 << 16 | (i < 2 ? XDP_PKT_CONTD : 0));
		}
		EQUAL(port_kick(ports[0]), 0);
		EQUAL(receive_segments(ports[1 + index], 300), 3);
		for (uint32_t i = 0; i < 3; i++)
			EQUAL(ring_count(&ports[1 + i]->rx), 0);
		EQUAL(port_complete(ports[0]), 3);
		port_refill(ports[1 + index]);
	}
	EQUAL(counter(ports[0], "redirected"), 30);
	frames_check(umem, ports, 4);
}

/* What is no address in the midst of a fill ring is passed over. */
TEST(segments_into_a_fill_ring_with_gaps)
{
	struct port_options sg = { .bind_flags = XDP_COPY | XDP_USE_SG };
	struct umem *umems[] = { umem_new(4 * RING, FRAME, 0), umem_new(2 * RING, FRAME, 0) };
	struct port *ports[] = { port_new(umems[0], sg), NULL, NULL };
	const uint32_t lengths[] = { 1500, 1500, 1500 };

	sg.filled = NONE;
	for (int i = 1; i <= 2; i++) {
		sg.queue = i;
		ports[i] = port_new(umems[i - 1], sg);
		next_set(ports[0], ports[i]);
		for (int j = 0; j < 3; j++) {
			port_fill(ports[i], 1);
			port_fill_with(ports[i], ~0ull);
			port_fill_with(ports[i], 1ull << 48);
		}
		port_fill(ports[i], 1);
		send_segments(ports[0], lengths, 3);
		EQUAL(port_kick(ports[0]), 0);
		EQUAL(receive_segments(ports[i], 4500), 3);
		EQUAL(port_complete(ports[0]), 3);
		send_segments(ports[0], lengths, 1);
		EQUAL(port_kick(ports[0]), 0);
		EQUAL(receive_segments(ports[i], 1500), 1);
		EQUAL(port_complete(ports[0]), 1);
	}
	frames_check(umems[0], ports, 2);
	frames_check(umems[1], ports + 2, 1);
}

/* As many as a packet may have. */
TEST(segments_64_of_one_packet)
{
	struct port_options sg = { .bind_flags = XDP_COPY | XDP_USE_SG };
	struct umem *one = umem_new(4 * RING, FRAME, 0), *two = umem_new(2 * RING, FRAME, 0);
	struct port *ports[2], *other;
	uint32_t lengths[RING];

	ports[0] = port_new(one, sg);
	sg.queue = 1;
	ports[1] = port_new(one, sg);
	sg.queue = 2;
	other = port_new(two, sg);
	for (int i = 0; i < RING; i++)
		lengths[i] = 100 + i;
	for (int round = 0; round < 3; round++) {
		next_set(ports[0], ports[1]);
		send_segments(ports[0], lengths, RING);
		EQUAL(port_kick(ports[0]), 0);
		EQUAL(receive_segments(ports[1], RING * 100 + RING * (RING - 1) / 2), RING);
		EQUAL(port_complete(ports[0]), RING);
		port_refill(ports[1]);

		next_set(ports[0], other); /* in frames of 1792 */
		send_segments(ports[0], lengths, RING);
		EQUAL(port_kick(ports[0]), 0);
		EQUAL(receive_segments(other, RING * 100 + RING * (RING - 1) / 2), 5);
		EQUAL(port_complete(ports[0]), RING);
		port_refill(other);
	}
	EQUAL(counter(ports[0], "redirected"), 6);
	EQUAL(counter(ports[0], "copied"), 3);
	frames_check(one, ports, 2);
	frames_check(two, &other, 1);
}

TEST(segments_whole_or_not_at_all)
{
	struct port_options sg = { .bind_flags = XDP_COPY | XDP_USE_SG, .rx = 4, .frames = 160 };
	struct umem *umem = umem_new(512, FRAME, 0);
	struct port *a = port_new(umem, sg), *b, *ports[2];
	const uint32_t three[] = { 100, 100, 100 };
	uint32_t many[70];

	sg.queue = 1;
	b = port_new(umem, sg);
	ports[0] = a;
	ports[1] = b;
	next_set(a, b);

	/* The end is missing: nothing moves. */
	port_queue(a, port_take(a), 100, XDP_PKT_CONTD);
	EQUAL(port_kick(a), 0);
	EQUAL(ring_count(&a->tx), 1);
	EQUAL(ring_count(&b->rx), 0);
	port_queue(a, port_take(a), 100, 0);
	EQUAL(port_kick(a), 0);
	EQUAL(port_drain(b), 1);

	/* 3 + 3 do not fit into 4. */
	send_segments(a, three, 3);
	send_segments(a, three, 3);
	EQUAL(port_kick(a), -EAGAIN);
	EQUAL(receive_segments(b, 300), 3);
	EQUAL(ring_count(&a->tx), 3);
	EQUAL(port_kick(a), 0);
	EQUAL(receive_segments(b, 300), 3);

	/* More than the target can ever have, and more than a packet may have: both come back. */
	for (int i = 0; i < 70; i++)
		many[i] = 10;
	port_complete(a);
	send_segments(a, many, 5);
	EQUAL(port_kick(a), 0);
	EQUAL(counter(a, "refused_size"), 1);
	EQUAL(port_complete(a), 5);
	for (int i = 0; i < 64; i++)
		port_queue(a, port_take(a), 10, XDP_PKT_CONTD);
	EQUAL(port_kick(a), 0);
	EQUAL(port_complete(a), 64);
	frames_check(umem, ports, 2);
	EQUAL(ring_count(&b->rx), 0);
	send_segments(a, many, 1); /* the end of the refused one */
	EQUAL(port_kick(a), 0);
	EQUAL(ring_count(&b->rx), 0);
	send_segments(a, many, 1);
	EQUAL(port_kick(a), 0);
	EQUAL(port_drain(b), 1);
}

/* Half a packet is in the hands of the kernel, for the device, when the socket is redirected, or released, and closed. */
TEST(segments_closing_in_the_middle)
{
	struct umem *umem = umem_new(9 * RING, FRAME, 0);
	struct port *b = port_new(umem, (struct port_options){ .queue = 1, .bind_flags = XDP_COPY | XDP_USE_SG });

	for (int round = 0; round < 100; round++) {
		struct port *a = port_new(umem, (struct port_options){ .queue = 0, .frames = 4, .filled = 1 });

		if (round % 2)
			next_set(a, b);
		port_queue(a, port_take(a), 100, XDP_PKT_CONTD);
		port_kick(a);
		if (round % 2)
			EQUAL(next_write(a->id, "-1"), 0);
		else
			next_set(a, b);
		port_close(a);
	}
}
