/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the machine allows: a ring pair between two CPUs, and one process that runs all stages in turn.
 *
 *   limits ring BATCH DESCRIPTORS CPU CPU      so many descriptors go round two threads over two rings
 *   limits process STAGES SIZE CPU CPU         one thread makes packets and takes them off, the other one runs all stages
 *                                              on each batch in turn; on one CPU the same thread does it all
 *
 * Prints the packets (or descriptors) that came through each time a line comes in.
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

	if (argc != 6)
		return fprintf(stderr, "usage: limits ring|process ...\n"), 2;
	cpus[0] = atoi(argv[4]);
	cpus[1] = atoi(argv[5]);
	if (!strcmp(argv[1], "ring")) {
		batch = atoi(argv[2]);
		filled = atoi(argv[3]);
	} else {
		stages = atoi(argv[2]);
		size = atoi(argv[3]);
		first = cpus[0] == cpus[1] ? alone : ends;
		second = cpus[0] == cpus[1] ? NULL : middle;
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
	while (getchar() != EOF) {
		printf("%llu\n", (unsigned long long)atomic_load_explicit(&carried, memory_order_relaxed));
		fflush(stdout);
	}
	return 0;
}
