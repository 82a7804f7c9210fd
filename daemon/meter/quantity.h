/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The table of quantities.  JSON, MQTT, D-Bus and the documentation follow it: a new quantity is a
 * row here.
 *
 * "import" is what the customer takes from the grid (A+), "export" what is delivered (A-).
 */
#ifndef AMSHAN_METER_QUANTITY_H
#define AMSHAN_METER_QUANTITY_H

#include <amshan/types.h>

#include "meter/decimal.h"

/* What a quantity measures; the columns are: unit as text, COSEM unit (IEC 62056-6-2). */
enum quantity_kind {
	KIND_ACTIVE_POWER,	/* W, 27 */
	KIND_APPARENT_POWER,	/* VA, 28 */
	KIND_REACTIVE_POWER,	/* var, 29 */
	KIND_ACTIVE_ENERGY,	/* Wh, 30 */
	KIND_APPARENT_ENERGY,	/* VAh, 31 */
	KIND_REACTIVE_ENERGY,	/* varh, 32 */
	KIND_CURRENT,		/* A, 33 */
	KIND_VOLTAGE,		/* V, 35 */
	KIND_POWER_FACTOR,	/* 1, 255 */
	KIND_FREQUENCY,		/* Hz, 44 */
	KIND_COUNTER,		/* how often something happened, 255 */
	KIND_STATE,		/* a number that stands for a state, 255 */
	KIND_GAS_VOLUME,	/* m3, 13; 14 of one that is corrected */
	KIND_WATER_VOLUME,	/* m3, 13 */
	KIND_THERMAL_ENERGY,	/* J, 25; 30 of a meter that counts in Wh */
	KIND_ENERGY_ERROR,	/* Wh, of ours: no meter sends it */
	KIND_TIME,		/* seconds since the epoch, of ours; ISO 8601 in JSON, µs on D-Bus */
	KIND_COUNT,
};

/* Where a quantity is shown: D-Bus interface org.amshan.Amshan1.<group>, MQTT topic. */
enum quantity_group {
	GROUP_POWER,		/* .Power; MQTT power */
	GROUP_PHASES,		/* .Phases; MQTT power */
	GROUP_ENERGY,		/* .Energy; MQTT energy */
	GROUP_QUALITY,		/* .Quality; MQTT quality: what went wrong so far, and what is allowed */
	GROUP_DERIVED,		/* .Derived; MQTT derived: counted by us, never sent by a meter */
	GROUP_COUNT,
};

/* Home Assistant: how much of it a user wants to see. */
enum quantity_show {
	SHOW_MAIN,
	SHOW_DIAGNOSTIC,
	SHOW_HIDDEN,		/* there, but disabled until the user enables it */
};

/*
 * X(identifier, name, D-Bus property, title, kind, group, show, C, D, E): C, D and E are the groups of
 * the OBIS code (IEC 62056-61: F is 255; for A and B see the lists of rows).
 */
#define QUANTITIES_OF_PHASE(X, L, l, base)							\
	X(ACTIVE_POWER_IMPORT_##L, "active_power_import_" l, "ActivePowerImport" #L,		\
	  "Power import " #L, ACTIVE_POWER, PHASES, MAIN, (base) + 1, 7, 0)			\
	X(ACTIVE_POWER_EXPORT_##L, "active_power_export_" l, "ActivePowerExport" #L,		\
	  "Power export " #L, ACTIVE_POWER, PHASES, MAIN, (base) + 2, 7, 0)			\
	X(REACTIVE_POWER_IMPORT_##L, "reactive_power_import_" l, "ReactivePowerImport" #L,	\
	  "Reactive power import " #L, REACTIVE_POWER, PHASES, HIDDEN, (base) + 3, 7, 0)	\
	X(REACTIVE_POWER_EXPORT_##L, "reactive_power_export_" l, "ReactivePowerExport" #L,	\
	  "Reactive power export " #L, REACTIVE_POWER, PHASES, HIDDEN, (base) + 4, 7, 0)	\
	X(CURRENT_##L, "current_" l, "Current" #L, "Current " #L,				\
	  CURRENT, PHASES, MAIN, (base) + 11, 7, 0)						\
	X(VOLTAGE_##L, "voltage_" l, "Voltage" #L, "Voltage " #L,				\
	  VOLTAGE, PHASES, MAIN, (base) + 12, 7, 0)						\
	X(POWER_FACTOR_##L, "power_factor_" l, "PowerFactor" #L, "Power factor " #L,		\
	  POWER_FACTOR, PHASES, HIDDEN, (base) + 13, 7, 0)					\
	X(APPARENT_POWER_##L, "apparent_power_" l, "ApparentPower" #L, "Apparent power " #L,	\
	  APPARENT_POWER, PHASES, HIDDEN, (base) + 9, 7, 0)					\
	X(APPARENT_POWER_EXPORT_##L, "apparent_power_export_" l, "ApparentPowerExport" #L,	\
	  "Apparent power export " #L, APPARENT_POWER, PHASES, HIDDEN, (base) + 10, 7, 0)	\
	X(ACTIVE_ENERGY_IMPORT_##L, "active_energy_import_" l, "ActiveEnergyImport" #L,		\
	  "Register import " #L, ACTIVE_ENERGY, ENERGY, DIAGNOSTIC, (base) + 1, 8, 0)		\
	X(ACTIVE_ENERGY_EXPORT_##L, "active_energy_export_" l, "ActiveEnergyExport" #L,		\
	  "Register export " #L, ACTIVE_ENERGY, ENERGY, DIAGNOSTIC, (base) + 2, 8, 0)		\
	X(REACTIVE_ENERGY_IMPORT_##L, "reactive_energy_import_" l, "ReactiveEnergyImport" #L,	\
	  "Reactive register import " #L, REACTIVE_ENERGY, ENERGY, HIDDEN, (base) + 3, 8, 0)	\
	X(REACTIVE_ENERGY_EXPORT_##L, "reactive_energy_export_" l, "ReactiveEnergyExport" #L,	\
	  "Reactive register export " #L, REACTIVE_ENERGY, ENERGY, HIDDEN, (base) + 4, 8, 0)

#define QUANTITIES_OF_TARIFF(X, T, t, number)							\
	X(ACTIVE_ENERGY_IMPORT_##T, "active_energy_import_" t, "ActiveEnergyImport" #T,		\
	  "Register import tariff " #number, ACTIVE_ENERGY, ENERGY, MAIN, 1, 8, number)		\
	X(ACTIVE_ENERGY_EXPORT_##T, "active_energy_export_" t, "ActiveEnergyExport" #T,		\
	  "Register export tariff " #number, ACTIVE_ENERGY, ENERGY, MAIN, 2, 8, number)		\
	X(REACTIVE_ENERGY_IMPORT_##T, "reactive_energy_import_" t, "ReactiveEnergyImport" #T,	\
	  "Reactive register import tariff " #number,						\
	  REACTIVE_ENERGY, ENERGY, HIDDEN, 3, 8, number)					\
	X(REACTIVE_ENERGY_EXPORT_##T, "reactive_energy_export_" t, "ReactiveEnergyExport" #T,	\
	  "Reactive register export tariff " #number,						\
	  REACTIVE_ENERGY, ENERGY, HIDDEN, 4, 8, number)

/* Reactive power and energy of one quadrant: I is active import, reactive import; counterclockwise. */
#define QUANTITIES_OF_QUADRANT(X, number, c)							\
	X(REACTIVE_POWER_Q##number, "reactive_power_q" #number, "ReactivePowerQ" #number,	\
	  "Reactive power quadrant " #number, REACTIVE_POWER, POWER, HIDDEN, c, 7, 0)		\
	X(REACTIVE_ENERGY_Q##number, "reactive_energy_q" #number, "ReactiveEnergyQ" #number,	\
	  "Reactive register quadrant " #number, REACTIVE_ENERGY, ENERGY, HIDDEN, c, 8, 0)

/* How the voltage of a phase was, and what its fuse lets through (DSMR 5.0.2 P1, 6.12; e-MUCS P1). */
#define QUANTITIES_OF_SUPPLY(X, L, l, base)							\
	X(VOLTAGE_SAGS_##L, "voltage_sags_" l, "VoltageSags" #L, "Voltage sags " #L,		\
	  COUNTER, QUALITY, HIDDEN, (base) + 12, 32, 0)						\
	X(VOLTAGE_SWELLS_##L, "voltage_swells_" l, "VoltageSwells" #L, "Voltage swells " #L,	\
	  COUNTER, QUALITY, HIDDEN, (base) + 12, 36, 0)						\
	X(CURRENT_LIMIT_##L, "current_limit_" l, "CurrentLimit" #L, "Current limit " #L,	\
	  CURRENT, QUALITY, HIDDEN, (base) + 11, 4, 0)

/* What a meter of electricity may send: A is 1, B 0 or 1. */
#define QUANTITIES_OF_ELECTRICITY(X)								\
	X(ACTIVE_POWER_IMPORT, "active_power_import", "ActivePowerImport", "Power import",	\
	  ACTIVE_POWER, POWER, MAIN, 1, 7, 0)							\
	X(ACTIVE_POWER_EXPORT, "active_power_export", "ActivePowerExport", "Power export",	\
	  ACTIVE_POWER, POWER, MAIN, 2, 7, 0)							\
	X(REACTIVE_POWER_IMPORT, "reactive_power_import", "ReactivePowerImport",		\
	  "Reactive power import", REACTIVE_POWER, POWER, DIAGNOSTIC, 3, 7, 0)			\
	X(REACTIVE_POWER_EXPORT, "reactive_power_export", "ReactivePowerExport",		\
	  "Reactive power export", REACTIVE_POWER, POWER, DIAGNOSTIC, 4, 7, 0)			\
	X(APPARENT_POWER, "apparent_power", "ApparentPower", "Apparent power",			\
	  APPARENT_POWER, POWER, DIAGNOSTIC, 9, 7, 0)						\
	X(POWER_FACTOR, "power_factor", "PowerFactor", "Power factor",				\
	  POWER_FACTOR, POWER, DIAGNOSTIC, 13, 7, 0)						\
	X(ACTIVE_ENERGY_IMPORT, "active_energy_import", "ActiveEnergyImport",			\
	  "Register import", ACTIVE_ENERGY, ENERGY, DIAGNOSTIC, 1, 8, 0)			\
	X(ACTIVE_ENERGY_EXPORT, "active_energy_export", "ActiveEnergyExport",			\
	  "Register export", ACTIVE_ENERGY, ENERGY, DIAGNOSTIC, 2, 8, 0)			\
	X(REACTIVE_ENERGY_IMPORT, "reactive_energy_import", "ReactiveEnergyImport",		\
	  "Reactive register import", REACTIVE_ENERGY, ENERGY, DIAGNOSTIC, 3, 8, 0)		\
	X(REACTIVE_ENERGY_EXPORT, "reactive_energy_export", "ReactiveEnergyExport",		\
	  "Reactive register export", REACTIVE_ENERGY, ENERGY, DIAGNOSTIC, 4, 8, 0)		\
	QUANTITIES_OF_PHASE(X, L1, "l1", 20)							\
	QUANTITIES_OF_PHASE(X, L2, "l2", 40)							\
	QUANTITIES_OF_PHASE(X, L3, "l3", 60)							\
	QUANTITIES_OF_TARIFF(X, T1, "t1", 1)							\
	QUANTITIES_OF_TARIFF(X, T2, "t2", 2)							\
	QUANTITIES_OF_TARIFF(X, T3, "t3", 3)							\
	QUANTITIES_OF_TARIFF(X, T4, "t4", 4)							\
	QUANTITIES_OF_QUADRANT(X, 1, 5)								\
	QUANTITIES_OF_QUADRANT(X, 2, 6)								\
	QUANTITIES_OF_QUADRANT(X, 3, 7)								\
	QUANTITIES_OF_QUADRANT(X, 4, 8)								\
	X(APPARENT_POWER_EXPORT, "apparent_power_export", "ApparentPowerExport",		\
	  "Apparent power export", APPARENT_POWER, POWER, DIAGNOSTIC, 10, 7, 0)			\
	X(ACTIVE_POWER_SUM, "active_power_sum", "ActivePowerSum",				\
	  "Power import plus export", ACTIVE_POWER, POWER, HIDDEN, 15, 7, 0)			\
	X(ACTIVE_POWER_NET, "active_power_net", "ActivePowerNet",				\
	  "Power import minus export", ACTIVE_POWER, POWER, DIAGNOSTIC, 16, 7, 0)		\
	X(ACTIVE_POWER_IMPORT_DEMAND, "active_power_import_demand", "ActivePowerImportDemand",	\
	  "Demand import", ACTIVE_POWER, POWER, DIAGNOSTIC, 1, 4, 0)				\
	X(ACTIVE_POWER_EXPORT_DEMAND, "active_power_export_demand", "ActivePowerExportDemand",	\
	  "Demand export", ACTIVE_POWER, POWER, DIAGNOSTIC, 2, 4, 0)				\
	X(FREQUENCY, "frequency", "Frequency", "Frequency",					\
	  FREQUENCY, POWER, DIAGNOSTIC, 14, 7, 0)						\
	X(CURRENT_N, "current_n", "CurrentN", "Current of the neutral",				\
	  CURRENT, PHASES, DIAGNOSTIC, 91, 7, 0)						\
	X(APPARENT_ENERGY, "apparent_energy", "ApparentEnergy",					\
	  "Apparent register", APPARENT_ENERGY, ENERGY, DIAGNOSTIC, 9, 8, 0)			\
	X(APPARENT_ENERGY_EXPORT, "apparent_energy_export", "ApparentEnergyExport",		\
	  "Apparent register export", APPARENT_ENERGY, ENERGY, DIAGNOSTIC, 10, 8, 0)		\
	X(ACTIVE_ENERGY_SUM, "active_energy_sum", "ActiveEnergySum",				\
	  "Register import plus export", ACTIVE_ENERGY, ENERGY, HIDDEN, 15, 8, 0)		\
	X(ACTIVE_POWER_IMPORT_DEMAND_MAX, "active_power_import_demand_max",			\
	  "ActivePowerImportDemandMax", "Demand import, highest of the month",			\
	  ACTIVE_POWER, QUALITY, MAIN, 1, 6, 0)							\
	X(ACTIVE_POWER_EXPORT_DEMAND_MAX, "active_power_export_demand_max",			\
	  "ActivePowerExportDemandMax", "Demand export, highest of the month",			\
	  ACTIVE_POWER, QUALITY, DIAGNOSTIC, 2, 6, 0)						\
	QUANTITIES_OF_SUPPLY(X, L1, "l1", 20)							\
	QUANTITIES_OF_SUPPLY(X, L2, "l2", 40)							\
	QUANTITIES_OF_SUPPLY(X, L3, "l3", 60)

/* What it may send beside: A and B are 0. */
#define QUANTITIES_ABSTRACT(X)									\
	X(POWER_FAILURES, "power_failures", "PowerFailures", "Power failures",			\
	  COUNTER, QUALITY, DIAGNOSTIC, 96, 7, 21)						\
	X(LONG_POWER_FAILURES, "long_power_failures", "LongPowerFailures",			\
	  "Long power failures", COUNTER, QUALITY, DIAGNOSTIC, 96, 7, 9)			\
	X(TARIFF, "tariff", "Tariff", "Tariff", STATE, QUALITY, DIAGNOSTIC, 96, 14, 0)		\
	X(BREAKER_STATE, "breaker_state", "BreakerState", "Breaker",				\
	  STATE, QUALITY, HIDDEN, 96, 3, 10)							\
	X(ACTIVE_POWER_LIMIT, "active_power_limit", "ActivePowerLimit", "Power limit",		\
	  ACTIVE_POWER, QUALITY, HIDDEN, 17, 0, 0)

/* What the meters behind it may send, by the type of the device: quantity_of_channel(). */
#define QUANTITIES_OF_CHANNEL(X)								\
	X(GAS_VOLUME, "gas_volume", "GasVolume", "Gas", GAS_VOLUME, ENERGY, MAIN, 24, 2, 1)	\
	X(WATER_VOLUME, "water_volume", "WaterVolume", "Water",					\
	  WATER_VOLUME, ENERGY, MAIN, 24, 2, 1)							\
	X(THERMAL_ENERGY, "thermal_energy", "ThermalEnergy", "Thermal energy",			\
	  THERMAL_ENERGY, ENERGY, MAIN, 24, 2, 1)						\
	X(VALVE_STATE, "valve_state", "ValveState", "Valve",					\
	  STATE, QUALITY, HIDDEN, 24, 4, 0)

/* What a meter may send. */
#define QUANTITIES_SENT(X)	QUANTITIES_OF_ELECTRICITY(X) QUANTITIES_ABSTRACT(X) QUANTITIES_OF_CHANNEL(X)

/* Active energy as it is counted on between the lists with registers; in one direction. */
#define QUANTITIES_COUNTED(X, D, d, Dbus, title)						\
	X(ACTIVE_ENERGY_##D##_LIVE, "active_energy_" d "_live", "ActiveEnergy" Dbus "Live",	\
	  "Energy " title, ACTIVE_ENERGY, DERIVED, MAIN, 0, 0, 0)				\
	X(ACTIVE_ENERGY_##D##_HOUR, "active_energy_" d "_hour", "ActiveEnergy" Dbus "Hour",	\
	  "Energy " title " this hour", ACTIVE_ENERGY, DERIVED, MAIN, 0, 0, 0)			\
	X(ACTIVE_ENERGY_##D##_DAY, "active_energy_" d "_day", "ActiveEnergy" Dbus "Day",	\
	  "Energy " title " today", ACTIVE_ENERGY, DERIVED, MAIN, 0, 0, 0)			\
	X(ACTIVE_ENERGY_##D##_MONTH, "active_energy_" d "_month", "ActiveEnergy" Dbus "Month",	\
	  "Energy " title " this month", ACTIVE_ENERGY, DERIVED, MAIN, 0, 0, 0)			\
	X(ACTIVE_ENERGY_##D##_ERROR, "active_energy_" d "_error", "ActiveEnergy" Dbus "Error",	\
	  "Energy " title " error", ENERGY_ERROR, DERIVED, DIAGNOSTIC, 0, 0, 0)

/* The highest hours of the month, the highest first. */
#define QUANTITIES_OF_PEAK(X, number)								\
	X(PEAK_HOUR_##number, "peak_hour_" #number, "PeakHour" #number,				\
	  "Peak hour " #number, ACTIVE_POWER, DERIVED, DIAGNOSTIC, 0, 0, 0)			\
	X(PEAK_HOUR_##number##_TIME, "peak_hour_" #number "_time", "PeakHour" #number "Time",	\
	  "Peak hour " #number " time", TIME, DERIVED, DIAGNOSTIC, 0, 0, 0)

/*
 * What is only ever derived; that it comes after what is sent, and its order within, are relied on by
 * meter/derive.c.
 */
#define QUANTITIES_DERIVED(X)									\
	X(ACTIVE_POWER_IMPORT_HOUR, "active_power_import_hour", "ActivePowerImportHour",	\
	  "Power import this hour, expected", ACTIVE_POWER, POWER, MAIN, 0, 0, 0)		\
	QUANTITIES_COUNTED(X, IMPORT, "import", "Import", "import")				\
	QUANTITIES_COUNTED(X, EXPORT, "export", "Export", "export")				\
	X(PEAK_HOURS_MEAN, "peak_hours_mean", "PeakHoursMean",					\
	  "Peak hours, mean", ACTIVE_POWER, DERIVED, MAIN, 0, 0, 0)				\
	QUANTITIES_OF_PEAK(X, 1)								\
	QUANTITIES_OF_PEAK(X, 2)								\
	QUANTITIES_OF_PEAK(X, 3)								\
	QUANTITIES_OF_PEAK(X, 4)								\
	QUANTITIES_OF_PEAK(X, 5)

#define QUANTITIES(X)	QUANTITIES_SENT(X) QUANTITIES_DERIVED(X)

/* Numbers, as Q_ACTIVE_POWER_IMPORT and so on. */
enum quantity {
#define X(id, name, dbus, title, kind, group, show, c, d, e) Q_##id,
	QUANTITIES(X)
#undef X
	Q_COUNT,
	Q_SENT_COUNT = Q_ACTIVE_POWER_IMPORT_HOUR,	/* those below it may be sent by meters */
};

/* Texts: what a meter says of itself. */
enum identity {
	ID_METER_ID,		/* "meter_id" */
	ID_METER_TYPE,		/* "meter_type" */
	ID_MANUFACTURER,	/* "meter_manufacturer": from our table, no meter sends it */
	ID_LIST_VERSION,	/* "list_version" */
	ID_COUNT,
};

/**
 * struct quantity_info - one row
 * @name: in JSON, MQTT and the documentation
 * @dbus: D-Bus property
 * @title: in plain words, for a user interface that names the meter itself
 * @kind: what it measures
 * @group: where it is shown
 * @show: how much of it a user wants to see
 */
struct quantity_info {
	const char *name;
	const char *dbus;
	const char *title;
	enum quantity_kind kind;
	enum quantity_group group;
	enum quantity_show show;
};

extern const struct quantity_info quantity_table[Q_COUNT];

/**
 * struct kind_info - what quantities of one kind share
 * @unit: "W", "VA", "var", "Wh", "varh", "A", "V", "m3"...; "" for what has none and for a time
 * @cosem_unit: the code of that unit in messages, 255 for what has none, 0 for what is in no message
 * @other_unit: code of another unit that is taken for it, 0: none
 * @other_factor: how much of @unit one of that is
 */
struct kind_info {
	const char *unit;
	u8 cosem_unit;
	u8 other_unit;
	u16 other_factor;
};

extern const struct kind_info kind_table[KIND_COUNT];
extern const char *const identity_names[ID_COUNT];

#define METER_TIME_NAME "meter_time"

/**
 * quantity_of() - the quantity that an OBIS code means
 * @obis: OBIS(A, B, C, D, E, F)
 *
 * Return: enum quantity, or -1 if the code means none of them.
 */
int quantity_of(u64 obis);

/**
 * quantity_of_channel() - the quantity that an OBIS code means of a meter behind this one
 * @device_type: of that meter, EN 13757-3 (0-n:24.1.0); 0: not known
 * @obis: its code; B is the channel and is not looked at
 *
 * The last reading stands at 24.2.1, in Belgium also at 24.2.3 (gas whose volume is not corrected): what
 * it counts only the type says.
 *
 * Return: enum quantity, or -1 if that means none of them.
 */
int quantity_of_channel(u8 device_type, u64 obis);

/* device_type_name() - "gas", "water", "heat"...; NULL for a type that is not known here */
const char *device_type_name(u8 device_type);

/**
 * kind_take() - a number in the unit of its message as one in the unit of its kind
 * @kind: enum quantity_kind
 * @cosem_unit: the unit that the message gives
 * @v: the number, multiplied if it has to be
 *
 * Return: 0; -EINVAL if it is the unit of something else; -ERANGE if the product does not fit.
 */
int kind_take(enum quantity_kind kind, u8 cosem_unit, struct decimal *v);

/**
 * kind_take_text() - a number without a unit, which P1 writes as "00015", "0002" or "0.336"
 * @kind: enum quantity_kind
 * @text: the text, not terminated
 * @n: its length
 * @ret: untouched on failure
 *
 * Return: 0; -EINVAL if the kind has a unit, or the text is no number; -ERANGE if it is too long.
 */
int kind_take_text(enum quantity_kind kind, const char *text, size_t n, struct decimal *ret);

#endif /* AMSHAN_METER_QUANTITY_H */
