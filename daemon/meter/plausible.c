// SPDX-License-Identifier: GPL-2.0
/*
 * Plausibility: the evidence.  What is concluded from it, and said, is in plausible_say.c.
 */
#include <math.h>
#include <string.h>

#include "meter/plausible_internal.h"

#define SECOND_US	1000000ll
#define MINUTE_US	(60 * SECOND_US)
#define HOUR_US		(60 * MINUTE_US)

/*
 * Voltages: so many lists, not all at once as they come when the machine begins to read them; or few lists,
 * as of a meter that sends them once an hour.
 */
#define VOLTAGE_LISTS		10
#define VOLTAGE_US		(10 * SECOND_US)
#define VOLTAGE_LISTS_SELDOM	3
#define VOLTAGE_SELDOM_US	HOUR_US

/* A value says something from so many of its smallest steps on; a sum of them from twice as many. */
#define STEPS_ENOUGH	5

/* Below that a house is noise: W or VA of a list, Wh of a window. */
#define POWER_FLOOR	500
#define ENERGY_FLOOR	50

/*
 * struct rule - how a ratio is judged
 * @window_us: length of a window
 * @window_n: least summands of a window
 * @good_lo, @good_hi: a ratio between them agrees
 * @bad_lo, @bad_hi: one outside of them contradicts; what is between is no evidence of anything
 * @spread: windows that contradict by the same factor differ by no more
 */
static const struct rule {
	s64 window_us;
	unsigned int window_n;
	double good_lo, good_hi;
	double bad_lo, bad_hi;
	double spread;
} rules[] = {
	/* The power factor is in it; and a meter may sum up power and current over different times. */
	[RULE_CURRENT] = { 20 * MINUTE_US, 20, 0.3, 1.6, 0.12, 5, 1.6 },
	[RULE_ENERGY] = { HOUR_US, 1, 0.4, 2.5, 1 / 7.0, 7, 1.3 },
};

#define BAD_WINDOWS	3
#define BAD_WINDOWS_UNSURE	9
#define GOOD_WINDOWS	2

static double value_of(const struct readings *r, unsigned int q)
{
	return readings_has(r, q) ? decimal_double(r->value[q]) : NAN;
}

static double value_or_0(const struct readings *r, unsigned int q)
{
	return readings_has(r, q) ? decimal_double(r->value[q]) : 0;
}

static double step_of(const struct readings *r, unsigned int q)
{
	return pow(10, r->value[q].exponent);
}

/* ---- ratios ---- */

static void sum_add(struct plausible_sum *s, double a, double b)
{
	s->least = s->n && s->least < a ? s->least : a;
	s->most = s->n && s->most > a ? s->most : a;
	s->a += a;
	s->b += b;
	s->n++;
}

static void sum_merge(struct plausible_sum *s, const struct plausible_sum *w)
{
	if (!s->n) {
		*s = *w;
		return;
	}
	s->least = s->least < w->least ? s->least : w->least;
	s->most = s->most > w->most ? s->most : w->most;
	s->a += w->a;
	s->b += w->b;
	s->n += w->n;
}

static void run_begin(struct plausible_ratio *t, double ratio)
{
	t->run = (struct plausible_sum){ 0 };
	t->lo = t->hi = ratio;
	t->bad = 0;
}

/* @needed: windows that have to contradict; @vary: by how much the loads in them have to differ */
static void window_judge(struct plausible_ratio *t, const struct rule *rule, unsigned int needed,
			 double vary)
{
	double ratio = t->window.b / t->window.a;

	t->last = ratio;
	if (ratio > rule->bad_lo && ratio < rule->bad_hi) {
		t->bad = 0;
		t->good = ratio >= rule->good_lo && ratio <= rule->good_hi ? t->good + 1 : 0;
		if (t->good >= GOOD_WINDOWS)
			t->contradicts = false;
		return;
	}
	t->good = 0;
	if (!t->bad || fmax(t->hi, ratio) > rule->spread * fmin(t->lo, ratio))
		run_begin(t, ratio);
	t->lo = fmin(t->lo, ratio);
	t->hi = fmax(t->hi, ratio);
	t->bad++;
	sum_merge(&t->run, &t->window);
	if (t->bad >= needed && t->run.most >= vary * t->run.least)
		t->contradicts = true;
}

static void window_begin(struct plausible_ratio *t, s64 us)
{
	t->window = (struct plausible_sum){ 0 };
	t->begin_us = us;
}

/* ---- voltages ---- */

static bool is_of_a_network(double v)
{
	/* Phases of 110, 127, 133, 220, 230 V, and lines of 230 and 400 V. */
	return (v >= 85 && v <= 145) || (v >= 180 && v <= 280) || (v >= 340 && v <= 460);
}

/* The power of ten by which a voltage is off; 0: it is right, or wrong by something else. */
static int voltage_off_by(double v)
{
	for (int e = 1; e <= 3 && !is_of_a_network(v); e++) {
		if (is_of_a_network(v * pow(10, -e)))
			return e;
		if (is_of_a_network(v * pow(10, e)))
			return -e;
	}
	return 0;
}

/* One phase alone may be dead, and show what others induce in it: a factor is on all of them. */
static void voltage_take(struct plausible *p, const struct readings *r, s64 now)
{
	bool any = false, same = true;
	int off = 0;

	for (unsigned int i = 0; i < 3; i++) {
		unsigned int q = phase_table[i].voltage;
		double v = value_or_0(r, q);
		int e = voltage_off_by(v);

		if (!(v > 0) || r->derived[q / 64] >> (q % 64) & 1)
			continue;
		same &= !any || e == off;
		if (!any) {
			p->voltage = v;
			p->voltage_of = q;
		}
		any = true;
		off = e;
	}
	if (!any)
		return;
	off = same ? off : 0;
	if (!off) {
		p->voltage_lists = 0;
		if (++p->voltage_good >= VOLTAGE_LISTS)
			p->voltage_wrong = false;
		return;
	}
	p->voltage_good = 0;
	if (!p->voltage_lists || off != p->voltage_exponent) {
		p->voltage_lists = 0;
		p->voltage_since_us = now;
		p->voltage_exponent = off;
	}
	p->voltage_lists++;
	if ((p->voltage_lists >= VOLTAGE_LISTS && now - p->voltage_since_us >= VOLTAGE_US) ||
	    (p->voltage_lists >= VOLTAGE_LISTS_SELDOM && now - p->voltage_since_us >= VOLTAGE_SELDOM_US))
		p->voltage_wrong = true;
}

/* ---- voltage times current, and power ---- */

/*
 * Apparent power of the phases, VA; NaN: it cannot be told, or the currents are too small to tell it.
 * All phases; on networks of three wires without L2; or L1 alone.  Such a sum is never less than the power.
 */
static double phases_take(struct plausible *p, const struct readings *r)
{
	double va = 0, amperes = 0, step = 0;
	unsigned int have = 0;

	for (unsigned int i = 0; i < 3; i++) {
		unsigned int v = phase_table[i].voltage, c = phase_table[i].current;
		double volts = value_of(r, v), current = fabs(value_of(r, c));

		/* A voltage that we computed is good enough here. */
		if (!readings_has(r, c) || !readings_has(r, v)) {
			/* A current without its voltage, but for L2: something is missing. */
			if (readings_has(r, c) && i != 1)
				return NAN;
			continue;
		}
		if (volts == 0 && current > 0)
			return NAN;
		have |= 1u << i;
		va += volts * current;
		amperes += current;
		step = fmax(step, step_of(r, c));
	}
	if ((have != 7 && have != 5 && have != 1) || amperes < STEPS_ENOUGH * step)
		return NAN;
	p->phases = (unsigned int)__builtin_popcount(have);
	return va;
}

static void current_take(struct plausible *p, const struct readings *r, s64 now)
{
	struct plausible_ratio *t = &p->current;
	double va = phases_take(p, r), power = value_of(r, Q_ACTIVE_POWER_IMPORT);
	bool too_small, unsure;

	if (!(va > 0) || !(power >= STEPS_ENOUGH * step_of(r, Q_ACTIVE_POWER_IMPORT)) ||
	    value_or_0(r, Q_ACTIVE_POWER_EXPORT) > 0)
		return;
	p->reactive = readings_has(r, Q_REACTIVE_POWER_IMPORT) && p->phases == 3;
	if (p->reactive)
		power = hypot(power, value_or_0(r, Q_REACTIVE_POWER_IMPORT) -
				     value_or_0(r, Q_REACTIVE_POWER_EXPORT));
	if (fmax(va, power) < POWER_FLOOR)
		return;
	if (!t->window.n)
		window_begin(t, now);
	sum_add(&t->window, va, power);
	if (now - t->begin_us < rules[RULE_CURRENT].window_us ||
	    t->window.n < rules[RULE_CURRENT].window_n)
		return;
	/*
	 * Where one phase delivers what another one takes, currents without power are right.  That is never
	 * concluded of a house that delivers, and late of one of which it is not known.
	 */
	too_small = t->window.b < t->window.a;
	unsure = p->phases == 1 || (too_small && !p->knows_export);
	if (!too_small || !p->exports ||
	    t->window.b > rules[RULE_CURRENT].good_lo * t->window.a)
		window_judge(t, &rules[RULE_CURRENT], unsure ? BAD_WINDOWS_UNSURE : BAD_WINDOWS,
			     unsure ? 2 : 1.2);
	window_begin(t, now);
}

/* ---- power, and the register ---- */

static void export_look(struct plausible *p, const struct readings *r)
{
	double wh = value_of(r, Q_ACTIVE_ENERGY_EXPORT);

	if (value_or_0(r, Q_ACTIVE_POWER_EXPORT) > 0 || value_or_0(r, Q_ACTIVE_POWER_IMPORT) < 0 ||
	    (isfinite(wh) && isfinite(p->export_wh) && wh != p->export_wh))
		p->exported = p->exports = true;
	if (wh > 0)
		p->exports = true;
	if (isfinite(wh))
		p->export_wh = wh;
	p->knows_export |= isfinite(wh) || readings_has(r, Q_ACTIVE_POWER_EXPORT);
}

/*
 * From one register to the next the live register has counted the powers; by how much it was off is
 * the difference between the two.  Not if lists were lost in between, which it knows.
 */
static void energy_take(struct plausible *p, const struct readings *r, const struct live_register *l,
			s64 now)
{
	struct plausible_ratio *t = &p->energy;
	double wh = value_of(r, Q_ACTIVE_ENERGY_IMPORT), stepped, step;
	bool whole = p->has_register && l->has_error && !p->exported;

	if (!isfinite(wh))
		return;
	stepped = wh - p->register_wh;
	if (whole && stepped >= 0) {
		step = step_of(r, Q_ACTIVE_ENERGY_IMPORT);
		/* Here it is the length: holes do not count. */
		t->begin_us += now - p->register_us;
		sum_add(&t->window, stepped - l->error, stepped);
		if (t->begin_us >= rules[RULE_ENERGY].window_us &&
		    fmin(t->window.a, t->window.b) >= 2 * STEPS_ENOUGH * step &&
		    fmax(t->window.a, t->window.b) >= ENERGY_FLOOR) {
			window_judge(t, &rules[RULE_ENERGY], BAD_WINDOWS, 0);
			window_begin(t, 0);
		}
	}
	p->has_register = true;
	p->register_wh = wh;
	p->register_us = now;
	p->exported = false;
}

/* ---- all of it ---- */

void plausible_reset(struct plausible *p)
{
	*p = (struct plausible){
		.scale = p->scale,
		.current.last = NAN,
		.energy.last = NAN,
		.export_wh = NAN,
	};
}

bool plausible_scaled_by(struct plausible *p, const struct scale *scale)
{
	for (unsigned int k = 0; k < KIND_COUNT; k++) {
		if (p->scale.factor[k].mantissa != scale->factor[k].mantissa ||
		    p->scale.factor[k].exponent != scale->factor[k].exponent) {
			p->scale = *scale;
			plausible_reset(p);
			return false;
		}
	}
	return true;
}

bool plausible_take(struct plausible *p, const struct readings *r, const struct live_register *import,
		    s64 mono_us)
{
	export_look(p, r);
	voltage_take(p, r, mono_us);
	current_take(p, r, mono_us);
	energy_take(p, r, import, mono_us);
	return plausible_conclude(p);
}
