// SPDX-License-Identifier: GPL-2.0
/*
 * Rules: their text, written and read.  Pure.
 *
 * What is read is what was written, and what a user may have changed in it: settings, blanks,
 * comments.  Anything else is somebody else's rule.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "ctl/rule_internal.h"
#include "ctl/text.h"
#include "util.h"

/* What each rule begins with, and then whether it is about USB. */
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

/* ---- to text ---- */

/* What it is to be set to; of the framing only what has not always been there. */
static void print_settings(const struct rule *r, char *buf, size_t size)
{
	int n;

	n = snprintf(buf, size,
		     "  ENV{AMSHAN_ADAPTER}=\"1\", ENV{AMSHAN_BAUD}=\"%u\", "
		     "ENV{AMSHAN_PARITY}=\"%s\", ENV{AMSHAN_DATA}=\"%u\", "
		     "ENV{AMSHAN_STOP}=\"%u\"", r->settings.baud,
		     rule_parity(r->settings.parity), r->settings.data, r->settings.stop);
	if (serial_framing_is_ours(r->framing))
		n += snprintf(buf + n, size - (size_t)n, ", \\\n  ENV{AMSHAN_FRAMING}=\"%s\"",
			      link_framing_word(r->framing));
	snprintf(buf + n, size - (size_t)n, "\n");
}

char *rule_print(const struct rule *r, char *buf)
{
	static const char *const hows[RULE_HOWS] = {
		[RULE_SERIAL] = "It is known by its serial number.",
		[RULE_PLACE] = "It is known by the place where it is plugged in.",
		[RULE_ANYWHERE] = "All of its model without a serial number of their own are meant.",
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
	for (size_t i = 0; i < RULE_KEYS; i++)
		if (rule_key_counts(r, &rule_keys[i]))
			n += (size_t)snprintf(buf + n, RULE_TEXT_MAX - n, "  %s==\"%s\", \\\n",
					      rule_keys[i].key, rule_value(r, &rule_keys[i]));
	if (r->enable)
		print_settings(r, buf + n, RULE_TEXT_MAX - n);
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
	unsigned int begun;	/* a bit per row of preamble[] */
	const char *bus;	/* usb or not_usb */
	unsigned int seen;	/* a bit per row of rule_keys[] */
	bool said;		/* to be attached, or left alone */
};

/*
 * The one rule of a text: lines joined as udev does it.  A backslash is the last of a line that goes
 * on; a line that begins with '#' is none, wherever it is.
 *
 * Return: 0 with it in @buf (RULE_TEXT_MAX octets); -EINVAL: there are several, or the end is
 * missing.
 */
static int join_lines(const char *text, char *buf)
{
	bool goes_on = false, is_over = false;
	size_t n = 0;

	while (*text) {
		const char *line = text + strspn(text, " \t");
		size_t len = strcspn(line, "\n");

		text = line + len + (line[len] == '\n');
		if (*line == '#' || (!len && !goes_on))
			continue;
		if (is_over || n + len >= RULE_TEXT_MAX)
			return -EINVAL;
		goes_on = len && line[len - 1] == '\\';
		is_over = !goes_on;
		len -= goes_on;
		memcpy(buf + n, line, len);
		n += len;
	}
	buf[n] = '\0';
	return goes_on ? -EINVAL : 0;
}

/* The next term at *p, which is moved: 1, 0 at the end, -EINVAL. */
static int term_next(const char **p, struct term *t)
{
	size_t n;

	*p += strspn(*p, " \t,");
	if (!**p)
		return 0;
	n = strcspn(*p, "=!+-:\" \t,");
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
	n = strcspn(*p, "\"");
	if ((*p)[n] != '"' || n >= sizeof(t->value))
		return -EINVAL;
	memcpy(t->value, *p, n);
	t->value[n] = '\0';
	*p += n + 1;
	return 1;
}

/* What does not tell whom it is about. */
static bool take_preamble(struct parsing *p, const struct term *t)
{
	char text[sizeof(t->key) + sizeof(t->op) + sizeof(t->value) + 2];

	snprintf(text, sizeof(text), "%s%s\"%s\"", t->key, t->op, t->value);
	for (size_t i = 0; i < ARRAY_SIZE(preamble); i++)
		if (!strcmp(text, preamble[i])) {
			p->begun |= BIT(i);
			return true;
		}
	if (strcmp(text, usb) && strcmp(text, not_usb))
		return false;
	p->bus = strcmp(text, usb) ? not_usb : usb;
	return true;
}

/* What is no pattern, or the one that rule_make() writes. */
static bool is_value(const struct rule_key *k, const char *value)
{
	return rule_is_plain(value) || (!k->optional && (!*value || !strcmp(value, RULE_ANY)));
}

static int take_match(struct parsing *p, const struct term *t)
{
	for (size_t i = 0; i < RULE_KEYS; i++) {
		if (strcmp(rule_keys[i].key, t->key) != 0)
			continue;
		if ((p->seen & BIT(i)) || strlen(t->value) >= rule_keys[i].size ||
		    !is_value(&rule_keys[i], t->value))
			return -EINVAL;
		p->seen |= BIT(i);
		strcpy((char *)p->r + rule_keys[i].rule, t->value);
		return 0;
	}
	return -EINVAL;
}

/* Whose rule it is is known all the same. */
static void note_wrong(struct parsing *p, const char *error)
{
	char shown[TEXT_MAX];

	snprintf(p->r->why, sizeof(p->r->why), "%s",
		 text_escape(error ?: "out of memory", shown, sizeof(shown)));
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

	if (!strcmp(t->key, "ENV{AMSHAN_ADAPTER}") &&
	    (!strcmp(t->value, "0") || !strcmp(t->value, "1"))) {
		p->said = true;
		p->r->enable = *t->value == '1';
		return 0;
	}
	if (!strcmp(t->key, "ENV{AMSHAN_FRAMING}")) {
		if (serial_framing_set(&p->r->framing, t->value, &error) < 0)
			note_wrong(p, error);
		return 0;
	}
	for (size_t i = 0; i < ARRAY_SIZE(settings); i++) {
		if (strcmp(t->key, settings[i].key) != 0)
			continue;
		if (serial_settings_set(&p->r->settings, settings[i].name, t->value, &error) < 0)
			note_wrong(p, error);
		return 0;
	}
	return -EINVAL;
}

static int take_term(struct parsing *p, const struct term *t)
{
	if (take_preamble(p, t))
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
	if (!p->said || p->begun != BIT(ARRAY_SIZE(preamble)) - 1)
		return -EINVAL;
	for (unsigned int how = 0; how < RULE_HOWS; how++) {
		unsigned int needed = 0, allowed = 0;

		for (size_t i = 0; i < RULE_KEYS; i++) {
			if (!(rule_keys[i].hows & BIT(how)))
				continue;
			allowed |= BIT(i);
			if (!rule_keys[i].optional)
				needed |= BIT(i);
		}
		if ((p->seen & needed) != needed || (p->seen & ~allowed) ||
		    p->bus != (how == RULE_KERNEL ? not_usb : usb))
			continue;
		p->r->how = how;
		return 0;
	}
	return -EINVAL;
}

void rule_parse(const char *text, const char *name, struct rule *ret)
{
	char line[RULE_TEXT_MAX];
	const char *rest = line;
	struct rule r = { .framing = LINK_HDLC };
	struct parsing p = { .r = &r };
	struct term t = { 0 };
	int e;

	serial_settings_init(&r.settings);
	e = join_lines(text, line);
	if (e == 0)
		e = term_next(&rest, &t);
	while (e > 0) {
		e = take_term(&p, &t);
		if (e == 0)
			e = term_next(&rest, &t);
	}
	if (e == 0)
		e = find_how(&p);
	if (e < 0) {
		r = (struct rule){ .is_foreign = true, .framing = LINK_HDLC };
		serial_settings_init(&r.settings);
		snprintf(r.why, sizeof(r.why),
			 "it is not as \"amshanctl enable\" writes it, and cannot be understood");
	}
	snprintf(r.name, sizeof(r.name), "%s", name);
	snprintf(r.text, sizeof(r.text), "%s", text);
	*ret = r;
}
