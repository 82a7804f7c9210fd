/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What lies around an APDU or a telegram: ciphering, blocks, segments, frames.
 *
 * From inside out: ciphering (general-glo- or general-ded-ciphering), general block transfer, LLC,
 * HDLC segments or M-Bus frames.  As the rest of the encoder it has nothing from the daemon, and
 * nothing from a library: who wants ciphering brings the function that does AES-128-GCM (gcm.h).
 */
#ifndef SIM_WRAP_H
#define SIM_WRAP_H

#include "encode.h"

#define SIM_OCTETS_MAX	8192	/* one message with all that is around it */
#define SIM_PARTS_MAX	128

#define SIM_KEY_LEN	16
#define SIM_TITLE_LEN	8
#define SIM_TAG_LEN	12

#define SIM_AUTHENTICATED 0x10	/* in the security control */

enum sim_framing {
	SIM_HDLC,	/* one whole frame with both flags, or one for each segment and block */
	SIM_LLC,	/* E6 E7 00 and APDU */
	SIM_APDU,
	SIM_BODY,	/* the array or structure; of a telegram all through its '!' */
	SIM_MBUS,	/* long frames; wrapped messages alone */
	SIM_P1,		/* a telegram as it is, or bare ciphered on the line */
};

enum sim_p1_crc {
	SIM_CRC_GOOD,
	SIM_CRC_NONE,
	SIM_CRC_ZERO,
	SIM_CRC_WRONG,	/* the one of HDLC: some meters compute another CRC */
};

/**
 * struct sim_cipher - how messages are ciphered
 * @seal: does AES-128-GCM: sim_gcm_seal()
 * @key: encryption key
 * @auth_key: authentication key, if @has_auth_key
 * @has_auth_key: as above; needed if @security has SIM_AUTHENTICATED
 * @title: system title
 * @security: security control: 20h, 21h or 30h
 * @dedicated: tag DCh instead of DBh
 * @no_tag: the tag is cut off, although @security promises it
 * @counter: frame counter of the next message; who builds messages raises it
 */
struct sim_cipher {
	int (*seal)(const struct sim_cipher *c, const u8 *plain, size_t n, u8 *text,
		    u8 tag[SIM_TAG_LEN]);
	u8 key[SIM_KEY_LEN];
	u8 auth_key[SIM_KEY_LEN];
	bool has_auth_key;
	u8 title[SIM_TITLE_LEN];
	u8 security;
	bool dedicated;
	bool no_tag;
	u32 counter;
};

/**
 * struct sim_wrap - what is to lie around a message; all zero: one HDLC frame
 * @framing: the outermost layer
 * @segment: octets of information per HDLC frame, 0: all in one frame
 * @block: octets of data per block of general block transfer, 0: none
 * @mbus_length: greatest L of an M-Bus frame, 0: FAh; above FFh it wraps: 256 is sent as 0
 * @p1_crc: of a telegram that is not ciphered, and of the lines around one that is
 * @p1_lines: a ciphered telegram stands between an identification and '!'
 * @cipher: NULL: not ciphered; not owned
 */
struct sim_wrap {
	enum sim_framing framing;
	unsigned int segment;
	unsigned int block;
	unsigned int mbus_length;
	enum sim_p1_crc p1_crc;
	bool p1_lines;
	const struct sim_cipher *cipher;
};

/**
 * struct sim_payload - what is to be wrapped; nothing is owned
 * @octets: an APDU, or a telegram through its '!'
 * @n: their number
 * @telegram: which of both
 * @head: addresses and control field of HDLC frames
 * @head_n: their number
 */
struct sim_payload {
	const u8 *octets;
	size_t n;
	bool telegram;
	const u8 *head;
	size_t head_n;
};

/**
 * struct sim_parts - frames or blocks of a wrapped message, one behind the other
 * @n: their number
 * @end: offset behind each
 */
struct sim_parts {
	unsigned int n;
	u16 end[SIM_PARTS_MAX];
};

/**
 * sim_wrap() - append a message with all that is around it
 * @e: where to
 * @w: what is to be around it
 * @in: the message
 * @ret: where its parts end, counted from the first octet of it; or NULL
 *
 * Return: 0; -EINVAL if @w makes no sense for this payload (a plain telegram in HDLC, an APDU as
 * P1, authentication without a key); -EMSGSIZE for more parts than M-Bus can count or @ret can
 * hold; -ENOBUFS if the octets do not fit; -EIO if the library fails.  On failure the content of
 * @e is undefined.
 */
int sim_wrap(struct enc *e, const struct sim_wrap *w, const struct sim_payload *in,
	     struct sim_parts *ret);

/* enc_p1_end() - the checksum behind a telegram that begins at @mark and now ends with '!' */
void enc_p1_end(struct enc *e, size_t mark, enum sim_p1_crc crc);

#endif /* SIM_WRAP_H */
