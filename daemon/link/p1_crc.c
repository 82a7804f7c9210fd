// SPDX-License-Identifier: GPL-2.0
/*
 * CRC-16/ARC, sixteen octets at a time.
 *
 * Row k of the table holds what an octet contributes when k more octets follow it ("slicing"), so
 * that sixteen octets need sixteen look-ups that do not wait for each other.  The table is made from
 * the polynomial at the first use: who has no P1 has no 8 KiB of it in memory.
 */
#include "link/p1.h"

#define POLYNOMIAL	0xa001	/* x^16 + x^15 + x^2 + 1, reflected */
#define SLICES		16

static u16 table[SLICES][256];

static void table_make(void)
{
	for (unsigned int v = 1; v < 256; v++) {
		u16 crc = (u16)v;

		for (unsigned int bit = 0; bit < 8; bit++)
			crc = crc & 1 ? crc >> 1 ^ POLYNOMIAL : crc >> 1;
		table[0][v] = crc;
	}
	for (unsigned int k = 1; k < SLICES; k++) {
		for (unsigned int v = 1; v < 256; v++)
			table[k][v] = table[k - 1][v] >> 8 ^ table[0][table[k - 1][v] & 0xff];
	}
}

u16 p1_crc16(u16 crc, const u8 *data, size_t n)
{
	/* No octet but 0 contributes nothing. */
	if (!table[0][1])
		table_make();

	for (; n >= SLICES; data += SLICES, n -= SLICES) {
		/* What does not wait for the octets before. */
		u16 rest = table[13][data[2]] ^ table[12][data[3]] ^ table[11][data[4]] ^
			   table[10][data[5]] ^ table[9][data[6]] ^ table[8][data[7]] ^
			   table[7][data[8]] ^ table[6][data[9]] ^ table[5][data[10]] ^
			   table[4][data[11]] ^ table[3][data[12]] ^ table[2][data[13]] ^
			   table[1][data[14]] ^ table[0][data[15]];

		crc = rest ^ table[15][(crc ^ data[0]) & 0xff] ^
		      table[14][(crc >> 8 ^ data[1]) & 0xff];
	}
	for (; n; n--)
		crc = crc >> 8 ^ table[0][(crc ^ *data++) & 0xff];

	return crc;
}
