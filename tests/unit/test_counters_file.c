// SPDX-License-Identifier: GPL-2.0
/*
 * Frame counters over a restart: written and read again, and files that are none.
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

#include "counters_file.h"
#include "util.h"

#define FILE_NAME "counters.json"

static const u8 a[] = { 'K', 'A', 'M', 0x4e, 0x4c, 0x5f, 0xa3, 0xa1 };
static const u8 b[] = { 1, 2, 3, 4, 5, 6, 7, 8 };
static sd_event *event;
static char said[4096];

static int enter_folder(void **state)
{
	char *folder = strdup("/tmp/amshan-test-counters-XXXXXX");

	*state = folder;
	return !mkdtemp(folder) || chdir(folder) || sd_event_new(&event) < 0;
}

static int leave_folder(void **state)
{
	_cleanup_free_ char *folder = *state;
	char command[128];

	event = sd_event_unref(event);
	snprintf(command, sizeof(command), "chmod -R u+w %s; rm -rf %s", folder, folder);
	return chdir("/") || system(command);
}

/* opened() - what is read; what it says goes into said[] */
static struct counters_file *opened(void)
{
	int keep = dup(STDERR_FILENO), fd = open("said", O_RDWR | O_CREAT | O_TRUNC, 0600);
	struct counters_file *f = NULL;
	ssize_t n;
	int r;

	assert_true(keep >= 0 && fd >= 0);
	dup2(fd, STDERR_FILENO);
	r = counters_file_new(event, ".", false, &f);
	dup2(keep, STDERR_FILENO);
	n = pread(fd, said, sizeof(said) - 1, 0);
	said[n > 0 ? n : 0] = '\0';
	close(fd);
	close(keep);
	assert_int_equal(r, 0);
	return f;
}

static void write_text(const char *text)
{
	FILE *f = fopen(FILE_NAME, "w");

	assert_non_null(f);
	fputs(text, f);
	assert_int_equal(fclose(f), 0);
}

static void read_text(char *buf, size_t size)
{
	FILE *f = fopen(FILE_NAME, "r");

	assert_non_null(f);
	buf[fread(buf, 1, size - 1, f)] = '\0';
	fclose(f);
}

static void test_again(void **state)
{
	struct counters_file *f = opened();
	struct counters *c = counters_file_table(f);

	assert_string_equal(said, "");
	assert_int_equal(c->n, 0);
	counters_note(c, a, 8, 0xffffffff, true);
	counters_note(c, b, 8, 70, false);
	counters_note(c, b, 8, 71, false);
	counters_note(c, (const u8 *)"doubted!", 8, 5, false);
	counters_file_changed(f);
	assert_int_equal(access(FILE_NAME, F_OK), -1);	/* not with each message */
	counters_file_free(f);

	f = opened();
	assert_string_equal(said, "");
	c = counters_file_table(f);
	assert_int_equal(c->n, 2);
	assert_false(c->dirty);
	assert_true(counters_is_replay(c, a, 8, 0xffffffff, NULL));
	assert_true(counters_wants_tag(c, a, 8));
	assert_true(counters_is_replay(c, b, 8, 71, NULL));
	assert_false(counters_is_replay(c, b, 8, 72, NULL));
	assert_false(counters_wants_tag(c, b, 8));
	/* Nothing changed: nothing is written. */
	assert_int_equal(unlink(FILE_NAME), 0);
	counters_file_changed(f);
	counters_file_free(f);
	assert_int_equal(access(FILE_NAME, F_OK), -1);
}

static void test_text(void **state)
{
	struct counters_file *f = opened();
	struct stat st;
	char text[512];

	counters_note(counters_file_table(f), a, 8, 4711, true);
	counters_file_free(f);
	read_text(text, sizeof(text));
	assert_string_equal(text, "{\n \"counters\": [\n  {\n   \"title\": \"KAM4E4C5FA3A1\",\n"
				  "   \"counter\": 4711,\n   \"authenticated\": true\n  }\n ]\n}");
	assert_int_equal(stat(FILE_NAME, &st), 0);
	assert_int_equal(st.st_mode & 0777 & ~0640, 0);
}

/* It waits for what else comes; the end writes it in any case. */
static void test_timer(void **state)
{
	struct counters_file *f = opened();

	counters_file_changed(f);
	assert_int_equal(sd_event_run(event, 0), 0);
	counters_note(counters_file_table(f), a, 8, 1, true);
	counters_file_changed(f);
	assert_int_equal(sd_event_run(event, 1000), 0);		/* not yet */
	assert_true(counters_file_table(f)->dirty);
	counters_file_free(f);
}

static void test_forget(void **state)
{
	struct counters_file *f = opened();
	char text[512];

	assert_int_equal(counters_file_forget(f, a), -ENOENT);
	counters_note(counters_file_table(f), a, 8, 1, true);
	counters_note(counters_file_table(f), b, 8, 2, true);
	assert_int_equal(counters_file_forget(f, a), 0);
	read_text(text, sizeof(text));	/* at once */
	assert_null(strstr(text, "KAM"));
	assert_non_null(strstr(text, "0102030405060708"));
	counters_file_free(f);
}

static void test_broken(void **state)
{
#define ENTRY "{\"title\": \"KAM4E4C5FA3A1\", \"counter\": 7, \"authenticated\": true}"
	static const struct {
		const char *text, *says;
	} cases[] = {
		{ "", "./counters.json: is not JSON: frame counters of encrypted meters begin anew" },
		{ "{\"counters\": [", "is not JSON" },
		{ "[]", "has no array \"counters\"" },
		{ "{\"counters\": 1}", "has no array \"counters\"" },
		{ "{\"counters\": [" ENTRY ", 1]}", "has a counter that is none" },
		{ "{\"counters\": [{\"title\": \"KAM\", \"counter\": 7, \"authenticated\": true}]}",
		  "has a counter that is none" },
		{ "{\"counters\": [{\"title\": \"KAM4E4C5FA3A1\", \"counter\": -1, \"authenticated\": true}]}",
		  "has a counter that is none" },
		{ "{\"counters\": [{\"title\": \"KAM4E4C5FA3A1\", \"counter\": 4294967296, "
		  "\"authenticated\": true}]}", "has a counter that is none" },
		{ "{\"counters\": [{\"title\": \"KAM4E4C5FA3A1\", \"counter\": 7.5, \"authenticated\": true}]}",
		  "has a counter that is none" },
		{ "{\"counters\": [{\"title\": \"KAM4E4C5FA3A1\", \"counter\": 7}]}",
		  "has a counter that is none" },
		{ "{\"counters\": [" ENTRY ", " ENTRY "]}", "has a counter that is none" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct counters_file *f;

		write_text(cases[i].text);
		f = opened();
		if (!strstr(said, cases[i].says))
			fail_msg("%s: %s", cases[i].text, said);
		assert_int_equal(counters_file_table(f)->n, 0);
		counters_file_free(f);
		assert_int_equal(access(FILE_NAME, F_OK), -1);
		assert_int_equal(unlink(FILE_NAME ".broken"), 0);
	}
	write_text("{\"counters\": [" ENTRY "], \"of a later version\": 1}");
	counters_file_free(opened());
	assert_string_equal(said, "");
}

static void test_no_file(void **state)
{
	struct counters_file *f;

	/* A folder in its place cannot be read. */
	assert_int_equal(mkdir(FILE_NAME, 0700), 0);
	f = opened();
	assert_non_null(strstr(said, "begin anew"));
	counters_file_free(f);
	assert_int_equal(rmdir(FILE_NAME ".broken"), 0);

	/* As large as no table can be. */
	write_text("");
	assert_int_equal(truncate(FILE_NAME, 10 * 1024 * 1024), 0);
	f = opened();
	assert_non_null(strstr(said, "File too large"));
	counters_file_free(f);
}

/* A full table goes through the file, in its order. */
static void test_full(void **state)
{
	struct counters_file *f = opened();
	u8 title[8] = { 0 };

	for (unsigned int i = 0; i < COUNTERS_MAX + 10; i++) {
		title[6] = (u8)(i >> 8);
		title[7] = (u8)i;
		counters_note(counters_file_table(f), title, 8, 4000000000u, true);
	}
	counters_file_free(f);
	f = opened();
	assert_string_equal(said, "");
	assert_int_equal(counters_file_table(f)->n, COUNTERS_MAX);
	assert_int_equal(counters_file_table(f)->entry[0].title[7], 10);
	assert_memory_equal(counters_file_table(f)->entry[COUNTERS_MAX - 1].title, title, 8);
	counters_file_free(f);
}

/* A folder that is not there is said once. */
static void test_no_folder(void **state)
{
	struct counters_file *f = NULL;

	assert_int_equal(counters_file_new(event, "none", true, &f), 0);
	counters_note(counters_file_table(f), a, 8, 1, true);
	assert_int_equal(counters_file_forget(f, a), 0);
	assert_false(counters_is_replay(counters_file_table(f), a, 8, 1, NULL));
	counters_file_free(f);
}

int main(void)
{
#define in_folder(test) cmocka_unit_test_setup_teardown(test, enter_folder, leave_folder)
	const struct CMUnitTest tests[] = {
		in_folder(test_again),	 in_folder(test_text),	  in_folder(test_timer),
		in_folder(test_forget),	 in_folder(test_broken),  in_folder(test_no_file),
		in_folder(test_full),	 in_folder(test_no_folder),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
