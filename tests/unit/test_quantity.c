// SPDX-License-Identifier: GPL-2.0
/*
 * The table of quantities: names, codes, units.
 */
#include <errno.h>
#include <regex.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "dlms/list.h"
#include "meter/quantity.h"
#include "util.h"

#define OF_CHANNEL(id, ...) + 1
static const unsigned int of_channels = 0 QUANTITIES_OF_CHANNEL(OF_CHANNEL);

static void every_quantity_has_its_own_names(void **state)
{
	regex_t snake, camel;

	assert_int_equal(regcomp(&snake, "^[a-z][a-z0-9]*(_[a-z0-9]+)*$", REG_EXTENDED | REG_NOSUB), 0);
	assert_int_equal(regcomp(&camel, "^[A-Z][A-Za-z0-9]*$", REG_EXTENDED | REG_NOSUB), 0);
	for (unsigned int q = 0; q < Q_COUNT; q++) {
		const struct quantity_info *info = &quantity_table[q];
		char name[64];
		size_t n = 0;

		assert_int_equal(regexec(&snake, info->name, 0, NULL, 0), 0);
		assert_int_equal(regexec(&camel, info->dbus, 0, NULL, 0), 0);
		assert_true(strlen(info->title) > 0);
		/* The one is the other, spelt as its place wants it. */
		for (const char *p = info->name; *p; p++) {
			bool first = p == info->name || p[-1] == '_';

			if (*p != '_')
				name[n++] = (char)(first && *p >= 'a' ? *p - 'a' + 'A' : *p);
		}
		name[n] = '\0';
		assert_string_equal(info->dbus, name);
		for (unsigned int o = 0; o < q; o++) {
			assert_string_not_equal(info->name, quantity_table[o].name);
			assert_string_not_equal(info->dbus, quantity_table[o].dbus);
			assert_string_not_equal(info->title, quantity_table[o].title);
		}
	}
	regfree(&snake);
	regfree(&camel);
}

/* Each that a meter may send has one code, but for those of the meters behind it. */
static void every_code_means_one_quantity(void **state)
{
	unsigned int codes[Q_SENT_COUNT] = { 0 }, coded = 0;

	for (u64 a = 0; a < 2; a++) {
		for (u64 cde = 0; cde < 1 << 24; cde++) {
			int q = quantity_of(a << 40 | cde << 8 | 255);

			if (q < 0)
				continue;
			assert_true(q < Q_SENT_COUNT);
			codes[q]++;
			coded++;
		}
	}
	for (unsigned int q = 0; q < Q_SENT_COUNT; q++)
		assert_true(codes[q] <= 1);
	assert_int_equal(coded, Q_SENT_COUNT - of_channels);
}

/*
 * Codes of the published lists of P1: the Netherlands (DSMR 5.0.2), Belgium (e-MUCS), Luxembourg,
 * Hungary, Sweden; of IEC 62056-61 the others.
 */
static void published_codes(void **state)
{
	static const struct {
		u64 obis;
		int q;
	} rows[] = {
		{ OBIS(1, 0, 1, 7, 0, 255), Q_ACTIVE_POWER_IMPORT },
		{ OBIS(1, 1, 64, 7, 0, 255), Q_REACTIVE_POWER_EXPORT_L3 },
		{ OBIS(1, 0, 71, 7, 0, 255), Q_CURRENT_L3 },
		{ OBIS(1, 0, 1, 8, 1, 255), Q_ACTIVE_ENERGY_IMPORT_T1 },
		{ OBIS(1, 0, 2, 8, 4, 255), Q_ACTIVE_ENERGY_EXPORT_T4 },
		{ OBIS(0, 0, 96, 14, 0, 255), Q_TARIFF },
		{ OBIS(0, 0, 96, 7, 21, 255), Q_POWER_FAILURES },
		{ OBIS(0, 0, 96, 7, 9, 255), Q_LONG_POWER_FAILURES },
		{ OBIS(1, 0, 32, 32, 0, 255), Q_VOLTAGE_SAGS_L1 },
		{ OBIS(1, 0, 52, 32, 0, 255), Q_VOLTAGE_SAGS_L2 },
		{ OBIS(1, 0, 72, 32, 0, 255), Q_VOLTAGE_SAGS_L3 },
		{ OBIS(1, 0, 32, 36, 0, 255), Q_VOLTAGE_SWELLS_L1 },
		{ OBIS(1, 0, 52, 36, 0, 255), Q_VOLTAGE_SWELLS_L2 },
		{ OBIS(1, 0, 72, 36, 0, 255), Q_VOLTAGE_SWELLS_L3 },
		{ OBIS(1, 0, 1, 4, 0, 255), Q_ACTIVE_POWER_IMPORT_DEMAND },
		{ OBIS(1, 0, 2, 4, 0, 255), Q_ACTIVE_POWER_EXPORT_DEMAND },
		{ OBIS(1, 0, 1, 6, 0, 255), Q_ACTIVE_POWER_IMPORT_DEMAND_MAX },
		{ OBIS(1, 0, 2, 6, 0, 255), Q_ACTIVE_POWER_EXPORT_DEMAND_MAX },
		{ OBIS(0, 0, 17, 0, 0, 255), Q_ACTIVE_POWER_LIMIT },
		{ OBIS(1, 0, 31, 4, 0, 255), Q_CURRENT_LIMIT_L1 },
		{ OBIS(1, 0, 51, 4, 0, 255), Q_CURRENT_LIMIT_L2 },
		{ OBIS(1, 0, 71, 4, 0, 255), Q_CURRENT_LIMIT_L3 },
		{ OBIS(0, 0, 96, 3, 10, 255), Q_BREAKER_STATE },
		{ OBIS(1, 0, 14, 7, 0, 255), Q_FREQUENCY },
		{ OBIS(1, 0, 5, 7, 0, 255), Q_REACTIVE_POWER_Q1 },
		{ OBIS(1, 0, 8, 7, 0, 255), Q_REACTIVE_POWER_Q4 },
		{ OBIS(1, 1, 5, 8, 0, 255), Q_REACTIVE_ENERGY_Q1 },
		{ OBIS(1, 0, 8, 8, 0, 255), Q_REACTIVE_ENERGY_Q4 },
		{ OBIS(1, 0, 15, 8, 0, 255), Q_ACTIVE_ENERGY_SUM },
		{ OBIS(1, 0, 15, 7, 0, 255), Q_ACTIVE_POWER_SUM },
		{ OBIS(1, 0, 16, 7, 0, 255), Q_ACTIVE_POWER_NET },
		{ OBIS(1, 0, 9, 7, 0, 255), Q_APPARENT_POWER },
		{ OBIS(1, 0, 10, 7, 0, 255), Q_APPARENT_POWER_EXPORT },
		{ OBIS(1, 0, 29, 7, 0, 255), Q_APPARENT_POWER_L1 },
		{ OBIS(1, 0, 70, 7, 0, 255), Q_APPARENT_POWER_EXPORT_L3 },
		{ OBIS(1, 0, 9, 8, 0, 255), Q_APPARENT_ENERGY },
		{ OBIS(1, 0, 91, 7, 0, 255), Q_CURRENT_N },
		/* Neither of A, B and F may be another one. */
		{ OBIS(0, 0, 1, 7, 0, 255), -1 },
		{ OBIS(1, 2, 1, 7, 0, 255), -1 },
		{ OBIS(1, 0, 1, 7, 0, 0), -1 },
		{ OBIS(7, 0, 1, 7, 0, 255), -1 },
		{ OBIS(1, 0, 96, 7, 21, 255), -1 },
		{ OBIS(0, 1, 96, 7, 21, 255), -1 },
		{ OBIS(0, 1, 96, 3, 10, 255), -1 },
		{ OBIS(0, 1, 24, 2, 1, 255), -1 },
		/* Registers of another tariff, a sag with one, and codes beyond the table. */
		{ OBIS(1, 0, 1, 8, 5, 255), -1 },
		{ OBIS(1, 0, 32, 32, 1, 255), -1 },
		{ OBIS(1, 0, 32, 33, 0, 255), -1 },
		{ OBIS(1, 0, 92, 7, 0, 255), -1 },
		{ OBIS(1, 0, 255, 255, 255, 255), -1 },
		{ OBIS_NONE, -1 },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(rows); i++) {
		if (quantity_of(rows[i].obis) != rows[i].q)
			fail_msg("row %u: %d", i, quantity_of(rows[i].obis));
	}
}

static void what_a_channel_counts_its_type_says(void **state)
{
	static const struct {
		u8 type;
		u64 obis;
		int q;
		const char *name;
	} rows[] = {
		{ 3, OBIS(0, 1, 24, 2, 1, 255), Q_GAS_VOLUME, "gas" },
		{ 3, OBIS(0, 4, 24, 2, 3, 255), Q_GAS_VOLUME, "gas" },
		{ 7, OBIS(0, 2, 24, 2, 1, 255), Q_WATER_VOLUME, "water" },
		{ 6, OBIS(0, 2, 24, 2, 1, 255), Q_WATER_VOLUME, "warm water" },
		{ 4, OBIS(0, 3, 24, 2, 1, 255), Q_THERMAL_ENERGY, "heat" },
		{ 12, OBIS(0, 3, 24, 2, 1, 255), Q_THERMAL_ENERGY, "heat" },
		{ 11, OBIS(0, 3, 24, 2, 1, 255), Q_THERMAL_ENERGY, "cooling" },
		{ 2, OBIS(0, 3, 24, 2, 1, 255), Q_ACTIVE_ENERGY_IMPORT, "electricity" },
		{ 3, OBIS(0, 1, 24, 4, 0, 255), Q_VALVE_STATE, "gas" },
		{ 3, OBIS(0, 1, 24, 1, 0, 255), -1, "gas" },
		{ 3, OBIS(1, 1, 24, 2, 1, 255), -1, "gas" },
		{ 3, OBIS(0, 1, 24, 2, 1, 0), -1, "gas" },
		{ 3, OBIS(1, 0, 1, 7, 0, 255), -1, "gas" },
		{ 0, OBIS(0, 1, 24, 2, 1, 255), -1, NULL },
		{ 5, OBIS(0, 1, 24, 2, 1, 255), -1, NULL },
		{ 255, OBIS(0, 1, 24, 2, 1, 255), -1, NULL },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(rows); i++) {
		const char *name = device_type_name(rows[i].type);

		if (quantity_of_channel(rows[i].type, rows[i].obis) != rows[i].q)
			fail_msg("row %u: %d", i, quantity_of_channel(rows[i].type, rows[i].obis));
		assert_int_equal(!name, !rows[i].name);
		if (name)
			assert_string_equal(name, rows[i].name);
	}
}

static void units_are_those_of_the_kind(void **state)
{
	static const struct {
		enum quantity_kind kind;
		u8 unit;
		int r;
		s64 mantissa;
	} rows[] = {
		{ KIND_ACTIVE_POWER, 27, 0, 12 },
		{ KIND_ACTIVE_POWER, 28, -EINVAL, 12 },
		{ KIND_FREQUENCY, 44, 0, 12 },
		{ KIND_COUNTER, 255, 0, 12 },
		{ KIND_GAS_VOLUME, 13, 0, 12 },
		{ KIND_GAS_VOLUME, 14, 0, 12 },
		{ KIND_WATER_VOLUME, 13, 0, 12 },
		{ KIND_WATER_VOLUME, 14, -EINVAL, 12 },
		{ KIND_THERMAL_ENERGY, 25, 0, 12 },
		{ KIND_THERMAL_ENERGY, 30, 0, 12 * 3600 },
		{ KIND_THERMAL_ENERGY, 13, -EINVAL, 12 },
		/* Of ours alone: no message has it. */
		{ KIND_TIME, 255, -EINVAL, 12 },
		{ KIND_TIME, 0, -EINVAL, 12 },
		{ KIND_ENERGY_ERROR, 30, -EINVAL, 12 },
	};
	struct decimal v = { INT64_MAX, 0 };

	for (unsigned int i = 0; i < ARRAY_SIZE(rows); i++) {
		struct decimal d = { 12, -3 };

		assert_int_equal(kind_take(rows[i].kind, rows[i].unit, &d), rows[i].r);
		assert_int_equal(d.mantissa, rows[i].mantissa);
		assert_int_equal(d.exponent, -3);
	}
	assert_int_equal(kind_take(KIND_THERMAL_ENERGY, 30, &v), -ERANGE);
	assert_true(v.mantissa == INT64_MAX);
}

static void numbers_without_a_unit_may_be_texts(void **state)
{
	static const struct {
		enum quantity_kind kind;
		const char *text;
		int r;
		struct decimal v;
	} rows[] = {
		{ KIND_COUNTER, "00015", 0, { 15, 0 } },
		{ KIND_COUNTER, "00000", 0, { 0, 0 } },
		{ KIND_STATE, "0002", 0, { 2, 0 } },
		{ KIND_STATE, "1", 0, { 1, 0 } },
		{ KIND_POWER_FACTOR, "0.336", 0, { 336, -3 } },
		{ KIND_STATE, "ON", -EINVAL, { 0 } },
		{ KIND_COUNTER, "", -EINVAL, { 0 } },
		{ KIND_COUNTER, "15 ", -EINVAL, { 0 } },
		{ KIND_COUNTER, "230318200000W", -EINVAL, { 0 } },
		{ KIND_COUNTER, "1e9", -EINVAL, { 0 } },
		{ KIND_COUNTER, "4530303437303030303034393132", -ERANGE, { 0 } },
		/* A number whose unit is missing is none. */
		{ KIND_VOLTAGE, "230.1", -EINVAL, { 0 } },
		{ KIND_TIME, "15", -EINVAL, { 0 } },
	};
	struct decimal v = { 0, 0 };

	for (unsigned int i = 0; i < ARRAY_SIZE(rows); i++) {
		struct decimal d = { 0, 0 };

		if (kind_take_text(rows[i].kind, rows[i].text, strlen(rows[i].text), &d) != rows[i].r)
			fail_msg("row %u", i);
		assert_int_equal(d.mantissa, rows[i].v.mantissa);
		assert_int_equal(d.exponent, rows[i].v.exponent);
	}
	/* Only so far as it is long; nothing is behind a NUL. */
	assert_int_equal(kind_take_text(KIND_COUNTER, "0123", 3, &v), 0);
	assert_int_equal(v.mantissa, 12);
	assert_int_equal(kind_take_text(KIND_COUNTER, "1\0" "2", 3, &v), -EINVAL);
}

/* What counts up for ever is a register; how often something happened tells of the supply. */
static void groups_fit_kinds(void **state)
{
	for (unsigned int q = 0; q < Q_SENT_COUNT; q++) {
		enum quantity_kind kind = quantity_table[q].kind;
		bool counted = kind == KIND_ACTIVE_ENERGY || kind == KIND_APPARENT_ENERGY ||
			       kind == KIND_REACTIVE_ENERGY || kind == KIND_THERMAL_ENERGY ||
			       kind == KIND_GAS_VOLUME || kind == KIND_WATER_VOLUME;

		assert_int_equal(quantity_table[q].group == GROUP_ENERGY, counted);
		if (kind == KIND_COUNTER || kind == KIND_STATE)
			assert_int_equal(quantity_table[q].group, GROUP_QUALITY);
		assert_true(kind_table[kind].cosem_unit != 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_quantity_has_its_own_names),
		cmocka_unit_test(every_code_means_one_quantity),
		cmocka_unit_test(published_codes),
		cmocka_unit_test(what_a_channel_counts_its_type_says),
		cmocka_unit_test(units_are_those_of_the_kind),
		cmocka_unit_test(numbers_without_a_unit_may_be_texts),
		cmocka_unit_test(groups_fit_kinds),
	};

	return cmocka_run_group_tests_name("quantity", tests, NULL, NULL);
}
