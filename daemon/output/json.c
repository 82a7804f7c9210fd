// SPDX-License-Identifier: GPL-2.0
/*
 * JSON of readings, by jansson.
 */
#include <errno.h>
#include <stdio.h>
#include <time.h>

#include "output/json.h"
#include "util.h"

json_t *json_decimal(struct decimal d)
{
	s64 v = d.mantissa;
	s8 e = d.exponent;

	/* 7230 Wh is an integer; so is 2.30 x 10^2, but 230.0 V shows its resolution. */
	for (; e > 0; e--) {
		if (__builtin_mul_overflow(v, 10, &v))
			return json_real(decimal_double(d));
	}

	return e == 0 ? json_integer(v) : json_real(decimal_double(d));
}

/* A time is a text, all others are numbers. */
static json_t *json_quantity(enum quantity q, struct decimal v)
{
	char text[ISO_UTC_MAX];

	if (quantity_table[q].kind != KIND_TIME)
		return json_decimal(v);
	return json_string(iso_utc((u64)v.mantissa * USEC_PER_SEC, text));
}

int json_add_derived(json_t *object, const u64 *derived, const u64 *shown, unsigned int groups)
{
	json_t *list = NULL;
	u64 any = 0;

	/* Mostly there are none. */
	for (unsigned int i = 0; i < READINGS_WORDS; i++)
		any |= derived[i] & shown[i];
	for (unsigned int q = 0; any && q < Q_COUNT; q++) {
		if (!((derived[q / 64] & shown[q / 64]) >> (q % 64) & 1) ||
		    !(groups & JSON_GROUP(quantity_table[q].group)))
			continue;
		if (!list)
			list = json_array();
		if (json_array_append_new(list, json_string(quantity_table[q].name))) {
			json_decref(list);
			return -ENOMEM;
		}
	}

	return list && json_object_set_new(object, DERIVED_NAME, list) ? -ENOMEM : 0;
}

int json_add_readings(json_t *object, const struct readings *r, unsigned int groups)
{
	int n = 0;

	for_each_reading(q, r) {
		if (!(groups & JSON_GROUP(quantity_table[q].group)))
			continue;
		if (json_object_set_new(object, quantity_table[q].name, json_quantity(q, r->value[q])))
			return -ENOMEM;
		n++;
	}
	for (unsigned int i = 0; i < READINGS_WORDS; i++) {
		for (u64 lost = r->lost[i]; lost; lost &= lost - 1) {
			const struct quantity_info *q = &quantity_table[i * 64 + __builtin_ctzll(lost)];

			if (!(groups & JSON_GROUP(q->group)))
				continue;
			if (json_object_set_new(object, q->name, json_null()))
				return -ENOMEM;
			n++;
		}
	}

	if (json_add_derived(object, r->derived, r->present, groups) < 0)
		return -ENOMEM;
	if (n && r->unverified && json_object_set_new(object, UNVERIFIED_NAME, json_true()))
		return -ENOMEM;

	return n;
}

json_t *json_text(const char *p, size_t n)
{
	char text[256];

	if (n >= sizeof(text))
		n = sizeof(text) - 1;
	for (size_t i = 0; i < n; i++)
		text[i] = p[i] >= ' ' && p[i] <= '~' ? p[i] : '?';

	return json_stringn(text, n);
}

char *iso_utc(u64 us, char *buf)
{
	time_t s = (time_t)(us / USEC_PER_SEC);
	struct tm tm;
	size_t n;

	gmtime_r(&s, &tm);
	n = strftime(buf, ISO_UTC_MAX, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(buf + n, ISO_UTC_MAX - n, ".%03uZ",
		 (unsigned int)(us % USEC_PER_SEC / USEC_PER_MSEC));

	return buf;
}
