// SPDX-License-Identifier: GPL-2.0
/*
 * The registry: whose a message is, where meters hang behind another one (M-Bus).
 */
#include "registry_lab.h"

/* ---- whose it is ---- */

static void a_meter_behind_another_one_is_one_of_its_own(void **state)
{
	send_main(MAIN);
	assert_string_equal(seen.last->id, MAIN);
	assert_string_equal(seen.last->via, "");
	send_gas(GAS, 1, 0, 4890857);
	assert_said("+" MAIN " +" GAS " ");
	assert_string_equal(seen.last->id, GAS);
	assert_string_equal(seen.last->via, MAIN);
	assert_string_equal(seen.last->identity[ID_METER_TYPE], "gas");
	assert_true(seen.last->latest[Q_GAS_VOLUME] == 4890.857);
	assert_true(seen.last->available);
	assert_string_equal(seen.last->clock.iso, "2025-11-22T11:00:00+01:00");
	/* Nothing is derived of it. */
	assert_int_equal(seen.values, 1);
	assert_int_equal(registry_count(lab.registry).meters, 2);

	/* What the source learned is another matter. */
	assert_string_equal(seen.source->learned, MAIN);
	send_main(NULL);
	assert_string_equal(seen.last->id, MAIN);
	assert_string_equal(seen.last->identity[ID_METER_TYPE], "");
	assert_said("");
}

static void without_a_number_it_goes_by_its_channel(void **state)
{
	send_main(MAIN);
	send_gas(NULL, 2, 0, 1000);
	assert_said("+" MAIN " +" MAIN "-2 ");
	send_gas(NULL, 3, 0, 1000);
	assert_said("+" MAIN "-3 ");
	/* It says its number: the other name is forgotten. */
	send_gas(GAS, 2, 5, 1001);
	assert_said("-" MAIN "-2 x" MAIN "-2 +" GAS " ");
	send_gas(GAS, 2, 10, 1002);
	assert_said("");
}

static void it_need_not_name_its_number_each_time(void **state)
{
	send_main(MAIN);
	send_gas(NULL, 2, 0, 1000);
	send_gas(GAS, 2, 5, 1001);
	assert_said("+" MAIN " +" MAIN "-2 -" MAIN "-2 x" MAIN "-2 +" GAS " ");
	for (int i = 2; i < 6; i++) {
		send_main(MAIN);
		send_gas(i % 2 ? GAS : NULL, 2, 5 * i, 1000 + i);
		assert_string_equal(seen.last->id, GAS);
		assert_true(seen.last->latest[Q_GAS_VOLUME] == (1000 + i) / 1000.0);
	}
	assert_said("");

	/* On another channel, or of another kind, it is another one. */
	send_gas(NULL, 3, 0, 1000);
	assert_string_equal(seen.last->id, MAIN "-3");
	message(2, NULL, "water");
	readings_set(&msg.readings, Q_WATER_VOLUME, (struct decimal){ 7, 0 });
	deliver();
	assert_string_equal(seen.last->id, MAIN "-2");
	assert_said("+" MAIN "-3 +" MAIN "-2 ");

	/* It moved: what comes without a number is of the one that came last. */
	send_gas(GAS, 3, 35, 1007);
	assert_string_equal(seen.last->id, GAS);
	send_gas(NULL, 3, 40, 1008);
	assert_string_equal(seen.last->id, GAS);
}

static void nothing_is_behind_what_is_not_there(void **state)
{
	send_gas(GAS, 1, 0, 1000);
	assert_null(seen.last);
	assert_said("");
}

static void the_name_of_the_source_goes_for_both(void **state)
{
	send_main(NULL);
	send_gas(NULL, 1, 0, 1000);
	assert_said("+house +house-1 ");
	send_main(MAIN);
	assert_said("-house-1 xhouse-1 -house xhouse +" MAIN " ");
	send_gas(NULL, 1, 0, 1000);
	assert_said("+" MAIN "-1 ");
}

static void it_may_come_behind_another_one(void **state)
{
	send_main(NULL);
	send_gas(GAS, 1, 0, 1000);
	assert_string_equal(seen.last->via, "house");
	send_main(MAIN);
	send_gas(GAS, 1, 0, 1000);
	assert_string_equal(seen.last->via, MAIN);
	/* Of which those who show it are told, though it is the same reading. */
	assert_true(seen.identity);
	send_gas(GAS, 1, 0, 1000);
	assert_false(seen.identity);
}

static void of_several_meters_it_cannot_be_said(void **state)
{
	send_main(MAIN);
	send_main("house");
	send_main(MAIN);
	assert_said("+" MAIN " +house ");
	send_gas(NULL, 1, 0, 1000);
	assert_null(seen.last);
	send_gas(GAS, 1, 0, 1000);
	assert_said("+" GAS " ");
	assert_string_equal(seen.last->via, MAIN);
}

static void of_a_telegram_left_out_nothing_is_behind_the_one_before(void **state)
{
	send_main(MAIN);
	send_main("house");
	send_main(MAIN);
	assert_said("+" MAIN " +house ");
	/* Whose telegram this is cannot be said: then what else is in it hangs behind nobody. */
	send_main(NULL);
	assert_null(seen.last);
	send_gas(GAS, 1, 0, 1000);
	assert_null(seen.last);
	assert_said("");
}

static void of_one_too_many_nothing_is_behind_the_one_before(void **state)
{
	char id[16];

	for (unsigned int i = 0; i < 70; i++) {
		snprintf(id, sizeof(id), "M%u", i);
		send_main(MAIN);
		message(1, id, "gas");
		readings_set(&msg.readings, Q_GAS_VOLUME, (struct decimal){ 1, 0 });
		deliver();
	}
	assert_int_equal(registry_count(lab.registry).meters, 64);
	send_main("house");
	assert_null(seen.last);
	send_gas("M0", 1, 0, 1000);
	assert_null(seen.last);
	/* The others go on. */
	send_main(MAIN);
	send_gas("M0", 1, 0, 1000);
	assert_string_equal(seen.last->id, "M0");
	assert_string_equal(seen.last->via, MAIN);
}

/* One number for two: the second one goes by its channel, and neither takes values of the other. */
static void the_number_of_the_meter_itself_is_none_of_a_channel(void **state)
{
	send_main(MAIN);
	assert_said("+" MAIN " ");
	for (unsigned int i = 0; i < 3; i++) {
		send_gas(MAIN, 1, 0, 1000);
		assert_string_equal(seen.last->id, MAIN "-1");
		assert_string_equal(seen.last->via, MAIN);
		send_main(MAIN);
		assert_string_equal(seen.last->id, MAIN);
		assert_string_equal(seen.last->via, "");
		assert_false(seen.identity);
		assert_false(seen.last->known[Q_GAS_VOLUME / 64] >> (Q_GAS_VOLUME % 64) & 1);
	}
	assert_said("+" MAIN "-1 ");
}

/* Of a line: lines of a telegram with a right checksum. */
static void receive(const char *lines)
{
	u8 octets[512];
	size_t n = octets_telegram("KAM5", lines, octets, sizeof(octets));

	seen.last = NULL;
	source_receive(seen.source, octets, NULL, n);
}

#define NUMBER(id)	"0-0:96.1.1(" id ")\r\n"
#define GAS_LINES(id)	"0-1:24.1.0(003)\r\n" "0-1:96.1.0(" id ")\r\n"	\
			"0-1:24.2.1(251122110000W)(00001.000*m3)\r\n"

static void of_a_telegram_without_own_readings_it_is_that_ones(void **state)
{
	const struct source_stats *stats = &seen.source->stats;

	source_set_state(seen.source, SOURCE_OPEN, NULL);
	receive(NUMBER("4131") "1-0:1.7.0(00.501*kW)\r\n" GAS_LINES("4731"));
	assert_said("+A1 +G1 ");
	assert_string_equal(seen.last->via, "A1");
	/* Nothing that the other one says of itself is a number. */
	receive(NUMBER("4232") GAS_LINES("4732"));
	assert_said("+B2 +G2 ");
	assert_string_equal(seen.last->id, "G2");
	assert_string_equal(seen.last->via, "B2");
	assert_true(seen.last->latest[Q_GAS_VOLUME] == 1);
	assert_int_equal(stats->messages, 3);
	assert_int_equal(stats->unknown, 1);

	/* With nothing behind it there is no such meter. */
	receive(NUMBER("4333"));
	assert_said("");
	assert_int_equal(stats->messages, 3);
	assert_int_equal(stats->unknown, 2);
}

/* What the whole telegram has, of one time. */
static void send_two(const char *a, const char *b)
{
	u64 at;

	send_main(MAIN);
	at = seen.source->last_message_us;
	for (unsigned int i = 0; i < 2; i++) {
		message((u8)(1 + i), i ? b : a, "gas");
		readings_set(&msg.readings, Q_GAS_VOLUME, (struct decimal){ i ? 70 : 5000, 0 });
		seen.source->last_message_us = at;
		seen.last = NULL;
		seen.source->owner->message(seen.source->ctx, seen.source, &msg, lab.real_us);
		assert_non_null(seen.last);
		assert_true(seen.last->latest[Q_GAS_VOLUME] == (i ? 70 : 5000));
	}
}

static void one_number_is_not_behind_two_channels(void **state)
{
	for (unsigned int i = 0; i < 3; i++) {
		send_two(GAS, GAS);
		assert_string_equal(seen.last->id, MAIN "-2");
	}
	assert_said("+" MAIN " +" GAS " +" MAIN "-2 ");
	/* It may come to another channel. */
	send_main(MAIN);
	send_gas(GAS, 3, 0, 5000000);
	assert_string_equal(seen.last->id, GAS);
	assert_true(seen.last->latest[Q_GAS_VOLUME] == 5000);
	assert_said("");
}

/* ---- over time ---- */

static void it_is_forgotten_alone(void **state)
{
	send_main(MAIN);
	send_gas(GAS, 1, 0, 1000);
	assert_said("+" MAIN " +" GAS " ");
	assert_int_equal(registry_forget(lab.registry, GAS), 0);
	assert_said("-" GAS " x" GAS " ");
	assert_string_equal(seen.source->learned, MAIN);
	assert_int_equal(registry_count(lab.registry).meters, 1);
	/* It still sends. */
	send_gas(GAS, 1, 0, 1000);
	assert_said("+" GAS " ");
	assert_int_equal(seen.values, 1);

	assert_int_equal(registry_forget(lab.registry, MAIN), 0);
	assert_said("-" MAIN " x" MAIN " ");
	send_gas(NULL, 2, 0, 1000);
	assert_null(seen.last);
}

static void it_is_remembered(void **state)
{
	send_main(MAIN);
	send_gas(GAS, 1, 0, 4890857);
	daemon_stop();
	daemon_start();
	assert_string_equal(seen.source->learned, MAIN);
	send_main(NULL);
	send_gas(GAS, 1, 0, 4890857);
	assert_said("+" MAIN " +" GAS " ");
	assert_true(seen.last->derive.guard.reg[Q_GAS_VOLUME].known);
	assert_true(seen.last->known[Q_GAS_VOLUME / 64] >> (Q_GAS_VOLUME % 64) & 1);
	/* The same as before the restart: to those who listen to us it is the first one. */
	assert_int_equal(seen.values, 1);
	assert_true(seen.last->latest[Q_GAS_VOLUME] == 4890.857);
	send_gas(GAS, 1, 0, 4890857);
	assert_int_equal(seen.values, 0);
}

static void who_stands_by_takes_over_what_hangs_behind_it_too(void **state)
{
	struct source_config other = config;
	char other_name[] = "shed";
	struct source *house = seen.source, *shed;

	other.name = other_name;
	assert_int_equal(registry_add_source(lab.registry, &other, NULL), 0);
	shed = seen.source;
	assert_ptr_not_equal(shed, house);
	for (unsigned int i = 0; i < 2; i++) {
		seen.source = i ? shed : house;
		send_main(MAIN);
		send_gas(GAS, 1, 0, 1000);
	}
	assert_null(seen.last);
	assert_said("+" MAIN " +" GAS " ");

	registry_remove_source(lab.registry, "house");
	assert_said("");
	send_main(MAIN);
	assert_string_equal(seen.last->id, MAIN);
	assert_string_equal(seen.last->source, "shed");
	assert_true(seen.identity);
	send_gas(GAS, 1, 0, 1000);
	assert_string_equal(seen.last->id, GAS);
	assert_string_equal(seen.last->source, "shed");
	/* Both are told to be of another source. */
	assert_true(seen.identity);
	assert_said("");
	registry_remove_source(lab.registry, "shed");
	assert_int_equal(registry_count(lab.registry).meters, 0);
}

static void its_file_says_where_it_hangs(void **state)
{
	struct live_time now = { 5000 * 1000000ll, (s64)REAL_US };
	struct meter *a = meter_new(GAS, "house"), *b = meter_new(GAS, "house"), *c = meter_new(GAS, "house");
	char why[KEEP_WHY_MAX], *text;

	strcpy(a->via, MAIN);
	text = keep_text(a, true);
	assert_int_equal(keep_parse(b, text, strlen(text), now, why), 0);
	assert_string_equal(b->via, MAIN);
	free(text);
	text = keep_text(c, true);
	assert_null(strstr(text, "via"));
	assert_int_equal(keep_parse(c, text, strlen(text), now, why), 0);
	assert_string_equal(c->via, "");
	free(text);
	meter_free(a);
	meter_free(b);
	meter_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LAB(a_meter_behind_another_one_is_one_of_its_own),
		LAB(without_a_number_it_goes_by_its_channel),
		LAB(it_need_not_name_its_number_each_time),
		LAB(nothing_is_behind_what_is_not_there),
		LAB(the_name_of_the_source_goes_for_both),
		LAB(it_may_come_behind_another_one),
		LAB(of_several_meters_it_cannot_be_said),
		LAB(of_a_telegram_left_out_nothing_is_behind_the_one_before),
		LAB(of_one_too_many_nothing_is_behind_the_one_before),
		LAB(of_a_telegram_without_own_readings_it_is_that_ones),
		LAB(one_number_is_not_behind_two_channels),
		LAB(the_number_of_the_meter_itself_is_none_of_a_channel),
		LAB(it_is_forgotten_alone),
		LAB(it_is_remembered),
		LAB(who_stands_by_takes_over_what_hangs_behind_it_too),
		cmocka_unit_test(its_file_says_where_it_hangs),
	};

	log_init("test_registry");
	log_set_level(LOG_EMERG);
	return cmocka_run_group_tests_name("registry", tests, NULL, NULL);
}
