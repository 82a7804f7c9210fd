/* SPDX-License-Identifier: GPL-2.0 */
/*
 * All randomness of the simulator: SplitMix64.  The same seed gives the same numbers everywhere.
 */
#ifndef SIM_RNG_H
#define SIM_RNG_H

#include <amshan/types.h>

struct sim_rng {
	u64 state;
};

/* sim_rng_seed() - @stream keeps apart what is drawn for different purposes from one seed */
static inline void sim_rng_seed(struct sim_rng *r, u64 seed, u64 stream)
{
	r->state = seed * 0xd1342543de82ef95ull + stream * 0x9e3779b97f4a7c15ull;
}

static inline u64 sim_rng_next(struct sim_rng *r)
{
	u64 z = r->state += 0x9e3779b97f4a7c15ull;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return z ^ z >> 31;
}

/* sim_rng_below() - 0..@n - 1; @n is small, the bias of the division does not matter */
static inline u64 sim_rng_below(struct sim_rng *r, u64 n)
{
	return sim_rng_next(r) % n;
}

/* sim_rng_unit() - 0 <= x < 1 */
static inline double sim_rng_unit(struct sim_rng *r)
{
	return (double)(sim_rng_next(r) >> 11) * 0x1p-53;
}

static inline bool sim_rng_chance(struct sim_rng *r, double p)
{
	return sim_rng_unit(r) < p;
}

#endif /* SIM_RNG_H */
