/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Messages: from the information field of a frame to named readings.
 *
 * The one place where LLC, APDU, list and the makers' tables come together.  No heap, no I/O, no
 * logging.  Values are as transmitted: scale factors, clocks and phases that do not exist are
 * looked at by the meter (meter.h), not here.
 */
#ifndef AMSHAN_METER_MESSAGE_H
#define AMSHAN_METER_MESSAGE_H

#include "dlms/apdu.h"
#include "dlms/list.h"
#include "meter/maker.h"
#include "meter/readings.h"

enum message_kind {
	MESSAGE_READINGS,	/* at least one named number */
	MESSAGE_UNKNOWN_LIST,	/* well-formed, but no number in it has a name */
	MESSAGE_ENCRYPTED,	/* apdu.title says whose key is needed */
	MESSAGE_BLOCK,		/* a block of a general block transfer */
};

/**
 * struct message - one APDU, decoded
 * @kind: what came of it
 * @apdu: its header
 * @maker: whose list it is, NULL if no table knows it
 * @readings: the named values; texts point into the message
 * @list: all registers, also those without a name
 * @unnamed: numbers in @list that have no name in @readings
 */
struct message {
	enum message_kind kind;
	struct apdu apdu;
	const struct maker *maker;
	struct readings readings;
	struct cosem_list list;
	unsigned int unnamed;
};

/**
 * struct decoder - what a source learned from its lists; zero it to begin
 * @maker: of the last list that had a maker's mark: whose a single value is
 */
struct decoder {
	const struct maker *maker;
};

/**
 * message_next() - decode the next APDU
 * @d: the source's decoder
 * @p: cursor; behind the APDU on success, else untouched
 * @end: end of the information field
 * @ret: the message; undefined on failure
 *
 * A frame may have several APDUs: call until -ENODATA.
 *
 * Return: 0; -ENODATA at @end; as apdu_parse() and list_parse().
 */
int message_next(struct decoder *d, const u8 **p, const u8 *end, struct message *ret);

/**
 * message_next_body() - the same for a bare body, without LLC and APDU header
 */
int message_next_body(struct decoder *d, const u8 **p, const u8 *end, struct message *ret);

/* message_error() - a sentence for a negative result of message_next() */
const char *message_error(int err);

#endif /* AMSHAN_METER_MESSAGE_H */
