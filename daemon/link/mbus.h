/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Wired M-Bus long frames that carry DLMS (EN 13757-2, EN 13757-3; Kaifa and Sagemcom in Austria).
 *
 * `68 L L 68 C A CI STSAP DTSAP data... sum 16`: L counts from C through the data, sum is the sum of
 * these octets modulo 256.  C is 53h or 73h.  CI: bit 4 final, low nibble the sequence number from 0
 * on; the data of the frames with the numbers 0, 1, ... final are one message.  Some meters let L
 * wrap: 01 01 stands for 257 octets, and only sum and stop tell which of both it is.
 *
 * Pure: no allocation, no I/O, no clock.  One struct mbus_framer serves one line.
 */
#ifndef AMSHAN_LINK_MBUS_H
#define AMSHAN_LINK_MBUS_H

#include <amshan/types.h>

#define MBUS_FRAME_MAX		(4 + 255 + 256 + 2)
#define MBUS_MESSAGE_MAX	4096	/* octets of data of one message: 16 sequence numbers */
#define MBUS_PAUSE_NS		500000000ull	/* ends a frame */
#define MBUS_MESSAGE_PAUSE_NS	2000000000ull	/* ends a message whose frames do not come */

/**
 * struct mbus_stats - what came of the octets
 * @octets: octets pushed
 * @frames: long frames with a good sum
 * @frame_octets: their octets, from 68h through 16h
 * @skipped: octets outside of them that will be in none
 * @starts: heads 68 L L 68 seen
 * @sum_errors: heads whose sum or stop is wrong at every length they may mean
 * @timeouts: frames cut off by a pause
 * @messages: messages delivered
 * @broken: messages given up: a frame is missing, out of sequence, too long, or did not come in time
 *
 * @octets = @frame_octets + @skipped + mbus_pending() holds after every call.
 */
struct mbus_stats {
	u64 octets;
	u64 frames;
	u64 frame_octets;
	u64 skipped;
	u64 starts;
	u64 sum_errors;
	u64 timeouts;
	u64 messages;
	u64 broken;
};

/**
 * typedef mbus_message_fn - takes one message
 * @ctx: as given to mbus_push()
 * @data: data of all its frames, from the APDU on; valid until return
 * @n: their number
 */
typedef void (*mbus_message_fn)(void *ctx, const u8 *data, size_t n);

/**
 * struct mbus_framer - one line's framer; private but for @stats
 */
struct mbus_framer {
	struct mbus_stats stats;
	u64 last_ns;
	u64 message_ns;		/* last frame of the message in @message */
	u16 n;			/* octets kept in @buf */
	u16 n_message;
	u8 next;		/* sequence number that is due */
	bool in_message;
	u8 last_sum;		/* to tell a repeated frame */
	u8 buf[MBUS_FRAME_MAX];
	u8 message[MBUS_MESSAGE_MAX];
};

void mbus_init(struct mbus_framer *f);

/* mbus_push() - as p1_push() */
void mbus_push(struct mbus_framer *f, const u8 *data, size_t n, u64 now_ns, mbus_message_fn fn,
	       void *ctx);

/* mbus_flush() - nothing follows; what is incomplete is counted and forgotten */
void mbus_flush(struct mbus_framer *f, mbus_message_fn fn, void *ctx);

static inline size_t mbus_pending(const struct mbus_framer *f)
{
	return f->n;
}

#endif /* AMSHAN_LINK_MBUS_H */
