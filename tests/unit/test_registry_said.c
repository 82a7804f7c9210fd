// SPDX-License-Identifier: GPL-2.0
/*
 * The registry: what comes of the values of a message, what is logged of them, and how many meters there may be.
 */
#include "registry_lab.h"

/* ---- how many ---- */

static void send_at(u8 channel, const char *id, u64 mono_us)
{
	message(channel, id, NULL);
	readings_set(&msg.readings, channel ? Q_GAS_VOLUME : Q_ACTIVE_POWER_IMPORT, (struct decimal){ 1, 0 });
	seen.source->last_message_us = mono_us;
	seen.last = NULL;
	seen.source->owner->message(seen.source->ctx, seen.source, &msg, lab.real_us);
}

/* M2 was silent for longest, then M3, ... */
static void the_one_silent_for_longest_makes_room(void **state)
{
	const u64 hour = 3600 * USEC_PER_SEC;
	u64 at = mono_us();
	char id[16];

	send_at(0, MAIN, at);
	for (unsigned int i = 1; i < 64; i++) {
		snprintf(id, sizeof(id), "M%u", i);
		send_at(1, id, at + i);
	}
	send_at(1, "M1", at + 64);
	assert_int_equal(registry_count(lab.registry).meters, 64);
	memset(seen.said, 0, sizeof(seen.said));
	log_begin(LOG_NOTICE);

	/* They are all there. */
	send_at(1, "N1", at + 2 * hour);
	assert_null(seen.last);
	/* The line is not open: nobody is, but not for long enough. */
	seen.source->owner->checked(seen.source->ctx, seen.source);
	send_at(1, "N1", at + hour);
	assert_null(seen.last);
	assert_said("");
	assert_int_equal(logged("names more than 64 meters"), 1);

	send_at(0, MAIN, at + 2 * hour);
	send_at(1, "N1", at + 2 * hour);
	assert_string_equal(seen.last->via, MAIN);
	assert_said("-M2 +N1 ");
	send_at(1, "N2", at + 2 * hour);
	assert_said("-M3 +N2 ");
	assert_int_equal(registry_count(lab.registry).meters, 64);
	assert_int_equal(logged("makes room for meter N1"), 1);
	/* What was counted of it is not lost. */
	send_at(1, "M2", at + 2 * hour);
	assert_said("-M4 +M2 ");
	assert_true(seen.last->derive.guard.reg[Q_GAS_VOLUME].known);
	log_end();
}

/* ---- what it says ---- */

/* As send_gas(), each 10 s, of which nobody has to wait. */
static void send_gas_at(s64 litres, u64 mono_us)
{
	message(1, GAS, "gas");
	readings_set(&msg.readings, Q_GAS_VOLUME, (struct decimal){ litres, -3 });
	lab.real_us += 10 * USEC_PER_SEC;
	seen.source->last_message_us = mono_us;
	seen.source->owner->message(seen.source->ctx, seen.source, &msg, lab.real_us);
}

static void a_step_back_is_not_said_with_each_telegram(void **state)
{
	u64 at;

	send_main(MAIN);
	at = mono_us();
	log_begin(LOG_INFO);
	/* Back and confirmed, forth, back and confirmed, ... */
	for (unsigned int i = 0; i < 18; i++)
		send_gas_at(i % 3 ? 1000 : 9000, at + i * 3 * USEC_PER_SEC);
	assert_int_equal(logged("went back from"), 1);
	assert_int_equal(logged("gas_volume went back from 9.000 to 1.000 m3: held back"), 1);
	assert_int_equal(logged("gas_volume is 1.000 m3 after 9.000, confirmed by a second list"), 1);
	assert_int_equal(logged("confirmed by a second list"), 1);
	/* A minute later it still does. */
	for (unsigned int i = 20; i < 40; i++)
		send_gas_at(i % 3 ? 1000 : 9000, at + i * 3 * USEC_PER_SEC);
	assert_int_equal(logged("went back from"), 2);
	assert_int_equal(logged("confirmed by a second list"), 2);
	log_end();
}

/* The rest is there for who looks for it; that a reading came again is no news of a meter behind another one. */
static void the_rest_is_for_debugging(void **state)
{
	u64 at;

	send_main(MAIN);
	at = mono_us();
	log_begin(LOG_DEBUG);
	for (unsigned int i = 0; i < 18; i++)
		send_gas_at(i % 3 ? 1000 : 9000, at + i * 3 * USEC_PER_SEC);
	assert_int_equal(logged("went back from"), 6);
	send_gas(GAS, 1, 0, 1000);
	send_gas(GAS, 1, 0, 1000);
	assert_int_equal(logged("came again"), 0);
	for (unsigned int i = 0; i < 2; i++) {
		message(0, MAIN, NULL);
		msg.readings.has_time = true;
		msg.readings.time = (struct cosem_time){ 2025, 11, 22, 11, 0, 0, 0, -60 };
		readings_set(&msg.readings, Q_ACTIVE_ENERGY_IMPORT, (struct decimal){ 10, 0 });
		deliver();
	}
	assert_int_equal(logged("came again"), 1);
	log_end();
}

static void what_was_captured_once_is_one_reading(void **state)
{
	send_main(MAIN);
	send_gas(GAS, 1, 0, 1000);
	assert_int_equal(seen.values, 1);
	assert_true(seen.clock);
	for (unsigned int i = 0; i < 3; i++) {
		send_gas(GAS, 1, 0, 1000);
		assert_int_equal(seen.values, 0);
		assert_false(seen.clock);
	}
	/* It is alive. */
	assert_int_equal(seen.last->messages, 4);
	assert_int_equal(seen.last->last_us, lab.real_us);

	/* The next one, of which nothing was used. */
	send_gas(GAS, 1, 5, 1000);
	assert_int_equal(seen.values, 1);
	assert_true(seen.clock);
	send_gas(GAS, 1, 10, 1250);
	assert_true(seen.last->latest[Q_GAS_VOLUME] == 1.25);
}

static void a_clock_without_an_offset_will_do(void **state)
{
	send_main(MAIN);
	for (unsigned int i = 0; i < 2; i++) {
		message(1, GAS, "gas");
		msg.readings.has_time = true;
		msg.readings.time = (struct cosem_time){ 2025, 11, 22, 11, 0, 0, 0, COSEM_DEVIATION_NONE };
		readings_set(&msg.readings, Q_GAS_VOLUME, (struct decimal){ 1000, -3 });
		deliver();
		assert_int_equal(seen.values, i == 0);
	}
	/* Without any each one is news. */
	msg.readings.has_time = false;
	deliver();
	assert_int_equal(seen.values, 1);
	deliver();
	assert_int_equal(seen.values, 1);
}

static void a_step_back_has_to_be_confirmed(void **state)
{
	send_main(MAIN);
	send_gas(GAS, 1, 0, 1000);
	send_gas(GAS, 1, 5, 17);
	assert_int_equal(seen.values, 0);
	assert_string_equal(seen.last->problem, "gas_volume went back from 1.000 to 0.017 m3: held back until a "
			    "second list says so");
	assert_true(seen.last->latest[Q_GAS_VOLUME] == 1);
	send_gas(GAS, 1, 10, 17);
	assert_int_equal(seen.values, 1);
	assert_true(seen.last->latest[Q_GAS_VOLUME] == 0.017);
	/* How much may flow nobody knows. */
	send_gas(GAS, 1, 15, 900000000);
	assert_int_equal(seen.values, 1);
}

static void the_current_transformers_are_the_meters_own(void **state)
{
	config.settings.scale.factor[KIND_ACTIVE_ENERGY] = (struct decimal){ 50, 0 };
	config.settings.scale.active = true;
	assert_int_equal(registry_update_source(lab.registry, &config), 0);
	message(0, MAIN, NULL);
	readings_set(&msg.readings, Q_ACTIVE_ENERGY_IMPORT, (struct decimal){ 10, 0 });
	deliver();
	assert_true(seen.last->latest[Q_ACTIVE_ENERGY_IMPORT] == 500);
	message(1, "S1", "electricity");
	readings_set(&msg.readings, Q_ACTIVE_ENERGY_IMPORT, (struct decimal){ 10, 0 });
	deliver();
	assert_true(seen.last->latest[Q_ACTIVE_ENERGY_IMPORT] == 10);
	assert_int_equal(seen.values, 1);
}

static void without_a_checksum_it_says_so(void **state)
{
	send_main(MAIN);
	assert_false(seen.unverified || seen.last->unverified);
	message(0, NULL, NULL);
	msg.readings.unverified = true;
	readings_set(&msg.readings, Q_ACTIVE_POWER_IMPORT, (struct decimal){ 503, 0 });
	deliver();
	assert_true(seen.unverified && seen.last->unverified);
	deliver();
	assert_true(!seen.unverified && seen.last->unverified);
	send_main(NULL);
	assert_true(seen.unverified && !seen.last->unverified);
}

/* Of each register by itself, as they do not come in one message. */
static void what_came_without_a_checksum_says_so_after_a_restart(void **state)
{
	const struct guard_register *reg;

	message(0, MAIN, NULL);
	msg.readings.unverified = true;
	readings_set(&msg.readings, Q_ACTIVE_ENERGY_IMPORT, (struct decimal){ 1000, 0 });
	readings_set(&msg.readings, Q_ACTIVE_ENERGY_EXPORT, (struct decimal){ 1000, 0 });
	deliver();
	message(0, NULL, NULL);
	readings_set(&msg.readings, Q_ACTIVE_ENERGY_EXPORT, (struct decimal){ 1001, 0 });
	deliver();
	for (unsigned int i = 0; i < 2; i++) {
		reg = seen.last->derive.guard.reg;
		assert_true(reg[Q_ACTIVE_ENERGY_IMPORT].known && reg[Q_ACTIVE_ENERGY_IMPORT].unverified);
		assert_true(reg[Q_ACTIVE_ENERGY_EXPORT].known && !reg[Q_ACTIVE_ENERGY_EXPORT].unverified);
		daemon_stop();
		daemon_start();
		send_main(NULL);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LAB(the_one_silent_for_longest_makes_room),
		LAB(what_was_captured_once_is_one_reading),
		LAB(a_step_back_is_not_said_with_each_telegram),
		LAB(the_rest_is_for_debugging),
		LAB(a_clock_without_an_offset_will_do),
		LAB(a_step_back_has_to_be_confirmed),
		LAB(the_current_transformers_are_the_meters_own),
		LAB(without_a_checksum_it_says_so),
		LAB(what_came_without_a_checksum_says_so_after_a_restart),
	};

	log_init("test_registry_said");
	log_set_level(LOG_EMERG);
	return cmocka_run_group_tests_name("registry_said", tests, NULL, NULL);
}
