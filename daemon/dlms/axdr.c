// SPDX-License-Identifier: GPL-2.0
/*
 * A-XDR: the data types of COSEM (IEC 62056-6-2), one element at a time.
 */
#include <errno.h>
#include <string.h>

#include "dlms/axdr.h"
#include "util.h"

const u8 axdr_fixed[AXDR_TAGS] = {
	[AXDR_NULL] = 0,
	[AXDR_ARRAY] = 0,
	[AXDR_STRUCTURE] = 0,
	[AXDR_BOOLEAN] = 1,
	[AXDR_BIT_STRING] = 0,
	[AXDR_DOUBLE_LONG] = 4,
	[AXDR_DOUBLE_LONG_UNSIGNED] = 4,
	[AXDR_FLOATING_POINT] = 4,
	[8] = AXDR_NO_TYPE,
	[AXDR_OCTET_STRING] = 0,
	[AXDR_VISIBLE_STRING] = 0,
	[11] = AXDR_NO_TYPE,
	[AXDR_UTF8_STRING] = 0,
	[AXDR_BCD] = 1,
	[14] = AXDR_NO_TYPE,
	[AXDR_INTEGER] = 1,
	[AXDR_LONG] = 2,
	[AXDR_UNSIGNED] = 1,
	[AXDR_LONG_UNSIGNED] = 2,
	[AXDR_COMPACT_ARRAY] = 0,
	[AXDR_LONG64] = 8,
	[AXDR_LONG64_UNSIGNED] = 8,
	[AXDR_ENUM] = 1,
	[AXDR_FLOAT32] = 4,
	[AXDR_FLOAT64] = 8,
	[AXDR_DATE_TIME] = 12,
	[AXDR_DATE] = 5,
	[AXDR_TIME] = 4,
};

static const char *const tag_names[AXDR_TAGS] = {
	[AXDR_NULL] = "null-data",
	[AXDR_ARRAY] = "array",
	[AXDR_STRUCTURE] = "structure",
	[AXDR_BOOLEAN] = "boolean",
	[AXDR_BIT_STRING] = "bit-string",
	[AXDR_DOUBLE_LONG] = "double-long",
	[AXDR_DOUBLE_LONG_UNSIGNED] = "double-long-unsigned",
	[AXDR_FLOATING_POINT] = "floating-point",
	[AXDR_OCTET_STRING] = "octet-string",
	[AXDR_VISIBLE_STRING] = "visible-string",
	[AXDR_UTF8_STRING] = "utf8-string",
	[AXDR_BCD] = "bcd",
	[AXDR_INTEGER] = "integer",
	[AXDR_LONG] = "long",
	[AXDR_UNSIGNED] = "unsigned",
	[AXDR_LONG_UNSIGNED] = "long-unsigned",
	[AXDR_COMPACT_ARRAY] = "compact-array",
	[AXDR_LONG64] = "long64",
	[AXDR_LONG64_UNSIGNED] = "long64-unsigned",
	[AXDR_ENUM] = "enum",
	[AXDR_FLOAT32] = "float32",
	[AXDR_FLOAT64] = "float64",
	[AXDR_DATE_TIME] = "date-time",
	[AXDR_DATE] = "date",
	[AXDR_TIME] = "time",
};

const char *axdr_tag_name(u8 tag)
{
	return tag < AXDR_TAGS ? tag_names[tag] : NULL;
}

int axdr_length_next(const u8 **p, const u8 *end, u16 *ret)
{
	const u8 *q = *p;

	if (q == end)
		return -EBADMSG;
	if (*q < 0x80) {
		*ret = *q++;
	} else if (*q == 0x81 && end - q >= 2) {
		*ret = q[1];
		q += 2;
	} else if (*q == 0x82 && end - q >= 3) {
		*ret = q[1] << 8 | q[2];
		q += 3;
	} else {
		return -EBADMSG;
	}
	*p = q;

	return 0;
}

/* The type description of a compact-array: a tag, and for containers what they are made of. */
static int description_skip(const u8 **p, const u8 *end, unsigned int depth)
{
	const u8 *q = *p;
	u16 count;
	u8 tag;
	int r;

	if (q == end || depth > AXDR_DEPTH_MAX)
		return -EBADMSG;

	tag = *q++;
	if (tag == AXDR_ARRAY) {
		if (end - q < 2)
			return -EBADMSG;
		q += 2;
		r = description_skip(&q, end, depth + 1);
		if (r < 0)
			return r;
	} else if (tag == AXDR_STRUCTURE) {
		r = axdr_length_next(&q, end, &count);
		/*
		 * Each field's description is an octet or more: the count is bounded by the octets.
		 */
		while (r == 0 && count--)
			r = description_skip(&q, end, depth + 1);
		if (r < 0)
			return r;
	} else if (!axdr_tag_name(tag)) {
		return -EBADMSG;
	}
	*p = q;

	return 0;
}

int axdr_next_variable(const u8 **p, const u8 *end, struct axdr *ret)
{
	const u8 *q = *p;
	size_t len;
	int r;

	if (q == end)
		return -ENODATA;

	ret->tag = *q++;
	if (!axdr_tag_name(ret->tag))
		return -EBADMSG;

	ret->count = 0;
	ret->len = 0;
	ret->data = q;
	len = axdr_fixed[ret->tag];

	switch (ret->tag) {
	case AXDR_NULL:
		break;
	case AXDR_ARRAY:
	case AXDR_STRUCTURE:
		r = axdr_length_next(&q, end, &ret->count);
		if (r < 0)
			return r;
		break;
	case AXDR_BIT_STRING:
	case AXDR_OCTET_STRING:
	case AXDR_VISIBLE_STRING:
	case AXDR_UTF8_STRING:
		r = axdr_length_next(&q, end, &ret->count);
		if (r < 0)
			return r;
		len = ret->tag == AXDR_BIT_STRING ? (ret->count + 7u) / 8 : ret->count;
		break;
	case AXDR_COMPACT_ARRAY:
		r = description_skip(&q, end, 0);
		if (r == 0)
			r = axdr_length_next(&q, end, &ret->count);
		if (r < 0)
			return r;
		if (ret->count > end - q)
			return -EBADMSG;
		q += ret->count;
		if (q - ret->data > 0xffff)
			return -EBADMSG;
		ret->len = q - ret->data;
		*p = q;
		return 0;
	default:
		ret->count = len;
	}

	if (len > (size_t)(end - q))
		return -EBADMSG;
	ret->data = q;
	ret->len = len;
	*p = q + len;

	return 0;
}

int axdr_skip(const u8 **p, const u8 *end)
{
	u16 left[AXDR_DEPTH_MAX + 1];
	unsigned int depth = 0;
	const u8 *q = *p;
	struct axdr e;
	int r;

	left[0] = 1;
	for (;;) {
		while (left[depth] == 0) {
			if (depth == 0) {
				*p = q;
				return 0;
			}
			depth--;
		}
		left[depth]--;

		r = axdr_next(&q, end, &e);
		if (r < 0)
			return r == -ENODATA && q != *p ? -EBADMSG : r;
		if (e.tag == AXDR_ARRAY || e.tag == AXDR_STRUCTURE) {
			if (depth == AXDR_DEPTH_MAX)
				return -ELOOP;
			left[++depth] = e.count;
		}
	}
}

#define DIGITS_MAX	18	/* what any s64 has room for */

/* The mantissa of a number that is written with digits. */
static int digits_integer(const struct axdr *e, s64 *ret)
{
	const u8 *p = e->data, *end = p + e->len, *first;
	bool negative = p < end && *p == '-';
	size_t points = 0;
	u64 v = 0;

	/* Zeros in front are none of the digits that there may be. */
	for (p += negative; end - p > DIGITS_MAX && *p == '0'; p++)
		;
	for (first = p; p < end; p++) {
		u8 digit = *p - '0';

		if (digit <= 9)
			v = v * 10 + digit;
		else if (*p == '.')
			points++;
		else
			return -EINVAL;
	}
	if ((size_t)(end - first) == points)
		return -EINVAL;
	if (end - first - points > DIGITS_MAX)
		return -ERANGE;
	*ret = negative ? -(s64)v : (s64)v;

	return 0;
}

int axdr_integer(const struct axdr *e, s64 *ret)
{
	const u8 *p = e->data;
	u64 v = 0;

	if (e->tag == AXDR_DIGITS)
		return digits_integer(e, ret);

	for (unsigned int i = 0; i < e->len && i < 8; i++)
		v = v << 8 | p[i];

	switch (e->tag) {
	case AXDR_BOOLEAN:
		*ret = v != 0;
		return 0;
	case AXDR_UNSIGNED:
	case AXDR_LONG_UNSIGNED:
	case AXDR_DOUBLE_LONG_UNSIGNED:
	case AXDR_ENUM:
		*ret = (s64)v;
		return 0;
	case AXDR_LONG64_UNSIGNED:
		if (v > INT64_MAX)
			return -ERANGE;
		*ret = (s64)v;
		return 0;
	case AXDR_INTEGER:
		*ret = (s8)v;
		return 0;
	case AXDR_LONG:
		*ret = (s16)v;
		return 0;
	case AXDR_DOUBLE_LONG:
		*ret = (s32)v;
		return 0;
	case AXDR_LONG64:
		*ret = (s64)v;
		return 0;
	case AXDR_BCD:
		/* Two digits; anything else in a nibble was never a number. */
		if ((v >> 4) > 9 || (v & 15) > 9)
			return -EINVAL;
		*ret = (s64)((v >> 4) * 10 + (v & 15));
		return 0;
	default:
		return -EINVAL;
	}
}

int axdr_float(const struct axdr *e, double *ret)
{
	const u8 *p = e->data;

	if (e->tag == AXDR_FLOAT32 || e->tag == AXDR_FLOATING_POINT) {
		u32 v = (u32)p[0] << 24 | (u32)p[1] << 16 | (u32)p[2] << 8 | p[3];
		float f;

		memcpy(&f, &v, sizeof(f));
		*ret = f;
		return 0;
	}
	if (e->tag == AXDR_FLOAT64) {
		u64 v = 0;

		for (unsigned int i = 0; i < 8; i++)
			v = v << 8 | p[i];
		memcpy(ret, &v, sizeof(*ret));
		return 0;
	}

	return -EINVAL;
}
