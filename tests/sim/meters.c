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

const char *sim_form_manufacturer(enum sim_form form)
{
	return sim_form_table[form].manufacturer;
}

int sim_form_find(const char *name)
{
	for (int i = 0; i < SIM_FORMS; i++)
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
		},
		.clock = 1769000410,	/* 2026-01-21T13:00:10Z */
	};
	strcpy(ret->id, f->id);
	strcpy(ret->type, f->type);
}

static void expect(struct builder *b, const char *name, const char *text, bool is_text,
		   bool missing)
{
	struct sim_reading *r;

	for (unsigned int i = 0; b->x && i < b->x->n; i++)
		if (!strcmp(b->x->reading[i].name, name))
			return;
	if (!b->x || b->x->n == SIM_READINGS_MAX)
		return;
	r = &b->x->reading[b->x->n++];
	*r = (struct sim_reading){ .name = name, .is_text = is_text, .missing = missing };
	snprintf(r->text, sizeof(r->text), "%s", text);
}

/* Plain digits of wire x 10^exponent; @buf: SIM_TEXT_MAX octets. */
static void decimal(s64 wire, int exponent, char *buf)
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
static s64 to_wire(s64 base, enum sim_kind kind, int exponent)
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
	s64 wire = missing ? 0 : to_wire(b->v->q[item], q->kind, code.exponent);
	char text[SIM_TEXT_MAX];

	put_integer(b, code.type, wire);
	if (b->form->maker->shape == SIM_ROWS) {
		enc_structure(b->e, 2);
		enc_s8(b->e, code.exponent);
		enc_enum(b->e, q->unit);
	}
	decimal(wire, code.exponent, text);
	expect(b, q->name, text, false, missing);
}

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
	if (n)
		expect(b, name, text, true, false);
}

/* The 12 octets of what the maker's clock shows. */
static void clock_octets(struct builder *b, u8 octets[12])
{
	const struct sim_maker *m = b->form->maker;
	s64 shown = b->v->clock + 3600;
	char text[SIM_TEXT_MAX];
	struct sim_date d;
	struct enc e;
	size_t n;

	if (m->zone == SIM_ZONE_LOCAL && sim_summer_time(b->v->clock))
		shown += 3600;
	sim_date_of(shown, &d);
	enc_init(&e, octets, 12);
	enc_number(&e, d.year, 2);
	enc_number(&e, d.month, 1);
	enc_number(&e, d.day, 1);
	enc_number(&e, d.weekday ? d.weekday : m->sunday, 1);
	enc_number(&e, d.hour, 1);
	enc_number(&e, d.minute, 1);
	enc_number(&e, d.second, 1);
	enc_number(&e, 0xff, 1);
	enc_number(&e, (u16)m->deviation, 2);
	enc_number(&e, m->status, 1);

	n = snprintf(text, sizeof(text), "%04d-%02d-%02dT%02d:%02d:%02d", d.year, d.month, d.day,
		     d.hour, d.minute, d.second);
	if (m->deviation != -0x8000)
		snprintf(text + n, sizeof(text) - n, "%c%02d:%02d", m->deviation > 0 ? '-' : '+',
			 abs(m->deviation) / 60, abs(m->deviation) % 60);
	expect(b, "meter_time", text, true, false);
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
	enc_obis(b->e, 1, m->b, q->c, q->kind == SIM_ENERGY ? 8 : 7, 0, 255);
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
	else
		enc_structure(b->e, 2 * n - m->bare_list_id);
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

int sim_encode(struct enc *e, enum sim_form form, int list, enum sim_framing framing,
	       const struct sim_values *v, struct sim_expected *ret)
{
	const struct sim_form_info *f = &sim_form_table[form];
	struct builder b = { .e = e, .form = f, .v = v, .x = ret };
	size_t mark = 0;

	if (!sim_form_has_list(form, list))
		return -EINVAL;
	if (ret)
		ret->n = 0;
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
	if (b.err)
		return b.err;
	return e->overflow ? -ENOBUFS : 0;
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
