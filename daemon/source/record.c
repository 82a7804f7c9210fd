// SPDX-License-Identifier: GPL-2.0
/*
 * Records of /dev/amshanN.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <amshan/framer.h>
#include <linux/amshan.h>

#include "source/record.h"
#include "util.h"

_Static_assert(AMSHAN_FRAME_LEN_MAX == AMSHAN_FRAME_MAX, "a record holds what the framer gives");
_Static_assert(sizeof(struct amshan_record) == 40, "the header has no padding");

/* A header may be longer than ours, never shorter. */
static bool lengths_agree(const struct amshan_record *h, size_t n)
{
	return h->header_len >= sizeof(*h) && h->frame_len >= AMSHAN_FRAME_MIN &&
	       h->frame_len <= AMSHAN_FRAME_MAX && (size_t)h->header_len + h->frame_len == n;
}

int record_parse(const u8 *data, size_t n, struct record *ret)
{
	struct amshan_record h;

	if (n < sizeof(h))
		return -EINVAL;
	memcpy(&h, data, sizeof(h));
	if (!lengths_agree(&h, n))
		return -EINVAL;

	*ret = (struct record){
		.seq = h.seq,
		.mono_us = h.mono_ns / NSEC_PER_USEC,
		.real_us = h.real_ns / NSEC_PER_USEC,
		.lost = h.lost,
		.frame = data + h.header_len,
		.frame_len = h.frame_len,
	};

	return 0;
}

void record_mistake(const u8 *data, size_t n, char *buf, size_t size)
{
	struct amshan_record h;

	if (n < sizeof(h)) {
		snprintf(buf, size, "%zu octets are too few for a header", n);
		return;
	}
	memcpy(&h, data, sizeof(h));
	snprintf(buf, size, "%zu octets, of which its header says %u are header and %u frame", n,
		 h.header_len, h.frame_len);
}
