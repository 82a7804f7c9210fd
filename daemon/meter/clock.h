/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The meter's clock: from what was sent to a point in time.
 */
#ifndef AMSHAN_METER_CLOCK_H
#define AMSHAN_METER_CLOCK_H

#include "meter/meter.h"

/**
 * clock_interpret() - what a meter's clock means
 * @t: as sent
 * @kind: how to take it; not CLOCK_AUTO
 * @near_us: time of reception, microseconds since the epoch: which of the two hours at the end of
 *           summer time is meant
 * @ret: the result
 */
void clock_interpret(const struct cosem_time *t, enum clock_kind kind, u64 near_us,
		     struct meter_clock *ret);

#endif /* AMSHAN_METER_CLOCK_H */
