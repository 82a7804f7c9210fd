// SPDX-License-Identifier: GPL-2.0
/*
 * Messages: from the information field of a frame to named readings.
 *
 * Two steps for each list: whose is it (maker.c), and what does each register mean (its code, by the
 * message or by the maker's order of positions; its scaler, by the message or by the maker's table).
 */
#include <errno.h>
#include <string.h>

#include "meter/message.h"

/* A and B differ between makers for the same text (1-1:0.2.129 and 1-0:0.2.129). */
#define CDE(c, d, e)	((u32)(c) << 16 | (u32)(d) << 8 | (u32)(e))
#define CDE_OF(obis)	((u32)((obis) >> 8) & 0xffffff)
#define OBIS_LIST_ID	OBIS(1, 1, 0, 2, 129, 255)

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
	case CDE(42, 0, 0):
	case CDE(96, 1, 0):
		/* A is 0 and B is 0: channels are other meters behind this one. */
		return obis >> 32 == 0 ? ID_METER_ID : ID_COUNT;
	case CDE(96, 1, 7):
		return obis >> 32 == 0 ? ID_METER_TYPE : ID_COUNT;
	default:
		return ID_COUNT;
	}
}

/* Of several numbers of a meter the one that its maker gave it is taken. */
static unsigned int rank_of(u64 obis)
{
	switch (obis) {
	case OBIS_DEVICE_NAME:
		return 1;
	case OBIS_METER_ID_2:
		return 2;
	default:
		return 0;
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

/*
 * struct naming - one list that is being named
 * @msg: the message
 * @centivolts: voltages without a scaler are hundredths of a volt
 * @single: one value without a code: active power
 * @id_rank: rank_of() of the meter's number that was taken
 */
struct naming {
	struct message *msg;
	bool centivolts;
	bool single;
	unsigned int id_rank;
};

/* One number: give it its name and its power of ten, or say that it has none. */
static bool name_number(struct naming *n, u64 obis, const struct cosem_register *reg)
{
	const struct maker *maker = n->msg->maker;
	struct readings *r = &n->msg->readings;
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
		if (!maker && !n->single)
			return false;
		if (!scaler_of(maker, quantity_table[q].kind, n->centivolts,
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

static void name_text(struct naming *n, u64 obis, const struct axdr *v)
{
	struct text *known = n->msg->readings.identity;
	enum identity id = identity_of(n->msg->maker, obis);
	struct text t = text_of(v);

	if (id == ID_COUNT)
		return;
	if (id == ID_METER_ID) {
		/* An empty text is no number, if there is another. */
		if (known[id].len && (!t.len || rank_of(obis) >= n->id_rank))
			return;
		n->id_rank = rank_of(obis);
	}
	known[id] = t;
}

static void name_register(struct naming *n, u64 obis, const struct cosem_register *reg)
{
	if (obis_is_clock(obis) && name_time(&reg->value, &n->msg->readings))
		return;
	if (axdr_is_text(&reg->value)) {
		name_text(n, obis, &reg->value);
		return;
	}
	/* A null is a value that was not sent; a container's head is no number. */
	if (reg->value.tag == AXDR_NULL || reg->value.tag == AXDR_ARRAY ||
	    reg->value.tag == AXDR_STRUCTURE)
		return;
	if (!name_number(n, obis, reg))
		n->msg->unnamed++;
}

/* What a value without a code is by its place; OBIS_NONE: nobody knows. */
static u64 code_of_place(const struct message *msg, unsigned int i, bool marked)
{
	const struct maker *m = msg->maker;
	const struct axdr *v = &msg->list.reg[i].value;

	/* Austria: the clock, the coded values, the meter's number. */
	if (i == 0 && msg->list.shape == LIST_PAIRS && v->len == COSEM_TIME_LEN)
		return OBIS_CLOCK;
	if (!marked || !axdr_is_text(v))
		return OBIS_NONE;
	if (m->id_last && i + 1u == msg->list.n)
		return OBIS_METER_ID;

	return i == 0 ? m->first ?: OBIS_LIST_ID : OBIS_NONE;
}

static void message_name(struct decoder *d, struct message *msg)
{
	struct cosem_list *list = &msg->list;
	struct readings *r = &msg->readings;
	struct naming n = { .msg = msg };
	const u64 *order;
	bool marked;

	readings_clear(r);
	msg->unnamed = 0;
	msg->channel = 0;
	msg->maker = maker_find(d->maker, d->extra, list, &marked);
	if (marked)
		d->maker = msg->maker;
	order = maker_order(msg->maker, list);
	n.single = order && list->n == 1;

	for (unsigned int i = 0; order && i < list->n; i++)
		list->reg[i].obis = order[i];
	n.centivolts = wants_centivolts(msg->maker) && has_centivolts(list);
	for (unsigned int i = 0; i < list->n; i++)
		name_register(&n, list->reg[i].obis ?: code_of_place(msg, i, marked && !order),
			      &list->reg[i]);

	if (msg->maker && msg->maker->name)
		r->identity[ID_MANUFACTURER] =
			(struct text){ msg->maker->name, (u8)strlen(msg->maker->name) };
	if (!r->has_time && msg->apdu.has_time) {
		r->time = msg->apdu.time;
		r->has_time = true;
	}
	msg->kind = readings_any(r) ? MESSAGE_READINGS : MESSAGE_UNKNOWN_LIST;
}

void decoder_use(struct decoder *d, const struct maker *const *extra)
{
	bool ours = false;

	for (unsigned int i = 0; makers[i]; i++)
		ours |= makers[i] == d->maker;
	if (!ours)
		d->maker = NULL;
	d->extra = extra;
}

int message_next_body(struct decoder *d, const u8 **p, const u8 *end, struct message *ret)
{
	int r;

	ret->channel = 0;
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

	ret->channel = 0;
	r = apdu_parse(&q, end, &ret->apdu);
	if (r < 0)
		return r;

	r = list_parse(&q, end, &ret->list);
	if (r < 0)
		return r == -ENODATA ? -EBADMSG : r;
	message_name(d, ret);
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
