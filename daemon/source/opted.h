/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Whether a tty was opted in, by udev's database.
 *
 * A service or a source goes by the name of a tty, behind which another adapter may be by now: one
 * that nobody has enabled, one that is for somebody else, or one that udev has still to look at.
 */
#ifndef AMSHAN_SOURCE_OPTED_H
#define AMSHAN_SOURCE_OPTED_H

#include <sys/types.h>

enum opted {
	OPTED_UNKNOWN,		/* no udev runs, or it is none of its devices */
	OPTED_PENDING,		/* udev has still to look at it */
	OPTED_OUT,
	OPTED_IN,		/* AMSHAN_ADAPTER=1: for the module */
	OPTED_READER,		/* the same, with an AMSHAN_FRAMING that is for amshand itself */
};

/* opted_in() - what is said of this character device; reads files, and waits for nobody */
enum opted opted_in(dev_t devt);

#endif /* AMSHAN_SOURCE_OPTED_H */
