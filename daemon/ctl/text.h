/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Text for people: times, numbers, and strings of strangers that are about to reach a terminal.
 *
 * Pure but for the time zone.  All functions return @buf.
 */
#ifndef AMSHAN_CTL_TEXT_H
#define AMSHAN_CTL_TEXT_H

#include "meter/quantity.h"

#define TEXT_MAX 256	/* fits all but texts that are escaped; those are cut off */

/**
 * text_escape() - make a string harmless for a terminal
 * @in: UTF-8
 * @buf: the result, cut at a character if it does not fit
 * @size: its size, at least 1
 *
 * Control characters, characters without width or that turn the direction of writing, and what is
 * no UTF-8 become '?'.
 */
char *text_escape(const char *in, char *buf, size_t size);

/* text_value() - text_number(), or text_time() of a quantity that is a time */
char *text_value(enum quantity q, double v, u64 now_us, char *buf, size_t size);

/* text_number() - 15 digits, without an exponent where that is readable */
char *text_number(double v, char *buf, size_t size);

/**
 * text_ago() - how long ago: "now", "12 s ago", "5 min ago", "3 h ago", "2 d ago"
 * @then_us: microseconds since the epoch, 0: "never"
 * @now_us: now; if it is before @then_us, clocks differ: "now"
 */
char *text_ago(u64 then_us, u64 now_us, char *buf, size_t size);

/**
 * text_time() - local time: "12:03:04", and with the date if it is of another day than @now_us
 * @us: microseconds since the epoch, 0: "never"
 */
char *text_time(u64 us, u64 now_us, char *buf, size_t size);

#endif /* AMSHAN_CTL_TEXT_H */
