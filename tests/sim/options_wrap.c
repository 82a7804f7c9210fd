// SPDX-License-Identifier: GPL-2.0
/*
 * The options of the simulator about what lies around a message.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "options_wrap.h"

#define wrong sim_option_wrong

/* Which of @names @text is, -1 if none. */
static int find(const char *const *names, size_t n, const char *text)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(text, names[i]))
			return i;
	return -1;
}

int sim_option_framing(struct sim_options *o, const char *text)
{
	static const char *const names[] = { "hdlc", "llc", "apdu", "body", "mbus", "p1" };
	int framing = find(names, sizeof(names) / sizeof(names[0]), text);

	if (framing < 0)
		return wrong("--framing must be hdlc, llc, apdu, body, mbus or p1, not \"%s\"", text);
	o->stream.wrap.framing = framing;
	o->framing_given = true;
	return 0;
}

int sim_option_p1_crc(struct sim_options *o, const char *text)
{
	static const char *const names[] = { "good", "none", "zero", "wrong" };
	int crc = find(names, sizeof(names) / sizeof(names[0]), text);

	if (crc < 0)
		return wrong("--p1-crc must be good, none, zero or wrong, not \"%s\"", text);
	o->stream.wrap.p1_crc = crc;
	return 0;
}

int sim_option_security(struct sim_options *o, const char *text)
{
	static const char *const names[] = { "20", "21", "30" };
	static const u8 octets[] = { 0x20, 0x21, 0x30 };
	int security = find(names, sizeof(names) / sizeof(names[0]), text);

	if (security < 0)
		return wrong("--security must be 20, 21 or 30, not \"%s\"", text);
	o->cipher.security = octets[security];
	return 0;
}

/* The first line of a file. */
static int read_line(const char *name, const char *path, char *line, size_t size)
{
	FILE *f = fopen(path, "re");
	char *got;

	if (!f)
		return wrong("--%s: %s: %s", name, path, strerror(errno));
	got = fgets(line, (int)size, f);
	fclose(f);
	if (!got)
		return wrong("--%s: %s is empty", name, path);
	line[strcspn(line, "\r\n")] = 0;
	return 0;
}

int sim_option_octets(const char *name, const char *text, u8 *ret, size_t n)
{
	char line[128];
	u8 octets[32];

	if (*text == '@') {
		if (read_line(name, text + 1, line, sizeof(line)) < 0)
			return -EINVAL;
		text = line;
	}
	if (n > sizeof(octets) || strlen(text) != 2 * n ||
	    text[strspn(text, "0123456789abcdefABCDEF")])
		return wrong("--%s must be %zu hex digits, or @FILE with them", name, 2 * n);
	for (size_t i = 0; i < n; i++)
		octets[i] = strtoul((char[]){ text[2 * i], text[2 * i + 1], 0 }, NULL, 16);
	memcpy(ret, octets, n);
	return 0;
}

static int check_cipher(struct sim_options *o)
{
	struct sim_cipher *c = &o->cipher;

	if (!o->has_key)
		return c->has_auth_key || c->security || c->counter || c->no_tag || c->dedicated ||
		       o->has_title ? wrong("--auth-key, --title, --security, --counter, --no-tag "
					    "and --dedicated need --key") : 0;
	if (!c->security)
		c->security = c->has_auth_key ? 0x30 : 0x20;
	if (c->security & SIM_AUTHENTICATED && !c->has_auth_key)
		return wrong("--security %02X needs --auth-key", c->security);
	if (o->stream.repeat_hourly)
		return wrong("--repeat-hourly makes no sense with --key: it would be a replay");
	if (!o->has_title)
		memcpy(c->title, "SIM\0\0\0\0\1", sizeof(c->title));
	if (!c->counter)
		c->counter = 1;
	o->stream.wrap.cipher = c;
	return 0;
}

int sim_options_wrap_check(struct sim_options *o)
{
	struct sim_wrap *w = &o->stream.wrap;
	bool telegram = sim_form_framing(o->stream.form) == SIM_P1;

	if (check_cipher(o) < 0)
		return -EINVAL;
	if (!o->framing_given)
		w->framing = sim_form_framing(o->stream.form);
	if (telegram && !w->cipher && w->framing != SIM_P1)
		return wrong("--maker %s sends telegrams: without --key there is no other --framing "
			     "than p1", sim_form_name(o->stream.form));
	if (!telegram && w->framing == SIM_P1)
		return wrong("--maker %s sends no telegrams", sim_form_name(o->stream.form));
	if (w->framing == SIM_BODY && (w->cipher || w->block))
		return wrong("--key and --blocks make no sense with --framing body");
	if (w->framing == SIM_P1 && w->block)
		return wrong("--blocks makes no sense with --framing p1");
	if (w->segment && w->framing != SIM_HDLC)
		return wrong("--segment needs --framing hdlc");
	if (w->mbus_length && w->framing != SIM_MBUS)
		return wrong("--mbus-length needs --framing mbus");
	if (w->p1_lines && (w->framing != SIM_P1 || !w->cipher))
		return wrong("--p1-lines needs --framing p1 and --key");
	return 0;
}
