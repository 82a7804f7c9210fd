/* SPDX-License-Identifier: GPL-2.0 */
/*
 * amshanctl: keys on the command line, or in files that it names.
 */
#ifndef AMSHAN_CTL_KEYS_H
#define AMSHAN_CTL_KEYS_H

#include "dlms/keyring.h"

/**
 * keys_take() - what --key and --auth-key say
 * @key: 32 hex digits, or "@FILE": a file with these or with the lines of a key file; NULL: not
 *       given
 * @auth_key: 32 hex digits, or "@FILE": a file with these in its first line; NULL: not given
 * @ret: the keys; NULL if none were given; untouched on failure
 *
 * Keys in these arguments are wiped, so that a list of processes does not show them for longer than
 * need be.
 *
 * Return: 0; -EINVAL after a sentence, which quotes no key.
 */
int keys_take(char *key, char *auth_key, struct keyring **ret);

#endif /* AMSHAN_CTL_KEYS_H */
