/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A line of M-Bus for tests: frames are built, and messages caught, with the books checked.
 */
#ifndef AMSHAN_TESTS_MBUS_LINE_H
#define AMSHAN_TESTS_MBUS_LINE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "link/mbus.h"
#include "xorshift.h"

#define MS	1000000ull
#define S	(1000 * MS)

/* ---- what came out ---- */

struct caught {
	unsigned int n;
	size_t octets;
	u8 data[1 << 19];	/* of each message its length in two octets, and the message */
};

static void catch(void *ctx, const u8 *data, size_t n)
{
	struct caught *c = ctx;

	assert_true(n > 0 && n <= MBUS_MESSAGE_MAX);
	assert_true(c->octets + n + 2 <= sizeof(c->data));
	c->data[c->octets++] = n >> 8;
	c->data[c->octets++] = n & 0xff;
	memcpy(c->data + c->octets, data, n);
	c->octets += n;
	c->n++;
}

static void check_balance(const struct mbus_framer *f)
{
	const struct mbus_stats *s = &f->stats;
	u64 known = s->frames + s->foreign + s->sum_errors + s->timeouts;

	assert_int_equal(s->octets, s->frame_octets + s->skipped + mbus_pending(f));
	assert_true(mbus_pending(f) <= MBUS_FRAME_MAX);
	assert_true(s->starts == known || (mbus_pending(f) && s->starts == known + 1));
}

static void begin(struct mbus_framer *f, struct caught *c)
{
	mbus_init(f);
	c->n = 0;
	c->octets = 0;
}

static void push(struct mbus_framer *f, const u8 *data, size_t n, u64 ns, struct caught *c)
{
	mbus_push(f, data, n, ns, catch, c);
	check_balance(f);
}

/* Everything through a new framer, in pieces of @piece octets, then the end of the line. */
static void run(const u8 *data, size_t n, size_t piece, struct caught *c, struct mbus_stats *stats)
{
	static struct mbus_framer f;

	begin(&f, c);
	for (size_t i = 0; i < n; i += piece)
		push(&f, data + i, n - i < piece ? n - i : piece, 0, c);
	mbus_flush(&f, catch, c);
	check_balance(&f);
	assert_int_equal(mbus_pending(&f), 0);
	*stats = f.stats;
}

static inline bool same(const struct caught *a, const struct caught *b)
{
	return a->n == b->n && a->octets == b->octets && !memcmp(a->data, b->data, a->octets);
}

/* ---- frames ---- */

/* A frame with @n octets of data; L wraps if there are too many of them. */
static size_t put_frame(u8 *to, u8 ci, const u8 *data, size_t n)
{
	u8 sum = 0;

	to[0] = 0x68;
	to[1] = (n + 5) & 0xff;
	to[2] = to[1];
	to[3] = 0x68;
	to[4] = 0x53;
	to[5] = 0xff;
	to[6] = ci;
	to[7] = 0x01;
	to[8] = 0x67;
	memcpy(to + 9, data, n);
	for (size_t i = 4; i < 9 + n; i++)
		sum += to[i];
	to[9 + n] = sum;
	to[10 + n] = 0x16;

	return n + 11;
}

#endif /* AMSHAN_TESTS_MBUS_LINE_H */
