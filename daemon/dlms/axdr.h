/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A-XDR: one data element at a time (the common data types of IEC 62056-6-2).
 *
 * A cursor goes over the octets once and yields scalars with their content and containers with the
 * number of their elements; the elements of a container follow as further elements.  Nothing is
 * copied, allocated or converted here.
 */
#ifndef AMSHAN_DLMS_AXDR_H
#define AMSHAN_DLMS_AXDR_H

#include <amshan/types.h>

#define AXDR_DEPTH_MAX	8	/* containers in containers; meters use 3 */

/* Tags of the COSEM data types. */
enum axdr_tag {
	AXDR_NULL = 0,
	AXDR_ARRAY = 1,
	AXDR_STRUCTURE = 2,
	AXDR_BOOLEAN = 3,
	AXDR_BIT_STRING = 4,
	AXDR_DOUBLE_LONG = 5,		/* s32 */
	AXDR_DOUBLE_LONG_UNSIGNED = 6,	/* u32 */
	AXDR_FLOATING_POINT = 7,	/* old name of a 4-octet float */
	AXDR_OCTET_STRING = 9,
	AXDR_VISIBLE_STRING = 10,
	AXDR_UTF8_STRING = 12,
	AXDR_BCD = 13,
	AXDR_INTEGER = 15,		/* s8 */
	AXDR_LONG = 16,			/* s16 */
	AXDR_UNSIGNED = 17,		/* u8 */
	AXDR_LONG_UNSIGNED = 18,	/* u16 */
	AXDR_COMPACT_ARRAY = 19,
	AXDR_LONG64 = 20,		/* s64 */
	AXDR_LONG64_UNSIGNED = 21,	/* u64 */
	AXDR_ENUM = 22,
	AXDR_FLOAT32 = 23,
	AXDR_FLOAT64 = 24,
	AXDR_DATE_TIME = 25,		/* 12 octets */
	AXDR_DATE = 26,			/* 5 octets */
	AXDR_TIME = 27,			/* 4 octets */
	/* Ours, in no message: digits of a text, a minus in front, points in them do not count. */
	AXDR_DIGITS = 0x80,
};

/**
 * struct axdr - one data element
 * @tag: enum axdr_tag
 * @count: array, structure: elements that follow; bit-string: bits; compact-array: octets of its
 *         contents; other: octets of content
 * @data: the content; arrays and structures: the first element; compact-array: the type
 *        description, behind which the contents stand
 * @len: octets of content at @data (compact-array: type description and contents together)
 */
struct axdr {
	u8 tag;
	u16 count;
	const u8 *data;
	u16 len;
};

/*
 * Octets of content of the types that have a fixed number of them; 0: the others, AXDR_NO_TYPE:
 * none.
 */
#define AXDR_NO_TYPE	0xff
#define AXDR_TAGS	28
extern const u8 axdr_fixed[AXDR_TAGS];

/**
 * axdr_length_next() - read a length or a count: one octet below 80h, or 81h or 82h and one or two
 * @p: the cursor; behind it on success, else untouched
 * @end: end of the octets
 * @ret: the length; untouched on failure
 *
 * Return: 0; -EBADMSG if it is cut off or of another form.
 */
int axdr_length_next(const u8 **p, const u8 *end, u16 *ret);

/* axdr_next_variable() - axdr_next() for the types whose length is in the message */
int axdr_next_variable(const u8 **p, const u8 *end, struct axdr *ret);

/**
 * axdr_next() - read the element at *@p
 * @p: the cursor; behind the element (containers: at its first element) on success, else untouched
 * @end: end of the octets
 * @ret: the element; undefined on failure
 *
 * Inline, because it is called some 80 times for each frame.
 *
 * Return: 0; -ENODATA at @end; -EBADMSG if the element is cut off, its length is not
 * representable or its tag is none of COSEM's.
 */
static inline int axdr_next(const u8 **p, const u8 *end, struct axdr *ret)
{
	const u8 *q = *p;
	size_t left = end - q;
	u8 len;

	if (left < 2 || q[0] >= AXDR_TAGS)
		return axdr_next_variable(p, end, ret);

	ret->tag = q[0];
	len = axdr_fixed[q[0]];
	if (len && len != AXDR_NO_TYPE && len < left) {
		ret->data = q + 1;
	} else if (q[0] == AXDR_OCTET_STRING && q[1] < 0x80 && q[1] <= left - 2) {
		len = q[1];
		ret->data = q + 2;
	} else if ((q[0] == AXDR_STRUCTURE || q[0] == AXDR_ARRAY) && q[1] < 0x80) {
		ret->count = q[1];
		ret->data = q + 2;
		ret->len = 0;
		*p = q + 2;
		return 0;
	} else {
		return axdr_next_variable(p, end, ret);
	}
	ret->count = len;
	ret->len = len;
	*p = ret->data + len;

	return 0;
}

/**
 * axdr_skip() - go over one element with all that it contains
 * @p: the cursor; behind the element on success, else untouched
 * @end: end of the octets
 *
 * Return: 0, or as axdr_next(); -ELOOP beyond AXDR_DEPTH_MAX.
 */
int axdr_skip(const u8 **p, const u8 *end);

/**
 * axdr_integer() - the value of an element of an integer type, boolean, enum, BCD or digits
 * @e: the element
 * @ret: its value, signed as its type says; of digits the mantissa; untouched on failure
 *
 * Return: 0; -EINVAL if it is of no such type, or digits are none; -ERANGE if it is above the range
 * of s64, or has more than 18 digits.
 */
int axdr_integer(const struct axdr *e, s64 *ret);

/**
 * axdr_float() - the value of a floating point element
 * @e: the element
 * @ret: its value; untouched on failure
 *
 * Return: 0; -EINVAL if it is of no such type.
 */
int axdr_float(const struct axdr *e, double *ret);

/* axdr_tag_name() - the standard's name of a tag ("long-unsigned"), or NULL */
const char *axdr_tag_name(u8 tag);

#endif /* AMSHAN_DLMS_AXDR_H */
