// SPDX-License-Identifier: GPL-2.0
/*
 * Port sources: made and dropped as ports come, and as ttys do (tty_sources.c).
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "log.h"
#include "port_sources_internal.h"
#include "source/kernel.h"
#include "util.h"

void port_source_make_name(const char *section, const char *adapter, char *name)
{
	size_t room, n = strlen(adapter);

	if (!strncmp(adapter, "usb-", 4)) {
		adapter += 4;
		n -= 4;
	}
	/* A section's name leaves room for at least half of it. */
	snprintf(name, PORT_SOURCE_NAME_MAX, "%.*s/", PORT_SOURCE_NAME_MAX / 2, section);
	room = PORT_SOURCE_NAME_MAX - 1 - strlen(name);
	strcat(name, n > room ? adapter + n - room : adapter);
}

static void config_clear(struct source_config *c)
{
	free(c->name);
	free(c->uri);
	free(c->where);
	keyring_free(c->keys);
	*c = (struct source_config){ 0 };
}

/* It has no meter: sources_check(). */
static int config_copy(const struct source_config *from, struct source_config *to)
{
	struct source_config c = {
		.name = strdup(from->name),
		.uri = strdup(from->uri),
		.where = strdup(from->where),
		.keys = keyring_ref(from->keys),
		.settings = from->settings,
	};

	if (!c.name || !c.uri || !c.where) {
		config_clear(&c);
		return -ENOMEM;
	}
	config_clear(to);
	*to = c;

	return 0;
}

/* The section as a child has it; nothing of it is owned. */
static struct source_config config_of(const struct port_sources *s, const struct child *c)
{
	struct source_config config = s->config;

	config.name = c->name;
	config.uri = c->uri;

	return config;
}

/* ---- children ---- */

struct child *child_named(struct port_sources *s, const char *name)
{
	for (unsigned int i = 0; i < s->n_children; i++) {
		if (!strcmp(s->children[i].name, name))
			return &s->children[i];
	}

	return NULL;
}

struct child *child_of_uri(struct port_sources *s, const char *uri)
{
	for (unsigned int i = 0; i < s->n_children; i++) {
		if (!strcmp(s->children[i].uri, uri))
			return &s->children[i];
	}

	return NULL;
}

void child_drop(struct port_sources *s, struct child *c)
{
	registry_remove_source(s->registry, c->name);
	free(c->name);
	free(c->uri);
	*c = s->children[--s->n_children];
}

/* Room for one more: of those that are gone, the one that is so for the longest time goes. */
static bool child_room(struct port_sources *s, u64 now)
{
	struct child *oldest = NULL;

	if (s->n_children < CHILDREN_MAX)
		return true;
	for (unsigned int i = 0; i < s->n_children; i++) {
		struct child *c = &s->children[i];

		if (c->seen_us != now && (!oldest || c->seen_us < oldest->seen_us))
			oldest = c;
	}
	if (!oldest)
		return false;
	log_about(LOG_INFO, oldest->name, NULL, "no more waited for: too many ports are gone");
	child_drop(s, oldest);

	return true;
}

/* Two adapters of one name, as far as it fits: the later one goes by its tty. */
static void name_make(struct port_sources *s, const char *adapter, const char *tty, char *name)
{
	port_source_make_name(s->config.name, adapter, name);
	if (child_named(s, name))
		port_source_make_name(s->config.name, tty, name);
}

struct child *child_add(struct port_sources *s, const char *uri, const char *adapter, const char *tty,
			u64 now)
{
	struct source_config config;
	char name[PORT_SOURCE_NAME_MAX];
	struct child *c;
	int r = -ENOMEM;

	if (!child_room(s, now))
		return NULL;
	c = &s->children[s->n_children];
	name_make(s, adapter, tty, name);
	if (child_named(s, name))
		return NULL;
	*c = (struct child){ .name = strdup(name), .uri = strdup(uri), .seen_us = now };
	config = config_of(s, c);
	if (c->name && c->uri)
		r = registry_add_source(s->registry, &config, NULL);
	if (r < 0) {
		log_about(LOG_ERR, s->config.name, NULL, "cannot make a source of %s: %s", tty,
			  strerror(-r));
		free(c->name);
		free(c->uri);
		return NULL;
	}
	s->n_children++;

	return c;
}

/* ---- ports ---- */

/* Did we make this source? */
static bool is_child(struct port_sources *s, const struct kernel_user *u)
{
	return child_named(s, u->source);
}

/*
 * Is a port what a source reads?  A link may be gone, or lead to another adapter by now, while what
 * it led to is read on.
 */
static bool is_its(struct port_sources *s, const struct kernel_user *u,
		   const struct port_info *port)
{
	if (u->reading && kernel_ports_there(s->ports, &u->port))
		return port_same(&u->port, port);

	return u->tty && port_is_tty(port, u->tty);
}

static bool names_it(const struct kernel_user *u, const struct port_info *port, void *ctx)
{
	return !is_child(ctx, u) && is_its(ctx, u, port);
}

static bool is_ours(const struct kernel_user *u, const struct port_info *port, void *ctx)
{
	return is_child(ctx, u) && is_its(ctx, u, port);
}

/* @ctx: the link */
static bool reads_another(const struct kernel_user *u, const struct port_info *port, void *ctx)
{
	return u->tty && !strcmp(u->tty, ctx) && u->reading && !port_same(&u->port, port);
}

/*
 * Adapters without a serial number have one name for all of them, and one link, which leads to the
 * one that came last.
 */
static bool link_is_anothers(const struct port_sources *s, const struct port_info *port, char *tty)
{
	const struct kernel_user *u = kernel_ports_user(s->ports, port, reads_another, tty);

	return u && kernel_ports_there(s->ports, &u->port);
}

/* What a source of a port is to be called by: the link in @link, or the tty; makes its URI. */
static const char *port_uri(const struct port_sources *s, const struct port_info *port, char *link,
			    size_t size, char *uri, size_t uri_size)
{
	if (port_link(s->links, port, link, size)) {
		snprintf(uri, uri_size, PORT_SOURCES_URI "%s/%s", s->links, link);
		if (!link_is_anothers(s, port, uri + strlen(PORT_SOURCES_URI)))
			return link;
	}
	snprintf(uri, uri_size, PORT_SOURCES_URI "%s", port->tty);

	return port->tty;
}

/* Those of ours that read a port, or would, go. */
static void children_drop(struct port_sources *s, const struct port_info *port)
{
	const struct kernel_user *u;

	while ((u = kernel_ports_user(s->ports, port, is_ours, s)))
		child_drop(s, child_named(s, u->source));
}

/*
 * An adapter that is plugged in faster than udev can follow has a port before it has links, and one that
 * is unplugged has links no more while its port is still listed: only who has none for a while is
 * called by its tty.
 */
static bool may_get_links(struct port_sources *s, const struct port_info *port, u64 now)
{
	u64 since = port->attach_mono_ns / NSEC_PER_USEC;

	if (now >= since + s->nameless_us)
		return false;
	sd_event_source_set_time(s->again, since + s->nameless_us);
	sd_event_source_set_enabled(s->again, SD_EVENT_ONESHOT);

	return true;
}

static int on_again(sd_event_source *es, u64 usec, void *ctx)
{
	struct port_sources *s = ctx;

	kernel_ports_look(s->ports);

	return 0;
}

static void port_take(struct port_sources *s, const struct port_info *port, u64 now)
{
	const struct kernel_user *reader = kernel_ports_reader(s->ports, port);
	char link[NAME_MAX + 1], uri[PATH_MAX];
	const char *adapter;
	struct child *c;

	if (kernel_ports_user(s->ports, port, names_it, s)) {
		children_drop(s, port);
		return;
	}
	c = reader ? child_named(s, reader->source) : NULL;
	if (!c) {
		adapter = port_uri(s, port, link, sizeof(link), uri, sizeof(uri));
		c = child_of_uri(s, uri);
		if (!c && adapter == port->tty && may_get_links(s, port, now))
			return;
		if (!c) {
			/* Another adapter had this tty before. */
			children_drop(s, port);
			child_add(s, uri, adapter, port->tty, now);
			return;
		}
	}
	c->seen_us = now;
}

/* The source of the section's own name, as long as there is no other. */
static void alone_set(struct port_sources *s, bool alone)
{
	if (alone == s->alone)
		return;
	if (!alone)
		registry_remove_source(s->registry, s->config.name);
	else if (registry_add_source(s->registry, &s->config, NULL) < 0)
		return;
	s->alone = alone;
}

static void port_sources_look(struct kernel_user *u)
{
	struct port_sources *s = container_of(u, struct port_sources, user);
	struct opted_tty ttys[OPTED_TTYS_MAX];
	struct port_info port[AMSHAN_PORTS_MAX];
	const struct port_info *all;
	u64 now = mono_us();
	int n, n_ttys;

	/* First, as it takes long enough for a port to go meanwhile. */
	n_ttys = tty_sources_begin(s, ttys);
	n = kernel_ports_get(s->ports, &all);
	if (n > 0)
		memcpy(port, all, n * sizeof(port[0]));
	for (int i = 0; i < n; i++)
		port_take(s, &port[i], now);
	tty_sources_take(s, ttys, n_ttys, now);
	alone_set(s, !s->n_children);
}

/* ---- */

int port_sources_new(struct kernel_ports *ports, struct registry *reg,
		     const struct source_config *config, struct port_sources **ret)
{
	struct port_sources *s = calloc(1, sizeof(*s));

	if (!s || config_copy(config, &s->config) < 0) {
		free(s);
		return -ENOMEM;
	}
	s->ports = ports;
	s->registry = reg;
	s->links = KERNEL_LINKS;
	s->places = KERNEL_PLACES;
	s->nameless_us = NAMELESS_US;
	s->read_ttys = opted_ttys_read;
	s->user.look = port_sources_look;
	s->user.source = s->config.name;
	if (sd_event_add_time(kernel_ports_event(ports), &s->again, CLOCK_MONOTONIC, 0, 1, on_again, s) < 0 ||
	    sd_event_source_set_enabled(s->again, SD_EVENT_OFF) < 0) {
		sd_event_source_disable_unref(s->again);
		config_clear(&s->config);
		free(s);
		return -ENOMEM;
	}
	kernel_ports_join(ports, &s->user, true);
	tty_sources_listen(s);
	alone_set(s, true);
	*ret = s;

	return 0;
}

int port_sources_update(struct port_sources *s, const struct source_config *config)
{
	int r = config_copy(config, &s->config);

	if (r < 0)
		return r;
	s->user.source = s->config.name;
	if (s->alone)
		registry_update_source(s->registry, &s->config);
	for (unsigned int i = 0; i < s->n_children; i++) {
		struct source_config c = config_of(s, &s->children[i]);

		registry_update_source(s->registry, &c);
	}
	/* A tty that had a source of its own may have none now, or the other way round. */
	kernel_ports_look(s->ports);

	return 0;
}

void port_sources_free(struct port_sources *s)
{
	if (!s)
		return;
	kernel_ports_leave(s->ports, &s->user);
	sd_device_monitor_unref(s->udev);
	sd_event_source_disable_unref(s->again);
	alone_set(s, false);
	while (s->n_children)
		child_drop(s, &s->children[0]);
	config_clear(&s->config);
	free(s);
}

void port_sources_links_in(struct port_sources *s, const char *dir)
{
	s->links = dir;
}

void port_sources_ttys_from(struct port_sources *s, int (*read)(struct opted_tty *ret),
			    const char *places)
{
	s->read_ttys = read;
	s->places = places;
	s->nameless_us = 0;
}

const char *port_sources_name(const struct port_sources *s)
{
	return s->config.name;
}
