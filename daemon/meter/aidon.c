// SPDX-License-Identifier: GPL-2.0
/*
 * Aidon, and Landis+Gyr E350 with the EMBRIQ profile, which has Aidon's layout.
 *
 * An array of rows {OBIS, text} or {OBIS, value, {scaler, unit}}: every number says what it is, so
 * there is no table of scalers here.
 *
 *   AIDON_V0001  Norway. List 1: P+. List 2: id, type, powers, currents, voltages. List 3: list 2,
 *                clock, registers. On 3-wire (IT) grids (type 6525) I2 is not in the list.
 *                The clock claims UTC and shows UTC+1 all year.
 *   (no id)      Sweden. 27 rows, the clock first; no list id and no meter id. UTC+1 all year.
 *   EMBRIQ_...   Norway. On IT grids U2 and I2 are sent as 0.
 */
#include "meter/maker.h"

static const char *const all_types[] = { "", NULL };

const struct maker maker_aidon = {
	.name = "Aidon",
	.shape = LIST_ROWS,
	.list_id = "AIDON_",
	.clock = CLOCK_UTC1,
};

const struct maker maker_aidon_se = {
	.name = "Aidon",
	.shape = LIST_ROWS,
	.elements = 27,
	.clock_first = true,
	.clock = CLOCK_UTC1,
};

const struct maker maker_embriq = {
	.name = "Landis+Gyr",
	.shape = LIST_ROWS,
	.list_id = "EMBRIQ_",
	.clock = CLOCK_UTC1,
	.zero_l2_types = all_types,
};
