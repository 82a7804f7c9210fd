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

/* What a quantity measures; the columns are: unit as text, COSEM unit (IEC 62056-6-2). */
enum quantity_kind {
	KIND_ACTIVE_POWER,	/* W, 27 */
	KIND_REACTIVE_POWER,	/* var, 29 */
	KIND_ACTIVE_ENERGY,	/* Wh, 30 */
	KIND_REACTIVE_ENERGY,	/* varh, 32 */
	KIND_CURRENT,		/* A, 33 */
	KIND_VOLTAGE,		/* V, 35 */
	KIND_POWER_FACTOR,	/* 1, 255 */
	KIND_COUNT,
};

/* Where a quantity is shown: D-Bus interface org.amshan.Amshan1.<group>, MQTT topic. */
enum quantity_group {
	GROUP_POWER,		/* .Power; MQTT power */
	GROUP_PHASES,		/* .Phases; MQTT power */
	GROUP_ENERGY,		/* .Energy; MQTT energy */
	GROUP_COUNT,
};

/*
 * X(identifier, name, D-Bus property, kind, group, C, D, E): C, D and E are the groups of the OBIS
 * code (IEC 62056-61: A is 1, B a channel, F 255).
 */
#define QUANTITIES_OF_PHASE(X, L, l, base)							\
	X(ACTIVE_POWER_IMPORT_##L, "active_power_import_" l, "ActivePowerImport" #L,		\
	  ACTIVE_POWER, PHASES, (base) + 1, 7, 0)						\
	X(ACTIVE_POWER_EXPORT_##L, "active_power_export_" l, "ActivePowerExport" #L,		\
	  ACTIVE_POWER, PHASES, (base) + 2, 7, 0)						\
	X(REACTIVE_POWER_IMPORT_##L, "reactive_power_import_" l, "ReactivePowerImport" #L,	\
	  REACTIVE_POWER, PHASES, (base) + 3, 7, 0)						\
	X(REACTIVE_POWER_EXPORT_##L, "reactive_power_export_" l, "ReactivePowerExport" #L,	\
	  REACTIVE_POWER, PHASES, (base) + 4, 7, 0)						\
	X(CURRENT_##L, "current_" l, "Current" #L, CURRENT, PHASES, (base) + 11, 7, 0)		\
	X(VOLTAGE_##L, "voltage_" l, "Voltage" #L, VOLTAGE, PHASES, (base) + 12, 7, 0)		\
	X(POWER_FACTOR_##L, "power_factor_" l, "PowerFactor" #L,				\
	  POWER_FACTOR, PHASES, (base) + 13, 7, 0)						\
	X(ACTIVE_ENERGY_IMPORT_##L, "active_energy_import_" l, "ActiveEnergyImport" #L,		\
	  ACTIVE_ENERGY, ENERGY, (base) + 1, 8, 0)						\
	X(ACTIVE_ENERGY_EXPORT_##L, "active_energy_export_" l, "ActiveEnergyExport" #L,		\
	  ACTIVE_ENERGY, ENERGY, (base) + 2, 8, 0)						\
	X(REACTIVE_ENERGY_IMPORT_##L, "reactive_energy_import_" l, "ReactiveEnergyImport" #L,	\
	  REACTIVE_ENERGY, ENERGY, (base) + 3, 8, 0)						\
	X(REACTIVE_ENERGY_EXPORT_##L, "reactive_energy_export_" l, "ReactiveEnergyExport" #L,	\
	  REACTIVE_ENERGY, ENERGY, (base) + 4, 8, 0)

#define QUANTITIES_OF_TARIFF(X, T, t, number)							\
	X(ACTIVE_ENERGY_IMPORT_##T, "active_energy_import_" t, "ActiveEnergyImport" #T,		\
	  ACTIVE_ENERGY, ENERGY, 1, 8, number)							\
	X(ACTIVE_ENERGY_EXPORT_##T, "active_energy_export_" t, "ActiveEnergyExport" #T,		\
	  ACTIVE_ENERGY, ENERGY, 2, 8, number)							\
	X(REACTIVE_ENERGY_IMPORT_##T, "reactive_energy_import_" t, "ReactiveEnergyImport" #T,	\
	  REACTIVE_ENERGY, ENERGY, 3, 8, number)						\
	X(REACTIVE_ENERGY_EXPORT_##T, "reactive_energy_export_" t, "ReactiveEnergyExport" #T,	\
	  REACTIVE_ENERGY, ENERGY, 4, 8, number)

#define QUANTITIES(X)										\
	X(ACTIVE_POWER_IMPORT, "active_power_import", "ActivePowerImport",			\
	  ACTIVE_POWER, POWER, 1, 7, 0)								\
	X(ACTIVE_POWER_EXPORT, "active_power_export", "ActivePowerExport",			\
	  ACTIVE_POWER, POWER, 2, 7, 0)								\
	X(REACTIVE_POWER_IMPORT, "reactive_power_import", "ReactivePowerImport",		\
	  REACTIVE_POWER, POWER, 3, 7, 0)							\
	X(REACTIVE_POWER_EXPORT, "reactive_power_export", "ReactivePowerExport",		\
	  REACTIVE_POWER, POWER, 4, 7, 0)							\
	X(POWER_FACTOR, "power_factor", "PowerFactor", POWER_FACTOR, POWER, 13, 7, 0)		\
	X(ACTIVE_ENERGY_IMPORT, "active_energy_import", "ActiveEnergyImport",			\
	  ACTIVE_ENERGY, ENERGY, 1, 8, 0)							\
	X(ACTIVE_ENERGY_EXPORT, "active_energy_export", "ActiveEnergyExport",			\
	  ACTIVE_ENERGY, ENERGY, 2, 8, 0)							\
	X(REACTIVE_ENERGY_IMPORT, "reactive_energy_import", "ReactiveEnergyImport",		\
	  REACTIVE_ENERGY, ENERGY, 3, 8, 0)							\
	X(REACTIVE_ENERGY_EXPORT, "reactive_energy_export", "ReactiveEnergyExport",		\
	  REACTIVE_ENERGY, ENERGY, 4, 8, 0)							\
	QUANTITIES_OF_PHASE(X, L1, "l1", 20)							\
	QUANTITIES_OF_PHASE(X, L2, "l2", 40)							\
	QUANTITIES_OF_PHASE(X, L3, "l3", 60)							\
	QUANTITIES_OF_TARIFF(X, T1, "t1", 1)							\
	QUANTITIES_OF_TARIFF(X, T2, "t2", 2)							\
	QUANTITIES_OF_TARIFF(X, T3, "t3", 3)							\
	QUANTITIES_OF_TARIFF(X, T4, "t4", 4)

/* Numbers, as Q_ACTIVE_POWER_IMPORT and so on. */
enum quantity {
#define X(id, name, dbus, kind, group, c, d, e) Q_##id,
	QUANTITIES(X)
#undef X
	Q_COUNT,
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
 * @kind: what it measures
 * @group: where it is shown
 */
struct quantity_info {
	const char *name;
	const char *dbus;
	enum quantity_kind kind;
	enum quantity_group group;
};

extern const struct quantity_info quantity_table[Q_COUNT];

/**
 * struct kind_info - what quantities of one kind share
 * @unit: "W", "var", "Wh", "varh", "A", "V", "" for a ratio
 * @cosem_unit: the code of that unit in messages, 255 for a ratio
 */
struct kind_info {
	const char *unit;
	u8 cosem_unit;
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

#endif /* AMSHAN_METER_QUANTITY_H */
