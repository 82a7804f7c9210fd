/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What is said of ciphered messages that cannot be read: the same words in the log, on D-Bus, and
 * by amshanctl.  Pure.
 */
#ifndef AMSHAN_METER_CIPHER_SAY_H
#define AMSHAN_METER_CIPHER_SAY_H

#include "dlms/cipher.h"

enum cipher_trouble {
	CIPHER_GOOD,
	CIPHER_NO_KEY,			/* keyring_find() has none for this title */
	CIPHER_NO_AUTHENTICATION_KEY,	/* it has one, but not the second one that it takes */
	CIPHER_WRONG_KEY,		/* the tag is wrong: key wrong or message altered */
	CIPHER_NOISE,			/* not verified, and what was deciphered is no message */
	CIPHER_REPLAY,			/* counters_is_replay() */
	CIPHER_NO_TAG,			/* counters_wants_tag() */
	CIPHER_UNSUPPORTED,
	CIPHER_FAILED,			/* too long, or libcrypto failed */
	CIPHER_TROUBLES,
};

/* cipher_trouble_of() - what the result of cipher_open() is */
enum cipher_trouble cipher_trouble_of(int r);

/* cipher_trouble_reason() - a few words for it, static */
const char *cipher_trouble_reason(enum cipher_trouble t);

#define CIPHER_SAY_MAX 192

/**
 * cipher_say() - a sentence without full stop
 * @t: what is wrong
 * @m: the message; also of -EPROTONOSUPPORT of ciphered_parse() title and security control are
 *     there
 * @highest: for CIPHER_REPLAY: the counter that was noted
 * @buf: CIPHER_SAY_MAX octets
 *
 * Return: @buf; "" for CIPHER_GOOD.
 */
const char *cipher_say(enum cipher_trouble t, const struct ciphered *m, u32 highest, char *buf);

#endif /* AMSHAN_METER_CIPHER_SAY_H */
