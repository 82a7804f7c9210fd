/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Dates for the simulator, without time zone data: the wall clock of Norway and Sweden.
 */
#ifndef SIM_CALENDAR_H
#define SIM_CALENDAR_H

#include <amshan/types.h>

struct sim_date {
	int year, month, day, hour, minute, second;
	int weekday;		/* 0: Sunday */
	int day_of_year;	/* 0: 1 January */
};

/* sim_date_of() - seconds since the epoch as a date; no time zone */
void sim_date_of(s64 seconds, struct sim_date *ret);

/* sim_summer_time() - whether Central European Summer Time holds at this time (2000/84/EC) */
bool sim_summer_time(s64 utc);

/**
 * sim_date_parse() - read ISO 8601: 2026-01-31, 2026-01-31T12:00:10, with Z or +01:00
 * @text: the text; without an offset it is UTC
 * @ret: seconds since the epoch; untouched on failure
 *
 * Return: 0 or -EINVAL.
 */
int sim_date_parse(const char *text, s64 *ret);

#endif /* SIM_CALENDAR_H */
