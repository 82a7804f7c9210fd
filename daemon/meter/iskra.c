// SPDX-License-Identifier: GPL-2.0
/*
 * Iskra (Iskraemeco) AM550 and IE.5. None of its lists has scalers: 0.1 V, 0.01 A, W, var, Wh, varh,
 * power factor 0.001.
 *
 * Slovenia: one structure of values. The first is the logical device name (ISK, type, number), which
 * all lists have; the second, where there is one, is a device id that differs from list to list and
 * may be empty: not the number of the meter.
 *   18     powers, voltages, currents, powers per phase
 *   12     registers with tariffs, the third value is a boolean; or voltages, currents, powers
 *   10     one phase: powers, voltage, current, powers of L1; or registers per tariff
 *   9      one phase: powers, voltage, two values whose meaning is not known; or, without a second
 *          string, powers and registers with tariffs
 *   8      one phase: voltage, current, powers
 * Lists of other lengths (4: totals every 15 minutes) are known, but not what their values mean.
 *
 * Croatia (IE.5): 33 values, no name in front: number of the meter, time, date, registers, powers,
 * power factor, powers per phase, voltages, currents, and five whose meaning is not known.
 *
 * Switzerland: push with object list, logical device name ISK...; or rows with scalers, which need no
 * table.
 *
 * Sweden, Austria (Carinthia): 12 values behind the code of the push setup 0-6:25.9.0: a string, time,
 * date, registers, powers, two strings. What meter sends it, it does not say.
 */
#include "meter/maker.h"

static const struct maker_scaler scalers[] = {
	{ .kind = KIND_ACTIVE_POWER, .exponent = 0 },
	{ .kind = KIND_REACTIVE_POWER, .exponent = 0 },
	{ .kind = KIND_ACTIVE_ENERGY, .exponent = 0 },
	{ .kind = KIND_REACTIVE_ENERGY, .exponent = 0 },
	{ .kind = KIND_CURRENT, .exponent = -2 },
	{ .kind = KIND_VOLTAGE, .exponent = -1 },
	{ .kind = KIND_POWER_FACTOR, .exponent = -3 },
	{ .kind = KIND_COUNT },
};

#define DEVICE_ID(e)	OBIS(0, 0, 96, 1, e, 255)
#define SWITCH		OBIS(0, 0, 96, 3, 10, 255)
#define TARIFF		OBIS(0, 0, 96, 14, 0, 255)

#define NAME_AND_ID(e)	OBIS_DEVICE_NAME, DEVICE_ID(e)
#define POWERS		OBIS_NOW(1), OBIS_NOW(2), OBIS_NOW(3), OBIS_NOW(4)
#define VOLTAGES	OBIS_NOW(32), OBIS_NOW(52), OBIS_NOW(72)
#define CURRENTS	OBIS_NOW(31), OBIS_NOW(51), OBIS_NOW(71)
#define PHASE_POWERS	OBIS_NOW(21), OBIS_NOW(41), OBIS_NOW(61), \
			OBIS_NOW(22), OBIS_NOW(42), OBIS_NOW(62)
#define TARIFFS(c)	OBIS_REGISTER(c, 1), OBIS_REGISTER(c, 2)
#define REGISTERS(c)	OBIS_REGISTER(c, 0), TARIFFS(c)

static const u64 now_18[] = { NAME_AND_ID(2), POWERS, VOLTAGES, CURRENTS, PHASE_POWERS };
static const u64 registers_12[] = {
	NAME_AND_ID(3), SWITCH, TARIFF, REGISTERS(1), REGISTERS(2),
	OBIS_REGISTER(3, 0), OBIS_REGISTER(4, 0),
};
static const u64 now_12[] = { NAME_AND_ID(2), VOLTAGES, CURRENTS, POWERS };
static const u64 now_10[] = {
	NAME_AND_ID(2), POWERS, OBIS_NOW(32), OBIS_NOW(31), OBIS_NOW(21), OBIS_NOW(22),
};
static const u64 registers_10[] = { NAME_AND_ID(3), TARIFFS(1), TARIFFS(2), TARIFFS(3), TARIFFS(4) };
static const u64 now_9[] = { NAME_AND_ID(2), POWERS, OBIS_NOW(32), OBIS_NONE, OBIS_NONE };
/* In captures each register is the sum of the two behind it. */
static const u64 registers_9[] = {
	OBIS_DEVICE_NAME, OBIS_NOW(1), OBIS_NOW(2), REGISTERS(1), REGISTERS(2),
};
static const u64 now_8[] = { NAME_AND_ID(2), OBIS_NOW(32), OBIS_NOW(31), POWERS };

static const struct maker_positions positions[] = {
	{ MAKER_ORDER(now_18), .types = "ss4444222222444444" },
	{ MAKER_ORDER(registers_12), .types = "ssbs44444444" },
	{ MAKER_ORDER(now_12), .types = "ss2222224444" },
	{ MAKER_ORDER(now_10), .types = "ss44442244" },
	{ MAKER_ORDER(registers_10), .types = "ss44444444" },
	{ MAKER_ORDER(now_9), .types = "ss4444244" },
	{ MAKER_ORDER(registers_9), .types = "s44444444" },
	{ MAKER_ORDER(now_8), .types = "ss224444" },
	{ 0 },
};

const struct maker maker_iskra = {
	.name = "Iskraemeco",
	.shape = LIST_POSITIONAL,
	.list_id = "ISK",
	.first = OBIS_DEVICE_NAME,
	.scalers = scalers,
	.positions = positions,
	.clock = CLOCK_WIRE,
};

static const u64 ie5_33[] = {
	OBIS_METER_ID, OBIS_NONE, OBIS_NONE, REGISTERS(1), REGISTERS(2),
	OBIS_REGISTER(5, 0), OBIS_REGISTER(6, 0), OBIS_REGISTER(7, 0), OBIS_REGISTER(8, 0),
	OBIS_NOW(1), OBIS_NOW(2), OBIS_NOW(13), PHASE_POWERS, VOLTAGES, CURRENTS,
	OBIS_NONE, OBIS_NONE, OBIS_NONE, OBIS_NONE, OBIS_NONE,
};
static const struct maker_positions ie5_positions[] = {
	{ MAKER_ORDER(ie5_33), .types = "sss4444444444442444444222222....b" }, { 0 },
};

const struct maker maker_iskra_ie5 = {
	.name = "Iskraemeco",
	.shape = LIST_POSITIONAL,
	.scalers = scalers,
	.positions = ie5_positions,
	.clock = CLOCK_WIRE,
};

static const struct maker_identity identities[] = {
	{ OBIS_METER_ID_2, ID_METER_ID },
	{ OBIS_NONE },
};

const struct maker maker_iskra_objects = {
	.name = "Iskraemeco",
	.shape = LIST_OBJECTS,
	.list_id = "ISK",
	.mark = OBIS_DEVICE_NAME,
	.scalers = scalers,
	.identities = identities,
	.clock = CLOCK_WIRE,
};

static const u64 push_12[] = {
	OBIS(0, 6, 25, 9, 0, 255), OBIS_NONE, OBIS_NONE, OBIS_NONE,
	OBIS_REGISTER(1, 0), OBIS_REGISTER(2, 0), OBIS_REGISTER(3, 0), OBIS_REGISTER(4, 0),
	OBIS_NOW(1), OBIS_NOW(2), OBIS_NONE, OBIS_NONE,
};
static const struct maker_positions push_positions[] = {
	{ MAKER_ORDER(push_12), .types = "ssss444444ss" }, { 0 },
};

const struct maker maker_push_list = {
	.shape = LIST_POSITIONAL,
	.setup = OBIS(0, 6, 25, 9, 0, 255),
	.scalers = scalers,
	.positions = push_positions,
	.clock = CLOCK_WIRE,
};
