/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A household behind a meter: load over the day, appliances, sunshine, voltages; energies are the
 * integral of the power that was shown.
 */
#ifndef SIM_HOUSE_H
#define SIM_HOUSE_H

#include "meters.h"
#include "rng.h"

#define HOUSE_APPLIANCES 4

/**
 * struct sim_house - one household
 * @values: what its meter knows now; the owner may change number and type
 * @rng: for everything in it
 * @solar: it has panels
 * @one_phase: everything is on L1
 * @three_wire: an IT grid
 * @import_only: what is delivered is not counted
 * @until_ms: each appliance runs until then
 * @drift: slow changes of each voltage and of the load, in units of their own
 * @work: integral of the four powers, in W ms or var ms
 * @utc_ms: time of @values
 */
struct sim_house {
	struct sim_values values;
	struct sim_rng rng;
	bool solar;
	bool one_phase;
	bool three_wire;
	bool import_only;
	s64 until_ms[HOUSE_APPLIANCES];
	double drift[4];
	u64 work[4];
	s64 utc_ms;
};

/**
 * sim_house_init() - a household with some years of consumption in its registers
 * @h: the household
 * @form: its meter
 * @solar: it has panels
 * @seed: for its randomness
 * @utc_ms: milliseconds since the epoch
 */
void sim_house_init(struct sim_house *h, enum sim_form form, bool solar, u64 seed, s64 utc_ms);

/* sim_house_step() - let time pass: count the power shown until now, then find a new one */
void sim_house_step(struct sim_house *h, s64 utc_ms);

#endif /* SIM_HOUSE_H */
