// SPDX-License-Identifier: GPL-2.0
/*
 * The guard of the registers: what of a list may reach a statistic, and what is said of the rest.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "meter/guard.h"
#include "util.h"

#define LIMIT_W		10000.0
#define EPOCH_US	(1770000000ll * 1000000)
#define MINUTE_US	(60ll * 1000000)

#define NO_CLOCK	-1
#define ABSENT		-1

/*
 * A list: when it came and what its clock showed, minutes; registers in Wh, power in W.  What comes of
 * it: "i" and "e" are registers of import and export that pass, "w" the power; then R: repeated, S: the
 * same; then a letter per word: B: back, F: too far, Z: zeros, C: confirmed, with the register's letter.
 */
struct list {
	int at;
	int clock;
	s64 import;
	s64 export;
	s64 power;
	const char *what_comes;
};

#define LISTS_MAX	8

static const struct {
	const char *what;
	struct list lists[LISTS_MAX];
} rows[] = {
	{ "hour by hour", {
		{ 0, 0, 1000, 0, 500, "iew" },
		{ 60, 60, 1500, 0, 600, "iew" },
		{ 120, 120, 1500, 0, 0, "iew" },
	} },
	{ "lists without registers do not matter", {
		{ 0, 0, 1000, ABSENT, 500, "iw" },
		{ 1, 1, ABSENT, ABSENT, 500, "w" },
		{ 1, 1, ABSENT, ABSENT, 500, "w" },
		{ 60, 60, 1000, ABSENT, 500, "iw" },
	} },
	{ "a list comes again", {
		{ 0, 0, 1000, 0, 500, "iew" },
		{ 0, 0, 1000, 0, 500, "S" },
		{ 1, 1, ABSENT, ABSENT, 700, "w" },
		{ 2, 0, 1000, 0, 500, "S" },
		{ 60, 60, 1500, 0, 500, "iew" },
	} },
	{ "its registers come again, with another power", {
		{ 0, 0, 1000, 0, 500, "iew" },
		{ 0, 0, 1000, 0, 510, "w R" },
		{ 60, 60, 1500, 0, 500, "iew" },
	} },
	{ "the next hour has the same registers", {
		{ 0, 0, 1000, 0, 500, "iew" },
		{ 60, 60, 1000, 0, 500, "iew" },
	} },
	{ "without a clock nothing tells a list from its repetition", {
		{ 0, NO_CLOCK, 1000, 0, 500, "iew" },
		{ 0, NO_CLOCK, 1000, 0, 500, "iew" },
	} },
	{ "the meter's clock is set back: its registers go on", {
		{ 0, 0, 1000, 0, 500, "iew" },
		{ 60, -60, 1100, 0, 500, "iew" },
		{ 120, 0, 1600, 0, 500, "iew" },
	} },
	{ "one step back is held, the next is as before", {
		{ 0, 0, 10000, 0, 500, "iew" },
		{ 60, 60, 500, 0, 500, "ew Bi" },
		{ 120, 120, 11000, 0, 500, "iew" },
		{ 180, 180, 12000, 0, 500, "iew" },
	} },
	{ "by one Wh is back too", {
		{ 0, 0, 10000, 0, 500, "iew" },
		{ 60, 60, 9999, 0, 500, "ew Bi" },
	} },
	{ "a meter was exchanged: the second list confirms it", {
		{ 0, 0, 10000, 5000, 500, "iew" },
		{ 60, 60, 3, 0, 500, "w BiBe" },
		{ 120, 120, 503, 0, 500, "iew CiCe" },
		{ 180, 180, 1003, 0, 500, "iew" },
	} },
	{ "what goes on going back is never confirmed, and said once", {
		{ 0, 0, 10000, ABSENT, 500, "iw" },
		{ 60, 60, 9000, ABSENT, 500, "w Bi" },
		{ 120, 120, 8000, ABSENT, 500, "w" },
		{ 180, 180, 7000, ABSENT, 500, "w" },
		{ 240, 240, 7000, ABSENT, 500, "iw Ci" },
	} },
	{ "as far as the fuse carries in an hour and a minute", {
		{ 0, 0, 0, 1, 500, "iew" },
		{ 60, 60, 10166, 1, 500, "iew" },
	} },
	{ "one Wh further", {
		{ 0, 0, 0, 1, 500, "iew" },
		{ 60, 60, 10167, 1, 500, "ew Fi" },
	} },
	{ "further, after a day without lists", {
		{ 0, 0, 0, 1, 500, "iew" },
		{ 1440, 1440, 240000, 1, 500, "iew" },
	} },
	{ "too far is confirmed", {
		{ 0, 0, 1000, 0, 500, "iew" },
		{ 60, 60, 90000, 0, 500, "ew Fi" },
		{ 120, 120, 91000, 0, 500, "iew Ci" },
		{ 180, 180, 92000, 0, 500, "iew" },
	} },
	{ "too far, and once more too far", {
		{ 0, 0, 1000, 0, 500, "iew" },
		{ 60, 60, 90000, 0, 500, "ew Fi" },
		{ 120, 120, 900000, 0, 500, "ew" },
		{ 180, 180, 4000, 0, 500, "iew" },
	} },
	{ "one that was held comes again: that confirms nothing", {
		{ 0, 0, 1000, 0, 500, "iew" },
		{ 60, 60, 90000, 0, 500, "ew Fi" },
		{ 60, 60, 90000, 0, 500, "S" },
		{ 61, 60, 90000, 0, 510, "w R" },
		{ 120, 120, 2000, 0, 500, "iew" },
	} },
	{ "one register is held, the other counts on", {
		{ 0, 0, 1000, 100, 500, "iew" },
		{ 60, 60, 999, 200, 500, "ew Bi" },
		{ 120, 120, 1500, 150, 500, "iw Be" },
		{ 180, 180, 2000, 300, 500, "iew" },
	} },
	{ "a meter begins with zeros", {
		{ 0, 0, 0, 0, 500, "w ZiZe" },
		{ 60, 60, 123456, 789, 500, "iew" },
	} },
	{ "a new meter has counted nothing", {
		{ 0, 0, 0, 0, 500, "w ZiZe" },
		{ 60, 60, 0, 0, 500, "iew" },
		{ 120, 120, 400, 0, 500, "iew" },
	} },
	{ "a register of 0 beside another one is one", {
		{ 0, 0, 1000, 0, 500, "iew" },
		{ 60, 60, 1000, 10, 500, "iew" },
	} },
	{ "zeros of a meter that has counted", {
		{ 0, 0, 1000, 100, 500, "iew" },
		{ 60, 60, 0, 0, 500, "w BiBe" },
		{ 120, 120, 1500, 100, 500, "iew" },
	} },
	{ "a register appears later", {
		{ 0, 0, 1000, ABSENT, 500, "iw" },
		{ 60, 60, 1500, 0, 500, "iew" },
	} },
	{ "the first lists come without a clock", {
		{ 0, NO_CLOCK, 1000, 0, 500, "iew" },
		{ 60, 60, 1500, 0, 500, "iew" },
		{ 61, 60, 1500, 0, 500, "S" },
	} },
};

static void readings_make(struct readings *r, const struct list *list)
{
	readings_clear(r);
	if (list->import != ABSENT)
		readings_set(r, Q_ACTIVE_ENERGY_IMPORT, (struct decimal){ list->import, 0 });
	if (list->export != ABSENT)
		readings_set(r, Q_ACTIVE_ENERGY_EXPORT, (struct decimal){ list->export, 0 });
	if (list->power != ABSENT)
		readings_set(r, Q_ACTIVE_POWER_IMPORT, (struct decimal){ list->power, 0 });
}

static const char *check(struct guard *g, const struct list *list, struct guard_report *report)
{
	static const char letters[] = { 'B', 'F', 'Z', 'C' };
	static char text[32];
	struct guard_list of = { .limit_w = LIMIT_W };
	struct readings r;
	bool accepted, any;
	char *p = text;

	readings_make(&r, list);
	if (list->clock != NO_CLOCK)
		of.clock_us = EPOCH_US + list->clock * MINUTE_US;
	of.time_us = (u64)(of.clock_us ? of.clock_us : EPOCH_US + list->at * MINUTE_US);
	accepted = guard_check(g, &r, &of, report);
	any = readings_has(&r, Q_ACTIVE_ENERGY_IMPORT) || readings_has(&r, Q_ACTIVE_ENERGY_EXPORT);
	if (accepted != any)
		return "the result is not what the readings say";
	if (readings_has(&r, Q_ACTIVE_ENERGY_IMPORT))
		*p++ = 'i';
	if (readings_has(&r, Q_ACTIVE_ENERGY_EXPORT))
		*p++ = 'e';
	if (readings_has(&r, Q_ACTIVE_POWER_IMPORT))
		*p++ = 'w';
	if ((report->n || report->repeated) && p != text && !report->same)
		*p++ = ' ';
	if (report->repeated)
		*p++ = report->same ? 'S' : 'R';
	for (unsigned int i = 0; i < report->n; i++) {
		*p++ = letters[report->word[i].kind];
		*p++ = report->word[i].quantity == Q_ACTIVE_ENERGY_IMPORT ? 'i' : 'e';
	}
	*p = '\0';
	return text;
}

static void what_comes_of_lists(void **state)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(rows); i++) {
		struct guard g = { 0 };
		struct guard_report report;

		for (unsigned int k = 0; k < LISTS_MAX && rows[i].lists[k].what_comes; k++) {
			const char *is = check(&g, &rows[i].lists[k], &report);

			if (strcmp(is, rows[i].lists[k].what_comes))
				fail_msg("%s: list %u: \"%s\", not \"%s\"", rows[i].what, k + 1, is,
					 rows[i].lists[k].what_comes);
		}
	}
}

static void what_is_said(void **state)
{
	static const struct list lists[] = {
		{ 0, 0, 10000, ABSENT, ABSENT, "i" },
		{ 60, 60, 500, ABSENT, ABSENT, " Bi" },
		{ 120, 120, 700, ABSENT, ABSENT, "i Ci" },
	};
	struct guard_report report;
	struct guard g = { 0 };

	check(&g, &lists[0], &report);
	assert_int_equal(report.n, 0);
	assert_false(guard_holds(&g));
	check(&g, &lists[1], &report);
	assert_int_equal(report.n, 1);
	assert_int_equal(report.word[0].kind, GUARD_BACK);
	assert_true(report.word[0].value == 500 && report.word[0].before == 10000);
	assert_true(guard_holds(&g));
	check(&g, &lists[2], &report);
	assert_int_equal(report.n, 1);
	assert_int_equal(report.word[0].kind, GUARD_CONFIRMED);
	assert_true(report.word[0].value == 700 && report.word[0].before == 10000);
	assert_false(guard_holds(&g));
}

/* More registers go back at once than there are words: the list is held back in all of them. */
static void all_registers_of_a_list(void **state)
{
	struct guard_list list = { EPOCH_US, EPOCH_US, LIMIT_W };
	struct guard_report report;
	struct guard g = { 0 };
	struct readings r;
	unsigned int n = 0;

	for (unsigned int turn = 0; turn < 3; turn++) {
		readings_clear(&r);
		for (unsigned int q = 0; q < Q_SENT_COUNT; q++) {
			if (quantity_table[q].group == GROUP_ENERGY) {
				readings_set(&r, q, (struct decimal){ turn ? 10 + turn : 5000, 0 });
				n += !turn;
			}
		}
		assert_true(n > GUARD_WORDS_MAX);
		assert_int_equal(guard_check(&g, &r, &list, &report), turn != 1);
		assert_int_equal(readings_any(&r), turn != 1);
		assert_int_equal(report.n, turn ? GUARD_WORDS_MAX : 0);
		/* Of what is not said the live register would not know that it began anew. */
		if (turn)
			assert_int_equal(report.word[0].quantity, Q_ACTIVE_ENERGY_IMPORT);
		list.time_us += 3600ull * 1000000;
		list.clock_us += 3600ll * 1000000;
	}
}

/* Held against the true value, not the digits: a meter may send 12.34 kWh, then 12,350 Wh. */
static void another_exponent_is_the_same_register(void **state)
{
	struct guard_list list = { EPOCH_US, EPOCH_US, LIMIT_W };
	struct guard_report report;
	struct guard g = { 0 };
	struct readings r;

	readings_clear(&r);
	readings_set(&r, Q_ACTIVE_ENERGY_IMPORT, (struct decimal){ 1234, 1 });
	assert_true(guard_check(&g, &r, &list, &report));
	readings_set(&r, Q_ACTIVE_ENERGY_IMPORT, (struct decimal){ 12340, 0 });
	assert_false(guard_check(&g, &r, &list, &report));
	assert_true(report.repeated && !report.same);
	list.clock_us += 3600ll * 1000000;
	list.time_us += 3600ull * 1000000;
	readings_set(&r, Q_ACTIVE_ENERGY_IMPORT, (struct decimal){ 123500, -1 });
	assert_true(guard_check(&g, &r, &list, &report));
	assert_int_equal(report.n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_comes_of_lists),
		cmocka_unit_test(what_is_said),
		cmocka_unit_test(all_registers_of_a_list),
		cmocka_unit_test(another_exponent_is_the_same_register),
	};

	return cmocka_run_group_tests_name("guard", tests, NULL, NULL);
}
