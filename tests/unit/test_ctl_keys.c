// SPDX-License-Identifier: GPL-2.0
/*
 * amshanctl: --key and --auth-key; what is said of a wrong one never has a part of it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <unistd.h>

#include "ctl/keys.c"
#include "ctl/text.c"

#define KEY	"000102030405060708090A0B0C0D0E0F"
#define AUTH	"D0D1D2D3D4D5D6D7D8D9DADBDCDDDEDF"

static const u8 title[] = { 'K', 'A', 'M', 0x4e, 0x4c, 0x5f, 0xa3, 0xa1 };
static char said[512];

void ctl_say(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(said, sizeof(said), fmt, ap);
	va_end(ap);
}

static int enter_folder(void **state)
{
	char *folder = strdup("/tmp/amshan-test-keys-XXXXXX");

	*state = folder;
	return !mkdtemp(folder) || chdir(folder);
}

static int leave_folder(void **state)
{
	_cleanup_free_ char *folder = *state;
	char command[128];

	snprintf(command, sizeof(command), "rm -rf %s", folder);
	return chdir("/") || system(command);
}

static void put(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(text, f);
	assert_int_equal(fclose(f), 0);
}

/* The arguments are those of a process: they can be written to. */
static int take(const char *key, const char *auth, struct keyring **ret)
{
	char a[128], b[128];
	int r;

	snprintf(a, sizeof(a), "%s", key ?: "");
	snprintf(b, sizeof(b), "%s", auth ?: "");
	said[0] = '\0';
	r = keys_take(key ? a : NULL, auth ? b : NULL, ret);
	/* Nothing of a key is left there; names of files are. */
	if (key)
		assert_true(*key == '@' ? !strcmp(a, key) : strspn(a, "x") == strlen(key));
	if (auth)
		assert_true(*auth == '@' ? !strcmp(b, auth) : strspn(b, "x") == strlen(auth));
	return r;
}

static void test_right(void **state)
{
	static const struct {
		const char *key, *auth;
		bool has_authentication;
	} cases[] = {
		{ KEY, NULL, false },
		{ KEY, AUTH, true },
		{ KEY, "@auth", true },
		{ "@one", NULL, false },
		{ "@one", AUTH, true },
		{ "@several", NULL, false },
		{ "@several", "@auth", true },
		{ "@both", NULL, true },
	};
	struct keyring *k = NULL;

	put("one", KEY "\n");
	put("auth", AUTH "\nsomething else\n");
	put("several", "KFM1020000001 " AUTH " " AUTH "\n# mine\nKAM4E4C5FA3A1 " KEY "\n");
	put("both", KEY " " AUTH "\n");
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct cipher_key *key;

		assert_int_equal(take(cases[i].key, cases[i].auth, &k), 0);
		assert_string_equal(said, "");
		key = keyring_find(k, title, sizeof(title));
		assert_non_null(key);
		assert_int_equal(key->encryption[15], 0x0f);
		assert_int_equal(key->has_authentication, cases[i].has_authentication);
		if (key->has_authentication)
			assert_int_equal(key->authentication[15], 0xdf);
		keyring_free(k);
	}
	k = (void *)1;
	assert_int_equal(take(NULL, NULL, &k), 0);
	assert_null(k);
}

static void test_wrong(void **state)
{
	static const struct {
		const char *key, *auth, *says;
	} cases[] = {
		{ NULL, AUTH, "--auth-key: is nothing without --key" },
		{ "", NULL, "--key: the key has 0 characters, not 32 hex digits" },
		{ "00112233", NULL, "--key: the key has 8 characters, not 32 hex digits" },
		{ KEY "0", NULL, "--key: the key has 33 characters, not 32 hex digits" },
		{ "0001020304050607 8090A0B0C0D0E0F", NULL, "--key: the key has a character that is no hex digit" },
		{ "0001020304050607:8090A0B0C0D0E0F0", NULL, "--key: the key has 33 characters, not 32 hex digits" },
		{ "000102030405060708090A0B0C0D0E0G", NULL, "--key: the key has a character that is no hex digit" },
		{ "KAM4E4C5FA3A1 " KEY, NULL, "--key: the key has 46 characters, not 32 hex digits" },
		{ KEY, "D0", "--auth-key: the key has 2 characters, not 32 hex digits" },
		{ KEY, "@short", "--auth-key: short: the key has 10 characters, not 32 hex digits" },
		{ KEY, "@empty", "--auth-key: empty: its first line is empty" },
		{ KEY, "@none", "--auth-key: none: No such file or directory" },
		{ KEY, "@", "--auth-key: @ needs the name of a file behind it" },
		{ "@", NULL, "--key: @ needs the name of a file behind it" },
		{ "@none", NULL, "--key: none: No such file or directory" },
		{ "@.", NULL, "--key: .: Is a directory" },
		{ "@empty", NULL, "--key: empty:1: there is no key" },
		{ "@second", NULL, "--key: second:2: the encryption key has 10 characters, not 32 hex digits" },
		{ "@both", AUTH, "--auth-key: the keys of --key have one already" },
	};

	put("short", "0011223344\n");
	put("empty", "");
	put("second", KEY "\n0011223344\n");
	put("both", KEY " " AUTH "\n");
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct keyring *k = (void *)1;

		assert_int_equal(take(cases[i].key, cases[i].auth, &k), -EINVAL);
		assert_ptr_equal(k, (void *)1);
		assert_string_equal(said, cases[i].says);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_right, enter_folder, leave_folder),
		cmocka_unit_test_setup_teardown(test_wrong, enter_folder, leave_folder),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
