/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Lists built by hand, decoded, and what came of them as text.  To be included once per test.
 */
#ifndef TEST_LIST_LAB_H
#define TEST_LIST_LAB_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "../sim/encode.h"
#include "meter/message.h"
#include "util.h"

static struct message msg;
static struct enc enc;
static u8 octets[ENC_OCTETS_MAX];

/* 2026-03-04 05:06:07, UTC+1 */
static const u8 clock_octets[] = { 0x07, 0xea, 3, 4, 3, 5, 6, 7, 0, 0xff, 0xc4, 0 };

static void begin(void)
{
	enc_init(&enc, octets, sizeof(octets));
	enc_llc(&enc);
	enc_data_notification(&enc, 1, ENC_TIME_ABSENT, NULL);
}

static int decode(struct decoder *d)
{
	const u8 *p = octets;
	int r;

	assert_false(enc.overflow);
	r = message_next(d, &p, octets + enc.n, &msg);
	if (r == 0)
		assert_ptr_equal(p, octets + enc.n);
	return r;
}

static inline void put_text(const char *text)
{
	enc_octet_string(&enc, text, strlen(text));
}

static inline void put_u32s(unsigned int n, ...)
{
	va_list ap;

	va_start(ap, n);
	while (n--)
		enc_u32(&enc, va_arg(ap, unsigned int));
	va_end(ap);
}

static inline void put_u16s(unsigned int n, ...)
{
	va_list ap;

	va_start(ap, n);
	while (n--)
		enc_u16(&enc, (u16)va_arg(ap, unsigned int));
	va_end(ap);
}

/* One value of the message by its name, or "absent". */
static inline const char *value(const char *name)
{
	static char text[DECIMAL_TEXT_MAX];
	const struct readings *r = &msg.readings;

	for (unsigned int q = 0; q < Q_COUNT; q++) {
		if (strcmp(quantity_table[q].name, name))
			continue;
		if (!readings_has(r, q))
			return "absent";
		decimal_text(r->value[q], text);
		return text;
	}
	for (unsigned int i = 0; i < ID_COUNT; i++) {
		if (strcmp(identity_names[i], name))
			continue;
		if (!r->identity[i].p)
			return "absent";
		snprintf(text, sizeof(text), "%.*s", r->identity[i].len, r->identity[i].p);
		return text;
	}
	if (!strcmp(name, METER_TIME_NAME)) {
		if (!r->has_time)
			return "absent";
		cosem_time_iso(&r->time, text);
		return text;
	}
	fail_msg("%s is the name of nothing", name);
	return NULL;
}

static inline unsigned int numbers(void)
{
	unsigned int n = 0;

	for_each_reading(q, &msg.readings)
		n++;
	return n;
}

struct want {
	const char *name;
	const char *text;
};

/* These and no other numbers. */
static inline void check(const char *what, const struct want *want, size_t n)
{
	unsigned int expected = 0;

	for (size_t i = 0; i < n; i++) {
		const char *got = value(want[i].name);
		bool text = !strcmp(want[i].name, METER_TIME_NAME);

		for (unsigned int id = 0; id < ID_COUNT; id++)
			text |= !strcmp(want[i].name, identity_names[id]);
		if (strcmp(got, want[i].text))
			fail_msg("%s: %s is %s, expected %s", what, want[i].name, got, want[i].text);
		expected += !text && strcmp(want[i].text, "absent");
	}
	if (numbers() != expected)
		fail_msg("%s: %u numbers, expected %u", what, numbers(), expected);
}

#define CHECK(what, ...)								\
	do {										\
		static const struct want rows_[] = { __VA_ARGS__ };			\
											\
		check(what, rows_, ARRAY_SIZE(rows_));					\
	} while (0)

#endif /* TEST_LIST_LAB_H */
