// SPDX-License-Identifier: GPL-2.0
/*
 * Doctor: udev: our rules and the list of adapters, where they are and what hides them.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "ctl/doctor_internal.h"
#include "util.h"

#define RULES		"78-amshan.rules"
#define HWDB		"78-amshan.hwdb"
#define MARK		"AMSHAN_ADAPTER"	/* what each of our files has */

/* A file of the same name in an earlier folder hides those behind it (udev(7), hwdb(7)). */
static const char *const rules_folders[] = {
	"/etc/udev/rules.d", "/run/udev/rules.d", "/usr/local/lib/udev/rules.d",
	"/usr/lib/udev/rules.d", "/lib/udev/rules.d", NULL,
};

static const char *const hwdb_folders[] = {
	"/etc/udev/hwdb.d",	"/run/udev/hwdb.d", "/usr/local/lib/udev/hwdb.d",
	"/usr/lib/udev/hwdb.d", "/lib/udev/hwdb.d", NULL,
};

static const char *const hwdb_compiled[] = {
	"/etc/udev/hwdb.bin", "/usr/lib/systemd/hwdb/hwdb.bin", "/lib/systemd/hwdb/hwdb.bin",
	"/usr/lib/udev/hwdb.bin", "/lib/udev/hwdb.bin",
};

/* Does it have our mark?  Negative: it cannot be read */
static int is_ours(const char *path)
{
	_cleanup_free_ char *line = NULL;
	FILE *f = fopen(path, "re");
	size_t room = 0;
	bool found = false;

	if (!f)
		return -errno;
	while (!found && getline(&line, &room, f) > 0)
		found = strstr(line, MARK) && *line != '#';
	fclose(f);
	return found;
}

/**
 * find_first() - the file that counts, and one behind it
 * @folders: where, the first one wins
 * @name: of the file
 * @path: the file that counts
 * @hidden: another one of that name, "": none
 * @size: of both
 */
static bool find_first(const char *const folders[], const char *name, char *path, char *hidden,
		       size_t size)
{
	struct stat first = { 0 }, st;
	char one[256];

	*path = *hidden = '\0';
	for (; *folders; folders++) {
		snprintf(one, sizeof(one), "%s/%s", *folders, name);
		if (lstat(one, &st) < 0)
			continue;
		if (!*path) {
			first = st;
			snprintf(path, size, "%s", one);
		} else if (!*hidden && (st.st_dev != first.st_dev || st.st_ino != first.st_ino)) {
			/* The same one again: /lib may be a link to /usr/lib. */
			snprintf(hidden, size, "%s", one);
		}
	}
	return *path;
}

static void look_for_rules(struct doctor *d, enum finding_kind kind)
{
	char path[256], hidden[256];
	int ours;

	if (!find_first(rules_folders, RULES, path, hidden, sizeof(path))) {
		findings_add(d->l, kind, "rules",
			     RULES " is in none of udev's folders, and adapters are "
				   "not attached when they are plugged in: apt install amshand, or "
				   "make install");
		return;
	}
	ours = is_ours(path);
	if (ours > 0)
		findings_add(d->l, FINDING_OK, "rules", "%s is there", path);
	else if (ours < 0)
		findings_add(d->l, FINDING_NOTE, "rules", "%s cannot be read: %s", path,
			     strerror(-ours));
	else
		findings_add(
			d->l, FINDING_WRONG, "rules",
			"%s is empty or not ours%s%s, and adapters are not attached when they are "
			"plugged in: remove it, then udevadm control --reload",
			path, *hidden ? " and hides " : "", hidden);
}

/* systemd-hwdb makes one file of all; what is newer than that is not known yet. */
static bool is_compiled(const char *path)
{
	struct stat source, st;

	if (stat(path, &source) < 0)
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(hwdb_compiled); i++)
		if (stat(hwdb_compiled[i], &st) == 0)
			return st.st_ctim.tv_sec >= source.st_ctim.tv_sec;
	return false;
}

static void look_for_hwdb(struct doctor *d)
{
	char path[256], hidden[256];

	if (!find_first(hwdb_folders, HWDB, path, hidden, sizeof(path)))
		findings_add(d->l, FINDING_NOTE, "hwdb",
			     HWDB " is in none of udev's folders: adapters that "
				  "are made for meters are not known by themselves; amshanctl "
				  "enable does it");
	else if (is_ours(path) == 0)
		findings_add(d->l, FINDING_NOTE, "hwdb",
			     "%s is empty or not ours%s%s: adapters that are made for meters are "
			     "not known by themselves",
			     path, *hidden ? " and hides " : "", hidden);
	else if (!is_compiled(path))
		findings_add(d->l, FINDING_NOTE, "hwdb",
			     "%s is newer than what udev uses: systemd-hwdb update",
			     path);
}

void doctor_udev(struct doctor *d)
{
	enum finding_kind kind = doctor_wants_module(d) ? FINDING_WRONG : FINDING_NOTE;

	look_for_rules(d, kind);
	look_for_hwdb(d);
	if (access("/run/udev/control", F_OK) < 0)
		findings_add(d->l, kind, "udev",
			     "it does not run here: adapters have to be attached by hand "
			     "(amshan-attach), or named by a source serial:, and are not known by "
			     "name");
}
