/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Frame counters: the highest one seen of each system title.  A message whose counter is not higher
 * is a replay.  Pure; who keeps them over a restart is elsewhere.
 *
 * The counter of a message whose tag was verified is the meter's own word (it is part of the IV),
 * and is noted whatever it is.  Without a tag nothing proves it: if what was deciphered with a
 * counter that one wrong bit made large happened to look like a message, its meter would be locked
 * out until it has counted so far.  So such a counter is noted only if it is one of the
 * COUNTERS_STEP behind the one before; a larger step, and the first counter of a title, wait for a
 * second message that goes on from there.  At worst a meter is then silent for COUNTERS_STEP of its
 * messages, and at worst one message more than otherwise can be replayed after a long pause.
 *
 * A meter that authenticated once does so always: else who can write on the line would only have to
 * take the tag off to alter a message unseen (that is easy in counter mode).
 *
 * An empty title is no title: Elgama sends one, and the counter 0 each time.  Nothing is noted of
 * it.
 */
#ifndef AMSHAN_DLMS_COUNTERS_H
#define AMSHAN_DLMS_COUNTERS_H

#include "dlms/apdu.h"

#define COUNTERS_MAX	1024	/* titles; of more, who was silent for longest is forgotten */
#define COUNTERS_STEP	1024	/* what is believed without a tag: 3 hours of a message each 10 s */

/**
 * struct counters - one table for all sources; zero it to begin
 * @n: entries in @entry
 * @changes: counters noted so far
 * @dirty: changed since the owner wrote it down; the owner clears it
 * @entry: titles and their counters, in the order of their last use:
 *         @known: @counter was noted; @authentic: of a message whose tag was verified; @is_doubted:
 *         @doubt waits to be confirmed; @change: which one of all @changes the last one was
 */
struct counters {
	unsigned int n;
	u64 changes;
	bool dirty;
	struct counter_entry {
		u8 title[APDU_TITLE_MAX];
		u32 counter;
		u32 doubt;
		u64 change;
		bool known;
		bool authentic;
		bool is_doubted;
	} entry[COUNTERS_MAX];
};

/**
 * counters_is_replay() - is @counter not above what was noted for this title?
 * @c: the table
 * @title: the title
 * @n: its length
 * @counter: of the message
 * @ret_highest: if it is one, the counter that was noted; or NULL
 */
bool counters_is_replay(const struct counters *c, const u8 *title, size_t n, u32 counter,
			u32 *ret_highest);

/* counters_wants_tag() - was a message of this title verified before?  One without a tag is forged. */
bool counters_wants_tag(const struct counters *c, const u8 *title, size_t n);

/**
 * counters_note() - a message with this counter was deciphered, and could be read
 * @c: the table
 * @title: the title
 * @n: its length
 * @counter: of the message
 * @verified: by its tag
 */
void counters_note(struct counters *c, const u8 *title, size_t n, u32 counter, bool verified);

/**
 * counters_change() - which change noted what is known of this title
 * @c: the table
 * @title: the title
 * @n: its length
 *
 * So several readers of the same meter can tell what only another one has seen from what they have seen
 * themselves.
 *
 * Return: 1 is the first change of all; 0 if the title is not known.
 */
u64 counters_change(const struct counters *c, const u8 *title, size_t n);

/* counters_forget() - a meter was exchanged or reset: true if the title was known */
bool counters_forget(struct counters *c, const u8 *title, size_t n);

#endif /* AMSHAN_DLMS_COUNTERS_H */
