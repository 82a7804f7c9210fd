// SPDX-License-Identifier: GPL-2.0
/*
 * P1: telegrams of IEC 62056-21 mode D, as octets of a line.
 *
 * A state machine over what is kept of the line, which begins at a '/' that may be an
 * identification.  Each step looks at octets from @scanned on and either moves on or waits for
 * more; so the result does not depend on the pieces.  A telegram that comes to nothing is not
 * thrown away as a whole: what follows its '/' is looked at again, since another telegram may have
 * begun in it.
 *
 * Each octet is looked at a bounded number of times, whatever is sent.  Between the '/' of one
 * identification and the next one lie all octets that decide on the first; lines are looked at
 * again only from the last identification in them, behind which there is no other one; ciphered
 * octets are not looked at before their end.
 */
#include <string.h>

#include "link/p1.h"

#define IDENT_MAX	128	/* octets of an identification with its line end; IEC: 24 */
#define CRC_DIGITS	4
#define TITLE_LEN	8	/* of a system title */
#define CIPHER_MIN	5	/* security octet and frame counter */
#define AUTHENTICATED	0x10	/* in the security octet */

enum {
	NOISE,		/* no '/' yet */
	IDENT,		/* in the line of the identification */
	BODY,		/* behind it: lines or a ciphered APDU? */
	LINES,
	CIPHER_HEADER,
	CIPHER,		/* until its end, and '!' */
	CHECKSUM,	/* behind '!' */
};

/* Where telegrams go. */
struct outlet {
	p1_telegram_fn fn;
	void *ctx;
};

static const u8 *kept(const struct p1_framer *f)
{
	return f->buf + f->start;
}

static bool is_letter(u8 c)
{
	return (u8)((c | 0x20) - 'a') < 26;
}

static bool is_printable(u8 c)
{
	return c >= ' ' && c < 0x7f;
}

static bool is_line_end(u8 c)
{
	return c == '\r' || c == '\n';
}

/* The value of a hex digit, or -1. */
static int hex_digit(u8 c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
		return (c | 0x20) - 'a' + 10;

	return -1;
}

/* ---- how a telegram ends ---- */

/* The first @n octets are no part of what is to come. */
static void forget(struct p1_framer *f, size_t n)
{
	f->start += n;
	f->n -= n;
	if (!f->n)
		f->start = 0;
	f->scanned = 0;
	f->state = NOISE;
}

static void skip_octets(struct p1_framer *f, size_t n)
{
	f->stats.skipped += n;
	forget(f, n);
}

static void deliver(struct p1_framer *f, size_t n, enum p1_checksum checksum,
		    const struct outlet *out)
{
	f->stats.telegrams++;
	f->stats.telegram_octets += n;
	f->sums |= checksum == P1_GOOD;
	out->fn(out->ctx, kept(f), n, checksum);
	forget(f, n);
}

/*
 * The length of the identification at @p with its line end; 0: it is none; -1: more of it is
 * needed.
 * @begin: so much of it was looked at before.
 */
static int ident_length(const u8 *p, size_t n, size_t begin)
{
	if (n > IDENT_MAX)
		n = IDENT_MAX;
	for (size_t i = begin; i < n; i++) {
		if (i >= 1 && i <= 3 ? !is_letter(p[i]) : i && (p[i] == '/' || p[i] == '!'))
			return 0;
		if (p[i] == '\n')
			return (int)i + 1;
		if (p[i] != '\r' && !is_printable(p[i]))
			return 0;
	}

	return n == IDENT_MAX ? 0 : -1;
}

/*
 * Where in the first @n octets another telegram begins within a line: the end of the one before was
 * lost together with its line end.  The last such place; 0: none.
 */
static size_t inner_start(const struct p1_framer *f, size_t n)
{
	const u8 *t = kept(f), *p;
	size_t end = n;

	while (end > 1 && (p = memrchr(t + 1, '/', end - 1)) != NULL) {
		int len = ident_length(p, t + n - p, 0);

		/* In a value it is some text. */
		if (len > 0 && !memchr(p, '(', (size_t)len) && !memchr(p, ')', (size_t)len))
			return p - t;
		end = p - t;
	}

	return 0;
}

/* Lines without an end.  In the last of them an identification may have begun. */
static void give_up_lines(struct p1_framer *f, size_t n)
{
	size_t inner = inner_start(f, n);

	skip_octets(f, inner ? inner : n > IDENT_MAX ? n - IDENT_MAX : n);
}

/* It is no telegram from here on, but there may be one in it. */
static void look_again(struct p1_framer *f)
{
	skip_octets(f, 1);
}

static void too_long(struct p1_framer *f)
{
	f->stats.too_long++;
	if (f->cipher_end)
		look_again(f);
	else
		give_up_lines(f, P1_TELEGRAM_MAX);
}

static void cut_off(struct p1_framer *f)
{
	f->stats.timeouts++;
	if (f->cipher_end)
		look_again(f);
	else
		give_up_lines(f, f->n);
}

static bool passes(const struct p1_framer *f, enum p1_checksum checksum)
{
	switch (f->policy) {
	case P1_IGNORE:
		return true;
	case P1_REQUIRE:
		return checksum == P1_GOOD || (f->cipher_end && f->authenticated);
	default:
		return checksum != P1_WRONG;
	}
}

/*
 * The whole telegram is there: @digits of a checksum behind '!', the end of a line behind it or
 * something else.
 */
static enum p1_checksum checksum_of(const struct p1_framer *f, size_t begin, size_t digits,
				    bool line_ends)
{
	const u8 *t = kept(f);
	unsigned int sent = 0;

	if (digits < CRC_DIGITS)
		return digits == 0 && line_ends ? P1_NONE : P1_WRONG;

	for (unsigned int i = 1; i <= CRC_DIGITS; i++)
		sent = sent << 4 | (unsigned int)hex_digit(t[f->mark + i]);
	if (p1_crc16(0, t + begin, f->mark + 1 - begin) == sent)
		return P1_GOOD;

	return sent ? P1_WRONG : P1_ZERO;
}

static void end_ciphered(struct p1_framer *f, size_t digits, bool line_ends,
			 const struct outlet *out)
{
	size_t n = f->mark + 1 + digits;
	enum p1_checksum checksum = checksum_of(f, 0, digits, line_ends);

	if (checksum == P1_WRONG)
		checksum = P1_NONE;
	if (passes(f, checksum)) {
		deliver(f, n, checksum, out);
	} else {
		f->stats.crc_errors++;
		skip_octets(f, n);
	}
}

static void end_lines(struct p1_framer *f, size_t digits, bool line_ends, const struct outlet *out)
{
	size_t n = f->mark + 1 + digits;
	enum p1_checksum checksum = checksum_of(f, 0, digits, line_ends);
	size_t inner = checksum == P1_GOOD ? 0 : inner_start(f, f->mark);

	if (inner) {
		enum p1_checksum other = checksum_of(f, inner, digits, line_ends);

		/* Where nothing tells, the text does: no line goes on with an identification. */
		if (other == P1_GOOD || checksum != P1_WRONG) {
			f->stats.timeouts++;
			f->stats.starts++;
			skip_octets(f, inner);
			n -= inner;
			checksum = other;
		}
	}
	if (passes(f, checksum)) {
		deliver(f, n, checksum, out);
	} else {
		f->stats.crc_errors++;
		skip_octets(f, n);
	}
}

static void end_telegram(struct p1_framer *f, size_t digits, bool line_ends,
			 const struct outlet *out)
{
	if (f->cipher_end)
		end_ciphered(f, digits, line_ends, out);
	else
		end_lines(f, digits, line_ends, out);
}

/* ---- the steps: true: went on, false: more octets are needed ---- */

static bool step_noise(struct p1_framer *f)
{
	const u8 *t = kept(f), *p = memchr(t, '/', f->n);

	skip_octets(f, p ? (size_t)(p - t) : f->n);
	if (!p)
		return false;
	f->state = IDENT;

	return true;
}

static bool step_ident(struct p1_framer *f)
{
	int len = ident_length(kept(f), f->n, f->scanned);

	if (len < 0) {
		f->scanned = f->n;
		return false;
	}
	if (len == 0) {
		look_again(f);
		return true;
	}
	f->stats.starts++;
	f->scanned = (u16)len;
	f->cipher_end = 0;
	f->state = BODY;

	return true;
}

static bool step_body(struct p1_framer *f)
{
	const u8 *t = kept(f);
	size_t n = f->n < P1_TELEGRAM_MAX ? f->n : P1_TELEGRAM_MAX;

	while (f->scanned < n && is_line_end(t[f->scanned]))
		f->scanned++;
	if (f->scanned == P1_TELEGRAM_MAX) {
		too_long(f);
		return true;
	}
	if (f->scanned == n)
		return false;
	f->state = is_printable(t[f->scanned]) ? LINES : CIPHER_HEADER;

	return true;
}

/* '!' at the beginning of a line ends, an identification there cuts off; else they are text. */
static bool step_lines(struct p1_framer *f)
{
	size_t n = f->n < P1_TELEGRAM_MAX ? f->n : P1_TELEGRAM_MAX;
	const u8 *t = kept(f), *end = t + n, *p = t + f->scanned;

	while (p < end) {
		const u8 *slash = memchr(p, '/', end - p), *stop = slash ? slash : end, *mark;

		while ((mark = memchr(p, '!', stop - p)) != NULL) {
			if (mark[-1] == '\n') {
				f->mark = (u16)(mark - t);
				f->state = CHECKSUM;
				return true;
			}
			p = mark + 1;
		}
		p = stop;
		if (!slash)
			break;
		if (slash[-1] == '\n') {
			if (end - slash < 4)
				break;
			if (is_letter(slash[1]) && is_letter(slash[2]) && is_letter(slash[3])) {
				f->stats.timeouts++;
				skip_octets(f, slash - t);
				return true;
			}
		}
		p = slash + 1;
	}
	f->scanned = (u16)(p - t);
	if (n == P1_TELEGRAM_MAX) {
		too_long(f);
		return true;
	}

	return false;
}

/* [DB] [08 title | 00] length security counter... */
static bool step_cipher_header(struct p1_framer *f)
{
	const u8 *t = kept(f), *end = t + f->n, *p = t + f->scanned;
	size_t len, octets;

	if (*p == 0xdb || *p == 0xdc)
		p++;
	if (p == end)
		return false;
	if (*p != 0 && *p != TITLE_LEN)
		goto bad;
	p += 1 + *p;
	if (p >= end)
		return false;
	len = *p++;
	if (len > 0x80) {
		octets = len & 0x7f;
		if (octets > 2)
			goto bad;
		if ((size_t)(end - p) < octets)
			return false;
		for (len = 0; octets; octets--)
			len = len << 8 | *p++;
	}
	if (p == end)
		return false;
	if (len < CIPHER_MIN)
		goto bad;
	if (p - t + len + 1 + CRC_DIGITS > P1_TELEGRAM_MAX) {
		f->stats.too_long++;
		look_again(f);
		return true;
	}
	f->authenticated = *p & AUTHENTICATED;
	f->cipher_end = (u16)(p - t + len);
	f->state = CIPHER;

	return true;
bad:
	f->stats.timeouts++;
	look_again(f);
	return true;
}

static bool step_cipher(struct p1_framer *f)
{
	const u8 *t = kept(f);
	size_t i = f->cipher_end;

	/* An empty line at most. */
	while (i < f->n && i < f->cipher_end + 4u && is_line_end(t[i]))
		i++;
	if (i >= f->n)
		return false;
	if (t[i] == '!') {
		f->mark = (u16)i;
		f->state = CHECKSUM;
	} else {
		f->stats.timeouts++;
		look_again(f);
	}

	return true;
}

static bool step_checksum(struct p1_framer *f, const struct outlet *out)
{
	const u8 *t = kept(f) + f->mark + 1;
	size_t n = f->n - f->mark - 1u, digits = 0;
	bool line_ends;

	while (digits < n && digits < CRC_DIGITS && hex_digit(t[digits]) >= 0)
		digits++;
	if (digits < CRC_DIGITS && digits == n)
		return false;
	if (f->mark + 1 + digits > P1_TELEGRAM_MAX) {
		too_long(f);
		return true;
	}
	line_ends = digits < CRC_DIGITS && (is_line_end(t[digits]) || t[digits] == '/');
	if (f->cipher_end && digits < CRC_DIGITS && (digits || !line_ends)) {
		/* The mark was one of the ciphered octets of the next one. */
		f->stats.timeouts++;
		look_again(f);
		return true;
	}
	end_telegram(f, digits, line_ends, out);

	return true;
}

static bool step(struct p1_framer *f, const struct outlet *out)
{
	switch (f->state) {
	case NOISE:
		return step_noise(f);
	case IDENT:
		return step_ident(f);
	case BODY:
		return step_body(f);
	case LINES:
		return step_lines(f);
	case CIPHER_HEADER:
		return step_cipher_header(f);
	case CIPHER:
		return step_cipher(f);
	default:
		return step_checksum(f, out);
	}
}

/* ---- the door ---- */

void p1_init(struct p1_framer *f, enum p1_policy policy)
{
	memset(f, 0, offsetof(struct p1_framer, buf));
	f->policy = policy;
}

void p1_flush(struct p1_framer *f, p1_telegram_fn fn, void *ctx)
{
	const struct outlet out = { fn, ctx };

	while (f->n) {
		switch (f->state) {
		case NOISE:
		case IDENT:
			look_again(f);
			break;
		case CHECKSUM:
			if (f->n == f->mark + 1u && !f->sums) {
				end_telegram(f, 0, true, &out);
				break;
			}
			/* fall through */
		default:
			cut_off(f);
		}
		while (f->n && step(f, &out))
			;
	}
}

void p1_push(struct p1_framer *f, const u8 *data, size_t n, u64 now_ns, p1_telegram_fn fn,
	     void *ctx)
{
	const struct outlet out = { fn, ctx };

	if (now_ns && f->last_ns && now_ns > f->last_ns && now_ns - f->last_ns > P1_PAUSE_NS)
		p1_flush(f, fn, ctx);
	f->last_ns = now_ns;
	f->stats.octets += n;

	while (n) {
		size_t room, some;

		/* No more than has gone since the last time; without room those are 8 KiB. */
		if (f->start >= f->n || f->start + f->n == sizeof(f->buf)) {
			memmove(f->buf, kept(f), f->n);
			f->start = 0;
		}
		room = sizeof(f->buf) - f->start - f->n;
		some = n < room ? n : room;
		memcpy(f->buf + f->start + f->n, data, some);
		f->n += some;
		data += some;
		n -= some;
		while (f->n && step(f, &out))
			;
	}
}
