// SPDX-License-Identifier: GPL-2.0
/*
 * What the parsers of URIs share.  Pure but for the sentence it makes.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "source/uri.h"

int uri_error(char **error, const char *fmt, ...)
{
	va_list ap;
	char *text;
	int r;

	va_start(ap, fmt);
	r = vasprintf(&text, fmt, ap);
	va_end(ap);
	if (r < 0)
		return -ENOMEM;
	*error = text;
	return -EINVAL;
}
