// SPDX-License-Identifier: GPL-2.0
/*
 * The calendar: where hours, days and months begin, and which hours count.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "meter/calendar.h"
#include "util.h"

static s64 utc(const char *iso)
{
	struct tm tm = { 0 };

	assert_non_null(strptime(iso, "%Y-%m-%dT%H:%M:%S", &tm));
	return timegm(&tm);
}

static const char *iso(s64 t)
{
	static char text[4][32];
	static unsigned int n;
	time_t seconds = t;
	struct tm tm;

	gmtime_r(&seconds, &tm);
	n = (n + 1) % 4;
	strftime(text[n], sizeof(text[n]), "%Y-%m-%dT%H:%M:%S", &tm);
	return text[n];
}

static void zone(const char *name)
{
	setenv("TZ", name, 1);
	tzset();
}

/* ---- where they begin ---- */

/* In UTC; the zone is Europe/Oslo. */
static const struct {
	const char *what;
	const char *t;
	const char *begin[SPAN_COUNT];
} begins[] = {
	{ "winter", "2026-01-15T11:22:33",
	  { "2026-01-15T11:00:00", "2026-01-14T23:00:00", "2025-12-31T23:00:00" } },
	{ "summer", "2026-07-15T11:22:33",
	  { "2026-07-15T11:00:00", "2026-07-14T22:00:00", "2026-06-30T22:00:00" } },
	{ "the first second of an hour", "2026-07-15T11:00:00",
	  { "2026-07-15T11:00:00", "2026-07-14T22:00:00", "2026-06-30T22:00:00" } },
	{ "the last second of a year", "2025-12-31T22:59:59",
	  { "2025-12-31T22:00:00", "2025-12-30T23:00:00", "2025-11-30T23:00:00" } },
	{ "the first second of a year", "2025-12-31T23:00:00",
	  { "2025-12-31T23:00:00", "2025-12-31T23:00:00", "2025-12-31T23:00:00" } },
	{ "the last second of a leap day", "2028-02-29T22:59:59",
	  { "2028-02-29T22:00:00", "2028-02-28T23:00:00", "2028-01-31T23:00:00" } },
	{ "the second after a leap day", "2028-02-29T23:00:00",
	  { "2028-02-29T23:00:00", "2028-02-29T23:00:00", "2028-02-29T23:00:00" } },
	{ "the last second before summer time", "2026-03-29T00:59:59",
	  { "2026-03-29T00:00:00", "2026-03-28T23:00:00", "2026-02-28T23:00:00" } },
	{ "the first second of summer time", "2026-03-29T01:00:00",
	  { "2026-03-29T01:00:00", "2026-03-28T23:00:00", "2026-02-28T23:00:00" } },
	{ "the month after its first day had no summer time yet", "2026-03-30T10:00:00",
	  { "2026-03-30T10:00:00", "2026-03-29T22:00:00", "2026-02-28T23:00:00" } },
	{ "the hour that comes twice, first", "2026-10-25T00:30:00",
	  { "2026-10-25T00:00:00", "2026-10-24T22:00:00", "2026-09-30T22:00:00" } },
	{ "the hour that comes twice, again", "2026-10-25T01:30:00",
	  { "2026-10-25T01:00:00", "2026-10-24T22:00:00", "2026-09-30T22:00:00" } },
	{ "its first second, again", "2026-10-25T01:00:00",
	  { "2026-10-25T01:00:00", "2026-10-24T22:00:00", "2026-09-30T22:00:00" } },
	{ "the hour after it", "2026-10-25T02:00:01",
	  { "2026-10-25T02:00:00", "2026-10-24T22:00:00", "2026-09-30T22:00:00" } },
	{ "the evening of that day", "2026-10-25T22:59:59",
	  { "2026-10-25T22:00:00", "2026-10-24T22:00:00", "2026-09-30T22:00:00" } },
	{ "the end of that month", "2026-10-31T23:00:00",
	  { "2026-10-31T23:00:00", "2026-10-31T23:00:00", "2026-10-31T23:00:00" } },
};

static void where_they_begin(void **state)
{
	static const char *const names[SPAN_COUNT] = { "hour", "day", "month" };

	zone("Europe/Oslo");
	for (unsigned int i = 0; i < ARRAY_SIZE(begins); i++) {
		for (int span = SPAN_HOUR; span < SPAN_COUNT; span++) {
			s64 is = calendar_begin(span, utc(begins[i].t));

			if (is != utc(begins[i].begin[span]))
				fail_msg("%s: the %s began %s", begins[i].what, names[span], iso(is));
		}
	}
}

/* By the clock on the wall alone, second by second around what it does. */
static bool same_span(enum calendar_span span, s64 a, s64 b)
{
	time_t at = a, bt = b;
	struct tm x, y;

	localtime_r(&at, &x);
	localtime_r(&bt, &y);
	return x.tm_year == y.tm_year && x.tm_mon == y.tm_mon &&
	       (span == SPAN_MONTH || x.tm_mday == y.tm_mday);
}

/*
 * Midnight comes twice in the Azores and in Havana, and is left out in Beirut, Cairo and Santiago; the C
 * library's guess at it depends on what it was asked before.
 */
static void begins_are_the_same_whatever_was_asked_before(void **state)
{
	static const char *const zones[] = {
		"UTC", "Europe/Oslo", "Atlantic/Azores", "Atlantic/Reykjavik", "Asia/Kathmandu",
		"America/Havana", "America/Santiago", "Asia/Beirut", "Africa/Cairo",
	};
	s64 from = utc("2025-01-01T00:00:00"), to = utc("2027-01-01T00:00:00");
	s64 winter = utc("2025-01-15T12:00:00"), summer = utc("2025-07-15T12:00:00");

	for (unsigned int i = 0; i < ARRAY_SIZE(zones); i++) {
		zone(zones[i]);
		for (s64 t = from; t < to; t += 3599) {
			for (int span = SPAN_DAY; span < SPAN_COUNT; span++) {
				s64 a, b;

				calendar_begin(SPAN_DAY, winter);
				a = calendar_begin(span, t);
				calendar_begin(SPAN_DAY, summer);
				b = calendar_begin(span, t);
				if (a != b)
					fail_msg("%s, %s: after winter %s, after summer %s", zones[i],
						 iso(t), iso(a), iso(b));
				if (a > t || !same_span(span, a, t) || same_span(span, a - 1, t))
					fail_msg("%s, %s: began %s", zones[i], iso(t), iso(a));
			}
		}
	}
}

static void hours_follow_each_other(void **state)
{
	static const char *const zones[] = { "Europe/Oslo", "Atlantic/Azores", "Asia/Kathmandu" };

	for (unsigned int i = 0; i < ARRAY_SIZE(zones); i++) {
		s64 before;

		zone(zones[i]);
		before = calendar_begin(SPAN_HOUR, utc("2026-01-01T00:00:00"));
		for (s64 t = before; t < utc("2027-01-01T00:00:00"); t += 900) {
			s64 hour = calendar_begin(SPAN_HOUR, t);

			if (hour > t || t - hour >= 3600 || (hour != before && hour != before + 3600))
				fail_msg("%s, %s: began %s", zones[i], iso(t), iso(hour));
			before = hour;
		}
	}
}

static void days_have_23_24_or_25_hours(void **state)
{
	static const struct { const char *noon; int hours; } rows[] = {
		{ "2026-03-28T11:00:00", 24 }, { "2026-03-29T10:00:00", 23 },
		{ "2026-03-30T10:00:00", 24 }, { "2026-10-24T10:00:00", 24 },
		{ "2026-10-25T11:00:00", 25 }, { "2026-10-26T11:00:00", 24 },
	};

	zone("Europe/Oslo");
	for (unsigned int i = 0; i < ARRAY_SIZE(rows); i++) {
		s64 day = calendar_begin(SPAN_DAY, utc(rows[i].noon));
		s64 next = calendar_begin(SPAN_DAY, utc(rows[i].noon) + 86400);

		if (next - day != rows[i].hours * 3600)
			fail_msg("%s: %lld s", rows[i].noon, (long long)(next - day));
	}
}

/* ---- windows ---- */

static void windows_are_read(void **state)
{
	static const struct { const char *text; u8 days, from, to; } rows[] = {
		{ "always", 0x7f, 0, 24 },
		{ "Mon-Fri 07-20", 0x1f, 7, 20 },
		{ "mon-fri 7-20", 0x1f, 7, 20 },
		{ "Sat,Sun 22-06", 0x60, 22, 6 },
		{ "07-20", 0x7f, 7, 20 },
		{ "00-24", 0x7f, 0, 24 },
		{ "22-24", 0x7f, 22, 24 },
		{ "22-00", 0x7f, 22, 24 },
		{ "Mon-Fri", 0x1f, 0, 24 },
		{ "Wed", 0x04, 0, 24 },
		{ "Sun", 0x40, 0, 24 },
		{ "Fri-Mon", 0x71, 0, 24 },		/* over Sunday */
		{ "Mon-Sun", 0x7f, 0, 24 },
		{ "Mon-Mon", 0x01, 0, 24 },
		{ "Mon,Wed-Thu,Sun 1-2", 0x4d, 1, 2 },
		{ "Mon,Mon-Tue", 0x03, 0, 24 },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(rows); i++) {
		struct calendar_window w = { 0 };

		if (calendar_window_parse(rows[i].text, &w) || w.days != rows[i].days ||
		    w.from_hour != rows[i].from || w.to_hour != rows[i].to)
			fail_msg("\"%s\": %02x %u %u", rows[i].text, w.days, w.from_hour, w.to_hour);
	}
}

static void what_is_no_window(void **state)
{
	static const char *const rows[] = {
		"", " ", "Always", "never", "07", "07-", "-20", "07-20 ", " 07-20", "07 - 20", "07-25",
		"24-06", "24-24", "07-07", "00-00", "007-20", "07-020", "07-20h", "07:00-20:00", "-",
		"Mo", "Mond", "Monday", "Mon-", "Mon,", ",Mon", "Mon Fri", "Mon-Fri ", "Mon-Fri  07-20",
		"Mon-Fri07-20", "Mon-Fri 07-20 08-21", "Mon-Wed-Fri", "07-20 Mon", "Man-Fre 07-20",
		"Mon-Fri,", "Mon-Fri 0x7-20", "7--20", "Mon-Fri 07-20,",
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(rows); i++) {
		struct calendar_window w = { 0x55, 3, 4 };

		if (calendar_window_parse(rows[i], &w) != -EINVAL)
			fail_msg("\"%s\" was taken", rows[i]);
		if (w.days != 0x55 || w.from_hour != 3 || w.to_hour != 4)
			fail_msg("\"%s\" touched the result", rows[i]);
	}
}

/* Hours in UTC; the zone is Europe/Oslo.  2026-07-13 is a Monday. */
static void which_hours_count(void **state)
{
	static const struct { const char *window, *hour; bool has; } rows[] = {
		{ "always", "2026-07-13T03:00:00", true },
		{ "Mon-Fri 07-20", "2026-07-13T04:00:00", false },
		{ "Mon-Fri 07-20", "2026-07-13T05:00:00", true },
		{ "Mon-Fri 07-20", "2026-07-13T17:00:00", true },	/* 19:00 */
		{ "Mon-Fri 07-20", "2026-07-13T18:00:00", false },
		{ "Mon-Fri 07-20", "2026-07-17T17:00:00", true },	/* Friday */
		{ "Mon-Fri 07-20", "2026-07-18T10:00:00", false },
		{ "Mon-Fri 07-20", "2026-07-19T10:00:00", false },
		{ "Mon-Fri", "2026-07-12T21:00:00", false },		/* Sunday 23:00 */
		{ "Mon-Fri", "2026-07-12T22:00:00", true },		/* Monday 00:00 */
		/* Over midnight: the small hours are of the day on which the window began. */
		{ "22-06", "2026-07-13T19:00:00", false },
		{ "22-06", "2026-07-13T20:00:00", true },
		{ "22-06", "2026-07-14T03:00:00", true },
		{ "22-06", "2026-07-14T04:00:00", false },
		{ "Fri 22-06", "2026-07-17T20:00:00", true },
		{ "Fri 22-06", "2026-07-18T03:00:00", true },
		{ "Fri 22-06", "2026-07-18T20:00:00", false },
		{ "Fri 22-06", "2026-07-17T03:00:00", false },
		{ "Sun 22-06", "2026-07-20T03:00:00", true },		/* Monday 05:00 */
		{ "Mon 22-06", "2026-07-13T03:00:00", false },
		{ "22-00", "2026-07-13T21:00:00", true },
		{ "22-00", "2026-07-13T22:00:00", false },
		/* Both hours that are called 02:00 count; none does on the day that has none. */
		{ "02-03", "2026-10-25T00:00:00", true },
		{ "02-03", "2026-10-25T01:00:00", true },
		{ "02-03", "2026-10-25T02:00:00", false },
		{ "02-03", "2026-03-29T00:00:00", false },
		{ "02-03", "2026-03-29T01:00:00", false },
	};

	zone("Europe/Oslo");
	for (unsigned int i = 0; i < ARRAY_SIZE(rows); i++) {
		struct calendar_window w;

		assert_int_equal(calendar_window_parse(rows[i].window, &w), 0);
		if (calendar_window_has(&w, utc(rows[i].hour)) != rows[i].has)
			fail_msg("%s: %s", rows[i].window, rows[i].hour);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(where_they_begin),
		cmocka_unit_test(begins_are_the_same_whatever_was_asked_before),
		cmocka_unit_test(hours_follow_each_other),
		cmocka_unit_test(days_have_23_24_or_25_hours),
		cmocka_unit_test(windows_are_read),
		cmocka_unit_test(what_is_no_window),
		cmocka_unit_test(which_hours_count),
	};

	return cmocka_run_group_tests_name("calendar", tests, NULL, NULL);
}
