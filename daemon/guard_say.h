/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the guard of the registers did, for the log.
 */
#ifndef AMSHAN_GUARD_SAY_H
#define AMSHAN_GUARD_SAY_H

#include "meter/meter.h"

/* guard_say() - log what came of a list of this meter */
void guard_say(const struct meter *m, const struct guard_report *report);

/*
 * guard_problem() - a sentence on the first register that is held back, "" if none is.  Zeros before the
 * first value are not one: a meter may begin with them.
 */
void guard_problem(const struct guard *g, char *buf, size_t size);

#endif /* AMSHAN_GUARD_SAY_H */
