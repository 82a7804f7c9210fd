/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Folders of our own, and what is written in them.
 */
#ifndef AMSHAN_FOLDER_H
#define AMSHAN_FOLDER_H

/**
 * folder_make() - make a folder, with all those above it that are missing
 * @dir: its path; itself it is not for others (0750)
 *
 * Return: 0, also if it is there; or a negative errno.
 */
int folder_make(const char *dir);

/* text_write() - all of a text into an open file: 0, or a negative errno */
int text_write(int fd, const char *text);

#endif /* AMSHAN_FOLDER_H */
