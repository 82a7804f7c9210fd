// SPDX-License-Identifier: GPL-2.0
/*
 * The table of quantities, and the way to it from an OBIS code.
 */
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
	[KIND_REACTIVE_ENERGY] = { "varh", 32 },
	[KIND_CURRENT] = { "A", 33 },
	[KIND_VOLTAGE] = { "V", 35 },
	[KIND_POWER_FACTOR] = { "", 255 },
	[KIND_ENERGY_ERROR] = { "Wh", 0 },
	[KIND_TIME] = { "", 0 },
};

const char *const identity_names[ID_COUNT] = {
	[ID_METER_ID] = "meter_id",
	[ID_METER_TYPE] = "meter_type",
	[ID_MANUFACTURER] = "meter_manufacturer",
	[ID_LIST_VERSION] = "list_version",
};

/* Value groups that the table uses: D is 7 (instantaneous) or 8 (time integral), E a tariff. */
#define C_MAX	73
#define E_MAX	4

static const u8 by_code[2][C_MAX + 1][E_MAX + 1] = {
#define X(id, n, dd, t, k, g, s, c, d, e) [(d) == 8][c][e] = Q_##id + 1,
	QUANTITIES_SENT(X)
#undef X
};

_Static_assert(Q_COUNT < 256, "by_code is of octets");

int quantity_of(u64 obis)
{
	u8 b = obis >> 32, c = obis >> 24, d = obis >> 16, e = obis >> 8;

	/* Electricity; channels above 1 are other meters behind this one. */
	if ((u8)(obis >> 40) != 1 || b > 1 || (u8)obis != 255)
		return -1;
	if (c > C_MAX || e > E_MAX || (d != 7 && d != 8))
		return -1;

	return by_code[d == 8][c][e] - 1;
}
