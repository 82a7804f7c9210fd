/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What is to be published: the latest value of each topic, nothing else.
 *
 * Retained values are kept for as long as the client lives, because a broker that was restarted may
 * have lost them.  Others are forgotten once they are sent, or when they are too old to be of use.
 * Pure memory: knows nothing of connections.
 */
#ifndef AMSHAN_MQTT_OUTBOX_H
#define AMSHAN_MQTT_OUTBOX_H

#include <sys/queue.h>

#include "util.h"

#define OUTBOX_TOPICS_MAX	16384	/* five and more of each meter */
#define OUTBOX_BUCKETS		2048
#define OUTBOX_MOMENTARY_US	(30 * USEC_PER_SEC)

/**
 * struct letter - the latest value of a topic
 * @link: in one of the queues of its outbox
 * @chain: next in its hash bucket
 * @put_us: CLOCK_MONOTONIC of outbox_put()
 * @payload: owned, NULL if @n is 0
 * @n: its length
 * @retain: let the broker keep it
 * @waiting: not sent since it was put, or since outbox_resend()
 * @topic: its topic
 */
struct letter {
	TAILQ_ENTRY(letter) link;
	struct letter *chain;
	u64 put_us;
	void *payload;
	size_t n;
	bool retain;
	bool waiting;
	char topic[];
};

TAILQ_HEAD(letters, letter);

/**
 * struct outbox - all of them
 * @momentary: not retained, waiting
 * @retained: retained, waiting
 * @kept: retained, sent
 * @topics: letters in all three
 * @replaced: values that were replaced before they were sent
 * @buckets: by topic
 */
struct outbox {
	struct letters momentary;
	struct letters retained;
	struct letters kept;
	unsigned int topics;
	u64 replaced;
	struct letter *buckets[OUTBOX_BUCKETS];
};

void outbox_init(struct outbox *o);
void outbox_clear(struct outbox *o);

/**
 * outbox_put() - the newest value of a topic
 * @o: the outbox
 * @topic: copied
 * @payload: copied
 * @n: its length
 * @retain: keep it and let the broker keep it
 * @now_us: CLOCK_MONOTONIC
 *
 * A topic keeps its place in the queue when its value is replaced.
 *
 * Return: 0; -ENOMEM; -ENOBUFS: too many topics.
 */
int outbox_put(struct outbox *o, const char *topic, const void *payload, size_t n, bool retain,
	       u64 now_us);

/**
 * outbox_next() - what to send next
 * @o: the outbox
 * @retained: a retained one may be sent now; they go first
 * @now_us: CLOCK_MONOTONIC; momentary values that are too old are forgotten
 *
 * Return: a letter, valid until outbox_sent(), or NULL.
 */
struct letter *outbox_next(struct outbox *o, bool retained, u64 now_us);

/* outbox_sent() - the letter was handed on: a retained one is kept, another one is freed */
void outbox_sent(struct outbox *o, struct letter *l);

/* outbox_drop() - forget a letter that cannot be sent */
void outbox_drop(struct outbox *o, struct letter *l);

/* outbox_resend() - everything retained is to be sent again */
void outbox_resend(struct outbox *o);

static inline bool outbox_empty(const struct outbox *o)
{
	return TAILQ_EMPTY(&o->momentary) && TAILQ_EMPTY(&o->retained);
}

#endif /* AMSHAN_MQTT_OUTBOX_H */
