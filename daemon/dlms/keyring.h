/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Keyring: which key is for which system title.  Pure text to keys; who reads files is elsewhere.
 *
 * One line per meter: `[SYSTEM-TITLE] ENCRYPTION-KEY [AUTHENTICATION-KEY]`, keys as 32 hex digits,
 * the title as 16 hex digits or three letters and 10 hex digits; # begins a comment.  A line
 * without a title is for every title that has no line of its own.  "unverified" in place of the
 * authentication key: read what is authenticated although it cannot be verified (see struct
 * cipher_key).
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
 * @error: on -EINVAL "LINE: what is wrong", never what stands in the line; with the name of a file
 *         and a colon before it, it is the place; to be freed; NULL without memory
 *
 * Return: 0, -EINVAL, -ENOMEM.
 */
int keyring_parse(const char *text, size_t n, struct keyring **ret, char **error);

/* keyring_ref() - one owner more, who calls keyring_free() too; NULL stays NULL */
struct keyring *keyring_ref(struct keyring *k);

/* keyring_free() - of the last owner: wipes the keys; NULL is nothing */
void keyring_free(struct keyring *k);

/**
 * keyring_set_others() - where to look for titles that have no line here
 * @k: the keyring; what a line without title says goes before
 * @others: a reference is taken; NULL: nowhere
 */
void keyring_set_others(struct keyring *k, struct keyring *others);

/**
 * keyring_authenticate() - give an authentication key to each line that has none
 * @k: the keyring
 * @key: CIPHER_KEY_LEN octets
 *
 * Return: number of lines that it was given to.
 */
unsigned int keyring_authenticate(struct keyring *k, const u8 *key);

/* keyring_find() - the key for a title, or NULL; @k may be NULL; valid as long as the keyring */
const struct cipher_key *keyring_find(const struct keyring *k, const u8 *title, size_t n);

#endif /* AMSHAN_DLMS_KEYRING_H */
