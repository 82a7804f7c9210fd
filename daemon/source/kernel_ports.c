// SPDX-License-Identifier: GPL-2.0
/*
 * Kernel ports: read, told, named.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "log.h"
#include "source/kernel_ports.h"
#include "util.h"

/* Somebody who looks at all sources asks for each of them. */
#define FRESH_US	(50 * USEC_PER_MSEC)

/*
 * A look that nothing leads to: where nobody tells of ports, and where udev does, which may lose an
 * event without a word.
 */
#ifndef ASK_US
#define ASK_US		(5 * USEC_PER_SEC)
#define ASK_RARELY_US	(60 * USEC_PER_SEC)
#endif

LIST_HEAD(kernel_users, kernel_user);

/**
 * struct kernel_ports - the ports
 * @event: the loop, not owned
 * @runtime_dir: for the memory
 * @memory: see kernel_ports_memory()
 * @memory_tried: it is as it can be
 * @monitor: NULL before the first user joins, or if it cannot be had
 * @look: deferred look
 * @ask: a look that nothing leads to; off where none is needed
 * @nodes: folder of the devices, not owned
 * @begun: see kernel_ports_begin()
 * @monitor_tried: @monitor is as it can be
 * @first: the user that looks first, or NULL
 * @users: all others
 * @read: ports_read()
 * @port: as last read
 * @n: their number, or a negative errno
 * @read_us: when that was, CLOCK_MONOTONIC
 */
struct kernel_ports {
	sd_event *event;
	char *runtime_dir;
	struct seqmem *memory;
	bool memory_tried;
	struct ports_monitor *monitor;
	sd_event_source *look;
	sd_event_source *ask;
	const char *nodes;
	bool begun;
	bool monitor_tried;
	struct kernel_user *first;
	struct kernel_users users;
	int (*read)(struct port_info *ret);
	struct port_info port[AMSHAN_PORTS_MAX];
	int n;
	u64 read_us;
};

static void ports_take(struct kernel_ports *p)
{
	p->n = p->read(p->port);
	p->read_us = mono_us();
}

static bool somebody_waits(const struct kernel_ports *p)
{
	const struct kernel_user *u;

	LIST_FOREACH(u, &p->users, link) {
		if (!u->reading)
			return true;
	}

	return p->first;
}

/* How long until nobody will have told; 0: somebody will. */
static u64 ask_after(const struct kernel_ports *p)
{
	if (!p->monitor)
		return ASK_US;
	/* That the module was loaded is always told. */
	if (p->n == -ENOENT)
		return 0;
	switch (ports_monitor_news(p->monitor)) {
	case PORTS_NEWS_KERNEL:
		return 0;
	case PORTS_NEWS_UDEV:
		return ASK_RARELY_US;
	case PORTS_NEWS_NONE:
		break;
	}

	return ASK_US;
}

static void ask_later(struct kernel_ports *p)
{
	u64 after = somebody_waits(p) ? ask_after(p) : 0;

	if (after)
		sd_event_source_set_time_relative(p->ask, after);
	sd_event_source_set_enabled(p->ask, after ? SD_EVENT_ONESHOT : SD_EVENT_OFF);
}

static int on_ask(sd_event_source *es, u64 usec, void *ctx)
{
	kernel_ports_look(ctx);
	return 0;
}

static int on_look(sd_event_source *es, void *ctx)
{
	struct kernel_ports *p = ctx;
	struct kernel_user *u, *next;

	ports_take(p);
	if (p->first)
		p->first->look(p->first);
	for (u = LIST_FIRST(&p->users); u; u = next) {
		next = LIST_NEXT(u, link);
		u->look(u);
	}
	ask_later(p);

	return 0;
}

int kernel_ports_new(sd_event *event, const char *runtime_dir, struct kernel_ports **ret)
{
	struct kernel_ports *p = calloc(1, sizeof(*p));

	if (!p)
		return -ENOMEM;
	p->event = event;
	p->read = ports_read;
	p->nodes = "/dev";
	p->n = -ENOENT;
	LIST_INIT(&p->users);
	p->runtime_dir = strdup(runtime_dir);
	if (!p->runtime_dir || sd_event_add_defer(event, &p->look, on_look, p) < 0 ||
	    sd_event_source_set_enabled(p->look, SD_EVENT_OFF) < 0 ||
	    sd_event_add_time(event, &p->ask, CLOCK_MONOTONIC, 0, USEC_PER_SEC, on_ask, p) < 0 ||
	    sd_event_source_set_enabled(p->ask, SD_EVENT_OFF) < 0) {
		kernel_ports_free(p);
		return -ENOMEM;
	}
	*ret = p;

	return 0;
}

void kernel_ports_free(struct kernel_ports *p)
{
	if (!p)
		return;
	ports_monitor_free(p->monitor);
	sd_event_source_disable_unref(p->look);
	sd_event_source_disable_unref(p->ask);
	seqmem_free(p->memory);
	free(p->runtime_dir);
	free(p);
}

sd_event *kernel_ports_event(struct kernel_ports *p)
{
	return p->event;
}

void kernel_ports_look(struct kernel_ports *p)
{
	if (p->begun && (p->first || !LIST_EMPTY(&p->users)))
		sd_event_source_set_enabled(p->look, SD_EVENT_ONESHOT);
}

void kernel_ports_begin(struct kernel_ports *p)
{
	if (p->begun)
		return;
	p->begun = true;
	kernel_ports_look(p);
}

static void on_changed(void *ctx)
{
	kernel_ports_look(ctx);
}

static void monitor_start(struct kernel_ports *p)
{
	int r;

	if (p->monitor_tried)
		return;
	p->monitor_tried = true;
	r = ports_monitor_new(p->event, on_changed, p, &p->monitor);
	if (r < 0)
		log_warning("the kernel does not tell of ports that come (%s): they are asked for "
			    "now and then", strerror(-r));
}

void kernel_ports_join(struct kernel_ports *p, struct kernel_user *u, bool first)
{
	/* First the monitor, then the look: what comes between must not be missed. */
	monitor_start(p);
	if (first)
		p->first = u;
	else
		LIST_INSERT_HEAD(&p->users, u, link);
	kernel_ports_look(p);
}

void kernel_ports_leave(struct kernel_ports *p, struct kernel_user *u)
{
	if (p->first == u)
		p->first = NULL;
	else
		LIST_REMOVE(u, link);
	/* What it had may be for somebody else now. */
	kernel_ports_look(p);
}

int kernel_ports_get(const struct kernel_ports *p, const struct port_info **ret)
{
	*ret = p->port;
	return p->n;
}

/* As it was read last, or NULL. */
static const struct port_info *find(const struct kernel_ports *p, const struct port_info *port)
{
	for (int i = 0; i < p->n; i++) {
		if (port_same(&p->port[i], port))
			return &p->port[i];
	}

	return NULL;
}

bool kernel_ports_there(const struct kernel_ports *p, const struct port_info *port)
{
	return find(p, port);
}

const struct port_info *kernel_ports_of_tty(const struct kernel_ports *p, const char *tty)
{
	for (int i = 0; i < p->n; i++) {
		if (port_is_tty(&p->port[i], tty))
			return &p->port[i];
	}

	return NULL;
}

struct kernel_user *kernel_ports_user(const struct kernel_ports *p, const struct port_info *port,
				      bool (*is)(const struct kernel_user *u,
						 const struct port_info *port, void *ctx),
				      void *ctx)
{
	struct kernel_user *u;

	LIST_FOREACH(u, &p->users, link) {
		if (is(u, port, ctx))
			return u;
	}

	return NULL;
}

static bool is_reader(const struct kernel_user *u, const struct port_info *port, void *ctx)
{
	return u->reading && port_same(&u->port, port);
}

struct kernel_user *kernel_ports_reader(const struct kernel_ports *p, const struct port_info *port)
{
	return kernel_ports_user(p, port, is_reader, NULL);
}

int kernel_ports_refresh(struct kernel_ports *p, struct port_info *port, bool at_once)
{
	const struct port_info *now;

	if (at_once || mono_us() - p->read_us >= FRESH_US)
		ports_take(p);
	if (p->n < 0)
		return p->n == -ENOENT ? -ENODEV : p->n;
	now = find(p, port);
	if (!now)
		return -ENODEV;
	*port = *now;

	return 0;
}

void kernel_ports_read_by(struct kernel_ports *p, int (*read)(struct port_info *ret))
{
	p->read = read;
	p->read_us = 0;
}

void kernel_ports_nodes_in(struct kernel_ports *p, const char *dir)
{
	p->nodes = dir;
}

char *kernel_ports_node(const struct kernel_ports *p, const struct port_info *port, char *buf)
{
	snprintf(buf, KERNEL_NODE_MAX, "%s/amshan%u", p->nodes, port->index);
	return buf;
}

struct seqmem *kernel_ports_memory(struct kernel_ports *p)
{
	/* Without memory for it there is none, as if it could not be written. */
	if (!p->memory_tried && seqmem_open(p->runtime_dir, &p->memory) < 0)
		log_warning("no memory for sequence numbers: after a restart, what the ports still "
			    "hold will be taken once more");
	p->memory_tried = true;

	return p->memory;
}

/* ---- names ---- */

static dev_t devt_of(const struct port_info *port)
{
	return makedev(port->tty_major, port->tty_minor);
}

static bool is_tty(dev_t devt, const struct stat *st)
{
	return S_ISCHR(st->st_mode) && st->st_rdev == devt;
}

bool port_is_tty(const struct port_info *port, const char *tty)
{
	struct stat st;

	if (*tty != '/')
		return !strcmp(tty, port->tty);

	return stat(tty, &st) == 0 && is_tty(devt_of(port), &st);
}

bool devt_link(const char *dir, dev_t devt, char *buf, size_t size)
{
	const struct dirent *e;
	bool found = false;
	DIR *d = opendir(dir);

	if (!d)
		return false;
	while ((e = readdir(d))) {
		struct stat st;

		if (fstatat(dirfd(d), e->d_name, &st, 0) < 0 || !is_tty(devt, &st) ||
		    strlen(e->d_name) >= size || (found && strcmp(e->d_name, buf) >= 0))
			continue;
		strcpy(buf, e->d_name);
		found = true;
	}
	closedir(d);

	return found;
}

bool port_link(const char *dir, const struct port_info *port, char *buf, size_t size)
{
	return devt_link(dir, devt_of(port), buf, size);
}
