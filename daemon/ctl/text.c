// SPDX-License-Identifier: GPL-2.0
/*
 * Text for people.  No I/O; the time zone is the C library's.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "ctl/text.h"
#include "util.h"

/* The character at @p: its octets (0 if it is no UTF-8) and its number. */
static size_t utf8_next(const u8 *p, u32 *ret)
{
	static const u32 least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t len;
	u32 c;

	if (*p < 0x80) {
		*ret = *p;
		return 1;
	}
	if ((*p & 0xe0) == 0xc0)
		len = 2;
	else if ((*p & 0xf0) == 0xe0)
		len = 3;
	else if ((*p & 0xf8) == 0xf0)
		len = 4;
	else
		return 0;
	c = *p & (0x7f >> len);
	for (size_t i = 1; i < len; i++) {
		/* The NUL at the end is no continuation, so this stays in the string. */
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (p[i] & 0x3f);
	}
	if (c < least[len] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
		return 0;
	*ret = c;
	return len;
}

static bool is_harmless(u32 c)
{
	static const struct {
		u32 first, last;
	} harmful[] = {
		{ 0x0000, 0x001f },	/* C0 */
		{ 0x007f, 0x009f },	/* DEL, C1 */
		{ 0x00ad, 0x00ad },	/* soft hyphen */
		{ 0x061c, 0x061c },	/* direction */
		{ 0x200b, 0x200f },	/* no width, direction */
		{ 0x2028, 0x202e },	/* line and paragraph, direction */
		{ 0x2060, 0x206f },	/* invisible */
		{ 0xd800, 0xf8ff },	/* private use */
		{ 0xfeff, 0xfeff },
		{ 0xfff0, 0xffff },
		{ 0xe0000, 0x10ffff },	/* tags, private use */
	};

	for (size_t i = 0; i < ARRAY_SIZE(harmful); i++)
		if (c >= harmful[i].first && c <= harmful[i].last)
			return false;
	return true;
}

char *text_escape(const char *in, char *buf, size_t size)
{
	const u8 *p = (const u8 *)in;
	size_t n = 0;

	while (*p) {
		u32 c = 0;
		size_t len = utf8_next(p, &c);
		bool good = len && is_harmless(c);
		size_t out = good ? len : 1;

		if (n + out >= size)
			break;
		if (good)
			memcpy(buf + n, p, len);
		else
			buf[n] = '?';
		n += out;
		p += len ?: 1;
	}
	buf[n] = '\0';
	return buf;
}

char *text_number(double v, char *buf, size_t size)
{
	if (fabs(v) < 1e18 && v == rint(v))
		snprintf(buf, size, "%.0f", v);
	else
		snprintf(buf, size, "%.15g", v);
	return buf;
}

char *text_ago(u64 then_us, u64 now_us, char *buf, size_t size)
{
	static const struct {
		u64 from;	/* so many seconds or more: */
		u64 seconds;
		const char *unit;
	} steps[] = {
		{ 2 * 86400, 86400, "d" },
		{ 2 * 3600, 3600, "h" },
		{ 2 * 60, 60, "min" },
		{ 1, 1, "s" },
	};
	u64 seconds;

	if (!then_us) {
		snprintf(buf, size, "never");
		return buf;
	}
	seconds = now_us > then_us ? (now_us - then_us) / USEC_PER_SEC : 0;
	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		if (seconds < steps[i].from)
			continue;
		snprintf(buf, size, "%llu %s ago", (unsigned long long)(seconds / steps[i].seconds),
			 steps[i].unit);
		return buf;
	}
	snprintf(buf, size, "now");
	return buf;
}

char *text_time(u64 us, u64 now_us, char *buf, size_t size)
{
	time_t then = us / USEC_PER_SEC, now = now_us / USEC_PER_SEC;
	struct tm then_tm, now_tm;
	bool today;

	if (!us) {
		snprintf(buf, size, "never");
		return buf;
	}
	if (!localtime_r(&then, &then_tm) || !localtime_r(&now, &now_tm)) {
		/* A year that does not fit an int. */
		snprintf(buf, size, "%llu", (unsigned long long)then);
		return buf;
	}
	today = then_tm.tm_year == now_tm.tm_year && then_tm.tm_yday == now_tm.tm_yday;
	if (!strftime(buf, size, today ? "%H:%M:%S" : "%Y-%m-%d %H:%M:%S", &then_tm))
		*buf = '\0';
	return buf;
}

char *text_value(enum quantity q, double v, u64 now_us, char *buf, size_t size)
{
	if (quantity_table[q].kind != KIND_TIME)
		return text_number(v, buf, size);
	return text_time((u64)v * USEC_PER_SEC, now_us, buf, size);
}
