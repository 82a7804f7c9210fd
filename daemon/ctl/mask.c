// SPDX-License-Identifier: GPL-2.0
/*
 * Masks: the words that are known.  What else is masked in texts is in mask_text.c, in octets in
 * mask_octets.c.
 */
#include <stdio.h>
#include <stdlib.h>

#include "ctl/mask_internal.h"
#include "ctl/text.h"
#include "log_internal.h"
#include "util.h"

#define WORD_MIN	3
#define CUT_AT_END	8	/* so much of a word at the end of a text is that word */
#define CUT_ANYWHERE	32

static const char *const kind_names[MASK_KIND_COUNT] = {
	[MASK_NUMBER] = "number",
	[MASK_METER] = "meter",
	[MASK_SERIAL] = "serial",
	[MASK_HOST] = "host",
	[MASK_USER] = "user",
	[MASK_WORD] = "word",
};

void mask_clear(struct mask *m)
{
	for (size_t i = 0; i < m->n; i++)
		free(m->known[i].word);
	free(m->known);
	*m = (struct mask){ 0 };
}

static size_t find(const struct mask *m, const char *word, size_t n)
{
	size_t i = 0;

	while (i < m->n && (m->known[i].n != n || memcmp(m->known[i].word, word, n)))
		i++;
	return i;
}

static bool make_room(struct mask *m)
{
	size_t room = m->room ? 2 * m->room : 64;
	struct mask_known *more;

	if (m->n < m->room)
		return true;
	if (m->n >= MASK_KNOWN_MAX)
		return false;
	more = reallocarray(m->known, room, sizeof(*more));
	if (!more)
		return false;
	m->known = more;
	m->room = room;
	return true;
}

/* @number: 0: the next one of this kind */
static size_t add(struct mask *m, enum mask_kind kind, unsigned int number, const char *word,
		  size_t n)
{
	size_t i = m->full ? m->n : find(m, word, n);
	char *copy;

	if (i < m->n || m->full)
		return i;
	copy = make_room(m) ? strndup(word, n) : NULL;
	if (!copy) {
		m->full = true;
		return m->n;
	}
	m->known[i] = (struct mask_known){ copy, n, kind, number ?: ++m->count[kind] };
	m->n++;
	return i;
}

size_t mask_learn_n(struct mask *m, enum mask_kind kind, const char *word, size_t n)
{
	return add(m, kind, 0, word, n);
}

void mask_learn(struct mask *m, enum mask_kind kind, const char *word)
{
	size_t n = strlen(word);

	if (n >= WORD_MIN)
		add(m, kind, 0, word, n);
}

void mask_learn_said(struct mask *m, enum mask_kind kind, const char *value)
{
	/* config_say(), and what it is given */
	static const size_t cuts[] = { MASK_VALUE_MAX - 1, 200, 80, 40 };
	char cut[MASK_VALUE_MAX], clean[MASK_VALUE_MAX * 4], shown[2][MASK_VALUE_MAX * 4];
	size_t n = strlen(value), i;

	if (n < WORD_MIN)
		return;
	i = add(m, kind, 0, value, n);
	if (i == m->n)
		return;
	kind = m->known[i].kind;
	for (size_t c = 0; c < ARRAY_SIZE(cuts); c++) {
		const char *const forms[] = { cut, clean, shown[0], shown[1] };

		snprintf(cut, sizeof(cut), "%.*s", (int)cuts[c], value);
		log_clean(clean, sizeof(clean), 0, cut);
		text_escape(cut, shown[0], sizeof(shown[0]));
		text_escape(clean, shown[1], sizeof(shown[1]));
		for (size_t f = 0; f < ARRAY_SIZE(forms); f++)
			add(m, kind, m->known[i].number, forms[f], strlen(forms[f]));
	}
}

/* Is all of the word here, or as much of it as a sentence with too little room has? */
static size_t match(const struct mask_known *k, const char *p)
{
	size_t n = 0;

	while (n < k->n && p[n] == k->word[n])
		n++;
	if (n == k->n)
		return is_word(p[n - 1]) && is_word(p[n]) ? 0 : n;
	return n >= CUT_ANYWHERE || (!p[n] && n >= CUT_AT_END) ? n : 0;
}

size_t mask_known_at(const struct mask *m, const char *start, const char *p, size_t *ret_n)
{
	size_t best = m->n;

	*ret_n = 0;
	if (p > start && is_word(p[-1]) && is_word(*p))
		return best;
	for (size_t i = 0; i < m->n; i++) {
		size_t n = *p == *m->known[i].word ? match(&m->known[i], p) : 0;

		if (n <= *ret_n)
			continue;
		best = i;
		*ret_n = n;
	}
	return best;
}

char *mask_name(const struct mask *m, size_t i, enum mask_kind kind, char *buf)
{
	if (i < m->n)
		snprintf(buf, MASK_NAME_MAX, "<%s%u>", kind_names[m->known[i].kind],
			 m->known[i].number);
	else
		snprintf(buf, MASK_NAME_MAX, "<%s>", kind_names[kind]);
	return buf;
}

bool mask_is_name(const char *p, size_t n)
{
	if (n == strlen(MASKED) && !memcmp(p, MASKED, n))
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(kind_names); i++) {
		size_t name = strlen(kind_names[i]);

		if (n >= name + 2 && p[0] == '<' && p[n - 1] == '>' &&
		    !memcmp(p + 1, kind_names[i], name) &&
		    strspn(p + 1 + name, "0123456789") == n - name - 2)
			return true;
	}
	return false;
}
