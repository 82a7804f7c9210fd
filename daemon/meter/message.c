// SPDX-License-Identifier: GPL-2.0
/*
 * Messages: from the information field of a frame to named readings.
 *
 * Two steps for each list: whose is it (the list id, else its shape, else what the source sent
 * before), and what does each register mean (its code, by the message or by the maker's order of
 * positions; its scaler, by the message or by the maker's table).
 */
#include <errno.h>
#include <string.h>

#include "meter/message.h"

#define OBIS_ACTIVE_POWER_IMPORT OBIS(1, 0, 1, 7, 0, 255)

/* A and B differ between makers for the same text (1-1:0.2.129 and 1-0:0.2.129). */
#define CDE(c, d, e)	((u32)(c) << 16 | (u32)(d) << 8 | (u32)(e))
#define CDE_OF(obis)	((u32)((obis) >> 8) & 0xffffff)

static bool is_text(const struct axdr *v)
{
	return v->tag == AXDR_OCTET_STRING || v->tag == AXDR_VISIBLE_STRING ||
	       v->tag == AXDR_UTF8_STRING;
}

/* Trailing NULs pad a text to its length. */
static struct text text_of(const struct axdr *v)
{
	u16 len = v->len < 255 ? v->len : 255;

	while (len && v->data[len - 1] == '\0')
		len--;

	return (struct text){ (const char *)v->data, (u8)len };
}

static bool text_begins(struct text t, const char *pattern)
{
	for (unsigned int i = 0; pattern[i]; i++) {
		if (i >= t.len || (pattern[i] != '?' && pattern[i] != t.p[i]))
			return false;
	}

	return true;
}

static bool is_clock(u64 obis)
{
	return CDE_OF(obis) == CDE(1, 0, 0) && (obis >> 40) == 0;
}

/* Does this maker send such a list?  @id: what stands in the place of a list id. */
static bool maker_fits(const struct maker *m, const struct cosem_list *list, struct text id)
{
	if (m->shape != list->shape)
		return false;
	if (m->list_id)
		return id.len && text_begins(id, m->list_id);

	return list->elements == m->elements && is_clock(list->reg[0].obis);
}

/*
 * Whose list is it?  *@marked tells whether the list itself says so.  A list of one value says
 * nothing: what the source sent before decides, if that maker has lists of this shape.
 */
static const struct maker *maker_of(const struct decoder *d, const struct cosem_list *list,
				    bool *marked)
{
	struct text id = { 0 };

	*marked = false;
	if (!list->n)
		return NULL;

	if (list->n == 1)
		return d->maker && d->maker->shape == list->shape ? d->maker : NULL;

	if (is_text(&list->reg[0].value))
		id = text_of(&list->reg[0].value);

	/* Mostly it is the same as before. */
	*marked = true;
	if (d->maker && maker_fits(d->maker, list, id))
		return d->maker;
	for (unsigned int i = 0; makers[i]; i++) {
		if (maker_fits(makers[i], list, id))
			return makers[i];
	}
	*marked = false;

	return NULL;
}

static const u64 *positions_of(const struct maker *maker, const struct cosem_list *list)
{
	static const u64 only_power[] = { OBIS_ACTIVE_POWER_IMPORT };

	if (list->shape != LIST_POSITIONAL)
		return NULL;
	if (list->n == 1)
		return only_power;
	if (!maker || !maker->positions || list->n != list->elements)
		return NULL;
	for (const struct maker_positions *p = maker->positions; p->elements; p++) {
		if (p->elements == list->elements)
			return p->obis;
	}

	return NULL;
}

static enum identity identity_of(const struct maker *maker, u64 obis)
{
	if (maker && maker->identities) {
		for (const struct maker_identity *i = maker->identities; i->obis; i++) {
			if (i->obis == obis)
				return i->id;
		}
	}

	switch (CDE_OF(obis)) {
	case CDE(0, 2, 129):
		return ID_LIST_VERSION;
	case CDE(96, 1, 0):
		/* A is 0 and B is 0: channels are other meters behind this one. */
		return obis >> 32 == 0 ? ID_METER_ID : ID_COUNT;
	case CDE(96, 1, 7):
		return obis >> 32 == 0 ? ID_METER_TYPE : ID_COUNT;
	default:
		return ID_COUNT;
	}
}

static bool scaler_of(const struct maker *maker, enum quantity_kind kind, bool centivolts,
		      struct text type, s8 *ret)
{
	/* A single value without anything that says whose it is: active power, and that is in W. */
	if (!maker || !maker->scalers) {
		*ret = 0;
		return kind == KIND_ACTIVE_POWER;
	}

	for (const struct maker_scaler *s = maker->scalers; s->kind != KIND_COUNT; s++) {
		if (s->kind != kind || (s->centivolts && !centivolts) ||
		    (s->type && !text_begins(type, s->type)))
			continue;
		*ret = s->exponent;
		return true;
	}

	return false;
}

/* The value as a decimal with exponent 0, or of a float its own. */
static int number_of(const struct axdr *v, struct decimal *ret)
{
	double f;
	s64 i;
	int r;

	r = axdr_integer(v, &i);
	if (r == 0) {
		*ret = (struct decimal){ i, 0 };
		return 0;
	}
	if (r == -EINVAL && axdr_float(v, &f) == 0)
		return decimal_from_double(f, ret);

	return r;
}

/* Whole volts have three digits: four and more are hundredths. */
static bool has_centivolts(const struct cosem_list *list)
{
	for (unsigned int i = 0; i < list->n; i++) {
		const struct cosem_register *reg = &list->reg[i];
		int q = quantity_of(reg->obis);
		s64 v;

		if (q >= 0 && quantity_table[q].kind == KIND_VOLTAGE && !reg->scaled &&
		    axdr_integer(&reg->value, &v) == 0 && v >= 1000)
			return true;
	}

	return false;
}

static bool wants_centivolts(const struct maker *maker)
{
	if (!maker || !maker->scalers)
		return false;
	for (const struct maker_scaler *s = maker->scalers; s->kind != KIND_COUNT; s++) {
		if (s->centivolts)
			return true;
	}

	return false;
}

/* One number: give it its name and its power of ten, or say that it has none. */
static bool name_number(const struct message *msg, bool centivolts, u64 obis,
			const struct cosem_register *reg, bool single, struct readings *r)
{
	int q = quantity_of(obis);
	struct decimal v;
	s8 scaler;

	if (q < 0 || number_of(&reg->value, &v) < 0)
		return false;

	if (reg->scaled) {
		/* Another unit than the quantity's: not what its code says. */
		if (reg->unit != kind_table[quantity_table[q].kind].cosem_unit)
			return false;
		scaler = reg->scaler;
	} else {
		if (!msg->maker && !single)
			return false;
		if (!scaler_of(msg->maker, quantity_table[q].kind, centivolts,
			       r->identity[ID_METER_TYPE], &scaler))
			return false;
	}
	if (v.exponent + scaler > INT8_MAX || v.exponent + scaler < INT8_MIN)
		return false;
	v.exponent += scaler;
	readings_set(r, q, v);

	return true;
}

static bool name_time(const struct axdr *v, struct readings *r)
{
	if (v->len != COSEM_TIME_LEN || (v->tag != AXDR_OCTET_STRING && v->tag != AXDR_DATE_TIME))
		return false;
	if (cosem_time_parse(v->data, &r->time) == 0)
		r->has_time = true;

	return true;
}

static void message_name(struct decoder *d, struct message *msg)
{
	const struct cosem_list *list = &msg->list;
	struct readings *r = &msg->readings;
	const u64 *positions;
	bool marked, single, centivolts;

	readings_clear(r);
	msg->unnamed = 0;
	msg->maker = maker_of(d, list, &marked);
	if (marked)
		d->maker = msg->maker;
	centivolts = wants_centivolts(msg->maker) && has_centivolts(list);
	positions = positions_of(msg->maker, list);
	single = positions && list->n == 1;

	for (unsigned int i = 0; i < list->n; i++) {
		const struct cosem_register *reg = &list->reg[i];
		u64 obis = positions ? positions[i] : reg->obis;
		enum identity id;

		if (is_clock(obis) && name_time(&reg->value, r))
			continue;

		if (is_text(&reg->value)) {
			id = i == 0 && marked && !obis ? ID_LIST_VERSION :
							 identity_of(msg->maker, obis);
			if (id != ID_COUNT)
				r->identity[id] = text_of(&reg->value);
			continue;
		}

		/* A null is a value that was not sent; a container's head is no number. */
		if (reg->value.tag == AXDR_NULL || reg->value.tag == AXDR_ARRAY ||
		    reg->value.tag == AXDR_STRUCTURE)
			continue;
		if (!name_number(msg, centivolts, obis, reg, single, r))
			msg->unnamed++;
	}

	if (msg->maker)
		r->identity[ID_MANUFACTURER] =
			(struct text){ msg->maker->name, (u8)strlen(msg->maker->name) };
	if (!r->has_time && msg->apdu.has_time) {
		r->time = msg->apdu.time;
		r->has_time = true;
	}
	msg->kind = readings_any(r) ? MESSAGE_READINGS : MESSAGE_UNKNOWN_LIST;
}

int message_next_body(struct decoder *d, const u8 **p, const u8 *end, struct message *ret)
{
	int r;

	ret->apdu = (struct apdu){ .tag = APDU_DATA_NOTIFICATION, .body = *p };
	r = list_parse(p, end, &ret->list);
	if (r < 0)
		return r;
	message_name(d, ret);

	return 0;
}

int message_next(struct decoder *d, const u8 **p, const u8 *end, struct message *ret)
{
	const u8 *q = *p;
	int r;

	r = apdu_parse(&q, end, &ret->apdu);
	if (r < 0)
		return r;

	if (ret->apdu.tag == APDU_DATA_NOTIFICATION) {
		r = list_parse(&q, end, &ret->list);
		if (r < 0)
			return r == -ENODATA ? -EBADMSG : r;
		message_name(d, ret);
	} else {
		ret->kind = ret->apdu.tag == APDU_GENERAL_BLOCK_TRANSFER ? MESSAGE_BLOCK :
									   MESSAGE_ENCRYPTED;
		ret->maker = NULL;
		ret->unnamed = 0;
		ret->list.n = 0;
		readings_clear(&ret->readings);
	}
	*p = q;

	return 0;
}

const char *message_error(int err)
{
	switch (err) {
	case -ENODATA:
		return "there is nothing in it";
	case -EPROTONOSUPPORT:
		return "it is no data-notification, ciphered APDU or block transfer";
	case -EBADMSG:
		return "an element is cut off or of no known type";
	case -ELOOP:
		return "it is nested too deep";
	case -E2BIG:
		return "it has too many registers";
	default:
		return "it cannot be decoded";
	}
}
