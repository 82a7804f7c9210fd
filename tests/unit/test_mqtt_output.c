// SPDX-License-Identifier: GPL-2.0
/*
 * The MQTT output and the MQTT source against a stand-in for the client: topics, payloads, states.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "log.h"
#include "mqtt_stand_in.h"
#include "output/mqtt.h"
#include "source/source.h"
#include "util.h"

/* ---- the stand-in ---- */

static void client_becomes(struct mqtt_client *c, enum mqtt_state state, const char *reason)
{
	c->state = state;
	snprintf(c->reason, sizeof(c->reason), "%s", reason);
	if (c->on_state)
		c->on_state(c->state_ctx, state, reason);
}

#define assert_said(c, text)					\
	do {							\
		assert_string_equal((c)->said, text);		\
		(c)->said[0] = '\0';				\
	} while (0)

/* ---- output ---- */

#define RECEIVED_US	1763805600123456ull	/* 2025-11-22T10:00:00.123456Z */
#define RECEIVED	"\"received\":\"2025-11-22T10:00:00.123Z\""

struct shown {
	sd_event *event;
	struct mqtt_client client;
	struct output *output;
	struct meter *meter;
};

#define NO_PROBLEM	"{\"problem\":false,\"text\":\"\"}"

static int shown_setup(void **state)
{
	struct shown *s = calloc(1, sizeof(*s));

	assert_non_null(s);
	assert_true(sd_event_new(&s->event) >= 0);
	assert_int_equal(mqtt_output_new(s->event, &s->client, "amshan", &s->output), 0);
	assert_string_equal(s->client.will, "amshan/availability=offline");
	assert_said(&s->client, "amshan/availability=online!\n");
	s->meter = meter_new("7359992890941742", "one");
	assert_non_null(s->meter);
	s->output->ops->meter_added(s->output, s->meter);
	assert_said(&s->client, "amshan/7359992890941742/availability=offline!\n"
				"amshan/7359992890941742/problem=" NO_PROBLEM "!\n");
	*state = s;
	return 0;
}

static int shown_teardown(void **state)
{
	struct shown *s = *state;

	s->output->ops->free(s->output);
	sd_event_unref(s->event);
	assert_null(s->meter->mqtt);
	meter_free(s->meter);
	free(s);
	return 0;
}

static void update(struct shown *s, const struct readings *r, bool clock)
{
	struct meter_update u = { .readings = r, .clock = clock, .real_us = RECEIVED_US };

	s->output->ops->meter_updated(s->output, s->meter, &u);
}

static void test_output_power(void **state)
{
	struct shown *s = *state;
	struct readings r;

	readings_clear(&r);
	readings_set(&r, Q_ACTIVE_POWER_IMPORT, (struct decimal){ 1234, 0 });
	update(s, &r, false);
	assert_said(&s->client,
		    "amshan/7359992890941742/power={\"active_power_import\":1234," RECEIVED "}\n");

	/* Power and phases are one topic; what the list did not have is not in it. */
	readings_clear(&r);
	readings_set(&r, Q_ACTIVE_POWER_EXPORT, (struct decimal){ 0, 0 });
	readings_set(&r, Q_VOLTAGE_L1, (struct decimal){ 2305, -1 });
	readings_set(&r, Q_CURRENT_L3, (struct decimal){ 23, -1 });
	update(s, &r, false);
	assert_said(&s->client,
		    "amshan/7359992890941742/power={\"active_power_export\":0,\"voltage_l1\":230.5,"
		    "\"current_l3\":2.3," RECEIVED "}\n");
}

static void test_output_energy_and_clock(void **state)
{
	struct shown *s = *state;
	struct readings r;

	strcpy(s->meter->clock.iso, "2025-11-22T11:00:00+01:00");
	readings_clear(&r);
	readings_set(&r, Q_ACTIVE_ENERGY_IMPORT, (struct decimal){ 12345670, 0 });
	readings_set(&r, Q_ACTIVE_ENERGY_IMPORT_T1, (struct decimal){ 1, 1 });
	update(s, &r, true);
	assert_said(&s->client,
		    "amshan/7359992890941742/energy={\"active_energy_import\":12345670,"
		    "\"active_energy_import_t1\":10,\"meter_time\":\"2025-11-22T11:00:00+01:00\","
		    RECEIVED "}!\n");

	/* A long list has both; an old clock is not given to a list without one. */
	readings_set(&r, Q_ACTIVE_POWER_IMPORT, (struct decimal){ -5, -1 });
	readings_drop(&r, Q_ACTIVE_ENERGY_IMPORT_T1);
	update(s, &r, false);
	assert_said(&s->client,
		    "amshan/7359992890941742/power={\"active_power_import\":-0.5," RECEIVED "}\n"
		    "amshan/7359992890941742/energy={\"active_energy_import\":12345670,"
		    RECEIVED "}!\n");
}

static void test_output_names_what_is_derived(void **state)
{
	struct shown *s = *state;
	struct readings r;

	/* In the topic that has it, and in no other. */
	readings_clear(&r);
	readings_set(&r, Q_ACTIVE_ENERGY_IMPORT, (struct decimal){ 1, 0 });
	readings_set(&r, Q_VOLTAGE_L1, (struct decimal){ 2305, -1 });
	readings_set_derived(&r, Q_VOLTAGE_L2, (struct decimal){ 2315, -1 });
	update(s, &r, false);
	assert_said(&s->client,
		    "amshan/7359992890941742/power={\"voltage_l1\":230.5,\"voltage_l2\":231.5,"
		    "\"derived\":[\"voltage_l2\"]," RECEIVED "}\n"
		    "amshan/7359992890941742/energy={\"active_energy_import\":1," RECEIVED "}!\n");
}

/* How the supply was is retained; each topic says that there was no checksum. */
static void test_output_quality_unverified(void **state)
{
	struct shown *s = *state;
	struct readings r;

	readings_clear(&r);
	assert_false(r.unverified);
	r.unverified = true;
	readings_set(&r, Q_VOLTAGE_L1, (struct decimal){ 2305, -1 });
	readings_set(&r, Q_VOLTAGE_SAGS_L1, (struct decimal){ 3, 0 });
	readings_set(&r, Q_POWER_FAILURES, (struct decimal){ 15, 0 });
	update(s, &r, false);
	assert_said(&s->client,
		    "amshan/7359992890941742/power={\"voltage_l1\":230.5,\"unverified\":true,"
		    RECEIVED "}\n"
		    "amshan/7359992890941742/quality={\"voltage_sags_l1\":3,\"power_failures\":15,"
		    "\"unverified\":true," RECEIVED "}!\n");

	/* Of nothing it is not said. */
	readings_clear_values(&r);
	update(s, &r, false);
	assert_said(&s->client, "");
}

static void test_output_says_nothing_of_nothing(void **state)
{
	struct shown *s = *state;
	struct readings r;

	readings_clear(&r);
	update(s, &r, true);
	assert_said(&s->client, "");
}

static void test_output_availability(void **state)
{
	struct shown *s = *state;
	struct readings r;

	s->meter->available = true;
	s->output->ops->meter_availability(s->output, s->meter);
	assert_said(&s->client, "amshan/7359992890941742/availability=online!\n");
	s->meter->available = false;
	s->output->ops->meter_availability(s->output, s->meter);
	assert_said(&s->client, "amshan/7359992890941742/availability=offline!\n");

	s->output->ops->meter_removed(s->output, s->meter);
	assert_said(&s->client, "amshan/7359992890941742/availability=offline!\n");
	assert_null(s->meter->mqtt);

	/* Gone is gone. */
	readings_clear(&r);
	readings_set(&r, Q_ACTIVE_POWER_IMPORT, (struct decimal){ 1, 0 });
	update(s, &r, false);
	s->output->ops->meter_availability(s->output, s->meter);
	s->output->ops->meter_removed(s->output, s->meter);
	assert_said(&s->client, "");
}

/* Whoever shows the last value forgets it: it must not come back with a short list. */
static void test_output_silence(void **state)
{
	struct shown *s = *state;

	s->meter->known[Q_ACTIVE_POWER_IMPORT / 64] |= 1ull << (Q_ACTIVE_POWER_IMPORT % 64);
	s->meter->known[Q_VOLTAGE_L1 / 64] |= 1ull << (Q_VOLTAGE_L1 % 64);
	s->meter->known[Q_ACTIVE_ENERGY_IMPORT / 64] |= 1ull << (Q_ACTIVE_ENERGY_IMPORT % 64);
	s->output->ops->meter_availability(s->output, s->meter);
	assert_said(&s->client, "amshan/7359992890941742/power={\"active_power_import\":null,"
				"\"voltage_l1\":null}\n"
				"amshan/7359992890941742/availability=offline!\n");
}

/* A register that was held back: the last good one stays at the broker. */
static void test_output_accepted_registers(void **state)
{
	struct shown *s = *state;
	struct readings r;

	s->meter->derive.guard.reg[Q_ACTIVE_ENERGY_IMPORT] = (struct guard_register){
		.known = true, .value = 1230, .time_us = RECEIVED_US,
	};
	readings_clear(&r);
	readings_set(&r, Q_ACTIVE_ENERGY_EXPORT, (struct decimal){ 5, 0 });
	update(s, &r, false);
	assert_said(&s->client, "amshan/7359992890941742/energy={\"active_energy_export\":5,"
				"\"active_energy_import\":1230," RECEIVED "}!\n");

	/* Of a sum it is said that it is one, now and then. */
	s->meter->derived[Q_ACTIVE_ENERGY_IMPORT / 64] |= 1ull << (Q_ACTIVE_ENERGY_IMPORT % 64);
	s->meter->derived[Q_VOLTAGE_L2 / 64] |= 1ull << (Q_VOLTAGE_L2 % 64);
	update(s, &r, false);
	assert_said(&s->client, "amshan/7359992890941742/energy={\"active_energy_export\":5,"
				"\"active_energy_import\":1230,\"derived\":[\"active_energy_import\"],"
				RECEIVED "}!\n");

	/* And it is said when the daemon has started. */
	s->output->ops->meter_removed(s->output, s->meter);
	s->output->ops->meter_added(s->output, s->meter);
	assert_said(&s->client, "amshan/7359992890941742/availability=offline!\n"
				"amshan/7359992890941742/availability=offline!\n"
				"amshan/7359992890941742/energy={\"active_energy_import\":1230,"
				"\"derived\":[\"active_energy_import\"]," RECEIVED "}!\n"
				"amshan/7359992890941742/problem=" NO_PROBLEM "!\n");
}

/* A register of a message that nothing spoke for: also behind a verified one, and after a restart. */
static void test_output_unverified_registers(void **state)
{
	struct shown *s = *state;
	struct guard_register *reg = &s->meter->derive.guard.reg[Q_ACTIVE_ENERGY_IMPORT];
	struct readings r;

	*reg = (struct guard_register){
		.known = true, .unverified = true, .value = 1230, .time_us = RECEIVED_US,
	};
	readings_clear(&r);
	readings_set(&r, Q_ACTIVE_ENERGY_EXPORT, (struct decimal){ 5, 0 });
	update(s, &r, false);
	assert_said(&s->client, "amshan/7359992890941742/energy={\"active_energy_export\":5,"
				"\"active_energy_import\":1230,\"unverified\":true," RECEIVED "}!\n");
	s->output->ops->meter_removed(s->output, s->meter);
	s->output->ops->meter_added(s->output, s->meter);
	assert_said(&s->client, "amshan/7359992890941742/availability=offline!\n"
				"amshan/7359992890941742/availability=offline!\n"
				"amshan/7359992890941742/energy={\"active_energy_import\":1230,"
				"\"unverified\":true," RECEIVED "}!\n"
				"amshan/7359992890941742/problem=" NO_PROBLEM "!\n");

	/* A verified one came: of the other one in the list it matters no more. */
	readings_set(&r, Q_ACTIVE_ENERGY_IMPORT, (struct decimal){ 1231, 0 });
	update(s, &r, false);
	assert_said(&s->client, "amshan/7359992890941742/energy={\"active_energy_import\":1231,"
				"\"active_energy_export\":5," RECEIVED "}!\n");
}

/* A problem: once when it comes, once when it goes. */
static void test_output_problem(void **state)
{
	struct shown *s = *state;
	struct readings r;
	struct meter_update u = { .readings = &r, .real_us = RECEIVED_US, .problem = true };

	readings_clear(&r);
	strcpy(s->meter->problem, "it is \"odd\"");
	s->output->ops->meter_updated(s->output, s->meter, &u);
	assert_said(&s->client, "amshan/7359992890941742/problem={\"problem\":true,"
				"\"text\":\"it is \\\"odd\\\"\"}!\n");
	u.problem = false;
	s->output->ops->meter_updated(s->output, s->meter, &u);
	assert_said(&s->client, "");
	*s->meter->problem = '\0';
	u.problem = true;
	s->output->ops->meter_updated(s->output, s->meter, &u);
	assert_said(&s->client, "amshan/7359992890941742/problem=" NO_PROBLEM "!\n");
}

/* Behind the announcement, which is taken away first; at once if there is no time left. */
static void test_output_forgotten(void **state)
{
	static const char removed[] = "amshan/gone/availability=!\namshan/gone/energy=!\n"
				      "amshan/gone/quality=!\namshan/gone/derived=!\namshan/gone/problem=!\n";
	struct shown *s = *state;

	s->output->ops->meter_forgotten(s->output, "gone");
	assert_said(&s->client, "");
	sd_event_run(s->event, 5000000);
	assert_said(&s->client, removed);

	s->output->ops->meter_forgotten(s->output, "7359992890941742");
	s->output->ops->meter_removed(s->output, s->meter);
	s->output->ops->meter_added(s->output, s->meter);
	assert_said(&s->client, "amshan/7359992890941742/availability=offline!\n"
				"amshan/7359992890941742/availability=offline!\n"
				"amshan/7359992890941742/problem=" NO_PROBLEM "!\n");
	s->output->ops->meter_forgotten(s->output, "gone");
	s->output->ops->meter_removed(s->output, s->meter);
	assert_said(&s->client, "amshan/7359992890941742/availability=offline!\n");
	s->output->ops->stop(s->output);
	assert_true(strstr(s->client.said, removed) == s->client.said);
	s->client.said[0] = '\0';
}

static void test_output_farewell(void **state)
{
	struct shown *s = *state;
	struct meter *other = meter_new("other", "two");

	assert_non_null(other);
	other->available = true;
	s->output->ops->meter_added(s->output, other);
	assert_said(&s->client, "amshan/other/availability=online!\n"
				"amshan/other/problem=" NO_PROBLEM "!\n");
	s->output->ops->stop(s->output);
	assert_said(&s->client, "amshan/other/availability=offline!\n"
				"amshan/7359992890941742/availability=offline!\n"
				"amshan/availability=offline!\n");
	s->output->ops->meter_removed(s->output, other);
	meter_free(other);
}

static void test_output_base_topics(void **state)
{
	static const struct {
		const char *base;
		int result;
	} rows[] = {
		{ "home/power", 0 },
		{ "h\xc3\xa5n", 0 },
		{ "", -EINVAL },
		{ "home/+", -EINVAL },
		{ "#", -EINVAL },
		{ "home/", -EINVAL },
		{ "/home", -EINVAL },
		{ "$SYS", -EINVAL },
		{ "a\xff", -EINVAL },
	};
	char longest[258];
	sd_event *event;

	assert_true(sd_event_new(&event) >= 0);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct mqtt_client c = { .state = MQTT_IDLE };
		struct output *o = NULL;

		if (mqtt_output_new(event, &c, rows[i].base, &o) != rows[i].result)
			fail_msg("\"%s\"", rows[i].base);
		if (o)
			o->ops->free(o);
	}
	memset(longest, 'a', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	assert_int_equal(mqtt_output_new(event, NULL, longest, NULL), -EINVAL);
	sd_event_unref(event);
}

/* ---- source ---- */

static unsigned int messages;

static void on_source_message(void *ctx, struct source *s, const struct message *msg, u64 real)
{
	messages++;
}

static void on_source_changed(void *ctx, struct source *s)
{
}

static const struct source_owner owner = {
	.message = on_source_message, .changed = on_source_changed, .checked = on_source_changed,
};

static int event_setup(void **state)
{
	return sd_event_new((sd_event **)state) < 0;
}

static int event_teardown(void **state)
{
	sd_event_unref(*state);
	return 0;
}

static struct source *source_of(sd_event *event, const char *uri, struct mqtt_client *client)
{
	struct source *s = NULL;
	char *error = NULL;

	if (source_new(event, "one", uri, client, &owner, NULL, &s, &error) < 0)
		fail_msg("%s: %s", uri, error);
	return s;
}

static void test_source_uris(void **state)
{
	static const struct {
		const char *uri, *error;
	} rows[] = {
		{ "mqtt:", "topic is missing" },
		{ "mqtt://broker/topic", "names a host" },
		{ "mqtt:a/#/b", "is no topic" },
		{ "mqtt:a/b+", "is no topic" },
		{ "mqtt:a\xff", "UTF-8" },
	};
	static const char *const good[] = { "mqtt:a", "mqtt:/a/b", "mqtt:a/+/c", "mqtt:#" };
	struct source *s = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_free_ char *error = NULL;

		assert_int_equal(source_new(*state, "one", rows[i].uri, NULL, &owner, NULL, &s,
					    &error), -EINVAL);
		if (!error || !strstr(error, rows[i].error))
			fail_msg("%s: \"%s\"", rows[i].uri, error ?: "no error");
	}
	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		source_free(source_of(*state, good[i], NULL));
}

static void test_source_follows_the_connection(void **state)
{
	static const struct {
		enum mqtt_state client;
		const char *reason;
		enum source_state source;
		const char *source_reason;
	} rows[] = {
		{ MQTT_RESOLVING, "", SOURCE_CONNECTING, "" },
		{ MQTT_CONNECTING, "", SOURCE_CONNECTING, "" },
		{ MQTT_BACKOFF, "connection refused by [::1]:1883", SOURCE_WAITING,
		  "no connection to the broker: connection refused by [::1]:1883" },
		/* The next attempt is no news. */
		{ MQTT_RESOLVING, "connection refused by [::1]:1883", SOURCE_WAITING,
		  "no connection to the broker: connection refused by [::1]:1883" },
		{ MQTT_CONNECTING, "connection refused by [::1]:1883", SOURCE_WAITING,
		  "no connection to the broker: connection refused by [::1]:1883" },
		{ MQTT_UP, "", SOURCE_OPEN, "" },
		{ MQTT_BACKOFF, "the broker closed the connection", SOURCE_WAITING,
		  "no connection to the broker: the broker closed the connection" },
		{ MQTT_UP, "", SOURCE_OPEN, "" },
	};
	struct mqtt_client c = { .state = MQTT_IDLE };
	struct source *s = source_of(*state, "mqtt:home/han", &c);

	assert_int_equal(source_start(s), 0);
	assert_string_equal(c.filter, "home/han");
	assert_int_equal(s->state, SOURCE_CONNECTING);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		client_becomes(&c, rows[i].client, rows[i].reason);
		if (s->state != rows[i].source || strcmp(s->reason, rows[i].source_reason) != 0)
			fail_msg("row %zu: %s \"%s\"", i, source_state_name(s->state), s->reason);
	}

	source_stop(s);
	assert_null(c.message);
	assert_null(c.on_state);
	assert_int_equal(source_start(s), 0);
	assert_int_equal(s->state, SOURCE_OPEN);

	/* The client goes first: nothing of it is touched any more. */
	client_becomes(&c, MQTT_STOPPED, "");
	assert_null(c.message);
	assert_null(c.on_state);
	memset(&c, 0xff, sizeof(c));
	source_free(s);
}

static void test_source_without_broker(void **state)
{
	struct source *s = source_of(*state, "mqtt:home/han", NULL);

	assert_int_equal(source_start(s), 0);
	assert_int_equal(s->state, SOURCE_WAITING);
	assert_string_equal(s->reason, "needs a section mqtt that names the broker");
	source_free(s);
}

static void test_source_messages(void **state)
{
	/* Aidon, list 1: one double-long-unsigned with OBIS code, scaler and unit. */
	static const char frame[] =
		"7ea02a410883130413e6e7000f4000000000010102030906"
		"0100010700ff06000002f702020f00161b887c7e";
	char text[3 * sizeof(frame)];
	struct mqtt_client c = { .state = MQTT_UP };
	struct source *s = source_of(*state, "mqtt:home/han", &c);
	u8 binary[sizeof(frame) / 2];

	for (size_t i = 0; i < sizeof(binary); i++)
		assert_int_equal(sscanf(frame + 2 * i, "%2hhx", &binary[i]), 1);
	assert_int_equal(source_start(s), 0);
	messages = 0;

	c.message(c.message_ctx, "home/han", binary, sizeof(binary), false);
	assert_int_equal(messages, 1);
	c.message(c.message_ctx, "home/han", (const u8 *)frame, strlen(frame), false);
	assert_int_equal(messages, 2);
	snprintf(text, sizeof(text), "%s\n%s", frame, frame);
	c.message(c.message_ctx, "home/han", (const u8 *)text, strlen(text), false);
	assert_int_equal(messages, 4);

	/* What the broker had kept is not of now. */
	c.message(c.message_ctx, "home/han", binary, sizeof(binary), true);
	c.message(c.message_ctx, "home/han", NULL, 0, false);
	assert_int_equal(messages, 4);
	source_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define OUTPUT(test) cmocka_unit_test_setup_teardown(test, shown_setup, shown_teardown)
#define SOURCE(test) cmocka_unit_test_setup_teardown(test, event_setup, event_teardown)
		OUTPUT(test_output_power),
		OUTPUT(test_output_energy_and_clock),
		OUTPUT(test_output_names_what_is_derived),
		OUTPUT(test_output_quality_unverified),
		OUTPUT(test_output_says_nothing_of_nothing),
		OUTPUT(test_output_availability),
		OUTPUT(test_output_silence),
		OUTPUT(test_output_accepted_registers),
		OUTPUT(test_output_unverified_registers),
		OUTPUT(test_output_forgotten),
		OUTPUT(test_output_problem),
		OUTPUT(test_output_farewell),
		cmocka_unit_test(test_output_base_topics),
		SOURCE(test_source_uris),
		SOURCE(test_source_follows_the_connection),
		SOURCE(test_source_without_broker),
		SOURCE(test_source_messages),
	};

	log_init("test_mqtt_output");
	log_set_level(LOG_EMERG);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
