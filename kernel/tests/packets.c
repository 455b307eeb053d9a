// SPDX-License-Identifier: GPL-2.0-only
/* Where packets go, and that each of them and each frame is accounted for. */

#define _GNU_SOURCE
#include <errno.h>
#include <linux/if_xdp.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "test.h"

TEST(packets_one_target)
{
	struct umem *umem = umem_new(4 * RING, FRAME, 0);
	struct port *a = port_new(umem, (struct port_options){ .queue = 0 });
	struct port *b = port_new(umem, (struct port_options){ .queue = 1 });
	struct port *ports[] = { a, b };
	uint64_t sent, addr;
	uint32_t value, len, options;

	next_set(a, b);
	/* No copy: the very frame arrives. The index does not matter. */
	sent = port_take(a);
	port_queue(a, sent + 100, 60, 7 << 16);
	EQUAL(port_kick(a), 0);
	CHECK(port_peek(b, &addr, &len, &options));
	EQUAL(addr, sent + 100);
	EQUAL(len, 60);
	EQUAL(options, 0);
	EQUAL(port_complete(a), 1);
	frames_check(umem, ports, 2);

	for (uint32_t round = 0; round < 100; round++) {
		for (uint32_t i = 0; i < 32; i++)
			port_send(a, round * 32 + i, 0);
		EQUAL(port_kick(a), 0);
		for (uint32_t i = 0; i < 32; i++) {
			CHECK(port_receive(b, &value));
			EQUAL(value, round * 32 + i);
		}
		EQUAL(port_complete(a), 32);
		port_fill(b, 32);
	}
	frames_check(umem, ports, 2);
	EQUAL(counter(a, "redirected"), 3201);
	EQUAL(counter(b, "received"), 3201);
	EQUAL(counter(a, "copied"), 0);
}

TEST(packets_to_several_by_index)
{
	struct umem *umem = umem_new(8 * RING, FRAME, 0);
	struct port *a = port_new(umem, (struct port_options){ .queue = 0 });
	struct port *to[3], *ports[4] = { a };
	char text[64];
	uint32_t value;

	for (int i = 0; i < 3; i++)
		ports[i + 1] = to[i] = port_new(umem, (struct port_options){ .queue = i + 1 });
	snprintf(text, sizeof(text), "%u %u %u", to[0]->id, to[1]->id, to[2]->id);
	EQUAL(next_write(a->id, text), 0);

	for (uint32_t i = 0; i < 48; i++)
		port_send(a, i, i % 4); /* 3 is nobody's */
	EQUAL(port_kick(a), 0);
	for (uint32_t i = 0; i < 3; i++) {
		for (uint32_t n = 0; n < 12; n++) {
			CHECK(port_receive(to[i], &value));
			EQUAL(value, n * 4 + i);
		}
		CHECK(!port_receive(to[i], &value));
	}
	EQUAL(port_complete(a), 48);
	EQUAL(counter(a, "redirected"), 36);
	EQUAL(counter(a, "refused_index"), 12);
	frames_check(umem, ports, 4);
}

TEST(packets_clear_goes_back_to_the_device)
{
	struct umem *umem = umem_new(4 * RING, FRAME, 0);
	struct port *a = port_new(umem, (struct port_options){ .queue = 0 });
	struct port *b = port_new(umem, (struct port_options){ .queue = 1 });
	int wire = packet_socket("flash1");
	uint8_t frame[FRAME];

	next_set(a, b);
	port_send(a, 1, 0);
	EQUAL(port_kick(a), 0);
	EQUAL(port_drain(b), 1);
	EQUAL(recv(wire, frame, sizeof(frame), MSG_DONTWAIT), -1);

	EQUAL(next_write(a->id, "-1"), 0);
	port_send(a, 2, 5); /* an index that has come too late is no error */
	EQUAL(port_kick(a), 0);
	EQUAL(recv(wire, frame, sizeof(frame), 0), 64);
	EQUAL(frame[0], 2);
	EQUAL(port_drain(b), 0);
}

TEST(packets_both_ways)
{
	struct umem *umem = umem_new(4 * RING, FRAME, 0);
	struct port *a = port_new(umem, (struct port_options){ .queue = 0 });
	struct port *b = port_new(umem, (struct port_options){ .queue = 1 });
	struct port *ports[] = { a, b };
	uint32_t value;

	next_set(a, b);
	next_set(b, a);
	for (uint32_t i = 0; i < 500; i++) {
		port_send(a, i, 0);
		port_send(b, ~i, 0);
		EQUAL(port_kick(a), 0);
		EQUAL(port_kick(b), 0);
		CHECK(port_receive(b, &value) && value == i);
		CHECK(port_receive(a, &value) && value == ~i);
		port_complete(a);
		port_complete(b);
		port_fill(a, 1);
		port_fill(b, 1);
	}
	frames_check(umem, ports, 2);
}

TEST(packets_copy_between_umems)
{
	struct umem *one = umem_new(2 * RING, FRAME, 0), *two = umem_new(2 * RING, 4096, 0);
	struct port *a = port_new(one, (struct port_options){ .queue = 0 });
	struct port *b = port_new(two, (struct port_options){ .queue = 1 });
	uint32_t value, len, options;
	uint64_t addr;

	next_set(a, b);
	for (uint32_t i = 0; i < 1000; i++) {
		port_send(a, i, 0);
		EQUAL(port_kick(a), 0);
		CHECK(port_receive(b, &value) && value == i);
		EQUAL(port_complete(a), 1);
		port_fill(b, 1);
	}
	EQUAL(counter(a, "copied"), 1000);
	EQUAL(counter(a, "redirected"), 1000);
	frames_check(one, &a, 1);
	frames_check(two, &b, 1);

	/* The other way: what does not fit into a frame is refused, what just fits is not. */
	next_set(b, a);
	addr = port_take(b);
	memset(port_data(b, addr), 0x5a, 4096);
	port_queue(b, addr, FRAME - 256, 0);
	port_queue(b, port_take(b), FRAME - 256 + 1, 0);
	EQUAL(port_kick(b), 0);
	CHECK(port_peek(a, &addr, &len, &options));
	EQUAL(len, FRAME - 256);
	EQUAL(addr % FRAME, 256);
	EQUAL(port_data(a, addr)[len - 1], 0x5a);
	CHECK(!port_peek(a, &addr, &len, &options));
	EQUAL(counter(b, "refused_size"), 1);
	EQUAL(port_complete(b), 2);
	frames_check(one, &a, 1);
	frames_check(two, &b, 1);
}

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

TEST(packets_of_several_buffers)
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
TEST(packets_of_several_buffers_by_index)
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

TEST(packets_whole_or_not_at_all)
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

TEST(packets_invalid_descriptors)
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

static void fill_with(struct port *port, uint64_t addr)
{
	port->fill.addr[*port->fill.producer & (port->fill.size - 1)] = addr;
	__atomic_store_n(port->fill.producer, *port->fill.producer + 1, __ATOMIC_RELEASE);
}

/* What is no address is taken from the fill ring and passed over, in the sender's UMEM and in another one. */
TEST(packets_invalid_fill_addresses)
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
			fill_with(ports[i], bad[j]);
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

TEST(packets_a_dead_target_fails_closed)
{
	struct umem *umem = umem_new(8 * RING, FRAME, 0);
	struct port *a = port_new(umem, (struct port_options){ .queue = 0 });
	struct port *b = port_new(umem, (struct port_options){ .queue = 1 });
	struct port *c = port_new(umem, (struct port_options){ .queue = 2 });
	int wire = packet_socket("flash1");
	uint32_t value, id = b->id;
	char text[64], want[64];
	uint8_t frame[64];

	snprintf(text, sizeof(text), "%u %u", b->id, c->id);
	EQUAL(next_write(a->id, text), 0);
	port_close(b);
	snprintf(want, sizeof(want), "index   flash_id\n0       %u\n1       %u\n", id, c->id);
	text_read(text, sizeof(text), "/sys/kernel/flash/%u/next", a->id);
	CHECK(!strcmp(text, want), "got %s", text);

	for (uint32_t i = 0; i < 20; i++)
		port_send(a, i, i % 2);
	EQUAL(port_kick(a), 0);
	for (uint32_t i = 0; i < 10; i++)
		CHECK(port_receive(c, &value) && value == 2 * i + 1);
	EQUAL(port_complete(a), 20);
	EQUAL(counter(a, "refused_dead"), 10);
	EQUAL(recv(wire, frame, sizeof(frame), MSG_DONTWAIT), -1);

	/* Its device is gone: dead too, though its socket is not. */
	next_set(a, c);
	device_add("gone0", "gone1", 1);
	b = port_new(umem_new(2 * RING, FRAME, 0), (struct port_options){ .device = "gone0" });
	next_set(a, b);
	shell("ip link del gone0");
	CHECK(known(b->id));
	port_send(a, 1, 0);
	EQUAL(port_kick(a), 0);
	EQUAL(counter(a, "refused_dead"), 11);
	snprintf(text, sizeof(text), "%u", b->id);
	EQUAL(next_write(c->id, text), -EINVAL);
}

TEST(packets_unaligned_chunks)
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

TEST(packets_sockets_of_one_queue_are_redirected_each_alone)
{
	struct umem *umem = umem_new(8 * RING, FRAME, 0);
	struct port *a = port_new(umem, (struct port_options){ .queue = 0 });
	struct port *b = port_new(umem, (struct port_options){ .queue = 0, .same_queue = true });
	struct port *c = port_new(umem, (struct port_options){ .queue = 1 });
	int wire = packet_socket("flash1");
	uint8_t frame[FRAME];
	uint32_t value;

	next_set(b, c);
	port_send(a, 1, 0);
	EQUAL(port_kick(a), 0);
	EQUAL(recv(wire, frame, sizeof(frame), 0), 64);
	while (!ring_count(&a->comp))
		;
	port_send(b, 2, 0);
	EQUAL(port_kick(b), 0);
	CHECK(port_receive(c, &value) && value == 2);
	EQUAL(ring_count(&a->comp), 2); /* one ring for both */
	next_set(c, b);
	port_send(c, 3, 0);
	EQUAL(port_kick(c), 0);
	CHECK(port_receive(b, &value) && value == 3);
	next_set(b, a); /* within one pool */
	port_send(b, 4, 0);
	EQUAL(port_kick(b), 0);
	CHECK(port_receive(a, &value) && value == 4);
}

/* Half a packet is in the hands of the kernel, for the device, when the socket is redirected, or released, and closed. */
TEST(packets_closing_in_the_middle_of_one)
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

/* Of two sockets on one queue, one sends to the device all the time and so always has buffers on their way in the
 * completion ring that both use: the redirected one gets its turn, and the other one goes on.
 */
static void busy_neighbour(uint32_t queue)
{
	struct umem *inside = umem_new(8 * RING, FRAME, 0), *outside = umem_new(2 * RING, FRAME, 0);
	struct port_options first = { .queue = queue, .comp = 4 * RING, .frames = 4 * RING };
	struct port *a = port_new(inside, first), *neighbour, *b, *receiver;
	uint32_t sent = 0, got = 0, passed = 0, value;
	time_t deadline = time(NULL) + 60;

	first.same_queue = true;
	first.frames = NONE;
	neighbour = port_new(inside, first);
	b = port_new(inside, (struct port_options){ .queue = 2 });
	receiver = port_new(outside, (struct port_options){ .device = "flash1", .queue = queue });
	xskmap_set(xskmap_attach("flash1", 16), queue, receiver->fd);
	next_set(a, b);
	while (got < 2000 || passed < 2000) {
		port_complete(a);
		while (a->held > RING && ring_count(&neighbour->tx) < neighbour->tx.size) {
			neighbour->free[neighbour->held++] = port_take(a);
			port_send(neighbour, 0xffffff, 0);
		}
		port_kick(neighbour);
		while (sent < 2000 && sent - got < 32 && a->held)
			port_send(a, sent++, 0);
		port_kick(a);
		while (port_receive(b, &value))
			EQUAL(value, got++);
		port_refill(b);
		passed += port_drain(receiver);
		port_refill(receiver);
		CHECK(time(NULL) < deadline, "%u of 2000 in a minute, beside %u of the neighbour", got, passed);
	}
}

TEST(packets_beside_a_busy_neighbour_on_the_queue)
{
	busy_neighbour(0);
}

TEST(packets_beside_a_busy_neighbour_on_a_queue_of_batches)
{
	busy_neighbour(1);
}

static struct port *fan_target;
static volatile bool fan_done;

/* Sends 20,000 packets, each value once, and takes back its frames. */
static void *fan_sender(void *argument)
{
	struct port *port = argument;

	for (uint32_t i = 0; i < 20000 || ring_count(&port->tx); ) {
		port_complete(port);
		while (i < 20000 && port->held && ring_count(&port->tx) < port->tx.size)
			port_send(port, port->id << 16 | i++, 0);
		if (port_kick(port) == -EAGAIN)
			port_poll(port, POLLOUT, 1000);
	}
	port_complete(port);
	return NULL;
}

static void *fan_wire(void *argument)
{
	int wire = packet_socket("fan1");
	uint8_t frame[64];

	(void)argument;
	for (uint32_t i = 0; i < 2000; i++) {
		memset(frame, i & 0xff, sizeof(frame));
		memcpy(frame, &i, sizeof(i));
		CHECK(send(wire, frame, sizeof(frame), 0) == 64, "%s", strerror(errno));
		if (i % 16 == 15)
			usleep(500);
	}
	return NULL;
}

TEST(packets_fan_in_from_four_senders_and_the_device)
{
	struct umem *umem = umem_new(16 * RING, FRAME, 0);
	struct port *ports[5];
	pthread_t threads[5];
	uint32_t next[65536] = { 0 }, value, total = 0, wire = 0, lost;
	struct xdp_statistics statistics;
	socklen_t length = sizeof(statistics);
	char text[32];

	/* One queue: the wire has no other way to go. */
	device_add("fan0", "fan1", 1);
	fan_target = ports[4] = port_new(umem, (struct port_options){ .device = "fan0", .rx = 512, .fill = 512,
								      .frames = 512, .filled = 512 });
	xskmap_set(xskmap_attach("fan0", 1), 0, fan_target->fd);
	for (int i = 0; i < 4; i++) {
		ports[i] = port_new(umem, (struct port_options){ .queue = i + 1, .filled = NONE });
		next_set(ports[i], fan_target);
		pthread_create(&threads[i], NULL, fan_sender, ports[i]);
	}
	pthread_create(&threads[4], NULL, fan_wire, NULL);

	for (int idle = 0; idle < 20;) {
		uint32_t count = 0;

		while (port_receive(fan_target, &value)) {
			count++;
			if (value >> 16) { /* in order for each sender */
				EQUAL(value & 0xffff, next[value >> 16]);
				next[value >> 16]++;
				total++;
			} else {
				wire++;
			}
		}
		/* A packet from the device is shown a moment before it is shown that its fill entry is gone. */
		port_refill(fan_target);
		port_signal(fan_target);
		idle = count || port_poll(fan_target, POLLIN, 100) ? 0 : idle + 1;
	}
	for (int i = 0; i < 5; i++)
		pthread_join(threads[i], NULL);
	EQUAL(total, 80000);
	EQUAL(counter(fan_target, "received"), 80000);
	/* What the NIC brings when there is no room is lost, as ever, and counted: in zero-copy mode by the driver. */
	CHECK(!getsockopt(fan_target->fd, SOL_XDP, XDP_STATISTICS, &statistics, &length));
	text_read(text, sizeof(text), "/sys/class/net/fan0/statistics/rx_dropped");
	lost = zero_copy ? (uint32_t)atol(text) : statistics.rx_dropped + statistics.rx_ring_full;
	EQUAL(wire + lost, 2000);
	CHECK(wire > 0);
	frames_check(umem, ports, 5);
}

static struct port *rewire_ports[3];

static void *rewire_often(void *argument)
{
	(void)argument;
	for (int i = 0; !fan_done; i++)
		next_set(rewire_ports[0], rewire_ports[1 + i % 2]);
	return NULL;
}

TEST(packets_rewire_without_loss)
{
	struct umem *umem = umem_new(8 * RING, FRAME, 0);
	uint32_t sent = 0, got[2] = { 0, 0 }, value;
	pthread_t thread;

	for (int i = 0; i < 3; i++)
		rewire_ports[i] = port_new(umem, (struct port_options){ .queue = i });
	next_set(rewire_ports[0], rewire_ports[1]);
	pthread_create(&thread, NULL, rewire_often, NULL);
	while (got[0] + got[1] < 100000) {
		port_complete(rewire_ports[0]);
		while (rewire_ports[0]->held && ring_count(&rewire_ports[0]->tx) < RING)
			port_send(rewire_ports[0], sent++, 0);
		port_kick(rewire_ports[0]);
		for (int i = 0; i < 2; i++) {
			uint32_t count = 0;

			for (; port_receive(rewire_ports[1 + i], &value); count++)
				;
			port_fill(rewire_ports[1 + i], count);
			got[i] += count;
		}
	}
	fan_done = true;
	pthread_join(thread, NULL);
	port_kick(rewire_ports[0]);
	got[0] += port_drain(rewire_ports[1]);
	got[1] += port_drain(rewire_ports[2]);
	EQUAL(got[0] + got[1] + ring_count(&rewire_ports[0]->tx), sent);
	CHECK(got[0] && got[1], "%u and %u", got[0], got[1]);
	frames_check(umem, rewire_ports, 3);
}

TEST(packets_more_than_64_sockets)
{
	struct umem *umem = umem_new(200 * 4, FRAME, 0);
	struct port *ports[130];
	char text[1024] = "";
	uint32_t value;
	int length = 0;

	device_add("many0", "many1", 130);
	for (int i = 0; i < 130; i++)
		ports[i] = port_new(umem, (struct port_options){ .device = "many0", .queue = i, .rx = 4, .tx = 4,
								 .fill = 4, .comp = 4, .frames = 4, .filled = 2 });
	for (int i = 1; i <= 128; i++)
		length += snprintf(text + length, sizeof(text) - length, "%u ", ports[i]->id);
	EQUAL(next_write(ports[0]->id, text), 0);
	snprintf(text + length, sizeof(text) - length, "%u", ports[129]->id);
	EQUAL(next_write(ports[0]->id, text), -E2BIG);
	for (uint32_t i = 0; i < 128; i++) {
		port_send(ports[0], i, i);
		EQUAL(port_kick(ports[0]), 0);
		CHECK(port_receive(ports[i + 1], &value) && value == i);
		port_complete(ports[0]);
	}
}
