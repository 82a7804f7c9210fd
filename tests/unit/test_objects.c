// SPDX-License-Identifier: GPL-2.0
/*
 * Lists of objects: the message itself says what its values are.  What is described, what is not,
 * and what does not go together.
 */
#include <errno.h>

#include "list_lab.h"

static void put_descriptor(u16 class, u64 obis, s8 attribute, u16 index)
{
	enc_structure(&enc, 4);
	enc_u16(&enc, class);
	enc_obis(&enc, obis >> 40, obis >> 32, obis >> 24, obis >> 16, obis >> 8, obis);
	enc_s8(&enc, attribute);
	enc_u16(&enc, index);
}

static void put_code(u64 obis)
{
	enc_obis(&enc, obis >> 40, obis >> 32, obis >> 24, obis >> 16, obis >> 8, obis);
}

#define E450_SETUP	OBIS(0, 8, 25, 9, 0, 255)
#define VSE_SETUP	OBIS(0, 6, 25, 9, 0, 255)

static void e450_short_list(void **state)
{
	struct decoder d = { 0 };

	begin();
	enc_structure(&enc, 5);
	enc_array(&enc, 5);
	put_descriptor(40, E450_SETUP, 2, 0);
	put_descriptor(1, OBIS_METER_ID_2, 2, 0);
	put_descriptor(3, OBIS_NOW(1), 2, 0);
	put_descriptor(3, OBIS_NOW(2), 2, 0);
	put_descriptor(40, E450_SETUP, 1, 0);
	put_text("712345");	/* six octets, and no code */
	put_u32s(2, 1234, 0);
	put_code(E450_SETUP);
	assert_int_equal(decode(&d), 0);
	assert_int_equal(msg.list.shape, LIST_OBJECTS);
	assert_int_equal(msg.list.elements, 5);
	assert_int_equal(msg.list.n, 4);
	assert_true(msg.list.setup == E450_SETUP);
	assert_int_equal(msg.unnamed, 0);
	CHECK("E450", { "meter_manufacturer", "Landis+Gyr" }, { "meter_id", "712345" },
	      { "active_power_import", "1234" }, { "active_power_export", "0" });
}

/* A number of six octets that could be a code is a number, where a descriptor says so. */
static void a_value_is_no_code(void **state)
{
	static const u8 number[] = { 0, 1, 2, 3, 4, 255 };
	struct decoder d = { 0 };

	begin();
	enc_structure(&enc, 4);
	enc_array(&enc, 4);
	put_descriptor(40, E450_SETUP, 2, 0);
	put_descriptor(1, OBIS_METER_ID, 2, 0);
	put_descriptor(3, OBIS_NOW(32), 2, 0);
	put_descriptor(3, OBIS_NOW(31), 2, 0);
	enc_octet_string(&enc, number, sizeof(number));
	put_u16s(2, 229, 1234);
	assert_int_equal(decode(&d), 0);
	assert_int_equal(msg.list.n, 3);
	assert_int_equal(msg.readings.identity[ID_METER_ID].len, 6);
	CHECK("E450", { "voltage_l1", "229" }, { "current_l1", "12.34" });
}

static void put_vse_list(const char *device_name)
{
	static const u64 values[] = {
		OBIS(1, 1, 1, 8, 0, 255), OBIS(1, 1, 2, 8, 0, 255), OBIS_NOW(1), OBIS_NOW(2),
		OBIS_NOW(32), OBIS_NOW(13), OBIS_NOW(31),
	};

	begin();
	enc_structure(&enc, 2 + ARRAY_SIZE(values));
	enc_array(&enc, 2 + ARRAY_SIZE(values));
	put_descriptor(40, VSE_SETUP, 2, 0);
	put_descriptor(1, OBIS_DEVICE_NAME, 2, 0);
	for (unsigned int i = 0; i < ARRAY_SIZE(values); i++)
		put_descriptor(3, values[i], 2, 0);
	put_text(device_name);
	put_u32s(4, 21000, 5, 11, 0);
	put_u16s(3, 2357, 987, 6);
}

static void the_device_name_tells_the_maker(void **state)
{
	struct decoder d = { 0 };

	put_vse_list("LGZ1030000000001");
	assert_int_equal(decode(&d), 0);
	assert_int_equal(msg.unnamed, 1);	/* the power factor's scaler is not known */
	CHECK("E360", { "meter_manufacturer", "Landis+Gyr" }, { "meter_id", "LGZ1030000000001" },
	      { "active_energy_import", "21000" }, { "active_energy_export", "5" },
	      { "active_power_import", "11" }, { "active_power_export", "0" },
	      { "voltage_l1", "235.7" }, { "current_l1", "0.06" });

	put_vse_list("ISK1030000000001");
	assert_int_equal(decode(&d), 0);
	assert_int_equal(msg.unnamed, 0);
	CHECK("AM550", { "meter_manufacturer", "Iskraemeco" }, { "meter_id", "ISK1030000000001" },
	      { "active_energy_import", "21000" }, { "active_energy_export", "5" },
	      { "active_power_import", "11" }, { "active_power_export", "0" },
	      { "voltage_l1", "235.7" }, { "current_l1", "0.06" }, { "power_factor", "0.987" });

	/* Without scalers, and from nobody knows whom: nothing is guessed. */
	put_vse_list("XYZ1030000000001");
	assert_int_equal(decode(&d), 0);
	assert_null(msg.maker);
	assert_int_equal(msg.kind, MESSAGE_UNKNOWN_LIST);
	assert_int_equal(msg.unnamed, 7);
	assert_true(msg.list.reg[1].obis == OBIS(1, 1, 1, 8, 0, 255));
}

static void scalers_may_be_pushed_too(void **state)
{
	struct decoder d = { 0 };

	begin();
	enc_structure(&enc, 4);
	enc_array(&enc, 3);
	put_descriptor(3, OBIS_NOW(32), 2, 0);
	put_descriptor(3, OBIS_NOW(32), 3, 0);
	put_descriptor(8, OBIS_CLOCK, 2, 0);
	enc_u16(&enc, 2301);
	enc_structure(&enc, 2);
	enc_s8(&enc, -1);
	enc_enum(&enc, 35);
	enc_octet_string(&enc, clock_octets, sizeof(clock_octets));
	assert_int_equal(decode(&d), 0);
	assert_int_equal(msg.list.n, 2);
	assert_null(msg.maker);
	CHECK("generic", { "voltage_l1", "230.1" }, { "meter_time", "2026-03-04T05:06:07+01:00" });
}

/* Other attributes than the value, and parts of one, are not what the code says. */
static void other_attributes_have_no_name(void **state)
{
	struct decoder d = { 0 };

	begin();
	enc_structure(&enc, 5);
	enc_array(&enc, 5);
	put_descriptor(40, E450_SETUP, 2, 0);
	put_descriptor(3, OBIS_NOW(1), 1, 0);
	put_descriptor(4, OBIS_NOW(1), 4, 0);
	put_descriptor(3, OBIS_NOW(1), 2, 1);
	put_descriptor(3, OBIS_NOW(2), 2, 0);
	put_code(OBIS_NOW(1));
	put_u32s(3, 1, 2, 77);
	assert_int_equal(decode(&d), 0);
	assert_int_equal(msg.list.n, 4);
	assert_int_equal(msg.unnamed, 2);
	CHECK("E450", { "active_power_export", "77" });
}

/* One more or less than there are elements: nobody can tell what belongs to what. */
static void numbers_that_do_not_match(void **state)
{
	struct decoder d = { 0 };

	for (unsigned int n = 1; n <= 5; n++) {
		begin();
		enc_structure(&enc, 3);
		enc_array(&enc, n);
		put_descriptor(40, E450_SETUP, 2, 0);
		for (unsigned int i = 1; i < n; i++)
			put_descriptor(3, OBIS_NOW(i), 2, 0);
		put_u32s(2, 10, 20);
		assert_int_equal(decode(&d), 0);
		assert_int_equal(msg.list.shape, LIST_OBJECTS);
		assert_int_equal(msg.list.n, 2);
		if (n == 3) {
			CHECK("3", { "active_power_import", "10" }, { "active_power_export", "20" });
			continue;
		}
		assert_int_equal(msg.kind, MESSAGE_UNKNOWN_LIST);
		assert_int_equal(msg.unnamed, 2);
	}
}

static void descriptors_without_values(void **state)
{
	struct decoder d = { 0 };

	begin();
	enc_array(&enc, 2);
	put_descriptor(3, OBIS_NOW(1), 2, 0);
	put_descriptor(3, OBIS_NOW(2), 2, 0);
	assert_int_equal(decode(&d), 0);
	assert_int_equal(msg.list.shape, LIST_OBJECTS);
	assert_int_equal(msg.list.n, 0);
	assert_int_equal(msg.kind, MESSAGE_UNKNOWN_LIST);
}

static void cut_lists_are_refused(void **state)
{
	struct decoder d = { 0 };
	size_t whole;

	put_vse_list("LGZ1030000000001");
	whole = enc.n;
	for (size_t n = 0; n < whole; n++) {
		const u8 *p = octets;

		assert_true(message_next(&d, &p, octets + n, &msg) < 0);
		assert_ptr_equal(p, octets);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(e450_short_list),
		cmocka_unit_test(a_value_is_no_code),
		cmocka_unit_test(the_device_name_tells_the_maker),
		cmocka_unit_test(scalers_may_be_pushed_too),
		cmocka_unit_test(other_attributes_have_no_name),
		cmocka_unit_test(numbers_that_do_not_match),
		cmocka_unit_test(descriptors_without_values),
		cmocka_unit_test(cut_lists_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
