/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Ciphering: general-glo-ciphering and general-ded-ciphering, security suite 0 (AES-128-GCM;
 * IEC 62056-5-3, DLMS UA Green Book).
 *
 * `DB or DC | system title | BER length | security control | u32 frame counter | ciphertext [| tag]`.
 * Security control: low nibble suite, bit 4 authenticated, bit 5 encrypted, bit 7 compressed.  IV:
 * system title and frame counter.  Additional data: security control and authentication key.  The
 * tag has 12 octets.
 */
#ifndef AMSHAN_DLMS_CIPHER_H
#define AMSHAN_DLMS_CIPHER_H

#include "dlms/apdu.h"

#define CIPHER_KEY_LEN	16
#define CIPHER_TAG_LEN	12
#define CIPHER_TEXT_MAX	16384	/* octets of one APDU */

/**
 * struct cipher_key - the keys of a meter
 * @encryption: global (or dedicated) unicast encryption key
 * @authentication: authentication key, if @has_authentication
 */
struct cipher_key {
	u8 encryption[CIPHER_KEY_LEN];
	u8 authentication[CIPHER_KEY_LEN];
	bool has_authentication;
};

/**
 * struct ciphered - one ciphered APDU, taken apart
 * @title: system title, @title_len octets: 0 or 8
 * @security: security control
 * @counter: frame counter
 * @text: ciphertext, without the tag
 * @n: its length
 * @tag: CIPHER_TAG_LEN octets, NULL: it is not authenticated
 */
struct ciphered {
	u8 title[APDU_TITLE_MAX];
	u8 title_len;
	u8 security;
	u32 counter;
	const u8 *text;
	size_t n;
	const u8 *tag;
};

/**
 * ciphered_parse() - take one apart
 * @p: cursor at the tag DBh or DCh; behind the APDU on success, else untouched
 * @end: end of the octets
 * @ret: undefined on failure
 *
 * Return: 0; -EBADMSG if it is cut off or malformed; -EPROTONOSUPPORT for another suite than 0, for
 * compression, or for one that is not encrypted.
 */
int ciphered_parse(const u8 **p, const u8 *end, struct ciphered *ret);

struct cipher;

/* cipher_new() - a context of libcrypto, reused for all messages; NULL without memory */
struct cipher *cipher_new(void);
void cipher_free(struct cipher *c);	/* wipes its keys */

/**
 * cipher_open() - verify and decipher
 * @c: the context
 * @key: the keys
 * @m: the APDU
 * @out: CIPHER_TEXT_MAX octets; nothing is to be read from it on failure
 * @ret_n: octets of plain text; untouched on failure
 *
 * Return: 0; -ENOKEY if the APDU is authenticated and @key has no authentication key; -EKEYREJECTED
 * if the tag is wrong: key wrong or APDU altered; -EMSGSIZE; -EIO if libcrypto fails.
 */
int cipher_open(struct cipher *c, const struct cipher_key *key, const struct ciphered *m, u8 *out,
		size_t *ret_n);

#define CIPHER_TITLE_TEXT_MAX	sizeof("KAM4E4C5FA3A1 0011")

/* cipher_title_text() - "KAM" and the rest in hex; all in hex if it does not begin with 3 letters */
void cipher_title_text(const u8 *title, size_t n, char *buf);

#endif /* AMSHAN_DLMS_CIPHER_H */
