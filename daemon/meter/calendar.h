/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The calendar: where hours, days and months begin in the local time zone, and windows of hours.
 *
 * Times are seconds since the epoch.  The zone is that of the C library (TZ, /etc/localtime).  The hour
 * that the end of summer time repeats is two clock hours; the hour that its beginning leaves out is
 * none.
 */
#ifndef AMSHAN_METER_CALENDAR_H
#define AMSHAN_METER_CALENDAR_H

#include <amshan/types.h>

enum calendar_span {
	SPAN_HOUR,
	SPAN_DAY,
	SPAN_MONTH,
	SPAN_COUNT,
};

/* calendar_begin() - when the hour, day or month that @t is in began */
s64 calendar_begin(enum calendar_span span, s64 t);

/**
 * struct calendar_window - the hours of a week that count
 * @days: bit per day of the week, bit 0 is Monday
 * @from_hour: the first hour that counts, 0 to 23
 * @to_hour: the first one that does not count any more, 1 to 24; not above @from_hour: of the next day
 */
struct calendar_window {
	u8 days;
	u8 from_hour;
	u8 to_hour;
};

#define CALENDAR_ALWAYS	((struct calendar_window){ 0x7f, 0, 24 })

/**
 * calendar_window_parse() - read "Mon-Fri 07-20", "Sat,Sun 22-06", "07-20", "Mon-Fri" or "always"
 * @text: the text; names of days by three letters
 * @ret: untouched on failure
 *
 * Return: 0 or -EINVAL.
 */
int calendar_window_parse(const char *text, struct calendar_window *ret);

/* calendar_window_has() - does the clock hour that begins at @hour count? */
bool calendar_window_has(const struct calendar_window *w, s64 hour);

#endif /* AMSHAN_METER_CALENDAR_H */
