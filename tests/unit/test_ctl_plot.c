// SPDX-License-Identifier: GPL-2.0
/*
 * amshanctl monitor: the plot of the last minutes.
 *
 * The rooms of amshanctl are no library, so their sources are compiled in here.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ctl/plot.c"
#include "ctl/plot_draw.c"
#include "ctl/text.c"

#define NOW	(1795341600ull * USEC_PER_SEC)	/* 2026-11-22T10:00:00Z, the begin of a column */
#define AGO(n)	(NOW - (n) * PLOT_COLUMN_US)	/* n columns before the last one */

static struct plot plot;
static struct model_meter meter;

/* Rows of a picture. */
static char drawn[64][1024];
static unsigned int n_drawn;

static void take(void *ctx, const char *text)
{
	assert_true(n_drawn < ARRAY_SIZE(drawn));
	snprintf(drawn[n_drawn++], sizeof(drawn[0]), "%s", text);
}

static int setup(void **state)
{
	plot_clear(&plot);
	memset(&meter, 0, sizeof(meter));
	strcpy(meter.id, "735");
	return 0;
}

static int teardown(void **state)
{
	plot_clear(&plot);
	return 0;
}

static void add(struct model_values *v, u64 received)
{
	/* The model has them before the listener is told. */
	for (unsigned int q = 0; q < Q_COUNT; q++)
		if (model_has(v, q))
			model_set(&meter.values, q, v->value[q]);
	assert_int_equal(plot_add(&plot, &meter, v, received, NOW), 0);
}

static void add_one(enum quantity q, double value, u64 received)
{
	struct model_values v = { 0 };

	model_set(&v, q, value);
	add(&v, received);
}

static void add_power(double power, u64 received)
{
	struct model_values v = { 0 };

	model_set(&v, Q_ACTIVE_POWER_IMPORT, power > 0 ? power : 0);
	model_set(&v, Q_ACTIVE_POWER_EXPORT, power < 0 ? -power : 0);
	add(&v, received);
}

static struct plot_view view(unsigned int width, unsigned int rows, bool unicode)
{
	n_drawn = 0;
	return (struct plot_view){ width, rows, unicode, NOW, take, NULL };
}

static void draw_meter_in(unsigned int width, unsigned int rows, bool unicode)
{
	struct plot_view v = view(width, rows, unicode);

	plot_draw_meter(&plot, "735", &v);
}

/* The last columns of a row, behind at least one that is blank. */
static void assert_ends(unsigned int row, const char *want)
{
	const char *bar = strchr(drawn[row], '|');
	size_t n = strlen(drawn[row]), len = strlen(want);

	assert_true(row < n_drawn);
	assert_non_null(bar);
	assert_true(n > len && drawn[row] + n - len > bar);
	assert_string_equal(drawn[row] + n - len, want);
	assert_int_equal(drawn[row][n - len - 1], ' ');
}

/* How a row begins; some space is as good as much. */
static void assert_begins(unsigned int row, const char *want)
{
	char begin[64];
	size_t n = 0;

	assert_true(row < n_drawn);
	for (const char *p = drawn[row]; *p && n < strlen(want); p++)
		if (*p != ' ' || !n || begin[n - 1] != ' ')
			begin[n++] = *p;
	begin[n] = '\0';
	assert_string_equal(begin, want);
}

/* ---- the history ---- */

static void a_column_is_the_mean_of_what_came_in_it(void **state)
{
	double v;

	add_power(100, AGO(1));
	add_power(200, AGO(1) + 5 * USEC_PER_SEC);
	add_power(600, AGO(1) + PLOT_COLUMN_US - 1);
	add_power(1000, AGO(0));
	assert_true(plot_mean(plot.history[0], PLOT_POWER, AGO(1) / PLOT_COLUMN_US, &v));
	assert_true(v == 300);
	assert_true(plot_mean(plot.history[0], PLOT_POWER, AGO(0) / PLOT_COLUMN_US, &v));
	assert_true(v == 1000);
	assert_false(plot_mean(plot.history[0], PLOT_POWER, AGO(2) / PLOT_COLUMN_US, &v));
	assert_false(plot_mean(plot.history[0], PLOT_L1, AGO(0) / PLOT_COLUMN_US, &v));
}

static void old_and_future_values_are_left_out(void **state)
{
	add_power(100, AGO(PLOT_COLUMNS));
	add_power(100, NOW + PLOT_COLUMN_US);
	add_power(100, UINT64_MAX);
	assert_int_equal(plot.n, 0);
	assert_int_equal(plot_rows(&plot, "735", NOW), 0);
	/* Those of a restart come late, and in order. */
	add_power(100, AGO(PLOT_COLUMNS - 1));
	add_power(0, 0);
	assert_int_equal(plot_rows(&plot, "735", NOW), 2);
}

static void the_ring_goes_round(void **state)
{
	u64 number = NOW / PLOT_COLUMN_US;
	double v;

	add_power(100, AGO(0));
	/* An hour later the same place is of another time. */
	assert_int_equal(plot_rows(&plot, "735", NOW + PLOT_COLUMNS * PLOT_COLUMN_US), 0);
	assert_false(plot_mean(plot.history[0], PLOT_POWER, number + PLOT_COLUMNS, &v));
	assert_int_equal(plot_add(&plot, &meter, &meter.values, NOW + PLOT_COLUMNS * PLOT_COLUMN_US,
				  NOW + PLOT_COLUMNS * PLOT_COLUMN_US), 0);
	assert_true(plot_mean(plot.history[0], PLOT_POWER, number + PLOT_COLUMNS, &v));
	assert_true(v == 100);
	assert_false(plot_mean(plot.history[0], PLOT_POWER, number, &v));
	/* The clock is set back: what is to come is not shown, what comes now is. */
	add_power(7, AGO(0));
	assert_true(plot_mean(plot.history[0], PLOT_POWER, number, &v));
	assert_true(v == 7);
}

static void what_is_no_reading_is_left_out(void **state)
{
	add_one(Q_VOLTAGE_L1, 230, AGO(0));
	add_one(Q_ACTIVE_ENERGY_IMPORT, 1000, AGO(0));
	add_one(Q_ACTIVE_POWER_IMPORT, 1e300, AGO(0));
	add_one(Q_ACTIVE_POWER_IMPORT, NAN, AGO(0));
	assert_int_equal(plot.n, 0);
}

static void one_direction_that_is_zero_does_not_say_what_flows(void **state)
{
	double v;
	u64 number = NOW / PLOT_COLUMN_US;

	/* A meter that sends no export: nothing flows. */
	add_one(Q_ACTIVE_POWER_IMPORT, 0, AGO(2));
	assert_true(plot_mean(plot.history[0], PLOT_POWER, number - 2, &v));
	assert_true(v == 0);
	/* It does send it, but not with each list. */
	add_power(-500, AGO(1));
	add_one(Q_ACTIVE_POWER_IMPORT, 0, AGO(1));
	assert_true(plot_mean(plot.history[0], PLOT_POWER, number - 1, &v));
	assert_true(v == -500);
	add_one(Q_ACTIVE_POWER_IMPORT, 0, AGO(0));
	assert_false(plot_mean(plot.history[0], PLOT_POWER, number, &v));
	add_one(Q_ACTIVE_POWER_IMPORT, 300, AGO(0));
	assert_true(plot_mean(plot.history[0], PLOT_POWER, number, &v));
	assert_true(v == 300);
}

static void memory_is_bounded(void **state)
{
	for (unsigned int i = 0; i < 1000; i++) {
		snprintf(meter.id, sizeof(meter.id), "%u", i);
		add_power(i, AGO(0));
	}
	assert_int_equal(plot.n, PLOT_METERS_MAX);
	assert_true(sizeof(struct plot_history) * PLOT_METERS_MAX < 512 * 1024);
	assert_int_equal(plot_rows(&plot, "0", NOW), 2);
	assert_int_equal(plot_rows(&plot, "999", NOW), 0);
	/* Those that are silent for an hour make room. */
	assert_int_equal(plot_add(&plot, &meter, &meter.values, 0,
				  NOW + PLOT_COLUMNS * PLOT_COLUMN_US), 0);
	assert_int_equal(plot.n, PLOT_METERS_MAX);
	assert_int_equal(plot_rows(&plot, "999", NOW + PLOT_COLUMNS * PLOT_COLUMN_US), 2);
}

/* ---- scales ---- */

static void scales_are_easy_to_read(void **state)
{
	static const struct {
		double v, up;
	} steps[] = {
		{ 0, 0 }, { -5, 0 }, { 1, 1 }, { 1.1, 1.2 }, { 2310, 2500 }, { 9, 10 },
		{ 0.07, 0.08 }, { 8.0001, 10 }, { 1e14, 1e14 },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(steps); i++)
		assert_float_equal(round_up(steps[i].v), steps[i].up, steps[i].up * 1e-9);
}

static void zero_is_between_two_rows(void **state)
{
	static const struct {
		double low, high;
		unsigned int rows, up;
		double step;
	} scales[] = {
		{ 0, 0, 4, 4, 1 },
		{ 0, 2310, 4, 4, 600 },
		{ -2310, 0, 4, 0, 600 },
		{ -1000, 1000, 4, 2, 500 },
		{ -100, 3000, 4, 3, 1000 },
		{ -3000, 1, 4, 1, 1000 },
		{ -5, 3000, 2, 1, 3000 },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(scales); i++) {
		struct strip s = { .rows = scales[i].rows, .low = scales[i].low,
				   .high = scales[i].high };

		scale_rows(&s);
		assert_int_equal(s.up, scales[i].up);
		assert_float_equal(s.step, scales[i].step, 1e-9);
		assert_true(s.low <= scales[i].low && s.high >= scales[i].high);
	}
}

/* ---- pictures ---- */

static void power_is_a_diagram(void **state)
{
	add_power(0, AGO(5));
	add_power(100, AGO(4));
	add_power(500, AGO(3));
	add_power(1000, AGO(1));	/* nothing came before: blank */
	add_power(2000, AGO(0));
	draw_meter_in(79, 5, true);
	assert_int_equal(n_drawn, 5);
	assert_begins(0, "power 2000 W |");
	assert_begins(1, " |");
	assert_begins(3, " 0 W |");
	assert_ends(0, " █");
	assert_ends(1, " █");
	assert_ends(2, " ██");
	assert_ends(3, " ▁▂█ ██");
	draw_meter_in(79, 3, true);
	assert_ends(0, " █");
	assert_ends(1, " ▁▁▄ ██");
}

static void export_is_below_zero(void **state)
{
	add_power(1000, AGO(4));
	add_power(-100, AGO(3));
	add_power(-250, AGO(2));
	add_power(-1000, AGO(1));
	add_power(0, AGO(0));
	draw_meter_in(79, 5, true);
	assert_begins(0, "power 1000 W |");
	assert_begins(1, " 0 W |");
	assert_begins(3, " -1000 W |");
	assert_ends(0, " █    ");
	assert_ends(1, " █   ▁");
	assert_ends(2, " ▔▀█ ");
	assert_ends(3, " █ ");
	draw_meter_in(79, 5, false);
	assert_ends(0, " #    ");
	assert_ends(1, " #   _");
	assert_ends(2, " '\"# ");
}

static void export_alone_hangs_from_zero(void **state)
{
	add_power(-800, AGO(1));
	add_power(0, AGO(0));
	draw_meter_in(79, 3, true);
	assert_begins(0, "power 0 W |");
	assert_begins(1, " -800 W |");
	assert_ends(0, " █▔");
	assert_ends(1, " █ ");
}

static void one_row_has_its_range_before_it(void **state)
{
	add_power(0, AGO(3));
	add_power(1200, AGO(2));
	add_power(2400, AGO(0));
	draw_meter_in(79, 2, true);
	assert_int_equal(n_drawn, 2);
	assert_begins(0, "power 0..2500 W |");
	assert_ends(0, " ▁▄ █");
	draw_meter_in(79, 2, false);
	assert_ends(0, " _- #");
	add_power(-600, AGO(1));
	draw_meter_in(79, 2, true);
	assert_begins(0, "power -600..2500 W |");
	assert_ends(0, " ▂▅▁█");
}

static void phases_have_a_row_each_and_one_scale(void **state)
{
	struct model_values v = { 0 };

	add_power(1000, AGO(0));
	model_set(&v, Q_CURRENT_L1, 0);
	model_set(&v, Q_CURRENT_L2, 6);
	add(&v, AGO(1));
	model_set(&v, Q_CURRENT_L3, 3);
	add(&v, AGO(0));
	draw_meter_in(79, 20, true);
	assert_int_equal(n_drawn, ROWS_MAX + 3 + 1);
	assert_begins(6, "current L1 0..6 A |");
	assert_begins(8, "current L3 0..6 A |");
	assert_ends(6, " ▁▁");
	assert_ends(7, " ██");
	assert_ends(8, " ▅");
	/* Few rows: the power becomes flat, then the phases go. */
	draw_meter_in(79, 5, true);
	assert_int_equal(n_drawn, 5);
	assert_begins(0, "power 0..1000 W |");
	draw_meter_in(79, 4, true);
	assert_int_equal(n_drawn, 4);
	assert_begins(0, "power 1200 W |");
	draw_meter_in(79, 1, true);
	assert_int_equal(n_drawn, 0);
}

static void power_per_phase_stands_for_currents(void **state)
{
	add_one(Q_ACTIVE_POWER_EXPORT_L2, 300, AGO(1));
	draw_meter_in(79, 20, true);
	assert_int_equal(n_drawn, 2);
	assert_begins(0, "power L2 -300..0 W |");
	/* A current was sent: it was never added to watts. */
	add_one(Q_CURRENT_L1, 4, AGO(0));
	add_one(Q_ACTIVE_POWER_EXPORT_L2, 300, AGO(0));
	draw_meter_in(79, 20, true);
	assert_int_equal(n_drawn, 2);
	assert_begins(0, "current L1 0..4 A |");
}

static void time_has_marks(void **state)
{
	add_power(2, AGO(20));
	draw_meter_in(79, 2, false);
	assert_int_equal(strlen(drawn[0]), 79);
	assert_int_equal(strlen(drawn[1]), 79);
	assert_int_equal(strstr(drawn[1], "'5 min") - drawn[1], strchr(drawn[0], '#') - drawn[0]);
	assert_string_equal(drawn[1] + 76, "now");
	assert_non_null(strstr(drawn[1], "ago "));
	draw_meter_in(1000, 2, true);
	assert_non_null(strstr(drawn[1], "'55 min"));
	assert_null(strstr(drawn[1], "'60 min"));
	assert_int_equal(strlen(drawn[1]) - (strchr(drawn[0], '|') + 1 - drawn[0]), PLOT_COLUMNS);
}

static void nothing_is_wider_than_the_screen(void **state)
{
	for (int i = 0; i < 240; i++)
		add_power(i * 1e12 - 1e14, AGO(i));
	for (unsigned int width = 0; width < 300; width++) {
		draw_meter_in(width, 7, false);
		for (unsigned int i = 0; i < n_drawn; i++)
			assert_true(strlen(drawn[i]) <= width);
		assert_true(width < 70 || n_drawn);
		assert_true(width > 30 || !n_drawn);
	}
}

static void several_meters_have_a_row_each(void **state)
{
	static const char *const ids[] = { "1", "silent", "a\x1b\xc3\xa5", "3" };
	struct plot_view v;

	for (unsigned int i = 0; i < ARRAY_SIZE(ids); i++) {
		if (i == 1)
			continue;
		strcpy(meter.id, ids[i]);
		add_power(i * 1000, AGO(0));
		add_one(Q_CURRENT_L1, 4, AGO(0));
	}
	v = view(79, 5, true);
	plot_draw_meters(&plot, ids, ARRAY_SIZE(ids), &v);
	assert_int_equal(n_drawn, 4);
	assert_begins(0, "1 0..1 W |");
	assert_begins(1, "a??? 0..2000 W |");
	assert_begins(2, "3 0..3000 W |");
	assert_ends(2, " █");
	assert_begins(3, " ago ");
	/* More room, and less of it. */
	v = view(79, 20, true);
	plot_draw_meters(&plot, ids, ARRAY_SIZE(ids), &v);
	assert_int_equal(n_drawn, 3 * 3 + 1);
	v = view(79, 3, true);
	plot_draw_meters(&plot, ids, ARRAY_SIZE(ids), &v);
	assert_int_equal(n_drawn, 3);
	v = view(79, 1, true);
	plot_draw_meters(&plot, ids, ARRAY_SIZE(ids), &v);
	assert_int_equal(n_drawn, 0);
	v = view(79, 20, true);
	plot_draw_meters(&plot, ids + 1, 1, &v);
	assert_int_equal(n_drawn, 0);
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_column_is_the_mean_of_what_came_in_it),
		TEST(old_and_future_values_are_left_out),
		TEST(the_ring_goes_round),
		TEST(what_is_no_reading_is_left_out),
		TEST(one_direction_that_is_zero_does_not_say_what_flows),
		TEST(memory_is_bounded),
		TEST(scales_are_easy_to_read),
		TEST(zero_is_between_two_rows),
		TEST(power_is_a_diagram),
		TEST(export_is_below_zero),
		TEST(export_alone_hangs_from_zero),
		TEST(one_row_has_its_range_before_it),
		TEST(phases_have_a_row_each_and_one_scale),
		TEST(power_per_phase_stands_for_currents),
		TEST(time_has_marks),
		TEST(nothing_is_wider_than_the_screen),
		TEST(several_meters_have_a_row_each),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
