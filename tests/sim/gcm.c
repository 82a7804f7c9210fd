// SPDX-License-Identifier: GPL-2.0
/*
 * AES-128-GCM from libcrypto.
 */
#include <errno.h>
#include <openssl/evp.h>
#include <string.h>

#include "gcm.h"

int sim_gcm_seal(const struct sim_cipher *c, const u8 *plain, size_t n, u8 *text,
		 u8 tag[SIM_TAG_LEN])
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	u8 iv[SIM_TITLE_LEN + 4], aad[1 + SIM_KEY_LEN];
	struct enc e;
	int len, ok;

	enc_init(&e, iv, sizeof(iv));
	enc_octets(&e, c->title, sizeof(c->title));
	enc_number(&e, c->counter, 4);
	enc_init(&e, aad, sizeof(aad));
	enc_number(&e, c->security, 1);
	enc_octets(&e, c->auth_key, sizeof(c->auth_key));

	ok = ctx && EVP_EncryptInit_ex(ctx, EVP_aes_128_gcm(), NULL, c->key, iv) == 1;
	if (ok && c->security & SIM_AUTHENTICATED)
		ok = EVP_EncryptUpdate(ctx, NULL, &len, aad, sizeof(aad)) == 1;
	ok = ok && EVP_EncryptUpdate(ctx, text, &len, plain, (int)n) == 1 && len == (int)n &&
	     EVP_EncryptFinal_ex(ctx, text + n, &len) == 1 &&
	     EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_GET_TAG, SIM_TAG_LEN, tag) == 1;
	EVP_CIPHER_CTX_free(ctx);
	return ok ? 0 : -EIO;
}
