/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Configurations for tests: written into a folder, loaded, and what was said about them.
 */
#ifndef TESTS_CONFIG_FILES_H
#define TESTS_CONFIG_FILES_H

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config.h"
#include "util.h"

#define SAID_MAX 65536

static char said[SAID_MAX];

static inline void write_octets(const char *path, const char *text, size_t n)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_int_equal(fwrite(text, 1, n, f), n);
	assert_int_equal(fclose(f), 0);
}

static inline void write_text(const char *path, const char *text)
{
	write_octets(path, text, strlen(text));
}

/* load() - config_load(), and what it says into said[] */
static inline int load(const char *path, struct config **ret)
{
	int keep = dup(STDERR_FILENO);
	int fd = open("said", O_RDWR | O_CREAT | O_TRUNC, 0600);
	ssize_t n;
	int r;

	assert_true(keep >= 0 && fd >= 0);
	dup2(fd, STDERR_FILENO);
	r = config_load(path, ret);
	dup2(keep, STDERR_FILENO);
	n = pread(fd, said, sizeof(said) - 1, 0);
	said[n > 0 ? n : 0] = '\0';
	close(fd);
	close(keep);
	return r;
}

/* loaded() - the configuration of a text that is right */
static inline struct config *loaded(const char *text)
{
	struct config *c = NULL;

	write_text("a.conf", text);
	if (load("a.conf", &c))
		fail_msg("refused: %s", said);
	return c;
}

static inline int enter_folder(void **state)
{
	char *folder = strdup("/tmp/amshan-test-config-XXXXXX");

	*state = folder;
	unsetenv("STATE_DIRECTORY");
	unsetenv("RUNTIME_DIRECTORY");
	unsetenv("CREDENTIALS_DIRECTORY");
	return !mkdtemp(folder) || chdir(folder);
}

static inline int leave_folder(void **state)
{
	_cleanup_free_ char *folder = *state;
	char command[128];

	snprintf(command, sizeof(command), "rm -rf %s", folder);
	return chdir("/") || system(command);
}

#endif /* TESTS_CONFIG_FILES_H */
