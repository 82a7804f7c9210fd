/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What is wrong with the values of a meter, in one sentence: registers that are held back, and values that
 * contradict each other.
 */
#ifndef AMSHAN_PROBLEM_H
#define AMSHAN_PROBLEM_H

#include "meter/meter.h"

/**
 * plausibility_take() - let plausibility see a list, and log what it finds, once
 * @m: the meter; its derived values have taken the list
 * @settings: of its source
 * @r: the readings
 * @mono_us: when it was received, CLOCK_MONOTONIC
 */
void plausibility_take(struct meter *m, const struct meter_settings *settings,
		       const struct readings *r, s64 mono_us);

/* problem_look() - write meter->problem anew; true if it changed */
bool problem_look(struct meter *m);

#endif /* AMSHAN_PROBLEM_H */
