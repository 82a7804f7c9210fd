// SPDX-License-Identifier: GPL-2.0
/*
 * The tables of telegrams: lines and digits of each country's P1.  Data only.
 *
 * Dutch: DSMR 5.0.2 P1, 6.12.  Belgian: e-MUCS-P1.  Luxembourgish: P1PortSpecification of
 * Luxmetering.  Swedish: the industry's recommendation for the customer interface.  Hungarian: the
 * grid companies' descriptions of P1.
 */
#include "forms.h"

static const struct sim_number kwh = { 6, 3, 3, "kWh" };
static const struct sim_number kwh_8 = { 8, 3, 3, "kWh" };
static const struct sim_number kvarh = { 6, 3, 3, "kvarh" };
static const struct sim_number kvarh_8 = { 8, 3, 3, "kvarh" };
static const struct sim_number kamstrup_kvarh = { 8, 3, 3, "kVArh" };
static const struct sim_number kw = { 2, 3, 3, "kW" };
static const struct sim_number kw_4 = { 4, 3, 3, "kW" };
static const struct sim_number kvar = { 2, 3, 3, "kvar" };
static const struct sim_number kvar_4 = { 4, 3, 3, "kvar" };
static const struct sim_number kamstrup_kvar = { 4, 3, 3, "kVAr" };
static const struct sim_number volts = { 3, 1, 0, "V" };
static const struct sim_number amperes = { 3, 0, 0, "A" };
static const struct sim_number amperes_10 = { 3, 1, 0, "A" };
static const struct sim_number amperes_100 = { 3, 2, 0, "A" };
static const struct sim_number count = { 5, 0, 0, NULL };
static const struct sim_number tariff = { 4, 0, 0, NULL };
static const struct sim_number factor = { 1, 3, 0, NULL };
static const struct sim_number m3 = { 5, 3, 0, "m3" };

#define TEXT(code_, text_)	{ .code = code_, .kind = SIM_LINE_TEXT, .text = text_ }
#define CLOCK			{ .code = "0-0:1.0.0", .kind = SIM_LINE_CLOCK }
#define NUMBER(code_)		{ .code = code_, .kind = SIM_LINE_ID }
#define CHANNEL_NUMBER(code_, text_)							\
	{ .code = code_, .kind = SIM_LINE_ID, .text = text_, .channel = true }
#define VALUE(code_, item_, number_)							\
	{ .code = code_, .kind = SIM_LINE_VALUE, .item = item_, .number = &(number_) }
#define TIMED(code_, item_, number_, channel_)						\
	{ .code = code_, .kind = SIM_LINE_TIMED, .item = item_, .number = &(number_),	\
	  .channel = channel_ }

#define TARIFFS										\
	VALUE("1-0:1.8.1", SIM_A_IMPORT_T1, kwh), VALUE("1-0:1.8.2", SIM_A_IMPORT_T2, kwh), \
	VALUE("1-0:2.8.1", SIM_A_EXPORT_T1, kwh), VALUE("1-0:2.8.2", SIM_A_EXPORT_T2, kwh)
#define TARIFF		VALUE("0-0:96.14.0", SIM_TARIFF, tariff)
#define TOTALS(a, r)									\
	VALUE("1-0:1.8.0", SIM_A_IMPORT, a), VALUE("1-0:2.8.0", SIM_A_EXPORT, a),	\
	VALUE("1-0:3.8.0", SIM_R_IMPORT, r), VALUE("1-0:4.8.0", SIM_R_EXPORT, r)
#define POWER(p)									\
	VALUE("1-0:1.7.0", SIM_P_IMPORT, p), VALUE("1-0:2.7.0", SIM_P_EXPORT, p)
#define REACTIVE(q)									\
	VALUE("1-0:3.7.0", SIM_Q_IMPORT, q), VALUE("1-0:4.7.0", SIM_Q_EXPORT, q)
#define PHASE_POWER(p)									\
	VALUE("1-0:21.7.0", SIM_P_IMPORT_L1, p), VALUE("1-0:41.7.0", SIM_P_IMPORT_L2, p), \
	VALUE("1-0:61.7.0", SIM_P_IMPORT_L3, p), VALUE("1-0:22.7.0", SIM_P_EXPORT_L1, p), \
	VALUE("1-0:42.7.0", SIM_P_EXPORT_L2, p), VALUE("1-0:62.7.0", SIM_P_EXPORT_L3, p)
#define PHASE_REACTIVE(q)								\
	VALUE("1-0:23.7.0", SIM_Q_IMPORT_L1, q), VALUE("1-0:43.7.0", SIM_Q_IMPORT_L2, q), \
	VALUE("1-0:63.7.0", SIM_Q_IMPORT_L3, q), VALUE("1-0:24.7.0", SIM_Q_EXPORT_L1, q), \
	VALUE("1-0:44.7.0", SIM_Q_EXPORT_L2, q), VALUE("1-0:64.7.0", SIM_Q_EXPORT_L3, q)
#define VOLTAGES									\
	VALUE("1-0:32.7.0", SIM_U_L1, volts), VALUE("1-0:52.7.0", SIM_U_L2, volts),	\
	VALUE("1-0:72.7.0", SIM_U_L3, volts)
#define CURRENTS(i)									\
	VALUE("1-0:31.7.0", SIM_I_L1, i), VALUE("1-0:51.7.0", SIM_I_L2, i),		\
	VALUE("1-0:71.7.0", SIM_I_L3, i)
#define SAGS										\
	VALUE("1-0:32.32.0", SIM_SAGS_L1, count), VALUE("1-0:52.32.0", SIM_SAGS_L2, count), \
	VALUE("1-0:72.32.0", SIM_SAGS_L3, count)
#define SWELLS										\
	VALUE("1-0:32.36.0", SIM_SWELLS_L1, count), VALUE("1-0:52.36.0", SIM_SWELLS_L2, count), \
	VALUE("1-0:72.36.0", SIM_SWELLS_L3, count)
#define FAILURES	VALUE("0-0:96.7.21", SIM_FAILURES, count)

static const struct sim_line dsmr5[] = {
	TEXT("1-3:0.2.8", "(50)"),
	CLOCK,
	NUMBER("0-0:96.1.1"),
	TARIFFS, TARIFF, POWER(kw),
	FAILURES, VALUE("0-0:96.7.9", SIM_LONG_FAILURES, count),
	TEXT("1-0:99.97.0", "(2)(0-0:96.7.19)(250108152415W)(0000000240*s)"
			    "(250708151004S)(0000000301*s)"),
	SAGS, SWELLS,
	TEXT("0-0:96.13.0", "()"),
	VOLTAGES, CURRENTS(amperes), PHASE_POWER(kw),
	TEXT("0-1:24.1.0", "(003)"),
	CHANNEL_NUMBER("0-1:96.1.0", "G000000000000001"),
	TIMED("0-1:24.2.1", SIM_GAS, m3, true),
	{ }
};

static const struct sim_line fluvius[] = {
	TEXT("0-0:96.1.4", "(50221)"),
	NUMBER("0-0:96.1.1"),
	CLOCK,
	TARIFFS, TARIFF,
	VALUE("1-0:1.4.0", SIM_DEMAND, kw),
	TIMED("1-0:1.6.0", SIM_DEMAND_MAX, kw, false),
	TEXT("0-0:98.1.0", "(1)(1-0:1.6.0)(1-0:1.6.0)(250201000000W)(250117181500W)(04.329*kW)"),
	POWER(kw), PHASE_POWER(kw), VOLTAGES, CURRENTS(amperes_100),
	TEXT("0-0:96.3.10", "(1)"),
	TEXT("0-0:17.0.0", "(999.9*kW)"),
	TEXT("1-0:31.4.0", "(999*A)"),
	TEXT("0-0:96.13.0", "()"),
	TEXT("0-1:24.1.0", "(003)"),
	CHANNEL_NUMBER("0-1:96.1.1", "7FLO0000000001"),
	TEXT("0-1:24.4.0", "(1)"),
	TIMED("0-1:24.2.3", SIM_GAS, m3, true),
	{ }
};

#define SWEDISH(r, q)									\
	CLOCK, TOTALS(kwh_8, r), POWER(kw_4), REACTIVE(q), PHASE_POWER(kw_4),		\
	PHASE_REACTIVE(q), VOLTAGES, CURRENTS(amperes_10), { }

static const struct sim_line swedish[] = { SWEDISH(kvarh_8, kvar_4) };
static const struct sim_line kamstrup[] = { SWEDISH(kamstrup_kvarh, kamstrup_kvar) };

static const struct sim_line luxembourgish[] = {
	TEXT("1-3:0.2.8", "(42)"),
	CLOCK,
	NUMBER("0-0:42.0.0"),
	TOTALS(kwh, kvarh), POWER(kw), REACTIVE(kvar),
	TEXT("0-0:17.0.0", "(27.6*kVA)"),
	TEXT("0-0:96.3.10", "(1)"),
	FAILURES, SAGS, SWELLS,
	TEXT("0-0:96.13.0", "()"),
	CURRENTS(amperes),
	{ }
};

static const struct sim_line hungarian[] = {
	CLOCK,
	TEXT("0-0:42.0.0", "(AUX1030300000001)"),
	NUMBER("0-0:96.1.0"),
	TARIFF,
	TEXT("0-0:96.50.68", "(ON)"),
	TEXT("0-0:17.0.0", "(90.000*kW)"),
	TOTALS(kwh, kvarh), TARIFFS, VOLTAGES, CURRENTS(amperes),
	VALUE("1-0:13.7.0", SIM_PF, factor),
	VALUE("1-0:33.7.0", SIM_PF_L1, factor), VALUE("1-0:53.7.0", SIM_PF_L2, factor),
	VALUE("1-0:73.7.0", SIM_PF_L3, factor),
	TEXT("1-0:14.7.0", "(50.00*Hz)"),
	POWER(kw), REACTIVE(kvar),
	TEXT("0-0:96.13.0", "()"),
	{ }
};

#define TELEGRAM(...)									\
	.shape = SIM_TELEGRAM, .framing = SIM_P1, .head = { 0xcf, 0x02, 0x23, 0x13 },	\
	.head_n = 4, .telegram = &(const struct sim_telegram){ __VA_ARGS__ },		\
	.list2_ticks = 1

const struct sim_maker sim_dsmr5 = {
	TELEGRAM("ISK5\\2M550T-1013", dsmr5), .zone = SIM_ZONE_LOCAL, .tick_ms = 1000,
};

const struct sim_maker sim_fluvius = {
	TELEGRAM("FLU5\\253770234_A", fluvius), .zone = SIM_ZONE_LOCAL, .tick_ms = 1000,
};

/* Normal time all year. */
const struct sim_maker sim_p1_se = {
	TELEGRAM("ELL5\\253833635_A", swedish), .zone = SIM_ZONE_UTC1, .tick_ms = 10000,
};

const struct sim_maker sim_kamstrup_p1 = {
	TELEGRAM("KAM5", kamstrup), .zone = SIM_ZONE_UTC1, .tick_ms = 10000,
};

const struct sim_maker sim_p1_lu = {
	TELEGRAM("Lux5\\253770234_A", luxembourgish), .zone = SIM_ZONE_LOCAL, .tick_ms = 10000,
};

const struct sim_maker sim_p1_hu = {
	TELEGRAM("AUX5UX1", hungarian), .zone = SIM_ZONE_LOCAL, .tick_ms = 10000,
};
