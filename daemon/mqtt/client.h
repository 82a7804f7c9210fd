/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One connection to an MQTT broker, for the mqtt: sources and the MQTT output.
 *
 * libmosquitto in the event loop, with a state machine of our own: idle, resolving, connecting, up,
 * back-off.  It never blocks its caller and retries for ever.  What is published while the broker is
 * away or slow is kept as the latest value per topic, nothing else, so memory is bounded by the
 * number of topics.
 */
#ifndef AMSHAN_MQTT_CLIENT_H
#define AMSHAN_MQTT_CLIENT_H

#include <systemd/sd-event.h>

#include <amshan/types.h>

struct mqtt_client;

/**
 * struct mqtt_config - where the broker is and how to talk to it; strings may be NULL
 * @host: name or address
 * @port: 0: 1883, or 8883 with TLS
 * @client_id: NULL: one is made
 * @username: NULL: none
 * @password_file: its first line is the password; read at each connection
 * @keepalive_s: 0: 60
 * @tls: use TLS (implied by a CA file or directory)
 * @ca_file: PEM; NULL with @tls: the system's
 * @ca_dir: directory of certificates
 * @cert_file: client certificate, PEM
 * @key_file: its key, PEM
 * @psk_identity: TLS-PSK identity
 * @psk_file: its first line is the key in hex
 */
struct mqtt_config {
	char *host;
	u16 port;
	char *client_id;
	char *username;
	char *password_file;
	u16 keepalive_s;
	bool tls;
	char *ca_file;
	char *ca_dir;
	char *cert_file;
	char *key_file;
	char *psk_identity;
	char *psk_file;
};

enum mqtt_state {
	MQTT_IDLE,
	MQTT_RESOLVING,
	MQTT_CONNECTING,
	MQTT_UP,
	MQTT_BACKOFF,
	MQTT_STOPPED,
};

/**
 * struct mqtt_stats - for status
 * @published: messages handed to the broker
 * @replaced: values that were replaced by a newer one of the same topic before they could be sent
 * @received: messages of subscriptions
 * @connects: connections that came up
 * @failures: attempts that failed
 */
struct mqtt_stats {
	u64 published;
	u64 replaced;
	u64 received;
	u64 connects;
	u64 failures;
};

/* The connection came up or went; @reason: a sentence while it is not up. */
typedef void (*mqtt_state_fn)(void *ctx, enum mqtt_state state, const char *reason);

/* A message of a subscription; @retained: the broker had kept it. */
typedef void (*mqtt_message_fn)(void *ctx, const char *topic, const u8 *payload, size_t n,
				bool retained);

/**
 * mqtt_client_new() - make a client; it does nothing until mqtt_client_start()
 * @event: the loop
 * @config: copied
 * @ret: untouched on failure
 *
 * Return: 0; -ENOMEM; -EINVAL for settings that contradict each other.
 */
int mqtt_client_new(sd_event *event, const struct mqtt_config *config, struct mqtt_client **ret);

/* mqtt_client_set_will() - before start: the last will, retained; copied */
int mqtt_client_set_will(struct mqtt_client *c, const char *topic, const char *payload);

/* mqtt_client_on_state() - several may listen; told of each change, from the loop */
int mqtt_client_on_state(struct mqtt_client *c, mqtt_state_fn fn, void *ctx);
void mqtt_client_off_state(struct mqtt_client *c, mqtt_state_fn fn, void *ctx);

int mqtt_client_start(struct mqtt_client *c);

/**
 * mqtt_client_publish() - send, or keep as the latest value of its topic until it can be sent
 * @c: the client
 * @topic: copied
 * @payload: copied
 * @n: its length; 0 with @retain removes a retained value
 * @retain: let the broker keep it
 *
 * A value that is not retained is not sent any more when it is older than 30 s.
 *
 * Return: 0, -ENOMEM, -EINVAL for a bad topic, -ENOBUFS if too many topics are in use.
 */
int mqtt_client_publish(struct mqtt_client *c, const char *topic, const void *payload, size_t n,
			bool retain);

/* mqtt_client_publish_again() - all retained values: somebody asks for them, or may have lost them */
void mqtt_client_publish_again(struct mqtt_client *c);

/* mqtt_client_subscribe() - now and after each reconnection; + and # may be used */
int mqtt_client_subscribe(struct mqtt_client *c, const char *filter, mqtt_message_fn fn, void *ctx);
void mqtt_client_unsubscribe(struct mqtt_client *c, const char *filter, mqtt_message_fn fn,
			     void *ctx);

enum mqtt_state mqtt_client_state(const struct mqtt_client *c);
const char *mqtt_client_reason(const struct mqtt_client *c);
const struct mqtt_stats *mqtt_client_stats(const struct mqtt_client *c);

/* mqtt_client_stop() - send what waits and disconnect; at most @timeout_ms, without the loop */
void mqtt_client_stop(struct mqtt_client *c, unsigned int timeout_ms);
void mqtt_client_free(struct mqtt_client *c);

#endif /* AMSHAN_MQTT_CLIENT_H */
