// SPDX-License-Identifier: GPL-2.0-only
/* Random opening, closing, killing, rewiring and traffic, with rings and fill addresses that nobody should trust.
 * Expected is that something of each kind happened, that no socket is left, and that the kernel has nothing to complain about.
 */

#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <linux/if_xdp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "test.h"

#define WORKERS 6
#define SOCKETS 4

/* What came of it, as far as workers lived to say so. */
static struct {
	_Atomic long bound, redirected, copied, refused;
} *sums;

static uint32_t pick(uint32_t below)
{
	return (uint32_t)random() % below;
}

static void scribble(struct port *port)
{
	struct ring *rings[] = { &port->rx, &port->tx, &port->fill, &port->comp };
	struct ring *ring = rings[pick(4)];

	if (!ring->size)
		return;
	switch (pick(3)) {
	case 0:
		*ring->producer += pick(4) ? pick(8) : (uint32_t)random();
		break;
	case 1:
		*ring->consumer += pick(4) ? pick(8) : (uint32_t)random();
		break;
	default:
		if (ring == &port->rx || ring == &port->tx)
			ring->desc[pick(ring->size)] = (struct xdp_desc){ .addr = (uint64_t)random() << pick(33),
									  .len = pick(2) ? pick(3000) : (uint32_t)random(),
									  .options = pick(2) ? pick(4) : (uint32_t)random() };
		else
			ring->addr[pick(ring->size)] = (uint64_t)random() << pick(33);
	}
}

static void traffic(struct port *port)
{
	uint32_t value;

	for (int i = 0; i < 20 && port->held && ring_count(&port->tx) < port->tx.size; i++) {
		uint64_t addr = port_take(port);

		port_queue(port, addr, 1 + pick(1500), pick(4) << 16 | (pick(8) ? 0 : XDP_PKT_CONTD));
	}
	port_kick(port);
	for (int i = 0; i < 64 && ring_count(&port->rx) && ring_count(&port->rx) <= port->rx.size &&
	     port->held < port->umem->frames; i++) {
		uint32_t len, options;
		uint64_t addr;

		port_peek(port, &addr, &len, &options);
		value = len;
	}
	(void)value;
	if (ring_count(&port->comp) <= port->comp.size && port->held + ring_count(&port->comp) <= port->umem->frames)
		port_complete(port);
	if (port->fill.size && ring_count(&port->fill) <= port->fill.size) {
		uint32_t space = port->fill.size - ring_count(&port->fill);

		port_fill(port, port->held / 2 < space ? port->held / 2 : space);
	}
	if (pick(2))
		port_signal(port);
	if (!pick(8))
		port_poll(port, POLLIN | POLLOUT, pick(5));
}

/* The ids of sockets that are open now, or were a moment ago. */
static uint32_t sockets(uint32_t *ids, uint32_t limit)
{
	DIR *folder = opendir("/sys/kernel/flash");
	struct dirent *entry;
	uint32_t count = 0;

	CHECK(folder, "%s", strerror(errno));
	while (count < limit && (entry = readdir(folder)))
		if (atoi(entry->d_name) > 0)
			ids[count++] = atoi(entry->d_name);
	closedir(folder);
	return count;
}

/* Redirects somebody to somebody. */
static void rewire(void)
{
	uint32_t ids[WORKERS * SOCKETS], known = sockets(ids, WORKERS * SOCKETS);
	char text[128];
	int length = 0;

	if (!known)
		return;
	if (!pick(6)) {
		next_write(ids[pick(known)], "-1");
		return;
	}
	for (uint32_t i = 0, count = 1 + pick(4); i < count; i++)
		length += snprintf(text + length, sizeof(text) - length, "%u ", ids[pick(known)] + !pick(32));
	next_write(ids[pick(known)], text);
	if (!pick(20))
		text_write("/sys/kernel/flash/tx_tracking", pick(2) ? "1" : "0");
}

static void worker(int number, bool hostile)
{
	for (;;) {
		struct umem *umem = umem_new(256 + 64 * pick(8), pick(2) ? 2048 : 4096, 0);
		struct port *ports[SOCKETS];
		int count = 0;

		for (int i = 0; i < SOCKETS; i++) {
			struct port_options options = {
				.device = pick(16) ? "flash0" : "flash1", .queue = pick(16), .rx = 1 << pick(8),
				.tx = 1 << pick(8), .fill = 1 << pick(8), .comp = 1 << pick(8),
				.bind_flags = XDP_COPY | (pick(2) ? XDP_USE_SG : 0),
				.frames = 60, .filled = 1 + pick(30), .same_queue = i && !pick(6),
			};
			struct port *port = calloc(1, sizeof(*port));

			if (options.fill < options.filled)
				options.filled = options.fill;
			/* Most often another worker has that queue: then do without. */
			if (!port_try(port, umem, options)) {
				ports[count++] = port;
				sums->bound++;
				if (!port->fill.size)
					port->fill = ports[0]->fill, port->comp = ports[0]->comp;
			}
		}
		for (uint32_t round = 0, rounds = 20 + pick(200); count && round < rounds; round++) {
			struct port *port = ports[pick(count)];

			traffic(port);
			if (!pick(4))
				rewire();
			if (hostile && !pick(4))
				scribble(port);
		}
		while (count) {
			struct port *port = ports[--count];

			if (known(port->id)) { /* its device may be gone */
				sums->redirected += counter(port, "redirected");
				sums->copied += counter(port, "copied");
				sums->refused += counter(port, "refused_invalid") + counter(port, "refused_size");
			}
			port_close(port);
		}
		if (!pick(10))
			shell("ip link set flash%d %s 2>/dev/null; true", pick(2), pick(3) ? "up" : "down");
		(void)number;
		_exit(0); /* as good a way to let go of everything as any */
	}
}

static pid_t start(int number)
{
	pid_t child = fork();

	if (!child) {
		/* What goes wrong in user space because of torn rings is no fault. */
		signal(SIGSEGV, SIG_DFL);
		freopen("/dev/null", "w", stdout);
		srandom((uint32_t)time(NULL) * 31 + (uint32_t)getpid());
		worker(number, number % 2);
	}
	return child;
}

void stress(int seconds)
{
	pid_t workers[WORKERS];
	time_t end = time(NULL) + seconds;
	long rounds = 0;
	uint32_t left;

	sums = mmap(NULL, sizeof(*sums), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(sums != MAP_FAILED, "%s", strerror(errno));
	for (int i = 0; i < WORKERS; i++)
		workers[i] = start(i);
	while (time(NULL) < end) {
		int i = pick(WORKERS);

		/* A worker lives for seconds: in emulation under all checkers its sockets take that long. */
		if (!pick(30))
			kill(workers[i], SIGKILL);
		else if (!pick(500)) {
			shell("ip link del flash0; ip link del flash1 2>/dev/null; true");
			device_add("flash0", "flash1", 16);
		}
		for (int j = 0; j < WORKERS; j++) {
			if (waitpid(workers[j], NULL, WNOHANG) == workers[j]) {
				workers[j] = start(j);
				rounds++;
			}
		}
		usleep(20000);
	}
	for (int i = 0; i < WORKERS; i++) {
		kill(workers[i], SIGKILL);
		waitpid(workers[i], NULL, 0);
	}
	printf("stress: %ld processes in %d s, %ld sockets, %ld packets redirected, %ld copied, %ld refused\n", rounds,
	       seconds, sums->bound, sums->redirected, sums->copied, sums->refused);
	CHECK(sums->redirected && sums->copied && sums->refused, "this has tried nothing");
	/* No socket is left where no process is: what release defers is short. */
	for (int tries = 0; tries < 5000; tries++) {
		if (!sockets(&left, 1))
			return;
		usleep(1000);
	}
	CHECK(false, "sockets are left");
}
