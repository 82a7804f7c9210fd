// SPDX-License-Identifier: GPL-2.0
/*
 * The MQTT source: messages of a topic of the configured broker, each with one or several whole
 * frames, as octets or hex text.
 *
 * The connection belongs to the manager and is shared by all: this is one subscription, and a state
 * that follows the connection's.  A retained message is what the broker kept from some earlier day:
 * it is not a reading of now and is left out.
 */
#include <errno.h>
#include <string.h>

#include <mosquitto.h>

#include "log.h"
#include "mqtt/client.h"
#include "source/source.h"
#include "source/uri.h"
#include "util.h"

/**
 * struct mqtt_source - the transport's part of a source
 * @source: the source
 * @filter: topic filter
 * @joined: subscribed, and told of the connection's state
 * @said_retained: that retained messages are left out was said
 */
struct mqtt_source {
	struct source *source;
	char *filter;
	bool joined;
	bool said_retained;
};

static int mqtt_parse(struct source *s, const char *rest, char **error)
{
	struct mqtt_source *m = calloc(1, sizeof(*m));

	if (!m)
		return -ENOMEM;
	m->source = s;
	s->priv = m;
	if (!*rest)
		return uri_error(error, "the topic is missing: mqtt:TOPIC");
	if (!strncmp(rest, "//", 2))
		return uri_error(error, "\"mqtt:%s\" names a host; it takes a topic of the broker "
				 "in section mqtt, mqtt:TOPIC", rest);
	if (mosquitto_validate_utf8(rest, (int)strlen(rest)) != MOSQ_ERR_SUCCESS)
		return uri_error(error, "the topic is not UTF-8");
	if (mosquitto_sub_topic_check(rest) != MOSQ_ERR_SUCCESS)
		return uri_error(error, "\"%s\" is no topic: + stands for a whole level, # at the "
				 "end for all that follow", rest);
	m->filter = strdup(rest);
	return m->filter ? 0 : -ENOMEM;
}

static void on_message(void *ctx, const char *topic, const u8 *payload, size_t n, bool retained)
{
	struct mqtt_source *m = ctx;

	if (!retained) {
		source_datagram(m->source, payload, n);
	} else if (!m->said_retained) {
		m->said_retained = true;
		log_about(LOG_DEBUG, m->source->name, NULL,
			  "%s: retained, so of an unknown time: left out, like all that are",
			  topic);
	}
}

static void on_state(void *ctx, enum mqtt_state state, const char *reason);

static void mqtt_leave(struct mqtt_source *m)
{
	if (!m->joined)
		return;
	m->joined = false;
	mqtt_client_off_state(m->source->mqtt, on_state, m);
	mqtt_client_unsubscribe(m->source->mqtt, m->filter, on_message, m);
}

static void on_state(void *ctx, enum mqtt_state state, const char *reason)
{
	struct mqtt_source *m = ctx;

	switch (state) {
	case MQTT_UP:
		source_set_state(m->source, SOURCE_OPEN, NULL);
		break;
	case MQTT_IDLE:
	case MQTT_RESOLVING:
	case MQTT_CONNECTING:
		/* The next of many attempts is no news. */
		if (!*reason)
			source_set_state(m->source, SOURCE_CONNECTING, NULL);
		break;
	case MQTT_BACKOFF:
		source_set_state(m->source, SOURCE_WAITING, "no connection to the broker: %s",
				 reason);
		break;
	case MQTT_STOPPED:
		/* It does not come back, and its owner is about to free it. */
		mqtt_leave(m);
		source_set_state(m->source, SOURCE_WAITING, "no connection to the broker: ended");
		break;
	}
}

static int mqtt_start(struct source *s)
{
	struct mqtt_source *m = s->priv;
	int r;

	if (!s->mqtt) {
		source_set_state(s, SOURCE_WAITING, "needs a section mqtt that names the broker");
		return 0;
	}
	r = mqtt_client_subscribe(s->mqtt, m->filter, on_message, m);
	if (r < 0)
		return r;
	r = mqtt_client_on_state(s->mqtt, on_state, m);
	if (r < 0) {
		mqtt_client_unsubscribe(s->mqtt, m->filter, on_message, m);
		return r;
	}
	m->joined = true;
	on_state(m, mqtt_client_state(s->mqtt), mqtt_client_reason(s->mqtt));
	return 0;
}

static void mqtt_stop(struct source *s)
{
	mqtt_leave(s->priv);
}

static void mqtt_free(struct source *s)
{
	struct mqtt_source *m = s->priv;

	free(m->filter);
	free(m);
	s->priv = NULL;
}

/* No watchdog: subscribing anew brings no meter back, and the client watches its connection. */
const struct source_ops source_mqtt = {
	.scheme = "mqtt",
	.parse = mqtt_parse,
	.start = mqtt_start,
	.stop = mqtt_stop,
	.free = mqtt_free,
	.watchdog = false,
	.online = true,
};
