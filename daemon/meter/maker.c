// SPDX-License-Identifier: GPL-2.0
/*
 * All makers, and whose a list is: by its marks (shape, list id, push setup, number of elements,
 * order of its types), else by what the source sent before.
 */
#include <string.h>

#include "dlms/time.h"
#include "meter/maker.h"

/*
 * Marks that are texts come before those that are the order of types alone.
 */
const struct maker *const makers[] = {
	&maker_aidon, &maker_kaifa, &maker_kamstrup, &maker_aidon_se, &maker_kaifa_se,
	&maker_embriq, &maker_lg_e450, &maker_lg_e360, &maker_iskra_objects, &maker_iskra,
	&maker_push_list, &maker_austria, &maker_vienna, &maker_iskra_ie5, &maker_lg_phases,
	&maker_lg_totals, NULL,
};

/* A date-time; as octet-string only if it is a real one: a number may have 12 digits. */
static bool is_time(const struct axdr *v)
{
	struct cosem_time t;

	return v->len == COSEM_TIME_LEN &&
	       (v->tag == AXDR_DATE_TIME ||
		(v->tag == AXDR_OCTET_STRING && cosem_time_parse(v->data, &t) == 0));
}

static bool begins_with_clock(const struct cosem_list *list)
{
	const struct cosem_register *first = &list->reg[0];

	return first->obis == OBIS_NONE ? is_time(&first->value) : obis_is_clock(first->obis);
}

static bool ends_with_id(const struct cosem_list *list)
{
	const struct cosem_register *last = &list->reg[list->n - 1];

	return last->obis == OBIS_NONE && axdr_is_text(&last->value) && last->value.len;
}

/* Does a text of the list, the one with this code or the first value, begin so? */
static bool has_mark(const struct cosem_list *list, u64 code, const char *begin)
{
	size_t n = strlen(begin);

	for (unsigned int i = 0; i < (code ? list->n : 1u); i++) {
		const struct axdr *v = &list->reg[i].value;

		if ((!code || list->reg[i].obis == code) && axdr_is_text(v) && v->len >= n &&
		    !memcmp(v->data, begin, n))
			return true;
	}

	return false;
}

/* ---- positions ---- */

/* Of the types that numbers come in: this is asked for each value of each list. */
static bool is_number(const struct axdr *v)
{
	static const u32 numbers =
		1u << AXDR_BOOLEAN | 1u << AXDR_DOUBLE_LONG | 1u << AXDR_DOUBLE_LONG_UNSIGNED |
		1u << AXDR_FLOATING_POINT | 1u << AXDR_BCD | 1u << AXDR_INTEGER | 1u << AXDR_LONG |
		1u << AXDR_UNSIGNED | 1u << AXDR_LONG_UNSIGNED | 1u << AXDR_LONG64 |
		1u << AXDR_LONG64_UNSIGNED | 1u << AXDR_ENUM | 1u << AXDR_FLOAT32 |
		1u << AXDR_FLOAT64;

	return v->tag < 32 && numbers >> v->tag & 1;
}

/* Electricity (A = 1), measured: C is a quantity of the sum or of a phase (IEC 62056-6-1). */
static bool is_measured(u64 obis)
{
	u8 c = obis >> 24;

	return obis >> 40 == 1 && c >= 1 && c <= 91;
}

static bool is_digits(const struct axdr *v)
{
	if (!axdr_is_text(v) || !v->len)
		return false;
	for (unsigned int i = 0; i < v->len; i++) {
		if (v->data[i] < '0' || v->data[i] > '9')
			return false;
	}

	return true;
}

static bool type_fits(char type, const struct axdr *v)
{
	switch (type) {
	case 's':
		return axdr_is_text(v);
	case 'd':
		return is_digits(v);
	case 'b':
		return v->tag == AXDR_BOOLEAN;
	case '2':
		return v->tag == AXDR_LONG || v->tag == AXDR_LONG_UNSIGNED;
	case '4':
		return v->tag == AXDR_DOUBLE_LONG || v->tag == AXDR_DOUBLE_LONG_UNSIGNED;
	default:
		return true;
	}
}

static bool code_fits(u64 obis, const struct axdr *v)
{
	if (v->tag == AXDR_NULL)
		return true;
	if (obis_is_clock(obis))
		return v->tag == AXDR_DATE_TIME || v->tag == AXDR_OCTET_STRING;

	return !is_measured(obis) || is_number(v);
}

static bool positions_fit(const struct maker_positions *p, const struct cosem_list *list)
{
	if (p->elements != list->elements || list->n != list->elements)
		return false;
	for (unsigned int i = 0; i < list->n; i++) {
		const struct axdr *v = &list->reg[i].value;

		if (!code_fits(p->obis[i], v) || (p->types && !type_fits(p->types[i], v)))
			return false;
	}

	return true;
}

const u64 *maker_order(const struct maker *m, const struct cosem_list *list)
{
	static const u64 only_power[] = { OBIS_NOW(1) };

	if (list->shape != LIST_POSITIONAL)
		return NULL;
	for (const struct maker_positions *p = m ? m->positions : NULL; p && p->elements; p++) {
		if (positions_fit(p, list))
			return p->obis;
	}

	return list->n == 1 ? only_power : NULL;
}

/* ---- whose it is ---- */

static bool maker_fits(const struct maker *m, const struct cosem_list *list)
{
	if (m->shape != list->shape || (m->setup && m->setup != list->setup) ||
	    (m->elements && m->elements != list->elements))
		return false;
	if (m->list_id && !has_mark(list, m->mark, m->list_id))
		return false;
	if ((m->clock_first && !begins_with_clock(list)) || (m->id_last && !ends_with_id(list)))
		return false;
	if (!m->positions || m->list_id || m->setup)
		return true;
	for (const struct maker_positions *p = m->positions; p->elements; p++) {
		if (positions_fit(p, list))
			return true;
	}

	return false;
}

static const struct maker *first_that_fits(const struct maker *const *m,
					   const struct cosem_list *list)
{
	for (; m && *m; m++) {
		if (maker_fits(*m, list))
			return *m;
	}

	return NULL;
}

const struct maker *maker_find(const struct maker *last, const struct maker *const *extra,
			       const struct cosem_list *list, bool *marked)
{
	const struct maker *m;

	*marked = false;
	if (!list->n)
		return NULL;

	m = first_that_fits(extra, list);
	if (!m && list->n == 1)
		return last && last->shape == list->shape ? last : NULL;
	/* Mostly it is the same as before. */
	if (!m && last && maker_fits(last, list))
		m = last;
	if (!m)
		m = first_that_fits(makers, list);
	*marked = m != NULL;

	return m;
}
