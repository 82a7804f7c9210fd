// SPDX-License-Identifier: GPL-2.0
/*
 * The meter's clock: from what was sent to a point in time.
 *
 * Central European Time is computed here, by the rule of the European Union (directive 2000/84/EC:
 * from the last Sunday of March to the last Sunday of October, 01:00 UTC), not by the host's zone:
 * the meter is where it is, and a container's clock is often set to UTC.
 */
#include <stdlib.h>
#include <string.h>

#include "meter/clock.h"
#include "util.h"

#define HOUR	3600ll
#define DAY	(24 * HOUR)

/* 01:00 UTC of the last Sunday of a month with 31 days, seconds since the epoch. */
static s64 last_sunday(u16 year, u8 month)
{
	struct cosem_time end = { .year = year, .month = month, .day = 31, .hour = 1 };
	s64 t = cosem_time_utc(&end, 0);
	/* 1970-01-01 was a Thursday: day 4 with Sunday as 0. */
	s64 weekday = (t / DAY + 4) % 7;

	return t - weekday * DAY;
}

/* Minutes ahead of UTC in Central Europe at a point in time. */
static int cet_offset(s64 utc, u16 year)
{
	return utc >= last_sunday(year, 3) && utc < last_sunday(year, 10) ? 120 : 60;
}

/*
 * A wall clock time in Central Europe has one meaning, but for the hour that comes twice (the
 * meaning nearer to the reception is taken) and the one that is left out (normal time is taken).
 */
static int cet_offset_of(const struct cosem_time *t, u64 near_us)
{
	s64 summer = cosem_time_utc(t, 120), normal = cosem_time_utc(t, 60);
	bool is_summer = cet_offset(summer, t->year) == 120;
	bool is_normal = cet_offset(normal, t->year) == 60;
	s64 near_s = (s64)(near_us / USEC_PER_SEC);

	if (is_summer && is_normal)
		return llabs(summer - near_s) < llabs(normal - near_s) ? 120 : 60;

	return is_summer ? 120 : 60;
}

void clock_interpret(const struct cosem_time *t, enum clock_kind kind, u64 near_us,
		     struct meter_clock *ret)
{
	struct cosem_time said = *t;
	int offset = 0;

	ret->known = true;
	ret->utc_known = true;

	switch (kind) {
	case CLOCK_UTC:
		break;
	case CLOCK_UTC1:
		offset = 60;
		break;
	case CLOCK_UTC2:
		offset = 120;
		break;
	case CLOCK_CET:
		offset = cet_offset_of(t, near_us);
		break;
	case CLOCK_AUTO:
	case CLOCK_WIRE:
		if (t->deviation == COSEM_DEVIATION_NONE)
			ret->utc_known = false;
		else
			offset = -t->deviation;
		break;
	}

	said.deviation = COSEM_DEVIATION_NONE;
	if (ret->utc_known) {
		said.deviation = (s16)-offset;
		ret->utc_us = cosem_time_utc(t, offset) * (s64)USEC_PER_SEC;
	} else {
		ret->utc_us = 0;
	}
	cosem_time_iso(&said, ret->iso);
}
