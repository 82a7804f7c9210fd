// SPDX-License-Identifier: GPL-2.0
/*
 * Keyring: the lines of key files.
 */
#include "dlms/keyring.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "link/hextext.h"

#define WORDS_MAX	3

/* One line of a file; @title_len is 0 without a title. */
struct line {
	u8 title[APDU_TITLE_MAX];
	u8 title_len;
	unsigned int number;
	struct cipher_key key;
};

struct keyring {
	unsigned int owners;
	unsigned int n;
	struct keyring *others;
	struct line line[KEYRING_MAX];
};

struct word {
	const char *p;
	size_t n;
};

/* ---- mistakes ---- */

__attribute__((format(printf, 3, 4)))
static int mistake(char **error, unsigned int line, const char *fmt, ...)
{
	char text[160];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (asprintf(error, "%u: %s", line, text) < 0)
		*error = NULL;
	return -EINVAL;
}

/* ---- a line ---- */

static bool word_is(const struct word *w, const char *text)
{
	return w->n == strlen(text) && !memcmp(w->p, text, w->n);
}

static int key_take(const struct word *w, const char *which, unsigned int line, u8 *key,
		    char **error)
{
	switch (cipher_key_parse(w->p, w->n, key)) {
	case 0:
		return 0;
	case -ERANGE:
		return mistake(error, line, "the %s key has %zu characters, not 32 hex digits",
			       which, w->n);
	default:
		return mistake(error, line, "the %s key has a character that is no hex digit",
			       which);
	}
}

/* The words of a line before its comment; more than WORDS_MAX are only counted. */
static unsigned int words_cut(const char *p, const char *end, struct word *words)
{
	unsigned int n = 0;

	while (p < end && *p != '#') {
		const char *begin = p;

		while (p < end && *p != '#' && !hextext_is_space((u8)*p))
			p++;
		if (p > begin) {
			if (n < WORDS_MAX)
				words[n] = (struct word){ begin, (size_t)(p - begin) };
			n++;
		}
		if (p < end && *p != '#')
			p++;
	}
	return n;
}

/* Is the first word of two a title, or meant to be one? */
static bool is_title(const struct word *w)
{
	return w->n <= 2 * APDU_TITLE_MAX;
}

static int line_parse(const struct word *w, unsigned int n, struct line *l, char **error)
{
	int r;

	if (n > WORDS_MAX)
		return mistake(error, l->number, "more than a system title and two keys");
	if (n == WORDS_MAX || (n == 2 && is_title(&w[0]))) {
		if (cipher_title_parse(w[0].p, w[0].n, l->title) < 0)
			return mistake(error, l->number, "begins with no system title: 16 hex digits, "
				       "or three letters and 10 hex digits");
		l->title_len = APDU_TITLE_MAX;
		w++;
		n--;
	}
	r = key_take(&w[0], "encryption", l->number, l->key.encryption, error);
	if (r < 0 || n == 1)
		return r;
	if (word_is(&w[1], "unverified")) {
		l->key.unverified = true;
		return 0;
	}
	l->key.has_authentication = true;
	return key_take(&w[1], "authentication", l->number, l->key.authentication, error);
}

/* ---- the whole ---- */

static const struct line *line_find(const struct keyring *k, const u8 *title, size_t n)
{
	for (unsigned int i = 0; i < k->n; i++)
		if (k->line[i].title_len == n && (!n || !memcmp(k->line[i].title, title, n)))
			return &k->line[i];
	return NULL;
}

static int line_add(struct keyring *k, const struct word *w, unsigned int n, unsigned int number,
		    char **error)
{
	const struct line *before;
	struct line *l = &k->line[k->n];
	int r;

	if (k->n == KEYRING_MAX)
		return mistake(error, number, "more than %d lines with keys", KEYRING_MAX);
	l->number = number;
	r = line_parse(w, n, l, error);
	if (r < 0)
		return r;
	before = line_find(k, l->title, l->title_len);
	if (before)
		return mistake(error, number, l->title_len ? "this system title has a key in line %u" :
			       "line %u has a key for all other system titles already", before->number);
	k->n++;
	return 0;
}

int keyring_parse(const char *text, size_t n, struct keyring **ret, char **error)
{
	struct keyring *k = calloc(1, sizeof(*k));
	const char *p = text, *end = text + n;
	struct word words[WORDS_MAX];
	int r = 0;

	if (!k)
		return -ENOMEM;
	k->owners = 1;
	for (unsigned int number = 1; p < end && r == 0; number++) {
		const char *next = memchr(p, '\n', (size_t)(end - p));
		unsigned int count = words_cut(p, next ?: end, words);

		if (count)
			r = line_add(k, words, count, number, error);
		p = next ? next + 1 : end;
	}
	if (r == 0 && !k->n)
		r = mistake(error, 1, "there is no key");
	if (r < 0) {
		keyring_free(k);
		return r;
	}
	*ret = k;
	return 0;
}

struct keyring *keyring_ref(struct keyring *k)
{
	if (k)
		k->owners++;
	return k;
}

void keyring_free(struct keyring *k)
{
	if (!k || --k->owners)
		return;
	keyring_free(k->others);
	OPENSSL_cleanse(k, sizeof(*k));
	free(k);
}

void keyring_set_others(struct keyring *k, struct keyring *others)
{
	struct keyring *before = k->others;

	k->others = keyring_ref(others);
	keyring_free(before);
}

unsigned int keyring_authenticate(struct keyring *k, const u8 *key)
{
	unsigned int given = 0;

	for (unsigned int i = 0; i < k->n; i++) {
		struct cipher_key *to = &k->line[i].key;

		if (to->has_authentication || to->unverified)
			continue;
		memcpy(to->authentication, key, CIPHER_KEY_LEN);
		to->has_authentication = true;
		given++;
	}
	return given;
}

const struct cipher_key *keyring_find(const struct keyring *k, const u8 *title, size_t n)
{
	for (; k; k = k->others) {
		const struct line *l = n ? line_find(k, title, n) : NULL;

		if (!l)
			l = line_find(k, title, 0);
		if (l)
			return &l->key;
	}
	return NULL;
}
