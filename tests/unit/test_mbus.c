// SPDX-License-Identifier: GPL-2.0
/*
 * M-Bus: a table of what octets become; lengths, bounds and time.
 */
#include "link/hextext.h"
#include "mbus_line.h"
#include "util.h"

/* ---- the table ---- */

struct row {
	const char *what;
	const char *hex;	/* octets of the line */
	const char *messages;	/* as struct caught has them */
	struct mbus_stats s;	/* but for octets, frame_octets and skipped */
};

#define ONE	"6806066853ff100167aa7416"	/* number 0, final: aa */
#define A0	"6806066853ff000167aa6416"	/* 0: aa */
#define A1	"6806066853ff010167bb7616"	/* 1: bb */
#define A2	"6806066853ff120167cc9816"	/* 2, final: cc */
#define B0	"6806066853ff000167ab6516"	/* 0: ab */
#define EMPTY	"6805056853ff100167ca16"	/* 0, final: nothing */
#define FCB	"6806066873ff100167aa9416"	/* C 73h */
#define AA	"0001aa"
#define ABC	"0003aabbcc"

static const struct row table[] = {
	{ "nothing", "", "", { 0 } },
	{ "noise", "0011e5ff16", "", { 0 } },
	{ "one frame", ONE, AA, { .frames = 1, .starts = 1, .messages = 1 } },
	{ "frame count bit", FCB, AA, { .frames = 1, .starts = 1, .messages = 1 } },
	{ "three frames", A0 A1 A2, ABC, { .frames = 3, .starts = 3, .messages = 1 } },
	{ "the same message twice", ONE ONE, AA AA, { .frames = 2, .starts = 2, .messages = 2 } },
	{ "short frames and acknowledgements", "1040014116 e5" ONE "105b68c316 e5e5" ONE, AA AA,
	  { .frames = 2, .starts = 2, .messages = 2 } },
	{ "starts before the start", "68 6868 686868" ONE, AA,
	  { .frames = 1, .starts = 5, .foreign = 4, .messages = 1 } },
	{ "half a head before the head", "680606" ONE "680668" ONE, AA AA,
	  { .frames = 2, .starts = 3, .foreign = 1, .messages = 2 } },
	{ "another application", "680606680 80172000000 7b16" ONE, AA,
	  { .frames = 1, .starts = 2, .foreign = 1, .messages = 1 } },
	{ "CI of another application", "6806066853ff720167aad616" ONE, AA,
	  { .frames = 1, .starts = 2, .foreign = 1, .messages = 1 } },
	{ "bad sum", "6806066853ff100167aa7516" ONE, AA,
	  { .frames = 1, .starts = 2, .sum_errors = 1, .messages = 1 } },
	{ "bad stop", "6806066853ff100167aa7417" ONE, AA,
	  { .frames = 1, .starts = 2, .sum_errors = 1, .messages = 1 } },
	{ "bad sum, a good one, bad sum, a good one", "680606685 3ff100167aa7516" ONE
	  "6805056853ff100167cb16" ONE, AA AA, { .frames = 2, .starts = 4, .sum_errors = 2, .messages = 2 } },
	{ "bad sum, nothing follows", "6806066853ff100167aa7516", "",
	  { .starts = 1, .timeouts = 1 } },
	{ "an octet lost", "6806066853ff1001677416" ONE, AA,
	  { .frames = 1, .starts = 2, .sum_errors = 1, .messages = 1 } },
	{ "an octet doubled", "6806066853ff100167aaaa7416" ONE, AA,
	  { .frames = 1, .starts = 2, .sum_errors = 1, .messages = 1 } },
	{ "cut off", "6806066853ff100167", "", { .starts = 1, .timeouts = 1 } },
	{ "cut off in the head", "6806", "", { 0 } },
	{ "cut off, the next follows", "6806066853ff" ONE ONE, AA AA,
	  { .frames = 2, .starts = 3, .foreign = 1, .messages = 2 } },
	{ "cut off in a long one, the next is found at the end", "6801016853ff0001" ONE, AA,
	  { .frames = 1, .starts = 2, .timeouts = 1, .messages = 1 } },
	{ "a frame in the data of another", "6812126853ff100167" ONE "aa 4e16",
	  "000d" ONE "aa", { .frames = 1, .starts = 1, .messages = 1 } },
	{ "no data", EMPTY, "", { .frames = 1, .starts = 1, .broken = 1 } },
	{ "a frame without data among others", A0 "6805056853ff110167cb16", AA,
	  { .frames = 2, .starts = 2, .messages = 1 } },
	{ "first frame repeated", A0 A0 A1 A2, ABC, { .frames = 4, .starts = 4, .messages = 1 } },
	{ "each frame repeated", A0 A0 A1 A1 A2 A2, ABC,
	  { .frames = 6, .starts = 6, .messages = 1 } },
	{ "repeated with other octets", A0 A1 "6806066853ff010167bc7716" A2, "",
	  { .frames = 4, .starts = 4, .broken = 1 } },
	{ "the same number with fewer data", "6807076853ff000167aabb1f16" A0 "6806066853ff110167bb8616", "0002aabb",
	  { .frames = 3, .starts = 3, .messages = 1, .broken = 1 } },
	{ "first frame missing", A1 A2 ONE, AA,
	  { .frames = 3, .starts = 3, .messages = 1, .broken = 1 } },
	{ "a frame missing", A0 A2 ONE, AA,
	  { .frames = 3, .starts = 3, .messages = 1, .broken = 1 } },
	{ "last frame missing", A0 A1 ONE, AA,
	  { .frames = 3, .starts = 3, .messages = 1, .broken = 1 } },
	{ "begun anew", A0 A1 B0 A1 A2, "0003abbbcc",
	  { .frames = 5, .starts = 5, .messages = 1, .broken = 1 } },
	{ "out of sequence", A0 A2 A1 ONE, AA,
	  { .frames = 4, .starts = 4, .messages = 1, .broken = 2 } },
	{ "only the last frame, twice", A2 A2, "", { .frames = 2, .starts = 2, .broken = 1 } },
	{ "a frame is left", A0 A1, "", { .frames = 2, .starts = 2, .broken = 1 } },
};

static size_t unhex(const char *hex, u8 *out)
{
	size_t n = 0;
	char text[1024];

	/* A digit may stand alone in the table, as in 68...5 3ff. */
	for (; *hex; hex++) {
		if (*hex != ' ')
			text[n++] = *hex;
	}
	assert_int_equal(hextext_decode((const u8 *)text, n, out, &n, NULL), 0);

	return n;
}

static void the_table_holds(void **state)
{
	static struct caught c;
	struct mbus_stats got;
	u8 line[512], messages[512];

	for (unsigned int i = 0; i < 2 * ARRAY_SIZE(table); i++) {
		const struct row *row = &table[i / 2];
		struct mbus_stats want = row->s;
		size_t n = unhex(row->hex, line), m = unhex(row->messages, messages);

		run(line, n, i % 2 && n ? n : 1, &c, &got);
		want.octets = n;
		want.frame_octets = got.frame_octets;
		want.skipped = n - got.frame_octets;
		if (c.octets != m || memcmp(c.data, messages, m) || memcmp(&got, &want, sizeof(got)))
			fail_msg("%s: %u messages of %zu octets, %llu frames, %llu starts, foreign %llu, "
				 "sum %llu, timeouts %llu, broken %llu", row->what, c.n, c.octets,
				 (unsigned long long)got.frames, (unsigned long long)got.starts,
				 (unsigned long long)got.foreign, (unsigned long long)got.sum_errors,
				 (unsigned long long)got.timeouts, (unsigned long long)got.broken);
	}
}

/* The frames of an Austrian meter: L wraps in the first one, or both are below 256. */
static void messages_of_known_lengths(void **state)
{
	static const struct { size_t first, last; } sizes[] = {
		{ 252, 8 },	/* 01 01, then 0D 0D */
		{ 245, 109 },	/* FA FA, then 72 72 */
		{ 250, 0 }, { 251, 1 }, { 255, 3 }, { 256, 250 }, { 506, 506 }, { 0, 1 },
	};
	static struct caught c;
	u8 line[2 * MBUS_FRAME_MAX], data[2 * MBUS_FRAME_MAX];
	struct mbus_stats stats;

	rng_state = 3;
	for (unsigned int i = 0; i < ARRAY_SIZE(sizes); i++) {
		size_t n;

		for (n = 0; n < sizeof(data); n++)
			data[n] = (u8)rng();
		n = put_frame(line, 0x00, data, sizes[i].first);
		n += put_frame(line + n, 0x11, data + sizes[i].first, sizes[i].last);
		run(line, n, 1 + i, &c, &stats);
		assert_int_equal(c.n, 1);
		assert_int_equal(c.octets, 2 + sizes[i].first + sizes[i].last);
		assert_memory_equal(c.data + 2, data, c.octets - 2);
		assert_int_equal(stats.skipped, 0);
	}
}

/* A head in the data of a frame whose L has wrapped, with a sum that fits, but only behind its end. */
static void a_frame_across_the_end_does_not_count(void **state)
{
	static struct mbus_framer f;
	static struct caught c;
	u8 line[MBUS_FRAME_MAX + 32], data[300] = { 0 }, inner[32];
	size_t n, m = put_frame(inner, 0x10, (const u8 *)"0123456789", 10);

	/* Its data run over sum and stop of the outer one. */
	memcpy(data + sizeof(data) - 12, inner, 12);
	n = put_frame(line, 0x10, data, sizeof(data));
	memcpy(inner + 12, line + n - 2, 2);
	inner[m - 2] = 0;
	for (size_t i = 4; i < m - 2; i++)
		inner[m - 2] += inner[i];
	memcpy(line + n, inner + 14, m - 14);

	begin(&f, &c);
	push(&f, line, n + m - 14, 0, &c);
	assert_int_equal(c.n, 1);
	assert_int_equal(c.octets, 2 + sizeof(data));

	/* Without the end of the outer one it is a frame. */
	begin(&f, &c);
	line[n - 1] = 0x17;
	line[n + m - 14 - 2]++;
	push(&f, line, n + m - 14, 0, &c);
	assert_int_equal(c.n, 1);
	assert_int_equal(c.octets, 2 + 10);
}

/* Whatever the length: delivered at the stop, not later. */
static void frames_of_every_length(void **state)
{
	static struct mbus_framer f;
	static struct caught c;
	u8 line[MBUS_FRAME_MAX], data[MBUS_FRAME_MAX];

	/* No octet of it is a stop, so that no shorter length fits. */
	memset(data, 0x68, sizeof(data));
	for (size_t n = 1; n <= 506; n++) {
		size_t len = put_frame(line, 0x10, data, n);

		begin(&f, &c);
		push(&f, line, len - 1, 0, &c);
		assert_int_equal(c.n, 0);
		push(&f, line + len - 1, 1, 0, &c);
		assert_int_equal(c.n, 1);
		assert_int_equal(c.octets, n + 2);
		assert_int_equal(mbus_pending(&f), 0);
	}
}

static void a_message_has_at_most_16_frames_and_4096_octets(void **state)
{
	static struct mbus_framer f;
	static struct caught c;
	u8 line[MBUS_FRAME_MAX], data[506];

	memset(data, 0x41, sizeof(data));
	for (size_t size = 256; size <= 257; size++) {
		begin(&f, &c);
		for (unsigned int i = 0; i < 16; i++)
			push(&f, line, put_frame(line, i | (i == 15 ? 0x10 : 0), data, size), 0, &c);
		assert_int_equal(c.n, size == 256);
		assert_int_equal(f.stats.broken, size == 257);
	}

	/* Number 0 behind 15 that was not final begins anew. */
	begin(&f, &c);
	for (unsigned int i = 0; i < 16; i++)
		push(&f, line, put_frame(line, i, data, 10), 0, &c);
	push(&f, line, put_frame(line, 0x10, data, 10), 0, &c);
	assert_int_equal(c.n, 1);
	assert_int_equal(c.octets, 12);
	assert_int_equal(f.stats.broken, 1);
}

/* ---- time ---- */

static void pauses_end_frames_and_messages(void **state)
{
	static struct mbus_framer f;
	static struct caught c;
	u8 a[64], b[64];
	size_t n = put_frame(a, 0x00, (const u8 *)"abc", 3);
	size_t m = put_frame(b, 0x11, (const u8 *)"def", 3);

	begin(&f, &c);
	/* 500 ms in a frame and 2 s between frames are none. */
	push(&f, a, 5, 1 * S, &c);
	push(&f, a + 5, n - 5, 1 * S + 500 * MS, &c);
	push(&f, b, m, 3 * S + 500 * MS, &c);
	assert_int_equal(c.n, 1);
	assert_int_equal(f.stats.timeouts + f.stats.broken, 0);

	/* In a frame. */
	push(&f, a, 5, 10 * S, &c);
	push(&f, a + 5, n - 5, 10 * S + 501 * MS, &c);
	push(&f, b, m, 11 * S, &c);
	assert_int_equal(c.n, 1);
	assert_int_equal(f.stats.timeouts, 1);
	assert_int_equal(f.stats.broken, 1);

	/* Between frames; what comes late is a message without beginning. */
	push(&f, a, n, 20 * S, &c);
	push(&f, b, m, 22 * S + 1 * MS, &c);
	assert_int_equal(c.n, 1);
	assert_int_equal(f.stats.broken, 3);

	/* A slow line: octets of the next frame keep the message open. */
	push(&f, a, n, 30 * S, &c);
	for (size_t i = 0; i < m; i++)
		push(&f, b + i, 1, 30 * S + 400 * MS * (i + 1), &c);
	assert_int_equal(c.n, 2);

	/* Without times, or with a clock that went back, nothing ends. */
	push(&f, a, n, 90 * S, &c);
	push(&f, b, 3, 2 * S, &c);
	push(&f, b + 3, m - 3, 0, &c);
	push(&f, a, n, 0, &c);
	push(&f, b, m, 900 * S, &c);
	assert_int_equal(c.n, 4);
	assert_int_equal(f.stats.broken, 3);
}

/* The one that comes again after a pause is the end of another message. */
static void a_repetition_is_only_one_in_time(void **state)
{
	static struct mbus_framer f;
	static struct caught c;
	u8 a[64], b[64];
	size_t n = put_frame(a, 0x00, (const u8 *)"abc", 3);
	size_t m = put_frame(b, 0x11, (const u8 *)"def", 3);

	begin(&f, &c);
	push(&f, a, n, 1 * S, &c);
	push(&f, b, m, 1 * S, &c);
	push(&f, b, m, 2 * S, &c);
	assert_int_equal(f.stats.broken, 0);
	push(&f, b, m, 5 * S, &c);
	assert_int_equal(f.stats.broken, 1);
	assert_int_equal(c.n, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_table_holds),
		cmocka_unit_test(messages_of_known_lengths),
		cmocka_unit_test(a_frame_across_the_end_does_not_count),
		cmocka_unit_test(frames_of_every_length),
		cmocka_unit_test(a_message_has_at_most_16_frames_and_4096_octets),
		cmocka_unit_test(pauses_end_frames_and_messages),
		cmocka_unit_test(a_repetition_is_only_one_in_time),
	};

	return cmocka_run_group_tests_name("mbus", tests, NULL, NULL);
}
