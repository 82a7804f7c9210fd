/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Keyring: which key is for which system title.  Pure text to keys; who reads files is elsewhere.
 *
 * One line per meter: `[SYSTEM-TITLE] ENCRYPTION-KEY [AUTHENTICATION-KEY]`, keys as 32 hex digits, the
 * title as 16 hex digits or three letters and 10 hex digits; # begins a comment.  A line without a
 * title is for every title that has no line of its own.
 */
#ifndef AMSHAN_DLMS_KEYRING_H
#define AMSHAN_DLMS_KEYRING_H

#include "dlms/cipher.h"

#define KEYRING_MAX	64	/* lines */

struct keyring;

/**
 * keyring_parse() - read the text of a key file
 * @text: the text
 * @n: its length
 * @ret: the keyring; untouched on failure
 * @error: on -EINVAL a sentence that names line and mistake, never what stands in the line; to be
 *         freed
 *
 * Return: 0, -EINVAL, -ENOMEM.
 */
int keyring_parse(const char *text, size_t n, struct keyring **ret, char **error);

/* keyring_free() - wipes the keys; NULL is nothing */
void keyring_free(struct keyring *k);

/* keyring_find() - the key for a title, or NULL; @k may be NULL */
const struct cipher_key *keyring_find(const struct keyring *k, const u8 *title, size_t n);

#endif /* AMSHAN_DLMS_KEYRING_H */
