/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FLASH_DEVICE_H
#define FLASH_DEVICE_H

#include <stdint.h>

/*
 * Network devices of the calling thread's network namespace, by ioctl: /sys
 * shows the namespace that mounted it. Each function returns >= 0 or -errno.
 */

struct flash_device {
	uint32_t index;
	uint32_t mtu;
	uint32_t rx_queues;      /* 0: the driver does not say */
	uint32_t tx_queues;
	uint32_t rx_queues_maximum;
	int up;                  /* 0 or 1 */
	int carrier;             /* 0 or 1 */
	uint8_t address[6];
	char driver[32];         /* ended by 0; empty: the driver does not say */
};

/* Looks a device up. Returns 0; -ENODEV where there is none of that name. */
int flash_device_find(const char *name, struct flash_device *device);

int flash_device_set_up(const char *name, int up);
int flash_device_set_mtu(const char *name, uint32_t mtu);

/* Lets the device fill in checksums of what it sends, or not. */
int flash_device_set_tx_checksum(const char *name, int on);

/* Lets the device join received segments before the stack sees them, or not. */
int flash_device_set_receive_offload(const char *name, int on);

/* Sets the number of RX and TX queues, whichever way the driver counts them. */
int flash_device_set_queues(const char *name, uint32_t rx, uint32_t tx);

/* Moves the calling thread, for the rest of its life, to the network namespace of a descriptor. */
int flash_namespace_enter(int descriptor);

#endif
