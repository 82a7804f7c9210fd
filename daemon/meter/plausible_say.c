// SPDX-License-Identifier: GPL-2.0
/*
 * Plausibility: the conclusion, and the sentence.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "meter/plausible_internal.h"
#include "util.h"

/*
 * Powers of ten, and ratios of current transformers to 5 A and 1 A (IEC 61869-2: 50, 60, 75, 80, 100, 125,
 * 150, 200, ... A).
 */
static const double factors[] = {
	10, 12, 15, 16, 20, 25, 30, 40, 50, 60, 75, 80, 100, 120, 125, 150, 160, 200, 250, 300, 400, 500,
	600, 750, 800, 1000, 1200, 1250, 1500, 1600, 2000, 2500, 3000, 4000, 5000, 10000, 100000, 1000000,
};

#define WINDOWS_TO_WAIT	9	/* of power and current: three hours */

#define FACTOR_OFF	1.12	/* as far a measured one may be off */

/* The factor that a ratio is meant to be; NaN: it is none of them. */
static double factor_of(double ratio)
{
	double over = ratio < 1 ? 1 / ratio : ratio, best = NAN;

	for (unsigned int i = 0; i < ARRAY_SIZE(factors); i++)
		if (isnan(best) || fabs(log(over / factors[i])) < fabs(log(over / best)))
			best = factors[i];
	if (over > best * FACTOR_OFF || over < best / FACTOR_OFF)
		return NAN;
	return ratio < 1 ? 1 / best : best;
}

/*
 * The same, of power by voltage times current.  Without reactive power the power factor is in it, and the
 * root of 3 of networks of three wires: it may be too small by a half, and powers of ten go first.
 */
static double factor_of_current(const struct plausible *p)
{
	double ratio = p->current.run.b / p->current.run.a;
	double ten = pow(10, ceil(log10(ratio / FACTOR_OFF)));

	if (!p->reactive && fabs(log10(ten)) >= 1 && ratio >= 0.55 * ten)
		return ten;
	return factor_of(ratio);
}

static bool is_one(double ratio)
{
	return ratio >= 0.3 && ratio <= 2.5;
}

static double register_by_power(const struct plausible *p)
{
	return p->energy.contradicts ? p->energy.run.b / p->energy.run.a : p->energy.last;
}

static enum plausible_kind kind_of(const struct plausible *p)
{
	double power_by_current = p->current.run.b / p->current.run.a;

	if (p->voltage_wrong)
		return PLAUSIBLE_VOLTAGE;
	if (p->current.contradicts) {
		/* Which of the two is wrong the register says, as soon as it can. */
		if (isnan(p->energy.last) && p->has_register && p->current.bad < WINDOWS_TO_WAIT)
			return p->kind;
		if (is_one(register_by_power(p) * power_by_current))
			return PLAUSIBLE_POWER;
		if (is_one(register_by_power(p)))
			return PLAUSIBLE_CURRENT;
		if (!p->exports)
			return PLAUSIBLE_CURRENT_OR_POWER;
	}
	/* Where phases feed each other, currents say little, and may agree with the power by chance. */
	if (p->energy.contradicts)
		return is_one(p->current.last) && !p->exports ? PLAUSIBLE_ENERGY :
								PLAUSIBLE_ENERGY_OR_POWER;
	return PLAUSIBLE_OK;
}

/* ---- sentences ---- */

/* "12 Wh", "1.2 kWh" */
static const char *quantity_text(double v, const char *unit, char *buf, size_t size)
{
	static const char *const prefixes[] = { "", "k", "M", "G", "T" };
	unsigned int i = 0;

	for (; v >= 999.5 && i < ARRAY_SIZE(prefixes) - 1; i++)
		v /= 1000;
	snprintf(buf, size, "%.3g %s%s", v, prefixes[i], unit);
	return buf;
}

/* What a factor of the configuration has to be, if values of the kind are wrong by that */
static double set_to(const struct plausible *p, enum quantity_kind kind, double by)
{
	return decimal_double(p->scale.factor[kind]) * by;
}

static void say_voltage(struct plausible *p)
{
	double by = pow(10, -p->voltage_exponent);

	snprintf(p->text, sizeof(p->text), "%s is %.6g V, and %.4g V would be that of a network: set "
		 "scale-voltage = %.6g", quantity_table[p->voltage_of].name, p->voltage, p->voltage * by,
		 set_to(p, KIND_VOLTAGE, by));
}

/* @f: power by voltage times current */
static void say_current(struct plausible *p, double f)
{
	const struct plausible_sum *s = &p->current.run;
	double current = set_to(p, KIND_CURRENT, f), power = set_to(p, KIND_ACTIVE_POWER, 1 / f);
	char a[32], b[32];
	int n;

	quantity_text(s->a / s->n, "VA", a, sizeof(a));
	quantity_text(s->b / s->n, p->reactive ? "VA" : "W", b, sizeof(b));
	n = snprintf(p->text, sizeof(p->text), "voltage times current is %s while the power is %s: factor "
		     "%.6g: ", a, b, f > 1 ? f : 1 / f);
	if (p->kind == PLAUSIBLE_CURRENT)
		n += snprintf(p->text + n, sizeof(p->text) - n, "the register agrees with the power: set "
			      "scale-current = %.6g", current);
	else if (p->kind == PLAUSIBLE_POWER)
		n += snprintf(p->text + n, sizeof(p->text) - n, "the register agrees with the current: set "
			      "scale-power = %.6g", power);
	else
		n += snprintf(p->text + n, sizeof(p->text) - n, "set scale-current = %.6g, or if the power is "
			      "wrong scale-power = %.6g", current, power);
	/* Behind current transformers two of three may be without their ratio, and agree. */
	if (p->kind == PLAUSIBLE_POWER && f > 1)
		snprintf(p->text + n, sizeof(p->text) - n, ", or with current transformers scale-current = "
			 "%.6g and scale-energy = %.6g", current, set_to(p, KIND_ACTIVE_ENERGY, f));
}

/* @f: register by power */
static void say_energy(struct plausible *p, double f)
{
	const struct plausible_sum *s = &p->energy.run;
	double energy = set_to(p, KIND_ACTIVE_ENERGY, 1 / f), power = set_to(p, KIND_ACTIVE_POWER, f);
	char a[32], b[32];
	int n;

	n = snprintf(p->text, sizeof(p->text), "the register stepped %s while the power says %s: factor "
		     "%.6g%s ", quantity_text(s->b, "Wh", b, sizeof(b)),
		     quantity_text(s->a, "Wh", a, sizeof(a)), f > 1 ? f : 1 / f,
		     f < 1 ? ": current transformers?" : ":");
	if (p->kind == PLAUSIBLE_ENERGY || f < 1)
		n += snprintf(p->text + n, sizeof(p->text) - n, "set scale-energy = %.6g", energy);
	else
		n += snprintf(p->text + n, sizeof(p->text) - n, "set scale-power = %.6g", power);
	if (p->kind != PLAUSIBLE_ENERGY)
		snprintf(p->text + n, sizeof(p->text) - n, ", or if the %s is wrong scale-%s = %.6g",
			 f < 1 ? "power" : "register", f < 1 ? "power" : "energy", f < 1 ? power : energy);
}

/* Is what was said as sure as it can be, and still so? */
static bool is_settled(const struct plausible *p)
{
	switch (p->kind) {
	case PLAUSIBLE_VOLTAGE:
		return p->voltage_wrong;
	case PLAUSIBLE_CURRENT:
		return p->current.contradicts;
	case PLAUSIBLE_POWER:
		return p->current.contradicts || p->energy.contradicts;
	case PLAUSIBLE_ENERGY:
		return p->energy.contradicts;
	default:
		return false;
	}
}

static double factor_of_kind(const struct plausible *p, enum plausible_kind kind)
{
	double by_register = factor_of(register_by_power(p));

	switch (kind) {
	case PLAUSIBLE_POWER:
		/* The register knows it best: there is no power factor in it. */
		return isnan(by_register) ? factor_of_current(p) : 1 / by_register;
	case PLAUSIBLE_CURRENT:
	case PLAUSIBLE_CURRENT_OR_POWER:
		return factor_of_current(p);
	case PLAUSIBLE_ENERGY:
	case PLAUSIBLE_ENERGY_OR_POWER:
		return by_register;
	default:
		return 1;
	}
}

bool plausible_conclude(struct plausible *p)
{
	enum plausible_kind kind = kind_of(p);
	double f;

	/* What is said stays as it was said as long as it holds. */
	if (kind == p->kind || (is_settled(p) && kind != PLAUSIBLE_VOLTAGE))
		return false;
	f = factor_of_kind(p, kind);
	if (isnan(f))
		return false;
	p->kind = kind;
	*p->text = '\0';
	if (kind == PLAUSIBLE_VOLTAGE)
		say_voltage(p);
	else if (kind == PLAUSIBLE_ENERGY || kind == PLAUSIBLE_ENERGY_OR_POWER)
		say_energy(p, f);
	else if (kind != PLAUSIBLE_OK)
		say_current(p, f);
	return true;
}
