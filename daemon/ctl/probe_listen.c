// SPDX-License-Identifier: GPL-2.0
/*
 * Listening: from octets, flags and times to a verdict on one setting.  No I/O.
 *
 * Octets go to a capture that was told that they are framed: what it would find out by itself takes
 * the beginning of a file, and here it is the middle of a line.  Its deframer hears all framings.  What
 * is none of them is named by the beginning of a burst.
 */
#include <stdio.h>
#include <string.h>

#include "ctl/probe_listen.h"

#define HEADER_MAX	13	/* format, two addresses, control, HCS: a longer candidate has a good one */
#define LIST_MIN	24	/* no frame with a list is shorter */
#define STREAM_MIN	(2 * AMSHAN_FRAME_MAX + 2)	/* has a whole header somewhere, if any */
#define NOTE_MIN	4	/* printable octets that are worth a word */
#define TEXT_MIN	24	/* that are no accident */
#define MBUS_START	0x68
#define MBUS_HEAD_MAX	7	/* octets that tell an M-Bus frame */

/* ---- counters ---- */

static u64 larger(u64 a, u64 b)
{
	return a > b ? a : b;
}

static bool has_pending_frame(const struct listen *l)
{
	return framer_pending(&l->capture.deframer.hdlc) > HEADER_MAX;
}

/* Also of what has no checksum before its end; these begin with what is no accident. */
static bool is_receiving(const struct listen *l)
{
	const struct deframer *d = &l->capture.deframer;

	return has_pending_frame(l) || p1_pending(&d->p1) > TEXT_MIN ||
	       mbus_pending(&d->mbus) > MBUS_HEAD_MAX;
}

/* Bring the result up to date. */
static void refresh(struct listen *l, u64 now_us)
{
	const struct deframer *d = &l->capture.deframer;
	const struct framer_stats *f = &d->hdlc.stats;
	const struct p1_stats *p1 = &d->p1.stats;
	const struct mbus_stats *m = &d->mbus.stats;
	const struct capture_stats *s = &l->capture.stats;
	struct listen_result *r = &l->result;

	r->us = now_us - l->begun_us;
	r->octets = d->octets;
	r->flags = f->flags;
	r->framing = d->framing;
	r->frames = deframer_units(d);
	r->headers = f->frames + f->fcs_errors + f->timeouts + has_pending_frame(l) + m->frames;
	r->bad_frames = f->fcs_errors + f->timeouts + p1->crc_errors + p1->timeouts +
			m->sum_errors + m->broken;
	r->bad_headers = f->hcs_errors;
	r->messages = s->messages - l->unknown;
	r->unknown = l->unknown;
	r->segments = s->pieces + s->broken;
	r->unreadable = s->unsupported + s->malformed + s->empty;
	if (r->encrypted != s->closed) {
		cipher_title_text(s->ciphered.title, s->ciphered.title_len, r->title);
		cipher_say(s->trouble, &s->ciphered, 0, r->ciphered);
	}
	r->encrypted = s->closed;
}

/* Of a maker's marks the last one counts. */
static int message_note(void *ctx, const struct message *msg, const u8 *body, const u8 *end)
{
	struct listen *l = ctx;
	const struct text *version = &msg->readings.identity[ID_LIST_VERSION];
	char *p = l->result.version;

	if (msg->kind == MESSAGE_UNKNOWN_LIST)
		l->unknown++;
	if (!msg->maker)
		return 0;
	l->result.maker = msg->maker->name;
	snprintf(p, LISTEN_VERSION_MAX, "%.*s", version->len, version->len ? version->p : "");
	/* A text of a message may be anything. */
	for (; *p; p++)
		if (*p < ' ' || *p > '~')
			*p = '?';
	return 0;
}

/* Marks and the driver's counters tell of the same errors; some drivers have but one of the two. */
static void note_errors(struct listen *l, const u8 *flags, size_t n,
			const struct listen_errors *driver)
{
	static const struct listen_errors none;
	struct listen_errors *line = &l->result.line;

	for (size_t i = 0; i < n; i++)
		switch (flags[i]) {
		case FRAMER_FRAME:
		case FRAMER_PARITY:
			l->marked.errors++;
			break;
		case FRAMER_BREAK:
			l->marked.breaks++;
			break;
		case FRAMER_OVERRUN:
			l->marked.overruns++;
			break;
		}
	if (!driver)
		driver = &none;
	line->errors = larger(l->marked.errors, driver->errors);
	line->breaks = larger(l->marked.breaks, driver->breaks);
	line->overruns = larger(l->marked.overruns, driver->overruns);
}

/* ---- what is no frame ---- */

static bool is_text_octet(u8 c)
{
	/* With what consoles send: tab, line feed, carriage return, bell, backspace, escape. */
	return (c >= ' ' && c < 0x7f) || (c >= 0x07 && c <= 0x0d) || c == 0x1b;
}

static bool is_text(const u8 *p, size_t n)
{
	size_t printable = 0;

	for (size_t i = 0; i < n; i++)
		printable += is_text_octet(p[i]);
	return n && printable * 20 >= n * 19;
}

/* Beginnings of what meters send: the next one may be whole. */
static bool is_meter(const struct listen_result *r)
{
	return r->other == LISTEN_P1 || r->other == LISTEN_MBUS;
}

/* The first line that has something in it. */
static void note_text(struct listen_result *r, const u8 *p, size_t n)
{
	static const char more[] = "...";
	size_t k = 0, room = sizeof(r->text) - sizeof(more);

	while (n && *p <= ' ') {
		p++;
		n--;
	}
	while (n && k < room && *p != '\n' && *p != '\r') {
		r->text[k++] = *p >= ' ' && *p < 0x7f ? (char)*p : '?';
		p++;
		n--;
	}
	snprintf(r->text + k, sizeof(more), "%s", n && *p != '\n' && *p != '\r' ? more : "");
}

/*
 * Name what the burst is, if nothing whole is in it.
 *
 * Return: it is no accident, and no meter.
 */
static bool name_other(struct listen *l)
{
	const struct listen_burst *b = &l->burst;
	struct listen_result *r = &l->result;
	enum link_framing framing;

	/* With errors in it, it is not what it looks like. */
	if (r->headers != b->headers || r->line.errors != b->errors)
		return false;
	framing = link_sniff(b->head, b->n_head);
	/* By accident four octets look so somewhere, but not in front. */
	if (framing == LINK_MBUS && b->whole && b->first == MBUS_START && b->n >= LIST_MIN) {
		r->other = LISTEN_MBUS;
		return false;
	}
	if (b->n_head < NOTE_MIN || !is_text(b->head, b->n_head))
		return false;
	if (framing == LINK_P1 && b->n >= TEXT_MIN) {
		r->other = LISTEN_P1;
		return false;
	}
	if (is_meter(r))
		return false;
	if (l->text_octets < b->n) {
		l->text_octets = b->n;
		note_text(r, b->head, b->n_head);
	}
	r->other = LISTEN_TEXT;
	/* Without its beginning it may as well be a P1 telegram, if it is not too long for one. */
	return b->n >= TEXT_MIN && (b->whole || b->n >= STREAM_MIN);
}

/* ---- verdicts ---- */

static enum listen_state decide(struct listen *l, enum listen_state state)
{
	l->result.state = state;
	return state;
}

/*
 * With whole frames: were there line errors?  Those of a burst that was going on when we began do
 * not count if there is a better witness: whoever begins in the middle of an octet sees errors.
 */
static enum listen_state good_or_flawed(const struct listen *l)
{
	const struct listen_result *r = &l->result;
	u64 errors = r->line.errors;

	if (l->seen_whole && r->frames != l->before_frames)
		errors -= l->before;
	return errors ? LISTEN_FLAWED : LISTEN_GOOD;
}

static void burst_begin(struct listen *l, u8 first, u64 now_us)
{
	struct listen_burst *b = &l->burst;
	const struct listen_result *r = &l->result;

	b->on = true;
	/* Behind another one there was a pause. */
	b->whole = l->last_us || now_us - l->begun_us >= LISTEN_PAUSE_US;
	b->n = 0;
	b->n_head = 0;
	b->first = first;
	b->headers = r->headers;
	b->frames = r->frames;
	b->errors = r->line.errors;
	if (b->whole && !l->seen_whole) {
		l->seen_whole = true;
		l->before = r->line.errors;
		l->before_frames = r->frames;
	}
}

static void burst_add(struct listen_burst *b, const u8 *data, size_t n)
{
	size_t room = sizeof(b->head) - b->n_head;

	if (room > n)
		room = n;
	memcpy(b->head + b->n_head, data, room);
	b->n_head += room;
	b->n += n;
	b->last = data[n - 1];
}

/* A burst without a good header. */
static enum listen_state burst_bad(struct listen *l)
{
	const struct listen_burst *b = &l->burst;

	if (name_other(l))
		return decide(l, LISTEN_OTHER);
	if (is_meter(&l->result))
		return LISTEN_ON;
	if (b->n >= STREAM_MIN)
		return decide(l, LISTEN_BAD);
	if (!b->whole)
		return LISTEN_ON;
	/* A damaged frame still begins and ends as one; what does neither is none. */
	if (b->n >= LIST_MIN && b->first != AMSHAN_FLAG && b->last != AMSHAN_FLAG)
		return decide(l, LISTEN_BAD);
	l->bad_bursts++;
	l->bad_octets += b->n;
	if (l->bad_bursts >= 2 && l->bad_octets > LISTEN_BLIP_MAX)
		return decide(l, LISTEN_BAD);
	return LISTEN_ON;
}

static enum listen_state burst_end(struct listen *l, u64 now_us)
{
	struct listen_burst *b = &l->burst;

	/* For frames this ends nothing but the one that is cut off. */
	capture_end(&l->capture);
	refresh(l, now_us);
	b->on = false;
	if (l->settled)
		return LISTEN_ON;
	if (l->result.headers == b->headers && l->result.frames == b->frames)
		return burst_bad(l);
	/* Nothing readable came, or it would be decided; but the frames are whole. */
	if (l->result.frames != b->frames && (b->whole || good_or_flawed(l) == LISTEN_GOOD))
		return decide(l, good_or_flawed(l));
	return LISTEN_ON;
}

/* The time is over. */
static enum listen_state last_word(struct listen *l, u64 now_us)
{
	struct listen_result *r = &l->result;

	if (l->burst.on && burst_end(l, now_us) != LISTEN_ON)
		return r->state;
	if (r->frames)
		return decide(l, l->settled ? LISTEN_GOOD : good_or_flawed(l));
	if (l->text_octets >= TEXT_MIN || is_meter(r))
		return decide(l, LISTEN_OTHER);
	return decide(l, r->octets ? LISTEN_BAD : LISTEN_SILENT);
}

/* ---- the whole ---- */

void listen_begin(struct listen *l, u64 now_us, u64 us)
{
	memset(l, 0, sizeof(*l));
	capture_init(&l->capture, message_note, l);
	l->capture.form = CAPTURE_BINARY;
	l->capture.framing = LINK_HDLC;
	l->begun_us = now_us;
	l->until_us = now_us + us;
}

enum listen_state listen_push(struct listen *l, const u8 *data, const u8 *flags, size_t n,
			      const struct listen_errors *driver, u64 now_us)
{
	struct listen_result *r = &l->result;
	bool readable;

	if (!n || r->state != LISTEN_ON)
		return r->state;
	if (!l->burst.on)
		burst_begin(l, data[0], now_us);
	burst_add(&l->burst, data, n);
	l->last_us = now_us;
	note_errors(l, flags, n, driver);
	capture_push(&l->capture, data, n);
	refresh(l, now_us);

	readable = r->messages || r->encrypted;
	if (readable && good_or_flawed(l) == LISTEN_GOOD)
		l->settled = true;
	else if (readable && l->burst.whole && !l->settled)
		return decide(l, LISTEN_FLAWED);
	/* Whose it is may stand in the next list only; a telegram is all there is. */
	if (l->settled && (r->maker || r->encrypted || r->framing == LINK_P1))
		return decide(l, LISTEN_GOOD);
	/* It does not end, and there is nothing in it. */
	if (!l->settled && l->burst.n >= STREAM_MIN && r->headers == l->burst.headers &&
	    r->frames == l->burst.frames && !is_receiving(l))
		return burst_end(l, now_us);
	return listen_tick(l, now_us);
}

/* A frame that is being received, or may be, is waited for. */
static u64 time_over(const struct listen *l)
{
	return l->until_us + (l->burst.on && is_receiving(l) ? LISTEN_GRACE_US : 0);
}

u64 listen_next(const struct listen *l)
{
	u64 pause = l->last_us + LISTEN_PAUSE_US, over = time_over(l);

	return l->burst.on && pause < over ? pause : over;
}

enum listen_state listen_tick(struct listen *l, u64 now_us)
{
	struct listen_result *r = &l->result;

	if (r->state != LISTEN_ON)
		return r->state;
	refresh(l, now_us);
	if (l->burst.on && now_us - l->last_us >= LISTEN_PAUSE_US)
		burst_end(l, now_us);
	if (r->state == LISTEN_ON && now_us >= time_over(l))
		last_word(l, now_us);
	return r->state;
}

void listen_end(struct listen *l, u64 now_us)
{
	if (l->burst.on && l->result.state == LISTEN_ON)
		capture_end(&l->capture);
	refresh(l, now_us);
}
