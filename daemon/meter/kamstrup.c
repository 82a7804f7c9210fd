// SPDX-License-Identifier: GPL-2.0
/*
 * Kamstrup, list id Kamstrup_V0001 (Norway, Sweden, Denmark after decryption).
 *
 * One structure: the list id, then code and value in turn. 10 s list: 25 elements; hourly list: 35;
 * 15 with one phase and one quadrant. A phase that does not exist has null-data in place of code
 * and value. No scalers: W, var, 0.01 A, V, 10 Wh, 10 varh, power factor 0.01.
 *
 * Known deviations: types 685... (current transformers) send mA; Swedish types ...245101... count
 * energy in Wh; some Swedish and Danish builds send 0.01 V, which only the size of the number
 * shows. The clock shows UTC+1 all year.
 */
#include "meter/maker.h"

static const struct maker_scaler scalers[] = {
	{ .kind = KIND_ACTIVE_POWER, .exponent = 0 },
	{ .kind = KIND_REACTIVE_POWER, .exponent = 0 },
	{ .kind = KIND_ACTIVE_ENERGY, .exponent = 0, .type = "?????????245101" },
	{ .kind = KIND_ACTIVE_ENERGY, .exponent = 1 },
	{ .kind = KIND_REACTIVE_ENERGY, .exponent = 0, .type = "?????????245101" },
	{ .kind = KIND_REACTIVE_ENERGY, .exponent = 1 },
	{ .kind = KIND_CURRENT, .exponent = -3, .type = "685" },
	{ .kind = KIND_CURRENT, .exponent = -2 },
	{ .kind = KIND_VOLTAGE, .exponent = -2, .centivolts = true },
	{ .kind = KIND_VOLTAGE, .exponent = 0 },
	{ .kind = KIND_POWER_FACTOR, .exponent = -2 },
	{ .kind = KIND_COUNT },
};

static const struct maker_identity identities[] = {
	{ OBIS(1, 1, 0, 0, 5, 255), ID_METER_ID },
	{ OBIS(1, 1, 96, 1, 1, 255), ID_METER_TYPE },
	{ OBIS_NONE },
};

const struct maker maker_kamstrup = {
	.name = "Kamstrup",
	.shape = LIST_PAIRS,
	.list_id = "Kamstrup_",
	.scalers = scalers,
	.identities = identities,
	.clock = CLOCK_UTC1,
};
