/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Holding: a tty is attached as long as this process runs, and waited for if that is wanted.
 */
#ifndef AMSHAN_ATTACH_HOLD_H
#define AMSHAN_ATTACH_HOLD_H

#include "attach/attach.h"

/* enum hold_end - why it ended; the exit status of the program */
enum hold_end {
	HOLD_DONE = 0,		/* the tty is gone, or we were told to end */
	HOLD_FAILED = 1,	/* not attached, or not any more */
	HOLD_NOT_ENABLED = 3,	/* udev says that this one is not to be attached, or not any more */
};

/**
 * hold() - attach a tty and hold it until it goes away or a signal comes
 * @a: what attachment_begin() takes; cleared afterwards
 * @is_patient: wait for what is in the way, and attach it again when it has lost the discipline
 *
 * Says what it does to the log and to the service manager.
 *
 * Return: enum hold_end.  Without @is_patient HOLD_FAILED is also that it has lost the discipline.
 */
int hold(struct attachment *a, bool is_patient);

#endif /* AMSHAN_ATTACH_HOLD_H */
