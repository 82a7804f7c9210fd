/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Segments: information fields of HDLC frames with the segment bit, put together (IEC 62056-46,
 * 6.4.4).
 *
 * The first segment begins with an LLC header; all but the last have the segment bit.  The standard
 * has the LLC header in the first one only, and so does Iskra; some meters have it in each.  It is
 * taken for the beginning of another message where a known APDU with a good header follows it,
 * else it is left out.  Messages of different senders (addresses) may interleave.  Memory is
 * bounded; what does not go on in time is given up.  Pure.
 *
 * Meters push unnumbered frames (UI): that a segment in the middle is missing can then be told by
 * nothing but the message, whose decoder or tag finds it too short.  Information frames that count
 * are held to it.
 */
#ifndef AMSHAN_LINK_SEGMENTS_H
#define AMSHAN_LINK_SEGMENTS_H

#include <amshan/framer.h>

#define SEGMENTS_MAX		8192	/* octets of one message */
#define SEGMENTS_STREAMS	2	/* messages of different senders at the same time */
/*
 * What ends a message whose next segment does not come: two seconds, and what that segment takes on the
 * line (11 bits an octet at 2400 baud), as a frame's time is that of its end.  It has to be less than the
 * meter's period: only the pause tells a message from the next one when segments of both are lost.
 */
#define SEGMENTS_PAUSE_US	2000000ull
#define SEGMENTS_OCTET_US	4600ull
#define SEGMENTS_HEAD_MAX	8	/* octets of both addresses */

enum segments_state {
	SEGMENTS_FREE,
	SEGMENTS_OPEN,	/* more is to come */
	SEGMENTS_DONE,	/* whole; kept to tell a repetition of its last segment */
	SEGMENTS_LOST,	/* given up; until an LLC header comes its frames are the rest of it */
};

/**
 * struct segments_stream - the message of one sender
 * @last_us: when its last segment came
 * @order: @taken of then: which one is silent for longest, also without times
 * @state: enum segments_state
 * @control: control field of the last segment
 * @head_n: octets in @head
 * @head: both addresses
 * @n: octets in @data
 * @last_start: where the last segment begins in @data
 * @data: what the segments had, from the first one's LLC header on
 */
struct segments_stream {
	u64 last_us;
	u64 order;
	u8 state;
	u8 control;
	u8 head_n;
	u8 head[SEGMENTS_HEAD_MAX];
	u16 n;
	u16 last_start;
	u8 data[SEGMENTS_MAX];
};

/**
 * struct segments - messages being put together; private but for the counters
 * @taken: segments seen, also those that are dropped
 * @messages: messages completed
 * @broken: messages given up, and segments whose beginning is missing
 * @stream: one for each sender
 */
struct segments {
	u64 taken;
	u64 messages;
	u64 broken;
	struct segments_stream stream[SEGMENTS_STREAMS];
};

/* segments_init() - make ready; touches no more memory than it has to */
void segments_init(struct segments *s);

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
 * A frame that is no segment and continues nothing is handed through, also one without information
 * (*@ret_n is 0 then).
 *
 * Return: 1: *@ret is whole; 0: taken, more is to come, or it is a repetition of what is there;
 * -EPROTO: what comes before it is missing; -EMSGSIZE: the message is longer than SEGMENTS_MAX.
 * What these two broke is given up and counted then.  @ret and @ret_n are untouched but for 1.
 */
int segments_take(struct segments *s, const u8 *frame, size_t n, const struct hdlc_frame *h,
		  u64 now_us, const u8 **ret, size_t *ret_n);

/* segments_flush() - nothing follows */
void segments_flush(struct segments *s);

#endif /* AMSHAN_LINK_SEGMENTS_H */
