/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "flash_device.h"

#include <errno.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

static int open_request(const char *name, struct ifreq *request)
{
	int descriptor;

	memset(request, 0, sizeof(*request));
	if (!name[0] || strlen(name) >= sizeof(request->ifr_name))
		return -ENODEV;
	strcpy(request->ifr_name, name);
	descriptor = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	return descriptor < 0 ? -errno : descriptor;
}

static int ask(int descriptor, unsigned long call, struct ifreq *request)
{
	return ioctl(descriptor, call, request) < 0 ? -errno : 0;
}

static int ask_driver(int descriptor, struct ifreq *request, void *command)
{
	request->ifr_data = command;
	return ask(descriptor, SIOCETHTOOL, request);
}

static int set(const char *name, void *command)
{
	struct ifreq request;
	int descriptor = open_request(name, &request);
	int error;

	if (descriptor < 0)
		return descriptor;
	error = ask_driver(descriptor, &request, command);
	close(descriptor);
	return error;
}

static void ask_details(int descriptor, struct ifreq *request, struct flash_device *device)
{
	struct ethtool_drvinfo driver = { .cmd = ETHTOOL_GDRVINFO };
	struct ethtool_channels channels = { .cmd = ETHTOOL_GCHANNELS };

	if (ask_driver(descriptor, request, &driver) == 0) {
		memcpy(device->driver, driver.driver, sizeof(device->driver));
		device->driver[sizeof(device->driver) - 1] = 0;
	}
	if (ask_driver(descriptor, request, &channels) == 0) {
		device->rx_queues = channels.combined_count + channels.rx_count;
		device->tx_queues = channels.combined_count + channels.tx_count;
		device->rx_queues_maximum = channels.max_combined + channels.max_rx;
	}
}

int flash_device_find(const char *name, struct flash_device *device)
{
	struct ifreq request;
	int descriptor = open_request(name, &request);
	int error;

	memset(device, 0, sizeof(*device));
	if (descriptor < 0)
		return descriptor;
	error = ask(descriptor, SIOCGIFINDEX, &request);
	if (!error) {
		device->index = (uint32_t)request.ifr_ifindex;
		error = ask(descriptor, SIOCGIFMTU, &request);
	}
	if (!error) {
		device->mtu = (uint32_t)request.ifr_mtu;
		error = ask(descriptor, SIOCGIFHWADDR, &request);
	}
	if (!error) {
		memcpy(device->address, request.ifr_hwaddr.sa_data, sizeof(device->address));
		error = ask(descriptor, SIOCGIFFLAGS, &request);
	}
	if (!error) {
		device->up = (request.ifr_flags & IFF_UP) != 0;
		device->carrier = (request.ifr_flags & IFF_RUNNING) != 0;
		ask_details(descriptor, &request, device);
	}
	close(descriptor);
	return error;
}

int flash_device_set_up(const char *name, int up)
{
	struct ifreq request;
	int descriptor = open_request(name, &request);
	int error;

	if (descriptor < 0)
		return descriptor;
	error = ask(descriptor, SIOCGIFFLAGS, &request);
	if (!error) {
		request.ifr_flags = (short)(up ? request.ifr_flags | IFF_UP : request.ifr_flags & ~IFF_UP);
		error = ask(descriptor, SIOCSIFFLAGS, &request);
	}
	close(descriptor);
	return error;
}

int flash_device_set_mtu(const char *name, uint32_t mtu)
{
	struct ifreq request;
	int descriptor = open_request(name, &request);
	int error;

	if (descriptor < 0)
		return descriptor;
	request.ifr_mtu = (int)mtu;
	error = ask(descriptor, SIOCSIFMTU, &request);
	close(descriptor);
	return error;
}

int flash_device_set_tx_checksum(const char *name, int on)
{
	struct ethtool_value value = { .cmd = ETHTOOL_STXCSUM, .data = on != 0 };

	return set(name, &value);
}

int flash_device_set_receive_offload(const char *name, int on)
{
	struct ethtool_value value = { .cmd = ETHTOOL_SGRO, .data = on != 0 };

	return set(name, &value);
}

int flash_device_set_queues(const char *name, uint32_t rx, uint32_t tx)
{
	struct ethtool_channels channels = { .cmd = ETHTOOL_GCHANNELS };
	struct ifreq request;
	int descriptor = open_request(name, &request);
	int error;

	if (descriptor < 0)
		return descriptor;
	error = ask_driver(descriptor, &request, &channels);
	if (!error) {
		channels.cmd = ETHTOOL_SCHANNELS;
		if (channels.max_combined > 0) {
			/* Pairs first; what one direction has more of, the driver must offer singly. */
			channels.combined_count = rx < tx ? rx : tx;
			channels.rx_count = rx - channels.combined_count;
			channels.tx_count = tx - channels.combined_count;
		} else {
			channels.rx_count = rx;
			channels.tx_count = tx;
		}
		error = ask_driver(descriptor, &request, &channels);
	}
	close(descriptor);
	return error;
}

int flash_namespace_enter(int descriptor)
{
	return setns(descriptor, CLONE_NEWNET) < 0 ? -errno : 0;
}
