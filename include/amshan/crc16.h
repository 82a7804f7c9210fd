/* SPDX-License-Identifier: GPL-2.0 */
/*
 * CRC-16/X.25: the HCS and the FCS of HDLC.
 *
 * Polynomial 8408h reflected, initial value and final xor FFFFh, sent low octet first
 * (ISO/IEC 13239, IEC 62056-46).  A field followed by its checksum leaves the residue F0B8h.
 */
#ifndef AMSHAN_CRC16_H
#define AMSHAN_CRC16_H

#include <amshan/types.h>

#define AMSHAN_CRC16_INIT	0xffff
#define AMSHAN_CRC16_GOOD	0xf0b8	/* residue over a field and its checksum */

/**
 * amshan_crc16() - take octets into a running checksum
 * @crc: AMSHAN_CRC16_INIT, or what an earlier call returned
 * @data: the octets
 * @n: their number
 *
 * Return: the running checksum, not yet complemented: a sender sends its complement, a receiver
 * compares it with AMSHAN_CRC16_GOOD.
 */
u16 amshan_crc16(u16 crc, const u8 *data, size_t n);

#endif /* AMSHAN_CRC16_H */
