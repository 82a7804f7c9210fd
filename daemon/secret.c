// SPDX-License-Identifier: GPL-2.0
/*
 * Secrets in files.
 */
#include "secret.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "util.h"

/* As much as fits and is there: so many octets, or a negative errno. */
static ssize_t file_fill(const char *path, char *buf, size_t size)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	size_t n = 0;

	if (fd < 0)
		return -errno;
	while (n < size) {
		ssize_t got = read(fd, buf + n, size - n);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (!got)
			break;
		n += (size_t)got;
	}
	return (ssize_t)n;
}

int secret_line(const char *path, char *buf, size_t size)
{
	ssize_t n = file_fill(path, buf, size - 1);
	size_t len;
	int r = 0;

	buf[n < 0 ? 0 : n] = '\0';
	len = strcspn(buf, "\r\n");
	if (n < 0)
		r = (int)n;
	else if (!len)
		r = -ENODATA;
	else if (len == size - 1)
		r = -EMSGSIZE;
	/* What stands in other lines is not ours to keep. */
	explicit_bzero(buf + len, size - len);
	return r;
}

int secret_text(const char *path, char **ret, size_t *ret_n)
{
	_cleanup_(secret_freep) char *text = calloc(1, SECRET_TEXT_MAX);
	ssize_t n;

	if (!text)
		return -ENOMEM;
	n = file_fill(path, text, SECRET_TEXT_MAX);
	if (n < 0)
		return (int)n;
	if (n == SECRET_TEXT_MAX)
		return -EFBIG;
	*ret = text;
	*ret_n = (size_t)n;
	text = NULL;
	return 0;
}

void secret_free(char *text)
{
	if (text)
		explicit_bzero(text, SECRET_TEXT_MAX);
	free(text);
}
