/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Messages of subscriptions, from the library's callback until the call that it is in has returned.
 *
 * Within a callback the library sends nothing, so what comes of a message (readings, which are to
 * be published) would only be queued there.
 */
#ifndef AMSHAN_MQTT_INBOX_H
#define AMSHAN_MQTT_INBOX_H

#include <sys/queue.h>

#include "mqtt/client.h"

/* Longer messages are for nobody here; a source takes 64 KiB. */
#define ARRIVAL_MAX	(1 << 20)

struct arrival;

/* What one call brings: one packet, with TLS as many as there are in a record. */
STAILQ_HEAD(inbox, arrival);

static inline void inbox_init(struct inbox *in)
{
	STAILQ_INIT(in);
}

/* inbox_put() - copy a message; one that is too long, or for which there is no memory, is lost */
void inbox_put(struct inbox *in, const char *topic, const void *payload, size_t n, bool retained);

/* inbox_deliver() - hand out all that is in it */
void inbox_deliver(struct inbox *in, mqtt_message_fn fn, void *ctx);
void inbox_clear(struct inbox *in);

#endif /* AMSHAN_MQTT_INBOX_H */
