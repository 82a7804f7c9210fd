/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Plausibility: do power, registers, voltage and current of a meter contradict each other by a factor?
 *
 * Nothing is ever put right here: a contradiction is said, with the setting that would end it.  Only what
 * holds for long is said, and only if it is a power of ten or the ratio of a current transformer: any
 * house may be odd, but not by the same such factor for hours.
 *
 * Three questions: are the voltages those of a network; is the power (with reactive power, if it is sent)
 * that of voltage times current; did the register of import step by the integral of the power, as the
 * live register counts it.  Houses that deliver answer only some of them.
 */
#ifndef AMSHAN_METER_PLAUSIBLE_H
#define AMSHAN_METER_PLAUSIBLE_H

#include "meter/live.h"
#include "meter/scale.h"

#define PLAUSIBLE_TEXT_MAX	320	/* octets of a sentence with the NUL */

enum plausible_kind {
	PLAUSIBLE_OK,			/* nothing is known that contradicts */
	PLAUSIBLE_VOLTAGE,		/* the voltages are wrong */
	PLAUSIBLE_CURRENT,		/* the currents: power and register agree */
	PLAUSIBLE_POWER,		/* the power: it fits neither of the others */
	PLAUSIBLE_ENERGY,		/* the registers: power fits voltage and current */
	PLAUSIBLE_CURRENT_OR_POWER,
	PLAUSIBLE_ENERGY_OR_POWER,
};

/**
 * struct plausible_sum - what is summed up of two quantities that should be the same
 * @a: of the one
 * @b: of the other
 * @n: how many summands
 * @least: the smallest summand of @a
 * @most: the largest one
 */
struct plausible_sum {
	double a;
	double b;
	unsigned int n;
	double least;
	double most;
};

/**
 * struct plausible_ratio - @b over @a, window by window
 * @window: the open window
 * @begin_us: when it began, or how long it is by now
 * @run: the windows in a row that contradict by the same factor
 * @lo: least ratio of them
 * @hi: greatest ratio of them
 * @bad: how many they are
 * @good: windows in a row that agree
 * @contradicts: it was found that they contradict, and not yet that they agree
 * @last: ratio of the last window, NaN: there was none
 */
struct plausible_ratio {
	struct plausible_sum window;
	s64 begin_us;
	struct plausible_sum run;
	double lo;
	double hi;
	unsigned int bad;
	unsigned int good;
	bool contradicts;
	double last;
};

/**
 * struct plausible - of one meter; plausible_reset() to begin
 * @scale: the factors that the evidence was collected with
 * @voltage_exponent: of the power of ten by which the voltages are wrong
 * @voltage_lists: lists in a row with the same one
 * @voltage_since_us: the first of them
 * @voltage_good: lists in a row with voltages of a network
 * @voltage_wrong: they were found to be wrong
 * @voltage: one of them, V
 * @voltage_of: which
 * @current: voltage times current (VA) to power (W or VA)
 * @phases: how many of them have both
 * @reactive: power is with reactive power
 * @energy: integral of the power to steps of the register, Wh
 * @has_register: @register_wh, @register_us are of the last register
 * @export_wh: the last register of export
 * @exported: something was delivered since the last register
 * @exports: it is a house that delivers, or has delivered
 * @knows_export: the meter tells what is delivered
 * @kind: what is said
 * @text: the sentence, "" for PLAUSIBLE_OK
 */
struct plausible {
	struct scale scale;
	int voltage_exponent;
	unsigned int voltage_lists;
	s64 voltage_since_us;
	unsigned int voltage_good;
	bool voltage_wrong;
	double voltage;
	unsigned int voltage_of;
	struct plausible_ratio current;
	unsigned int phases;
	bool reactive;
	struct plausible_ratio energy;
	bool has_register;
	double register_wh;
	s64 register_us;
	double export_wh;
	bool exported;
	bool exports;
	bool knows_export;
	enum plausible_kind kind;
	char text[PLAUSIBLE_TEXT_MAX];
};

/* plausible_reset() - nothing is known; the sentence is gone, the factors stay */
void plausible_reset(struct plausible *p);

/* plausible_scaled_by() - were the factors these?  If not, all evidence is of no use: it begins anew. */
bool plausible_scaled_by(struct plausible *p, const struct scale *scale);

/**
 * plausible_take() - a list
 * @p: the state
 * @r: its readings, scaled, and without registers that are held back
 * @import: the live register of import, which has taken the list
 * @mono_us: when it was received, CLOCK_MONOTONIC
 *
 * Return: true if @p->text changed.
 */
bool plausible_take(struct plausible *p, const struct readings *r, const struct live_register *import,
		    s64 mono_us);

#endif /* AMSHAN_METER_PLAUSIBLE_H */
