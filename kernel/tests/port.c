// SPDX-License-Identifier: GPL-2.0-only

#define _GNU_SOURCE
#include "port.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/if_xdp.h>
#include <net/if.h>
#include <poll.h>
#include <arpa/inet.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

bool zero_copy;

#define load(p) __atomic_load_n(p, __ATOMIC_ACQUIRE)
#define store(p, v) __atomic_store_n(p, v, __ATOMIC_RELEASE)

void fail(const char *file, int line, const char *format, ...)
{
	va_list arguments;

	printf("%s:%d: ", file, line);
	va_start(arguments, format);
	vprintf(format, arguments);
	va_end(arguments);
	printf("\n");
	fflush(stdout);
	_exit(1);
}

struct umem *umem_new(uint32_t frames, uint32_t frame_size, uint32_t flags)
{
	struct umem *umem = calloc(1, sizeof(*umem));

	umem->frames = frames;
	umem->frame_size = frame_size;
	umem->flags = flags;
	umem->fd = -1;
	umem->area = mmap(NULL, (size_t)frames * frame_size, PROT_READ | PROT_WRITE,
			  MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	CHECK(umem->area != MAP_FAILED, "%s", strerror(errno));
	return umem;
}

static bool copies(const char *device)
{
	return !zero_copy || !strncmp(device, "copy", 4);
}

static void ring_map(int fd, struct ring *ring, const struct xdp_ring_offset *offset, off_t page, size_t entry)
{
	uint8_t *base;

	ring->length = offset->desc + ring->size * entry;
	base = mmap(NULL, ring->length, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, page);
	CHECK(base != MAP_FAILED, "%s", strerror(errno));
	ring->base = base;
	ring->producer = (uint32_t *)(base + offset->producer);
	ring->consumer = (uint32_t *)(base + offset->consumer);
	ring->flags = (uint32_t *)(base + offset->flags);
	ring->desc = (struct xdp_desc *)(base + offset->desc);
}

static uint32_t or_default(uint32_t value, uint32_t usual)
{
	return value == NONE ? 0 : value ? value : usual;
}

static void ring_set(int fd, int option, uint32_t size)
{
	if (size)
		CHECK(!setsockopt(fd, SOL_XDP, option, &size, sizeof(size)), "%s", strerror(errno));
}

int port_try(struct port *port, struct umem *umem, struct port_options options)
{
	const char *device = options.device ? options.device : "flash0";
	struct sockaddr_xdp address = { .sxdp_family = AF_XDP };
	struct xdp_mmap_offsets offsets;
	socklen_t length = sizeof(offsets);

	memset(port, 0, sizeof(*port));
	port->umem = umem;
	port->rx.size = or_default(options.rx, RING);
	port->tx.size = or_default(options.tx, RING);
	port->fill.size = options.same_queue ? 0 : or_default(options.fill, RING);
	port->comp.size = options.same_queue ? 0 : or_default(options.comp, RING);
	port->fd = socket(AF_XDP, SOCK_RAW | SOCK_CLOEXEC, 0);
	CHECK(port->fd >= 0, "%s", strerror(errno));

	if (umem->fd < 0) {
		struct xdp_umem_reg registration = {
			.addr = (uintptr_t)umem->area, .len = (uint64_t)umem->frames * umem->frame_size,
			.chunk_size = umem->frame_size, .headroom = umem->headroom, .flags = umem->flags,
		};

		CHECK(!setsockopt(port->fd, SOL_XDP, XDP_UMEM_REG, &registration, sizeof(registration)), "%s",
		      strerror(errno));
		address.sxdp_flags = (options.bind_flags & ~XDP_COPY) | (copies(device) ? XDP_COPY : XDP_ZEROCOPY);
	} else {
		address.sxdp_flags = XDP_SHARED_UMEM;
		address.sxdp_shared_umem_fd = umem->fd;
	}
	ring_set(port->fd, XDP_UMEM_FILL_RING, port->fill.size);
	ring_set(port->fd, XDP_UMEM_COMPLETION_RING, port->comp.size);
	ring_set(port->fd, XDP_RX_RING, port->rx.size);
	ring_set(port->fd, XDP_TX_RING, port->tx.size);
	CHECK(!getsockopt(port->fd, SOL_XDP, XDP_MMAP_OFFSETS, &offsets, &length), "%s", strerror(errno));
	if (port->rx.size)
		ring_map(port->fd, &port->rx, &offsets.rx, XDP_PGOFF_RX_RING, sizeof(struct xdp_desc));
	if (port->tx.size)
		ring_map(port->fd, &port->tx, &offsets.tx, XDP_PGOFF_TX_RING, sizeof(struct xdp_desc));
	if (port->fill.size)
		ring_map(port->fd, &port->fill, &offsets.fr, XDP_UMEM_PGOFF_FILL_RING, sizeof(uint64_t));
	if (port->comp.size)
		ring_map(port->fd, &port->comp, &offsets.cr, XDP_UMEM_PGOFF_COMPLETION_RING, sizeof(uint64_t));

	address.sxdp_ifindex = if_nametoindex(device);
	address.sxdp_queue_id = options.queue;
	/* A queue stays taken for a moment after its last socket has closed. */
	for (int i = 0; bind(port->fd, (struct sockaddr *)&address, sizeof(address)); i++) {
		int error = errno;

		if (error != EBUSY || i == 1000) {
			close(port->fd);
			return -error;
		}
		usleep(1000);
	}
	if (umem->fd < 0)
		umem->fd = port->fd;

	length = sizeof(port->id);
	if (getsockopt(port->fd, SOL_XDP, FLASH_ID, &port->id, &length))
		port->id = 0;

	options.frames = or_default(options.frames, 2 * RING);
	if (options.frames > umem->frames - umem->next_frame)
		options.frames = umem->frames - umem->next_frame;
	port->free = calloc(umem->frames, sizeof(*port->free));
	for (uint32_t i = 0; i < options.frames; i++)
		port->free[port->held++] = (uint64_t)umem->next_frame++ * umem->frame_size;
	if (port->fill.size) {
		uint32_t filled = or_default(options.filled, RING);

		filled = filled < port->fill.size ? filled : port->fill.size;
		port_fill(port, filled < options.frames ? filled : options.frames);
	}
	return 0;
}

struct port *port_new(struct umem *umem, struct port_options options)
{
	struct port *port = calloc(1, sizeof(*port));
	int error = port_try(port, umem, options);

	if (error)
		fail(__FILE__, __LINE__, "bind to %s:%u: %s", options.device ? options.device : "flash0",
		     options.queue, strerror(-error));
	return port;
}

/* A mapped ring keeps its socket open. */
void port_close(struct port *port)
{
	struct ring *rings[] = { &port->rx, &port->tx, &port->fill, &port->comp };

	for (int i = 0; i < 4; i++)
		if (rings[i]->size)
			munmap(rings[i]->base, rings[i]->length);
	close(port->fd);
	port->fd = -1;
}

uint32_t ring_count(const struct ring *ring)
{
	return ring->size ? load(ring->producer) - load(ring->consumer) : 0;
}

uint8_t *port_data(struct port *port, uint64_t addr)
{
	if (port->umem->flags & XDP_UMEM_UNALIGNED_CHUNK_FLAG)
		addr = (addr & XSK_UNALIGNED_BUF_ADDR_MASK) + (addr >> XSK_UNALIGNED_BUF_OFFSET_SHIFT);
	return port->umem->area + addr;
}

static uint64_t frame_of(const struct umem *umem, uint64_t addr)
{
	if (umem->flags & XDP_UMEM_UNALIGNED_CHUNK_FLAG)
		addr &= XSK_UNALIGNED_BUF_ADDR_MASK;
	return addr / umem->frame_size * umem->frame_size;
}

static void hold(struct port *port, uint64_t addr)
{
	port->free[port->held++] = frame_of(port->umem, addr);
}

uint64_t port_take(struct port *port)
{
	CHECK(port->held, "a frame is left");
	return port->free[--port->held];
}

void port_fill(struct port *port, uint32_t frames)
{
	uint32_t producer = *port->fill.producer;

	CHECK(frames <= port->fill.size - ring_count(&port->fill));
	for (uint32_t i = 0; i < frames; i++)
		port->fill.addr[producer++ & (port->fill.size - 1)] = port_take(port);
	store(port->fill.producer, producer);
}

void port_fill_with(struct port *port, uint64_t addr)
{
	port->fill.addr[*port->fill.producer & (port->fill.size - 1)] = addr;
	__atomic_store_n(port->fill.producer, *port->fill.producer + 1, __ATOMIC_RELEASE);
}

void port_refill(struct port *port)
{
	uint32_t space = port->fill.size - ring_count(&port->fill);

	port_fill(port, port->held < space ? port->held : space);
}

void port_queue(struct port *port, uint64_t addr, uint32_t len, uint32_t options)
{
	uint32_t producer = *port->tx.producer;

	CHECK(ring_count(&port->tx) < port->tx.size, "TX has room");
	port->tx.desc[producer & (port->tx.size - 1)] =
		(struct xdp_desc){ .addr = addr, .len = len, .options = options };
	store(port->tx.producer, producer + 1);
}

void port_send(struct port *port, uint32_t value, uint32_t index)
{
	uint64_t addr = port_take(port);
	uint8_t *data = port_data(port, addr);

	memset(data, value & 0xff, 64);
	memcpy(data, &value, sizeof(value));
	port_queue(port, addr, 64, index << 16);
}

int port_kick(struct port *port)
{
	return sendto(port->fd, NULL, 0, MSG_DONTWAIT, NULL, 0) < 0 ? -errno : 0;
}

uint32_t port_complete(struct port *port)
{
	uint32_t count = ring_count(&port->comp), consumer = *port->comp.consumer;

	for (uint32_t i = 0; i < count; i++)
		hold(port, port->comp.addr[consumer++ & (port->comp.size - 1)]);
	store(port->comp.consumer, consumer);
	return count;
}

bool port_peek(struct port *port, uint64_t *addr, uint32_t *len, uint32_t *options)
{
	struct xdp_desc *desc;

	if (!ring_count(&port->rx))
		return false;
	desc = &port->rx.desc[*port->rx.consumer & (port->rx.size - 1)];
	*addr = desc->addr;
	*len = desc->len;
	*options = desc->options;
	hold(port, desc->addr);
	store(port->rx.consumer, *port->rx.consumer + 1);
	return true;
}

bool port_receive(struct port *port, uint32_t *value)
{
	uint32_t len, options;
	uint64_t addr;
	uint8_t *data;

	if (!port_peek(port, &addr, &len, &options))
		return false;
	data = port_data(port, addr);
	memcpy(value, data, sizeof(*value));
	EQUAL(options, 0);
	CHECK(len == 64, "is %u", len);
	CHECK(data[63] == (uint8_t)*value, "the bytes are those of packet %u", *value);
	return true;
}

uint32_t port_drain(struct port *port)
{
	uint32_t count = 0, len, options;
	uint64_t addr;

	while (port_peek(port, &addr, &len, &options))
		count += !(options & XDP_PKT_CONTD);
	return count;
}

int port_signal(struct port *port)
{
	return recvfrom(port->fd, NULL, 0, MSG_MORE, NULL, NULL) < 0 ? -errno : 0;
}

int port_poll(struct port *port, short events, int milliseconds)
{
	struct pollfd entry = { .fd = port->fd, .events = events };

	CHECK(poll(&entry, 1, milliseconds) >= 0, "%s", strerror(errno));
	return entry.revents;
}

static void seen(struct umem *umem, uint8_t *marks, uint64_t addr, const char *where, uint32_t id, uint32_t *total)
{
	uint64_t frame = frame_of(umem, addr) / umem->frame_size;

	if (frame >= umem->frames || marks[frame]++)
		fail(__FILE__, __LINE__, "frame %llu (in %s of %u) is owned twice or does not exist",
		     (unsigned long long)frame, where, id);
	++*total;
}

void frames_check(struct umem *umem, struct port **ports, int count)
{
	uint8_t *marks = calloc(umem->frames, 1);
	uint32_t total = 0;

	for (int i = 0; i < count; i++) {
		struct port *p = ports[i];

		for (uint32_t j = 0; j < p->held; j++)
			seen(umem, marks, p->free[j], "hand", p->id, &total);
		for (uint32_t j = 0; j < ring_count(&p->rx); j++)
			seen(umem, marks, p->rx.desc[(*p->rx.consumer + j) & (p->rx.size - 1)].addr, "RX", p->id, &total);
		for (uint32_t j = 0; j < ring_count(&p->tx); j++)
			seen(umem, marks, p->tx.desc[(*p->tx.consumer + j) & (p->tx.size - 1)].addr, "TX", p->id, &total);
		for (uint32_t j = 0; j < ring_count(&p->fill); j++)
			seen(umem, marks, p->fill.addr[(*p->fill.consumer + j) & (p->fill.size - 1)], "fill", p->id, &total);
		for (uint32_t j = 0; j < ring_count(&p->comp); j++)
			seen(umem, marks, p->comp.addr[(*p->comp.consumer + j) & (p->comp.size - 1)], "completion", p->id,
			     &total);
	}
	EQUAL(total, umem->next_frame);
	free(marks);
}

int text_write(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY), error = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		error = -errno;
	close(fd);
	return error;
}

int next_write(uint32_t id, const char *text)
{
	char path[64];

	snprintf(path, sizeof(path), "/sys/kernel/flash/%u/next", id);
	return text_write(path, text);
}

void next_set(const struct port *from, const struct port *to)
{
	char text[16];

	snprintf(text, sizeof(text), "%u\n", to->id);
	EQUAL(next_write(from->id, text), 0);
}

void text_read(char *text, size_t size, const char *format, ...)
{
	char path[128];
	va_list arguments;
	ssize_t length;
	int fd;

	va_start(arguments, format);
	vsnprintf(path, sizeof(path), format, arguments);
	va_end(arguments);
	fd = open(path, O_RDONLY);
	CHECK(fd >= 0, "%s: %s", path, strerror(errno));
	length = read(fd, text, size - 1);
	CHECK(length >= 0, "%s: %s", path, strerror(errno));
	text[length] = '\0';
	close(fd);
}

long counter(const struct port *port, const char *name)
{
	char text[32];

	text_read(text, sizeof(text), "/sys/kernel/flash/%u/statistics/%s", port->id, name);
	return atol(text);
}

bool known(uint32_t id)
{
	char path[64];

	snprintf(path, sizeof(path), "/sys/kernel/flash/%u", id);
	return !access(path, F_OK);
}

void shell(const char *format, ...)
{
	char command[512];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(command, sizeof(command), format, arguments);
	va_end(arguments);
	if (system(command))
		fail(__FILE__, __LINE__, "failed: %s", command);
}

void driver_load(const char *module)
{
	int fd = open(module, O_RDONLY | O_CLOEXEC);

	CHECK(fd >= 0, "%s: %s", module, strerror(errno));
	CHECK(!syscall(SYS_finit_module, fd, "", 0), "%s: %s", module, strerror(errno));
	close(fd);
	zero_copy = true;
}

void device_add(const char *name, const char *peer, int queues)
{
	if (copies(name)) {
		shell("ip link add %s numrxqueues %d numtxqueues %d type veth peer name %s numrxqueues %d numtxqueues %d",
		      name, queues, queues, peer, queues, queues);
	} else {
		shell("ip link add %s numrxqueues %d numtxqueues %d type xskwire", name, queues, queues);
		shell("ip link add %s numrxqueues %d numtxqueues %d type xskwire", peer, queues, queues);
	}
	shell("sysctl -qw net.ipv6.conf.%s.disable_ipv6=1 net.ipv6.conf.%s.disable_ipv6=1", name, peer);
	shell("ip link set %s up && ip link set %s up", name, peer);
}

static long bpf(int command, union bpf_attr *attr)
{
	return syscall(SYS_bpf, command, attr, sizeof(*attr));
}

int xskmap_attach(const char *device, int queues)
{
	union bpf_attr map = { .map_type = BPF_MAP_TYPE_XSKMAP, .key_size = 4, .value_size = 4, .max_entries = queues };
	int fd = bpf(BPF_MAP_CREATE, &map), program;

	CHECK(fd >= 0, "%s", strerror(errno));
	struct bpf_insn code[] = {
		/* r2 = context->rx_queue_index; r1 = map; r3 = XDP_PASS; return redirect_map(r1, r2, r3) */
		{ .code = BPF_LDX | BPF_MEM | BPF_W, .dst_reg = 2, .src_reg = 1,
		  .off = offsetof(struct xdp_md, rx_queue_index) },
		{ .code = BPF_LD | BPF_DW | BPF_IMM, .dst_reg = 1, .src_reg = BPF_PSEUDO_MAP_FD, .imm = fd },
		{ 0 },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 3, .imm = XDP_PASS },
		{ .code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_redirect_map },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	union bpf_attr load = { .prog_type = BPF_PROG_TYPE_XDP, .insns = (uintptr_t)code,
				.insn_cnt = sizeof(code) / sizeof(*code), .license = (uintptr_t)"GPL",
				.prog_flags = BPF_F_XDP_HAS_FRAGS };

	program = bpf(BPF_PROG_LOAD, &load);
	CHECK(program >= 0, "%s", strerror(errno));
	union bpf_attr link = { .link_create = { .prog_fd = program, .target_ifindex = if_nametoindex(device),
						 .attach_type = BPF_XDP } };
	CHECK(bpf(BPF_LINK_CREATE, &link) >= 0, "%s", strerror(errno));
	return fd;
}

void xskmap_set(int map, uint32_t queue, int fd)
{
	union bpf_attr update = { .map_fd = map, .key = (uintptr_t)&queue, .value = (uintptr_t)&fd };

	CHECK(!bpf(BPF_MAP_UPDATE_ELEM, &update), "%s", strerror(errno));
}

int packet_socket(const char *device)
{
	struct sockaddr_ll address = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL),
				       .sll_ifindex = if_nametoindex(device) };
	int fd = socket(AF_PACKET, SOCK_RAW, 0);

	CHECK(fd >= 0, "%s", strerror(errno));
	CHECK(!bind(fd, (struct sockaddr *)&address, sizeof(address)), "%s", strerror(errno));
	return fd;
}
