// SPDX-License-Identifier: GPL-2.0
/*
 * The registry: whose a message is, where meters hang behind another one (M-Bus).
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "counters_file.h"
#include "keep.h"
#include "link_octets.h"
#include "log.h"
#include "registry.h"
#include "util.h"

#define MAIN	"E0047000004912"
#define GAS	"G0025003123456"
#define REAL_US	1763805600000000ull	/* 2025-11-22T10:00:00Z */

/* ---- an output that writes down what it is told ---- */

static struct {
	struct output output;
	struct source *source;
	struct meter *last;	/* of the last update, with what was in it: */
	unsigned int values;
	bool clock;
	bool identity;
	bool unverified;
	char said[1024];	/* "+ID" added, "-ID" removed, "xID" forgotten, a space behind each */
} seen;

static void say(const char *what, const char *id)
{
	size_t n = strlen(seen.said);

	snprintf(seen.said + n, sizeof(seen.said) - n, "%s%s ", what, id);
}

static void on_source_added(struct output *o, struct source *s)
{
	seen.source = s;
}

static void on_meter_added(struct output *o, struct meter *m)
{
	say("+", m->id);
	/* Who shows it has to know at once where it hangs. */
	if (strcmp(m->id, MAIN) && strcmp(m->id, "house") && strcmp(m->id, "A1") && strcmp(m->id, "B2"))
		assert_true(*m->via);
}

static void on_meter_updated(struct output *o, struct meter *m, const struct meter_update *u)
{
	seen.last = m;
	seen.values = 0;
	for_each_reading(q, u->readings)
		seen.values++;
	seen.clock = u->clock;
	seen.identity = u->identity;
	seen.unverified = u->unverified;
}

static void on_meter_removed(struct output *o, struct meter *m)
{
	say("-", m->id);
	if (seen.last == m)
		seen.last = NULL;
}

static void on_meter_forgotten(struct output *o, const char *id)
{
	say("x", id);
}

static const struct output_ops ops = {
	.source_added = on_source_added,
	.meter_added = on_meter_added,
	.meter_updated = on_meter_updated,
	.meter_removed = on_meter_removed,
	.meter_forgotten = on_meter_forgotten,
};

#define assert_said(text)					\
	do {							\
		assert_string_equal(seen.said, text);		\
		seen.said[0] = '\0';				\
	} while (0)

/* ---- a daemon with one source, which the test feeds ---- */

static struct {
	sd_event *event;
	char dir[32];
	struct state *state;
	struct keep *keep;
	struct counters_file *counters;
	struct registry *registry;
	u64 real_us;
} lab;

static char name[] = "house", uri[] = "serial:/nonexistent", where[] = "test:1";
static struct source_config config = { .name = name, .uri = uri, .where = where };

static void nothing_changed(void *ctx)
{
}

static void daemon_start(void)
{
	memset(&seen, 0, sizeof(seen));
	seen.output.ops = &ops;
	assert_int_equal(state_load(lab.event, lab.dir, &lab.state), 0);
	assert_int_equal(keep_new(lab.event, lab.dir, false, &lab.keep), 0);
	assert_int_equal(counters_file_new(lab.event, lab.dir, false, &lab.counters), 0);
	assert_int_equal(registry_new(lab.event, lab.state, lab.keep, lab.counters, NULL,
				      nothing_changed, NULL, &lab.registry), 0);
	assert_int_equal(registry_add_output(lab.registry, &seen.output), 0);
	assert_int_equal(registry_add_source(lab.registry, &config, NULL), 0);
	assert_non_null(seen.source);
}

static void daemon_stop(void)
{
	registry_free(lab.registry);
	keep_free(lab.keep);
	counters_file_free(lab.counters);
	state_free(lab.state);
}

static int lab_setup(void **state)
{
	strcpy(lab.dir, "/tmp/test_registry.XXXXXX");
	assert_non_null(mkdtemp(lab.dir));
	assert_true(sd_event_new(&lab.event) >= 0);
	scale_init(&config.settings.scale);
	config.meter = NULL;
	config.settings.derive.limit_w = 3 * 230 * 80;
	lab.real_us = REAL_US;
	daemon_start();
	return 0;
}

static int lab_teardown(void **state)
{
	char command[64];

	daemon_stop();
	sd_event_unref(lab.event);
	snprintf(command, sizeof(command), "rm -r %s", lab.dir);
	return system(command);
}

static struct message msg;

static struct message *message(u8 channel, const char *id, const char *type)
{
	memset(&msg, 0, sizeof(msg));
	msg.kind = MESSAGE_READINGS;
	msg.channel = channel;
	msg.list.shape = LIST_TELEGRAM;
	msg.list.n = 2;
	readings_clear(&msg.readings);
	if (id)
		msg.readings.identity[ID_METER_ID] = (struct text){ id, (u8)strlen(id) };
	if (type)
		msg.readings.identity[ID_METER_TYPE] = (struct text){ type, (u8)strlen(type) };
	return &msg;
}

static void deliver(void)
{
	lab.real_us += 10 * USEC_PER_SEC;
	seen.source->last_message_us = mono_us();
	seen.last = NULL;
	seen.source->owner->message(seen.source->ctx, seen.source, &msg, lab.real_us);
}

static void send_main(const char *id)
{
	message(0, id, NULL);
	readings_set(&msg.readings, Q_ACTIVE_POWER_IMPORT, (struct decimal){ 503, 0 });
	deliver();
}

/* @minute: when it was captured, of the hour from REAL_US on, as a meter in winter says it */
static void send_gas(const char *id, u8 channel, int minute, s64 litres)
{
	message(channel, id, "gas");
	msg.readings.has_time = true;
	msg.readings.time = (struct cosem_time){ 2025, 11, 22, 11, (u8)minute, 0, 0, -60 };
	readings_set(&msg.readings, Q_GAS_VOLUME, (struct decimal){ litres, -3 });
	deliver();
}

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

/* ---- what is logged ---- */

static int saved_stderr = -1;

static void log_begin(int level)
{
	FILE *f = tmpfile();

	assert_non_null(f);
	saved_stderr = dup(STDERR_FILENO);
	assert_true(dup2(fileno(f), STDERR_FILENO) >= 0);
	fclose(f);
	log_set_level(level);
}

/* How many lines since log_begin() have @text in them? */
static unsigned int logged(const char *text)
{
	static char buf[65536];
	ssize_t n = pread(STDERR_FILENO, buf, sizeof(buf) - 1, 0);
	unsigned int found = 0;

	assert_in_range(n, 0, sizeof(buf) - 2);
	buf[n] = '\0';
	for (const char *p = buf; (p = strstr(p, text)); p += strlen(text))
		found++;
	return found;
}

static void log_end(void)
{
	log_set_level(LOG_EMERG);
	dup2(saved_stderr, STDERR_FILENO);
	close(saved_stderr);
}

/* As send_gas(), each 10 s, of which nobody has to wait. */
static void send_gas_at(s64 litres, u64 mono_us)
{
	message(1, GAS, "gas");
	readings_set(&msg.readings, Q_GAS_VOLUME, (struct decimal){ litres, -3 });
	lab.real_us += 10 * USEC_PER_SEC;
	seen.source->last_message_us = mono_us;
	seen.source->owner->message(seen.source->ctx, seen.source, &msg, lab.real_us);
}

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
#define LAB(test) cmocka_unit_test_setup_teardown(test, lab_setup, lab_teardown)
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
		LAB(the_one_silent_for_longest_makes_room),
		LAB(what_was_captured_once_is_one_reading),
		LAB(a_step_back_is_not_said_with_each_telegram),
		LAB(the_rest_is_for_debugging),
		LAB(a_clock_without_an_offset_will_do),
		LAB(a_step_back_has_to_be_confirmed),
		LAB(the_current_transformers_are_the_meters_own),
		LAB(without_a_checksum_it_says_so),
		LAB(what_came_without_a_checksum_says_so_after_a_restart),
		LAB(it_is_forgotten_alone),
		LAB(it_is_remembered),
		LAB(who_stands_by_takes_over_what_hangs_behind_it_too),
		cmocka_unit_test(its_file_says_where_it_hangs),
	};

	log_init("test_registry");
	log_set_level(LOG_EMERG);
	return cmocka_run_group_tests_name("registry", tests, NULL, NULL);
}
