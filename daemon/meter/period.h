/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The list period: how often something comes, learned from the gaps between, and how long a silence
 * is worth waiting for.
 */
#ifndef AMSHAN_METER_PERIOD_H
#define AMSHAN_METER_PERIOD_H

#include <amshan/types.h>

#define PERIOD_GAPS		8
#define PERIOD_GAPS_ENOUGH	3		/* before these the period is not trusted */
#define PERIOD_BURST_US		50000ull	/* what comes closer belongs together */
#define PATIENCE_MIN_US		10000000ull	/* three periods, but not less */
#define PATIENCE_NEW_US		30000000ull	/* not less while the period is not trusted */

/**
 * struct period - zero it to begin
 * @from_us: when the last one came, CLOCK_MONOTONIC; 0: the next gap is not known
 * @gap_us: the last gaps
 * @n: gaps learned, counts on up to 255
 */
struct period {
	u64 from_us;
	u64 gap_us[PERIOD_GAPS];
	u8 n;
};

/* period_note() - one came at @now_us */
void period_note(struct period *p, u64 now_us);

/* period_break() - nobody was listening: the gap to the next one says nothing */
void period_break(struct period *p);

/**
 * period_us() - the learned period, 0 while no gap is known
 *
 * The longest gap but one: a single silence does not make the next one longer.
 */
u64 period_us(const struct period *p);

/* period_patience_us() - how long may nothing come: three periods, within the limits above */
u64 period_patience_us(const struct period *p);

#endif /* AMSHAN_METER_PERIOD_H */
