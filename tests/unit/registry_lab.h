/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A registry with one source, for tests: messages are what the test gives it, and an output writes down what
 * it is told.
 */
#ifndef AMSHAN_TESTS_REGISTRY_LAB_H
#define AMSHAN_TESTS_REGISTRY_LAB_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
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
static inline void send_gas(const char *id, u8 channel, int minute, s64 litres)
{
	message(channel, id, "gas");
	msg.readings.has_time = true;
	msg.readings.time = (struct cosem_time){ 2025, 11, 22, 11, (u8)minute, 0, 0, -60 };
	readings_set(&msg.readings, Q_GAS_VOLUME, (struct decimal){ litres, -3 });
	deliver();
}

/* ---- what is logged ---- */

static int saved_stderr = -1;

static inline void log_begin(int level)
{
	FILE *f = tmpfile();

	assert_non_null(f);
	saved_stderr = dup(STDERR_FILENO);
	assert_true(dup2(fileno(f), STDERR_FILENO) >= 0);
	fclose(f);
	log_set_level(level);
}

/* How many lines since log_begin() have @text in them? */
static inline unsigned int logged(const char *text)
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

static inline void log_end(void)
{
	log_set_level(LOG_EMERG);
	dup2(saved_stderr, STDERR_FILENO);
	close(saved_stderr);
}

/* As send_gas(), each 10 s, of which nobody has to wait. */

#define LAB(test) cmocka_unit_test_setup_teardown(test, lab_setup, lab_teardown)

#endif /* AMSHAN_TESTS_REGISTRY_LAB_H */
