/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Serial ports: what the parts of the serial transport know of each other, and what amshan-attach
 * shares with them.
 *
 *	serial.c		opens, reads, waits for a port that is away
 *	serial_settings.c	from text to settings
 *	serial_baud.c		from settings to termios2
 *	serial_marks.c		from the tty's marks to a flag per octet
 */
#ifndef AMSHAN_SOURCE_SERIAL_H
#define AMSHAN_SOURCE_SERIAL_H

#include <amshan/types.h>

#define SERIAL_BAUD_MAX	12000000	/* the fastest USB adapters */

enum serial_parity {
	PARITY_NONE,
	PARITY_EVEN,
	PARITY_ODD,
};

/**
 * struct serial_settings - a port and how it is to be set
 * @path: absolute, owned
 * @baud: 1..SERIAL_BAUD_MAX
 * @parity: see below
 * @data: data bits, 5..8
 * @stop: stop bits, 1 or 2
 * @rtscts: hardware flow control
 * @xonxoff: ask the other end to pause by XOFF when we are behind.  Never the other direction: it
 *           would take 11h and 13h out of the frames, and we send nothing that could be paused
 * @discipline: a line discipline of ours takes the octets: it is told of errors next to them, and
 *              also without a parity; none are marked in the octets
 * @udev: baud, parity, data and stop come from udev's properties of the port when it is opened, and
 *        it is opened only if it is opted in for amshand there (opted.h)
 * @mark_errors: errors are marked also without a parity: they are to be counted, and the octets are
 *               looked at without them
 *
 * The default is 2400 8N1, although many meters send 8E1.  An 8E1 line read as 8N1 shows the parity
 * bit where the stop bit belongs: half of the octets come with a framing error, which is not looked
 * at, and the octets themselves are right on every receiver that waits for the next falling edge;
 * so are those of adapters that have a fixed setting of their own.  An 8N1 line read as 8E1 shows
 * the start bit of the next octet where the stop bit belongs, and octets are lost for good.  With
 * 8N1 the checksum decides on all of them; "parity=even" is for the lines where it says no.
 */
struct serial_settings {
	char *path;
	u32 baud;
	enum serial_parity parity;
	u8 data;
	u8 stop;
	bool rtscts;
	bool xonxoff;
	bool udev;
	bool discipline;
	bool mark_errors;
};

/* serial_settings_init() - the defaults, without a path */
void serial_settings_init(struct serial_settings *s);

/**
 * serial_settings_set() - set one by its name
 * @s: the settings; untouched on failure
 * @name: as in a URI: "baud", "parity", ...
 * @value: likewise
 * @error: a sentence on -EINVAL, to be freed; otherwise untouched
 *
 * Return: 0, -EINVAL, -ENOENT: no such name, -ENOMEM.
 */
int serial_settings_set(struct serial_settings *s, const char *name, const char *value,
			char **error);

/**
 * serial_settings_parse() - from the rest of a URI: PATH[?NAME=VALUE[&NAME=VALUE]...]
 * @rest: what stands behind "serial:"
 * @ret: the settings; untouched on failure
 * @error: a sentence on -EINVAL, to be freed; otherwise untouched
 *
 * Return: 0, -EINVAL, -ENOMEM.
 */
int serial_settings_parse(const char *rest, struct serial_settings *ret, char **error);
void serial_settings_clear(struct serial_settings *s);

#define SERIAL_FORMAT_MAX sizeof("4294967295 255N255")

/* serial_format() - "2400 8N1"; returns @buf (SERIAL_FORMAT_MAX octets) */
char *serial_format(const struct serial_settings *s, char *buf);

/**
 * serial_apply() - set a port: raw, its settings, errors marked if there is a parity
 * @fd: the port
 * @want: the settings; the path is not looked at
 * @got: baud, parity, data and stop bits that the port says it has now
 *
 * Octets that a line sent under other settings are thrown away.
 *
 * Return: 0; -ENOTTY if it is no tty; another negative errno if it refuses.
 */
int serial_apply(int fd, const struct serial_settings *want, struct serial_settings *got);

/* serial_is_near() - what a port has is what was wanted, as far as its divisor can */
bool serial_is_near(const struct serial_settings *want, const struct serial_settings *got);

struct serial_saved;

/**
 * serial_save() - remember how a port is set
 * @fd: the port
 * @ret: to be freed; untouched on failure
 *
 * Return: 0; -ENOTTY if it is no tty; another negative errno.
 */
int serial_save(int fd, struct serial_saved **ret);

/*
 * serial_restore() - set a port as it was; 0 or a negative errno.  What was received meanwhile is
 * thrown away: it was not meant for who reads the port next.
 */
int serial_restore(int fd, const struct serial_saved *saved);

/* serial_is_pty() - a pseudo-terminal: has neither baud nor parity */
bool serial_is_pty(int fd);

/**
 * struct serial_marks - decoder of the marks that PARMRK makes; zero it to begin
 * @ff: FFh seen: what follows says what it means
 * @mark: FFh 00h seen: the marked octet follows
 * @run: the octet before was marked and not a break
 */
struct serial_marks {
	bool ff;
	bool mark;
	bool run;
};

/**
 * serial_marks_decode() - take the marks out
 * @m: state between calls
 * @in: as read from the tty
 * @n: their number
 * @out: n + 1 octets
 * @flags: n + 1 flags, enum framer_flag
 *
 * FF FF is the octet FFh, FF 00 x the octet x with an error, FF 00 00 a break (termios(3)).
 * The tty does not tell a parity error from a framing error: each is FRAMER_PARITY, since ports
 * come here that have a parity, or whose errors are only counted (@mark_errors).  Nor does it tell
 * a break from an octet 00h with an error.
 * Inside of a run of octets with errors it is taken for such an octet: a wrong parity setting, or
 * an adapter that stamps whole packets, marks all of them, and a checksum that would have been
 * good must not fail for a missing zero.  Alone it is a break.
 *
 * Return: the number of octets in @out.
 */
size_t serial_marks_decode(struct serial_marks *m, const u8 *in, size_t n, u8 *out, u8 *flags);

#endif /* AMSHAN_SOURCE_SERIAL_H */
