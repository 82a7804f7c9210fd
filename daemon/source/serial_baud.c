// SPDX-License-Identifier: GPL-2.0
/*
 * termios2: the settings of a port, at any speed.
 *
 * The C library's <termios.h> knows only the speeds that have a constant, and cannot stand next
 * to the kernel's <asm/termbits.h>; so this file is the only one that sees the latter.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <asm/ioctls.h>
#include <asm/termbits.h>
#include <linux/major.h>

#include "source/serial.h"

/* Where termios has had speeds from the beginning (powerpc) there is no second one. */
#ifndef TCGETS2
#define termios2 termios
#define TCGETS2 TCGETS
#define TCSETS2 TCSETS
#endif

static const tcflag_t data_flags[] = { [5] = CS5, [6] = CS6, [7] = CS7, [8] = CS8 };

bool serial_is_pty(int fd)
{
	struct stat st;

	/* 136..143 (Documentation/admin-guide/devices.txt) */
	return fstat(fd, &st) == 0 && S_ISCHR(st.st_mode) &&
	       major(st.st_rdev) >= UNIX98_PTY_SLAVE_MAJOR &&
	       major(st.st_rdev) < UNIX98_PTY_SLAVE_MAJOR + UNIX98_PTY_MAJOR_COUNT;
}

static void settings_to_termios(const struct serial_settings *s, struct termios2 *t)
{
	t->c_iflag = 0;
	t->c_oflag = 0;
	t->c_lflag = 0;
	/* Whether a closed port drops DTR stays as it is: some adapters are fed by it. */
	t->c_cflag = (t->c_cflag & HUPCL) | CREAD | CLOCAL | BOTHER | data_flags[s->data];
	t->c_ispeed = s->baud;
	t->c_ospeed = s->baud;
	/* At least one octet, so that read() gives 0 only after a hangup. */
	t->c_cc[VMIN] = 1;
	t->c_cc[VTIME] = 0;

	if (s->stop == 2)
		t->c_cflag |= CSTOPB;
	if (s->rtscts)
		t->c_cflag |= CRTSCTS;
	if (s->xonxoff)
		t->c_iflag |= IXOFF;
	/*
	 * Without a parity nothing is marked unless wanted: of an 8E1 line read as 8N1 an octet 00h
	 * looks like a break, and what a tty without marks makes of a break is 00h.
	 */
	if (s->parity != PARITY_NONE)
		t->c_cflag |= PARENB;
	if (s->parity != PARITY_NONE || s->mark_errors)
		t->c_iflag |= INPCK | PARMRK;
	if (s->parity == PARITY_ODD)
		t->c_cflag |= PARODD;
	/*
	 * A discipline sees each octet's own flag.  INPCK makes drivers tell parity and framing
	 * errors.  Breaks they tell with BRKINT (only N_TTY would make a signal of it); without a
	 * parity they must not, for the reason above.
	 */
	if (s->discipline) {
		t->c_iflag &= ~PARMRK;
		t->c_iflag |= INPCK;
		if (s->parity != PARITY_NONE)
			t->c_iflag |= BRKINT;
	}
}

static void settings_from_termios(struct serial_settings *s, const struct termios2 *t)
{
	s->baud = t->c_ospeed;
	s->parity = !(t->c_cflag & PARENB) ? PARITY_NONE : t->c_cflag & PARODD ? PARITY_ODD :
										  PARITY_EVEN;
	for (u8 bits = 5; bits <= 8; bits++)
		if ((t->c_cflag & CSIZE) == data_flags[bits])
			s->data = bits;
	s->stop = t->c_cflag & CSTOPB ? 2 : 1;
}

static bool termios_same(const struct termios2 *a, const struct termios2 *b)
{
	/* The kernel writes a speed that has a constant by that. */
	const tcflag_t speed = CBAUD | CIBAUD;

	return a->c_iflag == b->c_iflag && a->c_oflag == b->c_oflag && a->c_lflag == b->c_lflag &&
	       (a->c_cflag & ~speed) == (b->c_cflag & ~speed) && a->c_ospeed == b->c_ospeed &&
	       a->c_ispeed == b->c_ispeed && a->c_cc[VMIN] == b->c_cc[VMIN] &&
	       a->c_cc[VTIME] == b->c_cc[VTIME];
}

struct serial_saved {
	struct termios2 termios;
};

int serial_save(int fd, struct serial_saved **ret)
{
	struct serial_saved *saved = calloc(1, sizeof(*saved));

	if (!saved)
		return -ENOMEM;
	if (ioctl(fd, TCGETS2, &saved->termios) < 0) {
		int error = errno;

		free(saved);
		return error == EINVAL ? -ENOTTY : -error;
	}
	*ret = saved;
	return 0;
}

int serial_restore(int fd, const struct serial_saved *saved)
{
	ioctl(fd, TCFLSH, TCIFLUSH);
	return ioctl(fd, TCSETS2, &saved->termios) < 0 ? -errno : 0;
}

int serial_apply(int fd, const struct serial_settings *want, struct serial_settings *got)
{
	struct termios2 old, new;
	int lines;

	if (ioctl(fd, TCGETS2, &old) < 0)
		return errno == EINVAL ? -ENOTTY : -errno;
	new = old;
	settings_to_termios(want, &new);
	if (!termios_same(&old, &new)) {
		if (ioctl(fd, TCSETS2, &new) < 0)
			return -errno;
		/* What is there was read at another speed; a pseudo-terminal has none. */
		if (!serial_is_pty(fd))
			ioctl(fd, TCFLSH, TCIFLUSH);
		if (ioctl(fd, TCGETS2, &new) < 0)
			return -errno;
	}
	/*
	 * A P1 port sends only while its data request line is high, and most cables make that of RTS
	 * or DTR.  Drivers raise both when a port is opened; one that somebody else has lowered stays so.
	 */
	lines = TIOCM_RTS | TIOCM_DTR;
	ioctl(fd, TIOCMBIS, &lines);
	*got = *want;
	settings_from_termios(got, &new);
	return 0;
}
