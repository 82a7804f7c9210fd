/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Decimal numbers: mantissa x 10^exponent, exact from the message to the outermost edge.
 */
#ifndef AMSHAN_METER_DECIMAL_H
#define AMSHAN_METER_DECIMAL_H

#include <amshan/types.h>

struct decimal {
	s64 mantissa;
	s8 exponent;
};

/* decimal_double() - the nearest double */
double decimal_double(struct decimal d);

/**
 * decimal_from_double() - the shortest decimal that reads back as the same double
 * @v: the number
 * @ret: untouched on failure
 *
 * Return: 0; -ERANGE if it is not finite or does not fit.
 */
int decimal_from_double(double v, struct decimal *ret);

/**
 * decimal_parse() - read "50", "0.5", "-1.25"; no exponents, no white space
 * @s: the text
 * @ret: untouched on failure
 *
 * Return: 0; -EINVAL if it is no number; -ERANGE if it has more than 18 digits.
 */
int decimal_parse(const char *s, struct decimal *ret);

/* decimal_parse_text() - the same of a text of @n characters that is not terminated */
int decimal_parse_text(const char *s, size_t n, struct decimal *ret);

/**
 * decimal_multiply() - exact product
 *
 * Return: 0; -ERANGE if it does not fit: *@ret is untouched then.
 */
int decimal_multiply(struct decimal a, struct decimal b, struct decimal *ret);

/**
 * decimal_add() - exact sum, to the finer resolution of the two
 *
 * Return: 0; -ERANGE if it does not fit: *@ret is untouched then.
 */
int decimal_add(struct decimal a, struct decimal b, struct decimal *ret);

#define DECIMAL_TEXT_MAX	160	/* sign, 19 digits, point, up to 128 zeros, NUL */

/*
 * decimal_text() - plain digits, as many behind the point as the exponent says; returns the length
 */
int decimal_text(struct decimal d, char *buf);

#endif /* AMSHAN_METER_DECIMAL_H */
