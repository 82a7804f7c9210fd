// SPDX-License-Identifier: GPL-2.0
/*
 * Key files: which key is for which title, and what is said of a line that is wrong.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dlms/keyring.h"
#include "util.h"

#define KEY1	"000102030405060708090A0B0C0D0E0F"
#define KEY2	"f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff"
#define AUTH	"D0D1D2D3D4D5D6D7D8D9DADBDCDDDEDF"

static const u8 kamstrup[] = { 'K', 'A', 'M', 0x4e, 0x4c, 0x5f, 0xa3, 0xa1 };
static const u8 kaifa[] = { 'K', 'F', 'M', 0x10, 0x20, 0x00, 0x00, 0x01 };
static const u8 other[] = { 'L', 'G', 'Z', 0x10, 0x20, 0x00, 0x00, 0x01 };

static struct keyring *ring(const char *text)
{
	struct keyring *k = NULL;
	char *error = NULL;

	if (keyring_parse(text, strlen(text), &k, &error) < 0)
		fail_msg("refused: %s", error);
	return k;
}

static int first(const struct keyring *k, const u8 *title, size_t n)
{
	const struct cipher_key *key = keyring_find(k, title, n);

	return key ? key->encryption[0] : -1;
}

static void test_lines(void **state)
{
	struct keyring *k = ring("# keys of the house\n"
				 "\n"
				 "\tKAM4E4C5FA3A1  " KEY1 " " AUTH "\t# the meter\r\n"
				 "4B464D1020000001 " KEY2 "#no blank needed");
	const struct cipher_key *key = keyring_find(k, kamstrup, 8);

	assert_non_null(key);
	assert_true(key->has_authentication);
	assert_false(key->unverified);
	for (u8 i = 0; i < CIPHER_KEY_LEN; i++) {
		assert_int_equal(key->encryption[i], i);
		assert_int_equal(key->authentication[i], 0xd0 + i);
	}
	key = keyring_find(k, kaifa, 8);
	assert_non_null(key);
	assert_false(key->has_authentication);
	assert_int_equal(key->encryption[15], 0xff);
	assert_null(keyring_find(k, other, 8));
	assert_null(keyring_find(k, NULL, 0));
	assert_null(keyring_find(NULL, kaifa, 8));
	keyring_free(k);
	keyring_free(NULL);
}

static void test_without_title(void **state)
{
	struct keyring *k = ring(KEY2 "\nKAM4E4C5FA3A1 " KEY1 "\n");

	assert_int_equal(first(k, kamstrup, 8), 0x00);
	assert_int_equal(first(k, kaifa, 8), 0xf0);
	assert_int_equal(first(k, NULL, 0), 0xf0);	/* Elgama: an empty title */
	keyring_free(k);

	/* Two words without a title are two keys. */
	k = ring(KEY1 " " AUTH);
	assert_true(keyring_find(k, other, 8)->has_authentication);
	keyring_free(k);
	k = ring(KEY1 " unverified");
	assert_true(keyring_find(k, other, 8)->unverified);
	assert_false(keyring_find(k, other, 8)->has_authentication);
	keyring_free(k);
}

static void test_others(void **state)
{
	struct keyring *own = ring("KAM4E4C5FA3A1 " KEY1), *all = ring("KAM4E4C5FA3A1 " KEY2 "\n"
								    "KFM1020000001 " KEY2);

	keyring_set_others(own, all);
	keyring_free(all);	/* own keeps it */
	assert_int_equal(first(own, kamstrup, 8), 0x00);
	assert_int_equal(first(own, kaifa, 8), 0xf0);
	assert_int_equal(first(own, other, 8), -1);
	assert_ptr_equal(keyring_ref(own), own);
	keyring_free(own);
	assert_int_equal(first(own, kaifa, 8), 0xf0);
	keyring_set_others(own, NULL);
	assert_int_equal(first(own, kaifa, 8), -1);
	keyring_free(own);
	assert_null(keyring_ref(NULL));
}

static void test_authenticate(void **state)
{
	static const u8 key[CIPHER_KEY_LEN] = { 0xab };
	struct keyring *k = ring(KEY1 "\nKFM1020000001 " KEY2 " " AUTH "\nKAM4E4C5FA3A1 " KEY1 " unverified");

	assert_int_equal(keyring_authenticate(k, key), 1);
	assert_int_equal(keyring_find(k, other, 8)->authentication[0], 0xab);
	assert_true(keyring_find(k, other, 8)->has_authentication);
	assert_int_equal(keyring_find(k, kaifa, 8)->authentication[0], 0xd0);
	assert_true(keyring_find(k, kamstrup, 8)->unverified);
	assert_int_equal(keyring_authenticate(k, key), 0);
	keyring_free(k);
}

/* Never what stands in the line: it is a key, or nearly one. */
static void test_mistakes(void **state)
{
	static const struct {
		const char *text, *says;
	} cases[] = {
		{ "", "1: there is no key" },
		{ "# nothing\n\n", "1: there is no key" },
		{ "\n" "0011223344", "2: the encryption key has 10 characters, not 32 hex digits" },
		{ KEY1 "0", "1: the encryption key has 33 characters, not 32 hex digits" },
		{ "000102030405060708090A0B0C0D0E0G",
		  "1: the encryption key has a character that is no hex digit" },
		{ KEY1 " D0D1D2D3D4D5D6D7D8D9DADBDCDDDED",
		  "1: the authentication key has 31 characters, not 32 hex digits" },
		{ "KAM4E4C5FA3A1 " KEY1 " D0D1D2D3D4D5D6D7D8D9DADBDCDDDE*F",
		  "1: the authentication key has a character that is no hex digit" },
		{ "KAM4E4C5FA3A1 " KEY1 " verified",
		  "1: the authentication key has 8 characters, not 32 hex digits" },
		{ "KAM4E4C5FA3A " KEY1, "1: begins with no system title: 16 hex digits, or three letters "
					"and 10 hex digits" },
		{ KEY1 " " KEY2 " " AUTH, "1: begins with no system title: 16 hex digits, or three letters "
					  "and 10 hex digits" },
		{ "KAM4E4C5FA3A1 " KEY1 " " AUTH " x", "1: more than a system title and two keys" },
		{ "00 11 22 33 44 55 66 77", "1: more than a system title and two keys" },
		{ "KAM4E4C5FA3A1 " KEY1 "\n4B414D4E4C5FA3A1 " KEY2,
		  "2: this system title has a key in line 1" },
		{ KEY1 "\n\n" KEY2, "3: line 1 has a key for all other system titles already" },
		{ "\xef\xbb\xbf" KEY1, "1: the encryption key has 35 characters, not 32 hex digits" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct keyring *k = (void *)1;
		char *error = NULL;

		assert_int_equal(keyring_parse(cases[i].text, strlen(cases[i].text), &k, &error), -EINVAL);
		assert_string_equal(error, cases[i].says);
		assert_ptr_equal(k, (void *)1);
		free(error);
	}
}

static void test_too_many(void **state)
{
	char text[(KEYRING_MAX + 1) * 64], *error = NULL;
	struct keyring *k = NULL;
	size_t n = 0, fits = 0;

	for (int i = 0; i <= KEYRING_MAX; i++) {
		fits = n;
		n += (size_t)sprintf(text + n, "%016X %032X\n", i, i);
	}
	assert_int_equal(keyring_parse(text, fits, &k, &error), 0);
	keyring_free(k);
	assert_int_equal(keyring_parse(text, n, &k, &error), -EINVAL);
	assert_string_equal(error, "65: more than 64 lines with keys");
	free(error);
}

/* NULs are in no key; nothing is read behind the end. */
static void test_octets(void **state)
{
	struct keyring *k = NULL;
	char *error = NULL, *text = malloc(32);

	memcpy(text, KEY1, 32);
	assert_int_equal(keyring_parse(text, 32, &k, &error), 0);
	keyring_free(k);
	text[31] = '\0';
	assert_int_equal(keyring_parse(text, 32, &k, &error), -EINVAL);
	assert_string_equal(error, "1: the encryption key has a character that is no hex digit");
	free(error);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),	      cmocka_unit_test(test_without_title),
		cmocka_unit_test(test_others),	      cmocka_unit_test(test_authenticate),
		cmocka_unit_test(test_mistakes),      cmocka_unit_test(test_too_many),
		cmocka_unit_test(test_octets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
