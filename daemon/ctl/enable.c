// SPDX-License-Identifier: GPL-2.0
/*
 * amshanctl enable, disable: a local rule written or taken away, and what follows from it done at
 * once: udev looks at the tty again, which amshand hears, and the service is started anew or stopped.
 *
 * The rule is what counts.  Where udev or systemd do not run (a container, a root that is being
 * made) it is written all the same.  One adapter has one rule: an older one that knows it in
 * another way goes, unless another adapter that is plugged in is enabled by it; the new one, by
 * place, comes before that then.
 *
 * What failed half-way can be said again: what is done already is passed over, and the rest done.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/attaching.h"
#include "ctl/enable.h"
#include "ctl/scene.h"
#include "ctl/text.h"
#include "ctl/udev.h"
#include "util.h"

#define WHY_MAX		1024

static bool is_root(const char *what)
{
	if (geteuid() == 0)
		return true;
	ctl_say("only root may %s an adapter", what);
	return false;
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

/* When it counts where udev does not run. */
static const char *next_time(const struct adapter *a)
{
	return a->is_usb ? "the adapter is plugged in" : "the machine starts";
}

/* What has no effect does not stay. */
static void take_back(struct scene *s, const struct adapter *a)
{
	struct adapter now;

	if (scene_undo(s) == 0)
		apply(a, &now);
}

/* ---- enable ---- */

/* The older rules of an adapter that has a new one. */
static int remove_older(struct scene *s, const struct adapter *a, const struct rule *new)
{
	char path[RULE_PATH_MAX];

	for (size_t i = 0; i < s->n_rules;) {
		const struct rule *old = &s->rule[i];
		const struct adapter *other;
		int r;

		if (!rule_matches(old, a) || !strcmp(old->name, new->name)) {
			i++;
			continue;
		}
		other = scene_other(s, old, a);
		if (other) {
			printf("kept %s: %s is %s by it\n",
			       rule_path(RULE_FOLDER, old->name, path), other->name,
			       old->enable ? "enabled" : "left alone");
			i++;
			continue;
		}
		/* The next one is in its place then. */
		r = scene_remove(s, old);
		if (r < 0)
			return r;
	}
	return 0;
}

static bool is_as_wanted(const struct adapter *a, const struct rule *r)
{
	const struct serial_settings *got = &a->settings, *want = &r->settings;

	return a->is_enabled && got->baud == want->baud && got->parity == want->parity &&
	       got->data == want->data && got->stop == want->stop && a->framing == r->framing;
}

static int enable(struct scene *s, const struct adapter *a, const struct serial_settings *settings,
		  enum link_framing framing, bool anywhere)
{
	const enum rule_wish wish = anywhere ? RULE_ENABLE_ANYWHERE : RULE_ENABLE;
	const struct adapter *twin = scene_twin(s, a);
	char note[WHY_MAX], why[WHY_MAX];
	u64 since = mono_us();
	struct adapter now;
	struct rule rule;

	if (attaching_is_refused(a))
		return CTL_FAILED;
	if (rule_make(a, wish, twin ? twin->name : NULL, &rule, note, why, sizeof(why)) < 0) {
		ctl_say("%s", why);
		return CTL_FAILED;
	}
	rule.settings = *settings;
	rule.settings.path = NULL;
	rule.framing = framing;
	if (*note)
		printf("%s\n", note);
	if (scene_write(s, &rule) < 0 || remove_older(s, a, &rule) < 0)
		return CTL_FAILED;
	if (!udev_is_running()) {
		printf("udev does not run here: the rule counts from the next time that %s\n",
		       next_time(a));
		return CTL_OK;
	}
	if (apply(a, &now) < 0)
		return CTL_FAILED;
	if (!is_as_wanted(&now, &rule)) {
		ctl_say("udev does not do as the rule says: another rule says something else of "
			"%s", a->name);
		take_back(s, a);
		return CTL_FAILED;
	}
	return attaching_begin(&now, since);
}

int enable_adapter(const struct adapter *a, const struct serial_settings *settings,
		   enum link_framing framing, bool anywhere)
{
	_cleanup_(scene_clear) struct scene s = { 0 };

	if (!is_root("enable") || scene_read(&s) < 0)
		return CTL_FAILED;
	return enable(&s, a, settings, framing, anywhere);
}

/* What an enabled adapter has stays, but for what is said now. */
static void settings_find(const struct scene *s, const struct adapter *a,
			  const struct ctl_options *o, struct serial_settings *ret,
			  enum link_framing *ret_framing)
{
	const struct rule *rule = scene_first(s, a);

	serial_settings_init(ret);
	*ret_framing = LINK_HDLC;
	if (rule && rule->enable) {
		*ret = rule->settings;
		*ret_framing = rule->framing;
	} else if (!rule && a->is_enabled) {
		*ret = a->settings;
		*ret_framing = a->framing;
	}
	if (o->given & CTL_BAUD)
		ret->baud = o->settings.baud;
	if (o->given & CTL_PARITY)
		ret->parity = o->settings.parity;
	if (o->given & CTL_DATA)
		ret->data = o->settings.data;
	if (o->given & CTL_STOP)
		ret->stop = o->settings.stop;
	if (o->given & CTL_FRAMING)
		*ret_framing = o->framing;
}

int ctl_enable(const struct ctl_options *o)
{
	_cleanup_(scene_clear) struct scene s = { 0 };
	struct serial_settings settings;
	enum link_framing framing;
	char why[WHY_MAX];
	struct adapter a;

	if (!is_root("enable"))
		return CTL_FAILED;
	if (adapter_find(o->argv[0], &a, why, sizeof(why)) < 0) {
		ctl_say("%s", why);
		return CTL_FAILED;
	}
	if (scene_read(&s) < 0)
		return CTL_FAILED;
	settings_find(&s, &a, o, &settings, &framing);
	return enable(&s, &a, &settings, framing, o->anywhere);
}

/* ---- disable ---- */

/* A rule that says no, since something else says yes: the rule of @other, or none of ours. */
static int opt_out(struct scene *s, const struct adapter *a, const struct adapter *other)
{
	const struct adapter *twin = other ? other : scene_twin(s, a);
	char note[WHY_MAX], why[WHY_MAX];
	struct rule rule;

	if (rule_make(a, RULE_DISABLE, twin ? twin->name : NULL, &rule, note, why,
		      sizeof(why)) < 0) {
		ctl_say("%s", why);
		return -EINVAL;
	}
	if (other)
		printf("%s is enabled by a rule that is also that of %s\n", a->name, other->name);
	else
		printf("%s is enabled by udev's list of adapters, or by a rule that is not ours\n",
		       a->name);
	if (*note)
		printf("%s\n", note);
	return scene_write(s, &rule);
}

/* A file of the name that its rule would have, with something else in it; NULL: there is none. */
static const struct rule *foreign_of(const struct scene *s, const struct adapter *a)
{
	const struct adapter *twin = scene_twin(s, a);
	char note[WHY_MAX], why[WHY_MAX];
	struct rule rule;

	if (rule_make(a, RULE_DISABLE, twin ? twin->name : NULL, &rule, note, why, sizeof(why)) < 0)
		return NULL;
	for (size_t i = 0; i < s->n_rules; i++)
		if (s->rule[i].is_foreign && !strcmp(s->rule[i].name, rule.name))
			return &s->rule[i];
	return NULL;
}

/*
 * Remove the rules by which it is enabled, until one says no, or one decides about @ret_other too:
 * 1: some were removed, 0: there is none, or a negative errno.
 */
static int remove_rules(struct scene *s, const struct adapter *a, const struct adapter **ret_other)
{
	const struct rule *rule = foreign_of(s, a);
	int removed = 0, r;

	for (;;) {
		if (!rule)
			rule = scene_first(s, a);
		if (!rule || (!rule->is_foreign && !rule->enable))
			return removed;
		*ret_other = scene_other(s, rule, a);
		if (*ret_other)
			return removed;
		r = scene_remove(s, rule);
		if (r < 0)
			return r;
		removed = 1;
		rule = NULL;
	}
}

/* @is_removed: a rule by which it was enabled is gone already */
static int disable(struct scene *s, const struct adapter *a, bool is_removed)
{
	const struct adapter *other = NULL;
	struct adapter now = *a;
	int r;

	r = remove_rules(s, a, &other);
	if (r < 0)
		return CTL_FAILED;
	is_removed |= r;
	scene_mark(s);
	if (other && opt_out(s, a, other) < 0)
		return CTL_FAILED;
	if (!is_removed && !other && !a->is_enabled) {
		/* Perhaps the last attempt did not get further. */
		if (attaching_is_on(a))
			return attaching_end(a);
		ctl_say("%s is not enabled", a->name);
		return CTL_FAILED;
	}
	if (!udev_is_running()) {
		if (!is_removed && !scene_first(s, a) && opt_out(s, a, NULL) < 0)
			return CTL_FAILED;
		printf("udev does not run here: that counts from the next time that %s\n",
		       next_time(a));
		return attaching_end(a);
	}
	/* What udev knows of it may be older than the rules. */
	if (apply(a, &now) < 0)
		return CTL_FAILED;
	if (now.is_enabled && !other && (opt_out(s, a, NULL) < 0 || apply(a, &now) < 0))
		return CTL_FAILED;
	if (now.is_enabled) {
		ctl_say("%s is still enabled, by a rule of udev that is not ours", a->name);
		take_back(s, a);
		return CTL_FAILED;
	}
	return attaching_end(&now);
}

/* A rule that decides about none that is plugged in. */
static int disable_absent(struct scene *s, const struct rule *rule)
{
	char shown[TEXT_MAX], why[WHY_MAX];

	if (!rule->is_foreign && !rule->enable) {
		ctl_say("%s is not enabled", text_escape(rule->name, shown, sizeof(shown)));
		return CTL_FAILED;
	}
	if (scene_remove(s, rule) < 0)
		return CTL_FAILED;
	if (udev_is_running() && udev_reload(why, sizeof(why)) < 0) {
		ctl_say("%s", why);
		return CTL_FAILED;
	}
	return CTL_OK;
}

/* A rule, and all that are enabled by it. */
static int disable_rule(struct scene *s, const struct rule *rule)
{
	_cleanup_free_ const struct adapter **users = calloc(s->n_adapters + 1, sizeof(*users));
	bool enables = rule->enable;
	int status = CTL_OK;
	size_t n = 0;

	if (!users) {
		ctl_say("out of memory");
		return CTL_FAILED;
	}
	for (size_t i = 0; i < s->n_adapters; i++)
		if (scene_first(s, &s->adapter[i]) == rule)
			users[n++] = &s->adapter[i];
	if (!n)
		return disable_absent(s, rule);
	if (enables && scene_remove(s, rule) < 0)
		return CTL_FAILED;
	for (size_t i = 0; i < n; i++)
		if (disable(s, users[i], enables) != CTL_OK)
			status = CTL_FAILED;
	return status;
}

/* By what "adapters" prints, or by the path of a link that would have that name. */
static int disable_name(struct scene *s, const char *device, const char *why)
{
	const char *slash = strrchr(device, '/');
	const char *name = slash ? slash + 1 : device;

	for (size_t i = 0; i < s->n_rules; i++)
		if (!strcmp(s->rule[i].name, name))
			return disable_rule(s, &s->rule[i]);
	ctl_say("%s, and no adapter that is not plugged in is enabled by this name", why);
	return CTL_FAILED;
}

/* A socket's name is also that of the rule of an adapter that was in it before this one. */
static bool is_anothers_rule(const struct scene *s, const struct adapter *a, const char *name)
{
	for (size_t i = 0; i < s->n_rules; i++)
		if (!strcmp(s->rule[i].name, name) && !s->rule[i].is_foreign)
			return !rule_matches(&s->rule[i], a);
	return false;
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
	if (r < 0 && r != -ENOENT) {
		ctl_say("%s", why);
		return CTL_FAILED;
	}
	if (scene_read(&s) < 0)
		return CTL_FAILED;
	if (r < 0 || is_anothers_rule(&s, &a, o->argv[0]))
		return disable_name(&s, o->argv[0], why);
	return disable(&s, &a, false);
}
