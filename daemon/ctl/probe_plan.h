/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The plan of a probe: which settings are listened to, in which order, and which of them is best.
 *
 * Pure.
 */
#ifndef AMSHAN_CTL_PROBE_PLAN_H
#define AMSHAN_CTL_PROBE_PLAN_H

#include "ctl/probe_listen.h"
#include "source/serial.h"

#define PROBE_TRIES_MAX	10	/* 2400, 9600 and 115200 baud, each 8N1, 8E1 and 8O1; 9600 7E1 */

/**
 * struct probe_try - a setting and what came of it
 * @want: the setting
 * @got: what the driver made of it
 * @refused: the driver cannot do it, nobody listened
 * @result: what came of listening; its state is LISTEN_ON if it was cut short
 */
struct probe_try {
	struct serial_settings want;
	struct serial_settings got;
	bool refused;
	struct listen_result result;
};

/**
 * probe_is_silent() - does nobody send?
 * @tries: those that were listened to
 * @n: their number
 *
 * Nothing came with one of the settings, and with the others no more than a plug makes, or the port
 * when it is opened.  Some octets alone say nothing: of a line that is much faster than the setting
 * each list leaves but a few.
 */
bool probe_is_silent(const struct probe_try *tries, size_t n);

/**
 * probe_next() - the setting to be listened to next
 * @tries: those that were, in their order
 * @n: their number
 * @ret: the next; untouched without one
 *
 * The ones that are seen most come first.  With whole frames but line errors only the other
 * parities are of interest, and if nobody sends (see above), nothing else: whatever the baud rate is,
 * it would have been octets, though damaged ones.
 *
 * Return: is there one?
 */
bool probe_next(const struct probe_try *tries, size_t n, struct serial_settings *ret);

/**
 * probe_best() - the best of them
 * @tries: all
 * @n: their number
 * @ret_alike: frames came with another parity too, and with as many errors: the adapter seems to
 *             have a parity of its own
 *
 * Return: one with whole frames, or NULL: there is none.
 */
const struct probe_try *probe_best(const struct probe_try *tries, size_t n, bool *ret_alike);

#endif /* AMSHAN_CTL_PROBE_PLAN_H */
