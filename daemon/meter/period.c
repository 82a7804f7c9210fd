// SPDX-License-Identifier: GPL-2.0
/*
 * The list period.
 */
#include "meter/period.h"

void period_note(struct period *p, u64 now_us)
{
	u64 gap = now_us - p->from_us;
	bool known = p->from_us;

	p->from_us = now_us;
	if (!known || gap < PERIOD_BURST_US)
		return;

	p->gap_us[p->n % PERIOD_GAPS] = gap;
	/* It wraps to where all places are filled, not to where none is. */
	p->n = p->n == 255 ? 255 - PERIOD_GAPS + 1 : p->n + 1;
}

void period_break(struct period *p)
{
	p->from_us = 0;
}

u64 period_us(const struct period *p)
{
	u64 longest = 0, second = 0;

	for (unsigned int i = 0; i < PERIOD_GAPS; i++) {
		u64 gap = p->gap_us[i];

		if (gap > longest) {
			second = longest;
			longest = gap;
		} else if (gap > second) {
			second = gap;
		}
	}

	return p->n < PERIOD_GAPS_ENOUGH ? longest : second;
}

u64 period_patience_us(const struct period *p)
{
	u64 least = p->n < PERIOD_GAPS_ENOUGH ? PATIENCE_NEW_US : PATIENCE_MIN_US;
	u64 three = 3 * period_us(p);

	return three > least ? three : least;
}
