/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What is known of the makers' lists: one table per maker (aidon.c, kaifa.c, kamstrup.c, ...).
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
 * @obis: a code for each
 */
struct maker_positions {
	u8 elements;
	const u64 *obis;
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
};

/**
 * struct maker - one maker's lists of one shape
 * @name: "Aidon"
 * @shape: its lists have this shape
 * @list_id: its list version ids begin so; NULL: recognised by @elements
 * @elements: without a list id: the list has so many elements, the clock first
 * @scalers: ends with .kind = KIND_COUNT; NULL: all its values have scalers
 * @positions: ends with .elements = 0; NULL: its lists are not positional
 * @identities: codes of texts that only this maker uses so; ends with .obis = OBIS_NONE; or NULL
 * @clock: what its clock shows
 * @zero_l2_types: meters of these types on 3-wire (IT) grids send 0 for a voltage or current of L2
 *                 that they do not measure; prefixes, ends with NULL; "" all
 */
struct maker {
	const char *name;
	enum list_shape shape;
	const char *list_id;
	u8 elements;
	const struct maker_scaler *scalers;
	const struct maker_positions *positions;
	const struct maker_identity *identities;
	enum clock_kind clock;
	const char *const *zero_l2_types;
};

extern const struct maker maker_aidon, maker_aidon_se, maker_embriq, maker_kaifa, maker_kaifa_se,
	maker_kamstrup;

/* All of them, ends with NULL. */
extern const struct maker *const makers[];

#endif /* AMSHAN_METER_MAKER_H */
