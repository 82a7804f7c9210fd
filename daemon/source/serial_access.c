// SPDX-License-Identifier: GPL-2.0
/*
 * Why a port may not be opened.
 *
 * A look into the groups may ask a name service; it happens when the rights are wrong, only.
 */
#include <grp.h>
#include <stdio.h>
#include <sys/stat.h>

#include "source/serial.h"

void serial_say_no_access(const char *path, char *why, size_t size)
{
	struct group *g;
	struct stat st;

	if (stat(path, &st) < 0) {
		snprintf(why, size, "may not open %s: a directory above it is closed to us", path);
		return;
	}
	g = getgrgid(st.st_gid);
	if ((st.st_mode & 0060) == 0060 && g)
		snprintf(why, size, "may not open %s: our user has to be a member of group \"%s\"",
			 path, g->gr_name);
	else
		snprintf(why, size,
			 "may not open %s: its mode is %04o, no group may read and write it", path,
			 st.st_mode & 07777);
}
