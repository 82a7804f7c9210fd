// SPDX-License-Identifier: GPL-2.0
/*
 * The 12-octet date-time of COSEM (IEC 62056-6-2).
 */
#include <errno.h>
#include <stdlib.h>

#include "dlms/time.h"

static bool leap_year(unsigned int year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static unsigned int month_days(unsigned int year, unsigned int month)
{
	static const u8 days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

	return days[month - 1] + (month == 2 && leap_year(year));
}

int cosem_time_parse(const u8 *p, struct cosem_time *ret)
{
	struct cosem_time t = {
		.year = p[0] << 8 | p[1],
		.month = p[2],
		.day = p[3],
		/* p[4] is the weekday */
		.hour = p[5],
		.minute = p[6],
		.second = p[7],
		/* p[8] are hundredths */
		.deviation = (s16)(p[9] << 8 | p[10]),
		.status = p[11],
	};

	/* Meters were not built before 1970, and FFFFh means any year. */
	if (t.year < 1970 || t.year > 9999 || t.month < 1 || t.month > 12 || t.day < 1 ||
	    t.day > month_days(t.year, t.month) || t.hour > 23 || t.minute > 59 || t.second > 59)
		return -EINVAL;
	/* Up to 12 hours either way are legal; 13 and 14 hours ahead exist on islands. */
	if (t.deviation != COSEM_DEVIATION_NONE && (t.deviation < -840 || t.deviation > 840))
		return -EINVAL;
	*ret = t;

	return 0;
}

/* Days from 1970-01-01, by counting years from March so that the leap day is the last. */
static s64 days_from_epoch(unsigned int year, unsigned int month, unsigned int day)
{
	unsigned int y = month > 2 ? year : year - 1;
	unsigned int m = month > 2 ? month - 3 : month + 9;

	return 365ll * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + (day - 1) - 719468;
}

s64 cosem_time_utc(const struct cosem_time *t, int offset_min)
{
	return days_from_epoch(t->year, t->month, t->day) * 86400 + t->hour * 3600 + t->minute * 60 +
	       t->second - 60ll * offset_min;
}

/* Plain digits: printf takes longer than all the rest of a list. */
static char *put_digits(char *p, unsigned int v, unsigned int digits, char behind)
{
	for (unsigned int i = digits; i-- > 0; v /= 10)
		p[i] = (char)('0' + v % 10);
	p[digits] = behind;

	return p + digits + 1;
}

void cosem_time_iso(const struct cosem_time *t, char *buf)
{
	unsigned int offset = (unsigned int)abs(t->deviation);
	char *p = buf;

	p = put_digits(p, t->year, 4, '-');
	p = put_digits(p, t->month, 2, '-');
	p = put_digits(p, t->day, 2, 'T');
	p = put_digits(p, t->hour, 2, ':');
	p = put_digits(p, t->minute, 2, ':');
	p = put_digits(p, t->second, 2, '\0');
	if (t->deviation == COSEM_DEVIATION_NONE)
		return;

	/* UTC is local time and deviation: an offset has the other sign. */
	p[-1] = t->deviation > 0 ? '-' : '+';
	p = put_digits(p, offset / 60, 2, ':');
	put_digits(p, offset % 60, 2, '\0');
}
