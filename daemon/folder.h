/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Folders of our own, and what is written in them.
 */
#ifndef AMSHAN_FOLDER_H
#define AMSHAN_FOLDER_H

#include <stddef.h>

/**
 * folder_make() - make a folder, with all those above it that are missing
 * @dir: its path; itself it is not for others (0750)
 *
 * Return: 0, also if it is there; or a negative errno.
 */
int folder_make(const char *dir);

/* text_write() - all of a text into an open file: 0, or a negative errno */
int text_write(int fd, const char *text);

/**
 * file_replace() - a file with this text, or as it was: written beside it, synced and renamed
 * @path: the file; "PATH.new" is taken for it
 * @text: the text
 *
 * Return: 0, or a negative errno.
 */
int file_replace(const char *path, const char *text);

/**
 * file_read() - a file of our own, which is a regular one and no link
 * @path: the file
 * @buf: @size octets
 * @size: a file of so many is too large already
 * @ret_n: octets of the file; undefined on failure
 *
 * Return: 0; -EFBIG; -EINVAL: no regular file; another negative errno.
 */
int file_read(const char *path, char *buf, size_t size, size_t *ret_n);

#endif /* AMSHAN_FOLDER_H */
