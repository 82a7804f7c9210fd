/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Messages of the meters that the simulator knows, and what a reader must find in them.
 *
 * One table (forms.c) says how each maker's lists are built, one builder goes over it.  The
 * expected readings are made in the same pass, with the resolution of the wire: a current of 2345
 * mA that is sent in units of 0.1 A is expected as 2.3.
 */
#ifndef SIM_METERS_H
#define SIM_METERS_H

#include "wrap.h"

/* What a list can give, in its base unit. */
enum sim_quantity {
	SIM_P_IMPORT,		/* W */
	SIM_P_EXPORT,
	SIM_Q_IMPORT,		/* var */
	SIM_Q_EXPORT,
	SIM_I_L1,		/* mA */
	SIM_I_L2,
	SIM_I_L3,
	SIM_U_L1,		/* mV */
	SIM_U_L2,
	SIM_U_L3,
	SIM_P_IMPORT_L1,	/* W, var */
	SIM_P_EXPORT_L1,
	SIM_Q_IMPORT_L1,
	SIM_Q_EXPORT_L1,
	SIM_P_IMPORT_L2,
	SIM_P_EXPORT_L2,
	SIM_Q_IMPORT_L2,
	SIM_Q_EXPORT_L2,
	SIM_P_IMPORT_L3,
	SIM_P_EXPORT_L3,
	SIM_Q_IMPORT_L3,
	SIM_Q_EXPORT_L3,
	SIM_A_IMPORT,		/* Wh */
	SIM_A_EXPORT,
	SIM_R_IMPORT,		/* varh */
	SIM_R_EXPORT,
	SIM_A_IMPORT_L1,	/* Wh */
	SIM_A_IMPORT_L2,
	SIM_A_IMPORT_L3,
	SIM_A_EXPORT_L1,
	SIM_A_EXPORT_L2,
	SIM_A_EXPORT_L3,
	SIM_A_IMPORT_T1,
	SIM_A_IMPORT_T2,
	SIM_A_EXPORT_T1,
	SIM_A_EXPORT_T2,
	SIM_PF,			/* 1/1000 */
	SIM_PF_L1,
	SIM_PF_L2,
	SIM_PF_L3,
	SIM_DEMAND,		/* W */
	SIM_DEMAND_MAX,
	SIM_FAILURES,
	SIM_LONG_FAILURES,
	SIM_SAGS_L1,
	SIM_SAGS_L2,
	SIM_SAGS_L3,
	SIM_SWELLS_L1,
	SIM_SWELLS_L2,
	SIM_SWELLS_L3,
	SIM_TARIFF,
	SIM_GAS,		/* l */
	SIM_QUANTITIES,
};

#define SIM_TEXT_MAX	32

/**
 * struct sim_values - what a meter knows
 * @q: by enum sim_quantity
 * @id: its number
 * @type: its type
 * @clock: seconds since the epoch, UTC; the builder makes of it what the maker's clock shows
 */
struct sim_values {
	s64 q[SIM_QUANTITIES];
	char id[SIM_TEXT_MAX];
	char type[SIM_TEXT_MAX];
	s64 clock;
};

enum sim_form {
	SIM_AIDON,		/* 3-phase, 4-wire */
	SIM_AIDON_1P,
	SIM_AIDON_IT,		/* 3-phase, 3-wire: no I2 */
	SIM_AIDON_SE,		/* one list with powers per phase */
	SIM_EMBRIQ,		/* L+G E350: Aidon's layout */
	SIM_EMBRIQ_IT,		/* U2 and I2 are 0 */
	SIM_KAIFA,
	SIM_KAIFA_1P,
	SIM_KAIFA_IT,		/* U2 is 0 */
	SIM_KAIFA_T3,		/* no I2 */
	SIM_KAIFA_CT,		/* energies in 64 bits */
	SIM_KAIFA_SE,		/* one list, pairs */
	SIM_KAMSTRUP,
	SIM_KAMSTRUP_1P,	/* null-data in the place of L2 and L3 */
	SIM_KAMSTRUP_1Q,	/* one phase, import only: short lists */
	SIM_KAMSTRUP_SE,	/* energies in 1 Wh */
	SIM_KAMSTRUP_CENTIVOLT,	/* Danish: voltages in 0.01 V */
	SIM_KAMSTRUP_CT,	/* currents in mA */

	/* Those above have the Nordic lists; for them a framing of enum sim_framing up to SIM_BODY. */
	SIM_FORMS,

	SIM_KAMSTRUP_DK = SIM_FORMS,	/* 65 elements: per phase, with power factors */
	SIM_LG_E450,		/* push with object list: I/100, U */
	SIM_LG_E360,		/* likewise: I/100, U/10 */
	SIM_ISKRA,		/* AM550: 18 values without codes */
	SIM_KAIFA_AT,		/* clock, code, value, unit... in M-Bus frames */
	SIM_SAGEMCOM_AT,	/* the same, in one M-Bus frame whose length wraps */

	SIM_DSMR5,		/* Dutch P1 */
	SIM_FLUVIUS,		/* Belgian */
	SIM_P1_SE,		/* Swedish: no tariffs, no number */
	SIM_KAMSTRUP_P1,	/* likewise, in kVAr */
	SIM_P1_LU,		/* Luxembourgish */
	SIM_P1_HU,		/* Hungarian */

	SIM_FORMS_ALL,
};

/* sim_form_framing() - what a form's messages travel in; SIM_P1: it is a telegram */
enum sim_framing sim_form_framing(enum sim_form form);

/* sim_form_name() - as in --maker; sim_form_find() - by that name, -1 if there is none */
const char *sim_form_name(enum sim_form form);
int sim_form_find(const char *name);

/* sim_form_manufacturer() - a label; no meter sends it */
const char *sim_form_manufacturer(enum sim_form form);

/*
 * sim_form_has_list() - which lists a form has
 *
 * 1: import power alone; 2: without clock and registers; 3: with them.  Kamstrup has no list 1; the
 * one list of Swedish Aidon and Kaifa meters has registers and counts as list 3.
 */
bool sim_form_has_list(enum sim_form form, int list);

/**
 * struct sim_reading - what a reader must find
 * @name: "active_power_import", "meter_id", "meter_time", ...
 * @text: as a decimal number with the digits of the wire ("230.1", "12345670"), or the text; the
 *        clock is ISO 8601 as transmitted, with an offset only if the message has one
 * @is_text: @text is no number
 * @missing: sent as 0 by a meter that does not measure it
 */
struct sim_reading {
	const char *name;
	char text[SIM_TEXT_MAX];
	bool is_text;
	bool missing;
};

#define SIM_READINGS_MAX	(SIM_QUANTITIES + 4)

/* Readings of one message, in its order (the clock of an APDU header first). */
struct sim_expected {
	unsigned int n;
	struct sim_reading reading[SIM_READINGS_MAX];
};

/* Readings of the meter on a channel (gas), a message of its own; @n is 0 if there is none. */
struct sim_channel {
	unsigned int n;
	struct sim_reading reading[3];
};

/* sim_expected_find() - the text of a reading, NULL if the message does not have it */
const char *sim_expected_find(const struct sim_expected *x, const char *name);

/* sim_values_example() - plausible, fixed values with the form's default number and type */
void sim_values_example(enum sim_form form, struct sim_values *ret);

/**
 * sim_encode() - append one message
 * @e: where to
 * @form: whose
 * @list: 1, 2 or 3
 * @framing: how much of the envelope, without ciphering and blocks: of a telegram SIM_P1 or
 *           SIM_BODY, of the others up to SIM_BODY; several SIM_LLC in one enc_hdlc_begin() make a
 *           frame with several APDUs
 * @v: values
 * @ret: the readings in it, or NULL
 *
 * Return: 0; -EINVAL if the form has no such list or no such framing, or a text is too long for
 * it; -ERANGE if a value does not fit its type; -ENOBUFS if the octets do not fit.  On failure the
 * content of @e is undefined.
 */
int sim_encode(struct enc *e, enum sim_form form, int list, enum sim_framing framing,
	       const struct sim_values *v, struct sim_expected *ret);

/**
 * sim_build() - one message into a buffer
 * @buf: ENC_OCTETS_MAX are enough
 * @size: its size
 *
 * Return: the number of octets, or as sim_encode().
 */
int sim_build(enum sim_form form, int list, enum sim_framing framing, const struct sim_values *v,
	      u8 *buf, size_t size, struct sim_expected *ret);

/**
 * sim_build_wrapped() - one message into a buffer, with all that may lie around it
 * @w: framing, blocks, segments, ciphering; &(struct sim_wrap){ sim_form_framing(form) } is usual
 * @buf: SIM_OCTETS_MAX are enough
 * @size: its size
 * @ret: the readings in it, or NULL
 * @channel: those of the meter on a channel, or NULL
 * @parts: where its frames or blocks end, or NULL
 *
 * Nothing is kept of what is given, and the frame counter is not raised.
 *
 * Return: the number of octets, or as sim_encode() and sim_wrap().
 */
int sim_build_wrapped(enum sim_form form, int list, const struct sim_wrap *w,
		      const struct sim_values *v, u8 *buf, size_t size, struct sim_expected *ret,
		      struct sim_channel *channel, struct sim_parts *parts);

#endif /* SIM_METERS_H */
