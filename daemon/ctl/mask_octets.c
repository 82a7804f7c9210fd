// SPDX-License-Identifier: GPL-2.0
/*
 * Masks in frames and datagrams: only what carries a number is touched, so that what is left can
 * still be taken apart.
 */
#include <string.h>

#include <amshan/framer.h>

#include "ctl/mask.h"
#include "dlms/apdu.h"
#include "dlms/axdr.h"
#include "util.h"

#define KNOWN_MIN	6
#define TITLE_LETTERS	3	/* the maker's letters of a system title (DLMS UA 1000-2) */

/* struct part - what may be changed; the octets before and behind it are structure */
struct part {
	u8 *p;
	size_t n;
	bool goes_on;	/* a word at its end may go on in another segment */
	bool is_plain;	/* nothing but text: no octet of it is a length */
};

static bool octet_is_digit(u8 c)
{
	return c >= '0' && c <= '9';
}

static bool octet_is_word(u8 c)
{
	return octet_is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool octets_are_plain(const u8 *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if ((p[i] < ' ' && !memchr("\t\r\n", p[i], 3)) || p[i] >= 0x7f)
			return false;
	return true;
}

/* Returns how many of them were not covered before. */
static size_t cover(u8 *p, size_t n)
{
	size_t covered = 0;

	for (size_t i = 0; i < n; i++) {
		covered += p[i] != MASK_OCTET;
		p[i] = MASK_OCTET;
	}
	return covered;
}

/* Is @at the length of a string, which only looks like a letter or a digit? */
static bool is_length(const struct part *t, size_t at)
{
	u8 tag = at ? t->p[at - 1] : 0;

	return !t->is_plain && at && at + 1 + t->p[at] <= t->n &&
	       (tag == AXDR_OCTET_STRING || tag == AXDR_VISIBLE_STRING || tag == AXDR_UTF8_STRING);
}

/*
 * Kamstrup's 1-1:96.1.1 is the type of the meter, by which its scalers are told: 18 characters, and
 * the same for thousands.  Is it the string whose text begins at @at?
 */
static bool is_type(const struct part *t, size_t at)
{
	static const u8 code[] = { AXDR_OCTET_STRING, 6, 1, 1, 96, 1, 1, 255 };

	return at >= sizeof(code) + 2 && !memcmp(t->p + at - 2 - sizeof(code), code, sizeof(code));
}

static size_t cover_numbers(struct part *t)
{
	size_t covered = 0, at = 0;

	while (at < t->n) {
		size_t end = at, digits = 0;
		bool edge;

		if (!octet_is_word(t->p[at]) || is_length(t, at)) {
			at++;
			continue;
		}
		for (; end < t->n && octet_is_word(t->p[end]); end++)
			digits += octet_is_digit(t->p[end]);
		/* A piece of a number has fewer digits than the whole. */
		edge = at == 0 || (end == t->n && t->goes_on);
		if ((digits >= MASK_DIGITS && !is_type(t, at)) || (edge && digits))
			covered += cover(t->p + at, end - at);
		at = end;
	}
	return covered;
}

/* The system title of a ciphered APDU: where one begins, and wherever one seems to. */
static size_t cover_titles(struct part *t)
{
	const u8 *cursor = t->p;
	struct apdu apdu;
	size_t covered = 0;

	if (apdu_parse(&cursor, t->p + t->n, &apdu) == 0 && apdu.title_len > TITLE_LETTERS)
		covered += cover(t->p + (apdu.body - t->p) - apdu.title_len + TITLE_LETTERS,
				 apdu.title_len - TITLE_LETTERS);
	/* In blocks, and in M-Bus frames. */
	for (size_t i = 0; i + 2 + APDU_TITLE_MAX <= t->n; i++) {
		u8 *title = t->p + i + 2;

		if ((t->p[i] != APDU_GENERAL_GLO_CIPHERING &&
		     t->p[i] != APDU_GENERAL_DED_CIPHERING) ||
		    t->p[i + 1] != APDU_TITLE_MAX)
			continue;
		if (octet_is_word(title[0]) && octet_is_word(title[1]) && octet_is_word(title[2]) &&
		    title[3] != MASK_OCTET)
			covered += cover(title + TITLE_LETTERS, APDU_TITLE_MAX - TITLE_LETTERS);
	}
	return covered;
}

/* The number in a meter's answer (EN 13757-3): 68 L L 68 C A 72, then four octets of BCD. */
static size_t cover_mbus(struct part *t)
{
	if (t->n < 11 || t->p[0] != 0x68 || t->p[3] != 0x68 || t->p[1] != t->p[2] ||
	    (t->p[6] != 0x72 && t->p[6] != 0x76))
		return 0;
	return cover(t->p + 7, 4);
}

/* Numbers that are known, also where they have few digits. */
static size_t cover_known(const struct mask *m, struct part *t)
{
	size_t covered = 0;

	for (size_t i = 0; m && i < m->n; i++) {
		const char *word = m->known[i].word;
		u8 *from = t->p;

		/* What is short stands everywhere, as the 0001 that some adapters have. */
		if ((m->known[i].kind != MASK_METER && m->known[i].kind != MASK_NUMBER) ||
		    strlen(word) < KNOWN_MIN)
			continue;
		while ((from = memmem(from, t->n - (size_t)(from - t->p), word, strlen(word)))) {
			covered += cover(from, strlen(word));
			from += strlen(word);
		}
	}
	return covered;
}

size_t mask_octets(const struct mask *m, u8 *p, size_t n)
{
	struct part t = { .p = p, .n = n, .goes_on = true, .is_plain = octets_are_plain(p, n) };
	struct hdlc_frame h;

	if (hdlc_frame_parse(p, n, &h) == 0) {
		t.p = p + (h.info - p);
		t.n = h.info_len;
		t.goes_on = h.segmented;
	}
	if (!t.n)
		return 0;
	return cover_titles(&t) + cover_mbus(&t) + cover_known(m, &t) + cover_numbers(&t);
}
