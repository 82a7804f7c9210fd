/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Whether a tty was opted in, by udev's database.
 *
 * A service goes by the name of a tty, behind which another adapter may be by now: one that nobody
 * has enabled, or one that udev has still to look at.
 */
#ifndef AMSHAN_ATTACH_OPTED_H
#define AMSHAN_ATTACH_OPTED_H

#include <sys/types.h>

enum opted {
	OPTED_UNKNOWN,		/* no udev runs, or it is none of its devices */
	OPTED_PENDING,		/* udev has still to look at it */
	OPTED_OUT,
	OPTED_IN,		/* AMSHAN_ADAPTER=1 */
};

/* opted_in() - what is said of this character device; reads files, and waits for nobody */
enum opted opted_in(dev_t devt);

#endif /* AMSHAN_ATTACH_OPTED_H */
