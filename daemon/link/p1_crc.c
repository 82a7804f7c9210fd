// SPDX-License-Identifier: GPL-2.0
/*
 * CRC-16/ARC, sixteen octets at a time.
 *
 * Row k of the table holds what an octet contributes when k more octets follow it ("slicing"), so
 * that sixteen octets need sixteen look-ups that do not wait for each other.  The table is made by
 * the compiler out of the polynomial: what bit j of an octet contributes is the register that
 * starts as 1, after 8k + 8 - j steps, and an octet is the sum of its bits.
 */
#include "link/p1.h"

#define POLYNOMIAL	0xa001	/* x^16 + x^15 + x^2 + 1, reflected */
#define SLICES		16

#define STEP(crc)	((crc) >> 1 ^ ((crc) & 1 ? POLYNOMIAL : 0))

/* BIT_kj: bit j of an octet that k more follow. */
#define BITS(k, before)							\
	BIT_##k##7 = STEP(before), BIT_##k##6 = STEP(BIT_##k##7),	\
	BIT_##k##5 = STEP(BIT_##k##6), BIT_##k##4 = STEP(BIT_##k##5),	\
	BIT_##k##3 = STEP(BIT_##k##4), BIT_##k##2 = STEP(BIT_##k##3),	\
	BIT_##k##1 = STEP(BIT_##k##2), BIT_##k##0 = STEP(BIT_##k##1)

enum {
	BITS(0, 1),
	BITS(1, BIT_00),
	BITS(2, BIT_10),
	BITS(3, BIT_20),
	BITS(4, BIT_30),
	BITS(5, BIT_40),
	BITS(6, BIT_50),
	BITS(7, BIT_60),
	BITS(8, BIT_70),
	BITS(9, BIT_80),
	BITS(A, BIT_90),
	BITS(B, BIT_A0),
	BITS(C, BIT_B0),
	BITS(D, BIT_C0),
	BITS(E, BIT_D0),
	BITS(F, BIT_E0),
};

#define BIT(k, j, v)	((v) >> (j) & 1 ? BIT_##k##j : 0)
#define OCTET(k, v)							\
	(BIT(k, 0, v) ^ BIT(k, 1, v) ^ BIT(k, 2, v) ^ BIT(k, 3, v) ^	\
	 BIT(k, 4, v) ^ BIT(k, 5, v) ^ BIT(k, 6, v) ^ BIT(k, 7, v))
#define OCTETS_4(k, v)	OCTET(k, v), OCTET(k, (v) + 1), OCTET(k, (v) + 2), OCTET(k, (v) + 3)
#define OCTETS_16(k, v)							\
	OCTETS_4(k, v), OCTETS_4(k, (v) + 4), OCTETS_4(k, (v) + 8), OCTETS_4(k, (v) + 12)
#define OCTETS_64(k, v)							\
	OCTETS_16(k, v), OCTETS_16(k, (v) + 16), OCTETS_16(k, (v) + 32), OCTETS_16(k, (v) + 48)
#define ROW(k)		{ OCTETS_64(k, 0), OCTETS_64(k, 64), OCTETS_64(k, 128), OCTETS_64(k, 192) }

static const u16 table[SLICES][256] = {
	ROW(0), ROW(1), ROW(2), ROW(3), ROW(4), ROW(5), ROW(6), ROW(7),
	ROW(8), ROW(9), ROW(A), ROW(B), ROW(C), ROW(D), ROW(E), ROW(F),
};

u16 p1_crc16(u16 crc, const u8 *data, size_t n)
{
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
