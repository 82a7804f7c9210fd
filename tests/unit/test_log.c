// SPDX-License-Identifier: GPL-2.0
/*
 * The log: what a line on stderr looks like, what the journal gets, what never gets through.
 *
 * The journal's socket is replaced by sd_journal_sendv() below; stderr is a file for the time of a
 * test.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>

#include "log.h"
#include "log_internal.h"
#include "util.h"

/* ---- the journal ---- */

static char journal[8][8192];	/* the fields of the last entry */
static int journal_fields;
static int journal_result;

int sd_journal_sendv(const struct iovec *iov, int n);
int sd_journal_sendv(const struct iovec *iov, int n)
{
	assert_in_range(n, 1, ARRAY_SIZE(journal));
	if (journal_result < 0)
		return journal_result;
	journal_fields = n;
	for (int i = 0; i < n; i++) {
		assert_true(iov[i].iov_len < sizeof(journal[i]));
		memcpy(journal[i], iov[i].iov_base, iov[i].iov_len);
		journal[i][iov[i].iov_len] = '\0';
	}
	return 0;
}

static bool journal_has(const char *field)
{
	for (int i = 0; i < journal_fields; i++)
		if (strcmp(journal[i], field) == 0)
			return true;
	return false;
}

/* ---- stderr ---- */

static int saved_stderr = -1;

static int setup(void **state)
{
	FILE *f = tmpfile();

	if (!f)
		return -1;
	saved_stderr = dup(STDERR_FILENO);
	dup2(fileno(f), STDERR_FILENO);
	fclose(f);
	unsetenv("JOURNAL_STREAM");
	log_init("test");
	log_set_level(LOG_INFO);
	journal_fields = journal_result = 0;
	return 0;
}

static int teardown(void **state)
{
	dup2(saved_stderr, STDERR_FILENO);
	close(saved_stderr);
	return 0;
}

/* What was written since the last call. */
static const char *written(void)
{
	static char buf[16384];
	ssize_t n = pread(STDERR_FILENO, buf, sizeof(buf) - 1, 0);

	assert_true(n >= 0);
	buf[n] = '\0';
	assert_int_equal(ftruncate(STDERR_FILENO, 0), 0);
	lseek(STDERR_FILENO, 0, SEEK_SET);
	return buf;
}

/* Make stderr look as if systemd had connected it to the journal. */
static void connect_journal(void)
{
	char stream[64];
	struct stat st;

	assert_int_equal(fstat(STDERR_FILENO, &st), 0);
	snprintf(stream, sizeof(stream), "%ju:%ju", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino);
	setenv("JOURNAL_STREAM", stream, 1);
	log_init("test");
}

/* ---- lines on stderr ---- */

static void test_line(void **state)
{
	log_info("%d meters", 3);
	assert_string_equal(written(), "3 meters\n");
	log_about(LOG_WARNING, "house", "6971234", "no octets since %s", "12:00");
	assert_string_equal(written(), "house: no octets since 12:00\n");
	assert_int_equal(journal_fields, 0);
	assert_string_equal(log_target(), "console");
	assert_string_equal(log_ident(), "test");
}

static void test_level(void **state)
{
	log_debug("too much");
	assert_string_equal(written(), "");
	log_set_level(LOG_DEBUG);
	log_debug("now");
	assert_string_equal(written(), "now\n");
	log_set_level(LOG_ERR);
	log_warning("less");
	assert_string_equal(written(), "");
	log_err("this");
	assert_string_equal(written(), "this\n");
}

static void test_level_limits(void **state)
{
	log_set_level(100);
	assert_int_equal(log_get_level(), LOG_DEBUG);
	log_set_level(-1);
	assert_int_equal(log_get_level(), LOG_EMERG);
}

static void test_level_names(void **state)
{
	static const char *const names[] = { "emerg", "alert", "crit", "err", "warning", "notice",
					     "info", "debug" };

	for (int i = 0; i < (int)ARRAY_SIZE(names); i++) {
		assert_int_equal(log_level_parse(names[i]), i);
		assert_string_equal(log_level_name(i), names[i]);
	}
	assert_int_equal(log_level_parse("warn"), -EINVAL);
	assert_int_equal(log_level_parse(""), -EINVAL);
	assert_int_equal(log_level_parse("INFO"), -EINVAL);
}

/* ---- what comes from the network ---- */

static void test_clean(void **state)
{
	static const struct {
		const char *text, *want;
	} rows[] = {
		{ "plain text", "plain text" },
		{ "two\nlines", "two\\x0alines" },
		{ "\r\x1b[31mred\x7f", "\\x0d\\x1b[31mred\\x7f" },
		{ "back\\slash", "back\\slash" },
		{ "K\xc3\xb8kken \xe2\x82\xac", "K\xc3\xb8kken \xe2\x82\xac" },
		{ "plug \xf0\x9f\x94\x8c", "plug \xf0\x9f\x94\x8c" },
		{ "latin K\xf8kken", "latin K\\xf8kken" },
		{ "C1 \xc2\x9b" "31m", "C1 \\xc2\\x9b" "31m" },
		{ "no-break\xc2\xa0space", "no-break\xc2\xa0space" },
		{ "long form \xc0\x8a", "long form \\xc0\\x8a" },
		{ "long form \xe0\x80\x8a", "long form \\xe0\\x80\\x8a" },
		{ "long form \xf0\x80\x80\x8a", "long form \\xf0\\x80\\x80\\x8a" },
		{ "surrogate \xed\xa0\x80", "surrogate \\xed\\xa0\\x80" },
		{ "too high \xf4\x90\x80\x80", "too high \\xf4\\x90\\x80\\x80" },
		{ "too high \xff", "too high \\xff" },
		{ "cut off \xe2\x82", "cut off \\xe2\\x82" },
		{ "cut off \xf0\x9f\x94", "cut off \\xf0\\x9f\\x94" },
		{ "stray \x80", "stray \\x80" },
	};
	char buf[128], want[160];

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_int_equal(log_clean(buf, sizeof(buf), 0, rows[i].text),
				 strlen(rows[i].want));
		assert_string_equal(buf, rows[i].want);
		log_info("%s", rows[i].text);
		snprintf(want, sizeof(want), "%s\n", rows[i].want);
		assert_string_equal(written(), want);
	}
	log_about(LOG_INFO, "a\nb", NULL, "c");
	assert_string_equal(written(), "a\\x0ab: c\n");
}

static void test_clean_bounded(void **state)
{
	char buf[8];

	/* Nothing is written past the end, and no character in parts, whatever the size. */
	for (size_t size = 1; size <= sizeof(buf); size++) {
		memset(buf, '#', sizeof(buf));
		assert_int_equal(log_clean(buf, size, 0, "abcdefghij"), size - 1);
		assert_int_equal(strlen(buf), size - 1);
		for (size_t i = size; i < sizeof(buf); i++)
			assert_int_equal(buf[i], '#');
		log_clean(buf, size, 0, "a\n\xe2\x82\xac");
		assert_string_equal(buf, size < 2 ? "" : size < 6 ? "a" : "a\\x0a");
	}
	assert_int_equal(log_clean(buf, sizeof(buf), 0, "abc"), 3);
	assert_int_equal(log_clean(buf, sizeof(buf), 3, "defgh"), 7);
	assert_string_equal(buf, "abcdefg");
}

static void test_long_sentence(void **state)
{
	_cleanup_free_ char *text = malloc(10001);
	const char *line;

	memset(text, 'x', 10000);
	text[10000] = '\0';
	log_about(LOG_INFO, "house", NULL, "%s", text);
	line = written();
	assert_int_equal(strncmp(line, "house: xxx", 10), 0);
	assert_string_equal(line + strlen(line) - 5, "x...\n");
	assert_true(strlen(line) <= 4096);

	/* Every octet becomes four: still one line. */
	memset(text, '\n', 10000);
	log_about(LOG_INFO, "house", NULL, "%s", text);
	line = written();
	assert_true(strlen(line) <= 4096);
	assert_ptr_equal(strchr(line, '\n'), line + strlen(line) - 1);
}

static void test_errno(void **state)
{
	errno = ENOENT;
	log_info("%m");
	assert_int_equal(errno, ENOENT);
	assert_string_equal(written(), "No such file or directory\n");
	/* Also if the line could not be written. */
	close(STDERR_FILENO);
	log_info("lost");
	assert_int_equal(errno, ENOENT);
}

/* ---- the journal ---- */

static void test_journal(void **state)
{
	connect_journal();
	assert_string_equal(log_target(), "journal");
	log_about(LOG_WARNING, "house", "6971234", "no octets\nfor %d s", 30);
	assert_int_equal(journal_fields, 5);
	assert_true(journal_has("MESSAGE=house: no octets\\x0afor 30 s"));
	assert_true(journal_has("PRIORITY=4"));
	assert_true(journal_has("SYSLOG_IDENTIFIER=test"));
	assert_true(journal_has("AMSHAN_SOURCE=house"));
	assert_true(journal_has("AMSHAN_METER=6971234"));
	assert_string_equal(written(), "");
	log_notice("hello");
	assert_int_equal(journal_fields, 3);
	assert_true(journal_has("MESSAGE=hello"));
	assert_true(journal_has("PRIORITY=5"));
}

static void test_journal_field_injection(void **state)
{
	connect_journal();
	log_about(LOG_INFO, "a\nPRIORITY=0", "b\nMESSAGE=x", "c\nAMSHAN_METER=1");
	for (int i = 0; i < journal_fields; i++)
		assert_null(strchr(journal[i], '\n'));
}

static void test_journal_away(void **state)
{
	connect_journal();
	journal_result = -ECONNREFUSED;
	log_about(LOG_INFO, "house", NULL, "hello");
	assert_string_equal(written(), "house: hello\n");
}

/* Someone else's stream, inherited by a program started from a service: stderr was redirected. */
static void test_journal_of_another(void **state)
{
	static const char *const streams[] = { "8:1", "", ":", "nonsense", "8:1:9" };

	for (size_t i = 0; i < ARRAY_SIZE(streams); i++) {
		setenv("JOURNAL_STREAM", streams[i], 1);
		log_init("test");
		assert_string_equal(log_target(), "console");
		log_info("hello");
		assert_string_equal(written(), "hello\n");
	}
	assert_int_equal(journal_fields, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_line),
		TEST(test_level),
		TEST(test_level_limits),
		TEST(test_level_names),
		TEST(test_clean),
		TEST(test_clean_bounded),
		TEST(test_long_sentence),
		TEST(test_errno),
		TEST(test_journal),
		TEST(test_journal_field_injection),
		TEST(test_journal_away),
		TEST(test_journal_of_another),
	};

	return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}
