/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Ttys that are opted in for amshand itself: AMSHAN_ADAPTER=1, with an AMSHAN_FRAMING that the module
 * does not read (78-amshan.rules).
 *
 * Read from udev's database.  Where no udev runs there are none.
 */
#ifndef AMSHAN_SOURCE_OPTED_TTYS_H
#define AMSHAN_SOURCE_OPTED_TTYS_H

#include <sys/types.h>

#include "source/serial_udev.h"

#define OPTED_TTYS_MAX		64
#define OPTED_TTY_NAME_MAX	64

/**
 * struct opted_tty - one of them
 * @name: without /dev/
 * @devt: its device number
 * @since: when udev saw it first; with @devt it names this one plugging in
 * @line: its settings and its framing as text, to see whether they changed; "": they are wrong
 */
struct opted_tty {
	char name[OPTED_TTY_NAME_MAX];
	dev_t devt;
	u64 since;
	char line[SERIAL_LINE_MAX];
};

/**
 * opted_ttys_read() - all there are now
 * @ret: room for OPTED_TTYS_MAX; more are left out
 *
 * Return: their number, or a negative errno.
 */
int opted_ttys_read(struct opted_tty *ret);

#endif /* AMSHAN_SOURCE_OPTED_TTYS_H */
