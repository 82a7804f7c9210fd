// SPDX-License-Identifier: GPL-2.0
/*
 * OBIS codes and COSEM units in words.  Abstract objects (A = 0) are a table; electricity (A = 1) is put
 * together from what C, D and E mean.
 */
#include <stdio.h>

#include "ctl/obis_name.h"
#include "dlms/list.h"
#include "meter/quantity.h"
#include "util.h"

#define ANY	0xff	/* E */

/* Of A = 0 and any B, but for the ids of electricity meters, which are of A = 1. */
static const struct {
	u8 a, c, d, e;
	const char *name;
} objects[] = {
	{ 0, 1, 0, 0, "clock" },
	{ 0, 17, 0, 0, "limiter" },
	{ 0, 24, 1, 0, "type of a meter on M-Bus" },
	{ 0, 24, 2, 1, "last reading of a meter on M-Bus" },
	{ 0, 24, 4, 0, "valve of a meter on M-Bus" },
	{ 0, 25, 9, ANY, "push setup" },
	{ 0, 42, 0, 0, "logical device name" },
	{ 0, 43, 1, ANY, "frame counter" },
	{ 0, 96, 1, 0, "meter number (device id 1)" },
	{ 0, 96, 1, 7, "meter type (device id 8)" },
	{ 0, 96, 1, ANY, "device id" },
	{ 0, 96, 3, 10, "disconnect control" },
	{ 0, 96, 7, 9, "long power failures" },
	{ 0, 96, 7, 21, "power failures" },
	{ 0, 96, 7, ANY, "power failures" },
	{ 0, 96, 8, ANY, "time of operation" },
	{ 0, 96, 13, ANY, "message to the customer" },
	{ 0, 96, 14, ANY, "tariff in use" },
	{ 0, 97, 97, ANY, "error register" },
	{ 0, 98, 1, ANY, "data of billing period" },
	{ 0, 99, 98, ANY, "event log" },
	{ 1, 0, 0, ANY, "electricity id" },
	{ 1, 0, 2, 0, "firmware version" },
	{ 1, 0, 2, 129, "list version" },
	{ 1, 0, 2, 8, "version of the telegram" },
	{ 0, 0, 2, 129, "list version" },
	{ 1, 96, 1, ANY, "device id" },
	{ 1, 99, 97, ANY, "power failure log" },
};

/* C of sums over all phases; 20, 40 and 60 more are L1, L2 and L3. */
static const char *const measured[21] = {
	[1] = "active import",	  [2] = "active export",    [3] = "reactive import",
	[4] = "reactive export",  [5] = "reactive QI",	    [6] = "reactive QII",
	[7] = "reactive QIII",	  [8] = "reactive QIV",	    [9] = "apparent import",
	[10] = "apparent export", [11] = "current",	    [12] = "voltage",
	[13] = "power factor",	  [14] = "frequency",	    [15] = "active, absolute",
	[16] = "active, net",	  [17] = "active QI",	    [18] = "active QII",
	[19] = "active QIII",	  [20] = "active QIV",
};

static const struct {
	u8 d;
	const char *name;
} kinds[] = {
	{ 4, "demand" },	 { 5, "last demand" },	    { 6, "highest demand" },
	{ 7, "now" },		 { 8, "register" },	    { 9, "register of the period" },
	{ 29, "register of the interval" }, { 32, "sags" }, { 36, "swells" },
};

static const char *electricity(u8 c, u8 d, u8 e, char *buf)
{
	static const char *const phases[] = { "", " L1", " L2", " L3" };
	const char *what, *kind = NULL;
	char tariff[16] = "";

	if (c >= 1 && c <= 80)
		what = measured[(c - 1) % 20 + 1];
	else
		what = c == 90 ? "current, sum" : c == 91 ? "current of neutral" : NULL;
	for (unsigned int i = 0; i < ARRAY_SIZE(kinds); i++)
		if (kinds[i].d == d)
			kind = kinds[i].name;
	if (!what || !kind)
		return buf;
	if (e)
		snprintf(tariff, sizeof(tariff), ", tariff %u", e);
	snprintf(buf, OBIS_NAME_MAX, "%s%s, %s%s", what, c <= 80 ? phases[(c - 1) / 20] : "", kind,
		 tariff);
	return buf;
}

const char *obis_name(u64 obis, char *buf)
{
	u8 a = obis >> 40, c = obis >> 24, d = obis >> 16, e = obis >> 8;
	int q = quantity_of(obis);

	*buf = '\0';
	if (q >= 0) {
		snprintf(buf, OBIS_NAME_MAX, "%s", quantity_table[q].name);
		return buf;
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(objects); i++) {
		if (objects[i].a == a && objects[i].c == c && objects[i].d == d &&
		    (objects[i].e == e || objects[i].e == ANY)) {
			snprintf(buf, OBIS_NAME_MAX, "%s", objects[i].name);
			return buf;
		}
	}
	return a == 1 ? electricity(c, d, e, buf) : buf;
}

const char *cosem_unit_name(u8 unit)
{
	static const char *const names[] = {
		[4] = "d",    [5] = "h",   [6] = "min", [7] = "s",     [9] = "Cel", [13] = "m3",
		[14] = "m3",  [25] = "J",  [27] = "W",	[28] = "VA",   [29] = "var", [30] = "Wh",
		[31] = "VAh", [32] = "varh", [33] = "A", [35] = "V",   [44] = "Hz",
	};

	if (unit == 255)
		return "";
	return unit < ARRAY_SIZE(names) ? names[unit] : NULL;
}
