/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The guard of the registers: what comes before anything reaches a statistic.
 *
 * A list that is sent again is recognised.  A register that steps back, or further than the fuse could
 * have carried since the last list, is held back until a second list confirms it.
 */
#ifndef AMSHAN_METER_GUARD_H
#define AMSHAN_METER_GUARD_H

#include "meter/readings.h"

enum guard_kind {
	GUARD_BACK,		/* stepped back */
	GUARD_TOO_FAR,		/* further than the fuse could carry */
	GUARD_ZERO,		/* the first list of all has only zeros: a meter may begin with that */
	GUARD_CONFIRMED,	/* the second list says the same: accepted */
	GUARD_KIND_COUNT
};

/**
 * struct guard_register - one register, values in its unit (Wh, varh)
 * @known: @value is set
 * @held: the last value was held back
 * @unverified: neither a checksum nor a tag spoke for the message that @value is of
 * @value: last value that was accepted
 * @time_us: of which time it is, microseconds since the epoch
 * @held_value: the one that was held back
 * @held_us: its time
 * @said_s: for who says what came of it: when, per kind, CLOCK_MONOTONIC; 0: not yet
 */
struct guard_register {
	bool known;
	bool held;
	bool unverified;
	double value;
	u64 time_us;
	double held_value;
	u64 held_us;
	u32 said_s[GUARD_KIND_COUNT];
};

/**
 * struct guard - of one meter; zero it to begin
 * @reg: per quantity of GROUP_ENERGY; others are not used
 * @clock_us: what the meter's clock showed in the last list with registers; 0: none
 * @content: hash of that list
 */
struct guard {
	struct guard_register reg[Q_SENT_COUNT];
	s64 clock_us;
	u32 content;
};

/**
 * struct guard_list - a list as the guard has to know it
 * @time_us: of which time its registers are, microseconds since the epoch
 * @clock_us: what the meter's clock showed; 0: it is not known
 * @limit_w: what the fuse carries, W
 */
struct guard_list {
	u64 time_us;
	s64 clock_us;
	double limit_w;
};

/* More than any meter counts, Wh; dropped without a word. */
#define GUARD_ENERGY_MAX	1e15

#define GUARD_WORDS_MAX	8

/**
 * struct guard_report - what came of a list
 * @repeated: it was sent before, registers and clock: its registers were dropped
 * @same: it is the same in every value: all of them were dropped
 * @n: entries in @word
 * @word: what is to be said, each once; the others stay unsaid, as they are of the same list
 * @word.quantity: which register
 * @word.kind: what happened to it
 * @word.value: what the meter sent
 * @word.before: what was accepted last
 */
struct guard_report {
	bool repeated;
	bool same;
	unsigned int n;
	struct guard_word {
		enum quantity quantity;
		enum guard_kind kind;
		double value;
		double before;
	} word[GUARD_WORDS_MAX];
};

/**
 * guard_check() - drop from @r what must not reach a statistic
 * @g: the guard
 * @r: the list's readings
 * @list: the list
 * @ret: what came of it
 *
 * Return: true if a register was accepted.
 */
bool guard_check(struct guard *g, struct readings *r, const struct guard_list *list,
		 struct guard_report *ret);

/* guard_holds() - is a register held back at the moment? */
bool guard_holds(const struct guard *g);

#endif /* AMSHAN_METER_GUARD_H */
