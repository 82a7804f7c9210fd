// SPDX-License-Identifier: GPL-2.0
/*
 * "kernel:", a source for each port: who gets which, and what the registry makes of frames that the
 * module kept.
 *
 * Devices that every machine has stand in for ttys; the ports are what the test says.
 */
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
static void port_add(const char *tty, u32 minor)
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

static void settle(struct lab *lab)
{
	int r;

	do {
		r = sd_event_run(lab->event, 20 * USEC_PER_MSEC);
		assert_true(r >= 0);
	} while (r > 0);
}

/* The ports are others now. */
static void change(struct lab *lab)
{
	kernel_ports_look(lab->ports);
	settle(lab);
}

static int lab_setup(void **state)
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

static int lab_teardown(void **state)
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

static struct source_config section(const char *name, const char *uri)
{
	struct source_config c = {
		.name = (char *)name, .uri = (char *)uri, .where = (char *)"a.conf:1",
	};

	scale_init(&c.settings.scale);
	return c;
}

static void all_begin(struct lab *lab)
{
	struct source_config c = section("house", "kernel:");

	assert_int_equal(port_sources_new(lab->ports, lab->registry, &c, &lab->all), 0);
	settle(lab);
}

static struct source *shown(const struct lab *lab, const char *name)
{
	for (unsigned int i = 0; i < lab->n_shown; i++)
		if (!strcmp(lab->shown[i]->name, name))
			return lab->shown[i];
	return NULL;
}

static void check_reason(const struct lab *lab, const char *name, const char *reason)
{
	const struct source *s = shown(lab, name);

	assert_non_null(s);
	assert_int_equal(s->state, SOURCE_WAITING);
	assert_string_equal(s->reason, reason);
}

/* ---- names ---- */

static void test_names(void **state)
{
	static const struct {
		const char *section, *adapter, *name;
	} rows[] = {
		{ "house", "ttyUSB0", "house/ttyUSB0" },
		{ "house", "usb-FTDI_FT232R_USB_UART_A10K1ABC-if00-port0",
		  "house/FTDI_FT232R_USB_UART_A10K1ABC-if00-port0" },
		/* Too long: the end has the serial number and the interface. */
		{ "house", "usb-Silicon_Labs_CP2102_USB_to_UART_Bridge_Controller_0001-if00-port0",
		  "house/Labs_CP2102_USB_to_UART_Bridge_Controller_0001-if00-port0" },
		{ "a2345678901234567890123456789012345678901234567890", "ttyUSB0",
		  "a2345678901234567890123456789012/ttyUSB0" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char name[PORT_SOURCE_NAME_MAX];

		port_source_make_name(rows[i].section, rows[i].adapter, name);
		assert_string_equal(name, rows[i].name);
	}
}

static void test_a_port_by_its_tty(void **state)
{
	struct port_info port = { .tty = "null", .tty_major = 1, .tty_minor = 3 };
	struct lab *lab = *state;
	char command[512], buf[32];

	snprintf(command, sizeof(command), "cd %s && mkdir links && cd links && "
		 "ln -s /dev/null usb-B && ln -s ../links/usb-B usb-C && ln -s /dev/zero usb-A && "
		 "ln -s /nowhere usb-0 && touch null && ln -s /dev/null "
		 "a-name-that-is-longer-than-there-is-room-for", lab->folder);
	assert_int_equal(system(command), 0);

	assert_true(port_is_tty(&port, "null"));
	assert_true(port_is_tty(&port, "/dev/null"));
	assert_false(port_is_tty(&port, "zero"));
	assert_false(port_is_tty(&port, "/dev/zero"));
	assert_false(port_is_tty(&port, "/nowhere/null"));
	snprintf(command, sizeof(command), "%s/links/usb-C", lab->folder);
	assert_true(port_is_tty(&port, command));
	/* A file of its name is not it. */
	snprintf(command, sizeof(command), "%s/links/null", lab->folder);
	assert_false(port_is_tty(&port, command));

	snprintf(command, sizeof(command), "%s/links", lab->folder);
	assert_true(port_link(command, &port, buf, sizeof(buf)));
	assert_string_equal(buf, "usb-B");
	port.tty_minor = 7;
	assert_false(port_link(command, &port, buf, sizeof(buf)));
	assert_false(port_link("/nowhere", &port, buf, sizeof(buf)));
}

/* ---- sources of ports ---- */

static void test_while_there_is_no_port(void **state)
{
	struct lab *lab = *state;

	all_begin(lab);
	assert_int_equal(lab->n_shown, 1);
	check_reason(lab, "house", "the module amshan is not loaded");
	n_there = 0;
	change(lab);
	check_reason(lab, "house", "no port is attached: amshan-attach TTY does that");
	n_there = -EIO;
	change(lab);
	check_reason(lab, "house", "cannot ask the module amshan for its ports: "
		     "Input/output error");
	n_there = 0;
	port_add("ttyX1", 255);
	change(lab);
	assert_int_equal(lab->n_shown, 1);
	assert_non_null(shown(lab, "house/ttyX1"));
	assert_string_equal(shown(lab, "house/ttyX1")->uri, "kernel:ttyX1");
	/* As the module names a pseudo-terminal. */
	port_add("pts/3", 254);
	change(lab);
	assert_non_null(shown(lab, "house/pts/3"));
	assert_string_equal(shown(lab, "house/pts/3")->uri, "kernel:pts/3");
	port_sources_free(lab->all);
	lab->all = NULL;
	assert_int_equal(lab->n_shown, 0);
}

static void test_each_port_has_the_settings(void **state)
{
	struct lab *lab = *state;
	struct source_config c = section("house", "kernel:");

	n_there = 0;
	port_add("ttyX1", 255);
	port_add("ttyX2", 254);
	all_begin(lab);
	assert_int_equal(lab->n_shown, 2);
	c.settings.derive_l2 = true;
	assert_int_equal(port_sources_update(lab->all, &c), 0);
	assert_true(shown(lab, "house/ttyX1")->settings.derive_l2);
	assert_true(shown(lab, "house/ttyX2")->settings.derive_l2);
	/* Also one that comes later. */
	port_add("ttyX3", 253);
	change(lab);
	assert_true(shown(lab, "house/ttyX3")->settings.derive_l2);
}

static void test_what_another_source_names_is_not_taken(void **state)
{
	struct source_config named = section("attic", "kernel:/dev/zero");
	struct lab *lab = *state;

	n_there = 0;
	port_add("ttyX1", 255);
	port_add("zero", 5);
	all_begin(lab);
	assert_int_equal(lab->n_shown, 2);
	assert_non_null(shown(lab, "house/zero"));

	assert_int_equal(registry_add_source(lab->registry, &named, NULL), 0);
	settle(lab);
	assert_int_equal(lab->n_shown, 2);
	assert_null(shown(lab, "house/zero"));
	assert_non_null(shown(lab, "attic"));

	/* With nothing left to it, it says so. */
	n_there = 0;
	port_add("zero", 5);
	registry_remove_source(lab->registry, "attic");
	port_sources_free(lab->all);
	assert_int_equal(registry_add_source(lab->registry, &named, NULL), 0);
	all_begin(lab);
	assert_int_equal(lab->n_shown, 2);
	check_reason(lab, "house", "every port that is attached has a source of its own");

	registry_remove_source(lab->registry, "attic");
	settle(lab);
	assert_int_equal(lab->n_shown, 1);
	assert_non_null(shown(lab, "house/zero"));
}

static void test_two_that_name_one_port(void **state)
{
	struct source_config a = section("a", "kernel:zero"), b = section("b", "kernel:/dev/zero");
	struct lab *lab = *state;
	int fd[2];

	n_there = 0;
	port_add("zero", 5);
	assert_int_equal(registry_add_source(lab->registry, &a, NULL), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fd),
			 0);
	lab->device = fd[0];
	assert_int_equal(kernel_attach(shown(lab, "a"), fd[1], &there[0]), 0);
	assert_int_equal(registry_add_source(lab->registry, &b, NULL), 0);
	settle(lab);
	assert_int_equal(shown(lab, "a")->state, SOURCE_OPEN);
	check_reason(lab, "b", "zero is read by source \"a\" already");
	registry_remove_source(lab->registry, "a");
	settle(lab);
	/* It is not on this machine; but tried. */
	assert_non_null(strstr(shown(lab, "b")->reason, "/dev/amshan0"));
}

static void test_a_named_port_that_is_not_there(void **state)
{
	struct source_config a = section("a", "kernel:ttyX9"), b = section("b", "kernel:/nowhere/x");
	struct source_config c = section("c", "kernel:/dev/full");
	struct lab *lab = *state;

	n_there = 0;
	assert_int_equal(registry_add_source(lab->registry, &a, NULL), 0);
	assert_int_equal(registry_add_source(lab->registry, &b, NULL), 0);
	assert_int_equal(registry_add_source(lab->registry, &c, NULL), 0);
	settle(lab);
	check_reason(lab, "a", "ttyX9 is not attached: amshan-attach does that");
	check_reason(lab, "b", "no such tty: /nowhere/x");
	check_reason(lab, "c", "/dev/full is not attached: amshan-attach does that");
}

static void test_a_port_that_goes_is_waited_for(void **state)
{
	struct lab *lab = *state;
	const struct source *first;
	char tty[16];

	n_there = 0;
	port_add("ttyX0", 255);
	all_begin(lab);
	first = shown(lab, "house/ttyX0");
	assert_non_null(first);
	n_there = 0;
	change(lab);
	assert_int_equal(lab->n_shown, 1);
	check_reason(lab, "house/ttyX0", "ttyX0 is not attached: amshan-attach does that");
	port_add("ttyX0", 255);
	change(lab);
	assert_int_equal(lab->n_shown, 1);
	assert_ptr_equal(shown(lab, "house/ttyX0"), first);

	/* Not any number: the one that is gone for the longest time goes. */
	for (unsigned int i = 1; i < 3 * AMSHAN_PORTS_MAX; i++) {
		n_there = 0;
		snprintf(tty, sizeof(tty), "ttyX%u", i);
		port_add(tty, 255);
		change(lab);
		assert_true(lab->n_shown <= 2 * AMSHAN_PORTS_MAX);
	}
	assert_int_equal(lab->n_shown, 2 * AMSHAN_PORTS_MAX);
	assert_null(shown(lab, "house/ttyX0"));
	assert_null(shown(lab, "house/ttyX15"));
	assert_non_null(shown(lab, "house/ttyX16"));
	assert_non_null(shown(lab, "house/ttyX47"));
}

/* ---- links that move ---- */

/* A link of @name to @device, in place of the one that there is. */
static void link_to(const struct lab *lab, const char *name, const char *device)
{
	char path[160];

	snprintf(path, sizeof(path), "%s/%s", lab->folder, name);
	unlink(path);
	if (device)
		assert_int_equal(symlink(device, path), 0);
}

/* What a source opened: a socket in place of the device, which stays open until @fd is closed. */
static int attach_to(struct lab *lab, const char *source, int index)
{
	int fd[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fd),
			 0);
	assert_non_null(shown(lab, source));
	assert_int_equal(kernel_attach(shown(lab, source), fd[1], &there[index]), 0);
	return fd[0];
}

static void remove_first_port(void)
{
	there[0] = there[1];
	n_there = 1;
}

/* Without a serial number they have one link, which leads to the one that came last. */
static void test_two_adapters_of_one_name(void **state)
{
	struct lab *lab = *state;
	const struct source *a;
	int first, second;

	n_there = 0;
	all_begin(lab);
	port_sources_links_in(lab->all, lab->folder);
	link_to(lab, "usb-X", "/dev/zero");
	port_add("zero", 5);
	change(lab);
	a = shown(lab, "house/X");
	assert_non_null(a);
	first = attach_to(lab, "house/X", 0);

	link_to(lab, "usb-X", "/dev/full");
	port_add("full", 7);
	change(lab);
	assert_int_equal(lab->n_shown, 2);
	assert_ptr_equal(shown(lab, "house/X"), a);
	assert_int_equal(a->state, SOURCE_OPEN);
	assert_string_equal(shown(lab, "house/full")->uri, "kernel:full");
	/* It stays so while the second one cannot be opened, and when it is. */
	change(lab);
	assert_int_equal(lab->n_shown, 2);
	second = attach_to(lab, "house/full", 1);
	change(lab);
	assert_int_equal(lab->n_shown, 2);

	/* The first one goes: the second one is not read under its name. */
	remove_first_port();
	close(first);
	settle(lab);
	change(lab);
	check_reason(lab, "house/X", "full is read by source \"house/full\" already");
	assert_int_equal(shown(lab, "house/full")->state, SOURCE_OPEN);
	close(second);
}

/* Plugged in anew before the end of the old one was read: that is not another adapter. */
static void test_an_adapter_that_comes_again(void **state)
{
	struct lab *lab = *state;
	int device;

	n_there = 0;
	all_begin(lab);
	port_sources_links_in(lab->all, lab->folder);
	link_to(lab, "usb-X", "/dev/zero");
	port_add("zero", 5);
	change(lab);
	device = attach_to(lab, "house/X", 0);
	link_to(lab, "usb-X", "/dev/full");
	port_add("full", 7);
	remove_first_port();
	change(lab);
	assert_int_equal(lab->n_shown, 1);
	assert_non_null(shown(lab, "house/X"));
	close(device);
	settle(lab);
	assert_int_equal(lab->n_shown, 1);
}

static void test_a_named_port_whose_link_goes(void **state)
{
	struct lab *lab = *state;
	char uri[128] = "";
	struct source_config named = section("attic", uri);
	int device;

	snprintf(uri, sizeof(uri), "kernel:%s/usb-X", lab->folder);
	n_there = 0;
	port_add("zero", 5);
	link_to(lab, "usb-X", "/dev/zero");
	assert_int_equal(registry_add_source(lab->registry, &named, NULL), 0);
	device = attach_to(lab, "attic", 0);
	all_begin(lab);
	port_sources_links_in(lab->all, lab->folder);
	check_reason(lab, "house", "every port that is attached has a source of its own");
	link_to(lab, "usb-X", NULL);
	change(lab);
	assert_int_equal(lab->n_shown, 2);
	check_reason(lab, "house", "every port that is attached has a source of its own");

	/* It leads to another adapter now: that one is not read by anybody yet. */
	link_to(lab, "usb-X", "/dev/full");
	port_add("full", 7);
	change(lab);
	assert_int_equal(lab->n_shown, 2);
	assert_non_null(shown(lab, "house/full"));
	assert_int_equal(shown(lab, "attic")->state, SOURCE_OPEN);
	close(device);
}

/* ---- ttys that amshand reads by itself ---- */

static struct opted_tty ttys[OPTED_TTYS_MAX];
static int n_ttys;

static int read_ttys(struct opted_tty *ret)
{
	if (n_ttys > 0)
		memcpy(ret, ttys, n_ttys * sizeof(*ret));
	return n_ttys;
}

/* As those of ports; each is plugged in anew. */
static void tty_add(const char *name, unsigned int minor, const char *line)
{
	static u64 since = 1;

	ttys[n_ttys] = (struct opted_tty){ .devt = makedev(1, minor), .since = since++ };
	strcpy(ttys[n_ttys].name, name);
	strcpy(ttys[n_ttys++].line, line);
}

static void ttys_begin(struct lab *lab)
{
	n_there = 0;
	n_ttys = 0;
	all_begin(lab);
	port_sources_links_in(lab->all, lab->folder);
	port_sources_ttys_from(lab->all, read_ttys, "/nowhere");
}

static void check_uri(const struct lab *lab, const char *name, const char *link)
{
	const struct source *s = shown(lab, name);
	char uri[128];

	assert_non_null(s);
	snprintf(uri, sizeof(uri), "serial:%s/%s?udev=yes", *link == '/' ? "" : lab->folder,
		 *link == '/' ? link + 1 : link);
	assert_string_equal(s->uri, uri);
}

static void test_a_tty_of_ours(void **state)
{
	struct source_config c = section("house", "kernel:");
	struct lab *lab = *state;
	const struct source *s;

	ttys_begin(lab);
	assert_non_null(shown(lab, "house"));
	link_to(lab, "usb-X", "/dev/zero");
	tty_add("zero", 5, "115200 8N1 p1");
	tty_add("full", 7, "2400 8E1 mbus");
	change(lab);
	assert_int_equal(lab->n_shown, 2);
	check_uri(lab, "house/X", "usb-X");
	check_uri(lab, "house/full", "/dev/full");
	check_reason(lab, "house/full", "not a serial port: /dev/full");
	s = shown(lab, "house/X");

	/* The settings of the section, now and later; nothing else changes by that. */
	c.settings.derive_l2 = true;
	assert_int_equal(port_sources_update(lab->all, &c), 0);
	settle(lab);
	assert_true(shown(lab, "house/full")->settings.derive_l2);
	assert_ptr_equal(shown(lab, "house/X"), s);

	/* Gone: it is waited for.  Back, as another device of the same name: it is the same source. */
	link_to(lab, "usb-X", NULL);
	ttys[0] = ttys[1];
	n_ttys = 1;
	change(lab);
	assert_int_equal(lab->n_shown, 2);
	assert_ptr_equal(shown(lab, "house/X"), s);
	link_to(lab, "usb-X", "/dev/null");
	tty_add("null", 3, "115200 8N1 p1");
	change(lab);
	assert_int_equal(lab->n_shown, 2);
	assert_ptr_equal(shown(lab, "house/X"), s);
	check_uri(lab, "house/X", "usb-X");
	/* udev that cannot be asked takes nothing away. */
	n_ttys = -EIO;
	change(lab);
	assert_int_equal(lab->n_shown, 2);
}

static void test_a_tty_that_is_enabled_in_another_way(void **state)
{
	struct lab *lab = *state;

	ttys_begin(lab);
	link_to(lab, "usb-X", "/dev/zero");
	tty_add("zero", 5, "115200 8N1 p1");
	change(lab);
	shown(lab, "house/X")->last_octet_us = 77;
	/* Opened anew with other settings. */
	strcpy(ttys[0].line, "9600 7E1 p1");
	change(lab);
	assert_int_equal(lab->n_shown, 1);
	check_uri(lab, "house/X", "usb-X");
	assert_int_equal(shown(lab, "house/X")->last_octet_us, 0);

	/* For the module: under the same name. */
	n_ttys = 0;
	port_add("zero", 5);
	change(lab);
	assert_int_equal(lab->n_shown, 1);
	assert_non_null(shown(lab, "house/X"));
	assert_memory_equal(shown(lab, "house/X")->uri, "kernel:", strlen("kernel:"));
	/* And back. */
	n_there = 0;
	tty_add("zero", 5, "115200 8N1 p1");
	change(lab);
	assert_int_equal(lab->n_shown, 1);
	check_uri(lab, "house/X", "usb-X");
	/* Not at all, although it is there. */
	n_ttys = 0;
	change(lab);
	assert_int_equal(lab->n_shown, 1);
	assert_non_null(shown(lab, "house"));
}

static void test_ttys_of_one_name(void **state)
{
	struct lab *lab = *state;
	const struct source *a;
	char places[96], path[160];

	snprintf(places, sizeof(places), "%s/places", lab->folder);
	assert_int_equal(mkdir(places, 0700), 0);
	ttys_begin(lab);
	port_sources_ttys_from(lab->all, read_ttys, places);
	link_to(lab, "usb-X", "/dev/zero");
	tty_add("zero", 5, "115200 8N1 p1");
	change(lab);
	a = shown(lab, "house/X");
	assert_non_null(a);

	/* The link is that of the one that came last. */
	link_to(lab, "usb-X", "/dev/full");
	snprintf(path, sizeof(path), "%s/place-7", places);
	assert_int_equal(symlink("/dev/full", path), 0);
	tty_add("full", 7, "115200 8N1 p1");
	change(lab);
	assert_int_equal(lab->n_shown, 2);
	assert_ptr_equal(shown(lab, "house/X"), a);
	check_uri(lab, "house/full", "places/place-7");

	/* The first one goes: what has its name is not read under it, and would be read twice. */
	ttys[0] = ttys[1];
	n_ttys = 1;
	change(lab);
	assert_int_equal(lab->n_shown, 1);
	check_uri(lab, "house/full", "places/place-7");
}

static void test_a_tty_that_another_source_names(void **state)
{
	struct source_config named = section("attic", "serial:/dev/zero?baud=115200");
	struct lab *lab = *state;

	ttys_begin(lab);
	link_to(lab, "usb-X", "/dev/zero");
	tty_add("zero", 5, "115200 8N1 p1");
	change(lab);
	assert_non_null(shown(lab, "house/X"));
	assert_int_equal(registry_add_source(lab->registry, &named, NULL), 0);
	change(lab);
	assert_int_equal(lab->n_shown, 2);
	assert_null(shown(lab, "house/X"));
	assert_non_null(shown(lab, "house"));
	registry_remove_source(lab->registry, "attic");
	change(lab);
	assert_int_equal(lab->n_shown, 1);
	assert_non_null(shown(lab, "house/X"));
}

/* ---- what the module kept ---- */

static void give(const struct lab *lab, u64 seq, u64 ago_us)
{
	struct amshan_record h = {
		.header_len = sizeof(h), .seq = seq, .real_ns = (1000000 + seq) * NSEC_PER_USEC,
		.mono_ns = (mono_us() - ago_us) * NSEC_PER_USEC,
	};
	u8 octets[ENC_OCTETS_MAX], buf[AMSHAN_RECORD_LEN_MAX + 2];
	struct sim_values v;
	int n;

	sim_values_example(SIM_KAMSTRUP, &v);
	n = sim_build(SIM_KAMSTRUP, 2, SIM_HDLC, &v, octets, sizeof(octets), NULL);
	assert_true(n > 0);
	h.frame_len = n - 2;	/* without flags */
	memcpy(buf, &h, sizeof(h));
	memcpy(buf + sizeof(h), octets + 1, h.frame_len);
	n = sizeof(h) + h.frame_len;
	assert_int_equal(send(lab->device, buf, n, 0), n);
}

static void attach(struct lab *lab, const char *source, int index)
{
	int fd[2];

	there[index].counter[PORT_FRAMES] = 1000;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fd),
			 0);
	if (lab->device >= 0)
		close(lab->device);
	lab->device = fd[0];
	assert_int_equal(kernel_attach(shown(lab, source), fd[1], &there[index]), 0);
}

static void test_a_meter_is_available_when_it_is_fresh(void **state)
{
	struct source_config c = section("attic", "kernel:zero");
	struct lab *lab = *state;

	n_there = 0;
	port_add("zero", 5);
	assert_int_equal(registry_add_source(lab->registry, &c, NULL), 0);
	attach(lab, "attic", 0);
	for (u64 seq = 0; seq < 5; seq++)
		give(lab, seq, (300 - 10 * seq) * USEC_PER_SEC);
	settle(lab);
	assert_int_equal(lab->updates, 5);
	assert_non_null(lab->meter);
	assert_true(lab->meter->last_us == 1000004);
	assert_in_range(period_us(&lab->meter->period), 9 * USEC_PER_SEC, 11 * USEC_PER_SEC);
	assert_false(lab->meter->available);

	give(lab, 5, 0);
	settle(lab);
	assert_int_equal(lab->updates, 6);
	assert_true(lab->meter->available);

	/* The port goes: so does the meter, at once. */
	close(lab->device);
	lab->device = -1;
	settle(lab);
	assert_false(lab->meter->available);
}

static void test_nothing_goes_back_in_time(void **state)
{
	struct source_config a = section("a", "kernel:zero"), b = section("b", "kernel:full");
	struct lab *lab = *state;

	n_there = 0;
	port_add("zero", 5);
	port_add("full", 7);
	assert_int_equal(registry_add_source(lab->registry, &a, NULL), 0);
	assert_int_equal(registry_add_source(lab->registry, &b, NULL), 0);
	attach(lab, "a", 0);
	give(lab, 0, 60 * USEC_PER_SEC);
	settle(lab);
	assert_int_equal(lab->updates, 1);

	/* The other one takes over, but not with what is older. */
	attach(lab, "b", 1);
	give(lab, 10, 90 * USEC_PER_SEC);
	settle(lab);
	assert_int_equal(lab->updates, 1);
	assert_true(lab->meter->last_us == 1000000);
	give(lab, 11, 1 * USEC_PER_SEC);
	settle(lab);
	assert_int_equal(lab->updates, 2);
	assert_true(lab->meter->last_us == 1000011);
	assert_string_equal(lab->meter->source, "b");
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, lab_setup, lab_teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		TEST(test_a_port_by_its_tty),
		TEST(test_while_there_is_no_port),
		TEST(test_each_port_has_the_settings),
		TEST(test_what_another_source_names_is_not_taken),
		TEST(test_two_that_name_one_port),
		TEST(test_a_named_port_that_is_not_there),
		TEST(test_a_port_that_goes_is_waited_for),
		TEST(test_two_adapters_of_one_name),
		TEST(test_an_adapter_that_comes_again),
		TEST(test_a_named_port_whose_link_goes),
		TEST(test_a_tty_of_ours),
		TEST(test_a_tty_that_is_enabled_in_another_way),
		TEST(test_ttys_of_one_name),
		TEST(test_a_tty_that_another_source_names),
		TEST(test_a_meter_is_available_when_it_is_fresh),
		TEST(test_nothing_goes_back_in_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
