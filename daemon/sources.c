// SPDX-License-Identifier: GPL-2.0
/*
 * The configured sources.  All but one kind are one section, one source, and live in the registry
 * alone; "kernel:" is a section of many (port_sources.h).
 */
#include <errno.h>
#include <string.h>

#include "log.h"
#include "sources.h"
#include "util.h"

static const struct source_config *source_named(const struct config *c, const char *name)
{
	for (size_t i = 0; i < c->n_sources; i++) {
		if (!strcmp(c->sources[i].name, name))
			return &c->sources[i];
	}

	return NULL;
}

static bool is_all_ports(const struct source_config *sc)
{
	return !strcmp(sc->uri, PORT_SOURCES_URI);
}

/* ---- check ---- */

static void ignore_message(void *ctx, struct source *s, const struct message *msg, u64 real)
{
}

static void ignore_change(void *ctx, struct source *s)
{
}

/* Two that name one port would have one of them stand still for ever. */
static int twice_check(const struct config *c, size_t i)
{
	const struct source_config *sc = &c->sources[i];

	if (strncmp(sc->uri, PORT_SOURCES_URI, strlen(PORT_SOURCES_URI)))
		return 0;
	for (size_t k = 0; k < i; k++) {
		if (!strcmp(c->sources[k].uri, sc->uri)) {
			log_err("%s: uri: \"%s\" is that of source \"%s\" already", sc->where,
				sc->uri, c->sources[k].name);
			return -EINVAL;
		}
	}

	return 0;
}

/* They would all become this one meter. */
static int meter_check(const struct source_config *sc)
{
	if (!is_all_ports(sc) || !sc->meter)
		return 0;
	log_err("%s: meter: \"%s\" stands for every port, each with a meter of its own: name the one "
		"port (" PORT_SOURCES_URI "TTY) that this meter is at", sc->where, sc->uri);

	return -EINVAL;
}

static int source_check(sd_event *event, const struct config *c, size_t i)
{
	static const struct source_owner nobody = {
		.message = ignore_message, .changed = ignore_change, .checked = ignore_change,
	};
	const struct source_config *sc = &c->sources[i];
	_cleanup_free_ char *error = NULL;
	struct source *s = NULL;
	int r;

	r = source_new(event, sc->name, sc->uri, NULL, &nobody, NULL, &s, &error);
	if (r == 0 && s->ops == &source_mqtt && !c->mqtt_enabled) {
		log_err("%s: uri: \"%s\" needs a section mqtt that names the broker", sc->where,
			sc->uri);
		r = -EINVAL;
	} else if (r < 0) {
		log_err("%s: uri: %s", sc->where, error ? error : strerror(-r));
	}
	source_free(s);
	if (r == 0)
		r = meter_check(sc);

	return r < 0 ? r : twice_check(c, i);
}

int sources_check(sd_event *event, const struct config *c)
{
	int result = 0;

	for (size_t i = 0; i < c->n_sources; i++) {
		int r = source_check(event, c, i);

		if (r < 0 && result == 0)
			result = r;
	}

	return result;
}

/* ---- make ---- */

static int source_add(struct sources *s, const struct source_config *sc, struct mqtt_client *mqtt)
{
	int r;

	if (!is_all_ports(sc))
		return registry_add_source(s->registry, sc, mqtt);
	r = port_sources_new(s->ports, s->registry, sc, &s->all_ports);
	if (r < 0)
		log_about(LOG_ERR, sc->name, NULL, "%s", strerror(-r));

	return r;
}

/* Returns -ENOENT if it is not there. */
static int source_update(struct sources *s, const struct source_config *sc)
{
	if (!is_all_ports(sc))
		return registry_update_source(s->registry, sc);

	return s->all_ports ? port_sources_update(s->all_ports, sc) : -ENOENT;
}

static void source_remove(struct sources *s, const struct source_config *sc)
{
	if (!is_all_ports(sc)) {
		registry_remove_source(s->registry, sc->name);
		return;
	}
	port_sources_free(s->all_ports);
	s->all_ports = NULL;
}

int sources_add(struct sources *s, const struct config *c, struct mqtt_client *mqtt)
{
	for (size_t i = 0; i < c->n_sources; i++) {
		int r = source_add(s, &c->sources[i], mqtt);

		if (r < 0)
			return r;
	}

	return 0;
}

/* Is a source in both, and reads on as it does? */
static bool source_stays(const struct config *old, const struct config *new, const char *name,
			 bool mqtt_changed)
{
	const struct source_config *was = source_named(old, name), *sc = source_named(new, name);

	return was && sc && !strcmp(was->uri, sc->uri) &&
	       !(mqtt_changed && !strncmp(sc->uri, "mqtt:", 5));
}

void sources_drop(struct sources *s, const struct config *old, const struct config *new,
		  bool mqtt_changed)
{
	for (size_t i = 0; i < old->n_sources; i++) {
		if (!source_stays(old, new, old->sources[i].name, mqtt_changed))
			source_remove(s, &old->sources[i]);
	}
}

void sources_take(struct sources *s, const struct config *old, const struct config *new,
		  bool mqtt_changed, struct mqtt_client *mqtt)
{
	for (size_t i = 0; i < new->n_sources; i++) {
		const struct source_config *sc = &new->sources[i];

		/* One that could not be made the last time is tried again. */
		if (!source_stays(old, new, sc->name, mqtt_changed) ||
		    source_update(s, sc) == -ENOENT)
			source_add(s, sc, mqtt);
	}
}

void sources_end(struct sources *s)
{
	port_sources_free(s->all_ports);
	s->all_ports = NULL;
}
