// SPDX-License-Identifier: GPL-2.0
/*
 * An attachment: from a path to a tty with the discipline, and back.
 *
 * What can be found out without opening the tty is found out before: to open one toggles its modem
 * lines, and a service manager would do that again and again.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <linux/serial.h>
#include <linux/tty.h>

#include "attach/attach.h"
#include "attach/ldiscs.h"
#include "log.h"
#include "netlink/ports.h"
#include "source/access.h"
#include "util.h"

#define DEV		"/dev/"

/* Returns @error, so that it reads "return fail(a, -ENOENT, ...)". */
static int fail(struct attachment *a, int error, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static int fail(struct attachment *a, int error, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(a->why, sizeof(a->why), fmt, ap);
	va_end(ap);
	return error;
}

void attachment_gone(struct attachment *a)
{
	fail(a, 0, "%s is gone", a->name);
}

static bool is_gone(int error)
{
	return error == EIO || error == ENODEV || error == ENXIO || error == ENOENT;
}

/* A step failed for no reason of its own: the tty went away, or something nobody thought of. */
static int fail_step(struct attachment *a, int error, const char *step)
{
	if (is_gone(error))
		return fail(a, -error, "%s vanished while it was being attached", a->name);
	errno = error;
	return fail(a, -error, "%s: cannot %s: %m", a->name, step);
}

/* ---- before it is opened ---- */

static int find(struct attachment *a)
{
	const char *path = a->settings.path;
	struct access_group group = { 0 };
	struct stat st;

	a->path = realpath(path, NULL);
	if (!a->path && errno == EACCES) {
		access_say_refused(path, 0060, &group, a->why, sizeof(a->why));
		return -EACCES;
	}
	if (!a->path && errno == ENOMEM)
		return fail(a, -ENOMEM, "out of memory");
	if (!a->path || stat(a->path, &st) < 0)
		return fail(a, -errno, "no such tty: %s", path);
	a->name = a->path;
	if (!strncmp(a->path, DEV, strlen(DEV)))
		a->name += strlen(DEV);
	if (!S_ISCHR(st.st_mode))
		return fail(a, -ENOTTY, "not a tty: %s is no character device", path);
	a->devt = st.st_rdev;
	if (faccessat(AT_FDCWD, a->path, R_OK | W_OK, AT_EACCESS) < 0 && errno == EACCES) {
		access_say_refused(a->path, 0060, &group, a->why, sizeof(a->why));
		return -EACCES;
	}
	return 0;
}

/* The list of disciplines; @list has LDISCS_MAX octets. */
static int read_ldiscs(struct attachment *a, char *list)
{
	_cleanup_close_ int fd = open(LDISCS_PATH, O_RDONLY | O_CLOEXEC);
	size_t have = 0;
	ssize_t n = fd < 0 ? -1 : 1;

	while (n > 0 && have < LDISCS_MAX - 1) {
		n = read(fd, list + have, LDISCS_MAX - 1 - have);
		if (n > 0)
			have += (size_t)n;
	}
	if (n < 0)
		return fail(a, -errno, "cannot tell whether the module amshan is loaded: %s: %m",
			    LDISCS_PATH);
	list[have] = '\0';
	return 0;
}

/* The number is the module's choice (its parameter ldisc), so the name is what counts. */
static int find_ldisc(struct attachment *a, const char *list)
{
	char other[LDISC_NAME_MAX];

	a->ldisc = ldiscs_number(list, AMSHAN_LDISC_NAME);
	if (a->ldisc >= 0)
		return 0;
	if (ldiscs_name(list, N_DEVELOPMENT, other) == 0)
		return fail(a, -ENOENT,
			    "the module amshan is not loaded, and the line discipline %d that it "
			    "takes is held by \"%s\": modprobe amshan ldisc=N, with a number that "
			    "is not in %s", N_DEVELOPMENT, other, LDISCS_PATH);
	return fail(a, -ENOENT, "the module amshan is not loaded: modprobe amshan");
}

/* ---- opening ---- */

/* The index of the port that is on our tty, or a negative errno. */
static int find_port(const struct attachment *a)
{
	struct port_info ports[AMSHAN_PORTS_MAX];
	int n = ports_read(ports);

	for (int i = 0; i < n; i++)
		if (ports[i].tty_major == major(a->devt) && ports[i].tty_minor == minor(a->devt))
			return (int)ports[i].index;
	return n < 0 ? n : -ENODEV;
}

static int fail_busy(struct attachment *a)
{
	int index = find_port(a);

	if (index >= 0)
		return fail(a, -EBUSY, "%s is attached already, as /dev/amshan%d", a->name, index);
	return fail(a, -EBUSY, "%s is in use by another program", a->name);
}

static int open_tty(struct attachment *a)
{
	struct stat st;

	a->fd = open(a->path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	if (a->fd < 0 && errno == EBUSY)
		return fail_busy(a);
	if (a->fd < 0 && errno == EPERM)
		return fail(a, -EPERM,
			    "may not open %s: the service's DeviceAllow= does not name it",
			    a->path);
	/* A node that no driver is behind. */
	if (a->fd < 0 && is_gone(errno))
		return fail(a, -errno, "no such tty: there is no device behind %s", a->path);
	if (a->fd < 0)
		return fail_step(a, errno, "open it");
	if (fstat(a->fd, &st) < 0 || st.st_rdev != a->devt)
		return fail_step(a, ENODEV, "open it");
	return 0;
}

/* Somebody else's discipline means that somebody uses the tty for something. */
static int check_ldisc(struct attachment *a, const char *list)
{
	char other[LDISC_NAME_MAX] = "?";
	int now;

	if (ioctl(a->fd, TIOCGETD, &now) < 0) {
		if (errno == ENOTTY || errno == EINVAL)
			return fail(a, -ENOTTY, "not a tty: %s", a->path);
		return fail_step(a, errno, "read its line discipline");
	}
	if (now == N_TTY)
		return 0;
	if (now == a->ldisc)
		return fail_busy(a);
	ldiscs_name(list, now, other);
	return fail(a, -EBUSY, "%s has the line discipline \"%s\" (%d): another program uses it",
		    a->name, other, now);
}

/* ---- setting ---- */

static int set_exclusive(struct attachment *a)
{
	/* The kernel's lock does not hold root off, the other one only those who ask. */
	if (flock(a->fd, LOCK_EX | LOCK_NB) < 0)
		return errno == EWOULDBLOCK ? fail_busy(a) : fail_step(a, errno, "lock it");
	if (ioctl(a->fd, TIOCEXCL) < 0)
		return fail_step(a, errno, "have it alone");
	a->is_ours = true;
	return 0;
}

static int set_termios(struct attachment *a)
{
	char format[SERIAL_FORMAT_MAX];
	int r;

	r = serial_save(a->fd, &a->saved);
	if (r < 0)
		return fail_step(a, -r, "read its settings");
	r = serial_apply(a->fd, &a->settings, &a->got);
	if (r == -EINVAL)
		return fail(a, r, "%s refuses %s", a->name, serial_format(&a->settings, format));
	return r < 0 ? fail_step(a, -r, "set it") : 0;
}

static int set_ldisc(struct attachment *a)
{
	if (ioctl(a->fd, TIOCSETD, &a->ldisc) < 0) {
		switch (errno) {
		case EPERM:
			return fail(a, -EPERM,
				    "may not attach %s: that takes the capability CAP_NET_ADMIN; root "
				    "has it, or a service by AmbientCapabilities=", a->name);
		case ENOSPC:
			return fail(a, -ENOSPC,
				    "cannot attach %s: all %d ports of the module are taken",
				    a->name, AMSHAN_PORTS_MAX);
		case EINVAL:
			return fail(a, -EINVAL,
				    "cannot attach %s: the module amshan was unloaded in between",
				    a->name);
		default:
			return fail_step(a, errno, "set the line discipline");
		}
	}
	a->is_set = true;
	return 0;
}

/* Drivers that gather octets hand them over at once.  Not all can, and none must. */
static void set_low_latency(struct attachment *a, bool on)
{
	struct serial_struct s;

	if (ioctl(a->fd, TIOCGSERIAL, &s) < 0 || !(s.flags & ASYNC_LOW_LATENCY) == !on)
		return;
	s.flags ^= ASYNC_LOW_LATENCY;
	if (ioctl(a->fd, TIOCSSERIAL, &s) == 0)
		a->low_latency = on;
}

static int begin(struct attachment *a)
{
	char list[LDISCS_MAX];
	int r;

	r = find(a);
	if (r == 0)
		r = read_ldiscs(a, list);
	if (r == 0)
		r = find_ldisc(a, list);
	if (r == 0)
		r = open_tty(a);
	if (r == 0)
		r = check_ldisc(a, list);
	if (r == 0)
		r = set_exclusive(a);
	if (r == 0)
		r = set_termios(a);
	if (r == 0)
		r = set_ldisc(a);
	if (r < 0)
		return r;
	set_low_latency(a, true);
	return attachment_check(a);
}

int attachment_begin(struct attachment *a)
{
	int r;

	a->fd = -1;
	r = begin(a);
	if (r < 0)
		attachment_end(a);
	return r;
}

/* ---- afterwards ---- */

/* Somebody else's discipline, or no tty any more: how it is set is not our business now. */
static void disown(struct attachment *a)
{
	a->is_set = false;
	a->low_latency = false;
	free(a->saved);
	a->saved = NULL;
}

int attachment_check(struct attachment *a)
{
	char list[LDISCS_MAX], other[LDISC_NAME_MAX] = "?";
	int now;

	if (ioctl(a->fd, TIOCGETD, &now) < 0) {
		int error = errno;

		disown(a);
		if (!is_gone(error))
			return fail_step(a, error, "read its line discipline");
		attachment_gone(a);
		return -ENODEV;
	}
	if (now == a->ldisc)
		return 0;
	disown(a);
	if (read_ldiscs(a, list) == 0)
		ldiscs_name(list, now, other);
	return fail(a, -ESTALE, "%s has lost the line discipline, it has \"%s\" (%d) now", a->name,
		    other, now);
}

char *attachment_describe(const struct attachment *a, char *buf)
{
	char want[SERIAL_FORMAT_MAX], got[SERIAL_FORMAT_MAX], port[64], set[128] = "";
	int index = find_port(a);

	if (index >= 0)
		snprintf(port, sizeof(port), " as /dev/amshan%d", index);
	else
		/* As in a network namespace of its own: the family is in the first one only. */
		snprintf(port, sizeof(port), "; the module does not tell as which port");
	if (!serial_is_near(&a->settings, &a->got) && !serial_is_pty(a->fd))
		snprintf(set, sizeof(set), "; it cannot do %s, it is at %s",
			 serial_format(&a->settings, want), serial_format(&a->got, got));
	snprintf(buf, ATTACH_TEXT_MAX, "%s is attached%s%s", a->name, port, set);
	return buf;
}

/* In the opposite order, so that N_TTY's settings do not apply to octets of ours. */
static void give_back(struct attachment *a)
{
	int n_tty = N_TTY, r;

	if (a->low_latency)
		set_low_latency(a, false);
	if (a->is_set && ioctl(a->fd, TIOCSETD, &n_tty) < 0 && !is_gone(errno))
		log_warning("%s: cannot give the tty its line discipline back: %m", a->name);
	if (a->saved) {
		r = serial_restore(a->fd, a->saved);
		if (r < 0 && !is_gone(-r))
			log_warning("%s: cannot give the tty its settings back: %s", a->name,
				    strerror(-r));
	}
	if (a->is_ours)
		ioctl(a->fd, TIOCNXCL);
	disown(a);
	a->is_ours = false;
}

void attachment_end(struct attachment *a)
{
	if (a->fd < 0)
		return;
	give_back(a);
	close(a->fd);
	a->fd = -1;
}

void attachment_clear(struct attachment *a)
{
	attachment_end(a);
	free(a->path);
	a->path = NULL;
	a->name = NULL;
}
