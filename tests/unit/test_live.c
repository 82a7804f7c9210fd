// SPDX-License-Identifier: GPL-2.0
/*
 * The live register: counting on between registers, holes, hours, days and months, what is shown.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "meter/live.h"
#include "util.h"

#define S	1000000ll
#define HOUR	3600

/* The clock of the tests: seconds since the epoch; CLOCK_MONOTONIC began when @booted. */
static s64 now, booted;
static struct live_register l;

static s64 utc(const char *iso)
{
	struct tm tm = { 0 };

	assert_non_null(strptime(iso, "%Y-%m-%dT%H:%M:%S", &tm));
	return timegm(&tm);
}

static void start(const char *iso)
{
	setenv("TZ", "Europe/Oslo", 1);
	tzset();
	memset(&l, 0, sizeof(l));
	now = utc(iso);
	booted = now - 1000;
}

static struct live_time at(s64 t)
{
	return (struct live_time){ (t - booted) * S, t * S };
}

/* The clock is set: CLOCK_MONOTONIC does not notice. */
static void clock_set(s64 by)
{
	now += by;
	booted += by;
}

/* The same power, every 10 s, up to and with @seconds from now. */
static void power(double watts, s64 seconds)
{
	for (s64 end = now + seconds; now < end;) {
		now += end - now < 10 ? end - now : 10;
		live_power(&l, watts, at(now));
	}
}

/* A hole: nothing comes for so long, then one power. */
static void hole(double watts, s64 seconds)
{
	now += seconds;
	live_power(&l, watts, at(now));
}

static void reg(double value, s64 late)
{
	live_register(&l, value, 1, at(now - late), false);
}

/* What the keeper does: it was written down. */
static void record(void)
{
	l.reserved = live_reserve(&l);
	l.has_reserved = true;
}

#define near(what, is, should) near_of(what, is, should, __LINE__)

/* Within a Wh; both may be NaN. */
static void near_of(const char *what, double is, double should, int line)
{
	if (isnan(is) ? !isnan(should) : !(fabs(is - should) <= 1))
		fail_msg("line %d: %s is %g, not %g", line, what, is, should);
}

#define hour()	live_of_span(&l, SPAN_HOUR)
#define day()	live_of_span(&l, SPAN_DAY)
#define month()	live_of_span(&l, SPAN_MONTH)

/* ---- counting ---- */

static void before_the_first_register_nothing_is_known(void **state)
{
	start("2026-01-15T10:30:00");
	near("shown", live_shown(&l), NAN);
	power(3600, 1800);
	near("shown", live_shown(&l), NAN);
	near("hour", hour(), NAN);
	assert_false(live_wants_record(&l));
}

static void it_counts_from_the_register_on(void **state)
{
	start("2026-01-15T10:30:00");
	power(3600, 1810);
	reg(100000, 10);
	assert_true(live_wants_record(&l));
	near("not yet recorded", live_shown(&l), NAN);
	record();
	/* The register is of 10 s ago: 10 Wh have been counted since. */
	near("shown", live_shown(&l), 100010);
	near("hour", hour(), 10);
	power(3600, 600);
	near("estimate", l.estimate, 100610);
	near("shown", live_shown(&l), 100610);
	near("hour", hour(), 610);
	near("day", day(), NAN);
	assert_false(l.has_error);
}

static void power_that_changes_is_the_mean_of_both(void **state)
{
	start("2026-01-15T10:30:00");
	live_power(&l, 0, at(now));
	reg(1000, 0);
	now += 36;
	live_power(&l, 2000, at(now));
	near("estimate", l.estimate, 1010);
	/* Of the same moment, or older: nothing. */
	live_power(&l, 4000, at(now));
	live_power(&l, 99999, at(now - 5));
	near("estimate", l.estimate, 1010);
	assert_true(l.power == 4000);
}

static void errors_are_told_and_made_up_for(void **state)
{
	static const struct { double value, step, error, estimate; } rows[] = {
		{ 1000, 1, 0, 1000.5 },
		{ 1000, 10, 0, 1000.5 },	/* within the resolution it is not worse than ours */
		{ 990, 10, -0.5, 1000 },
		{ 1100, 1, 99.5, 1100 },
		{ 900, 1, -99.5, 901 },
		{ 900, 10, -90.5, 910 },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(rows); i++) {
		start("2026-01-15T10:30:00");
		live_power(&l, 0, at(now));
		reg(1000.5, 0);
		record();
		power(0, 10);
		live_register(&l, rows[i].value, rows[i].step, at(now), false);
		if (!l.has_error || fabs(l.error - rows[i].error) > 1e-6 ||
		    fabs(l.estimate - rows[i].estimate) > 1e-6)
			fail_msg("%g with step %g: error %g, estimate %g", rows[i].value, rows[i].step,
				 l.error, l.estimate);
	}
}

static void what_is_shown_is_led_to_it(void **state)
{
	double before;

	/* Behind by 100 Wh: two thirds of it within five minutes, nothing at once. */
	start("2026-01-15T10:30:00");
	power(3600, 10);
	reg(1000, 0);
	l.has_reserved = true;
	l.reserved = INFINITY;
	power(3600, 10);
	reg(1110, 0);
	near("shown", live_shown(&l), 1010);
	power(3600, 300);
	near("shown", live_shown(&l), 1410 - 100 * exp(-1));
	power(3600, 1800);
	near("shown", live_shown(&l), 3210 - 1);

	/* Ahead: it goes slower, or stands still, but never back. */
	reg(l.estimate - 100, 0);
	before = live_shown(&l);
	for (int i = 0; i < 360; i++) {
		power(i < 60 ? 0 : 3600, 10);
		assert_true(live_shown(&l) >= before);
		before = live_shown(&l);
	}
	assert_true(live_shown(&l) - l.estimate < 2);
}

static void an_old_register_is_held_against_what_was_then(void **state)
{
	for (s64 late = 0; late <= 70; late += 10) {
		start("2026-01-15T10:30:00");
		power(3600, 10);
		reg(1000, 0);
		power(3600, 600);
		/* It is right: there is no error, however late it comes. */
		live_register(&l, 1600 - (double)late, 1, at(now - late), false);
		if (fabs(l.error) > 1e-6 || fabs(l.estimate - 1600) > 1e-6)
			fail_msg("late by %lld s: error %g", (long long)late, l.error);
	}
}

/* A restart, or a hole, between the full hour and its list: what came since the hour is not lost. */
static void a_register_older_than_all_that_is_remembered(void **state)
{
	start("2026-01-15T10:30:00");
	power(36000, 10);
	reg(1000, 0);
	hole(36000, 1800);
	power(36000, 20);
	reg(20000, 40);			/* of before the hole ended */
	assert_true(l.estimate >= 20000 && l.estimate <= 20400 + 1);
}

/* ---- holes ---- */

static void a_hole_is_declared_and_added_at_once(void **state)
{
	start("2026-01-15T10:30:00");
	power(3600, 1810);
	reg(100000, 10);
	l.has_reserved = true;
	l.reserved = INFINITY;
	power(3600, 500);
	hole(3600, LIVE_GAP_US / S);		/* 11:10:00; a silence, no hole yet */
	near("hour", hour(), 600);
	hole(3600, 1200);			/* 11:30:00 */
	near("hour", hour(), NAN);
	near("shown", live_shown(&l), 100600);
	power(3600, 1810);			/* 12:00:10 */
	near("hour", hour(), NAN);
	near("shown", live_shown(&l), 102410);
	reg(104000, 10);
	assert_false(l.has_error);
	near("shown", live_shown(&l), 104010);
	near("hour", hour(), 10);
}

static void a_hole_before_the_first_register(void **state)
{
	start("2026-01-15T09:50:00");
	power(3600, 900);
	hole(3600, 1200);
	power(3600, 600);
	reg(5000, 0);
	near("hour", hour(), NAN);
	assert_false(live_hour_ended(&l, now, &(struct live_hour){ 0 }));
}

static void a_meter_that_sends_no_power(void **state)
{
	struct live_hour ended;

	start("2026-01-15T10:00:00");
	reg(1000, 0);
	l.has_reserved = true;
	l.reserved = INFINITY;
	for (int i = 1; i <= 3; i++) {
		now += HOUR;
		live_register(&l, 1000 + i * 500, 10, at(now), false);
		near("shown", live_shown(&l), 1000 + i * 500);
		assert_true(live_hour_ended(&l, now, &ended));
		near("hour before", ended.energy, i == 0 ? NAN : 500);
		assert_int_equal(ended.begin, now - HOUR);
	}
}

static void another_meter_begins_anew(void **state)
{
	start("2026-01-15T10:30:00");
	power(3600, 1810);
	reg(100000, 10);
	record();
	power(3600, 600);
	live_register(&l, 5, 1, at(now), true);
	assert_true(live_wants_record(&l));
	record();
	near("shown", live_shown(&l), 5);
	near("hour", hour(), NAN);
	power(3600, 3000);
	near("the next hour", hour(), 10);
}

/* ---- hours, days, months ---- */

/* From an hour before @begin over it: the registers of the full hours come 10 s late. */
static void over(const char *begin)
{
	start(begin);
	now -= HOUR + 60;
	power(3600, 70);
	reg(10000, 10);
	record();
	power(3600, HOUR);
	reg(13600, 10);
}

static void spans_begin_when_the_wall_clock_says_so(void **state)
{
	static const struct { const char *what, *begin; bool day, month; } rows[] = {
		{ "an hour", "2026-01-15T10:00:00", false, false },
		{ "a day", "2026-01-14T23:00:00", true, false },
		{ "a day in summer", "2026-07-14T22:00:00", true, false },
		{ "midnight UTC is not one", "2026-07-15T00:00:00", false, false },
		{ "a month", "2026-01-31T23:00:00", true, true },
		{ "a year", "2025-12-31T23:00:00", true, true },
		{ "March after a leap day", "2028-02-29T23:00:00", true, true },
		{ "summer time begins", "2026-03-29T01:00:00", false, false },
		{ "the hour that comes twice", "2026-10-25T01:00:00", false, false },
		{ "summer time has ended", "2026-10-25T02:00:00", false, false },
		{ "the day after", "2026-10-25T23:00:00", true, false },
		{ "the month after", "2026-10-31T23:00:00", true, true },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(rows); i++) {
		struct live_hour ended;

		over(rows[i].begin);
		power(3600, 590);
		if (isnan(day()) == rows[i].day || isnan(month()) == rows[i].month)
			fail_msg("%s: day %g, month %g", rows[i].what, day(), month());
		near(rows[i].what, hour(), 600);
		if (rows[i].day)
			near(rows[i].what, day(), 600);
		if (!live_hour_ended(&l, now, &ended))
			fail_msg("%s: no hour has ended", rows[i].what);
		near(rows[i].what, ended.energy, 3600);
		assert_int_equal(ended.begin, utc(rows[i].begin) - HOUR);
	}
}

static void a_day_is_as_long_as_it_is(void **state)
{
	static const struct { const char *begin; int hours; } rows[] = {
		{ "2026-01-14T23:00:00", 24 }, { "2026-03-28T23:00:00", 23 },
		{ "2026-10-24T22:00:00", 25 },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(rows); i++) {
		over(rows[i].begin);
		power(3600, rows[i].hours * HOUR - 20);
		near(rows[i].begin, day(), rows[i].hours * 3600 - 10);
		power(3600, 10);
		near(rows[i].begin, day(), 0);
	}
}

static void the_ended_hour_waits_for_its_register(void **state)
{
	struct live_hour ended;

	start("2026-01-15T09:59:00");
	power(3600, 70);
	reg(10000, 10);
	power(3600, HOUR);
	assert_false(live_hour_ended(&l, now, &ended));
	reg(13700, 10);
	assert_true(live_hour_ended(&l, now, &ended));
	near("by the register", ended.energy, 3700);
	assert_false(live_hour_ended(&l, now, &ended));

	/* No list comes: what was counted. */
	power(3600, HOUR + 100);
	assert_false(live_hour_ended(&l, now, &ended));
	power(3600, 10);
	assert_true(live_hour_ended(&l, now, &ended));
	near("as counted", ended.energy, 3600);

	/* With a hole in it, and no register after: not known. */
	hole(3600, 600);
	power(3600, HOUR);
	assert_true(live_hour_ended(&l, now, &ended));
	near("with a hole", ended.energy, NAN);
}

static void a_hole_within_two_registers(void **state)
{
	struct live_hour ended;

	over("2026-01-15T10:00:00");
	live_hour_ended(&l, now, &ended);
	power(3600, 600);
	hole(3600, 1200);
	power(3600, 1800);
	reg(17777, 10);
	assert_true(live_hour_ended(&l, now, &ended));
	near("by both registers", ended.energy, 4177);
}

static void a_hole_over_the_full_hour(void **state)
{
	struct live_hour ended;

	over("2026-01-15T10:00:00");
	live_hour_ended(&l, now, &ended);
	power(3600, 3000);
	hole(3600, 1200);
	power(3600, 130);
	assert_true(!live_hour_ended(&l, now, &ended) || isnan(ended.energy));
	reg(18000, 0);
	near("shown", l.estimate, 18000);
	near("hour", hour(), NAN);
}

/* ---- the clock of this machine ---- */

/* Right, or declared lost, and right again from the next one that begins. */
static void clock_steps(void **state)
{
	static const struct { const char *what; s64 by; bool lost; } rows[] = {
		{ "led, not set", 3, false },		{ "led back", -3, false },
		{ "10 minutes ahead", 600, true },	{ "10 minutes back", -600, true },
		{ "an hour ahead", HOUR, true },	{ "an hour back", -HOUR, true },
		{ "5 hours ahead", 5 * HOUR, true },	{ "5 hours back", -5 * HOUR, true },
		{ "a day ahead", 24 * HOUR, true },	{ "a day back", -24 * HOUR, true },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(rows); i++) {
		double shown;

		over("2026-01-14T23:00:00");
		l.reserved = INFINITY;
		power(3600, 6 * HOUR + 1200);
		shown = live_shown(&l);
		clock_set(rows[i].by);
		power(3600, 10);
		near(rows[i].what, live_shown(&l), shown + 10);
		if (isnan(hour()) != rows[i].lost)
			fail_msg("%s: %g in this hour", rows[i].what, hour());
		/* Ahead may be a sleep too: only a register tells what was used in it. */
		if (rows[i].by >= 600)
			assert_false(l.sure);
		live_register(&l, l.estimate, 1, at(now), false);
		power(3600, calendar_begin(SPAN_HOUR, now) + HOUR + 600 - now);
		near(rows[i].what, hour(), 600);
		power(3600, calendar_begin(SPAN_DAY, now) + 24 * HOUR + 600 - now);
		near(rows[i].what, day(), 600);
	}
}

/* It was three hours behind at midnight and is put right: what began by it is no day. */
static void a_day_that_began_by_a_wrong_clock(void **state)
{
	over("2026-01-14T23:00:00");
	power(3600, 1800);
	near("day", day(), 1810);
	clock_set(3 * HOUR);
	power(3600, 10);
	near("day", day(), NAN);
	near("shown", l.estimate, 13610 + 1800 + 10);
}

/* The ring of the past wraps. */
static void it_goes_on_for_ever(void **state)
{
	start("2026-01-15T10:00:00");
	power(3600, 10);
	reg(0, 0);
	for (int i = 0; i < 200; i++) {
		power(3600, HOUR);
		live_register(&l, (i + 1) * 3600.0 - 20, 1, at(now - 20), false);
		if (fabs(l.error) > 0.5)
			fail_msg("hour %d: error %g", i, l.error);
	}
	assert_true(l.n_past > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(before_the_first_register_nothing_is_known),
		cmocka_unit_test(it_counts_from_the_register_on),
		cmocka_unit_test(power_that_changes_is_the_mean_of_both),
		cmocka_unit_test(errors_are_told_and_made_up_for),
		cmocka_unit_test(what_is_shown_is_led_to_it),
		cmocka_unit_test(an_old_register_is_held_against_what_was_then),
		cmocka_unit_test(a_register_older_than_all_that_is_remembered),
		cmocka_unit_test(a_hole_is_declared_and_added_at_once),
		cmocka_unit_test(a_hole_before_the_first_register),
		cmocka_unit_test(a_meter_that_sends_no_power),
		cmocka_unit_test(another_meter_begins_anew),
		cmocka_unit_test(spans_begin_when_the_wall_clock_says_so),
		cmocka_unit_test(a_day_is_as_long_as_it_is),
		cmocka_unit_test(the_ended_hour_waits_for_its_register),
		cmocka_unit_test(a_hole_within_two_registers),
		cmocka_unit_test(a_hole_over_the_full_hour),
		cmocka_unit_test(clock_steps),
		cmocka_unit_test(a_day_that_began_by_a_wrong_clock),
		cmocka_unit_test(it_goes_on_for_ever),
	};

	return cmocka_run_group_tests_name("live", tests, NULL, NULL);
}
