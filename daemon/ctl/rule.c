// SPDX-License-Identifier: GPL-2.0
/*
 * Rules: how an adapter is known, and the text of its rule.  Pure.
 *
 * What a device says of itself goes into a rule only if each of its characters is one of a few that
 * mean nothing to udev: neither quotes nor line ends, neither patterns nor substitutions.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "ctl/rule.h"
#include "ctl/text.h"
#include "util.h"

#define BIT(how) (1u << (how))

/* struct matched - what of a rule is compared with what of an adapter */
static const struct matched {
	const char *key;
	size_t rule, adapter;	/* where it is in each */
	size_t size;		/* of that in the rule */
	unsigned int hows;	/* the ways in which it counts */
	bool optional;		/* not compared if the rule says nothing */
} matched[] = {
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

/* What each rule begins with, by whether it is about USB. */
static const char *const preamble[] = {
	"ACTION!=\"remove\"", "SUBSYSTEM==\"tty\"", "ENV{AMSHAN_ADAPTER}==\"\"",
};

static const char usb[] = "ENV{ID_BUS}==\"usb\"";
static const char not_usb[] = "ENV{ID_BUS}!=\"usb\"";

static const char *const parities[] = {
	[PARITY_NONE] = "none", [PARITY_EVEN] = "even", [PARITY_ODD] = "odd"
};

const char *rule_parity(enum serial_parity p)
{
	return parities[p];
}

static const char *rule_value(const struct rule *r, const struct matched *m)
{
	return (const char *)r + m->rule;
}

static const char *adapter_value(const struct adapter *a, const struct matched *m)
{
	return (const char *)a + m->adapter;
}

static bool counts(const struct rule *r, const struct matched *m)
{
	return (m->hows & BIT(r->how)) && (!m->optional || *rule_value(r, m));
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

/* What is copied was looked at by rule_is_plain(), or is as short in an adapter. */
#define COPY(to, from) snprintf(to, sizeof(to), "%.*s", (int)sizeof(to) - 1, from)

static int make_kernel(const struct adapter *a, bool anywhere, struct rule *r, char *why,
		       size_t size)
{
	char shown[TEXT_MAX];

	text_escape(a->name, shown, sizeof(shown));
	if (anywhere) {
		snprintf(why, size, "%s is not on USB: --anywhere makes no sense, it is known by "
			 "its name", shown);
		return -EINVAL;
	}
	if (!rule_is_plain(a->name)) {
		snprintf(why, size, "%s cannot be enabled: its name has characters that a rule "
			 "must not have", shown);
		return -EINVAL;
	}
	r->how = RULE_KERNEL;
	COPY(r->kernel, a->name);
	snprintf(r->name, sizeof(r->name), "%s", a->name);
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

static int check_model(const struct adapter *a, char *why, size_t size)
{
	if (rule_is_plain(a->vendor_id) && rule_is_plain(a->model_id))
		return 0;
	snprintf(why, size, "%s cannot be enabled: udev does not know of which model it is "
		 "(ID_VENDOR_ID, ID_MODEL_ID)", a->name);
	return -EINVAL;
}

static int make_anywhere(const struct adapter *a, struct rule *r, char *note, char *why,
			 size_t size)
{
	if (check_model(a, why, size) < 0)
		return -EINVAL;
	r->how = RULE_ANYWHERE;
	COPY(r->vendor_id, a->vendor_id);
	COPY(r->model_id, a->model_id);
	/* Never as that of a serial number: in ID_SERIAL there is a low line. */
	snprintf(r->name, sizeof(r->name), "usb-%s-%s-if%s", r->vendor_id, r->model_id,
		 r->interface);
	add_port(r);
	snprintf(note, size, "%s is known by its model %s:%s: any other of it without a serial "
		 "number is enabled as well", a->name, r->vendor_id, r->model_id);
	return 0;
}

/* @because: "it has no serial number" */
static int make_place(const struct adapter *a, const char *because, struct rule *r, char *note,
		      char *why, size_t size)
{
	if (!rule_is_plain(a->place)) {
		snprintf(why, size, "%s cannot be enabled: %s, and udev does not know where it is "
			 "plugged in (ID_PATH)%s", a->name, because,
			 *a->serial ? "" : "; --anywhere enables all of its model");
		return -EINVAL;
	}
	if (check_model(a, why, size) < 0)
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
		 "be enabled anew in another one", a->name, because);
	return 0;
}

static int make_usb(const struct adapter *a, bool anywhere, const char *twin, struct rule *r,
		    char *note, char *why, size_t size)
{
	char because[TEXT_MAX];

	if (!a->is_initialized) {
		snprintf(why, size, "udev has not looked at %s: of which adapter it is, is not "
			 "known", a->name);
		return -EINVAL;
	}
	if (!is_plain_or_empty(a->interface) || !is_plain_or_empty(a->port)) {
		snprintf(why, size, "%s cannot be enabled: the number of its interface or port has "
			 "characters that a rule must not have", a->name);
		return -EINVAL;
	}
	COPY(r->interface, a->interface);
	COPY(r->port, a->port);
	if (anywhere && *a->serial) {
		snprintf(why, size, "%s has a serial number: --anywhere makes no sense, it is for "
			 "adapters that have none", a->name);
		return -EINVAL;
	}
	if (anywhere)
		return make_anywhere(a, r, note, why, size);
	if (!*a->serial) {
		snprintf(because, sizeof(because), "it has no serial number");
	} else if (!rule_is_plain(a->id) || !rule_is_plain(a->serial)) {
		snprintf(because, sizeof(because), "its serial number has characters that a rule "
			 "must not have, or is too long");
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

int rule_make(const struct adapter *a, bool anywhere, const char *twin, struct rule *ret,
	      char *note, char *why, size_t size)
{
	struct rule r = { .enable = true };
	int e;

	*note = '\0';
	serial_settings_init(&r.settings);
	e = a->is_usb ? make_usb(a, anywhere, twin, &r, note, why, size) :
			make_kernel(a, anywhere, &r, why, size);
	if (e < 0)
		return e;
	*ret = r;
	return 0;
}

bool rule_matches(const struct rule *r, const struct adapter *a)
{
	if (*r->why || (r->how == RULE_KERNEL) == a->is_usb)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(matched); i++) {
		const char *want = rule_value(r, &matched[i]);
		const char *is = adapter_value(a, &matched[i]);

		if (!counts(r, &matched[i]))
			continue;
		if (strcmp(want, RULE_ANY) ? strcmp(want, is) : !*is)
			return false;
	}
	return true;
}

/* ---- to text ---- */

char *rule_print(const struct rule *r, char *buf)
{
	static const char *const hows[RULE_HOWS] = {
		[RULE_SERIAL] = "It is known by its serial number.",
		[RULE_PLACE] = "It is known by the place where it is plugged in.",
		[RULE_ANYWHERE] = "All of its model without a serial number are meant.",
		[RULE_KERNEL] = "It is known by its name.",
	};
	size_t n;

	n = (size_t)snprintf(buf, RULE_TEXT_MAX,
			     "# Written by \"amshanctl %s\"; \"amshanctl %s\" takes it away.\n"
			     "# Adapter: %s\n"
			     "# %s\n",
			     r->enable ? "enable" : "disable", r->enable ? "disable" : "enable",
			     r->name, hows[r->how]);
	for (size_t i = 0; i < ARRAY_SIZE(preamble); i++)
		n += (size_t)snprintf(buf + n, RULE_TEXT_MAX - n, "%s, ", preamble[i]);
	n += (size_t)snprintf(buf + n, RULE_TEXT_MAX - n, "%s, \\\n",
			      r->how == RULE_KERNEL ? not_usb : usb);
	for (size_t i = 0; i < ARRAY_SIZE(matched); i++)
		if (counts(r, &matched[i]))
			n += (size_t)snprintf(buf + n, RULE_TEXT_MAX - n, "  %s==\"%s\", \\\n",
					      matched[i].key, rule_value(r, &matched[i]));
	if (r->enable)
		snprintf(buf + n, RULE_TEXT_MAX - n,
			 "  ENV{AMSHAN_ADAPTER}=\"1\", ENV{AMSHAN_BAUD}=\"%u\", "
			 "ENV{AMSHAN_PARITY}=\"%s\", ENV{AMSHAN_DATA}=\"%u\", "
			 "ENV{AMSHAN_STOP}=\"%u\"\n", r->settings.baud,
			 rule_parity(r->settings.parity), r->settings.data, r->settings.stop);
	else
		snprintf(buf + n, RULE_TEXT_MAX - n, "  ENV{AMSHAN_ADAPTER}=\"0\"\n");
	return buf;
}

/* ---- from text ---- */

/* struct term - KEY OPERATOR "VALUE" */
struct term {
	char key[64];
	char op[3];
	char value[RULE_VALUE_MAX];
};

/* struct parsing - what was seen of the rule */
struct parsing {
	struct rule *r;
	unsigned int seen;	/* a bit per row of matched[] */
	bool said;		/* to be attached, or left alone */
};

/* The next term at *p, which is moved: 1, 0 at the end, -EINVAL. */
static int term_next(const char **p, struct term *t)
{
	size_t n;

	/* A backslash joins lines; a line that begins with '#' is none. */
	for (;;) {
		*p += strspn(*p, " \t,\\\n");
		if (**p != '#')
			break;
		*p += strcspn(*p, "\n");
	}
	if (!**p)
		return 0;
	n = strcspn(*p, "=!+-:\n\" \t,");
	if (!n || n >= sizeof(t->key))
		return -EINVAL;
	memcpy(t->key, *p, n);
	t->key[n] = '\0';
	*p += n;
	*p += strspn(*p, " \t");
	n = strspn(*p, "=!+-:");
	if (!n || n >= sizeof(t->op))
		return -EINVAL;
	memcpy(t->op, *p, n);
	t->op[n] = '\0';
	*p += n;
	*p += strspn(*p, " \t");
	if (*(*p)++ != '"')
		return -EINVAL;
	n = strcspn(*p, "\"\n");
	if ((*p)[n] != '"' || n >= sizeof(t->value))
		return -EINVAL;
	memcpy(t->value, *p, n);
	t->value[n] = '\0';
	*p += n + 1;
	return 1;
}

static bool is_preamble(const struct term *t)
{
	char text[sizeof(t->key) + sizeof(t->op) + sizeof(t->value) + 2];

	snprintf(text, sizeof(text), "%s%s\"%s\"", t->key, t->op, t->value);
	for (size_t i = 0; i < ARRAY_SIZE(preamble); i++)
		if (!strcmp(text, preamble[i]))
			return true;
	return !strcmp(text, usb) || !strcmp(text, not_usb);
}

static int take_match(struct parsing *p, const struct term *t)
{
	for (size_t i = 0; i < ARRAY_SIZE(matched); i++) {
		if (strcmp(matched[i].key, t->key) != 0)
			continue;
		if ((p->seen & BIT(i)) || strlen(t->value) >= matched[i].size)
			return -EINVAL;
		p->seen |= BIT(i);
		strcpy((char *)p->r + matched[i].rule, t->value);
		return 0;
	}
	return -EINVAL;
}

static int take_assignment(struct parsing *p, const struct term *t)
{
	static const struct {
		const char *key, *name;
	} settings[] = {
		{ "ENV{AMSHAN_BAUD}", "baud" }, { "ENV{AMSHAN_PARITY}", "parity" },
		{ "ENV{AMSHAN_DATA}", "data" }, { "ENV{AMSHAN_STOP}", "stop" },
	};
	_cleanup_free_ char *error = NULL;
	char shown[TEXT_MAX];

	if (!strcmp(t->key, "ENV{AMSHAN_ADAPTER}") &&
	    (!strcmp(t->value, "0") || !strcmp(t->value, "1"))) {
		p->said = true;
		p->r->enable = *t->value == '1';
		return 0;
	}
	for (size_t i = 0; i < ARRAY_SIZE(settings); i++) {
		if (strcmp(t->key, settings[i].key) != 0)
			continue;
		if (serial_settings_set(&p->r->settings, settings[i].name, t->value, &error) == 0)
			return 0;
		snprintf(p->r->why, sizeof(p->r->why), "%s",
			 text_escape(error ? error : "out of memory", shown, sizeof(shown)));
		return -EINVAL;
	}
	return -EINVAL;
}

static int take_term(struct parsing *p, const struct term *t)
{
	if (is_preamble(t))
		return 0;
	if (!strcmp(t->op, "=="))
		return take_match(p, t);
	if (!strcmp(t->op, "="))
		return take_assignment(p, t);
	return -EINVAL;
}

/* Which way is it, and is everything there that belongs to it? */
static int find_how(struct parsing *p)
{
	for (unsigned int how = 0; how < RULE_HOWS; how++) {
		unsigned int needed = 0, allowed = 0;

		for (size_t i = 0; i < ARRAY_SIZE(matched); i++) {
			if (!(matched[i].hows & BIT(how)))
				continue;
			allowed |= BIT(i);
			if (!matched[i].optional)
				needed |= BIT(i);
		}
		if ((p->seen & needed) != needed || (p->seen & ~allowed))
			continue;
		p->r->how = how;
		return 0;
	}
	return -EINVAL;
}

void rule_parse(const char *text, const char *name, struct rule *ret)
{
	struct rule r = { 0 };
	struct parsing p = { .r = &r };
	struct term t = { 0 };
	int e;

	serial_settings_init(&r.settings);
	do {
		e = term_next(&text, &t);
		if (e > 0 && take_term(&p, &t) < 0)
			e = -EINVAL;
	} while (e > 0);
	if (e == 0 && p.said)
		e = find_how(&p);
	if ((e < 0 || !p.said) && !*r.why)
		snprintf(r.why, sizeof(r.why),
			 "it is not as \"amshanctl enable\" writes it, and cannot be understood");
	snprintf(r.name, sizeof(r.name), "%s", name);
	*ret = r;
}
