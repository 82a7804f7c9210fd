/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One attempt to reach the broker at one address, and the connection that comes of it.
 *
 * Each has a libmosquitto instance of its own, so nothing of an old connection (queues, message
 * ids, TLS state) reaches the next one.
 */
#ifndef AMSHAN_MQTT_CONNECTION_H
#define AMSHAN_MQTT_CONNECTION_H

#include <netdb.h>

#include "mqtt/login.h"

#define CONNECTION_ANSWER_US	(10 * USEC_PER_SEC)	/* from connect() to CONNACK */

/* Values with QoS 1 that the broker has not confirmed; libmosquitto would queue from 20 on. */
#define CONNECTION_UNCONFIRMED_MAX 16

struct connection;

/**
 * struct connection_owner - who is told, from the loop
 * @up: the broker has accepted us
 * @room: something can be handed on again
 * @message: a message of a subscription
 * @unsubscribed: the broker refused the subscription with this message id
 * @ended: it is over, connection_reason() says why; the owner frees it in this call.
 *         @answered: by the broker itself, so there is no use in trying its other addresses
 */
struct connection_owner {
	void (*up)(void *ctx);
	void (*room)(void *ctx);
	mqtt_message_fn message;
	void (*unsubscribed)(void *ctx, int mid);
	void (*ended)(void *ctx, bool answered);
};

/**
 * struct connection_settings - what does not change from attempt to attempt
 * @event: the loop
 * @config: keepalive_s is used
 * @client_id: of the session
 * @will_topic: NULL: no last will
 * @will: its payload
 * @owner: who is told
 * @ctx: for @owner
 *
 * All of it outlives the connection.
 */
struct connection_settings {
	sd_event *event;
	const struct mqtt_config *config;
	const char *client_id;
	const char *will_topic;
	const char *will;
	const struct connection_owner *owner;
	void *ctx;
};

/**
 * connection_new() - begin to connect
 * @settings: see there
 * @login: outlives the connection
 * @address: numeric address with port
 * @ret: untouched on failure
 * @reason: MQTT_REASON_MAX octets; a sentence on failure
 *
 * Return: 0; -EPROTO: it was answered, see struct connection_owner; or another negative errno.
 */
int connection_new(const struct connection_settings *settings, struct login *login,
		   const struct addrinfo *address, struct connection **ret, char *reason);
void connection_free(struct connection *c);

const char *connection_address(const struct connection *c);	/* "127.0.0.1:1883" */
const char *connection_reason(const struct connection *c);

/* connection_room() - a packet can be handed on now; its predecessors have left */
bool connection_room(const struct connection *c);

/* connection_room_qos1() - and so can one that is to be confirmed */
bool connection_room_qos1(const struct connection *c);

/* connection_idle() - nothing is on its way */
bool connection_idle(const struct connection *c);

/**
 * connection_publish() - hand on a value: with QoS 1 if it is retained, else with QoS 0
 *
 * Return: 0; -EINVAL: the library does not want it, ever; other errors: the connection is broken,
 * which the owner is told from the loop.
 */
int connection_publish(struct connection *c, const char *topic, const void *payload, size_t n,
		       bool retain);

/* connection_subscribe() - Return: the message id, or a negative errno as connection_publish() */
int connection_subscribe(struct connection *c, const char *filter);
void connection_unsubscribe(struct connection *c, const char *filter);

/**
 * connection_wait() - drive it without the loop
 * @c: the connection; its owner is told nothing but messages
 * @timeout_us: wait at most so long for something to do
 *
 * Return: 0, or -ENOTCONN if it ended.
 */
int connection_wait(struct connection *c, u64 timeout_us);

/* connection_goodbye() - say DISCONNECT: the broker will not publish the last will */
void connection_goodbye(struct connection *c, u64 timeout_us);

#endif /* AMSHAN_MQTT_CONNECTION_H */
