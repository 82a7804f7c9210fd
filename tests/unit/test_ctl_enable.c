// SPDX-License-Identifier: GPL-2.0
/*
 * amshanctl enable and disable: what is done, in which order, and what is said of it, where udev,
 * systemd and the module run.  These, the adapters and the rules' files are ours.
 *
 * The rooms of amshanctl are no library, so their sources are compiled in here.
 */
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
	struct rule rule[4];
	size_t n_rules;
	struct port_info port;
	int n_ports;		/* 0, 1 or a negative errno */
	bool attaches;		/* the service does */
	const char *status;	/* StatusText */
	int restart, stop;	/* what systemd answers */
	bool stays;		/* somebody else holds the port */
	const char *holder;	/* another program that has the tty open */
	u64 now_us;
} machine;

/* Done and said, line by line; to be freed. */
static FILE *real_stdout;
static char *log_text;
static size_t log_size;

static void log_begin(void)
{
	real_stdout = stdout;
	stdout = open_memstream(&log_text, &log_size);
	assert_non_null(stdout);
}

static void log_end(void)
{
	fclose(stdout);
	stdout = real_stdout;
}

static void log_free(void)
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
	if (!machine.holder)
		return 0;
	ret->pid = 42;
	snprintf(ret->name, sizeof(ret->name), "%s", machine.holder);
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
	if (!machine.stays)
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
	for (size_t i = 0; i < machine.n_adapters; i++) {
		struct adapter *a = &machine.adapter[i];

		if (strcmp(a->node, node) != 0)
			continue;
		a->is_enabled = false;
		for (size_t k = 0; k < machine.n_rules; k++)
			if (rule_matches(&machine.rule[k], a)) {
				a->is_enabled = machine.rule[k].enable;
				a->settings = machine.rule[k].settings;
				break;
			}
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
	machine.rule[i] = *r;
	if (i == machine.n_rules)
		machine.n_rules++;
	qsort(machine.rule, machine.n_rules, sizeof(machine.rule[0]), by_name);
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
#include "ctl/text.c"
#include "ctl/enable.c"
#undef geteuid
#undef ports_read
#undef mono_us
#undef clock_nanosleep

/* ---- the tests ---- */

static const struct adapter ftdi = {
	.node = "/dev/ttyUSB0", .name = "ttyUSB0", .devt = 188 << 8, .is_usb = true,
	.is_initialized = true, .id = "FTDI_A1", .serial = "A1", .vendor_id = "0403", .model_id = "6001",
	.interface = "00", .place = "pci-1", .settings = { .baud = 2400, .data = 8, .stop = 1 },
};

#define BEGIN_US (1000 * USEC_PER_SEC)
#define RULE "usb-FTDI_A1-if00"

static int setup(void **state)
{
	memset(&machine, 0, sizeof(machine));
	machine.now_us = BEGIN_US;
	machine.has_udev = machine.has_systemd = machine.is_root = machine.attaches = true;
	machine.adapter[0] = ftdi;
	machine.n_adapters = 1;
	machine.port = (struct port_info){ .index = 3, .tty = "ttyUSB0", .tty_major = 188 };
	return 0;
}

static int run(int (*command)(const struct ctl_options *), const char *device)
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

static int run_enable(const struct serial_settings *s)
{
	int status;

	log_begin();
	status = enable_adapter(&ftdi, s, false);
	log_end();
	return status;
}

static void check(int status, int want, const char *log)
{
	assert_string_equal(log_text, log);
	log_free();
	assert_int_equal(status, want);
}

static void enabled_and_attached(void **state)
{
	check(run(ctl_enable, "ttyUSB0"), CTL_OK,
	      "wrote " RULE "\n> apply /dev/ttyUSB0\n> restart attach@ttyUSB0\n"
	      "ttyUSB0 is attached as /dev/amshan3 (2400 8N1)\n");
	/* Again, with others: attached anew. */
	struct serial_settings s = { .baud = 9600, .parity = PARITY_EVEN, .data = 8, .stop = 1 };

	check(run_enable(&s), CTL_OK,
	      "wrote " RULE "\n> apply /dev/ttyUSB0\n> restart attach@ttyUSB0\n"
	      "ttyUSB0 is attached as /dev/amshan3 (9600 8E1)\n");
	assert_int_equal(machine.n_rules, 1);
	check(run(ctl_disable, "ttyUSB0"), CTL_OK,
	      "removed " RULE "\n> apply /dev/ttyUSB0\n> stop attach@ttyUSB0\nttyUSB0 is left alone\n");
	check(run(ctl_disable, "ttyUSB0"), CTL_FAILED, "! ttyUSB0 is not enabled\n");
}

/* What another program reads stays its own. */
static void in_use(void **state)
{
	machine.holder = "ser2net";
	check(run(ctl_enable, "ttyUSB0"), CTL_FAILED,
	      "! ttyUSB0 is in use by ser2net (process 42): end that first\n");
	assert_int_equal(machine.n_rules, 0);
	/* Who holds it for the module gives it back. */
	machine.holder = "amshan-attach";
	machine.n_ports = 1;
	check(run(ctl_enable, "ttyUSB0"), CTL_OK,
	      "wrote " RULE "\n> apply /dev/ttyUSB0\n> restart attach@ttyUSB0\n"
	      "ttyUSB0 is attached as /dev/amshan3 (2400 8N1)\n");
}

static void enabled_and_not_attached(void **state)
{
	static const char *const done = "wrote " RULE "\n> apply /dev/ttyUSB0\n> restart attach@ttyUSB0\n"
					"! ttyUSB0 is enabled, but not attached yet: ";
	static const struct {
		int ports, restart;
		bool attaches;
		const char *status, *said;
	} cases[] = {
		{ 0, 0, false, "ttyUSB0 is in use", "ttyUSB0 is in use" },
		{ 0, 0, false, NULL, "\"journalctl -u attach@ttyUSB0\" may say why" },
		{ -ENOENT, 0, false, NULL, "the module amshan is not loaded" },
		{ 0, -EIO, true, "not looked at", "it does not start" },
		/* A port that was there before is another's. */
		{ 1, 0, false, "ttyUSB0 is in use by another program",
		  "ttyUSB0 is in use by another program" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char want[512];

		setup(state);
		machine.n_ports = cases[i].ports;
		machine.restart = cases[i].restart;
		machine.attaches = cases[i].attaches;
		machine.status = cases[i].status;
		snprintf(want, sizeof(want), "%s%s\n", done, cases[i].said);
		check(run(ctl_enable, "ttyUSB0"), CTL_FAILED, want);
		/* Some seconds were waited for a port where one could come. */
		assert_int_equal((machine.now_us - BEGIN_US) / USEC_PER_SEC,
				 cases[i].ports < 0 || cases[i].restart ? 0 : 5);
		/* The rule counts all the same. */
		assert_int_equal(machine.n_rules, 1);
	}
}

/* Another tty's port is not taken for ours. */
static void the_port_is_that_of_the_tty(void **state)
{
	machine.port.tty_minor = 1;
	check(run(ctl_enable, "ttyUSB0"), CTL_FAILED,
	      "wrote " RULE "\n> apply /dev/ttyUSB0\n> restart attach@ttyUSB0\n"
	      "! ttyUSB0 is enabled, but not attached yet: \"journalctl -u attach@ttyUSB0\" may say why\n");
}

static void without_systemd(void **state)
{
	machine.has_systemd = false;
	check(run(ctl_enable, "/dev/ttyUSB0"), CTL_OK,
	      "wrote " RULE "\n> apply /dev/ttyUSB0\nsystemd does not run here: \"amshan-attach --udev "
	      "/dev/ttyUSB0\" attaches it by hand\n");
	check(run(ctl_disable, "/dev/ttyUSB0"), CTL_OK,
	      "removed " RULE "\n> apply /dev/ttyUSB0\nttyUSB0 is left alone\n");
}

static void without_udev(void **state)
{
	machine.has_udev = false;
	check(run(ctl_enable, "ttyUSB0"), CTL_OK,
	      "wrote " RULE "\nudev does not run here: the rule counts from the next time that the adapter is "
	      "plugged in\n");
	check(run(ctl_disable, "ttyUSB0"), CTL_OK,
	      "removed " RULE "\nudev does not run here: that counts from the next time that the adapter is "
	      "plugged in\n> stop attach@ttyUSB0\nttyUSB0 is left alone\n");
	/* Enabled by something that is not ours. */
	machine.adapter[0].is_enabled = true;
	check(run(ctl_disable, "ttyUSB0"), CTL_OK,
	      "ttyUSB0 is enabled by udev's list of adapters, or by a rule that is not ours\n"
	      "wrote " RULE "\nudev does not run here: that counts from the next time that the adapter is "
	      "plugged in\n> stop attach@ttyUSB0\nttyUSB0 is left alone\n");
	assert_false(machine.rule[0].enable);
}

static void a_tty_that_is_not_given_back(void **state)
{
	assert_int_equal(run(ctl_enable, "ttyUSB0"), CTL_OK);
	log_free();
	machine.stays = true;
	check(run(ctl_disable, "ttyUSB0"), CTL_FAILED,
	      "removed " RULE "\n> apply /dev/ttyUSB0\n> stop attach@ttyUSB0\n! ttyUSB0 is not enabled any "
	      "more, but still attached as /dev/amshan3, by somebody else than attach@ttyUSB0\n");
	setup(state);
	assert_int_equal(run(ctl_enable, "ttyUSB0"), CTL_OK);
	log_free();
	machine.stop = -EIO;
	check(run(ctl_disable, "ttyUSB0"), CTL_FAILED,
	      "removed " RULE "\n> apply /dev/ttyUSB0\n> stop attach@ttyUSB0\n! it does not stop\n");
}

static void only_root(void **state)
{
	machine.is_root = false;
	check(run(ctl_enable, "ttyUSB0"), CTL_FAILED, "! only root may enable an adapter\n");
	check(run(ctl_disable, "ttyUSB0"), CTL_FAILED, "! only root may disable an adapter\n");
	check(run_enable(&ftdi.settings), CTL_FAILED,
	      "! only root may enable an adapter\n");
	assert_int_equal(machine.n_rules, 0);
}

/* The path of the settings is the caller's. */
static void a_path_is_not_kept(void **state)
{
	char path[] = "/dev/other";
	struct serial_settings s = ftdi.settings;

	s.path = path;
	assert_int_equal(run_enable(&s), CTL_OK);
	log_free();
	assert_null(machine.rule[0].settings.path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(enabled_and_attached, setup),
		cmocka_unit_test_setup(in_use, setup),
		cmocka_unit_test_setup(enabled_and_not_attached, setup),
		cmocka_unit_test_setup(the_port_is_that_of_the_tty, setup),
		cmocka_unit_test_setup(without_systemd, setup),
		cmocka_unit_test_setup(without_udev, setup),
		cmocka_unit_test_setup(a_tty_that_is_not_given_back, setup),
		cmocka_unit_test_setup(only_root, setup),
		cmocka_unit_test_setup(a_path_is_not_kept, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
