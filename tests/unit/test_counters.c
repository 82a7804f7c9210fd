// SPDX-License-Identifier: GPL-2.0
/*
 * Frame counters: what is a replay, and what one wrong counter can do.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "dlms/counters.h"
#include "util.h"

static struct counters c;
static const u8 a[] = "KAM00001", b[] = "KFM00002";

static int begin(void **state)
{
	memset(&c, 0, sizeof(c));
	return 0;
}

static bool replay(const u8 *title, u32 counter)
{
	return counters_is_replay(&c, title, 8, counter, NULL);
}

static void verified(const u8 *title, u32 counter)
{
	counters_note(&c, title, 8, counter, true);
}

static void plain(const u8 *title, u32 counter)
{
	counters_note(&c, title, 8, counter, false);
}

static void test_verified(void **state)
{
	u32 highest = 7;

	assert_false(replay(a, 0));
	verified(a, 100);
	assert_true(c.dirty);
	assert_false(counters_is_replay(&c, a, 8, 101, &highest));
	assert_int_equal(highest, 7);
	assert_true(counters_is_replay(&c, a, 8, 99, &highest));
	assert_int_equal(highest, 100);
	assert_true(replay(a, 100));
	assert_false(replay(b, 100));
	/* Whatever the step: the tag vouches for it. */
	verified(a, 0xffffffff);
	assert_true(replay(a, 0xffffffff));
	assert_true(replay(a, 0));
	/* It never goes back. */
	c.dirty = false;
	verified(a, 5);
	assert_false(c.dirty);
	assert_true(replay(a, 6));
}

/* One without a tag that is far away waits for a second one. */
static void test_unverified(void **state)
{
	plain(a, 1000);
	assert_false(c.dirty);
	assert_true(replay(a, 1000));	/* the very same again */
	assert_false(replay(a, 999));
	plain(a, 1001);
	assert_true(c.dirty);
	assert_true(replay(a, 1000));
	plain(a, 1001 + COUNTERS_STEP);
	assert_true(replay(a, 1001 + COUNTERS_STEP));

	/* A bit that flipped, and the meter goes on. */
	plain(a, 0x80000000 + 2000);
	assert_false(replay(a, 3000));
	plain(a, 2100);
	assert_true(replay(a, 2100));
	assert_false(replay(a, 2101));
	plain(a, 0x80000000 + 2001);
	assert_false(replay(a, 2101));	/* the first one is forgotten by then */

	/* The meter was away for long: two that follow each other. */
	plain(a, 500000);
	plain(a, 500002);
	assert_true(replay(a, 500002));
	assert_true(replay(a, 3000));
	assert_false(replay(a, 500003));
}

/* The end of the numbers is no beginning. */
static void test_wrap(void **state)
{
	plain(a, 0xfffffffe);
	plain(a, 0xffffffff);
	assert_true(replay(a, 0xffffffff));
	plain(a, 0);
	plain(a, 1);
	assert_true(replay(a, 1));
}

static void test_wants_tag(void **state)
{
	assert_false(counters_wants_tag(&c, a, 8));
	plain(a, 1);
	plain(a, 2);
	assert_false(counters_wants_tag(&c, a, 8));
	verified(a, 3);
	assert_true(counters_wants_tag(&c, a, 8));
	plain(a, 4);
	assert_true(counters_wants_tag(&c, a, 8));
	assert_false(counters_wants_tag(&c, b, 8));
}

static void test_forget(void **state)
{
	assert_false(counters_forget(&c, a, 8));
	verified(a, 100);
	verified(b, 200);
	c.dirty = false;
	assert_true(counters_forget(&c, a, 8));
	assert_true(c.dirty);
	assert_int_equal(c.n, 1);
	assert_false(replay(a, 1));
	assert_false(counters_wants_tag(&c, a, 8));
	assert_true(replay(b, 200));
	assert_false(counters_forget(&c, a, 8));
	/* Also of what is only doubted. */
	plain(a, 9);
	assert_true(counters_forget(&c, a, 8));
	assert_false(replay(a, 9));
}

/* Each change has a number, over all titles. */
static void test_changes(void **state)
{
	assert_int_equal(counters_change(&c, a, 8), 0);
	verified(a, 5);
	verified(b, 1);
	assert_int_equal(counters_change(&c, a, 8), 1);
	assert_int_equal(counters_change(&c, b, 8), 2);
	verified(a, 5);
	assert_int_equal(counters_change(&c, a, 8), 1);
	plain(a, 90000);
	plain(a, 90000);
	assert_int_equal(counters_change(&c, a, 8), 3);
	plain(a, 90001);
	assert_int_equal(counters_change(&c, a, 8), 4);
	assert_int_equal(counters_change(&c, a, 0), 0);
}

/* Elgama: no title, and always 0 */
static void test_no_title(void **state)
{
	counters_note(&c, a, 0, 0, true);
	assert_int_equal(c.n, 0);
	assert_false(counters_is_replay(&c, a, 0, 0, NULL));
	assert_false(counters_wants_tag(&c, a, 0));
	assert_false(counters_forget(&c, a, 0));
}

static void test_full(void **state)
{
	u8 title[8] = "AAA";

	for (unsigned int i = 0; i < COUNTERS_MAX; i++) {
		title[6] = (u8)(i >> 8);
		title[7] = (u8)i;
		verified(title, 10);
	}
	title[6] = title[7] = 0;
	verified(title, 11);	/* the oldest was used again: now the second one is */
	verified(b, 20);
	assert_int_equal(c.n, COUNTERS_MAX);
	assert_true(replay(title, 11));
	assert_true(replay(b, 20));
	title[7] = 1;
	assert_false(replay(title, 10));
	title[7] = 2;
	assert_true(replay(title, 10));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_verified, begin),
		cmocka_unit_test_setup(test_unverified, begin),
		cmocka_unit_test_setup(test_wrap, begin),
		cmocka_unit_test_setup(test_wants_tag, begin),
		cmocka_unit_test_setup(test_forget, begin),
		cmocka_unit_test_setup(test_changes, begin),
		cmocka_unit_test_setup(test_no_title, begin),
		cmocka_unit_test_setup(test_full, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
