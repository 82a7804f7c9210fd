/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A registry with a section "kernel:", for tests: devices that every machine has stand in for ttys, the
 * ports are what the test says.
 */
#ifndef AMSHAN_TESTS_PORT_SOURCES_LAB_H
#define AMSHAN_TESTS_PORT_SOURCES_LAB_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <linux/amshan.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "../sim/meters.h"
#include "counters_file.h"
#include "keep.h"
#include "log.h"
#include "port_sources.h"
#include "source/kernel.h"
#include "util.h"

#define SHOWN_MAX 64

static struct port_info there[AMSHAN_PORTS_MAX];
static int n_there;

static int read_there(struct port_info *ret)
{
	if (n_there > 0)
		memcpy(ret, there, n_there * sizeof(*ret));
	return n_there;
}

/* A port on /dev/null (3), /dev/zero (5), /dev/full (7), or on no device there is. */
static inline void port_add(const char *tty, u32 minor)
{
	static u64 attach = 1000;

	there[n_there] = (struct port_info){
		.index = n_there, .tty_major = 1, .tty_minor = minor, .attach_mono_ns = attach++,
	};
	strcpy(there[n_there++].tty, tty);
}

/**
 * struct lab - a registry, and an output that keeps what it is shown
 * @shown: the sources, @n_shown of them
 * @meter: the last meter, NULL when that is gone
 * @updates: messages of meters
 */
struct lab {
	char folder[64];
	sd_event *event;
	struct state *state;
	struct keep *keep;
	struct counters_file *counters;
	struct kernel_ports *ports;
	struct registry *registry;
	struct port_sources *all;
	struct output output;
	struct source *shown[SHOWN_MAX];
	unsigned int n_shown;
	struct meter *meter;
	unsigned int updates;
	int device;
};

static struct lab *lab_of(struct output *o)
{
	return container_of(o, struct lab, output);
}

static void source_added(struct output *o, struct source *s)
{
	assert_true(lab_of(o)->n_shown < SHOWN_MAX);
	lab_of(o)->shown[lab_of(o)->n_shown++] = s;
}

static void source_removed(struct output *o, struct source *s)
{
	struct lab *lab = lab_of(o);

	for (unsigned int i = 0; i < lab->n_shown; i++) {
		if (lab->shown[i] == s) {
			lab->shown[i] = lab->shown[--lab->n_shown];
			return;
		}
	}
	fail_msg("%s was never shown", s->name);
}

static void meter_added(struct output *o, struct meter *m)
{
	lab_of(o)->meter = m;
}

static void meter_updated(struct output *o, struct meter *m, const struct meter_update *u)
{
	lab_of(o)->updates++;
}

static void meter_removed(struct output *o, struct meter *m)
{
	lab_of(o)->meter = NULL;
}

static const struct output_ops output_ops = {
	.source_added = source_added,
	.source_removed = source_removed,
	.meter_added = meter_added,
	.meter_updated = meter_updated,
	.meter_removed = meter_removed,
};

static void ignore(void *ctx)
{
}

static inline void settle(struct lab *lab)
{
	int r;

	do {
		r = sd_event_run(lab->event, 20 * USEC_PER_MSEC);
		assert_true(r >= 0);
	} while (r > 0);
}

/* The ports are others now. */
static inline void change(struct lab *lab)
{
	kernel_ports_look(lab->ports);
	settle(lab);
}

static inline int lab_setup(void **state)
{
	static struct lab lab;

	lab = (struct lab){ .folder = "/tmp/amshan-test-ports-XXXXXX", .device = -1 };
	lab.output.ops = &output_ops;
	*state = &lab;
	n_there = -ENOENT;
	log_set_level(LOG_EMERG);
	if (!mkdtemp(lab.folder) || sd_event_new(&lab.event) < 0 ||
	    state_load(lab.event, lab.folder, &lab.state) < 0 ||
	    keep_new(lab.event, lab.folder, false, &lab.keep) < 0 ||
	    counters_file_new(lab.event, lab.folder, false, &lab.counters) < 0 ||
	    kernel_ports_new(lab.event, lab.folder, &lab.ports) < 0 ||
	    registry_new(lab.event, lab.state, lab.keep, lab.counters, lab.ports, ignore, NULL,
			 &lab.registry) < 0)
		return -1;
	kernel_ports_read_by(lab.ports, read_there);
	kernel_ports_begin(lab.ports);
	return registry_add_output(lab.registry, &lab.output);
}

static inline int lab_teardown(void **state)
{
	struct lab *lab = *state;
	char command[128];

	port_sources_free(lab->all);
	registry_free(lab->registry);
	keep_free(lab->keep);
	counters_file_free(lab->counters);
	kernel_ports_free(lab->ports);
	state_free(lab->state);
	sd_event_unref(lab->event);
	if (lab->device >= 0)
		close(lab->device);
	snprintf(command, sizeof(command), "rm -rf %s", lab->folder);
	return system(command);
}

static inline struct source_config section(const char *name, const char *uri)
{
	struct source_config c = {
		.name = (char *)name, .uri = (char *)uri, .where = (char *)"a.conf:1",
	};

	scale_init(&c.settings.scale);
	return c;
}

static struct opted_tty ttys[OPTED_TTYS_MAX];
static int n_ttys;

static int read_ttys(struct opted_tty *ret)
{
	if (n_ttys > 0)
		memcpy(ret, ttys, n_ttys * sizeof(*ret));
	return n_ttys;
}

static inline void all_begin(struct lab *lab)
{
	struct source_config c = section("house", "kernel:");

	assert_int_equal(port_sources_new(lab->ports, lab->registry, &c, &lab->all), 0);
	/* Not those of the machine. */
	port_sources_ttys_from(lab->all, read_ttys, "/nowhere");
	settle(lab);
}

static inline struct source *shown(const struct lab *lab, const char *name)
{
	for (unsigned int i = 0; i < lab->n_shown; i++)
		if (!strcmp(lab->shown[i]->name, name))
			return lab->shown[i];
	return NULL;
}

static inline void check_reason(const struct lab *lab, const char *name, const char *reason)
{
	const struct source *s = shown(lab, name);

	assert_non_null(s);
	assert_int_equal(s->state, SOURCE_WAITING);
	assert_string_equal(s->reason, reason);
}

/* A link of @name to @device, in place of the one that there is. */
static inline void link_to(const struct lab *lab, const char *name, const char *device)
{
	char path[160];

	snprintf(path, sizeof(path), "%s/%s", lab->folder, name);
	unlink(path);
	if (device)
		assert_int_equal(symlink(device, path), 0);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, lab_setup, lab_teardown)

#endif /* AMSHAN_TESTS_PORT_SOURCES_LAB_H */
