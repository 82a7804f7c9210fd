// SPDX-License-Identifier: GPL-2.0
/*
 * The list period: what is learned from gaps, and how long a silence is worth waiting for.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "meter/period.h"
#include "util.h"

#define S USEC_PER_SEC

/* Gaps in tenths of a second; -1: nobody listens for a minute. */
static const struct {
	const char *what;
	int gaps[24];
	u64 period_us;
	u64 patience_us;
} rows[] = {
	{ "nothing", { 0 }, 0, 30 * S },
	{ "one gap", { 100 }, 10 * S, 30 * S },
	{ "a slow one", { 620 }, 62 * S, 186 * S },
	{ "three gaps are trusted", { 25, 25, 25 }, 5 * S / 2, 10 * S },
	{ "a common cadence", { 103, 103, 103 }, 103 * S / 10, 309 * S / 10 },
	{ "list 1, 1, 1, 2", { 25, 25, 25, 25, 25, 25, 25, 25, 25 }, 5 * S / 2, 10 * S },
	{ "an outage is forgiven", { 100, 100, 100, 9000, 100 }, 10 * S, 30 * S },
	{ "every hour", { 36000, 36000, 36000 }, 3600 * S, 10800 * S },
	{ "a line that was closed", { 3, 3, 3, -1, 3, 3 }, 3 * S / 10, 10 * S },
	{ "faster than before", { 100, 100, 100, 20, 20, 20, 20, 20, 20, 20, 20 }, 2 * S, 10 * S },
};

static void what_is_learned(void **state)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(rows); i++) {
		struct period p = { 0 };
		u64 now = 77 * S;

		period_note(&p, now);
		for (const int *gap = rows[i].gaps; *gap; gap++) {
			if (*gap < 0) {
				period_break(&p);
				now += 60 * S;
			} else {
				now += (u64)*gap * S / 10;
			}
			period_note(&p, now);
		}
		if (period_us(&p) != rows[i].period_us || period_patience_us(&p) != rows[i].patience_us)
			fail_msg("%s: period %llu, patience %llu", rows[i].what,
				 (unsigned long long)period_us(&p),
				 (unsigned long long)period_patience_us(&p));
	}
}

static void what_comes_together_is_one(void **state)
{
	struct period p = { 0 };
	u64 now = S;

	for (unsigned int i = 0; i < 40; i++) {
		for (unsigned int k = 0; k < 12; k++)
			period_note(&p, now += 1000);
		now += 10 * S;
	}
	assert_in_range(period_us(&p), 10 * S, 10 * S + 20000);
}

static void it_goes_on_for_ever(void **state)
{
	struct period p = { 0 };
	u64 now = S;

	for (unsigned int i = 0; i < 100000; i++) {
		period_note(&p, now += 10 * S);
		if (i >= 3)
			assert_int_equal(period_patience_us(&p), 30 * S);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_learned),
		cmocka_unit_test(what_comes_together_is_one),
		cmocka_unit_test(it_goes_on_for_ever),
	};

	return cmocka_run_group_tests_name("period", tests, NULL, NULL);
}
