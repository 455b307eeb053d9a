/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the machine allows: a ring pair between two CPUs, and one process that runs all stages in turn.
 *
 *   limits ring BATCH DESCRIPTORS CPU CPU      so many descriptors go round two threads over two rings
 *   limits links BATCH DESCRIPTORS CPU CPU     the same over two links, each of which is a ring pair: one ring for packets, and one
 *                                              for the free frames that come back for them
 *   limits process STAGES SIZE CPU CPU         one thread makes packets and takes them off, the other one runs all stages
 *                                              on each batch in turn; on one CPU the same thread does it all
 *   limits timed STAGES SIZE CPU CPU           the same on two CPUs, with the time in each packet
 *
 * Prints the packets (or descriptors) that came through each time a line comes in. For `timed`, the line `rate N` makes it N
 * packets a second; `latency` is answered with the latencies since the last such line as `bucket:count` (histogram.py).
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#define SLOTS 2048u
#define FRAME 2048u
#define BATCH 64u
#define LINE 128

struct descriptor {
	uint64_t address;
	uint32_t length;
	uint32_t options;
};

struct ring {
	_Alignas(LINE) _Atomic uint32_t producer;
	_Alignas(LINE) _Atomic uint32_t consumer;
	_Alignas(LINE) struct descriptor slots[SLOTS];
};

/* One side's view of the two rings, with its own copies of the indices of the other. */
struct side {
	struct ring *in, *out;
	uint32_t in_producer, in_consumer, out_producer, out_consumer;
};

static struct ring forward, backward;
static unsigned batch = BATCH, stages, size;
static int cpus[2];
static uint8_t *memory;
static _Alignas(LINE) _Atomic uint64_t carried;

static void pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		perror("limits: sched_setaffinity");
}

/* How many descriptors can go from the one ring to the other, at most a batch. */
static unsigned movable(struct side *s)
{
	uint32_t waiting = s->in_producer - s->in_consumer;
	uint32_t room = SLOTS - (s->out_producer - s->out_consumer);

	if (waiting < batch) {
		s->in_producer = atomic_load_explicit(&s->in->producer, memory_order_acquire);
		waiting = s->in_producer - s->in_consumer;
	}
	if (room < batch) {
		s->out_consumer = atomic_load_explicit(&s->out->consumer, memory_order_acquire);
		room = SLOTS - (s->out_producer - s->out_consumer);
	}
	if (waiting > room)
		waiting = room;
	return waiting > batch ? batch : waiting;
}

static void publish(struct side *s, unsigned count)
{
	s->in_consumer += count;
	s->out_producer += count;
	atomic_store_explicit(&s->out->producer, s->out_producer, memory_order_release);
	atomic_store_explicit(&s->in->consumer, s->in_consumer, memory_order_release);
}

static struct descriptor *slot(struct ring *ring, uint32_t index) { return &ring->slots[index & (SLOTS - 1)]; }

static void *pass(void *second)
{
	struct side s = second ? (struct side){ .in = &forward, .out = &backward } :
				 (struct side){ .in = &backward, .out = &forward };
	uint64_t total = 0;

	pin(cpus[!!second]);
	s.out_producer = atomic_load(&s.out->producer);
	for (;;) {
		unsigned count = movable(&s);

		if (!count) {
			__builtin_ia32_pause();
			continue;
		}
		for (unsigned i = 0; i < count; i++)
			*slot(s.out, s.out_producer + i) = *slot(s.in, s.in_consumer + i);
		publish(&s, count);
		if (second)
			atomic_store_explicit(&carried, total += count, memory_order_relaxed);
	}
	return NULL;
}

/* As AF_XDP's: descriptors one way, addresses the other. */
struct frame_ring {
	_Alignas(LINE) _Atomic uint32_t producer;
	_Alignas(LINE) _Atomic uint32_t consumer;
	_Alignas(LINE) uint64_t slots[SLOTS];
};

static struct link {
	struct ring packets;
	struct frame_ring free;
} links[2];

/*
 * From one link to the other: a packet takes the place of a free frame of the other link, which goes back for it. Each link has as
 * many frames as a ring has slots, so there is always room.
 */
static void *pass_link(void *second)
{
	struct link *in = &links[!second], *out = &links[!!second];
	uint32_t taken = 0, sent = atomic_load(&out->packets.producer), given = atomic_load(&in->free.producer), used = 0;
	uint32_t packets = 0, frames = 0;
	uint64_t total = 0;

	pin(cpus[!!second]);
	for (;;) {
		unsigned count = batch;

		if (packets - taken < batch)
			packets = atomic_load_explicit(&in->packets.producer, memory_order_acquire);
		if (frames - used < batch)
			frames = atomic_load_explicit(&out->free.producer, memory_order_acquire);
		if (packets - taken < count)
			count = packets - taken;
		if (frames - used < count)
			count = frames - used;
		if (!count) {
			__builtin_ia32_pause();
			continue;
		}
		for (unsigned i = 0; i < count; i++)
			*slot(&out->packets, sent + i) = *slot(&in->packets, taken + i);
		for (unsigned i = 0; i < count; i++)
			in->free.slots[(given + i) & (SLOTS - 1)] = out->free.slots[(used + i) & (SLOTS - 1)];
		taken += count;
		sent += count;
		given += count;
		used += count;
		atomic_store_explicit(&out->packets.producer, sent, memory_order_release);
		atomic_store_explicit(&out->free.consumer, used, memory_order_release);
		atomic_store_explicit(&in->free.producer, given, memory_order_release);
		atomic_store_explicit(&in->packets.consumer, taken, memory_order_release);
		if (second)
			atomic_store_explicit(&carried, total += count, memory_order_relaxed);
	}
	return NULL;
}

/* The second link leads to the first thread, and has all packets at the start. */
static void fill_links(unsigned filled)
{
	for (unsigned i = 0; i < SLOTS; i++) {
		links[0].free.slots[i] = i * (uint64_t)FRAME + 256;
		if (i < filled)
			*slot(&links[1].packets, i) = (struct descriptor){ .address = i * (uint64_t)FRAME + 256, .length = 60 };
		else
			links[1].free.slots[i - filled] = i * (uint64_t)FRAME + 256;
	}
	atomic_store(&links[0].free.producer, SLOTS);
	atomic_store(&links[1].packets.producer, filled);
	atomic_store(&links[1].free.producer, SLOTS - filled);
}

/* What the forwarder with `macs: swap` does. */
static void swap(uint8_t *packet)
{
	uint8_t destination[6];

	memcpy(destination, packet, 6);
	memmove(packet, packet + 6, 6);
	memcpy(packet + 6, destination, 6);
}

static void run_stages(const uint64_t *addresses, unsigned count)
{
	for (unsigned stage = 0; stage < stages; stage++) {
		for (unsigned i = 0; i < count; i++)
			swap(memory + addresses[i]);
		/* A stage is not merged with the next one. */
		__asm__ volatile("" ::: "memory");
	}
}

static uint8_t template_packet[FRAME];

static void make(uint64_t address, uint64_t number)
{
	memcpy(memory + address, template_packet, size);
	memcpy(memory + address + 42, &number, sizeof(number));
}

/* Makes packets, and takes them off: every frame that comes back is a packet that came through. */
static void *ends(void *unused)
{
	struct side s = { .in = &backward, .out = &forward };
	uint64_t number = 0;

	(void)unused;
	pin(cpus[0]);
	for (;;) {
		unsigned count = movable(&s);

		if (!count) {
			__builtin_ia32_pause();
			continue;
		}
		for (unsigned i = 0; i < count; i++) {
			struct descriptor *to = slot(s.out, s.out_producer + i);

			*to = *slot(s.in, s.in_consumer + i);
			to->length = size;
			make(to->address, number++);
		}
		publish(&s, count);
		atomic_store_explicit(&carried, number, memory_order_relaxed);
	}
	return NULL;
}

#define BUCKETS (32 * 1024)

static uint64_t latencies[BUCKETS], known[BUCKETS];
static _Atomic uint64_t rate;

static uint64_t nanoseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ull + now.tv_nsec;
}

/* 1,024 buckets for each power of two: histogram.py. */
static unsigned bucket(uint64_t latency)
{
	unsigned shift = latency < 1024 ? 0 : 53 - __builtin_clzll(latency);

	return shift > 30 ? BUCKETS - 1 : shift * 1024 + (unsigned)(latency >> shift);
}

static void note(uint64_t now, uint64_t address)
{
	uint64_t made;

	memcpy(&made, memory + address + 50, sizeof(made));
	if (made)
		latencies[bucket(now - made)]++;
}

/* As `ends`, but packets are made when they are due, and it is noted how late they come back. */
static void *timed_ends(void *unused)
{
	struct side s = { .in = &backward, .out = &forward };
	uint64_t frames[SLOTS], number = 0, taken = 0, pace = 0, begin = 0, first = 0;
	unsigned spare = 0;

	(void)unused;
	pin(cpus[0]);
	for (;;) {
		uint64_t now = nanoseconds(), wanted = atomic_load_explicit(&rate, memory_order_relaxed), due = BATCH;
		unsigned count = atomic_load_explicit(&s.in->producer, memory_order_acquire) - s.in_consumer;

		if (count > BATCH)
			count = BATCH;
		for (unsigned i = 0; i < count; i++) {
			frames[spare] = slot(s.in, s.in_consumer + i)->address;
			note(now, frames[spare++]);
		}
		s.in_consumer += count;
		atomic_store_explicit(&s.in->consumer, s.in_consumer, memory_order_release);
		atomic_store_explicit(&carried, taken += count, memory_order_relaxed);

		if (wanted != pace) {
			pace = wanted;
			begin = now;
			first = number;
		}
		if (pace)
			due = (uint64_t)((now - begin) / 1e9 * pace) + first - number;
		if (due > BATCH)
			due = BATCH;
		/* There are as many frames as slots. */
		count = due > spare ? spare : due;
		if (!count) {
			__builtin_ia32_pause();
			continue;
		}
		for (unsigned i = 0; i < count; i++) {
			struct descriptor *to = slot(s.out, s.out_producer + i);

			*to = (struct descriptor){ .address = frames[--spare], .length = size };
			make(to->address, number++);
			memcpy(memory + to->address + 50, &now, sizeof(now));
		}
		s.out_producer += count;
		atomic_store_explicit(&s.out->producer, s.out_producer, memory_order_release);
	}
	return NULL;
}

static void print_latencies(void)
{
	for (unsigned i = 0; i < BUCKETS; i++) {
		uint64_t now = ((volatile uint64_t *)latencies)[i];

		if (now != known[i])
			printf("%u:%llu ", i, (unsigned long long)(now - known[i]));
		known[i] = now;
	}
	printf("\n");
}

static void *middle(void *unused)
{
	struct side s = { .in = &forward, .out = &backward };
	uint64_t addresses[BATCH];

	(void)unused;
	pin(cpus[1]);
	s.out_producer = atomic_load(&s.out->producer);
	for (;;) {
		unsigned count = movable(&s);

		if (!count) {
			__builtin_ia32_pause();
			continue;
		}
		for (unsigned i = 0; i < count; i++)
			addresses[i] = slot(s.in, s.in_consumer + i)->address;
		run_stages(addresses, count);
		for (unsigned i = 0; i < count; i++)
			*slot(s.out, s.out_producer + i) = *slot(s.in, s.in_consumer + i);
		publish(&s, count);
	}
	return NULL;
}

static void *alone(void *unused)
{
	uint64_t number = 0, addresses[BATCH];

	(void)unused;
	pin(cpus[0]);
	for (;;) {
		for (unsigned i = 0; i < BATCH; i++) {
			addresses[i] = number % SLOTS * FRAME + 256;
			make(addresses[i], number++);
		}
		run_stages(addresses, BATCH);
		atomic_store_explicit(&carried, number, memory_order_relaxed);
	}
	return NULL;
}

int main(int argc, char **argv)
{
	void *(*first)(void *) = pass, *(*second)(void *) = pass;
	unsigned filled = SLOTS;
	pthread_t thread;
	char line[64];

	if (argc != 6)
		return fprintf(stderr, "usage: limits ring|links|process|timed ...\n"), 2;
	cpus[0] = atoi(argv[4]);
	cpus[1] = atoi(argv[5]);
	if (!strcmp(argv[1], "ring") || !strcmp(argv[1], "links")) {
		batch = atoi(argv[2]);
		filled = atoi(argv[3]);
		if (!strcmp(argv[1], "links")) {
			first = second = pass_link;
			fill_links(filled);
		}
	} else {
		stages = atoi(argv[2]);
		size = atoi(argv[3]);
		first = !strcmp(argv[1], "timed") ? timed_ends : cpus[0] == cpus[1] ? alone : ends;
		second = first == alone ? NULL : middle;
	}
	memory = mmap(NULL, SLOTS * FRAME, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (memory == MAP_FAILED)
		return perror("limits: mmap"), 1;
	madvise(memory, SLOTS * FRAME, MADV_HUGEPAGE);
	for (unsigned i = 0; i < filled; i++)
		*slot(&backward, i) = (struct descriptor){ .address = i * (uint64_t)FRAME + 256, .length = 60 };
	atomic_store(&backward.producer, filled);
	pthread_create(&thread, NULL, first, NULL);
	if (second)
		pthread_create(&thread, NULL, second, cpus);
	while (fgets(line, sizeof(line), stdin)) {
		if (!strncmp(line, "rate ", 5))
			atomic_store(&rate, strtoull(line + 5, NULL, 10));
		if (!strncmp(line, "latency", 7))
			print_latencies();
		else
			printf("%llu\n", (unsigned long long)atomic_load_explicit(&carried, memory_order_relaxed));
		fflush(stdout);
	}
	return 0;
}
