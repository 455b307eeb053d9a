/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The arena: the shared memory, beside the UMEM, through which the threads of one topology and the daemon work together.
 * Everything in it is addressed by index or by byte offset from its start. Who writes a line stands at each part; lines
 * that different sides write are FLASH_LINE apart (two cache lines, since the prefetcher fetches lines in pairs).
 */
#ifndef FLASH_ARENA_H
#define FLASH_ARENA_H

#include <stddef.h>
#include <stdint.h>

#define FLASH_ARENA_MAGIC 0x33616e6572616673ull /* "sfarena3" */
#define FLASH_LINE 128
#define FLASH_BATCH 64

#define FLASH_THREADS 2048
#define FLASH_RINGS 16384
#define FLASH_PORTS 512

#define FLASH_COUNTERS 32
#define FLASH_PROGRAM_COUNTERS 64

/* As struct xdp_desc. In a ring a length of 0 marks a descriptor that carries no packet. */
struct flash_descriptor {
	uint64_t address;
	uint32_t length;
	uint32_t options;
};

#define FLASH_OPTION_PROBE 0x80000000u
/* As XDP_FLASH_INDEX_SHIFT of the FLASH kernel: which socket of its rule a packet goes to. */
#define FLASH_OPTION_OUTLET_SHIFT 16

/* Sockets that redirect exchange frames with each other, unseen: such a frame is in the kernel rings of one of them. */
#define FLASH_REDIRECTING 0xffff

enum flash_use { FLASH_UNUSED = 0, FLASH_USED = 1 };

/*
 * An exchange ring: every slot holds exactly one frame (see ARCHITECTURE.md). Where the packets of a link go through sockets, one
 * without slots counts them.
 */
struct flash_ring {
	/* The writer's line. */
	uint32_t producer;
	uint32_t reserved;
	uint64_t bytes; /* of the packets that went in */
	uint32_t padding_1[28];
	/* The reader's line. */
	uint32_t consumer;
	uint32_t probed; /* a probe of the writer has come through */
	uint32_t padding_2[30];
	/* Constant while in use; the daemon's. */
	uint32_t use;
	uint32_t capacity; /* a power of two; 0: it only counts */
	uint32_t writer; /* thread */
	uint32_t reader; /* thread */
	uint64_t slots; /* offset of capacity descriptors */
	uint32_t number; /* the flash-id */
	uint32_t padding_3[25];
};

/* Where a kernel ring of an AF_XDP socket lies: what mmap() takes, and offsets in the mapping (struct xdp_mmap_offsets). */
struct flash_kernel_ring {
	uint64_t page_offset;
	uint64_t length;
	uint32_t producer;
	uint32_t consumer;
	uint32_t flags;
	uint32_t descriptors;
	uint32_t size; /* in descriptors, a power of two */
	uint32_t reserved;
};

/*
 * An AF_XDP socket: a NIC queue, or one that redirects to others. Receive side: fill.size frames. Send side: an exchange ring over
 * tx, completion and pool.
 */
struct flash_port {
	/* Writers of the send side: 0, or the holder's thread index + 1. Tried, never waited for. */
	uint32_t send_lock;
	uint32_t reserved_1;
	uint64_t sent_bytes; /* the holder's */
	uint32_t padding_1[28];
	/* Constant while in use; the daemon's. */
	uint32_t use;
	uint32_t reader; /* thread, or ~0 */
	uint32_t number; /* the flash-id */
	uint32_t redirects; /* 1: packets come from sockets and go to sockets, never to a device */
	uint64_t pool; /* offset of tx.size frame addresses; the one for TX index i lies at i modulo tx.size */
	struct flash_kernel_ring receive, transmit, fill, completion;
	uint64_t padding_2[9];
};

enum flash_mode { FLASH_MODE_RUN = 0, FLASH_MODE_PAUSE = 1, FLASH_MODE_STOP = 2 };
enum flash_sleep { FLASH_AWAKE = 0, FLASH_SLEEPS_EMPTY = 1, FLASH_SLEEPS_BLOCKED = 2 };
enum flash_phase { FLASH_PHASE_IDLE = 0, FLASH_PHASE_COMMITTING = 1, FLASH_PHASE_EXCHANGING = 2 };
enum flash_kind { FLASH_KIND_NONE = 0, FLASH_KIND_RING = 1, FLASH_KIND_PORT = 2, FLASH_KIND_GENERATE = 3 };

/* Slots of flash_thread.counters. Drop reasons follow FLASH_COUNTER_DROPS. */
enum flash_counter {
	FLASH_COUNTER_RX_PACKETS,
	FLASH_COUNTER_RX_BYTES,
	FLASH_COUNTER_TX_PACKETS,
	FLASH_COUNTER_TX_BYTES,
	FLASH_COUNTER_BATCHES,
	FLASH_COUNTER_WAKEUPS_SENT,
	FLASH_COUNTER_SLEEPS,
	FLASH_COUNTER_BLOCKED_NANOSECONDS,
	FLASH_COUNTER_TX_ERRORS,
	FLASH_COUNTER_DROPS,
};

/* What a batch changes beyond its input: an output's producer index, from `before` by `count`. */
struct flash_move {
	uint32_t kind;
	uint32_t index;
	uint32_t before;
	uint32_t count;
};

/*
 * The batch that a thread carries. In FLASH_PHASE_COMMITTING everything in it is final: whoever finds it so repeats the
 * writes as far as the indices show that they are missing. A uniform batch goes from one ring to one other, and through
 * FLASH_PHASE_EXCHANGING before: the output's free frames are being copied into the input's slots, which the output still has.
 */
struct flash_journal {
	uint32_t phase;
	uint32_t input_kind;
	uint32_t input_index;
	uint32_t input_before; /* the consumer index */
	uint32_t fill_before; /* a port's fill producer index */
	uint32_t count; /* packets */
	uint32_t move_count;
	uint32_t uniform; /* all packets go the one move, packet i at its before + i; taken, slot and move say nothing */
	struct flash_descriptor packets[FLASH_BATCH];
	uint64_t taken[FLASH_BATCH]; /* the frame that comes in exchange */
	uint32_t slot[FLASH_BATCH]; /* the producer index it is written at */
	uint16_t verdicts[FLASH_BATCH];
	uint8_t move[FLASH_BATCH]; /* index in moves, or FLASH_NO_MOVE */
	struct flash_move moves[FLASH_BATCH];
	uint64_t padding[4];
};

#define FLASH_NO_MOVE 0xff

struct flash_thread {
	/* The daemon's line. */
	uint32_t generation; /* of the table; 0: none yet */
	uint32_t mode;
	uint64_t table; /* offset of a struct flash_table */
	uint64_t spin_nanoseconds; /* before a sleep; ~0: never sleep */
	uint32_t use;
	uint32_t cpu; /* 1 + the only one that it runs on, or 0 */
	uint32_t padding_1[24];
	/* The thread's, read by its neighbours. */
	uint32_t sleeping;
	uint32_t padding_2[31];
	/* The thread's, read by the daemon. */
	uint32_t acknowledged; /* the generation taken over */
	uint32_t acknowledged_mode;
	uint32_t padding_3[30];
	uint64_t counters[FLASH_COUNTERS];
	uint64_t program_counters[FLASH_PROGRAM_COUNTERS];
	struct flash_journal journal;
};

/*
 * What a thread reads and where its outputs lead. Behind it: inputs, then routes (for each input output_count of them), then
 * targets. Immutable once a generation names it.
 */
struct flash_table {
	uint32_t size; /* of all, in bytes */
	uint32_t input_count;
	uint32_t output_count;
	uint32_t target_count;
};

struct flash_input {
	uint32_t kind;
	uint32_t index;
};

struct flash_route {
	uint32_t first; /* of the targets */
	uint32_t count; /* 0: no link; more than 1: the flow's hash chooses */
};

struct flash_target {
	uint32_t kind;
	uint32_t index;
	uint32_t options; /* of the descriptors that go there: where a redirecting socket sends them to */
	uint32_t counter; /* 1 + the ring that counts these packets, or 0 */
};

struct flash_arena {
	uint64_t magic;
	uint64_t size;
	uint64_t frame_count;
	uint64_t frame_size;
	uint64_t heap; /* offset of what is handed out piecewise */
	/* offset of frame_count uint16_t: 1 + the port whose kernel rings have the frame, FLASH_REDIRECTING, or 0 */
	uint64_t frame_ports;
	uint64_t frame_pool; /* offset of frame_count uint8_t, the daemon's: 1 where nobody has the frame */
	uint32_t next_number; /* the flash-id given out next */
	uint32_t reserved;
	/* Then, at FLASH_THREADS_OFFSET and so on, the threads, the rings, the ports and the heap. */
};

_Static_assert(sizeof(struct flash_descriptor) == 16, "as struct xdp_desc");
_Static_assert(sizeof(struct flash_ring) == 3 * FLASH_LINE, "a line a side");
_Static_assert(sizeof(struct flash_thread) % FLASH_LINE == 0, "threads share no line");
_Static_assert(offsetof(struct flash_thread, sleeping) % FLASH_LINE == 0, "a line a side");
_Static_assert(offsetof(struct flash_thread, counters) % FLASH_LINE == 0, "a line a side");
_Static_assert(sizeof(struct flash_port) % FLASH_LINE == 0, "ports share no line");
_Static_assert(sizeof(struct flash_kernel_ring) == 40, "no padding");

#define FLASH_THREADS_OFFSET ((uint64_t)4096)
#define FLASH_RINGS_OFFSET (FLASH_THREADS_OFFSET + FLASH_THREADS * sizeof(struct flash_thread))
#define FLASH_PORTS_OFFSET (FLASH_RINGS_OFFSET + FLASH_RINGS * sizeof(struct flash_ring))
#define FLASH_HEAP_OFFSET ((FLASH_PORTS_OFFSET + FLASH_PORTS * sizeof(struct flash_port) + 4095) & ~(uint64_t)4095)

/* A daemon takes over the workers of any version whose arena has this magic. Another layout needs another magic. */
_Static_assert(FLASH_HEAP_OFFSET == 15142912, "change FLASH_ARENA_MAGIC with the layout");

/* An index out of range stays within the arena: what a worker writes is not believed. */
static inline struct flash_thread *flash_arena_thread(struct flash_arena *arena, uint32_t index)
{
	return (struct flash_thread *)((char *)arena + FLASH_THREADS_OFFSET) + index % FLASH_THREADS;
}

static inline struct flash_ring *flash_arena_ring(struct flash_arena *arena, uint32_t index)
{
	return (struct flash_ring *)((char *)arena + FLASH_RINGS_OFFSET) + index % FLASH_RINGS;
}

static inline struct flash_port *flash_arena_port(struct flash_arena *arena, uint32_t index)
{
	return (struct flash_port *)((char *)arena + FLASH_PORTS_OFFSET) + index % FLASH_PORTS;
}

static inline uint64_t flash_arena_heap_offset(void) { return FLASH_HEAP_OFFSET; }

static inline uint32_t *flash_ring_producer(struct flash_ring *ring) { return &ring->producer; }
static inline uint64_t *flash_ring_bytes(struct flash_ring *ring) { return &ring->bytes; }
static inline uint64_t *flash_port_bytes(struct flash_port *port) { return &port->sent_bytes; }
static inline uint32_t *flash_ring_consumer(struct flash_ring *ring) { return &ring->consumer; }

static inline uint64_t *flash_thread_counters(struct flash_thread *thread) { return thread->counters; }
static inline uint64_t *flash_thread_program_counters(struct flash_thread *thread) { return thread->program_counters; }
static inline struct flash_descriptor *flash_journal_packets(struct flash_journal *j) { return j->packets; }
static inline uint64_t *flash_journal_taken(struct flash_journal *j) { return j->taken; }
static inline uint32_t *flash_journal_slot(struct flash_journal *j) { return j->slot; }
static inline uint16_t *flash_journal_verdicts(struct flash_journal *j) { return j->verdicts; }
static inline uint8_t *flash_journal_move(struct flash_journal *j) { return j->move; }
static inline struct flash_move *flash_journal_moves(struct flash_journal *j) { return j->moves; }
static inline struct flash_journal *flash_thread_journal(struct flash_thread *thread) { return &thread->journal; }

/* Loads, stores and fences that two sides of shared memory need. */
static inline uint32_t flash_load_acquire(const uint32_t *word) { return __atomic_load_n(word, __ATOMIC_ACQUIRE); }
static inline uint32_t flash_load_relaxed(const uint32_t *word) { return __atomic_load_n(word, __ATOMIC_RELAXED); }
static inline uint64_t flash_load_relaxed64(const uint64_t *word) { return __atomic_load_n(word, __ATOMIC_RELAXED); }
static inline void flash_store_release(uint32_t *word, uint32_t value) { __atomic_store_n(word, value, __ATOMIC_RELEASE); }
static inline void flash_store_relaxed(uint32_t *word, uint32_t value) { __atomic_store_n(word, value, __ATOMIC_RELAXED); }
static inline void flash_store_relaxed64(uint64_t *word, uint64_t value) { __atomic_store_n(word, value, __ATOMIC_RELAXED); }
static inline void flash_fence(void) { __atomic_thread_fence(__ATOMIC_SEQ_CST); }

/* Orders writes against the death of this process: another process sees them in program order. */
static inline void flash_release_fence(void) { __atomic_thread_fence(__ATOMIC_RELEASE); }

static inline uint32_t flash_exchange(uint32_t *word, uint32_t value)
{
	return __atomic_exchange_n(word, value, __ATOMIC_ACQ_REL);
}

static inline int flash_compare_exchange(uint32_t *word, uint32_t expected, uint32_t desired)
{
	return __atomic_compare_exchange_n(word, &expected, desired, 0, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

static inline void flash_prefetch(const void *address) { __builtin_prefetch(address, 0, 3); }

static inline void flash_prefetch_for_write(const void *address)
{
#if defined(__x86_64__)
	/* The compiler's own is for any x86, which may not have this, and reads the line only. */
	__asm__ volatile("prefetchw %0" : : "m"(*(const char *)address));
#else
	__builtin_prefetch(address, 1, 3);
#endif
}

static inline void flash_pause(void)
{
#if defined(__x86_64__)
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	__asm__ volatile("yield");
#endif
}

#endif
