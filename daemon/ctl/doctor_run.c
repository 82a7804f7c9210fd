// SPDX-License-Identifier: GPL-2.0
/*
 * Doctor: run another program with its output caught and its time limited.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ctl/doctor_internal.h"
#include "util.h"

#define GRACE_US	USEC_PER_SEC	/* for one that was killed to be gone */

/* Not what the user has in the environment: modprobe is run as root. */
static char *const environment[] = {
	(char *)"PATH=/usr/sbin:/usr/bin:/sbin:/bin", (char *)"LC_ALL=C", NULL,
};

static int find_program(const char *name, char *path, size_t size)
{
	static const char *const folders[] = { "/usr/sbin", "/usr/bin", "/sbin", "/bin" };

	for (size_t i = 0; i < ARRAY_SIZE(folders); i++) {
		snprintf(path, size, "%s/%s", folders[i], name);
		if (access(path, X_OK) == 0)
			return 0;
	}
	return -ENOENT;
}

static int spawn(const char *const argv[], int out, pid_t *ret)
{
	posix_spawn_file_actions_t files;
	char path[PATH_MAX];
	int r = find_program(argv[0], path, sizeof(path));

	if (r < 0)
		return r;
	r = -posix_spawn_file_actions_init(&files);
	if (r < 0)
		return r;
	r = -posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	if (r == 0)
		r = -posix_spawn_file_actions_adddup2(&files, out, STDOUT_FILENO);
	if (r == 0)
		r = -posix_spawn_file_actions_adddup2(&files, out, STDERR_FILENO);
	if (r == 0)
		r = -posix_spawn(ret, path, &files, NULL, (char *const *)argv, environment);
	posix_spawn_file_actions_destroy(&files);
	return r;
}

/* Until the other end is closed or the time is over; what has no room is read and dropped. */
static int read_until(int fd, u64 end, char *out, size_t size)
{
	char buf[512];
	size_t n = 0;

	for (;;) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		u64 now = mono_us();
		ssize_t got;
		int r;

		if (now >= end)
			return -ETIMEDOUT;
		r = poll(&p, 1, (int)((end - now) / USEC_PER_MSEC) + 1);
		if (r < 0 && errno != EINTR)
			return -errno;
		if (r <= 0)
			continue;
		got = read(fd, buf, sizeof(buf));
		if (got <= 0)
			return 0;
		if ((size_t)got > size - 1 - n)
			got = (ssize_t)(size - 1 - n);
		memcpy(out + n, buf, (size_t)got);
		n += (size_t)got;
		out[n] = '\0';
	}
}

/* A process that the kernel does not let go of is left to whoever comes behind us. */
static int reap(pid_t pid, u64 end, int *status)
{
	for (;;) {
		pid_t got = waitpid(pid, status, WNOHANG);

		if (got == pid)
			return 0;
		if (got < 0 && errno != EINTR)
			return -errno;
		if (mono_us() >= end)
			return -ETIMEDOUT;
		usleep(10 * USEC_PER_MSEC);
	}
}

int doctor_run(const char *const argv[], unsigned int seconds, char *out, size_t size)
{
	u64 end = mono_us() + seconds * USEC_PER_SEC;
	_cleanup_close_ int from = -1, to = -1;
	int fds[2], status = 0, r;
	pid_t pid;

	*out = '\0';
	if (pipe2(fds, O_CLOEXEC) < 0)
		return -errno;
	from = fds[0];
	to = fds[1];
	r = spawn(argv, to, &pid);
	if (r < 0)
		return r;
	close(to);
	to = -1;
	r = read_until(from, end, out, size);
	if (r == 0)
		r = reap(pid, end, &status);
	if (r < 0) {
		kill(pid, SIGKILL);
		reap(pid, mono_us() + GRACE_US, &status);
		return r;
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : -EINTR;
}
