/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FLASH_XDP_PROGRAM_H
#define FLASH_XDP_PROGRAM_H

#include <stddef.h>
#include <stdint.h>

struct flash_xdp_program {
	int link;      /* holds the program on its device, and by it both maps */
	int sockets;   /* XSKMAP: queue -> socket */
	int counters;  /* per-CPU array: queue -> struct flash_xdp_counters */
};

/*
 * Packets and bytes of a queue by verdict; laid out as the program's struct
 * verdicts. Counters are only ever added at the end: a program that an older
 * version has loaded goes on under a newer one, with fewer of them.
 */
struct flash_xdp_counters {
	uint64_t redirected;
	uint64_t passed;
	uint64_t redirected_bytes;
	uint64_t passed_bytes;
};

/*
 * Loads the program of an ELF object and attaches it to a device of the
 * caller's network namespace, in generic or in native mode. Returns 0 and
 * three descriptors, closed on exec; else -errno, the name of the call that
 * failed (static), and what libbpf had to say in `log`, ended by 0.
 */
int flash_xdp_attach(const void *object, size_t size, uint32_t device, int generic, struct flash_xdp_program *program,
		     const char **failed_call, char *log, size_t log_size);

/*
 * Finds the maps of the program that `link` holds: its XSKMAP, and its per-CPU
 * array, -1 where it has none. Nothing else of the program matters, so that any
 * version's is taken over. Returns 0 and the descriptors; else -errno.
 */
int flash_xdp_maps(int link, int *sockets, int *counters);

/* Returns the index of the device that `link` holds, 0 once that has gone; else -errno. */
int flash_xdp_link_device(int link);

/* Takes the program off its device, whoever else holds the link. Returns 0 or -errno. */
int flash_xdp_detach(int link);

/* Returns the number of the program that a device has, 0 where it has none; else -errno. */
int64_t flash_xdp_program_on(uint32_t device);

/* Gives the packets of a queue to a socket. Returns 0 or -errno. */
int flash_xdp_set_socket(int sockets, uint32_t queue, int socket);

/* Lets the packets of a queue pass to the stack. Returns 0, also where they do already, or -errno. */
int flash_xdp_clear_socket(int sockets, uint32_t queue);

/* Returns 1 where the map holds a socket bound to `queue` for that queue, else 0, or -errno. */
int flash_xdp_holds_socket(int sockets, uint32_t queue);

/* Sums up a queue's counters over all CPUs; those that the program does not have are 0. Returns 0 or -errno. */
int flash_xdp_read_counters(int counters, uint32_t queue, struct flash_xdp_counters *sum);

#endif
