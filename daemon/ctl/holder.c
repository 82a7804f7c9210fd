// SPDX-License-Identifier: GPL-2.0
/*
 * Holders: /proc/PID/fd.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "ctl/holder.h"
#include "ctl/text.h"
#include "util.h"

#define PROC		"/proc"
#define DEV		"/dev/"
#define TIME_US		(2 * USEC_PER_SEC)

static void closedirp(DIR **d)
{
	if (*d)
		closedir(*d);
}

/* The number that a name is, 0: it is none. */
static pid_t pid_of(const char *name)
{
	char *end;
	long pid = strtol(name, &end, 10);

	return *name >= '1' && *name <= '9' && !*end && pid <= INT_MAX ? (pid_t)pid : 0;
}

/*
 * May the file be the device?  Whoever asks a file itself may wait for a server that is dead; so
 * the text of the link is looked at first.  In a container the device may stand elsewhere.
 */
static bool is_candidate(const char *target, const char *node)
{
	const char *a = strrchr(target, '/'), *b = strrchr(node, '/');

	return !strncmp(target, DEV, strlen(DEV)) || (a && b && !strcmp(a, b));
}

static bool is_device(int dir, const char *fd, const char *node, dev_t devt)
{
	char target[PATH_MAX];
	struct statx st;
	ssize_t n = readlinkat(dir, fd, target, sizeof(target) - 1);

	if (n <= 0)
		return false;
	target[n] = '\0';
	return is_candidate(target, node) &&
	       statx(dir, fd, AT_STATX_DONT_SYNC, STATX_TYPE, &st) == 0 && S_ISCHR(st.stx_mode) &&
	       makedev(st.stx_rdev_major, st.stx_rdev_minor) == devt;
}

/* Does the process have it open?  One that is gone, or that we may not look at, does not. */
static bool has_open(pid_t pid, const char *node, dev_t devt, u64 until_us)
{
	_cleanup_(closedirp) DIR *fds = NULL;
	char path[64];
	struct dirent *e;

	snprintf(path, sizeof(path), PROC "/%d/fd", (int)pid);
	fds = opendir(path);
	if (!fds)
		return false;
	while (mono_us() < until_us && (e = readdir(fds)))
		if (*e->d_name != '.' && is_device(dirfd(fds), e->d_name, node, devt))
			return true;
	return false;
}

static void read_name(struct holder *h)
{
	_cleanup_close_ int fd = -1;
	char path[64], name[HOLDER_NAME_MAX];
	ssize_t n;

	snprintf(path, sizeof(path), PROC "/%d/comm", (int)h->pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, name, sizeof(name) - 1);
	while (n > 0 && name[n - 1] == '\n')
		n--;
	snprintf(h->name, sizeof(h->name), "?");
	if (n <= 0)
		return;
	name[n] = '\0';
	text_escape(name, h->name, sizeof(h->name));
}

int holder_find(const char *node, dev_t devt, struct holder *ret)
{
	_cleanup_(closedirp) DIR *processes = opendir(PROC);
	u64 until = mono_us() + TIME_US;
	struct dirent *e;

	if (!processes)
		return -errno;
	while (mono_us() < until && (e = readdir(processes))) {
		struct holder h = { .pid = pid_of(e->d_name) };

		if (!h.pid || h.pid == getpid() || !has_open(h.pid, node, devt, until))
			continue;
		read_name(&h);
		*ret = h;
		return 1;
	}
	return 0;
}
