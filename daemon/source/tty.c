// SPDX-License-Identifier: GPL-2.0
/*
 * Ttys: found, opened for us alone, set, and given back.
 *
 * Only one without a discipline of its own is taken, and without a lock of somebody else: what
 * another program has is left as it is.  Relies on the list of line disciplines for names, and on
 * the module for the port of one that is attached.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <linux/tty.h>

#include "log.h"
#include "netlink/ports.h"
#include "source/ldiscs.h"
#include "source/tty.h"
#include "util.h"

#define DEV		"/dev/"

/* Where a name without a folder is looked for; where we are comes last. */
static const char *const folders[] = { DEV, DEV "serial/by-id/", DEV "serial/by-path/", "" };

int tty_fail(struct tty *t, int error, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(t->why, sizeof(t->why), fmt, ap);
	va_end(ap);
	return error;
}

bool tty_is_gone(int error)
{
	return error == EIO || error == ENODEV || error == ENXIO || error == ENOENT;
}

int tty_fail_step(struct tty *t, int error, const char *step)
{
	if (tty_is_gone(error))
		return tty_fail(t, -ENODEV, "%s vanished: cannot %s", t->name, step);
	errno = error;
	return tty_fail(t, -error, "%s: cannot %s: %m", t->name, step);
}

/* ---- before it is opened ---- */

static int fail_refused(struct tty *t, const char *path)
{
	access_say_refused(path, 0060, &t->group, t->why, sizeof(t->why));
	return -EACCES;
}

char *tty_path(const char *device, char *buf)
{
	struct stat st;

	if (!*device || strchr(device, '/')) {
		snprintf(buf, PATH_MAX, "%s", device);
		return buf;
	}
	for (size_t i = 0; i < ARRAY_SIZE(folders); i++) {
		snprintf(buf, PATH_MAX, "%s%s", folders[i], device);
		if (stat(buf, &st) == 0 && S_ISCHR(st.st_mode))
			return buf;
	}
	snprintf(buf, PATH_MAX, DEV "%s", device);
	return buf;
}

/*
 * To open a device can do things: a watchdog begins to count.  What sysfs says is something else is
 * not even opened.
 */
static bool may_be_tty(dev_t devt)
{
	char path[64], target[PATH_MAX];
	const char *name;
	ssize_t n;

	snprintf(path, sizeof(path), "/sys/dev/char/%u:%u/subsystem", major(devt), minor(devt));
	n = readlink(path, target, sizeof(target) - 1);
	/* A pseudo-terminal has no place in sysfs. */
	if (n < 0)
		return true;
	target[n] = '\0';
	name = strrchr(target, '/');
	return name && !strcmp(name, "/tty");
}

int tty_find(struct tty *t, const char *path)
{
	char where[PATH_MAX];
	struct stat st;

	t->path = path;
	free(t->node);
	t->name = NULL;
	t->node = realpath(tty_path(path, where), NULL);
	if (!t->node && errno == EACCES)
		return fail_refused(t, path);
	if (!t->node && errno == ENOMEM)
		return tty_fail(t, -ENOMEM, "out of memory");
	if (!t->node)
		return tty_fail(t, -ENOENT, "no such tty: %s", path);
	t->name = t->node;
	if (!strncmp(t->node, DEV, strlen(DEV)))
		t->name += strlen(DEV);
	if (stat(t->node, &st) < 0)
		return tty_fail(t, -ENOENT, "no such tty: %s", path);
	if (!S_ISCHR(st.st_mode))
		return tty_fail(t, -ENOTTY, "not a tty: %s is no character device", path);
	if (!may_be_tty(st.st_rdev))
		return tty_fail(t, -ENOTTY, "not a tty: %s", path);
	t->devt = st.st_rdev;
	if (faccessat(AT_FDCWD, t->node, R_OK | W_OK, AT_EACCESS) < 0 && errno == EACCES)
		return fail_refused(t, t->node);
	return 0;
}

/* ---- opening ---- */

int tty_port(const struct tty *t)
{
	struct port_info ports[AMSHAN_PORTS_MAX];
	int n = ports_read(ports);

	for (int i = 0; i < n; i++)
		if (ports[i].tty_major == major(t->devt) && ports[i].tty_minor == minor(t->devt))
			return (int)ports[i].index;
	return n < 0 ? n : -ENODEV;
}

static int fail_busy(struct tty *t)
{
	int index = tty_port(t);

	if (index >= 0)
		return tty_fail(t, -EBUSY, "%s is attached already, as /dev/amshan%d", t->name,
				index);
	return tty_fail(t, -EBUSY, "%s is in use by another program", t->name);
}

static int open_node(struct tty *t)
{
	struct stat st;

	t->fd = open(t->node, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	if (t->fd < 0 && errno == EBUSY)
		return fail_busy(t);
	if (t->fd < 0 && errno == EPERM)
		return tty_fail(t, -EPERM,
				"may not open %s: the service's DeviceAllow= does not name it",
				t->node);
	/* What drivers of USB say when an adapter does not answer; it may come to its senses. */
	if (t->fd < 0 && errno == EIO)
		return tty_fail(t, -EIO, "cannot open %s: %m", t->name);
	/* A node that no driver is behind. */
	if (t->fd < 0 && tty_is_gone(errno))
		return tty_fail(t, -ENOENT, "no such tty: there is no device behind %s", t->node);
	if (t->fd < 0)
		return tty_fail_step(t, errno, "open it");
	/* Another one in its place. */
	if (fstat(t->fd, &st) < 0 || st.st_rdev != t->devt)
		return tty_fail_step(t, ENODEV, "open it");
	return 0;
}

/* Somebody else's discipline means that somebody uses the tty for something. */
static int check_ldisc(struct tty *t)
{
	char list[LDISCS_MAX], other[LDISC_NAME_MAX] = "?";
	int now = -1;

	if (ioctl(t->fd, TIOCGETD, &now) < 0) {
		if (errno == ENOTTY || errno == EINVAL)
			return tty_fail(t, -ENOTTY, "not a tty: %s", t->node);
		return tty_fail_step(t, errno, "read its line discipline");
	}
	if (now == N_TTY)
		return 0;
	if (ldiscs_read(list) == 0)
		ldiscs_name(list, now, other);
	if (!strcmp(other, AMSHAN_LDISC_NAME))
		return fail_busy(t);
	return tty_fail(t, -EBUSY,
			"%s has the line discipline \"%s\" (%d): another program uses it",
			t->name, other, now);
}

static int set_exclusive(struct tty *t)
{
	/* The kernel's lock does not hold root off, the other one only those who ask. */
	if (flock(t->fd, LOCK_EX | LOCK_NB) < 0)
		return errno == EWOULDBLOCK ? fail_busy(t) : tty_fail_step(t, errno, "lock it");
	if (ioctl(t->fd, TIOCEXCL) < 0)
		return tty_fail_step(t, errno, "have it alone");
	t->is_ours = true;
	return 0;
}

int tty_open(struct tty *t)
{
	int r;

	r = open_node(t);
	if (r == 0)
		r = check_ldisc(t);
	if (r == 0)
		r = set_exclusive(t);
	if (r < 0)
		tty_close(t);
	return r;
}

/* ---- open ---- */

int tty_set(struct tty *t, const struct serial_settings *want)
{
	char format[SERIAL_FORMAT_MAX];
	int r = 0;

	if (!t->saved)
		r = serial_save(t->fd, &t->saved);
	if (r < 0)
		return tty_fail_step(t, -r, "read its settings");
	r = serial_apply(t->fd, want, &t->got);
	if (r == -EINVAL)
		return tty_fail(t, r, "%s refuses %s", t->name, serial_format(want, format));
	return r < 0 ? tty_fail_step(t, -r, "set it") : 0;
}

void tty_disown(struct tty *t)
{
	free(t->saved);
	t->saved = NULL;
}

void tty_close(struct tty *t)
{
	int r;

	if (t->fd < 0)
		return;
	if (t->saved) {
		r = serial_restore(t->fd, t->saved);
		if (r < 0 && !tty_is_gone(-r))
			log_warning("%s: cannot give the tty its settings back: %s", t->name,
				    strerror(-r));
	}
	if (t->is_ours)
		ioctl(t->fd, TIOCNXCL);
	tty_disown(t);
	t->is_ours = false;
	close(t->fd);
	t->fd = -1;
}

void tty_clear(struct tty *t)
{
	tty_close(t);
	free(t->node);
	t->node = NULL;
	t->name = NULL;
}
