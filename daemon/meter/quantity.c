// SPDX-License-Identifier: GPL-2.0
/*
 * The table of quantities, and the way to it from an OBIS code.
 */
#include <errno.h>

#include "dlms/list.h"
#include "meter/quantity.h"
#include "util.h"

const struct quantity_info quantity_table[Q_COUNT] = {
#define X(id, n, d, t, k, g, s, c, dd, e)							\
	[Q_##id] = { .name = n, .dbus = d, .title = t, .kind = KIND_##k, .group = GROUP_##g,	\
		     .show = SHOW_##s },
	QUANTITIES(X)
#undef X
};

/* COSEM units: IEC 62056-6-2. */
const struct kind_info kind_table[KIND_COUNT] = {
	[KIND_ACTIVE_POWER] = { "W", 27 },
	[KIND_APPARENT_POWER] = { "VA", 28 },
	[KIND_REACTIVE_POWER] = { "var", 29 },
	[KIND_ACTIVE_ENERGY] = { "Wh", 30 },
	[KIND_APPARENT_ENERGY] = { "VAh", 31 },
	[KIND_REACTIVE_ENERGY] = { "varh", 32 },
	[KIND_CURRENT] = { "A", 33 },
	[KIND_VOLTAGE] = { "V", 35 },
	[KIND_POWER_FACTOR] = { "", 255 },
	[KIND_FREQUENCY] = { "Hz", 44 },
	[KIND_COUNTER] = { "", 255 },
	[KIND_STATE] = { "", 255 },
	/* As P1 spells it: a terminal may have no other letters. */
	[KIND_GAS_VOLUME] = { "m3", 13, 14, 1 },
	[KIND_WATER_VOLUME] = { "m3", 13 },
	[KIND_THERMAL_ENERGY] = { "J", 25, 30, 3600 },
	[KIND_ENERGY_ERROR] = { "Wh", 0 },
	[KIND_TIME] = { "", 0 },
};

const char *const identity_names[ID_COUNT] = {
	[ID_METER_ID] = "meter_id",
	[ID_METER_TYPE] = "meter_type",
	[ID_MANUFACTURER] = "meter_manufacturer",
	[ID_LIST_VERSION] = "list_version",
};

/*
 * Value groups that the table uses.  D: a demand and its limit (4), the highest of a month (6),
 * instantaneous (7), time integral (8), sags (32), swells (36); E is a tariff.
 */
#define C_MAX	91
#define D_MAX	36
#define E_MAX	4

/* Places of D in by_code; 0 for those that are in none. */
#define PLACE_OF(d)	((d) == 4 ? 1 : (d) == 6 ? 2 : (d) == 7 ? 3 : (d) == 8 ? 4 : (d) == 32 ? 5 : \
			 (d) == 36 ? 6 : 0)
#define PLACES		7

static const u8 place_of[D_MAX + 1] = {
	[4] = PLACE_OF(4), [6] = PLACE_OF(6), [7] = PLACE_OF(7), [8] = PLACE_OF(8),
	[32] = PLACE_OF(32), [36] = PLACE_OF(36),
};

/* Quantity + 1; of 3 KB a list of one meter uses some lines. */
static const u8 by_code[PLACES][C_MAX + 1][E_MAX + 1] = {
#define X(id, n, dd, t, k, g, s, c, d, e) [PLACE_OF(d)][c][e] = Q_##id + 1,
	QUANTITIES_OF_ELECTRICITY(X)
#undef X
};

_Static_assert(Q_COUNT < 256, "by_code is of octets");

static int quantity_of_abstract(u64 obis)
{
	switch (obis) {
#define X(id, n, dd, t, k, g, s, c, d, e) case OBIS(0, 0, c, d, e, 255): return Q_##id;
	QUANTITIES_ABSTRACT(X)
#undef X
	default:
		return -1;
	}
}

int quantity_of(u64 obis)
{
	u8 a = obis >> 40, b = obis >> 32, c = obis >> 24, d = obis >> 16, e = obis >> 8;

	/* Electricity; channels above 1 are other meters behind this one. */
	if (a != 1)
		return quantity_of_abstract(obis);
	if (b > 1 || (u8)obis != 255 || c > C_MAX || d > D_MAX || e > E_MAX)
		return -1;

	return by_code[place_of[d]][c][e] - 1;
}

/* What is behind a channel: EN 13757-3, table of media. */
static const struct {
	const char *name;
	int reading;		/* what its last reading is */
} devices[] = {
	[2] = { "electricity", Q_ACTIVE_ENERGY_IMPORT },
	[3] = { "gas", Q_GAS_VOLUME },
	[4] = { "heat", Q_THERMAL_ENERGY },
	[6] = { "warm water", Q_WATER_VOLUME },
	[7] = { "water", Q_WATER_VOLUME },
	[10] = { "cooling", Q_THERMAL_ENERGY },
	[11] = { "cooling", Q_THERMAL_ENERGY },
	[12] = { "heat", Q_THERMAL_ENERGY },
	[13] = { "heat and cooling", Q_THERMAL_ENERGY },
	[21] = { "hot water", Q_WATER_VOLUME },
	[22] = { "cold water", Q_WATER_VOLUME },
};

const char *device_type_name(u8 device_type)
{
	return device_type < ARRAY_SIZE(devices) ? devices[device_type].name : NULL;
}

int quantity_of_channel(u8 device_type, u64 obis)
{
	if ((u8)(obis >> 40) != 0 || (u8)obis != 255)
		return -1;

	switch (obis >> 8 & 0xffffff) {
	case 24 << 16 | 2 << 8 | 1:
	case 24 << 16 | 2 << 8 | 3:
		return device_type_name(device_type) ? devices[device_type].reading : -1;
	case 24 << 16 | 4 << 8 | 0:
		return Q_VALVE_STATE;
	default:
		return -1;
	}
}

int kind_take(enum quantity_kind kind, u8 cosem_unit, struct decimal *v)
{
	const struct kind_info *info = &kind_table[kind];

	if (cosem_unit && cosem_unit == info->cosem_unit)
		return 0;
	if (!info->other_unit || cosem_unit != info->other_unit)
		return -EINVAL;

	return decimal_multiply(*v, (struct decimal){ info->other_factor, 0 }, v);
}

int kind_take_text(enum quantity_kind kind, const char *text, size_t n, struct decimal *ret)
{
	if (kind_table[kind].cosem_unit != 255)
		return -EINVAL;

	return decimal_parse_text(text, n, ret);
}
