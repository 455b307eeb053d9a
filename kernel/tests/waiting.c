// SPDX-License-Identifier: GPL-2.0-only
/* Backpressure and poll(): who has to wait sleeps, nothing is lost, everybody wakes. */

#define _GNU_SOURCE
#include <errno.h>
#include <linux/if_xdp.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "test.h"

TEST(waiting_a_full_target_keeps_the_packets_with_the_sender)
{
	struct umem *umem = umem_new(4 * RING, FRAME, 0);
	struct port *a = port_new(umem, (struct port_options){ .queue = 0 });
	struct port *b = port_new(umem, (struct port_options){ .queue = 1, .rx = 16, .filled = 8 });
	struct port *ports[] = { a, b };
	uint32_t value;

	next_set(a, b);
	EQUAL(port_poll(a, POLLOUT, 0), POLLOUT);
	for (uint32_t i = 0; i < 30; i++)
		port_send(a, i, 0);
	EQUAL(port_kick(a), -EAGAIN);
	EQUAL(ring_count(&b->rx), 8); /* as many as it has frames for */
	EQUAL(port_poll(a, POLLOUT, 50), 0);
	port_fill(b, 40);
	EQUAL(port_kick(a), -EAGAIN);
	EQUAL(ring_count(&b->rx), 16); /* as its ring holds */
	EQUAL(ring_count(&a->tx), 14);
	EQUAL(port_poll(a, POLLOUT, 50), 0);
	EQUAL(port_complete(a), 16);
	CHECK(counter(a, "blocked") >= 2);
	for (uint32_t i = 0; i < 16; i++)
		CHECK(port_receive(b, &value) && value == i);
	EQUAL(port_signal(b), 0);
	EQUAL(port_poll(a, POLLOUT, 5000), POLLOUT); /* which sends, too */
	EQUAL(ring_count(&a->tx), 0);
	for (uint32_t i = 16; i < 30; i++)
		CHECK(port_receive(b, &value) && value == i);
	port_complete(a);
	frames_check(umem, ports, 2);
}

TEST(waiting_for_a_receiver_that_never_tells)
{
	struct umem *umem = umem_new(4 * RING, FRAME, 0);
	struct port *a = port_new(umem, (struct port_options){ .queue = 0 });
	struct port *b = port_new(umem, (struct port_options){ .queue = 1, .rx = 2 });
	struct port *ports[] = { a, b };
	uint32_t value, sent = 0, got = 0;

	next_set(a, b);
	while (got < 200) {
		port_complete(a);
		while (sent < 200 && a->held && ring_count(&a->tx) < RING)
			port_send(a, sent++, 0);
		port_kick(a);
		while (port_receive(b, &value)) {
			EQUAL(value, got++);
			port_fill(b, 1);
		}
		if (sent == 200 && got < 200)
			CHECK(port_poll(b, POLLIN, 5000) & POLLIN, "after %u", got);
	}
	/* Even where the sender sleeps for something else, what it has queued moves on. */
	port_complete(a);
	for (uint32_t i = 0; i < 5; i++)
		port_send(a, i, 0);
	port_kick(a);
	for (got = 0; got < 5;)
		if (port_receive(b, &value))
			EQUAL(value, got++);
	EQUAL(counter(a, "redirected"), 205);
	frames_check(umem, ports, 2);
}

TEST(waiting_with_the_smallest_rings)
{
	struct umem *umem = umem_new(16, FRAME, 0);
	struct port_options tiny = { .rx = 1, .tx = 1, .fill = 1, .comp = 1, .frames = 4, .filled = 1 };
	struct port *ports[3];
	uint32_t value, sent = 0, got = 0;

	for (int i = 0; i < 3; i++) {
		tiny.queue = i;
		ports[i] = port_new(umem, tiny);
	}
	next_set(ports[0], ports[1]);
	next_set(ports[1], ports[2]);
	while (got < 500) {
		for (int i = 0; i < 3; i++) {
			port_complete(ports[i]);
			if (!ring_count(&ports[i]->fill) && ports[i]->held)
				port_fill(ports[i], 1);
		}
		if (sent < 500 && !ring_count(&ports[0]->tx))
			port_send(ports[0], sent++, 0);
		port_kick(ports[0]);
		if (!ring_count(&ports[1]->tx) && ports[1]->held && port_receive(ports[1], &value))
			port_send(ports[1], value, 0);
		port_kick(ports[1]);
		if (port_receive(ports[2], &value))
			EQUAL(value, got++);
	}
	frames_check(umem, ports, 3);
}

TEST(waiting_for_the_own_completion_ring)
{
	struct umem *umem = umem_new(4 * RING, FRAME, 0);
	struct port *a = port_new(umem, (struct port_options){ .queue = 0, .comp = 4 });
	struct port *b = port_new(umem, (struct port_options){ .queue = 1 });
	struct port *ports[] = { a, b };

	next_set(a, b);
	for (uint32_t i = 0; i < 10; i++)
		port_send(a, i, 0);
	EQUAL(port_kick(a), 0); /* the application itself has to act */
	EQUAL(ring_count(&b->rx), 4);
	EQUAL(port_poll(a, POLLOUT, 1000), POLLOUT);
	EQUAL(port_complete(a), 4);
	EQUAL(port_kick(a), 0);
	EQUAL(port_complete(a), 4);
	EQUAL(port_kick(a), 0);
	EQUAL(port_drain(b), 10);
	port_complete(a);
	frames_check(umem, ports, 2);
}

/* The kernel goes on by itself, so poll() waits too. */
TEST(waiting_for_a_neighbour_on_the_queue)
{
	struct umem *umem = umem_new(8 * RING, FRAME, 0);
	struct port *a = port_new(umem, (struct port_options){ .queue = 0 });
	struct port *neighbour = port_new(umem, (struct port_options){ .queue = 0, .same_queue = true });
	struct port *b = port_new(umem, (struct port_options){ .queue = 1 });
	uint32_t value;

	if (zero_copy)
		return; /* there a driver has the first buffer of a packet completed before the last one comes */
	next_set(a, b);
	port_queue(neighbour, port_take(a), 100, XDP_PKT_CONTD);
	port_kick(neighbour);
	port_send(a, 1, 0);
	EQUAL(port_kick(a), -EAGAIN);
	EQUAL(port_poll(a, POLLOUT, 0), 0);
	port_queue(neighbour, port_take(a), 100, 0);
	port_kick(neighbour);
	EQUAL(port_poll(a, POLLOUT, 10000), POLLOUT);
	CHECK(port_receive(b, &value) && value == 1);
}

/* However many calls of the inner loop it takes. */
TEST(waiting_is_not_asked_for_where_nothing_is_left)
{
	struct umem *umem = umem_new(8 * RING, FRAME, 0);
	struct port *ports[3];
	char text[64];

	for (int i = 0; i < 3; i++)
		ports[i] = port_new(umem, (struct port_options){ .queue = i });
	snprintf(text, sizeof(text), "%u %u", ports[1]->id, ports[2]->id);
	EQUAL(next_write(ports[0]->id, text), 0);
	for (uint32_t i = 0; i < RING; i++)
		port_send(ports[0], i, i % 2);
	EQUAL(port_kick(ports[0]), 0);
	EQUAL(port_complete(ports[0]), RING);
	EQUAL(port_drain(ports[1]), RING / 2);
	EQUAL(port_drain(ports[2]), RING / 2);
	frames_check(umem, ports, 3);
}

static struct port *lone;
static sem_t lone_ready;

static void *close_later(void *argument)
{
	(void)argument;
	sem_wait(&lone_ready);
	port_close(lone);
	return NULL;
}

TEST(waiting_ends_when_the_target_closes)
{
	struct umem *umem = umem_new(4 * RING, FRAME, 0);
	struct port *a = port_new(umem, (struct port_options){ .queue = 0 });
	pthread_t thread;

	lone = port_new(umem, (struct port_options){ .queue = 1, .filled = NONE });
	next_set(a, lone);
	port_send(a, 1, 0);
	EQUAL(port_kick(a), -EAGAIN);
	sem_init(&lone_ready, 0, 0);
	pthread_create(&thread, NULL, close_later, NULL);
	sem_post(&lone_ready);
	EQUAL(port_poll(a, POLLOUT, 10000), POLLOUT);
	pthread_join(thread, NULL);
	EQUAL(port_kick(a), 0);
	EQUAL(counter(a, "refused_dead"), 1);
}

TEST(waiting_ends_with_the_rule)
{
	struct umem *umem = umem_new(6 * RING, FRAME, 0);
	struct port *a = port_new(umem, (struct port_options){ .queue = 0 });
	struct port *b = port_new(umem, (struct port_options){ .queue = 1, .filled = NONE });
	struct port *c = port_new(umem, (struct port_options){ .queue = 2 });
	uint32_t value;

	next_set(a, b);
	port_send(a, 1, 0);
	EQUAL(port_kick(a), -EAGAIN);
	next_set(a, c);
	EQUAL(port_poll(a, POLLOUT, 10000), POLLOUT);
	EQUAL(port_poll(c, POLLIN, 10000), POLLIN);
	CHECK(port_receive(c, &value) && value == 1);

	next_set(a, b);
	port_send(a, 2, 0);
	EQUAL(port_kick(a), -EAGAIN);
	EQUAL(next_write(a->id, "-1"), 0);
	EQUAL(port_poll(a, POLLOUT, 10000), POLLOUT);
	while (ring_count(&a->tx))
		port_kick(a);
}

static void *echo(void *argument)
{
	struct port *port = argument;
	uint32_t value;

	for (uint32_t i = 0; i < 20000; i++) {
		while (!port_receive(port, &value))
			CHECK(port_poll(port, POLLIN, 20000) & POLLIN, "round %u: a wake-up is lost", i);
		EQUAL(value, i);
		port_fill(port, 1);
		port_complete(port);
		port_send(port, value, 0);
		EQUAL(port_kick(port), 0);
	}
	return NULL;
}

TEST(waiting_poll_never_loses_a_wake_up)
{
	struct umem *umem = umem_new(4 * RING, FRAME, 0);
	struct port *a = port_new(umem, (struct port_options){ .queue = 0 });
	struct port *b = port_new(umem, (struct port_options){ .queue = 1 });
	struct port *ports[] = { a, b };
	pthread_t thread;
	uint32_t value;

	next_set(a, b);
	next_set(b, a);
	pthread_create(&thread, NULL, echo, b);
	for (uint32_t i = 0; i < 20000; i++) {
		port_complete(a);
		port_send(a, i, 0);
		EQUAL(port_kick(a), 0);
		while (!port_receive(a, &value))
			CHECK(port_poll(a, POLLIN, 20000) & POLLIN, "round %u: a wake-up is lost", i);
		EQUAL(value, i);
		port_fill(a, 1);
	}
	pthread_join(thread, NULL);
	frames_check(umem, ports, 2);
}

static void *send_in_bursts(void *argument)
{
	struct port *port = argument;

	for (uint32_t i = 0; i < 3000; i++) {
		for (port_complete(port); !port->held; port_complete(port))
			port_kick(port);
		port_send(port, i, 0);
		if (port_kick(port) == -EAGAIN)
			CHECK(port_poll(port, POLLOUT, 20000) & POLLOUT, "packet %u: the sender is not woken", i);
		if (i % 7 == 0)
			usleep(i % 300);
	}
	return NULL;
}

/* As the guide has it: poll() for the first packet, then no poll() while there is something to do, then poll() again. */
TEST(waiting_by_turns_in_poll_and_busy)
{
	struct umem *umem = umem_new(4 * RING, FRAME, 0);
	struct port *a = port_new(umem, (struct port_options){ .queue = 0 });
	struct port *b = port_new(umem, (struct port_options){ .queue = 1 });
	struct port *ports[] = { a, b };
	const int options[][2] = { { SO_PREFER_BUSY_POLL, 1 }, { SO_BUSY_POLL, 20 }, { SO_BUSY_POLL_BUDGET, 64 } };
	uint32_t got = 0, value;
	pthread_t thread;

	for (int i = 0; i < 2; i++)
		for (int j = 0; j < 3; j++)
			CHECK(!setsockopt(ports[i]->fd, SOL_SOCKET, options[j][0], &options[j][1], sizeof(int)), "%s",
			      strerror(errno));
	next_set(a, b);
	pthread_create(&thread, NULL, send_in_bursts, a);
	while (got < 3000) {
		CHECK(port_poll(b, POLLIN, 20000) & POLLIN, "after %u: a wake-up is lost", got);
		for (int idle = 0; idle < 20; idle++) {
			while (port_receive(b, &value)) {
				EQUAL(value, got++);
				idle = 0;
			}
			port_refill(b);
			recvfrom(b->fd, NULL, 0, MSG_DONTWAIT, NULL, NULL);
		}
	}
	pthread_join(thread, NULL);
	frames_check(umem, ports, 2);
}

/* A chain: each forwards what it receives; sleeps in poll() where it can do neither. */

#define CHAIN 8
#define CHAIN_PACKETS 30000

static struct port *chain[CHAIN];
static sem_t tail_go;
static volatile uint32_t head_sent;
static volatile bool tail_signals = true;
static pthread_t head_thread;

static void *chain_head(void *argument)
{
	struct port *port = argument;

	while (head_sent < CHAIN_PACKETS || ring_count(&port->tx)) {
		port_complete(port);
		while (head_sent < CHAIN_PACKETS && port->held && ring_count(&port->tx) < port->tx.size)
			port_send(port, head_sent++, 0);
		if (port_kick(port) == -EAGAIN)
			CHECK(port_poll(port, POLLOUT, 30000) & POLLOUT, "after %u: the head is not woken", head_sent);
	}
	return NULL;
}

static void *chain_middle(void *argument)
{
	struct port *port = argument;
	uint32_t value, done = 0;

	while (done < CHAIN_PACKETS || ring_count(&port->tx)) {
		bool blocked = false;
		uint32_t count = 0;

		port_complete(port);
		while (ring_count(&port->tx) < port->tx.size && port_receive(port, &value)) {
			port_send(port, value, 0);
			count++;
		}
		done += count;
		if (ring_count(&port->tx))
			blocked = port_kick(port) == -EAGAIN;
		port_complete(port);
		uint32_t space = port->fill.size - ring_count(&port->fill);
		port_fill(port, port->held < space ? port->held : space);
		if (count)
			port_signal(port);
		if (!count || blocked) {
			struct pollfd entry = { .fd = port->fd, .events = blocked ? POLLOUT : POLLIN };

			CHECK(poll(&entry, 1, 30000) > 0 || (done == CHAIN_PACKETS && !ring_count(&port->tx)),
			      "after %u: a stage is not woken", done);
		}
	}
	return NULL;
}

static void *chain_tail(void *argument)
{
	struct port *port = argument;
	uint32_t value, got = 0;
	bool paused = false;

	while (got < CHAIN_PACKETS) {
		uint32_t count = 0;

		if (got >= 1024 && !paused) { /* packets come in bunches: exactly 1024 may never be seen */
			sem_wait(&tail_go);
			paused = true;
		}
		for (; count < 32 && port_receive(port, &value); count++)
			EQUAL(value, got++);
		port_fill(port, count);
		if (!tail_signals)
			continue; /* busy-polls its ring and calls nobody */
		if (count)
			port_signal(port);
		else
			CHECK(port_poll(port, POLLIN, 30000) & POLLIN, "after %u: the tail is not woken", got);
	}
	return NULL;
}

static double thread_seconds(pthread_t thread)
{
	struct timespec time;
	clockid_t clock;

	CHECK(!pthread_getcpuclockid(thread, &clock) && !clock_gettime(clock, &time));
	return time.tv_sec + time.tv_nsec / 1e9;
}

static void run_chain(uint32_t ring)
{
	struct port_options options = { .rx = ring, .tx = ring, .fill = ring, .comp = ring, .frames = 2 * ring,
					.filled = ring };
	struct umem *umem = umem_new(CHAIN * 2 * ring, FRAME, 0);
	pthread_t threads[CHAIN];
	uint32_t sent;
	double used;

	sem_init(&tail_go, 0, 0);
	for (int i = 0; i < CHAIN; i++) {
		options.queue = i;
		chain[i] = port_new(umem, options);
	}
	for (int i = 1; i < CHAIN; i++)
		next_set(chain[i - 1], chain[i]);
	for (int i = CHAIN - 1; i >= 0; i--)
		pthread_create(&threads[i], NULL, i == 0 ? chain_head : i == CHAIN - 1 ? chain_tail : chain_middle,
			       chain[i]);
	head_thread = threads[0];

	/* The tail pauses: the whole chain fills up, then nobody moves and nobody burns. */
	do {
		sent = head_sent;
		usleep(300000);
	} while (sent != head_sent || sent < 1024);
	used = thread_seconds(head_thread);
	sleep(1);
	used = thread_seconds(head_thread) - used;
	EQUAL(head_sent, sent);
	CHECK(sent < CHAIN_PACKETS, "the head was never stopped");
	CHECK(used < 0.02, "the head used %.3f s while it slept", used);
	sem_post(&tail_go);

	for (int i = 0; i < CHAIN; i++)
		pthread_join(threads[i], NULL);
	for (int i = 0; i < CHAIN; i++)
		port_complete(chain[i]);
	frames_check(umem, chain, CHAIN);
	EQUAL(counter(chain[0], "redirected"), CHAIN_PACKETS);
	EQUAL(counter(chain[CHAIN - 1], "received"), CHAIN_PACKETS);
}

TEST(waiting_a_chain_of_8_with_a_slow_tail)
{
	run_chain(RING);
}

TEST(waiting_a_chain_of_8_with_small_rings)
{
	run_chain(8);
}

TEST(waiting_a_chain_of_8_whose_tail_never_tells)
{
	tail_signals = false;
	run_chain(RING);
}
