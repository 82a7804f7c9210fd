/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The deframer: octets of a line to what its frames carry, whatever their framing.
 *
 * HDLC with its segments, P1, M-Bus and bare APDUs each have a room of their own; this is the door to
 * all of them.  At first all listen; the one that finds something valid first is remembered, and the
 * others are not asked any more until the owner says that nothing valid comes (deframer_sniff()).
 * Behind bare APDUs, which have no checksum, all go on listening.
 * Pure: no allocation, no I/O, no clock.
 */
#ifndef AMSHAN_LINK_DEFRAMER_H
#define AMSHAN_LINK_DEFRAMER_H

#include <amshan/framer.h>

#include "link/bare.h"
#include "link/mbus.h"
#include "link/p1.h"
#include "link/segments.h"
#include "link/sniff.h"

/**
 * struct link_unit - something valid that came: a frame, a telegram, a message of M-Bus frames
 * @framing: LINK_HDLC, LINK_P1, LINK_MBUS, LINK_APDU
 * @octets: as it came; of M-Bus only the data, of segments the last frame
 * @n: their number
 * @payload: what it carries, from LLC or APDU on (LINK_P1: the telegram itself); NULL: nothing yet, or
 *           nothing at all
 * @len: its length
 * @segment: it is a piece of a longer message
 * @error: with @segment, why it can be put to no message: as segments_take()
 * @unverified: no checksum speaks for it
 */
struct link_unit {
	enum link_framing framing;
	const u8 *octets;
	size_t n;
	const u8 *payload;
	size_t len;
	bool segment;
	int error;
	bool unverified;
};

/* deframer_fn - takes one; it is valid until return; it may not call the deframer that calls it */
typedef void (*deframer_fn)(void *ctx, const struct link_unit *unit);

/**
 * struct deframer - one line's; private but for what is said here
 * @framing: that of the last valid unit, LINK_UNKNOWN: all are listened to
 * @all: all are listened to always (captures: they may be of several lines); to be set at first
 * @octets: octets pushed; of lines that the module frames, what it counted
 * @hdlc: its statistics may be read at any time between calls, as those of the others
 * @p1: its policy may be set at any time between calls
 */
struct deframer {
	enum link_framing framing;
	bool all;
	u64 octets;
	struct framer hdlc;
	struct p1_framer p1;
	struct mbus_framer mbus;
	struct bare_framer bare;
	struct segments segments;
};

void deframer_init(struct deframer *d);

/**
 * deframer_push() - take octets from the line
 * @d: the deframer
 * @data: the octets
 * @flags: as framer_push()
 * @n: their number
 * @now_ns: when they arrived, 0: not known (a file)
 * @fn: takes what comes of them
 * @ctx: for @fn
 */
void deframer_push(struct deframer *d, const u8 *data, const u8 *flags, size_t n, u64 now_ns,
		   deframer_fn fn, void *ctx);

/**
 * deframer_frame() - take one HDLC frame that somebody else framed and checked
 * @d: the deframer
 * @frame: from the format field through the FCS
 * @n: its length
 * @now_ns: when it came
 * @fn: as deframer_push()
 * @ctx: for @fn
 *
 * Return: 0, or -EINVAL if it is no frame of format type 3.
 */
int deframer_frame(struct deframer *d, const u8 *frame, size_t n, u64 now_ns, deframer_fn fn, void *ctx);

/* deframer_flush() - nothing follows: what is kept is looked through, and then forgotten */
void deframer_flush(struct deframer *d, deframer_fn fn, void *ctx);

/* deframer_sniff() - nothing valid came for long: listen to all framings again */
void deframer_sniff(struct deframer *d);

/* deframer_units() - valid frames and telegrams so far, of all framings */
u64 deframer_units(const struct deframer *d);

#endif /* AMSHAN_LINK_DEFRAMER_H */
