/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Back-off: how long to wait before the next attempt, so that a peer that is away costs little and
 * many clients do not return at the same moment.
 */
#ifndef AMSHAN_BACKOFF_H
#define AMSHAN_BACKOFF_H

#include <sys/random.h>

#include "util.h"

#define BACKOFF_FIRST_US	(1 * USEC_PER_SEC)
#define BACKOFF_LAST_US		(120 * USEC_PER_SEC)

/* struct backoff - zero it to begin, and after each success */
struct backoff {
	u64 delay_us;
};

/* backoff_next() - microseconds to wait now: 1 s doubling to 120 s, each 75 % to 125 % of it */
static inline u64 backoff_next(struct backoff *b)
{
	u32 noise = 0;

	b->delay_us = b->delay_us ? b->delay_us * 2 : BACKOFF_FIRST_US;
	if (b->delay_us > BACKOFF_LAST_US)
		b->delay_us = BACKOFF_LAST_US;
	/* Without entropy (never, after boot) the middle is as good as anything. */
	if (getrandom(&noise, sizeof(noise), GRND_NONBLOCK) != sizeof(noise))
		noise = 1u << 31;
	return b->delay_us * 3 / 4 + (u64)(((unsigned __int128)b->delay_us / 2 * noise) >> 32);
}

#endif /* AMSHAN_BACKOFF_H */
