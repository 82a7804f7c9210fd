// SPDX-License-Identifier: GPL-2.0
/*
 * Derived values of a simulated meter, over days, holes, restarts and clocks that are set.
 */
#include "derive_house.h"

/* ---- days as they are ---- */

static void all_days_are_counted_right(void **state)
{
	static const struct {
		const char *name, *from, *to;
		s64 period;
		double step;
		bool no_clock;
	} rows[] = {
		{ "a winter's day", "2026-01-14T10:00:00", "2026-01-16T00:00:00", 5 * S / 2, 10 },
		{ "a list every 10 s", "2026-01-14T10:00:00", "2026-01-16T00:00:00", 10 * S, 10 },
		{ "registers of 1 Wh", "2026-01-14T10:00:00", "2026-01-16T00:00:00", 5 * S / 2, 1 },
		{ "registers of 1 kWh", "2026-01-14T10:00:00", "2026-01-16T00:00:00", 5 * S / 2, 1000 },
		{ "no clock", "2026-01-14T10:00:00", "2026-01-16T00:00:00", 5 * S / 2, 10, true },
		{ "summer time begins", "2026-03-27T10:00:00", "2026-03-31T12:00:00", 10 * S, 10 },
		{ "summer time ends", "2026-10-23T10:00:00", "2026-10-27T12:00:00", 10 * S, 10 },
		{ "a month ends", "2026-04-29T10:00:00", "2026-05-02T12:00:00", 10 * S, 10 },
		{ "a year ends", "2025-12-30T10:00:00", "2026-01-02T12:00:00", 10 * S, 10 },
		{ "October", "2026-09-30T10:00:00", "2026-11-01T12:00:00", 10 * S, 10 },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(rows); i++) {
		begin(rows[i].name, rows[i].from);
		h.period = rows[i].period;
		h.step = rows[i].step;
		h.no_clock = rows[i].no_clock;
		run_until(rows[i].to);
		assert_int_equal(h.said, 0);
		if (h.worst > h.step + 40)
			fail_msg("%s: off by %.0f Wh", h.name, h.worst);
		if (!h.spans_seen[SPAN_HOUR] || !h.spans_seen[SPAN_DAY])
			fail_msg("%s: nothing was shown", h.name);
		peaks_are_true(1);
		assert_true(strlen(h.file) < 8192);
	}
	/* Of the whole month, as long as it was. */
	assert_true(h.spans_seen[SPAN_MONTH] > 100000);
}

/* ---- what gets lost ---- */

static void holes_and_restarts(void **state)
{
	static const struct {
		const char *name;
		s64 before;	/* since 09:00 UTC */
		s64 hole;
		int how;	/* 0: lists get lost, 1: clean restart, 2: crash */
		bool lost;	/* then the running hour is not known */
	} rows[] = {
		{ "a minute", 20 * 60 * S, 60 * S, 0, false },
		{ "ten minutes", 20 * 60 * S, 600 * S, 0, true },
		{ "over the full hour", 50 * 60 * S, 1200 * S, 0, true },
		{ "five hours", 50 * 60 * S, 5 * HOUR, 0, true },
		{ "from before the hour to after its list", HOUR - 20 * S, 60 * S, 0, false },
		{ "a restart in the middle of an hour", 20 * 60 * S, 5 * S, 1, false },
		{ "a restart on the full hour", HOUR - 5 * S, 10 * S, 1, false },
		{ "a restart between the hour and its list", HOUR, 5 * S, 1, false },
		{ "off for twenty minutes", 20 * 60 * S, 1200 * S, 1, true },
		{ "off over midnight", 13 * HOUR + 600 * S, 2 * HOUR, 1, true },
		{ "off for two days", 50 * 60 * S, 2 * DAY, 1, true },
		{ "a crash", 20 * 60 * S, 5 * S, 2, false },
		{ "a crash on the full hour", HOUR - 5 * S, 10 * S, 2, false },
		{ "a crash and twenty minutes", 20 * 60 * S, 1200 * S, 2, true },
		{ "a crash over midnight", 13 * HOUR + 600 * S, 2 * HOUR, 2, true },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(rows); i++) {
		double hour;

		begin(rows[i].name, "2026-01-14T09:00:00");
		run(DAY + rows[i].before);
		silence(rows[i].hole);
		if (rows[i].how)
			restart(rows[i].how == 2);
		run(20 * S);
		hour = live_of_span(&h.m->derive.live[DERIVE_IMPORT], SPAN_HOUR);
		/* After a crash what was counted since the file is known only if it is young. */
		if (isnan(hour) != rows[i].lost && rows[i].how != 2)
			fail_msg("%s: %g in this hour", h.name, hour);
		/* Two registers later all is as before. */
		run(3 * HOUR);
		if (fabs(live_shown(&h.m->derive.live[DERIVE_IMPORT]) - h.wh[DERIVE_IMPORT]) > 50)
			fail_msg("%s: shown %.0f, in truth %.0f", h.name, h.shown[0], h.wh[0]);
		peaks_are_true(1);
		assert_int_equal(h.said, 0);
	}
}

static void clock_steps(void **state)
{
	static const s64 steps[] = { 2, -2, 30, -30, 600, -600, 3600, -3600, 5 * 3600, -5 * 3600,
				     30 * 86400, -30 * 86400 };

	for (unsigned int i = 0; i < ARRAY_SIZE(steps); i++) {
		char name[64];

		snprintf(name, sizeof(name), "the clock is off by %lld s", (long long)steps[i]);
		begin(name, "2026-01-14T09:00:00");
		run(20 * HOUR + 600 * S);
		h.ahead = steps[i] * S;		/* wrong for four hours and a bit */
		run(4 * HOUR + 900 * S);
		h.ahead = 0;
		run(30 * HOUR);
		if (h.worst > 50)
			fail_msg("%s: shown was off by %.0f Wh", h.name, h.worst);
		/* Hours of a wrong clock are others. */
		if (llabs(steps[i]) <= 2)
			peaks_are_true(1);
		assert_int_equal(h.said, 0);
	}
}

/* ---- what must not reach a statistic ---- */

static void a_repeated_list_changes_nothing(void **state)
{
	struct derive before;

	begin("a repeated list", "2026-01-14T09:00:00");
	run(DAY + 10 * S);
	before = h.m->derive;
	for (int i = 0; i < 3; i++) {
		h.r = h.last_hourly;
		take(h.last_hourly_clock);
		assert_false(readings_any(&h.r));
		assert_memory_equal(&h.m->derive, &before, sizeof(before));
	}
	/* A restart forgets what the whole list was, but not its registers. */
	restart(false);
	h.r = h.last_hourly;
	take(h.last_hourly_clock);
	assert_false(readings_has(&h.r, Q_ACTIVE_ENERGY_IMPORT));
	run(2 * HOUR);
	assert_int_equal(h.said, 0);
}

static void an_impossible_step_is_held_back(void **state)
{
	static const double by[] = { -500000, -8000, 500000 };

	for (unsigned int i = 0; i < ARRAY_SIZE(by); i++) {
		begin("an impossible step", "2026-01-14T09:00:00");
		run(DAY);
		h.full_hour[DERIVE_IMPORT] += by[i];
		run(10 * S);
		assert_int_equal(h.said, 1);
		assert_true(guard_holds(&h.m->derive.guard));
		run(2 * HOUR);
		assert_int_equal(h.confirmed, 0);
		assert_false(guard_holds(&h.m->derive.guard));
		if (h.worst > 60)
			fail_msg("by %g: off by %.0f Wh", by[i], h.worst);
	}
}

static void a_confirmed_step_is_taken(void **state)
{
	static const double to[] = { 17, 99000000 };

	for (unsigned int i = 0; i < ARRAY_SIZE(to); i++) {
		begin("a meter was exchanged", "2026-01-14T09:00:00");
		run(DAY);
		h.wh[DERIVE_IMPORT] = h.full_hour[DERIVE_IMPORT] = to[i];
		h.unchecked = true;
		run(HOUR);
		assert_int_equal(h.said, 1);
		assert_int_equal(h.confirmed, 0);
		run(10 * S);
		assert_int_equal(h.confirmed, 1);
		assert_true(isnan(live_of_span(&h.m->derive.live[DERIVE_IMPORT], SPAN_MONTH)));
		/* From the next hour on all is right. */
		run(HOUR);
		h.unchecked = false;
		h.worst = 0;
		run(30 * HOUR);
		if (h.worst > 50)
			fail_msg("to %g: off by %.0f Wh", to[i], h.worst);
		peaks_are_true(1);
	}
}

/*
 * Without a clock in its lists, one that is set back at the machine makes a good register look too far;
 * it is the same meter, so that what is shown must not go back when it is confirmed.
 */
static void too_far_is_no_other_meter(void **state)
{
	for (unsigned int seed = 1; seed <= 10; seed++) {
		begin("a clock that was set back", "2026-01-14T09:00:00");
		srand(seed);
		h.no_clock = true;
		h.unchecked = true;
		h.base = 6000;
		for (unsigned int i = 0; i < 10; i++) {
			run(5 * HOUR + 100 * S);
			h.ahead -= DAY;
		}
		assert_true(h.confirmed > 0);
	}
}

/* ---- the other direction ---- */

static void a_meter_that_begins_to_export(void **state)
{
	struct live_register *l;

	begin("panels on the roof", "2026-06-14T09:00:00");
	run(DAY + HOUR);
	l = &h.m->derive.live[DERIVE_EXPORT];
	assert_true(live_shown(l) == 0 && live_of_span(l, SPAN_DAY) == 0);
	h.base = -3000;
	run(2 * DAY);
	assert_true(fabs(live_shown(l) - h.wh[DERIVE_EXPORT]) < 50);
	assert_true(h.wh[DERIVE_EXPORT] > 50000);
	restart(true);
	run(DAY);
	h.base = 2000;
	run(DAY);
	assert_true(fabs(live_shown(l = &h.m->derive.live[DERIVE_EXPORT]) - h.wh[DERIVE_EXPORT]) < 50);
	assert_true(fabs(live_shown(&h.m->derive.live[DERIVE_IMPORT]) - h.wh[DERIVE_IMPORT]) < 50);
	assert_int_equal(h.said, 0);
}

/* ---- what else is derived ---- */

static void expected_mean_of_the_hour(void **state)
{
	begin("expected", "2026-01-14T09:00:00");
	run(2 * HOUR + 900 * S);
	for (int i = 0; i < 1000; i++) {
		double expected = h.wh[0] - h.at_begin[SPAN_HOUR] +
			h.power[0] * (double)(HOUR - h.now % HOUR) / (double)HOUR;

		if (fabs(given(Q_ACTIVE_POWER_IMPORT_HOUR) - expected) > 30)
			fail_msg("%s: %.0f, not %.0f", when(), given(Q_ACTIVE_POWER_IMPORT_HOUR),
				 expected);
		tick();
	}
	/* With a hole in it nothing is expected, and it is said that it is lost. */
	silence(600 * S);
	tick();
	assert_true(isnan(given(Q_ACTIVE_POWER_IMPORT_HOUR)));
	assert_true(h.r.lost[Q_ACTIVE_POWER_IMPORT_HOUR / 64] >> Q_ACTIVE_POWER_IMPORT_HOUR % 64 & 1);
	assert_true(isnan(h.m->latest[Q_ACTIVE_POWER_IMPORT_HOUR]));
}

/* Powers in W and var; -1: not sent.  Power factor in thousandths. */
static void apparent_power(void **state)
{
	static const struct { int p, pe, q, qe, s, pf, apparent, factor; } rows[] = {
		{ 3000, 0, 4000, 0, -1, -1, 5000, 600 },
		{ 3000, -1, 4000, -1, -1, -1, 5000, 600 },
		{ 0, 3000, 0, 4000, -1, -1, 5000, 600 },
		{ 3000, 0, 0, 0, -1, -1, 3000, 1000 },
		{ 0, 0, 0, 0, -1, -1, 0, -1 },
		{ 3000, 0, -1, -1, -1, -1, -1, -1 },
		{ -1, -1, 100, 0, -1, -1, -1, -1 },
		{ 3000, 0, 4000, 0, 5100, 590, 5100, 590 },	/* measured is better */
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(rows); i++) {
		const int sent[] = { rows[i].p, rows[i].pe, rows[i].q, rows[i].qe, rows[i].s,
				     rows[i].pf };
		struct guard_report report;
		bool derived;

		begin("apparent power", "2026-01-14T09:00:00");
		readings_clear(&h.r);
		for (unsigned int q = 0; q < ARRAY_SIZE(sent); q++)
			if (sent[q] >= 0)
				readings_set(&h.r, Q_ACTIVE_POWER_IMPORT + q,
					     (struct decimal){ sent[q], q == 5 ? -3 : 0 });
		derive_take(&h.m->derive, &settings, &h.r, 0, at(), &report);
		derived = h.r.derived[0] >> Q_APPARENT_POWER & 1;
		if (readings_has(&h.r, Q_APPARENT_POWER) != (rows[i].apparent >= 0) ||
		    readings_has(&h.r, Q_POWER_FACTOR) != (rows[i].factor >= 0) ||
		    derived != (rows[i].apparent >= 0 && rows[i].s < 0) ||
		    (rows[i].apparent >= 0 && given(Q_APPARENT_POWER) != rows[i].apparent) ||
		    (rows[i].factor >= 0 && given(Q_POWER_FACTOR) != rows[i].factor / 1000.0))
			fail_msg("row %u: %g VA, factor %g", i, given(Q_APPARENT_POWER),
				 given(Q_POWER_FACTOR));
	}
}

static void a_clock_that_was_not_set_yet(void **state)
{
	begin("the clock is in 1970", "2026-01-14T09:00:00");
	h.ahead = -h.now + 1000 * S;
	run(3 * HOUR);
	assert_true(isnan(h.m->latest[Q_ACTIVE_ENERGY_IMPORT_LIVE]));
	h.ahead = 0;
	run(3 * HOUR);
	assert_true(h.shown[DERIVE_IMPORT] > 0 && h.worst < 50);
}

/* A meter may send any number: what cannot be one of ours is not shown as another. */
static void numbers_beyond_all_bounds(void **state)
{
	static const struct decimal rows[] = {
		{ INT64_MAX, 0 }, { 1, 30 }, { INT64_MAX, 127 }, { 1, 15 },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(rows); i++) {
		begin("a register beyond all bounds", "2026-01-14T09:30:00");
		run(60 * S);
		for (int n = 0; n < 3; n++) {
			double v;

			readings_clear(&h.r);
			readings_set(&h.r, Q_ACTIVE_ENERGY_IMPORT, rows[i]);
			readings_set(&h.r, Q_ACTIVE_POWER_IMPORT, (struct decimal){ 1000, 0 });
			h.now += 10 * S;
			derive_take(&h.m->derive, &settings, &h.r, 0, at(), &(struct guard_report){ 0 });
			v = given(Q_ACTIVE_ENERGY_IMPORT_LIVE);
			if (!isnan(v) && fabs(v / decimal_double(rows[i]) - 1) > 1e-6)
				fail_msg("row %u: shown as %g", i, v);
			keep_write(false);
		}
		/* What was written can be read: else all would be lost. */
		restart(true);
	}
}

/* Telegrams of each second have the registers: what is counted is shown no more often for that. */
static void registers_of_each_second(void **state)
{
	unsigned int shown = 0;

	begin("registers of each second", "2026-01-14T09:30:00");
	for (s64 n = 0; n < 120; n++) {
		struct guard_report report;

		readings_clear(&h.r);
		readings_set(&h.r, Q_ACTIVE_POWER_IMPORT, (struct decimal){ 3600, 0 });
		readings_set(&h.r, Q_ACTIVE_ENERGY_IMPORT, (struct decimal){ 1000000 + n, 0 });
		h.now += S;
		assert_true(derive_take(&h.m->derive, &settings, &h.r, 0, at(), &report));
		shown += readings_has(&h.r, Q_ACTIVE_ENERGY_IMPORT_ERROR);
	}
	/* The first of them it cannot tell from others yet. */
	assert_in_range(shown, DERIVE_IN_ROW - 2 + 9, DERIVE_IN_ROW + 11);
	/* One that did not come for long is news, however short ago the others were shown. */
	for (shown = 0; shown < 2;) {
		readings_clear(&h.r);
		readings_set(&h.r, Q_ACTIVE_POWER_IMPORT, (struct decimal){ 3600, 0 });
		h.now += S;
		derive_take(&h.m->derive, &settings, &h.r, 0, at(), &(struct guard_report){ 0 });
		shown += readings_has(&h.r, Q_ACTIVE_ENERGY_IMPORT_ERROR);
	}
	readings_clear(&h.r);
	readings_set(&h.r, Q_ACTIVE_ENERGY_IMPORT, (struct decimal){ 1000125, 0 });
	h.now += S;
	assert_true(derive_take(&h.m->derive, &settings, &h.r, 0, at(), &(struct guard_report){ 0 }));
	assert_true(readings_has(&h.r, Q_ACTIVE_ENERGY_IMPORT_ERROR));
}

/* ---- anything ---- */

/* Not half a hole: what was switched on in it is a guess of up to 90 s x power. */
static s64 some_time(s64 most)
{
	s64 n = (s64)exp(log((double)most / (double)h.period) * rand() / RAND_MAX);

	return (n > 2 && n < 10 ? 10 : n) * h.period;
}

/* What was counted since the file is a hole, or next to nothing; see above. */
static void crash(s64 off)
{
	if (off)
		silence(off);
	if (h.now - h.written > 20 * S && h.now - h.written < LIVE_GAP_US)
		silence(LIVE_GAP_US);
	restart(true);
}

static void something_happens(bool clock)
{
	int what = rand() % (clock ? 9 : 7);

	if (getenv("DERIVE_SEED"))
		print_message("%s: %d\n", when(), what);
	switch (what) {
	case 0:
		silence(some_time(6 * HOUR));
		break;
	case 1:
		crash(some_time(HOUR));
		break;
	case 2:
		crash(0);
		break;
	case 3:
		silence(some_time(HOUR));
		restart(false);
		break;
	case 4:
		restart(false);
		break;
	case 5:
		h.no_hourly = !h.no_hourly;
		break;
	case 6:
		/* In the place of the next list; without a clock nothing tells that it is one again. */
		if (!h.no_clock && h.now - h.last_hourly_clock < 60 * S) {
			h.r = h.last_hourly;
			take(h.last_hourly_clock);
		}
		break;
	case 7:
		h.ahead = (rand() % 2 ? 1 : -1) * some_time(3 * HOUR);
		break;
	case 8:
		h.ahead = 0;
		break;
	}
}

/* It never goes back, and each register is met (look() and take() say so), whatever happens. */
static void whatever_happens(void **state)
{
	const char *only = getenv("DERIVE_SEED");
	unsigned int first = only ? (unsigned int)atoi(only) : 1, last = only ? first : 40;

	print_message("seeds %u to %u; DERIVE_SEED=N runs one\n", first, last);
	for (unsigned int seed = first; seed <= last; seed++) {
		static const char *const from[] = { "2026-03-28T07:00:00", "2026-10-24T07:00:00",
						    "2025-12-30T07:00:00", "2026-01-14T07:00:00" };
		bool clock = seed % 2;
		char name[32];

		snprintf(name, sizeof(name), "seed %u", seed);
		begin(name, from[seed / 2 % ARRAY_SIZE(from)]);
		srand(seed);
		h.period = 10 * S;
		h.base = 500 + rand() % 6000;
		h.no_clock = seed % 5 == 0;
		h.unchecked = clock;
		for (s64 until = h.now + 4 * DAY; h.now < until;) {
			tick();
			if (rand() % 500 == 0)
				something_happens(clock);
		}
		/* Left alone, it finds its way back. */
		h.ahead = 0;
		h.no_hourly = false;
		run(12 * HOUR);
		if (fabs(live_shown(&h.m->derive.live[DERIVE_IMPORT]) - h.wh[DERIVE_IMPORT]) > 100)
			fail_msg("%s: shown %.0f, in truth %.0f", name, h.shown[0], h.wh[0]);
		if (!clock)
			peaks_are_true(1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(all_days_are_counted_right, end),
		cmocka_unit_test_teardown(holes_and_restarts, end),
		cmocka_unit_test_teardown(clock_steps, end),
		cmocka_unit_test_teardown(a_repeated_list_changes_nothing, end),
		cmocka_unit_test_teardown(an_impossible_step_is_held_back, end),
		cmocka_unit_test_teardown(a_confirmed_step_is_taken, end),
		cmocka_unit_test_teardown(too_far_is_no_other_meter, end),
		cmocka_unit_test_teardown(a_meter_that_begins_to_export, end),
		cmocka_unit_test_teardown(expected_mean_of_the_hour, end),
		cmocka_unit_test_teardown(apparent_power, end),
		cmocka_unit_test_teardown(a_clock_that_was_not_set_yet, end),
		cmocka_unit_test_teardown(numbers_beyond_all_bounds, end),
		cmocka_unit_test_teardown(registers_of_each_second, end),
		cmocka_unit_test_teardown(whatever_happens, end),
	};

	return cmocka_run_group_tests_name("derive", tests, NULL, NULL);
}
