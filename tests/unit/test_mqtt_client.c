// SPDX-License-Identifier: GPL-2.0
/*
 * The MQTT client without a broker, and with a peer of few octets.  What real brokers and bad ones
 * do to it is in tests/integration/test_mqtt*.py.
 */
#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <netdb.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "log.h"
#include "mqtt/client.h"
#include "mqtt/outbox.h"
#include "mqtt/reason.h"
#include "util.h"

#define SECOND	USEC_PER_SEC

/* ---- look-up ---- */

/*
 * "two.test" has two addresses, and the test stands behind the second one.  If the loop itself
 * looked up a name, it would be blocked.
 */
static pthread_t loop_thread;
static char peer_port[sizeof("65535")];

static int look_up(const char *host, const char *port, const struct addrinfo *hints,
		   struct addrinfo **ret)
{
	int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **);

	*(void **)&real = dlsym(RTLD_NEXT, "getaddrinfo");
	return real(host, port, hints, ret);
}

int getaddrinfo(const char *restrict host, const char *restrict port,
		const struct addrinfo *restrict hints, struct addrinfo **restrict ret)
{
	int r;

	if (strcmp(host, "two.test") != 0)
		return look_up(host, port, hints, ret);
	if (hints && hints->ai_flags & AI_NUMERICHOST)
		return EAI_NONAME;
	assert_false(pthread_equal(pthread_self(), loop_thread));
	r = look_up("127.0.0.2", port, hints, ret);
	if (r == 0)
		r = look_up("127.0.0.1", port, hints, &(*ret)->ai_next);
	return r;
}

/* ---- without a broker ---- */

struct states {
	struct mqtt_client *client;
	unsigned int told;
	enum mqtt_state last;
	char reason[MQTT_REASON_MAX];
	bool leave;
};

static void on_state(void *ctx, enum mqtt_state state, const char *reason)
{
	struct states *s = ctx;

	s->told++;
	s->last = state;
	reason_set(s->reason, "%s", reason);
	if (s->leave)
		mqtt_client_off_state(s->client, on_state, s);
}

static struct mqtt_client *client_new(sd_event *event, struct mqtt_config config)
{
	struct mqtt_client *c = NULL;

	assert_int_equal(mqtt_client_new(event, &config, &c), 0);
	assert_int_equal(mqtt_client_state(c), MQTT_IDLE);
	assert_string_equal(mqtt_client_reason(c), "");
	return c;
}

static void ignore(void *ctx, const char *topic, const u8 *payload, size_t n, bool retained)
{
}

static void test_client_topics(void **state)
{
	static const struct {
		const char *topic;
		bool publish, subscribe;
	} rows[] = {
		{ "a", true, true },
		{ "a/b c/\xc3\xa5", true, true },
		{ "a/+", false, true },
		{ "a/#", false, true },
		{ "a/#/b", false, false },
		{ "a/b+", false, false },
		{ "", false, false },
		{ "a/\xff", false, false },
	};
	static char host[] = "localhost";
	sd_event *event;
	struct mqtt_client *c;

	assert_true(sd_event_new(&event) >= 0);
	c = client_new(event, (struct mqtt_config){ .host = host });
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		int p = mqtt_client_publish(c, rows[i].topic, "x", 1, false);
		int s = mqtt_client_subscribe(c, rows[i].topic, ignore, NULL);

		if (p != (rows[i].publish ? 0 : -EINVAL) || s != (rows[i].subscribe ? 0 : -EINVAL))
			fail_msg("\"%s\": %d, %d", rows[i].topic, p, s);
	}
	assert_int_equal(mqtt_client_publish(c, "a", "y", 1, false), 0);
	assert_int_equal(mqtt_client_stats(c)->replaced, 1);
	assert_int_equal(mqtt_client_stats(c)->published, 0);
	mqtt_client_free(c);
	sd_event_unref(event);
}

static void test_client_topics_are_bounded(void **state)
{
	static char host[] = "localhost";
	sd_event *event;
	struct mqtt_client *c;
	char topic[32];

	assert_true(sd_event_new(&event) >= 0);
	c = client_new(event, (struct mqtt_config){ .host = host });
	for (int i = 0; i < OUTBOX_TOPICS_MAX; i++) {
		snprintf(topic, sizeof(topic), "t/%d", i);
		assert_int_equal(mqtt_client_publish(c, topic, "x", 1, true), 0);
	}
	assert_int_equal(mqtt_client_publish(c, "more", "x", 1, true), -ENOBUFS);
	assert_int_equal(mqtt_client_publish(c, "t/0", "y", 1, true), 0);
	mqtt_client_free(c);
	sd_event_unref(event);
}

/* A file that is not there: back-off with its name, from the loop, and again no busy loop. */
static void test_client_backs_off(void **state)
{
	static char host[] = "localhost", user[] = "u", file[] = "/nonexistent/password";
	struct states stays = { 0 }, leaves = { .leave = true };
	sd_event *event;
	struct mqtt_client *c;

	assert_true(sd_event_new(&event) >= 0);
	c = client_new(event, (struct mqtt_config){ .host = host, .username = user,
						    .password_file = file });
	leaves.client = c;
	assert_int_equal(mqtt_client_on_state(c, on_state, &leaves), 0);
	assert_int_equal(mqtt_client_on_state(c, on_state, &stays), 0);
	assert_int_equal(mqtt_client_start(c), 0);
	assert_int_equal(stays.told, 0);

	assert_true(sd_event_run(event, 5 * SECOND) > 0);
	assert_int_equal(stays.told, 1);
	assert_int_equal(leaves.told, 1);
	assert_int_equal(stays.last, MQTT_BACKOFF);
	assert_string_equal(stays.reason,
			    "password file /nonexistent/password: No such file or directory");
	assert_string_equal(mqtt_client_reason(c), stays.reason);
	assert_int_equal(mqtt_client_stats(c)->failures, 1);
	assert_int_equal(sd_event_run(event, SECOND / 10), 0);

	mqtt_client_stop(c, 1000);
	assert_int_equal(stays.last, MQTT_STOPPED);
	assert_int_equal(stays.told, 2);
	assert_int_equal(leaves.told, 1);
	assert_int_equal(sd_event_run(event, SECOND / 10), 0);
	mqtt_client_free(c);
	sd_event_unref(event);
}

/* ---- with a peer ---- */

/* A peer on 127.0.0.1, on a port that is free on 127.0.0.2. */
static int peer_listen(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET };
	socklen_t n = sizeof(at);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(listen(fd, 1), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &n), 0);
	snprintf(peer_port, sizeof(peer_port), "%u", ntohs(at.sin_port));
	return fd;
}

static void run_until(sd_event *event, const struct states *s, enum mqtt_state state)
{
	u64 end_us = mono_us() + 5 * SECOND;

	while (s->last != state) {
		assert_true(mono_us() < end_us);
		assert_true(sd_event_run(event, SECOND) >= 0);
	}
}

/* One byte at a time: more than that is not needed, and the client has to cope with it. */
static void peer_expect(int fd, const void *want, size_t n)
{
	u8 got[256];

	assert_true(n <= sizeof(got));
	for (size_t i = 0; i < n; i++)
		assert_int_equal(recv(fd, got + i, 1, 0), 1);
	assert_memory_equal(got, want, n);
}

static void test_client_tries_the_addresses_in_turn(void **state)
{
	static char host[] = "two.test", id[] = "me";
	/* MQTT 3.1.1: CONNECT with a clean session, keep-alive of 60 s; CONNACK; DISCONNECT. */
	static const u8 connect[] = "\x10\x0e\0\4MQTT\4\2\0\x3c\0\2me";
	static const u8 publish[] = "\x30\5\0\1tv1", connack[] = "\x20\2\0\0", bye[] = "\xe0\0";
	struct states s = { .last = MQTT_IDLE };
	int listener = peer_listen(), peer;
	struct mqtt_client *c;
	sd_event *event;

	loop_thread = pthread_self();
	assert_true(sd_event_new(&event) >= 0);
	c = client_new(event, (struct mqtt_config){ .host = host, .client_id = id,
						    .port = (u16)atoi(peer_port) });
	assert_int_equal(mqtt_client_on_state(c, on_state, &s), 0);
	assert_int_equal(mqtt_client_start(c), 0);
	run_until(event, &s, MQTT_RESOLVING);
	run_until(event, &s, MQTT_CONNECTING);

	/* The first one refuses; that is no failure as long as there is another one. */
	while (sd_event_run(event, SECOND / 10) > 0)
		;
	peer = accept(listener, NULL, NULL);
	assert_true(peer >= 0);
	peer_expect(peer, connect, sizeof(connect) - 1);
	assert_int_equal(send(peer, connack, sizeof(connack) - 1, 0), sizeof(connack) - 1);
	run_until(event, &s, MQTT_UP);
	assert_string_equal(s.reason, "");
	assert_int_equal(mqtt_client_stats(c)->failures, 0);
	assert_int_equal(mqtt_client_stats(c)->connects, 1);

	assert_int_equal(mqtt_client_publish(c, "t", "v1", 2, false), 0);
	peer_expect(peer, publish, sizeof(publish) - 1);
	mqtt_client_stop(c, 1000);
	peer_expect(peer, bye, sizeof(bye) - 1);
	assert_int_equal(recv(peer, &peer_port, 1, 0), 0);
	mqtt_client_free(c);
	sd_event_unref(event);
	close(peer);
	close(listener);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_client_topics),
		cmocka_unit_test(test_client_topics_are_bounded),
		cmocka_unit_test(test_client_backs_off),
		cmocka_unit_test(test_client_tries_the_addresses_in_turn),
	};

	log_init("test_mqtt_client");
	log_set_level(LOG_EMERG);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
