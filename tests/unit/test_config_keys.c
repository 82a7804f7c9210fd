// SPDX-License-Identifier: GPL-2.0
/*
 * Key files in the configuration: which keys a source has, and what is said about a wrong one.
 *
 * Each test has an empty folder as its working directory; what is said goes to a file in it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <sys/stat.h>

#include "config_files.h"

#define KEY1	"000102030405060708090A0B0C0D0E0F"
#define KEY2	"f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff"
#define TITLE	"KAM4E4C5FA3A1"

static const u8 title[] = { 'K', 'A', 'M', 0x4e, 0x4c, 0x5f, 0xa3, 0xa1 };

/* Of the key that a source has for a title the first octet, -1: none */
static int key_of(const struct config *c, size_t source, const u8 *of)
{
	const struct cipher_key *key = keyring_find(c->sources[source].keys, of, 8);

	return key ? key->encryption[0] : -1;
}

/* A source's own keys go before those for all; each load reads them anew. */
static void test_key_files(void **state)
{
	static const char text[] = "key-file = ./all.keys\n"
				   "source a { uri = u key-file = ./a.keys }\n"
				   "source b { uri = v }\n";
	struct keyring *kept;
	struct config *c;

	write_text("all.keys", TITLE " " KEY1 "\n4B464D1020000001 " KEY1 "\n");
	write_text("a.keys", "# mine\n" TITLE " " KEY2 "\n");
	chmod("all.keys", 0600);
	chmod("a.keys", 0600);
	c = loaded(text);
	assert_string_equal(said, "");
	assert_int_equal(key_of(c, 0, title), 0xf0);
	assert_int_equal(key_of(c, 0, (const u8 *)"KFM\x10\x20\0\0\1"), 0x00);
	assert_int_equal(key_of(c, 1, title), 0x00);
	assert_int_equal(key_of(c, 1, (const u8 *)"LGZ\x10\x20\0\0\1"), -1);

	/* Who took a reference keeps what it has. */
	kept = keyring_ref(c->sources[0].keys);
	config_free(c);
	write_text("a.keys", TITLE " " KEY1 "\n");
	c = loaded(text);
	assert_int_equal(key_of(c, 0, title), 0x00);
	assert_int_equal(keyring_find(kept, title, 8)->encryption[0], 0xf0);
	keyring_free(kept);
	config_free(c);

	c = loaded("source a { uri = u key-file = ./a.keys }");
	assert_null(c->keys);
	assert_int_equal(key_of(c, 0, title), 0x00);
	config_free(c);
	c = loaded("source a { uri = u }");
	assert_null(c->sources[0].keys);
	config_free(c);
}

/* What is wrong with a key file has its place, and nothing of what stands there. */
static void test_key_files_that_are_wrong(void **state)
{
	static const struct {
		const char *content, *conf, *says;
		int r;
	} cases[] = {
		{ "# none\n", "key-file = ./keys", "a.conf:1: key-file: ./keys:1: there is no key\n", -EINVAL },
		{ "\n" TITLE " 0011223344\n", "\nsource a { uri = u\n key-file = ./keys }",
		  "a.conf:3: key-file: ./keys:2: the encryption key has 10 characters, not 32 hex digits\n",
		  -EINVAL },
		{ KEY1 " " KEY2 " " KEY1, "key-file = ./keys",
		  "a.conf:1: key-file: ./keys:1: begins with no system title: 16 hex digits, or three letters "
		  "and 10 hex digits\n", -EINVAL },
		{ NULL, "key-file = ./none",
		  "a.conf:1: key-file: ./none: cannot be read: No such file or directory\n", 0 },
		{ NULL, "key-file = \"/\"", "a.conf:1: key-file: / is not a regular file\n", -EINVAL },
		{ NULL, "key-file = \"/dev/zero\"", "a.conf:1: key-file: /dev/zero is not a regular file\n", -EINVAL },
		{ NULL, "source a { uri = u key-file = " KEY1 " }",
		  "a.conf:1: key-file: is a key itself; it belongs into a file that only amshand can read, and "
		  "here its path\n", -EINVAL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct config *c = NULL;

		if (cases[i].content)
			write_text("keys", cases[i].content);
		chmod("keys", 0600);
		write_text("a.conf", cases[i].conf);
		assert_int_equal(load("a.conf", &c), cases[i].r);
		if (!strstr(said, cases[i].says))
			fail_msg("%s: %s", cases[i].conf, said);
		if (strstr(said, "001122") || strstr(said, KEY1) || strstr(said, TITLE))
			fail_msg("says what it must not: %s", said);
		if (cases[i].r == 0)
			config_free(c);
	}
}

/* A bare name is a credential; where there are none at all nothing is said of its content. */
static void test_key_files_as_credentials(void **state)
{
	struct config *c;

	c = loaded("key-file = keys");
	assert_non_null(strstr(said, "a.conf:1: key-file: \"keys\" is the name of a credential, and there are none"));
	assert_null(c->keys);
	config_free(c);

	setenv("CREDENTIALS_DIRECTORY", "./credentials", 1);
	c = loaded("source a { uri = u key-file = keys }");
	assert_string_equal(said, "");
	config_free(c);
	assert_int_equal(mkdir("credentials", 0700), 0);
	c = loaded("source a { uri = u key-file = keys }");
	assert_string_equal(said, "a.conf:1: key-file: ./credentials/keys: cannot be read: No such file or "
				  "directory\n");
	config_free(c);
	write_text("credentials/keys", KEY2);
	c = loaded("source a { uri = u key-file = keys }");
	assert_int_equal(key_of(c, 0, title), 0xf0);
	config_free(c);
	unsetenv("CREDENTIALS_DIRECTORY");
}

/* Everybody's eyes are said once for each file, and it is read all the same. */
static void test_key_file_that_everybody_can_read(void **state)
{
	struct config *c;

	write_text("keys", KEY2);
	chmod("keys", 0644);
	c = loaded("source a { uri = u key-file = ./keys }");
	assert_string_equal(said, "a.conf:1: key-file: everybody can read ./keys; chmod 600 would keep it secret\n");
	assert_int_equal(key_of(c, 0, title), 0xf0);
	config_free(c);
}

int main(void)
{
#define TEST(test) cmocka_unit_test_setup_teardown(test, enter_folder, leave_folder)
	const struct CMUnitTest tests[] = {
		TEST(test_key_files),
		TEST(test_key_files_that_are_wrong),
		TEST(test_key_files_as_credentials),
		TEST(test_key_file_that_everybody_can_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
