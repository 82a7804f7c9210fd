/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What one meter sends: its lists in their order and time, with the faults of its line.  Pure: no
 * clock and no I/O; the same settings give the same messages.
 */
#ifndef SIM_STREAM_H
#define SIM_STREAM_H

#include "faults.h"
#include "house.h"

/**
 * struct sim_stream_settings - which meter
 * @form: its lists
 * @wrap: what lies around its messages; its cipher is the first one's: the stream counts on
 * @id: its number, NULL: the form's
 * @type: its type, NULL: the form's
 * @seed: for household and faults
 * @start_s: its clock at the beginning, seconds since the epoch; rounded down to full 10 s, so that
 *           the first message is at once and has the meter's number
 * @solar: the household has panels
 * @no_hourly: no list 3, except where there is nothing else
 * @hourly_every: a list 3 for so many lists 2, whatever the time is; 0: true hours
 * @repeat_hourly: a list 3 comes once more, unchanged, in the place of the next list
 * @faults: of its line
 */
struct sim_stream_settings {
	enum sim_form form;
	struct sim_wrap wrap;
	const char *id;
	const char *type;
	u64 seed;
	s64 start_s;
	bool solar;
	bool no_hourly;
	unsigned int hourly_every;
	bool repeat_hourly;
	struct sim_faults faults;
};

/* Noise, and a message one part of which may come twice. */
#define SIM_MESSAGE_MAX	(SIM_NOISE_MAX + 2 * SIM_OCTETS_MAX + 1)

/**
 * struct sim_message - one message as it goes over the line
 * @at_ms: when, in the meter's time since the start
 * @clock_s: what the time was then, seconds since the epoch
 * @list: 1, 2 or 3
 * @repeated: an hourly list that came before
 * @faults: bits of enum sim_fault
 * @n: number of octets
 * @octets: noise and message
 * @expected: what a reader must find, if no fault is among SIM_DAMAGE
 * @channel: and of the meter on its channel
 */
struct sim_message {
	u64 at_ms;
	s64 clock_s;
	int list;
	bool repeated;
	unsigned int faults;
	size_t n;
	u8 octets[SIM_MESSAGE_MAX];
	struct sim_expected expected;
	struct sim_channel channel;
};

/**
 * struct sim_stream - one meter's line; private
 * @set: the settings
 * @house: behind the meter
 * @faults: draws the faults
 * @start_ms: time of tick 0
 * @tick: the next one
 * @lists2: lists 2 that were due
 * @hour: values at the last full 10 s before, for meters whose list 3 shows the full hour
 * @cipher: of the next message, if @set has one
 * @again: a list 3 that will be repeated
 * @repeat: @again is to be sent next
 * @flag: the last octet on the line is a closing flag
 */
struct sim_stream {
	struct sim_stream_settings set;
	struct sim_house house;
	struct sim_rng faults;
	s64 start_ms;
	u64 tick;
	u64 lists2;
	struct sim_values hour;
	struct sim_cipher cipher;
	struct {
		size_t n;
		u8 octets[SIM_OCTETS_MAX];
		struct sim_parts parts;
		struct sim_expected expected;
	} again;
	bool repeat;
	bool flag;
};

/**
 * sim_stream_init() - before the first message
 *
 * Return: 0; -EINVAL if number or type are too long for this meter's lists; as sim_wrap().
 */
int sim_stream_init(struct sim_stream *s, const struct sim_stream_settings *set);

/**
 * sim_stream_next() - the next message; there is always one
 *
 * Return: 0; -ERANGE if a register does not fit any more (after some fifty years).
 */
int sim_stream_next(struct sim_stream *s, struct sim_message *ret);

/* sim_form_period_ms() - the beat of a form's lists */
unsigned int sim_form_period_ms(enum sim_form form);

#endif /* SIM_STREAM_H */
