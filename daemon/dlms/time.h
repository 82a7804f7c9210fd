/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The 12-octet date-time of COSEM (IEC 62056-6-2): the fields as they were sent.
 */
#ifndef AMSHAN_DLMS_TIME_H
#define AMSHAN_DLMS_TIME_H

#include <amshan/types.h>

#define COSEM_TIME_LEN		12
#define COSEM_DEVIATION_NONE	(-0x8000)	/* 8000h: not specified */

#define COSEM_STATUS_INVALID	0x01
#define COSEM_STATUS_DOUBTFUL	0x02
#define COSEM_STATUS_DST	0x80
#define COSEM_STATUS_NONE	0xff		/* not specified */

/**
 * struct cosem_time - a date and time as sent
 * @year: full year, e.g. 2026
 * @month: 1..12
 * @day: 1..31
 * @hour: 0..23
 * @minute: 0..59
 * @second: 0..59
 * @status: clock status, COSEM_STATUS_*
 * @deviation: minutes, UTC = local + deviation; COSEM_DEVIATION_NONE if not specified
 *
 * Weekday and hundredths are not kept: some meters send them wrong or not at all.
 */
struct cosem_time {
	u16 year;
	u8 month, day, hour, minute, second;
	u8 status;
	s16 deviation;
};

/**
 * cosem_time_parse() - read the 12 octets
 * @p: COSEM_TIME_LEN octets
 * @ret: the fields; untouched on failure
 *
 * Return: 0; -EINVAL if date or time is not fully specified or not a real one (wildcards, month
 * 13).
 */
int cosem_time_parse(const u8 *p, struct cosem_time *ret);

/**
 * cosem_time_utc() - seconds since the epoch of these fields, taken as UTC + @offset_min
 * @t: the fields
 * @offset_min: what the clock shows ahead of UTC, in minutes
 */
s64 cosem_time_utc(const struct cosem_time *t, int offset_min);

#define COSEM_TIME_ISO_MAX	sizeof("2026-11-22T23:59:59+01:00")

/**
 * cosem_time_iso() - write ISO 8601 as transmitted: the offset only if the message has one
 * @t: the fields
 * @buf: COSEM_TIME_ISO_MAX octets
 */
void cosem_time_iso(const struct cosem_time *t, char *buf);

#endif /* AMSHAN_DLMS_TIME_H */
