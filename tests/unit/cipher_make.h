/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Ciphered APDUs for tests, made by libcrypto's other direction and by nothing of the daemon.
 */
#ifndef TESTS_CIPHER_MAKE_H
#define TESTS_CIPHER_MAKE_H

#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include <amshan/types.h>

/**
 * struct made - what to make
 * @tag: DBh, DCh, or 0: without it, as Elgama
 * @title: 8 octets, NULL: an empty title
 * @security: security control; bit 4: append a tag
 * @counter: frame counter
 * @key: encryption key
 * @auth: authentication key
 * @form: octets of the length behind 80h: 0 (short form), 1 or 2
 */
struct made {
	u8 tag;
	const u8 *title;
	u8 security;
	u32 counter;
	const u8 *key;
	const u8 *auth;
	unsigned int form;
};

/* cipher_make() - returns the octets of @out that it wrote, aborts on failure */
static inline size_t cipher_make(const struct made *m, const u8 *plain, size_t n, u8 *out)
{
	bool tagged = m->security & 0x10;
	size_t len = 5 + n + (tagged ? 12 : 0), at = 0;
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	u8 iv[12] = { 0 }, aad[17], tag[16];
	int done;

	if (m->tag)
		out[at++] = m->tag;
	out[at++] = m->title ? 8 : 0;
	if (m->title) {
		memcpy(out + at, m->title, 8);
		memcpy(iv, m->title, 8);
		at += 8;
	}
	if (m->form)
		out[at++] = (u8)(0x80 | m->form);
	if (m->form == 2)
		out[at++] = (u8)(len >> 8);
	out[at++] = (u8)len;
	out[at++] = m->security;
	for (int i = 0; i < 4; i++)
		iv[8 + i] = out[at++] = (u8)(m->counter >> (24 - 8 * i));
	aad[0] = m->security;
	if (m->auth)
		memcpy(aad + 1, m->auth, 16);

	if (!ctx || !EVP_EncryptInit_ex(ctx, EVP_aes_128_gcm(), NULL, m->key, iv) ||
	    (tagged && !EVP_EncryptUpdate(ctx, NULL, &done, aad, sizeof(aad))) ||
	    (n && !EVP_EncryptUpdate(ctx, out + at, &done, plain, (int)n)) ||
	    !EVP_EncryptFinal_ex(ctx, out + at + n, &done) ||
	    !EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, sizeof(tag), tag))
		abort();
	EVP_CIPHER_CTX_free(ctx);
	at += n;
	if (tagged) {
		memcpy(out + at, tag, 12);
		at += 12;
	}
	return at;
}

#endif /* TESTS_CIPHER_MAKE_H */
