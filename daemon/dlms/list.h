/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Lists: a notification's body as registers.
 *
 * A register is a value with what the message says of it: OBIS code, scaler, unit, or nothing.
 * Three shapes are known: rows (an array of structures {OBIS, value[, {scaler, unit}]}), pairs (one
 * structure of OBIS, value, OBIS, value..., perhaps behind a list id) and positional (one
 * structure of values).  Any other body is walked through and gives what it has of the first two.
 * One pass, no heap; texts point into the message.
 */
#ifndef AMSHAN_DLMS_LIST_H
#define AMSHAN_DLMS_LIST_H

#include "dlms/axdr.h"

#define LIST_MAX	256	/* registers; a frame of 2047 octets has room for some 200 coded ones */

/*
 * An OBIS code A-B:C.D.E*F as a number, A in the highest of six octets (IEC 62056-61).
 */
#define OBIS(a, b, c, d, e, f)							\
	((u64)(a) << 40 | (u64)(b) << 32 | (u64)(c) << 24 | (u64)(d) << 16 |	\
	 (u64)(e) << 8 | (u64)(f))
#define OBIS_NONE	0

enum list_shape {
	LIST_ROWS,		/* array of structures with OBIS codes */
	LIST_PAIRS,		/* one structure, OBIS codes and values in turn */
	LIST_POSITIONAL,	/* one structure of values */
	LIST_OTHER,
	LIST_TELEGRAM,		/* lines of P1 (meter/telegram.h) */
};

/**
 * struct cosem_register - one value of a list
 * @obis: its code, OBIS_NONE if the list does not give one
 * @value: the element; of a structured value only the head
 * @scaler: power of ten that the message gives, if @scaled
 * @unit: COSEM unit that the message gives, if @scaled (27 W, 30 Wh, ..., 255 none)
 * @scaled: the message has a scaler and a unit
 */
struct cosem_register {
	u64 obis;
	struct axdr value;
	s8 scaler;
	u8 unit;
	bool scaled;
};

/**
 * struct cosem_list - the registers of one body, in the order of the message
 * @shape: as found
 * @elements: elements of the outermost array or structure, 0 if the body is a single value
 * @n: registers in @reg
 * @reg: the registers
 */
struct cosem_list {
	enum list_shape shape;
	u16 elements;
	u16 n;
	struct cosem_register reg[LIST_MAX];
};

/**
 * list_parse() - read one body
 * @p: cursor; behind the body on success, else untouched
 * @end: end of the octets
 * @ret: the registers; undefined on failure
 *
 * Return: 0; -ENODATA at @end; -EBADMSG for a malformed body; -ELOOP for one nested too deep;
 * -E2BIG for more than LIST_MAX registers.
 */
int list_parse(const u8 **p, const u8 *end, struct cosem_list *ret);

#define OBIS_TEXT_MAX	sizeof("255-255:255.255.255.255")

/* obis_text() - write "1-0:1.8.0", with ".F" only where F is not 255; @buf: OBIS_TEXT_MAX octets */
void obis_text(u64 obis, char *buf);

#endif /* AMSHAN_DLMS_LIST_H */
