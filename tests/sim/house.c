// SPDX-License-Identifier: GPL-2.0
/*
 * The household.  Plausible, not physical: enough that curves look right, sums agree (power of the
 * phases, current from power, energy from power) and nothing stands still.
 */
#include <math.h>
#include <stdlib.h>

#include "calendar.h"
#include "forms.h"
#include "house.h"

#define MS_PER_HOUR	3600000
#define VOLTS		230.0
#define LATITUDE	50.0
#define PANELS_W	10000.0

/* What is switched on now and then: on which phase (3: all), how long, how often at a busy hour. */
static const struct appliance {
	double watts;
	int phase;
	double minutes;
	double per_hour;
} appliances[HOUSE_APPLIANCES] = {
	{ 2000, 0, 3, 0.8 },	/* kettle */
	{ 1200, 1, 20, 0.7 },	/* heater with a thermostat */
	{ 2200, 2, 45, 0.15 },	/* washing machine */
	{ 3600, 3, 30, 0.15 },	/* stove */
};

static double hump(double hour, double at, double width)
{
	double x = (hour - at) / width;

	return exp(-x * x / 2);
}

/* How busy people are: 0.1 at night, about 1 in the evening. */
static double activity(double hour)
{
	return 0.1 + 0.5 * hump(hour, 7.5, 1.2) + 0.9 * hump(hour, 18.5, 2.5);
}

/* Sine of the sun's height, 0 below the horizon; noon is at 12 UTC. */
static double sunshine(double hour, int day_of_year)
{
	double declination = -0.409 * cos(2 * M_PI * (day_of_year + 10) / 365);
	double latitude = LATITUDE * M_PI / 180;
	double height = sin(latitude) * sin(declination) +
			cos(latitude) * cos(declination) * cos((hour - 12) * M_PI / 12);

	return height > 0 ? height : 0;
}

/* Go a random step, pulled back to 0 within some five minutes; stays about within -2..2. */
static void wander(struct sim_house *h, double seconds)
{
	double pull = exp(-seconds / 300);
	double push = sqrt(1 - pull * pull) * sqrt(12);

	for (int i = 0; i < 4; i++)
		h->drift[i] = h->drift[i] * pull + push * (sim_rng_unit(&h->rng) - 0.5);
}

static void run_appliances(struct sim_house *h, double busy, double seconds, double *watts)
{
	for (int i = 0; i < HOUSE_APPLIANCES; i++) {
		const struct appliance *a = &appliances[i];
		double rate = a->per_hour * busy * seconds / 3600;

		if (sim_rng_chance(&h->rng, 1 - exp(-rate)))
			h->until_ms[i] = h->utc_ms + (s64)(a->minutes * 60000);
		if (h->until_ms[i] <= h->utc_ms)
			continue;
		if (a->phase < 3)
			watts[a->phase] += a->watts;
		else
			for (int p = 0; p < 3; p++)
				watts[p] += a->watts / 3;
	}
}

/* The import and the export of a signed power; they follow one another in enum sim_quantity. */
static void split(struct sim_values *v, unsigned int import, s64 power)
{
	v->q[import] = power > 0 ? power : 0;
	v->q[import + 1] = power < 0 ? -power : 0;
}

static void show(struct sim_house *h, const double *watts, const double *vars)
{
	/* A line of a 3-wire grid carries sqrt(3) times the current of the load between two. */
	double volts_per_line = h->three_wire ? VOLTS / sqrt(3) : VOLTS;
	struct sim_values *v = &h->values;
	s64 p_sum = 0, q_sum = 0;

	for (int i = 0; i < 3; i++) {
		unsigned int phase = SIM_P_IMPORT_L1 + i * (SIM_P_IMPORT_L2 - SIM_P_IMPORT_L1);
		double va = sqrt(watts[i] * watts[i] + vars[i] * vars[i]);
		double volts = VOLTS + 1.5 * h->drift[i] - watts[i] / 2000;
		s64 p = llround(watts[i]), q = llround(vars[i]);

		if (h->import_only && p < 0)
			p = 0;
		split(v, phase, p);
		split(v, phase + 2, q);
		p_sum += p;
		q_sum += q;
		v->q[SIM_I_L1 + i] = llround(1000 * va / (volts_per_line * volts / VOLTS));
		v->q[SIM_U_L1 + i] = llround(1000 * volts);
	}
	split(v, SIM_P_IMPORT, p_sum);
	split(v, SIM_Q_IMPORT, q_sum);
}

/* Active by apparent power, in thousandths; 1 without load. */
static s64 power_factor(const struct sim_values *v, unsigned int power)
{
	double p = (double)(v->q[power] + v->q[power + 1]);
	double q = (double)(v->q[power + 2] + v->q[power + 3]);
	double va = sqrt(p * p + q * q);

	return va > 0 ? llround(1000 * p / va) : 1000;
}

/* What follows from the rest: shares that only rise, as registers do. */
static void derive(struct sim_house *h)
{
	s64 *q = h->values.q;

	for (int i = 0; i < 2; i++) {	/* import, export */
		s64 a = q[SIM_A_IMPORT + i];
		s64 *phase = q + (i ? SIM_A_EXPORT_L1 : SIM_A_IMPORT_L1);
		s64 *tariff = q + (i ? SIM_A_EXPORT_T1 : SIM_A_IMPORT_T1);

		phase[0] = a / 2;
		phase[1] = a / 5;
		phase[2] = a - phase[0] - phase[1];
		tariff[0] = a / 3;
		tariff[1] = a - tariff[0];
	}
	q[SIM_PF] = power_factor(&h->values, SIM_P_IMPORT);
	for (int i = 0; i < 3; i++)
		q[SIM_PF_L1 + i] = power_factor(&h->values, SIM_P_IMPORT_L1 + 4 * i);
	q[SIM_DEMAND] = q[SIM_P_IMPORT];
	if (q[SIM_DEMAND] > q[SIM_DEMAND_MAX])
		q[SIM_DEMAND_MAX] = q[SIM_DEMAND];
	q[SIM_GAS] = q[SIM_A_IMPORT] / 4;
}

static void draw(struct sim_house *h, double seconds)
{
	static const double share[3] = { 0.5, 0.2, 0.3 };
	double watts[3] = { 0 }, vars[3], sun, busy, base;
	s64 utc = h->utc_ms / 1000;
	struct sim_date d;
	double hour;

	sim_date_of(utc, &d);
	hour = d.hour + d.minute / 60.0 + d.second / 3600.0;
	busy = activity(fmod(hour + (sim_summer_time(utc) ? 2 : 1), 24));
	wander(h, seconds);
	run_appliances(h, busy, seconds, watts);
	/* Standby, light, and heat in winter. */
	base = 150 + 400 * busy + 350 * (1 + cos(2 * M_PI * d.day_of_year / 365));
	base *= 1 + 0.05 * h->drift[3];
	sun = h->solar ? PANELS_W * sunshine(hour, d.day_of_year) * (0.9 + 0.04 * h->drift[3]) : 0;
	for (int i = 0; i < 3; i++) {
		watts[i] += base * share[i];
		vars[i] = 0.15 * watts[i] - 60;
		watts[i] -= sun / 3;
	}
	if (h->one_phase) {
		watts[0] += watts[1] + watts[2];
		vars[0] += vars[1] + vars[2];
		watts[1] = watts[2] = vars[1] = vars[2] = 0;
	}
	show(h, watts, vars);
}

void sim_house_init(struct sim_house *h, enum sim_form form, bool solar, u64 seed, s64 utc_ms)
{
	static const u64 years_kwh[4] = { 60000, 0, 4000, 9000 };
	const struct sim_form_info *f = &sim_form_table[form];

	*h = (struct sim_house){
		.solar = solar,
		.one_phase = f->phases == 1,
		.three_wire = f->three_wire,
		.import_only = f->omit & SIM_BIT(SIM_P_EXPORT),
		.utc_ms = utc_ms,
	};
	sim_values_example(form, &h->values);
	sim_rng_seed(&h->rng, seed, 0);
	for (int i = 0; i < 4; i++) {
		u64 kwh = i == 1 && solar ? 20000 : years_kwh[i];

		h->work[i] = kwh ? sim_rng_below(&h->rng, kwh * 1000) * MS_PER_HOUR : 0;
		h->values.q[SIM_A_IMPORT + i] = h->work[i] / MS_PER_HOUR;
	}
	h->values.clock = utc_ms / 1000;
	draw(h, 3600);
	derive(h);
}

void sim_house_step(struct sim_house *h, s64 utc_ms)
{
	s64 ms = utc_ms - h->utc_ms;

	for (int i = 0; i < 4; i++) {
		h->work[i] += h->values.q[SIM_P_IMPORT + i] * ms;
		h->values.q[SIM_A_IMPORT + i] = h->work[i] / MS_PER_HOUR;
	}
	h->utc_ms = utc_ms;
	h->values.clock = utc_ms / 1000;
	draw(h, (double)ms / 1000);
	derive(h);
}
