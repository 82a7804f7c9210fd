/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Numbers that look random and are the same in each run: a test sets rng_state to what it likes but 0.
 */
#ifndef TESTS_XORSHIFT_H
#define TESTS_XORSHIFT_H

#include <amshan/types.h>

static u32 rng_state;

static inline u32 rng(void)
{
	rng_state ^= rng_state << 13;
	rng_state ^= rng_state >> 17;
	rng_state ^= rng_state << 5;

	return rng_state;
}

#endif /* TESTS_XORSHIFT_H */
