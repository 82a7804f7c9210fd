// SPDX-License-Identifier: GPL-2.0
/*
 * The registry: sources, meters, outputs.
 *
 * Which meter a message belongs to: the one that the configuration names; else the one whose number
 * is in the message; else (a list without a number) the one that this source named last, also
 * before a restart. A source whose meter never sends a number gives the meter its own name, after a
 * while in which a list with a number would have come. Where several meters come by one source, a list
 * without a number cannot be said to be any one's, and is left out.
 *
 * A meter behind another one (a message with a channel: M-Bus) is a meter of its own: by its number,
 * else as "<the other one's id>-<channel>".  It is no matter of what the source learned.
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
#include "naming.h"
#include "problem.h"
#include "registry.h"
#include "util.h"

/* What follows from registers is written down at most so often, beside what must be. */
#define KEEP_REGISTERS_US (300 * USEC_PER_SEC)

/* A list with a number comes every 10 s: after three of them none will come. */
#define WAIT_FOR_ID_US	(30 * USEC_PER_SEC)

/*
 * One source may carry several meters (an MQTT topic with wildcards); a faulty one not any number.
 */
#define METERS_OF_SOURCE_MAX	64

/**
 * struct link - a source and what the registry knows of it
 * @meter: the meter of its last message, or NULL
 * @first_us: its first message, CLOCK_MONOTONIC, as source->last_message_us; 0: none
 * @naming: the numbers that it named
 * @took_over: it got a meter from another source, and that was not told yet
 * @said_several: it was said that it carries several meters
 * @said_full: it was said that it names too many
 */
struct link {
	struct registry *reg;
	struct source *source;
	struct meter *meter;
	u64 first_us;
	struct naming naming;
	bool took_over;
	bool said_several;
	bool said_full;
};

#define OUTPUTS_MAX	4
#define CHANNEL_MAX	4	/* meters behind one (DSMR 5.0.2 P1, 6.12) */

struct registry {
	sd_event *event;
	struct state *state;
	struct keep *keep;
	struct counters_file *counters;
	struct cipher *cipher;
	struct kernel_ports *ports;
	void (*changed)(void *ctx);
	void *ctx;
	const struct maker *const *tables;
	struct output *outputs[OUTPUTS_MAX];
	unsigned int n_outputs;
	struct link **links;
	size_t n_links;
	struct meter **meters;
	size_t n_meters;
};

#define tell(reg, call, ...)							\
	do {									\
		for (unsigned int o_ = 0; o_ < (reg)->n_outputs; o_++) {	\
			struct output *out_ = (reg)->outputs[o_];		\
										\
			if (out_->ops->call)					\
				out_->ops->call(out_, __VA_ARGS__);		\
		}								\
	} while (0)

static struct link *link_of(struct registry *reg, const char *source)
{
	for (size_t i = 0; i < reg->n_links; i++) {
		if (!strcmp(reg->links[i]->source->name, source))
			return reg->links[i];
	}

	return NULL;
}

const struct source *registry_source_next(const struct registry *reg, const struct source *s)
{
	size_t i = 0;

	while (s && i < reg->n_links && reg->links[i]->source != s)
		i++;
	i += s != NULL;

	return i < reg->n_links ? reg->links[i]->source : NULL;
}

static struct meter *meter_of(struct registry *reg, const char *id)
{
	for (size_t i = 0; i < reg->n_meters; i++) {
		if (!strcmp(reg->meters[i]->id, id))
			return reg->meters[i];
	}

	return NULL;
}

/* Room for one more pointer; doubles, so that 1,000 sources do not copy 1,000 times. */
static int array_room(void *array, size_t n)
{
	void **p = array, *more;

	if (n & (n - 1))
		return 0;
	more = reallocarray(*p, n ? 2 * n : 1, sizeof(void *));
	if (!more)
		return -ENOMEM;
	*p = more;

	return 0;
}

static void meter_remove(struct registry *reg, struct meter *m)
{
	tell(reg, meter_removed, m);
	keep_last(reg->keep, m);
	for (size_t i = 0; i < reg->n_links; i++) {
		if (reg->links[i]->meter == m)
			reg->links[i]->meter = NULL;
	}
	for (size_t i = 0; i < reg->n_meters; i++) {
		if (reg->meters[i] == m) {
			reg->meters[i] = reg->meters[--reg->n_meters];
			break;
		}
	}
	meter_free(m);
}

/* What is kept and shown of one that is gone for good; as keep_forget(). */
static int meter_forgotten(struct registry *reg, const char *id)
{
	int r = keep_forget(reg->keep, id);

	tell(reg, meter_forgotten, id);

	return r;
}

/* @via: id of the meter that it hangs behind, or "" */
static struct meter *meter_add(struct link *l, const char *id, const char *via)
{
	struct registry *reg = l->reg;
	const char *source = l->source->name;
	unsigned int ours = 0;
	struct meter *m;

	for (size_t i = 0; i < reg->n_meters; i++)
		ours += !strcmp(reg->meters[i]->source, source);
	if (ours >= METERS_OF_SOURCE_MAX) {
		if (!l->said_full)
			log_about(LOG_WARNING, source, id, "names more than %d meters: no more are "
				  "taken from it", METERS_OF_SOURCE_MAX);
		l->said_full = true;
		return NULL;
	}
	if (array_room(&reg->meters, reg->n_meters) < 0)
		return NULL;
	m = meter_new(id, source);
	if (!m)
		return NULL;
	reg->meters[reg->n_meters++] = m;
	keep_load(reg->keep, m);
	strcpy(m->via, via);
	log_about(LOG_NOTICE, source, id, "meter %s", id);
	tell(reg, meter_added, m);

	return m;
}

static void meter_set_available(struct registry *reg, struct meter *m, bool available)
{
	if (m->available == available)
		return;
	m->available = available;
	tell(reg, meter_availability, m);
}

/* Is somebody reading it? */
static bool meter_is_live(struct registry *reg, const struct meter *m)
{
	return link_of(reg, m->source) && m->available &&
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
	struct meter *m = meter_of(l->reg, id);

	if (m && !strcmp(m->source, l->source->name)) {
		meter_remove(l->reg, m);
		meter_forgotten(l->reg, id);
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

/* From now on the meter is read from this source; false without memory. */
static bool meter_take(struct link *l, struct meter *m)
{
	char *name = strdup(l->source->name);

	if (!name)
		return false;
	log_about(LOG_NOTICE, name, m->id, "meter %s: taken over from source %s", m->id, m->source);
	free(m->source);
	m->source = name;
	m->standby_said = false;
	l->took_over = true;

	return true;
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

	return meter_take(l, m);
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
	guard_say(m, &report);
	plausibility_take(m, &l->source->settings, r, at.mono_us);

	return accepted;
}

/*
 * Whose is a message of a meter behind another one?  That one's own message came just before it, in the
 * same telegram.  NULL: it cannot be said.
 */
static struct meter *channel_meter(struct link *l, u8 channel, const char *number)
{
	char id[METER_ID_MAX];
	struct meter *m;

	if (!l->meter || (!*number && link_is_unsure(l)))
		return NULL;
	channel_id(l->meter->id, channel, id);
	m = meter_of(l->reg, *number ? number : id);
	if (m)
		return m;
	if (*number)
		drop_id(l, id);
	return meter_add(l, *number ? number : id, l->meter->id);
}

static struct meter *own_meter(struct link *l, const struct message *msg, const char *number)
{
	char id[METER_ID_MAX];
	struct meter *m;

	if (*number)
		learn(l, number);
	message_meter(l, msg, number, id);
	if (!*id)
		return NULL;
	m = l->meter && !strcmp(l->meter->id, id) ? l->meter : meter_of(l->reg, id);
	if (!m)
		m = meter_add(l, id, "");
	if (m)
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
	m = msg->channel ? channel_meter(l, msg->channel, number) : own_meter(l, msg, number);
	if (!m)
		return;
	/* What the module kept is older than what another source gave meanwhile. */
	if (s->last_message_us < m->last_mono_us || !meter_claim(l, m))
		return;

	moved = via_changed(m, msg->channel ? l->meter->id : "");
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
	update.identity |= l->took_over | moved;
	l->took_over = false;
	tell(reg, meter_updated, m, &update);
	if (!m->available && mono_us() - m->last_mono_us < period_patience_us(&m->period)) {
		meter_set_available(reg, m, true);
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
			meter_set_available(reg, m, false);
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

static const struct source_owner owner = {
	.message = on_message,
	.changed = on_changed,
	.checked = on_checked,
};

int registry_new(sd_event *event, struct state *state, struct keep *keep,
		 struct counters_file *counters, struct kernel_ports *ports,
		 void (*changed)(void *ctx), void *ctx, struct registry **ret)
{
	struct registry *reg = calloc(1, sizeof(*reg));

	if (!reg)
		return -ENOMEM;
	reg->cipher = cipher_new();
	if (!reg->cipher) {
		free(reg);
		return -ENOMEM;
	}
	reg->event = event;
	reg->state = state;
	reg->keep = keep;
	reg->counters = counters;
	reg->ports = ports;
	reg->changed = changed;
	reg->ctx = ctx;
	*ret = reg;

	return 0;
}

void registry_free(struct registry *reg)
{
	if (!reg)
		return;
	reg->n_outputs = 0;
	while (reg->n_links)
		registry_remove_source(reg, reg->links[reg->n_links - 1]->source->name);
	free(reg->links);
	free(reg->meters);
	cipher_free(reg->cipher);
	free(reg);
}

int registry_add_output(struct registry *reg, struct output *o)
{
	if (reg->n_outputs == OUTPUTS_MAX)
		return -ENOSPC;
	reg->outputs[reg->n_outputs++] = o;

	if (o->ops->source_added) {
		for (size_t i = 0; i < reg->n_links; i++)
			o->ops->source_added(o, reg->links[i]->source);
	}
	if (o->ops->meter_added) {
		for (size_t i = 0; i < reg->n_meters; i++)
			o->ops->meter_added(o, reg->meters[i]);
	}

	return 0;
}

void registry_remove_output(struct registry *reg, struct output *o)
{
	for (unsigned int i = 0; i < reg->n_outputs; i++) {
		if (reg->outputs[i] != o)
			continue;
		memmove(&reg->outputs[i], &reg->outputs[i + 1],
			(reg->n_outputs - i - 1) * sizeof(reg->outputs[0]));
		reg->n_outputs--;
		return;
	}
}

int registry_add_source(struct registry *reg, const struct source_config *config,
			struct mqtt_client *mqtt)
{
	_cleanup_free_ char *error = NULL;
	const char *remembered;
	struct link *l;
	int r;

	r = array_room(&reg->links, reg->n_links);
	l = r < 0 ? NULL : calloc(1, sizeof(*l));
	if (!l)
		return -ENOMEM;
	l->reg = reg;
	r = source_new(reg->event, config->name, config->uri, mqtt, &owner, l, &l->source, &error);
	if (r < 0) {
		log_err("%s: uri: %s", config->where, error ? error : strerror(-r));
		free(l);
		return r;
	}
	reg->links[reg->n_links++] = l;
	l->source->ports = reg->ports;
	l->source->reader.cipher = reg->cipher;
	/* A capture may be read again. */
	if (l->source->ops->online)
		l->source->reader.counters = counters_file_table(reg->counters);
	decoder_use(&l->source->reader.decoder, reg->tables);
	remembered = state_meter(reg->state, config->name, config->uri);
	if (remembered)
		meter_id_make(remembered, strlen(remembered), l->source->learned);
	registry_update_source(reg, config);

	tell(reg, source_added, l->source);
	r = source_start(l->source);
	if (r < 0)
		log_about(LOG_ERR, config->name, NULL, "cannot be started: %s", strerror(-r));
	reg->changed(reg->ctx);

	return 0;
}

void registry_set_tables(struct registry *reg, const struct maker *const *tables)
{
	reg->tables = tables;
	for (size_t i = 0; i < reg->n_links; i++)
		decoder_use(&reg->links[i]->source->reader.decoder, tables);
}

/* The meters that are read from a source go, as far as no other source stands by for them. */
static void meters_drop(struct registry *reg, struct link *l)
{
	for (size_t i = reg->n_meters; i-- > 0;) {
		struct meter *m = reg->meters[i];
		struct link *heir = NULL;

		if (strcmp(m->source, l->source->name))
			continue;
		for (size_t k = 0; k < reg->n_links; k++) {
			if (reg->links[k] != l && reg->links[k]->meter == m)
				heir = reg->links[k];
		}
		if (heir && meter_take(heir, m))
			meter_set_available(reg, m, false);
		else
			meter_remove(reg, m);
	}
	l->meter = NULL;
}

int registry_update_source(struct registry *reg, const struct source_config *config)
{
	struct link *l = link_of(reg, config->name);
	struct source *s;
	char *meter;

	if (!l)
		return -ENOENT;
	s = l->source;
	s->settings = config->settings;
	s->deframer.p1.policy = s->settings.p1_checksum;
	source_set_keys(s, config->keys);
	if (s->meter == config->meter ||
	    (s->meter && config->meter && !strcmp(s->meter, config->meter)))
		return 0;

	meter = config->meter ? strdup(config->meter) : NULL;
	if (config->meter && !meter) {
		log_about(LOG_ERR, s->name, NULL, "no memory for its meter's id: it stays as it was");
		return -ENOMEM;
	}
	/* Its meter goes by another id from now on. */
	meters_drop(reg, l);
	free(s->meter);
	s->meter = meter;

	return 0;
}

void registry_remove_source(struct registry *reg, const char *name)
{
	struct link *l = link_of(reg, name);

	if (!l)
		return;

	source_stop(l->source);
	meters_drop(reg, l);
	tell(reg, source_removed, l->source);
	for (size_t i = 0; i < reg->n_links; i++) {
		if (reg->links[i] == l) {
			reg->links[i] = reg->links[--reg->n_links];
			break;
		}
	}
	source_free(l->source);
	free(l);
	reg->changed(reg->ctx);
}

int registry_forget(struct registry *reg, const char *id)
{
	struct meter *m = meter_of(reg, id);
	bool known = m;
	int r;

	if (m)
		meter_remove(reg, m);
	known |= state_forget_meter(reg->state, id);
	for (size_t i = 0; i < reg->n_links; i++) {
		struct link *l = reg->links[i];

		if (strcmp(l->source->learned, id))
			continue;
		/* As if it had never been heard: it names its meter anew. */
		*l->source->learned = '\0';
		l->naming = (struct naming){ 0 };
		l->first_us = 0;
	}
	/* Also of one that is not known: the broker may retain what no file tells of any more. */
	r = meter_forgotten(reg, id);
	if (r < 0 && r != -ENOENT)
		return r;
	if (!known && r == -ENOENT)
		return -ENOENT;
	log_notice("meter %s: forgotten", id);
	reg->changed(reg->ctx);

	return 0;
}

struct registry_count registry_count(const struct registry *reg)
{
	struct registry_count c = { .sources = reg->n_links, .meters = reg->n_meters };

	for (size_t i = 0; i < reg->n_links; i++)
		c.delivering += reg->links[i]->source->health == HEALTH_OK;

	return c;
}
