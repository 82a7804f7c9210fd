// SPDX-License-Identifier: GPL-2.0
/*
 * What all sources share: from octets to decoded messages, and whether it goes well.
 *
 * One timer per source ends an observation: after three list periods (period_patience_us()) the
 * counters say what is wrong (health.c), and a link that is open but dead is opened anew. Between
 * two of these times nothing is scheduled.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "link/hextext.h"
#include "link/sniff.h"
#include "log.h"
#include "source/source.h"
#include "util.h"

/* A datagram is a few frames, perhaps as hex text. */
#define DATAGRAM_MAX	65536

static const struct source_ops *const all_ops[] = {
	&source_kernel, &source_serial, &source_tcp, &source_mqtt, &source_file,
};

/**
 * struct arrival - what is being taken: a frame, a telegram, a datagram
 * @s: the source
 * @mono: when it came to the line: CLOCK_MONOTONIC, microseconds
 * @real: the same, since the epoch
 * @kept: so long ago that it says nothing about how the line is now
 * @why: why it cannot be decoded, the first reason; NULL: it can
 */
struct arrival {
	struct source *s;
	u64 mono;
	u64 real;
	bool kept;
	const char *why;
};

static struct arrival arrival_now(struct source *s)
{
	return (struct arrival){ .s = s, .mono = mono_us(), .real = real_us() };
}

/* Each verdict is said once, until readings arrive. */
static void say_health(struct source *s)
{
	char text[SOURCE_HEALTH_TEXT_MAX];
	bool said = s->said_health >> s->health & 1;

	s->said_health |= 1u << s->health;
	source_health_text(s, text, sizeof(text));
	log_about(said ? LOG_DEBUG : LOG_WARNING, s->name, NULL, "%s", text);
}

/* Returns true if it is another one: the owner is to be told. */
static bool health_change(struct source *s, enum source_health health)
{
	if (s->health == health)
		return false;
	s->health = health;

	switch (health) {
	case HEALTH_OK:
		/* After a first start the manager says which meter it is. */
		if (*s->said || s->said_health)
			log_about(LOG_INFO, s->name, NULL, "readings arrive");
		*s->said = '\0';
		s->said_health = 0;
		break;
	case HEALTH_STARTING:
	case HEALTH_CLOSED:
	case HEALTH_ENDED:
		/* These are said as a state. */
		break;
	default:
		say_health(s);
	}

	return true;
}

static void source_set_health(struct source *s, enum source_health health)
{
	if (health_change(s, health))
		s->owner->changed(s->ctx, s);
}

static void timer_arm(struct source *s, u64 at)
{
	sd_event_source_set_time(s->timer, at);
	sd_event_source_set_enabled(s->timer, SD_EVENT_ONESHOT);
}

/* At a start, one good frame with something that cannot be read says what is wrong at once. */
static void first_verdict(const struct arrival *a)
{
	if (a->s->health == HEALTH_STARTING && !a->kept)
		source_set_health(a->s, health_observe(a->s));
}

/*
 * Whose is what stands behind the channels of a telegram?  That of the telegram, also if no number of its own has a
 * name: else it would be taken for that of the one before.
 */
static void tell_front(const struct arrival *a, const struct message *msg)
{
	struct source *s = a->s;
	u64 before = s->last_message_us;

	if (msg->list.shape != LIST_TELEGRAM || msg->channel || !msg->held || s->state != SOURCE_OPEN)
		return;
	s->last_message_us = a->mono;
	s->owner->message(s->ctx, s, msg, a->real);
	/* It has no readings. */
	s->last_message_us = before;
}

static const char *take_message(const struct arrival *a, const struct message *msg)
{
	struct source *s = a->s;

	if (msg->kind == MESSAGE_UNKNOWN_LIST) {
		s->stats.unknown++;
		first_verdict(a);
		tell_front(a, msg);
		return "unknown list";
	}
	s->stats.messages++;
	s->last_message_us = a->mono;
	s->owner->message(s->ctx, s, msg, a->real);
	if (!a->kept)
		source_set_health(s, HEALTH_OK);

	return NULL;
}

/* Which counter, and what the health is. */
static u64 *closed_counter(struct source_stats *stats, enum cipher_trouble trouble)
{
	switch (trouble) {
	case CIPHER_NO_KEY:
	case CIPHER_NO_AUTHENTICATION_KEY:
	case CIPHER_UNSUPPORTED:
		return &stats->encrypted;
	case CIPHER_REPLAY:
		return &stats->replayed;
	default:
		return &stats->rejected;
	}
}

/*
 * While one meter is read, the health does not tell of another one on its line whose key is missing or
 * wrong.  A replay is none of that: a slower source of the same meter has them.
 */
static void say_closed(struct source *s)
{
	char say[CIPHER_SAY_MAX];

	if (s->health != HEALTH_OK || s->trouble == CIPHER_REPLAY || s->said_closed)
		return;
	s->said_closed = true;
	/* It may turn out to be all that comes: that is not said again. */
	s->said_health |= 1u << (closed_counter(&s->stats, s->trouble) == &s->stats.encrypted ?
				 HEALTH_ENCRYPTED : HEALTH_WRONG_KEY);
	log_about(LOG_WARNING, s->name, NULL, "%s", cipher_say(s->trouble, &s->ciphered, s->highest, say));
}

static const char *take_closed(const struct arrival *a, const struct reader_event *e)
{
	struct source *s = a->s;

	++*closed_counter(&s->stats, e->trouble);
	s->ciphered = *e->ciphered;
	/* Text and tag are gone when the frame is. */
	s->ciphered.text = s->ciphered.tag = NULL;
	s->trouble = e->trouble;
	s->highest = e->highest;
	first_verdict(a);
	say_closed(s);

	return cipher_trouble_reason(e->trouble);
}

static void take_event(void *ctx, const struct reader_event *e)
{
	struct arrival *a = ctx;
	struct source *s = a->s;
	const char *why = NULL;

	switch (e->what) {
	case READER_MESSAGE:
		why = take_message(a, e->msg);
		break;
	case READER_BLOCK:
		break;
	case READER_BROKEN:
		why = "a block of a message that is not whole";
		break;
	case READER_CLOSED:
		why = take_closed(a, e);
		break;
	case READER_UNSUPPORTED:
		s->stats.unsupported++;
		first_verdict(a);
		why = message_error(e->error);
		break;
	case READER_MALFORMED:
		s->stats.malformed++;
		why = message_error(e->error);
		break;
	}
	a->why = a->why ?: why;
	if (s->state != SOURCE_OPEN)
		reader_stop(&s->reader);
}

static void note_unit(const struct arrival *a, enum link_framing framing)
{
	struct source *s = a->s;
	u64 before = period_patience_us(&s->period), armed, then;
	/* A frame from before the line was opened does not shorten the wait for the next one. */
	u64 now = a->mono > s->open_us ? a->mono : s->open_us;

	s->framing = framing;
	period_note(&s->period, a->mono);
	s->last_frame_us = a->mono;
	s->watchdog = (struct backoff){ 0 };
	s->watchdog_wait_us = 0;
	/* Now that the period is known, there is less to wait for than at the beginning. */
	then = now + period_patience_us(&s->period);
	if (then < now + before && s->ops->online && s->state == SOURCE_OPEN &&
	    sd_event_source_get_time(s->timer, &armed) >= 0 && then < armed)
		timer_arm(s, then);
}

static void take_unit(struct arrival *a, const struct link_unit *unit)
{
	struct source *s = a->s;

	a->why = NULL;
	if (unit->error) {
		a->why = "a segment of a message that is not whole";
	} else if (unit->payload) {
		reader_take(&s->reader, unit, a->mono, take_event, a);
	}
	if (a->why)
		undecoded_keep(&s->undecoded, a->real, a->why, unit->octets, unit->n);
}

/* No checksum says that it is valid: that it can be decoded is all there is. */
static void take_bare(struct arrival *a, const struct link_unit *unit)
{
	struct source *s = a->s;
	u64 before = s->stats.malformed + s->stats.unsupported;

	take_unit(a, unit);
	/* With or without an LLC header or that of the APDU: there is nothing around it. */
	if (s->stats.malformed + s->stats.unsupported == before)
		note_unit(a, LINK_APDU);
}

/* What comes as octets comes now. */
static void unit_now(void *ctx, const struct link_unit *unit)
{
	struct arrival a = arrival_now(ctx);

	if (unit->framing == LINK_APDU) {
		take_bare(&a, unit);
		return;
	}
	note_unit(&a, unit->framing);
	take_unit(&a, unit);
}

static void unit_of_frame(void *ctx, const struct link_unit *unit)
{
	take_unit(ctx, unit);
}

void source_frame(struct source *s, const u8 *frame, size_t n, u64 mono, u64 real)
{
	struct arrival a = { .s = s, .mono = mono, .real = real };
	u64 now = mono_us();

	/* Clocks of the kernel do not go back, but what computes with them relies on it. */
	if (a.mono > now)
		a.mono = now;
	if (a.mono < s->last_frame_us)
		a.mono = s->last_frame_us;
	if (a.mono > s->last_octet_us)
		s->last_octet_us = a.mono;
	note_unit(&a, LINK_HDLC);
	a.kept = now - a.mono >= period_patience_us(&s->period);
	if (deframer_frame(&s->deframer, frame, n, a.mono * NSEC_PER_USEC, unit_of_frame, &a) < 0) {
		s->stats.malformed++;
		undecoded_keep(&s->undecoded, a.real, "not a frame of format type 3", frame, n);
	}
	/* The observation is of what comes behind it. */
	if (a.kept && s->state == SOURCE_OPEN)
		health_begin(s);
}

void source_receive(struct source *s, const u8 *data, const u8 *flags, size_t n)
{
	u64 now = mono_us();

	if (!n)
		return;
	s->last_octet_us = now;
	deframer_push(&s->deframer, data, flags, n, s->ops->online ? now * NSEC_PER_USEC : 0, unit_now, s);
}

void source_eof(struct source *s)
{
	deframer_flush(&s->deframer, unit_now, s);
}

static void take_unframed(struct source *s, const u8 *data, size_t n, enum link_framing framing)
{
	const struct link_unit unit = {
		.framing = framing,
		.octets = data,
		.n = n,
		.payload = data,
		.len = n,
		.unverified = true,
	};
	struct arrival a = arrival_now(s);

	take_bare(&a, &unit);
}

void source_datagram(struct source *s, const u8 *data, size_t n)
{
	static const u8 flag = AMSHAN_FLAG;
	static u8 binary[DATAGRAM_MAX / 2];
	enum link_framing framing;
	u64 before;

	if (!n)
		return;
	s->last_octet_us = mono_us();
	if (n > DATAGRAM_MAX) {
		s->stats.malformed++;
		undecoded_keep(&s->undecoded, real_us(), "longer than any message", data, n);
		return;
	}
	if (hextext_is(data, n)) {
		hextext_decode(data, n, binary, &n, NULL);
		data = binary;
	}

	/* One topic may carry what several meters send. */
	deframer_sniff(&s->deframer);
	if (link_is_naked_frame(data, n)) {
		source_receive(s, &flag, NULL, 1);
		source_receive(s, data, NULL, n);
		source_receive(s, &flag, NULL, 1);
		source_eof(s);
		return;
	}

	framing = link_sniff(data, n);
	switch (framing) {
	case LINK_LLC:
	case LINK_APDU:
	case LINK_BODY:
		take_unframed(s, data, n, framing);
		break;
	case LINK_P1:
	case LINK_MBUS:
		before = deframer_units(&s->deframer);
		source_receive(s, data, NULL, n);
		source_eof(s);
		if (deframer_units(&s->deframer) == before)
			undecoded_keep(&s->undecoded, real_us(), "nothing whole with a good checksum in it",
				       data, n);
		break;
	case LINK_HDLC:
	case LINK_UNKNOWN:
		/* Whole messages in one piece: what is missing of one does not come with the next. */
		source_receive(s, data, NULL, n);
		source_eof(s);
		break;
	}
}

/*
 * A link that is open but dead is opened anew: after the patience, and then each time later, with
 * jitter, so that a peer whose meter is silent is not called for ever.
 */
static bool watchdog_bites(struct source *s, u64 now, u64 patience)
{
	u64 from = s->last_frame_us > s->open_us ? s->last_frame_us : s->open_us;

	if (!s->ops->watchdog || s->state != SOURCE_OPEN ||
	    now < from + patience + s->watchdog_wait_us)
		return false;

	s->watchdog_wait_us = backoff_next(&s->watchdog);
	s->stats.watchdog++;
	log_about(LOG_DEBUG, s->name, NULL, "no valid frame for %" PRIu64 " s: opening it anew",
		  (u64)((now - from) / USEC_PER_SEC));
	s->ops->stop(s);
	s->ops->start(s);

	return true;
}

/* End of an observation, unless a message came meanwhile: then it goes on from that one. */
static int on_timer(sd_event_source *timer, u64 usec, void *ctx)
{
	struct source *s = ctx;
	u64 now = mono_us(), patience = period_patience_us(&s->period);
	u64 from = s->last_message_us > s->open_us ? s->last_message_us : s->open_us;

	if (now < from + patience && s->health == HEALTH_OK) {
		health_begin(s);
		timer_arm(s, from + patience);
		s->owner->checked(s->ctx, s);
		return 0;
	}

	source_set_health(s, health_observe(s));
	if (now >= s->last_frame_us + patience)
		deframer_sniff(&s->deframer);
	s->owner->checked(s->ctx, s);
	if (!watchdog_bites(s, now, patience) && s->state == SOURCE_OPEN)
		timer_arm(s, now + patience);

	return 0;
}

const char *source_state_name(enum source_state state)
{
	static const char *const names[] = {
		[SOURCE_STOPPED] = "stopped",
		[SOURCE_WAITING] = "waiting",
		[SOURCE_CONNECTING] = "connecting",
		[SOURCE_OPEN] = "open",
		[SOURCE_ENDED] = "ended",
	};

	return names[state];
}

/*
 * A link that comes and goes without a valid frame is not worth a line each time: what was said
 * once is only debugging until readings arrive.
 */
static void say_reason(struct source *s, const char *reason)
{
	bool said = !strcmp(reason, s->said);

	if (!*reason)
		return;
	log_about(said ? LOG_DEBUG : s->state == SOURCE_WAITING ? LOG_WARNING : LOG_INFO, s->name, NULL,
		  "%s", reason);
	strcpy(s->said, reason);
}

/* What the health is by the state alone; an open line is judged by what comes. */
static enum source_health health_of_state(struct source *s, enum source_state state)
{
	enum source_health verdict;

	switch (state) {
	case SOURCE_OPEN:
		return s->health == HEALTH_CLOSED || s->health == HEALTH_ENDED ? HEALTH_STARTING :
										 s->health;
	case SOURCE_CONNECTING:
		return s->health;
	case SOURCE_ENDED:
		/* A file that gave nothing is told why. */
		verdict = s->state == SOURCE_OPEN ? health_observe(s) : HEALTH_OK;
		return verdict == HEALTH_OK || verdict == HEALTH_SILENT ? HEALTH_ENDED : verdict;
	case SOURCE_WAITING:
	case SOURCE_STOPPED:
		break;
	}

	return HEALTH_CLOSED;
}

static void line_opened(struct source *s)
{
	s->stats.starts++;
	s->open_us = mono_us();
	deframer_flush(&s->deframer, unit_now, s);
	reader_flush(&s->reader);
	/* Who knows what is at its end now? */
	deframer_sniff(&s->deframer);
	health_begin(s);
	if (s->ops->online)
		timer_arm(s, s->open_us + period_patience_us(&s->period));
}

/* @state: why; what the watchdog opens anew was listened to all the time, as far as we know. */
static void line_closed(struct source *s, enum source_state state)
{
	sd_event_source_set_enabled(s->timer, SD_EVENT_OFF);
	s->open_us = 0;
	if (state != SOURCE_CONNECTING)
		period_break(&s->period);
}

void source_set_state(struct source *s, enum source_state state, const char *fmt, ...)
{
	char reason[SOURCE_REASON_MAX] = "";
	enum source_state before = s->state;
	enum source_health health;
	va_list ap;

	if (fmt) {
		va_start(ap, fmt);
		vsnprintf(reason, sizeof(reason), fmt, ap);
		va_end(ap);
	}
	if (state == before && !strcmp(reason, s->reason))
		return;

	health = health_of_state(s, state);
	if (state != before)
		s->since_us = real_us();
	s->state = state;
	/* On the way to the next attempt the reason of the last failure stays to be read. */
	if (state != SOURCE_CONNECTING || *reason) {
		say_reason(s, reason);
		strcpy(s->reason, reason);
	}
	if (state == SOURCE_OPEN && before != SOURCE_OPEN) {
		log_about(*s->said || s->said_health ? LOG_DEBUG : LOG_INFO, s->name, NULL, "open");
		line_opened(s);
	} else if (state != SOURCE_OPEN && before == SOURCE_OPEN) {
		line_closed(s, state);
	}
	health_change(s, health);
	s->owner->changed(s->ctx, s);
}

static const struct source_ops *ops_of(const char *uri, const char **rest)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(all_ops); i++) {
		size_t n = strlen(all_ops[i]->scheme);

		if (!strncmp(uri, all_ops[i]->scheme, n) && uri[n] == ':') {
			*rest = uri + n + 1;
			return all_ops[i];
		}
	}

	return NULL;
}

int source_new(sd_event *event, const char *name, const char *uri, struct mqtt_client *mqtt,
	       const struct source_owner *owner, void *ctx, struct source **ret, char **error)
{
	const struct source_ops *ops;
	const char *rest = NULL;
	struct source *s;
	int r;

	ops = ops_of(uri, &rest);
	if (!ops) {
		if (asprintf(error, "\"%s\" is none of kernel:, serial:, tcp://, mqtt:, file:",
			     uri) < 0)
			return -ENOMEM;
		return -EINVAL;
	}

	/* The buffers of 1,000 sources would be 60 MiB: those that a line never needs are not touched. */
	s = malloc(sizeof(*s));
	if (!s)
		return -ENOMEM;
	memset(s, 0, offsetof(struct source, deframer));
	s->ops = ops;
	s->event = event;
	s->mqtt = mqtt;
	s->owner = owner;
	s->ctx = ctx;
	s->health = HEALTH_CLOSED;
	s->since_us = real_us();
	scale_init(&s->settings.scale);
	deframer_init(&s->deframer);
	reader_init(&s->reader);
	s->name = strdup(name);
	s->uri = strdup(uri);
	r = s->name && s->uri ? 0 : -ENOMEM;
	if (r == 0)
		r = sd_event_add_time(event, &s->timer, CLOCK_MONOTONIC, 0, USEC_PER_SEC, on_timer,
				      s);
	if (r >= 0)
		r = sd_event_source_set_enabled(s->timer, SD_EVENT_OFF);
	if (r >= 0)
		r = ops->parse(s, rest, error);
	if (r < 0) {
		source_free(s);
		return r;
	}
	*ret = s;

	return 0;
}

void source_refresh(struct source *s)
{
	if (s->ops->refresh)
		s->ops->refresh(s);
}

int source_start(struct source *s)
{
	return s->ops->start(s);
}

void source_stop(struct source *s)
{
	s->ops->stop(s);
	source_set_state(s, SOURCE_STOPPED, NULL);
}

void source_set_keys(struct source *s, struct keyring *keys)
{
	struct keyring *before = s->keys;

	s->keys = keyring_ref(keys);
	s->reader.keys = s->keys;
	s->said_closed = false;
	keyring_free(before);
}

void source_free(struct source *s)
{
	if (!s)
		return;
	if (s->priv) {
		s->ops->stop(s);
		s->ops->free(s);
	}
	sd_event_source_disable_unref(s->timer);
	undecoded_clear(&s->undecoded);
	keyring_free(s->keys);
	free(s->meter);
	free(s->name);
	free(s->uri);
	free(s);
}
