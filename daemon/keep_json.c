// SPDX-License-Identifier: GPL-2.0
/*
 * What is kept of each meter: the text of its file.
 *
 * What is read is held against what can be: the file may have been edited, or be of another version.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "keep.h"
#include "output/json.h"
#include "util.h"

#define VERSION		1
#define ENERGY_MAX	(2 * GUARD_ENERGY_MAX)	/* counted on from there */
#define TIME_MAX	253402300799ll	/* the end of the year 9999 */

static const char *const direction_names[DERIVE_DIRECTIONS] = { "import", "export" };
static const char *const span_names[SPAN_COUNT] = { "hour", "day", "month" };

/* ---- writing ---- */

/* Steals @value; NaN is left out. */
static int add(json_t *object, const char *name, json_t *value)
{
	return json_object_set_new(object, name, value) ? -ENOMEM : 0;
}

static int add_real(json_t *object, const char *name, double v)
{
	return isfinite(v) ? add(object, name, json_real(v)) : 0;
}

static json_t *live_json(const struct live_register *l, bool last)
{
	json_t *j = json_object();
	int r = 0;

	r |= add(j, "known", json_boolean(l->known));
	r |= add(j, "sure", json_boolean(l->sure));
	r |= add_real(j, "estimate", l->estimate);
	/* Below "reserved" says that it has to wait; while it does, the estimate is below. */
	r |= add_real(j, "shown", l->wait ? l->estimate : l->shown);
	/* After a crash what was shown last is not known, but for a limit; @last says that it is. */
	r |= add_real(j, "reserved", last ? l->shown : live_reserve(l));
	if (l->has_power) {
		r |= add_real(j, "power", l->power);
		r |= add(j, "time", json_integer(l->last.real_us));
	}
	if (l->has_error)
		r |= add_real(j, "error", l->error);
	for (int i = SPAN_HOUR; i < SPAN_COUNT; i++) {
		const struct live_span *s = &l->span[i];

		if (s->begin && s->known)
			r |= add(j, span_names[i],
				 json_pack("{s:I, s:f, s:f}", "begin", (json_int_t)s->begin,
					   "estimate", s->at_begin, "shown", s->shown));
	}
	if (l->ended.pending && isfinite(l->ended.at_begin)) {
		json_t *ended = json_pack("{s:I, s:I, s:f}", "begin", (json_int_t)l->ended.begin,
					  "end", (json_int_t)l->ended.end, "estimate",
					  l->ended.at_begin);

		r |= add_real(ended, "energy", l->ended.energy);
		r |= add(j, "ended", ended);
	}
	if (r) {
		json_decref(j);
		return NULL;
	}
	return j;
}

static json_t *registers_json(const struct guard *g)
{
	json_t *j = json_object();
	int r = 0;

	for (unsigned int q = 0; q < Q_SENT_COUNT; q++)
		if (g->reg[q].known)
			r |= add(j, quantity_table[q].name,
				 json_pack("[f, I]", g->reg[q].value, (json_int_t)g->reg[q].time_us));
	if (r) {
		json_decref(j);
		return NULL;
	}
	return j;
}

static json_t *peaks_json(const struct peaks *p)
{
	json_t *top = json_array();
	int r = 0;

	for (unsigned int i = 0; i < p->n; i++)
		r |= json_array_append_new(top, json_pack("[I, f]", (json_int_t)p->top[i].hour,
							  p->top[i].mean_w));
	if (r) {
		json_decref(top);
		return NULL;
	}
	return json_pack("{s:I, s:o}", "month", (json_int_t)p->month, "top", top);
}

/* @set: bit per enum quantity */
static json_t *names_json(const u64 *set)
{
	json_t *names = json_array();
	int r = 0;

	for (unsigned int q = 0; q < Q_COUNT; q++)
		if (set[q / 64] >> (q % 64) & 1)
			r |= json_array_append_new(names, json_string(quantity_table[q].name));
	if (r) {
		json_decref(names);
		return NULL;
	}
	return names;
}

/* Of the registers that are kept; other values are not. */
static json_t *derived_json(const struct meter *m)
{
	u64 set[READINGS_WORDS] = { 0 };

	for (unsigned int q = 0; q < Q_SENT_COUNT; q++)
		if (m->derive.guard.reg[q].known)
			set[q / 64] |= m->derived[q / 64] & 1ull << (q % 64);
	return names_json(set);
}

static json_t *unverified_json(const struct guard *g)
{
	u64 set[READINGS_WORDS] = { 0 };

	for (unsigned int q = 0; q < Q_SENT_COUNT; q++)
		if (g->reg[q].known && g->reg[q].unverified)
			set[q / 64] |= 1ull << (q % 64);
	return names_json(set);
}

char *keep_text(const struct meter *m, bool last)
{
	json_t *j = json_object(), *identity = json_object();
	char *text = NULL;
	int r = 0;

	for (unsigned int i = 0; i < ID_COUNT; i++)
		if (*m->identity[i])
			r |= add(identity, identity_names[i], json_string(m->identity[i]));
	r |= add(j, "version", json_integer(VERSION));
	r |= add(j, "meter", json_string(m->id));
	if (*m->via)
		r |= add(j, "via", json_string(m->via));
	r |= add(j, "identity", identity);
	r |= add(j, "known", names_json(m->known));
	r |= add(j, "derived", derived_json(m));
	r |= add(j, "unverified", unverified_json(&m->derive.guard));
	r |= add(j, "clock", json_integer(m->derive.guard.clock_us));
	r |= add(j, "registers", registers_json(&m->derive.guard));
	for (unsigned int i = 0; i < DERIVE_DIRECTIONS; i++)
		r |= add(j, direction_names[i], live_json(&m->derive.live[i], last));
	r |= add(j, "peaks", peaks_json(&m->derive.peaks));
	r |= add(j, "peaks_before", peaks_json(&m->derive.peaks_before));
	if (!r)
		text = json_dumps(j, JSON_INDENT(1) | JSON_REAL_PRECISION(17));
	json_decref(j);
	return text;
}

/* ---- reading ---- */

/* Where a mistake is; the first one is kept. */
struct reader {
	char *why;
	bool wrong;
};

static void wrong(struct reader *rd, const char *name, const char *what)
{
	if (!rd->wrong)
		snprintf(rd->why, KEEP_WHY_MAX, "\"%s\" %s", name, what);
	rd->wrong = true;
}

static double take_real(struct reader *rd, const json_t *object, const char *name, double least,
			double most)
{
	const json_t *j = json_object_get(object, name);
	double v = json_number_value(j);

	if (!json_is_number(j) || !(v >= least && v <= most)) {
		wrong(rd, name, "is not a number that can be");
		return 0;
	}
	return v;
}

static s64 take_time(struct reader *rd, const json_t *object, const char *name, s64 unit)
{
	const json_t *j = json_object_get(object, name);
	s64 v = json_integer_value(j);

	if (!json_is_integer(j) || v < 0 || v / unit > TIME_MAX) {
		wrong(rd, name, "is no time");
		return 0;
	}
	return v;
}

static bool take_bool(struct reader *rd, const json_t *object, const char *name)
{
	const json_t *j = json_object_get(object, name);

	if (!json_is_boolean(j))
		wrong(rd, name, "is neither true nor false");
	return json_is_true(j);
}

static void span_read(struct reader *rd, const json_t *live, int i, struct live_span *s)
{
	const json_t *j = json_object_get(live, span_names[i]);

	if (!j)
		return;
	s->begin = take_time(rd, j, "begin", 1);
	s->at_begin = take_real(rd, j, "estimate", -ENERGY_MAX, ENERGY_MAX);
	s->shown = take_real(rd, j, "shown", 0, ENERGY_MAX);
	s->known = true;
	/* The time zone may be another one by now. */
	if (s->begin && calendar_begin(i, s->begin) != s->begin)
		*s = (struct live_span){ 0 };
}

static void ended_read(struct reader *rd, const json_t *live, struct live_hour *h)
{
	const json_t *j = json_object_get(live, "ended");

	if (!j)
		return;
	h->begin = take_time(rd, j, "begin", 1);
	h->end = take_time(rd, j, "end", 1);
	h->at_begin = take_real(rd, j, "estimate", -ENERGY_MAX, ENERGY_MAX);
	h->energy = json_object_get(j, "energy") ?
		    take_real(rd, j, "energy", -ENERGY_MAX, ENERGY_MAX) : NAN;
	h->pending = true;
}

static void live_read(struct reader *rd, const json_t *root, const char *name, struct live_time now,
		      struct live_register *l)
{
	const json_t *j = json_object_get(root, name);

	if (!json_is_object(j)) {
		wrong(rd, name, "is not there");
		return;
	}
	l->known = take_bool(rd, j, "known");
	l->sure = take_bool(rd, j, "sure");
	l->estimate = take_real(rd, j, "estimate", -ENERGY_MAX, ENERGY_MAX);
	l->shown = take_real(rd, j, "shown", -ENERGY_MAX, ENERGY_MAX);
	l->reserved = take_real(rd, j, "reserved", -ENERGY_MAX, ENERGY_MAX);
	/* It may have been shown up to there; it must not go back, and nothing is invented. */
	l->wait = l->reserved > l->shown;
	l->shown = l->reserved;
	l->has_reserved = l->known;
	if (json_object_get(j, "time")) {
		l->has_power = true;
		l->power = take_real(rd, j, "power", -DERIVE_POWER_MAX, DERIVE_POWER_MAX);
		l->last.real_us = take_time(rd, j, "time", (s64)USEC_PER_SEC);
		l->last.mono_us = now.mono_us - (now.real_us - l->last.real_us);
		/* Of a time to come: one of the clocks was wrong. */
		if (l->last.mono_us > now.mono_us)
			l->has_power = l->sure = false;
	} else {
		l->sure = false;
	}
	if (!l->has_power)
		l->last = (struct live_time){ 0 };
	if (json_object_get(j, "error")) {
		l->has_error = true;
		l->error = take_real(rd, j, "error", -ENERGY_MAX, ENERGY_MAX);
	}
	for (int i = SPAN_HOUR; i < SPAN_COUNT; i++)
		span_read(rd, j, i, &l->span[i]);
	ended_read(rd, j, &l->ended);
}

static int quantity_by_name(const char *name)
{
	for (unsigned int q = 0; name && q < Q_COUNT; q++)
		if (!strcmp(quantity_table[q].name, name))
			return (int)q;
	return -1;
}

/* One that is not there is empty: the file may be of a version that did not write it. */
static void names_read(const json_t *root, const char *name, u64 *set)
{
	const json_t *names = json_object_get(root, name);

	for (size_t i = 0; i < json_array_size(names); i++) {
		int q = quantity_by_name(json_string_value(json_array_get(names, i)));

		if (q >= 0)
			set[q / 64] |= 1ull << (q % 64);
	}
}

static void registers_read(struct reader *rd, json_t *root, struct guard *g)
{
	json_t *registers = json_object_get(root, "registers"), *entry;
	u64 unverified[READINGS_WORDS] = { 0 };
	const char *name;

	names_read(root, "unverified", unverified);
	g->clock_us = take_time(rd, root, "clock", (s64)USEC_PER_SEC);
	json_object_foreach(registers, name, entry) {
		int q = quantity_by_name(name);
		double v = json_number_value(json_array_get(entry, 0));
		s64 t = json_integer_value(json_array_get(entry, 1));

		/* A quantity of another version is no mistake. */
		if (q < 0 || q >= Q_SENT_COUNT)
			continue;
		if (!isfinite(v) || fabs(v) > ENERGY_MAX || t <= 0) {
			wrong(rd, name, "is no register with its time");
			return;
		}
		g->reg[q] = (struct guard_register){
			.known = true,
			.unverified = unverified[q / 64] >> (q % 64) & 1,
			.value = v,
			.time_us = (u64)t,
		};
	}
}

static void peaks_read(struct reader *rd, const json_t *root, const char *name, struct peaks *p)
{
	const json_t *j = json_object_get(root, name), *top = json_object_get(j, "top");

	p->month = take_time(rd, j, "month", 1);
	for (size_t i = 0; i < json_array_size(top) && p->n < PEAKS_MAX; i++) {
		const json_t *entry = json_array_get(top, i);
		struct peak peak = { json_integer_value(json_array_get(entry, 0)),
				     json_number_value(json_array_get(entry, 1)) };

		if (peak.hour <= 0 || peak.hour > TIME_MAX || !(peak.mean_w >= 0) ||
		    peak.mean_w > ENERGY_MAX)
			wrong(rd, name, "has an hour that is none");
		else
			p->top[p->n++] = peak;
	}
}

static void identity_read(const json_t *root, struct meter *m)
{
	const json_t *j = json_object_get(root, "identity");

	for (unsigned int i = 0; i < ID_COUNT; i++) {
		const char *s = json_string_value(json_object_get(j, identity_names[i]));

		for (size_t n = 0; s && s[n] && n < METER_TEXT_MAX - 1; n++)
			m->identity[i][n] = s[n] >= ' ' && s[n] <= '~' ? s[n] : '?';
	}
}

static void via_read(const json_t *root, struct meter *m)
{
	const char *via = json_string_value(json_object_get(root, "via"));

	if (via && meter_id_make(via, strlen(via), m->via) < 0)
		*m->via = '\0';
}

static void known_read(const json_t *root, struct meter *m)
{
	names_read(root, "known", m->known);
	names_read(root, "derived", m->derived);
	for (unsigned int q = Q_SENT_COUNT; q < Q_COUNT; q++)
		if (m->known[q / 64] >> (q % 64) & 1)
			m->derive.ever |= 1ull << (q - Q_SENT_COUNT);
}

int keep_parse(struct meter *m, const char *text, size_t n, struct live_time now, char *why)
{
	struct reader rd = { .why = why };
	struct derive d = { 0 };
	json_error_t error;
	json_t *root = json_loadb(text, n, JSON_REJECT_DUPLICATES, &error);

	if (!root) {
		snprintf(why, KEEP_WHY_MAX, "%s (line %d)", error.text, error.line);
		return -EINVAL;
	}
	if (json_integer_value(json_object_get(root, "version")) != VERSION)
		wrong(&rd, "version", "is not the one that is understood");
	registers_read(&rd, root, &d.guard);
	for (unsigned int i = 0; i < DERIVE_DIRECTIONS; i++)
		live_read(&rd, root, direction_names[i], now, &d.live[i]);
	peaks_read(&rd, root, "peaks", &d.peaks);
	peaks_read(&rd, root, "peaks_before", &d.peaks_before);
	if (!rd.wrong) {
		m->derive = d;
		identity_read(root, m);
		via_read(root, m);
		known_read(root, m);
	}
	json_decref(root);
	return rd.wrong ? -EINVAL : 0;
}
