// SPDX-License-Identifier: GPL-2.0
/*
 * Masks in texts.  Those in frames are in mask_octets.c.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/mask.h"
#include "util.h"

#define TITLE_DIGITS	6	/* hex digits of the maker's letters */

static const char *const kind_names[MASK_KIND_COUNT] = {
	[MASK_NUMBER] = "number",
	[MASK_METER] = "meter",
	[MASK_SERIAL] = "serial",
	[MASK_HOST] = "host",
	[MASK_USER] = "user",
	[MASK_WORD] = "word",
};

/* Whatever the locale says. */
static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_word(char c)
{
	return is_digit(c) || is_letter(c);
}

static bool is_hex(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static bool begins(const char *s, const char *with)
{
	return !strncmp(s, with, strlen(with));
}

/* ---- what is known ---- */

static size_t find(const struct mask *m, const char *word, size_t n)
{
	size_t i = 0;

	while (i < m->n && (strlen(m->known[i].word) != n || memcmp(m->known[i].word, word, n)))
		i++;
	return i;
}

/* Returns its place; m->n if there is no more room. */
static size_t learn(struct mask *m, enum mask_kind kind, const char *word, size_t n)
{
	size_t i = find(m, word, n);

	if (i < m->n)
		return i;
	if (m->n == MASK_KNOWN_MAX || n >= MASK_WORD_MAX) {
		m->full = true;
		return m->n;
	}
	memcpy(m->known[i].word, word, n);
	m->known[i].word[n] = '\0';
	m->known[i].kind = kind;
	m->known[i].number = ++m->count[kind];
	return m->n++;
}

void mask_learn(struct mask *m, enum mask_kind kind, const char *word)
{
	size_t n = strlen(word);

	if (n >= 3)
		learn(m, kind, word, n);
}

/* The longest known word that stands at @p as a whole; its place, m->n: none */
static size_t known_at(const struct mask *m, const char *start, const char *p)
{
	size_t best = m->n, length = 0;

	if (p > start && is_word(p[-1]) && is_word(*p))
		return best;
	for (size_t i = 0; i < m->n; i++) {
		size_t n = strlen(m->known[i].word);

		if (n <= length || strncmp(p, m->known[i].word, n) ||
		    (is_word(p[n - 1]) && is_word(p[n])))
			continue;
		best = i;
		length = n;
	}
	return best;
}

/* ---- hosts ---- */

/* Addresses that only their own network can reach, names that only it knows. */
static bool is_local(const char *host, size_t n)
{
	static const char *const prefixes[] = {
		"127.", "10.", "192.168.", "169.254.", "fe80:", "fc", "fd", "::1",
	};
	static const char *const suffixes[] = {
		".local", ".lan", ".home", ".internal", ".home.arpa", ".localdomain", ".fritz.box",
	};
	unsigned int second;
	char name[MASK_WORD_MAX];
	bool v6 = memchr(host, ':', n);

	if (n >= sizeof(name))
		return false;
	memcpy(name, host, n);
	name[n] = '\0';
	/* Without a dot: a name of the local network. */
	if (!v6 && !strchr(name, '.'))
		return true;
	if (sscanf(name, "172.%u.", &second) == 1 && second >= 16 && second < 32)
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++)
		if ((v6 == !strchr(prefixes[i], '.')) && begins(name, prefixes[i]))
			return v6 || !name[strspn(name, "0123456789.")];
	for (size_t i = 0; i < ARRAY_SIZE(suffixes); i++) {
		size_t end = strlen(suffixes[i]);

		if (n > end && !strcasecmp(name + n - end, suffixes[i]))
			return true;
	}
	return false;
}

void mask_learn_host(struct mask *m, const char *host)
{
	if (!is_local(host, strlen(host)))
		mask_learn(m, MASK_HOST, host);
}

/* HOST of HOST:PORT, or of [IPV6]; its length, 0: there is none that is to be masked */
static size_t host_at(const char *start, const char *p)
{
	bool begin = p == start || strchr(" @(\"'=", p[-1]) ||
		     (p > start + 1 && p[-1] == '/' && p[-2] == '/');
	size_t n = 0;

	if (p > start && p[-1] == '[') {
		n = strspn(p, "0123456789abcdefABCDEF:.%");
		return n > 2 && p[n] == ']' && memchr(p, ':', n) && !is_local(p, n) ? n : 0;
	}
	if (!begin || !is_word(*p))
		return 0;
	while (is_word(p[n]) || p[n] == '.' || p[n] == '-')
		n++;
	if (p[n] != ':' || !is_digit(p[n + 1]) || !memchr(p, '.', n))
		return 0;
	return is_local(p, n) ? 0 : n;
}

/* ---- what stands in a text ---- */

/* MAKER_MODEL_SERIAL-if00-port0: the serial numbers in these are learned. */
static void learn_serials(struct mask *m, const char *text)
{
	for (const char *p = strstr(text, "-if"); p; p = strstr(p + 1, "-if")) {
		const char *s = p;
		bool digit = false;

		if (!is_hex(p[3]) || !is_hex(p[4]) || is_word(p[5]))
			continue;
		while (s > text && (is_word(s[-1]) || strchr(".-:", s[-1])))
			digit |= is_digit(*--s);
		/* One without a number ends in the name of its model. */
		if (s == text || s[-1] != '_' || !digit || p - s < 3 ||
		    memmem(s, p - s, "USB", 3) || memmem(s, p - s, "Serial", 6) ||
		    memmem(s, p - s, "UART", 4))
			continue;
		learn(m, MASK_SERIAL, s, (size_t)(p - s));
	}
}

static bool is_count(const char *p, size_t n)
{
	static const char *const of[] = {
		"octet",   "frame",	"HCS",	       "FCS",	     "format",	 "length",
		"cut off", "parity",	"framing",     "break",	     "overrun",	 "malformed",
		"unknown", "encrypted", "unsupported", "segment",    "watchdog", "lost",
		"message", "times",	"skipped",     "never read",
	};

	if (p[n] != ' ' || strspn(p, "0123456789") != n)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(of); i++)
		if (begins(p + n + 1, of[i]))
			return true;
	return false;
}

static bool is_number(const char *p, size_t n)
{
	size_t digits = 0;

	for (size_t i = 0; i < n; i++)
		digits += is_digit(p[i]);
	return digits >= MASK_DIGITS && !is_count(p, n);
}

void mask_title(char *title)
{
	for (size_t i = 0; title[i]; i++)
		if (i >= TITLE_DIGITS && is_hex(title[i]))
			title[i] = MASK_OCTET;
}

/* struct out - a text that is being made, and cut where it is full */
struct out {
	char *buf;
	size_t size;
	size_t n;
};

static void put(struct out *o, const char *p, size_t n)
{
	if (n > o->size - 1 - o->n)
		n = o->size - 1 - o->n;
	memcpy(o->buf + o->n, p, n);
	o->n += n;
	o->buf[o->n] = '\0';
}

static void put_known(struct out *o, const struct mask *m, size_t i, enum mask_kind kind)
{
	char name[32];

	if (i < m->n)
		snprintf(name, sizeof(name), "<%s%u>", kind_names[m->known[i].kind],
			 m->known[i].number);
	else
		snprintf(name, sizeof(name), "<%s>", kind_names[kind]);
	put(o, name, strlen(name));
}

/* Octets of @p that were taken, 0: nothing special stands there. */
static size_t take_special(struct mask *m, struct out *o, const char *start, const char *p)
{
	static const char title[] = "system title ", home[] = "/home/";
	size_t known = known_at(m, start, p), n;

	if (known < m->n) {
		put_known(o, m, known, 0);
		return strlen(m->known[known].word);
	}
	if (begins(p, title)) {
		char digits[32];

		n = strlen(title);
		snprintf(digits, sizeof(digits), "%.*s",
			 (int)strspn(p + n, "0123456789ABCDEFabcdef"), p + n);
		mask_title(digits);
		put(o, title, n);
		put(o, digits, strlen(digits));
		return n + strlen(digits);
	}
	if (begins(p, home) && is_word(p[strlen(home)])) {
		n = strcspn(p + strlen(home), "/ \"'");
		put(o, home, strlen(home));
		put_known(o, m, learn(m, MASK_USER, p + strlen(home), n), MASK_USER);
		return strlen(home) + n;
	}
	if (begins(p, "//")) {
		n = strcspn(p + 2, "/@ \"'");
		if (p[2 + n] == '@') {
			put(o, "//<user>", 8);
			return 2 + n;
		}
	}
	n = host_at(start, p);
	if (n)
		put_known(o, m, learn(m, MASK_HOST, p, n), MASK_HOST);
	return n;
}

char *mask_text(struct mask *m, const char *in, char *buf, size_t size)
{
	struct out o = { .buf = buf, .size = size };
	const char *p = in;

	*buf = '\0';
	learn_serials(m, in);
	while (*p) {
		size_t n = take_special(m, &o, in, p);

		if (n) {
			p += n;
			continue;
		}
		while (is_word(p[n]))
			n++;
		if (n && is_number(p, n))
			put_known(&o, m, learn(m, MASK_NUMBER, p, n), MASK_NUMBER);
		else
			put(&o, p, n ?: 1);
		p += n ?: 1;
	}
	return buf;
}
