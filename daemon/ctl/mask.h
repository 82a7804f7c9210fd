/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Masks: what a report that goes to strangers must not say: numbers of meters and adapters, names
 * of people and of hosts that the whole world can reach, secrets.
 *
 * What is not known to be harmless is masked: here one too many costs a question, and one too few
 * a password.  In texts a thing gets a name, the same each time, so that two of them can be told
 * apart.  In frames its octets become 'X', checksums are made anew, and all else stays in its
 * place: lengths, tags, codes, values.  No I/O; only the list of words that are known is allocated.
 */
#ifndef AMSHAN_CTL_MASK_H
#define AMSHAN_CTL_MASK_H

#include <amshan/types.h>

#define MASK_KNOWN_MAX	8192u	/* twice as many as there can be sources */
#define MASK_VALUE_MAX	4096	/* octets of a value that amshand takes, with the NUL */
#define MASK_DIGITS	6	/* so many digits in a word make it a number of something */
#define MASK_OCTET	'X'
#define MASKED		"<masked>"

enum mask_kind {
	MASK_NUMBER,	/* a word with many digits */
	MASK_METER,
	MASK_SERIAL,	/* of an adapter */
	MASK_HOST,
	MASK_USER,
	MASK_WORD,	/* a secret, or what nobody knows the meaning of */
	MASK_KIND_COUNT,
};

struct mask_known {
	char *word;
	size_t n;
	enum mask_kind kind;
	unsigned int number;
};

/**
 * struct mask - what is known to be masked; zero it to begin
 * @known: the words, @n of them, owned
 * @room: of @known
 * @count: how many of each kind
 * @full: one could not be kept: from then on no text is harmless
 */
struct mask {
	struct mask_known *known;
	size_t n;
	size_t room;
	unsigned int count[MASK_KIND_COUNT];
	bool full;
};

void mask_clear(struct mask *m);

/*
 * mask_learn() - mask this word wherever it stands from now on; one of less than three characters
 * is no secret worth the damage, and is left
 */
void mask_learn(struct mask *m, enum mask_kind kind, const char *word);

/* mask_learn_host() - the same for a host, unless only its own network can reach it by that name */
void mask_learn_host(struct mask *m, const char *host);

/*
 * mask_learn_said() - the same for a value that sentences quote: cut, and with what a log or a
 * terminal must not have made harmless
 */
void mask_learn_said(struct mask *m, enum mask_kind kind, const char *value);

/**
 * mask_text() - a text without what must not be said
 * @m: learns what it finds
 * @in: the text
 * @buf: the result, cut if it does not fit
 * @size: its size, at least 1
 *
 * Besides the words that are known: words with six digits or more and groups of digits, but for
 * counts ("1234567 frames"); serial numbers in names as udev makes them (MAKER_MODEL_SERIAL-if00);
 * names of hosts with a dot and addresses; users as in USER:PASSWORD@HOST and /home/USER; of a
 * system title all but the maker's letters; what stands behind '?' and is no setting of a port.
 *
 * Return: @buf; it says only that it is masked if the list of words is full.
 */
char *mask_text(struct mask *m, const char *in, char *buf, size_t size);

/* mask_uri() - likewise for where a source reads from: only what amshand would take is shown */
char *mask_uri(struct mask *m, const char *uri, char *buf, size_t size);

/* mask_said() - likewise for a mistake that config_load() says: what it quotes is not shown */
char *mask_said(struct mask *m, const char *in, char *buf, size_t size);

/* mask_is_harmless() - one of the words that a configuration can have, or a short number */
bool mask_is_harmless(const char *word);

/* mask_is_plain() - nothing but what names, paths and topics are made of: no blank, quote, @, ? */
bool mask_is_plain(const char *text);

/* mask_uri_is_plain() - is it one that amshand would take, made of nothing else? */
bool mask_uri_is_plain(const char *uri);

/**
 * mask_octets() - a frame or a datagram without the numbers in it
 * @m: words that are known are masked too, NULL: none
 * @p: the octets, changed in place
 * @n: their number
 *
 * Masked are: words of letters and digits with six digits or more (but not the type of a Kamstrup),
 * and what may be a part of one that goes on in another segment; of a system title all but the
 * maker's three letters; the numbers in M-Bus frames.  A checksum of what was masked would tell it:
 * it is made anew, or if it was wrong before it is masked too.
 *
 * Return: how many octets were masked, without checksums that were made anew.
 */
size_t mask_octets(const struct mask *m, u8 *p, size_t n);

/* mask_title() - a system title in hex digits: all but the maker's letters becomes X, in place */
void mask_title(char *title);

#endif /* AMSHAN_CTL_MASK_H */
