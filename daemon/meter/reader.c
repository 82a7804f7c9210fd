// SPDX-License-Identifier: GPL-2.0
/*
 * The reader: block transfer, deciphering, decoding, in this order and again inside of each other.
 *
 * A counter is noted only when its message was verified and could be read: neither noise nor a wrong
 * key can lock a meter out.
 */
#include <errno.h>
#include <string.h>

#include "meter/reader.h"

/* A block transfer of a ciphered APDU of a block transfer: nobody sends more. */
#define DEPTH_MAX 3

/* The message and the plain text being read: one loop, one at a time, too large for 1,000 copies. */
static struct message current;
static u8 plain[CIPHER_TEXT_MAX];

/* One payload on its way. */
struct way {
	struct reader *r;
	reader_fn fn;
	void *ctx;
	u64 now_us;
	bool unverified;
	unsigned int depth;
	bool in_blocks;
	const struct ciphered *ciphered;
	bool verified;		/* by its tag */
	bool read;		/* a message was read: the counter can be noted */
};

static void tell(struct way *w, struct reader_event event)
{
	if (w->r->stopped)
		return;
	event.ciphered = event.ciphered ?: w->ciphered;
	w->fn(w->ctx, &event);
}

/* Some lists do not say who made the meter; the title of what they were ciphered by does. */
static void name_maker(const struct way *w, struct text *name)
{
	const char *maker = NULL;

	if (!name->len && w->ciphered && w->ciphered->title_len == APDU_TITLE_MAX)
		maker = maker_of_flag(w->ciphered->title);
	if (maker)
		*name = (struct text){ maker, (u8)strlen(maker) };
}

static void tell_message(struct way *w, const u8 *body, const u8 *end)
{
	w->read = true;
	name_maker(w, &current.readings.identity[ID_MANUFACTURER]);
	current.readings.unverified = w->unverified;
	tell(w, (struct reader_event){ .what = READER_MESSAGE, .msg = &current, .body = body,
				       .end = end });
}

static void tell_closed(struct way *w, enum cipher_trouble trouble, const struct ciphered *m, u32 highest)
{
	tell(w, (struct reader_event){ .what = READER_CLOSED, .trouble = trouble, .ciphered = m,
				       .highest = highest });
}

static void tell_error(struct way *w, int error)
{
	/* What was deciphered, not verified, and makes no sense was deciphered by a wrong key. */
	if (w->ciphered && !w->verified)
		tell_closed(w, CIPHER_NOISE, w->ciphered, 0);
	else
		tell(w, (struct reader_event){
				.what = error == -EPROTONOSUPPORT ? READER_UNSUPPORTED : READER_MALFORMED,
				.error = error,
			});
}

/*
 * A wrong key makes noise, in which an empty list or the head of a block stands now and then: without a
 * tag to tell, what gives no reading has at least to be made as a message is, to the end.
 */
static bool is_noise(const struct way *w, const u8 *rest, const u8 *end)
{
	return w->ciphered && !w->verified && !apdu_are_whole(rest, end);
}

/* The list that was just read. */
static bool is_noisy_list(const struct way *w, const u8 *rest, const u8 *end)
{
	if (!w->ciphered || w->verified || current.kind == MESSAGE_READINGS)
		return false;
	return !current.list.n || is_noise(w, rest, end);
}

static int take_apdu(struct way *w, const u8 **p, const u8 *end);

/* All APDUs of a payload; an error is told here. */
static void take_apdus(struct way *w, const u8 *p, const u8 *end)
{
	int r = p == end ? -EBADMSG : 0;

	while (r == 0 && p < end && !w->r->stopped)
		r = take_apdu(w, &p, end);
	if (r < 0)
		tell_error(w, r);
}

static int take_body(struct way *w, const u8 **p, const u8 *end)
{
	const u8 *start = *p;
	int r = message_next_body(&w->r->decoder, p, end, &current);

	if (r == 0)
		tell_message(w, start, *p);

	return r;
}

static void take_bodies(struct way *w, const u8 *p, const u8 *end)
{
	int r = 0;

	while (r == 0 && p < end && !w->r->stopped)
		r = take_body(w, &p, end);
	if (r < 0)
		tell_error(w, r);
}

static bool looks_like_text(const u8 *p, const u8 *end)
{
	/* An APDU begins with a control character or one above ASCII. */
	return p < end && *p >= ' ' && *p < 0x7f;
}

/* ---- telegrams ---- */

static void take_lines(struct way *w, const u8 *text, size_t n)
{
	unsigned int channel = 0;
	int r;

	for (;;) {
		r = message_next_telegram(&w->r->decoder, text, n, &channel, &current);
		if (r == 0 && is_noisy_list(w, text + n, text + n))
			r = -EBADMSG;
		if (r < 0)
			break;
		tell_message(w, text, text + n);
		if (w->r->stopped)
			return;
	}
	if (r != -ENODATA)
		tell_error(w, r);
}

/* What a telegram that was in a ciphered APDU says of itself. */
static void note_checksum(void *ctx, const u8 *telegram, size_t n, enum p1_checksum checksum)
{
	*(bool *)ctx |= checksum == P1_GOOD;
}

/* A telegram out of a ciphered APDU: without a tag it is its own checksum that verifies it. */
static void take_opened_telegram(struct way *w, const u8 *text, size_t n)
{
	static struct p1_framer f;
	bool good = false;

	if (w->unverified) {
		p1_init(&f, P1_IGNORE);
		p1_push(&f, text, n, 0, note_checksum, &good);
		p1_flush(&f, note_checksum, &good);
		w->unverified = !good;
	}
	take_lines(w, text, n);
}

/* ---- ciphering ---- */

static void note_read(struct reader *r, const struct ciphered *m, bool verified)
{
	u64 change;

	counters_note(r->counters, m->title, m->title_len, m->counter, verified);
	change = counters_change(r->counters, m->title, m->title_len);
	if (change > r->seen)
		r->seen = change;
}

/* Plain text: go on with it. */
static void take_opened(struct way *w, const struct ciphered *m, size_t n, bool verified)
{
	struct way in = *w;

	in.ciphered = m;
	in.verified = verified;
	in.depth++;
	in.read = false;
	/* Without a tag it is as good as the frame around it; a tag that nobody looked at says less. */
	in.unverified = verified ? false : m->tag || w->unverified;
	if (looks_like_text(plain, plain + n))
		take_opened_telegram(&in, plain, n);
	else
		take_apdus(&in, plain, plain + n);
	if (in.read && w->r->counters)
		note_read(w->r, m, verified);
	w->read |= in.read;
}

/* What speaks against reading a message that was opened? */
static enum cipher_trouble trouble_of(const struct reader *r, const struct ciphered *m, u32 *ret_highest)
{
	const struct counters *c = r->counters;

	if (!c)
		return CIPHER_GOOD;
	if (!m->tag && counters_wants_tag(c, m->title, m->title_len))
		return CIPHER_NO_TAG;
	if (!counters_is_replay(c, m->title, m->title_len, m->counter, ret_highest))
		return CIPHER_GOOD;
	/* Another source was faster with the same message: it is no replay to this one, once. */
	if (m->counter == *ret_highest && counters_change(c, m->title, m->title_len) > r->seen)
		return CIPHER_GOOD;

	return CIPHER_REPLAY;
}

static void take_ciphered(struct way *w, const struct ciphered *m)
{
	const struct cipher_key *key = keyring_find(w->r->keys, m->title, m->title_len);
	bool verified = key && cipher_verifies(key, m);
	enum cipher_trouble trouble = CIPHER_NO_KEY;
	u32 highest = 0;
	size_t n = 0;

	if (key && w->r->cipher)
		trouble = cipher_trouble_of(cipher_open(w->r->cipher, key, m, plain, &n));
	/* Whether it is a replay is known only when it was verified. */
	if (trouble == CIPHER_GOOD)
		trouble = trouble_of(w->r, m, &highest);
	if (trouble == CIPHER_GOOD)
		take_opened(w, m, n, verified);
	else
		tell_closed(w, trouble, m, highest);
}

/* Take one apart and go on with it; what cannot be is told, if it is known whose it is. */
static int take_ciphered_at(struct way *w, const u8 **p, const u8 *end,
			    int (*parse)(const u8 **p, const u8 *end, struct ciphered *ret))
{
	struct ciphered m;
	size_t n;
	int r;

	/* What is in the plain text cannot be ciphered again: there is one buffer. */
	if (w->ciphered)
		return -EPROTONOSUPPORT;
	r = parse(p, end, &m);
	if (r == 0) {
		take_ciphered(w, &m);
	} else if (r == -EPROTONOSUPPORT) {
		tell_closed(w, CIPHER_UNSUPPORTED, &m, 0);
		/* What follows it can be read, if it says where it ends. */
		if (apdu_length(*p, end - *p, &n) < 0 || n > (size_t)(end - *p))
			n = end - *p;
		*p += n;
		r = 0;
	}

	return r;
}

/* ---- APDUs ---- */

static int take_block(struct way *w, const u8 **p, const u8 *end)
{
	const u8 *apdu;
	struct way in;
	size_t n;
	int r;

	/* What was put together stands where blocks are put together. */
	if (w->in_blocks)
		return -EPROTONOSUPPORT;
	r = gbt_take(&w->r->gbt, p, end, w->now_us, &apdu, &n);
	if (r == -EBADMSG)
		return r;
	if (r < 0) {
		tell(w, (struct reader_event){ .what = READER_BROKEN, .error = r });
		return 0;
	}
	if (r == 0) {
		tell(w, (struct reader_event){ .what = READER_BLOCK });
		return 0;
	}
	in = *w;
	in.depth++;
	in.in_blocks = true;
	take_apdus(&in, apdu, apdu + n);
	w->read |= in.read;

	return 0;
}

/* One APDU, with its LLC header if there is one. */
static int take_apdu(struct way *w, const u8 **p, const u8 *end)
{
	const u8 *q = *p;
	int r;

	if (w->depth == DEPTH_MAX)
		return -ELOOP;
	apdu_skip_llc(&q, end);
	if (q == end)
		return -EBADMSG;
	switch (*q) {
	case APDU_GENERAL_BLOCK_TRANSFER:
		r = is_noise(w, q, end) ? -EBADMSG : take_block(w, &q, end);
		break;
	case APDU_GENERAL_GLO_CIPHERING:
	case APDU_GENERAL_DED_CIPHERING:
		r = take_ciphered_at(w, &q, end, ciphered_parse);
		break;
	default:
		r = message_next(&w->r->decoder, &q, end, &current);
		if (r == 0 && is_noisy_list(w, q, end))
			r = -EBADMSG;
		if (r == 0)
			tell_message(w, current.apdu.body, q);
	}
	if (r == 0)
		*p = q;

	return r;
}

/*
 * Behind the identification of a telegram: lines, or a ciphered APDU, of which some meters leave out
 * the tag.
 */
static void take_telegram(struct way *w, const u8 *text, size_t n)
{
	const u8 *end = text + n, *p = memchr(text, '\n', n);
	int r;

	for (p = p ?: end; p < end && (*p == '\r' || *p == '\n'); p++)
		;
	if (p == end || (*p >= ' ' && *p < 0x7f)) {
		take_lines(w, text, n);
		return;
	}
	if (*p == APDU_GENERAL_GLO_CIPHERING || *p == APDU_GENERAL_DED_CIPHERING)
		r = take_ciphered_at(w, &p, end, ciphered_parse);
	else
		r = take_ciphered_at(w, &p, end, ciphered_parse_untagged);
	if (r < 0)
		tell_error(w, r);
}

void reader_take(struct reader *r, const struct link_unit *unit, u64 now_us, reader_fn fn, void *ctx)
{
	struct way w = {
		.r = r, .fn = fn, .ctx = ctx, .now_us = now_us, .unverified = unit->unverified,
	};

	r->stopped = false;
	if (unit->framing == LINK_P1)
		take_telegram(&w, unit->payload, unit->len);
	else if (unit->framing == LINK_BODY)
		take_bodies(&w, unit->payload, unit->payload + unit->len);
	else if (unit->segment && !apdu_are_whole(unit->payload, unit->payload + unit->len))
		/* Segments have no numbers: lost ones of two messages make one that is too long. */
		tell_error(&w, -EBADMSG);
	else
		take_apdus(&w, unit->payload, unit->payload + unit->len);
}

int reader_next(struct reader *r, const u8 **p, const u8 *end, bool body, reader_fn fn, void *ctx)
{
	struct way w = { .r = r, .fn = fn, .ctx = ctx, .unverified = true };

	r->stopped = false;
	if (*p == end)
		return -ENODATA;

	return body ? take_body(&w, p, end) : take_apdu(&w, p, end);
}
