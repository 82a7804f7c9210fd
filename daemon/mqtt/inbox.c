// SPDX-License-Identifier: GPL-2.0
/*
 * The inbox: a queue of copies.
 */
#include "mqtt/inbox.h"

#include <stdlib.h>
#include <string.h>

struct arrival {
	STAILQ_ENTRY(arrival) link;
	bool retained;
	size_t n;
	const char *topic;
	u8 payload[];		/* and behind it the topic */
};

void inbox_put(struct inbox *in, const char *topic, const void *payload, size_t n, bool retained)
{
	size_t topic_size = strlen(topic) + 1;
	struct arrival *a;

	a = n > ARRIVAL_MAX ? NULL : malloc(sizeof(*a) + n + topic_size);
	if (!a)
		return;
	a->retained = retained;
	a->n = n;
	if (n)
		memcpy(a->payload, payload, n);
	a->topic = memcpy(a->payload + n, topic, topic_size);
	STAILQ_INSERT_TAIL(in, a, link);
}

static struct arrival *inbox_take(struct inbox *in)
{
	struct arrival *a = STAILQ_FIRST(in);

	if (a)
		STAILQ_REMOVE_HEAD(in, link);
	return a;
}

void inbox_deliver(struct inbox *in, mqtt_message_fn fn, void *ctx)
{
	struct arrival *a;

	while ((a = inbox_take(in))) {
		fn(ctx, a->topic, a->payload, a->n, a->retained);
		free(a);
	}
}

void inbox_clear(struct inbox *in)
{
	struct arrival *a;

	while ((a = inbox_take(in)))
		free(a);
}
