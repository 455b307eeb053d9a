/* SPDX-License-Identifier: GPL-2.0-only */
/* AF_XDP sockets for the tests, from system calls alone: every ring and every frame can be looked at and counted. */

#ifndef PORT_H
#define PORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/if_xdp.h>

/* Newer than the header of some systems that this builds on. */
#ifndef XDP_USE_SG
#define XDP_USE_SG (1 << 4)
#endif
#ifndef XDP_PKT_CONTD
#define XDP_PKT_CONTD (1 << 0)
#endif

#define FRAME 2048
#define RING 64
#define FLASH_ID 100 /* XDP_FLASH_ID of the series */

struct ring {
	uint32_t *producer, *consumer, *flags;
	union {
		struct xdp_desc *desc;
		uint64_t *addr;
	};
	uint32_t size;
	void *base; /* of the mapping */
	size_t length;
};

struct umem {
	uint8_t *area;
	uint32_t frames, frame_size, headroom, flags;
	int fd; /* of the first socket, which the UMEM is registered with; -1 before */
	uint32_t next_frame; /* not yet given to a port */
};

struct port {
	int fd;
	uint32_t id;
	struct umem *umem;
	struct ring rx, tx, fill, comp;
	uint64_t *free; /* frames that the application holds */
	uint32_t held;
};

struct port_options {
	const char *device; /* "flash0" if NULL */
	uint32_t queue;
	uint32_t rx, tx, fill, comp; /* ring sizes, RING if 0, none if NONE */
	uint32_t frames;             /* of the UMEM for this port, RING * 2 if 0 */
	uint32_t filled;             /* of those in the fill ring at once, RING if 0, none if NONE */
	uint16_t bind_flags;         /* XDP_COPY if 0; XDP_ZEROCOPY where `zero_copy` and not on "copy..." */
	bool same_queue;             /* shares fill and completion ring with the first socket of the UMEM */
};
#define NONE UINT32_MAX

/* Fails the running test with file, line and text. */
_Noreturn void fail(const char *file, int line, const char *format, ...) __attribute__((format(printf, 3, 4)));
#define CHECK(condition, ...) do { if (!(condition)) fail(__FILE__, __LINE__, #condition " " __VA_ARGS__); } while (0)
#define EQUAL(a, b) do { long long a_ = (a), b_ = (b); \
	if (a_ != b_) fail(__FILE__, __LINE__, "%s is %lld, not %lld", #a, a_, b_); } while (0)

struct umem *umem_new(uint32_t frames, uint32_t frame_size, uint32_t flags);
struct port *port_new(struct umem *umem, struct port_options options);
int port_try(struct port *port, struct umem *umem, struct port_options options); /* 0 or -errno of bind() */
void port_close(struct port *port);

void port_fill(struct port *port, uint32_t frames);
void port_fill_with(struct port *port, uint64_t addr); /* whatever it is */
void port_refill(struct port *port); /* with all that it holds and that has room */
uint64_t port_take(struct port *port); /* a frame that the application holds */
void port_queue(struct port *port, uint64_t addr, uint32_t len, uint32_t options); /* one descriptor into TX */
void port_send(struct port *port, uint32_t value, uint32_t index); /* a packet of 64 bytes with this value into TX */
int port_kick(struct port *port); /* sendto(): 0 or -errno */
uint32_t port_complete(struct port *port); /* completion ring to held frames */
bool port_peek(struct port *port, uint64_t *addr, uint32_t *len, uint32_t *options);
bool port_receive(struct port *port, uint32_t *value); /* one packet of port_send(), its frame is then held */
uint32_t port_drain(struct port *port); /* receives and forgets; how many packets */
int port_signal(struct port *port); /* recvfrom(MSG_MORE): 0 or -errno */
int port_poll(struct port *port, short events, int milliseconds); /* revents */
uint32_t ring_count(const struct ring *ring);
uint8_t *port_data(struct port *port, uint64_t addr);

/* Every frame of the UMEM stands exactly once in a ring of these ports or is held by one of them. */
void frames_check(struct umem *umem, struct port **ports, int count);

int next_write(uint32_t id, const char *text); /* 0 or -errno */
void next_set(const struct port *from, const struct port *to);
void text_read(char *text, size_t size, const char *format, ...) __attribute__((format(printf, 3, 4)));
int text_write(const char *path, const char *text); /* 0 or -errno */
long counter(const struct port *port, const char *name);
bool known(uint32_t id); /* /sys/kernel/flash/ID exists */

extern bool zero_copy; /* devices are of the test driver, and sockets bind to them with XDP_ZEROCOPY */
void driver_load(const char *module);
void device_add(const char *name, const char *peer, int queues); /* a pair, up; of veth if the name begins with "copy" */
void shell(const char *format, ...) __attribute__((format(printf, 1, 2)));
int xskmap_attach(const char *device, int queues); /* an XDP program that redirects by queue; returns the map */
void xskmap_set(int map, uint32_t queue, int fd);
int packet_socket(const char *device); /* to put frames on a wire */

#endif
