// SPDX-License-Identifier: GPL-2.0
/*
 * Rules: how an adapter is known, and whom a rule is about.  Pure.
 *
 * What a device says of itself goes into a rule only if each of its characters is one of a few that
 * mean nothing to udev: neither quotes nor line ends, neither patterns nor substitutions.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "ctl/rule_internal.h"
#include "ctl/text.h"
#include "util.h"

const struct rule_key rule_keys[RULE_KEYS] = {
#define M(key, rule_member, adapter_member, hows, optional) \
	{ key, offsetof(struct rule, rule_member), offsetof(struct adapter, adapter_member), \
	  sizeof(((struct rule *)0)->rule_member), hows, optional }
	M("KERNEL", kernel, name, BIT(RULE_KERNEL), false),
	M("ENV{ID_SERIAL}", id, id, BIT(RULE_SERIAL), false),
	M("ENV{ID_PATH}", place, place, BIT(RULE_PLACE), false),
	M("ENV{ID_VENDOR_ID}", vendor_id, vendor_id, BIT(RULE_PLACE) | BIT(RULE_ANYWHERE), false),
	M("ENV{ID_MODEL_ID}", model_id, model_id, BIT(RULE_PLACE) | BIT(RULE_ANYWHERE), false),
	M("ENV{ID_SERIAL_SHORT}", serial, serial,
	  BIT(RULE_SERIAL) | BIT(RULE_PLACE) | BIT(RULE_ANYWHERE), false),
	M("ENV{ID_USB_INTERFACE_NUM}", interface, interface, BIT(RULE_SERIAL) | BIT(RULE_ANYWHERE),
	  false),
	M("ENV{.ID_PORT}", port, port, BIT(RULE_SERIAL) | BIT(RULE_PLACE) | BIT(RULE_ANYWHERE),
	  true),
#undef M
};

const char *rule_value(const struct rule *r, const struct rule_key *k)
{
	return (const char *)r + k->rule;
}

bool rule_key_counts(const struct rule *r, const struct rule_key *k)
{
	return (k->hows & BIT(r->how)) && (!k->optional || *rule_value(r, k));
}

/* ---- how an adapter is known ---- */

bool rule_is_plain(const char *text)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				    "0123456789#+.:=@_-";
	size_t n = strlen(text);

	return n && n < RULE_VALUE_MAX && strspn(text, plain) == n;
}

static bool is_plain_or_empty(const char *text)
{
	return !*text || rule_is_plain(text);
}

/*
 * A serial number that chips are shipped with, and that makers of adapters leave as it is: it does
 * not tell the adapter from others.
 */
static bool is_of_many(const char *serial)
{
	/* Of these also the beginnings, from four characters on. */
	static const char *const counted[] = {
		"0123456789ABCDEF", "123456789ABCDEF", "1234567890ABCDEF",
	};
	/* Of chips that look like FTDI's. */
	static const char *const known[] = { "A50285BI" };
	const char *rest = serial + strspn(serial, "0");
	size_t n = strlen(serial);

	if (!rule_is_plain(serial))
		return false;
	/* 0, 0000, and the first number of a maker who never gave a second one: 1, 0001. */
	if (!*rest || !strcmp(rest, "1"))
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(counted); i++)
		if (n >= 4 && n <= strlen(counted[i]) && !strncasecmp(serial, counted[i], n))
			return true;
	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		if (!strcmp(serial, known[i]))
			return true;
	return false;
}

/* Its serial number is none, or as good as none. */
static bool may_be_anywhere(const struct adapter *a)
{
	return !*a->serial || is_of_many(a->serial);
}

/* What is copied was looked at by rule_is_plain(), or is as short in an adapter. */
#define COPY(to, from) snprintf(to, sizeof(to), "%.*s", (int)sizeof(to) - 1, from)

/* "enabled": what the rule is to do, for sentences */
static const char *done(const struct rule *r)
{
	return r->enable ? "enabled" : "disabled";
}

static int make_kernel(const struct adapter *a, enum rule_wish wish, struct rule *r, char *why,
		       size_t size)
{
	char shown[TEXT_MAX];

	text_escape(a->name, shown, sizeof(shown));
	if (wish == RULE_ENABLE_ANYWHERE) {
		snprintf(why, size, "%s is not on USB: --anywhere makes no sense, it is known by "
			 "its name", shown);
		return -EINVAL;
	}
	if (!rule_is_plain(a->name)) {
		snprintf(why, size, "%s cannot be %s: its name has characters that a rule must "
			 "not have", shown, done(r));
		return -EINVAL;
	}
	r->how = RULE_KERNEL;
	COPY(r->kernel, a->name);
	snprintf(r->name, sizeof(r->name), "%s", r->kernel);
	return 0;
}

static void add_port(struct rule *r)
{
	size_t n = strlen(r->name);

	if (*r->port)
		snprintf(r->name + n, sizeof(r->name) - n, "-port%s", r->port);
}

static void make_serial(const struct adapter *a, struct rule *r)
{
	r->how = RULE_SERIAL;
	COPY(r->id, a->id);
	COPY(r->serial, a->serial);
	/* As its link in /dev/serial/by-id. */
	snprintf(r->name, sizeof(r->name), "usb-%s-if%s", r->id, r->interface);
	add_port(r);
}

static int check_model(const struct adapter *a, const struct rule *r, char *why, size_t size)
{
	if (rule_is_plain(a->vendor_id) && rule_is_plain(a->model_id))
		return 0;
	snprintf(why, size, "%s cannot be %s: udev does not know of which model it is "
		 "(ID_VENDOR_ID, ID_MODEL_ID)", a->name, done(r));
	return -EINVAL;
}

static int make_anywhere(const struct adapter *a, struct rule *r, char *note, char *why,
			 size_t size)
{
	if (check_model(a, r, why, size) < 0)
		return -EINVAL;
	r->how = RULE_ANYWHERE;
	COPY(r->vendor_id, a->vendor_id);
	COPY(r->model_id, a->model_id);
	COPY(r->serial, a->serial);
	/* Never as that of a serial number: in ID_SERIAL there is a low line. */
	snprintf(r->name, sizeof(r->name), "usb-%s-%s%s%s-if%s", r->vendor_id, r->model_id,
		 *r->serial ? "-" : "", r->serial, r->interface);
	add_port(r);
	snprintf(note, size, "%s is known by its model %s:%s: any other of it %s%s is enabled as "
		 "well", a->name, r->vendor_id, r->model_id,
		 *r->serial ? "with the serial number " : "without a serial number", r->serial);
	return 0;
}

/* @because: "it has no serial number" */
static int make_place(const struct adapter *a, const char *because, struct rule *r, char *note,
		      char *why, size_t size)
{
	if (!rule_is_plain(a->place)) {
		snprintf(why, size, "%s cannot be %s: %s, and udev does not know where it is "
			 "plugged in (ID_PATH)%s", a->name, done(r), because,
			 r->enable && may_be_anywhere(a) ?
			 "; --anywhere enables all of its model" : "");
		return -EINVAL;
	}
	if (check_model(a, r, why, size) < 0)
		return -EINVAL;
	r->how = RULE_PLACE;
	COPY(r->place, a->place);
	COPY(r->vendor_id, a->vendor_id);
	COPY(r->model_id, a->model_id);
	/* One with a number is never taken by its place for one without. */
	COPY(r->serial, is_plain_or_empty(a->serial) ? a->serial : RULE_ANY);
	/* As its link in /dev/serial/by-path. */
	snprintf(r->name, sizeof(r->name), "%s", r->place);
	add_port(r);
	snprintf(note, size, "%s: %s; it is known by the place where it is plugged in, and has to "
		 "be %s anew in another one", a->name, because, done(r));
	return 0;
}

static int make_usb(const struct adapter *a, enum rule_wish wish, const char *twin, struct rule *r,
		    char *note, char *why, size_t size)
{
	char because[TEXT_MAX];

	if (!a->is_initialized) {
		snprintf(why, size, "udev has not looked at %s: of which adapter it is, is not "
			 "known", a->name);
		return -EINVAL;
	}
	if (!is_plain_or_empty(a->interface) || !is_plain_or_empty(a->port)) {
		snprintf(why, size, "%s cannot be %s: the number of its interface or port has "
			 "characters that a rule must not have", a->name, done(r));
		return -EINVAL;
	}
	COPY(r->interface, a->interface);
	COPY(r->port, a->port);
	if (wish == RULE_ENABLE_ANYWHERE && !may_be_anywhere(a)) {
		snprintf(why, size, "%s has a serial number: --anywhere makes no sense, it is for "
			 "adapters that have none", a->name);
		return -EINVAL;
	}
	if (wish == RULE_ENABLE_ANYWHERE)
		return make_anywhere(a, r, note, why, size);
	if (!*a->serial) {
		snprintf(because, sizeof(because), "it has no serial number");
	} else if (!rule_is_plain(a->id) || !rule_is_plain(a->serial)) {
		snprintf(because, sizeof(because), "its serial number has characters that a rule "
			 "must not have, or is too long");
	} else if (is_of_many(a->serial)) {
		snprintf(because, sizeof(because), "many adapters have its serial number %.*s",
			 RULE_VALUE_MAX, a->serial);
	} else if (twin) {
		snprintf(because, sizeof(because), "%.32s has the same serial number %.*s",
			 twin, RULE_VALUE_MAX, a->serial);
	} else {
		make_serial(a, r);
		return 0;
	}
	r->interface[0] = '\0';
	return make_place(a, because, r, note, why, size);
}

int rule_make(const struct adapter *a, enum rule_wish wish, const char *twin, struct rule *ret,
	      char *note, char *why, size_t size)
{
	struct rule r = { .enable = wish != RULE_DISABLE, .framing = LINK_HDLC };
	int e;

	*note = '\0';
	serial_settings_init(&r.settings);
	e = a->is_usb ? make_usb(a, wish, twin, &r, note, why, size) :
			make_kernel(a, wish, &r, why, size);
	if (e < 0)
		return e;
	*ret = r;
	return 0;
}

bool rule_matches(const struct rule *r, const struct adapter *a)
{
	if (r->is_foreign || (r->how == RULE_KERNEL) == a->is_usb)
		return false;
	for (size_t i = 0; i < RULE_KEYS; i++) {
		const char *want = rule_value(r, &rule_keys[i]);
		const char *is = (const char *)a + rule_keys[i].adapter;

		if (!rule_key_counts(r, &rule_keys[i]))
			continue;
		if (strcmp(want, RULE_ANY) ? strcmp(want, is) : !*is)
			return false;
	}
	return true;
}

const struct rule *rule_first(const struct rule *list, size_t n, const struct adapter *a)
{
	for (size_t i = 0; i < n; i++)
		if (rule_matches(&list[i], a))
			return &list[i];
	return NULL;
}
