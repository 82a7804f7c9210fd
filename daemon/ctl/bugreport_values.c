// SPDX-License-Identifier: GPL-2.0
/*
 * Report: what of a value of a configuration is shown.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "ctl/bugreport.h"
#include "ctl/text.h"
#include "util.h"

#define PROSE_MAX	10	/* fewer letters are a word of prose */
#define STRAY_MIN	4	/* and so many, if it may be said */
#define SHOWN_MIN	3	/* what is shorter is not learned, so it cannot be shown */

enum show {
	SHOW_NOT,	/* a secret, or not known */
	SHOW_USER,
	SHOW_WORD,	/* one of a few, or a number */
	SHOW_TEXT,
	SHOW_URI,
	SHOW_HOST,
	SHOW_METER,
	SHOW_PATH,
	SHOW_SECRET,	/* a path of a secret, if it is one and not the secret itself */
	SHOW_SECTION,
};

static const struct {
	const char *key;
	enum show show;
} keys[] = {
	{ "source", SHOW_SECTION },
	{ "mqtt", SHOW_SECTION },
	{ "log-level", SHOW_WORD },
	{ "state-directory", SHOW_PATH },
	{ "runtime-directory", SHOW_PATH },
	{ "dbus", SHOW_WORD },
	{ "uri", SHOW_URI },
	{ "meter", SHOW_METER },
	{ "scale", SHOW_WORD },
	{ "scale-power", SHOW_WORD },
	{ "scale-current", SHOW_WORD },
	{ "scale-energy", SHOW_WORD },
	{ "scale-voltage", SHOW_WORD },
	{ "clock", SHOW_WORD },
	{ "derive-l2", SHOW_WORD },
	{ "plausibility", SHOW_WORD },
	{ "main-fuse", SHOW_WORD },
	{ "peak-hours", SHOW_WORD },
	{ "peak-any-day", SHOW_WORD },
	{ "discovery", SHOW_WORD },
	{ "discovery-prefix", SHOW_TEXT },
	{ "peak-window", SHOW_TEXT },
	{ "host", SHOW_HOST },
	{ "port", SHOW_WORD },
	{ "client-id", SHOW_TEXT },
	{ "username", SHOW_USER },
	{ "password-file", SHOW_SECRET },
	{ "keepalive", SHOW_WORD },
	{ "tls", SHOW_WORD },
	{ "ca-file", SHOW_PATH },
	{ "ca-directory", SHOW_PATH },
	{ "cert-file", SHOW_PATH },
	{ "key-file", SHOW_SECRET },
	{ "psk-identity", SHOW_USER },
	{ "psk-file", SHOW_SECRET },
	{ "topic", SHOW_TEXT },
	{ "publish", SHOW_WORD },
};

bool bugreport_is_key(const char *word)
{
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		if (!strcmp(keys[i].key, word))
			return true;
	return false;
}

static enum show show_of(const char *key)
{
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		if (!strcmp(keys[i].key, key))
			return keys[i].show;
	return SHOW_NOT;
}

/* ---- what is harmless ---- */

static bool is_id(const char *s)
{
	const char *p = s;

	while (isalnum((u8)*p) || (*p && strchr("-_", *p)))
		p++;
	return !*p && p - s >= SHOWN_MIN && p - s < METER_ID_MAX;
}

static bool is_host(const char *s)
{
	for (const char *p = s; *p; p++)
		if (!isalnum((u8)*p) && (u8)*p < 0x80 && !strchr("._-", *p))
			return strchr(s, ':') && strspn(s, "0123456789abcdefABCDEF:.") == strlen(s);
	return true;
}

/* A password may begin with a slash; it does not lead through a folder that is there. */
static bool is_place(const char *path)
{
	const char *end = strrchr(path, '/');
	char folder[4096];
	struct stat st;

	if (*path != '/' || end == path || !mask_is_plain(path))
		return false;
	snprintf(folder, sizeof(folder), "%.*s", (int)(end - path), path);
	return stat(folder, &st) == 0 && S_ISDIR(st.st_mode);
}

/* ${NAME}: a variable of amshand's environment, which the value is not */
static bool is_variable(const char *s)
{
	size_t n = strlen(s);

	return n > 3 && !strncmp(s, "${", 2) && s[n - 1] == '}' &&
	       strspn(s + 2, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789") == n - 3;
}

static bool may_be_shown(enum show show, const char *value)
{
	if (strlen(value) >= MASK_VALUE_MAX)
		return false;
	if (is_variable(value) && show != SHOW_NOT)
		return true;
	switch (show) {
	case SHOW_WORD:
		return mask_is_harmless(value);
	case SHOW_TEXT:
		return mask_is_plain(value) && !strchr(value, ':');
	case SHOW_URI:
		return mask_uri_is_plain(value);
	case SHOW_HOST:
		return is_host(value);
	case SHOW_METER:
		return is_id(value);
	case SHOW_PATH:
		return *value == '/' && mask_is_plain(value);
	case SHOW_SECRET:
		return is_place(value);
	case SHOW_NOT:
	case SHOW_USER:
	case SHOW_SECTION:
		break;
	}
	return false;
}

/* ---- learning ---- */

/*
 * A secret that is one of these is none that its reader would find, and a report without them could
 * not be read.
 */
static bool is_ours(const char *word)
{
	static const char *const words[] = {
		"amshan", "amshand", "amshanctl", "localhost", "tcp", "serial", "kernel", "file",
	};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (!strcmp(words[i], word))
			return true;
	return bugreport_is_key(word);
}

void bugreport_learn(struct mask *m, enum mask_kind kind, const char *word)
{
	if (!is_ours(word))
		mask_learn_said(m, kind, word);
}

static bool is_short_number(const char *value)
{
	return strspn(value, "0123456789") == strlen(value) && strlen(value) < MASK_DIGITS;
}

/* A stray word may be a secret, or one of a comment without its mark, which the whole report is made of. */
static bool is_prose(const char *word, bool first)
{
	size_t n = strlen(word);

	return n < (first ? STRAY_MIN : PROSE_MAX) && strspn(word, "abcdefghijklmnopqrstuvwxyz,.;:") == n;
}

void bugreport_learn_stray(struct mask *m, const char *word, bool first)
{
	if (!mask_is_harmless(word) && !is_short_number(word) && !is_prose(word, first))
		bugreport_learn(m, MASK_WORD, word);
}

static void learn(struct mask *m, enum show show, const char *value)
{
	const char *rest = strchr(value, ':');

	/* amshand says no value of a key that it does not know. */
	if (show == SHOW_NOT && (mask_is_harmless(value) || is_short_number(value)))
		return;
	bugreport_learn(m, show == SHOW_USER ? MASK_USER : MASK_WORD, value);
	/* Of a URI its parts are said. */
	if (show == SHOW_URI && rest)
		bugreport_learn(m, MASK_WORD, rest + 1);
}

/* ---- the whole ---- */

static char *show_masked(struct mask *m, const char *value, char *buf, size_t size)
{
	char *masked = malloc(size);

	snprintf(buf, size, "%s", MASKED);
	if (masked)
		text_escape(mask_text(m, value, masked, size), buf, size);
	free(masked);
	return buf;
}

char *bugreport_value(struct mask *m, const char *key, const char *value, char *buf, size_t size)
{
	enum show show = show_of(key);

	snprintf(buf, size, "%s", MASKED);
	if (!value)
		return buf;
	if (!may_be_shown(show, value)) {
		learn(m, show, value);
		return buf;
	}
	if (show == SHOW_HOST)
		mask_learn_host(m, value);
	if (show == SHOW_METER)
		bugreport_learn(m, MASK_METER, value);
	return show_masked(m, value, buf, size);
}

char *bugreport_title(struct mask *m, const char *title, char *buf, size_t size)
{
	size_t n = strlen(title);

	for (size_t i = 0; i < n; i++)
		if ((!isalnum((u8)title[i]) && !strchr("-_", title[i])) || n >= METER_ID_MAX) {
			bugreport_learn(m, MASK_WORD, title);
			snprintf(buf, size, "%s", MASKED);
			return buf;
		}
	return show_masked(m, title, buf, size);
}
