/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Undecoded: the last frames of a source that came whole and could not be decoded, for a report.
 *
 * Nothing is allocated until there is one, and then exactly what it takes.  Relies on nothing of
 * the source.
 */
#ifndef AMSHAN_SOURCE_UNDECODED_H
#define AMSHAN_SOURCE_UNDECODED_H

#include <amshan/types.h>

#define UNDECODED_KEPT	2
#define UNDECODED_MAX	4096	/* octets of one; a frame has fewer, a datagram may have more */

/**
 * struct undecoded_frame - one of them
 * @real: when it came, microseconds since the epoch
 * @reason: a few words or a sentence, static
 * @n: octets of it that are kept
 * @whole: octets that it had; who shows it says so if there are more than @n
 * @octets: a frame from its format field through the FCS, or a whole datagram
 */
struct undecoded_frame {
	u64 real;
	const char *reason;
	size_t n;
	size_t whole;
	u8 octets[];
};

/* struct undecoded - the last ones, the older one first; zero it to begin */
struct undecoded {
	struct undecoded_frame *frame[UNDECODED_KEPT];
};

/**
 * undecoded_keep() - keep one, and forget the oldest if there is no more room
 * @u: where
 * @real: when it came
 * @reason: why it could not be decoded; not copied
 * @octets: all of it, copied
 * @n: their number
 *
 * Without memory what was kept stays.
 */
void undecoded_keep(struct undecoded *u, u64 real, const char *reason, const u8 *octets, size_t n);

/* undecoded_clear() - forget all of them */
void undecoded_clear(struct undecoded *u);

#endif /* AMSHAN_SOURCE_UNDECODED_H */
