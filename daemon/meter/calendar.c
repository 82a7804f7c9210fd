// SPDX-License-Identifier: GPL-2.0
/*
 * The calendar.
 */
#include <errno.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "meter/calendar.h"

#define HOUR_S	3600

/*
 * The hour is counted back from the minutes that the clock shows, not made from its number: at the end
 * of summer time two hours have the same one.
 */
static s64 hour_begin(s64 t, const struct tm *tm)
{
	return t - tm->tm_min * 60 - tm->tm_sec;
}

/*
 * Where midnight comes twice, or not at all, the C library's word on it depends on what it was asked
 * before: the first second of the day is within an hour of it.
 */
static s64 day_begin(s64 near, int mday)
{
	for (s64 t = near - HOUR_S; t <= near; t += HOUR_S) {
		time_t seconds = t;
		struct tm tm;

		localtime_r(&seconds, &tm);
		if (tm.tm_mday == mday)
			return t;
	}
	return near + HOUR_S;
}

s64 calendar_begin(enum calendar_span span, s64 t)
{
	time_t seconds = t;
	struct tm tm;
	int mday;

	localtime_r(&seconds, &tm);
	if (span == SPAN_HOUR)
		return hour_begin(t, &tm);
	if (span == SPAN_MONTH)
		tm.tm_mday = 1;
	tm.tm_hour = tm.tm_min = tm.tm_sec = 0;
	tm.tm_isdst = -1;
	mday = tm.tm_mday;
	return day_begin(mktime(&tm), mday);
}

static const char days[7][4] = { "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun" };

static int day_parse(const char **p)
{
	for (unsigned int d = 0; d < 7; d++) {
		if (!strncasecmp(*p, days[d], 3)) {
			*p += 3;
			return (int)d;
		}
	}
	return -EINVAL;
}

/* "Mon", "Mon-Fri", "Sat,Sun"; a range may go over Sunday. */
static int days_parse(const char **p, u8 *ret)
{
	u8 mask = 0;

	do {
		int from = day_parse(p), to = from;

		if (from < 0)
			return from;
		if (**p == '-') {
			++*p;
			to = day_parse(p);
			if (to < 0)
				return to;
		}
		for (int d = from; mask |= 1u << d, d != to; d = (d + 1) % 7)
			;
	} while (**p == ',' && ++*p);
	*ret = mask;
	return 0;
}

static int hour_parse(const char **p, unsigned int most)
{
	unsigned int h = 0, n = 0;

	for (; **p >= '0' && **p <= '9' && n < 2; ++*p, n++)
		h = h * 10 + (unsigned int)(**p - '0');
	return n && h <= most ? (int)h : -EINVAL;
}

int calendar_window_parse(const char *text, struct calendar_window *ret)
{
	struct calendar_window w = CALENDAR_ALWAYS;
	const char *p = text;
	int from, to;

	if (!strcmp(text, "always")) {
		*ret = w;
		return 0;
	}
	if (*p < '0' || *p > '9') {
		if (days_parse(&p, &w.days) < 0)
			return -EINVAL;
		if (!*p) {
			*ret = w;
			return 0;
		}
		if (*p++ != ' ')
			return -EINVAL;
	}
	from = hour_parse(&p, 23);
	if (from < 0 || *p++ != '-')
		return -EINVAL;
	to = hour_parse(&p, 24);
	if (to < 0 || *p || to == from)
		return -EINVAL;
	w.from_hour = (u8)from;
	w.to_hour = to ? (u8)to : 24;
	*ret = w;
	return 0;
}

bool calendar_window_has(const struct calendar_window *w, s64 hour)
{
	time_t seconds = hour;
	unsigned int day, h;
	struct tm tm;

	localtime_r(&seconds, &tm);
	h = (unsigned int)tm.tm_hour;
	day = (unsigned int)(tm.tm_wday + 6) % 7;
	if (w->from_hour < w->to_hour)
		return w->days >> day & 1 && h >= w->from_hour && h < w->to_hour;
	/* Over midnight: the small hours belong to the day before. */
	if (h >= w->from_hour)
		return w->days >> day & 1;
	return h < w->to_hour && w->days >> ((day + 6) % 7) & 1;
}
