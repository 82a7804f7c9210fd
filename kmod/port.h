/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Ports: a tty with our line discipline on it, as the rest of the module sees it.
 *
 *	main.c		module parameter, order of beginning and end
 *	slot.c		is the number of the line discipline free?
 *	ldisc.c		what the tty core calls; the only room that knows of a tty
 *	port.c		the object: life, receiving, counters; the table of ports
 *	ring.c		its records
 *	chardev.c	/dev/amshanN: readers
 *	sysfs.c		/sys/class/amshan/amshanN/
 *	netlink.c	generic netlink family "amshan"
 *	framer.c	octets to frames, the same source as in user space
 *
 * Life.  amshan_port_new() in the discipline's open(), then amshan_port_register(); in its close()
 * amshan_port_unregister().  The object is its struct device: readers hold a reference beyond
 * that, the last put_device() frees it and its minor.  Nothing keeps the tty or its device: name
 * and number are copied.
 *
 * Locks, from the outside to the inside:
 *	ldisc semaphore	of the tty core: held for writing by open() and close(), for reading by
 *			receive_buf(), which is never called twice at a time for one tty
 *	ports_mutex	port.c: the table of ports
 *	reader->lock	chardev.c: one read() or lseek() at a time per open file
 *	port->lock	spinlock: ring, cursors, counters, gone.  Never held while anything is
 *			allocated, looked through, or copied to user space
 *
 * sysfs and netlink take nothing of the tty core: close() waits for them.
 */
#ifndef AMSHAN_PORT_H
#define AMSHAN_PORT_H

#include <linux/cdev.h>
#include <linux/device.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/wait.h>

#include <amshan/framer.h>
#include <linux/amshan.h>

#include "ring.h"

struct tty_struct;

/* X(suffix of AMSHAN_A_STATS_ and name in sysfs, what struct amshan_stats has) */
#define AMSHAN_STATS(X) \
	X(RX_OCTETS, rx_octets, framer.octets) \
	X(FRAMES, frames, framer.frames) \
	X(FRAME_OCTETS, frame_octets, framer.frame_octets) \
	X(SEGMENTED, segmented, framer.segmented) \
	X(FLAGS, flags, framer.flags) \
	X(SKIPPED, skipped, framer.skipped) \
	X(PENDING, pending, pending) \
	X(FCS_ERRORS, fcs_errors, framer.fcs_errors) \
	X(HCS_ERRORS, hcs_errors, framer.hcs_errors) \
	X(FORMAT_ERRORS, format_errors, framer.format_errors) \
	X(LENGTH_ERRORS, length_errors, framer.length_errors) \
	X(TIMEOUTS, timeouts, framer.timeouts) \
	X(PARITY_ERRORS, parity_errors, framer.parity_errors) \
	X(FRAMING_ERRORS, framing_errors, framer.framing_errors) \
	X(BREAKS, breaks, framer.breaks) \
	X(OVERRUNS, overruns, framer.overruns) \
	X(OVERWRITTEN, overwritten, overwritten)

/**
 * struct amshan_stats - what netlink and sysfs tell; one moment's counters
 * @framer: the framer's
 * @pending: octets the framer keeps
 * @overwritten: of the ring
 */
struct amshan_stats {
	struct framer_stats framer;
	u64 pending;
	u64 overwritten;
};

/**
 * struct amshan_port - a port
 * @dev: the device; its reference count is that of the port
 * @cdev: /dev/amshanN
 * @index: N, and the minor
 * @tty_name: as below /dev
 * @tty_devt: number of the tty
 * @attach_mono_ns: CLOCK_MONOTONIC of the attachment
 * @attach_real_ns: CLOCK_REALTIME of the same
 * @framer: used by the receive path only
 * @rx_mono_ns: when the octets came that are being received
 * @rx_real_ns: likewise
 * @rx_frames: the receive path put frames into the ring and has not yet said so
 * @lock: for what follows
 * @ring: the records
 * @stats: the framer's counters after the last octets
 * @pending: likewise
 * @gone: detached: no record will come
 * @wait: readers that wait
 */
struct amshan_port {
	struct device dev;
	struct cdev cdev;
	unsigned int index;
	char tty_name[AMSHAN_TTY_NAME_MAX];
	dev_t tty_devt;
	u64 attach_mono_ns;
	u64 attach_real_ns;

	struct framer framer;
	u64 rx_mono_ns;
	u64 rx_real_ns;
	bool rx_frames;

	spinlock_t lock;	/* what follows */
	struct amshan_ring ring;
	struct framer_stats stats;
	u64 pending;
	bool gone;
	wait_queue_head_t wait;
};

/* ---- port.c ---- */

int amshan_port_init(void);
void amshan_port_exit(void);

/**
 * amshan_port_new() - a port for a tty, not yet visible
 * @tty: the tty; not kept
 *
 * Return: the port, to be registered or put_device()d; ERR_PTR(-ENOSPC) if there are
 * AMSHAN_PORTS_MAX (those count that are gone and still open), ERR_PTR(-ENOMEM).
 */
struct amshan_port *amshan_port_new(struct tty_struct *tty);

/* Make it visible and say so.  On failure it stays invisible, and is to be put_device()d. */
int amshan_port_register(struct amshan_port *port);

/* The opposite, with the reference of amshan_port_new(); nothing may be received any more. */
void amshan_port_unregister(struct amshan_port *port);

/* Octets of the tty; @flags as framer_push().  May sleep. */
void amshan_port_receive(struct amshan_port *port, const u8 *data, const u8 *flags, size_t n);

void amshan_port_stats(struct amshan_port *port, struct amshan_stats *ret);

/**
 * amshan_port_lock() - the registered port of an index
 * @index: any number
 *
 * Return: the port, or NULL.  Either way the table is locked until amshan_port_unlock().
 */
struct amshan_port *amshan_port_lock(unsigned int index);
void amshan_port_unlock(void);

/* Changes whenever a port comes or goes; to be read between lock and unlock. */
unsigned int amshan_port_generation(void);

/* ---- chardev.c ---- */

extern const struct file_operations amshan_fops;

/* ---- sysfs.c ---- */

extern const struct attribute_group *amshan_groups[];

/* Before the first port. */
void amshan_sysfs_init(void);

/* ---- netlink.c ---- */

int amshan_netlink_init(void);
void amshan_netlink_exit(void);

/* Tell the group "events"; AMSHAN_CMD_PORT_ADDED or _REMOVED.  May sleep. */
void amshan_netlink_event(struct amshan_port *port, u8 cmd);

/* ---- ldisc.c ---- */

int amshan_ldisc_init(int number);
void amshan_ldisc_exit(void);

/* ---- slot.c ---- */

int amshan_slot_check(int number);

#endif /* AMSHAN_PORT_H */
