// SPDX-License-Identifier: GPL-2.0
/*
 * The outbox: a hash table of topics and three queues.  Relies on nothing but memory.
 */
#include "mqtt/outbox.h"

#include <errno.h>
#include <string.h>

void outbox_init(struct outbox *o)
{
	memset(o, 0, sizeof(*o));
	TAILQ_INIT(&o->momentary);
	TAILQ_INIT(&o->retained);
	TAILQ_INIT(&o->kept);
}

static struct letter **outbox_bucket(struct outbox *o, const char *topic)
{
	u32 h = text_hash(topic);

	return &o->buckets[(h ^ h >> 16) % OUTBOX_BUCKETS];
}

static struct letter *outbox_find(struct outbox *o, const char *topic)
{
	struct letter *l = *outbox_bucket(o, topic);

	while (l && strcmp(l->topic, topic) != 0)
		l = l->chain;
	return l;
}

static struct letters *outbox_queue(struct outbox *o, const struct letter *l)
{
	if (!l->retain)
		return &o->momentary;
	return l->waiting ? &o->retained : &o->kept;
}

void outbox_drop(struct outbox *o, struct letter *l)
{
	struct letter **at = outbox_bucket(o, l->topic);

	while (*at != l)
		at = &(*at)->chain;
	*at = l->chain;
	TAILQ_REMOVE(outbox_queue(o, l), l, link);
	o->topics--;
	free(l->payload);
	free(l);
}

void outbox_clear(struct outbox *o)
{
	struct letters *const queues[] = { &o->momentary, &o->retained, &o->kept };

	for (size_t i = 0; i < ARRAY_SIZE(queues); i++)
		while (!TAILQ_EMPTY(queues[i]))
			outbox_drop(o, TAILQ_FIRST(queues[i]));
}

static void outbox_expire(struct outbox *o, u64 now_us)
{
	struct letter *l, *next;

	/* Not in the order of their age: a topic keeps its place when its value is replaced. */
	for (l = TAILQ_FIRST(&o->momentary); l; l = next) {
		next = TAILQ_NEXT(l, link);
		if (now_us - l->put_us > OUTBOX_MOMENTARY_US)
			outbox_drop(o, l);
	}
}

/* Make room: what nobody would miss are values that are too old and removals that are done. */
static void outbox_tidy(struct outbox *o, u64 now_us)
{
	struct letter *l, *next;

	outbox_expire(o, now_us);
	for (l = TAILQ_FIRST(&o->kept); l; l = next) {
		next = TAILQ_NEXT(l, link);
		if (!l->n)
			outbox_drop(o, l);
	}
}

static struct letter *outbox_add(struct outbox *o, const char *topic)
{
	struct letter **bucket = outbox_bucket(o, topic);
	size_t n = strlen(topic) + 1;
	struct letter *l = calloc(1, sizeof(*l) + n);

	if (!l)
		return NULL;
	memcpy(l->topic, topic, n);
	l->chain = *bucket;
	*bucket = l;
	o->topics++;
	return l;
}

int outbox_put(struct outbox *o, const char *topic, const void *payload, size_t n, bool retain,
	       u64 now_us)
{
	_cleanup_free_ void *copy = NULL;
	struct letter *l = outbox_find(o, topic);

	if (!l && o->topics >= OUTBOX_TOPICS_MAX) {
		outbox_tidy(o, now_us);
		if (o->topics >= OUTBOX_TOPICS_MAX)
			return -ENOBUFS;
	}
	if (n) {
		copy = malloc(n);
		if (!copy)
			return -ENOMEM;
		memcpy(copy, payload, n);
	}

	if (!l) {
		l = outbox_add(o, topic);
		if (!l)
			return -ENOMEM;
		l->retain = retain;
		l->waiting = true;
		TAILQ_INSERT_TAIL(outbox_queue(o, l), l, link);
	} else {
		if (l->waiting)
			o->replaced++;
		free(l->payload);
		if (!l->waiting || l->retain != retain) {
			TAILQ_REMOVE(outbox_queue(o, l), l, link);
			l->retain = retain;
			l->waiting = true;
			TAILQ_INSERT_TAIL(outbox_queue(o, l), l, link);
		}
	}
	l->payload = copy;
	copy = NULL;
	l->n = n;
	l->put_us = now_us;
	return 0;
}

struct letter *outbox_next(struct outbox *o, bool retained, u64 now_us)
{
	struct letter *l;

	if (retained && !TAILQ_EMPTY(&o->retained))
		return TAILQ_FIRST(&o->retained);
	while ((l = TAILQ_FIRST(&o->momentary)) && now_us - l->put_us > OUTBOX_MOMENTARY_US)
		outbox_drop(o, l);
	return l;
}

void outbox_sent(struct outbox *o, struct letter *l)
{
	if (!l->retain) {
		outbox_drop(o, l);
		return;
	}
	TAILQ_REMOVE(&o->retained, l, link);
	l->waiting = false;
	TAILQ_INSERT_TAIL(&o->kept, l, link);
}

void outbox_resend(struct outbox *o)
{
	struct letter *l;

	TAILQ_FOREACH(l, &o->kept, link)
		l->waiting = true;
	/* Those that still wait are newer than what was sent before. */
	TAILQ_CONCAT(&o->kept, &o->retained, link);
	TAILQ_CONCAT(&o->retained, &o->kept, link);
}
