// SPDX-License-Identifier: GPL-2.0
/*
 * The plot: what meters sent in the last minutes.  plot_draw.c has how it looks.
 *
 * A history is a ring of columns; a column knows its number, the time in units of its width, so
 * nothing has to be moved or cleared as time goes by: one with another number than is looked for is
 * of an earlier round.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "ctl/plot_internal.h"
#include "util.h"

#define VALUE_MAX	1e15	/* what is beyond is no reading */

void plot_clear(struct plot *p)
{
	for (size_t i = 0; i < p->n; i++)
		free(p->history[i]);
	p->n = 0;
}

/* ---- what comes ---- */

/* struct sample - what a signal has for each trace */
struct sample {
	bool present[PLOT_TRACES];
	bool current;		/* the phases are currents */
	double value[PLOT_TRACES];
};

static void sample_set(struct sample *s, enum plot_trace trace, double value)
{
	s->present[trace] = fabs(value) < VALUE_MAX;
	s->value[trace] = value;
}

static void sample_power(struct sample *s, enum plot_trace trace, const struct model_meter *m,
			 const struct model_values *v, enum quantity import, enum quantity export)
{
	bool in = model_has(v, import), out = model_has(v, export);
	double power = 0;

	if (in)
		power += v->value[import];
	if (out)
		power -= v->value[export];
	/* No import alone, from a meter that also sends export, does not say what flows. */
	if (in != out && power == 0 && model_has(&m->values, in ? export : import))
		return;
	if (in || out)
		sample_set(s, trace, power);
}

static bool sample_take(struct sample *s, const struct model_meter *m, const struct model_values *v)
{
	static const struct {
		enum quantity current, import, export;
	} phases[] = {
		{ Q_CURRENT_L1, Q_ACTIVE_POWER_IMPORT_L1, Q_ACTIVE_POWER_EXPORT_L1 },
		{ Q_CURRENT_L2, Q_ACTIVE_POWER_IMPORT_L2, Q_ACTIVE_POWER_EXPORT_L2 },
		{ Q_CURRENT_L3, Q_ACTIVE_POWER_IMPORT_L3, Q_ACTIVE_POWER_EXPORT_L3 },
	};
	bool any = false;

	sample_power(s, PLOT_POWER, m, v, Q_ACTIVE_POWER_IMPORT, Q_ACTIVE_POWER_EXPORT);
	for (unsigned int i = 0; i < ARRAY_SIZE(phases); i++)
		s->current |= model_has(v, phases[i].current);
	for (unsigned int i = 0; i < ARRAY_SIZE(phases); i++)
		if (!s->current)
			sample_power(s, PLOT_L1 + i, m, v, phases[i].import, phases[i].export);
		else if (model_has(v, phases[i].current))
			sample_set(s, PLOT_L1 + i, v->value[phases[i].current]);
	for (unsigned int t = 0; t < PLOT_TRACES; t++)
		any |= s->present[t];
	return any;
}

struct plot_history *plot_find(const struct plot *p, const char *id)
{
	for (size_t i = 0; i < p->n; i++)
		if (!strcmp(p->history[i]->id, id))
			return p->history[i];
	return NULL;
}

/* Nothing of it is to be seen any more, or the clock was set back. */
static bool is_past(const struct plot_history *h, u64 now)
{
	return h->newest + PLOT_COLUMNS <= now || h->newest > now;
}

/* A place for one more history; *@ret is NULL if there is no room. */
static int history_new(struct plot *p, u64 now, struct plot_history **ret)
{
	struct plot_history *h = NULL;

	if (p->n < PLOT_METERS_MAX) {
		h = malloc(sizeof(*h));
		if (!h)
			return -ENOMEM;
		p->history[p->n++] = h;
	}
	for (size_t i = 0; i < p->n && !h; i++)
		if (is_past(p->history[i], now))
			h = p->history[i];
	if (h)
		*h = (struct plot_history){ .phase_power = true };
	*ret = h;
	return 0;
}

/* The history of a meter, made if need be; *@ret is NULL if there is no room. */
static int history_of(struct plot *p, const char *id, u64 now, struct plot_history **ret)
{
	int r;

	*ret = plot_find(p, id);
	if (*ret)
		return 0;
	r = history_new(p, now, ret);
	if (r == 0 && *ret)
		snprintf((*ret)->id, sizeof((*ret)->id), "%s", id);
	return r;
}

/* Amperes are not added to watts. */
static void forget_phases(struct plot_history *h)
{
	for (unsigned int i = 0; i < PLOT_COLUMNS; i++)
		for (unsigned int t = PLOT_L1; t < PLOT_TRACES; t++) {
			h->ring[i].n[t] = 0;
			h->ring[i].sum[t] = 0;
		}
	h->phase_power = false;
}

static void history_add(struct plot_history *h, const struct sample *s, u64 number)
{
	struct plot_column *c = &h->ring[number % PLOT_COLUMNS];

	if (s->current && h->phase_power)
		forget_phases(h);
	if (c->number != number)
		*c = (struct plot_column){ .number = (u32)number };
	for (unsigned int t = 0; t < PLOT_TRACES; t++) {
		if (!s->present[t] || c->n[t] == UINT16_MAX)
			continue;
		if (t != PLOT_POWER && !s->current && !h->phase_power)
			continue;
		c->n[t]++;
		c->sum[t] += (float)s->value[t];
	}
	h->newest = number;
}

int plot_add(struct plot *p, const struct model_meter *m, const struct model_values *v,
	     u64 received, u64 now_us)
{
	u64 number = (received ?: now_us) / PLOT_COLUMN_US, now = now_us / PLOT_COLUMN_US;
	struct sample s = { 0 };
	struct plot_history *h;
	int r;

	if (number > now || number + PLOT_COLUMNS <= now || !sample_take(&s, m, v))
		return 0;
	r = history_of(p, m->id, now, &h);
	if (r == 0 && h)
		history_add(h, &s, number);
	return r;
}

bool plot_mean(const struct plot_history *h, enum plot_trace trace, u64 number, double *ret)
{
	const struct plot_column *c = &h->ring[number % PLOT_COLUMNS];

	if (c->number != number || !c->n[trace])
		return false;
	*ret = (double)c->sum[trace] / c->n[trace];
	return true;
}
