// SPDX-License-Identifier: GPL-2.0
/*
 * The sequence memory: what survives, what is not trusted, and what is said about it.
 *
 * Each test has an empty folder as its working directory; what is said goes to a file in it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/amshan.h>

#include "source/seqmem.h"
#include "util.h"

#define DIR	"run"
#define FILE_	DIR "/sequence"

static char said[4096];

/* open_memory() - seqmem_open(), and what it says into said[] */
static struct seqmem *open_memory(const char *dir)
{
	int keep = dup(STDERR_FILENO);
	int fd = open("said", O_RDWR | O_CREAT | O_TRUNC, 0600);
	struct seqmem *m = NULL;
	ssize_t n;

	assert_true(keep >= 0 && fd >= 0);
	dup2(fd, STDERR_FILENO);
	assert_int_equal(seqmem_open(dir, &m), 0);
	dup2(keep, STDERR_FILENO);
	n = pread(fd, said, sizeof(said) - 1, 0);
	said[n > 0 ? n : 0] = '\0';
	close(fd);
	close(keep);
	return m;
}

static int enter_folder(void **state)
{
	char *folder = strdup("/tmp/amshan-test-seqmem-XXXXXX");

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

/* Put octets into the file at a place. */
static void scribble(off_t at, const void *p, size_t n)
{
	int fd = open(FILE_, O_WRONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, p, n, at), n);
	close(fd);
}

/* A file with one number in it. */
static void prepare(void)
{
	struct seqmem *m = open_memory(DIR);

	seqmem_set(m, 3, 1000, 77);
	seqmem_free(m);
}

static void test_it_is_remembered(void **state)
{
	struct seqmem *m = open_memory(DIR);
	struct stat st;

	assert_string_equal(said, "");
	assert_int_equal(seqmem_next(m, 3, 1000), 0);
	seqmem_set(m, 3, 1000, 77);
	seqmem_set(m, 0, 2000, UINT64_MAX);
	assert_int_equal(seqmem_next(m, 3, 1000), 77);
	seqmem_free(m);

	m = open_memory(DIR);
	assert_string_equal(said, "");
	assert_int_equal(seqmem_next(m, 3, 1000), 77);
	assert_true(seqmem_next(m, 0, 2000) == UINT64_MAX);
	assert_int_equal(seqmem_next(m, 4, 1000), 0);
	seqmem_free(m);
	assert_int_equal(stat(FILE_, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
}

static void test_a_later_attachment_takes_the_slot(void **state)
{
	struct seqmem *m = open_memory(DIR);

	seqmem_set(m, 3, 1000, 77);
	assert_int_equal(seqmem_next(m, 3, 1001), 0);
	seqmem_set(m, 3, 1001, 1);
	assert_int_equal(seqmem_next(m, 3, 1000), 0);
	/* The rest of the one before. */
	seqmem_set(m, 3, 1000, 78);
	assert_int_equal(seqmem_next(m, 3, 1001), 1);
	seqmem_free(m);
}

static void test_no_index_is_out_of_range(void **state)
{
	struct seqmem *m = open_memory(DIR);
	struct stat before, after;

	assert_int_equal(stat(FILE_, &before), 0);
	for (unsigned int i = 0; i < AMSHAN_PORTS_MAX; i++)
		seqmem_set(m, i, 1000, 100 + i);
	seqmem_set(m, AMSHAN_PORTS_MAX, 1000, 5);
	seqmem_set(m, UINT32_MAX, 1000, 5);
	for (unsigned int i = 0; i < AMSHAN_PORTS_MAX; i++)
		assert_int_equal(seqmem_next(m, i, 1000), 100 + i);
	assert_int_equal(seqmem_next(m, AMSHAN_PORTS_MAX, 1000), 0);
	assert_int_equal(seqmem_next(m, UINT32_MAX, 1000), 0);
	seqmem_free(m);
	assert_int_equal(stat(FILE_, &after), 0);
	assert_int_equal(before.st_size, after.st_size);
}

/* The layout: magic 0..7, version 8..11, slots 12..15, boot 16..63, 16 octets for each slot. */
static void test_what_is_not_ours_is_not_trusted(void **state)
{
	static const struct {
		off_t at;
		const char *octets;
		size_t n;
		const char *sentence;	/* NULL: it is ours, of before the machine started */
	} rows[] = {
		{ 0, "x", 1, "is no file of sequence numbers" },
		{ 8, "\x02", 1, "was written by another version" },
		{ 12, "\x11", 1, "was written by another version" },
		{ 64 + 16 * AMSHAN_PORTS_MAX, "x", 1, "is of another length than ours" },
		{ 16, "00000000-0000-0000-0000-000000000000", 36, NULL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct seqmem *m;

		prepare();
		scribble(rows[i].at, rows[i].octets, rows[i].n);
		m = open_memory(DIR);
		if (rows[i].sentence && !strstr(said, rows[i].sentence))
			fail_msg("\"%s\" and not: %s", said, rows[i].sentence);
		if (!rows[i].sentence)
			assert_string_equal(said, "");
		assert_int_equal(seqmem_next(m, 3, 1000), 0);
		/* And is in order from now on. */
		seqmem_set(m, 3, 1000, 78);
		seqmem_free(m);
		m = open_memory(DIR);
		assert_string_equal(said, "");
		assert_int_equal(seqmem_next(m, 3, 1000), 78);
		seqmem_free(m);
	}
}

static void test_an_attachment_of_the_future(void **state)
{
	u64 now = mono_us() * NSEC_PER_USEC, future = now + 3600 * USEC_PER_SEC * NSEC_PER_USEC;
	struct seqmem *m;

	prepare();
	scribble(64 + 16 * 5, &future, sizeof(future));
	m = open_memory(DIR);
	assert_non_null(strstr(said, "it names an attachment of /dev/amshan5 that is still to come"));
	assert_int_equal(seqmem_next(m, 3, 1000), 77);
	seqmem_set(m, 5, now, 9);
	assert_int_equal(seqmem_next(m, 5, now), 9);
	seqmem_free(m);
	m = open_memory(DIR);
	assert_string_equal(said, "");
	assert_int_equal(seqmem_next(m, 5, now), 9);
	seqmem_free(m);
}

static void test_a_file_that_is_cut_off(void **state)
{
	prepare();
	for (off_t n = 1; n < 64 + 16 * AMSHAN_PORTS_MAX; n += 31) {
		struct seqmem *m;

		assert_int_equal(truncate(FILE_, n), 0);
		m = open_memory(DIR);
		assert_non_null(strstr(said, "is of another length than ours"));
		assert_int_equal(seqmem_next(m, 3, 1000), 0);
		seqmem_free(m);
	}
}

static void test_two_at_once(void **state)
{
	struct seqmem *first = open_memory(DIR), *second = open_memory(DIR);

	assert_non_null(strstr(said, FILE_ ": another amshand uses it"));
	seqmem_set(second, 3, 1000, 99);
	assert_int_equal(seqmem_next(second, 3, 1000), 99);
	assert_int_equal(seqmem_next(first, 3, 1000), 0);
	seqmem_free(second);
	seqmem_free(first);
	first = open_memory(DIR);
	assert_string_equal(said, "");
	assert_int_equal(seqmem_next(first, 3, 1000), 0);
	seqmem_free(first);
}

/* Root may write everywhere, so it is something else that stands in the way. */
static void test_where_nothing_can_be_written(void **state)
{
	struct seqmem *m;

	assert_int_equal(close(open("file", O_CREAT | O_WRONLY, 0600)), 0);
	m = open_memory("file");
	assert_non_null(strstr(said, "Not a directory: after a restart, what the ports still hold "
			       "will be taken once more"));
	seqmem_set(m, 3, 1000, 77);
	assert_int_equal(seqmem_next(m, 3, 1000), 77);
	seqmem_free(m);

	assert_int_equal(mkdir("link", 0700), 0);
	assert_int_equal(symlink("../file", "link/sequence"), 0);
	m = open_memory("link");
	assert_non_null(strstr(said, "link/sequence: "));
	seqmem_free(m);
}

/* Attachment A has the numbers A * 1000 and more: whatever is found fits together. */
static void write_for_ever(int ready)
{
	struct seqmem *m;

	if (seqmem_open(DIR, &m) < 0)
		_exit(1);
	for (u64 attach = 1;; attach++) {
		for (u64 next = attach * 1000; next < attach * 1000 + 50; next++)
			seqmem_set(m, 7, attach, next);
		if (attach == 10 && write(ready, "x", 1) != 1)
			_exit(1);
	}
}

static void test_killed_at_any_moment(void **state)
{
	for (unsigned int i = 0; i < 100; i++) {
		struct seqmem *m;
		int ready[2], fd;
		char c;
		u64 slot[2];
		pid_t pid;

		assert_int_equal(pipe(ready), 0);
		pid = fork();
		assert_true(pid >= 0);
		if (pid == 0)
			write_for_ever(ready[1]);
		assert_int_equal(read(ready[0], &c, 1), 1);
		usleep(i * 7);
		kill(pid, SIGKILL);
		assert_int_equal(waitpid(pid, NULL, 0), pid);
		close(ready[0]);
		close(ready[1]);

		fd = open(FILE_, O_RDONLY | O_CLOEXEC);
		assert_int_equal(pread(fd, slot, sizeof(slot), 64 + 7 * 16), sizeof(slot));
		close(fd);
		if (slot[0] < 10 || slot[1] / 1000 != slot[0])
			fail_msg("attachment %llu has number %llu", (unsigned long long)slot[0],
				 (unsigned long long)slot[1]);
		m = open_memory(DIR);
		assert_string_equal(said, "");
		assert_true(seqmem_next(m, 7, slot[0]) == slot[1]);
		seqmem_free(m);
		/* Each begins anew. */
		assert_int_equal(unlink(FILE_), 0);
	}
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, enter_folder, leave_folder)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(test_it_is_remembered),
		TEST(test_a_later_attachment_takes_the_slot),
		TEST(test_no_index_is_out_of_range),
		TEST(test_what_is_not_ours_is_not_trusted),
		TEST(test_an_attachment_of_the_future),
		TEST(test_a_file_that_is_cut_off),
		TEST(test_two_at_once),
		TEST(test_where_nothing_can_be_written),
		TEST(test_killed_at_any_moment),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
