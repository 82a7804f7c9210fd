/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Faults of a line, on demand.
 */
#ifndef SIM_FAULTS_H
#define SIM_FAULTS_H

#include "rng.h"
#include "wrap.h"

/**
 * struct sim_faults - which faults, and how likely per frame (0..1)
 * @flip: one bit is turned over
 * @lose: one octet is lost
 * @twice: one octet comes twice
 * @noise: noise in front of the frame
 * @cut: the frame ends early
 * @segmented: the segment bit is set, with good checksums
 * @lose_part: a frame, segment or block of a message that has several does not come
 * @twice_part: a frame, segment or block comes twice
 * @shared_flag: the closing flag of a frame is the opening flag of the next
 */
struct sim_faults {
	double flip;
	double lose;
	double twice;
	double noise;
	double cut;
	double segmented;
	double lose_part;
	double twice_part;
	bool shared_flag;
};

/* What was done to a message. */
enum sim_fault {
	SIM_FLIPPED = 1 << 0,
	SIM_LOST = 1 << 1,
	SIM_DOUBLED = 1 << 2,
	SIM_CUT = 1 << 3,
	SIM_SEGMENTED = 1 << 4,
	SIM_PART_LOST = 1 << 5,
	SIM_NOISE = 1 << 6,	/* beside the message, not in it */
	SIM_PART_TWICE = 1 << 7,	/* readers know a repetition */
};

#define SIM_DAMAGE	(SIM_NOISE - 1)
#define SIM_NOISE_MAX	64

/* sim_fault_name() - of one bit; NULL beyond the last */
const char *sim_fault_name(unsigned int bit);

/**
 * sim_faults_apply() - spoil a message
 * @f: how likely
 * @rng: decides
 * @framing: of the message: what must stay, so that damage is damage, depends on it
 * @p: the octets, with room for one part and one octet more
 * @n: their number
 * @parts: where its frames or blocks end; of use to nobody afterwards
 * @ret: bits of enum sim_fault, without SIM_NOISE
 *
 * Faults of octets hit one part of several.
 *
 * Return: the new number of octets.
 */
size_t sim_faults_apply(const struct sim_faults *f, struct sim_rng *rng, enum sim_framing framing,
			u8 *p, size_t n, struct sim_parts *parts, unsigned int *ret);

/**
 * sim_faults_noise() - perhaps some noise, which may contain flags
 * @buf: SIM_NOISE_MAX octets
 *
 * Return: the number of octets, often 0.
 */
size_t sim_faults_noise(const struct sim_faults *f, struct sim_rng *rng, u8 *buf);

#endif /* SIM_FAULTS_H */
