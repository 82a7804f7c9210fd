// SPDX-License-Identifier: GPL-2.0
/*
 * The client: idle, resolving, connecting, up, back-off, stopped.
 *
 * Here is only what makes one lasting client of many short connections (connection.c): name
 * look-up, the addresses in turn, back-off, what is said in the log, and when something is handed
 * on from the outbox and the subscriptions.  Those who are told of states and messages may publish,
 * subscribe and leave from within, but not stop or free the client.
 */
#include "mqtt/client.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "backoff.h"
#include "log.h"
#include "mqtt/connection.h"
#include "mqtt/listeners.h"
#include "mqtt/outbox.h"
#include "mqtt/settings.h"
#include "mqtt/subscriptions.h"
#include "resolve.h"
#include "util.h"

/* A connection that held for so long was a good one: the next failure is a new story. */
#define CLIENT_STABLE_US	(30 * USEC_PER_SEC)
#define SAID_MAX		8

/**
 * struct mqtt_client - see client.h
 * @settings: what connections need
 * @config: owned strings
 * @id: made, if the configuration has none
 * @will_topic: owned
 * @will: owned
 * @state: where it is
 * @reason: why it is not up
 * @stats: for status
 * @outbox: to be published
 * @subscriptions: who wants which messages
 * @listeners: who is told of @state
 * @backoff: how long to wait
 * @timer: of the back-off
 * @resolve: look-up under way
 * @login: of this attempt
 * @addresses: of this attempt
 * @address: of them, the one in use
 * @connection: to it
 * @up_us: when it came up
 * @quiet: stopping: messages are for nobody
 * @said: hashes of the reasons that were logged since the last good connection
 * @n_said: how many
 * @said_up: that it is up was logged, and no failure since
 * @said_full: that there are too many topics was logged
 */
struct mqtt_client {
	struct connection_settings settings;
	struct mqtt_config config;
	char id[CLIENT_ID_MAX];
	char *will_topic;
	char *will;

	enum mqtt_state state;
	char reason[MQTT_REASON_MAX];
	struct mqtt_stats stats;
	struct outbox outbox;
	struct subscriptions subscriptions;
	struct listeners listeners;

	struct backoff backoff;
	sd_event_source *timer;
	struct resolve *resolve;
	struct login *login;
	struct addrinfo *addresses;
	const struct addrinfo *address;
	struct connection *connection;
	u64 up_us;
	bool quiet;

	u32 said[SAID_MAX];
	unsigned int n_said;
	bool said_up;
	bool said_full;
};

static void client_begin(struct mqtt_client *c);

/* ---- what is told ---- */

static void client_set_state(struct mqtt_client *c, enum mqtt_state state)
{
	c->state = state;
	listeners_tell(&c->listeners, state, c->reason);
}

/* Each reason once, until a connection was good. */
static void client_say_failure(struct mqtt_client *c)
{
	u32 hash = text_hash(c->reason);

	for (unsigned int i = 0; i < c->n_said && i < SAID_MAX; i++) {
		if (c->said[i] == hash) {
			log_debug("mqtt: again no connection: %s", c->reason);
			return;
		}
	}
	c->said[c->n_said++ % SAID_MAX] = hash;
	c->said_up = false;
	log_warning("mqtt: no connection, trying again: %s", c->reason);
}

/* ---- handing on ---- */

static void client_pump(struct mqtt_client *c)
{
	struct letter *l;
	struct filter *f;
	int r;

	if (!c->connection)
		return;
	while (connection_room(c->connection) && (f = subscriptions_next(&c->subscriptions))) {
		r = connection_subscribe(c->connection, f->text);
		if (r < 0 && r != -EINVAL)
			return;
		f->mid = r;
	}
	while (connection_room(c->connection) &&
	       (l = outbox_next(&c->outbox, connection_room_qos1(c->connection), mono_us()))) {
		r = connection_publish(c->connection, l->topic, l->payload, l->n, l->retain);
		if (r == -EINVAL)
			outbox_drop(&c->outbox, l);
		if (r < 0)
			continue;	/* of a broken connection the loop tells us */
		c->stats.published++;
		outbox_sent(&c->outbox, l);
	}
}

/* ---- failure ---- */

static void client_forget_attempt(struct mqtt_client *c)
{
	resolve_cancel(c->resolve);
	c->resolve = NULL;
	connection_free(c->connection);
	c->connection = NULL;
	login_free(c->login);
	c->login = NULL;
	if (c->addresses)
		freeaddrinfo(c->addresses);
	c->addresses = NULL;
	c->address = NULL;
}

/* c->reason says why. */
static void client_back_off(struct mqtt_client *c)
{
	c->stats.failures++;
	client_forget_attempt(c);
	client_say_failure(c);
	sd_event_source_set_time_relative(c->timer, backoff_next(&c->backoff));
	sd_event_source_set_enabled(c->timer, SD_EVENT_ONESHOT);
	client_set_state(c, MQTT_BACKOFF);
}

static int on_backoff(sd_event_source *s, u64 usec, void *ctx)
{
	client_begin(ctx);
	return 0;
}

/* ---- connecting ---- */

/* Try the addresses from c->address on. */
static void client_connect(struct mqtt_client *c)
{
	for (; c->address; c->address = c->address->ai_next) {
		int r = connection_new(&c->settings, c->login, c->address, &c->connection,
				       c->reason);
		if (r == 0) {
			client_set_state(c, MQTT_CONNECTING);
			return;
		}
		if (r == -EPROTO)
			break;
	}
	client_back_off(c);
}

static void on_resolved(void *ctx, int error, struct addrinfo *list)
{
	struct mqtt_client *c = ctx;

	c->resolve = NULL;
	if (error) {
		if (error == EAI_NONAME)
			reason_set(c->reason, "no such host: %s", c->config.host);
		else
			reason_set(c->reason, "look-up of %s: %s", c->config.host,
				   gai_strerror(error));
		client_back_off(c);
		return;
	}
	c->addresses = list;
	c->address = list;
	client_connect(c);
}

static void client_begin(struct mqtt_client *c)
{
	char port[sizeof("65535")];
	int r;

	r = login_new(&c->config, &c->login, c->reason);
	if (r < 0) {
		client_back_off(c);
		return;
	}
	snprintf(port, sizeof(port), "%u", c->config.port);
	r = resolve_start(c->settings.event, c->config.host, port, on_resolved, c, &c->resolve);
	if (r < 0) {
		reason_set(c->reason, "look-up of %s: %s", c->config.host, strerror(-r));
		client_back_off(c);
		return;
	}
	client_set_state(c, MQTT_RESOLVING);
}

/* ---- what the connection tells ---- */

static void on_up(void *ctx)
{
	struct mqtt_client *c = ctx;

	c->stats.connects++;
	c->up_us = mono_us();
	c->reason[0] = '\0';
	if (!c->said_up)
		log_info("mqtt: connected to %s (%s)", c->config.host,
			 connection_address(c->connection));
	c->said_up = true;
	/* The broker may have been restarted: it knows nothing. */
	subscriptions_again(&c->subscriptions);
	outbox_resend(&c->outbox);
	client_set_state(c, MQTT_UP);
}

static void on_room(void *ctx)
{
	client_pump(ctx);
}

static void on_message(void *ctx, const char *topic, const u8 *payload, size_t n, bool retained)
{
	struct mqtt_client *c = ctx;

	c->stats.received++;
	if (!c->quiet)
		subscriptions_hand(&c->subscriptions, topic, payload, n, retained);
}

static void on_unsubscribed(void *ctx, int mid)
{
	struct mqtt_client *c = ctx;
	struct filter *f = subscriptions_find(&c->subscriptions, mid);

	if (!f || f->refused)
		return;
	f->refused = true;
	log_warning("mqtt: the broker refused the subscription to %s", f->text);
}

static void on_ended(void *ctx, bool answered)
{
	struct mqtt_client *c = ctx;
	bool was_up = c->state == MQTT_UP;

	reason_set(c->reason, "%s", connection_reason(c->connection));
	connection_free(c->connection);
	c->connection = NULL;
	if (was_up && mono_us() - c->up_us >= CLIENT_STABLE_US) {
		c->backoff = (struct backoff){ 0 };
		c->n_said = 0;
	}
	if (!was_up && !answered && c->address->ai_next) {
		c->address = c->address->ai_next;
		client_connect(c);
		return;
	}
	client_back_off(c);
}

static const struct connection_owner client_owner = {
	.up = on_up,
	.room = on_room,
	.message = on_message,
	.unsubscribed = on_unsubscribed,
	.ended = on_ended,
};

/* ---- the interface ---- */

int mqtt_client_new(sd_event *event, const struct mqtt_config *config, struct mqtt_client **ret)
{
	const char *mistake = settings_mistake(config);
	struct mqtt_client *c;
	int r;

	if (mistake) {
		log_err("mqtt: %s", mistake);
		return -EINVAL;
	}
	c = calloc(1, sizeof(*c));
	if (!c)
		return -ENOMEM;
	mosquitto_lib_init();
	outbox_init(&c->outbox);
	subscriptions_init(&c->subscriptions);
	c->settings = (struct connection_settings){
		.event = sd_event_ref(event),
		.config = &c->config,
		.owner = &client_owner,
		.ctx = c,
	};
	r = settings_copy(config, &c->config);
	if (r == 0)
		r = sd_event_add_time_relative(event, &c->timer, CLOCK_MONOTONIC, 0, 0, on_backoff,
					       c);
	if (r == 0)
		r = sd_event_source_set_enabled(c->timer, SD_EVENT_OFF);
	if (r < 0) {
		mqtt_client_free(c);
		return r;
	}
	*ret = c;
	return 0;
}

int mqtt_client_set_will(struct mqtt_client *c, const char *topic, const char *payload)
{
	_cleanup_free_ char *t = NULL, *p = NULL;

	t = strdup(topic);
	p = strdup(payload);
	if (!t || !p)
		return -ENOMEM;
	free(c->will_topic);
	free(c->will);
	c->settings.will_topic = c->will_topic = t;
	c->settings.will = c->will = p;
	t = p = NULL;
	return 0;
}

int mqtt_client_on_state(struct mqtt_client *c, mqtt_state_fn fn, void *ctx)
{
	return listeners_add(&c->listeners, fn, ctx);
}

void mqtt_client_off_state(struct mqtt_client *c, mqtt_state_fn fn, void *ctx)
{
	listeners_remove(&c->listeners, fn, ctx);
}

int mqtt_client_start(struct mqtt_client *c)
{
	if (c->state != MQTT_IDLE)
		return 0;
	if (!c->config.client_id)
		settings_make_id(c->will_topic, c->id);
	c->settings.client_id = c->config.client_id ?: c->id;
	/* From the loop, so that nobody is told of anything within this call. */
	sd_event_source_set_time(c->timer, 0);
	return sd_event_source_set_enabled(c->timer, SD_EVENT_ONESHOT);
}

int mqtt_client_publish(struct mqtt_client *c, const char *topic, const void *payload, size_t n,
			bool retain)
{
	int r;

	if (!topic[0] || mosquitto_pub_topic_check(topic) != MOSQ_ERR_SUCCESS ||
	    mosquitto_validate_utf8(topic, (int)strlen(topic)) != MOSQ_ERR_SUCCESS)
		return -EINVAL;
	r = outbox_put(&c->outbox, topic, payload, n, retain, mono_us());
	c->stats.replaced = c->outbox.replaced;
	if (r == -ENOBUFS && !c->said_full) {
		c->said_full = true;
		log_warning("mqtt: more than %d topics, %s is not published", OUTBOX_TOPICS_MAX,
			    topic);
	}
	client_pump(c);
	return r;
}

void mqtt_client_publish_again(struct mqtt_client *c)
{
	outbox_resend(&c->outbox);
	client_pump(c);
}

int mqtt_client_subscribe(struct mqtt_client *c, const char *filter, mqtt_message_fn fn, void *ctx)
{
	int r;

	if (!filter[0] || mosquitto_sub_topic_check(filter) != MOSQ_ERR_SUCCESS ||
	    mosquitto_validate_utf8(filter, (int)strlen(filter)) != MOSQ_ERR_SUCCESS)
		return -EINVAL;
	r = subscriptions_add(&c->subscriptions, filter, fn, ctx);
	if (r == 0)
		client_pump(c);
	return r;
}

void mqtt_client_unsubscribe(struct mqtt_client *c, const char *filter, mqtt_message_fn fn,
			     void *ctx)
{
	if (subscriptions_remove(&c->subscriptions, filter, fn, ctx) && c->connection)
		connection_unsubscribe(c->connection, filter);
}

enum mqtt_state mqtt_client_state(const struct mqtt_client *c)
{
	return c->state;
}

const char *mqtt_client_reason(const struct mqtt_client *c)
{
	return c->reason;
}

const struct mqtt_stats *mqtt_client_stats(const struct mqtt_client *c)
{
	return &c->stats;
}

void mqtt_client_stop(struct mqtt_client *c, unsigned int timeout_ms)
{
	u64 end_us = mono_us() + timeout_ms * USEC_PER_MSEC, now_us;
	bool done = false;

	c->quiet = true;
	while (c->state == MQTT_UP && !done && (now_us = mono_us()) < end_us) {
		client_pump(c);
		done = outbox_empty(&c->outbox) && connection_idle(c->connection);
		if (!done && connection_wait(c->connection, end_us - now_us) < 0)
			break;
	}
	/* Without DISCONNECT the broker says our last will: right if our own word is not there. */
	now_us = mono_us();
	if (done && now_us < end_us)
		connection_goodbye(c->connection, end_us - now_us);
	client_forget_attempt(c);
	sd_event_source_set_enabled(c->timer, SD_EVENT_OFF);
	c->reason[0] = '\0';
	client_set_state(c, MQTT_STOPPED);
}

void mqtt_client_free(struct mqtt_client *c)
{
	if (!c)
		return;
	client_forget_attempt(c);
	sd_event_source_disable_unref(c->timer);
	outbox_clear(&c->outbox);
	subscriptions_clear(&c->subscriptions);
	listeners_clear(&c->listeners);
	settings_clear(&c->config);
	free(c->will_topic);
	free(c->will);
	sd_event_unref(c->settings.event);
	free(c);
	mosquitto_lib_cleanup();
}
