/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Attaching: the service that holds an adapter's tty for the module, started and stopped, and the
 * port that comes of it; or amshand, which hears of udev that the tty is for it.
 *
 * What was done is said on stdout, what does not work on stderr.
 */
#ifndef AMSHAN_CTL_ATTACHING_H
#define AMSHAN_CTL_ATTACHING_H

#include "ctl/adapter.h"

/*
 * attaching_is_refused() - does another program have the tty?  It would lose its octets to us, or we
 * would wait for it for ever.  Says which one.  Not amshand, where it reads the tty as one that is
 * enabled: that gives it back.
 */
bool attaching_is_refused(const struct adapter *a);

/**
 * attaching_begin() - start the service anew, and wait for its port; or wait until amshand reads it
 * @a: the adapter, as udev knows it now
 * @since_us: a port that was there before (by the monotonic clock) is held by somebody else
 *
 * Return: an enum ctl_exit.
 */
int attaching_begin(const struct adapter *a, u64 since_us);

/* attaching_is_on() - does the service run, or is there a port? */
bool attaching_is_on(const struct adapter *a);

/*
 * attaching_end() - stop the service, and wait until amshand has given it back; returns an enum
 * ctl_exit
 */
int attaching_end(const struct adapter *a);

#endif /* AMSHAN_CTL_ATTACHING_H */
