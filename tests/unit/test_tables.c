// SPDX-License-Identifier: GPL-2.0
/*
 * The tables of makers whose lists the simulator does not build: what each position means, what
 * has no established meaning, and lists that are alike and not the same.
 */
#include <errno.h>

#include "list_lab.h"

/* ---- Iskra ---- */

#define NAME	"ISK1030700000001"

static void iskra_three_phases(void **state)
{
	struct decoder d = { 0 };

	begin();
	enc_structure(&enc, 18);
	put_text(NAME);
	put_text("ISK70000001");
	put_u32s(4, 1111, 2, 33, 4);
	put_u16s(3, 2301, 2302, 2303);
	put_u16s(3, 101, 202, 303);
	put_u32s(6, 500, 600, 11, 1, 2, 3);
	assert_int_equal(decode(&d), 0);
	assert_int_equal(msg.unnamed, 0);
	CHECK("18", { "meter_manufacturer", "Iskraemeco" }, { "meter_id", NAME },
	      { "list_version", "absent" }, { "active_power_import", "1111" },
	      { "active_power_export", "2" }, { "reactive_power_import", "33" },
	      { "reactive_power_export", "4" }, { "voltage_l1", "230.1" }, { "voltage_l2", "230.2" },
	      { "voltage_l3", "230.3" }, { "current_l1", "1.01" }, { "current_l2", "2.02" },
	      { "current_l3", "3.03" }, { "active_power_import_l1", "500" },
	      { "active_power_import_l2", "600" }, { "active_power_import_l3", "11" },
	      { "active_power_export_l1", "1" }, { "active_power_export_l2", "2" },
	      { "active_power_export_l3", "3" });
}

/* Of two lists with 12 values one has a boolean at the third place, the other a voltage. */
static void iskra_twelve(void **state)
{
	struct decoder d = { 0 };

	begin();
	enc_structure(&enc, 12);
	put_text(NAME);
	put_text("");	/* no number of the meter, and not always there */
	enc_bool(&enc, true);
	enc_octet_string(&enc, "\0\2", 2);
	put_u32s(8, 300, 100, 200, 30, 10, 20, 7, 8);
	assert_int_equal(decode(&d), 0);
	CHECK("registers", { "meter_id", NAME }, { "active_energy_import", "300" },
	      { "active_energy_import_t1", "100" }, { "active_energy_import_t2", "200" },
	      { "active_energy_export", "30" }, { "active_energy_export_t1", "10" },
	      { "active_energy_export_t2", "20" }, { "reactive_energy_import", "7" },
	      { "reactive_energy_export", "8" });

	begin();
	enc_structure(&enc, 12);
	put_text(NAME);
	put_text("ISK70000001");
	put_u16s(6, 2301, 2302, 2303, 101, 202, 303);
	put_u32s(4, 1111, 2, 33, 4);
	assert_int_equal(decode(&d), 0);
	CHECK("now", { "meter_id", NAME }, { "active_power_import", "1111" },
	      { "active_power_export", "2" }, { "reactive_power_import", "33" },
	      { "reactive_power_export", "4" }, { "voltage_l1", "230.1" }, { "voltage_l2", "230.2" },
	      { "voltage_l3", "230.3" }, { "current_l1", "1.01" }, { "current_l2", "2.02" },
	      { "current_l3", "3.03" });
}

static void iskra_ten(void **state)
{
	struct decoder d = { 0 };

	begin();
	enc_structure(&enc, 10);
	put_text(NAME);
	put_text("ISK70000001");
	put_u32s(4, 1111, 2, 33, 4);
	put_u16s(2, 2301, 101);
	put_u32s(2, 1111, 2);
	assert_int_equal(decode(&d), 0);
	CHECK("now", { "meter_id", NAME }, { "active_power_import", "1111" },
	      { "active_power_export", "2" }, { "reactive_power_import", "33" },
	      { "reactive_power_export", "4" }, { "voltage_l1", "230.1" }, { "current_l1", "1.01" },
	      { "active_power_import_l1", "1111" }, { "active_power_export_l1", "2" });

	begin();
	enc_structure(&enc, 10);
	put_text(NAME);
	put_text("70000001");
	put_u32s(8, 1, 2, 3, 4, 5, 6, 7, 8);
	assert_int_equal(decode(&d), 0);
	CHECK("registers", { "active_energy_import_t1", "1" }, { "active_energy_import_t2", "2" },
	      { "active_energy_export_t1", "3" }, { "active_energy_export_t2", "4" },
	      { "reactive_energy_import_t1", "5" }, { "reactive_energy_import_t2", "6" },
	      { "reactive_energy_export_t1", "7" }, { "reactive_energy_export_t2", "8" });
}

static void iskra_nine_and_eight(void **state)
{
	struct decoder d = { 0 };

	begin();
	enc_structure(&enc, 9);
	put_text(NAME);
	put_text("ISK70000001");
	put_u32s(4, 1111, 2, 33, 4);
	put_u16s(1, 2301);
	put_u32s(2, 5, 6);
	assert_int_equal(decode(&d), 0);
	assert_int_equal(msg.unnamed, 2);	/* what the last two mean is not known */
	CHECK("9", { "meter_id", NAME }, { "active_power_import", "1111" },
	      { "active_power_export", "2" }, { "reactive_power_import", "33" },
	      { "reactive_power_export", "4" }, { "voltage_l1", "230.1" });

	begin();
	enc_structure(&enc, 9);
	put_text(NAME);
	put_u32s(8, 625, 0, 300, 100, 200, 30, 10, 20);
	assert_int_equal(decode(&d), 0);
	CHECK("9", { "active_power_import", "625" }, { "active_power_export", "0" },
	      { "active_energy_import", "300" }, { "active_energy_import_t1", "100" },
	      { "active_energy_import_t2", "200" }, { "active_energy_export", "30" },
	      { "active_energy_export_t1", "10" }, { "active_energy_export_t2", "20" });

	begin();
	enc_structure(&enc, 8);
	put_text(NAME);
	put_text("ISK70000001");
	put_u16s(2, 2301, 101);
	put_u32s(4, 1111, 2, 33, 4);
	assert_int_equal(decode(&d), 0);
	CHECK("8", { "voltage_l1", "230.1" }, { "current_l1", "1.01" },
	      { "active_power_import", "1111" }, { "active_power_export", "2" },
	      { "reactive_power_import", "33" }, { "reactive_power_export", "4" });
}

/* Nobody has established what the four values of this list mean. */
static void iskra_lists_that_are_not_known(void **state)
{
	struct decoder d = { 0 };

	begin();
	enc_structure(&enc, 4);
	put_text(NAME);
	put_text("70000001");
	put_u32s(2, 1000, 2000);
	assert_int_equal(decode(&d), 0);
	assert_int_equal(msg.kind, MESSAGE_UNKNOWN_LIST);
	assert_int_equal(msg.unnamed, 2);
	CHECK("4", { "meter_id", NAME }, { "meter_manufacturer", "Iskraemeco" });

	/* The right number of values, of other types than the list has. */
	begin();
	enc_structure(&enc, 8);
	put_text(NAME);
	put_text("70000001");
	put_u32s(6, 1, 2, 3, 4, 5, 6);
	assert_int_equal(decode(&d), 0);
	assert_int_equal(msg.kind, MESSAGE_UNKNOWN_LIST);
	assert_int_equal(msg.unnamed, 6);
}

static void iskra_ie5(void **state)
{
	struct decoder d = { 0 };

	begin();
	enc_structure(&enc, 33);
	put_text("70000001");
	enc_octet_string(&enc, clock_octets + 5, 4);
	enc_octet_string(&enc, clock_octets, 5);
	put_u32s(6, 300, 100, 200, 30, 10, 20);
	put_u32s(4, 5, 6, 7, 8);
	put_u32s(2, 1111, 2);
	put_u16s(1, 987);
	put_u32s(6, 500, 600, 11, 1, 2, 3);
	put_u16s(6, 2301, 2302, 2303, 101, 202, 303);
	enc_u32(&enc, 17250);
	for (int i = 0; i < 3; i++) {
		enc_array(&enc, 1);
		enc_u16(&enc, 9400);
	}
	enc_bool(&enc, true);
	assert_int_equal(decode(&d), 0);
	assert_string_equal(value("meter_id"), "70000001");
	assert_string_equal(value("active_energy_import_t2"), "200");
	assert_string_equal(value("active_energy_export"), "30");
	assert_string_equal(value("active_power_import"), "1111");
	assert_string_equal(value("power_factor"), "0.987");
	assert_string_equal(value("active_power_export_l3"), "3");
	assert_string_equal(value("voltage_l1"), "230.1");
	assert_string_equal(value("current_l3"), "3.03");
	assert_int_equal(numbers(), 25);
	assert_int_equal(msg.unnamed, 5);	/* behind the currents */
}

/* A time of 4 octets, a date of 5, and a code that names nothing. */
static void twelve_behind_a_push_setup(void **state)
{
	struct decoder d = { 0 };

	begin();
	enc_structure(&enc, 12);
	enc_obis(&enc, 0, 6, 25, 9, 0, 255);
	put_text("1100000000001");
	enc_octet_string(&enc, clock_octets + 5, 4);
	enc_octet_string(&enc, clock_octets, 5);
	put_u32s(6, 14000000, 420000, 7, 8, 9, 10);
	put_text("");
	put_text("");
	assert_int_equal(decode(&d), 0);
	assert_int_equal(msg.list.shape, LIST_POSITIONAL);
	assert_int_equal(msg.list.n, 12);
	CHECK("12", { "meter_manufacturer", "absent" }, { "meter_id", "absent" },
	      { "active_energy_import", "14000000" }, { "active_energy_export", "420000" },
	      { "reactive_energy_import", "7" }, { "reactive_energy_export", "8" },
	      { "active_power_import", "9" }, { "active_power_export", "10" });
}

/* ---- Austria ---- */

static void put_scaled(u8 c, u8 d, u32 v, s8 scaler, u8 unit)
{
	enc_obis(&enc, 1, 0, c, d, 0, 255);
	enc_u32(&enc, v);
	enc_structure(&enc, 2);
	enc_s8(&enc, scaler);
	enc_enum(&enc, unit);
}

static void clock_values_number(void **state)
{
	struct decoder d = { 0 };

	begin();
	enc_structure(&enc, 11);
	enc_octet_string(&enc, clock_octets, sizeof(clock_octets));
	put_scaled(1, 8, 4406, 0, 30);
	put_scaled(32, 7, 2356, -1, 35);
	put_scaled(13, 7, 975, -3, 255);
	put_text("178000000001");	/* as long as a date-time */
	assert_int_equal(decode(&d), 0);
	assert_int_equal(msg.list.shape, LIST_PAIRS);
	assert_int_equal(msg.unnamed, 0);
	CHECK("Austria", { "meter_manufacturer", "absent" }, { "meter_id", "178000000001" },
	      { "meter_time", "2026-03-04T05:06:07+01:00" }, { "active_energy_import", "4406" },
	      { "voltage_l1", "235.6" }, { "power_factor", "0.975" });
}

static void vienna(void **state)
{
	struct decoder d = { 0 };

	begin();
	enc_structure(&enc, 9);
	enc_octet_string(&enc, clock_octets, sizeof(clock_octets));
	put_u32s(8, 1000, 200, 30, 4, 555, 66, 77, 88);
	assert_int_equal(decode(&d), 0);
	CHECK("Vienna", { "meter_id", "absent" }, { "meter_time", "2026-03-04T05:06:07+01:00" },
	      { "active_energy_import", "1000" }, { "active_energy_export", "200" },
	      { "reactive_energy_import", "30" }, { "reactive_energy_export", "4" },
	      { "active_power_import", "555" }, { "active_power_export", "66" },
	      { "reactive_power_import", "77" }, { "reactive_power_export", "88" });

	/* A text in the place of the clock is none. */
	begin();
	enc_structure(&enc, 9);
	put_text("OTHER_METER1");
	put_u32s(8, 1000, 200, 30, 4, 555, 66, 77, 88);
	assert_int_equal(decode(&d), 0);
	assert_null(msg.maker);
	assert_int_equal(msg.unnamed, 8);
}

/* ---- Landis+Gyr without descriptors ---- */

static void landis_gyr_positions(void **state)
{
	struct decoder d = { 0 };

	for (unsigned int unknown = 0; unknown <= 3; unknown += 3) {
		begin();
		enc_structure(&enc, 11 + unknown);
		put_u16s(6, 231, 232, 233, 101, 202, 303);
		put_u32s(4, 1111, 2, 3000, 4);
		put_u16s(unknown, 1, 2, 3);
		put_text("LGZ123");
		assert_int_equal(decode(&d), 0);
		assert_int_equal(msg.unnamed, unknown);
		CHECK("E450", { "meter_id", "LGZ123" }, { "voltage_l1", "231" },
		      { "voltage_l2", "232" }, { "voltage_l3", "233" }, { "current_l1", "1.01" },
		      { "current_l2", "2.02" }, { "current_l3", "3.03" },
		      { "active_power_import", "1111" }, { "active_power_export", "2" },
		      { "active_energy_import", "3000" }, { "active_energy_export", "4" });
	}

	begin();
	enc_structure(&enc, 9);
	put_text("70000001");
	put_u32s(8, 1111, 2, 33, 4, 1000, 200, 30, 4);
	assert_int_equal(decode(&d), 0);
	CHECK("totals", { "meter_id", "70000001" }, { "active_power_import", "1111" },
	      { "active_power_export", "2" }, { "reactive_power_import", "33" },
	      { "reactive_power_export", "4" }, { "active_energy_import", "1000" },
	      { "active_energy_export", "200" }, { "reactive_energy_import", "30" },
	      { "reactive_energy_export", "4" });
}

/* ---- Kamstrup, Kaifa ---- */

static void put_pair(u8 b, u8 c, u8 d, u32 v)
{
	enc_obis(&enc, 1, b, c, d, 0, 255);
	enc_u32(&enc, v);
}

/* The longest list of Danish meters: 65 elements. */
static void kamstrup_per_phase(void **state)
{
	static const u8 currents[] = { 31, 51, 71 }, voltages[] = { 32, 52, 72 };
	static const u8 powers[] = { 21, 41, 61, 22, 42, 62 }, factors[] = { 13, 33, 53, 73 };
	static const u8 registers[] = { 1, 2, 3, 4, 21, 41, 61, 22, 42, 62 };
	struct decoder d = { 0 };

	begin();
	enc_structure(&enc, 65);
	enc_visible_string(&enc, "Kamstrup_V0001", 14);
	enc_obis(&enc, 1, 1, 0, 0, 5, 255);
	enc_visible_string(&enc, "5700000000000001", 16);
	enc_obis(&enc, 1, 1, 96, 1, 1, 255);
	enc_visible_string(&enc, "6841131BN243101040", 18);
	for (u8 c = 1; c <= 4; c++)
		put_pair(1, c, 7, c * 100);
	for (unsigned int i = 0; i < 3; i++)
		put_pair(1, currents[i], 7, 100 + i);
	for (unsigned int i = 0; i < 3; i++) {
		enc_obis(&enc, 1, 1, voltages[i], 7, 0, 255);
		enc_u16(&enc, (u16)(22199 + i));
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(powers); i++)
		put_pair(1, powers[i], 7, 10 + i);
	for (unsigned int i = 0; i < ARRAY_SIZE(factors); i++)
		put_pair(1, factors[i], 7, 90 + i);
	for (unsigned int i = 0; i < ARRAY_SIZE(registers); i++)
		put_pair(1, registers[i], 8, 1000 + i);
	assert_int_equal(decode(&d), 0);
	assert_int_equal(msg.unnamed, 0);
	CHECK("65", { "meter_manufacturer", "Kamstrup" }, { "meter_id", "5700000000000001" },
	      { "list_version", "Kamstrup_V0001" }, { "meter_type", "6841131BN243101040" },
	      { "active_power_import", "100" }, { "active_power_export", "200" },
	      { "reactive_power_import", "300" }, { "reactive_power_export", "400" },
	      { "current_l1", "1.00" }, { "current_l2", "1.01" }, { "current_l3", "1.02" },
	      { "voltage_l1", "221.99" }, { "voltage_l2", "222.00" }, { "voltage_l3", "222.01" },
	      { "active_power_import_l1", "10" }, { "active_power_import_l2", "11" },
	      { "active_power_import_l3", "12" }, { "active_power_export_l1", "13" },
	      { "active_power_export_l2", "14" }, { "active_power_export_l3", "15" },
	      { "power_factor", "0.90" }, { "power_factor_l1", "0.91" },
	      { "power_factor_l2", "0.92" }, { "power_factor_l3", "0.93" },
	      { "active_energy_import", "10000" }, { "active_energy_export", "10010" },
	      { "reactive_energy_import", "10020" }, { "reactive_energy_export", "10030" },
	      { "active_energy_import_l1", "10040" }, { "active_energy_import_l2", "10050" },
	      { "active_energy_import_l3", "10060" }, { "active_energy_export_l1", "10070" },
	      { "active_energy_export_l2", "10080" }, { "active_energy_export_l3", "10090" });
}

static void kamstrup_current_transformer(void **state)
{
	struct decoder d = { 0 };

	begin();
	enc_structure(&enc, 7);
	enc_visible_string(&enc, "Kamstrup_V0001", 14);
	enc_obis(&enc, 1, 1, 96, 1, 1, 255);
	enc_visible_string(&enc, "6851131BN243101040", 18);
	put_pair(1, 31, 7, 1234);
	put_pair(1, 1, 8, 77);
	assert_int_equal(decode(&d), 0);
	CHECK("685", { "current_l1", "1.234" }, { "active_energy_import", "770" });
}

static void kaifa_registers_of_64_bits(void **state)
{
	struct decoder d = { 0 };

	begin();
	enc_structure(&enc, 14);
	put_text("KFM_001");
	put_text("6970000000000001");
	put_text("MA105H2E");
	put_u32s(4, 1, 2, 3, 4);
	put_u32s(2, 1234, 2301);
	enc_octet_string(&enc, clock_octets, sizeof(clock_octets));
	enc_u64(&enc, 5000000000ull);
	enc_u64(&enc, 6);
	put_u32s(2, 7, 8);
	assert_int_equal(decode(&d), 0);
	CHECK("u64", { "meter_id", "6970000000000001" }, { "active_power_import", "1" },
	      { "active_power_export", "2" }, { "reactive_power_import", "3" },
	      { "reactive_power_export", "4" }, { "current_l1", "1.234" }, { "voltage_l1", "230.1" },
	      { "active_energy_import", "5000000000" }, { "active_energy_export", "6" },
	      { "reactive_energy_import", "7" }, { "reactive_energy_export", "8" });

	/* A text where a power belongs: another list, which nobody knows. */
	begin();
	enc_structure(&enc, 9);
	put_text("KFM_001");
	put_text("6970000000000001");
	put_text("MA105H2E");
	put_text("new");
	put_u32s(5, 1, 2, 3, 4, 5);
	assert_int_equal(decode(&d), 0);
	assert_int_equal(msg.kind, MESSAGE_UNKNOWN_LIST);
	assert_string_equal(value("meter_manufacturer"), "Kaifa");
	assert_int_equal(msg.unnamed, 5);
}

/* ---- any meter ---- */

static void nested_rows(void **state)
{
	struct decoder d = { 0 };

	/* Switzerland, Iskra: a structure of rows; here one level deeper. */
	begin();
	enc_structure(&enc, 2);
	put_text("whatever");
	enc_structure(&enc, 4);
	enc_structure(&enc, 2);
	enc_obis(&enc, 0, 0, 96, 1, 0, 255);
	put_text("70000001");
	enc_structure(&enc, 3);
	put_scaled(32, 7, 2356, -1, 35);
	enc_structure(&enc, 3);
	put_scaled(1, 8, 77, 3, 30);
	enc_structure(&enc, 2);
	put_pair(0, 2, 8, 12);		/* no scaler: visible, without a name */
	assert_int_equal(decode(&d), 0);
	assert_int_equal(msg.unnamed, 1);
	assert_true(msg.list.reg[4].obis == OBIS_REGISTER(2, 0));
	CHECK("nested", { "meter_id", "70000001" }, { "voltage_l1", "235.6" },
	      { "active_energy_import", "77000" });
}

static void rows_in_a_structure(void **state)
{
	struct decoder d = { 0 };

	begin();
	enc_structure(&enc, 2);
	enc_structure(&enc, 2);
	enc_obis(&enc, 0, 0, 42, 0, 0, 255);
	put_text("ISK1");
	enc_structure(&enc, 3);
	put_scaled(1, 7, 5, 0, 27);
	assert_int_equal(decode(&d), 0);
	assert_int_equal(msg.list.shape, LIST_ROWS);
	CHECK("rows", { "meter_id", "ISK1" }, { "active_power_import", "5" });
}

/* The maker's number wins over the utility's and over the device name, wherever it stands. */
static void numbers_of_a_meter(void **state)
{
	struct decoder d = { 0 };

	begin();
	enc_array(&enc, 3);
	enc_structure(&enc, 2);
	enc_obis(&enc, 0, 0, 42, 0, 0, 255);
	put_text("ABC1030000000001");
	enc_structure(&enc, 2);
	enc_obis(&enc, 0, 0, 96, 1, 0, 255);
	put_text("30000001");
	enc_structure(&enc, 2);
	enc_obis(&enc, 0, 1, 96, 1, 0, 255);
	put_text("a gas meter");
	assert_int_equal(decode(&d), 0);
	assert_string_equal(value("meter_id"), "30000001");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(iskra_three_phases),
		cmocka_unit_test(iskra_twelve),
		cmocka_unit_test(iskra_ten),
		cmocka_unit_test(iskra_nine_and_eight),
		cmocka_unit_test(iskra_lists_that_are_not_known),
		cmocka_unit_test(iskra_ie5),
		cmocka_unit_test(twelve_behind_a_push_setup),
		cmocka_unit_test(clock_values_number),
		cmocka_unit_test(vienna),
		cmocka_unit_test(landis_gyr_positions),
		cmocka_unit_test(kamstrup_per_phase),
		cmocka_unit_test(kamstrup_current_transformer),
		cmocka_unit_test(kaifa_registers_of_64_bits),
		cmocka_unit_test(nested_rows),
		cmocka_unit_test(rows_in_a_structure),
		cmocka_unit_test(numbers_of_a_meter),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
