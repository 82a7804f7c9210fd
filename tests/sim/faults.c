// SPDX-License-Identifier: GPL-2.0
/*
 * Faults of a line.  They hit the octets between the flags: a lost or doubled flag would be no
 * damage.
 */
#include <string.h>

#include "encode.h"
#include "faults.h"

#define SEGMENT_BIT 0x08

const char *sim_fault_name(unsigned int bit)
{
	static const char *const names[] = {
		"flip", "lose", "double", "cut", "segmented", "noise",
	};

	return bit < sizeof(names) / sizeof(names[0]) ? names[bit] : NULL;
}

size_t sim_faults_apply(const struct sim_faults *f, struct sim_rng *rng, bool hdlc, u8 *p, size_t n,
			unsigned int *ret)
{
	size_t flags = hdlc ? 1 : 0;
	unsigned int done = 0;
	size_t at;

	if (hdlc && sim_rng_chance(rng, f->segmented)) {
		p[1] |= SEGMENT_BIT;
		enc_hdlc_seal(p + 1, n - 2);
		done |= SIM_SEGMENTED;
	}
	if (sim_rng_chance(rng, f->flip)) {
		at = flags + sim_rng_below(rng, n - 2 * flags);
		p[at] ^= 1 << sim_rng_below(rng, 8);
		done |= SIM_FLIPPED;
	}
	/*
	 * Not in the FCS, where an octet like the flag behind it may go or come unnoticed; and not
	 * both, they could undo each other.
	 */
	if (sim_rng_chance(rng, f->lose)) {
		at = flags + sim_rng_below(rng, n - 2 * flags - 2);
		memmove(p + at, p + at + 1, n - at - 1);
		n--;
		done |= SIM_LOST;
	} else if (sim_rng_chance(rng, f->twice)) {
		at = flags + sim_rng_below(rng, n - 2 * flags - 2);
		memmove(p + at + 1, p + at, n - at);
		n++;
		done |= SIM_DOUBLED;
	}
	if (sim_rng_chance(rng, f->cut)) {
		n = flags + 1 + sim_rng_below(rng, n - 2 * flags - 1);
		done |= SIM_CUT;
	}
	*ret = done;
	return n;
}

size_t sim_faults_noise(const struct sim_faults *f, struct sim_rng *rng, u8 *buf)
{
	size_t n;

	if (!sim_rng_chance(rng, f->noise))
		return 0;
	n = 1 + sim_rng_below(rng, SIM_NOISE_MAX);
	for (size_t i = 0; i < n; i++)
		buf[i] = sim_rng_next(rng);
	return n;
}
