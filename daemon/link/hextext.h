/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Hex text: octets written as pairs of hex digits, the way captures are kept and mailed.
 *
 * White space stands anywhere between octets, a line that begins with '#' (behind white space, if
 * any) is a comment.  Pure: no allocation, no I/O.
 */
#ifndef AMSHAN_LINK_HEXTEXT_H
#define AMSHAN_LINK_HEXTEXT_H

#include <amshan/types.h>

/**
 * hextext_is() - is this hex text, with at least one octet?
 * @data: the characters
 * @n: their number
 *
 * Return: true if hextext_decode() would take all of it and give something.
 */
bool hextext_is(const u8 *data, size_t n);

/**
 * hextext_decode() - from text to octets
 * @in: the characters
 * @n: their number
 * @out: n / 2 octets; may be @in
 * @ret_n: octets written; untouched on failure
 * @ret_line: on -EINVAL the line of the mistake, counted from 1, otherwise untouched; or NULL
 *
 * Return: 0, also for text without an octet; -EINVAL for a character that has no place in hex text
 * or a digit that stands alone: @out is undefined then.
 */
int hextext_decode(const u8 *in, size_t n, u8 *out, size_t *ret_n, unsigned int *ret_line);

/* hextext_digit() - the value of a hex digit, -1 for other characters */
int hextext_digit(u8 c);

/* hextext_is_space() - white space, whatever the locale says */
bool hextext_is_space(u8 c);

#endif /* AMSHAN_LINK_HEXTEXT_H */
