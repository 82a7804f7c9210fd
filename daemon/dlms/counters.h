/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Frame counters: the highest one seen of each system title.  A message whose counter is not higher
 * is a replay.  Pure; who keeps them over a restart is elsewhere.
 */
#ifndef AMSHAN_DLMS_COUNTERS_H
#define AMSHAN_DLMS_COUNTERS_H

#include "dlms/apdu.h"

#define COUNTERS_MAX	64	/* titles; of more, the one that was silent for longest is forgotten */

/**
 * struct counters - one table for all sources; zero it to begin
 * @n: entries in @entry
 * @dirty: changed since the owner wrote it down; the owner clears it
 * @entry: titles and their counters, in the order of their last use
 */
struct counters {
	unsigned int n;
	bool dirty;
	struct counter_entry {
		u8 title[APDU_TITLE_MAX];
		u8 title_len;
		u32 counter;
	} entry[COUNTERS_MAX];
};

/* counters_is_replay() - is @counter not above what was noted for this title? */
bool counters_is_replay(const struct counters *c, const u8 *title, size_t n, u32 counter);

/* counters_note() - a message with this counter was verified and read */
void counters_note(struct counters *c, const u8 *title, size_t n, u32 counter);

/* counters_forget() - a meter was exchanged or reset: true if the title was known */
bool counters_forget(struct counters *c, const u8 *title, size_t n);

#endif /* AMSHAN_DLMS_COUNTERS_H */
