// SPDX-License-Identifier: GPL-2.0
/*
 * Telegrams: the lines of P1 as registers.
 *
 * One pass over the text, one line at a time.  What a line may be is in telegram.h; two lines belong
 * together only in DSMR 2 and 3, which write the last reading of a meter behind a channel as
 *
 *	0-1:24.3.0(090212160000)(00)(60)(1)(0-1:24.2.1)(m3)
 *	(00000.000)
 *
 * where the code and the unit of the value stand in the line before it.
 */
#include <errno.h>
#include <string.h>

#include "meter/telegram.h"
#include "util.h"

#define IDENT_TYPE	5	/* where the type begins: behind '/', three letters, the baud rate */
#define NUMBER_MAX	40	/* characters; nobody has so many digits */
#define UNIT_MAX	5

/* The letters of a unit in one number: small, but for an M in front, which is mega and not milli. */
#define UNIT(a, b, c, d, e)									\
	((u64)(a) | (u64)(b) << 8 | (u64)(c) << 16 | (u64)(d) << 24 | (u64)(e) << 32)

/* COSEM units: IEC 62056-6-2. */
static const struct unit {
	u64 letters;
	s8 scaler;
	u8 cosem;
} units[] = {
	{ UNIT('k', 'w', 0, 0, 0), 3, 27 },
	{ UNIT('k', 'v', 'a', 'r', 0), 3, 29 },
	{ UNIT('v', 0, 0, 0, 0), 0, 35 },
	{ UNIT('a', 0, 0, 0, 0), 0, 33 },
	{ UNIT('k', 'w', 'h', 0, 0), 3, 30 },
	{ UNIT('k', 'v', 'a', 'r', 'h'), 3, 32 },
	{ UNIT('m', '3', 0, 0, 0), 0, 13 },
	{ UNIT('s', 0, 0, 0, 0), 0, 7 },
	{ UNIT('w', 0, 0, 0, 0), 0, 27 },
	{ UNIT('M', 'w', 0, 0, 0), 6, 27 },
	{ UNIT('w', 'h', 0, 0, 0), 0, 30 },
	{ UNIT('M', 'w', 'h', 0, 0), 6, 30 },
	{ UNIT('v', 'a', 'r', 0, 0), 0, 29 },
	{ UNIT('M', 'v', 'a', 'r', 0), 6, 29 },
	{ UNIT('v', 'a', 'r', 'h', 0), 0, 32 },
	{ UNIT('M', 'v', 'a', 'r', 'h'), 6, 32 },
	{ UNIT('v', 'a', 0, 0, 0), 0, 28 },
	{ UNIT('k', 'v', 'a', 0, 0), 3, 28 },
	{ UNIT('v', 'a', 'h', 0, 0), 0, 31 },
	{ UNIT('k', 'v', 'a', 'h', 0), 3, 31 },
	{ UNIT('k', 'v', 0, 0, 0), 3, 35 },
	{ UNIT('m', 'a', 0, 0, 0), -3, 33 },
	{ UNIT('j', 0, 0, 0, 0), 0, 25 },
	{ UNIT('k', 'j', 0, 0, 0), 3, 25 },
	{ UNIT('M', 'j', 0, 0, 0), 6, 25 },
	{ UNIT('g', 'j', 0, 0, 0), 9, 25 },
	{ UNIT('h', 'z', 0, 0, 0), 0, 44 },
	{ UNIT('h', 0, 0, 0, 0), 0, 5 },
	{ UNIT('%', 0, 0, 0, 0), 0, 56 },
};

/**
 * struct lines - the lines while they are read
 * @list: the registers so far
 * @obis: code of the last line that had one, OBIS_NONE: not yet
 * @said_obis: a code among the values of that line
 * @said_unit: a unit among them
 * @unit: the last one that was found: mostly the next is the same
 */
struct lines {
	struct cosem_list *list;
	u64 obis;
	u64 said_obis;
	const struct unit *said_unit;
	const struct unit *unit;
};

static bool is_digit(u8 c)
{
	return (u8)(c - '0') < 10;
}

static bool is_printable(u8 c)
{
	return c >= ' ' && c < 0x7f;
}

static bool all_printable(const u8 *p, const u8 *end)
{
	while (p < end && is_printable(*p))
		p++;

	return p == end;
}

static const struct unit *unit_find(struct lines *l, const u8 *p, size_t n)
{
	u64 letters = 0;

	if (n > UNIT_MAX)
		return NULL;
	for (size_t i = 0; i < n; i++) {
		u8 c = p[i];

		if (c >= 'A' && c <= 'Z' && (i || c != 'M'))
			c |= 0x20;
		letters |= (u64)c << 8 * i;
	}
	if (l->unit->letters == letters)
		return l->unit;
	for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
		if (units[i].letters == letters) {
			l->unit = &units[i];
			return l->unit;
		}
	}

	return NULL;
}

/* A-B:C.D.E[*F]; -EINVAL: it is none. */
static int obis_next(const u8 **p, const u8 *end, u64 *ret)
{
	static const char behind[] = "-:..";
	const u8 *q = *p;
	u64 obis = 0;

	for (unsigned int group = 0; group < 6; group++) {
		unsigned int v;

		if (group == 5 && (q == end || *q != '*')) {
			obis = obis << 8 | 0xff;
			break;
		}
		q += group == 5;
		if (q == end || !is_digit(*q))
			return -EINVAL;
		v = *q++ - '0';
		for (unsigned int more = 0; more < 2 && q < end && is_digit(*q); more++)
			v = v * 10 + (*q++ - '0');
		if (v > 255)
			return -EINVAL;
		obis = obis << 8 | v;
		if (group < 4 && (q == end || *q++ != (u8)behind[group]))
			return -EINVAL;
	}
	*p = q;
	*ret = obis;

	return 0;
}

/* ---- values ---- */

/* Digits with at most one point, perhaps behind a minus: where they end, or NULL. */
static const u8 *number_end(const u8 *p, const u8 *end, unsigned int *ret_behind)
{
	const u8 *q, *point = NULL;

	q = p += p < end && *p == '-';
	for (; q < end; q++) {
		if (is_digit(*q))
			continue;
		if (*q != '.' || point)
			break;
		point = q;
	}
	if (q - p - (point != NULL) < 1 || q - p > NUMBER_MAX)
		return NULL;
	*ret_behind = point ? (unsigned int)(q - point - 1) : 0;

	return q;
}

static int register_add(struct lines *l, u64 obis, u8 tag, const u8 *p, const u8 *end,
			struct cosem_register **ret)
{
	struct cosem_register *reg = &l->list->reg[l->list->n];

	if (l->list->n == LIST_MAX)
		return -E2BIG;
	l->list->n++;
	*reg = (struct cosem_register){
		.obis = obis,
		.value = { .tag = tag, .count = (u16)(end - p), .data = p, .len = (u16)(end - p) },
	};
	*ret = reg;

	return 0;
}

static int number_add(struct lines *l, u64 obis, const u8 *p, const u8 *end, unsigned int behind,
		      const struct unit *unit)
{
	struct cosem_register *reg;
	int r;

	r = register_add(l, obis, AXDR_DIGITS, p, end, &reg);
	if (r < 0)
		return r;
	reg->scaler = (s8)(unit->scaler - (int)behind);
	reg->unit = unit->cosem;
	reg->scaled = true;

	return 0;
}

/* What a value that is a text says of the line that may follow. */
static void note_said(struct lines *l, const u8 *p, const u8 *end)
{
	const struct unit *unit = unit_find(l, p, end - p);
	u64 obis;

	if (unit)
		l->said_unit = unit;
	if (obis_next(&p, end, &obis) == 0 && p == end)
		l->said_obis = obis;
}

static int text_add(struct lines *l, u64 obis, const u8 *p, const u8 *end)
{
	struct cosem_register *reg;

	/* Only the lines of channels go on. */
	if ((u8)(obis >> 24) == 24)
		note_said(l, p, end);

	return register_add(l, obis, AXDR_VISIBLE_STRING, p, end, &reg);
}

/*
 * One value, from behind its parenthesis; *@p is behind the closing one afterwards.  @unit: for a number
 * without one, or NULL.
 */
static int value_take(struct lines *l, u64 obis, const struct unit *unit, const u8 **p, const u8 *end)
{
	unsigned int behind;
	const u8 *begin = *p, *number = number_end(begin, end, &behind), *q = number ?: begin;

	if (number && q < end && *q == '*') {
		unit = NULL;
		for (q++; q < end && *q != ')' && q - number <= UNIT_MAX; q++)
			;
		if (q < end && *q == ')')
			unit = unit_find(l, number + 1, q - number - 1);
	}
	if (number && unit && q < end && *q == ')') {
		*p = q + 1;
		return number_add(l, obis, begin, number, behind, unit);
	}
	for (q = begin; q < end && *q != ')'; q++) {
		if (!is_printable(*q) || *q == '(')
			return -EBADMSG;
	}
	if (q == end)
		return -EBADMSG;
	*p = q + 1;

	return text_add(l, obis, begin, q);
}

static int values_take(struct lines *l, u64 obis, const struct unit *unit, const u8 *p, const u8 *end)
{
	int r;

	while (p < end && *p == '(') {
		p++;
		r = value_take(l, obis, unit, &p, end);
		if (r < 0)
			return r;
	}
	while (p < end && *p == ' ')
		p++;

	return p == end ? 0 : -EBADMSG;
}

/* ---- lines ---- */

static int line_take(struct lines *l, const u8 *p, const u8 *end)
{
	const u8 *q = p;
	u64 obis;

	if (obis_next(&q, end, &obis) == 0 && q < end && *q == '(') {
		l->obis = obis;
		l->said_obis = OBIS_NONE;
		l->said_unit = NULL;
		return values_take(l, obis, NULL, q, end);
	}
	if (*p == '(' && l->obis)
		return values_take(l, l->said_obis ?: l->obis, l->said_unit, p, end);

	return all_printable(p, end) ? 0 : -EBADMSG;
}

static bool is_letter(u8 c)
{
	return (u8)((c | 0x20) - 'a') < 26;
}

static void ident_take(struct telegram *t, const u8 *p, const u8 *end)
{
	if (end - p < 4 || !is_letter(p[1]) || !is_letter(p[2]) || !is_letter(p[3]))
		return;
	t->flag = p + 1;
	p = end - p > IDENT_TYPE ? p + IDENT_TYPE : end;
	if (end - p >= 2 && *p == '\\')
		p += 2;
	while (end > p && end[-1] == ' ')
		end--;
	t->type = p;
	t->type_len = (u8)(end - p < 255 ? end - p : 255);
}

int telegram_parse(const u8 *text, size_t n, struct telegram *ret, struct cosem_list *list)
{
	struct lines l = { .list = list, .unit = units };
	const u8 *p = text, *end = text + n;
	int r;

	*ret = (struct telegram){ 0 };
	list->shape = LIST_TELEGRAM;
	list->elements = 0;
	list->n = 0;

	while (p < end && *p != '!') {
		const u8 *next = memchr(p, '\n', end - p), *stop = next ?: end;

		if (stop > p && stop[-1] == '\r')
			stop--;
		if (p == text && stop > p && *p == '/') {
			ident_take(ret, p, stop);
		} else if (stop > p) {
			r = line_take(&l, p, stop);
			if (r < 0)
				return r;
			list->elements++;
		}
		p = next ? next + 1 : end;
	}

	return 0;
}
