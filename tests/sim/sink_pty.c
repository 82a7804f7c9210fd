// SPDX-License-Identifier: GPL-2.0
/*
 * A pseudo terminal as a sink.
 *
 * The slave is opened and closed once at the beginning.  From then on Linux reports a hang-up on
 * the master as long as nobody has the slave open, which is how a reader that is not there is told
 * from one that is; the slave itself stays usable for as long as the master is open.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "sink.h"

#define DRAIN_STEP_MS	5
#define DRAIN_STEPS	1000
#define DRAIN_EMPTY	20	/* looks: octets may still be on their way, on a busy machine for long */

/**
 * struct pty_sink - a pseudo terminal
 * @master: our end
 * @opened: inotify, readable when somebody opens the slave
 * @watch: for @opened
 * @slave: its path
 * @link: the symbolic link, not owned
 * @linked: @link is ours
 * @written: there may be octets that nobody has read
 */
struct pty_sink {
	struct sim_sink sink;
	struct sim_watch watch;
	int master;
	int opened;
	char slave[64];
	const char *link;
	bool linked;
	bool written;
};

/* Takes the event away; the loop then asks pty_heard(). */
static void slave_opened(struct sim_watch *w, u32 events)
{
	struct pty_sink *s = (struct pty_sink *)((char *)w - offsetof(struct pty_sink, watch));
	char buf[sizeof(struct inotify_event) + NAME_MAX + 1];

	if (read(s->opened, buf, sizeof(buf)) < 0 && errno != EAGAIN)
		epoll_ctl(s->sink.epoll, EPOLL_CTL_DEL, s->opened, NULL);
}

static bool pty_heard(struct sim_sink *sink)
{
	struct pollfd fd = { .fd = ((struct pty_sink *)sink)->master };

	return poll(&fd, 1, 0) >= 0 && !(fd.revents & POLLHUP);
}

/*
 * What the last reader did not read is not for the next one.  The line discipline of the slave
 * holds it, and only the slave can have that flushed.
 */
static void forget_unread(struct pty_sink *s)
{
	int slave = open(s->slave, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);

	if (slave < 0)
		return;
	tcflush(slave, TCIFLUSH);
	close(slave);
	s->written = false;
}

static int pty_write(struct sim_sink *sink, unsigned int meter, const u8 *data, size_t n)
{
	struct pty_sink *s = (struct pty_sink *)sink;
	u8 typed[256];

	/* What the other end writes, e.g. a probe, is of no interest, but it must not get stuck. */
	while (read(s->master, typed, sizeof(typed)) > 0)
		;
	if (!pty_heard(sink)) {
		if (s->written)
			forget_unread(s);
		return 0;
	}
	s->written = true;
	if (write(s->master, data, n) < 0 && errno != EAGAIN && errno != EINTR && errno != EIO)
		return -errno;
	return 0;
}

/*
 * Closing the master throws away what the reader has not read yet.  There is no event for an empty
 * buffer on the other end: look from time to time.
 */
static void pty_drain(struct sim_sink *sink)
{
	struct pty_sink *s = (struct pty_sink *)sink;
	struct pollfd stop = { .fd = sink->stop_fd, .events = POLLIN };
	int slave, unread, empty = 0;

	if (!pty_heard(sink))
		return;
	slave = open(s->slave, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	if (slave < 0)
		return;
	for (int i = 0; i < DRAIN_STEPS && empty < DRAIN_EMPTY; i++) {
		if (poll(&stop, 1, DRAIN_STEP_MS) || ioctl(slave, FIONREAD, &unread) < 0)
			break;
		empty = unread ? 0 : empty + 1;
	}
	close(slave);
}

static void pty_close(struct sim_sink *sink)
{
	struct pty_sink *s = (struct pty_sink *)sink;
	char target[sizeof(s->slave)];
	ssize_t n;

	if (s->linked) {
		n = readlink(s->link, target, sizeof(target) - 1);
		target[n < 0 ? 0 : n] = 0;
		if (!strcmp(target, s->slave))
			unlink(s->link);
	}
	if (s->opened >= 0)
		close(s->opened);
	if (s->master >= 0)
		close(s->master);
	free(s);
}

static const struct sim_sink_ops pty_ops = {
	.write = pty_write,
	.heard = pty_heard,
	.drain = pty_drain,
	.close = pty_close,
};

/* Raw, so that octets pass unchanged also before the reader has set what it wants. */
static int prepare_slave(struct pty_sink *s)
{
	struct termios tio;
	int r = 0, fd;

	fd = open(s->slave, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (tcgetattr(fd, &tio) < 0)
		r = -errno;
	cfmakeraw(&tio);
	if (!r && tcsetattr(fd, TCSANOW, &tio) < 0)
		r = -errno;
	close(fd);
	return r;
}

/* Replaces a symbolic link that is there, nothing else. */
static int make_link(struct pty_sink *s)
{
	char temporary[PATH_MAX];
	struct stat st;
	int r;

	if (!lstat(s->link, &st) && !S_ISLNK(st.st_mode))
		return -EEXIST;
	if (snprintf(temporary, sizeof(temporary), "%s.%ld", s->link, (long)getpid()) >=
	    (int)sizeof(temporary))
		return -ENAMETOOLONG;
	if (symlink(s->slave, temporary) < 0)
		return -errno;
	if (rename(temporary, s->link) < 0) {
		r = -errno;
		unlink(temporary);
		return r;
	}
	s->linked = true;
	return 0;
}

static int pty_setup(struct pty_sink *s)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.ptr = &s->watch };
	int r;

	s->master = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	if (s->master < 0 || grantpt(s->master) < 0 || unlockpt(s->master) < 0)
		return -errno;
	r = ptsname_r(s->master, s->slave, sizeof(s->slave));
	if (r)
		return -r;
	r = prepare_slave(s);
	if (r < 0)
		return r;
	s->opened = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (s->opened < 0 || inotify_add_watch(s->opened, s->slave, IN_OPEN) < 0 ||
	    epoll_ctl(s->sink.epoll, EPOLL_CTL_ADD, s->opened, &ev) < 0)
		return -errno;
	return make_link(s);
}

int sim_sink_pty(int epoll, int stop_fd, const char *link, struct sim_sink **ret)
{
	struct pty_sink *s = malloc(sizeof(*s));
	int r;

	if (!s)
		return sim_sink_error(-ENOMEM, link);
	*s = (struct pty_sink){
		.sink = { .ops = &pty_ops, .epoll = epoll, .stop_fd = stop_fd },
		.watch = { .fn = slave_opened },
		.master = -1,
		.opened = -1,
		.link = link,
	};
	r = pty_setup(s);
	if (r < 0) {
		pty_close(&s->sink);
		return sim_sink_error(r, link);
	}
	*ret = &s->sink;
	return 0;
}
