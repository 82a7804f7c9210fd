// SPDX-License-Identifier: GPL-2.0
/*
 * Dates for the simulator.  Relies on libc for the Gregorian calendar (gmtime_r, timegm), not for
 * time zones: the result must not depend on where the test runs.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "calendar.h"

#define DAY_S	86400

void sim_date_of(s64 seconds, struct sim_date *ret)
{
	time_t t = seconds;
	struct tm tm;

	gmtime_r(&t, &tm);
	*ret = (struct sim_date){
		.year = tm.tm_year + 1900,
		.month = tm.tm_mon + 1,
		.day = tm.tm_mday,
		.hour = tm.tm_hour,
		.minute = tm.tm_min,
		.second = tm.tm_sec,
		.weekday = tm.tm_wday,
		.day_of_year = tm.tm_yday,
	};
}

/* 01:00 UTC on the last Sunday of a month with 31 days. */
static s64 last_sunday(int year, int month)
{
	struct tm tm = { .tm_year = year - 1900, .tm_mon = month - 1, .tm_mday = 31, .tm_hour = 1 };
	s64 t = timegm(&tm);

	return t - (s64)tm.tm_wday * DAY_S;
}

bool sim_summer_time(s64 utc)
{
	struct sim_date d;

	sim_date_of(utc, &d);
	return utc >= last_sunday(d.year, 3) && utc < last_sunday(d.year, 10);
}

int sim_date_parse(const char *text, s64 *ret)
{
	static const char *const formats[] = { "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%d" };
	unsigned int hours, minutes;
	const char *rest = NULL;
	s64 offset = 0;
	struct tm tm;
	char sign;
	int n = 0;

	for (unsigned int i = 0; !rest && i < sizeof(formats) / sizeof(formats[0]); i++) {
		tm = (struct tm){ .tm_mday = 1 };
		rest = strptime(text, formats[i], &tm);
	}
	if (!rest)
		return -EINVAL;
	if (!strcmp(rest, "Z"))
		rest++;
	if (*rest) {
		if (sscanf(rest, "%c%2u:%2u%n", &sign, &hours, &minutes, &n) != 3 || rest[n] ||
		    (sign != '+' && sign != '-') || hours > 23 || minutes > 59)
			return -EINVAL;
		offset = (s64)(hours * 60 + minutes) * (sign == '+' ? 60 : -60);
	}
	*ret = timegm(&tm) - offset;
	return 0;
}
