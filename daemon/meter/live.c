// SPDX-License-Identifier: GPL-2.0
/*
 * The live register.
 */
#include <math.h>

#include "meter/live.h"

#define USEC_PER_HOUR	3.6e9
#define SECOND_US	1000000ll

/* The clock of this machine moved against CLOCK_MONOTONIC by more: it was set. */
#define STEP_US		(5 * SECOND_US)

/* A list with the register of the full hour comes some 10 s after it, if one comes. */
#define HOUR_WAIT_S	120

/* What may be shown goes so far ahead: a quarter of an hour, but not less than 20 Wh. */
#define RESERVE_HOURS	0.25
#define RESERVE_MIN	20.0

static struct live_time time_at(struct live_time t, s64 back_us)
{
	return (struct live_time){ t.mono_us - back_us, t.real_us - back_us };
}

static s64 magnitude(s64 v)
{
	return v < 0 ? -v : v;
}

/* ---- the past ---- */

static void past_add(struct live_register *l, s64 us)
{
	unsigned int last = (l->n_past - 1) % LIVE_PAST;

	if (l->n_past && us - l->past[last].us < LIVE_PAST_US)
		return;
	l->past[l->n_past % LIVE_PAST].us = us;
	l->past[l->n_past % LIVE_PAST].estimate = l->estimate;
	/* It wraps to where all places are filled, not to where none is. */
	l->n_past = l->n_past == UINT16_MAX ? UINT16_MAX - LIVE_PAST + 1 : l->n_past + 1;
}

static double between(s64 us, s64 us0, double v0, s64 us1, double v1)
{
	return us1 <= us0 ? v1 : v0 + (v1 - v0) * (double)(us - us0) / (double)(us1 - us0);
}

/* The estimate at an earlier time; before what is remembered: by the power now. */
static double past_at(const struct live_register *l, s64 us)
{
	unsigned int n = l->n_past < LIVE_PAST ? l->n_past : LIVE_PAST;
	s64 later_us = l->last.mono_us;
	double later = l->estimate;

	if (us >= later_us)
		return later;
	for (unsigned int i = 1; i <= n; i++) {
		unsigned int at = (l->n_past - i) % LIVE_PAST;

		if (l->past[at].us <= us)
			return between(us, l->past[at].us, l->past[at].estimate, later_us, later);
		later_us = l->past[at].us;
		later = l->past[at].estimate;
	}
	return later - l->power * (double)(later_us - us) / USEC_PER_HOUR;
}

static void past_shift(struct live_register *l, double by)
{
	for (unsigned int i = 0; i < LIVE_PAST; i++)
		l->past[i].estimate += by;
}

/* ---- hours, days, months ---- */

static void span_set(struct live_span *s, s64 begin, bool known, double at_begin)
{
	*s = (struct live_span){ .begin = begin, .known = known, .at_begin = at_begin };
}

/* The hour is over at @end; what it had by then is a guess until a register says so. */
static void hour_end(struct live_register *l, s64 end, bool known, double at_end)
{
	const struct live_span *h = &l->span[SPAN_HOUR];

	/* One that begins when the last one ends: else there was a step or a hole. */
	l->ended = (struct live_hour){
		.pending = h->begin && calendar_begin(SPAN_HOUR, end - 1) == h->begin,
		.begin = h->begin,
		.end = end,
		.at_begin = h->known ? h->at_begin : NAN,
		.energy = h->known && known ? at_end - h->at_begin : NAN,
	};
}

/*
 * Begins the spans that @at is in.  @before: the time and estimate of the power before; @whole: there
 * is no hole and no step of the clock between the two.
 */
static void spans_begin(struct live_register *l, struct live_time at, struct live_time before,
			double estimate_before, bool whole)
{
	s64 now = at.real_us / SECOND_US;
	const struct live_span *h = &l->span[SPAN_HOUR];

	/* Within the same hour nothing can begin; the calendar is slow. */
	if (h->begin && now >= h->begin && now < h->begin + 3600)
		return;
	for (int span = SPAN_HOUR; span < SPAN_COUNT; span++) {
		s64 begin = calendar_begin(span, now);
		s64 us = at.mono_us - (at.real_us - begin * SECOND_US);
		bool known = whole && us > before.mono_us;
		double v = between(us, before.mono_us, estimate_before, at.mono_us, l->estimate);

		if (begin == l->span[span].begin)
			continue;
		if (span == SPAN_HOUR)
			hour_end(l, begin, known && l->known && l->sure, v);
		/* Before the first register the estimate counts from 0, and is moved with it. */
		span_set(&l->span[span], begin, known && (l->sure || !l->known), v);
	}
}

/* The register says what the estimate was at the beginning of a span. */
static void spans_register(struct live_register *l, struct live_time of, double value)
{
	s64 second = (of.real_us + SECOND_US / 2) / SECOND_US;

	for (int span = SPAN_HOUR; span < SPAN_COUNT; span++) {
		struct live_span *s = &l->span[span];

		if (s->begin && s->begin == second) {
			s->known = true;
			s->at_begin = value;
		}
	}
	if (l->ended.pending && l->ended.end == second) {
		l->ended.energy = value - l->ended.at_begin;
		l->ended.end = 0;	/* it is sure now */
	}
}

static void spans_forget(struct live_register *l)
{
	for (int span = SPAN_HOUR; span < SPAN_COUNT; span++)
		l->span[span].known = false;
	l->ended.pending = false;
}

/*
 * The clock was set: what began by it may have begun at another time.  A hundredth of a span is no more
 * than what power is off by.
 */
static void spans_step(struct live_register *l, s64 by_us)
{
	static const s64 most_us[SPAN_COUNT] = {
		[SPAN_HOUR] = 36 * SECOND_US,
		[SPAN_DAY] = 864 * SECOND_US,
		[SPAN_MONTH] = 7 * 3600 * SECOND_US,
	};

	for (int span = SPAN_HOUR; span < SPAN_COUNT; span++)
		if (by_us > most_us[span])
			l->span[span].known = false;
}

void live_forget(struct live_register *l)
{
	spans_forget(l);
	l->sure = false;
}

bool live_hour_ended(struct live_register *l, s64 now_s, struct live_hour *ret)
{
	if (!l->ended.pending || (l->ended.end && now_s >= l->ended.end &&
				  now_s - l->ended.end < HOUR_WAIT_S))
		return false;
	l->ended.pending = false;
	*ret = l->ended;
	return true;
}

/* ---- what is shown ---- */

/*
 * Follows the estimate by @energy, which it has just gained, and by a part of the difference that
 * there was before; it stands still rather than go back.
 */
static void shown_follow(struct live_register *l, double energy, s64 us)
{
	double difference = l->estimate - energy - l->shown;
	double step = energy + difference * (1 - exp(-(double)us / LIVE_SLEW_US));

	if (l->wait && l->estimate >= l->shown)
		l->wait = false;
	if (step > 0 && !l->wait)
		l->shown += step;
}

double live_shown(const struct live_register *l)
{
	if (!l->known || l->wait || !l->has_reserved)
		return NAN;
	return floor(l->shown < l->reserved ? l->shown : l->reserved);
}

double live_of_span(struct live_register *l, enum calendar_span span)
{
	struct live_span *s = &l->span[span];
	double energy = l->estimate - s->at_begin;

	/* Without powers it stands still from one register to the next. */
	if (!l->known || !l->sure || !s->known || !l->has_power)
		return NAN;
	if (energy > s->shown)
		s->shown = energy;
	return s->shown;
}

double live_reserve(const struct live_register *l)
{
	double more = l->has_power ? l->power * RESERVE_HOURS : 0;

	/* While it waits nothing is shown: one crash after another must not add up. */
	if (l->wait)
		return l->shown;
	return ceil(l->shown + (more > RESERVE_MIN ? more : RESERVE_MIN));
}

bool live_wants_record(const struct live_register *l)
{
	double room = live_reserve(l) - l->shown;

	return l->known && (!l->has_reserved || l->reserved - l->shown < room / 2);
}

bool live_reserves_much(const struct live_register *l)
{
	double left = l->reserved - l->shown;

	return l->known && l->has_reserved && !l->wait && isfinite(left) &&
	       left > 4 * (live_reserve(l) - l->shown);
}

/* ---- what comes ---- */

void live_power(struct live_register *l, double watts, struct live_time at)
{
	struct live_time before = l->last;
	double estimate_before = l->estimate, energy;
	s64 us = at.mono_us - before.mono_us;
	bool first = !l->has_power, hole;
	s64 stepped_us;

	if (!first && us < 0)
		return;
	hole = !first && us > LIVE_GAP_US;
	/* CLOCK_MONOTONIC stands still while the machine sleeps; or it is the clock that was set. */
	if (!first && at.real_us - before.real_us > LIVE_GAP_US)
		l->sure = false;
	stepped_us = first ? 0 : magnitude(at.real_us - before.real_us - us);
	energy = first || hole ? 0 : (l->power + watts) / 2 * (double)us / USEC_PER_HOUR;

	l->has_power = true;
	l->power = watts;
	l->last = at;
	l->estimate += energy;
	if (hole) {
		l->sure = false;
		l->n_past = 0;
		/* Before the first register nothing will ever say what was in it. */
		if (!l->known)
			spans_forget(l);
	}
	if (l->known && !hole && !first)
		shown_follow(l, energy, us);
	spans_step(l, stepped_us);
	spans_begin(l, at, before, estimate_before, !first && !hole && stepped_us <= STEP_US);
	past_add(l, at.mono_us);
}

static void register_first(struct live_register *l, double value, s64 of_us)
{
	double by = value - past_at(l, of_us);

	l->estimate += by;
	past_shift(l, by);
	for (int span = SPAN_HOUR; span < SPAN_COUNT; span++)
		l->span[span].at_begin += by;
	l->ended.at_begin += by;
	l->known = true;
	l->sure = true;
	l->has_error = false;
	l->shown = l->estimate;
	l->has_reserved = l->wait = false;
}

/* How far the register is ahead of the estimate, if both can be told apart; < 0: behind. */
static double register_error(double value, double step, double estimate)
{
	if (estimate < value)
		return value - estimate;
	return estimate >= value + step ? value + step - estimate : 0;
}

void live_register(struct live_register *l, double value, double step, struct live_time of, bool anew)
{
	double error, estimate;

	/* Of a meter that sends no power all energy is what nobody saw. */
	if (!l->has_power) {
		if (of.mono_us > l->last.mono_us)
			l->last = of;
		l->sure = false;
		spans_begin(l, l->last, l->last, l->estimate, false);
	}
	/* Of a time to come, or of one so long ago that it is none of this clock. */
	if (of.mono_us > l->last.mono_us || l->last.mono_us - of.mono_us > LIVE_GAP_US)
		of = time_at(l->last, 0);
	if (!l->known || anew) {
		if (anew)
			spans_forget(l);
		register_first(l, value, of.mono_us);
		spans_register(l, of, value);
		return;
	}

	estimate = past_at(l, of.mono_us);
	error = l->sure ? register_error(value, step, estimate) : value - estimate;
	l->estimate += error;
	past_shift(l, error);
	l->has_error = l->sure;
	l->error = error;
	/* What nobody saw is added at once. */
	if (!l->sure && l->estimate > l->shown) {
		l->shown = l->estimate;
		l->wait = false;
	}
	l->sure = true;
	spans_register(l, of, past_at(l, of.mono_us));
}
