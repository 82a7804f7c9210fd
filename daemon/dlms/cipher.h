/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Ciphering: general-glo-ciphering and general-ded-ciphering, security suites 0 and 1, which are
 * both AES-128-GCM (IEC 62056-5-3, DLMS UA Green Book).
 *
 * `DB or DC | system title | BER length | security control | u32 frame counter | ciphertext
 * [| tag]`.  Security control: low nibble suite, bit 4 authenticated, bit 5 encrypted, bit 6
 * broadcast key, bit 7 compressed.  IV: system title and frame counter.  Additional data: security
 * control and authentication key.  The tag has 12 octets.
 */
#ifndef AMSHAN_DLMS_CIPHER_H
#define AMSHAN_DLMS_CIPHER_H

#include "dlms/apdu.h"

#define CIPHER_SUITE	0x0f	/* security control: 0 and 1: AES-128-GCM, 2: AES-256-GCM */
#define CIPHER_AUTHENTICATED	0x10
#define CIPHER_ENCRYPTED	0x20
#define CIPHER_COMPRESSED	0x80

#define CIPHER_KEY_LEN	16
#define CIPHER_TAG_LEN	12
#define CIPHER_TEXT_MAX	16384	/* octets of one APDU */

/**
 * struct cipher_key - the keys of a meter
 * @encryption: global (or dedicated) unicast encryption key
 * @authentication: authentication key, if @has_authentication
 * @unverified: the user has no authentication key, and wants what cannot be verified all the same
 *
 * Some grid companies hand out no authentication key although their meters authenticate (Landis+Gyr
 * E450 in Switzerland).  It takes the user's word for it: nothing is read unverified by itself.
 */
struct cipher_key {
	u8 encryption[CIPHER_KEY_LEN];
	u8 authentication[CIPHER_KEY_LEN];
	bool has_authentication;
	bool unverified;
};

/**
 * struct ciphered - one ciphered APDU, taken apart
 * @title: system title, @title_len octets: 0 or 8; zeros if there is none
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
 * @ret: undefined on failure, but for title, security control and counter if it is -EPROTONOSUPPORT
 *
 * Return: 0; -EBADMSG if it is cut off or malformed, or its length lies; -EPROTONOSUPPORT for
 * another suite than 0 and 1, for compression, or for one that is not encrypted.
 */
int ciphered_parse(const u8 **p, const u8 *end, struct ciphered *ret);

/**
 * ciphered_parse_untagged() - likewise without the tag, from the length of the system title on
 *
 * So Elgama (G15, G35 in Poland) puts it behind the identification line of a P1 telegram; the title
 * is empty there and the counter always 0.
 */
int ciphered_parse_untagged(const u8 **p, const u8 *end, struct ciphered *ret);

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
 * Without a tag (or if the key says so) nothing is verified: a wrong key gives 0 and noise.
 * Without an authentication key the fixed one of Luxembourg is tried.  Of an empty title the IV has
 * zeros.
 *
 * Return: 0; -ENOKEY if the APDU is authenticated, and @key has no authentication key;
 * -EKEYREJECTED if the tag is wrong: key wrong or APDU altered; -EMSGSIZE; -EIO if libcrypto fails.
 */
int cipher_open(struct cipher *c, const struct cipher_key *key, const struct ciphered *m, u8 *out,
		size_t *ret_n);

/* cipher_verifies() - does cipher_open() with this key verify this APDU? */
bool cipher_verifies(const struct cipher_key *key, const struct ciphered *m);

#define CIPHER_TITLE_TEXT_MAX	(2 * APDU_TITLE_MAX + 1)

/* cipher_title_text() - "KAM" and the rest in hex; all in hex if it does not begin with 3 letters */
void cipher_title_text(const u8 *title, size_t n, char *buf);

/**
 * cipher_title_parse() - the way back
 * @text: three letters and 10 hex digits, or 16 hex digits
 * @n: its length
 * @title: APDU_TITLE_MAX octets; undefined on failure
 *
 * Return: 0 or -EINVAL.
 */
int cipher_title_parse(const char *text, size_t n, u8 *title);

/**
 * cipher_key_parse() - 32 hex digits
 * @text: the digits
 * @n: their number
 * @key: CIPHER_KEY_LEN octets; undefined on failure
 *
 * Return: 0; -ERANGE for another number; -EINVAL for something else among them.
 */
int cipher_key_parse(const char *text, size_t n, u8 *key);

#endif /* AMSHAN_DLMS_CIPHER_H */
