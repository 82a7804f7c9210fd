/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Between the two halves of plausibility: plausible.c (evidence) and plausible_say.c (conclusion, and
 * what is said of it).  Of no use to others.
 */
#ifndef AMSHAN_METER_PLAUSIBLE_INTERNAL_H
#define AMSHAN_METER_PLAUSIBLE_INTERNAL_H

#include "meter/plausible.h"

enum {
	RULE_CURRENT,
	RULE_ENERGY,
};

/* struct plausible_phase - the quantities of a phase */
struct plausible_phase {
	u8 voltage;
	u8 current;
};

static const struct plausible_phase phase_table[3] = {
	{ Q_VOLTAGE_L1, Q_CURRENT_L1 },
	{ Q_VOLTAGE_L2, Q_CURRENT_L2 },
	{ Q_VOLTAGE_L3, Q_CURRENT_L3 },
};

/* plausible_conclude() - say what follows from the evidence; true if @p->text changed */
bool plausible_conclude(struct plausible *p);

#endif /* AMSHAN_METER_PLAUSIBLE_INTERNAL_H */
