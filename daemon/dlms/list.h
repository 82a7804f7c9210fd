/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Lists: a notification's body as registers.
 *
 * A register is a value with what the message says of it: OBIS code, scaler, unit, or nothing.
 * Four shapes are known: rows (an array or structure of structures {OBIS, value[, {scaler, unit}]}),
 * pairs (one structure of OBIS, value[, {scaler, unit}], OBIS, value..., perhaps between values
 * without a code), objects (one structure with an array of descriptors {class, OBIS, attribute,
 * index}, which say what its values are) and positional (one structure of values).  Any other body
 * is walked through and gives what it has of the first two.  One pass, no heap; texts point into
 * the message.
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

/* Push setup objects, 0-B:25.9.E: the code of a push list, in no message the name of a value. */
#define OBIS_IS_PUSH_SETUP(obis)	(((obis) >> 16 & 0xffff) == (25 << 8 | 9) && (obis) >> 40 == 0)

enum list_shape {
	LIST_ROWS,		/* array or structure of structures with OBIS codes */
	LIST_PAIRS,		/* one structure, OBIS codes and values in turn */
	LIST_POSITIONAL,	/* one structure of values */
	LIST_OBJECTS,		/* descriptors first, then the values that they describe */
	LIST_OTHER,
	LIST_TELEGRAM,		/* lines of P1 (meter/telegram.h) */
};

/**
 * struct cosem_register - one value of a list
 * @obis: its code, OBIS_NONE if the list does not give one (of a positional list whose order is
 *        known it is put in later, by message_next())
 * @value: the element; of a structured value only the head
 * @scaler: power of ten that the message gives, if @scaled
 * @unit: COSEM unit that the message gives, if @scaled (27 W, 30 Wh, ..., 255 none)
 * @scaled: the message has a scaler and a unit
 * @named: of a telegram: something among the readings stands for it
 */
struct cosem_register {
	u64 obis;
	struct axdr value;
	s8 scaler;
	u8 unit;
	bool scaled;
	bool named;
};

/**
 * struct cosem_list - the registers of one body, in the order of the message
 * @shape: as found
 * @elements: elements of the outermost array or structure, 0 if the body is a single value
 * @setup: code of the push setup object that the list names, OBIS_NONE: it names none
 * @n: registers in @reg
 * @reg: the registers
 */
struct cosem_list {
	enum list_shape shape;
	u16 elements;
	u64 setup;
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

/**
 * obis_parse() - read "1-0:1.8.0" or "1-0:1.8.0.255"; without F it is 255
 * @text: the text
 * @ret: untouched on failure
 *
 * Return: 0, or -EINVAL if it is no code.
 */
int obis_parse(const char *text, u64 *ret);

/* obis_text() - write "1-0:1.8.0", with ".F" only where F is not 255; @buf: OBIS_TEXT_MAX octets */
void obis_text(u64 obis, char *buf);

#endif /* AMSHAN_DLMS_LIST_H */
