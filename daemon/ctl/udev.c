// SPDX-License-Identifier: GPL-2.0
/*
 * udev: reloading and triggering, by udevadm.
 *
 * udevadm is the declared interface to both: the socket of udevd is its own affair.  What it has to
 * say goes to the user, on stderr.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>

#include "ctl/udev.h"
#include "util.h"

/* udevd ends a rule that takes longer than three minutes; nothing of ours takes seconds. */
#define UDEVADM_MS	60000

extern char **environ;

bool udev_is_running(void)
{
	return access("/run/udev/control", F_OK) == 0;
}

static int spawn(const char *const argv[], pid_t *ret)
{
	/* Behind PATH: a PATH without the folders of root is common. */
	static const char *const programs[] = { "udevadm", "/usr/bin/udevadm", "/bin/udevadm" };
	posix_spawn_file_actions_t actions;
	int r;

	r = posix_spawn_file_actions_init(&actions);
	if (r)
		return -r;
	r = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	if (!r)
		r = posix_spawn_file_actions_adddup2(&actions, STDERR_FILENO, STDOUT_FILENO);
	if (!r) {
		r = ENOENT;
		for (size_t i = 0; i < ARRAY_SIZE(programs) && r == ENOENT; i++)
			r = posix_spawnp(ret, programs[i], &actions, NULL,
					 (char *const *)argv, environ);
	}
	posix_spawn_file_actions_destroy(&actions);
	return -r;
}

/* Its exit status, or -ETIMEDOUT: it was ended. */
static int reap(pid_t pid)
{
	_cleanup_close_ int fd = pidfd_open(pid, 0);
	struct pollfd p = { .fd = fd, .events = POLLIN };
	u64 end = mono_us() + UDEVADM_MS * USEC_PER_MSEC;
	bool is_late = false;
	int status, r = 1;

	/* Without pidfd_open() (a sandbox) it is waited for as long as it takes. */
	while (fd >= 0) {
		u64 now = mono_us();

		r = now < end ? poll(&p, 1, (int)((end - now) / USEC_PER_MSEC) + 1) : 0;
		if (r >= 0 || errno != EINTR)
			break;
	}
	if (r <= 0) {
		is_late = true;
		kill(pid, SIGKILL);
	}
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	if (is_late)
		return -ETIMEDOUT;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int run(const char *const argv[], char *why, size_t size)
{
	pid_t pid;
	int r;

	/* What we said stands before what it says. */
	fflush(stdout);
	r = spawn(argv, &pid);
	if (r == 0)
		r = reap(pid);
	if (r == 0)
		return 0;
	if (r == -ENOENT)
		snprintf(why, size, "udevadm is missing");
	else if (r == -ETIMEDOUT)
		snprintf(why, size, "\"udevadm %s\" is not done after %d s", argv[1],
			 UDEVADM_MS / 1000);
	else if (r < 0)
		snprintf(why, size, "cannot run udevadm: %s", strerror(-r));
	else
		snprintf(why, size, "\"udevadm %s\" failed with status %d", argv[1], r);
	return r < 0 ? r : -EIO;
}

int udev_reload(char *why, size_t size)
{
	const char *const argv[] = { "udevadm", "control", "--reload", NULL };

	return run(argv, why, size);
}

int udev_apply(const char *node, char *why, size_t size)
{
	/* "change" is what rules expect of a device that is there already. */
	const char *const argv[] = { "udevadm", "trigger", "--action=change", "--settle", node,
				     NULL };
	int r = udev_reload(why, size);

	return r < 0 ? r : run(argv, why, size);
}
