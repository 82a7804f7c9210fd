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
};

#define MESSAGE_TEXTS	64

/**
 * struct message - one APDU, decoded
 * @kind: what came of it
 * @channel: whose it is: 0 the meter itself, 1 to 4 a meter behind it (M-Bus)
 * @apdu: its header
 * @maker: whose list it is, NULL if no table knows it
 * @readings: the named values; texts point into the message
 * @list: all registers, also those without a name; where the order of a positional list is known,
 *        its registers have their codes
 * @unnamed: numbers in @list that have no name in @readings
 * @held: of a telegram: registers of channels still to come, behind those of @list
 * @texts: texts of @readings that stand in other letters in the message
 */
struct message {
	enum message_kind kind;
	u8 channel;
	struct apdu apdu;
	const struct maker *maker;
	struct readings readings;
	struct cosem_list list;
	unsigned int unnamed;
	u16 held;
	char texts[MESSAGE_TEXTS];
};

/**
 * struct decoder - what a source learned from its lists; zero it to begin
 * @maker: of the last list that had a maker's mark: whose a single value is
 * @extra: tables that are tried before the compiled ones; ends with NULL; or NULL.  Not owned: set
 *         by decoder_use()
 */
struct decoder {
	const struct maker *maker;
	const struct maker *const *extra;
};

/**
 * decoder_use() - take other tables of the user's
 * @d: the decoder
 * @extra: they outlive the next call of decoder_use(), or NULL
 *
 * Nothing of @d points into the former ones afterwards.
 */
void decoder_use(struct decoder *d, const struct maker *const *extra);

/**
 * message_next() - decode the next APDU
 * @d: the source's decoder
 * @p: cursor; behind the APDU on success, else untouched
 * @end: end of the information field
 * @ret: the message; undefined on failure
 *
 * A frame may have several APDUs: call until -ENODATA.
 *
 * Return: 0; -ENODATA at @end; -EPROTONOSUPPORT for a ciphered APDU and a block of a transfer, which
 * meter/reader.h takes; as apdu_parse() and list_parse().
 */
int message_next(struct decoder *d, const u8 **p, const u8 *end, struct message *ret);

/**
 * message_next_body() - the same for a bare body, without LLC and APDU header
 */
int message_next_body(struct decoder *d, const u8 **p, const u8 *end, struct message *ret);

/**
 * message_next_telegram() - decode a telegram of P1: the meter, then those behind its channels
 * @d: the source's decoder
 * @text: the telegram
 * @n: its length
 * @channel: 0 at first, then as it was left by the call before
 * @ret: the message; the same one for all calls of a telegram, and not changed between them
 *
 * The first call gives the meter itself, whatever there is of it; each further one the meter behind
 * the next channel that sent a value.
 *
 * Return: 0; -ENODATA when there is no further one; as telegram_parse().  @ret is undefined on
 * failure.
 */
int message_next_telegram(struct decoder *d, const u8 *text, size_t n, unsigned int *channel,
			  struct message *ret);

/* message_error() - a sentence for a negative result of message_next() */
const char *message_error(int err);

#endif /* AMSHAN_METER_MESSAGE_H */
