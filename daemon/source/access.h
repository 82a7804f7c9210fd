/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Access: why a device may not be opened, in words that say what the user lacks.
 *
 * Shared by the serial and the kernel source, and by amshan-attach.
 */
#ifndef AMSHAN_SOURCE_ACCESS_H
#define AMSHAN_SOURCE_ACCESS_H

#include <sys/types.h>

#include <amshan/types.h>

#define ACCESS_GROUP_MAX 64

/**
 * struct access_group - the group that was looked up last; zero it to begin
 * @known: there is one
 * @gid: its number
 * @name: its name, "": it has none
 *
 * Who tries again every few seconds keeps it: to look a group up may ask a name service, and blocks.
 */
struct access_group {
	bool known;
	gid_t gid;
	char name[ACCESS_GROUP_MAX];
};

/**
 * access_say_refused() - after EACCES: what the user lacks
 * @path: the device
 * @need: the group's bits of a mode that have to be there: 0040 or 0060
 * @g: the caller's
 * @why: a sentence
 * @size: of @why
 *
 * Return: false if the mode of the device is to blame: no group may.
 */
bool access_say_refused(const char *path, mode_t need, struct access_group *g, char *why,
			size_t size);

#endif /* AMSHAN_SOURCE_ACCESS_H */
