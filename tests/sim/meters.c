// SPDX-License-Identifier: GPL-2.0
/*
 * The builder of messages: goes over the tables of forms.c, writes octets and notes what a reader
 * must find in them.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "calendar.h"
#include "forms.h"

#define CLOCK_SUMMER	0x80	/* of the status */

/* Interface classes (IEC 62056-6-2). */
#define CLASS_DATA	1
#define CLASS_REGISTER	3
#define CLASS_PUSH	40

/* A list under construction; @err stays at the first failure. */
struct builder {
	struct enc *e;
	const struct sim_form_info *form;
	const struct sim_values *v;
	struct sim_expected *x;
	int err;
};

const char *sim_form_name(enum sim_form form)
{
	return sim_form_table[form].name;
}

enum sim_framing sim_form_framing(enum sim_form form)
{
	return sim_form_table[form].maker->framing;
}

const char *sim_form_manufacturer(enum sim_form form)
{
	return sim_form_table[form].manufacturer;
}

int sim_form_find(const char *name)
{
	for (int i = 0; i < SIM_FORMS_ALL; i++)
		if (!strcmp(sim_form_table[i].name, name))
			return i;
	return -1;
}

bool sim_form_has_list(enum sim_form form, int list)
{
	return list >= 1 && list <= 3 && sim_form_table[form].lists & 1 << list;
}

const char *sim_expected_find(const struct sim_expected *x, const char *name)
{
	for (unsigned int i = 0; i < x->n; i++)
		if (!strcmp(x->reading[i].name, name))
			return x->reading[i].text;
	return NULL;
}

void sim_values_example(enum sim_form form, struct sim_values *ret)
{
	const struct sim_form_info *f = &sim_form_table[form];

	*ret = (struct sim_values){
		.q = {
			[SIM_P_IMPORT] = 1234,
			[SIM_Q_EXPORT] = 256,
			[SIM_I_L1] = 2345,
			[SIM_I_L2] = 678,
			[SIM_I_L3] = 3456,
			[SIM_U_L1] = 230123,
			[SIM_U_L2] = 229456,
			[SIM_U_L3] = 231789,
			[SIM_P_IMPORT_L1] = 500,
			[SIM_P_IMPORT_L2] = 34,
			[SIM_P_IMPORT_L3] = 700,
			[SIM_Q_EXPORT_L1] = 100,
			[SIM_Q_EXPORT_L2] = 56,
			[SIM_Q_EXPORT_L3] = 100,
			[SIM_A_IMPORT] = 12345678,
			[SIM_A_EXPORT] = 1234,
			[SIM_R_IMPORT] = 345678,
			[SIM_R_EXPORT] = 45678,
			[SIM_A_IMPORT_L1] = 6000000,
			[SIM_A_IMPORT_L2] = 2345678,
			[SIM_A_IMPORT_L3] = 4000000,
			[SIM_A_EXPORT_L1] = 1234,
			[SIM_A_IMPORT_T1] = 5000000,
			[SIM_A_IMPORT_T2] = 7345678,
			[SIM_A_EXPORT_T1] = 1000,
			[SIM_A_EXPORT_T2] = 234,
			[SIM_PF] = 979,
			[SIM_PF_L1] = 981,
			[SIM_PF_L2] = 519,
			[SIM_PF_L3] = 990,
			[SIM_DEMAND] = 1200,
			[SIM_DEMAND_MAX] = 4329,
			[SIM_FAILURES] = 7,
			[SIM_LONG_FAILURES] = 2,
			[SIM_SAGS_L1] = 3,
			[SIM_SAGS_L2] = 1,
			[SIM_SWELLS_L3] = 4,
			[SIM_TARIFF] = 2,
			[SIM_GAS] = 1234567,
		},
		.clock = 1769000410,	/* 2026-01-21T13:00:10Z */
	};
	strcpy(ret->id, f->id);
	strcpy(ret->type, f->type);
}

void sim_expect(struct sim_expected *x, const char *name, const char *text, bool is_text,
		bool missing)
{
	struct sim_reading *r;

	if (!x || x->n == SIM_READINGS_MAX || sim_expected_find(x, name))
		return;
	r = &x->reading[x->n++];
	*r = (struct sim_reading){ .name = name, .is_text = is_text, .missing = missing };
	snprintf(r->text, sizeof(r->text), "%s", text);
}

/* Plain digits of wire x 10^exponent; @buf: SIM_TEXT_MAX octets. */
void sim_decimal(s64 wire, int exponent, char *buf)
{
	u64 magnitude = wire < 0 ? -(u64)wire : (u64)wire;
	int decimals = exponent < 0 ? -exponent : 0;
	char *p = buf + SIM_TEXT_MAX - 1;

	*p = 0;
	for (int i = 0; magnitude && i < exponent; i++)
		*--p = '0';
	for (int digits = 0; magnitude || digits <= decimals; digits++) {
		if (digits && digits == decimals)
			*--p = '.';
		*--p = '0' + magnitude % 10;
		magnitude /= 10;
	}
	if (wire < 0)
		*--p = '-';
	memmove(buf, p, buf + SIM_TEXT_MAX - p);
}

/* From base units to wire units: a register gives whole units, other values the nearest one. */
s64 sim_to_wire(s64 base, enum sim_kind kind, int exponent)
{
	s64 divisor = 1;

	for (int i = sim_base_exponent[kind]; i < exponent; i++)
		divisor *= 10;
	if (kind != SIM_ENERGY)
		base += base < 0 ? -divisor / 2 : divisor / 2;
	return base / divisor;
}

static void put_integer(struct builder *b, enum sim_type type, s64 v)
{
	bool fits = true;

	switch (type) {
	case SIM_S16:
		fits = v >= INT16_MIN && v <= INT16_MAX;
		enc_s16(b->e, v);
		break;
	case SIM_U16:
		fits = v >= 0 && v <= UINT16_MAX;
		enc_u16(b->e, v);
		break;
	case SIM_U32:
		fits = v >= 0 && v <= UINT32_MAX;
		enc_u32(b->e, v);
		break;
	case SIM_U64:
		fits = v >= 0;
		enc_u64(b->e, v);
		break;
	}
	if (!fits && !b->err)
		b->err = -ERANGE;
}

static void put_quantity(struct builder *b, unsigned int item)
{
	const struct sim_quantity_info *q = &sim_quantity_table[item];
	struct sim_code code = b->form->code[q->kind];
	bool missing = b->form->zero & SIM_BIT(item);
	s64 wire = missing ? 0 : sim_to_wire(b->v->q[item], q->kind, code.exponent);
	char text[SIM_TEXT_MAX];

	put_integer(b, code.type, wire);
	if (b->form->maker->shape == SIM_ROWS || b->form->maker->shape == SIM_TRIPLES) {
		enc_structure(b->e, 2);
		enc_s8(b->e, code.exponent);
		enc_enum(b->e, q->unit);
	}
	sim_decimal(wire, code.exponent, text);
	sim_expect(b->x, q->name, text, false, missing);
}

/* @name: NULL: no reading */
static void put_text(struct builder *b, const char *name, const char *text, size_t pad)
{
	char padded[SIM_TEXT_MAX] = "";
	size_t n = strnlen(text, SIM_TEXT_MAX);

	if (n == SIM_TEXT_MAX || (pad && n > pad)) {
		b->err = b->err ?: -EINVAL;
		return;
	}
	memcpy(padded, text, n);
	if (b->form->maker->octet_texts)
		enc_octet_string(b->e, padded, pad ?: n);
	else
		enc_visible_string(b->e, padded, pad ?: n);
	if (n && name)
		sim_expect(b->x, name, text, true, false);
}

/* A logical device name has the number in it, and is the number that the meter goes by. */
static void put_device(struct builder *b)
{
	char text[2 * SIM_TEXT_MAX];

	snprintf(text, sizeof(text), "%s%s", b->form->device, b->v->id);
	if (strlen(text) >= SIM_TEXT_MAX)
		b->err = b->err ?: -EINVAL;
	else
		put_text(b, "meter_id", text, 0);
}

/* The 12 octets of what the maker's clock shows. */
static void clock_octets(struct builder *b, u8 octets[12])
{
	const struct sim_maker *m = b->form->maker;
	bool summer = m->zone != SIM_ZONE_UTC1 && sim_summer_time(b->v->clock);
	s64 shown = b->v->clock + 3600 + (summer ? 3600 : 0);
	s16 deviation = m->deviation;
	u8 status = m->status;
	char text[SIM_TEXT_MAX];
	struct sim_date d;
	struct enc e;
	size_t n;

	if (m->zone == SIM_ZONE_TOLD) {
		deviation = summer ? -120 : -60;
		status |= summer ? CLOCK_SUMMER : 0;
	}
	sim_date_of(shown, &d);
	enc_init(&e, octets, 12);
	enc_number(&e, d.year, 2);
	enc_number(&e, d.month, 1);
	enc_number(&e, d.day, 1);
	enc_number(&e, d.weekday ? d.weekday : m->sunday, 1);
	enc_number(&e, d.hour, 1);
	enc_number(&e, d.minute, 1);
	enc_number(&e, d.second, 1);
	enc_number(&e, m->hundredths ? 0 : 0xff, 1);
	enc_number(&e, (u16)deviation, 2);
	enc_number(&e, status, 1);

	n = snprintf(text, sizeof(text), "%04d-%02d-%02dT%02d:%02d:%02d", d.year, d.month, d.day,
		     d.hour, d.minute, d.second);
	if (deviation != -0x8000)
		snprintf(text + n, sizeof(text) - n, "%c%02d:%02d", deviation > 0 ? '-' : '+',
			 abs(deviation) / 60, abs(deviation) % 60);
	sim_expect(b->x, "meter_time", text, true, false);
}

static void put_code(struct builder *b, unsigned int item)
{
	const struct sim_maker *m = b->form->maker;
	const struct sim_quantity_info *q;

	if (item >= SIM_QUANTITIES) {
		enc_octet_string(b->e, m->obis[item - SIM_LIST_ID], 6);
		return;
	}
	q = &sim_quantity_table[item];
	if (q->kind == SIM_ENERGY)
		enc_obis(b->e, 1, m->b_energy, q->c, 8, 0, 255);
	else
		enc_obis(b->e, 1, m->b, q->c, 7, 0, 255);
}

static void put_value(struct builder *b, unsigned int item)
{
	u8 clock[12];

	switch (item) {
	case SIM_LIST_ID:
		put_text(b, "list_version", b->form->list_id, 0);
		break;
	case SIM_METER_ID:
		put_text(b, "meter_id", b->v->id, b->form->id_pad);
		break;
	case SIM_TYPE:
		put_text(b, "meter_type", b->v->type, b->form->type_pad);
		break;
	case SIM_CLOCK:
		clock_octets(b, clock);
		enc_octet_string(b->e, clock, sizeof(clock));
		break;
	case SIM_SETUP:
		put_code(b, item);
		break;
	case SIM_DEVICE:
		put_device(b);
		break;
	case SIM_DEVICE_ID:
		put_text(b, NULL, "00000000", 0);
		break;
	default:
		put_quantity(b, item);
	}
}

static void put_item(struct builder *b, unsigned int item)
{
	switch (b->form->maker->shape) {
	case SIM_ROWS:
		enc_structure(b->e, item < SIM_QUANTITIES ? 3 : 2);
		put_code(b, item);
		put_value(b, item);
		break;
	case SIM_POSITIONAL:
	case SIM_OBJECTS:
		put_value(b, item);
		break;
	case SIM_PAIRS:
		if (b->form->null & SIM_BIT(item)) {
			enc_null(b->e);
			enc_null(b->e);
			break;
		}
		if (item != SIM_LIST_ID || !b->form->maker->bare_list_id)
			put_code(b, item);
		put_value(b, item);
		break;
	case SIM_TRIPLES:
		if (item < SIM_QUANTITIES)
			put_code(b, item);
		put_value(b, item);
		break;
	case SIM_TELEGRAM:
		break;
	}
}

/* Class, code, attribute and index of what one of the values is. */
static void put_descriptor(struct builder *b, unsigned int class, unsigned int item, s8 attribute)
{
	enc_structure(b->e, 4);
	enc_u16(b->e, class);
	put_code(b, item);
	enc_s8(b->e, attribute);
	enc_u16(b->e, 0);
}

/* The first value is this array itself. */
static void put_descriptors(struct builder *b, const u8 *items, size_t n)
{
	enc_array(b->e, n + 1);
	put_descriptor(b, CLASS_PUSH, SIM_SETUP, 2);
	for (size_t i = 0; i < n; i++) {
		if (items[i] < SIM_QUANTITIES)
			put_descriptor(b, CLASS_REGISTER, items[i], 2);
		else if (items[i] == SIM_SETUP)
			put_descriptor(b, CLASS_PUSH, SIM_SETUP, 1);
		else
			put_descriptor(b, CLASS_DATA, items[i], 2);
	}
}

static size_t list_items(const struct sim_form_info *form, int list, u8 *items)
{
	const u8 *order = form->maker->order;
	size_t n = 0;

	if (list == 1) {
		items[0] = SIM_P_IMPORT;
		return 1;
	}
	for (; *order != SIM_ITEMS; order++) {
		if (list == 2 && *order == SIM_CLOCK)
			break;
		if (!(form->omit & SIM_BIT(*order)))
			items[n++] = *order;
	}
	return n;
}

static void put_body(struct builder *b, int list)
{
	const struct sim_maker *m = b->form->maker;
	u8 items[SIM_ITEMS];
	size_t n = list_items(b->form, list, items);

	if (m->shape == SIM_ROWS)
		enc_array(b->e, n);
	else if (m->shape == SIM_POSITIONAL)
		enc_structure(b->e, n);
	else if (m->shape == SIM_TRIPLES)
		enc_structure(b->e, 3 * n - 4);	/* clock and number are alone */
	else if (m->shape == SIM_OBJECTS)
		enc_structure(b->e, n + 1);
	else
		enc_structure(b->e, 2 * n - m->bare_list_id);
	if (m->shape == SIM_OBJECTS)
		put_descriptors(b, items, n);
	for (size_t i = 0; i < n; i++)
		put_item(b, items[i]);
}

static void put_apdu(struct builder *b, int list)
{
	const struct sim_maker *m = b->form->maker;
	u8 clock[12] = { 0 };

	if (m->header_time != ENC_TIME_ABSENT)
		clock_octets(b, clock);
	enc_data_notification(b->e, m->invoke_id, m->header_time, clock);
	put_body(b, list);
}

static int encode_telegram(struct enc *e, const struct sim_maker *m, enum sim_framing framing,
			   const struct sim_values *v, struct sim_expected *ret,
			   struct sim_channel *channel)
{
	size_t mark = e->n;
	int r;

	if (framing != SIM_P1 && framing != SIM_BODY)
		return -EINVAL;
	r = sim_telegram_put(e, m, v, ret, channel);
	if (framing == SIM_P1)
		enc_p1_end(e, mark, SIM_CRC_GOOD);
	return r;
}

static int encode_list(struct enc *e, const struct sim_form_info *f, int list,
		       enum sim_framing framing, const struct sim_values *v,
		       struct sim_expected *ret)
{
	struct builder b = { .e = e, .form = f, .v = v, .x = ret };
	size_t mark = 0;

	if (framing > SIM_BODY)
		return -EINVAL;
	if (framing == SIM_HDLC)
		mark = enc_hdlc_begin(e, f->maker->head, f->maker->head_n, false);
	if (framing <= SIM_LLC)
		enc_llc(e);
	if (framing <= SIM_APDU)
		put_apdu(&b, list);
	else
		put_body(&b, list);
	if (framing == SIM_HDLC)
		enc_hdlc_end(e, mark);
	return b.err;
}

static int encode(struct enc *e, enum sim_form form, int list, enum sim_framing framing,
		  const struct sim_values *v, struct sim_expected *ret,
		  struct sim_channel *channel)
{
	const struct sim_form_info *f = &sim_form_table[form];
	int r;

	if (!sim_form_has_list(form, list))
		return -EINVAL;
	if (ret)
		ret->n = 0;
	if (channel)
		channel->n = 0;
	if (f->maker->shape == SIM_TELEGRAM)
		r = encode_telegram(e, f->maker, framing, v, ret, channel);
	else
		r = encode_list(e, f, list, framing, v, ret);
	if (r < 0)
		return r;
	return e->overflow ? -ENOBUFS : 0;
}

int sim_encode(struct enc *e, enum sim_form form, int list, enum sim_framing framing,
	       const struct sim_values *v, struct sim_expected *ret)
{
	return encode(e, form, list, framing, v, ret, NULL);
}

int sim_build(enum sim_form form, int list, enum sim_framing framing, const struct sim_values *v,
	      u8 *buf, size_t size, struct sim_expected *ret)
{
	struct enc e;
	int r;

	enc_init(&e, buf, size);
	r = sim_encode(&e, form, list, framing, v, ret);
	return r < 0 ? r : (int)e.n;
}

int sim_build_wrapped(enum sim_form form, int list, const struct sim_wrap *w,
		      const struct sim_values *v, u8 *buf, size_t size, struct sim_expected *ret,
		      struct sim_channel *channel, struct sim_parts *parts)
{
	const struct sim_maker *m = sim_form_table[form].maker;
	struct sim_payload in = { .head = m->head, .head_n = m->head_n };
	struct sim_wrap with = *w;
	u8 inner[SIM_OCTETS_MAX];
	struct enc e;
	int r;

	in.telegram = m->shape == SIM_TELEGRAM;
	enc_init(&e, inner, sizeof(inner));
	r = encode(&e, form, list, in.telegram || w->framing == SIM_BODY ? SIM_BODY : SIM_APDU, v,
		   ret, channel);
	if (r < 0)
		return r;
	in.octets = inner;
	in.n = e.n;
	with.mbus_length = w->mbus_length ?: m->mbus_length;
	enc_init(&e, buf, size);
	r = sim_wrap(&e, &with, &in, parts);
	return r < 0 ? r : (int)e.n;
}
