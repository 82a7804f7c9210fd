/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which numbers a source named: does it carry one meter or several?
 */
#ifndef AMSHAN_NAMING_H
#define AMSHAN_NAMING_H

#include "meter/meter.h"

/*
 * A source that came back to a number it had named before carries several meters, and is taken to do so for
 * as long as this after it last did.
 */
#define NAMING_SEVERAL_US	(10 * 60 * 1000000ull)
#define NAMING_MAX		4	/* numbers that are remembered for it */

/**
 * struct naming - of one source; zero it to begin.  Times are CLOCK_MONOTONIC, 0: never
 * @switched_us: when it last named another meter than before; set by who knows which it was
 * @several_us: when it last came back to one
 * @named: the last numbers that it named
 * @n_named: how many it has named
 */
struct naming {
	u64 switched_us;
	u64 several_us;
	char named[NAMING_MAX][METER_ID_MAX];
	unsigned int n_named;
};

/* naming_note() - it named @id, which is another one than before, or its first one */
void naming_note(struct naming *n, const char *id, u64 now_us);

/**
 * naming_is_unsure() - did it name another meter not long ago?
 * @n: what it named
 * @now_us: the time
 * @patience_us: how long a meter that was exchanged may be mistaken for one of several
 */
bool naming_is_unsure(const struct naming *n, u64 now_us, u64 patience_us);

#endif /* AMSHAN_NAMING_H */
