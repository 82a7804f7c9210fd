// SPDX-License-Identifier: GPL-2.0
/*
 * Lists: a notification's body as registers.
 *
 * All shapes but one follow one rule, at whatever depth: an octet-string that can only be an OBIS
 * code names the element behind it, and a structure {scaler, unit} behind that belongs to it.  An
 * array of rows is this rule in small structures, a list of pairs is the same in one large
 * structure, and a positional list is what is left when there are no codes.
 *
 * In a list of objects the elements of the outermost structure are named by the descriptors that
 * stand in one of them; there no octet-string is a code.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "dlms/list.h"

#define OBIS_LEN	6
#define OBIS_F_CURRENT	255	/* F of values that are not historical (IEC 62056-61) */

/* structure of 4: long-unsigned class, octet-string code, integer attribute, long-unsigned index */
#define DESCRIPTOR_LEN	18
#define CLASS_REGISTER	3
#define CLASS_EXTENDED	4
#define CLASS_PUSH	40
#define ATTRIBUTE_VALUE	2	/* of a push setup: the object list */
#define ATTRIBUTE_UNIT	3	/* of registers: {scaler, unit} */

/* One open container. */
struct level {
	u16 left;		/* elements that follow */
	u64 code;		/* names the next element */
	struct cosem_register *last;	/* coded register just read: may get scaler and unit */
};

/*
 * struct walk - one list_parse()
 * @list: what was found
 * @q: the cursor
 * @end: end of the octets
 * @levels: the open containers, @l the innermost of them
 * @descriptors: those of a list of objects, @n_descriptors of them; NULL: there are none
 * @shift: the element @i of the outermost structure is described by descriptor @i - @shift
 * @rows: there are codes in containers of the outermost one
 * @codes_outside: there are codes in the outermost container
 * @nested: there are containers in it that hold more than one element
 */
struct walk {
	struct cosem_list *list;
	const u8 *q, *end;
	struct level levels[AXDR_DEPTH_MAX + 1];
	struct level *l;
	const u8 *descriptors;
	u16 n_descriptors;
	u16 shift;
	bool rows, codes_outside, nested;
};

static u64 obis_load(const u8 *p)
{
	return OBIS(p[0], p[1], p[2], p[3], p[4], p[5]);
}

/* A is a medium (0 abstract, 1 electricity, ... 15) and F is 255; a text has no octet 255. */
static bool is_obis(const struct axdr *e)
{
	return e->tag == AXDR_OCTET_STRING && e->len == OBIS_LEN && e->data[0] <= 15 &&
	       e->data[5] == OBIS_F_CURRENT;
}

/* The last element of a container names nothing, and a push list is no value. */
static bool is_code(const struct walk *w, const struct axdr *e)
{
	return w->l->left && !w->l->code && is_obis(e) && !OBIS_IS_PUSH_SETUP(obis_load(e->data)) &&
	       !(w->descriptors && w->l == w->levels);
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

/* ---- descriptors ---- */

static bool is_descriptor(const u8 *p)
{
	return p[0] == AXDR_STRUCTURE && p[1] == 4 && p[2] == AXDR_LONG_UNSIGNED &&
	       p[5] == AXDR_OCTET_STRING && p[6] == OBIS_LEN && p[13] == AXDR_INTEGER &&
	       p[15] == AXDR_LONG_UNSIGNED;
}

static bool are_descriptors(const struct axdr *e, const u8 *p, const u8 *end)
{
	if (e->tag != AXDR_ARRAY || !e->count || end - p < (ssize_t)e->count * DESCRIPTOR_LEN)
		return false;
	for (u16 i = 0; i < e->count; i++)
		if (!is_descriptor(p + (size_t)i * DESCRIPTOR_LEN))
			return false;
	return true;
}

static u16 descriptor_class(const u8 *d)
{
	return (u16)(d[3] << 8 | d[4]);
}

/*
 * The array of descriptors is itself the attribute 2 of the push setup object, so mostly the first
 * descriptor describes it.  Where none does, and there is one descriptor less than elements, they
 * describe what follows.  Otherwise nobody can tell what belongs to what.
 */
static void descriptors_take(struct walk *w, const struct axdr *e)
{
	const struct cosem_list *list = w->list;
	u16 at = list->elements - w->l->left - 1, own = e->count;

	w->descriptors = w->q;
	w->q += (size_t)e->count * DESCRIPTOR_LEN;
	for (u16 i = 0; i < e->count && own == e->count; i++) {
		const u8 *d = w->descriptors + (size_t)i * DESCRIPTOR_LEN;

		if (descriptor_class(d) == CLASS_PUSH && d[14] == ATTRIBUTE_VALUE)
			own = i;
	}
	if (e->count == list->elements && own == at) {
		w->n_descriptors = e->count;
	} else if (at == 0 && own == e->count && list->elements == e->count + 1) {
		w->n_descriptors = e->count;
		w->shift = 1;
	}
	for (u16 i = 0; i < e->count && !list->setup; i++) {
		const u8 *d = w->descriptors + (size_t)i * DESCRIPTOR_LEN;

		if (descriptor_class(d) == CLASS_PUSH)
			w->list->setup = obis_load(d + 7);
	}
}

/* The descriptor of the element of the outermost structure that was just read, or NULL. */
static const u8 *descriptor_now(const struct walk *w)
{
	u16 at = w->list->elements - w->levels[0].left - 1;

	if (!w->n_descriptors || w->l != w->levels || at < w->shift || at - w->shift >= w->n_descriptors)
		return NULL;
	return w->descriptors + (size_t)(at - w->shift) * DESCRIPTOR_LEN;
}

/* What an attribute is the value of; other attributes, and parts of one, have no name. */
static u64 descriptor_code(const u8 *d)
{
	bool whole = d[16] == 0 && d[17] == 0;

	if (descriptor_class(d) == CLASS_PUSH || (d[14] == ATTRIBUTE_VALUE && whole))
		return obis_load(d + 7);
	return OBIS_NONE;
}

/* Scaler and unit as an attribute of their own: of a register that came before. */
static bool unit_take(struct walk *w, const u8 *d)
{
	u64 code = obis_load(d + 7);

	if ((descriptor_class(d) != CLASS_REGISTER && descriptor_class(d) != CLASS_EXTENDED) ||
	    d[14] != ATTRIBUTE_UNIT)
		return false;
	for (u16 i = 0; i < w->list->n; i++) {
		struct cosem_register *reg = &w->list->reg[i];

		if (reg->obis == code) {
			reg->scaled = true;
			reg->scaler = (s8)w->q[1];
			reg->unit = w->q[3];
		}
	}
	w->q += 4;
	return true;
}

/* ---- elements ---- */

static struct cosem_register *register_add(struct cosem_list *list, u64 code, const struct axdr *e)
{
	struct cosem_register *reg;

	if (list->n == LIST_MAX)
		return NULL;

	reg = &list->reg[list->n++];
	reg->obis = code;
	reg->value = *e;
	reg->scaled = false;
	reg->named = false;

	return reg;
}

static int container_open(struct walk *w, const struct axdr *e)
{
	struct level *l = w->l;

	/* A coded container is shown by its head; what is in it follows uncoded. */
	if (l->code && !register_add(w->list, l->code, e))
		return -E2BIG;
	l->code = OBIS_NONE;
	if (l == w->levels && e->count != 1)
		w->nested = true;
	if (l - w->levels == AXDR_DEPTH_MAX)
		return -ELOOP;
	*++w->l = (struct level){ .left = e->count };
	return 0;
}

static int value_take(struct walk *w, const struct axdr *e)
{
	struct cosem_register *reg;
	struct level *l = w->l;

	/* Kamstrup puts null-data in the places of both code and value of a missing phase. */
	if (e->tag == AXDR_NULL && !l->code && w->codes_outside)
		return 0;
	if (is_obis(e) && OBIS_IS_PUSH_SETUP(obis_load(e->data)) && !w->list->setup)
		w->list->setup = obis_load(e->data);
	reg = register_add(w->list, l->code, e);
	if (!reg)
		return -E2BIG;
	if (l->code)
		l->last = reg;
	l->code = OBIS_NONE;
	return 0;
}

static void code_take(struct walk *w, const struct axdr *e)
{
	w->l->code = obis_load(e->data);
	if (w->l == w->levels)
		w->codes_outside = true;
	else if (w->l == w->levels + 1)
		w->rows = true;
}

/* The next element: 1 if it was one, 0 at the end of the body. */
static int element_take(struct walk *w)
{
	struct cosem_register *last;
	const u8 *d;
	struct axdr e;

	while (!w->l->left) {
		if (w->l == w->levels)
			return 0;
		w->l--;
	}
	w->l->left--;
	if (axdr_next(&w->q, w->end, &e) < 0)
		return -EBADMSG;

	if (is_code(w, &e)) {
		code_take(w, &e);
		return 1;
	}
	last = w->l->last;
	w->l->last = NULL;
	if (last && is_scaler_unit(&e, w->q, w->end)) {
		last->scaled = true;
		last->scaler = (s8)w->q[1];
		last->unit = w->q[3];
		w->q += 4;
		return 1;
	}
	if (w->l == w->levels && !w->descriptors && are_descriptors(&e, w->q, w->end)) {
		descriptors_take(w, &e);
		return 1;
	}
	d = descriptor_now(w);
	if (d) {
		if (is_scaler_unit(&e, w->q, w->end) && unit_take(w, d))
			return 1;
		w->l->code = descriptor_code(d);
	}
	return (is_container(&e) ? container_open(w, &e) : value_take(w, &e)) ?: 1;
}

/* What was found says which shape it was. */
static enum list_shape shape_of(const struct walk *w, u8 tag)
{
	if (w->descriptors)
		return LIST_OBJECTS;
	if (w->codes_outside)
		return tag == AXDR_STRUCTURE ? LIST_PAIRS : LIST_OTHER;
	if (w->rows)
		return LIST_ROWS;
	if (tag == AXDR_STRUCTURE && !w->nested)
		return LIST_POSITIONAL;

	return LIST_OTHER;
}

int list_parse(const u8 **p, const u8 *end, struct cosem_list *ret)
{
	struct walk w;
	struct axdr body;
	int r;

	w.list = ret;
	w.q = *p;
	w.end = end;
	w.l = w.levels;
	w.descriptors = NULL;
	w.n_descriptors = w.shift = 0;
	w.rows = w.codes_outside = w.nested = false;

	ret->n = 0;
	ret->elements = 0;
	ret->setup = OBIS_NONE;
	r = axdr_next(&w.q, end, &body);
	if (r < 0)
		return r;

	if (!is_container(&body)) {
		ret->shape = LIST_OTHER;
		register_add(ret, OBIS_NONE, &body);
		*p = w.q;
		return 0;
	}
	ret->elements = body.count;
	if (are_descriptors(&body, w.q, end)) {
		/* An object list alone has no values. */
		ret->shape = LIST_OBJECTS;
		*p = w.q + (size_t)body.count * DESCRIPTOR_LEN;
		return 0;
	}
	*w.l = (struct level){ .left = body.count };

	do {
		r = element_take(&w);
	} while (r > 0);
	if (r < 0)
		return r;
	ret->shape = shape_of(&w, body.tag);
	*p = w.q;

	return 0;
}

/* ---- codes as text ---- */

int obis_parse(const char *text, u64 *ret)
{
	static const char separators[OBIS_LEN] = "-:...";
	u64 obis = 0;

	for (unsigned int i = 0; i < OBIS_LEN; i++) {
		unsigned long v;
		char *end;

		if (i == OBIS_LEN - 1 && !*text) {
			v = OBIS_F_CURRENT;
		} else {
			if (i && *text++ != separators[i - 1])
				return -EINVAL;
			if (*text < '0' || *text > '9')
				return -EINVAL;
			v = strtoul(text, &end, 10);
			if (v > 255)
				return -EINVAL;
			text = end;
		}
		obis = obis << 8 | v;
	}
	if (*text || obis == OBIS_NONE)
		return -EINVAL;
	*ret = obis;
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
