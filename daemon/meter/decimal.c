// SPDX-License-Identifier: GPL-2.0
/*
 * Decimal numbers: mantissa x 10^exponent.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "meter/decimal.h"
#include "util.h"

/* Powers of ten that a double holds exactly: one division or product then rounds only once. */
static const double exact_powers[] = {
	1e0,  1e1,  1e2,  1e3,	1e4,  1e5,  1e6,  1e7,	1e8,  1e9,  1e10, 1e11,
	1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
};

double decimal_double(struct decimal d)
{
	int e = abs(d.exponent);

	if (e < (int)ARRAY_SIZE(exact_powers) && d.mantissa > -(1ll << 53) &&
	    d.mantissa < (1ll << 53))
		return d.exponent < 0 ? d.mantissa / exact_powers[e] : d.mantissa * exact_powers[e];

	/* Beyond that strtod() knows how to round. */
	char text[DECIMAL_TEXT_MAX];

	snprintf(text, sizeof(text), "%llde%d", (long long)d.mantissa, d.exponent);

	return strtod(text, NULL);
}

int decimal_from_double(double v, struct decimal *ret)
{
	long long mantissa;
	char text[40];
	int exponent, digits;
	char *e, *end;

	if (!isfinite(v))
		return -ERANGE;

	for (digits = 1; digits <= 17; digits++) {
		snprintf(text, sizeof(text), "%.*e", digits - 1, v);
		if (strtod(text, NULL) == v)
			break;
	}

	/* "-1.2345e-02": the digits without the point are the mantissa. */
	e = strchr(text, 'e');
	exponent = (int)strtol(e + 1, NULL, 10);
	*e = '\0';
	char *point = strchr(text, '.');

	if (point) {
		exponent -= (int)strlen(point + 1);
		memmove(point, point + 1, strlen(point));
	}
	mantissa = strtoll(text, &end, 10);
	if (*end || exponent > INT8_MAX || exponent < INT8_MIN)
		return -ERANGE;

	*ret = (struct decimal){ mantissa, (s8)exponent };

	return 0;
}

int decimal_parse_text(const char *s, size_t n, struct decimal *ret)
{
	bool negative = n && *s == '-', point = false, any = false;
	const char *end = s + n;
	struct decimal d = { 0 };
	int digits = 0;

	for (s += negative; s < end; s++) {
		if (*s == '.' && !point) {
			point = true;
			continue;
		}
		if (*s < '0' || *s > '9')
			return -EINVAL;
		any = true;
		if (d.mantissa || *s != '0')
			digits++;
		if (digits > 18 || d.exponent == INT8_MIN)
			return -ERANGE;
		d.mantissa = d.mantissa * 10 + (*s - '0');
		d.exponent -= point;
	}
	if (!any)
		return -EINVAL;
	if (negative)
		d.mantissa = -d.mantissa;
	*ret = d;

	return 0;
}

int decimal_parse(const char *s, struct decimal *ret)
{
	return decimal_parse_text(s, strlen(s), ret);
}

int decimal_multiply(struct decimal a, struct decimal b, struct decimal *ret)
{
	long long mantissa;
	int exponent = a.exponent + b.exponent;

	if (__builtin_mul_overflow(a.mantissa, b.mantissa, &mantissa) || exponent > INT8_MAX ||
	    exponent < INT8_MIN)
		return -ERANGE;
	*ret = (struct decimal){ mantissa, (s8)exponent };

	return 0;
}

int decimal_add(struct decimal a, struct decimal b, struct decimal *ret)
{
	struct decimal *coarse = a.exponent > b.exponent ? &a : &b, *fine = coarse == &a ? &b : &a;
	long long mantissa = coarse->mantissa;

	for (int e = coarse->exponent; e > fine->exponent; e--)
		if (__builtin_mul_overflow(mantissa, 10, &mantissa))
			return -ERANGE;
	if (__builtin_add_overflow(mantissa, fine->mantissa, &mantissa))
		return -ERANGE;
	*ret = (struct decimal){ mantissa, fine->exponent };

	return 0;
}

/* As many as an s8 exponent can ask for. */
static const char zeros[] = "0000000000000000000000000000000000000000000000000000000000000000"
			    "0000000000000000000000000000000000000000000000000000000000000000";

int decimal_text(struct decimal d, char *buf)
{
	unsigned long long magnitude = d.mantissa < 0 ? -(unsigned long long)d.mantissa :
							(unsigned long long)d.mantissa;
	const char *sign = d.mantissa < 0 ? "-" : "";
	char digits[24];
	int n = snprintf(digits, sizeof(digits), "%llu", magnitude);
	int behind = d.exponent < 0 ? -d.exponent : 0;

	if (!magnitude && !behind)
		return snprintf(buf, DECIMAL_TEXT_MAX, "0");
	if (!behind)
		return snprintf(buf, DECIMAL_TEXT_MAX, "%s%s%.*s", sign, digits, d.exponent, zeros);
	if (n > behind)
		return snprintf(buf, DECIMAL_TEXT_MAX, "%s%.*s.%s", sign, n - behind, digits,
				digits + n - behind);

	return snprintf(buf, DECIMAL_TEXT_MAX, "%s0.%.*s%s", sign, behind - n, zeros, digits);
}
