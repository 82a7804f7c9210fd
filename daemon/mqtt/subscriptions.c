// SPDX-License-Identifier: GPL-2.0
/*
 * The subscriptions: a list of filters, each with its subscribers.  Relies on nothing but memory.
 *
 * A list is enough: there is one filter per mqtt: source, and most are plain topics, for which a
 * message costs one strcmp() each.
 */
#include "mqtt/subscriptions.h"

#include <errno.h>
#include <string.h>

#include <mosquitto.h>

#include "util.h"

void subscriptions_init(struct subscriptions *s)
{
	memset(s, 0, sizeof(*s));
	TAILQ_INIT(&s->filters);
}

static void filter_free(struct subscriptions *s, struct filter *f)
{
	struct subscriber *who;

	while ((who = STAILQ_FIRST(&f->subscribers))) {
		STAILQ_REMOVE_HEAD(&f->subscribers, link);
		free(who);
	}
	TAILQ_REMOVE(&s->filters, f, link);
	free(f);
}

void subscriptions_clear(struct subscriptions *s)
{
	while (!TAILQ_EMPTY(&s->filters))
		filter_free(s, TAILQ_FIRST(&s->filters));
}

static struct filter *filter_find(struct subscriptions *s, const char *text)
{
	struct filter *f;

	TAILQ_FOREACH(f, &s->filters, link)
		if (strcmp(f->text, text) == 0)
			return f;
	return NULL;
}

static bool filter_wanted(const struct filter *f)
{
	const struct subscriber *who;

	STAILQ_FOREACH(who, &f->subscribers, link)
		if (who->fn)
			return true;
	return false;
}

int subscriptions_add(struct subscriptions *s, const char *text, mqtt_message_fn fn, void *ctx)
{
	struct subscriber *who = calloc(1, sizeof(*who));
	struct filter *f = filter_find(s, text);
	size_t n = strlen(text) + 1;

	if (!who)
		return -ENOMEM;
	if (!f) {
		f = calloc(1, sizeof(*f) + n);
		if (!f) {
			free(who);
			return -ENOMEM;
		}
		memcpy(f->text, text, n);
		f->wildcard = strpbrk(text, "+#");
		STAILQ_INIT(&f->subscribers);
		TAILQ_INSERT_TAIL(&s->filters, f, link);
		s->waiting = true;
	} else if (!filter_wanted(f)) {
		f->mid = 0;	/* the last one has left just now, and with it the subscription */
		s->waiting = true;
	}
	who->fn = fn;
	who->ctx = ctx;
	who->fresh = s->handing > 0;
	s->changed |= who->fresh;
	STAILQ_INSERT_TAIL(&f->subscribers, who, link);
	return 0;
}

/* What was put off while a message was handed out. */
static void subscriptions_sweep(struct subscriptions *s)
{
	struct subscriber *who, *next_who;
	struct filter *f, *next;

	s->changed = false;
	for (f = TAILQ_FIRST(&s->filters); f; f = next) {
		next = TAILQ_NEXT(f, link);
		for (who = STAILQ_FIRST(&f->subscribers); who; who = next_who) {
			next_who = STAILQ_NEXT(who, link);
			who->fresh = false;
			if (who->fn)
				continue;
			STAILQ_REMOVE(&f->subscribers, who, subscriber, link);
			free(who);
		}
		if (STAILQ_EMPTY(&f->subscribers))
			filter_free(s, f);
	}
}

bool subscriptions_remove(struct subscriptions *s, const char *text, mqtt_message_fn fn, void *ctx)
{
	struct filter *f = filter_find(s, text);
	struct subscriber *who;
	bool wanted;

	if (!f)
		return false;
	STAILQ_FOREACH(who, &f->subscribers, link)
		if (who->fn == fn && who->ctx == ctx)
			break;
	if (!who)
		return false;
	who->fn = NULL;
	s->changed = true;
	wanted = filter_wanted(f);
	if (!s->handing)
		subscriptions_sweep(s);
	return !wanted;
}

struct filter *subscriptions_next(struct subscriptions *s)
{
	struct filter *f;

	if (!s->waiting)
		return NULL;
	TAILQ_FOREACH(f, &s->filters, link)
		if (!f->mid && filter_wanted(f))
			return f;
	s->waiting = false;
	return NULL;
}

void subscriptions_again(struct subscriptions *s)
{
	struct filter *f;

	TAILQ_FOREACH(f, &s->filters, link)
		f->mid = 0;
	s->waiting = true;
}

struct filter *subscriptions_find(struct subscriptions *s, int mid)
{
	struct filter *f;

	TAILQ_FOREACH(f, &s->filters, link)
		if (f->mid == mid)
			return f;
	return NULL;
}

static bool filter_matches(const struct filter *f, const char *topic)
{
	bool match = false;

	if (!f->wildcard)
		return strcmp(f->text, topic) == 0;
	return mosquitto_topic_matches_sub(f->text, topic, &match) == MOSQ_ERR_SUCCESS && match;
}

void subscriptions_hand(struct subscriptions *s, const char *topic, const u8 *payload, size_t n,
			bool retained)
{
	struct subscriber *who;
	struct filter *f;

	s->handing++;
	TAILQ_FOREACH(f, &s->filters, link) {
		if (!filter_matches(f, topic))
			continue;
		STAILQ_FOREACH(who, &f->subscribers, link)
			if (who->fn && !who->fresh)
				who->fn(who->ctx, topic, payload, n, retained);
	}
	if (!--s->handing && s->changed)
		subscriptions_sweep(s);
}
