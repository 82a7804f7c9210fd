/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Secrets in files: passwords and keys.  No copy of one stays behind in a buffer of a library.
 */
#ifndef AMSHAN_SECRET_H
#define AMSHAN_SECRET_H

#include <stddef.h>

#define SECRET_LINE_MAX	1024		/* of a file whose first line is the secret, with the NUL */
#define SECRET_TEXT_MAX	(64 * 1024)	/* of a file that is one as a whole, with the NUL */

/**
 * secret_line() - the first line of a file, without what ends it
 * @path: the file
 * @buf: @size octets; all of them are overwritten
 * @size: with the NUL, at least 2
 *
 * Return: 0; -ENODATA: the line is empty; -EMSGSIZE: it does not fit; as open() and read().
 */
int secret_line(const char *path, char *buf, size_t size);

/**
 * secret_text() - all of a file
 * @path: the file; may be a pipe
 * @ret: the text, SECRET_TEXT_MAX octets with a NUL behind the end; for secret_free(); untouched on
 *       failure
 * @ret_n: its length; untouched on failure
 *
 * Return: 0; -EFBIG; -ENOMEM; as open() and read().
 */
int secret_text(const char *path, char **ret, size_t *ret_n);

/* secret_free() - wipe what secret_text() gave; NULL is nothing */
void secret_free(char *text);

/* secret_freep() - for _cleanup_() */
static inline void secret_freep(char **text)
{
	secret_free(*text);
}

#endif /* AMSHAN_SECRET_H */
