// SPDX-License-Identifier: GPL-2.0
/*
 * Telegrams: the lines of P1 as registers.
 *
 * One pass over the text, one line at a time.  What a line may be is in telegram.h.  Only lines
 * with an end are looked at: a line feed lies ahead, and as no part of a line may have one in it,
 * each stops at it at the latest, and nothing has to look for the end of the text.
 *
 * Two lines belong together only in DSMR 2 and 3, which write the last reading of a meter behind a
 * channel as
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

#define IDENT_TYPE	5	/* where the type begins: '/', three letters, the baud rate */
#define DIGITS_MAX	40	/* of a number; nobody has so many */
#define UNIT_MAX	5

/* The letters of a unit in one number: small, but for an M in front: mega is not milli. */
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

/* What a value may be made of: what is printable, without parentheses. */
static const bool is_value[256] = {
	[' ' ... '(' - 1] = true,
	[')' + 1 ... '~'] = true,
};

static const struct unit *unit_of(struct lines *l, u64 letters)
{
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

/* The unit in front of a closing parenthesis, where *@p is afterwards; or NULL: *@p is untouched. */
static const struct unit *unit_next(struct lines *l, const u8 **p)
{
	const u8 *q = *p;
	u64 letters = 0;
	const struct unit *unit;

	for (unsigned int shift = 0; *q != ')'; q++, shift += 8) {
		if (shift == 8 * UNIT_MAX || !is_printable(*q))
			return NULL;
		/* Digits and '%' are as they are with this bit. */
		letters |= (u64)(*q | (shift || *q != 'M' ? 0x20 : 0)) << shift;
	}
	unit = unit_of(l, letters);
	if (unit)
		*p = q;

	return unit;
}

/* One to three digits of an octet and what stands behind them; NULL: it is another thing. */
static inline const u8 *group_next(const u8 *p, u64 *obis, u8 behind)
{
	unsigned int v = (u8)(*p++ - '0'), digit;

	if (v > 9)
		return NULL;
	digit = (u8)(*p - '0');
	if (digit <= 9) {
		v = v * 10 + digit;
		digit = (u8)(*++p - '0');
		if (digit <= 9) {
			v = v * 10 + digit;
			p++;
		}
	}
	if (v > 255 || (behind && *p++ != behind))
		return NULL;
	*obis = *obis << 8 | v;

	return p;
}

/* A-B:C.D.E[*F]; behind it; NULL: it is none. */
static const u8 *obis_next(const u8 *p, u64 *ret)
{
	u64 obis = 0;

	if (!(p = group_next(p, &obis, '-')) || !(p = group_next(p, &obis, ':')) ||
	    !(p = group_next(p, &obis, '.')) || !(p = group_next(p, &obis, '.')) ||
	    !(p = group_next(p, &obis, 0)))
		return NULL;
	if (*p == '*')
		p = group_next(p + 1, &obis, 0);
	else
		obis = obis << 8 | 0xff;
	*ret = obis;

	return p;
}

/* ---- values ---- */

/* Digits with at most one point, perhaps behind a minus: where they end, or NULL. */
static const u8 *number_end(const u8 *p, unsigned int *ret_behind)
{
	const u8 *q, *point;
	size_t digits;

	q = p += *p == '-';
	while (is_digit(*q))
		q++;
	digits = (size_t)(q - p);
	*ret_behind = 0;
	if (*q == '.') {
		for (point = q++; is_digit(*q); q++)
			;
		*ret_behind = (unsigned int)(q - point - 1);
		digits += *ret_behind;
	}

	return digits && digits <= DIGITS_MAX ? q : NULL;
}

static int register_add(struct lines *l, u64 obis, u8 tag, const u8 *p, const u8 *end,
			struct cosem_register **ret)
{
	struct cosem_register *reg = &l->list->reg[l->list->n];

	if (l->list->n == LIST_MAX)
		return -E2BIG;
	l->list->n++;
	reg->obis = obis;
	reg->value = (struct axdr){
		.tag = tag,
		.count = (u16)(end - p),
		.data = p,
		.len = (u16)(end - p),
	};
	reg->scaled = false;
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
static void note_said(struct lines *l, const u8 *p)
{
	const struct unit *unit;
	const u8 *q;
	u64 obis;

	q = obis_next(p, &obis);
	if (q && *q == ')')
		l->said_obis = obis;
	unit = unit_next(l, &p);
	if (unit)
		l->said_unit = unit;
}

static int text_add(struct lines *l, u64 obis, const u8 *p, const u8 *end)
{
	struct cosem_register *reg;

	/* Only the lines of channels go on. */
	if ((u8)(obis >> 24) == 24)
		note_said(l, p);

	return register_add(l, obis, AXDR_VISIBLE_STRING, p, end, &reg);
}

/*
 * One value, from behind its parenthesis; *@p is behind the closing one afterwards.  @unit: for a
 * number without one, or NULL.
 */
static int value_take(struct lines *l, u64 obis, const struct unit *unit, const u8 **p)
{
	unsigned int behind;
	const u8 *begin = *p, *number = number_end(begin, &behind), *q = number;

	if (number && *q == '*') {
		q++;
		unit = unit_next(l, &q);
	}
	if (number && unit && *q == ')') {
		*p = q + 1;
		return number_add(l, obis, begin, number, behind, unit);
	}
	for (q = number ?: begin; is_value[*q]; q++)
		;
	if (*q != ')')
		return -EBADMSG;
	*p = q + 1;

	return text_add(l, obis, begin, q);
}

static const u8 *line_end(const u8 *p)
{
	p += *p == '\r';

	return *p == '\n' ? p + 1 : NULL;
}

static int values_take(struct lines *l, u64 obis, const struct unit *unit, const u8 **p)
{
	const u8 *q = *p;
	int r;

	while (*q == '(') {
		q++;
		r = value_take(l, obis, unit, &q);
		if (r < 0)
			return r;
	}
	while (*q == ' ')
		q++;
	q = line_end(q);
	if (!q)
		return -EBADMSG;
	*p = q;

	return 0;
}

/* ---- lines ---- */

static int line_take(struct lines *l, const u8 **p)
{
	const u8 *q;
	u64 obis;

	q = obis_next(*p, &obis);
	if (q && *q == '(') {
		l->obis = obis;
		l->said_obis = OBIS_NONE;
		l->said_unit = NULL;
		*p = q;
		return values_take(l, obis, NULL, p);
	}
	if (**p == '(' && l->obis)
		return values_take(l, l->said_obis ?: l->obis, l->said_unit, p);

	for (q = *p; is_printable(*q); q++)
		;
	q = line_end(q);
	if (!q)
		return -EBADMSG;
	*p = q;

	return 0;
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
	/* `\2` of mode E; what is no digit is of the name: "/Ene5\T210-D". */
	if (p < end && *p == '\\') {
		p++;
		p += p < end && is_digit(*p);
	}
	while (end > p && end[-1] == ' ')
		end--;
	t->type = p;
	t->type_len = (u8)(end - p < 255 ? end - p : 255);
}

int telegram_parse(const u8 *text, size_t n, struct telegram *ret, struct cosem_list *list)
{
	struct lines l = { .list = list, .unit = units };
	const u8 *p = text, *last = memrchr(text, '\n', n), *end = last ? last + 1 : text;
	int r;

	*ret = (struct telegram){ 0 };
	list->shape = LIST_TELEGRAM;
	list->elements = 0;
	list->n = 0;

	if (p < end && *p == '/') {
		const u8 *line = memchr(p, '\n', end - p);

		ident_take(ret, p, line - (line[-1] == '\r'));
		p = line + 1;
	}
	while (p < end && *p != '!') {
		const u8 *next = line_end(p);

		if (next) {
			p = next;
			continue;
		}
		r = line_take(&l, &p);
		if (r < 0)
			return r;
		list->elements++;
	}

	/* A line without an end is cut off, and the telegram with it. */
	return p == text + n || *p == '!' ? 0 : -EBADMSG;
}
