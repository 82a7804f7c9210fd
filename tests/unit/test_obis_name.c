// SPDX-License-Identifier: GPL-2.0
/*
 * OBIS codes: as text and back, and in words.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "ctl/obis_name.c"

static void codes_in_words(void **state)
{
	static const struct { const char *code, *name; } rows[] = {
		/* Readings have their own names, whatever the channel. */
		{ "1-0:1.7.0", "active_power_import" },
		{ "1-1:1.7.0", "active_power_import" },
		{ "1-0:2.8.2", "active_energy_export_t2" },
		{ "1-0:53.7.0", "power_factor_l2" },
		{ "0-1:1.0.0", "clock" },
		{ "0-0:42.0.0", "logical device name" },
		{ "0-8:25.9.0", "push setup" },
		{ "0-0:96.1.0", "meter number (device id 1)" },
		{ "0-0:96.1.7", "meter type (device id 8)" },
		{ "0-0:96.1.3", "device id" },
		{ "1-1:0.2.129", "list version" },
		{ "1-0:5.8.2", "reactive QI, register, tariff 2" },
		{ "1-1:8.8.0", "reactive_energy_q4" },
		{ "1-0:29.7.0", "apparent_power_l1" },
		{ "1-0:80.8.0", "active QIV L3, register" },
		{ "2-0:1.7.0", "" },
		{ "1-0:99.7.0", "" },
		{ "1-0:1.99.0", "" },
		{ "0-0:199.1.0", "" },
	};
	char buf[OBIS_NAME_MAX];
	u64 obis;

	for (unsigned int i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_int_equal(obis_parse(rows[i].code, &obis), 0);
		assert_string_equal(obis_name(obis, buf), rows[i].name);
	}
}

static void there_and_back(void **state)
{
	static const char *const right[] = {
		"1-0:1.8.0", "0-0:0.0.1", "15-255:255.255.255.254", "1-0:1.8.0.0",
	};
	static const char *const wrong[] = {
		"", "1", "1-0", "1-0:1.8", "1-0:1.8.", "1-0:1.8.0.", "1-0:1.8.0.255.1", "1-0:1.8.0 ",
		" 1-0:1.8.0", "1.0.1.8.0.255", "256-0:1.8.0", "1-0:1.8.256", "1-0:1.8.-1", "1-0:+1.8.0",
		"1-0:1.8.99999999999999999999", "a-0:1.8.0", "0-0:0.0.0.0",
	};
	char text[OBIS_TEXT_MAX];
	u64 obis = 7;

	for (unsigned int i = 0; i < ARRAY_SIZE(wrong); i++) {
		assert_int_equal(obis_parse(wrong[i], &obis), -EINVAL);
		assert_true(obis == 7);
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(right); i++) {
		assert_int_equal(obis_parse(right[i], &obis), 0);
		obis_text(obis, text);
		assert_string_equal(text, right[i]);
	}
	assert_int_equal(obis_parse("1-0:1.8.0.255", &obis), 0);
	assert_true(obis == OBIS(1, 0, 1, 8, 0, 255));
}

static void units(void **state)
{
	assert_string_equal(cosem_unit_name(35), "V");
	assert_string_equal(cosem_unit_name(30), "Wh");
	assert_string_equal(cosem_unit_name(255), "");
	assert_null(cosem_unit_name(0));
	assert_null(cosem_unit_name(254));
	/* The same as those of the readings. */
	for (unsigned int k = 0; k < KIND_COUNT; k++)
		if (kind_table[k].cosem_unit)
			assert_string_equal(cosem_unit_name(kind_table[k].cosem_unit),
					    kind_table[k].unit);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(codes_in_words),
		cmocka_unit_test(there_and_back),
		cmocka_unit_test(units),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
