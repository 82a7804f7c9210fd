// SPDX-License-Identifier: GPL-2.0
/*
 * The framer: a table of what octets become, and properties that hold for any octets.
 *
 * Frames are built by the simulator's encoder, which shares nothing with the framer.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <amshan/crc16.h>
#include <amshan/framer.h>

#include "../sim/encode.h"
#include "../sim/meters.h"
#include "util.h"
#include "xorshift.h"

#define MS	1000000ull

/* ---- what came out ---- */

struct caught {
	unsigned int n;
	size_t octets;
	u8 data[1 << 18];
};

static void catch(void *ctx, const u8 *frame, size_t n)
{
	struct caught *c = ctx;

	assert_true(n >= AMSHAN_FRAME_MIN && n <= AMSHAN_FRAME_MAX);
	assert_true(c->octets + n <= sizeof(c->data));
	memcpy(c->data + c->octets, frame, n);
	c->octets += n;
	c->n++;
}

static void check_balance(const struct framer *f)
{
	const struct framer_stats *s = &f->stats;

	assert_int_equal(s->octets, s->frame_octets + s->flags + s->skipped + framer_pending(f));
}

/* Everything through a new framer, in pieces of @piece octets, then the end of the line. */
static void run(const u8 *data, size_t n, size_t piece, struct caught *c, struct framer_stats *stats)
{
	struct framer f;

	framer_init(&f);
	c->n = 0;
	c->octets = 0;
	for (size_t i = 0; i < n; i += piece) {
		framer_push(&f, data + i, NULL, n - i < piece ? n - i : piece, 0, catch, c);
		check_balance(&f);
	}
	framer_flush(&f, catch, c);
	check_balance(&f);
	assert_int_equal(framer_pending(&f), 0);
	*stats = f.stats;
}

/* ---- frames ---- */

static const u8 head_122[] = { 0x41, 0x08, 0x83, 0x13 };	/* addresses of 1 and 2 octets */

static void put_frame(struct enc *e, const u8 *head, size_t head_n, const u8 *info, size_t info_n,
		      bool segmented)
{
	size_t mark = enc_hdlc_begin(e, head, head_n, segmented);

	enc_octets(e, info, info_n);
	enc_hdlc_end(e, mark);
	assert_false(e->overflow);
}

/* ---- the checksum ---- */

static void crc_is_that_of_the_polynomial(void **state)
{
	static const u8 check[] = "123456789";
	u8 data[67];

	assert_int_equal((u16)~amshan_crc16(AMSHAN_CRC16_INIT, check, 9), 0x906e);

	rng_state = 1;
	for (unsigned int round = 0; round < 2000; round++) {
		size_t n = rng() % sizeof(data), cut = n ? rng() % n : 0;
		u16 crc;

		for (size_t i = 0; i < n; i++)
			data[i] = (u8)rng();
		crc = amshan_crc16(AMSHAN_CRC16_INIT, data, cut);
		crc = amshan_crc16(crc, data + cut, n - cut);
		assert_int_equal((u16)~crc, sim_crc16(data, n));
	}
}

static void crc_residue_is_good(void **state)
{
	u8 data[16] = "HAN";
	u16 fcs = sim_crc16(data, 14);

	data[14] = fcs & 0xff;
	data[15] = fcs >> 8;
	assert_int_equal(amshan_crc16(AMSHAN_CRC16_INIT, data, 16), AMSHAN_CRC16_GOOD);
	data[3] ^= 1;
	assert_int_not_equal(amshan_crc16(AMSHAN_CRC16_INIT, data, 16), AMSHAN_CRC16_GOOD);
}

/* ---- the table ---- */

struct row {
	const char *what;
	const char *hex;	/* octets of the line */
	unsigned int frames;
	struct framer_stats s;	/* but for octets and frame_octets */
};

/* 7e a008 01 0201 10 378d 7e is a frame without information field; ...27a0 0201 e7de with one. */
#define EMPTY	"a008 01 0201 10 378d"
#define SHORT	"a00c 01 0201 10 27a0 0201 e7de"

static const struct row table[] = {
	{ "nothing", "", 0, { 0 } },
	{ "one flag", "7e", 0, { .flags = 1 } },
	{ "only flags", "7e7e7e7e", 0, { .flags = 4 } },
	{ "no flag at all", "001122a008", 0, { .skipped = 5 } },
	{ "a frame without information", "7e" EMPTY "7e", 1, { .flags = 2 } },
	{ "a frame with information", "7e" SHORT "7e", 1, { .flags = 2 } },
	{ "two, one flag between", "7e" SHORT "7e" EMPTY "7e", 2, { .flags = 3 } },
	{ "two, two flags between", "7e" SHORT "7e7e" EMPTY "7e", 2, { .flags = 4 } },
	{ "noise before the first flag", "c3ff00" "7e" SHORT "7e", 1, { .flags = 2, .skipped = 3 } },
	{ "noise behind a closing flag", "7e" SHORT "7e" "c3" "7e" SHORT "7e", 2,
	  { .flags = 4, .skipped = 1, .format_errors = 1 } },
	{ "another frame type", "7e" "b008010201103 78d" "7e", 0,
	  { .flags = 2, .skipped = 8, .format_errors = 1 } },
	{ "length below the minimum", "7e" "a006010201" "7e", 0,
	  { .flags = 2, .skipped = 5, .length_errors = 1 } },
	{ "length too short for its header", "7e" "a007 01 0201 10 378d" "7e", 0,
	  { .flags = 2, .skipped = 8, .length_errors = 1 } },
	{ "HCS and FCS without information between", "7e" "a00a 01 0201 10 27a0 27a0" "7e", 0,
	  { .flags = 2, .skipped = 10, .length_errors = 1 } },
	{ "destination of three octets", "7e" "a00c 000201 01 10 27a0 0201" "7e", 0,
	  { .flags = 2, .skipped = 11, .format_errors = 1 } },
	{ "destination that does not end", "7e" "a00c 00020402 01 10 27a0 02" "7e", 0,
	  { .flags = 2, .skipped = 11, .format_errors = 1 } },
	{ "bad HCS", "7e" "a00c 01 0201 10 27a1 0201 e7de" "7e", 0,
	  { .flags = 2, .skipped = 12, .hcs_errors = 1 } },
	{ "bad FCS", "7e" "a00c 01 0201 10 27a0 0201 e7df" "7e", 0,
	  { .flags = 2, .skipped = 12, .fcs_errors = 1 } },
	{ "no closing flag", "7e" SHORT "00", 0, { .flags = 1, .skipped = 13, .format_errors = 1 } },
	{ "cut off", "7e" "a00c 01 0201 10 27a0", 0, { .flags = 1, .skipped = 8, .timeouts = 1 } },
	{ "cut off, the next follows", "7e" "a00c 01 0201 10 27a0 02" "7e" SHORT "7e", 1,
	  { .flags = 3, .skipped = 9, .fcs_errors = 1 } },
	{ "an octet lost, the next follows", "7e" "a00c 01 0201 10 27a0 01 e7de" "7e" SHORT "7e", 1,
	  { .flags = 3, .skipped = 11, .fcs_errors = 1 } },
	{ "an octet doubled, the next follows",
	  "7e" "a00c 01 0201 10 27a0 020201 e7de" "7e" SHORT "7e", 1,
	  { .flags = 3, .skipped = 13, .fcs_errors = 1 } },
};

static size_t unhex(const char *hex, u8 *out)
{
	size_t digits = 0;

	for (; *hex; hex++) {
		u8 v;

		if (*hex == ' ')
			continue;
		v = *hex <= '9' ? *hex - '0' : *hex - 'a' + 10;
		if (digits++ % 2)
			out[digits / 2 - 1] |= v;
		else
			out[digits / 2] = v << 4;
	}

	return digits / 2;
}

static void the_table_holds(void **state)
{
	static struct caught c;
	struct framer_stats got;
	u8 line[256];

	for (unsigned int i = 0; i < ARRAY_SIZE(table); i++) {
		const struct row *row = &table[i];
		struct framer_stats want = row->s;
		size_t n = unhex(row->hex, line);

		run(line, n, 1, &c, &got);
		want.octets = n;
		want.frames = row->frames;
		want.frame_octets = c.octets;
		if (c.n != row->frames || memcmp(&got, &want, sizeof(want)))
			fail_msg("%s: %u frames, %llu flags, %llu skipped, errors: format %llu, "
				 "length %llu, HCS %llu, FCS %llu, timeouts %llu", row->what, c.n,
				 (unsigned long long)got.flags, (unsigned long long)got.skipped,
				 (unsigned long long)got.format_errors,
				 (unsigned long long)got.length_errors,
				 (unsigned long long)got.hcs_errors,
				 (unsigned long long)got.fcs_errors,
				 (unsigned long long)got.timeouts);
	}
}

static void addresses_of_all_lengths(void **state)
{
	static const u8 one[] = { 0x01 }, two[] = { 0x02, 0x21 }, four[] = { 0x02, 0x04, 0x06, 0x21 };
	static const struct { const u8 *p; size_t n; } a[] = { { one, 1 }, { two, 2 }, { four, 4 } };
	static struct caught c;
	struct framer_stats stats;
	struct hdlc_frame h;
	u8 buf[64], head[9];

	for (unsigned int d = 0; d < 3; d++) {
		for (unsigned int s = 0; s < 3; s++) {
			struct enc e;
			size_t n = a[d].n + a[s].n;

			memcpy(head, a[d].p, a[d].n);
			memcpy(head + a[d].n, a[s].p, a[s].n);
			head[n++] = 0x13;
			enc_init(&e, buf, sizeof(buf));
			put_frame(&e, head, n, (const u8 *)"\x7e\x7d\x7e", 3, false);
			run(buf, e.n, 1, &c, &stats);
			assert_int_equal(c.n, 1);
			assert_int_equal(hdlc_frame_parse(c.data, c.octets, &h), 0);
			assert_int_equal(h.info_len, 3);
			assert_memory_equal(h.info, "\x7e\x7d\x7e", 3);
		}
	}
}

static void frames_of_every_length(void **state)
{
	static u8 buf[ENC_OCTETS_MAX + 8], info[AMSHAN_FRAME_MAX];
	static struct caught c;
	struct framer_stats stats;
	struct hdlc_frame h;

	memset(info, AMSHAN_FLAG, sizeof(info));
	for (size_t n = 0; n <= AMSHAN_FRAME_MAX - 10; n++) {
		struct enc e;

		enc_init(&e, buf, sizeof(buf));
		put_frame(&e, head_122, sizeof(head_122), info, n, n & 1);
		run(buf, e.n, 64, &c, &stats);
		assert_int_equal(c.n, 1);
		assert_int_equal(stats.segmented, n & 1);
		assert_int_equal(stats.skipped, 0);
		assert_int_equal(hdlc_frame_parse(c.data, c.octets, &h), 0);
		assert_int_equal(h.info_len, n);
		assert_int_equal(h.segmented, n & 1);
	}
}

static void parse_refuses_what_is_no_frame(void **state)
{
	u8 frame[] = { 0xa0, 0x08, 0x01, 0x02, 0x01, 0x10, 0x37, 0x8d };
	struct hdlc_frame h = { .info_len = 77 };

	assert_int_equal(hdlc_frame_parse(frame, 8, &h), 0);
	assert_int_equal(h.info_len, 0);
	h.info_len = 77;
	assert_true(hdlc_frame_parse(frame, 7, &h) < 0);
	frame[1] = 9;
	assert_true(hdlc_frame_parse(frame, 8, &h) < 0);
	frame[1] = 8;
	frame[0] = 0x90;
	assert_true(hdlc_frame_parse(frame, 8, &h) < 0);
	assert_int_equal(h.info_len, 77);
}

/* ---- time and line errors ---- */

static size_t example(u8 *buf, size_t size)
{
	struct sim_values v;
	int n;

	sim_values_example(SIM_AIDON, &v);
	n = sim_build(SIM_AIDON, 2, SIM_HDLC, &v, buf, size, NULL);
	assert_true(n > 0);

	return (size_t)n;
}

static void a_pause_ends_a_frame(void **state)
{
	static struct caught c;
	u8 buf[ENC_OCTETS_MAX];
	size_t n = example(buf, sizeof(buf)), half = n / 2;
	struct framer f;

	framer_init(&f);
	c.n = 0;
	c.octets = 0;

	/* 500 ms are no pause, more are. */
	framer_push(&f, buf, NULL, half, 1 * MS, catch, &c);
	framer_push(&f, buf + half, NULL, n - half, 501 * MS, catch, &c);
	assert_int_equal(c.n, 1);
	framer_push(&f, buf, NULL, half, 1000 * MS, catch, &c);
	framer_push(&f, buf, NULL, n, 1501 * MS, catch, &c);
	assert_int_equal(c.n, 2);
	assert_int_equal(f.stats.timeouts, 1);

	/* Without times, or with a clock that went back, nothing ends. */
	framer_push(&f, buf, NULL, half, 90000 * MS, catch, &c);
	framer_push(&f, buf + half, NULL, n - half, 2 * MS, catch, &c);
	framer_push(&f, buf, NULL, half, 0, catch, &c);
	framer_push(&f, buf + half, NULL, n - half, 0, catch, &c);
	assert_int_equal(c.n, 4);
	assert_int_equal(f.stats.timeouts, 1);
	check_balance(&f);
}

static void a_pause_behind_a_whole_frame_costs_nothing(void **state)
{
	static struct caught c;
	u8 buf[ENC_OCTETS_MAX];
	size_t n = example(buf, sizeof(buf));
	struct framer f;

	framer_init(&f);
	c.n = 0;
	c.octets = 0;
	for (unsigned int i = 0; i < 10; i++)
		framer_push(&f, buf, NULL, n, (i + 1) * 10000 * MS, catch, &c);
	assert_int_equal(c.n, 10);
	assert_int_equal(f.stats.timeouts, 0);
}

static void parity_and_framing_are_counted_and_kept(void **state)
{
	static struct caught c;
	u8 buf[ENC_OCTETS_MAX], flags[ENC_OCTETS_MAX] = { 0 };
	size_t n = example(buf, sizeof(buf));
	struct framer f;

	framer_init(&f);
	c.n = 0;
	c.octets = 0;
	flags[5] = FRAMER_PARITY;
	flags[6] = FRAMER_PARITY;
	flags[7] = FRAMER_FRAME;
	flags[8] = 99;
	framer_push(&f, buf, flags, n, 0, catch, &c);
	assert_int_equal(c.n, 1);
	assert_int_equal(f.stats.parity_errors, 2);
	assert_int_equal(f.stats.framing_errors, 1);
	check_balance(&f);
}

static void breaks_and_overruns_cut_a_frame(void **state)
{
	static struct caught c;
	u8 buf[2 * ENC_OCTETS_MAX], flags[2 * ENC_OCTETS_MAX] = { 0 };
	size_t n = example(buf, sizeof(buf));
	struct framer f;

	for (unsigned int kind = FRAMER_BREAK; kind <= FRAMER_OVERRUN; kind += 3) {
		framer_init(&f);
		c.n = 0;
		c.octets = 0;
		/* A filler in the middle of the first frame, which was never sent. */
		memmove(buf + n / 2 + 1, buf + n / 2, n - n / 2);
		buf[n / 2] = 0;
		memset(flags, 0, sizeof(flags));
		flags[n / 2] = kind;
		n = n + 1;
		n += example(buf + n, sizeof(buf) - n);
		framer_push(&f, buf, flags, n, 0, catch, &c);
		assert_int_equal(c.n, 1);
		assert_int_equal(f.stats.octets, n - 1);
		assert_int_equal(f.stats.timeouts, 1);
		assert_int_equal(f.stats.breaks, kind == FRAMER_BREAK);
		assert_int_equal(f.stats.overruns, kind == FRAMER_OVERRUN);
		check_balance(&f);
		n = example(buf, sizeof(buf));
	}
}

/* ---- properties ---- */

/*
 * A line with good frames, noise, damaged copies; returns its length and the number of good frames.
 */
static size_t make_line(u8 *line, size_t size, unsigned int *good)
{
	size_t n = 0;

	*good = 0;
	while (n + 3 * ENC_OCTETS_MAX < size) {
		u8 buf[ENC_OCTETS_MAX];
		struct sim_values v;
		enum sim_form form = rng() % SIM_FORMS;
		int list = 1 + rng() % 3, len;

		for (unsigned int noise = rng() % 3 ? 0 : rng() % 40; noise; noise--)
			line[n++] = rng() % 4 ? (u8)rng() : AMSHAN_FLAG;

		if (!sim_form_has_list(form, list))
			continue;
		sim_values_example(form, &v);
		v.q[SIM_P_IMPORT] = rng() % 20000;
		len = sim_build(form, list, SIM_HDLC, &v, buf, sizeof(buf), NULL);
		assert_true(len > 0);
		switch (rng() % 6) {
		case 0:
			buf[1 + rng() % (len - 2)] ^= 1 << rng() % 8;
			break;
		case 1:
			/*
			 * More than its closing flag, which the next one's opening flag would
			 * replace.
			 */
			len -= 2 + rng() % (len - 3);
			break;
		default:
			(*good)++;
		}
		memcpy(line + n, buf, len);
		n += len;
	}

	return n;
}

static void any_split_gives_the_same(void **state)
{
	static u8 line[20000];
	static struct caught whole, split;
	struct framer_stats a, b;
	unsigned int good;

	rng_state = 4711;
	for (unsigned int round = 0; round < 40; round++) {
		size_t n = make_line(line, sizeof(line), &good);
		struct framer f;
		size_t i = 0;

		run(line, n, n, &whole, &a);
		assert_int_equal(whole.n, good);

		run(line, n, 1, &split, &b);
		assert_int_equal(split.n, whole.n);
		assert_memory_equal(split.data, whole.data, whole.octets);
		assert_memory_equal(&a, &b, sizeof(a));

		framer_init(&f);
		split.n = 0;
		split.octets = 0;
		while (i < n) {
			size_t piece = 1 + rng() % (rng() % 2 ? 10 : 3000);

			if (piece > n - i)
				piece = n - i;
			framer_push(&f, line + i, NULL, piece, 0, catch, &split);
			check_balance(&f);
			i += piece;
		}
		framer_flush(&f, catch, &split);
		assert_int_equal(split.n, whole.n);
		assert_memory_equal(split.data, whole.data, whole.octets);
		assert_memory_equal(&a, &f.stats, sizeof(a));
	}
}

static void a_good_frame_behind_any_garbage_is_delivered(void **state)
{
	static struct caught c;
	struct framer_stats stats;
	u8 line[8192];

	rng_state = 99;
	for (unsigned int round = 0; round < 3000; round++) {
		size_t n = rng() % 4000, len;

		/* Garbage of several tastes: octets, flags, beginnings of headers. */
		for (size_t i = 0; i < n; i++) {
			switch (rng() % (2 + round % 5)) {
			case 0:
				line[i] = AMSHAN_FLAG;
				break;
			case 1:
				line[i] = 0xa0 | rng() % 8;
				break;
			default:
				line[i] = (u8)rng();
			}
		}
		len = example(line + n, sizeof(line) - n);
		run(line, n + len, 1 + rng() % 500, &c, &stats);
		assert_true(c.octets >= len - 2);
		assert_memory_equal(c.data + c.octets - (len - 2), line + n + 1, len - 2);
	}
}

/* Headers with good HCS, each announcing the longest frame, nested as close as they go. */
static void nested_headers_end(void **state)
{
	static u8 line[60000];
	static struct caught c;
	struct framer_stats stats;
	size_t n = 0, len;

	while (n + 16 < sizeof(line) - ENC_OCTETS_MAX) {
		u8 header[] = { AMSHAN_FLAG, 0xa7, 0xff, 0x01, 0x01, 0x13, 0, 0 };
		u16 hcs = sim_crc16(header + 1, 5);

		header[6] = hcs & 0xff;
		header[7] = hcs >> 8;
		memcpy(line + n, header, sizeof(header));
		n += sizeof(header);
	}
	len = example(line + n, ENC_OCTETS_MAX);
	run(line, n + len, 100, &c, &stats);
	assert_int_equal(c.n, 1);
	assert_int_equal(stats.fcs_errors + stats.timeouts + stats.format_errors, n / 8);
}

static void noise_gives_nothing(void **state)
{
	static u8 line[1 << 20];
	static struct caught c;
	struct framer_stats stats;

	rng_state = 5;
	for (size_t i = 0; i < sizeof(line); i++)
		line[i] = (u8)rng();
	run(line, sizeof(line), 4096, &c, &stats);
	assert_int_equal(c.n, 0);
	assert_int_equal(stats.octets, sizeof(line));
	assert_true(stats.hcs_errors > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(crc_is_that_of_the_polynomial),
		cmocka_unit_test(crc_residue_is_good),
		cmocka_unit_test(the_table_holds),
		cmocka_unit_test(addresses_of_all_lengths),
		cmocka_unit_test(frames_of_every_length),
		cmocka_unit_test(parse_refuses_what_is_no_frame),
		cmocka_unit_test(a_pause_ends_a_frame),
		cmocka_unit_test(a_pause_behind_a_whole_frame_costs_nothing),
		cmocka_unit_test(parity_and_framing_are_counted_and_kept),
		cmocka_unit_test(breaks_and_overruns_cut_a_frame),
		cmocka_unit_test(any_split_gives_the_same),
		cmocka_unit_test(a_good_frame_behind_any_garbage_is_delivered),
		cmocka_unit_test(nested_headers_end),
		cmocka_unit_test(noise_gives_nothing),
	};

	return cmocka_run_group_tests_name("framer", tests, NULL, NULL);
}
