// SPDX-License-Identifier: GPL-2.0
/*
 * The parts of the MQTT client: what is kept for the broker, who gets its messages, what the
 * settings mean.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "log.h"
#include "mqtt/client.h"
#include "mqtt/outbox.h"
#include "mqtt/reason.h"
#include "mqtt/settings.h"
#include "mqtt/subscriptions.h"
#include "util.h"

#define SECOND	USEC_PER_SEC

/* ---- outbox ---- */

static int outbox_setup(void **state)
{
	struct outbox *o = malloc(sizeof(*o));

	assert_non_null(o);
	outbox_init(o);
	*state = o;
	return 0;
}

static int outbox_teardown(void **state)
{
	outbox_clear(*state);
	assert_int_equal(((struct outbox *)*state)->topics, 0);
	free(*state);
	return 0;
}

static void put(struct outbox *o, const char *topic, const char *payload, bool retain, u64 now_us)
{
	assert_int_equal(outbox_put(o, topic, payload, strlen(payload), retain, now_us), 0);
}

/* Send all that may be sent; as "topic=payload topic=payload". */
static const char *sent(struct outbox *o, bool retained, u64 now_us)
{
	static char text[1024];
	struct letter *l;
	size_t n = 0;

	text[0] = '\0';
	while ((l = outbox_next(o, retained, now_us))) {
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%s=%.*s", n ? " " : "",
				      l->topic, (int)l->n, l->n ? (char *)l->payload : "");
		assert_true(n < sizeof(text));
		outbox_sent(o, l);
	}
	return text;
}

static void test_outbox_latest_value_wins(void **state)
{
	struct outbox *o = *state;

	put(o, "a", "1", false, 0);
	put(o, "b", "1", false, 0);
	put(o, "a", "2", false, 0);
	put(o, "a", "3", false, 0);
	assert_int_equal(o->topics, 2);
	assert_int_equal(o->replaced, 2);
	/* In its old place: a topic that changes often does not starve. */
	assert_string_equal(sent(o, true, 0), "a=3 b=1");
	assert_true(outbox_empty(o));
	assert_int_equal(o->topics, 0);

	put(o, "a", "4", false, 0);
	assert_int_equal(o->replaced, 2);
	assert_string_equal(sent(o, true, 0), "a=4");
}

static void test_outbox_retained_first(void **state)
{
	struct outbox *o = *state;

	put(o, "power", "1", false, 0);
	put(o, "energy", "1", true, 0);
	put(o, "state", "online", true, 0);
	assert_string_equal(sent(o, true, 0), "energy=1 state=online power=1");
}

static void test_outbox_momentary_pass_when_confirmations_are_missing(void **state)
{
	struct outbox *o = *state;

	put(o, "energy", "1", true, 0);
	put(o, "power", "1", false, 0);
	assert_string_equal(sent(o, false, 0), "power=1");
	assert_false(outbox_empty(o));
	assert_string_equal(sent(o, true, 0), "energy=1");
}

static void test_outbox_old_momentary_values_are_not_sent(void **state)
{
	struct outbox *o = *state;

	put(o, "power", "old", false, 0);
	put(o, "energy", "old", true, 0);
	put(o, "other", "new", false, 20 * SECOND);
	assert_string_equal(sent(o, true, 31 * SECOND), "energy=old other=new");
	assert_int_equal(o->topics, 1);

	/* The age is that of the value, not of its place in the queue. */
	put(o, "power", "old", false, 0);
	put(o, "power", "new", false, 25 * SECOND);
	assert_string_equal(sent(o, true, 31 * SECOND), "power=new");
	put(o, "power", "just", false, 0);
	assert_string_equal(sent(o, true, 30 * SECOND), "power=just");
}

static void test_outbox_resend(void **state)
{
	struct outbox *o = *state;

	put(o, "a", "1", true, 0);
	put(o, "b", "1", true, 0);
	put(o, "p", "1", false, 0);
	assert_string_equal(sent(o, true, 0), "a=1 b=1 p=1");
	assert_string_equal(sent(o, true, 0), "");

	put(o, "c", "1", true, 0);
	put(o, "a", "2", true, 0);
	outbox_resend(o);
	assert_string_equal(sent(o, true, 0), "b=1 c=1 a=2");
	outbox_resend(o);
	outbox_resend(o);
	assert_string_equal(sent(o, true, 0), "b=1 c=1 a=2");
	assert_int_equal(o->replaced, 0);
}

static void test_outbox_kind_of_a_topic_changes(void **state)
{
	struct outbox *o = *state;

	put(o, "a", "kept", true, 0);
	assert_string_equal(sent(o, true, 0), "a=kept");
	put(o, "a", "passing", false, 0);
	outbox_resend(o);
	assert_string_equal(sent(o, true, 0), "a=passing");
	assert_int_equal(o->topics, 0);

	put(o, "a", "passing", false, 0);
	put(o, "a", "kept", true, 0);
	assert_string_equal(sent(o, false, 0), "");
	assert_string_equal(sent(o, true, 0), "a=kept");
	assert_int_equal(o->topics, 1);
}

static void test_outbox_removal_of_a_retained_value(void **state)
{
	struct outbox *o = *state;
	struct letter *l;

	put(o, "a", "1", true, 0);
	sent(o, true, 0);
	assert_int_equal(outbox_put(o, "a", NULL, 0, true, 0), 0);
	l = outbox_next(o, true, 0);
	assert_non_null(l);
	assert_int_equal(l->n, 0);
	assert_null(l->payload);
	assert_true(l->retain);
}

static void fill(struct outbox *o, const char *payload, bool retain, u64 now_us)
{
	char topic[32];

	for (unsigned int i = 0; o->topics < OUTBOX_TOPICS_MAX; i++) {
		snprintf(topic, sizeof(topic), "t%s/%u", payload, i);
		put(o, topic, payload, retain, now_us);
	}
}

static void test_outbox_is_bounded(void **state)
{
	struct outbox *o = *state;

	fill(o, "1", true, 0);
	assert_int_equal(outbox_put(o, "more", "1", 1, false, 0), -ENOBUFS);
	put(o, "t1/7", "2", true, 0);
	outbox_drop(o, outbox_next(o, true, 0));
	put(o, "more", "1", false, 0);
	assert_int_equal(outbox_put(o, "still more", "1", 1, true, 0), -ENOBUFS);
	assert_int_equal(o->topics, OUTBOX_TOPICS_MAX);
}

static void test_outbox_makes_room(void **state)
{
	struct outbox *o = *state;
	struct letter *l;

	fill(o, "1", false, 0);
	assert_int_equal(outbox_put(o, "more", "1", 1, false, 30 * SECOND), -ENOBUFS);
	put(o, "more", "1", false, 31 * SECOND);
	assert_int_equal(o->topics, 1);

	/* Removals that the broker has got. */
	fill(o, "", true, 31 * SECOND);
	assert_int_equal(outbox_put(o, "again", "1", 1, true, 31 * SECOND), -ENOBUFS);
	while ((l = outbox_next(o, true, 31 * SECOND)))
		outbox_sent(o, l);
	fill(o, "1", true, 31 * SECOND);
	put(o, "again", "1", true, 31 * SECOND);
	assert_int_equal(o->topics, 2);
}

/* ---- subscriptions ---- */

struct ear {
	struct subscriptions *list;
	char heard[256];
	bool leave;
	bool join;
};

static void hear(void *ctx, const char *topic, const u8 *payload, size_t n, bool retained)
{
	struct ear *e = ctx;
	size_t at = strlen(e->heard);

	snprintf(e->heard + at, sizeof(e->heard) - at, "%s%s=%.*s%s", at ? " " : "", topic, (int)n,
		 (const char *)payload, retained ? "!" : "");
	if (e->leave)
		subscriptions_remove(e->list, "home/+", hear, e);
	if (e->join)
		assert_int_equal(subscriptions_add(e->list, "home/+", hear, e), 0);
}

static void hand(struct subscriptions *s, const char *topic, const char *payload, bool retained)
{
	subscriptions_hand(s, topic, (const u8 *)payload, strlen(payload), retained);
}

/* Subscribe to what waits; as "filter filter". */
static const char *subscribed(struct subscriptions *s, int first_mid)
{
	static char text[256];
	struct filter *f;
	size_t n = 0;

	text[0] = '\0';
	while ((f = subscriptions_next(s))) {
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%s", n ? " " : "", f->text);
		f->mid = first_mid++;
	}
	return text;
}

static void test_subscriptions_match(void **state)
{
	static const struct {
		const char *filter, *topic;
		bool match;
	} rows[] = {
		{ "home/han", "home/han", true },
		{ "home/han", "home/han/x", false },
		{ "home/han", "home/ha", false },
		{ "home/+", "home/han", true },
		{ "home/+", "home/han/x", false },
		{ "home/#", "home/han/x", true },
		{ "#", "home/han/x", true },
		{ "+/han", "home/han", true },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct subscriptions s;
		struct ear e = { .list = &s };

		subscriptions_init(&s);
		assert_int_equal(subscriptions_add(&s, rows[i].filter, hear, &e), 0);
		hand(&s, rows[i].topic, "x", false);
		if (!!e.heard[0] != rows[i].match)
			fail_msg("%s, %s", rows[i].filter, rows[i].topic);
		subscriptions_clear(&s);
	}
}

static void test_subscriptions_share_a_filter(void **state)
{
	struct subscriptions s;
	struct ear a = { .list = &s }, b = { .list = &s };

	subscriptions_init(&s);
	assert_int_equal(subscriptions_add(&s, "home/+", hear, &a), 0);
	assert_int_equal(subscriptions_add(&s, "home/+", hear, &b), 0);
	assert_int_equal(subscriptions_add(&s, "other", hear, &b), 0);
	assert_string_equal(subscribed(&s, 1), "home/+ other");
	assert_string_equal(subscribed(&s, 9), "");

	hand(&s, "home/han", "1", false);
	hand(&s, "home/han", "2", true);
	assert_string_equal(a.heard, "home/han=1 home/han=2!");
	assert_string_equal(b.heard, a.heard);

	assert_false(subscriptions_remove(&s, "home/+", hear, &a));
	assert_true(subscriptions_remove(&s, "home/+", hear, &b));
	assert_false(subscriptions_remove(&s, "home/+", hear, &b));
	assert_string_equal(subscriptions_find(&s, 2)->text, "other");
	assert_null(subscriptions_find(&s, 1));

	subscriptions_again(&s);
	assert_string_equal(subscribed(&s, 5), "other");
	subscriptions_clear(&s);
}

static void test_subscriptions_change_while_handing(void **state)
{
	struct subscriptions s;
	struct ear a = { .list = &s, .leave = true }, b = { .list = &s };
	struct ear c = { .list = &s, .leave = true };

	subscriptions_init(&s);
	assert_int_equal(subscriptions_add(&s, "home/+", hear, &a), 0);
	assert_int_equal(subscriptions_add(&s, "home/+", hear, &b), 0);
	assert_string_equal(subscribed(&s, 1), "home/+");
	hand(&s, "home/han", "1", false);
	hand(&s, "home/han", "2", false);
	assert_string_equal(a.heard, "home/han=1");
	assert_string_equal(b.heard, "home/han=1 home/han=2");

	/* The last one leaves and comes back at once: the broker has to be asked again. */
	assert_true(subscriptions_remove(&s, "home/+", hear, &b));
	assert_int_equal(subscriptions_add(&s, "home/+", hear, &c), 0);
	assert_string_equal(subscribed(&s, 1), "home/+");
	c.join = true;
	hand(&s, "home/han", "3", false);
	assert_string_equal(subscribed(&s, 2), "home/+");
	c.leave = c.join = false;
	hand(&s, "home/han", "4", false);
	assert_string_equal(c.heard, "home/han=3 home/han=4");
	subscriptions_clear(&s);
}

/* ---- settings ---- */

static void test_settings_mistakes(void **state)
{
	static char t[] = "x", none[] = "";
	static const struct {
		struct mqtt_config config;
		const char *mistake;
	} rows[] = {
		{ { .host = t }, NULL },
		{ { .host = t, .username = t }, NULL },
		{ { .host = t, .username = t, .password_file = t }, NULL },
		{ { .host = t, .ca_file = t, .cert_file = t, .key_file = t }, NULL },
		{ { .host = t, .psk_identity = t, .psk_file = t }, NULL },
		{ { .host = t, .keepalive_s = 5 }, NULL },
		{ { .host = NULL }, "host" },
		{ { .host = none }, "host" },
		{ { .host = t, .keepalive_s = 4 }, "keep-alive" },
		{ { .host = t, .client_id = none }, "client id" },
		{ { .host = t, .password_file = t }, "user name" },
		{ { .host = t, .cert_file = t }, "certificate" },
		{ { .host = t, .key_file = t }, "certificate" },
		{ { .host = t, .psk_identity = t }, "PSK" },
		{ { .host = t, .psk_file = t }, "PSK" },
		{ { .host = t, .psk_identity = t, .psk_file = t, .ca_file = t }, "PSK" },
	};
	struct mqtt_client *c = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const char *mistake = settings_mistake(&rows[i].config);

		if (!rows[i].mistake) {
			assert_null(mistake);
			continue;
		}
		if (!mistake || !strstr(mistake, rows[i].mistake))
			fail_msg("row %zu: \"%s\"", i, mistake ?: "no mistake");
		assert_int_equal(mqtt_client_new(NULL, &rows[i].config, &c), -EINVAL);
		assert_null(c);
	}
}

static void test_settings_defaults(void **state)
{
	static char t[] = "x";
	static const struct {
		struct mqtt_config given;
		u16 port, keepalive_s;
		bool tls;
	} rows[] = {
		{ { .host = t }, 1883, 60, false },
		{ { .host = t, .port = 1234, .keepalive_s = 15 }, 1234, 15, false },
		{ { .host = t, .tls = true }, 8883, 60, true },
		{ { .host = t, .ca_file = t }, 8883, 60, true },
		{ { .host = t, .ca_dir = t, .port = 1883 }, 1883, 60, true },
		{ { .host = t, .psk_identity = t, .psk_file = t }, 8883, 60, true },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct mqtt_config c = { 0 };

		assert_int_equal(settings_copy(&rows[i].given, &c), 0);
		assert_string_equal(c.host, t);
		assert_ptr_not_equal(c.host, t);
		assert_int_equal(c.port, rows[i].port);
		assert_int_equal(c.keepalive_s, rows[i].keepalive_s);
		assert_int_equal(c.tls, rows[i].tls);
		settings_clear(&c);
		assert_null(c.host);
	}
}

static void test_client_id(void **state)
{
	char one[CLIENT_ID_MAX], same[CLIENT_ID_MAX], other[CLIENT_ID_MAX], none[CLIENT_ID_MAX];

	settings_make_id("amshan/availability", one);
	settings_make_id("amshan/availability", same);
	settings_make_id("home/availability", other);
	settings_make_id(NULL, none);
	assert_string_equal(one, same);
	assert_string_not_equal(one, other);
	assert_string_not_equal(one, none);
	/* What every broker has to take: MQTT 3.1.1, 3.1.3.1. */
	assert_int_equal(strlen(one), 22);
	assert_int_equal(strspn(one, "0123456789abcdefghijklmnopqrstuvwxyz"), 22);
}

static void test_reasons_of_a_refusal(void **state)
{
	static const struct {
		int code;
		bool named;
		const char *reason;
	} rows[] = {
		{ 1, false, "the broker does not speak MQTT 3.1.1" },
		{ 2, false, "the broker refused the client id me" },
		{ 3, false, "the broker says that it is not available" },
		{ 4, true, "the broker refused the user name or password" },
		{ 5, true, "the broker refused the user name or password" },
		{ 5, false, "the broker wants a user name and a password" },
		{ 77, true, "the broker refused the connection, code 77" },
	};
	char reason[MQTT_REASON_MAX];

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		reason_connack(rows[i].code, rows[i].named, "me", reason);
		assert_string_equal(reason, rows[i].reason);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define OUTBOX(test) cmocka_unit_test_setup_teardown(test, outbox_setup, outbox_teardown)
		OUTBOX(test_outbox_latest_value_wins),
		OUTBOX(test_outbox_retained_first),
		OUTBOX(test_outbox_momentary_pass_when_confirmations_are_missing),
		OUTBOX(test_outbox_old_momentary_values_are_not_sent),
		OUTBOX(test_outbox_resend),
		OUTBOX(test_outbox_kind_of_a_topic_changes),
		OUTBOX(test_outbox_removal_of_a_retained_value),
		OUTBOX(test_outbox_is_bounded),
		OUTBOX(test_outbox_makes_room),
		cmocka_unit_test(test_subscriptions_match),
		cmocka_unit_test(test_subscriptions_share_a_filter),
		cmocka_unit_test(test_subscriptions_change_while_handing),
		cmocka_unit_test(test_settings_mistakes),
		cmocka_unit_test(test_settings_defaults),
		cmocka_unit_test(test_client_id),
		cmocka_unit_test(test_reasons_of_a_refusal),
	};

	log_init("test_mqtt");
	log_set_level(LOG_EMERG);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
