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
	struct port *ports[] = { a, b };
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
	while (ring_count(&a->comp) < 2)
		;
	frames_check(umem, ports, 2);
}

/* Not before they come back: those that do not any more go by the rule that there is then. */
TEST(packets_are_refused_when_they_are_given_back)
{
	struct umem *umem = umem_new(8 * RING, FRAME, 0);
	struct port *ports[3];
	int wire = packet_socket("flash1");
	uint8_t frame[FRAME];
	char text[64];

	for (int i = 0; i < 3; i++)
		ports[i] = port_new(umem, (struct port_options){ .queue = i, .comp = i ? RING : 2 });
	snprintf(text, sizeof(text), "%u %u", ports[1]->id, ports[2]->id);
	EQUAL(next_write(ports[0]->id, text), 0);
	for (uint32_t i = 0; i < 4; i++)
		port_send(ports[0], i, 9);
	EQUAL(port_kick(ports[0]), 0);
	EQUAL(counter(ports[0], "refused_index"), 2);
	EQUAL(ring_count(&ports[0]->tx), 2);
	EQUAL(next_write(ports[0]->id, "-1"), 0);
	EQUAL(port_complete(ports[0]), 2);
	while (ring_count(&ports[0]->comp) < 2)
		port_kick(ports[0]);
	for (int i = 2; i < 4; i++) {
		EQUAL(recv(wire, frame, sizeof(frame), 0), 64);
		EQUAL(frame[0], i);
	}
	EQUAL(counter(ports[0], "refused_index"), 2);
	frames_check(umem, ports, 3);
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

TEST(packets_sockets_of_one_queue_are_redirected_each_alone)
{
	struct umem *umem = umem_new(8 * RING, FRAME, 0);
	struct port *a = port_new(umem, (struct port_options){ .queue = 0 });
	struct port *b = port_new(umem, (struct port_options){ .queue = 0, .same_queue = true });
	struct port *c = port_new(umem, (struct port_options){ .queue = 1 });
	struct port *ports[] = { a, b, c };
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
	frames_check(umem, ports, 3);
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
	frames_check(umem, ports, 130);
}
