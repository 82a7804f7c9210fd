// SPDX-License-Identifier: GPL-2.0
/*
 * The builder of telegrams: goes over the tables of telegrams.c (IEC 62056-21 mode D).
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "calendar.h"
#include "forms.h"

#define GAS_PERIOD_S 300	/* gas meters are asked every five minutes (DSMR 5.0.2) */

/* A telegram under construction; @err stays at the first failure. */
struct printer {
	struct enc *e;
	const struct sim_maker *m;
	const struct sim_values *v;
	struct sim_expected *x;
	struct sim_channel *channel;
	int err;
};

static void put(struct printer *p, const char *text)
{
	enc_octets(p->e, text, strlen(text));
}

/* (YYMMDDhhmmssX): S in summer, W in winter and where nothing is known of summer. */
static void put_time(struct printer *p, s64 utc, bool is_clock)
{
	bool summer = p->m->zone != SIM_ZONE_UTC1 && sim_summer_time(utc);
	char text[SIM_TEXT_MAX];
	struct sim_date d;

	sim_date_of(utc + (summer ? 7200 : 3600), &d);
	snprintf(text, sizeof(text), "(%02d%02d%02d%02d%02d%02d%c)", d.year % 100, d.month, d.day,
		 d.hour, d.minute, d.second, summer ? 'S' : 'W');
	put(p, text);
	if (!is_clock)
		return;
	snprintf(text, sizeof(text), "%04d-%02d-%02dT%02d:%02d:%02d", d.year, d.month, d.day,
		 d.hour, d.minute, d.second);
	sim_expect(p->x, "meter_time", text, true, false);
}

static void expect_of_channel(struct printer *p, const char *name, const char *text, bool is_text)
{
	struct sim_channel *c = p->channel;

	if (!c)
		return;
	if (!c->n)
		c->reading[c->n++] = (struct sim_reading){ .name = "channel", .text = "1" };
	c->reading[c->n] = (struct sim_reading){ .name = name, .is_text = is_text };
	snprintf(c->reading[c->n++].text, SIM_TEXT_MAX, "%s", text);
}

static void put_id(struct printer *p, const struct sim_line *line)
{
	const char *id = line->channel ? line->text : p->v->id;
	char digits[4];

	put(p, "(");
	for (const char *c = id; *c; c++) {
		snprintf(digits, sizeof(digits), "%02X", (u8)*c);
		put(p, digits);
	}
	put(p, ")");
	if (line->channel)
		expect_of_channel(p, "meter_id", id, true);
	else
		sim_expect(p->x, "meter_id", id, true, false);
}

/* (digits*unit) */
static void put_number(struct printer *p, const struct sim_line *line)
{
	const struct sim_quantity_info *q = &sim_quantity_table[line->item];
	const struct sim_number *number = line->number;
	int exponent = number->unit - number->decimals;
	s64 wire = sim_to_wire(p->v->q[line->item], q->kind, exponent);
	char text[SIM_TEXT_MAX];
	size_t width = number->whole + (number->decimals ? 1 + number->decimals : 0);

	sim_decimal(wire, -number->decimals, text);
	if (wire < 0 || strlen(text) > width) {
		p->err = p->err ?: -ERANGE;
		return;
	}
	put(p, "(");
	for (size_t n = strlen(text); n < width; n++)
		put(p, "0");
	put(p, text);
	if (number->text) {
		put(p, "*");
		put(p, number->text);
	}
	put(p, ")");
	sim_decimal(wire, exponent, text);
	if (line->channel)
		expect_of_channel(p, q->name, text, false);
	else
		sim_expect(p->x, q->name, text, false, false);
}

static void put_line(struct printer *p, const struct sim_line *line)
{
	put(p, line->code);
	switch (line->kind) {
	case SIM_LINE_TEXT:
		put(p, line->text);
		break;
	case SIM_LINE_CLOCK:
		put_time(p, p->v->clock, true);
		break;
	case SIM_LINE_ID:
		put_id(p, line);
		break;
	case SIM_LINE_TIMED:
		put_time(p, p->v->clock - p->v->clock % GAS_PERIOD_S, false);
		put_number(p, line);
		break;
	case SIM_LINE_VALUE:
		put_number(p, line);
		break;
	}
	put(p, "\r\n");
}

int sim_telegram_put(struct enc *e, const struct sim_maker *m, const struct sim_values *v,
		     struct sim_expected *ret, struct sim_channel *channel)
{
	struct printer p = { .e = e, .m = m, .v = v, .x = ret, .channel = channel };

	put(&p, "/");
	put(&p, m->telegram->identification);
	put(&p, "\r\n\r\n");
	for (const struct sim_line *line = m->telegram->lines; line->code; line++)
		put_line(&p, line);
	put(&p, "!");
	return p.err;
}
