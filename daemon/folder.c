// SPDX-License-Identifier: GPL-2.0
/*
 * Folders of our own, and what is written in them.
 */
#include <errno.h>
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
