// SPDX-License-Identifier: GPL-2.0
/*
 * What is said of ciphered messages that cannot be read.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "meter/cipher_say.h"
#include "util.h"

#define TITLE { 'K', 'A', 'M', 0x4e, 0x4c, 0x5f, 0xa3, 0xa1 }

static void test_sentences(void **state)
{
	static const struct {
		enum cipher_trouble t;
		struct ciphered m;
		u32 highest;
		const char *text;
	} cases[] = {
		{ CIPHER_GOOD, { TITLE, 8, 0x30 }, 0, "" },
		{ CIPHER_NO_KEY, { TITLE, 8, 0x30 }, 0,
		  "encrypted, system title KAM4E4C5FA3A1, needs encryption and authentication key" },
		{ CIPHER_NO_KEY, { TITLE, 8, 0x20 }, 0,
		  "encrypted, system title KAM4E4C5FA3A1, needs an encryption key" },
		{ CIPHER_NO_KEY, { { 0 }, 0, 0x30 }, 0,
		  "encrypted, without a system title, needs encryption and authentication key" },
		{ CIPHER_NO_AUTHENTICATION_KEY, { TITLE, 8, 0x30 }, 0,
		  "encrypted, system title KAM4E4C5FA3A1, needs an authentication key besides its encryption "
		  "key" },
		{ CIPHER_WRONG_KEY, { TITLE, 8, 0x30 }, 0,
		  "encrypted, system title KAM4E4C5FA3A1: the key is wrong or the frame was altered" },
		{ CIPHER_NOISE, { TITLE, 8, 0x20 }, 0,
		  "encrypted, system title KAM4E4C5FA3A1: what is deciphered is no message: the key is wrong "
		  "or the frame was altered" },
		{ CIPHER_REPLAY, { TITLE, 8, 0x30, .counter = 4294967294u }, 4294967295u,
		  "system title KAM4E4C5FA3A1: replayed: frame counter 4294967294 is not above 4294967295; if "
		  "the meter was exchanged or reset: amshanctl forget --counter KAM4E4C5FA3A1" },
		{ CIPHER_NO_TAG, { { 1, 2, 3, 4, 5, 6, 7, 8 }, 8, 0x20 }, 0,
		  "system title 0102030405060708: altered: it is not authenticated and earlier ones were; if "
		  "the meter was set so: amshanctl forget --counter 0102030405060708" },
		{ CIPHER_UNSUPPORTED, { TITLE, 8, 0x32 }, 0,
		  "encrypted, system title KAM4E4C5FA3A1, in a way that cannot be read: security control 32h" },
		{ CIPHER_FAILED, { TITLE, 8, 0x30 }, 0,
		  "encrypted, system title KAM4E4C5FA3A1: it cannot be deciphered" },
	};
	char buf[CIPHER_SAY_MAX];

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_ptr_equal(cipher_say(cases[i].t, &cases[i].m, cases[i].highest, buf), buf);
		assert_string_equal(buf, cases[i].text);
	}
}

/* None is cut: a long title, large counters. */
static void test_room(void **state)
{
	const struct ciphered m = { { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff }, 8, 0xff,
				    0xffffffff };
	char buf[CIPHER_SAY_MAX];

	for (enum cipher_trouble t = CIPHER_NO_KEY; t < CIPHER_TROUBLES; t++) {
		cipher_say(t, &m, 0xffffffff, buf);
		assert_true(strlen(buf) > 0 && strlen(buf) < CIPHER_SAY_MAX - 1);
	}
}

static void test_results(void **state)
{
	assert_int_equal(cipher_trouble_of(0), CIPHER_GOOD);
	assert_int_equal(cipher_trouble_of(-ENOKEY), CIPHER_NO_AUTHENTICATION_KEY);
	assert_int_equal(cipher_trouble_of(-EKEYREJECTED), CIPHER_WRONG_KEY);
	assert_int_equal(cipher_trouble_of(-EPROTONOSUPPORT), CIPHER_UNSUPPORTED);
	assert_int_equal(cipher_trouble_of(-EMSGSIZE), CIPHER_FAILED);
	assert_int_equal(cipher_trouble_of(-EIO), CIPHER_FAILED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sentences),
		cmocka_unit_test(test_room),
		cmocka_unit_test(test_results),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
