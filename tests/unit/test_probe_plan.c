// SPDX-License-Identifier: GPL-2.0
/*
 * amshanctl probe: the order of settings, the choice among them, and the words for it.
 *
 * The last part has a line of bits: a meter that sends with one setting is heard with all the others
 * as a UART would hear it, against a clock that only the test moves.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../sim/encode.h"
#include "../sim/meters.h"
#include "ctl/capture.c"
#include "ctl/probe_listen.c"
#include "ctl/probe_plan.c"
#include "ctl/probe_words.c"

#define SECOND		USEC_PER_SEC
#define TIME		(12 * SECOND)

/* ---- the plan ---- */

static struct probe_try tries[PROBE_TRIES_MAX + 1];

static const char *plan_text(size_t n)
{
	static char text[SERIAL_FORMAT_MAX];
	struct serial_settings s;

	if (!probe_next(tries, n, &s))
		return "end";
	assert_true(s.mark_errors);
	tries[n] = (struct probe_try){ .want = s };
	return serial_format(&s, text);
}

static void came(size_t i, enum listen_state s, u64 errors)
{
	tries[i].result = (struct listen_result){
		.state = s,
		.octets = s == LISTEN_SILENT ? 0 : 100,
		.frames = s == LISTEN_GOOD || s == LISTEN_FLAWED,
		.line.errors = errors,
	};
}

static void the_plan_has_ten_settings(void **state)
{
	static const char *const order_[] = {
		"2400 8N1", "2400 8E1", "115200 8N1", "2400 8O1", "9600 8N1", "9600 8E1",
		"9600 7E1", "115200 8E1", "9600 8O1", "115200 8O1",
	};

	for (size_t i = 0; i < ARRAY_SIZE(order_); i++) {
		assert_string_equal(plan_text(i), order_[i]);
		came(i, LISTEN_BAD, 0);
	}
	assert_string_equal(plan_text(ARRAY_SIZE(order_)), "end");
}

static void the_plan_ends_when_it_is_known(void **state)
{
	static const enum listen_state ends[] = { LISTEN_GOOD, LISTEN_OTHER, LISTEN_SILENT, LISTEN_ON };

	for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
		plan_text(0);
		came(0, ends[i], 0);
		assert_string_equal(plan_text(1), "end");
	}
	/* Silence behind octets is another matter. */
	came(0, LISTEN_BAD, 0);
	plan_text(1);
	came(1, LISTEN_SILENT, 0);
	assert_string_equal(plan_text(2), "115200 8N1");
}

/* Some octets may be the plug, or the opening; one setting with none says that they were. */
static void a_blip_is_as_good_as_silence(void **state)
{
	struct probe_outcome two = { .tries = tries, .n = 2, .seconds = 12, .why = "" };
	char text[PROBE_SENTENCE_MAX];

	plan_text(0);
	came(0, LISTEN_BAD, 0);
	tries[0].result.octets = 1;
	/* Of a faster line there would be no more. */
	assert_string_equal(plan_text(1), "2400 8E1");
	came(1, LISTEN_SILENT, 0);
	assert_string_equal(plan_text(2), "end");
	tries[0].result.octets = LISTEN_BLIP_MAX;
	assert_string_equal(plan_text(2), "end");
	assert_non_null(strstr(probe_why_none(&two, text), "no octets arrive: "));
	tries[0].result.octets = LISTEN_BLIP_MAX + 1;
	assert_string_equal(plan_text(2), "115200 8N1");
	/* All together are no more. */
	tries[0].result.octets = LISTEN_BLIP_MAX;
	came(1, LISTEN_BAD, 0);
	tries[1].result.octets = 1;
	came(2, LISTEN_SILENT, 0);
	assert_string_equal(plan_text(3), "2400 8O1");
}

static void the_plan_goes_on_behind_what_is_refused(void **state)
{
	for (size_t i = 0; i < PROBE_TRIES_MAX; i++) {
		assert_string_not_equal(plan_text(i), "end");
		tries[i].refused = true;
	}
	assert_string_equal(plan_text(PROBE_TRIES_MAX), "end");
}

static void line_errors_lead_to_the_other_parities(void **state)
{
	plan_text(0);
	came(0, LISTEN_FLAWED, 50);
	assert_string_equal(plan_text(1), "2400 8E1");
	came(1, LISTEN_BAD, 100);
	assert_string_equal(plan_text(2), "2400 8O1");
	came(2, LISTEN_BAD, 100);
	assert_string_equal(plan_text(3), "end");
}

static void the_cleanest_is_the_best(void **state)
{
	static const struct {
		u64 errors[3];	/* 0: good, 999: no frames */
		int best;
		bool alike;
	} rows[] = {
		{ { 0, 50, 50 }, 0, false },
		{ { 50, 0, 999 }, 1, false },
		{ { 50, 2, 100 }, 1, false },
		{ { 50, 100, 2 }, 2, false },
		{ { 2, 999, 999 }, 0, false },
		/* An adapter that has a parity of its own. */
		{ { 50, 50, 50 }, 0, true },
		{ { 50, 48, 53 }, 0, true },
		{ { 50, 50, 2 }, 2, false },
		{ { 999, 50, 51 }, 1, true },
		{ { 999, 999, 999 }, -1, false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct probe_try *best;
		bool alike;

		for (size_t k = 0; k < 3; k++) {
			tries[k] = (struct probe_try){ 0 };
			came(k, !rows[i].errors[k] ? LISTEN_GOOD : rows[i].errors[k] == 999 ?
			     LISTEN_BAD : LISTEN_FLAWED, rows[i].errors[k]);
		}
		best = probe_best(tries, 3, &alike);
		assert_ptr_equal(best, rows[i].best < 0 ? NULL : &tries[rows[i].best]);
		assert_int_equal(alike, rows[i].alike);
	}
}

/* ---- words ---- */

static struct probe_outcome outcome = { .device = "/dev/ttyX", .name = "ttyX", .tries = tries, .why = "" };

static void outcome_of(size_t n)
{
	outcome.n = n;
	outcome.seconds = 12;
	outcome.best = probe_best(tries, n, &outcome.alike);
}

/* A try that is as good as it can be, for more to be said of it. */
static struct listen_result *try_good(size_t i, enum serial_parity parity)
{
	tries[i] = (struct probe_try){ 0 };
	serial_settings_init(&tries[i].want);
	tries[i].want.parity = parity;
	tries[i].result = (struct listen_result){
		.state = LISTEN_GOOD, .octets = 288, .flags = 2, .headers = 1, .frames = 1,
	};
	return &tries[i].result;
}

static void assert_best(const char *want)
{
	char text[PROBE_SENTENCE_MAX];

	outcome_of(1);
	assert_non_null(outcome.best);
	assert_string_equal(probe_best_text(&outcome, text), want);
}

static void the_best_is_said(void **state)
{
	char text[PROBE_SENTENCE_MAX];
	struct listen_result *r = try_good(0, PARITY_EVEN);

	r->messages = 1;
	assert_best("2400 8E1 (a list that does not tell its maker)");
	r->maker = "Kaifa";
	assert_best("2400 8E1 (Kaifa)");
	strcpy(r->version, "KFM_001");
	assert_best("2400 8E1 (Kaifa, KFM_001)");
	assert_string_equal(probe_try_text(&tries[0], text),
			    "2400 8E1: 288 octets, 2 flags, 1 good header, 1 frame (Kaifa, KFM_001)");
	r->state = LISTEN_FLAWED;
	r->line.errors = 3;
	assert_best("2400 8E1 (Kaifa, KFM_001), with line errors in 3 of 288 octets");
	*try_good(1, PARITY_ODD) = *r;
	outcome_of(2);
	assert_string_equal(probe_best_text(&outcome, text),
			    "2400 8E1 (Kaifa, KFM_001), with line errors in 3 of 288 octets; the "
			    "parity makes no difference: the adapter seems to have one of its own");

	r = try_good(0, PARITY_NONE);
	assert_best("2400 8N1 (frames are good, but what they contain cannot be decoded)");
	r->segments = 1;
	assert_best("2400 8N1 (pieces of longer messages, none of which was whole)");
	r->unknown = 1;
	assert_best("2400 8N1 (a list that no table knows; please report a capture)");
	r->encrypted = 1;
	strcpy(r->ciphered, "encrypted, system title X, needs an encryption key");
	assert_best("2400 8N1 (encrypted, system title X, needs an encryption key)");
}

static void other_framings_have_their_own_words(void **state)
{
	static const struct {
		enum link_framing framing;
		const char *text, *best;
	} rows[] = {
		{ LINK_P1, "2400 8N1: 288 octets, 1 telegram (a telegram that does not tell its maker)",
		  "2400 8N1 p1 (a telegram that does not tell its maker)" },
		{ LINK_MBUS, "2400 8N1: 288 octets, 1 M-Bus message (a list that does not tell its maker)",
		  "2400 8N1 mbus (a list that does not tell its maker)" },
		{ LINK_APDU, "2400 8N1: 288 octets, 1 bare APDU (a list that does not tell its maker)",
		  "2400 8N1 apdu (a list that does not tell its maker)" },
	};
	char text[PROBE_SENTENCE_MAX];

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct listen_result *r = try_good(0, PARITY_NONE);

		r->framing = rows[i].framing;
		r->messages = 1;
		assert_string_equal(probe_try_text(&tries[0], text), rows[i].text);
		assert_best(rows[i].best);
		r->messages = 0;
		outcome_of(1);
		assert_non_null(strstr(probe_best_text(&outcome, text),
				       "s are good, but what they contain cannot be decoded"));
	}
}

static void assert_none(const char *want)
{
	char text[PROBE_SENTENCE_MAX];

	assert_null(outcome.best);
	assert_string_equal(probe_why_none(&outcome, text), want);
}

static void why_none_is_best_is_said(void **state)
{
	char text[PROBE_SENTENCE_MAX];
	struct listen_result *r = try_good(0, PARITY_NONE);

	try_good(1, PARITY_EVEN);
	for (size_t i = 0; i < 2; i++)
		tries[i].result = (struct listen_result){ .state = LISTEN_BAD, .octets = 9 };
	outcome_of(2);
	assert_none("octets arrive, but with no setting are there frames among them: is it the port of "
		    "a meter, and the right adapter for it?");
	assert_string_equal(probe_try_text(&tries[0], text), "2400 8N1: 9 octets, 0 flags, "
			    "0 good headers, 0 frames");
	/* By accident there is a text in one. */
	r->other = LISTEN_TEXT;
	strcpy(r->text, "OK");
	assert_none("looks like text, not like a meter: \"OK\" (2400 8N1)");
	/* A header is no accident. */
	tries[1].result.headers = 2;
	assert_none("at 2400 8E1 headers are good, but no frame has a good checksum: octets are damaged "
		    "or lost; check cable and power of the adapter");
	/* Nor is this. */
	r->other = LISTEN_P1;
	r->state = LISTEN_OTHER;
	assert_none("P1 telegrams at 2400 8N1, but none is whole with a good checksum: octets are damaged "
		    "or lost; check cable and power of the adapter, or whether the meter has another "
		    "checksum (p1-checksum)");
	r->other = LISTEN_MBUS;
	assert_none("M-Bus frames at 2400 8N1, but none is whole with a good checksum: octets are damaged "
		    "or lost; check cable and power of the adapter");
	assert_string_equal(probe_try_text(&tries[0], text), "2400 8N1: 9 octets, 0 flags, "
			    "0 good headers, 0 frames, M-Bus");

	*r = (struct listen_result){ .state = LISTEN_SILENT };
	outcome_of(1);
	assert_none("no octets arrive: is the port of the meter opened by the grid company, is the "
		    "cable in the meter's HAN port, is it the right adapter?");
	outcome.seconds = 2;
	assert_none("no octets arrive: is the port of the meter opened by the grid company, is the "
		    "cable in the meter's HAN port, is it the right adapter? (listened for 2 s; some "
		    "meters send every 10 s only)");
	assert_string_equal(probe_try_text(&tries[0], text), "2400 8N1: no octets");
	tries[0].refused = true;
	assert_none("the adapter can do none of the settings that meters use");
	assert_string_equal(probe_try_text(&tries[0], text), "2400 8N1: the adapter cannot do that");
	outcome.why = "interrupted";
	assert_none("no message so far");
	outcome.why = "";
}

/* ---- a line of bits ---- */

static struct listen l;
static u8 buf[ENC_OCTETS_MAX];

static size_t message(int form, int list)
{
	struct sim_expected x;
	struct sim_values v;
	int n;

	sim_values_example(form, &v);
	n = sim_build(form, list, SIM_HDLC, &v, buf, sizeof(buf), &x);
	assert_true(n > 0);
	return (size_t)n;
}

/**
 * struct line - a meter's line, and the UART at its other end
 * @baud: the meter's
 * @parity: the meter's
 * @n: octets of a list, in buf
 * @period_ns: from list to list; the first one is at 0
 * @begin_us: the probe begins, perhaps in the middle of a list
 * @mute: the adapter tells no errors
 * @eager: a stop bit that is missing is taken for the next start bit
 * @rx: the UART's setting
 * @t: the UART has heard until here
 */
struct line {
	u32 baud;
	enum serial_parity parity;
	size_t n;
	u64 period_ns;
	u64 begin_us;
	bool mute;
	bool eager;
	struct serial_settings rx;
	u64 t;
};

static bool parity_bit(u8 c, enum serial_parity parity)
{
	return __builtin_parity(c) ^ (parity == PARITY_ODD);
}

static unsigned int bits_of(enum serial_parity parity)
{
	return parity == PARITY_NONE ? 10 : 11;
}

static bool level(const struct line *line, u64 t)
{
	u64 bit, at;
	u8 c;

	bit = t % line->period_ns * line->baud / 1000000000;
	at = bit / bits_of(line->parity);
	if (at >= line->n)
		return true;
	c = buf[at];
	bit %= bits_of(line->parity);
	if (bit == 0)
		return false;
	if (bit <= 8)
		return c >> (bit - 1) & 1;
	return bit == 9 && line->parity != PARITY_NONE ? parity_bit(c, line->parity) : true;
}

/* Pass over the silence behind a list. */
static void skip_silence(struct line *line)
{
	u64 length = line->n * bits_of(line->parity) * 1000000000ull / line->baud;

	if (line->t % line->period_ns > length)
		line->t += line->period_ns - line->t % line->period_ns;
}

/* The next octet that the UART hears; returns its flag, and its time in line->t. */
static u8 hear(struct line *line, u8 *ret)
{
	const u32 fastest = line->baud > line->rx.baud ? line->baud : line->rx.baud;
	const u64 step = 1000000000ull / fastest / 8, bit = 1000000000ull / line->rx.baud;
	bool parity = line->rx.parity != PARITY_NONE, parity_heard = false, stop;
	u64 start;
	u8 c = 0;

	do {
		while (level(line, line->t)) {
			skip_silence(line);
			if (level(line, line->t))
				line->t += step;
		}
		start = line->t;
		line->t += bit / 2;
	} while (level(line, line->t));
	for (unsigned int i = 0; i < 8; i++)
		c |= (u8)level(line, start + bit / 2 + (i + 1) * bit) << i;
	if (parity)
		parity_heard = level(line, start + bit / 2 + 9 * bit);
	line->t = start + bit / 2 + (9 + parity) * bit;
	stop = level(line, line->t);
	*ret = c;
	if (!stop && !(line->eager && c))
		while (!level(line, line->t))
			line->t += step;
	if (line->mute)
		return FRAMER_NORMAL;
	if (!stop)
		return c || parity_heard ? FRAMER_FRAME : FRAMER_BREAK;
	return parity && parity_heard != parity_bit(c, line->rx.parity) ? FRAMER_PARITY : FRAMER_NORMAL;
}

/* What the subcommand does, against the line's clock; returns how long it took. */
static u64 probe_line(struct line *line, size_t *ret_n)
{
	u64 now = line->begin_us;
	size_t n = 0;

	while (probe_next(tries, n, &line->rx)) {
		enum listen_state s = LISTEN_ON;

		tries[n] = (struct probe_try){ .want = line->rx };
		line->t = now * 1000;
		listen_begin(&l, now, TIME);
		while (s == LISTEN_ON) {
			u8 c, flag = hear(line, &c);

			while (s == LISTEN_ON && listen_next(&l) <= line->t / 1000) {
				now = listen_next(&l);
				s = listen_tick(&l, now);
			}
			if (s != LISTEN_ON)
				break;
			now = line->t / 1000;
			s = listen_push(&l, &c, &flag, 1, NULL, now);
		}
		tries[n++].result = l.result;
	}
	*ret_n = n;
	return now - line->begin_us;
}

static const struct {
	int form, list;
	u64 period_ms;
	u32 baud;
	enum serial_parity parity;
	const char *best;	/* NULL: it is not among them */
} meters[] = {
	{ SIM_AIDON, 2, 10000, 2400, PARITY_EVEN, "2400 8E1" },
	{ SIM_AIDON, 1, 2500, 2400, PARITY_EVEN, "2400 8E1" },
	{ SIM_AIDON_SE, 3, 10000, 2400, PARITY_EVEN, "2400 8E1" },
	{ SIM_KAIFA, 1, 2000, 2400, PARITY_EVEN, "2400 8E1" },
	{ SIM_KAIFA, 2, 10000, 2400, PARITY_ODD, "2400 8O1" },
	{ SIM_KAMSTRUP, 2, 10000, 2400, PARITY_NONE, "2400 8N1" },
	{ SIM_KAMSTRUP, 3, 10000, 9600, PARITY_NONE, "9600 8N1" },
	{ SIM_KAMSTRUP, 2, 10000, 9600, PARITY_EVEN, "9600 8E1" },
	{ SIM_KAMSTRUP, 2, 10000, 115200, PARITY_NONE, "115200 8N1" },
	{ SIM_KAIFA, 1, 2000, 115200, PARITY_EVEN, "115200 8E1" },
	{ SIM_AIDON, 2, 10000, 19200, PARITY_EVEN, NULL },
};

/* For each meter, receiver, and moment at which the probe begins. */
static void for_each_line(void (*check)(struct line *line, const char *best))
{
	/* At the beginning of a list, in the middle of one, or behind it. */
	static const u64 phases_ms[] = { 0, 3, 400, 1100, 1900 };

	for (size_t i = 0; i < ARRAY_SIZE(meters); i++)
		for (size_t k = 0; k < 2 * ARRAY_SIZE(phases_ms); k++) {
			struct line line = {
				.baud = meters[i].baud,
				.parity = meters[i].parity,
				.n = message(meters[i].form, meters[i].list),
				.period_ns = meters[i].period_ms * 1000000,
				.begin_us = phases_ms[k / 2] * 1000,
				.eager = k % 2,
			};

			check(&line, meters[i].best);
		}
}

static void check_line(struct line *line, const char *want)
{
	const struct probe_try *best;
	char text[SERIAL_FORMAT_MAX] = "none";
	bool alike;
	size_t n;
	u64 us = probe_line(line, &n);

	assert_true(us < 120 * SECOND);
	best = probe_best(tries, n, &alike);
	if (best)
		serial_format(&best->want, text);
	assert_string_equal(text, want ?: "none");
	assert_false(alike);
	assert_int_equal(best ? best->result.state : LISTEN_GOOD, LISTEN_GOOD);
}

static void every_meter_is_found(void **state)
{
	for_each_line(check_line);
}

/*
 * An adapter that tells no errors: what reads the frames is good enough, if the UART waits for the
 * next start bit.
 */
static void check_mute_line(struct line *line, const char *want)
{
	char text[SERIAL_FORMAT_MAX];
	bool alike;
	size_t n;

	if (!want)
		return;
	line->mute = true;
	assert_true(probe_line(line, &n) < 120 * SECOND);
	assert_non_null(probe_best(tries, n, &alike));
	serial_format(&probe_best(tries, n, &alike)->want, text);
	assert_int_equal(atoi(text), line->baud);
	if (line->baud == 2400 && !line->eager)
		assert_string_equal(text, "2400 8N1");
}

static void adapters_that_tell_no_errors_do_as_well(void **state)
{
	for_each_line(check_mute_line);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_plan_has_ten_settings),
		cmocka_unit_test(the_plan_ends_when_it_is_known),
		cmocka_unit_test(a_blip_is_as_good_as_silence),
		cmocka_unit_test(the_plan_goes_on_behind_what_is_refused),
		cmocka_unit_test(line_errors_lead_to_the_other_parities),
		cmocka_unit_test(the_cleanest_is_the_best),
		cmocka_unit_test(the_best_is_said),
		cmocka_unit_test(other_framings_have_their_own_words),
		cmocka_unit_test(why_none_is_best_is_said),
		cmocka_unit_test(every_meter_is_found),
		cmocka_unit_test(adapters_that_tell_no_errors_do_as_well),
	};

	return cmocka_run_group_tests_name("probe_plan", tests, NULL, NULL);
}
