/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The live register: active energy in one direction, counted on between the lists with registers, and
 * what it was at the beginning of the hour, the day and the month.
 *
 * Two values: the estimate is the last register and the integral of the power since; a list with
 * the register puts it right at once.  What is shown follows the estimate, but never goes back: it is
 * led to it by counting a little faster or slower, and only energy that nobody saw is added at once.
 *
 * Times are microseconds of CLOCK_MONOTONIC; the time of day comes with them.
 */
#ifndef AMSHAN_METER_LIVE_H
#define AMSHAN_METER_LIVE_H

#include "meter/calendar.h"

#define LIVE_PAST	16		/* entries of the past */
#define LIVE_PAST_US	5000000ll	/* between two of them: they reach back some 80 s */
#define LIVE_GAP_US	90000000ll	/* a longer silence is a hole: its energy is not known */
#define LIVE_SLEW_US	300000000ll	/* in this time two thirds of a difference are made up for */

/**
 * struct live_time - a moment
 * @mono_us: on CLOCK_MONOTONIC
 * @real_us: since the epoch, by the clock of this machine
 */
struct live_time {
	s64 mono_us;
	s64 real_us;
};

/**
 * struct live_span - the current hour, day or month
 * @begin: when it began, seconds since the epoch; 0: none yet
 * @known: @at_begin is known
 * @at_begin: the estimate at that time
 * @shown: the highest energy of it that was shown
 */
struct live_span {
	s64 begin;
	bool known;
	double at_begin;
	double shown;
};

/**
 * struct live_hour - an hour that has ended, until its energy is sure
 * @pending: there is one
 * @begin: when it began
 * @end: when it ended
 * @energy: Wh as estimated, NaN: not known
 * @at_begin: the estimate at its beginning, NaN: not known
 */
struct live_hour {
	bool pending;
	s64 begin;
	s64 end;
	double energy;
	double at_begin;
};

/**
 * struct live_register - one direction of one meter, in W and Wh; zero it to begin
 * @known: a register came: @estimate is one, until then it counts from 0
 * @sure: no hole since the last register
 * @has_power: @power and @last are set
 * @power: the last one
 * @last: when that was
 * @estimate: what the register should be
 * @shown: what is shown, rounded down; never goes back
 * @has_reserved: @reserved is set
 * @reserved: so far may be shown: it is remembered over a crash
 * @wait: after a crash: what was shown last is not known, only that it was not above @shown
 * @has_error: @error is set
 * @error: by how much the last register was ahead of the estimate
 * @span: the current hour, day and month
 * @ended: the hour before
 * @past: the estimate at earlier times, a ring of @n_past, the newest at @n_past - 1 modulo its size
 * @n_past: counts on
 */
struct live_register {
	bool known;
	bool sure;
	bool has_power;
	double power;
	struct live_time last;
	double estimate;
	double shown;
	bool has_reserved;
	double reserved;
	bool wait;
	bool has_error;
	double error;
	struct live_span span[SPAN_COUNT];
	struct live_hour ended;
	struct {
		s64 us;
		double estimate;
	} past[LIVE_PAST];
	unsigned int n_past;
};

/**
 * live_power() - the power at a time
 * @l: the live register
 * @watts: the power
 * @at: when; what is older than the last one is left out
 */
void live_power(struct live_register *l, double watts, struct live_time at);

/**
 * live_register() - a register of the meter
 * @l: the live register
 * @value: Wh
 * @step: its resolution, Wh
 * @of: the time that it is of; may be before the last power
 * @anew: it is another register than before (a meter was exchanged): take it as the first one
 */
void live_register(struct live_register *l, double value, double step, struct live_time of, bool anew);

/* live_forget() - what was counted up to the next register is not sure: there are no hours, days, months */
void live_forget(struct live_register *l);

/**
 * live_hour_ended() - the hour before the current one, once its energy is sure
 * @l: the live register
 * @now_s: seconds since the epoch
 * @ret: that hour; @ret->energy is NaN if it is not known
 *
 * Return: true once for each hour.
 */
bool live_hour_ended(struct live_register *l, s64 now_s, struct live_hour *ret);

/* live_shown() - Wh to be shown, a whole number; NaN: not known */
double live_shown(const struct live_register *l);

/* live_of_span() - Wh of the current hour, day or month; NaN: not known */
double live_of_span(struct live_register *l, enum calendar_span span);

/* live_reserve() - up to which value the next record of it should let it be shown */
double live_reserve(const struct live_register *l);

/*
 * live_reserves_much() - what may be shown is far away: after a crash nothing would be shown until that much
 * was used; not urgent
 */
bool live_reserves_much(const struct live_register *l);

/* live_wants_record() - it soon reaches what may be shown */
bool live_wants_record(const struct live_register *l);

#endif /* AMSHAN_METER_LIVE_H */
