// SPDX-License-Identifier: GPL-2.0
/*
 * What is said of ciphered messages that cannot be read.
 */
#include "meter/cipher_say.h"

#include <errno.h>
#include <stdio.h>

#define TITLE_SAY_MAX	(CIPHER_TITLE_TEXT_MAX + sizeof("system title "))

enum cipher_trouble cipher_trouble_of(int r)
{
	switch (r) {
	case 0:
		return CIPHER_GOOD;
	case -ENOKEY:
		return CIPHER_NO_AUTHENTICATION_KEY;
	case -EKEYREJECTED:
		return CIPHER_WRONG_KEY;
	case -EPROTONOSUPPORT:
		return CIPHER_UNSUPPORTED;
	default:
		return CIPHER_FAILED;
	}
}

const char *cipher_say(enum cipher_trouble t, const struct ciphered *m, u32 highest, char *buf)
{
	char title[CIPHER_TITLE_TEXT_MAX], of[TITLE_SAY_MAX] = "without a system title";

	cipher_title_text(m->title, m->title_len, title);
	if (m->title_len)
		snprintf(of, sizeof(of), "system title %s", title);
	buf[0] = '\0';
	switch (t) {
	case CIPHER_GOOD:
	case CIPHER_TROUBLES:
		break;
	case CIPHER_NO_KEY:
		snprintf(buf, CIPHER_SAY_MAX, "encrypted, %s, needs %s", of,
			 m->security & CIPHER_AUTHENTICATED ? "encryption and authentication key" :
			 "an encryption key");
		break;
	case CIPHER_NO_AUTHENTICATION_KEY:
		snprintf(buf, CIPHER_SAY_MAX,
			 "encrypted, %s, needs an authentication key besides its encryption key", of);
		break;
	case CIPHER_WRONG_KEY:
		snprintf(buf, CIPHER_SAY_MAX,
			 "encrypted, %s: the key is wrong or the frame was altered", of);
		break;
	case CIPHER_NOISE:
		snprintf(buf, CIPHER_SAY_MAX, "encrypted, %s: what is deciphered is no message: the key is "
			 "wrong or the frame was altered", of);
		break;
	case CIPHER_REPLAY:
		snprintf(buf, CIPHER_SAY_MAX, "%s: replayed: frame counter %u is not above %u; if the meter "
			 "was exchanged or reset: amshanctl forget --counter %s", of, m->counter, highest,
			 title);
		break;
	case CIPHER_NO_TAG:
		snprintf(buf, CIPHER_SAY_MAX, "%s: altered: it is not authenticated and earlier ones were; if "
			 "the meter was set so: amshanctl forget --counter %s", of, title);
		break;
	case CIPHER_UNSUPPORTED:
		snprintf(buf, CIPHER_SAY_MAX,
			 "encrypted, %s, in a way that cannot be read: security control %02Xh", of,
			 m->security);
		break;
	case CIPHER_FAILED:
		snprintf(buf, CIPHER_SAY_MAX, "encrypted, %s: it cannot be deciphered", of);
		break;
	}
	return buf;
}

const char *cipher_trouble_reason(enum cipher_trouble t)
{
	static const char *const reasons[CIPHER_TROUBLES] = {
		[CIPHER_GOOD] = "none",
		[CIPHER_NO_KEY] = "encrypted, no key",
		[CIPHER_NO_AUTHENTICATION_KEY] = "encrypted, no authentication key",
		[CIPHER_WRONG_KEY] = "the key is wrong or it was altered",
		[CIPHER_NOISE] = "the key is wrong or it was altered",
		[CIPHER_REPLAY] = "a replay",
		[CIPHER_NO_TAG] = "not authenticated, as earlier ones were",
		[CIPHER_UNSUPPORTED] = "ciphered in a way that cannot be read",
		[CIPHER_FAILED] = "it cannot be deciphered",
	};

	return reasons[t];
}
