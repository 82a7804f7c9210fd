/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Records: what one read() of /dev/amshanN gives.  Pure: octets in, a struct out.
 */
#ifndef AMSHAN_SOURCE_RECORD_H
#define AMSHAN_SOURCE_RECORD_H

#include <amshan/types.h>

/* A header that a later module has made longer than any we know fits, too: its length is a u16. */
#define RECORD_READ_MAX	(65535 + 2047)

/**
 * struct record - one record
 * @seq: its number
 * @mono_us: CLOCK_MONOTONIC of the closing flag, microseconds
 * @real_us: the same, since the epoch
 * @lost: records that this reader lost just before
 * @frame: from the format field through the FCS, in the octets that were parsed
 * @frame_len: its length, 7..2047
 */
struct record {
	u64 seq;
	u64 mono_us;
	u64 real_us;
	u64 lost;
	const u8 *frame;
	size_t frame_len;
};

/**
 * record_parse() - take a record apart
 * @data: what read() gave; needs no alignment
 * @n: how much that was
 * @ret: the record; untouched on failure
 *
 * Return: 0, or -EINVAL if header and length do not agree with @n or with the contract.
 */
int record_parse(const u8 *data, size_t n, struct record *ret);

#define RECORD_MISTAKE_MAX 128

/* record_mistake() - what is wrong with octets that record_parse() refused, in words */
void record_mistake(const u8 *data, size_t n, char *buf, size_t size);

#endif /* AMSHAN_SOURCE_RECORD_H */
