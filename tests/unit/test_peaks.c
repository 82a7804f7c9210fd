// SPDX-License-Identifier: GPL-2.0
/*
 * Peaks: which hours of a month are the highest, as the grid company counts.
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

#include "meter/peaks.h"
#include "util.h"

static s64 utc(const char *iso)
{
	struct tm tm = { 0 };

	assert_non_null(strptime(iso, "%Y-%m-%dT%H:%M", &tm));
	return timegm(&tm);
}

static int zone_oslo(void **state)
{
	setenv("TZ", "Europe/Oslo", 1);
	tzset();
	return 0;
}

/* ---- what comes of hours ---- */

#define HOURS_MAX	10

/* Hours in UTC; what is expected: the highest first, and their mean; 0 ends both. */
static const struct {
	const char *what;
	u16 count;
	bool any_day;
	const char *window;
	struct { const char *hour; double w; } hours[HOURS_MAX];
	double top[PEAKS_MAX];
	double mean;
} rows[] = {
	{ "nothing", 3, false, "always", { { NULL } }, { 0 }, NAN },
	{ "one hour", 3, false, "always", { { "2026-01-05T10:00", 2000 } }, { 2000 }, 2000 },
	{ "an hour without consumption is one", 3, false, "always",
	  { { "2026-01-05T10:00", 0 }, { "2026-01-06T10:00", 1000 } }, { 1000 }, 500 },
	{ "of a day only the highest", 3, false, "always",
	  { { "2026-01-05T10:00", 2000 }, { "2026-01-05T11:00", 4000 }, { "2026-01-05T12:00", 3000 } },
	  { 4000 }, 4000 },
	{ "several hours of a day", 3, true, "always",
	  { { "2026-01-05T10:00", 2000 }, { "2026-01-05T11:00", 4000 }, { "2026-01-05T12:00", 3000 } },
	  { 4000, 3000, 2000 }, 3000 },
	{ "three of four days", 3, false, "always",
	  { { "2026-01-05T10:00", 1000 }, { "2026-01-06T10:00", 4000 }, { "2026-01-07T10:00", 2000 },
	    { "2026-01-08T10:00", 3000 } }, { 4000, 3000, 2000, 1000 }, 3000 },
	{ "more days than places", 5, false, "always",
	  { { "2026-01-01T10:00", 1 }, { "2026-01-02T10:00", 7 }, { "2026-01-03T10:00", 2 },
	    { "2026-01-04T10:00", 6 }, { "2026-01-05T10:00", 3 }, { "2026-01-06T10:00", 5 },
	    { "2026-01-07T10:00", 4 } }, { 7, 6, 5, 4, 3 }, 5 },
	{ "too low for all places", 1, true, "always",
	  { { "2026-01-01T10:00", 9 }, { "2026-01-01T11:00", 9 }, { "2026-01-01T12:00", 9 },
	    { "2026-01-01T13:00", 9 }, { "2026-01-01T14:00", 9 }, { "2026-01-01T15:00", 8 } },
	  { 9, 9, 9, 9, 9 }, 9 },
	{ "a day's new highest goes up", 2, false, "always",
	  { { "2026-01-05T10:00", 1000 }, { "2026-01-06T10:00", 2000 }, { "2026-01-06T12:00", 1500 },
	    { "2026-01-05T20:00", 3000 } }, { 3000, 2000 }, 2500 },
	{ "an hour comes again: higher", 3, false, "always",
	  { { "2026-01-05T10:00", 1000 }, { "2026-01-06T10:00", 2000 }, { "2026-01-05T10:00", 3000 } },
	  { 3000, 2000 }, 2500 },
	{ "an hour comes again: lower", 3, false, "always",
	  { { "2026-01-05T10:00", 3000 }, { "2026-01-06T10:00", 2000 }, { "2026-01-05T10:00", 1000 } },
	  { 2000, 1000 }, 1500 },
	{ "an hour comes again: in a full table", 5, true, "always",
	  { { "2026-01-05T10:00", 5 }, { "2026-01-05T11:00", 4 }, { "2026-01-05T12:00", 3 },
	    { "2026-01-05T13:00", 2 }, { "2026-01-05T14:00", 1 }, { "2026-01-05T10:00", 2.5 } },
	  { 4, 3, 2.5, 2, 1 }, 2.5 },
	{ "only the hours of the window", 3, false, "Mon-Fri 07-20",
	  { { "2026-01-05T05:00", 9000 }, { "2026-01-05T06:00", 1000 }, { "2026-01-05T19:00", 9000 },
	    { "2026-01-10T10:00", 9000 }, { "2026-01-12T18:00", 2000 } }, { 2000, 1000 }, 1500 },
	{ "days are those of the clock on the wall", 3, false, "always",
	  { { "2026-01-05T22:00", 1000 }, { "2026-01-05T23:00", 2000 } }, { 2000, 1000 }, 1500 },
	{ "in summer too", 3, false, "always",
	  { { "2026-07-05T21:00", 1000 }, { "2026-07-05T22:00", 2000 }, { "2026-07-05T23:00", 3000 } },
	  { 3000, 1000 }, 2000 },
	{ "a new month begins anew", 3, false, "always",
	  { { "2026-01-31T22:00", 9000 }, { "2026-01-31T23:00", 1000 } }, { 1000 }, 1000 },
	{ "so does a new year", 3, false, "always",
	  { { "2025-12-31T22:00", 9000 }, { "2025-12-31T23:00", 1000 }, { "2026-01-01T22:00", 500 } },
	  { 1000 }, 1000 },
	{ "of the same month a year later nothing is left", 3, false, "always",
	  { { "2025-01-10T10:00", 9000 }, { "2026-01-10T10:00", 1000 } }, { 1000 }, 1000 },
	{ "the hour that comes twice is two", 3, true, "always",
	  { { "2026-10-25T00:00", 2000 }, { "2026-10-25T01:00", 3000 } }, { 3000, 2000 }, 2500 },
	{ "of one day", 3, false, "always",
	  { { "2026-10-25T00:00", 2000 }, { "2026-10-25T01:00", 3000 }, { "2026-10-25T22:00", 1000 } },
	  { 3000 }, 3000 },
	{ "the day with 23 hours", 3, false, "always",
	  { { "2026-03-28T23:00", 1000 }, { "2026-03-29T01:00", 2000 }, { "2026-03-29T21:00", 3000 },
	    { "2026-03-29T22:00", 500 } }, { 3000, 500 }, 1750 },
	{ "October is one month over the end of summer time", 3, false, "always",
	  { { "2026-09-30T22:00", 1000 }, { "2026-10-31T22:00", 2000 } }, { 2000, 1000 }, 1500 },
};

static void the_highest_hours(void **state)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(rows); i++) {
		struct peaks_settings s = { .count = rows[i].count, .any_day = rows[i].any_day };
		struct peaks p = { 0 };
		unsigned int n = 0;
		double mean;

		assert_int_equal(calendar_window_parse(rows[i].window, &s.window), 0);
		for (unsigned int h = 0; h < HOURS_MAX && rows[i].hours[h].hour; h++)
			peaks_add(&p, &s, utc(rows[i].hours[h].hour), rows[i].hours[h].w);
		for (; n < PEAKS_MAX && rows[i].top[n] > 0; n++)
			if (n >= p.n || p.top[n].mean_w != rows[i].top[n])
				fail_msg("%s: place %u is %g", rows[i].what, n + 1, p.top[n].mean_w);
		/* What is not written in the row may only be an hour without consumption. */
		for (; n < p.n; n++)
			if (p.top[n].mean_w != 0)
				fail_msg("%s: one more, %g", rows[i].what, p.top[n].mean_w);
		mean = peaks_mean(&p, &s);
		if (isnan(mean) ? !isnan(rows[i].mean) : mean != rows[i].mean)
			fail_msg("%s: mean %g", rows[i].what, mean);
	}
}

/* ---- what is told of it ---- */

static void it_says_whether_it_changed(void **state)
{
	struct peaks_settings s = { 3, false, CALENDAR_ALWAYS };
	s64 hour = utc("2026-01-05T10:00");
	struct peaks p = { 0 };

	assert_true(peaks_add(&p, &s, hour, 2000));
	assert_int_equal(p.month, utc("2025-12-31T23:00"));
	assert_int_equal(p.top[0].hour, hour);
	/* Lower, or as high, on the same day: the first one stays. */
	assert_false(peaks_add(&p, &s, hour + 3600, 1000));
	assert_false(peaks_add(&p, &s, hour + 7200, 2000));
	assert_int_equal(p.top[0].hour, hour);
	assert_true(peaks_add(&p, &s, hour + 10800, 2001));
	assert_int_equal(p.top[0].hour, hour + 10800);

	for (unsigned int day = 1; day < PEAKS_MAX; day++)
		assert_true(peaks_add(&p, &s, hour + day * 86400, 3000));
	assert_int_equal(p.n, PEAKS_MAX);
	assert_false(peaks_add(&p, &s, hour + PEAKS_MAX * 86400, 100));
	assert_int_equal(p.n, PEAKS_MAX);
}

/* Outside of the window it must not even begin a month. */
static void outside_of_the_window_nothing_changes(void **state)
{
	struct peaks_settings s = { 3, false, { 0x1f, 7, 20 } };
	struct peaks p = { 0 }, before;

	assert_true(peaks_add(&p, &s, utc("2026-01-30T10:00"), 2000));
	before = p;
	assert_false(peaks_add(&p, &s, utc("2026-01-31T23:00"), 9000));	/* Sunday, 1 February */
	assert_memory_equal(&p, &before, sizeof(p));
}

/* Against the plain way: all hours of a month, sorted. */
static int descending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x < y) - (x > y);
}

static void months_against_the_plain_way(void **state)
{
	for (unsigned int seed = 1; seed <= 200; seed++) {
		bool any_day = seed % 2;
		struct peaks_settings s = { (u16)(1 + seed % PEAKS_MAX), any_day, CALENDAR_ALWAYS };
		s64 from = utc("2026-09-30T22:00"), to = utc("2026-10-31T23:00");
		double all[31 * 24 + 1], sum = 0;
		struct peaks p = { 0 };
		unsigned int n = 0, first_of_day = 0;
		s64 day = 0;

		srand(seed);
		for (s64 hour = from; hour < to; hour += 3600) {
			double w = rand() % 8000;

			peaks_add(&p, &s, hour, w);
			if (any_day || calendar_begin(SPAN_DAY, hour) != day) {
				day = calendar_begin(SPAN_DAY, hour);
				first_of_day = n;
				all[n++] = w;
			} else if (w > all[first_of_day]) {
				all[first_of_day] = w;
			}
		}
		assert_int_equal(n, any_day ? 31 * 24 + 1 : 31);
		qsort(all, n, sizeof(all[0]), descending);
		for (unsigned int i = 0; i < s.count; i++)
			sum += all[i];
		for (unsigned int i = 0; i < PEAKS_MAX; i++)
			if (p.top[i].mean_w != all[i])
				fail_msg("seed %u: place %u is %g, not %g", seed, i + 1,
					 p.top[i].mean_w, all[i]);
		if (fabs(peaks_mean(&p, &s) - sum / s.count) > 1e-6)
			fail_msg("seed %u: mean %g", seed, peaks_mean(&p, &s));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_highest_hours),
		cmocka_unit_test(it_says_whether_it_changed),
		cmocka_unit_test(outside_of_the_window_nothing_changes),
		cmocka_unit_test(months_against_the_plain_way),
	};

	return cmocka_run_group_tests_name("peaks", tests, zone_oslo, NULL);
}
