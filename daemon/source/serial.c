// SPDX-License-Identifier: GPL-2.0
/*
 * The serial source: opens a port, reads it, and waits for it while it is away.
 *
 * Two states: open (fd, io), or waiting (watch, retry).  A port that is away is noticed when its
 * directory, or the nearest one above that exists, gets an entry of the right name: the links of
 * /dev/serial/by-id come and go with the adapters, and that folder with the last of them.  What no
 * directory tells (a busy port that was closed, rights that were given) is found by a slow timer.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "log.h"
#include "source/access.h"
#include "source/opted.h"
#include "source/serial_udev.h"
#include "source/source.h"
#include "util.h"

#define RETRY_US	(5 * USEC_PER_SEC)
/* After a port was lost: a hub that resets its devices brings them back within this time. */
#define RETRY_SOON_US	(500 * USEC_PER_MSEC)
#define WATCH_TRIES	16 /* parts of a path that appear while we look */
#define PIECE		4096 /* all that a tty holds */

/**
 * struct serial - the transport's part of a source
 * @source: the source
 * @settings: from its URI, or from udev when it was opened
 * @marks: decoder of the marks in what is read
 * @fd: the port, or -1
 * @io: waits for octets, NULL while not open
 * @retry: next attempt, off while open, NULL while stopped
 * @watch: directory that is watched, NULL while open
 * @name: entry of it that is waited for: a part of @settings.path, @name_len long
 * @open_us: when it was opened
 * @opened: it was open since it was started
 * @told: settings that the port did not take were told
 * @group: that our user is not in
 */
struct serial {
	struct source *source;
	struct serial_settings settings;
	struct serial_marks marks;
	int fd;
	sd_event_source *io;
	sd_event_source *retry;
	sd_event_source *watch;
	const char *name;
	size_t name_len;
	u64 open_us;
	bool opened;
	bool told;
	struct access_group group;
};

static void serial_try(struct serial *p);

static int serial_parse(struct source *s, const char *rest, char **error)
{
	struct serial *p = calloc(1, sizeof(*p));

	if (!p)
		return -ENOMEM;
	p->source = s;
	p->fd = -1;
	s->priv = p;
	return serial_settings_parse(rest, &p->settings, error);
}

/* ---- opening ---- */

/* @why: may say it already */
static void say_why(struct serial *p, int error, char *why, size_t size)
{
	const char *path = p->settings.path;
	char format[SERIAL_FORMAT_MAX];

	if (*why)
		return;
	switch (-error) {
	case ENOENT:
	case ENOTDIR:
	case ENODEV:
	case ENXIO:
	case EIO:
		snprintf(why, size, p->opened ? "port vanished: %s" : "no such port: %s", path);
		break;
	case EACCES:
		access_say_refused(path, 0060, &p->group, why, size);
		break;
	case EPERM:
		snprintf(why, size, "may not open %s: the service's DeviceAllow= does not name it",
			 path);
		break;
	case EBUSY:
		snprintf(why, size, "port is in use by another program: %s", path);
		break;
	case ENOTTY:
		snprintf(why, size, "not a serial port: %s", path);
		break;
	case EINVAL:
		snprintf(why, size, "port refuses %s: %s", serial_format(&p->settings, format),
			 path);
		break;
	default:
		errno = -error;
		snprintf(why, size, "cannot open %s: %m", path);
		break;
	}
}

/* Said once, not each time the port comes back. */
static void check_settings(struct serial *p, const struct serial_settings *got)
{
	const struct serial_settings *want = &p->settings;
	char a[SERIAL_FORMAT_MAX], b[SERIAL_FORMAT_MAX];

	if (p->told || serial_is_near(want, got) || serial_is_pty(p->fd))
		return;
	p->told = true;
	log_about(LOG_WARNING, p->source->name, NULL, "%s cannot do %s, it is at %s",
		  want->path, serial_format(want, a), serial_format(got, b));
}

/*
 * Whose is it, and how is it to be set?  As udev says now.  What udev does not know (a machine without
 * it) is set as the URI says.
 */
static int ask_udev(struct serial *p, dev_t devt, char *why, size_t size)
{
	const char *path = p->settings.path;
	_cleanup_free_ char *error = NULL;
	int r;

	switch (opted_in(devt)) {
	case OPTED_PENDING:
		snprintf(why, size, "udev has not looked at %s yet", path);
		return -EAGAIN;
	case OPTED_OUT:
		snprintf(why, size, "not enabled: %s", path);
		return -ECANCELED;
	case OPTED_IN:
		snprintf(why, size, "for the module, not for amshand: kernel:%s", path);
		return -ECANCELED;
	default:
		break;
	}
	r = serial_settings_of_devt(&p->settings, devt, &error);
	if (r == -EINVAL)
		snprintf(why, size, "wrong udev property %s: %s", error, path);

	return r == -ENODATA ? 0 : r;
}

static int port_open(struct serial *p, char *why, size_t size)
{
	struct serial_settings got;
	_cleanup_close_ int fd = -1;
	struct stat st, opened;
	int r;

	if (stat(p->settings.path, &st) < 0)
		return -errno;
	/* Not opened to find out: to open a FIFO or a file may do something. */
	if (!S_ISCHR(st.st_mode))
		return -ENOTTY;
	if (p->settings.udev) {
		r = ask_udev(p, st.st_rdev, why, size);
		if (r < 0)
			return r;
	}
	fd = open(p->settings.path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	/* Another one in its place. */
	if (fstat(fd, &opened) < 0 || opened.st_rdev != st.st_rdev)
		return -ENODEV;
	if (!isatty(fd))
		return errno == EIO ? -EIO : -ENOTTY;
	/* The kernel's lock does not hold root off, the other one only those who ask. */
	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		return errno == EWOULDBLOCK ? -EBUSY : -errno;
	if (ioctl(fd, TIOCEXCL) < 0)
		return -errno;
	r = serial_apply(fd, &p->settings, &got);
	if (r < 0)
		return r;
	p->fd = fd;
	fd = -1;
	check_settings(p, &got);
	return 0;
}

/* ---- waiting ---- */

/* The watched directory got an entry, an entry's rights changed, or it is itself no more. */
static int on_watch(sd_event_source *es, const struct inotify_event *event, void *ctx)
{
	struct serial *p = ctx;

	if (event->len && (strncmp(event->name, p->name, p->name_len) || event->name[p->name_len]))
		return 0;
	serial_try(p);
	return 0;
}

static int on_retry(sd_event_source *es, u64 now, void *ctx)
{
	serial_try(ctx);
	return 0;
}

/* Watch the nearest directory above the port that exists.  Returns its path's length, or negative. */
static int watch_nearest(struct serial *p, char *dir)
{
	const u32 mask = IN_CREATE | IN_MOVED_TO | IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF |
			 IN_ONLYDIR;
	int r = -ENOENT;

	strcpy(dir, p->settings.path);
	while ((r == -ENOENT || r == -ENOTDIR) && *dir) {
		char *slash = strrchr(dir, '/');

		p->name = p->settings.path + (slash + 1 - dir);
		p->name_len = strcspn(p->name, "/");
		*slash = '\0';
		r = sd_event_add_inotify(p->source->event, &p->watch, *dir ? dir : "/", mask,
					 on_watch, p);
	}

	return r < 0 ? r : (int)strlen(dir);
}

/*
 * Best effort: without a watch (no memory, too many of them) the timer is left.  A directory that
 * came between the look at it and the watch above it would not be told of: look again.
 */
static void watch_start(struct serial *p)
{
	_cleanup_free_ char *dir = strdup(p->settings.path);

	for (unsigned int tries = 0; dir && tries < WATCH_TRIES; tries++) {
		int n = watch_nearest(p, dir);

		if (n < 0 || !p->name[p->name_len])
			return;
		memcpy(dir, p->settings.path, n + 1 + p->name_len);
		dir[n + 1 + p->name_len] = '\0';
		if (access(dir, F_OK) < 0)
			return;
		p->watch = sd_event_source_disable_unref(p->watch);
	}
}

static void wait_stop(struct serial *p)
{
	p->watch = sd_event_source_disable_unref(p->watch);
	sd_event_source_set_enabled(p->retry, SD_EVENT_OFF);
}

static void wait_start(struct serial *p, u64 delay_us)
{
	wait_stop(p);
	watch_start(p);
	sd_event_source_set_time_relative(p->retry, delay_us);
	sd_event_source_set_enabled(p->retry, SD_EVENT_ONESHOT);
}

/* ---- open ---- */

static void port_close(struct serial *p)
{
	p->io = sd_event_source_disable_unref(p->io);
	if (p->fd >= 0)
		close(p->fd);
	p->fd = -1;
}

static void serial_lost(struct serial *p)
{
	char why[SOURCE_REASON_MAX];
	bool at_once = mono_us() - p->open_us < RETRY_US;

	port_close(p);
	source_eof(p->source);
	/* Stopped by whoever got a message. */
	if (!p->retry)
		return;
	*why = '\0';
	say_why(p, -ENODEV, why, sizeof(why));
	source_set_state(p->source, SOURCE_WAITING, "%s", why);
	/* One that opens and fails at once is not tried as fast as it does. */
	wait_start(p, at_once ? RETRY_US : RETRY_SOON_US);
}

static int on_octets(sd_event_source *es, int fd, u32 events, void *ctx)
{
	struct serial *p = ctx;
	u8 in[PIECE], out[PIECE + 1], flags[PIECE + 1];
	ssize_t n = read(fd, in, sizeof(in));

	if (n < 0 && errno == EINTR)
		return 0;
	if (n < 0 && errno == EAGAIN && !(events & (EPOLLHUP | EPOLLERR)))
		return 0;
	if (n <= 0) {
		serial_lost(p);
		return 0;
	}
	if (p->settings.parity == PARITY_NONE) {
		source_receive(p->source, in, NULL, (size_t)n);
	} else {
		size_t k = serial_marks_decode(&p->marks, in, (size_t)n, out, flags);

		source_receive(p->source, out, flags, k);
	}
	return 0;
}

static void serial_try(struct serial *p)
{
	struct source *s = p->source;
	char why[SOURCE_REASON_MAX] = "";
	int r;

	/* First the watch: what happens after the attempt must not be missed. */
	wait_start(p, RETRY_US);
	r = port_open(p, why, sizeof(why));
	if (r >= 0) {
		r = sd_event_add_io(s->event, &p->io, p->fd, EPOLLIN, on_octets, p);
		if (r < 0)
			port_close(p);
	}
	if (r < 0) {
		say_why(p, r, why, sizeof(why));
		source_set_state(s, SOURCE_WAITING, "%s", why);
		/* The link is there a moment before what udev says of it. */
		if (r == -EAGAIN)
			sd_event_source_set_time_relative(p->retry, RETRY_SOON_US);
		return;
	}
	wait_stop(p);
	p->marks = (struct serial_marks){ 0 };
	p->open_us = mono_us();
	p->opened = true;
	source_set_state(s, SOURCE_OPEN, NULL);
}

static void serial_stop(struct source *s)
{
	struct serial *p = s->priv;

	if (!p)
		return;
	if (p->retry)
		wait_stop(p);
	p->retry = sd_event_source_unref(p->retry);
	port_close(p);
	p->opened = false;
}

static int serial_start(struct source *s)
{
	struct serial *p = s->priv;
	int r;

	serial_stop(s);
	r = sd_event_add_time_relative(s->event, &p->retry, CLOCK_MONOTONIC, RETRY_US, 0, on_retry,
				       p);
	if (r < 0)
		return r;
	serial_try(p);
	return 0;
}

static void serial_free(struct source *s)
{
	struct serial *p = s->priv;

	if (!p)
		return;
	serial_settings_clear(&p->settings);
	free(p);
	s->priv = NULL;
}

bool serial_is_of(const struct source *s, dev_t devt)
{
	const struct serial *p = s->priv;
	struct stat st;

	return s->ops == &source_serial && stat(p->settings.path, &st) == 0 &&
	       S_ISCHR(st.st_mode) && st.st_rdev == devt;
}

const struct source_ops source_serial = {
	.scheme = "serial",
	.parse = serial_parse,
	.start = serial_start,
	.stop = serial_stop,
	.free = serial_free,
	/* To open it again would toggle DTR and RTS, and heal nothing. */
	.watchdog = false,
	.online = true,
};
