// SPDX-License-Identifier: GPL-2.0
/*
 * Segments: a table of frames and what comes of them, and properties.
 *
 * Frames are built here with checksums of 0: whoever puts segments together does not look at them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>

#include "link/hextext.h"
#include "link/segments.h"
#include "util.h"
#include "xorshift.h"

#define S	USEC_PER_SEC

static size_t unhex(const char *hex, u8 *out)
{
	size_t n = 0;

	assert_int_equal(hextext_decode((const u8 *)hex, strlen(hex), out, &n, NULL), 0);
	return n;
}

static size_t put_frame(u8 *to, const u8 *head, size_t head_n, u8 control, bool more, const u8 *info,
			size_t n)
{
	size_t size = 2 + head_n + 1 + (n ? 2 + n : 0) + 2;

	assert_true(size <= AMSHAN_FRAME_MAX);
	memset(to, 0, size);
	to[0] = 0xa0 | (more ? AMSHAN_FRAME_SEGMENTED : 0) | size >> 8;
	to[1] = size & 0xff;
	memcpy(to + 2, head, head_n);
	to[2 + head_n] = control;
	if (n)
		memcpy(to + 2 + head_n + 3, info, n);

	return size;
}

static int take(struct segments *s, const u8 *head, size_t head_n, u8 control, bool more,
		const u8 *info, size_t n, u64 us, const u8 **ret, size_t *ret_n)
{
	static u8 frame[AMSHAN_FRAME_MAX];
	size_t size = put_frame(frame, head, head_n, control, more, info, n);
	struct hdlc_frame h;

	assert_int_equal(hdlc_frame_parse(frame, size, &h), 0);
	return segments_take(s, frame, size, &h, us, ret, ret_n);
}

/* ---- the table ---- */

/* Frames as "sender control more info": sender a..d, control in hex, + or . */
struct row {
	const char *what;
	const char *frames[7];
	int results[7];
	const char *whole[7];	/* where the result is 1 */
	unsigned int broken;
};

#define MISSING	(-EPROTO)
/* A data-notification's header, and 01: the first segment; 02, 03: what follows. */
#define BEGIN	"e6e7000f00000001 00 01"
#define OTHER	"e6e7000f00000002 00 0a"

static const struct row table[] = {
	{ "no segment", { "a13." BEGIN }, { 1 }, { BEGIN }, 0 },
	{ "no segment, no LLC header", { "a13.0102" }, { 1 }, { "0102" }, 0 },
	{ "no information", { "a13." }, { 1 }, { "" }, 0 },
	{ "three segments", { "a13+" BEGIN, "a13+02", "a13.03" }, { 0, 0, 1 },
	  { [2] = BEGIN "0203" }, 0 },
	{ "an LLC header in each", { "a13+" BEGIN, "a13+e6e70002", "a13.e6e70003" }, { 0, 0, 1 },
	  { [2] = BEGIN "0203" }, 0 },
	{ "the LLC header of a command", { "a13+e6e6000f00000001 00 01", "a13+02", "a13.03" },
	  { 0, 0, 1 }, { [2] = "e6e6000f00000001 00 01 0203" }, 0 },
	{ "two senders", { "a13+" BEGIN, "b13+" OTHER, "a13+02", "b13+0b", "b13.0c", "a13.03" },
	  { 0, 0, 0, 0, 1, 1 }, { [4] = OTHER "0b0c", [5] = BEGIN "0203" }, 0 },
	{ "a whole one of another sender between", { "a13+" BEGIN, "b13." OTHER, "a13.02" },
	  { 0, 1, 1 }, { [1] = OTHER, [2] = BEGIN "02" }, 0 },
	{ "no information between", { "a13+" BEGIN, "a13+", "a13.", "a13.02" }, { 0, 0, 1, 1 },
	  { [2] = "", [3] = BEGIN "02" }, 0 },
	{ "each twice", { "a13+" BEGIN, "a13+" BEGIN, "a13+02", "a13+02", "a13.03", "a13.03" },
	  { 0, 0, 0, 0, 1, 0 }, { [4] = BEGIN "0203" }, 0 },
	{ "each twice, with LLC headers", { "a13+" BEGIN, "a13+e6e70002", "a13+e6e70002",
	  "a13.e6e70003", "a13.e6e70003" }, { 0, 0, 0, 1, 0 }, { [3] = BEGIN "0203" }, 0 },
	{ "the last like the one before", { "a13+" BEGIN, "a13+02", "a13.02" }, { 0, 0, 1 },
	  { [2] = BEGIN "0202" }, 0 },
	{ "the last again, with the bit", { "a13+" BEGIN, "a13.02", "a13+02" }, { 0, 1, MISSING },
	  { [1] = BEGIN "02" }, 1 },
	{ "the same message again", { "a13+" BEGIN, "a13.02", "a13+" BEGIN, "a13.02" }, { 0, 1, 0, 1 },
	  { [1] = BEGIN "02", [3] = BEGIN "02" }, 0 },
	{ "the same octets, but counted on", { "a10+" BEGIN, "a12+02", "a14+02", "a16.02" },
	  { 0, 0, 0, 1 }, { [3] = BEGIN "020202" }, 0 },
	{ "counted, one missing", { "a10+" BEGIN, "a14+03", "a16.04" }, { 0, MISSING, MISSING },
	  { NULL }, 2 },
	{ "counted, one before the last missing", { "a10+" BEGIN, "a12+02", "a16.04", "a10." OTHER },
	  { 0, 0, MISSING, 1 }, { [3] = OTHER }, 1 },
	{ "counted round", { "a1c+" BEGIN, "a1e+02", "a10.03" }, { 0, 0, 1 }, { [2] = BEGIN "0203" }, 0 },
	{ "always the same number", { "a10+" BEGIN, "a10+02", "a10.03" }, { 0, 0, 1 },
	  { [2] = BEGIN "0203" }, 0 },
	{ "begun anew", { "a13+" BEGIN, "a13+02", "a13+" OTHER, "a13.0b" }, { 0, 0, 0, 1 },
	  { [3] = OTHER "0b" }, 1 },
	{ "the last missing, a whole one follows", { "a13+" BEGIN, "a13." OTHER, "a13+" BEGIN, "a13.02" },
	  { 0, 1, 0, 1 }, { [1] = OTHER, [3] = BEGIN "02" }, 1 },
	{ "the last missing, whole ones that are the same follow",
	  { "a13+" BEGIN, "a13." OTHER, "a13." OTHER }, { 0, 1, 1 }, { [1] = OTHER, [2] = OTHER }, 1 },
	{ "the first and the last missing, an unknown APDU follows", { "a13+02", "a13.e6e700c401" },
	  { MISSING, 1 }, { [1] = "e6e700c401" }, 1 },
	{ "the first missing", { "a13+02", "a13+03", "a13.04", "a13." OTHER },
	  { MISSING, MISSING, MISSING, 1 }, { [3] = OTHER }, 3 },
	{ "the first and the last missing", { "a13+02", "a13." OTHER }, { MISSING, 1 },
	  { [1] = OTHER }, 1 },
	{ "the first missing, LLC header in each", { "a13+02", "a13+e6e70003", "a13+" OTHER, "a13.0b" },
	  { MISSING, MISSING, 0, 1 }, { [3] = OTHER "0b" }, 2 },
	{ "an unknown APDU", { "a13+e6e700c401", "a13.02" }, { 0, 1 }, { [1] = "e6e700c40102" }, 0 },
	{ "a third sender takes the place of the oldest",
	  { "a13+" BEGIN, "b13+" OTHER, "a13+02", "c13+" BEGIN, "b13.0b", "a13.03", "c13.02" },
	  { 0, 0, 0, 0, 1, 1, 1 },
	  { [4] = "0b", [5] = BEGIN "0203", [6] = BEGIN "02" }, 1 },
	{ "what has no beginning takes no place", { "a13+" BEGIN, "b13+" OTHER, "c13+02", "a13.02", "b13.0b" },
	  { 0, 0, MISSING, 1, 1 }, { [3] = BEGIN "02", [4] = OTHER "0b" }, 1 },
	{ "a message that is whole gives its place", { "a13+" BEGIN, "b13+" OTHER, "b13.0b", "c13+" OTHER,
	  "c13.0b", "a13.02" }, { 0, 0, 1, 0, 1, 1 },
	  { [2] = OTHER "0b", [4] = OTHER "0b", [5] = BEGIN "02" }, 0 },
	{ "not gone on", { "a13+" BEGIN, "b13+" BEGIN }, { 0, 0 }, { NULL }, 2 },
};

static int take_text(struct segments *s, const char *text, const u8 **ret, size_t *ret_n)
{
	u8 head[2] = { 0x41, 0x01 | (u8)(text[0] - 'a') << 1 }, control, info[64];
	const char digits[] = { text[1], text[2], 0 };
	size_t n = unhex(text + 4, info);

	unhex(digits, &control);
	return take(s, head, sizeof(head), control, text[3] == '+', info, n, 0, ret, ret_n);
}

static void the_table_holds(void **state)
{
	static struct segments s;
	u8 whole[64];

	for (unsigned int i = 0; i < ARRAY_SIZE(table); i++) {
		const struct row *row = &table[i];

		memset(&s, 0, sizeof(s));
		for (unsigned int k = 0; k < ARRAY_SIZE(row->frames) && row->frames[k]; k++) {
			const u8 *got = whole;
			size_t n = 4711;
			int r = take_text(&s, row->frames[k], &got, &n);

			if (r != row->results[k])
				fail_msg("%s: frame %u: %d instead of %d", row->what, k, r,
					 row->results[k]);
			assert_true(r == 1 || (got == whole && n == 4711));
			if (r == 1 && (n != unhex(row->whole[k], whole) || (n && memcmp(got, whole, n))))
				fail_msg("%s: frame %u: other octets, %zu of them", row->what, k, n);
		}
		segments_flush(&s);
		if (s.broken != row->broken)
			fail_msg("%s: %llu broken", row->what, (unsigned long long)s.broken);
	}
}

/* ---- addresses, bounds, time ---- */

static void addresses_of_all_lengths_tell_senders_apart(void **state)
{
	static const u8 heads[][8] = { { 0x41, 0x03 }, { 0x41, 0x02, 0x03 }, { 0x40, 0x41, 0x03 },
				       { 2, 4, 6, 9, 2, 4, 6, 9 } };
	static const size_t lengths[] = { 2, 3, 3, 8 };
	static struct segments s;
	u8 info[16];
	size_t n = unhex(BEGIN, info), got_n;
	const u8 *got;

	for (unsigned int i = 0; i < 4; i++) {
		unsigned int k = (i + 1) % 4;

		memset(&s, 0, sizeof(s));
		assert_int_equal(take(&s, heads[i], lengths[i], 0x13, true, info, n, 0, &got, &got_n), 0);
		assert_int_equal(take(&s, heads[k], lengths[k], 0x13, true, info, n, 0, &got, &got_n), 0);
		assert_int_equal(take(&s, heads[i], lengths[i], 0x13, false, info + 9, 1, 0, &got,
				      &got_n), 1);
		assert_int_equal(got_n, n + 1);
		assert_int_equal(take(&s, heads[k], lengths[k], 0x13, false, info + 8, 2, 0, &got,
				      &got_n), 1);
		assert_int_equal(got_n, n + 2);
		assert_int_equal(s.broken, 0);
	}
}

static void a_message_is_bounded(void **state)
{
	static const u8 head[] = { 0x41, 0x03 };
	static struct segments s;
	u8 info[1024] = { 0xe6, 0xe7, 0x00, 0xdb, 0x00, 0x20 };
	size_t n;
	const u8 *got;

	/* 8192 octets and no more. */
	for (unsigned int more = 0; more < 2; more++) {
		memset(&s, 0, sizeof(s));
		for (unsigned int i = 0; i < 7; i++) {
			info[1023] = i;
			info[0] = i ? 0 : 0xe6;
			assert_int_equal(take(&s, head, 2, 0x13, true, info, 1024, 0, &got, &n), 0);
		}
		if (more)
			assert_int_equal(take(&s, head, 2, 0x13, true, info, 1, 0, &got, &n), 0);
		info[1023] = 99;
		assert_int_equal(take(&s, head, 2, 0x13, false, info, 1024, 0, &got, &n),
				 more ? -EMSGSIZE : 1);
		assert_int_equal(s.broken, more);
	}
	assert_int_equal(SEGMENTS_MAX, 8192);

	/* Segments without end are given up once, and are without beginning from then on. */
	memset(&s, 0, sizeof(s));
	info[0] = 0xe6;
	for (unsigned int i = 0; i < 100; i++) {
		info[1023] = i;
		assert_int_equal(take(&s, head, 2, 0x13, true, info, 1024, 0, &got, &n),
				 i < 8 ? 0 : i == 8 ? -EMSGSIZE : -EPROTO);
		info[0] = 0;
	}
	assert_int_equal(s.broken, 92);
}

static void a_pause_gives_a_message_up(void **state)
{
	static const u8 a[] = { 0x41, 0x03 }, b[] = { 0x41, 0x05 };
	static const u8 zeros[1000];
	static struct segments s;
	u8 info[16];
	size_t n = unhex(BEGIN, info), got_n;
	const u8 *got;

	memset(&s, 0, sizeof(s));
	assert_int_equal(take(&s, a, 2, 0x13, true, info, n, 1 * S, &got, &got_n), 0);
	assert_int_equal(take(&s, a, 2, 0x13, false, info, 1, 3 * S, &got, &got_n), 1);
	assert_int_equal(got_n, n + 1);

	/* A frame of another sender shows that time has passed. */
	assert_int_equal(take(&s, a, 2, 0x13, true, info, n, 20 * S, &got, &got_n), 0);
	assert_int_equal(take(&s, b, 2, 0x13, false, info, n, 22 * S + 200000, &got, &got_n), 1);
	assert_int_equal(s.broken, 1);
	assert_int_equal(take(&s, a, 2, 0x13, true, info + 1, 1, 23 * S, &got, &got_n), -EPROTO);
	assert_int_equal(s.broken, 2);

	/* A long segment takes its time on the line. */
	assert_int_equal(take(&s, a, 2, 0x13, true, info, n, 40 * S, &got, &got_n), 0);
	assert_int_equal(take(&s, a, 2, 0x13, false, zeros, sizeof(zeros), 46 * S, &got, &got_n), 1);

	/* Without times, or with a clock that went back, nothing ends. */
	assert_int_equal(take(&s, a, 2, 0x13, true, info, n, 90 * S, &got, &got_n), 0);
	assert_int_equal(take(&s, a, 2, 0x13, true, info + 3, 2, 5 * S, &got, &got_n), 0);
	assert_int_equal(take(&s, a, 2, 0x13, true, info + 3, 3, 0, &got, &got_n), 0);
	assert_int_equal(take(&s, a, 2, 0x13, false, info, 1, 900 * S, &got, &got_n), 1);
	assert_int_equal(got_n, n + 6);
}

/* ---- property ---- */

#define SEGMENTS_MOST	6

struct sender {
	u8 head[2];
	unsigned int segments, at, sent;	/* of its message: how many, which is next */
	bool counted, good, open;	/* open: the last segment of the message before was lost */
	u8 number;
	size_t ends[SEGMENTS_MOST + 1];
	u8 data[SEGMENTS_MOST * 200];
};

static void sender_begin(struct sender *x)
{
	x->segments = 2 + rng() % (SEGMENTS_MOST - 1);
	x->at = 0;
	x->sent = 0;
	x->counted = rng() % 2;
	x->number = rng() % 8;
	x->good = true;
	for (unsigned int i = 0; i < x->segments; i++)
		x->ends[i + 1] = x->ends[i] + 10 + rng() % 190;
	for (size_t i = 0; i < x->ends[x->segments]; i++)
		x->data[i] = (u8)rng();
	unhex("e6e7000f00000001 00 02", x->data);
}

/*
 * Senders interleave; segments are lost and doubled.  Each whole message is given and no other: of
 * frames that are not counted only the first or the last is lost, as nothing tells that one in the
 * middle is, or the last one with the next message's first one.
 */
static void never_a_wrong_message(void **state)
{
	static struct sender senders[SEGMENTS_STREAMS] = { { .head = { 0x41, 0x03 } },
							   { .head = { 0x41, 0x05 } } };
	static struct segments s;
	unsigned int given = 0;

	rng_state = 31;
	memset(&s, 0, sizeof(s));
	for (unsigned int i = 0; i < SEGMENTS_STREAMS; i++)
		sender_begin(&senders[i]);

	for (unsigned int round = 0; round < 50000; round++) {
		struct sender *x = &senders[rng() % SEGMENTS_STREAMS];
		const u8 *got, *p = x->data + x->ends[x->at];
		size_t n = x->ends[x->at + 1] - x->ends[x->at], got_n;
		bool last = x->at + 1 == x->segments, middle = x->at && !last;
		unsigned int times = rng() % 8 ? 1 : rng() % 3;
		u8 control = x->counted ? 0x10 | (x->number++ & 7) << 1 : 0x13;

		/* A last segment that comes alone is a frame without LLC header: told by nothing. */
		if (!times && ((middle && !x->counted) || (!x->at && x->open) ||
			       (x->at + 2 == x->segments && !x->sent)))
			times = 1;
		x->open = last && !times;
		x->sent += times;
		if (!times)
			x->good = false;
		for (unsigned int i = 0; i < times; i++) {
			int r = take(&s, x->head, 2, control, !last, p, n, 0, &got, &got_n);

			if (r != 1)
				continue;
			given++;
			assert_true(x->good && last && !i);
			assert_int_equal(got_n, x->ends[x->segments]);
			assert_memory_equal(got, x->data, got_n);
			x->good = false;
		}
		if (last && times)
			assert_false(x->good);
		x->at++;
		if (last)
			sender_begin(x);
	}
	assert_true(given > 5000);
	assert_int_equal(s.messages, given);
	assert_true(s.broken > 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_table_holds),
		cmocka_unit_test(addresses_of_all_lengths_tell_senders_apart),
		cmocka_unit_test(a_message_is_bounded),
		cmocka_unit_test(a_pause_gives_a_message_up),
		cmocka_unit_test(never_a_wrong_message),
	};

	return cmocka_run_group_tests_name("segments", tests, NULL, NULL);
}
