// SPDX-License-Identifier: GPL-2.0
/*
 * Segments: frames in, whole information fields out.  Rests on the framer's fields of a frame.
 */
#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "dlms/apdu.h"
#include "link/segments.h"
#include "util.h"

#define HDLC_FORMAT	2	/* octets before the addresses */
#define HDLC_CONTROL	1
#define HDLC_CHECK	2

#define LLC_LEN		3
static const u8 llc_response[LLC_LEN] = { 0xe6, 0xe7, 0x00 };
static const u8 llc_command[LLC_LEN] = { 0xe6, 0xe6, 0x00 };

/* One frame with an information field, as it is looked at here. */
struct segment {
	const u8 *head;		/* addresses */
	size_t head_n;
	const u8 *data;
	size_t n;
	u8 control;
	bool more;
	bool llc;
	bool begins;		/* it can only be the first one */
};

static bool has_llc(const u8 *p, size_t n)
{
	return n >= LLC_LEN &&
	       (!memcmp(p, llc_response, LLC_LEN) || !memcmp(p, llc_command, LLC_LEN));
}

static bool has_apdu(const u8 *p, size_t n)
{
	struct apdu apdu;

	return apdu_parse(&p, p + n, &apdu) == 0;
}

static void segment_parse(const u8 *frame, const struct hdlc_frame *h, struct segment *ret)
{
	*ret = (struct segment){
		.head = frame + HDLC_FORMAT,
		.head_n = h->info - frame - HDLC_FORMAT - HDLC_CONTROL - HDLC_CHECK,
		.data = h->info,
		.n = h->info_len,
		.control = h->info[-HDLC_CHECK - HDLC_CONTROL],
		.more = h->segmented,
		.llc = has_llc(h->info, h->info_len),
	};
	ret->begins = ret->llc && has_apdu(ret->data + LLC_LEN, ret->n - LLC_LEN);
}

/* ---- streams ---- */

static struct segments_stream *stream_find(struct segments *s, const struct segment *g)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(s->stream); i++) {
		struct segments_stream *t = &s->stream[i];

		if (t->state != SEGMENTS_FREE && t->head_n == g->head_n &&
		    !memcmp(t->head, g->head, g->head_n))
			return t;
	}

	return NULL;
}

static void stream_close(struct segments *s, struct segments_stream *t, enum segments_state state)
{
	if (t->state == SEGMENTS_OPEN)
		s->broken++;
	t->state = state;
}

/* A place for another sender: a free one, else one that has nothing to lose, else the oldest. */
static struct segments_stream *stream_victim(struct segments *s)
{
	struct segments_stream *best = &s->stream[0];

	for (unsigned int i = 0; i < ARRAY_SIZE(s->stream); i++) {
		struct segments_stream *t = &s->stream[i];
		bool open = t->state == SEGMENTS_OPEN, best_open = best->state == SEGMENTS_OPEN;

		if (t->state == SEGMENTS_FREE)
			return t;
		if (open < best_open || (open == best_open && t->order < best->order))
			best = t;
	}

	return best;
}

static struct segments_stream *stream_new(struct segments *s, const struct segment *g)
{
	struct segments_stream *t = stream_victim(s);

	/* What continues nothing is not worth a message of another sender. */
	if (!g->llc && t->state == SEGMENTS_OPEN)
		return NULL;
	stream_close(s, t, SEGMENTS_FREE);
	memcpy(t->head, g->head, g->head_n);
	t->head_n = g->head_n;

	return t;
}

/* @n: octets of the frame that came.  A clock that went back, or none, says nothing about pauses. */
static void streams_expire(struct segments *s, u64 now_us, size_t n)
{
	u64 pause = SEGMENTS_PAUSE_US + n * SEGMENTS_OCTET_US;

	for (unsigned int i = 0; i < ARRAY_SIZE(s->stream); i++) {
		struct segments_stream *t = &s->stream[i];

		if (now_us && t->last_us && now_us > t->last_us &&
		    now_us - t->last_us > pause)
			stream_close(s, t, SEGMENTS_FREE);
	}
}

/* ---- what a segment is to its stream ---- */

/* N(S) of an information frame; -1: the frame has none (IEC 62056-46). */
static int send_number(u8 control)
{
	return control & 1 ? -1 : control >> 1 & 7;
}

/* How much was counted on since the last segment; -1: nothing is said. */
static int numbers_step(const struct segments_stream *t, const struct segment *g)
{
	int a = send_number(t->control), b = send_number(g->control);

	return a < 0 || b < 0 ? -1 : (b - a) & 7;
}

static bool is_repeated(const struct segments_stream *t, const struct segment *g)
{
	size_t n = t->n - t->last_start, skip;

	if (t->state != SEGMENTS_OPEN && t->state != SEGMENTS_DONE)
		return false;
	/* The last one of a whole message has no bit, those of an open one have. */
	if (g->more != (t->state == SEGMENTS_OPEN) || numbers_step(t, g) == 1)
		return false;
	/* The LLC header is kept of the first one alone. */
	skip = t->last_start && g->llc ? LLC_LEN : 0;

	return n == g->n - skip && !memcmp(t->data + t->last_start, g->data + skip, n);
}

/* It continues nothing, or what it continued is given up; @t may be NULL. */
static int stream_lose(struct segments *s, struct segments_stream *t, int error)
{
	if (!t || t->state != SEGMENTS_OPEN)
		s->broken++;
	if (t)
		stream_close(s, t, SEGMENTS_LOST);

	return error;
}

/* The first one (the stream is empty), or one that continues. */
static int stream_append(struct segments *s, struct segments_stream *t, const struct segment *g)
{
	size_t skip = t->n && g->llc ? LLC_LEN : 0, n = g->n - skip;

	if (n > sizeof(t->data) - t->n)
		return stream_lose(s, t, -EMSGSIZE);

	memcpy(t->data + t->n, g->data + skip, n);
	t->last_start = t->n;
	t->n += n;
	t->control = g->control;
	if (g->more)
		return 0;

	t->state = SEGMENTS_DONE;
	s->messages++;

	return 1;
}

/* Does it follow what is there?  Frames that always have the same number count nothing. */
static bool continues(const struct segments_stream *t, const struct segment *g)
{
	return t && t->state == SEGMENTS_OPEN && !g->begins && numbers_step(t, g) <= 1;
}

/* Can it be the first one, though of an APDU that is not known? */
static bool can_begin(const struct segments_stream *t, const struct segment *g)
{
	return t && (g->begins ||
		     (g->llc && (t->state == SEGMENTS_FREE || t->state == SEGMENTS_DONE)));
}

/* A frame with the bit, or one without it that belongs to a message; *@t may be NULL. */
static int segment_take(struct segments *s, struct segments_stream **t, const struct segment *g)
{
	if (*t && is_repeated(*t, g))
		return 0;
	if (continues(*t, g))
		return stream_append(s, *t, g);

	if (!*t)
		*t = stream_new(s, g);
	if (!can_begin(*t, g))
		return stream_lose(s, *t, -EPROTO);

	stream_close(s, *t, SEGMENTS_OPEN);
	(*t)->n = 0;

	return stream_append(s, *t, g);
}

/* Is this frame without the bit a message of its own? */
static bool is_alone(const struct segments_stream *t, const struct segment *g)
{
	if (g->more)
		return false;
	if (!t || t->state == SEGMENTS_FREE || g->begins)
		return true;
	if (t->state == SEGMENTS_DONE)
		return !is_repeated(t, g);

	return t->state == SEGMENTS_LOST && g->llc;
}

void segments_init(struct segments *s)
{
	s->taken = s->messages = s->broken = 0;
	for (unsigned int i = 0; i < SEGMENTS_STREAMS; i++)
		memset(&s->stream[i], 0, offsetof(struct segments_stream, data));
}

int segments_take(struct segments *s, const u8 *frame, size_t n, const struct hdlc_frame *h,
		  u64 now_us, const u8 **ret, size_t *ret_n)
{
	struct segments_stream *t;
	struct segment g;
	int r;

	streams_expire(s, now_us, n);

	/* Without octets it continues nothing and ends nothing. */
	if (!h->info_len && h->segmented)
		return 0;
	if (!h->info_len) {
		*ret = h->info;
		*ret_n = 0;
		return 1;
	}

	segment_parse(frame, h, &g);
	t = stream_find(s, &g);
	if (is_alone(t, &g)) {
		/* What its sender had begun does not go on. */
		if (t)
			stream_close(s, t, SEGMENTS_FREE);
		*ret = h->info;
		*ret_n = h->info_len;
		return 1;
	}

	s->taken++;
	r = segment_take(s, &t, &g);
	if (t) {
		t->last_us = now_us;
		t->order = s->taken;
	}
	if (r > 0) {
		*ret = t->data;
		*ret_n = t->n;
	}

	return r;
}

void segments_flush(struct segments *s)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(s->stream); i++)
		stream_close(s, &s->stream[i], SEGMENTS_FREE);
}
