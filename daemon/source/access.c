// SPDX-License-Identifier: GPL-2.0
/*
 * Why a device may not be opened.
 */
#include <grp.h>
#include <stdio.h>
#include <sys/stat.h>

#include "source/access.h"

static const char *group_name(struct access_group *g, gid_t gid)
{
	const struct group *found;

	if (!g->known || g->gid != gid) {
		found = getgrgid(gid);
		snprintf(g->name, sizeof(g->name), "%s", found ? found->gr_name : "");
		g->gid = gid;
		g->known = true;
	}

	return g->name;
}

bool access_say_refused(const char *path, mode_t need, struct access_group *g, char *why,
			size_t size)
{
	struct stat st;

	if (stat(path, &st) < 0) {
		snprintf(why, size, "may not open %s: a directory above it is closed to us", path);
		return true;
	}
	if ((st.st_mode & need) == need && *group_name(g, st.st_gid)) {
		snprintf(why, size, "may not open %s: our user has to be a member of group \"%s\"",
			 path, g->name);
		return true;
	}
	snprintf(why, size, "may not open %s: its mode is %04o, no group may %s it", path,
		 st.st_mode & 07777, need & 0020 ? "read and write" : "read");

	return false;
}
