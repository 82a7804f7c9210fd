/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Records as /dev/amshanN gives them, for tests.
 */
#ifndef AMSHAN_TESTS_RECORDS_H
#define AMSHAN_TESTS_RECORDS_H

#include <linux/amshan.h>
#include <string.h>

#include "util.h"

/* Header, what a later module may append to it, and frame; returns the length. */
static inline size_t record_make(u8 *buf, struct amshan_record h, const u8 *frame)
{
	memcpy(buf, &h, sizeof(h));
	memset(buf + sizeof(h), 0xee, h.header_len > sizeof(h) ? h.header_len - sizeof(h) : 0);
	if (frame)
		memcpy(buf + h.header_len, frame, h.frame_len);
	return h.header_len + h.frame_len;
}

/* A general-glo-ciphering of the same length. */
static inline void frame_encrypt(u8 *apdu, const u8 *end)
{
	u16 rest = end - apdu - 13;
	u8 head[] = { 0xdb, 8, 'K', 'A', 'M', 1, 2, 3, 4, 5, 0x82, rest >> 8, rest & 0xff, 0x30 };

	memcpy(apdu, head, sizeof(head));
}

#endif /* AMSHAN_TESTS_RECORDS_H */
