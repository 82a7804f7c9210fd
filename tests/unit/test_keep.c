// SPDX-License-Identifier: GPL-2.0
/*
 * What is kept of a meter: its text written and read again, what is no such text, and the files.
 */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "keep.h"
#include "util.h"

#define S	1000000ll
#define NOW_S	1768471800ll	/* 2026-01-15T10:10:00Z */

static const struct live_time now = { 5000 * S, NOW_S * S };

static struct live_time later(s64 us)
{
	return (struct live_time){ now.mono_us + us, now.real_us + us };
}

static int zone_oslo(void **state)
{
	setenv("TZ", "Europe/Oslo", 1);
	tzset();
	return 0;
}

/* A meter that counts: from two hours ago on 3.6 kW, with a register each hour. */
static struct meter *meter_that_counts(void)
{
	struct meter *m = meter_new("6970631401234567", "house");
	struct derive *d = &m->derive;

	strcpy(m->identity[ID_METER_ID], "6970631401234567");
	strcpy(m->identity[ID_METER_TYPE], "6525");
	m->known[0] |= 1ull << Q_ACTIVE_POWER_IMPORT | 1ull << Q_ACTIVE_ENERGY_IMPORT;
	m->known[Q_ACTIVE_ENERGY_IMPORT_LIVE / 64] |= 1ull << Q_ACTIVE_ENERGY_IMPORT_LIVE % 64;
	for (s64 back = 7800; back >= 0; back -= 10) {
		struct live_time at = later(-back * S);

		live_power(&d->live[DERIVE_IMPORT], 3600, at);
		if (at.real_us / S % 3600 == 10)
			live_register(&d->live[DERIVE_IMPORT], (double)(at.real_us / S - 1768000010),
				      10, later(-(back + 10) * S), false);
	}
	/* Not of the voltage, whose value is not kept. */
	m->derived[0] |= 1ull << Q_ACTIVE_ENERGY_IMPORT | 1ull << Q_VOLTAGE_L2;
	d->guard.clock_us = now.real_us - 600 * S;
	d->guard.reg[Q_ACTIVE_ENERGY_IMPORT] =
		(struct guard_register){ .known = true, .unverified = true, .value = 468000.125,
					 .time_us = (u64)(now.real_us - 600 * S) };
	d->peaks = (struct peaks){ 1767222000, 2, { { 1768400000, 4321.75 }, { 1768300000, 1234.5 } } };
	d->peaks_before = (struct peaks){ 1764543600, 1, { { 1765000000, 0 } } };
	return m;
}

/* What the keeper does once it is written. */
static void reserve(struct meter *m)
{
	for (int i = 0; i < DERIVE_DIRECTIONS; i++) {
		m->derive.live[i].has_reserved = m->derive.live[i].known;
		m->derive.live[i].reserved = live_reserve(&m->derive.live[i]);
	}
}

static char why[KEEP_WHY_MAX];

static struct meter *again(const char *text, struct live_time at)
{
	struct meter *m = meter_new("6970631401234567", "house");

	if (keep_parse(m, text, strlen(text), at, why))
		fail_msg("%s:\n%s", why, text);
	return m;
}

/* The next run of the daemon; @m is gone. */
static struct meter *next(struct meter *m, bool last, s64 us)
{
	_cleanup_free_ char *text = keep_text(m, last);

	assert_non_null(text);
	meter_free(m);
	return again(text, later(us));
}

/* ---- written and read ---- */

static void all_of_it_comes_back(void **state)
{
	struct meter *a = meter_that_counts(), *b;
	struct live_register *x = &a->derive.live[DERIVE_IMPORT], *y;
	char *text;

	reserve(a);
	x->ended = (struct live_hour){ true, NOW_S - 4200, NOW_S - 600, 3599.5, x->estimate - 4200 };
	text = keep_text(a, true);
	b = again(text, later(7 * S));
	y = &b->derive.live[DERIVE_IMPORT];

	assert_true(x->known && y->known && x->sure && y->sure && y->has_power);
	assert_true(x->estimate == y->estimate && x->shown == y->shown && x->power == y->power);
	assert_true(live_shown(x) == live_shown(y) && live_shown(y) > 0);
	assert_int_equal(y->last.real_us, x->last.real_us);
	assert_int_equal(y->last.mono_us, x->last.mono_us);
	assert_false(y->wait);
	for (int span = SPAN_HOUR; span < SPAN_COUNT; span++) {
		assert_int_equal(x->span[span].known, y->span[span].known);
		if (y->span[span].known)
			assert_memory_equal(&x->span[span], &y->span[span], sizeof(x->span[0]));
	}
	assert_true(live_of_span(x, SPAN_HOUR) > 500);
	assert_true(live_of_span(x, SPAN_HOUR) == live_of_span(y, SPAN_HOUR));
	assert_true(y->ended.pending && y->ended.energy == 3599.5);
	assert_int_equal(y->ended.end, x->ended.end);
	assert_false(b->derive.live[DERIVE_EXPORT].known);
	assert_memory_equal(&a->derive.guard.reg[Q_ACTIVE_ENERGY_IMPORT],
			    &b->derive.guard.reg[Q_ACTIVE_ENERGY_IMPORT], sizeof(struct guard_register));
	assert_int_equal(b->derive.guard.clock_us, a->derive.guard.clock_us);
	assert_memory_equal(&a->derive.peaks, &b->derive.peaks, sizeof(struct peaks));
	assert_memory_equal(&a->derive.peaks_before, &b->derive.peaks_before, sizeof(struct peaks));
	assert_memory_equal(a->known, b->known, sizeof(a->known));
	assert_true(b->derive.guard.reg[Q_ACTIVE_ENERGY_IMPORT].unverified);
	assert_int_equal(b->derived[0], 1ull << Q_ACTIVE_ENERGY_IMPORT);
	assert_memory_equal(a->identity, b->identity, sizeof(a->identity));
	/* What had a value may be lost: that can be said. */
	assert_true(b->derive.ever >> (Q_ACTIVE_ENERGY_IMPORT_LIVE - Q_SENT_COUNT) & 1);
	assert_string_equal(b->source, "house");
	free(text);
	meter_free(a);
	meter_free(b);
}

static void a_meter_that_sent_nothing(void **state)
{
	struct meter *m = next(meter_new("1", "house"), true, 0), *fresh = meter_new("1", "house");

	assert_memory_equal(&m->derive.peaks, &fresh->derive.peaks, sizeof(struct peaks));
	assert_true(isnan(live_shown(&m->derive.live[DERIVE_IMPORT])));
	assert_false(m->derive.live[DERIVE_IMPORT].known);
	assert_int_equal(m->derive.ever, 0);
	meter_free(m);
	meter_free(fresh);
}

/* A restart is a gap like any other; by a clock that was wrong it is of unknown length. */
static void how_long_it_was_off(void **state)
{
	static const struct { const char *what; s64 off; bool sure; } rows[] = {
		{ "a second", S, true },
		{ "as long as a silence may be", LIVE_GAP_US, true },
		{ "a hole", LIVE_GAP_US + S, false },
		{ "a month", 30 * 86400 * S, false },
		{ "longer than the machine has been on", 6000 * S, false },
		{ "until before it was written", -S, false },
		{ "until ten years before", -3650 * 86400 * S, false },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(rows); i++) {
		struct meter *m = next(meter_that_counts(), true, 0);
		_cleanup_free_ char *text = keep_text(m, true);
		struct live_time at = { now.mono_us, now.real_us + rows[i].off };
		struct live_register *l;
		double shown = live_shown(&m->derive.live[DERIVE_IMPORT]);

		meter_free(m);
		m = again(text, at);
		l = &m->derive.live[DERIVE_IMPORT];
		live_power(l, 3600, at);
		if (l->sure != rows[i].sure || !(live_shown(l) >= shown))
			fail_msg("%s: sure %d, shown %g", rows[i].what, l->sure, live_shown(l));
		meter_free(m);
	}
}

/* ---- over a crash ---- */

static void so_far_and_no_further(void **state)
{
	struct meter *m = meter_that_counts();
	struct live_register *l = &m->derive.live[DERIVE_IMPORT];

	/* A quarter of an hour ahead; a wish when half of it is used up. */
	assert_true(live_wants_record(l) && isnan(live_shown(l)));
	assert_true(live_reserve(l) == ceil(l->shown + 900));
	reserve(m);
	for (int i = 1; i <= 200; i++) {
		live_power(l, 3600, later(i * 10 * S));
		assert_int_equal(live_wants_record(l), i > 45);
		assert_true(live_shown(l) == floor(i < 90 ? l->shown : l->reserved));
	}
	/* With little power not less than 20 Wh: else it would be written all the time. */
	live_power(l, 4, later(2001 * S));
	assert_true(live_reserve(l) == ceil(l->shown + 20));
	meter_free(m);
}

static void after_a_crash_it_is_not_below_what_was_shown(void **state)
{
	struct meter *m = meter_that_counts();
	struct live_register *l = &m->derive.live[DERIVE_IMPORT];
	_cleanup_free_ char *text = keep_text(m, false);
	double most;

	reserve(m);
	for (int i = 1; i < 1000; i++)
		live_power(l, 12000, later(i * 10 * S));
	most = live_shown(l);
	assert_true(most == l->reserved && l->estimate > most + 1000);
	meter_free(m);

	m = again(text, later(10000 * S));
	l = &m->derive.live[DERIVE_IMPORT];
	assert_true(isnan(live_shown(l)));
	for (int i = 1; isnan(live_shown(l)); i++) {
		assert_in_range(i, 0, 1000);
		live_power(l, 3600, later((10000 + i * 10) * S));
		if (live_wants_record(l))
			reserve(m);
	}
	assert_true(live_shown(l) >= most);
	meter_free(m);
}

static void crashes_do_not_add_up(void **state)
{
	for (int last = 0; last < 2; last++) {
		struct meter *m = next(meter_that_counts(), false, 0);
		double limit = m->derive.live[DERIVE_IMPORT].shown;

		for (int i = 0; i < 20; i++) {
			struct live_register *l = &m->derive.live[DERIVE_IMPORT];

			assert_true(isnan(live_shown(l)));
			if (l->shown > limit)
				fail_msg("restart %d: waits for %g, not %g", i, l->shown, limit);
			reserve(m);
			m = next(m, last, i * S);
		}
		meter_free(m);
	}
}

/* Caught up, shown again, crashed again: only what may have been shown since counts. */
static void it_catches_up_after_a_crash(void **state)
{
	struct meter *m = next(meter_that_counts(), false, S);
	struct live_register *l = &m->derive.live[DERIVE_IMPORT];
	double limit = l->shown;

	live_register(l, limit + 5000, 10, later(2 * S), false);
	live_power(l, 3600, later(2 * S));
	live_register(l, limit + 5000, 10, later(2 * S), false);
	live_power(l, 3600, later(600 * S));
	live_register(l, limit + 6000, 10, later(600 * S), false);
	reserve(m);
	assert_true(live_shown(l) == limit + 6000);
	m = next(m, true, 601 * S);
	assert_true(live_shown(&m->derive.live[DERIVE_IMPORT]) == limit + 6000);
	meter_free(m);
}

/* ---- what is no such text ---- */

/* Replaces @old in a good text by @new. */
static const struct { const char *old, *new; } bad[] = {
	{ "{", "[" },
	{ "\"version\": 1", "\"version\": 2" },
	{ "\"version\": 1", "\"version\": 1, \"version\": 1" },
	{ "\"import\"", "\"imported\"" },
	{ "\"export\": {", "\"export\": 5, \"x\": {" },
	{ "\"known\": true", "\"known\": 1" },
	{ "\"sure\": true", "\"sure\": null" },
	{ "\"estimate\"", "\"guess\"" },
	{ "\"estimate\": ", "\"estimate\": 1e300, \"x\": " },
	{ "\"shown\": ", "\"shown\": \"7\", \"x\": " },
	{ "\"reserved\": ", "\"reserved\": true, \"x\": " },
	{ "\"power\": ", "\"power\": 1e99, \"x\": " },
	{ "\"time\": ", "\"time\": -1, \"x\": " },
	{ "\"time\": ", "\"time\": 9223372036854775807, \"x\": " },
	{ "\"time\": ", "\"time\": 99999999999999999999, \"x\": " },
	{ "\"time\": ", "\"time\": 1.5, \"x\": " },
	{ "\"clock\": ", "\"clock\": \"now\", \"x\": " },
	{ "\"begin\": ", "\"begin\": -3600, \"x\": " },
	{ "\"hour\": {", "\"hour\": [], \"x\": {" },
	{ "468000.125", "\"468000.125\", 1.0" },
	{ "468000.125", "1e16" },
	{ "\"month\": ", "\"month\": \"May\", \"x\": " },
	{ "4321.75", "-1.0" },
	{ "1768400000", "-5" },
};

static char *changed(const char *text, const char *old, const char *new)
{
	const char *p = strstr(text, old);
	char *ret;

	if (!p)
		fail_msg("%s is not in\n%s", old, text);
	assert_true(asprintf(&ret, "%.*s%s%s", (int)(p - text), text, new, p + strlen(old)) > 0);
	return ret;
}

static void what_is_refused(void **state)
{
	struct meter *m = meter_that_counts(), *fresh = meter_new("1", "house"), before = *fresh;
	_cleanup_free_ char *text = keep_text(m, false);

	for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++) {
		char *t = changed(text, bad[i].old, bad[i].new);

		*why = '\0';
		if (keep_parse(fresh, t, strlen(t), now, why) != -EINVAL || !*why)
			fail_msg("%s instead of %s was taken", bad[i].new, bad[i].old);
		if (memcmp(fresh, &before, sizeof(before)))
			fail_msg("%s: the meter was touched", bad[i].new);
		free(t);
	}
	/* Cut off anywhere, as no file system should leave it. */
	for (size_t n = 0; n < strlen(text); n++) {
		assert_int_equal(keep_parse(fresh, text, n, now, why), -EINVAL);
		assert_memory_equal(fresh, &before, sizeof(before));
	}
	meter_free(m);
	meter_free(fresh);
}

static void what_is_left_out(void **state)
{
	struct meter *m = meter_that_counts(), *b;
	_cleanup_free_ char *text = keep_text(m, true);
	char *t;

	/* Quantities of a version to come. */
	t = changed(text, "\"registers\": {", "\"registers\": { \"heat_energy\": [1.0, 5],");
	meter_free(again(t, now));
	free(t);
	t = changed(text, "\"active_power_import\"", "\"heat_power\", 7, \"active_power_import\"");
	meter_free(again(t, now));
	free(t);
	/* Or of one that had none. */
	t = changed(text, "\"derived\"", "\"derived_\"");
	b = again(t, now);
	assert_int_equal(b->derived[0], 0);
	meter_free(b);
	free(t);
	/* What is no printable ASCII, and too long. */
	t = changed(text, "\"6525\"", "\"\\u0007\xc3\xa5 "
		    "0123456789012345678901234567890123456789012345678901234567890123456789\"");
	b = again(t, now);
	assert_int_equal(strlen(b->identity[ID_METER_TYPE]), METER_TEXT_MAX - 1);
	assert_memory_equal(b->identity[ID_METER_TYPE], "??? 0123", 8);
	meter_free(b);
	free(t);
	/* Hours of another time zone are none of this one. */
	setenv("TZ", "Asia/Kathmandu", 1);
	tzset();
	b = again(text, now);
	assert_true(isnan(live_of_span(&b->derive.live[DERIVE_IMPORT], SPAN_HOUR)));
	assert_true(live_shown(&b->derive.live[DERIVE_IMPORT]) > 0);
	meter_free(b);
	zone_oslo(NULL);
	meter_free(m);
}

/* ---- files ---- */

static char dir[] = "/tmp/test_keep.XXXXXX";

static void run_for(sd_event *event, u64 us)
{
	for (u64 end = mono_us() + us; mono_us() < end;)
		assert_true(sd_event_run(event, 10000) >= 0);
}

static void files(void **state)
{
	_cleanup_free_ char *path = NULL, *folder = NULL;
	struct meter *m = meter_that_counts(), *b;
	sd_event *event = NULL;
	struct keep *k = NULL;
	struct stat st;

	assert_non_null(mkdtemp(dir));
	assert_true(asprintf(&folder, "%s/meters", dir) > 0);
	assert_true(asprintf(&path, "%s/6970631401234567.json", folder) > 0);
	assert_true(sd_event_new(&event) >= 0);
	assert_int_equal(keep_new(event, dir, false, &k), 0);

	/* Nothing is there, nothing is shown; it is written a while after it is wished. */
	keep_load(k, m);
	assert_true(isnan(live_shown(&m->derive.live[DERIVE_IMPORT])));
	keep_want(k, m);
	keep_want(k, m);
	assert_int_equal(stat(path, &st), -1);
	run_for(event, KEEP_DELAY_US + 300000);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
	assert_true(live_shown(&m->derive.live[DERIVE_IMPORT]) > 0);
	assert_true(m->kept_us > 0 && !live_wants_record(&m->derive.live[DERIVE_IMPORT]));

	/* It goes, and comes back before it was written. */
	m->messages = 1;
	keep_want(k, m);
	keep_last(k, m);
	assert_false(m->keep_wanted);
	b = meter_new(m->id, "house");
	keep_load(k, b);
	assert_true(live_shown(&b->derive.live[DERIVE_IMPORT]) ==
		    live_shown(&m->derive.live[DERIVE_IMPORT]));
	meter_free(b);

	/* Forgotten is forgotten, though it was about to be written. */
	keep_last(k, m);
	assert_int_equal(keep_forget(k, m->id), 0);
	assert_int_equal(keep_forget(k, m->id), -ENOENT);
	run_for(event, 100000);
	assert_int_equal(stat(path, &st), -1);

	/* A link, which might lead anywhere, and a folder are no file of ours. */
	assert_int_equal(symlink("/etc/hostname", path), 0);
	b = meter_new(m->id, "house");
	keep_load(k, b);
	assert_false(b->derive.live[DERIVE_IMPORT].known);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkdir(path, 0700), 0);
	keep_load(k, b);
	/* What cannot be written is shown all the same. */
	keep_want(k, m);
	run_for(event, KEEP_DELAY_US + 300000);
	assert_true(m->derive.live[DERIVE_IMPORT].reserved == INFINITY);
	assert_true(live_shown(&m->derive.live[DERIVE_IMPORT]) > 0);
	meter_free(b);
	rmdir(path);

	/* At the end all is written. */
	keep_last(k, m);
	keep_free(k);
	assert_int_equal(stat(path, &st), 0);
	meter_free(m);
	sd_event_unref(event);
	unlink(path);
	assert_int_equal(rmdir(folder), 0);
	rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_of_it_comes_back),
		cmocka_unit_test(a_meter_that_sent_nothing),
		cmocka_unit_test(how_long_it_was_off),
		cmocka_unit_test(so_far_and_no_further),
		cmocka_unit_test(after_a_crash_it_is_not_below_what_was_shown),
		cmocka_unit_test(crashes_do_not_add_up),
		cmocka_unit_test(it_catches_up_after_a_crash),
		cmocka_unit_test(what_is_refused),
		cmocka_unit_test(what_is_left_out),
		cmocka_unit_test(files),
	};

	return cmocka_run_group_tests_name("keep", tests, zone_oslo, NULL);
}
