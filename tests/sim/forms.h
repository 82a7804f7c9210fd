/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The tables behind the builder: how the lists of each maker and type are made.
 */
#ifndef SIM_FORMS_H
#define SIM_FORMS_H

#include "meters.h"

/* Elements of a list: quantities, and these. */
enum sim_item {
	SIM_LIST_ID = SIM_QUANTITIES,
	SIM_METER_ID,
	SIM_TYPE,
	SIM_CLOCK,
	SIM_SETUP,	/* the object that pushes */
	SIM_DEVICE,	/* logical device name */
	SIM_DEVICE_ID,	/* another number of Iskra's, no meter's */
	SIM_ITEMS,
};

#define SIM_BIT(item)	(1ull << (item))

enum sim_kind {
	SIM_POWER,
	SIM_CURRENT,
	SIM_VOLTAGE,
	SIM_ENERGY,
	SIM_FACTOR,
	SIM_COUNT,
	SIM_VOLUME,
	SIM_KINDS,
};

enum sim_type {
	SIM_S16,
	SIM_U16,
	SIM_U32,
	SIM_U64,
};

/**
 * struct sim_quantity_info - a quantity on the wire and in the expected readings
 * @name: of the reading
 * @kind: what it is
 * @c: group C of its OBIS code
 * @unit: COSEM unit
 */
struct sim_quantity_info {
	const char *name;
	enum sim_kind kind;
	u8 c;
	u8 unit;
};

extern const struct sim_quantity_info sim_quantity_table[SIM_QUANTITIES];

/* What the base unit of a kind is, as a power of ten of W, A, V, Wh, 1, 1, m3. */
extern const s8 sim_base_exponent[SIM_KINDS];

enum sim_shape {
	SIM_ROWS,		/* array of structures {OBIS, value, {scaler, unit}} */
	SIM_POSITIONAL,		/* one structure of values */
	SIM_PAIRS,		/* one structure of OBIS, value, OBIS, value... */
	SIM_TRIPLES,		/* one structure: clock, OBIS, value, {scaler, unit}..., number */
	SIM_OBJECTS,		/* one structure: array of descriptors, values */
	SIM_TELEGRAM,		/* lines of P1 */
};

enum sim_clock_zone {
	SIM_ZONE_UTC1,		/* UTC+1 all year */
	SIM_ZONE_LOCAL,		/* with summer time */
	SIM_ZONE_TOLD,		/* the same, deviation and status tell which */
};

/**
 * struct sim_number - how a line of P1 gives a number
 * @whole: digits in front of the point, filled up with zeros
 * @decimals: digits behind it, 0: no point
 * @unit: exponent of the unit: 3 for kW
 * @text: the unit, NULL: none is written
 */
struct sim_number {
	u8 whole;
	u8 decimals;
	s8 unit;
	const char *text;
};

enum sim_line_kind {
	SIM_LINE_TEXT,		/* as it stands, with its parentheses */
	SIM_LINE_CLOCK,
	SIM_LINE_ID,		/* the number's characters in hex; of a channel those of the text */
	SIM_LINE_VALUE,
	SIM_LINE_TIMED,		/* (time)(value) */
};

/**
 * struct sim_line - one line of a telegram
 * @code: its OBIS code, as written
 * @kind: what stands behind it
 * @text: SIM_LINE_TEXT
 * @item: quantity
 * @number: its digits
 * @channel: it is another meter's
 */
struct sim_line {
	const char *code;
	enum sim_line_kind kind;
	const char *text;
	u8 item;
	const struct sim_number *number;
	bool channel;
};

/**
 * struct sim_telegram - the telegram of a country
 * @identification: behind the '/'
 * @lines: ends with one without code
 */
struct sim_telegram {
	const char *identification;
	const struct sim_line *lines;
};

/**
 * struct sim_maker - what the lists of one maker and country share
 * @shape: of the body
 * @head: addresses and control field
 * @head_n: their number
 * @invoke_id: of the APDU
 * @header_time: in the APDU's header
 * @octet_texts: texts are octet-strings, not visible-strings
 * @bare_list_id: the list id stands in front without an OBIS code
 * @b: group B of the codes of values
 * @b_energy: of those of registers
 * @hundredths: the clock has them, as 00; otherwise FF
 * @telegram: SIM_TELEGRAM: its lines; nothing but @zone and the times count beside it
 * @framing: what the messages travel in
 * @mbus_length: greatest L of its M-Bus frames; 0: the usual one
 * @obis: codes of the texts and the clock, from SIM_LIST_ID on
 * @zone: what the clock shows
 * @sunday: weekday on Sundays
 * @deviation: as sent
 * @status: as sent
 * @order: of a list 3; ends with SIM_ITEMS
 * @tick_ms: beat of the meter
 * @list2_ticks: a list 2 every so many ticks, beginning with the minute
 * @hourly_ms: list 3 so long after the full hour; 0: a list 3 in the place of each list 2
 */
struct sim_maker {
	enum sim_shape shape;
	u8 head[4];
	u8 head_n;
	u32 invoke_id;
	enum enc_header_time header_time;
	bool octet_texts;
	bool bare_list_id;
	u8 b;
	u8 b_energy;
	u8 obis[SIM_ITEMS - SIM_LIST_ID][6];
	bool hundredths;
	const struct sim_telegram *telegram;
	enum sim_framing framing;
	u16 mbus_length;
	enum sim_clock_zone zone;
	u8 sunday;
	s16 deviation;
	u8 status;
	const u8 *order;
	u32 tick_ms;
	u8 list2_ticks;
	u32 hourly_ms;
};

/* The makers of telegrams, in telegrams.c. */
extern const struct sim_maker sim_dsmr5, sim_fluvius, sim_p1_se, sim_kamstrup_p1, sim_p1_lu,
	sim_p1_hu;

/* How a kind of value is sent. */
struct sim_code {
	enum sim_type type;
	s8 exponent;
};

/**
 * struct sim_form_info - one meter
 * @name: as in --maker
 * @manufacturer: who made it
 * @maker: its lists
 * @list_id: in the list
 * @device: logical device name, up to the number
 * @id: default number
 * @type: default type
 * @id_pad: number and type are filled up with NULs to so many octets
 * @type_pad: likewise
 * @code: how values are sent
 * @phases: 1 or 3
 * @three_wire: an IT grid: voltages are from phase to phase
 * @lists: bit per list that it has
 * @omit: bit per item that its lists do not have
 * @null: bit per item that is null-data, with its code
 * @zero: bit per item that it does not measure and sends as 0
 */
struct sim_form_info {
	const char *name;
	const char *manufacturer;
	const struct sim_maker *maker;
	const char *list_id;
	const char *device;
	const char *id;
	const char *type;
	u8 id_pad;
	u8 type_pad;
	struct sim_code code[SIM_KINDS];
	u8 phases;
	bool three_wire;
	u8 lists;
	u64 omit;
	u64 null;
	u64 zero;
};

extern const struct sim_form_info sim_form_table[SIM_FORMS_ALL];

/**
 * sim_telegram_put() - a telegram through its '!'
 * @ret: gets the readings, or NULL
 * @channel: gets those of the meter on the channel, or NULL
 *
 * Return: 0, or -ERANGE if a value has more digits than its line.
 */
int sim_telegram_put(struct enc *e, const struct sim_maker *m, const struct sim_values *v,
		     struct sim_expected *ret, struct sim_channel *channel);

/* For both builders, see meters.c. */
void sim_expect(struct sim_expected *x, const char *name, const char *text, bool is_text,
		bool missing);
s64 sim_to_wire(s64 base, enum sim_kind kind, int exponent);
void sim_decimal(s64 wire, int exponent, char *buf);

#endif /* SIM_FORMS_H */
