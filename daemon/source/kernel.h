/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The kernel source: what others may need of it.
 *
 *	kernel:TTY	the port of one tty: ttyUSB0, /dev/ttyUSB0, /dev/serial/by-id/...
 *	kernel:		no port of its own: says why there is none (port_sources.h makes the others)
 */
#ifndef AMSHAN_SOURCE_KERNEL_H
#define AMSHAN_SOURCE_KERNEL_H

#include "netlink/ports.h"
#include "source/source.h"

/* Where udev keeps the names of adapters that stay. */
#define KERNEL_LINKS	"/dev/serial/by-id"
/* Where it keeps the places in which they are plugged in. */
#define KERNEL_PLACES	"/dev/serial/by-path"

/**
 * kernel_attach() - read a port from here on
 * @s: a kernel: source that was started and reads none
 * @fd: /dev/amshanN, or what gives its records in its place; non-blocking; taken over, also on
 *      failure
 * @port: what is known of it
 *
 * Return: 0, or a negative errno.
 */
int kernel_attach(struct source *s, int fd, const struct port_info *port);

/* kernel_stats() - the module's counters as the framer's */
void kernel_stats(const struct port_info *port, struct framer_stats *ret);

#endif /* AMSHAN_SOURCE_KERNEL_H */
