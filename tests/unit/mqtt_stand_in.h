/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A stand-in for the connection to a broker: writes down what it is told.
 */
#ifndef AMSHAN_TESTS_MQTT_STAND_IN_H
#define AMSHAN_TESTS_MQTT_STAND_IN_H

#include <stdio.h>
#include <string.h>

#include "mqtt/client.h"

struct mqtt_client {
	char said[4096];	/* "topic=payload" a line, with ! if retained */
	char will[128];
	char filter[64];
	mqtt_message_fn message;
	void *message_ctx;
	mqtt_state_fn on_state;
	void *state_ctx;
	enum mqtt_state state;
	char reason[128];
};

int mqtt_client_set_will(struct mqtt_client *c, const char *topic, const char *payload)
{
	snprintf(c->will, sizeof(c->will), "%s=%s", topic, payload);
	return 0;
}

int mqtt_client_publish(struct mqtt_client *c, const char *topic, const void *payload, size_t n,
			bool retain)
{
	size_t at = strlen(c->said);

	at += (size_t)snprintf(c->said + at, sizeof(c->said) - at, "%s=%.*s%s\n", topic, (int)n,
			       (const char *)payload, retain ? "!" : "");
	assert_true(at < sizeof(c->said));
	return 0;
}

void mqtt_client_publish_again(struct mqtt_client *c)
{
}

int mqtt_client_subscribe(struct mqtt_client *c, const char *filter, mqtt_message_fn fn, void *ctx)
{
	snprintf(c->filter, sizeof(c->filter), "%s", filter);
	c->message = fn;
	c->message_ctx = ctx;
	return 0;
}

void mqtt_client_unsubscribe(struct mqtt_client *c, const char *filter, mqtt_message_fn fn,
			     void *ctx)
{
	assert_string_equal(filter, c->filter);
	assert_ptr_equal(ctx, c->message_ctx);
	c->message = NULL;
}

int mqtt_client_on_state(struct mqtt_client *c, mqtt_state_fn fn, void *ctx)
{
	c->on_state = fn;
	c->state_ctx = ctx;
	return 0;
}

void mqtt_client_off_state(struct mqtt_client *c, mqtt_state_fn fn, void *ctx)
{
	assert_ptr_equal(ctx, c->state_ctx);
	c->on_state = NULL;
}

enum mqtt_state mqtt_client_state(const struct mqtt_client *c)
{
	return c->state;
}

const char *mqtt_client_reason(const struct mqtt_client *c)
{
	return c->reason;
}

#endif /* AMSHAN_TESTS_MQTT_STAND_IN_H */
