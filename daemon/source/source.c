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
 * struct moment - when a frame came to the line, and the whole of it
 * @mono: CLOCK_MONOTONIC, microseconds
 * @real: the same, since the epoch
 * @kept: so long ago that it says nothing about how the line is now
 * @octets: the frame or the datagram, to be kept if it cannot be decoded
 * @n: their number
 */
struct moment {
	u64 mono;
	u64 real;
	bool kept;
	const u8 *octets;
	size_t n;
};

static struct moment moment_now(const u8 *octets, size_t n)
{
	return (struct moment){ .mono = mono_us(), .real = real_us(), .octets = octets, .n = n };
}

/* The message being decoded: one loop, one at a time, too large for 1,000 copies. */
static struct message current;

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

static void note_title(struct source *s, const struct apdu *apdu)
{
	for (unsigned int i = 0; i < apdu->title_len; i++)
		snprintf(s->title + 2 * i, 3, "%02X", apdu->title[i]);
	s->title[2 * apdu->title_len] = '\0';
}

/* At a start, one good frame with something that cannot be read says what is wrong at once. */
static void first_verdict(struct source *s, struct moment at)
{
	if (s->health == HEALTH_STARTING && !at.kept)
		source_set_health(s, health_observe(s));
}

/* Returns why it could not be decoded, NULL: it was. */
static const char *take_message(struct source *s, const struct message *msg, struct moment at)
{
	switch (msg->kind) {
	case MESSAGE_READINGS:
		s->stats.messages++;
		s->last_message_us = at.mono;
		s->owner->message(s->ctx, s, msg, at.real);
		if (!at.kept)
			source_set_health(s, HEALTH_OK);
		break;
	case MESSAGE_UNKNOWN_LIST:
		s->stats.unknown++;
		first_verdict(s, at);
		return "unknown list";
	case MESSAGE_ENCRYPTED:
		s->stats.encrypted++;
		note_title(s, &msg->apdu);
		first_verdict(s, at);
		return "encrypted";
	case MESSAGE_BLOCK:
		s->stats.unsupported++;
		first_verdict(s, at);
		return "a block of a general block transfer";
	}
	return NULL;
}

/* What is wrong with a message, as message_next() returned it. */
static const char *count_error(struct source *s, int r)
{
	if (r == -EPROTONOSUPPORT)
		s->stats.unsupported++;
	else
		s->stats.malformed++;
	return message_error(r);
}

/*
 * One or several APDUs, or bodies.  What follows a broken one cannot be found.  If one of them
 * cannot be decoded, the whole is kept, with the reason of the first.
 */
static void take_apdus(struct source *s, const u8 *p, size_t n, bool body, struct moment at)
{
	const char *why = NULL;
	const u8 *end = p + n;

	for (;;) {
		int r = body ? message_next_body(&s->decoder, &p, end, &current) :
			       message_next(&s->decoder, &p, end, &current);
		const char *reason = NULL;

		if (r == 0)
			reason = take_message(s, &current, at);
		else if (r != -ENODATA)
			reason = count_error(s, r);
		if (!why)
			why = reason;
		if (r < 0 || s->state != SOURCE_OPEN)
			break;
	}
	if (why)
		undecoded_keep(&s->undecoded, at.real, why, at.octets, at.n);
}

static void note_frame(struct source *s, struct moment at)
{
	u64 before = period_patience_us(&s->period), armed, then;
	/* A frame from before the line was opened does not shorten the wait for the next one. */
	u64 now = at.mono > s->open_us ? at.mono : s->open_us;

	period_note(&s->period, at.mono);
	s->last_frame_us = at.mono;
	s->watchdog = (struct backoff){ 0 };
	s->watchdog_wait_us = 0;
	/* Now that the period is known, there is less to wait for than at the beginning. */
	then = now + period_patience_us(&s->period);
	if (then < now + before && s->ops->online && s->state == SOURCE_OPEN &&
	    sd_event_source_get_time(s->timer, &armed) >= 0 && then < armed)
		timer_arm(s, then);
}

static void take_frame_of(struct source *s, const u8 *frame, size_t n, struct moment at)
{
	struct hdlc_frame h;

	if (hdlc_frame_parse(frame, n, &h) < 0) {
		s->stats.malformed++;
		undecoded_keep(&s->undecoded, at.real, "not a frame of format type 3", frame, n);
		return;
	}
	/* Pieces of one message; the last one has no segment bit. */
	if (h.segmented || s->in_segments) {
		s->in_segments = h.segmented;
		s->stats.segmented++;
		undecoded_keep(&s->undecoded, at.real, "a segment of a longer message", frame, n);
		return;
	}
	if (h.info_len)
		take_apdus(s, h.info, h.info_len, false, at);
}

static void take_frame(void *ctx, const u8 *frame, size_t n)
{
	struct moment at = moment_now(frame, n);

	note_frame(ctx, at);
	take_frame_of(ctx, frame, n, at);
}

void source_frame(struct source *s, const u8 *frame, size_t n, u64 mono, u64 real)
{
	struct moment at = { .mono = mono, .real = real, .octets = frame, .n = n };
	u64 now = mono_us();

	/* Clocks of the kernel do not go back, but what computes with them relies on it. */
	if (at.mono > now)
		at.mono = now;
	if (at.mono < s->last_frame_us)
		at.mono = s->last_frame_us;
	if (at.mono > s->last_octet_us)
		s->last_octet_us = at.mono;
	note_frame(s, at);
	at.kept = now - at.mono >= period_patience_us(&s->period);
	take_frame_of(s, frame, n, at);
	/* The observation is of what comes behind it. */
	if (at.kept && s->state == SOURCE_OPEN)
		health_begin(s);
}

void source_receive(struct source *s, const u8 *data, const u8 *flags, size_t n)
{
	u64 now = mono_us();

	if (!n)
		return;
	s->last_octet_us = now;
	framer_push(&s->framer, data, flags, n, s->ops->online ? now * NSEC_PER_USEC : 0,
		    take_frame, s);
}

void source_eof(struct source *s)
{
	framer_flush(&s->framer, take_frame, s);
}

/* No checksum says that these are valid: that they can be decoded is all there is. */
static void take_unframed(struct source *s, const u8 *data, size_t n, bool body)
{
	u64 before = s->stats.malformed + s->stats.unsupported;
	struct moment at = moment_now(data, n);

	take_apdus(s, data, n, body, at);
	if (s->stats.malformed + s->stats.unsupported == before)
		note_frame(s, at);
}

void source_datagram(struct source *s, const u8 *data, size_t n)
{
	static const u8 flag = AMSHAN_FLAG;
	static u8 binary[DATAGRAM_MAX / 2];
	enum link_framing framing;

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
		take_unframed(s, data, n, framing == LINK_BODY);
		break;
	case LINK_P1:
	case LINK_MBUS:
		s->stats.unsupported++;
		undecoded_keep(&s->undecoded, real_us(),
			       framing == LINK_P1 ? "a P1 telegram" : "an M-Bus frame", data, n);
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
	framer_flush(&s->framer, take_frame, s);
	s->in_segments = false;
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

	s = calloc(1, sizeof(*s));
	if (!s)
		return -ENOMEM;
	s->ops = ops;
	s->event = event;
	s->mqtt = mqtt;
	s->owner = owner;
	s->ctx = ctx;
	s->health = HEALTH_CLOSED;
	s->since_us = real_us();
	scale_init(&s->settings.scale);
	framer_init(&s->framer);
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
	free(s->meter);
	free(s->name);
	free(s->uri);
	free(s);
}
