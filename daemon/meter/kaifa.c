// SPDX-License-Identifier: GPL-2.0
/*
 * Kaifa, list id KFM_001.
 *
 * Norway: one structure of values without codes; what a value means follows from the number of
 * elements. List 1: P+ alone. List 2: 9 elements with one phase, 13 with three, 12 from MA304T3,
 * which leaves out I2. List 3: list 2, clock, registers: 14, 18, 17. The clock shows local time.
 * MA304H3E (3-wire, IT grid) sends U2 as 0.
 *
 * Sweden: 36 elements, code and value in turn; the clock says its offset.
 *
 * No scalers in either: mA, 0.1 V, W, var, Wh, varh.
 */
#include "meter/maker.h"

static const struct maker_scaler scalers[] = {
	{ .kind = KIND_ACTIVE_POWER, .exponent = 0 },
	{ .kind = KIND_REACTIVE_POWER, .exponent = 0 },
	{ .kind = KIND_ACTIVE_ENERGY, .exponent = 0 },
	{ .kind = KIND_REACTIVE_ENERGY, .exponent = 0 },
	{ .kind = KIND_CURRENT, .exponent = -3 },
	{ .kind = KIND_VOLTAGE, .exponent = -1 },
	{ .kind = KIND_COUNT },
};

#define VERSION	OBIS(1, 1, 0, 2, 129, 255)
#define TYPE	OBIS(0, 0, 96, 1, 7, 255)
#define POWER(c)	OBIS_NOW(c)	/* and current and voltage */
#define ENERGY(c)	OBIS_REGISTER(c, 0)

#define HEAD	VERSION, OBIS_METER_ID, TYPE, POWER(1), POWER(2), POWER(3), POWER(4)
#define TAIL	OBIS_CLOCK, ENERGY(1), ENERGY(2), ENERGY(3), ENERGY(4)
#define PHASES_1	POWER(31), POWER(32)
#define PHASES_3	POWER(31), POWER(51), POWER(71), POWER(32), POWER(52), POWER(72)
#define PHASES_T3	POWER(31), POWER(71), POWER(32), POWER(52), POWER(72)

static const u64 list1[] = { POWER(1) };
static const u64 list2_1p[] = { HEAD, PHASES_1 };
static const u64 list2_t3[] = { HEAD, PHASES_T3 };
static const u64 list2_3p[] = { HEAD, PHASES_3 };
static const u64 list3_1p[] = { HEAD, PHASES_1, TAIL };
static const u64 list3_t3[] = { HEAD, PHASES_T3, TAIL };
static const u64 list3_3p[] = { HEAD, PHASES_3, TAIL };

#define ORDER(order) { MAKER_ORDER(order) }

static const struct maker_positions positions[] = {
	ORDER(list1),	 ORDER(list2_1p), ORDER(list2_t3), ORDER(list2_3p),
	ORDER(list3_1p), ORDER(list3_t3), ORDER(list3_3p), { 0 },
};

static const char *const it_types[] = { "MA304H3", NULL };

const struct maker maker_kaifa = {
	.name = "Kaifa",
	.shape = LIST_POSITIONAL,
	.list_id = "KFM_",
	.scalers = scalers,
	.positions = positions,
	.clock = CLOCK_CET,
	.zero_l2_types = it_types,
};

const struct maker maker_kaifa_se = {
	.name = "Kaifa",
	.shape = LIST_PAIRS,
	.list_id = "KFM_",
	.scalers = scalers,
	.clock = CLOCK_WIRE,
};
