// SPDX-License-Identifier: GPL-2.0
/*
 * Lists of Austrian grid companies; meters of several makers send them, and they do not say which.
 *
 * EVN and others (Kaifa MA309, Sagemcom T210-D): one structure: the clock, then code, value and
 * {scaler, unit} in turn, the number of the meter.
 *
 * Wiener Netze (Iskra AM550, Landis+Gyr E450, Siemens IM350): one structure of 9 values: the clock,
 * registers, powers. Wh, varh, W, var.
 */
#include "meter/maker.h"

const struct maker maker_austria = {
	.shape = LIST_PAIRS,
	.clock_first = true,
	.id_last = true,
	.clock = CLOCK_WIRE,
};

static const struct maker_scaler scalers[] = {
	{ .kind = KIND_ACTIVE_POWER, .exponent = 0 },
	{ .kind = KIND_REACTIVE_POWER, .exponent = 0 },
	{ .kind = KIND_ACTIVE_ENERGY, .exponent = 0 },
	{ .kind = KIND_REACTIVE_ENERGY, .exponent = 0 },
	{ .kind = KIND_COUNT },
};

static const u64 vienna_9[] = {
	OBIS_CLOCK, OBIS_REGISTER(1, 0), OBIS_REGISTER(2, 0), OBIS_REGISTER(3, 0),
	OBIS_REGISTER(4, 0), OBIS_NOW(1), OBIS_NOW(2), OBIS_NOW(3), OBIS_NOW(4),
};
static const struct maker_positions positions[] = {
	{ MAKER_ORDER(vienna_9), .types = ".44444444" }, { 0 },
};

const struct maker maker_vienna = {
	.shape = LIST_POSITIONAL,
	.clock_first = true,
	.scalers = scalers,
	.positions = positions,
	.clock = CLOCK_WIRE,
};
