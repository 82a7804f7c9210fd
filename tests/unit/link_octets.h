/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Octets of the framings beside HDLC, made by hand: nothing here is from what is tested.
 */
#ifndef TESTS_LINK_OCTETS_H
#define TESTS_LINK_OCTETS_H

#include <stdio.h>
#include <string.h>

#include <amshan/types.h>

#include "../sim/encode.h"

/* octets_telegram() - identification, lines, '!' and the right checksum; returns the length */
static inline size_t octets_telegram(const char *identification, const char *lines, u8 *out, size_t size)
{
	size_t n = (size_t)snprintf((char *)out, size, "/%s\r\n\r\n%s!", identification, lines);

	return n + (size_t)snprintf((char *)out + n, size - n, "%04X\r\n", sim_crc16_arc(out, n));
}

/* octets_mbus() - one long frame around @n octets of data; returns its length */
static inline size_t octets_mbus(u8 ci, const u8 *data, size_t n, u8 *out)
{
	u8 head[] = { 0x68, (u8)(n + 5), (u8)(n + 5), 0x68, 0x53, 0xff, ci, 0x01, 0x67 };
	u8 sum = 0;

	memcpy(out, head, sizeof(head));
	memcpy(out + sizeof(head), data, n);
	for (size_t i = 4; i < sizeof(head) + n; i++)
		sum += out[i];
	out[sizeof(head) + n] = sum;
	out[sizeof(head) + n + 1] = 0x16;

	return sizeof(head) + n + 2;
}

#endif /* TESTS_LINK_OCTETS_H */
