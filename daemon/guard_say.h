/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the guard of the registers did, for the log.
 */
#ifndef AMSHAN_GUARD_SAY_H
#define AMSHAN_GUARD_SAY_H

#include "meter/meter.h"

#define GUARD_SAY_S	60

/**
 * guard_say() - log what came of a list of this meter
 * @m: the meter
 * @report: what came of it
 * @mono_us: when the list came, CLOCK_MONOTONIC
 *
 * Of each register each kind of event is said at most once in GUARD_SAY_S, as one may step back and forth with
 * each telegram, each second; the rest is for debugging.
 */
void guard_say(struct meter *m, const struct guard_report *report, u64 mono_us);

/*
 * guard_problem() - a sentence on the first register that is held back, "" if none is.  Zeros before the
 * first value are not one: a meter may begin with them.
 */
void guard_problem(const struct guard *g, char *buf, size_t size);

#endif /* AMSHAN_GUARD_SAY_H */
