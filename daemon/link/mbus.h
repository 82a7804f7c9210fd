/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Wired M-Bus long frames that carry DLMS (EN 13757-2, EN 13757-3; Kaifa and Sagemcom in Austria).
 *
 * `68 L L 68 C A CI STSAP DTSAP data... sum 16`: L counts from C through the data, sum is the sum of
 * these octets modulo 256.  C is 53h or 73h.  CI: bit 4 final, low nibble the sequence number from 0
 * on; the data of the frames with the numbers 0, 1, ... final are one message.  Some meters let L
 * wrap: 01 01 stands for 257 octets, and only sum and stop tell which of both it is.  STSAP and
 * DTSAP differ per meter and are not looked at.
 *
 * A head is 68 L L 68 with C and CI as above; everything else is noise, among it short frames
 * (10 C A sum 16), acknowledgements (E5) and long frames of other applications.  The length is L
 * where sum and stop at that place say so, at once, without a look at what follows; otherwise
 * L + 256 if they say so there, unless the next head has a good frame before that.  L below 5, too
 * short for C, A, CI, STSAP and DTSAP, is always L + 256.  When no length fits, only the first
 * octet of the head is given up, and what was kept behind it is looked through again.
 *
 * The sum has 8 bits: of heads that are damaged, or have a wrapped L of 5 or more, one in 65536 is
 * taken for a frame of the wrong length.  What ciphers or decodes the message finds that.
 *
 * Pure: no allocation, no I/O, no clock.  One struct mbus_framer serves one line.
 */
#ifndef AMSHAN_LINK_MBUS_H
#define AMSHAN_LINK_MBUS_H

#include <amshan/types.h>

#define MBUS_FRAME_MAX		(4 + 255 + 256 + 2)
#define MBUS_MESSAGE_MAX	4096	/* octets of data of one message: 16 sequence numbers */
#define MBUS_BUFFER		(2 * MBUS_FRAME_MAX)
#define MBUS_PAUSE_NS		500000000ull	/* ends a frame */
#define MBUS_MESSAGE_PAUSE_NS	2000000000ull	/* ends a message whose frames do not come */

/**
 * struct mbus_stats - what came of the octets
 * @octets: octets pushed
 * @frames: long frames with a good sum
 * @frame_octets: their octets, from 68h through 16h
 * @skipped: octets outside of them that will be in none
 * @starts: 68 L L 68 seen
 * @foreign: of these, those with C or CI of another application
 * @sum_errors: heads whose sum or stop is wrong at every length they may mean
 * @timeouts: frames cut off by a pause or the end
 * @messages: messages delivered
 * @broken: messages given up: a frame is missing, out of sequence, too long, or did not come in
 *          time, or there are no data in all of them; once for each message
 *
 * @octets = @frame_octets + @skipped + mbus_pending() holds after every call, and @starts = @frames
 * + @foreign + @sum_errors + @timeouts but for one that is pending.
 */
struct mbus_stats {
	u64 octets;
	u64 frames;
	u64 frame_octets;
	u64 skipped;
	u64 starts;
	u64 foreign;
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

/* What is known of the message that the next frame belongs to. */
enum mbus_state {
	MBUS_IDLE,	/* nothing is open */
	MBUS_OPEN,	/* frames before @next are in @message */
	MBUS_LOST,	/* given up and counted; the rest of it is still to come, from @next on */
};

/**
 * struct mbus_framer - one line's framer; private but for @stats
 * @stats: to be read at any time between calls
 * @last_ns: time of the last push that had octets
 * @message_ns: when the last frame of the message came
 * @start: where the candidate begins in @buf; it is at 68h
 * @end: end of what is kept in @buf
 * @scanned: no other head begins before this octet of the candidate
 * @head: 68 L L 68 of the candidate was seen and counted
 * @state: enum mbus_state
 * @next: sequence number that is due
 * @last_sum: sum of the last frame
 * @n_message: octets in @message; they stay when it was delivered, to tell a repeated frame
 * @last_start: where the data of the last frame begin in @message
 * @buf: what is kept: room for two, so that it is seldom moved to the front
 * @sum: sum of the octets in @buf before each; only differences count
 * @message: data of the frames so far
 */
struct mbus_framer {
	struct mbus_stats stats;
	u64 last_ns;
	u64 message_ns;
	u16 start;
	u16 end;
	u16 scanned;
	bool head;
	u8 state;
	u8 next;
	u8 last_sum;
	u16 n_message;
	u16 last_start;
	u8 buf[MBUS_BUFFER];
	u8 sum[MBUS_BUFFER + 1];
	u8 message[MBUS_MESSAGE_MAX];
};

/* mbus_init() - make a framer ready: nothing is pending, all counters zero */
void mbus_init(struct mbus_framer *f);

/**
 * mbus_push() - take octets from the line
 * @f: the framer
 * @data: the octets
 * @n: their number
 * @now_ns: when they arrived, on a clock that does not go back; 0: not known (a file): a pause ends
 *          nothing
 * @fn: called for each message, at the stop of its last frame; it may not call the framer
 * @ctx: for @fn
 *
 * The result does not depend on how the octets are cut into calls (apart from the times).
 *
 * Worst case: an octet is added to the sum once; the hunt for a head goes over it once, and so does
 * the search for the head behind one whose length is open, as it ends at that one, and the next
 * such search begins there.  At a 68h both look at up to 6 octets that follow.  That is 15 looks at
 * an octet at most; sums at both lengths are differences and take none.  An octet that is kept is
 * moved once at most.
 */
void mbus_push(struct mbus_framer *f, const u8 *data, size_t n, u64 now_ns, mbus_message_fn fn,
	       void *ctx);

/**
 * mbus_flush() - the line has ended: nothing that is missing will come
 * @f: the framer
 * @fn: called for each message that is found behind false starts
 * @ctx: for @fn
 *
 * Afterwards nothing is pending and no message is open: what was cut off is counted and forgotten.
 */
void mbus_flush(struct mbus_framer *f, mbus_message_fn fn, void *ctx);

/* mbus_pending() - octets that are kept and whose fate is open, at most MBUS_FRAME_MAX */
static inline size_t mbus_pending(const struct mbus_framer *f)
{
	return f->end - f->start;
}

#endif /* AMSHAN_LINK_MBUS_H */
