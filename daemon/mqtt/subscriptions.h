/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Who wants which messages.  A topic filter is subscribed to once, however many want it.
 */
#ifndef AMSHAN_MQTT_SUBSCRIPTIONS_H
#define AMSHAN_MQTT_SUBSCRIPTIONS_H

#include <sys/queue.h>

#include "mqtt/client.h"

/**
 * struct subscriber - one who wants the messages of a filter
 * @link: in its filter
 * @fn: NULL: has left while a message was handed out
 * @ctx: for @fn
 * @fresh: has come meanwhile: the message is not for it
 */
struct subscriber {
	STAILQ_ENTRY(subscriber) link;
	mqtt_message_fn fn;
	void *ctx;
	bool fresh;
};

/**
 * struct filter - a topic filter
 * @link: in the list
 * @subscribers: who wants it
 * @mid: message id of its SUBSCRIBE on this connection, 0: still to be sent
 * @refused: the broker refused it, and that was said
 * @wildcard: has + or #
 * @text: the filter
 */
struct filter {
	TAILQ_ENTRY(filter) link;
	STAILQ_HEAD(, subscriber) subscribers;
	int mid;
	bool refused;
	bool wildcard;
	char text[];
};

/**
 * struct subscriptions - all of them
 * @filters: in the order of their coming
 * @handing: messages are being handed out: nothing is freed
 * @changed: somebody came or left meanwhile
 * @waiting: some filter may still have to be subscribed to
 */
struct subscriptions {
	TAILQ_HEAD(, filter) filters;
	unsigned int handing;
	bool changed;
	bool waiting;
};

void subscriptions_init(struct subscriptions *s);
void subscriptions_clear(struct subscriptions *s);

/* subscriptions_add() - Return: 0 or -ENOMEM */
int subscriptions_add(struct subscriptions *s, const char *text, mqtt_message_fn fn, void *ctx);

/* subscriptions_remove() - Return: true if nobody wants the filter any more */
bool subscriptions_remove(struct subscriptions *s, const char *text, mqtt_message_fn fn, void *ctx);

/* subscriptions_next() - a filter that is still to be subscribed to on this connection, or NULL */
struct filter *subscriptions_next(struct subscriptions *s);

/* subscriptions_again() - a new connection: all are to be subscribed to */
void subscriptions_again(struct subscriptions *s);

/* subscriptions_find() - the filter whose SUBSCRIBE had this message id, or NULL */
struct filter *subscriptions_find(struct subscriptions *s, int mid);

/* subscriptions_hand() - give a message to all who want it; they may add and remove meanwhile */
void subscriptions_hand(struct subscriptions *s, const char *topic, const u8 *payload, size_t n,
			bool retained);

#endif /* AMSHAN_MQTT_SUBSCRIPTIONS_H */
