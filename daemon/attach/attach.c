// SPDX-License-Identifier: GPL-2.0
/*
 * An attachment: from a path to a tty with the discipline, and back.
 *
 * The tty itself is source/tty.c's; here is what the discipline adds to it.  That the module is there
 * is found out before the tty is opened: to open it toggles its modem lines, and a service manager
 * would do that again and again.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include <linux/serial.h>
#include <linux/tty.h>

#include "attach/attach.h"
#include "log.h"
#include "source/ldiscs.h"
#include "source/opted.h"
#include "source/serial_udev.h"
#include "util.h"

#include <linux/amshan.h>

/* ---- before it is opened ---- */

static int find(struct attachment *a)
{
	int r = tty_find(&a->tty, a->path);

	return r == -ENOENT ? -ENODEV : r;
}

int attachment_check_opted(struct attachment *a)
{
	struct tty *t = &a->tty;

	if (!a->from_udev)
		return 0;
	switch (opted_in(t->devt)) {
	case OPTED_PENDING:
		return tty_fail(t, -EAGAIN, "udev has not looked at %s yet", t->name);
	case OPTED_OUT:
		return tty_fail(t, -ECANCELED, "%s is not enabled: \"amshanctl enable %s\" does that",
				t->name, t->node);
	case OPTED_READER:
		return tty_fail(t, -ECANCELED, "%s is not for the module: amshand reads it by itself, as "
				"its AMSHAN_FRAMING says", t->name);
	default:
		return 0;
	}
}

/* Anew each time: a rule may have been mended since. */
static int read_settings(struct attachment *a)
{
	_cleanup_free_ char *error = NULL;
	char format[SERIAL_FORMAT_MAX];
	int r;

	if (!a->from_udev)
		return 0;
	r = attachment_check_opted(a);
	if (r < 0)
		return r;
	serial_settings_init(&a->settings);
	a->settings.discipline = true;
	r = serial_settings_of_devt(&a->settings, a->tty.devt, &error);
	if (r == -EINVAL)
		return tty_fail(&a->tty, r, "%s: wrong udev property %s", a->tty.name, error);
	if (r == -ENOMEM)
		return tty_fail(&a->tty, r, "out of memory");
	if (r < 0 && !a->is_told)
		log_notice("udev does not know %s: taking %s", a->tty.name,
			   serial_format(&a->settings, format));
	a->is_told = r < 0;
	return 0;
}

/* The number is the module's choice (its parameter ldisc), so the name is what counts. */
static int find_ldisc(struct attachment *a)
{
	char list[LDISCS_MAX], other[LDISC_NAME_MAX];
	int r = ldiscs_read(list);

	if (r < 0)
		return tty_fail(&a->tty, r,
				"cannot tell whether the module amshan is loaded: %s: %s",
				LDISCS_PATH, strerror(-r));
	a->ldisc = ldiscs_number(list, AMSHAN_LDISC_NAME);
	if (a->ldisc >= 0)
		return 0;
	if (ldiscs_name(list, N_DEVELOPMENT, other) == 0)
		return tty_fail(&a->tty, -ENOENT,
				"the module amshan is not loaded, and the line discipline %d that "
				"it takes is held by \"%s\": modprobe amshan ldisc=N, with a number "
				"that is not in %s", N_DEVELOPMENT, other, LDISCS_PATH);
	return tty_fail(&a->tty, -ENOENT, "the module amshan is not loaded: modprobe amshan");
}

/* ---- setting ---- */

static int set_ldisc(struct attachment *a)
{
	struct tty *t = &a->tty;

	if (ioctl(t->fd, TIOCSETD, &a->ldisc) < 0) {
		switch (errno) {
		case EPERM:
			return tty_fail(t, -EPERM,
					"may not attach %s: that takes the capability CAP_NET_ADMIN; "
					"root has it, or a service by AmbientCapabilities=",
					t->name);
		case ENOSPC:
			return tty_fail(t, -ENOSPC,
					"cannot attach %s: all %d ports of the module are taken",
					t->name, AMSHAN_PORTS_MAX);
		case EINVAL:
			return tty_fail(t, -EINVAL,
					"cannot attach %s: the module amshan was unloaded in between",
					t->name);
		default:
			return tty_fail_step(t, errno, "set the line discipline");
		}
	}
	a->is_set = true;
	return 0;
}

/* Drivers that gather octets hand them over at once.  Not all can, and none must. */
static void set_low_latency(struct attachment *a, bool on)
{
	struct serial_struct s;

	if (ioctl(a->tty.fd, TIOCGSERIAL, &s) < 0 || !(s.flags & ASYNC_LOW_LATENCY) == !on)
		return;
	s.flags ^= ASYNC_LOW_LATENCY;
	if (ioctl(a->tty.fd, TIOCSSERIAL, &s) == 0)
		a->low_latency = on;
}

static int begin(struct attachment *a)
{
	int r;

	r = find(a);
	if (r == 0)
		r = read_settings(a);
	if (r == 0)
		r = find_ldisc(a);
	if (r < 0)
		return r;
	r = tty_open(&a->tty);
	if (r == -ENOENT)
		return -ENODEV;
	if (r == 0)
		r = tty_set(&a->tty, &a->settings);
	if (r == 0)
		r = set_ldisc(a);
	if (r == 0) {
		set_low_latency(a, true);
		r = attachment_check(a);
	}
	if (r == -ENODEV)
		return tty_fail(&a->tty, r, "%s vanished while it was being attached",
				a->tty.name);
	return r;
}

int attachment_begin(struct attachment *a)
{
	int r = begin(a);

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
	tty_disown(&a->tty);
}

int attachment_check(struct attachment *a)
{
	char list[LDISCS_MAX], other[LDISC_NAME_MAX] = "?";
	struct tty *t = &a->tty;
	int now = -1;

	if (ioctl(t->fd, TIOCGETD, &now) < 0) {
		int error = errno;

		disown(a);
		if (!tty_is_gone(error))
			return tty_fail_step(t, error, "read its line discipline");
		return tty_fail(t, -ENODEV, "%s is gone", t->name);
	}
	if (now == a->ldisc)
		return 0;
	disown(a);
	if (ldiscs_read(list) == 0)
		ldiscs_name(list, now, other);
	return tty_fail(t, -ESTALE, "%s has lost the line discipline, it has \"%s\" (%d) now",
			t->name, other, now);
}

char *attachment_describe(const struct attachment *a, char *buf)
{
	char want[SERIAL_FORMAT_MAX], got[SERIAL_FORMAT_MAX], port[64], set[128] = "";
	const struct tty *t = &a->tty;
	int index = tty_port(t);

	if (index >= 0)
		snprintf(port, sizeof(port), " as /dev/amshan%d", index);
	else
		/* As in a network namespace of its own: the family is in the first one only. */
		snprintf(port, sizeof(port), "; the module does not tell as which port");
	if (!serial_is_near(&a->settings, &t->got) && !serial_is_pty(t->fd))
		snprintf(set, sizeof(set), "; it cannot do %s, it is at %s",
			 serial_format(&a->settings, want), serial_format(&t->got, got));
	snprintf(buf, ATTACH_TEXT_MAX, "%s is attached%s%s", t->name, port, set);
	return buf;
}

/* In the opposite order, so that N_TTY's settings do not apply to octets of ours. */
void attachment_end(struct attachment *a)
{
	int n_tty = N_TTY;

	if (a->tty.fd < 0)
		return;
	if (a->low_latency)
		set_low_latency(a, false);
	if (a->is_set && ioctl(a->tty.fd, TIOCSETD, &n_tty) < 0 && !tty_is_gone(errno))
		log_warning("%s: cannot give the tty its line discipline back: %m", a->tty.name);
	a->is_set = false;
	a->low_latency = false;
	tty_close(&a->tty);
}

void attachment_clear(struct attachment *a)
{
	attachment_end(a);
	tty_clear(&a->tty);
}
