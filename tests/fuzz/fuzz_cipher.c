// SPDX-License-Identifier: GPL-2.0
/*
 * Fuzz ciphering: whatever is in a message, it is refused or opened, and never with more octets
 * than came; and what a key file says is taken or refused with a sentence without its content.
 *
 * Input: one octet that says which, then the APDU or the text.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dlms/counters.h"
#include "dlms/keyring.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t n);

static void fuzz_text(const char *text, size_t n)
{
	struct keyring *k = NULL;
	char *error = NULL;
	int r = keyring_parse(text, n, &k, &error);

	if (r == 0) {
		keyring_find(k, (const u8 *)text, APDU_TITLE_MAX < n ? APDU_TITLE_MAX : 0);
		keyring_free(k);
		return;
	}
	if (r != -EINVAL || !error || error[0] < '1' || error[0] > '9')
		abort();
	free(error);
}

static void fuzz_apdus(const u8 *data, size_t n, bool untagged, bool unverified)
{
	/* The keys of the Green Book, which is among the seeds. */
	static struct cipher_key key = { .has_authentication = true };
	static struct counters counters;
	static struct cipher *cipher;
	static u8 out[CIPHER_TEXT_MAX];
	const u8 *p = data, *end = data + n;
	struct ciphered m;

	if (!cipher)
		cipher = cipher_new();
	for (u8 i = 0; i < CIPHER_KEY_LEN; i++) {
		key.encryption[i] = i;
		key.authentication[i] = 0xd0 + i;
	}
	key.unverified = unverified;
	counters.n = 0;
	for (;;) {
		const u8 *before = p;
		size_t len = 0;
		int r = untagged ? ciphered_parse_untagged(&p, end, &m) : ciphered_parse(&p, end, &m);

		if (r < 0) {
			if (p != before || (r != -EBADMSG && r != -EPROTONOSUPPORT))
				abort();
			return;
		}
		if (p <= before || p > end || m.text < before || m.text + m.n > p ||
		    (m.tag && m.tag + CIPHER_TAG_LEN != p))
			abort();
		r = cipher_open(cipher, &key, &m, out, &len);
		if (r < 0 ? r != -EKEYREJECTED && r != -EMSGSIZE : len != m.n)
			abort();
		if (r < 0 && m.n <= CIPHER_TEXT_MAX)
			for (size_t i = 0; i < m.n; i++)
				if (out[i])
					abort();
		if (r < 0)
			continue;
		counters_note(&counters, m.title, m.title_len, m.counter, cipher_verifies(&key, &m));
		if (m.title_len && !counters_is_replay(&counters, m.title, m.title_len, m.counter, NULL))
			abort();
	}
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t n)
{
	if (!n)
		return 0;
	if (*data & 1)
		fuzz_text((const char *)data + 1, n - 1);
	else
		fuzz_apdus(data + 1, n - 1, *data & 2, *data & 4);
	return 0;
}
