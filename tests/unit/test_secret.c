// SPDX-License-Identifier: GPL-2.0
/*
 * Secrets in files: lines and texts, and what cannot be one.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "secret.h"
#include "util.h"

static int enter_folder(void **state)
{
	char *folder = strdup("/tmp/amshan-test-secret-XXXXXX");

	*state = folder;
	return !mkdtemp(folder) || chdir(folder);
}

static int leave_folder(void **state)
{
	_cleanup_free_ char *folder = *state;
	int r = unlink("a");

	(void)r;
	return chdir("/") || rmdir(folder);
}

static void put(const char *text, size_t n)
{
	FILE *f = fopen("a", "w");

	assert_non_null(f);
	assert_int_equal(fwrite(text, 1, n, f), n);
	assert_int_equal(fclose(f), 0);
}

static void test_lines(void **state)
{
	static const struct {
		const char *text, *line;
		int r;
	} cases[] = {
		{ "secret", "secret", 0 },
		{ "secret\n", "secret", 0 },
		{ "secret\r\nmore", "secret", 0 },
		{ " with blanks \n", " with blanks ", 0 },
		{ "123456789012345\n", "123456789012345", -EMSGSIZE },
		{ "12345678901234\n", "12345678901234", 0 },
		{ "1\n2345678901234567890123", "1", 0 },
		{ "", "", -ENODATA },
		{ "\nsecond", "", -ENODATA },
	};
	char buf[16];

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		put(cases[i].text, strlen(cases[i].text));
		memset(buf, 'x', sizeof(buf));
		assert_int_equal(secret_line("a", buf, sizeof(buf)), cases[i].r);
		assert_string_equal(buf, cases[i].line);
		/* Nothing of the other lines is left. */
		for (size_t k = strlen(buf); k < sizeof(buf); k++)
			assert_int_equal(buf[k], 0);
	}
	assert_int_equal(secret_line("none", buf, sizeof(buf)), -ENOENT);
	assert_string_equal(buf, "");
	assert_int_equal(secret_line(".", buf, sizeof(buf)), -EISDIR);
}

static void test_text(void **state)
{
	char *big = calloc(1, SECRET_TEXT_MAX), *text = NULL;
	size_t n = 7;

	assert_non_null(big);
	put("one\ntwo\0three", 13);
	assert_int_equal(secret_text("a", &text, &n), 0);
	assert_int_equal(n, 13);
	assert_memory_equal(text, "one\ntwo\0three", 14);
	secret_free(text);

	put(big, SECRET_TEXT_MAX - 1);
	assert_int_equal(secret_text("a", &text, &n), 0);
	assert_int_equal(n, SECRET_TEXT_MAX - 1);
	secret_free(text);

	put(big, SECRET_TEXT_MAX);
	text = NULL;
	n = 7;
	assert_int_equal(secret_text("a", &text, &n), -EFBIG);
	assert_int_equal(secret_text("none", &text, &n), -ENOENT);
	assert_int_equal(secret_text(".", &text, &n), -EISDIR);
	assert_null(text);
	assert_int_equal(n, 7);
	secret_free(NULL);
	free(big);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_lines, enter_folder, leave_folder),
		cmocka_unit_test_setup_teardown(test_text, enter_folder, leave_folder),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
