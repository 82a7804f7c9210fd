// SPDX-License-Identifier: GPL-2.0
/*
 * Lists: a notification's body as registers.
 *
 * All shapes follow one rule, at whatever depth: an octet-string that can only be an OBIS code
 * names the element behind it, and a structure {scaler, unit} behind that belongs to it.  An array
 * of rows is this rule in small structures, a list of pairs is the same in one large structure, and
 * a positional list is what is left when there are no codes.
 */
#include <errno.h>
#include <stdio.h>

#include "dlms/list.h"

#define OBIS_LEN	6
#define OBIS_F_CURRENT	255	/* F of values that are not historical (IEC 62056-61) */

/* One open container. */
struct level {
	u16 left;		/* elements that follow */
	u64 code;		/* names the next element */
	struct cosem_register *last;	/* coded register just read: may get scaler and unit */
};

static u64 obis_load(const u8 *p)
{
	return OBIS(p[0], p[1], p[2], p[3], p[4], p[5]);
}

/*
 * A is a medium (0 abstract, 1 electricity, ... 15) and F is 255; a text has no octet 255.  The
 * last element of a container names nothing.
 */
static bool is_code(const struct axdr *e, const struct level *l)
{
	return e->tag == AXDR_OCTET_STRING && e->len == OBIS_LEN && l->left && !l->code &&
	       e->data[0] <= 15 && e->data[5] == OBIS_F_CURRENT;
}

/* The structure {integer scaler, enum unit} takes 4 octets: 0F scaler 16 unit. */
static bool is_scaler_unit(const struct axdr *e, const u8 *p, const u8 *end)
{
	return e->tag == AXDR_STRUCTURE && e->count == 2 && end - p >= 4 &&
	       p[0] == AXDR_INTEGER && p[2] == AXDR_ENUM;
}

static bool is_container(const struct axdr *e)
{
	return e->tag == AXDR_ARRAY || e->tag == AXDR_STRUCTURE;
}

static struct cosem_register *register_add(struct cosem_list *list, u64 code, const struct axdr *e)
{
	struct cosem_register *reg;

	if (list->n == LIST_MAX)
		return NULL;

	reg = &list->reg[list->n++];
	reg->obis = code;
	reg->value = *e;
	reg->scaled = false;

	return reg;
}

/* What was found says which shape it was. */
static enum list_shape shape_of(const struct axdr *body, bool rows, bool codes_outside, bool nested)
{
	if (body->tag == AXDR_ARRAY && rows)
		return LIST_ROWS;
	if (body->tag == AXDR_STRUCTURE && codes_outside)
		return LIST_PAIRS;
	if (body->tag == AXDR_STRUCTURE && !nested)
		return LIST_POSITIONAL;

	return LIST_OTHER;
}

int list_parse(const u8 **p, const u8 *end, struct cosem_list *ret)
{
	bool rows = false, codes_outside = false, nested = false;
	struct level levels[AXDR_DEPTH_MAX + 1];
	struct level *l = levels;
	const u8 *q = *p;
	struct axdr body, e;
	int r;

	ret->n = 0;
	ret->elements = 0;
	r = axdr_next(&q, end, &body);
	if (r < 0)
		return r;

	if (!is_container(&body)) {
		ret->shape = LIST_OTHER;
		register_add(ret, OBIS_NONE, &body);
		*p = q;
		return 0;
	}
	ret->elements = body.count;
	*l = (struct level){ .left = body.count };

	for (;;) {
		if (!l->left) {
			if (l == levels)
				break;
			l--;
			continue;
		}
		l->left--;

		r = axdr_next(&q, end, &e);
		if (r < 0)
			return -EBADMSG;

		if (is_code(&e, l)) {
			l->code = obis_load(e.data);
			if (l == levels)
				codes_outside = true;
			else if (l == levels + 1)
				rows = true;
			continue;
		}

		if (l->last && is_scaler_unit(&e, q, end)) {
			l->last->scaled = true;
			l->last->scaler = (s8)q[1];
			l->last->unit = q[3];
			l->last = NULL;
			q += 4;
			continue;
		}
		l->last = NULL;

		if (is_container(&e)) {
			/* A coded container is shown by its head; what is in it follows uncoded. */
			if (l->code && !register_add(ret, l->code, &e))
				return -E2BIG;
			l->code = OBIS_NONE;
			if (l == levels)
				nested = true;
			if (l - levels == AXDR_DEPTH_MAX)
				return -ELOOP;
			*++l = (struct level){ .left = e.count };
			continue;
		}

		/*
		 * Kamstrup puts null-data in the places of both code and value of a missing phase.
		 */
		if (e.tag == AXDR_NULL && !l->code && codes_outside)
			continue;

		struct cosem_register *reg = register_add(ret, l->code, &e);

		if (!reg)
			return -E2BIG;
		if (l->code)
			l->last = reg;
		l->code = OBIS_NONE;
	}
	ret->shape = shape_of(&body, rows, codes_outside, nested);
	*p = q;

	return 0;
}

void obis_text(u64 obis, char *buf)
{
	u8 f = obis & 0xff;
	int n;

	n = snprintf(buf, OBIS_TEXT_MAX, "%u-%u:%u.%u.%u", (u8)(obis >> 40), (u8)(obis >> 32),
		     (u8)(obis >> 24), (u8)(obis >> 16), (u8)(obis >> 8));
	if (f != OBIS_F_CURRENT)
		snprintf(buf + n, OBIS_TEXT_MAX - n, ".%u", f);
}
