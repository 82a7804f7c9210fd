/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Port sources: what their two halves share.
 *
 *	port_sources.c	the section, its children, and those of the module's ports
 *	tty_sources.c	those of ttys that the module does not read
 */
#ifndef AMSHAN_PORT_SOURCES_INTERNAL_H
#define AMSHAN_PORT_SOURCES_INTERNAL_H

#include <systemd/sd-device.h>

#include "port_sources.h"
#include "source/opted_ttys.h"

/* Also of ports that are gone, so that adapters which never come back do not add up. */
#define CHILDREN_MAX	(2 * AMSHAN_PORTS_MAX)

#define NAMELESS_US	3000000ull

/**
 * struct child - a source that was made
 * @name: its name
 * @uri: its URI
 * @seen_us: when its port or its tty was last there, CLOCK_MONOTONIC
 * @of_tty: it is that of a tty; the others are of ports
 * @tty: as it was when it was last there
 */
struct child {
	char *name;
	char *uri;
	u64 seen_us;
	bool of_tty;
	struct opted_tty tty;
};

/**
 * struct port_sources - the section
 * @user: hears of ports before all others: who reads what is settled when those look
 * @ports: not owned
 * @registry: not owned
 * @config: the section
 * @links: folder of the names of adapters
 * @places: folder of the places where they are plugged in
 * @nameless_us: so long a port without links is not called by its tty
 * @again: a look when that has passed
 * @read_ttys: opted_ttys_read()
 * @udev: tells of ttys, NULL: nobody does
 * @children: the first @n_children are there
 * @alone: the source that says why there is none is there
 */
struct port_sources {
	struct kernel_user user;
	struct kernel_ports *ports;
	struct registry *registry;
	struct source_config config;
	const char *links;
	const char *places;
	u64 nameless_us;
	sd_event_source *again;
	int (*read_ttys)(struct opted_tty *ret);
	sd_device_monitor *udev;
	struct child children[CHILDREN_MAX];
	unsigned int n_children;
	bool alone;
};

struct child *child_named(struct port_sources *s, const char *name);
struct child *child_of_uri(struct port_sources *s, const char *uri);

/* child_drop() - also its source; the last child is in its place then */
void child_drop(struct port_sources *s, struct child *c);

/**
 * child_add() - a source for one more
 * @s: the section
 * @uri: of the source
 * @adapter: what it is to be called by
 * @tty: what else, where another one has that name already
 * @now: the time of this look
 *
 * Return: the child, or NULL: there is no room, or it was said why not.
 */
struct child *child_add(struct port_sources *s, const char *uri, const char *adapter, const char *tty,
			u64 now);

/* tty_sources_listen() - have all looked at when a tty comes or goes that is not for the module */
void tty_sources_listen(struct port_sources *s);

/*
 * tty_sources_begin() - read the ttys into @ttys (OPTED_TTYS_MAX), and drop the children of those that
 * are not for us any more, so that their names are free; returns their number, or a negative errno
 */
int tty_sources_begin(struct port_sources *s, struct opted_tty *ttys);

/* tty_sources_take() - make the children of @n ttys; behind those of ports */
void tty_sources_take(struct port_sources *s, const struct opted_tty *ttys, int n, u64 now);

#endif /* AMSHAN_PORT_SOURCES_INTERNAL_H */
