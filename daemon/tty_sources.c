// SPDX-License-Identifier: GPL-2.0
/*
 * Port sources of ttys that are opted in and not for the module: P1, M-Bus, bare APDUs.
 *
 * Such a source is serial:LINK?udev=yes, which opens the tty only as long as udev says that it is for
 * amshand.  LINK has to be a name that no other adapter can get while ours is away, as an open
 * toggles modem lines: its name in by-id; for one of several that share it the place; a tty that has
 * neither is part of the machine and does not come and go.
 */
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "log.h"
#include "port_sources_internal.h"
#include "source/serial_udev.h"
#include "source/source.h"
#include "util.h"

#define SCHEME	"serial:"
#define QUERY	"?udev=yes"

static bool same_tty(const struct opted_tty *a, const struct opted_tty *b)
{
	return a->devt == b->devt && a->since == b->since;
}

static const struct opted_tty *tty_of(const struct child *c, const struct opted_tty *ttys, int n)
{
	for (int i = 0; i < n; i++)
		if (same_tty(&c->tty, &ttys[i]))
			return &ttys[i];

	return NULL;
}

static struct child *child_of(struct port_sources *s, const struct opted_tty *t)
{
	for (unsigned int i = 0; i < s->n_children; i++)
		if (s->children[i].of_tty && same_tty(&s->children[i].tty, t))
			return &s->children[i];

	return NULL;
}

/* Where the link of a child leads to, 0: nowhere. */
static dev_t leads_to(const struct child *c)
{
	char path[PATH_MAX];
	struct stat st;

	snprintf(path, sizeof(path), "%.*s",
		 (int)(strlen(c->uri) - strlen(SCHEME) - strlen(QUERY)), c->uri + strlen(SCHEME));

	return stat(path, &st) == 0 && S_ISCHR(st.st_mode) ? st.st_rdev : 0;
}

/* A name that leads to the tty of another child by now. */
static bool leads_to_anothers(struct port_sources *s, const struct child *c,
			      const struct opted_tty *ttys, int n)
{
	dev_t devt = leads_to(c);

	for (int i = 0; i < n; i++)
		if (ttys[i].devt == devt && child_of(s, &ttys[i]))
			return true;

	return false;
}

/* It was not plugged in anew, or it would be among them: it is not for us any more. */
static bool is_there(const struct child *c, const struct opted_tty *ttys, int n)
{
	if (leads_to(c) != c->tty.devt)
		return false;
	for (int i = 0; i < n; i++)
		if (ttys[i].devt == c->tty.devt)
			return false;

	return true;
}

/* One whose tty is gone stays, and waits for it. */
static void drop_stale(struct port_sources *s, const struct opted_tty *ttys, int n)
{
	for (unsigned int i = s->n_children; i-- > 0;) {
		struct child *c = &s->children[i];

		if (c->of_tty && !tty_of(c, ttys, n) &&
		    (leads_to_anothers(s, c, ttys, n) || is_there(c, ttys, n)))
			child_drop(s, c);
	}
}

/* ---- names ---- */

/* Another section has it.  Ours begin with the name of the section and a slash. */
static bool is_named(struct port_sources *s, const struct opted_tty *t)
{
	const struct source *source = NULL;

	while ((source = registry_source_next(s->registry, source)))
		if (!child_named(s, source->name) && serial_is_of(source, t->devt))
			return true;

	return false;
}

/* Its name in by-id, unless a child of another one that is there goes by it. */
static bool by_name(struct port_sources *s, const struct opted_tty *t, const struct opted_tty *ttys,
		    int n, char *link, size_t size, char *uri, size_t uri_size)
{
	const struct child *c;

	if (!devt_link(s->links, t->devt, link, size))
		return false;
	snprintf(uri, uri_size, SCHEME "%s/%s" QUERY, s->links, link);
	c = child_of_uri(s, uri);

	return !c || same_tty(&c->tty, t) || !tty_of(c, ttys, n);
}

/* ---- taking ---- */

/* What waits under a name that is wanted: the same adapter when it was for the module, or another. */
static void name_clear(struct port_sources *s, const char *adapter, const struct opted_tty *ttys, int n,
		       u64 now)
{
	char name[PORT_SOURCE_NAME_MAX];
	struct child *c;

	port_source_make_name(s->config.name, adapter, name);
	c = child_named(s, name);
	if (c && (c->of_tty ? !tty_of(c, ttys, n) : c->seen_us != now))
		child_drop(s, c);
}

static void tty_take(struct port_sources *s, const struct opted_tty *t, const struct opted_tty *ttys,
		     int n, u64 now)
{
	char link[NAME_MAX + 1], uri[PATH_MAX];
	struct child *c = child_of(s, t);
	const char *adapter = t->name;

	if (is_named(s, t)) {
		if (c)
			child_drop(s, c);
		return;
	}
	if (c && !strcmp(c->tty.line, t->line)) {
		c->seen_us = now;
		return;
	}
	/* It is opened anew with its new settings. */
	if (c)
		child_drop(s, c);
	if (by_name(s, t, ttys, n, link, sizeof(link), uri, sizeof(uri)))
		adapter = link;
	else if (devt_link(s->places, t->devt, link, sizeof(link)))
		snprintf(uri, sizeof(uri), SCHEME "%s/%s" QUERY, s->places, link);
	else
		snprintf(uri, sizeof(uri), SCHEME "/dev/%s" QUERY, t->name);
	c = child_of_uri(s, uri);
	if (c && !strcmp(c->tty.line, t->line)) {
		/* It has waited for this one. */
		c->tty = *t;
		c->seen_us = now;
		return;
	}
	if (c)
		child_drop(s, c);
	name_clear(s, adapter, ttys, n, now);
	name_clear(s, t->name, ttys, n, now);
	c = child_add(s, uri, adapter, t->name, now);
	if (!c)
		return;
	c->of_tty = true;
	c->tty = *t;
}

/* ---- coming and going ---- */

/* Is it for us, or was it?  Only this one is asked: reading all ttys would hold up what is told of ports. */
static bool is_for_us(const struct port_sources *s, sd_device *device)
{
	enum link_framing framing = LINK_HDLC;
	_cleanup_free_ char *error = NULL;
	dev_t devt = 0;

	sd_device_get_devnum(device, &devt);
	for (unsigned int i = 0; i < s->n_children; i++)
		if (s->children[i].of_tty && s->children[i].tty.devt == devt)
			return true;

	return serial_framing_of_device(device, &framing, &error) == 0 && serial_framing_is_ours(framing);
}

/*
 * Ports are not looked at when a tty comes or goes that is none of ours: udev takes the links of an
 * adapter away before the kernel takes its port away, which would go by another name in between.
 */
static int on_tty(sd_device_monitor *udev, sd_device *device, void *ctx)
{
	struct port_sources *s = ctx;

	if (!is_for_us(s, device))
		return 0;
	kernel_ports_look(s->ports);

	return 0;
}

void tty_sources_listen(struct port_sources *s)
{
	int r = sd_device_monitor_new(&s->udev);

	if (r >= 0)
		r = sd_device_monitor_filter_add_match_subsystem_devtype(s->udev, "tty", NULL);
	if (r >= 0)
		r = sd_device_monitor_attach_event(s->udev, kernel_ports_event(s->ports));
	if (r >= 0)
		r = sd_device_monitor_start(s->udev, on_tty, s);
	if (r < 0) {
		log_debug("device events of ttys cannot be heard: %s", strerror(-r));
		s->udev = sd_device_monitor_unref(s->udev);
	}
}

int tty_sources_begin(struct port_sources *s, struct opted_tty *ttys)
{
	int n = s->read_ttys(ttys);

	/* udev that cannot be asked says nothing about who may be read. */
	if (n >= 0)
		drop_stale(s, ttys, n);

	return n;
}

void tty_sources_take(struct port_sources *s, const struct opted_tty *ttys, int n, u64 now)
{
	for (int i = 0; i < n; i++)
		tty_take(s, &ttys[i], ttys, n, now);
}
