// SPDX-License-Identifier: GPL-2.0
/*
 * The registry: sources, meters, outputs.  Whose a message is: registry_message.c.
 */
#include <errno.h>
#include <string.h>

#include "counters_file.h"
#include "keep.h"
#include "log.h"
#include "registry_internal.h"
#include "util.h"

/*
 * One source may carry several meters (an MQTT topic with wildcards); a faulty one not any number.
 */
#define METERS_OF_SOURCE_MAX	64

/* One that was silent for so long makes room for another one of its source: not sooner, or they would change places. */
#define MAKES_ROOM_US		(3600 * USEC_PER_SEC)

struct link *registry_link(struct registry *reg, const char *source)
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

struct meter *registry_meter(struct registry *reg, const char *id)
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

void registry_meter_remove(struct registry *reg, struct meter *m)
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

int registry_meter_forgotten(struct registry *reg, const char *id)
{
	int r = keep_forget(reg->keep, id);

	tell(reg, meter_forgotten, id);

	return r;
}

/* Of a source that was silent for longest, and long enough; NULL: there is none. */
static struct meter *silent_longest(const struct link *l)
{
	const struct registry *reg = l->reg;
	struct meter *found = NULL;

	for (size_t i = 0; i < reg->n_meters; i++) {
		struct meter *m = reg->meters[i];

		/* Not the one that a new one may hang behind. */
		if (m->available || m == l->meter || strcmp(m->source, l->source->name) ||
		    m->last_mono_us + MAKES_ROOM_US > l->source->last_message_us)
			continue;
		if (!found || m->last_mono_us < found->last_mono_us)
			found = m;
	}
	return found;
}

/* The source names too many: is there room for @id all the same?  What is kept of one that goes stays. */
static bool make_room(struct link *l, const char *id)
{
	struct meter *m = silent_longest(l);

	if (!m) {
		if (!l->said_full)
			log_about(LOG_WARNING, l->source->name, id, "names more than %d meters: no more are "
				  "taken from it", METERS_OF_SOURCE_MAX);
		l->said_full = true;
		return false;
	}
	log_about(LOG_NOTICE, l->source->name, m->id, "meter %s: of more than %d meters of this source the one "
		  "that was silent for longest: makes room for meter %s", m->id, METERS_OF_SOURCE_MAX, id);
	registry_meter_remove(l->reg, m);
	l->said_full = false;
	return true;
}

struct meter *registry_meter_add(struct link *l, const char *id, const char *via)
{
	struct registry *reg = l->reg;
	const char *source = l->source->name;
	unsigned int ours = 0;
	struct meter *m;

	for (size_t i = 0; i < reg->n_meters; i++)
		ours += !strcmp(reg->meters[i]->source, source);
	if (ours >= METERS_OF_SOURCE_MAX && !make_room(l, id))
		return NULL;
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

void registry_meter_available(struct registry *reg, struct meter *m, bool available)
{
	if (m->available == available)
		return;
	m->available = available;
	tell(reg, meter_availability, m);
}

bool registry_meter_take(struct link *l, struct meter *m)
{
	char *name = strdup(l->source->name);

	if (!name)
		return false;
	log_about(LOG_NOTICE, name, m->id, "meter %s: taken over from source %s", m->id, m->source);
	free(m->source);
	m->source = name;
	m->standby_said = false;
	m->taken_over = true;

	return true;
}

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
	r = source_new(reg->event, config->name, config->uri, mqtt, &registry_owner, l, &l->source, &error);
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
		reader_use_counters(&l->source->reader, counters_file_table(reg->counters));
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

/* Another source that stands by for a meter, or for the one that it hangs behind; or NULL. */
static struct link *heir_of(struct registry *reg, const struct link *l, const struct meter *m)
{
	const char *id = *m->via ? m->via : m->id;

	for (size_t i = 0; i < reg->n_links; i++) {
		struct link *other = reg->links[i];

		if (other != l && other->meter && !strcmp(other->meter->id, id))
			return other;
	}

	return NULL;
}

/* The meters that are read from a source go, as far as no other source stands by for them. */
static void meters_drop(struct registry *reg, struct link *l)
{
	for (size_t i = reg->n_meters; i-- > 0;) {
		struct meter *m = reg->meters[i];
		struct link *heir;

		if (strcmp(m->source, l->source->name))
			continue;
		heir = heir_of(reg, l, m);
		if (heir && registry_meter_take(heir, m))
			registry_meter_available(reg, m, false);
		else
			registry_meter_remove(reg, m);
	}
	l->meter = NULL;
}

int registry_update_source(struct registry *reg, const struct source_config *config)
{
	struct link *l = registry_link(reg, config->name);
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
	struct link *l = registry_link(reg, name);

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
	struct meter *m = registry_meter(reg, id);
	bool known = m;
	int r;

	if (m)
		registry_meter_remove(reg, m);
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
	r = registry_meter_forgotten(reg, id);
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
