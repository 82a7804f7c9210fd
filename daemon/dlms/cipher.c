// SPDX-License-Identifier: GPL-2.0
/*
 * Ciphering: what stands around a ciphered APDU, and what libcrypto does with it.
 *
 * The key schedule is the dear part: it is kept while the key stays the same, and then a message
 * only sets the IV.
 */
#include "dlms/cipher.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>

#include "link/hextext.h"

#define COUNTER_LEN	4
#define HEAD_LEN	(1 + COUNTER_LEN)	/* security control and frame counter */
#define IV_LEN		(APDU_TITLE_MAX + COUNTER_LEN)
#define TITLE_LETTERS	3

/* ---- around it ---- */

/* BER, definite form: one octet, or 81h and 82h with the length behind it */
static int length_parse(const u8 **p, const u8 *end, size_t *ret)
{
	const u8 *q = *p;
	size_t n = 0;
	unsigned int octets;

	if (q == end)
		return -EBADMSG;
	if (*q < 0x80) {
		*ret = *q;
		*p = q + 1;
		return 0;
	}
	octets = *q++ & 0x7f;
	if (octets < 1 || octets > 2 || (size_t)(end - q) < octets)
		return -EBADMSG;
	while (octets--)
		n = n << 8 | *q++;
	*ret = n;
	*p = q;
	return 0;
}

int ciphered_parse_untagged(const u8 **p, const u8 *end, struct ciphered *ret)
{
	const u8 *q = *p;
	size_t n, tag_len;

	if (q == end)
		return -EBADMSG;
	memset(ret, 0, sizeof(*ret));
	ret->title_len = *q++;
	if ((ret->title_len && ret->title_len != APDU_TITLE_MAX) || end - q < ret->title_len)
		return -EBADMSG;
	memcpy(ret->title, q, ret->title_len);
	q += ret->title_len;

	if (length_parse(&q, end, &n) < 0 || n > (size_t)(end - q) || n < HEAD_LEN)
		return -EBADMSG;
	ret->security = *q;
	ret->counter = (u32)q[1] << 24 | q[2] << 16 | q[3] << 8 | q[4];
	/*
	 * Suite 1 differs from 0 in how keys are agreed upon and signed; its cipher is the same
	 * AES-128-GCM.  Kaifa in Austria sends 21h, and is read with a key of 16 octets.
	 */
	if ((ret->security & CIPHER_SUITE) > 1 || ret->security & CIPHER_COMPRESSED ||
	    !(ret->security & CIPHER_ENCRYPTED))
		return -EPROTONOSUPPORT;
	tag_len = ret->security & CIPHER_AUTHENTICATED ? CIPHER_TAG_LEN : 0;
	if (n < HEAD_LEN + tag_len)
		return -EBADMSG;
	ret->text = q + HEAD_LEN;
	ret->n = n - HEAD_LEN - tag_len;
	ret->tag = tag_len ? ret->text + ret->n : NULL;
	*p = q + n;
	return 0;
}

int ciphered_parse(const u8 **p, const u8 *end, struct ciphered *ret)
{
	const u8 *q = *p;
	int r;

	if (q == end || (*q != APDU_GENERAL_GLO_CIPHERING && *q != APDU_GENERAL_DED_CIPHERING))
		return -EBADMSG;
	q++;
	r = ciphered_parse_untagged(&q, end, ret);
	if (r == 0)
		*p = q;
	return r;
}

/* ---- deciphering ---- */

/**
 * struct cipher - see cipher.h
 * @ctx: with the key schedule of @key, if @has_key
 * @gcm: fetched once; by name it would be looked up for each message
 * @key: encryption key
 * @tag: where @params points to
 * @params: the tag for the next message; cheaper than a call of its own
 */
struct cipher {
	EVP_CIPHER_CTX *ctx;
	EVP_CIPHER *gcm;
	bool has_key;
	u8 key[CIPHER_KEY_LEN];
	u8 tag[CIPHER_TAG_LEN];
	OSSL_PARAM params[2];
};

struct cipher *cipher_new(void)
{
	struct cipher *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->ctx = EVP_CIPHER_CTX_new();
	c->gcm = EVP_CIPHER_fetch(NULL, "AES-128-GCM", NULL);
	if (!c->ctx || !c->gcm) {
		ERR_clear_error();
		cipher_free(c);
		return NULL;
	}
	c->params[0] = OSSL_PARAM_construct_octet_string(OSSL_CIPHER_PARAM_AEAD_TAG, c->tag,
							 sizeof(c->tag));
	c->params[1] = OSSL_PARAM_construct_end();
	return c;
}

void cipher_free(struct cipher *c)
{
	if (!c)
		return;
	EVP_CIPHER_CTX_free(c->ctx);	/* wipes its key schedule */
	EVP_CIPHER_free(c->gcm);
	OPENSSL_cleanse(c, sizeof(*c));
	free(c);
}

/* begin() - the next message: IV, tag, and if it is another one the key */
static int begin(struct cipher *c, const u8 *key, const struct ciphered *m, bool verify)
{
	bool same = c->has_key && !memcmp(c->key, key, CIPHER_KEY_LEN);
	u8 iv[IV_LEN];

	memcpy(iv, m->title, APDU_TITLE_MAX);
	for (unsigned int i = 0; i < COUNTER_LEN; i++)
		iv[APDU_TITLE_MAX + i] = (u8)(m->counter >> (24 - 8 * i));
	if (verify)
		memcpy(c->tag, m->tag, CIPHER_TAG_LEN);
	c->has_key = false;
	if (!EVP_DecryptInit_ex2(c->ctx, same ? NULL : c->gcm, same ? NULL : key, iv,
				 verify ? c->params : NULL))
		return -EIO;
	if (!same)
		memcpy(c->key, key, CIPHER_KEY_LEN);
	c->has_key = true;
	return 0;
}

/* What is additionally authenticated: it stands in no message as a whole. */
static int add_data(struct cipher *c, u8 security, const u8 *authentication)
{
	u8 data[1 + CIPHER_KEY_LEN];
	int n, r;

	data[0] = security;
	memcpy(data + 1, authentication, CIPHER_KEY_LEN);
	r = EVP_DecryptUpdate(c->ctx, NULL, &n, data, sizeof(data)) ? 0 : -EIO;
	OPENSSL_cleanse(data, sizeof(data));
	return r;
}

/* @authentication: NULL: without verification GCM is nothing but counter mode */
static int decipher(struct cipher *c, const u8 *key, const u8 *authentication,
		    const struct ciphered *m, u8 *out)
{
	int n = 0, rest = 0, r;

	r = begin(c, key, m, authentication);
	if (r == 0 && authentication)
		r = add_data(c, m->security, authentication);
	if (r == 0 && m->n && !EVP_DecryptUpdate(c->ctx, out, &n, m->text, (int)m->n))
		r = -EIO;
	if (r == 0 && authentication && !EVP_DecryptFinal_ex(c->ctx, out + n, &rest))
		r = -EKEYREJECTED;
	return r;
}

bool cipher_verifies(const struct cipher_key *key, const struct ciphered *m)
{
	return m->tag && !key->unverified;
}

int cipher_open(struct cipher *c, const struct cipher_key *key, const struct ciphered *m, u8 *out,
		size_t *ret_n)
{
	/* Luxembourg: the same for all meters (Smarty P1 specification 1.1.3, 3.2.5). */
	static const u8 luxembourg[CIPHER_KEY_LEN] = {
		0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77,
		0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff,
	};
	const u8 *authentication = key->has_authentication ? key->authentication : luxembourg;
	int r;

	if (m->n > CIPHER_TEXT_MAX)
		return -EMSGSIZE;
	r = decipher(c, key->encryption, cipher_verifies(key, m) ? authentication : NULL, m, out);
	if (r < 0) {
		/* Nothing that was not verified is left to be read by mistake. */
		memset(out, 0, m->n);
		ERR_clear_error();
		return r == -EKEYREJECTED && !key->has_authentication ? -ENOKEY : r;
	}
	*ret_n = m->n;
	return 0;
}

/* ---- texts ---- */

static bool is_capital(u8 c)
{
	return c >= 'A' && c <= 'Z';
}

void cipher_title_text(const u8 *title, size_t n, char *buf)
{
	size_t i = 0, len = 0;

	buf[0] = '\0';
	if (n >= TITLE_LETTERS && is_capital(title[0]) && is_capital(title[1]) &&
	    is_capital(title[2]))
		for (; i < TITLE_LETTERS; i++)
			buf[len++] = (char)title[i];
	for (; i < n && i < APDU_TITLE_MAX; i++)
		len += (size_t)snprintf(buf + len, CIPHER_TITLE_TEXT_MAX - len, "%02X", title[i]);
}

static int hex_parse(const char *text, u8 *octets, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		int high = hextext_digit((u8)text[2 * i]), low = hextext_digit((u8)text[2 * i + 1]);

		if (high < 0 || low < 0)
			return -EINVAL;
		octets[i] = (u8)(high << 4 | low);
	}
	return 0;
}

int cipher_title_parse(const char *text, size_t n, u8 *title)
{
	if (n == 2 * APDU_TITLE_MAX)
		return hex_parse(text, title, APDU_TITLE_MAX);
	if (n != 2 * APDU_TITLE_MAX - TITLE_LETTERS)
		return -EINVAL;
	for (unsigned int i = 0; i < TITLE_LETTERS; i++) {
		title[i] = (u8)toupper((u8)text[i]);
		if (!is_capital(title[i]))
			return -EINVAL;
	}
	return hex_parse(text + TITLE_LETTERS, title + TITLE_LETTERS,
			 APDU_TITLE_MAX - TITLE_LETTERS);
}

int cipher_key_parse(const char *text, size_t n, u8 *key)
{
	if (n != 2 * CIPHER_KEY_LEN)
		return -ERANGE;
	return hex_parse(text, key, CIPHER_KEY_LEN);
}
