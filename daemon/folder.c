// SPDX-License-Identifier: GPL-2.0
/*
 * Folders of our own, and what is written in them.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "folder.h"
#include "util.h"

int folder_make(const char *dir)
{
	_cleanup_free_ char *path = strdup(dir);
	struct stat st;

	if (!path)
		return -ENOMEM;

	for (char *p = path + 1; *p; p++) {
		if (*p != '/')
			continue;
		*p = '\0';
		if (mkdir(path, 0755) < 0 && errno != EEXIST)
			return -errno;
		*p = '/';
	}

	if (mkdir(path, 0750) < 0 && errno != EEXIST)
		return -errno;

	return stat(path, &st) < 0 ? -errno : S_ISDIR(st.st_mode) ? 0 : -ENOTDIR;
}

int text_write(int fd, const char *text)
{
	size_t n = strlen(text);

	while (n) {
		ssize_t w = write(fd, text, n);

		if (w < 0 && errno == EINTR)
			continue;
		if (w < 0)
			return -errno;
		text += w;
		n -= (size_t)w;
	}

	return 0;
}

int file_replace(const char *path, const char *text)
{
	_cleanup_free_ char *tmp = NULL;
	_cleanup_close_ int fd = -1;
	int r;

	if (asprintf(&tmp, "%s.new", path) < 0) {
		tmp = NULL;
		return -ENOMEM;
	}
	fd = open(tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0640);
	if (fd < 0)
		return -errno;

	r = text_write(fd, text);
	if (r < 0) {
		unlink(tmp);
		return r;
	}
	/* The new name must not come to disk before its content. */
	if (fsync(fd) < 0 || rename(tmp, path) < 0) {
		r = -errno;
		unlink(tmp);
		return r;
	}

	return 0;
}

int file_read(const char *path, char *buf, size_t size, size_t *ret_n)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct stat st;
	ssize_t got = 0;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	for (*ret_n = 0; *ret_n < size; *ret_n += (size_t)got) {
		got = read(fd, buf + *ret_n, size - *ret_n);
		if (got < 0)
			return -errno;
		if (!got)
			return 0;
	}
	return -EFBIG;
}
