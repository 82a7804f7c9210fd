/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Masks: what a report that goes to strangers must not say: numbers of meters and adapters, names
 * of people and of hosts that the whole world can reach.
 *
 * In texts a thing gets a name, the same each time, so that two of them can be told apart.  In
 * frames its octets become 'X' and all else stays in its place: lengths, tags, codes, values.
 * Pure: no allocation, no I/O.
 */
#ifndef AMSHAN_CTL_MASK_H
#define AMSHAN_CTL_MASK_H

#include <amshan/types.h>

#define MASK_KNOWN_MAX	128
#define MASK_WORD_MAX	128
#define MASK_DIGITS	6	/* so many digits in a word make it a number of something */
#define MASK_OCTET	'X'

enum mask_kind {
	MASK_NUMBER,	/* a word with many digits */
	MASK_METER,
	MASK_SERIAL,	/* of an adapter */
	MASK_HOST,
	MASK_USER,
	MASK_WORD,	/* that nobody knows the meaning of */
	MASK_KIND_COUNT,
};

/**
 * struct mask - what is known to be masked; zero it to begin
 * @known: the words, @n of them
 * @count: how many of each kind
 * @full: there were more; they are masked without a number
 */
struct mask {
	struct {
		char word[MASK_WORD_MAX];
		enum mask_kind kind;
		unsigned int number;
	} known[MASK_KNOWN_MAX];
	size_t n;
	unsigned int count[MASK_KIND_COUNT];
	bool full;
};

/*
 * mask_learn() - mask this word wherever it stands from now on; one of less than three characters
 * is no secret worth the damage, and is left
 */
void mask_learn(struct mask *m, enum mask_kind kind, const char *word);

/* mask_learn_host() - the same for a host, unless only its own network can reach it by that name */
void mask_learn_host(struct mask *m, const char *host);

/**
 * mask_text() - a text without what must not be said
 * @m: learns what it finds
 * @in: the text
 * @buf: the result, cut if it does not fit
 * @size: its size, at least 1
 *
 * Besides the words that are known: words with six digits or more, but for counts ("1234567
 * frames"); serial numbers in names as udev makes them (MAKER_MODEL_SERIAL-if00); hosts as in
 * HOST:PORT; users as in //USER:PASSWORD@HOST and /home/USER; of a system title all but the maker's
 * letters.
 *
 * Return: @buf.
 */
char *mask_text(struct mask *m, const char *in, char *buf, size_t size);

/**
 * mask_octets() - a frame or a datagram without the numbers in it
 * @m: words that are known are masked too, NULL: none
 * @p: the octets, changed in place
 * @n: their number
 *
 * Masked are: words of letters and digits with six digits or more (but not the type of a Kamstrup),
 * and what may be a part of one that goes on in another segment; of a system title all but the
 * maker's three letters; the number in the header of an M-Bus frame.  Header and checksums of an
 * HDLC frame stay; the checksums do not fit any more.
 *
 * Return: how many octets were masked.
 */
size_t mask_octets(const struct mask *m, u8 *p, size_t n);

/* mask_title() - a system title in hex digits: all but the maker's letters becomes X, in place */
void mask_title(char *title);

#endif /* AMSHAN_CTL_MASK_H */
