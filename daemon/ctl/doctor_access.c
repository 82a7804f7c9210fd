// SPDX-License-Identifier: GPL-2.0
/*
 * Doctor: what the user that amshand runs as may read.
 *
 * Asked of the kernel, which knows access lists and closed folders above a file, in a process of
 * its own that becomes that user: what a process gives up does not come back.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "ctl/doctor_internal.h"
#include "util.h"

static int become(const struct passwd *p)
{
	if (initgroups(p->pw_name, p->pw_gid) < 0 || setgid(p->pw_gid) < 0 || setuid(p->pw_uid) < 0)
		return -errno;
	return 0;
}

/* What is not there is closed to nobody. */
static bool is_closed(const char *path, int mode)
{
	return access(path, mode) < 0 && errno == EACCES;
}

/* The first one that is closed, into @buf. */
static bool find_closed(const char *path, char *buf, size_t size)
{
	struct dirent *e;
	bool found;
	DIR *dir;

	snprintf(buf, size, "%s", path);
	if (is_closed(buf, R_OK))
		return true;
	snprintf(buf, size, "%s.d", path);
	if (is_closed(buf, R_OK | X_OK))
		return true;
	dir = opendir(buf);
	if (!dir)
		return false;
	for (found = false; !found && (e = readdir(dir));) {
		size_t n = strlen(e->d_name);

		if (*e->d_name == '.' || n < 6 || strcmp(e->d_name + n - 5, ".conf"))
			continue;
		snprintf(buf, size, "%s.d/%s", path, e->d_name);
		found = is_closed(buf, R_OK);
	}
	closedir(dir);
	return found;
}

static void child(const struct passwd *p, const char *path, int to)
{
	char closed[PATH_MAX];
	int r = become(p);

	if (r == 0 && find_closed(path, closed, sizeof(closed)) &&
	    write(to, closed, strlen(closed)) < 0)
		r = -errno;
	_exit(r < 0);
}

int doctor_closed_to(const char *path, const char *user, char *buf, size_t size)
{
	const struct passwd *p = getpwnam(user);
	_cleanup_close_ int from = -1, to = -1;
	int fds[2], status;
	ssize_t n;
	pid_t pid;

	if (!p)
		return -ENOENT;
	if (pipe2(fds, O_CLOEXEC) < 0)
		return -errno;
	from = fds[0];
	to = fds[1];
	fflush(NULL);
	pid = fork();
	if (pid < 0)
		return -errno;
	if (!pid)
		child(p, path, to);
	close(to);
	to = -1;
	/* A path is shorter than what a pipe takes at once. */
	n = read(from, buf, size - 1);
	buf[n > 0 ? n : 0] = '\0';
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return WIFEXITED(status) && !WEXITSTATUS(status) ? 0 : -EIO;
}
