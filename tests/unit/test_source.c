// SPDX-License-Identifier: GPL-2.0
/*
 * What all sources share: whatever the framing is, what comes of the octets, and what is said of them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../sim/encode.h"
#include "../sim/meters.h"
#include "link_octets.h"
#include "log.h"
#include "source/source.h"
#include "util.h"

struct lab {
	sd_event *event;
	struct source *source;
	unsigned int messages;
	bool unverified;
	double power;
};

static void on_message(void *ctx, struct source *s, const struct message *msg, u64 real)
{
	struct lab *lab = ctx;

	lab->messages++;
	lab->unverified = msg->readings.unverified;
	assert_true(readings_has(&msg->readings, Q_ACTIVE_POWER_IMPORT));
	lab->power = decimal_double(msg->readings.value[Q_ACTIVE_POWER_IMPORT]);
}

static void ignore(void *ctx, struct source *s)
{
}

static const struct source_owner owner = {
	.message = on_message, .changed = ignore, .checked = ignore,
};

/* An open source at which nothing arrives but what the test gives it. */
static void lab_begin(struct lab *lab, const char *uri)
{
	char *error = NULL;

	*lab = (struct lab){ 0 };
	log_set_level(LOG_EMERG);
	assert_int_equal(sd_event_new(&lab->event), 0);
	assert_int_equal(source_new(lab->event, "house", uri, NULL, &owner, lab, &lab->source, &error), 0);
	source_set_state(lab->source, SOURCE_OPEN, NULL);
}

static void lab_end(struct lab *lab)
{
	source_free(lab->source);
	sd_event_unref(lab->event);
}

/* ---- a message of each kind ---- */

static size_t message(enum sim_framing framing, unsigned int power, u8 *out)
{
	struct sim_values v;
	int n;

	sim_values_example(SIM_KAMSTRUP, &v);
	v.q[SIM_P_IMPORT] = power;
	n = sim_build(SIM_KAMSTRUP, 2, framing, &v, out, ENC_OCTETS_MAX, NULL);
	assert_true(n > 0);
	return (size_t)n;
}

static size_t make_hdlc(unsigned int power, u8 *out)
{
	return message(SIM_HDLC, power, out);
}

/* As some gateways send it: without its flags. */
static size_t make_naked(unsigned int power, u8 *out)
{
	size_t n = message(SIM_HDLC, power, out) - 2;

	memmove(out, out + 1, n);
	return n;
}

static size_t make_llc(unsigned int power, u8 *out)
{
	return message(SIM_LLC, power, out);
}

static size_t make_apdu(unsigned int power, u8 *out)
{
	return message(SIM_APDU, power, out);
}

static size_t make_body(unsigned int power, u8 *out)
{
	return message(SIM_BODY, power, out);
}

static size_t make_p1(unsigned int power, u8 *out)
{
	char line[64];

	snprintf(line, sizeof(line), "1-0:1.7.0(%04u*W)\r\n", power);
	return octets_telegram("KAM5", line, out, ENC_OCTETS_MAX);
}

static size_t make_p1_without_checksum(unsigned int power, u8 *out)
{
	return (size_t)sprintf((char *)out, "/KAM5\r\n\r\n1-0:1.7.0(%04u*W)\r\n!", power);
}

static size_t make_mbus(unsigned int power, u8 *out)
{
	u8 apdu[ENC_OCTETS_MAX];
	size_t n = message(SIM_APDU, power, apdu), first = n / 2, k;

	k = octets_mbus(0x00, apdu, first, out);
	return k + octets_mbus(0x11, apdu + first, n - first, out + k);
}

static const struct kind {
	const char *name;
	size_t (*make)(unsigned int power, u8 *out);
	enum link_framing framing;
	bool unverified;
	bool line;	/* found on a line too, and not only as a datagram */
} kinds[] = {
	{ "HDLC", make_hdlc, LINK_HDLC, false, true },
	{ "HDLC without flags", make_naked, LINK_HDLC, false, false },
	{ "LLC", make_llc, LINK_APDU, true, true },
	{ "APDU", make_apdu, LINK_APDU, true, true },
	{ "body", make_body, LINK_APDU, true, false },
	{ "P1", make_p1, LINK_P1, false, true },
	{ "P1 without checksum", make_p1_without_checksum, LINK_P1, true, false },
	{ "M-Bus", make_mbus, LINK_MBUS, false, true },
};

static void check(const struct lab *lab, const struct kind *k, const char *before, unsigned int messages)
{
	if (lab->messages != messages || lab->power != messages)
		fail_msg("%s behind %s: message %u was not read", k->name, before, messages);
	if (lab->unverified != k->unverified || lab->source->framing != k->framing)
		fail_msg("%s behind %s: unverified %d, %s", k->name, before, lab->unverified,
			 link_framing_name(lab->source->framing));
}

/* ---- tests ---- */

/* One topic may carry what several meters send, in any order, as octets or as hex text. */
static void datagrams_of_any_kind_in_any_order(void **state)
{
	u8 octets[2 * ENC_OCTETS_MAX];
	char text[4 * ENC_OCTETS_MAX];
	unsigned int messages = 0;
	struct lab lab;

	lab_begin(&lab, "tcp://[::1]:1");
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		for (size_t k = 0; k < ARRAY_SIZE(kinds); k++) {
			size_t n = kinds[i].make(++messages, octets);

			source_datagram(lab.source, octets, n);
			check(&lab, &kinds[i], kinds[k].name, messages);
			n = kinds[k].make(++messages, octets);
			for (size_t at = 0; at < n; at++)
				sprintf(text + 2 * at, "%02X", octets[at]);
			source_datagram(lab.source, (const u8 *)text, 2 * n);
			check(&lab, &kinds[k], kinds[i].name, messages);
		}
	assert_int_equal(lab.source->stats.messages, messages);
	assert_int_equal(lab.source->stats.malformed, 0);
	lab_end(&lab);
}

/* What is half of one datagram is nothing, and costs the next one nothing. */
static void half_a_datagram_costs_itself(void **state)
{
	u8 octets[2 * ENC_OCTETS_MAX];
	unsigned int messages = 0;
	struct lab lab;

	lab_begin(&lab, "tcp://[::1]:1");
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		for (size_t k = 0; k < ARRAY_SIZE(kinds); k++) {
			source_datagram(lab.source, octets, kinds[i].make(9999, octets) / 2);
			source_datagram(lab.source, octets, kinds[k].make(++messages, octets));
			check(&lab, &kinds[k], kinds[i].name, messages);
		}
	lab_end(&lab);
}

/* Who is at the end of a line that was closed and opened again may be another meter. */
static void another_framing_behind_a_reopened_line(void **state)
{
	u8 octets[2 * ENC_OCTETS_MAX];
	struct lab lab;

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		for (size_t k = 0; k < ARRAY_SIZE(kinds); k++) {
			size_t n;

			if (!kinds[i].line || !kinds[k].line)
				continue;
			lab_begin(&lab, "tcp://[::1]:1");
			source_receive(lab.source, octets, NULL, kinds[i].make(1, octets));
			check(&lab, &kinds[i], "nothing", 1);
			/* In the middle of the next one. */
			n = kinds[i].make(9999, octets);
			source_receive(lab.source, octets, NULL, n / 2);
			source_set_state(lab.source, SOURCE_WAITING, "unplugged");
			source_set_state(lab.source, SOURCE_OPEN, NULL);
			assert_int_equal(lab.source->framing, kinds[i].framing);
			source_receive(lab.source, octets, NULL, kinds[k].make(2, octets));
			check(&lab, &kinds[k], kinds[i].name, 2);
			lab_end(&lab);
		}
}

/* What looks like an APDU and cannot be read is no sign of a good line. */
static void noise_that_looks_like_an_apdu(void **state)
{
	/* Too short for a frame counter. */
	static const u8 noise[] = { 0xdb, 0x00, 0x03, 0x30, 0x00, 0x00, 0x00 };
	u8 octets[ENC_OCTETS_MAX];
	struct lab lab;

	lab_begin(&lab, "tcp://[::1]:1");
	source_receive(lab.source, noise, NULL, sizeof(noise));
	assert_int_equal(lab.source->deframer.bare.stats.messages, 1);
	assert_int_equal(lab.source->stats.malformed, 1);
	assert_int_equal(lab.source->last_frame_us, 0);
	assert_int_equal(lab.source->framing, LINK_UNKNOWN);
	source_receive(lab.source, octets, NULL, make_hdlc(1, octets));
	check(&lab, &kinds[0], "noise", 1);
	lab_end(&lab);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(datagrams_of_any_kind_in_any_order),
		cmocka_unit_test(half_a_datagram_costs_itself),
		cmocka_unit_test(another_framing_behind_a_reopened_line),
		cmocka_unit_test(noise_that_looks_like_an_apdu),
	};

	return cmocka_run_group_tests_name("source", tests, NULL, NULL);
}
