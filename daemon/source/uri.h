/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the parsers of URIs share.
 */
#ifndef AMSHAN_SOURCE_URI_H
#define AMSHAN_SOURCE_URI_H

/**
 * uri_error() - say what is wrong with a URI
 * @error: set to the sentence, to be freed; untouched without memory
 * @fmt: printf format, no full stop
 *
 * Return: -EINVAL, or -ENOMEM.
 */
int uri_error(char **error, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif /* AMSHAN_SOURCE_URI_H */
