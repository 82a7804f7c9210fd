/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Captures in pieces: is it hex text or octets, and from text to octets as it comes.
 */
#ifndef AMSHAN_SOURCE_FILE_H
#define AMSHAN_SOURCE_FILE_H

#include <amshan/types.h>

#define REPLAY_SNIFF	64 /* octets that are looked at, at most */

enum replay_kind {
	REPLAY_OPEN,	/* too early to say */
	REPLAY_OCTETS,
	REPLAY_TEXT,
};

/**
 * struct replay - reader of one capture; zero it to begin
 * @kind: what it is
 * @line: of text, counted from 0
 * @high: first digit of a pair, if @half
 * @half: a digit waits for its other one
 * @inside: not at the beginning of a line
 * @comment: inside of a comment
 * @held: octets that are kept until the kind is known
 * @hold: them
 */
struct replay {
	enum replay_kind kind;
	unsigned int line;
	u8 high;
	bool half;
	bool inside;
	bool comment;
	u8 held;
	u8 hold[REPLAY_SNIFF];
};

/**
 * replay_push() - take what was read
 * @c: the reader
 * @in: what was read; n = 0: the end
 * @n: its length
 * @out: n + REPLAY_SNIFF octets
 * @ret_n: octets written to @out, also on failure
 * @ret_bad: on -EINVAL the character that has no place in hex text, or -1 for a digit alone
 *
 * Hex text begins with a digit or with '#' and has no control characters.  Its form is that of
 * link/hextext.h, which wants all of it at once: pairs of digits, white space between them,
 * comments from '#' at the beginning of a line to its end.
 *
 * Return: 0, or -EINVAL in line @c->line + 1: nothing more is to be pushed.
 */
int replay_push(struct replay *c, const u8 *in, size_t n, u8 *out, size_t *ret_n, int *ret_bad);

#endif /* AMSHAN_SOURCE_FILE_H */
