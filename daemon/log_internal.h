/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Cleaning of texts, which the log and the D-Bus output need.
 */
#ifndef AMSHAN_LOG_INTERNAL_H
#define AMSHAN_LOG_INTERNAL_H

#include <stddef.h>

/**
 * log_clean() - add a text of unknown origin to a buffer
 * @buf: the buffer
 * @size: its size, at least 1
 * @at: where to add
 * @text: the text; control characters and octets that are no UTF-8 become \xNN
 *
 * What has no room is left out, never a part of a character.
 *
 * Return: the new end; @buf is terminated there.
 */
size_t log_clean(char *buf, size_t size, size_t at, const char *text);

#endif /* AMSHAN_LOG_INTERNAL_H */
