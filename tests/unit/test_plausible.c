// SPDX-License-Identifier: GPL-2.0
/*
 * Plausibility of simulated houses: whatever a house does, nothing is said as long as the factors are right;
 * with a wrong one it is, in time, with the setting that ends it.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "log.h"
#include "problem.h"
#include "util.h"

#define S	1000000ll
#define HOUR	(3600 * S)
#define DAY	(24 * HOUR)
#define T0	1767222000ll	/* 2026-01-01 in Oslo, s */

/*
 * struct form - a meter, and what is behind it
 * @phases: with voltage and current
 * @it: lines of 230 V, no neutral: U2 and I2 are not sent
 * @ct: the house is so many times larger than one of 80 A
 * @pv: it has panels, W
 * @storage: a battery holds the sum of the phases at 0, by one of them
 * @reactive: reactive power is sent
 * @export: what is delivered is sent
 * @period: of lists
 * @register_s: of those with registers
 * @wh: exponent of the registers
 * @mean: the register is of the full hour, and the list comes 10 s later
 * @amperes: exponent of the currents
 * @watts: exponent of the powers
 */
struct form {
	const char *name;
	int phases;
	bool it;
	double ct;
	double pv;
	bool storage;
	bool reactive;
	bool export;
	int period;
	int register_s;
	s8 wh;
	bool mean;
	s8 amperes;
	s8 watts;
};

static const struct form forms[] = {
	{ "hourly registers of 10 Wh", 3, .reactive = true, .export = true, .period = 10,
	  .register_s = 3600, .wh = 1, .mean = true, .amperes = -1 },
	{ "hourly registers of 1 Wh, currents in mA", 3, .reactive = true, .export = true, .period = 10,
	  .register_s = 3600, .mean = true, .amperes = -3 },
	{ "three wires", 3, .it = true, .reactive = true, .export = true, .period = 10,
	  .register_s = 3600, .wh = 1, .mean = true, .amperes = -1 },
	{ "three wires, no reactive power", 3, .it = true, .period = 10, .register_s = 3600, .mean = true,
	  .amperes = -3 },
	{ "one phase", 1, .reactive = true, .export = true, .period = 10, .register_s = 3600, .mean = true,
	  .amperes = -2 },
	{ "registers in each list, currents of 1 A", 3, .export = true, .period = 10, .register_s = 10 },
	{ "registers in each list, one phase, currents of 1 A", 1, .export = true, .period = 10,
	  .register_s = 10 },
	{ "registers of 1 kWh", 3, .reactive = true, .export = true, .period = 10, .register_s = 3600,
	  .wh = 3, .mean = true, .amperes = -1 },
	{ "panels", 3, .pv = 9000, .reactive = true, .export = true, .period = 10, .register_s = 3600,
	  .wh = 1, .mean = true, .amperes = -1 },
	{ "panels, and what is delivered is not sent", 3, .pv = 3000, .period = 10, .register_s = 10,
	  .amperes = -1 },
	{ "panels of one phase, and a battery", 3, .pv = 5000, .storage = true, .export = true,
	  .period = 10, .register_s = 10, .amperes = -1 },
	{ "no powers but every minute", 3, .reactive = true, .export = true, .period = 60,
	  .register_s = 60, .amperes = -1 },
	{ "each second, one phase, panels", 1, .pv = 4000, .export = true, .period = 1, .register_s = 1 },
	{ "each second, three wires, panels", 3, .it = true, .pv = 6000, .export = true, .period = 1,
	  .register_s = 1, .amperes = -2 },
	{ "no phases", 0, .export = true, .period = 10, .register_s = 3600, .wh = 1, .mean = true },
	{ "behind current transformers", 3, .ct = 50, .reactive = true, .export = true, .period = 10,
	  .register_s = 3600, .wh = 3, .mean = true, .amperes = 0, .watts = 1 },
};

static struct {
	const struct form *form;
	const char *what;
	struct meter *m;
	struct meter_settings settings;
	double sent[KIND_COUNT];	/* of the truth */
	s64 now;
	double load[3], pf[3];
	double wh[2], hour_wh[2];
	bool silent;
	bool faulty;			/* lists get lost, and come again */
	s64 ahead;			/* the machine's clock */
} h;

static double random_1(void)
{
	return rand() / (double)RAND_MAX;
}

static void begin(const struct form *f, const char *what)
{
	setenv("TZ", "Europe/Oslo", 1);
	tzset();
	meter_free(h.m);
	memset(&h, 0, sizeof(h));
	h.form = f;
	h.what = what;
	h.now = T0 * S;
	h.m = meter_new("123", "house");
	assert_non_null(h.m);
	scale_init(&h.settings.scale);
	h.settings.plausibility = true;
	h.settings.derive.limit_w = 3 * 80 * 230 * DERIVE_FUSE_SLACK * (f->ct > 1 ? f->ct : 1);
	h.settings.derive.peaks = (struct peaks_settings){ 3, false, { 0x7f, 0, 24 } };
	for (unsigned int i = 0; i < KIND_COUNT; i++)
		h.sent[i] = 1;
	for (int i = 0; i < 3; i++) {
		h.load[i] = 100;
		h.pf[i] = 0.95;
	}
	h.wh[0] = 12345678;
	h.wh[1] = f->pv ? 45678 : 0;
	memcpy(h.hour_wh, h.wh, sizeof(h.wh));
	srand(7);
}

static int end(void **state)
{
	meter_free(h.m);
	memset(&h, 0, sizeof(h));
	return 0;
}

static void fail_here(const char *why)
{
	fail_msg("%s, %s, hour %.2f: %s (said: \"%s\")", h.form->name, h.what,
		 (double)(h.now - T0 * S) / (double)HOUR, why, h.m->problem);
}

/* A value with so many digits as the meter sends; a wrong factor is in it as in any meter. */
static void put(struct readings *r, enum quantity q, double v, s8 exponent)
{
	double factor = h.sent[quantity_table[q].kind];
	/* What is too small by a power of ten has as many digits as before. */
	s8 moved = (s8)lround(log10(factor));

	if (fabs(pow(10, moved) - factor) > 1e-9 * factor)
		moved = 0;
	v *= factor;
	readings_set(r, q, (struct decimal){ (s64)floor(v * pow(10, -(exponent + moved)) + 1e-6),
					     (s8)(exponent + moved) });
}

/* What each phase takes; < 0: delivers. */
static void flow(double active[3], double reactive[3])
{
	double day = sin(M_PI * (fmod((double)(h.now / S - T0), 86400) / 3600 - 6) / 12);
	double size = h.form->ct > 1 ? h.form->ct : 1, sum = 0;

	for (int i = 0; i < 3; i++) {
		/* Things are switched on and off; some of them are motors, or chargers that idle. */
		if (rand() % 150 == 0) {
			h.load[i] = 20 + 3500 * pow(random_1(), 3);
			h.pf[i] = h.load[i] < 150 ? 0.3 + 0.6 * random_1() : 0.85 + 0.15 * random_1();
		}
		active[i] = i && h.form->phases == 1 ? 0 : size * (h.load[i] + 4 * random_1());
		reactive[i] = active[i] * tan(acos(h.pf[i]));
		if (h.form->pv && day > 0)
			active[i] -= h.form->pv * day * (0.7 + 0.3 * random_1()) / 3;
		sum += active[i];
	}
	if (h.form->storage)
		active[0] -= sum - 40 + 30 * random_1();
}

static void send(bool registers, const double active[3], const double reactive[3])
{
	double p = active[0] + active[1] + active[2], q = reactive[0] + reactive[1] + reactive[2];
	static const unsigned int volts[] = { Q_VOLTAGE_L1, Q_VOLTAGE_L2, Q_VOLTAGE_L3 };
	static const unsigned int amperes[] = { Q_CURRENT_L1, Q_CURRENT_L2, Q_CURRENT_L3 };
	const struct form *f = h.form;
	struct guard_report report;
	struct meter_update update;
	struct readings r;
	s64 clock = registers ? f->mean ? h.now / HOUR * HOUR : h.now : 0;
	struct live_time at = { h.now - 1700000000 * S, h.now + h.ahead };

	readings_clear(&r);
	put(&r, Q_ACTIVE_POWER_IMPORT, fmax(p, 0), f->watts);
	if (f->export)
		put(&r, Q_ACTIVE_POWER_EXPORT, fmax(-p, 0), f->watts);
	h.sent[KIND_REACTIVE_POWER] = h.sent[KIND_ACTIVE_POWER];
	if (f->reactive) {
		put(&r, Q_REACTIVE_POWER_IMPORT, fmax(q, 0), f->watts);
		put(&r, Q_REACTIVE_POWER_EXPORT, fmax(-q, 0), f->watts);
	}
	for (int i = 0; i < f->phases; i++) {
		double v = 230 + 3 * random_1();

		if (f->it && i == 1)
			continue;
		put(&r, volts[i], v, -1);
		/* Of three wires: what is between two of them flows in both. */
		if (f->it)
			put(&r, amperes[i], hypot(p, q) / v / sqrt(3) * (0.9 + 0.2 * random_1()),
			    f->amperes);
		else
			put(&r, amperes[i], hypot(active[i], reactive[i]) / v, f->amperes);
	}
	if (registers) {
		put(&r, Q_ACTIVE_ENERGY_IMPORT, f->mean ? h.hour_wh[0] : h.wh[0], f->wh);
		if (f->export)
			put(&r, Q_ACTIVE_ENERGY_EXPORT, f->mean ? h.hour_wh[1] : h.wh[1], f->wh);
	}
	scale_apply(&h.settings.scale, &r);
	derive_take(&h.m->derive, &h.settings.derive, &r, clock, at, &report);
	plausibility_take(h.m, &h.settings, &r, at.mono_us);
	meter_update(h.m, &r, NULL, (u64)h.now, &update);
	problem_look(h.m);
}

static void tick(void)
{
	double active[3], reactive[3], p;
	s64 s;

	flow(active, reactive);
	h.now += h.form->period * S;
	p = active[0] + active[1] + active[2];
	h.wh[p < 0] += fabs(p) * h.form->period / 3600;
	if (h.now % HOUR == 0)
		memcpy(h.hour_wh, h.wh, sizeof(h.wh));
	s = h.now / S - (h.form->mean ? 10 : 0);
	if (h.silent || (h.faulty && rand() % 50 == 0))
		return;
	send(s % h.form->register_s == 0, active, reactive);
	if (h.faulty && rand() % 50 == 0)
		send(s % h.form->register_s == 0, active, reactive);
}

static void run(s64 us)
{
	for (s64 until = h.now + us; h.now < until;)
		tick();
}

static void run_in_peace(s64 us)
{
	for (s64 until = h.now + us; h.now < until;) {
		tick();
		if (*h.m->problem)
			fail_here("a false alarm");
	}
}

/*
 * Under valgrind each sixth form is enough: it looks at memory, and the others have the same code.  All
 * of them together are minutes there.
 */
static unsigned int stride(void)
{
	return getenv("AMSHAN_BRIEF") ? 6 : 1;
}

/* ---- right factors ---- */

static void nothing_is_said_of_any_house(void **state)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(forms); i += stride()) {
		begin(&forms[i], "all right");
		run_in_peace(forms[i].period == 1 ? 4 * DAY : 20 * DAY);
		/* It was looked at all the same. */
		if (!forms[i].storage && !(h.m->plausible.energy.last > 0.7 &&
					   h.m->plausible.energy.last < 1.3))
			fail_here("power and register were not held against each other");
		if (forms[i].phases && !forms[i].pv && !(h.m->plausible.current.last > 0.3 &&
							 h.m->plausible.current.last < 1.3))
			fail_here("power and current were not held against each other");
	}
}

/* And of clocks that are set, and summer time that begins. */
static void nothing_is_said_of_holes_and_restarts(void **state)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(forms); i += stride()) {
		begin(&forms[i], "holes");
		h.faulty = true;
		h.now += 80 * DAY;
		for (int n = 0; n < 90; n++) {
			run_in_peace((rand() % 200) * 60 * S);
			if (n % 3 == 0)
				h.ahead = (rand() % 7200 - 3600) * S;
			h.silent = n % 2;
			run_in_peace((rand() % 300) * 30 * S);
			h.silent = false;
			if (n % 7 == 0)
				plausible_reset(&h.m->plausible);
		}
	}
}

/* ---- wrong factors ---- */

static void factor_set(enum quantity_kind kind, double f)
{
	char text[32];

	snprintf(text, sizeof(text), "%.6f", f);
	assert_int_equal(decimal_parse(text, &h.settings.scale.factor[kind]), 0);
	h.settings.scale.active = true;
}

static const struct {
	const char *name;
	enum quantity_kind kind;
	double sent;
	const char *key;	/* what the sentence has to have */
} wrongs[] = {
	{ "power 10 times too high", KIND_ACTIVE_POWER, 10, "scale-power = 0.1" },
	{ "power 100 times too high", KIND_ACTIVE_POWER, 100, "scale-power = 0.01" },
	{ "power 1000 times too high", KIND_ACTIVE_POWER, 1000, "scale-power = 0.001" },
	{ "power 10 times too low", KIND_ACTIVE_POWER, 0.1, "scale-power = 10" },
	{ "power 1000 times too low", KIND_ACTIVE_POWER, 0.001, "scale-power = 1000" },
	{ "power without a ratio of 50", KIND_ACTIVE_POWER, 1 / 50.0, "scale-power = 50" },
	{ "current 10 times too high", KIND_CURRENT, 10, "scale-current = 0.1" },
	{ "current 100 times too high", KIND_CURRENT, 100, "scale-current = 0.01" },
	{ "current 10 times too low", KIND_CURRENT, 0.1, "scale-current = 10" },
	{ "current 100 times too low", KIND_CURRENT, 0.01, "scale-current = 100" },
	{ "voltage 10 times too high", KIND_VOLTAGE, 10, "scale-voltage = 0.1" },
	{ "voltage 100 times too high", KIND_VOLTAGE, 100, "scale-voltage = 0.01" },
	{ "voltage 10 times too low", KIND_VOLTAGE, 0.1, "scale-voltage = 10" },
	{ "registers 10 times too low", KIND_ACTIVE_ENERGY, 0.1, "scale-energy = 10" },
	{ "registers without a ratio of 50", KIND_ACTIVE_ENERGY, 1 / 50.0, "scale-energy = 50" },
	{ "registers 10 times too high", KIND_ACTIVE_ENERGY, 10, "scale-energy = 0.1" },
};

/* Of a form, how long it may take at most; 0: for ever, but what is said is right. */
static s64 patience(const struct form *f, unsigned int wrong)
{
	enum quantity_kind kind = wrongs[wrong].kind;

	if (kind == KIND_VOLTAGE)
		return f->phases ? (60 + 12 * f->period) * S : 0;
	/* Where the sum is held at 0, or one phase feeds another, there is nothing to be concluded. */
	if (f->storage || (kind == KIND_CURRENT && (!f->phases || (f->pv && wrongs[wrong].sent > 1))))
		return 0;
	/*
	 * One of the two has to be ten times what it steps by: of registers of 1 kWh that takes long, and of a
	 * house that takes little and delivers by day.
	 */
	return kind == KIND_CURRENT ? DAY / 2 : f->wh ? 60 * DAY : f->pv ? 5 * DAY : DAY / 2;
}

static void find(const struct form *f, unsigned int w)
{
	s64 most = patience(f, w);

	begin(f, wrongs[w].name);
	h.sent[wrongs[w].kind] = wrongs[w].sent;
	/* Registers that are held back are a problem of their own, until they are confirmed. */
	for (s64 until = h.now + (most ? most : 3 * DAY); h.now < until && !*h.m->plausible.text;)
		tick();
	if (!*h.m->plausible.text && !most)
		return;
	if (!*h.m->plausible.text)
		fail_here("not found");
	if (!strstr(h.m->plausible.text, wrongs[w].key))
		fail_here("other advice");
	assert_non_null(strstr(h.m->problem, h.m->plausible.text));
	assert_true(strlen(h.m->plausible.text) < PLAUSIBLE_TEXT_MAX - 40);
}

/* The key of the advice has the very factor. */
static void set_right(unsigned int w)
{
	double by = 1 / wrongs[w].sent;

	factor_set(wrongs[w].kind, by);
	if (wrongs[w].kind == KIND_ACTIVE_POWER)
		factor_set(KIND_REACTIVE_POWER, by);
	if (wrongs[w].kind == KIND_ACTIVE_ENERGY && by > 1)
		h.settings.derive.limit_w *= by;
	tick();
	if (*h.m->plausible.text)
		fail_here("it goes on after the advice was followed");
	/* Registers by another factor are held back once more. */
	run(3 * HOUR);
	run_in_peace(DAY);
}

static void each_wrong_factor_is_found(void **state)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(forms); i += stride()) {
		for (unsigned int w = 0; w < ARRAY_SIZE(wrongs); w++) {
			find(&forms[i], w);
			if (patience(&forms[i], w))
				set_right(w);
		}
	}
}

static void it_ends_when_the_meter_is_put_right(void **state)
{
	begin(&forms[0], "put right");
	h.sent[KIND_CURRENT] = 10;
	run(4 * HOUR);
	assert_int_equal(h.m->plausible.kind, PLAUSIBLE_CURRENT);
	h.sent[KIND_CURRENT] = 1;
	run(2 * HOUR);
	assert_string_equal(h.m->problem, "");
	run_in_peace(DAY);
}

static void it_counts_the_factors_that_are_set(void **state)
{
	begin(&forms[0], "set twice");
	factor_set(KIND_ACTIVE_ENERGY, 50);
	h.settings.derive.limit_w *= 50;
	run(8 * HOUR);
	assert_non_null(strstr(h.m->problem, "factor 50: set scale-energy = 1"));
}

static void it_can_be_switched_off(void **state)
{
	begin(&forms[0], "off");
	h.sent[KIND_VOLTAGE] = 10;
	run(HOUR);
	assert_string_equal(h.m->problem,
			    "voltage_l1 is 2301 V, and 230.1 V would be that of a network: set "
			    "scale-voltage = 0.1");
	h.settings.plausibility = false;
	run_in_peace(DAY);
	h.settings.plausibility = true;
	run(HOUR);
	assert_int_equal(h.m->plausible.kind, PLAUSIBLE_VOLTAGE);
}

static void one_dead_phase_is_no_factor(void **state)
{
	static const double volts[][3] = {
		{ 230, 23, 230 }, { 230, 230, 0 }, { 0, 0, 0 }, { 127, 220, 400 }, { 23, 230, 23 },
		{ 60, 60, 60 }, { 160, 160, 160 }, { 230, 2300, 230 },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(volts); i++) {
		struct plausible p = { 0 };
		struct live_register none = { 0 };
		struct scale scale;
		struct readings r;

		scale_init(&scale);
		plausible_scaled_by(&p, &scale);
		readings_clear(&r);
		readings_set(&r, Q_VOLTAGE_L1, (struct decimal){ (s64)volts[i][0], 0 });
		readings_set(&r, Q_VOLTAGE_L2, (struct decimal){ (s64)volts[i][1], 0 });
		readings_set(&r, Q_VOLTAGE_L3, (struct decimal){ (s64)volts[i][2], 0 });
		for (s64 s = 0; s < 100000; s += 10)
			assert_false(plausible_take(&p, &r, &none, s * S));
	}
}

static void a_register_that_is_held_back_is_a_problem(void **state)
{
	begin(&forms[0], "held back");
	run(5 * HOUR + 20 * S);
	h.wh[0] += 500000;
	run(HOUR);
	assert_non_null(strstr(h.m->problem, "active_energy_import went on from "));
	assert_non_null(strstr(h.m->problem, "held back until a second list says so"));
	run(HOUR);
	assert_string_equal(h.m->problem, "");
	h.wh[0] -= 300000;
	run(HOUR);
	assert_non_null(strstr(h.m->problem, "active_energy_import went back from "));
	run(HOUR);
	run_in_peace(DAY);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(nothing_is_said_of_any_house, end),
		cmocka_unit_test_teardown(nothing_is_said_of_holes_and_restarts, end),
		cmocka_unit_test_teardown(each_wrong_factor_is_found, end),
		cmocka_unit_test_teardown(it_ends_when_the_meter_is_put_right, end),
		cmocka_unit_test_teardown(it_counts_the_factors_that_are_set, end),
		cmocka_unit_test_teardown(it_can_be_switched_off, end),
		cmocka_unit_test(one_dead_phase_is_no_factor),
		cmocka_unit_test_teardown(a_register_that_is_held_back_is_a_problem, end),
	};

	log_set_level(LOG_ERR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
