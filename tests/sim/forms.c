// SPDX-License-Identifier: GPL-2.0
/*
 * The tables of the simulator: quantities, makers, meters.  Data only.
 */
#include "forms.h"

#define PHASE(l, base)									\
	[SIM_P_IMPORT_L##l] = { "active_power_import_l" #l, SIM_POWER, (base) + 1, 27 },	\
	[SIM_P_EXPORT_L##l] = { "active_power_export_l" #l, SIM_POWER, (base) + 2, 27 },	\
	[SIM_Q_IMPORT_L##l] = { "reactive_power_import_l" #l, SIM_POWER, (base) + 3, 29 },	\
	[SIM_Q_EXPORT_L##l] = { "reactive_power_export_l" #l, SIM_POWER, (base) + 4, 29 },	\
	[SIM_A_IMPORT_L##l] = { "active_energy_import_l" #l, SIM_ENERGY, (base) + 1, 30 },	\
	[SIM_A_EXPORT_L##l] = { "active_energy_export_l" #l, SIM_ENERGY, (base) + 2, 30 },	\
	[SIM_PF_L##l] = { "power_factor_l" #l, SIM_FACTOR, (base) + 13, 255 },			\
	[SIM_SAGS_L##l] = { "voltage_sags_l" #l, SIM_COUNT },					\
	[SIM_SWELLS_L##l] = { "voltage_swells_l" #l, SIM_COUNT },				\
	[SIM_I_L##l] = { "current_l" #l, SIM_CURRENT, (base) + 11, 33 },			\
	[SIM_U_L##l] = { "voltage_l" #l, SIM_VOLTAGE, (base) + 12, 35 }

const struct sim_quantity_info sim_quantity_table[SIM_QUANTITIES] = {
	[SIM_P_IMPORT] = { "active_power_import", SIM_POWER, 1, 27 },
	[SIM_P_EXPORT] = { "active_power_export", SIM_POWER, 2, 27 },
	[SIM_Q_IMPORT] = { "reactive_power_import", SIM_POWER, 3, 29 },
	[SIM_Q_EXPORT] = { "reactive_power_export", SIM_POWER, 4, 29 },
	PHASE(1, 20),
	PHASE(2, 40),
	PHASE(3, 60),
	[SIM_A_IMPORT] = { "active_energy_import", SIM_ENERGY, 1, 30 },
	[SIM_A_EXPORT] = { "active_energy_export", SIM_ENERGY, 2, 30 },
	[SIM_R_IMPORT] = { "reactive_energy_import", SIM_ENERGY, 3, 32 },
	[SIM_R_EXPORT] = { "reactive_energy_export", SIM_ENERGY, 4, 32 },
	[SIM_PF] = { "power_factor", SIM_FACTOR, 13, 255 },
	/* Of telegrams alone, which write their codes themselves. */
	[SIM_A_IMPORT_T1] = { "active_energy_import_t1", SIM_ENERGY },
	[SIM_A_IMPORT_T2] = { "active_energy_import_t2", SIM_ENERGY },
	[SIM_A_EXPORT_T1] = { "active_energy_export_t1", SIM_ENERGY },
	[SIM_A_EXPORT_T2] = { "active_energy_export_t2", SIM_ENERGY },
	[SIM_DEMAND] = { "active_power_import_demand", SIM_POWER },
	[SIM_DEMAND_MAX] = { "active_power_import_demand_max", SIM_POWER },
	[SIM_FAILURES] = { "power_failures", SIM_COUNT },
	[SIM_LONG_FAILURES] = { "long_power_failures", SIM_COUNT },
	[SIM_TARIFF] = { "tariff", SIM_COUNT },
	[SIM_GAS] = { "gas_volume", SIM_VOLUME },
};

const s8 sim_base_exponent[SIM_KINDS] = {
	[SIM_CURRENT] = -3,
	[SIM_VOLTAGE] = -3,
	[SIM_FACTOR] = -3,
	[SIM_VOLUME] = -3,
};

/* Norwegian lists have the same order whoever made the meter; so has the Swedish one of Kaifa. */
static const u8 order_nordic[] = {
	SIM_LIST_ID, SIM_METER_ID, SIM_TYPE,
	SIM_P_IMPORT, SIM_P_EXPORT, SIM_Q_IMPORT, SIM_Q_EXPORT,
	SIM_I_L1, SIM_I_L2, SIM_I_L3, SIM_U_L1, SIM_U_L2, SIM_U_L3,
	SIM_CLOCK, SIM_A_IMPORT, SIM_A_EXPORT, SIM_R_IMPORT, SIM_R_EXPORT,
	SIM_ITEMS,
};

static const u8 order_aidon_se[] = {
	SIM_CLOCK,
	SIM_P_IMPORT, SIM_P_EXPORT, SIM_Q_IMPORT, SIM_Q_EXPORT,
	SIM_I_L1, SIM_I_L2, SIM_I_L3, SIM_U_L1, SIM_U_L2, SIM_U_L3,
	SIM_P_IMPORT_L1, SIM_P_EXPORT_L1, SIM_Q_IMPORT_L1, SIM_Q_EXPORT_L1,
	SIM_P_IMPORT_L2, SIM_P_EXPORT_L2, SIM_Q_IMPORT_L2, SIM_Q_EXPORT_L2,
	SIM_P_IMPORT_L3, SIM_P_EXPORT_L3, SIM_Q_IMPORT_L3, SIM_Q_EXPORT_L3,
	SIM_A_IMPORT, SIM_A_EXPORT, SIM_R_IMPORT, SIM_R_EXPORT,
	SIM_ITEMS,
};

/* The codes say what is what; their order is not known. */
static const u8 order_kamstrup_dk[] = {
	SIM_LIST_ID, SIM_METER_ID, SIM_TYPE,
	SIM_A_IMPORT, SIM_A_EXPORT,
	SIM_P_IMPORT, SIM_P_EXPORT, SIM_Q_IMPORT, SIM_Q_EXPORT,
	SIM_CLOCK,
	SIM_U_L1, SIM_U_L2, SIM_U_L3, SIM_I_L1, SIM_I_L2, SIM_I_L3,
	SIM_P_IMPORT_L1, SIM_P_IMPORT_L2, SIM_P_IMPORT_L3,
	SIM_PF_L1, SIM_PF_L2, SIM_PF_L3, SIM_PF,
	SIM_P_EXPORT_L1, SIM_P_EXPORT_L2, SIM_P_EXPORT_L3,
	SIM_A_EXPORT_L1, SIM_A_EXPORT_L2, SIM_A_EXPORT_L3,
	SIM_A_IMPORT_L1, SIM_A_IMPORT_L2, SIM_A_IMPORT_L3,
	SIM_R_IMPORT,
	SIM_ITEMS,
};

static const u8 order_lg_e450[] = {
	SIM_SETUP, SIM_METER_ID,
	SIM_P_IMPORT, SIM_P_EXPORT,
	SIM_I_L1, SIM_I_L2, SIM_I_L3, SIM_U_L1, SIM_U_L2, SIM_U_L3,
	SIM_A_IMPORT, SIM_A_EXPORT,
	SIM_ITEMS,
};

static const u8 order_lg_e360[] = {
	SIM_DEVICE,
	SIM_P_IMPORT, SIM_P_EXPORT, SIM_Q_IMPORT, SIM_Q_EXPORT,
	SIM_I_L1, SIM_I_L2, SIM_I_L3, SIM_U_L1, SIM_U_L2, SIM_U_L3,
	SIM_A_IMPORT, SIM_A_EXPORT, SIM_R_IMPORT, SIM_R_EXPORT,
	SIM_ITEMS,
};

static const u8 order_iskra[] = {
	SIM_DEVICE, SIM_DEVICE_ID,
	SIM_P_IMPORT, SIM_P_EXPORT, SIM_Q_IMPORT, SIM_Q_EXPORT,
	SIM_U_L1, SIM_U_L2, SIM_U_L3, SIM_I_L1, SIM_I_L2, SIM_I_L3,
	SIM_P_IMPORT_L1, SIM_P_IMPORT_L2, SIM_P_IMPORT_L3,
	SIM_P_EXPORT_L1, SIM_P_EXPORT_L2, SIM_P_EXPORT_L3,
	SIM_ITEMS,
};

static const u8 order_austria[] = {
	SIM_CLOCK,
	SIM_A_IMPORT, SIM_A_EXPORT, SIM_P_IMPORT, SIM_P_EXPORT,
	SIM_U_L1, SIM_U_L2, SIM_U_L3, SIM_I_L1, SIM_I_L2, SIM_I_L3, SIM_PF,
	SIM_METER_ID,
	SIM_ITEMS,
};

#define OBIS_NORDIC {			\
	{ 1, 1, 0, 2, 129, 255 },	\
	{ 0, 0, 96, 1, 0, 255 },	\
	{ 0, 0, 96, 1, 7, 255 },	\
	{ 0, 0, 1, 0, 0, 255 },		\
}

#define DEVIATION_NONE (-0x8000)

/* Sends Sunday as 0, claims UTC. */
static const struct sim_maker aidon_no = {
	.shape = SIM_ROWS,
	.head = { 0x41, 0x08, 0x83, 0x13 },
	.head_n = 4,
	.invoke_id = 0x40000000,
	.header_time = ENC_TIME_ABSENT,
	.obis = OBIS_NORDIC,
	.zone = SIM_ZONE_UTC1,
	.sunday = 0,
	.deviation = 0,
	.status = 0,
	.order = order_nordic,
	.tick_ms = 2500,
	.list2_ticks = 4,
	.hourly_ms = 10000,
};

static const struct sim_maker aidon_se = {
	.shape = SIM_ROWS,
	.head = { 0x41, 0x08, 0x83, 0x13 },
	.head_n = 4,
	.invoke_id = 0x40000000,
	.header_time = ENC_TIME_ABSENT,
	.obis = OBIS_NORDIC,
	.zone = SIM_ZONE_UTC1,
	.sunday = 7,
	.deviation = DEVIATION_NONE,
	.status = 0xff,
	.order = order_aidon_se,
	.tick_ms = 10000,
	.list2_ticks = 1,
};

static const struct sim_maker kaifa_no = {
	.shape = SIM_POSITIONAL,
	.head = { 0x01, 0x02, 0x01, 0x10 },
	.head_n = 4,
	.invoke_id = 0x40000000,
	.header_time = ENC_TIME_STRING,
	.octet_texts = true,
	.zone = SIM_ZONE_LOCAL,
	.sunday = 7,
	.deviation = DEVIATION_NONE,
	.status = 0,
	.order = order_nordic,
	.tick_ms = 2000,
	.list2_ticks = 5,
	.hourly_ms = 10000,
};

static const struct sim_maker kaifa_se = {
	.shape = SIM_PAIRS,
	.head = { 0x01, 0x00, 0x01, 0x10 },
	.head_n = 4,
	.invoke_id = 0x40000000,
	.header_time = ENC_TIME_ABSENT,
	.octet_texts = true,
	.obis = {
		{ 1, 0, 0, 2, 129, 255 },
		{ 0, 0, 96, 1, 0, 255 },
		{ 0, 0, 96, 1, 7, 255 },
		{ 0, 0, 1, 0, 0, 255 },
	},
	.zone = SIM_ZONE_UTC1,
	.sunday = 7,
	.deviation = -60,
	.status = 0,
	.order = order_nordic,
	.tick_ms = 10000,
	.list2_ticks = 1,
};

#define KAMSTRUP_LISTS							\
	.shape = SIM_PAIRS,						\
	.invoke_id = 0,							\
	.header_time = ENC_TIME_BARE,					\
	.bare_list_id = true,						\
	.b = 1,								\
	.b_energy = 1,							\
	.obis = {							\
		[SIM_METER_ID - SIM_LIST_ID] = { 1, 1, 0, 0, 5, 255 },	\
		[SIM_TYPE - SIM_LIST_ID] = { 1, 1, 96, 1, 1, 255 },	\
		[SIM_CLOCK - SIM_LIST_ID] = { 0, 1, 1, 0, 0, 255 },	\
	},								\
	.zone = SIM_ZONE_UTC1,						\
	.sunday = 7,							\
	.deviation = DEVIATION_NONE,					\
	.status = 0,							\
	.tick_ms = 5000,						\
	.list2_ticks = 2

static const struct sim_maker kamstrup = {
	KAMSTRUP_LISTS,
	.head = { 0x2b, 0x21, 0x13 },
	.head_n = 3,
	.order = order_nordic,
	.hourly_ms = 5000,
};

static const struct sim_maker kamstrup_dk = {
	KAMSTRUP_LISTS,
	.head = { 0x41, 0x03, 0x13 },
	.head_n = 3,
	.order = order_nordic,
	.hourly_ms = 5000,
};

static const struct sim_maker kamstrup_dk_65 = {
	KAMSTRUP_LISTS,
	.head = { 0x41, 0x03, 0x13 },
	.head_n = 3,
	.order = order_kamstrup_dk,
};

#define SETUP	[SIM_SETUP - SIM_LIST_ID]
#define DEVICE	[SIM_DEVICE - SIM_LIST_ID]
#define ID	[SIM_METER_ID - SIM_LIST_ID]

#define EVERY_10_S	.tick_ms = 10000, .list2_ticks = 1

/* The number of the meter is an octet-string, and its code differs from list to list. */
static const struct sim_maker lg_e450 = {
	.shape = SIM_OBJECTS,
	.head = { 0xce, 0xff, 0x03, 0x13 },
	.head_n = 4,
	.invoke_id = 0x000008e2,
	.header_time = ENC_TIME_BARE,
	.octet_texts = true,
	.b_energy = 1,
	.obis = { SETUP = { 0, 8, 25, 9, 0, 255 }, ID = { 0, 0, 96, 1, 0, 255 } },
	.zone = SIM_ZONE_LOCAL,
	.sunday = 7,
	.deviation = DEVIATION_NONE,
	.order = order_lg_e450,
	EVERY_10_S,
};

static const struct sim_maker lg_e360 = {
	.shape = SIM_OBJECTS,
	.head = { 0xce, 0xff, 0x03, 0x13 },
	.head_n = 4,
	.invoke_id = 0x00000100,
	.header_time = ENC_TIME_BARE,
	.octet_texts = true,
	.obis = {
		SETUP = { 0, 6, 25, 9, 0, 255 },
		DEVICE = { 0, 0, 42, 0, 0, 255 },
	},
	.zone = SIM_ZONE_TOLD,
	.sunday = 7,
	.order = order_lg_e360,
	EVERY_10_S,
};

static const struct sim_maker iskra = {
	.shape = SIM_POSITIONAL,
	.head = { 0xcf, 0x02, 0x23, 0x13 },
	.head_n = 4,
	.invoke_id = 0x00000200,
	.header_time = ENC_TIME_BARE,
	.octet_texts = true,
	.zone = SIM_ZONE_TOLD,
	.sunday = 7,
	.order = order_iskra,
	EVERY_10_S,
};

#define AUSTRIA								\
	.shape = SIM_TRIPLES,						\
	.head = { 0xcf, 0x02, 0x23, 0x13 },				\
	.head_n = 4,							\
	.header_time = ENC_TIME_BARE,					\
	.octet_texts = true,						\
	.hundredths = true,						\
	.framing = SIM_MBUS,						\
	.zone = SIM_ZONE_TOLD,						\
	.sunday = 7,							\
	.order = order_austria

static const struct sim_maker kaifa_at = {
	AUSTRIA,
	.invoke_id = 0x80000300,
	.tick_ms = 5000,
	.list2_ticks = 1,
};

static const struct sim_maker sagemcom_at = {
	AUSTRIA,
	.invoke_id = 0x80000400,
	.mbus_length = 511,
	.tick_ms = 5000,
	.list2_ticks = 1,
};

#define LISTS_123	(1 << 1 | 1 << 2 | 1 << 3)
#define LISTS_23	(1 << 2 | 1 << 3)
#define LISTS_3		(1 << 3)

#define L2_L3 (SIM_BIT(SIM_I_L2) | SIM_BIT(SIM_I_L3) | SIM_BIT(SIM_U_L2) | SIM_BIT(SIM_U_L3))

#define CODES(i_type, i_exponent, u_type, u_exponent, a_type, a_exponent) {	\
	[SIM_POWER] = { SIM_U32, 0 },						\
	[SIM_CURRENT] = { i_type, i_exponent },					\
	[SIM_VOLTAGE] = { u_type, u_exponent },					\
	[SIM_ENERGY] = { a_type, a_exponent },					\
	[SIM_FACTOR] = { SIM_S16, -3 },						\
}

#define AIDON	.manufacturer = "Aidon", .maker = &aidon_no, .lists = LISTS_123,	\
		.list_id = "AIDON_V0001", .id = "7359992800000001",			\
		.code = CODES(SIM_S16, -1, SIM_U16, -1, SIM_U32, 1)

#define EMBRIQ	.manufacturer = "Landis+Gyr", .maker = &aidon_no, .lists = LISTS_123,	\
		.list_id = "EMBRIQ_V1_1", .id = "13900001", .id_pad = 16, .type_pad = 4, \
		.code = CODES(SIM_S16, -2, SIM_U16, -1, SIM_U32, 1)

#define KAIFA	.manufacturer = "Kaifa", .list_id = "KFM_001", .id = "6970631400000001"

#define KAIFA_NO KAIFA, .maker = &kaifa_no, .lists = LISTS_123

#define KAMSTRUP .manufacturer = "Kamstrup", .list_id = "Kamstrup_V0001",			\
		.id = "5706567000000001", .lists = LISTS_23

#define AT	.phases = 3, .lists = LISTS_3, .list_id = "",				\
		.code = CODES(SIM_U16, -2, SIM_U16, -1, SIM_U32, 0)

#define P1	.list_id = "", .type = "", .phases = 3, .lists = LISTS_3

const struct sim_form_info sim_form_table[SIM_FORMS_ALL] = {
	[SIM_AIDON] = { .name = "aidon", AIDON, .type = "6534", .phases = 3 },
	[SIM_AIDON_1P] = { .name = "aidon-1p", AIDON, .type = "6515", .phases = 1, .omit = L2_L3 },
	[SIM_AIDON_IT] = {
		.name = "aidon-it", AIDON, .type = "6525", .phases = 3, .three_wire = true,
		.omit = SIM_BIT(SIM_I_L2),
	},
	[SIM_AIDON_SE] = {
		.name = "aidon-se", .manufacturer = "Aidon", .maker = &aidon_se, .list_id = "",
		.id = "", .type = "", .phases = 3, .lists = LISTS_3,
		.code = CODES(SIM_S16, -1, SIM_U16, -1, SIM_U32, 0),
	},
	[SIM_EMBRIQ] = { .name = "embriq", EMBRIQ, .type = "ZMF1", .phases = 3 },
	[SIM_EMBRIQ_IT] = {
		.name = "embriq-it", EMBRIQ, .type = "ZFF1", .phases = 3, .three_wire = true,
		.zero = SIM_BIT(SIM_U_L2) | SIM_BIT(SIM_I_L2),
	},
	[SIM_KAIFA] = {
		.name = "kaifa", KAIFA_NO, .type = "MA304H4", .phases = 3,
		.code = CODES(SIM_U32, -3, SIM_U32, -1, SIM_U32, 0),
	},
	[SIM_KAIFA_1P] = {
		.name = "kaifa-1p", KAIFA_NO, .type = "MA105H2E", .phases = 1, .omit = L2_L3,
		.code = CODES(SIM_U32, -3, SIM_U32, -1, SIM_U32, 0),
	},
	[SIM_KAIFA_IT] = {
		.name = "kaifa-it", KAIFA_NO, .type = "MA304H3E", .phases = 3, .three_wire = true,
		.zero = SIM_BIT(SIM_U_L2),
		.code = CODES(SIM_U32, -3, SIM_U32, -1, SIM_U32, 0),
	},
	[SIM_KAIFA_T3] = {
		.name = "kaifa-t3", KAIFA_NO, .type = "MA304T3", .phases = 3, .three_wire = true,
		.omit = SIM_BIT(SIM_I_L2),
		.code = CODES(SIM_U32, -3, SIM_U32, -1, SIM_U32, 0),
	},
	[SIM_KAIFA_CT] = {
		.name = "kaifa-ct", KAIFA_NO, .type = "MA304T4", .phases = 3,
		.code = CODES(SIM_U32, -3, SIM_U32, -1, SIM_U64, 0),
	},
	[SIM_KAIFA_SE] = {
		.name = "kaifa-se", KAIFA, .maker = &kaifa_se, .type = "MA304H4", .phases = 3,
		.lists = LISTS_3,
		.code = CODES(SIM_U32, -3, SIM_U32, -1, SIM_U32, 0),
	},
	[SIM_KAMSTRUP] = {
		.name = "kamstrup", KAMSTRUP, .maker = &kamstrup, .type = "6841131BN243101040",
		.phases = 3,
		.code = CODES(SIM_U32, -2, SIM_U16, 0, SIM_U32, 1),
	},
	[SIM_KAMSTRUP_1P] = {
		.name = "kamstrup-1p", KAMSTRUP, .maker = &kamstrup, .type = "6861111BN242101040",
		.phases = 1, .null = L2_L3,
		.code = CODES(SIM_U32, -2, SIM_U16, 0, SIM_U32, 1),
	},
	[SIM_KAMSTRUP_1Q] = {
		.name = "kamstrup-1q", KAMSTRUP, .maker = &kamstrup, .type = "6861111BN142101040",
		.phases = 1,
		.omit = L2_L3 | SIM_BIT(SIM_P_EXPORT) | SIM_BIT(SIM_Q_IMPORT) |
			SIM_BIT(SIM_Q_EXPORT) | SIM_BIT(SIM_A_EXPORT) | SIM_BIT(SIM_R_IMPORT) |
			SIM_BIT(SIM_R_EXPORT),
		.code = CODES(SIM_U32, -2, SIM_U16, 0, SIM_U32, 1),
	},
	[SIM_KAMSTRUP_SE] = {
		.name = "kamstrup-se", KAMSTRUP, .maker = &kamstrup, .type = "6841138BN245101090",
		.phases = 3,
		.code = CODES(SIM_U32, -2, SIM_U16, 0, SIM_U32, 0),
	},
	[SIM_KAMSTRUP_CENTIVOLT] = {
		.name = "kamstrup-centivolt", KAMSTRUP, .maker = &kamstrup_dk,
		.type = "6841138BN243101010", .phases = 3,
		.code = CODES(SIM_U32, -2, SIM_U16, -2, SIM_U32, 1),
	},
	[SIM_KAMSTRUP_CT] = {
		.name = "kamstrup-ct", KAMSTRUP, .maker = &kamstrup, .type = "6851131BN243101040",
		.phases = 3,
		.code = CODES(SIM_U32, -3, SIM_U16, 0, SIM_U32, 1),
	},
	[SIM_KAMSTRUP_DK] = {
		.name = "kamstrup-dk", .manufacturer = "Kamstrup", .list_id = "Kamstrup_V0001",
		.maker = &kamstrup_dk_65, .id = "5706567000000001", .type = "6841138BN243101010",
		.phases = 3, .lists = LISTS_3,
		.code = {
			[SIM_POWER] = { SIM_U32, 0 },
			[SIM_CURRENT] = { SIM_U32, -2 },
			[SIM_VOLTAGE] = { SIM_U16, -2 },
			[SIM_ENERGY] = { SIM_U32, 1 },
			[SIM_FACTOR] = { SIM_U16, -2 },
		},
	},
	[SIM_LG_E450] = {
		.name = "lg-e450", .manufacturer = "Landis+Gyr", .maker = &lg_e450, .list_id = "",
		.id = "40000001", .type = "", .phases = 3, .lists = LISTS_3,
		.code = CODES(SIM_U16, -2, SIM_U16, 0, SIM_U32, 0),
	},
	[SIM_LG_E360] = {
		.name = "lg-e360", .manufacturer = "Landis+Gyr", .maker = &lg_e360, .list_id = "",
		.device = "LGZ1030", .id = "000000001", .type = "", .phases = 3,
		.lists = LISTS_3,
		.code = CODES(SIM_U16, -2, SIM_U16, -1, SIM_U32, 0),
	},
	[SIM_ISKRA] = {
		.name = "iskra", .manufacturer = "Iskraemeco", .maker = &iskra, .list_id = "",
		.device = "ISK10307", .id = "00000001", .type = "", .phases = 3, .lists = LISTS_3,
		.code = CODES(SIM_U16, -2, SIM_U16, -1, SIM_U32, 0),
	},
	[SIM_KAIFA_AT] = {
		.name = "kaifa-at", .manufacturer = "Kaifa", AT, .maker = &kaifa_at,
		.id = "181000000001", .type = "",
	},
	[SIM_SAGEMCOM_AT] = {
		.name = "sagemcom-at", .manufacturer = "Sagemcom", AT, .maker = &sagemcom_at,
		.id = "178000000001", .type = "",
	},
	[SIM_DSMR5] = {
		.name = "dsmr5", .manufacturer = "Iskraemeco", P1, .maker = &sim_dsmr5,
		.id = "E0040000000000001",
	},
	[SIM_FLUVIUS] = {
		.name = "fluvius", .manufacturer = "Sagemcom", P1, .maker = &sim_fluvius,
		.id = "1SAG1100000001",
	},
	[SIM_P1_SE] = {
		.name = "p1-se", .manufacturer = "", P1, .maker = &sim_p1_se, .id = "",
	},
	[SIM_KAMSTRUP_P1] = {
		.name = "kamstrup-p1", .manufacturer = "Kamstrup", P1, .maker = &sim_kamstrup_p1,
		.id = "",
	},
	[SIM_P1_LU] = {
		.name = "p1-lu", .manufacturer = "Sagemcom", P1, .maker = &sim_p1_lu,
		.id = "SAG1030700000001",
	},
	[SIM_P1_HU] = {
		.name = "p1-hu", .manufacturer = "", P1, .maker = &sim_p1_hu,
		.id = "99000000001",
	},
};
