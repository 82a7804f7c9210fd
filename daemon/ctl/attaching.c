// SPDX-License-Identifier: GPL-2.0
/*
 * Attaching.  Relies on systemd for the service and on the module for the port; each may be missing.
 * That amshand has a tty is seen by who has it open.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "ctl/attaching.h"
#include "ctl/ctl.h"
#include "ctl/holder.h"
#include "ctl/text.h"
#include "ctl/unit.h"
#include "netlink/ports.h"
#include "util.h"

#define WAIT_US		(5 * USEC_PER_SEC)
#define WAIT_STEP_US	(100 * USEC_PER_MSEC)

/* amshand hears of a tty before the service has given it back, and tries again after five seconds. */
#define READER_US	(8 * USEC_PER_SEC)
#define READER_STEP_US	(250 * USEC_PER_MSEC)
#define READER		"amshand"

#define WHY_MAX		1024

/* The port of a tty: 1 with @ret, 0: it has none, or a negative errno. */
static int port_find(const struct adapter *a, struct port_info *ret)
{
	struct port_info ports[AMSHAN_PORTS_MAX];
	int n = ports_read(ports);

	for (int i = 0; i < n; i++)
		if (makedev(ports[i].tty_major, ports[i].tty_minor) == a->devt) {
			*ret = ports[i];
			return 1;
		}
	return n < 0 ? n : 0;
}

/*
 * Wait until there is a port that was not there at @since (by the monotonic clock): one that is
 * older is held by somebody else than the service, which waits for it.
 */
static int port_wait(const struct adapter *a, u64 since_us, struct port_info *ret)
{
	const struct timespec step = { .tv_nsec = WAIT_STEP_US * NSEC_PER_USEC };
	u64 end = mono_us() + WAIT_US;

	for (;;) {
		int r = port_find(a, ret);

		if (r > 0 && ret->attach_mono_ns / NSEC_PER_USEC >= since_us)
			return 1;
		/* No module: waiting brings none. */
		if (r < 0 || mono_us() >= end)
			return r < 0 ? r : 0;
		clock_nanosleep(CLOCK_MONOTONIC, 0, &step, NULL);
	}
}

/* ---- by amshand ---- */

static bool is_read(const struct adapter *a)
{
	struct holder h;

	return holder_find(a->node, a->devt, &h) > 0 && !strcmp(h.name, READER);
}

/* Wait until amshand has it, or has it no more; returns what it is in the end. */
static bool reader_wait(const struct adapter *a, bool wanted)
{
	const struct timespec step = { .tv_nsec = READER_STEP_US * NSEC_PER_USEC };
	u64 end = mono_us() + READER_US;
	bool now;

	while ((now = is_read(a)) != wanted && mono_us() < end)
		clock_nanosleep(CLOCK_MONOTONIC, 0, &step, NULL);
	return now;
}

static int reading_begin(const struct adapter *a)
{
	char unit[UNIT_TEXT_MAX], why[WHY_MAX], line[SERIAL_LINE_MAX];

	/* What it was before. */
	if (unit_is_managed() && attaching_is_on(a) &&
	    unit_stop(unit_attach_name(a->name, unit), why, sizeof(why)) < 0) {
		ctl_say("%s", why);
		return CTL_FAILED;
	}
	serial_line_format(&a->settings, a->framing, line);
	if (!unit_is_managed()) {
		printf("systemd does not run here: amshand reads %s (%s), if it hears udev\n", a->name,
		       line);
		return CTL_OK;
	}
	if (reader_wait(a, true)) {
		printf("%s is read by amshand (%s)\n", a->name, line);
		return CTL_OK;
	}
	ctl_say("%s is enabled (%s), but amshand does not read it yet: does amshand.service run, and "
		"has its configuration a source with uri = \"kernel:\"? \"amshanctl status\" tells",
		a->name, line);
	return CTL_FAILED;
}

/* ---- by the service ---- */

/* Why the service did not attach it: what it says itself, if anything. */
static void say_not_attached(const struct adapter *a, const char *unit, int error)
{
	char text[WHY_MAX];
	struct unit_state u;

	if (unit_read(NULL, unit, &u) == 0 && *u.status)
		text_escape(u.status, text, sizeof(text));
	else if (error < 0)
		ports_say_error(error, text, sizeof(text));
	else
		snprintf(text, sizeof(text), "\"journalctl -u %s\" may say why", unit);
	ctl_say("%s is enabled, but not attached yet: %s", a->name, text);
}

bool attaching_is_refused(const struct adapter *a)
{
	struct port_info port;
	struct holder h;

	if (port_find(a, &port) > 0 || holder_find(a->node, a->devt, &h) <= 0)
		return false;
	if (a->is_enabled && serial_framing_is_ours(a->framing) && !strcmp(h.name, READER))
		return false;
	ctl_say("%s is in use by %s (process %d): end that first", a->name, h.name, (int)h.pid);
	return true;
}

int attaching_begin(const struct adapter *a, u64 since_us)
{
	char unit[UNIT_TEXT_MAX], why[WHY_MAX], format[SERIAL_FORMAT_MAX];
	struct port_info port;
	int r;

	if (serial_framing_is_ours(a->framing))
		return reading_begin(a);
	if (!unit_is_managed()) {
		printf("systemd does not run here: \"amshan-attach --udev %s\" attaches it by "
		       "hand\n", a->node);
		return CTL_OK;
	}
	/* Perhaps it was amshand's until now. */
	reader_wait(a, false);
	unit_attach_name(a->name, unit);
	r = unit_restart(unit, why, sizeof(why));
	if (r < 0) {
		ctl_say("%s is enabled, but not attached yet: %s", a->name, why);
		return CTL_FAILED;
	}
	r = port_wait(a, since_us, &port);
	if (r <= 0) {
		say_not_attached(a, unit, r);
		return CTL_FAILED;
	}
	printf("%s is attached as /dev/amshan%u (%s)\n", a->name, port.index,
	       serial_format(&a->settings, format));
	return CTL_OK;
}

bool attaching_is_on(const struct adapter *a)
{
	char unit[UNIT_TEXT_MAX];
	struct port_info port;
	struct unit_state u;

	if (port_find(a, &port) > 0)
		return true;
	return unit_read(NULL, unit_attach_name(a->name, unit), &u) == 0 && *u.active &&
	       strcmp(u.active, "inactive") && strcmp(u.active, "failed");
}

int attaching_end(const struct adapter *a)
{
	char unit[UNIT_TEXT_MAX], why[WHY_MAX];
	struct port_info port;

	unit_attach_name(a->name, unit);
	if (unit_is_managed() && unit_stop(unit, why, sizeof(why)) < 0) {
		ctl_say("%s", why);
		return CTL_FAILED;
	}
	if (port_find(a, &port) > 0) {
		ctl_say("%s is not enabled any more, but still attached as /dev/amshan%u, by "
			"somebody else than %s", a->name, port.index, unit);
		return CTL_FAILED;
	}
	if (reader_wait(a, false)) {
		ctl_say("%s is not enabled any more, but still read by amshand: a source of its "
			"configuration names it", a->name);
		return CTL_FAILED;
	}
	printf("%s is left alone\n", a->name);
	return CTL_OK;
}
