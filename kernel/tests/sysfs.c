// SPDX-License-Identifier: GPL-2.0-only
/* /sys/kernel/flash: files, formats, errors, lifetime, who may. */

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/if_xdp.h>
#include <linux/netlink.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <linux/capability.h>
#include <dirent.h>
#include <unistd.h>

#include "test.h"

static void expect(uint32_t id, const char *file, const char *want)
{
	char text[512];

	text_read(text, sizeof(text), "/sys/kernel/flash/%u/%s", id, file);
	CHECK(!strcmp(text, want), "%s of %u is \"%s\", not \"%s\"", file, id, text, want);
}

static int folders(void)
{
	DIR *folder = opendir("/sys/kernel/flash");
	struct dirent *entry;
	int count = 0;

	CHECK(folder);
	while ((entry = readdir(folder)))
		count += entry->d_type == DT_DIR && entry->d_name[0] != '.';
	closedir(folder);
	return count;
}

TEST(sysfs_describes_each_socket)
{
	struct umem *umem = umem_new(4 * RING, FRAME, 0);
	struct port *a, *b;
	char text[64];
	uint32_t id;
	socklen_t length = sizeof(id);
	int fd = socket(AF_XDP, SOCK_RAW, 0);

	EQUAL(folders(), 0); /* a socket that is not bound has no folder and no id */
	EQUAL(getsockopt(fd, SOL_XDP, FLASH_ID, &id, &length), -1);
	EQUAL(errno, EOPNOTSUPP);
	a = port_new(umem, (struct port_options){ .queue = 3 });
	b = port_new(umem, (struct port_options){ .queue = 5 });
	EQUAL(folders(), 2);
	EQUAL(b->id, a->id + 1);

	snprintf(text, sizeof(text), "%d\n", getpid());
	expect(a->id, "pid", text);
	expect(a->id, "procname", "flash-test\n");
	snprintf(text, sizeof(text), "%u\n", if_nametoindex("flash0"));
	expect(a->id, "ifindex", text);
	expect(a->id, "qid", "3\n");
	expect(b->id, "qid", "5\n");
	expect(a->id, "next", "-1\n");
	expect(a->id, "statistics/redirected", "0\n");

	/* What says something of the socket cannot be written, and what asks for its id has room for it. */
	const char *const told[] = { "pid", "procname", "ifindex", "qid", "statistics/redirected" };
	for (size_t i = 0; i < sizeof(told) / sizeof(*told); i++) {
		snprintf(text, sizeof(text), "/sys/kernel/flash/%u/%s", a->id, told[i]);
		EQUAL(text_write(text, "1"), -EACCES);
	}
	length = sizeof(id) - 1;
	EQUAL(getsockopt(a->fd, SOL_XDP, FLASH_ID, &id, &length), -1);
	EQUAL(errno, EINVAL);

	id = b->id;
	port_close(b);
	EQUAL(folders(), 1);
	CHECK(!known(id));
	/* A number that has become free is not given out again at once. */
	b = port_new(umem, (struct port_options){ .queue = 5 });
	EQUAL(b->id, id + 1);
}

TEST(sysfs_next_formats)
{
	struct umem *umem = umem_new(8 * RING, FRAME, 0);
	struct port *a = port_new(umem, (struct port_options){ .queue = 0 });
	struct port *b = port_new(umem, (struct port_options){ .queue = 1 });
	struct port *c = port_new(umem, (struct port_options){ .queue = 2 });
	struct port *mute = port_new(umem, (struct port_options){ .queue = 3, .tx = NONE });
	struct port *deaf = port_new(umem, (struct port_options){ .queue = 4, .rx = NONE });
	char text[4096], table[128];
	int length = 0;

	snprintf(text, sizeof(text), "\t%u  %u\t%u\n", b->id, c->id, b->id);
	snprintf(table, sizeof(table), "index   flash_id\n0       %u\n1       %u\n2       %u\n", b->id, c->id, b->id);
	EQUAL(next_write(a->id, text), 0);
	expect(a->id, "next", table);

	/* A rejected write leaves the old rule. */
	for (int i = 0; i < 129; i++)
		length += snprintf(text + length, sizeof(text) - length, "%u ", b->id);
	EQUAL(next_write(a->id, text), -E2BIG);
	const char *const wrong[] = { "\n", " \t\n", "0", "-2", "1x", "x", "0x1", "+1", "99999999", "4294967296", "-1 -1",
				      "99999999999999999999", "1,2", "--", "-" };
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		CHECK(next_write(a->id, wrong[i]) == -EINVAL, "for \"%s\"", wrong[i]);
	snprintf(text, sizeof(text), "%u -1", b->id);
	EQUAL(next_write(a->id, text), -EINVAL);
	snprintf(text, sizeof(text), "-1 %u", b->id);
	EQUAL(next_write(a->id, text), -EINVAL);
	snprintf(text, sizeof(text), "%u 99999999", c->id);
	EQUAL(next_write(a->id, text), -EINVAL);
	snprintf(text, sizeof(text), "%u", a->id); /* itself */
	EQUAL(next_write(a->id, text), -EINVAL);
	snprintf(text, sizeof(text), "%u", deaf->id);
	EQUAL(next_write(a->id, text), -EINVAL);
	snprintf(text, sizeof(text), "%u", mute->id);
	EQUAL(next_write(a->id, text), 0);
	snprintf(text, sizeof(text), "%u", b->id);
	EQUAL(next_write(mute->id, text), -EINVAL);
	snprintf(text, sizeof(text), "%u", c->id);
	port_close(c);
	EQUAL(next_write(a->id, text), -EINVAL);
	snprintf(table, sizeof(table), "index   flash_id\n0       %u\n", mute->id);
	expect(a->id, "next", table);

	EQUAL(next_write(a->id, " -1 \n"), 0);
	expect(a->id, "next", "-1\n");
	EQUAL(next_write(a->id, "-1"), 0); /* again */

	const char *const tracking[] = { "2", "-1", "x", "", "\n" };
	for (size_t i = 0; i < 5; i++)
		CHECK(text_write("/sys/kernel/flash/tx_tracking", tracking[i]) == (*tracking[i] ? -EINVAL : 0),
		      "for \"%s\"", tracking[i]);
}

/* Leaves CAP_NET_ADMIN out of what this process may. */
static void give_up_net_admin(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];

	CHECK(!syscall(SYS_capget, &header, data));
	data[0].effective &= ~(1u << CAP_NET_ADMIN);
	data[0].permitted &= ~(1u << CAP_NET_ADMIN);
	CHECK(!syscall(SYS_capset, &header, data));
}

TEST(sysfs_needs_net_admin)
{
	struct umem *umem = umem_new(4 * RING, FRAME, 0);
	struct port *a = port_new(umem, (struct port_options){ .queue = 0 });
	struct port *b = port_new(umem, (struct port_options){ .queue = 1 });
	char text[64];

	next_set(a, b);
	give_up_net_admin();
	snprintf(text, sizeof(text), "%u", b->id);
	EQUAL(next_write(a->id, text), -EPERM);
	EQUAL(next_write(a->id, "-1"), -EPERM);
	EQUAL(text_write("/sys/kernel/flash/tx_tracking", "1"), -EPERM);
	snprintf(text, sizeof(text), "index   flash_id\n0       %u\n", b->id);
	expect(a->id, "next", text);
}

/* Somebody may have it as his standard output, and write numbers that another one chose. */
TEST(sysfs_asks_who_opened_the_file)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct all[2], some[2];
	struct umem *umem = umem_new(4 * RING, FRAME, 0);
	struct port *a = port_new(umem, (struct port_options){ .queue = 0 });
	struct port *b = port_new(umem, (struct port_options){ .queue = 1 });
	char path[64], text[16];
	int fd;

	snprintf(path, sizeof(path), "/sys/kernel/flash/%u/next", a->id);
	snprintf(text, sizeof(text), "%u", b->id);
	CHECK(!syscall(SYS_capget, &header, all));
	memcpy(some, all, sizeof(some));
	some[0].effective &= ~(1u << CAP_NET_ADMIN);
	CHECK(!syscall(SYS_capset, &header, some));
	fd = open(path, O_WRONLY);
	CHECK(!syscall(SYS_capset, &header, all));
	EQUAL(write(fd, text, strlen(text)), -1);
	EQUAL(errno, EPERM);
	expect(a->id, "next", "-1\n");
	EQUAL(next_write(a->id, text), 0);
}

static void ask(int in, char what)
{
	CHECK(write(in, &what, 1) == 1);
}

static void await(int out, char what)
{
	char got = 0;

	CHECK(read(out, &got, 1) == 1 && got == what, "waited for %c, got %c", what, got);
}

/* Opens a socket in namespaces of its own and checks what it may see and do from there. */
static void other_namespace(int flags, int in, int out, uint32_t stranger)
{
	struct port *port, *second;
	struct umem *umem;
	char text[32];
	uint32_t id;

	CHECK(!unshare(flags), "%s", strerror(errno));
	if (flags & CLONE_NEWUSER) {
		/* Whom the parent maps to root. */
		ask(out, 'u');
		await(in, 'm');
		CHECK(!setresgid(0, 0, 0) && !setresuid(0, 0, 0));
	}
	CHECK(!mount("sysfs", "/sys", "sysfs", 0, NULL), "%s", strerror(errno));
	device_add("flash0", "flash1", 16);
	umem = umem_new(4 * RING, FRAME, 0);
	port = port_new(umem, (struct port_options){ .queue = 0 });
	second = port_new(umem, (struct port_options){ .queue = 1 });
	EQUAL(folders(), 2);
	CHECK(!known(stranger));
	next_set(port, second);
	snprintf(text, sizeof(text), "%u", stranger);
	EQUAL(next_write(port->id, text), flags & CLONE_NEWUSER ? -EPERM : 0);
	int error = text_write("/sys/kernel/flash/tx_tracking", "0");
	if (flags & CLONE_NEWUSER)
		CHECK(error == -EPERM || error == -EACCES, "is %d", error);
	else
		EQUAL(error, 0);
	id = port->id;
	CHECK(write(out, &id, sizeof(id)) == sizeof(id));
	await(in, 'e');
	_exit(0);
}

static void try_namespace(int flags)
{
	struct umem *umem = umem_new(4 * RING, FRAME, 0);
	struct port *a = port_new(umem, (struct port_options){ .queue = 0 });
	int in[2], out[2], status;
	char text[64];
	uint32_t id;
	pid_t child;

	CHECK(!pipe(in) && !pipe(out));
	child = fork();
	if (!child)
		other_namespace(flags, in[0], out[1], a->id);
	if (flags & CLONE_NEWUSER) {
		await(out[0], 'u');
		snprintf(text, sizeof(text), "/proc/%d/uid_map", child);
		EQUAL(text_write(text, "0 1000 1"), 0);
		snprintf(text, sizeof(text), "/proc/%d/gid_map", child);
		EQUAL(text_write(text, "0 1000 1"), 0);
		ask(in[1], 'm');
	}
	CHECK(read(out[0], &id, sizeof(id)) == sizeof(id));
	EQUAL(folders(), 1);
	CHECK(!known(id));
	/* One who may in both namespaces joins them. */
	snprintf(text, sizeof(text), "%u", id);
	EQUAL(next_write(a->id, text), 0);
	ask(in[1], 'e');
	waitpid(child, &status, 0);
	EQUAL(status, 0);
	port_close(a);
}

TEST(sysfs_shows_each_network_namespace_its_own)
{
	try_namespace(CLONE_NEWNET | CLONE_NEWNS);
}

TEST(sysfs_lets_the_root_of_a_user_namespace_rule_its_own)
{
	try_namespace(CLONE_NEWUSER | CLONE_NEWNET | CLONE_NEWNS);
}

static void await_event(int fd, const char *action, uint32_t id)
{
	char text[4096], want[64];

	for (;;) {
		ssize_t length = recv(fd, text, sizeof(text) - 1, 0);

		CHECK(length > 0, "%s", strerror(errno));
		text[length] = '\0';
		snprintf(want, sizeof(want), "%s@/kernel/flash/%u", action, id);
		if (strcmp(text, want))
			continue;
		snprintf(want, sizeof(want), "FLASH_ID=%u", id);
		CHECK(memmem(text, length, want, strlen(want) + 1));
		CHECK(memmem(text, length, "SUBSYSTEM=flash", 16));
		snprintf(want, sizeof(want), "IFINDEX=%u", if_nametoindex("flash0"));
		CHECK(memmem(text, length, want, strlen(want) + 1));
		CHECK(memmem(text, length, "QUEUE=0", 8));
		return;
	}
}

static int event_listener(void)
{
	struct sockaddr_nl address = { .nl_family = AF_NETLINK, .nl_groups = 1 };
	struct timeval limit = { .tv_sec = 5 };
	int fd = socket(AF_NETLINK, SOCK_DGRAM, NETLINK_KOBJECT_UEVENT);

	CHECK(!bind(fd, (struct sockaddr *)&address, sizeof(address)));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	return fd;
}

TEST(sysfs_tells_of_sockets_by_uevents_in_their_namespace)
{
	int fd = event_listener(), home = open("/proc/self/ns/net", O_RDONLY), elsewhere;
	struct port *a;
	char text[4096];

	CHECK(!unshare(CLONE_NEWNET));
	elsewhere = event_listener();
	CHECK(!setns(home, CLONE_NEWNET));
	a = port_new(umem_new(2 * RING, FRAME, 0), (struct port_options){ .queue = 0 });
	await_event(fd, "add", a->id);
	port_close(a);
	await_event(fd, "remove", a->id);
	for (ssize_t length; (length = recv(elsewhere, text, sizeof(text) - 1, MSG_DONTWAIT)) >= 0;) {
		text[length] = 0;
		CHECK(!strstr(text, "/kernel/flash"), "got %s", text);
	}
}

TEST(sysfs_an_open_file_of_a_closed_socket)
{
	struct umem *umem = umem_new(4 * RING, FRAME, 0);
	struct port *a = port_new(umem, (struct port_options){ .queue = 0 });
	struct port *b = port_new(umem, (struct port_options){ .queue = 1 });
	char path[64], text[16];
	int fd;

	snprintf(path, sizeof(path), "/sys/kernel/flash/%u/next", a->id);
	snprintf(text, sizeof(text), "%u", b->id);
	fd = open(path, O_RDWR);
	port_close(a);
	EQUAL(write(fd, text, strlen(text)), -1);
	EQUAL(errno, ENODEV);
}

/* By its descriptor or by its rings. */
TEST(sysfs_a_socket_lives_while_its_rings_are_mapped)
{
	struct port *a = port_new(umem_new(2 * RING, FRAME, 0), (struct port_options){ .queue = 0 });
	struct ring *rings[] = { &a->rx, &a->tx, &a->fill, &a->comp };

	close(a->fd);
	for (int i = 0; i < 4; i++) {
		CHECK(known(a->id), "with %d rings mapped", 4 - i);
		CHECK(!munmap(rings[i]->base, rings[i]->length), "%s", strerror(errno));
	}
	CHECK(!known(a->id));
}

/* Neither end of a rule may be on a device that is gone. */
TEST(sysfs_a_socket_whose_device_is_gone)
{
	struct umem *umem = umem_new(4 * RING, FRAME, 0);
	struct port *a = port_new(umem, (struct port_options){ .queue = 0 }), *b;
	char text[16];

	device_add("copy0", "copy1", 1);
	b = port_new(umem_new(2 * RING, FRAME, 0), (struct port_options){ .device = "copy0" });
	next_set(a, b);
	shell("ip link delete copy0");
	snprintf(text, sizeof(text), "%u", b->id);
	EQUAL(next_write(a->id, text), -EINVAL);
	snprintf(text, sizeof(text), "%u", a->id);
	EQUAL(next_write(b->id, text), -EINVAL);
	/* The rule from before leads nowhere. */
	port_send(a, 1, 0);
	EQUAL(port_kick(a), 0);
	EQUAL(port_complete(a), 1);
	EQUAL(counter(a, "refused_dead"), 1);
}
