// SPDX-License-Identifier: GPL-2.0
/*
 * amshanctl enable, disable: a local rule written or taken away, and what follows from it done at
 * once: udev looks at the tty again, and the service is started anew or stopped.
 *
 * The rule is what counts.  Where udev or systemd do not run (a container, a root that is being
 * made) it is written all the same.  One adapter has one rule: an older one that knows it in
 * another way goes, unless another adapter that is plugged in is enabled by it; the new one, by
 * place, comes before that then.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "ctl/enable.h"
#include "ctl/holder.h"
#include "ctl/rule.h"
#include "ctl/text.h"
#include "ctl/udev.h"
#include "ctl/unit.h"
#include "netlink/ports.h"
#include "util.h"

#define WAIT_US		(5 * USEC_PER_SEC)
#define WAIT_STEP_US	(100 * USEC_PER_MSEC)

#define WHY_MAX		1024

/* struct scene - the rules and adapters there are */
struct scene {
	struct adapter *adapter;
	size_t n_adapters;
	struct rule *rule;
	size_t n_rules;
};

static void scene_clear(struct scene *s)
{
	free(s->adapter);
	free(s->rule);
}

/* 0, or a negative errno after a sentence. */
static int scene_read(struct scene *s)
{
	int r;

	r = adapter_list(&s->adapter, &s->n_adapters);
	if (r < 0) {
		ctl_say("cannot list the serial ports: %s", strerror(-r));
		return r;
	}
	r = rule_list(RULE_FOLDER, &s->rule, &s->n_rules);
	if (r < 0)
		ctl_say("cannot look into %s: %s", RULE_FOLDER, strerror(-r));
	return r;
}

static bool is_root(const char *what)
{
	if (geteuid() == 0)
		return true;
	ctl_say("only root may %s an adapter", what);
	return false;
}

/* Another adapter that the rule is about, NULL if there is none. */
static const struct adapter *other_of(const struct scene *s, const struct rule *r,
				      const struct adapter *a)
{
	for (size_t i = 0; i < s->n_adapters; i++)
		if (s->adapter[i].devt != a->devt && rule_matches(r, &s->adapter[i]))
			return &s->adapter[i];
	return NULL;
}

/* Another adapter that has the same serial number, interface and port. */
static const struct adapter *twin_of(const struct scene *s, const struct adapter *a)
{
	for (size_t i = 0; i < s->n_adapters; i++) {
		const struct adapter *b = &s->adapter[i];

		if (*a->serial && b->devt != a->devt && b->is_usb && !strcmp(a->id, b->id) &&
		    !strcmp(a->serial, b->serial) && !strcmp(a->interface, b->interface) &&
		    !strcmp(a->port, b->port))
			return b;
	}
	return NULL;
}

/* Both: 0, or a negative errno after a sentence; what was done is said. */
static int write_rule(const struct rule *r)
{
	char why[RULE_PATH_MAX + 64], path[RULE_PATH_MAX];
	int e = rule_write(RULE_FOLDER, r, why, sizeof(why));

	if (e < 0)
		ctl_say("%s", why);
	else
		printf("wrote %s\n", rule_path(RULE_FOLDER, r->name, path));
	return e;
}

static int remove_rule(const char *name)
{
	char why[RULE_PATH_MAX + 64], path[RULE_PATH_MAX];
	char shown[RULE_PATH_MAX];
	int e = rule_remove(RULE_FOLDER, name, why, sizeof(why));

	if (e < 0)
		ctl_say("%s", text_escape(why, shown, sizeof(shown)));
	else
		printf("removed %s\n", text_escape(rule_path(RULE_FOLDER, name, path), shown,
						   sizeof(shown)));
	return e;
}

/* Have udev look at the adapter again, and see what came of it: 0, or negative after a sentence. */
static int apply(const struct adapter *a, struct adapter *ret)
{
	char why[WHY_MAX];
	int r;

	r = udev_apply(a->node, why, sizeof(why));
	if (r == 0)
		r = adapter_find(a->node, ret, why, sizeof(why));
	if (r < 0)
		ctl_say("%s", why);
	return r;
}

/* ---- attached? ---- */

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

/* Another program has it open: it would lose its octets to us, or we would wait for it for ever. */
static bool is_taken(const struct adapter *a)
{
	struct port_info port;
	struct holder h;

	if (port_find(a, &port) > 0 || holder_find(a->node, a->devt, &h) <= 0)
		return false;
	ctl_say("%s is in use by %s (process %d): end that first", a->name, h.name, (int)h.pid);
	return true;
}

/* Start the service anew, and look for its port. */
static int attach(const struct adapter *a, u64 since_us)
{
	char unit[UNIT_TEXT_MAX], why[WHY_MAX], format[SERIAL_FORMAT_MAX];
	struct port_info port;
	int r;

	if (!unit_is_managed()) {
		printf("systemd does not run here: \"amshan-attach --udev %s\" attaches it by "
		       "hand\n", a->node);
		return CTL_OK;
	}
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

/* ---- enable ---- */

/* The older rules of an adapter that has a new one. */
static int remove_older(const struct scene *s, const struct adapter *a, const struct rule *new)
{
	char path[RULE_PATH_MAX];
	int r = 0;

	for (size_t i = 0; i < s->n_rules && r == 0; i++) {
		const struct rule *old = &s->rule[i];
		const struct adapter *other;

		if (!rule_matches(old, a) || !strcmp(old->name, new->name))
			continue;
		other = other_of(s, old, a);
		if (other)
			printf("kept %s: %s is %s by it\n",
			       rule_path(RULE_FOLDER, old->name, path), other->name,
			       old->enable ? "enabled" : "left alone");
		else
			r = remove_rule(old->name);
	}
	return r;
}

static bool is_as_wanted(const struct adapter *a, const struct serial_settings *want)
{
	const struct serial_settings *got = &a->settings;

	return a->is_enabled && got->baud == want->baud && got->parity == want->parity &&
	       got->data == want->data && got->stop == want->stop;
}

int enable_adapter(const struct adapter *a, const struct serial_settings *settings, bool anywhere)
{
	_cleanup_(scene_clear) struct scene s = { 0 };
	char note[WHY_MAX], why[WHY_MAX];
	const struct adapter *twin;
	u64 since = mono_us();
	struct adapter now;
	struct rule rule;

	if (!is_root("enable") || scene_read(&s) < 0)
		return CTL_FAILED;
	if (is_taken(a))
		return CTL_FAILED;
	twin = twin_of(&s, a);
	if (rule_make(a, anywhere, twin ? twin->name : NULL, &rule, note, why, sizeof(why)) < 0) {
		ctl_say("%s", why);
		return CTL_FAILED;
	}
	rule.settings = *settings;
	rule.settings.path = NULL;
	if (*note)
		printf("%s\n", note);
	if (write_rule(&rule) < 0 || remove_older(&s, a, &rule) < 0)
		return CTL_FAILED;
	if (!udev_is_running()) {
		printf("udev does not run here: the rule counts from the next time that %s\n",
		       a->is_usb ? "the adapter is plugged in" : "the machine starts");
		return CTL_OK;
	}
	if (apply(a, &now) < 0)
		return CTL_FAILED;
	if (!is_as_wanted(&now, settings)) {
		ctl_say("udev does not do as the rule says: another one says something else of %s, "
			"in a file that comes before it", a->name);
		return CTL_FAILED;
	}
	return attach(&now, since);
}

int ctl_enable(const struct ctl_options *o)
{
	char why[WHY_MAX];
	struct adapter a;

	if (!is_root("enable"))
		return CTL_FAILED;
	if (adapter_find(o->argv[0], &a, why, sizeof(why)) < 0) {
		ctl_say("%s", why);
		return CTL_FAILED;
	}
	return enable_adapter(&a, &o->settings, o->anywhere);
}

/* ---- disable ---- */

static int stop(const struct adapter *a)
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
	printf("%s is left alone\n", a->name);
	return CTL_OK;
}

/* A rule that says no, since something beside our rules says yes. */
static int opt_out(const struct scene *s, const struct adapter *a, const struct rule *shared)
{
	const struct adapter *twin = shared ? other_of(s, shared, a) : twin_of(s, a);
	char note[WHY_MAX], why[WHY_MAX];
	struct rule rule;

	if (rule_make(a, false, twin ? twin->name : NULL, &rule, note, why, sizeof(why)) < 0) {
		ctl_say("%s", why);
		return -EINVAL;
	}
	rule.enable = false;
	if (shared)
		printf("%s is enabled by a rule that is also that of %s\n", a->name, twin->name);
	else
		printf("%s is enabled by udev's list of adapters, or by a rule that is not ours\n",
		       a->name);
	if (*note)
		printf("%s\n", note);
	return write_rule(&rule);
}

static int disable_adapter(const struct scene *s, const struct adapter *a)
{
	const struct rule *shared = NULL;
	struct adapter now = *a;
	bool removed = false;

	for (size_t i = 0; i < s->n_rules; i++) {
		const struct rule *r = &s->rule[i];

		if (!r->enable || !rule_matches(r, a))
			continue;
		if (other_of(s, r, a)) {
			shared = r;
			continue;
		}
		if (remove_rule(r->name) < 0)
			return CTL_FAILED;
		removed = true;
	}
	if (!removed && !a->is_enabled) {
		ctl_say("%s is not enabled", a->name);
		return CTL_FAILED;
	}
	if (!udev_is_running()) {
		if ((!removed || shared) && opt_out(s, a, shared) < 0)
			return CTL_FAILED;
		printf("udev does not run here: that counts from the next time that %s\n",
		       a->is_usb ? "the adapter is plugged in" : "the machine starts");
		return stop(a);
	}
	if (removed && apply(a, &now) < 0)
		return CTL_FAILED;
	if (now.is_enabled && (opt_out(s, a, shared) < 0 || apply(a, &now) < 0))
		return CTL_FAILED;
	if (now.is_enabled) {
		ctl_say("%s is still enabled, by a rule of udev in a file that comes before ours",
			a->name);
		return CTL_FAILED;
	}
	return stop(&now);
}

/* One that is not plugged in: by the name of its rule. */
static int disable_rule(const struct rule *r)
{
	char shown[TEXT_MAX], why[WHY_MAX];

	if (!*r->why && !r->enable) {
		ctl_say("%s is not enabled", text_escape(r->name, shown, sizeof(shown)));
		return CTL_FAILED;
	}
	if (remove_rule(r->name) < 0)
		return CTL_FAILED;
	if (udev_is_running() && udev_reload(why, sizeof(why)) < 0) {
		ctl_say("%s", why);
		return CTL_FAILED;
	}
	return CTL_OK;
}

/* By what "adapters" prints, or by the path of a link that would have that name. */
static int disable_name(const char *device, const char *why)
{
	_cleanup_(scene_clear) struct scene s = { 0 };
	const char *slash = strrchr(device, '/');
	const struct rule *rule = NULL;
	int status = CTL_OK, plugged = 0;

	if (scene_read(&s) < 0)
		return CTL_FAILED;
	for (size_t i = 0; i < s.n_rules; i++)
		if (!strcmp(s.rule[i].name, slash ? slash + 1 : device))
			rule = &s.rule[i];
	if (!rule) {
		ctl_say("%s, and no adapter that is not plugged in is enabled by this name", why);
		return CTL_FAILED;
	}
	for (size_t i = 0; i < s.n_adapters; i++)
		plugged += rule_matches(rule, &s.adapter[i]);
	if (!plugged)
		return disable_rule(rule);
	if (plugged == 1) {
		for (size_t i = 0; i < s.n_adapters; i++)
			if (rule_matches(rule, &s.adapter[i]))
				status = disable_adapter(&s, &s.adapter[i]);
		return status;
	}
	ctl_say("%d adapters of this name are plugged in: name the tty of the one that is meant",
		plugged);
	return CTL_FAILED;
}

int ctl_disable(const struct ctl_options *o)
{
	_cleanup_(scene_clear) struct scene s = { 0 };
	char why[WHY_MAX];
	struct adapter a;
	int r;

	if (!is_root("disable"))
		return CTL_FAILED;
	r = adapter_find(o->argv[0], &a, why, sizeof(why));
	if (r == -ENOENT)
		return disable_name(o->argv[0], why);
	if (r < 0) {
		ctl_say("%s", why);
		return CTL_FAILED;
	}
	return scene_read(&s) < 0 ? CTL_FAILED : disable_adapter(&s, &a);
}
