// SPDX-License-Identifier: GPL-2.0
/*
 * The registry: what comes of a message.
 *
 * Which meter a message belongs to: the one that the configuration names; else the one whose number
 * is in the message; else (a list without a number) the one that this source named last, also
 * before a restart. A source whose meter never sends a number gives the meter its own name, after a
 * while in which a list with a number would have come. Where several meters come by one source, a list
 * without a number cannot be said to be any one's, and is left out.
 *
 * A meter behind another one (a message with a channel: M-Bus) is a meter of its own: by its number,
 * else the one that was heard last on this channel, else as "<the other one's id>-<channel>".  It is no matter
 * of what the source learned.
 *
 * A meter is read from one source at a time. Another source with the same meter stands by and takes
 * over when the first one falls silent.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "counters_file.h"
#include "guard_say.h"
#include "keep.h"
#include "log.h"
#include "problem.h"
#include "registry_internal.h"
#include "util.h"

/* What follows from registers is written down at most so often, beside what must be. */
#define KEEP_REGISTERS_US (300 * USEC_PER_SEC)

/* A list with a number comes every 10 s: after three of them none will come. */
#define WAIT_FOR_ID_US	(30 * USEC_PER_SEC)

#define CHANNEL_MAX	4	/* meters behind one (DSMR 5.0.2 P1, 6.12) */

/* Is somebody reading it? */
static bool meter_is_live(struct registry *reg, const struct meter *m)
{
	return registry_link(reg, m->source) && m->available &&
	       mono_us() - m->last_mono_us < period_patience_us(&m->period);
}

/* Did it name another meter not long ago?  Then it carries several, or its meter was exchanged. */
static bool link_is_unsure(const struct link *l)
{
	return naming_is_unsure(&l->naming, l->source->last_message_us,
				period_patience_us(&l->source->period));
}

static void say_several(struct link *l)
{
	if (!l->said_several)
		log_about(LOG_NOTICE, l->source->name, NULL, "names several meters: lists without a "
			  "number are left out");
	l->said_several = true;
}

/*
 * Which meter does this message belong to?  @number: as an id, "" if it has none; @id: "" if that
 * cannot be said.
 */
static void message_meter(struct link *l, const struct message *msg, const char *number, char *id)
{
	struct source *s = l->source;

	id[0] = '\0';
	if (s->meter) {
		strcpy(id, s->meter);
		return;
	}
	if (*number) {
		strcpy(id, number);
		return;
	}
	if (link_is_unsure(l)) {
		if (l->naming.several_us)
			say_several(l);
		return;
	}
	if (*s->learned) {
		strcpy(id, s->learned);
		return;
	}
	/* A list with a name of its maker and without a number is all that this meter sends. */
	if (msg->list.n > 1 || s->last_message_us - l->first_us > WAIT_FOR_ID_US)
		meter_id_make(s->name, strlen(s->name), id);
}

/* What a meter behind another one goes by while it has no number. */
static void channel_id(const char *via, u8 channel, char *id)
{
	snprintf(id, METER_ID_MAX, "%.*s-%u", METER_ID_MAX - (int)sizeof("-255"), via, channel);
}

/* It goes by another id from now on. */
static void drop_id(struct link *l, const char *id)
{
	struct meter *m = registry_meter(l->reg, id);

	if (m && !strcmp(m->source, l->source->name)) {
		registry_meter_remove(l->reg, m);
		registry_meter_forgotten(l->reg, id);
	}
}

/* The number is known now: the meter, and what is behind it, goes no more by the name of its source. */
static void drop_provisional(struct link *l, const char *id)
{
	char provisional[METER_ID_MAX], behind[METER_ID_MAX];

	if (meter_id_make(l->source->name, strlen(l->source->name), provisional) < 0 ||
	    !strcmp(provisional, id))
		return;
	for (u8 channel = 1; channel <= CHANNEL_MAX; channel++) {
		channel_id(provisional, channel, behind);
		drop_id(l, behind);
	}
	drop_id(l, provisional);
}

/*
 * The meter said who it is: @id.  Remembered over a restart only if it is the only one: what changes with
 * each list is neither worth a write nor of use.
 */
static void learn(struct link *l, const char *id)
{
	struct source *s = l->source;

	if (!strcmp(s->learned, id)) {
		if (!link_is_unsure(l))
			state_set_meter(l->reg->state, s->name, s->uri, id);
		return;
	}

	naming_note(&l->naming, id, s->last_message_us);
	if (*s->learned) {
		l->naming.switched_us = s->last_message_us;
		state_set_meter(l->reg->state, s->name, s->uri, NULL);
	} else {
		state_set_meter(l->reg->state, s->name, s->uri, id);
		if (!s->meter)
			drop_provisional(l, id);
	}
	strcpy(s->learned, id);
}

/* Takes the meter for this source, unless another one reads it. */
static bool meter_claim(struct link *l, struct meter *m)
{
	struct source *s = l->source;

	if (!strcmp(m->source, s->name))
		return true;
	if (meter_is_live(l->reg, m)) {
		if (!m->standby_said)
			log_about(LOG_WARNING, s->name, m->id, "meter %s is already read from source "
				  "%s: this one stands by", m->id, m->source);
		m->standby_said = true;
		return false;
	}

	return registry_meter_take(l, m);
}

/* Guards the registers, and adds what is derived; returns true if a register was accepted. */
static bool derive(const struct link *l, struct meter *m, struct readings *r,
		   const struct meter_clock *clock, u64 real)
{
	struct live_time at = { (s64)l->source->last_message_us, (s64)real };
	struct guard_report report;
	s64 clock_us = clock && clock->utc_known ? clock->utc_us : 0;
	bool accepted;

	if (*m->via)
		accepted = derive_take_channel(&m->derive, r, clock_us, at, &report);
	else
		accepted = derive_take(&m->derive, &l->source->settings.derive, r, clock_us, at, &report);
	guard_say(m, &report, (u64)at.mono_us);
	plausibility_take(m, &l->source->settings, r, at.mono_us);

	return accepted;
}

/*
 * Is a number that of another meter of this line?  One that speaks for itself hangs behind no other one, and
 * no meter stands behind two channels of one telegram, all of which has one time.
 */
static bool is_anothers(const struct link *l, const struct meter *m, u8 channel)
{
	return m && !strcmp(m->source, l->source->name) &&
	       (!*m->via ||
		(m->channel != channel && m->last_mono_us == l->source->last_message_us));
}

/* Nothing contradicts that it is of this kind: gas, water, ... */
static bool is_of_type(const struct meter *m, struct text type)
{
	const char *ours = m->identity[ID_METER_TYPE];

	return !type.len || !*ours || (strlen(ours) == type.len && !memcmp(ours, type.p, type.len));
}

/* The meter that was heard last where a message without a number comes from; NULL: none was. */
static struct meter *heard_there(const struct link *l, const struct message *msg)
{
	const struct registry *reg = l->reg;
	struct meter *found = NULL;

	for (size_t i = 0; i < reg->n_meters; i++) {
		struct meter *m = reg->meters[i];

		if (m->channel == msg->channel && !strcmp(m->via, l->meter->id) &&
		    is_of_type(m, msg->readings.identity[ID_METER_TYPE]) &&
		    (!found || m->last_mono_us > found->last_mono_us))
			found = m;
	}
	return found;
}

/*
 * Whose is a message of a meter behind another one?  That one's own message came just before it, in the
 * same telegram.  NULL: it cannot be said.
 */
static struct meter *channel_meter(struct link *l, const struct message *msg, const char *number)
{
	char id[METER_ID_MAX];
	struct meter *m;
	bool named = *number;

	if (is_anothers(l, registry_meter(l->reg, number), msg->channel))
		number = "";
	if (!l->meter || (!*number && link_is_unsure(l)))
		return NULL;
	m = named ? NULL : heard_there(l, msg);
	if (m)
		return m;
	channel_id(l->meter->id, msg->channel, id);
	m = registry_meter(l->reg, *number ? number : id);
	if (m)
		return is_anothers(l, m, msg->channel) ? NULL : m;
	if (*number)
		drop_id(l, id);
	return registry_meter_add(l, *number ? number : id, l->meter->id);
}

static struct meter *own_meter(struct link *l, const struct message *msg, const char *number)
{
	char id[METER_ID_MAX];
	struct meter *m;

	if (*number)
		learn(l, number);
	message_meter(l, msg, number, id);
	m = l->meter && !strcmp(l->meter->id, id) ? l->meter : registry_meter(l->reg, id);
	if (!m && *id)
		m = registry_meter_add(l, id, "");
	/* What comes behind a telegram that is nobody's is not the one's before either. */
	l->meter = m;
	return m;
}

/* It may have been moved behind another meter, or that one has another id now. */
static bool via_changed(struct meter *m, const char *via)
{
	if (!strcmp(m->via, via))
		return false;
	strcpy(m->via, via);
	return true;
}

static void on_message(void *ctx, struct source *s, const struct message *msg, u64 real)
{
	struct link *l = ctx;
	struct registry *reg = l->reg;
	struct readings readings;
	struct meter_update update;
	struct meter_clock clock;
	char number[METER_ID_MAX] = "";
	struct text said = msg->readings.identity[ID_METER_ID];
	struct meter *m;
	bool accepted, moved;

	/* Those of the messages before this one. */
	counters_file_changed(reg->counters);
	if (!l->first_us)
		l->first_us = s->last_message_us;
	if (said.len && meter_id_make(said.p, said.len, number) < 0)
		*number = '\0';
	m = msg->channel ? channel_meter(l, msg, number) : own_meter(l, msg, number);
	if (!m)
		return;
	/* What the module kept is older than what another source gave meanwhile. */
	if (s->last_message_us < m->last_mono_us || !meter_claim(l, m))
		return;

	moved = via_changed(m, msg->channel ? l->meter->id : "");
	m->channel = msg->channel;
	meter_interpret(msg, &s->settings, &readings, &clock, real);
	accepted = derive(l, m, &readings, readings.has_time ? &clock : NULL, real);
	meter_update(m, &readings, &clock, real, &update);
	update.problem = problem_look(m);
	m->last_mono_us = s->last_message_us;
	period_note(&m->period, m->last_mono_us);
	if (update.known || derive_wants_record(&m->derive) ||
	    ((accepted || derive_reserves_much(&m->derive)) &&
	     m->last_mono_us - m->kept_us > KEEP_REGISTERS_US))
		keep_want(reg->keep, m);
	update.identity |= m->taken_over | moved;
	m->taken_over = false;
	tell(reg, meter_updated, m, &update);
	if (!m->available && mono_us() - m->last_mono_us < period_patience_us(&m->period)) {
		registry_meter_available(reg, m, true);
		reg->changed(reg->ctx);
	}
}

static void refresh_meters(struct link *l)
{
	struct registry *reg = l->reg;
	struct source *s = l->source;
	bool delivers = s->state == SOURCE_OPEN && s->health == HEALTH_OK;
	u64 now = mono_us();

	for (size_t i = 0; i < reg->n_meters; i++) {
		struct meter *m = reg->meters[i];

		if (m->available && !strcmp(m->source, s->name) &&
		    (!delivers || now - m->last_mono_us >= period_patience_us(&m->period))) {
			registry_meter_available(reg, m, false);
			/* A silence is a gap, as long as somebody listened. */
			if (!delivers)
				period_break(&m->period);
		}
	}
}

static void on_changed(void *ctx, struct source *s)
{
	struct link *l = ctx;

	/* While it waits for the first list the meter is as it was: gone, or never seen. */
	if (s->health != HEALTH_OK)
		refresh_meters(l);
	tell(l->reg, source_changed, s);
	l->reg->changed(l->reg->ctx);
}

static void on_checked(void *ctx, struct source *s)
{
	refresh_meters(ctx);
}

const struct source_owner registry_owner = {
	.message = on_message,
	.changed = on_changed,
	.checked = on_checked,
};
