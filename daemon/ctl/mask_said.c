// SPDX-License-Identifier: GPL-2.0
/*
 * Masks: values of a configuration, and sentences that quote them.  A value that amshand would not
 * take can be anything, also a password in the wrong place.
 */
#include <stdio.h>
#include <stdlib.h>

#include "ctl/mask_internal.h"
#include "source/serial.h"
#include "source/tcp.h"
#include "util.h"

#define SENTENCE_MAX	2048
#define NUMBER_MAX	12

/* ---- values ---- */

static bool is_one_of(const char *word, const char *const words[])
{
	for (; *words; words++)
		if (!strcmp(word, *words))
			return true;
	return false;
}

bool mask_is_harmless(const char *word)
{
	static const char *const words[] = {
		"debug", "info", "notice", "warning", "err", "true", "false", "yes", "no", "on",
		"off", "auto", "message", "utc", "utc+1", "cet", "kernel:", NULL,
	};
	size_t n = strlen(word);

	return is_one_of(word, words) ||
	       (n && n <= NUMBER_MAX && strspn(word, "0123456789.,+-") == n);
}

bool mask_is_plain(const char *text)
{
	for (const char *p = text; *p; p++)
		if (!is_word(*p) && !strchr("/_.:+-#$%~", *p))
			return false;
	return true;
}

static bool is_serial(const char *rest)
{
	_cleanup_free_ char *error = NULL;
	struct serial_settings s = { 0 };
	bool plain;

	if (serial_settings_parse(rest, &s, &error) < 0)
		return false;
	plain = mask_is_plain(s.path);
	serial_settings_clear(&s);
	return plain;
}

static bool is_tcp(const char *rest)
{
	_cleanup_free_ char *host = NULL, *port = NULL, *error = NULL;

	return tcp_address_parse(rest, &host, &port, &error) == 0;
}

static bool is_path(const char *rest)
{
	return *rest == '/' && mask_is_plain(rest);
}

bool mask_uri_is_plain(const char *uri)
{
	const char *rest = uri + mask_scheme(uri);

	if (rest == uri)
		return false;
	if (begins(uri, "tcp:"))
		return is_tcp(rest);
	if (begins(uri, "serial:"))
		return is_serial(rest);
	if (begins(uri, "kernel:"))
		return is_path(rest) || (mask_is_plain(rest) && !strchr(rest, ':'));
	if (begins(uri, "file:"))
		return is_path(rest) || !strcmp(rest, "-");
	/* Hosts and users do not belong into a topic. */
	return begins(uri, "mqtt:") && *rest && mask_is_plain(rest) && !strchr(rest, ':') &&
	       !begins(rest, "//");
}

char *mask_uri(struct mask *m, const char *uri, char *buf, size_t size)
{
	if (mask_uri_is_plain(uri))
		return mask_text(m, uri, buf, size);
	snprintf(buf, size, "%.*s" MASKED, (int)mask_scheme(uri), uri);
	return buf;
}

/* ---- sentences ---- */

/* A source by its name, which is shown everywhere. */
static bool is_title(const char *text, const char *token, size_t n)
{
	static const char *const before[] = { "source \"", "name \"" };

	for (size_t i = 0; i < ARRAY_SIZE(before); i++) {
		size_t len = strlen(before[i]);

		if ((size_t)(token - text) < len || memcmp(token - len, before[i], len))
			continue;
		for (size_t k = 0; k < n; k++)
			if (!is_alnum(token[k]) && token[k] != '-' && token[k] != '_')
				return false;
		return true;
	}
	return false;
}

static bool is_harmless_token(const char *text, const char *token, size_t n)
{
	char word[256];

	if (mask_is_name(token, n) || n <= 1 || is_title(text, token, n))
		return true;
	if (n >= sizeof(word))
		return false;
	memcpy(word, token, n);
	word[n] = '\0';
	return mask_is_harmless(word) || mask_uri_is_plain(word);
}

/* All that is in quotes, and what is between two of them: a value may have quotes in it. */
static bool are_harmless(const char *text, const char *first, char quote)
{
	while (first) {
		const char *end = strchr(first + 1, quote);

		if (!end || !is_harmless_token(text, first + 1, (size_t)(end - first - 1)))
			return false;
		first = strchr(end + 1, quote);
		if (first && !begins(end, "\" is that of source \""))
			return false;
	}
	return true;
}

/*
 * What is between the first quote and the last one, as what is quoted may have quotes in it; with
 * one alone, through the end.
 */
static void drop_quoted(char *text, size_t size, char quote)
{
	char *first = strchr(text, quote), *last = strrchr(text, quote);
	char rest[SENTENCE_MAX];

	/* The end of a sentence of ours. */
	if (!first || !strcmp(first, "'-' and '_' make one"))
		return;
	if (are_harmless(text, first, quote))
		return;
	snprintf(rest, sizeof(rest), "%s", last > first ? last + 1 : "");
	snprintf(first, size - (size_t)(first - text), MASKED "%s", rest);
}

/* The first "FILE.conf:LINE: "; what follows it, NULL: there is none */
static char *behind_place(char *text)
{
	for (char *p = text; (p = strstr(p, ".conf:")); p++) {
		char *digits = p + strlen(".conf:");
		size_t n = strspn(digits, "0123456789");

		if (n && begins(digits + n, ": "))
			return digits + n + 2;
	}
	return NULL;
}

/* A key that nobody knows is shown if it can be one. */
static void drop_unknown(char *text, size_t size)
{
	char *end = strstr(text, ": unknown key; "), *key = behind_place(text), *next;
	char rest[SENTENCE_MAX];

	if (!end)
		return;
	while ((next = strstr(end + 1, ": unknown key; ")))
		end = next;
	if (!key || key > end)
		key = text;
	if (mask_is_name(key, (size_t)(end - key)) ||
	    strspn(key, "abcdefghijklmnopqrstuvwxyz-_") == (size_t)(end - key))
		return;
	snprintf(rest, sizeof(rest), "%s", end);
	snprintf(key, size - (size_t)(key - text), MASKED "%s", rest);
}

char *mask_said(struct mask *m, const char *in, char *buf, size_t size)
{
	char text[SENTENCE_MAX];

	mask_text(m, in, text, sizeof(text));
	drop_quoted(text, sizeof(text), '"');
	drop_quoted(text, sizeof(text), '\'');
	drop_unknown(text, sizeof(text));
	snprintf(buf, size, "%s", text);
	return buf;
}
