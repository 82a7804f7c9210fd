/* SPDX-License-Identifier: GPL-2.0 */
/*
 * AES-128-GCM from libcrypto: the one thing that the simulator does not do itself.
 */
#ifndef SIM_GCM_H
#define SIM_GCM_H

#include "wrap.h"

/**
 * sim_gcm_seal() - encrypt, and authenticate if the security control says so
 * @c: keys, title, security control and counter
 * @plain: plain text
 * @n: its length
 * @text: gets as many octets
 * @tag: gets the tag; of no use if it is not authenticated
 *
 * IV: system title and frame counter.  Additional data: security control and authentication key
 * (DLMS UA Green Book, 9.2.7.2.4).
 *
 * Return: 0 or -EIO.
 */
int sim_gcm_seal(const struct sim_cipher *c, const u8 *plain, size_t n, u8 *text,
		 u8 tag[SIM_TAG_LEN]);

#endif /* SIM_GCM_H */
