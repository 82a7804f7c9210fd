/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Telegrams: the lines of P1 as registers.
 *
 * `A-B:C.D.E[*F](value[*unit])(value[*unit])...` per line.  Each value becomes one register in the
 * order of the telegram: a number with a unit known here as AXDR_DIGITS with the scaler and the
 * COSEM unit that make it W, var, Wh, varh, V, A, m3, J...; anything else as visible-string of
 * what stands between the parentheses (counts like 00015 too: whether they are numbers is the
 * matter of who names them).  A line with several values gives several registers with the same
 * code.  A line of values alone goes on with the line before it (DSMR 2 and 3).  Nothing is copied:
 * values point into the telegram.  Pure.
 */
#ifndef AMSHAN_METER_TELEGRAM_H
#define AMSHAN_METER_TELEGRAM_H

#include "dlms/list.h"

/**
 * struct telegram - what stands in front of the lines
 * @flag: three letters of the maker (FLAG association)
 * @type: identification behind the baud rate character, @type_len octets, without `\2` of mode E
 */
struct telegram {
	const u8 *flag;
	const u8 *type;
	u8 type_len;
};

/**
 * telegram_parse() - read the lines
 * @text: from '/' (or of the decrypted text: wherever it begins) through '!' and what follows
 * @n: its length
 * @ret: identification; @ret->flag is NULL if there is none
 * @list: the registers, shape LIST_TELEGRAM; @list->elements is the number of lines
 *
 * Printable lines without a code are left out.
 *
 * Return: 0; -EBADMSG if a line is no line of P1, or the last one has no end (then nothing of it is
 * to be used); -E2BIG for more than LIST_MAX values.
 */
int telegram_parse(const u8 *text, size_t n, struct telegram *ret, struct cosem_list *list);

#endif /* AMSHAN_METER_TELEGRAM_H */
