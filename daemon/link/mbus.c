// SPDX-License-Identifier: GPL-2.0
/*
 * M-Bus: octets in, messages out.  What it does and promises is in the header.
 *
 * The buffer holds one candidate, which begins with 68h.  mbus_examine() says what is known of it,
 * mbus_run() acts upon that until nothing more can be said, and hands whole frames to
 * message_take(), which puts their data together.
 */
#include <stddef.h>
#include <string.h>

#include "link/mbus.h"

#define MBUS_START	0x68
#define MBUS_STOP	0x16
#define MBUS_HEAD	4	/* octets before C: start, L, L, start */
#define MBUS_TAIL	2	/* sum, stop */
#define MBUS_FIELDS	5	/* C, A, CI, STSAP, DTSAP */
#define MBUS_SEEN	7	/* octets that tell a head: through CI */
#define MBUS_WRAP	256

/* SND-UD, with and without the frame count bit (EN 13757-2); CI of DLMS: 00h to 1Fh (13757-3). */
#define MBUS_C		4
#define MBUS_C_SND_UD	0x53
#define MBUS_C_FCB	0x20
#define MBUS_CI		6
#define MBUS_CI_LAST	0x1f
#define MBUS_CI_FINAL	0x10
#define MBUS_CI_NUMBER	0x0f

enum verdict {
	MORE,		/* nothing to say before more octets came */
	FRAME,
	NO_HEAD,
	FOREIGN,
	BAD_SUM,
};

/* Is a head at @p?  MORE: so far as can be seen; FRAME: yes. */
static enum verdict head_examine(const u8 *p, size_t n)
{
	if (p[0] != MBUS_START || (n > 2 && p[1] != p[2]) || (n > 3 && p[3] != MBUS_START))
		return NO_HEAD;
	if ((n > MBUS_C && (p[MBUS_C] & ~MBUS_C_FCB) != MBUS_C_SND_UD) ||
	    (n > MBUS_CI && p[MBUS_CI] > MBUS_CI_LAST))
		return FOREIGN;

	return n >= MBUS_SEEN ? FRAME : MORE;
}

/*
 * Octets of a frame with this L, read as it mostly is: wrapped only if it would not hold the
 * fields.
 */
static size_t likely_size(u8 l)
{
	return MBUS_HEAD + l + MBUS_TAIL + (l < MBUS_FIELDS ? MBUS_WRAP : 0);
}

/* Do sum and stop fit if the head at p[@at] of the candidate has a frame of @size octets? */
static bool sum_fits(const struct mbus_framer *f, size_t at, size_t size)
{
	const u8 *p = f->buf + f->start + at;
	const u8 *sum = f->sum + f->start + at;

	return p[size - 1] == MBUS_STOP &&
	       p[size - MBUS_TAIL] == (u8)(sum[size - MBUS_TAIL] - sum[MBUS_HEAD]);
}

/*
 * Does the next head stand in the first @n octets of the candidate with a whole, good frame?
 * Looks at no octet twice: goes on where it was, and stays at the head that it found.
 */
static bool frame_behind(struct mbus_framer *f, size_t n)
{
	const u8 *p = f->buf + f->start;
	size_t size;

	while ((size_t)f->scanned + MBUS_SEEN <= n) {
		const u8 *found = memchr(p + f->scanned, MBUS_START,
					 n + 1 - MBUS_SEEN - f->scanned);

		if (!found) {
			f->scanned = n + 1 - MBUS_SEEN;
			break;
		}
		f->scanned = found - p;
		if (head_examine(found, MBUS_SEEN) == FRAME) {
			size = likely_size(found[1]);
			return f->scanned + size <= n && sum_fits(f, f->scanned, size);
		}
		f->scanned++;
	}

	return false;
}

/* What can be said of the candidate.  Cheap to call again with more octets. */
static enum verdict mbus_examine(struct mbus_framer *f, size_t *ret_size)
{
	const u8 *p = f->buf + f->start;
	size_t n = f->end - f->start, size;
	enum verdict v;

	v = head_examine(p, n);
	if (v != FRAME)
		return v;

	size = likely_size(p[1]);
	if (n < size)
		return MORE;
	if (sum_fits(f, 0, size)) {
		*ret_size = size;
		return FRAME;
	}
	if (p[1] < MBUS_FIELDS)
		return BAD_SUM;

	/*
	 * Damaged, or L has wrapped.  A good frame within what it would have then says that it is
	 * damaged; without this look each damaged frame would hold up those behind it.
	 */
	size += MBUS_WRAP;
	if (frame_behind(f, n < size ? n : size))
		return BAD_SUM;
	if (n < size)
		return MORE;
	*ret_size = size;

	return sum_fits(f, 0, size) ? FRAME : BAD_SUM;
}

static void message_break(struct mbus_framer *f, u8 number, bool final)
{
	f->stats.broken++;
	f->state = final ? MBUS_IDLE : MBUS_LOST;
	f->next = number + 1;
	f->n_message = 0;
	f->last_start = 0;
}

/*
 * Is this the last frame again?  Its data are not to be put there twice.  Number 0 behind a whole
 * message is none: a meter may well have the same to say.
 */
static bool is_repeated(const struct mbus_framer *f, u8 number, const u8 *data, size_t n)
{
	if (number + 1 != f->next || (f->state == MBUS_IDLE && !number))
		return false;
	/* Of a message that was given up the octets are not kept; this is for the counter only. */
	if (f->state != MBUS_OPEN && !f->n_message)
		return data[n] == f->last_sum;

	return n == (size_t)(f->n_message - f->last_start) &&
	       !memcmp(f->message + f->last_start, data, n);
}

/* @data: of a whole frame, so that its sum stands behind them */
static void message_take(struct mbus_framer *f, u8 ci, const u8 *data, size_t n, mbus_message_fn fn,
			 void *ctx)
{
	u8 number = ci & MBUS_CI_NUMBER;
	bool final = ci & MBUS_CI_FINAL;

	f->message_ns = f->last_ns;
	if (is_repeated(f, number, data, n))
		return;

	f->last_sum = data[n];
	if (!number) {
		if (f->state == MBUS_OPEN)
			f->stats.broken++;
		f->state = MBUS_OPEN;
		f->next = 0;
		f->n_message = 0;
	}
	if (f->state == MBUS_LOST && number == f->next) {
		/* Of the message that is counted already. */
		f->state = final ? MBUS_IDLE : MBUS_LOST;
		f->next++;
		return;
	}
	if (f->state != MBUS_OPEN || number != f->next || n > sizeof(f->message) - f->n_message) {
		message_break(f, number, final);
		return;
	}

	if (n)
		memcpy(f->message + f->n_message, data, n);
	f->last_start = f->n_message;
	f->n_message += n;
	f->next++;
	if (!final)
		return;

	if (!f->n_message) {
		message_break(f, number, final);
		return;
	}
	f->state = MBUS_IDLE;
	f->stats.messages++;
	fn(ctx, f->message, f->n_message);
}

/* Give up the first @n octets of what is kept, and what follows up to the next 68h. */
static void mbus_hunt(struct mbus_framer *f, size_t n)
{
	const u8 *p = f->buf + f->start, *found = NULL;

	if (f->start + n < f->end)
		found = memchr(p + n, MBUS_START, f->end - f->start - n);
	if (found)
		f->start += found - p;
	else
		f->start = f->end;
	f->scanned = 1;
	f->head = false;
}

static void mbus_frame(struct mbus_framer *f, size_t size, mbus_message_fn fn, void *ctx)
{
	const u8 *p = f->buf + f->start;
	u16 kept = f->end - f->start;

	f->stats.frames++;
	f->stats.frame_octets += size;
	message_take(f, p[MBUS_CI], p + MBUS_HEAD + MBUS_FIELDS,
		     size - MBUS_HEAD - MBUS_FIELDS - MBUS_TAIL, fn, ctx);
	mbus_hunt(f, size);
	f->stats.skipped += kept - size - mbus_pending(f);
}

/* Say all that can be said of the buffer.  @final: what is missing will not come. */
static void mbus_run(struct mbus_framer *f, bool final, mbus_message_fn fn, void *ctx)
{
	while (f->start < f->end) {
		size_t size = 0, kept = mbus_pending(f);
		enum verdict v = mbus_examine(f, &size);

		if (!f->head && kept >= MBUS_HEAD && v != NO_HEAD) {
			f->head = true;
			f->stats.starts++;
		}

		switch (v) {
		case FRAME:
			mbus_frame(f, size, fn, ctx);
			continue;
		case MORE:
			if (!final)
				return;
			if (f->head)
				f->stats.timeouts++;
			break;
		case NO_HEAD:
			break;
		case FOREIGN:
			f->stats.foreign++;
			break;
		case BAD_SUM:
			f->stats.sum_errors++;
			break;
		}

		mbus_hunt(f, 1);
		f->stats.skipped += kept - mbus_pending(f);
	}
}

/* Make room for the rest of the candidate: it fits when it stands at the front. */
static void mbus_compact(struct mbus_framer *f)
{
	size_t n = mbus_pending(f);

	memmove(f->buf, f->buf + f->start, n);
	memmove(f->sum, f->sum + f->start, n + 1);
	f->start = 0;
	f->end = n;
}

static void mbus_keep(struct mbus_framer *f, const u8 *data, size_t n)
{
	u8 sum = f->sum[f->end];
	u8 *to = f->sum + f->end + 1;

	memcpy(f->buf + f->end, data, n);
	for (size_t i = 0; i < n; i++) {
		sum += data[i];
		to[i] = sum;
	}
	f->end += n;
}

static void mbus_take(struct mbus_framer *f, const u8 *data, size_t n, mbus_message_fn fn,
		      void *ctx)
{
	f->stats.octets += n;

	while (n) {
		size_t room;

		if (f->start == f->end) {
			const u8 *found = memchr(data, MBUS_START, n);
			size_t skipped = found ? (size_t)(found - data) : n;

			f->stats.skipped += skipped;
			data += skipped;
			n -= skipped;
			f->start = 0;
			f->end = 0;
			f->scanned = 1;
			f->head = false;
			if (!n)
				return;
		}

		/*
		 * At most MBUS_FRAME_MAX octets are kept, so each is moved once, if at all, for as
		 * many that come.
		 */
		if (f->end == sizeof(f->buf))
			mbus_compact(f);
		room = sizeof(f->buf) - f->end;
		if (room > n)
			room = n;
		mbus_keep(f, data, room);
		data += room;
		n -= room;
		mbus_run(f, false, fn, ctx);
	}
}

/* A clock that went back, or none, says nothing about pauses. */
static bool is_pause(u64 since, u64 now, u64 pause)
{
	return now && since && now > since && now - since > pause;
}

void mbus_init(struct mbus_framer *f)
{
	/* The buffers are written before they are read: 1,000 sources do not have to touch them. */
	memset(f, 0, offsetof(struct mbus_framer, buf));
	f->sum[0] = 0;
}

void mbus_push(struct mbus_framer *f, const u8 *data, size_t n, u64 now_ns, mbus_message_fn fn,
	       void *ctx)
{
	if (!n)
		return;

	if (is_pause(f->last_ns, now_ns, MBUS_PAUSE_NS))
		mbus_run(f, true, fn, ctx);
	/*
	 * While octets of a frame come the message goes on: a long frame takes more than the pause
	 * at 2400 baud.
	 */
	if (!mbus_pending(f) && is_pause(f->message_ns, now_ns, MBUS_MESSAGE_PAUSE_NS)) {
		if (f->state == MBUS_OPEN)
			f->stats.broken++;
		f->state = MBUS_IDLE;
		f->next = 0;
	}
	f->last_ns = now_ns;
	mbus_take(f, data, n, fn, ctx);
}

void mbus_flush(struct mbus_framer *f, mbus_message_fn fn, void *ctx)
{
	mbus_run(f, true, fn, ctx);
	if (f->state == MBUS_OPEN)
		f->stats.broken++;
	f->state = MBUS_IDLE;
	f->next = 0;
}
