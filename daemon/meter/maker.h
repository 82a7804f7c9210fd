/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What is known of the makers' lists: one table per maker (aidon.c, kaifa.c, kamstrup.c, ...), and
 * those that the user wrote (tables.h).
 *
 * A scaler in the message always wins over a table.
 */
#ifndef AMSHAN_METER_MAKER_H
#define AMSHAN_METER_MAKER_H

#include "dlms/list.h"
#include "meter/quantity.h"

/**
 * struct maker_scaler - the power of ten for a kind of value that comes without a scaler
 * @kind: for values of this kind
 * @exponent: the value is 10^exponent units
 * @type: only meters whose type begins so ('?': any character); NULL: all
 * @centivolts: only if a voltage of the list is 1000 or more: whole volts have three digits, and one
 *              phase at least is alive, or there would be no list
 *
 * The first row that fits is taken; a kind without a row stays without a name: what its number
 * means is not known.
 */
struct maker_scaler {
	enum quantity_kind kind;
	s8 exponent;
	const char *type;
	bool centivolts;
};

/**
 * struct maker_positions - the order of values in a positional list
 * @elements: the list with so many elements
 * @obis: a code for each, OBIS_NONE: what it means is not known
 * @types: a letter for each, where lists of the same length differ in nothing else: 's' a string,
 *         'd' one of digits alone, 'b' boolean, '2' and '4' integers of so many octets, '.' anything;
 *         NULL: the codes tell
 *
 * Whatever @types says, an electrical quantity (A = 1) is a number or null-data, and a clock a
 * date-time: an order that does not go with the values is not this list's.
 */
struct maker_positions {
	u8 elements;
	const u64 *obis;
	const char *types;
};

/**
 * struct maker_identity - a code that carries a text
 * @obis: the code
 * @id: which one
 */
struct maker_identity {
	u64 obis;
	enum identity id;
};

/* What a maker's clock shows, where the message does not say it or says it wrongly. */
enum clock_kind {
	CLOCK_AUTO,	/* as a setting: what the maker's table says */
	CLOCK_WIRE,	/* what the message says; without an offset UTC is not known */
	CLOCK_UTC,	/* UTC, whatever the message says */
	CLOCK_UTC1,	/* UTC+1 all year, whatever the message says */
	CLOCK_CET,	/* Central European Time with summer time */
	CLOCK_UTC2,	/* UTC+2 all year, whatever the message says: Finland */
};

/**
 * struct maker - one maker's lists of one shape
 * @name: "Aidon"; NULL: meters of several makers send it, and the list does not tell whose it is
 * @shape: its lists have this shape
 * @list_id: a text in them begins so; NULL: other marks have to do
 * @mark: code of that text; OBIS_NONE: it is the first value
 * @setup: they name this push setup object; OBIS_NONE: any or none
 * @elements: they have so many elements, 0: any number
 * @clock_first: the first value is a clock, with or without a code
 * @id_last: the last value is the number of the meter, a text without a code
 * @first: what the first value is, if it is a text without a code; OBIS_NONE: the list id
 * @scalers: ends with .kind = KIND_COUNT; NULL: all its values have scalers
 * @positions: ends with .elements = 0; NULL: its lists are not positional.  Without @list_id and
 *             @setup one of them has to fit
 * @identities: codes of texts that only this maker uses so; ends with .obis = OBIS_NONE; or NULL
 * @clock: what its clock shows
 * @zero_l2_types: meters of these types on 3-wire (IT) grids send 0 for a voltage or current of L2
 *                 that they do not measure; prefixes, ends with NULL; "" all
 */
struct maker {
	const char *name;
	enum list_shape shape;
	const char *list_id;
	u64 mark;
	u64 setup;
	u16 elements;
	bool clock_first;
	bool id_last;
	u64 first;
	const struct maker_scaler *scalers;
	const struct maker_positions *positions;
	const struct maker_identity *identities;
	enum clock_kind clock;
	const char *const *zero_l2_types;
};

extern const struct maker maker_aidon, maker_aidon_se, maker_embriq, maker_kaifa, maker_kaifa_se,
	maker_kamstrup, maker_lg_e450, maker_lg_e360, maker_lg_phases, maker_lg_totals,
	maker_iskra, maker_iskra_objects, maker_iskra_ie5, maker_push_list, maker_austria,
	maker_vienna;

/*
 * maker_of_flag() - the name of the maker with these three letters (FLAG association; a system title begins
 * with them too), NULL: not known, or letters of a network
 */
const char *maker_of_flag(const u8 *letters);

/* All that are compiled in, in the order in which they are tried; ends with NULL. */
extern const struct maker *const makers[];

/* Codes that many tables use. */
#define OBIS_CLOCK		OBIS(0, 0, 1, 0, 0, 255)
#define OBIS_DEVICE_NAME	OBIS(0, 0, 42, 0, 0, 255)	/* COSEM logical device name */
#define OBIS_METER_ID		OBIS(0, 0, 96, 1, 0, 255)	/* device id 1: the maker's number */
#define OBIS_METER_ID_2		OBIS(0, 0, 96, 1, 1, 255)	/* device id 2: the utility's number */
#define OBIS_NOW(c)		OBIS(1, 0, c, 7, 0, 255)	/* powers, currents, voltages */
#define OBIS_REGISTER(c, e)	OBIS(1, 0, c, 8, e, 255)	/* energies; e: tariff, 0: all */

#define MAKER_ORDER(order) .elements = sizeof(order) / sizeof((order)[0]), .obis = order

/* obis_is_clock() - A is 0; B differs between makers */
static inline bool obis_is_clock(u64 obis)
{
	return (obis & 0xff00ffffff00ull) == (OBIS_CLOCK & 0xff00ffffff00ull);
}

/* axdr_is_text() - any of the string types */
static inline bool axdr_is_text(const struct axdr *v)
{
	return v->tag == AXDR_OCTET_STRING || v->tag == AXDR_VISIBLE_STRING ||
	       v->tag == AXDR_UTF8_STRING;
}

/**
 * maker_find() - whose list is it?
 * @last: whose the source's last list was, or NULL
 * @extra: the user's, tried before all others; ends with NULL; or NULL
 * @list: the list
 * @marked: does the list itself say so?  A list of one value does not: what came before decides
 *
 * Return: the table, or NULL.
 */
const struct maker *maker_find(const struct maker *last, const struct maker *const *extra,
			       const struct cosem_list *list, bool *marked);

/* maker_order() - the codes of a positional list in its order, or NULL */
const u64 *maker_order(const struct maker *m, const struct cosem_list *list);

#endif /* AMSHAN_METER_MAKER_H */
