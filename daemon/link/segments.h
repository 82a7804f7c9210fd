/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Segments: information fields of HDLC frames with the segment bit, put together (IEC 62056-46, 6.4.4).
 *
 * The first segment begins with an LLC header; all but the last have the segment bit.  Messages of
 * different senders (addresses) may interleave.  Memory is bounded; what does not go on in time is
 * given up.  Pure.
 */
#ifndef AMSHAN_LINK_SEGMENTS_H
#define AMSHAN_LINK_SEGMENTS_H

#include <amshan/framer.h>

#define SEGMENTS_MAX		8192	/* octets of one message */
#define SEGMENTS_STREAMS	2	/* messages of different senders at the same time */
#define SEGMENTS_PAUSE_US	10000000ull	/* a message whose next segment does not come is given up */
#define SEGMENTS_HEAD_MAX	8	/* octets of both addresses */

/**
 * struct segments - messages being put together; zero it to begin; private but for the counters
 * @taken: segments taken
 * @messages: messages completed
 * @broken: messages given up, and segments whose beginning is missing
 */
struct segments {
	u64 taken;
	u64 messages;
	u64 broken;
	struct {
		u64 last_us;
		u16 n;			/* 0: free */
		u16 last_start;		/* where the last segment begins: a repeated one is told by it */
		u8 head[SEGMENTS_HEAD_MAX];
		u8 head_n;
		u8 data[SEGMENTS_MAX];
	} stream[SEGMENTS_STREAMS];
};

/**
 * segments_take() - take one frame
 * @s: the segments
 * @frame: as the framer delivered it
 * @n: its length
 * @h: its fields
 * @now_us: when it came, on a clock that does not go back; 0: not known
 * @ret: the whole information field, valid until the next call
 * @ret_n: its length
 *
 * A frame that is no segment and continues nothing is handed through.
 *
 * Return: 1: *@ret is whole; 0: taken, more is to come, or it is a repetition of what is there;
 * -EPROTO: the beginning of it is missing; -EMSGSIZE: the message is longer than SEGMENTS_MAX.  What
 * it broke is given up and counted then.
 */
int segments_take(struct segments *s, const u8 *frame, size_t n, const struct hdlc_frame *h, u64 now_us,
		  const u8 **ret, size_t *ret_n);

/* segments_flush() - nothing follows */
void segments_flush(struct segments *s);

#endif /* AMSHAN_LINK_SEGMENTS_H */
