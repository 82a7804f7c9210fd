// SPDX-License-Identifier: GPL-2.0
/*
 * Captures: from what a file holds to messages.
 *
 * Three steps, each takes pieces of any size: form (hex text or binary, lines), framing, messages.
 * No I/O.
 */
#include <errno.h>
#include <string.h>

#include "ctl/capture.h"
#include "link/hextext.h"

#define BODY_MIN 32	/* octets of a bare body that is known as one wherever it stands */

/* ---- messages ---- */

static void error_take(struct capture *c, int error)
{
	if (error == -EPROTONOSUPPORT)
		c->stats.unsupported++;
	else if (!c->stats.malformed++)
		c->stats.malformed_error = error;
}

/* A message that could not be opened: the text goes with its frame. */
static void closed_take(struct capture_stats *s, const struct reader_event *e)
{
	s->closed++;
	s->ciphered = *e->ciphered;
	s->ciphered.text = NULL;
	s->trouble = e->trouble;
}

/* A message that was read, or why there is none: handed over, or counted. */
static void event_take(void *ctx, const struct reader_event *e)
{
	struct capture *c = ctx;
	struct capture_stats *s = &c->stats;

	switch (e->what) {
	case READER_MESSAGE:
		s->messages++;
		/* The pieces before it became this one. */
		s->pieces = 0;
		if (!c->error)
			c->error = c->fn(c->ctx, e->msg, e->body, e->end);
		break;
	case READER_BLOCK:
		s->pieces++;
		break;
	case READER_BROKEN:
		s->broken++;
		break;
	case READER_CLOSED:
		closed_take(s, e);
		break;
	case READER_UNSUPPORTED:
	case READER_MALFORMED:
		error_take(c, e->error);
		break;
	}
}

/* Behind octets that make no sense: where the next message begins, or @end. */
static const u8 *find_llc(const u8 *p, const u8 *end)
{
	static const u8 llc[] = { 0xe6, 0xe7, 0x00 };

	return memmem(p, end - p, llc, sizeof(llc)) ?: end;
}

/*
 * Read the messages from @p on.  Unless @whole, @end may stand in the middle of one.
 *
 * Return: @end, or the beginning of the message that may be cut off.
 */
static const u8 *messages_read(struct capture *c, const u8 *p, const u8 *end, bool whole)
{
	const u8 *first = p;

	for (;;) {
		bool bare = c->framing == LINK_BODY;
		int r = reader_next(&c->reader, &p, end, bare, event_take, c);

		if (r == -ENODATA)
			return end;
		if (r == 0)
			continue;
		if (!whole && p > first)
			return p;
		error_take(c, r);
		p = bare ? end : find_llc(p + 1, end);
	}
}

static void unit_take(void *ctx, const struct link_unit *unit)
{
	struct capture *c = ctx;

	c->stats.framings |= 1u << unit->framing;
	if (unit->payload)
		reader_take(&c->reader, unit, 0, event_take, c);
	else if (unit->error)
		c->stats.broken++;
	else if (unit->segment)
		c->stats.pieces++;
	else
		c->stats.empty++;
}

/* Read what is held; what may be the beginning of a message is kept unless @whole. */
static void held_read(struct capture *c, bool whole)
{
	const u8 *end = c->held + c->n_held;
	const u8 *rest = messages_read(c, c->held, end, whole);

	c->n_held = end - rest;
	memmove(c->held, rest, c->n_held);
}

static void held_push(struct capture *c, const u8 *data, size_t n)
{
	while (n) {
		size_t room = sizeof(c->held) - c->n_held;

		if (room > n)
			room = n;
		memcpy(c->held + c->n_held, data, room);
		c->n_held += room;
		data += room;
		n -= room;
		if (c->n_held == sizeof(c->held))
			held_read(c, false);
	}
}

/* ---- framing ---- */

static bool is_bare(enum link_framing framing)
{
	return framing == LINK_LLC || framing == LINK_APDU || framing == LINK_BODY;
}

static void framed_push(struct capture *c, const u8 *data, size_t n)
{
	if (is_bare(c->framing))
		held_push(c, data, n);
	else
		deframer_push(&c->deframer, data, NULL, n, 0, unit_take, c);
}

/*
 * Settle the framing by what is in the head; octets that look like nothing may be noise before
 * frames.
 */
static void framing_decide(struct capture *c)
{
	size_t n = c->n_head;

	c->framing = link_sniff(c->head, n);
	if (c->framing == LINK_UNKNOWN)
		c->framing = LINK_HDLC;
	c->n_head = 0;
	framed_push(c, c->head, n);
}

/* Beyond doubt: a flag in front, a frame, an identification; the others wait for more. */
static bool is_framed(enum link_framing framing)
{
	return framing == LINK_HDLC || framing == LINK_P1 || framing == LINK_MBUS;
}

static void octets_push(struct capture *c, const u8 *data, size_t n)
{
	c->stats.octets += n;
	while (c->framing == LINK_UNKNOWN && n) {
		size_t room = sizeof(c->head) - c->n_head;

		if (room > n)
			room = n;
		memcpy(c->head + c->n_head, data, room);
		c->n_head += room;
		data += room;
		n -= room;
		if (c->n_head == sizeof(c->head) || is_framed(link_sniff(c->head, c->n_head)))
			framing_decide(c);
	}
	if (n)
		framed_push(c, data, n);
}

/* Are these octets bare messages of this kind, from the first to the last? */
static bool are_whole(enum link_framing framing, const u8 *p, const u8 *end)
{
	if (framing != LINK_BODY)
		return apdu_are_whole(p, end);
	while (p < end)
		if (axdr_skip(&p, end) < 0)
			return false;
	return true;
}

/* Is all that came before whole? */
static bool is_between(const struct capture *c)
{
	const struct deframer *d = &c->deframer;

	if (is_bare(c->framing))
		return are_whole(c->framing, c->held, c->held + c->n_held);

	return !framer_pending(&d->hdlc) && !p1_pending(&d->p1) && !mbus_pending(&d->mbus);
}

/* Does this line begin with the mark of a framing? */
static bool is_marked(const u8 *data, enum link_framing framing)
{
	switch (framing) {
	case LINK_HDLC:
		return data[0] == AMSHAN_FLAG;
	case LINK_P1:
		return data[0] == '/';
	case LINK_MBUS:
		return data[0] == 0x68;
	default:
		return false;
	}
}

/*
 * Lines from different meters: behind what is whole, a line that is bare messages from its beginning to
 * its end, or one that begins a frame behind bare ones, is no part of what came before.  Short bodies
 * are too easily found.
 */
static bool line_is_another(struct capture *c, const u8 *data, size_t n, enum link_framing framing)
{
	enum link_framing head = c->n_head ? link_sniff(c->head, c->n_head) : LINK_UNKNOWN;

	if (c->framing == LINK_UNKNOWN && head != framing && is_bare(head) &&
	    are_whole(head, c->head, c->head + c->n_head))
		framing_decide(c);
	if (c->framing == LINK_UNKNOWN || c->framing == framing || !is_between(c))
		return false;
	if (is_bare(framing))
		return (framing != LINK_BODY || n >= BODY_MIN) && are_whole(framing, data, data + n);

	return is_bare(c->framing) && is_marked(data, framing);
}

/*
 * The octets of one line of hex text: a line that begins as the first one did begins a message.
 * Bodies are too easily found in the middle of a wrapped one: there what came before must be whole.
 */
static void line_begins(struct capture *c, const u8 *data, size_t n)
{
	enum link_framing framing = link_sniff(data, n);

	if (line_is_another(c, data, n, framing)) {
		held_read(c, true);
		c->framing = framing;
		return;
	}
	if (!is_bare(framing))
		return;
	if (c->framing == LINK_UNKNOWN && c->n_head && link_sniff(c->head, c->n_head) == framing)
		framing_decide(c);
	if (c->framing != framing || !c->n_held)
		return;
	if (framing == LINK_BODY) {
		const u8 *p = c->held;

		if (axdr_skip(&p, c->held + c->n_held) < 0)
			return;
	}
	held_read(c, true);
}

/* ---- form ---- */

static void bad_line(struct capture *c)
{
	if (!c->stats.bad_lines++)
		c->stats.first_bad_line = c->line;
}

/* A line, or a piece of one that ends between two octets, in c->text. */
static void line_piece(struct capture *c, size_t n)
{
	size_t octets;

	if (c->comment || c->bad_line)
		return;
	if (hextext_decode(c->text, n, c->text, &octets, NULL) < 0) {
		c->bad_line = true;
		bad_line(c);
		return;
	}
	if (!octets)
		return;
	if (!c->mid_line)
		line_begins(c, c->text, octets);
	c->mid_line = true;
	octets_push(c, c->text, octets);
}

/* c->text is full and its line goes on: take what is whole of it. */
static void line_overflow(struct capture *c)
{
	size_t start = c->n_text, n, first = 0;

	while (first < c->n_text && hextext_is_space(c->text[first]))
		first++;
	if (!c->mid_line && first < c->n_text && c->text[first] == '#')
		c->comment = true;
	while (start && !hextext_is_space(c->text[start - 1]))
		start--;
	n = start + ((c->n_text - start) & ~(size_t)1);
	if (c->comment || c->bad_line) {
		c->n_text = 0;
		return;
	}
	/* Decoding is done in place: the odd digit is put aside. */
	u8 odd = c->text[c->n_text - 1];
	bool is_odd = n < c->n_text;

	line_piece(c, n);
	c->n_text = 0;
	if (is_odd)
		c->text[c->n_text++] = odd;
}

static void line_end(struct capture *c)
{
	line_piece(c, c->n_text);
	c->n_text = 0;
	c->comment = false;
	c->mid_line = false;
	c->bad_line = false;
	c->line++;
}

static void text_push(struct capture *c, const u8 *data, size_t n)
{
	while (n) {
		const u8 *nl = memchr(data, '\n', n);
		size_t len = nl ? (size_t)(nl - data) : n;
		size_t room = sizeof(c->text) - c->n_text;

		if (len > room) {
			len = room;
			nl = NULL;
		}
		memcpy(c->text + c->n_text, data, len);
		c->n_text += len;
		data += len;
		n -= len;
		if (nl) {
			line_end(c);
			data++;
			n--;
		} else if (c->n_text == sizeof(c->text)) {
			line_overflow(c);
		}
	}
}

/*
 * What the beginning of the file says: binary at the first octet that has no place in hex text,
 * text once a line has octets.
 */
static enum capture_form form_of(const u8 *p, size_t n)
{
	bool comment = false, line_start = true, digits = false;

	for (size_t i = 0; i < n; i++) {
		if (p[i] == '\n') {
			if (digits)
				return CAPTURE_TEXT;
			comment = false;
			line_start = true;
		} else if (hextext_is_space(p[i])) {
			continue;
		} else if (comment || (line_start && p[i] == '#')) {
			if (p[i] < ' ')
				return CAPTURE_BINARY;
			comment = true;
		} else {
			if (hextext_digit(p[i]) < 0)
				return CAPTURE_BINARY;
			digits = true;
			line_start = false;
		}
	}
	return CAPTURE_UNDECIDED;
}

static bool is_printable(const u8 *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if ((p[i] < ' ' && !hextext_is_space(p[i])) || p[i] >= 0x7f)
			return false;
	return true;
}

/* Settle the form and give what came so far its way. */
static void form_decide(struct capture *c, enum capture_form form)
{
	u8 first[CAPTURE_HEAD_MAX];
	size_t n = c->n_text;

	memcpy(first, c->text, n);
	c->n_text = 0;
	c->form = form;
	c->printable = is_printable(first, n);
	if (form == CAPTURE_BINARY)
		octets_push(c, first, n);
	else
		text_push(c, first, n);
}

static void form_push(struct capture *c, const u8 **data, size_t *n)
{
	size_t room = sizeof(c->text) - c->n_text;
	enum capture_form form;

	if (room > *n)
		room = *n;
	memcpy(c->text + c->n_text, *data, room);
	c->n_text += room;
	*data += room;
	*n -= room;
	form = form_of(c->text, c->n_text);
	if (form == CAPTURE_UNDECIDED && c->n_text == sizeof(c->text))
		form = CAPTURE_TEXT;
	if (form != CAPTURE_UNDECIDED)
		form_decide(c, form);
}

/* ---- the whole ---- */

void capture_init(struct capture *c, capture_message_fn fn, void *ctx)
{
	memset(c, 0, sizeof(*c));
	deframer_init(&c->deframer);
	c->deframer.all = true;
	c->line = 1;
	c->fn = fn;
	c->ctx = ctx;
}

int capture_push(struct capture *c, const u8 *data, size_t n)
{
	while (c->form == CAPTURE_UNDECIDED && n)
		form_push(c, &data, &n);
	if (n && c->form == CAPTURE_BINARY)
		octets_push(c, data, n);
	else if (n)
		text_push(c, data, n);
	return c->error;
}

int capture_end(struct capture *c)
{
	if (c->form == CAPTURE_UNDECIDED)
		form_decide(c, CAPTURE_TEXT);
	if (c->form == CAPTURE_TEXT && c->n_text)
		line_end(c);
	if (c->framing == LINK_UNKNOWN && c->n_head)
		framing_decide(c);
	deframer_flush(&c->deframer, unit_take, c);
	if (c->n_held)
		held_read(c, true);
	return c->error;
}
