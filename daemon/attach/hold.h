/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Holding: a tty is attached as long as this process runs, and waited for if that is wanted.
 */
#ifndef AMSHAN_ATTACH_HOLD_H
#define AMSHAN_ATTACH_HOLD_H

#include "attach/attach.h"

/**
 * hold() - attach a tty and hold it until it goes away or a signal comes
 * @a: what attachment_begin() takes; cleared afterwards
 * @is_patient: wait for what is in the way, and attach it again when it has lost the discipline
 *
 * Says what it does to the log and to the service manager.
 *
 * Return: true: the tty is gone, or we were told to end; false: it could not be attached, or (not
 * @is_patient) has lost the discipline.
 */
bool hold(struct attachment *a, bool is_patient);

#endif /* AMSHAN_ATTACH_HOLD_H */
