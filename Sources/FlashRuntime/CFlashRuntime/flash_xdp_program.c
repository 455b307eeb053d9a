/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "flash_xdp_program.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/if_link.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* libbpf prints by one function for the process; what it says goes to the thread that called it. */
static _Thread_local struct {
	char *text;
	size_t size;
	size_t used;
} said;

static int keep_text(enum libbpf_print_level level, const char *format, va_list arguments)
{
	int length;

	if (level != LIBBPF_WARN || !said.text || said.used + 1 >= said.size)
		return 0;
	length = vsnprintf(said.text + said.used, said.size - said.used, format, arguments);
	if (length > 0)
		said.used += (size_t)length < said.size - said.used ? (size_t)length : said.size - said.used - 1;
	return length;
}

static void silence_libbpf(void)
{
	libbpf_set_print(keep_text);
}

static void listen_to_libbpf(char *text, size_t size)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, silence_libbpf);
	said.text = text;
	said.size = size;
	said.used = 0;
	if (text && size)
		text[0] = 0;
}

static int duplicate(int descriptor)
{
	int copy;

	if (descriptor < 0)
		return descriptor;
	copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 0);
	return copy < 0 ? -errno : copy;
}

static void close_program(struct flash_xdp_program *program)
{
	if (program->link >= 0)
		close(program->link);
	if (program->sockets >= 0)
		close(program->sockets);
	if (program->counters >= 0)
		close(program->counters);
}

static int attach(struct bpf_object *object, uint32_t device, int generic, struct flash_xdp_program *program,
		  const char **failed_call)
{
	LIBBPF_OPTS(bpf_link_create_opts, options, .flags = generic ? XDP_FLAGS_SKB_MODE : XDP_FLAGS_DRV_MODE);
	struct bpf_program *code;
	int error;

	*failed_call = "bpf_object__load";
	error = bpf_object__load(object);
	if (error < 0)
		return error;
	*failed_call = "bpf_object__find_program_by_name";
	code = bpf_object__find_program_by_name(object, "flash_queue");
	if (!code)
		return -ENOENT;
	*failed_call = "bpf_link_create";
	program->link = bpf_link_create(bpf_program__fd(code), (int)device, BPF_XDP, &options);
	if (program->link < 0)
		return program->link;
	*failed_call = "bpf_obj_get_info_by_fd";
	return flash_xdp_maps(program->link, &program->sockets, &program->counters);
}

int flash_xdp_attach(const void *object, size_t size, uint32_t device, int generic, struct flash_xdp_program *program,
		     const char **failed_call, char *log, size_t log_size)
{
	struct bpf_object *opened;
	int error;

	*program = (struct flash_xdp_program){ -1, -1, -1 };
	listen_to_libbpf(log, log_size);
	*failed_call = "bpf_object__open_mem";
	opened = bpf_object__open_mem(object, size, NULL);
	if (opened) {
		error = attach(opened, device, generic, program, failed_call);
		bpf_object__close(opened);
	} else {
		error = errno ? -errno : -EINVAL;
	}
	listen_to_libbpf(NULL, 0);
	if (error < 0)
		close_program(program);
	return error;
}

int flash_xdp_maps(int link, int *sockets, int *counters)
{
	struct bpf_link_info link_info = { 0 };
	struct bpf_prog_info program_info = { 0 };
	struct bpf_map_info map_info;
	uint32_t length = sizeof(link_info), maps[8] = { 0 }, i;
	struct flash_xdp_program found = { -1, -1, -1 };
	int program, map, error;

	error = bpf_obj_get_info_by_fd(link, &link_info, &length);
	if (error < 0)
		return error;
	if (link_info.type != BPF_LINK_TYPE_XDP)
		return -EINVAL;
	program = bpf_prog_get_fd_by_id(link_info.prog_id);
	if (program < 0)
		return program;
	program_info.nr_map_ids = sizeof(maps) / sizeof(maps[0]);
	program_info.map_ids = (uint64_t)(uintptr_t)maps;
	length = sizeof(program_info);
	error = bpf_obj_get_info_by_fd(program, &program_info, &length);
	close(program);
	if (error < 0)
		return error;
	for (i = 0; i < program_info.nr_map_ids && i < sizeof(maps) / sizeof(maps[0]); i++) {
		map = bpf_map_get_fd_by_id(maps[i]);
		if (map < 0)
			continue;
		memset(&map_info, 0, sizeof(map_info));
		length = sizeof(map_info);
		if (bpf_obj_get_info_by_fd(map, &map_info, &length) == 0) {
			if (map_info.type == BPF_MAP_TYPE_XSKMAP && found.sockets < 0)
				found.sockets = duplicate(map);
			else if (map_info.type == BPF_MAP_TYPE_PERCPU_ARRAY && found.counters < 0)
				found.counters = duplicate(map);
		}
		close(map);
	}
	if (found.sockets < 0) {
		close_program(&found);
		return -ENOENT;
	}
	*sockets = found.sockets;
	*counters = found.counters;
	return 0;
}

int flash_xdp_link_device(int link)
{
	struct bpf_link_info info = { 0 };
	uint32_t length = sizeof(info);
	int error = bpf_obj_get_info_by_fd(link, &info, &length);

	if (error < 0)
		return error;
	return info.type == BPF_LINK_TYPE_XDP ? (int)info.xdp.ifindex : -EINVAL;
}

int flash_xdp_detach(int link)
{
	return bpf_link_detach(link);
}

int64_t flash_xdp_program_on(uint32_t device)
{
	uint32_t program = 0;
	int error;

	listen_to_libbpf(NULL, 0);
	error = bpf_xdp_query_id((int)device, 0, &program);
	return error < 0 ? error : (int64_t)program;
}

int flash_xdp_set_socket(int sockets, uint32_t queue, int socket)
{
	return bpf_map_update_elem(sockets, &queue, &socket, BPF_ANY);
}

int flash_xdp_clear_socket(int sockets, uint32_t queue)
{
	int error = bpf_map_delete_elem(sockets, &queue);

	return error == -ENOENT ? 0 : error;
}

/*
 * The kernel lets only programs look into an XSKMAP. So a program of a few
 * instructions is loaded, run once on an empty frame, and forgotten: it returns
 * 1 + the queue that the map's socket is bound to, or 0.
 */
int flash_xdp_holds_socket(int sockets, uint32_t queue)
{
	const struct bpf_insn code[] = {
		{ .code = BPF_ST | BPF_MEM | BPF_W, .dst_reg = BPF_REG_10, .off = -4, .imm = (int32_t)queue },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_X, .dst_reg = BPF_REG_2, .src_reg = BPF_REG_10 },
		{ .code = BPF_ALU64 | BPF_ADD | BPF_K, .dst_reg = BPF_REG_2, .imm = -4 },
		{ .code = BPF_LD | BPF_DW | BPF_IMM, .dst_reg = BPF_REG_1, .src_reg = BPF_PSEUDO_MAP_FD,
		  .imm = sockets },
		{ 0 }, /* second half of the one before */
		{ .code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_map_lookup_elem },
		{ .code = BPF_JMP | BPF_JEQ | BPF_K, .dst_reg = BPF_REG_0, .off = 2, .imm = 0 },
		{ .code = BPF_LDX | BPF_MEM | BPF_W, .dst_reg = BPF_REG_0, .src_reg = BPF_REG_0,
		  .off = offsetof(struct bpf_xdp_sock, queue_id) },
		{ .code = BPF_ALU64 | BPF_ADD | BPF_K, .dst_reg = BPF_REG_0, .imm = 1 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	unsigned char frame[64] = { 0 };
	LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = frame, .data_size_in = sizeof(frame), .repeat = 1);
	int program, error;

	program = bpf_prog_load(BPF_PROG_TYPE_XDP, "flash_look", "Dual BSD/GPL", code,
				sizeof(code) / sizeof(code[0]), NULL);
	if (program < 0)
		return program;
	error = bpf_prog_test_run_opts(program, &run);
	close(program);
	if (error < 0)
		return error;
	return run.retval == queue + 1;
}

int flash_xdp_read_counters(int counters, uint32_t queue, struct flash_xdp_counters *sum)
{
	struct bpf_map_info info = { 0 };
	uint32_t length = sizeof(info);
	int cpus = libbpf_num_possible_cpus();
	uint64_t *sums = (uint64_t *)sum, *values;
	size_t words, word;
	int cpu, error;

	*sum = (struct flash_xdp_counters){ 0 };
	if (counters < 0)
		return 0;
	if (cpus < 0)
		return cpus;
	error = bpf_obj_get_info_by_fd(counters, &info, &length);
	if (error < 0)
		return error;
	/* The kernel rounds the value of each CPU up to eight bytes. */
	words = (info.value_size + 7) / 8;
	values = calloc((size_t)cpus * words, sizeof(*values));
	if (!values)
		return -ENOMEM;
	error = bpf_map_lookup_elem(counters, &queue, values);
	for (cpu = 0; error == 0 && cpu < cpus; cpu++) {
		for (word = 0; word < words && word < sizeof(*sum) / sizeof(*sums); word++)
			sums[word] += values[(size_t)cpu * words + word];
	}
	free(values);
	return error;
}
