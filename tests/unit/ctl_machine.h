/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A machine for amshanctl enable and disable, where udev, systemd and the module run.  These, the
 * adapters and the rules' files are ours; what is done and said is written down line by line.
 *
 * The rooms of amshanctl are no library, so their sources are compiled in here.
 */
#ifndef AMSHAN_TESTS_CTL_MACHINE_H
#define AMSHAN_TESTS_CTL_MACHINE_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ctl/adapter.h"
#include "ctl/ctl.h"
#include "ctl/holder.h"
#include "ctl/rule.h"
#include "ctl/udev.h"
#include "ctl/unit.h"
#include "netlink/ports.h"
#include "util.h"

/* ---- the machine ---- */

static struct {
	bool has_udev, has_systemd, is_root;
	struct adapter adapter[4];
	size_t n_adapters;
	struct rule rule[6];
	size_t n_rules;
	struct port_info port;
	int n_ports;		/* 0, 1 or a negative errno */
	bool attaches;		/* the service does */
	const char *status;	/* StatusText */
	const char *active;	/* ActiveState */
	int restart, stop;	/* what systemd answers */
	int apply;		/* what udev answers */
	bool is_foreign_late;	/* a rule that is not ours, behind ours, has the last word: yes */
	bool is_foreign_no;	/* likewise: no */
	bool stays;		/* somebody else holds the port */
	const char *holder;	/* another program that has the tty open */
	bool reads;		/* amshand runs, and reads what is enabled for it */
	u64 now_us;
} machine;

/* Done and said, line by line; to be freed. */
static FILE *real_stdout;
static char *log_text;
static size_t log_size;

static inline void log_begin(void)
{
	real_stdout = stdout;
	stdout = open_memstream(&log_text, &log_size);
	assert_non_null(stdout);
}

static inline void log_end(void)
{
	fclose(stdout);
	stdout = real_stdout;
}

static inline void log_free(void)
{
	free(log_text);
	log_text = NULL;
}

void ctl_say(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fputs("! ", stdout);
	vfprintf(stdout, fmt, ap);
	fputc('\n', stdout);
	va_end(ap);
}

/* Time stands still until somebody waits. */
static u64 machine_us(void)
{
	return machine.now_us;
}

static int machine_sleep(clockid_t clock, int flags, const struct timespec *step, void *left)
{
	machine.now_us += (u64)step->tv_nsec / NSEC_PER_USEC;
	return 0;
}

static uid_t machine_uid(void)
{
	return machine.is_root ? 0 : 1000;
}

int holder_find(const char *node, dev_t devt, struct holder *ret)
{
	const char *holder = machine.holder;

	for (size_t i = 0; i < machine.n_adapters && !holder; i++)
		if (machine.reads && machine.adapter[i].devt == devt && machine.adapter[i].is_enabled &&
		    serial_framing_is_ours(machine.adapter[i].framing))
			holder = "amshand";
	if (!holder)
		return 0;
	ret->pid = 42;
	snprintf(ret->name, sizeof(ret->name), "%s", holder);
	return 1;
}

bool unit_is_managed(void)
{
	return machine.has_systemd;
}

char *unit_attach_name(const char *tty, char *buf)
{
	snprintf(buf, UNIT_TEXT_MAX, "attach@%s", tty);
	return buf;
}

int unit_read(sd_bus *bus, const char *name, struct unit_state *ret)
{
	if (!machine.has_systemd)
		return -EHOSTDOWN;
	*ret = (struct unit_state){ 0 };
	snprintf(ret->status, sizeof(ret->status), "%s", machine.status ? machine.status : "");
	snprintf(ret->active, sizeof(ret->active), "%s", machine.active ? machine.active : "inactive");
	return 0;
}

int unit_restart(const char *name, char *why, size_t size)
{
	printf("> restart %s\n", name);
	snprintf(why, size, "it does not start");
	if (machine.attaches && machine.restart == 0) {
		machine.n_ports = 1;
		machine.port.attach_mono_ns = machine.now_us * NSEC_PER_USEC;
	}
	return machine.restart;
}

int unit_stop(const char *name, char *why, size_t size)
{
	printf("> stop %s\n", name);
	snprintf(why, size, "it does not stop");
	if (!machine.stays && machine.stop == 0)
		machine.n_ports = 0;
	return machine.stop;
}

bool udev_is_running(void)
{
	return machine.has_udev;
}

int udev_reload(char *why, size_t size)
{
	printf("> reload\n");
	return 0;
}

/* As udev follows the rules: the first that says something wins. */
int udev_apply(const char *node, char *why, size_t size)
{
	printf("> apply %s\n", node);
	snprintf(why, size, "udev does not answer");
	if (machine.apply < 0)
		return machine.apply;
	for (size_t i = 0; i < machine.n_adapters; i++) {
		struct adapter *a = &machine.adapter[i];

		if (strcmp(a->node, node) != 0)
			continue;
		a->is_enabled = false;
		for (size_t k = 0; k < machine.n_rules; k++)
			if (rule_matches(&machine.rule[k], a)) {
				a->is_enabled = machine.rule[k].enable;
				a->settings = machine.rule[k].settings;
				a->framing = machine.rule[k].framing;
				break;
			}
		a->is_enabled = (a->is_enabled || machine.is_foreign_late) && !machine.is_foreign_no;
	}
	return 0;
}

int adapter_find(const char *device, struct adapter *ret, char *why, size_t size)
{
	for (size_t i = 0; i < machine.n_adapters; i++)
		if (!strcmp(machine.adapter[i].node, device) || !strcmp(machine.adapter[i].name, device)) {
			*ret = machine.adapter[i];
			return 0;
		}
	snprintf(why, size, "no such device: %s", device);
	return -ENOENT;
}

int adapter_list(struct adapter **ret, size_t *n)
{
	*ret = calloc(machine.n_adapters + 1, sizeof(**ret));
	assert_non_null(*ret);
	memcpy(*ret, machine.adapter, machine.n_adapters * sizeof(**ret));
	*n = machine.n_adapters;
	return 0;
}

static int machine_ports(struct port_info *ret)
{
	if (machine.n_ports > 0)
		*ret = machine.port;
	return machine.n_ports;
}

char *rule_path(const char *folder, const char *name, char *buf)
{
	snprintf(buf, RULE_PATH_MAX, "%s", name);
	return buf;
}

int rule_list(const char *folder, struct rule **ret, size_t *n)
{
	*ret = calloc(machine.n_rules + 1, sizeof(**ret));
	assert_non_null(*ret);
	memcpy(*ret, machine.rule, machine.n_rules * sizeof(**ret));
	*n = machine.n_rules;
	return 0;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct rule *)a)->name, ((const struct rule *)b)->name);
}

int rule_write(const char *folder, const struct rule *r, char *why, size_t size)
{
	size_t i = 0;

	while (i < machine.n_rules && strcmp(machine.rule[i].name, r->name) != 0)
		i++;
	assert_true(i < ARRAY_SIZE(machine.rule));
	machine.rule[i] = *r;
	rule_print(r, machine.rule[i].text);
	if (i == machine.n_rules)
		machine.n_rules++;
	qsort(machine.rule, machine.n_rules, sizeof(machine.rule[0]), by_name);
	return 0;
}

int rule_put_back(const char *folder, const struct rule *r, char *why, size_t size)
{
	rule_write(folder, r, why, size);
	for (size_t i = 0; i < machine.n_rules; i++)
		if (!strcmp(machine.rule[i].name, r->name))
			memcpy(machine.rule[i].text, r->text, sizeof(r->text));
	return 0;
}

int rule_remove(const char *folder, const char *name, char *why, size_t size)
{
	for (size_t i = 0; i < machine.n_rules; i++)
		if (!strcmp(machine.rule[i].name, name)) {
			machine.n_rules--;
			memmove(&machine.rule[i], &machine.rule[i + 1],
				(machine.n_rules - i) * sizeof(machine.rule[0]));
			return 0;
		}
	snprintf(why, size, "cannot remove %s", name);
	return -ENOENT;
}

#define geteuid machine_uid
#define ports_read machine_ports
#define mono_us machine_us
#define clock_nanosleep machine_sleep
#include "ctl/rule.c"
#include "ctl/rule_text.c"
#include "ctl/text.c"
#include "ctl/scene.c"
#undef WHY_MAX
#include "ctl/attaching.c"
#undef WHY_MAX
#include "ctl/enable.c"
#undef geteuid
#undef ports_read
#undef mono_us
#undef clock_nanosleep

/* ---- the adapters, and what is asked ---- */

static const struct adapter ftdi = {
	.node = "/dev/ttyUSB0", .name = "ttyUSB0", .devt = 188 << 8, .is_usb = true,
	.is_initialized = true, .id = "FTDI_A1", .serial = "A1", .vendor_id = "0403", .model_id = "6001",
	.interface = "00", .place = "pci-1", .settings = { .baud = 2400, .data = 8, .stop = 1 },
	.framing = LINK_HDLC,
};

#define BEGIN_US (1000 * USEC_PER_SEC)
#define RULE "usb-FTDI_A1-if00"

static inline int setup(void **state)
{
	memset(&machine, 0, sizeof(machine));
	machine.now_us = BEGIN_US;
	machine.has_udev = machine.has_systemd = machine.is_root = machine.attaches = true;
	machine.adapter[0] = ftdi;
	machine.n_adapters = 1;
	machine.port = (struct port_info){ .index = 3, .tty = "ttyUSB0", .tty_major = 188 };
	return 0;
}

static inline int run(int (*command)(const struct ctl_options *), const char *device)
{
	char name[64], *argv[] = { name };
	struct ctl_options o = { .argc = 1, .argv = argv };
	int status;

	snprintf(name, sizeof(name), "%s", device);
	serial_settings_init(&o.settings);
	log_begin();
	status = command(&o);
	log_end();
	return status;
}

static inline void check(int status, int want, const char *log)
{
	assert_string_equal(log_text, log);
	log_free();
	assert_int_equal(status, want);
}

#define MODEL	"usb-1a86-7523-if00-port0"
#define SERIAL	"usb-Clone_77-if00-port0"
#define IN_4	"pci-4-port0"
#define IN_5	"pci-5-port0"

#define PLACE(done) "; it is known by the place where it is plugged in, and has to be " done " anew in " \
	"another one\n"
#define NO_NUMBER(tty, done) tty ": it has no serial number" PLACE(done)
#define SAME_NUMBER(tty, twin, done) tty ": " twin " has the same serial number 77" PLACE(done)

/* ttyUSB1 in socket 4 and ttyUSB2 in socket 5, both without a number, or both with the same. */
static inline void two_of_a_model(const char *serial)
{
	machine.has_systemd = false;
	machine.n_adapters = 3;
	for (int i = 1; i <= 2; i++) {
		struct adapter *a = &machine.adapter[i];

		*a = ftdi;
		a->devt = (188 << 8) + i;
		snprintf(a->node, sizeof(a->node), "/dev/ttyUSB%d", i);
		snprintf(a->name, sizeof(a->name), "ttyUSB%d", i);
		snprintf(a->place, sizeof(a->place), "pci-%d", 3 + i);
		snprintf(a->serial, sizeof(a->serial), "%s", serial);
		strcpy(a->port, "0");
		strcpy(a->id, "Clone_77");
		strcpy(a->vendor_id, "1a86");
		strcpy(a->model_id, "7523");
	}
}

static inline int run_anywhere(const char *tty)
{
	const struct serial_settings s = ftdi.settings;
	struct adapter a;
	int status;

	assert_int_equal(adapter_find(tty, &a, NULL, 0), 0);
	log_begin();
	status = enable_adapter(&a, &s, LINK_HDLC, true);
	log_end();
	return status;
}

static inline void check_rules(const char *want)
{
	char text[1024] = "";

	for (size_t i = 0; i < machine.n_rules; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%s ",
			 machine.rule[i].enable ? "+" : "-", machine.rule[i].name);
	assert_string_equal(text, want);
}

#define BY_HAND(n) "> apply /dev/ttyUSB" n "\nsystemd does not run here: \"amshan-attach --udev " \
	"/dev/ttyUSB" n "\" attaches it by hand\n"
#define ALONE(n) "> apply /dev/ttyUSB" n "\nttyUSB" n " is left alone\n"

#endif /* AMSHAN_TESTS_CTL_MACHINE_H */
