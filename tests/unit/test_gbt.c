// SPDX-License-Identifier: GPL-2.0
/*
 * General block transfer: a table of blocks and what comes of them, and properties.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>

#include "dlms/gbt.h"
#include "link/hextext.h"
#include "util.h"
#include "xorshift.h"

#define S	USEC_PER_SEC

static size_t unhex(const char *hex, u8 *out)
{
	size_t n = 0;

	assert_int_equal(hextext_decode((const u8 *)hex, strlen(hex), out, &n, NULL), 0);
	return n;
}

/* ---- the table: blocks one behind the other, and what gbt_take() says of each ---- */

struct row {
	const char *what;
	const char *hex;
	int results[6];
	const char *apdu;	/* of the last result, if that is 1 */
	unsigned int messages;
	unsigned int broken;
};

#define B1	"e040 0001 0000 02 aa01 "
#define B1OTHER	"e040 0001 0000 02 ab01 "
#define B2	"e040 0002 0000 01 bb "
#define B2OTHER	"e040 0002 0000 01 bc "
#define L2	"e0c0 0002 0000 01 dd "
#define L3	"e0c0 0003 0000 01 cc "
#define ONLY	"e080 0001 0000 03 0f0102 "
#define CUT	(-EBADMSG)
#define MISSING	(-EPROTO)

static const struct row table[] = {
	{ "three blocks", B1 B2 L3, { 0, 0, 1 }, "aa01bbcc", 1, 0 },
	{ "one block", ONLY, { 1 }, "0f0102", 1, 0 },
	{ "the same APDU again", ONLY ONLY, { 1, 1 }, "0f0102", 2, 0 },
	{ "two APDUs", B1 L2 B1OTHER L2, { 0, 1, 0, 1 }, "ab01dd", 2, 0 },
	{ "other windows, acknowledged numbers, no streaming",
	  "e000 0001 ffff 01 aa e03f 0002 0000 01 bb e0bf 0003 1234 01 cc", { 0, 0, 1 }, "aabbcc", 1, 0 },
	{ "lengths of two and three octets", "e040 0001 0000 8102 aa01 e0c0 0002 0000 820001 bb",
	  { 0, 1 }, "aa01bb", 1, 0 },
	{ "no data in the last block", B1 "e0c0 0002 0000 00", { 0, 1 }, "aa01", 1, 0 },
	{ "no data at all", "e0c0 0001 0000 00", { 1 }, "", 1, 0 },
	{ "each block twice", B1 B1 B2 B2 L3 L3, { 0, 0, 0, 0, 1, 0 }, NULL, 1, 0 },
	{ "block 1 twice, then on", B1 B1 L2, { 0, 0, 1 }, "aa01dd", 1, 0 },
	{ "repeated with other data", B1 B2 B2OTHER L3, { 0, 0, MISSING, MISSING }, NULL, 0, 2 },
	{ "repeated, and the last now", B1 B2 "e0c0 0002 0000 01 bb", { 0, 0, MISSING }, NULL, 0, 1 },
	{ "repeated with fewer data", B1 "e040 0002 0000 02 bbbb e040 0002 0000 01 bb",
	  { 0, 0, MISSING }, NULL, 0, 1 },
	{ "the one before a gap again", B1 B2 "e040 0005 0000 01 ee e0c0 0002 0000 01 bb",
	  { 0, 0, MISSING, MISSING }, NULL, 0, 2 },
	{ "the first missing", B2 L3 ONLY, { MISSING, MISSING, 1 }, "0f0102", 1, 2 },
	{ "one missing", B1 L3 ONLY, { 0, MISSING, 1 }, "0f0102", 1, 1 },
	{ "the last missing", B1 B2 ONLY, { 0, 0, 1 }, "0f0102", 1, 1 },
	{ "begun anew", B1 B2 B1OTHER L2, { 0, 0, 0, 1 }, "ab01dd", 1, 1 },
	{ "out of sequence", B1 L3 B2, { 0, MISSING, MISSING }, NULL, 0, 2 },
	{ "an old block", B1 B2 L3 B2, { 0, 0, 1, MISSING }, NULL, 1, 1 },
	{ "number 0", "e0c0 0000 0000 01 aa" ONLY, { MISSING, 1 }, "0f0102", 1, 1 },
	{ "number 0 without data", "e0c0 0000 0000 00", { MISSING }, NULL, 0, 1 },
	{ "number 0 in an APDU", B1 "e040 0000 0000 01 aa" L2, { 0, MISSING, MISSING }, NULL, 0, 2 },
	{ "another tag", "0f40 0001 0000 01 aa", { CUT }, NULL, 0, 0 },
	{ "cut off in the head", B1 "e0c0 0002 00", { 0, CUT }, NULL, 0, 1 },
	{ "no length", B1 "e0c0 0002 0000", { 0, CUT }, NULL, 0, 1 },
	{ "cut off in the length", "e040 0001 0000 8201", { CUT }, NULL, 0, 0 },
	{ "a length of three octets", "e040 0001 0000 83000001 aa", { CUT }, NULL, 0, 0 },
	{ "the form without a length", "e040 0001 0000 80 aa", { CUT }, NULL, 0, 0 },
	{ "cut off in the data", "e040 0001 0000 03 aabb", { CUT }, NULL, 0, 0 },
	{ "a length that lies", "e040 0001 0000 82ffff aabb", { CUT }, NULL, 0, 0 },
};

static void the_table_holds(void **state)
{
	static struct gbt g;
	u8 line[256], apdu[64];

	for (unsigned int i = 0; i < ARRAY_SIZE(table); i++) {
		const struct row *row = &table[i];
		const u8 *p = line, *end = line + unhex(row->hex, line), *got = NULL;
		size_t n = 4711;
		int r = 0;

		memset(&g, 0, sizeof(g));
		for (unsigned int k = 0; p < end; k++) {
			const u8 *before = p;

			got = NULL;
			r = gbt_take(&g, &p, end, 0, &got, &n);
			if (r != row->results[k])
				fail_msg("%s: block %u: %d instead of %d", row->what, k, r,
					 row->results[k]);
			assert_true(r == 1 || !got);
			if (r == -EBADMSG) {
				assert_ptr_equal(p, before);
				break;
			}
			assert_true(p > before);
		}
		gbt_flush(&g);
		if (g.messages != row->messages || g.broken != row->broken)
			fail_msg("%s: %llu messages, %llu broken", row->what,
				 (unsigned long long)g.messages, (unsigned long long)g.broken);
		assert_int_equal(r == 1, row->apdu != NULL);
		if (r == 1 && (n != unhex(row->apdu, apdu) || memcmp(got, apdu, n)))
			fail_msg("%s: another APDU of %zu octets", row->what, n);
	}
}

/* ---- bounds and time ---- */

static size_t put_block(u8 *to, bool last, unsigned int number, const u8 *data, size_t n)
{
	u8 *p = to;

	*p++ = 0xe0;
	*p++ = (last ? 0x80 : 0) | 0x40 | rng() % 64;
	*p++ = number >> 8;
	*p++ = number & 0xff;
	*p++ = (u8)rng();
	*p++ = (u8)rng();
	if (n > 0xff || rng() % 8 == 0) {
		*p++ = 0x82;
		*p++ = n >> 8;
	} else if (n > 0x7f) {
		*p++ = 0x81;
	}
	*p++ = n & 0xff;
	memcpy(p, data, n);

	return p + n - to;
}

static int take(struct gbt *g, bool last, unsigned int number, const u8 *data, size_t n, u64 us,
		const u8 **ret, size_t *ret_n)
{
	static u8 line[GBT_MAX + 16];
	const u8 *p = line, *end = line + put_block(line, last, number, data, n);
	int r = gbt_take(g, &p, end, us, ret, ret_n);

	assert_ptr_equal(p, end);
	return r;
}

static void an_apdu_is_bounded(void **state)
{
	static struct gbt g;
	static u8 data[GBT_MAX + 1];
	const u8 *apdu;
	size_t n;

	rng_state = 1;
	memset(&g, 0, sizeof(g));
	assert_int_equal(take(&g, true, 1, data, GBT_MAX, 0, &apdu, &n), 1);
	assert_int_equal(n, GBT_MAX);
	assert_int_equal(take(&g, true, 1, data, GBT_MAX + 1, 0, &apdu, &n), -EMSGSIZE);
	assert_int_equal(take(&g, false, 1, data, GBT_MAX, 0, &apdu, &n), 0);
	assert_int_equal(take(&g, true, 2, data, 1, 0, &apdu, &n), -EMSGSIZE);
	assert_int_equal(g.broken, 2);

	/* Nor do blocks without data go on for ever: none is behind 65535. */
	assert_int_equal(take(&g, false, 1, data, 1, 0, &apdu, &n), 0);
	for (unsigned int i = 2; i <= 65535; i++)
		assert_int_equal(take(&g, false, i, data, 0, 0, &apdu, &n), 0);
	assert_int_equal(take(&g, true, 0, data, 0, 0, &apdu, &n), -EPROTO);
	assert_int_equal(g.broken, 3);
}

static void a_pause_gives_an_apdu_up(void **state)
{
	static struct gbt g;
	const u8 *apdu, *d = (const u8 *)"data";
	size_t n;

	rng_state = 1;
	memset(&g, 0, sizeof(g));
	assert_int_equal(take(&g, false, 1, d, 4, 1 * S, &apdu, &n), 0);
	assert_int_equal(take(&g, true, 2, d, 3, 3 * S, &apdu, &n), 1);
	assert_int_equal(take(&g, false, 1, d, 4, 20 * S, &apdu, &n), 0);
	assert_int_equal(take(&g, true, 2, d, 3, 22 * S + 20000, &apdu, &n), -EPROTO);
	assert_int_equal(g.broken, 2);

	/* Without times, or with a clock that went back, nothing ends. */
	assert_int_equal(take(&g, false, 1, d, 4, 90 * S, &apdu, &n), 0);
	assert_int_equal(take(&g, false, 2, d, 3, 5 * S, &apdu, &n), 0);
	assert_int_equal(take(&g, false, 3, d, 2, 0, &apdu, &n), 0);
	assert_int_equal(take(&g, true, 4, d, 1, 900 * S, &apdu, &n), 1);
	assert_int_equal(n, 10);
}

/* ---- property ---- */

#define BLOCKS	6

/*
 * Whatever is lost, doubled or out of order: an APDU whose blocks all came in order, each perhaps
 * more than once, is given, and no other.
 */
static void never_a_wrong_apdu(void **state)
{
	static struct gbt g;
	unsigned int given = 0;

	rng_state = 77;
	memset(&g, 0, sizeof(g));
	for (unsigned int round = 0; round < 20000; round++) {
		unsigned int blocks = 1 + rng() % BLOCKS, order[2 * BLOCKS], m = 0, got = 0;
		size_t at[BLOCKS + 1] = { 0 };
		bool good = true;
		u8 data[BLOCKS * 300];
		const u8 *apdu;
		size_t n;

		for (unsigned int i = 0; i < blocks; i++) {
			at[i + 1] = at[i] + 1 + rng() % 300;
			order[m++] = i;
			if (rng() % 8 == 0)
				order[m++] = i;
		}
		for (size_t i = 0; i < at[blocks]; i++)
			data[i] = (u8)rng();
		if (rng() % 3 == 0) {	/* one lost */
			unsigned int i = rng() % m;

			memmove(order + i, order + i + 1, (--m - i) * sizeof(order[0]));
		} else if (rng() % 3 == 0) {	/* two change places */
			unsigned int i = rng() % m, k = rng() % m, v = order[i];

			order[i] = order[k];
			order[k] = v;
		}

		for (unsigned int i = 0; i < m; i++) {
			unsigned int b = order[i];
			int r = take(&g, b == blocks - 1, b + 1, data + at[b], at[b + 1] - at[b],
				     (round + 1) * 60 * S + i, &apdu, &n);

			if (r != 1)
				continue;
			got++;
			assert_int_equal(n, at[blocks]);
			assert_memory_equal(apdu, data, n);
		}
		for (unsigned int i = 0; i < m; i++)
			good &= order[i] == (i ? order[i - 1] : 0) ||
				(i && order[i] == order[i - 1] + 1);
		good &= m && order[m - 1] == blocks - 1;
		if (good)
			assert_true(got == 1 || (blocks == 1 && got == m));
		given += got;
	}
	assert_true(given > 5000);
	assert_int_equal(g.messages, given);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_table_holds),
		cmocka_unit_test(an_apdu_is_bounded),
		cmocka_unit_test(a_pause_gives_an_apdu_up),
		cmocka_unit_test(never_a_wrong_apdu),
	};

	return cmocka_run_group_tests_name("gbt", tests, NULL, NULL);
}
