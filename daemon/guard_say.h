/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the guard of the registers did, for the log.
 */
#ifndef AMSHAN_GUARD_SAY_H
#define AMSHAN_GUARD_SAY_H

#include "meter/meter.h"

/* guard_say() - log what came of a list of this meter */
void guard_say(const struct meter *m, const struct guard_report *report);

#endif /* AMSHAN_GUARD_SAY_H */
