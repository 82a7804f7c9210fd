/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * amshan: what the module and user space share: the records of /dev/amshanN and the numbers of the
 * generic netlink family "amshan".
 *
 * A port is a tty with the line discipline "amshan" set; it has an index N while it is attached.
 */
#ifndef _UAPI_LINUX_AMSHAN_H
#define _UAPI_LINUX_AMSHAN_H

#include <linux/types.h>

#define AMSHAN_LDISC_NAME	"amshan"	/* in /proc/tty/ldiscs */
#define AMSHAN_PORTS_MAX	16		/* indices 0..15; open files keep theirs */
#define AMSHAN_TTY_NAME_MAX	64		/* with the NUL */

/* ---- /dev/amshanN ---- */

/* The frame had the segment bit set: more segments of its message follow. */
#define AMSHAN_RECORD_SEGMENTED		(1U << 0)

/**
 * struct amshan_record - what read() puts before a frame
 * @header_len: octets of this header; the frame begins there.  A later version may append fields
 * @frame_len: octets of the frame, 7..2047
 * @flags: AMSHAN_RECORD_SEGMENTED; other bits are to be ignored
 * @seq: number of the record; the first one of a port has 0, each following one more
 * @mono_ns: CLOCK_MONOTONIC when the octets with the closing flag came from the tty, ns.  A frame
 *	behind a false start is found when that is given up, up to 2047 octets later: then it is
 *	the time of the last octets before that
 * @real_ns: CLOCK_REALTIME at the same moment, ns since the epoch
 * @lost: records that were overwritten before this reader (open file) came to them, between the
 *	one it read before and this one.  It does not count what lseek() passed over
 *
 * One read() gives one record: this header, then the frame from its format field through its FCS,
 * without flags.  HCS and FCS are good.  All fields are in the byte order of the machine.
 *
 * The records of a port stand in one ring of fixed size.  Each open file has a place of its own in
 * it and begins at the oldest record that is held.  A reader that is too slow loses the oldest
 * ones, and is told in @lost.
 *
 * read():	blocks until there is a record, unless O_NONBLOCK (EAGAIN).  EMSGSIZE: the buffer is
 *		too short for the record; the record stays.  EFAULT: the record stays.  When the
 *		port is gone, what is held can still be read, then 0 (end of file).  0 octets: 0.
 *		pread() at an offset: ESPIPE.
 * poll():	POLLIN while there is a record, POLLHUP when the port is gone.
 * lseek():	(0, SEEK_END): the next record is the first one that arrives from now on;
 *		(0, SEEK_SET): the oldest one that is held.  Others: EINVAL.  Returns 0.
 * open():	ENODEV, ENXIO or ENOENT when the port is gone.
 */
struct amshan_record {
	__u16 header_len;
	__u16 frame_len;
	__u32 flags;
	__aligned_u64 seq;
	__aligned_u64 mono_ns;
	__aligned_u64 real_ns;
	__aligned_u64 lost;
};

#define AMSHAN_FRAME_LEN_MAX	2047
/* Room for a record, also when the header has grown. */
#define AMSHAN_RECORD_LEN_MAX	4096

/* ---- generic netlink; see kmod/Documentation/netlink/specs/amshan.yaml ---- */

#define AMSHAN_GENL_NAME	"amshan"
#define AMSHAN_GENL_VERSION	1
#define AMSHAN_MCGRP_EVENTS	"events"	/* joining it takes CAP_NET_ADMIN */

/**
 * enum amshan_cmd - messages
 * @AMSHAN_CMD_UNSPEC: not used
 * @AMSHAN_CMD_PORT_GET: do: one port by AMSHAN_A_PORT_INDEX; dump: all ports, without attributes.
 *	Anyone may
 * @AMSHAN_CMD_PORT_ADDED: event: a port is there; with its attributes as in PORT_GET
 * @AMSHAN_CMD_PORT_REMOVED: event: a port is gone; with its attributes and last counters
 */
enum amshan_cmd {
	AMSHAN_CMD_UNSPEC,
	AMSHAN_CMD_PORT_GET,
	AMSHAN_CMD_PORT_ADDED,
	AMSHAN_CMD_PORT_REMOVED,

	__AMSHAN_CMD_MAX,
	AMSHAN_CMD_MAX = __AMSHAN_CMD_MAX - 1
};

/**
 * enum amshan_port_attr - attributes of a port
 * @AMSHAN_A_PORT_UNSPEC: not used
 * @AMSHAN_A_PORT_PAD: padding
 * @AMSHAN_A_PORT_INDEX: u32: N of /dev/amshanN
 * @AMSHAN_A_PORT_TTY: string: name of the tty without /dev/, e.g. "ttyUSB0"
 * @AMSHAN_A_PORT_TTY_MAJOR: u32: its device number
 * @AMSHAN_A_PORT_TTY_MINOR: u32
 * @AMSHAN_A_PORT_ATTACH_MONO: u64: CLOCK_MONOTONIC when the discipline was set, ns; together with
 *	the index it tells an attachment from earlier and later ones since the machine started
 * @AMSHAN_A_PORT_ATTACH_REAL: u64: CLOCK_REALTIME at the same moment, ns since the epoch
 * @AMSHAN_A_PORT_STATS: nested: enum amshan_stats_attr
 */
enum amshan_port_attr {
	AMSHAN_A_PORT_UNSPEC,
	AMSHAN_A_PORT_PAD,
	AMSHAN_A_PORT_INDEX,
	AMSHAN_A_PORT_TTY,
	AMSHAN_A_PORT_TTY_MAJOR,
	AMSHAN_A_PORT_TTY_MINOR,
	AMSHAN_A_PORT_ATTACH_MONO,
	AMSHAN_A_PORT_ATTACH_REAL,
	AMSHAN_A_PORT_STATS,

	__AMSHAN_A_PORT_MAX,
	AMSHAN_A_PORT_MAX = __AMSHAN_A_PORT_MAX - 1
};

/**
 * enum amshan_stats_attr - counters of a port since it was attached; all are u64
 * @AMSHAN_A_STATS_UNSPEC: not used
 * @AMSHAN_A_STATS_PAD: padding
 * @AMSHAN_A_STATS_RX_OCTETS: octets from the tty, without the fillers of breaks and overruns
 * @AMSHAN_A_STATS_FRAMES: frames delivered
 * @AMSHAN_A_STATS_FRAME_OCTETS: their octets, from format field through FCS
 * @AMSHAN_A_STATS_SEGMENTED: frames delivered that had the segment bit set
 * @AMSHAN_A_STATS_FLAGS: flag octets outside of delivered frames
 * @AMSHAN_A_STATS_SKIPPED: other octets outside of delivered frames
 * @AMSHAN_A_STATS_PENDING: octets that are kept because a frame may begin with them (not a counter)
 * @AMSHAN_A_STATS_FCS_ERRORS: good headers whose frame had a bad FCS
 * @AMSHAN_A_STATS_HCS_ERRORS: headers with a bad HCS
 * @AMSHAN_A_STATS_FORMAT_ERRORS: flags followed by something that is no header of type 3, or no
 *	closing flag
 * @AMSHAN_A_STATS_LENGTH_ERRORS: lengths below the minimum or too short for the header
 * @AMSHAN_A_STATS_TIMEOUTS: good headers whose frame was cut off by a pause
 * @AMSHAN_A_STATS_PARITY_ERRORS: octets that came with a parity error
 * @AMSHAN_A_STATS_FRAMING_ERRORS: octets that came with a framing error
 * @AMSHAN_A_STATS_BREAKS: breaks
 * @AMSHAN_A_STATS_OVERRUNS: overruns
 * @AMSHAN_A_STATS_OVERWRITTEN: records overwritten that no reader had read
 *
 * RX_OCTETS = FRAME_OCTETS + FLAGS + SKIPPED + PENDING in every answer.
 */
enum amshan_stats_attr {
	AMSHAN_A_STATS_UNSPEC,
	AMSHAN_A_STATS_PAD,
	AMSHAN_A_STATS_RX_OCTETS,
	AMSHAN_A_STATS_FRAMES,
	AMSHAN_A_STATS_FRAME_OCTETS,
	AMSHAN_A_STATS_SEGMENTED,
	AMSHAN_A_STATS_FLAGS,
	AMSHAN_A_STATS_SKIPPED,
	AMSHAN_A_STATS_PENDING,
	AMSHAN_A_STATS_FCS_ERRORS,
	AMSHAN_A_STATS_HCS_ERRORS,
	AMSHAN_A_STATS_FORMAT_ERRORS,
	AMSHAN_A_STATS_LENGTH_ERRORS,
	AMSHAN_A_STATS_TIMEOUTS,
	AMSHAN_A_STATS_PARITY_ERRORS,
	AMSHAN_A_STATS_FRAMING_ERRORS,
	AMSHAN_A_STATS_BREAKS,
	AMSHAN_A_STATS_OVERRUNS,
	AMSHAN_A_STATS_OVERWRITTEN,

	__AMSHAN_A_STATS_MAX,
	AMSHAN_A_STATS_MAX = __AMSHAN_A_STATS_MAX - 1
};

#endif /* _UAPI_LINUX_AMSHAN_H */
