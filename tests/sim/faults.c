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
		"flip", "lose", "double", "cut", "segmented", "part-lost", "noise", "part-twice",
	};

	return bit < sizeof(names) / sizeof(names[0]) ? names[bit] : NULL;
}

/* One part of a message does not come, or comes twice. */
static size_t spoil_parts(const struct sim_faults *f, struct sim_rng *rng, u8 *p, size_t n,
			  struct sim_parts *parts, unsigned int *done)
{
	unsigned int i = sim_rng_below(rng, parts->n);
	size_t begin = i ? parts->end[i - 1] : 0;
	size_t len = parts->end[i] - begin;

	if (parts->n > 1 && sim_rng_chance(rng, f->lose_part)) {
		memmove(p + begin, p + begin + len, n - begin - len);
		*done |= SIM_PART_LOST;
		n -= len;
		for (; i + 1 < parts->n; i++)
			parts->end[i] = parts->end[i + 1] - len;
		parts->n--;
	} else if (sim_rng_chance(rng, f->twice_part) && parts->n < SIM_PARTS_MAX) {
		memmove(p + begin + len, p + begin, n - begin);
		*done |= SIM_PART_TWICE;
		n += len;
		for (unsigned int k = parts->n++; k > i; k--)
			parts->end[k] = parts->end[k - 1] + len;
	}
	return n;
}

/*
 * One bit, one octet less or one more, between octets that must stay: where an octet goes or comes
 * just in front of @end, one like the octet behind it would be no damage.  Not both of the latter,
 * they could undo each other.
 */
static size_t spoil_octets(const struct sim_faults *f, struct sim_rng *rng, u8 *p, size_t begin,
			   size_t end, size_t n, bool flags, unsigned int *done)
{
	size_t at;

	if (sim_rng_chance(rng, f->flip)) {
		at = begin + sim_rng_below(rng, end - begin);
		p[at] ^= 1 << sim_rng_below(rng, 8);
		*done |= SIM_FLIPPED;
	}
	if (sim_rng_chance(rng, f->lose)) {
		at = begin + sim_rng_below(rng, end - begin - 2);
		memmove(p + at, p + at + 1, n - at - 1);
		n--;
		*done |= SIM_LOST;
	} else if (sim_rng_chance(rng, f->twice)) {
		/* Not the first octet of what has no flags: a second '/' or 68h is noise in front. */
		if (!flags)
			begin++;
		at = begin + sim_rng_below(rng, end - begin - 2);
		memmove(p + at + 1, p + at, n - at);
		n++;
		*done |= SIM_DOUBLED;
	}
	return n;
}

size_t sim_faults_apply(const struct sim_faults *f, struct sim_rng *rng, enum sim_framing framing,
			u8 *p, size_t n, struct sim_parts *parts, unsigned int *ret)
{
	/* Flags; the digits of a checksum, whose case may not count, and the line end behind it. */
	size_t before = framing == SIM_HDLC ? 1 : 0;
	size_t behind = framing == SIM_HDLC ? 1 : framing == SIM_P1 ? 6 : 0;
	unsigned int done = 0, part;
	size_t begin, end;

	if (framing == SIM_HDLC && parts->n == 1 && sim_rng_chance(rng, f->segmented)) {
		p[1] |= SEGMENT_BIT;
		enc_hdlc_seal(p + 1, n - 2);
		done |= SIM_SEGMENTED;
	}
	if (f->lose_part > 0 || f->twice_part > 0)
		n = spoil_parts(f, rng, p, n, parts, &done);
	part = parts->n > 1 ? sim_rng_below(rng, parts->n) : 0;
	begin = part ? parts->end[part - 1] : 0;
	end = parts->end[part];
	n = spoil_octets(f, rng, p, begin + before, end - behind, n, framing == SIM_HDLC, &done);
	if (sim_rng_chance(rng, f->cut)) {
		end = parts->n > 1 ? end : n;
		n = begin + before + 1 + sim_rng_below(rng, end - begin - before - behind - 1);
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
