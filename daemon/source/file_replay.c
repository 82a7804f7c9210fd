// SPDX-License-Identifier: GPL-2.0
/*
 * Captures in pieces.  Pure: no allocation, no I/O, no locale.
 */
#include <errno.h>
#include <string.h>

#include "link/hextext.h"
#include "source/file.h"

/* What the held octets are; @end: nothing follows. */
static enum replay_kind replay_kind(const struct replay *c, bool end)
{
	bool comment = false, begun = false;

	for (size_t i = 0; i < c->held; i++) {
		u8 ch = c->hold[i];

		if (hextext_is_space(ch)) {
			comment = comment && ch != '\n';
			continue;
		}
		comment = comment || ch == '#';
		/* Comments are in any language; '~' is the flag of HDLC. */
		if (ch < ' ' || ch == 0x7f || (!comment && ch >= '~'))
			return REPLAY_OCTETS;
		if (!begun && !comment && hextext_digit(ch) < 0)
			return REPLAY_OCTETS;
		begun = true;
	}
	return end || c->held == sizeof(c->hold) ? REPLAY_TEXT : REPLAY_OPEN;
}

/* Return: octets written (0 or 1), or -EINVAL. */
static int text_push(struct replay *c, u8 ch, u8 *out, int *ret_bad)
{
	int digit = hextext_digit(ch);

	if (c->comment) {
		c->comment = ch != '\n';
	} else if (c->half) {
		if (digit < 0) {
			*ret_bad = hextext_is_space(ch) ? -1 : ch;
			return -EINVAL;
		}
		*out = (u8)(c->high << 4 | digit);
		c->half = false;
		return 1;
	} else if (digit >= 0) {
		c->high = (u8)digit;
		c->half = true;
		c->inside = true;
	} else if (ch == '#' && !c->inside) {
		c->comment = true;
	} else if (!hextext_is_space(ch)) {
		*ret_bad = ch;
		return -EINVAL;
	}
	if (ch == '\n') {
		c->line++;
		c->inside = false;
	}
	return 0;
}

/* Take octets of a known kind. */
static int known_push(struct replay *c, const u8 *in, size_t n, u8 *out, size_t *ret_n,
		      int *ret_bad)
{
	if (c->kind == REPLAY_OCTETS) {
		memcpy(out + *ret_n, in, n);
		*ret_n += n;
		return 0;
	}
	for (size_t i = 0; i < n; i++) {
		int r = text_push(c, in[i], out + *ret_n, ret_bad);

		if (r < 0)
			return r;
		*ret_n += (size_t)r;
	}
	return 0;
}

int replay_push(struct replay *c, const u8 *in, size_t n, u8 *out, size_t *ret_n, int *ret_bad)
{
	bool end = !n;
	int r;

	*ret_n = 0;
	if (c->kind == REPLAY_OPEN) {
		size_t take = sizeof(c->hold) - c->held < n ? sizeof(c->hold) - c->held : n;

		if (take) {
			memcpy(c->hold + c->held, in, take);
			c->held += (u8)take;
			in += take;
			n -= take;
		}
		c->kind = replay_kind(c, end);
		if (c->kind == REPLAY_OPEN)
			return 0;
		r = known_push(c, c->hold, c->held, out, ret_n, ret_bad);
		if (r < 0)
			return r;
	}
	if (n) {
		r = known_push(c, in, n, out, ret_n, ret_bad);
		if (r < 0)
			return r;
	}
	if (end && c->half) {
		*ret_bad = -1;
		return -EINVAL;
	}
	return 0;
}
