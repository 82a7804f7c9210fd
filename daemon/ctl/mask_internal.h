/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Between the files of the masks.
 */
#ifndef AMSHAN_CTL_MASK_INTERNAL_H
#define AMSHAN_CTL_MASK_INTERNAL_H

#include <string.h>

#include "ctl/mask.h"

/* ---- characters, whatever the locale says ---- */

static inline bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static inline bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static inline bool is_alnum(char c)
{
	return is_digit(c) || is_letter(c);
}

/* Octets of other scripts belong to words. */
static inline bool is_word(char c)
{
	return is_alnum(c) || (u8)c >= 0x80;
}

static inline bool is_hex(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static inline bool begins(const char *s, const char *with)
{
	return !strncmp(s, with, strlen(with));
}

/* ---- words that are known ---- */

/* mask_learn_n() - returns its place, @m->n if there is no more room for it */
size_t mask_learn_n(struct mask *m, enum mask_kind kind, const char *word, size_t n);

/*
 * mask_known_at() - the longest known word that stands at @p as a whole, or is cut by the end of
 * the text; its place, @m->n: none
 */
size_t mask_known_at(const struct mask *m, const char *start, const char *p, size_t *ret_n);

/* mask_name() - "<host1>"; of a place where nothing is, "<host>"; returns @buf */
#define MASK_NAME_MAX 32
char *mask_name(const struct mask *m, size_t i, enum mask_kind kind, char *buf);

/* mask_is_name() - is this "<host1>", as we write it? */
bool mask_is_name(const char *p, size_t n);

/* mask_host_at() - a host that the whole world can reach stands at @p: its length, 0: none does */
size_t mask_host_at(const char *start, const char *p);

/*
 * mask_group_at() - "7359-9928-9094-1742", "73 59 99 28 90": groups of digits with one separator,
 * at the beginning of these characters; their length, 0: there is none
 */
size_t mask_group_at(const char *p, size_t n);

/* mask_scheme() - octets of "tcp:" and the like at @p with the colon, 0: none */
size_t mask_scheme(const char *p);

/* ---- what is masked in octets ---- */

/* struct part - what may be changed; the octets before and behind it are structure */
struct part {
	u8 *p;
	size_t n;
	bool goes_on;	/* a word at its end may go on in another segment */
	bool is_plain;	/* nothing but text: no octet of it is a length */
};

/* octets_cover() - returns how many of them were not covered before */
size_t octets_cover(u8 *p, size_t n);

#define SUMS_MAX	64	/* frames of one part; a datagram has a few */

/**
 * struct sums - the checksums within a part, before anything is masked
 * @sum: @n of them: of the octets @from to @to
 * @at: where it stands
 * @len: its octets
 * @good: it was right
 * @before: a hash of what it is of
 */
struct sums {
	struct sum {
		size_t from, to, at;
		u8 len;
		bool good;
		u64 before;
	} sum[SUMS_MAX];
	size_t n;
};

/* sums_note() - find them; sums_renew() - make those anew whose octets were masked since */
void sums_note(struct sums *s, const struct part *t);
size_t sums_renew(const struct sums *s, const struct part *t);

/* mbus_cover() - the numbers in M-Bus frames, wherever they recur */
size_t mbus_cover(struct part *t);

#endif /* AMSHAN_CTL_MASK_INTERNAL_H */
