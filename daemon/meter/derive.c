// SPDX-License-Identifier: GPL-2.0
/*
 * Derived values.
 */
#include <math.h>
#include <string.h>

#include "meter/derive.h"

#define SECOND_US	1000000ll

/* A list with registers comes so long after the time that it is of; else the clocks differ. */
#define LATE_MAX_US	(30 * SECOND_US)

/* The clock of this machine was not set yet: no hour or month of it is one. */
#define CLOCK_SET_S	1577836800ll	/* 2020-01-01 */

/* The live register and what else is counted in a direction, in the order of the table. */
enum counted {
	COUNTED_LIVE,
	COUNTED_HOUR,
	COUNTED_DAY,
	COUNTED_MONTH,
	COUNTED_ERROR,
};

static const struct {
	enum quantity power, energy, counted;
} direction[DERIVE_DIRECTIONS] = {
	[DERIVE_IMPORT] = { Q_ACTIVE_POWER_IMPORT, Q_ACTIVE_ENERGY_IMPORT,
			    Q_ACTIVE_ENERGY_IMPORT_LIVE },
	[DERIVE_EXPORT] = { Q_ACTIVE_POWER_EXPORT, Q_ACTIVE_ENERGY_EXPORT,
			    Q_ACTIVE_ENERGY_EXPORT_LIVE },
};

_Static_assert(Q_ACTIVE_ENERGY_IMPORT_ERROR == Q_ACTIVE_ENERGY_IMPORT_LIVE + COUNTED_ERROR, "order");
_Static_assert(Q_ACTIVE_ENERGY_EXPORT_ERROR == Q_ACTIVE_ENERGY_EXPORT_LIVE + COUNTED_ERROR, "order");
_Static_assert(Q_PEAK_HOUR_5_TIME == Q_PEAK_HOUR_1 + 2 * PEAKS_MAX - 1, "order");
_Static_assert(Q_COUNT - Q_SENT_COUNT <= 64, "derive.ever has a bit for each");

/* A derived value; NaN: it has none, which is said if it had one. */
static void give(struct derive *d, struct readings *r, enum quantity q, double v, s8 exponent)
{
	u64 bit = q < Q_SENT_COUNT ? 0 : 1ull << (q - Q_SENT_COUNT);

	/* Of apparent power too: what a meter sends may be any number. */
	if (!(fabs(v) < 1e17)) {
		if (d->ever & bit)
			readings_lose(r, q);
		return;
	}
	/* Of those that are never anything else it need not be said. */
	if (q < Q_SENT_COUNT)
		readings_set_derived(r, q, (struct decimal){ llround(v * pow(10, -exponent)), exponent });
	else
		readings_set(r, q, (struct decimal){ llround(v), 0 });
	d->ever |= bit;
}

static double value_of(const struct readings *r, enum quantity q)
{
	return readings_has(r, q) ? decimal_double(r->value[q]) : NAN;
}

/* What flows in minus what flows out; of a meter that only imports, what flows in. */
static double net_of(const struct readings *r, enum quantity import, enum quantity export)
{
	return value_of(r, import) - (readings_has(r, export) ? value_of(r, export) : 0);
}

/*
 * Apparent power and power factor of the sum of the phases, from active and reactive power: that is right
 * on networks of three and four wires, which voltage times current is not.
 */
static void derive_apparent(struct derive *d, struct readings *r)
{
	double p = net_of(r, Q_ACTIVE_POWER_IMPORT, Q_ACTIVE_POWER_EXPORT);
	double q = net_of(r, Q_REACTIVE_POWER_IMPORT, Q_REACTIVE_POWER_EXPORT);
	double s = hypot(p, q);

	if (!isfinite(p) || !isfinite(q))
		return;
	if (!readings_has(r, Q_APPARENT_POWER))
		give(d, r, Q_APPARENT_POWER, s, 0);
	if (!readings_has(r, Q_POWER_FACTOR) && s > 0)
		give(d, r, Q_POWER_FACTOR, fabs(p) / s, -3);
}

/* ---- counted ---- */

static const struct guard_word *confirmed(const struct guard_report *report, enum quantity q)
{
	for (unsigned int i = 0; i < report->n; i++)
		if (report->word[i].quantity == q && report->word[i].kind == GUARD_CONFIRMED)
			return &report->word[i];
	return NULL;
}

/* A step ahead that was confirmed may be of the same meter: what is shown must not go back by it. */
static void count_register(struct live_register *l, struct decimal value, struct live_time of,
			   const struct guard_word *word)
{
	bool back = word && word->value < word->before;

	if (word && !back)
		live_forget(l);
	live_register(l, decimal_double(value), pow(10, value.exponent), of, back);
}

/*
 * Of which time the registers of a list are.  Hourly lists come some 10 s after the full hour and have
 * its time; a clock that is further away from ours says nothing.
 */
static struct live_time time_of_registers(struct live_time at, s64 clock_us)
{
	s64 late = clock_us ? at.real_us - clock_us : 0;

	if (late < 0 || late > LATE_MAX_US)
		late = 0;
	return (struct live_time){ at.mono_us - late, at.real_us - late };
}

static void count(struct derive *d, const struct readings *r, s64 clock_us, struct live_time at,
		  const struct guard_report *report)
{
	for (unsigned int i = 0; i < DERIVE_DIRECTIONS; i++) {
		enum quantity energy = direction[i].energy;

		if (readings_has(r, direction[i].power) &&
		    fabs(value_of(r, direction[i].power)) <= DERIVE_POWER_MAX)
			live_power(&d->live[i], value_of(r, direction[i].power), at);
		if (readings_has(r, energy))
			count_register(&d->live[i], r->value[energy], time_of_registers(at, clock_us),
				       confirmed(report, energy));
	}
}

/* ---- peaks ---- */

static bool peaks_take(struct derive *d, const struct derive_settings *s, s64 now_s)
{
	struct live_hour hour;
	s64 month;

	if (!live_hour_ended(&d->live[DERIVE_IMPORT], now_s, &hour) || !isfinite(hour.energy) ||
	    hour.energy < 0)
		return false;
	month = calendar_begin(SPAN_MONTH, hour.begin);
	if (month != d->peaks.month) {
		struct peaks other = d->peaks_before;

		d->peaks_before = d->peaks;
		d->peaks = other.month == month ? other : (struct peaks){ .month = month };
	}
	/* An hour of 3,600 s: Wh in it are W. */
	return peaks_add(&d->peaks, &s->peaks, hour.begin, hour.energy);
}

static void peaks_give(struct derive *d, const struct derive_settings *s, struct readings *r, s64 now_s)
{
	static const struct peaks none;
	const struct peaks *p = &d->peaks;

	if (p->month != calendar_begin(SPAN_MONTH, now_s))
		p = &none;
	give(d, r, Q_PEAK_HOURS_MEAN, peaks_mean(p, &s->peaks), 0);
	for (unsigned int i = 0; i < PEAKS_MAX; i++) {
		bool there = i < p->n && i < s->peaks.count;

		give(d, r, Q_PEAK_HOUR_1 + 2 * i, there ? p->top[i].mean_w : NAN, 0);
		give(d, r, Q_PEAK_HOUR_1_TIME + 2 * i, there ? (double)p->top[i].hour : NAN, 0);
	}
}

/* ---- all of it ---- */

static void counted_give(struct derive *d, struct readings *r)
{
	for (unsigned int i = 0; i < DERIVE_DIRECTIONS; i++) {
		struct live_register *l = &d->live[i];
		enum quantity q = direction[i].counted;

		give(d, r, q + COUNTED_LIVE, live_shown(l), 0);
		give(d, r, q + COUNTED_HOUR, floor(live_of_span(l, SPAN_HOUR)), 0);
		give(d, r, q + COUNTED_DAY, floor(live_of_span(l, SPAN_DAY)), 0);
		give(d, r, q + COUNTED_MONTH, floor(live_of_span(l, SPAN_MONTH)), 0);
		give(d, r, q + COUNTED_ERROR, l->has_error ? l->error : NAN, 0);
	}
}

/* The mean power of the running hour, if the power stays as it is. */
static void expected_give(struct derive *d, struct readings *r, s64 now_s)
{
	struct live_register *l = &d->live[DERIVE_IMPORT];
	const struct live_span *h = &l->span[SPAN_HOUR];
	double rest = (double)(h->begin + 3600 - now_s) / 3600;

	if (readings_has(r, Q_ACTIVE_POWER_IMPORT))
		give(d, r, Q_ACTIVE_POWER_IMPORT_HOUR,
		     live_of_span(l, SPAN_HOUR) + l->power * (rest > 0 ? rest : 0), 0);
}

bool derive_take(struct derive *d, const struct derive_settings *s, struct readings *r, s64 clock_us,
		 struct live_time at, struct guard_report *ret)
{
	struct guard_list list = {
		.time_us = (u64)(clock_us > 0 ? clock_us : at.real_us),
		.clock_us = clock_us,
		.limit_w = s->limit_w,
	};
	s64 now_s = at.real_us / SECOND_US;
	bool accepted = guard_check(&d->guard, r, &list, ret), peak, news;

	if (ret->same)
		return false;
	d->in_row = accepted ? d->in_row + (d->in_row < DERIVE_IN_ROW) : 0;
	news = accepted && d->in_row < DERIVE_IN_ROW;
	derive_apparent(d, r);
	if (now_s < CLOCK_SET_S)
		return accepted;
	count(d, r, clock_us, at, ret);
	peak = peaks_take(d, s, now_s);
	expected_give(d, r, now_s);
	if (news || peak || !d->shown_us || at.mono_us - d->shown_us >= DERIVE_PERIOD_US) {
		d->shown_us = at.mono_us;
		counted_give(d, r);
		peaks_give(d, s, r, now_s);
	}
	return accepted;
}

bool derive_take_channel(struct derive *d, struct readings *r, s64 clock_us, struct live_time at,
			 struct guard_report *ret)
{
	/* What flows through such a meter nothing is known of: any step ahead may be right. */
	struct guard_list list = {
		.time_us = (u64)(clock_us > 0 ? clock_us : at.real_us),
		.clock_us = clock_us,
		.limit_w = INFINITY,
	};
	bool accepted;

	/* A clock without an offset tells one reading from the next one as well. */
	if (!clock_us && r->has_time)
		list.clock_us = cosem_time_utc(&r->time, 0) * SECOND_US;
	/* The first one since we began is news to those who listen to us. */
	if (!d->shown_us)
		d->guard.clock_us = 0;
	d->shown_us = at.mono_us;
	accepted = guard_check(&d->guard, r, &list, ret);
	if (ret->repeated)
		r->has_time = false;
	return accepted;
}

bool derive_reserves_much(const struct derive *d)
{
	return live_reserves_much(&d->live[DERIVE_IMPORT]) || live_reserves_much(&d->live[DERIVE_EXPORT]);
}

bool derive_wants_record(const struct derive *d)
{
	return live_wants_record(&d->live[DERIVE_IMPORT]) || live_wants_record(&d->live[DERIVE_EXPORT]);
}
