// SPDX-License-Identifier: GPL-2.0
/*
 * Landis+Gyr E450 and E360.
 *
 * Switzerland: push with object list, so the message says what each value is, but not its scaler.
 *   E450   push setup 0-8:25.9.0; the number of the meter is 0-0:96.1.0 in one list and
 *          0-0:96.1.1 in another. Whole volts, 0.01 A, W, Wh.
 *   E360   push setup 0-6:25.9.0, logical device name LGZ...: 0.1 V, 0.01 A, W, Wh.
 *
 * Elsewhere the E450 pushes a bare structure of values; nothing marks it but the order of types:
 *   11     voltages, currents, powers, registers, number of the meter; 14: with three values before
 *          the number whose meaning is not known.
 *   9, 14  Slovenia (IDIS): number of the meter, powers, registers; utility's number, frequency,
 *          currents, voltages, powers per phase. The numbers are digits only, and no lists ids.
 *
 * The status says summer time, the deviation is UTC's: what the message says is right.
 */
#include "meter/maker.h"

static const struct maker_scaler e450_scalers[] = {
	{ .kind = KIND_ACTIVE_POWER, .exponent = 0 },
	{ .kind = KIND_REACTIVE_POWER, .exponent = 0 },
	{ .kind = KIND_ACTIVE_ENERGY, .exponent = 0 },
	{ .kind = KIND_REACTIVE_ENERGY, .exponent = 0 },
	{ .kind = KIND_CURRENT, .exponent = -2 },
	{ .kind = KIND_VOLTAGE, .exponent = 0 },
	{ .kind = KIND_COUNT },
};

static const struct maker_scaler e360_scalers[] = {
	{ .kind = KIND_ACTIVE_POWER, .exponent = 0 },
	{ .kind = KIND_REACTIVE_POWER, .exponent = 0 },
	{ .kind = KIND_ACTIVE_ENERGY, .exponent = 0 },
	{ .kind = KIND_REACTIVE_ENERGY, .exponent = 0 },
	{ .kind = KIND_CURRENT, .exponent = -2 },
	{ .kind = KIND_VOLTAGE, .exponent = -1 },
	{ .kind = KIND_COUNT },
};

static const struct maker_identity identities[] = {
	{ OBIS_METER_ID_2, ID_METER_ID },
	{ OBIS_NONE },
};

const struct maker maker_lg_e450 = {
	.name = "Landis+Gyr",
	.shape = LIST_OBJECTS,
	.setup = OBIS(0, 8, 25, 9, 0, 255),
	.scalers = e450_scalers,
	.identities = identities,
	.clock = CLOCK_WIRE,
};

const struct maker maker_lg_e360 = {
	.name = "Landis+Gyr",
	.shape = LIST_OBJECTS,
	.list_id = "LGZ",
	.mark = OBIS_DEVICE_NAME,
	.scalers = e360_scalers,
	.identities = identities,
	.clock = CLOCK_WIRE,
};

#define VOLTAGES	OBIS_NOW(32), OBIS_NOW(52), OBIS_NOW(72)
#define CURRENTS	OBIS_NOW(31), OBIS_NOW(51), OBIS_NOW(71)
#define TOTALS		OBIS_NOW(1), OBIS_NOW(2), OBIS_REGISTER(1, 0), OBIS_REGISTER(2, 0)

static const u64 phases_11[] = { VOLTAGES, CURRENTS, TOTALS, OBIS_METER_ID };
static const u64 phases_14[] = {
	VOLTAGES, CURRENTS, TOTALS, OBIS_NONE, OBIS_NONE, OBIS_NONE, OBIS_METER_ID,
};
static const struct maker_positions phases[] = {
	{ MAKER_ORDER(phases_11), .types = "2222224444s" },
	{ MAKER_ORDER(phases_14), .types = "2222224444222s" },
	{ 0 },
};

const struct maker maker_lg_phases = {
	.name = "Landis+Gyr",
	.shape = LIST_POSITIONAL,
	.scalers = e450_scalers,
	.positions = phases,
	.clock = CLOCK_WIRE,
};

static const u64 totals_9[] = {
	OBIS_METER_ID, OBIS_NOW(1), OBIS_NOW(2), OBIS_NOW(3), OBIS_NOW(4),
	OBIS_REGISTER(1, 0), OBIS_REGISTER(2, 0), OBIS_REGISTER(3, 0), OBIS_REGISTER(4, 0),
};
static const u64 totals_14[] = {
	OBIS_METER_ID_2, OBIS_NOW(14), CURRENTS, VOLTAGES, OBIS_NOW(21), OBIS_NOW(41), OBIS_NOW(61),
	OBIS_NOW(22), OBIS_NOW(42), OBIS_NOW(62),
};
static const struct maker_positions totals[] = {
	{ MAKER_ORDER(totals_9), .types = "d44444444" },
	{ MAKER_ORDER(totals_14), .types = "d2222222444444" },
	{ 0 },
};

/* 0-0:96.1.1 is in one of two lists only, and another number than that in the other. */
const struct maker maker_lg_totals = {
	.name = "Landis+Gyr",
	.shape = LIST_POSITIONAL,
	.scalers = e450_scalers,
	.positions = totals,
	.clock = CLOCK_WIRE,
};
