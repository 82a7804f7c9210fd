/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Ttys: had for one reader alone, set, and given back as they were.
 *
 * Shared by amshan-attach and amshanctl probe.  What can be found out without opening a tty is found
 * out before: to open one toggles its modem lines.
 */
#ifndef AMSHAN_SOURCE_TTY_H
#define AMSHAN_SOURCE_TTY_H

#include <sys/types.h>

#include "source/access.h"
#include "source/serial.h"

#define TTY_WHY_MAX	768	/* a sentence with a path in it */

/**
 * struct tty - a tty; zero it and set @fd to -1 to begin
 * @path: as the user names it; not owned
 * @node: the device itself: @path without links, owned
 * @name: the same without /dev/; points into @node
 * @devt: its device number
 * @fd: -1 while not open
 * @is_ours: nobody else may open it (flock and TIOCEXCL)
 * @saved: how it was set before, NULL: not set yet
 * @got: what the driver made of the settings of the last tty_set()
 * @group: that our user is not in
 * @why: why the last call failed: a sentence
 */
struct tty {
	const char *path;
	char *node;
	const char *name;
	dev_t devt;
	int fd;
	bool is_ours;
	struct serial_saved *saved;
	struct serial_settings got;
	struct access_group group;
	char why[TTY_WHY_MAX];
};

/**
 * tty_path() - where the device is that a user names
 * @device: a path; or a name without a folder: a node in /dev, a link in /dev/serial
 * @buf: PATH_MAX octets
 *
 * Return: @buf; there may be nothing there.
 */
char *tty_path(const char *device, char *buf);

/**
 * tty_find() - look the tty up, without opening it
 * @t: begun, and not open; may have been found before
 * @path: of a node or a link to one, or a name as tty_path() takes it; has to outlive @t
 *
 * Return: 0 with @t->node, @t->name and @t->devt; or a negative errno with a sentence in @t->why
 * (-ENOENT: there is none, -EACCES: we may not open it, -ENOTTY: it is no character device,
 * or sysfs says that it is no tty).
 * @t->node and @t->name are NULL if the path leads nowhere.
 */
int tty_find(struct tty *t, const char *path);

/**
 * tty_open() - open it for us alone
 * @t: found
 *
 * Return: 0; or a negative errno with a sentence in @t->why, and it is not open then.  -EBUSY: it is
 * attached, another program has it for itself alone or has locked it, or it has a line discipline
 * that is not N_TTY; -ENOTTY: it is no tty; -ENOENT: no device is behind the node; -ENODEV: it is
 * gone; -EIO: it does not answer; -EPERM: the service's list of devices does not name it.
 */
int tty_open(struct tty *t);

/**
 * tty_set() - set it raw, as serial_apply() does; may be called again with others
 * @t: open
 * @want: the settings; the path is not looked at
 *
 * How it was set is remembered by the first call.
 *
 * Return: 0, with what the driver made of it in @t->got; -EINVAL: the driver refuses these settings;
 * -ENODEV: it is gone; another negative errno.  With a sentence in @t->why if not 0.
 */
int tty_set(struct tty *t, const struct serial_settings *want);

/* tty_port() - index of the module's port that is on it, or a negative errno */
int tty_port(const struct tty *t);

/* tty_disown() - another program has set it: tty_close() is to leave its settings as they are */
void tty_disown(struct tty *t);

/* tty_close() - give it back as it was, as far as it is still ours; may be called twice */
void tty_close(struct tty *t);

/* tty_clear() - the same, and free what it owns */
void tty_clear(struct tty *t);

/* ---- for those who do more with it ---- */

/* tty_fail() - a sentence in @t->why; returns @error, so that it reads "return tty_fail(t, ...)" */
int tty_fail(struct tty *t, int error, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/*
 * tty_fail_step() - the same after an errno that has no reason of its own: the tty went away
 * (-ENODEV), or something nobody thought of; @step: "open it"
 */
int tty_fail_step(struct tty *t, int error, const char *step);

/* tty_is_gone() - errors that mean that the device went away */
bool tty_is_gone(int error);

#endif /* AMSHAN_SOURCE_TTY_H */
