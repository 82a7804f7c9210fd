// SPDX-License-Identifier: GPL-2.0
/*
 * The deframer: each framing is found among all of them, remembered, and left again.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "../sim/encode.h"
#include "../sim/meters.h"
#include "../sim/rng.h"
#include "link/deframer.h"
#include "link_octets.h"
#include "util.h"

#define SECOND	1000000000ull

/* ---- what comes of it ---- */

struct heard {
	unsigned int units;
	unsigned int payloads;
	unsigned int segments;
	unsigned int errors;
	unsigned int unverified;
	enum link_framing framing;
	size_t len;
	u8 payload[SEGMENTS_MAX];
};

static void hear(void *ctx, const struct link_unit *unit)
{
	struct heard *h = ctx;

	h->units++;
	h->segments += unit->segment;
	h->errors += unit->error != 0;
	h->unverified += unit->unverified;
	h->framing = unit->framing;
	if (!unit->payload)
		return;
	h->payloads++;
	h->len = unit->len;
	assert_true(unit->len <= sizeof(h->payload));
	memcpy(h->payload, unit->payload, unit->len);
}

static struct deframer *deframer(void)
{
	struct deframer *d = malloc(sizeof(*d));

	assert_non_null(d);
	deframer_init(d);
	return d;
}

/* ---- octets of each framing ---- */

static size_t message(enum sim_framing framing, u8 *out)
{
	struct sim_values v;
	int n;

	sim_values_example(SIM_KAMSTRUP, &v);
	n = sim_build(SIM_KAMSTRUP, 2, framing, &v, out, ENC_OCTETS_MAX, NULL);
	assert_true(n > 0);
	return (size_t)n;
}

static size_t hdlc(u8 *out)
{
	return message(SIM_HDLC, out);
}

static size_t p1(u8 *out)
{
	return octets_telegram("KAM5", "0-0:1.0.0(261128120000W)\r\n1-0:1.7.0(0000.501*kW)\r\n", out, 1024);
}

static size_t p1_without_checksum(u8 *out)
{
	return (size_t)sprintf((char *)out, "/KAM5\r\n\r\n1-0:1.7.0(0000.501*kW)\r\n!\r\n");
}

/* Two M-Bus frames that are one message. */
static size_t mbus(u8 *out)
{
	u8 apdu[ENC_OCTETS_MAX];
	size_t n = message(SIM_APDU, apdu), first = n / 2;
	size_t k = octets_mbus(0x00, apdu, first, out);

	return k + octets_mbus(0x11, apdu + first, n - first, out + k);
}

static size_t apdu(u8 *out)
{
	return message(SIM_APDU, out);
}

static size_t llc(u8 *out)
{
	return message(SIM_LLC, out);
}

static const struct {
	const char *name;
	size_t (*make)(u8 *out);
	enum link_framing framing;
	bool unverified;
} framings[] = {
	{ "HDLC", hdlc, LINK_HDLC, false },
	{ "P1", p1, LINK_P1, false },
	{ "P1 without checksum", p1_without_checksum, LINK_P1, true },
	{ "M-Bus", mbus, LINK_MBUS, false },
	{ "APDU", apdu, LINK_APDU, true },
	{ "LLC", llc, LINK_APDU, true },
};

/* Push in random pieces. */
static void push(struct deframer *d, const u8 *p, size_t n, u64 now_ns, struct sim_rng *rng, struct heard *h)
{
	while (n) {
		size_t k = 1 + sim_rng_below(rng, 40);

		if (k > n)
			k = n;
		deframer_push(d, p, NULL, k, now_ns, hear, h);
		p += k;
		n -= k;
	}
}

/* ---- tests ---- */

static void each_framing_is_found_and_remembered(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(framings); i++) {
		struct deframer *d = deframer();
		struct sim_rng rng = { .state = 1 + i };
		u8 octets[2 * ENC_OCTETS_MAX];
		size_t n = framings[i].make(octets);
		struct heard h = { 0 };

		for (unsigned int k = 0; k < 5; k++) {
			push(d, octets, n, (k + 1) * 10 * SECOND, &rng, &h);
			if (h.payloads != k + 1 || d->framing != framings[i].framing)
				fail_msg("%s: %u payloads after %u messages, framing %s", framings[i].name,
					 h.payloads, k + 1, link_framing_name(d->framing));
		}
		assert_int_equal(h.framing, framings[i].framing);
		assert_int_equal(h.unverified, framings[i].unverified ? 5 : 0);
		assert_int_equal(deframer_units(d), 5);
		assert_int_equal(d->octets, 5 * n);
		free(d);
	}
}

static void what_is_in_them_is_handed_over(void **state)
{
	u8 octets[2 * ENC_OCTETS_MAX], want[ENC_OCTETS_MAX];
	struct sim_rng rng = { .state = 7 };

	for (size_t i = 0; i < ARRAY_SIZE(framings); i++) {
		struct deframer *d = deframer();
		size_t n = framings[i].make(octets), len;
		struct heard h = { 0 };

		push(d, octets, n, SECOND, &rng, &h);
		if (framings[i].framing == LINK_P1) {
			/* The telegram itself, without the line end behind it. */
			len = n - 2;
			memcpy(want, octets, len);
		} else {
			len = message(framings[i].make == hdlc || framings[i].make == llc ? SIM_LLC : SIM_APDU,
				      want);
		}
		assert_int_equal(h.len, len);
		assert_memory_equal(h.payload, want, len);
		free(d);
	}
}

/*
 * Another framing is heard only when the owner says that the first one is gone; behind an APDU, for
 * which nothing speaks, at once.
 */
static void another_framing_is_heard_after_sniffing(void **state)
{
	u8 octets[2 * ENC_OCTETS_MAX];
	struct sim_rng rng = { .state = 3 };

	for (size_t i = 0; i < ARRAY_SIZE(framings); i++) {
		for (size_t k = 0; k < ARRAY_SIZE(framings); k++) {
			struct deframer *d = deframer();
			struct heard h = { 0 };

			if (framings[i].framing == framings[k].framing) {
				free(d);
				continue;
			}
			push(d, octets, framings[i].make(octets), 10 * SECOND, &rng, &h);
			assert_int_equal(h.payloads, 1);
			if (framings[i].framing != LINK_APDU) {
				push(d, octets, framings[k].make(octets), 20 * SECOND, &rng, &h);
				assert_int_equal(h.payloads, 1);
				deframer_sniff(d);
			}
			push(d, octets, framings[k].make(octets), 30 * SECOND, &rng, &h);
			if (h.payloads != 2 || d->framing != framings[k].framing)
				fail_msg("%s behind %s: not found", framings[k].name, framings[i].name);
			free(d);
		}
	}
}

/* What is in a frame begins like a bare APDU; noise before a frame does not keep it from being found. */
static void noise_in_front_costs_nothing(void **state)
{
	u8 octets[2 * ENC_OCTETS_MAX];

	for (size_t i = 0; i < ARRAY_SIZE(framings); i++) {
		struct deframer *d = deframer();
		struct sim_rng rng = { .state = 11 + i };
		struct heard h = { 0 };
		u8 noise[300];

		for (size_t k = 0; k < sizeof(noise); k++)
			noise[k] = (u8)sim_rng_below(&rng, 256);
		push(d, noise, sizeof(noise), SECOND, &rng, &h);
		push(d, octets, framings[i].make(octets), 10 * SECOND, &rng, &h);
		if (h.payloads != 1 || h.framing != framings[i].framing)
			fail_msg("%s behind noise: %u payloads", framings[i].name, h.payloads);
		free(d);
	}
}

/* Noise that looks like a ciphered APDU, and does so again, costs no message of any framing. */
static void what_looks_like_an_apdu_shuts_nothing_out(void **state)
{
	static const u8 noise[] = { 0xdb, 0x00, 0x05, 0x30, 0x00, 0x00, 0x00, 0x01 };
	u8 octets[2 * ENC_OCTETS_MAX];

	for (size_t i = 0; i < ARRAY_SIZE(framings); i++) {
		struct deframer *d = deframer();
		struct sim_rng rng = { .state = 21 + i };
		struct heard h = { 0 };

		for (unsigned int k = 1; k < 10; k += 2) {
			push(d, noise, sizeof(noise), k * 10 * SECOND, &rng, &h);
			push(d, octets, framings[i].make(octets), (k + 1) * 10 * SECOND, &rng, &h);
		}
		/* The noise is heard once, or each time where APDUs are what comes. */
		assert_int_equal(d->framing, framings[i].framing);
		if (h.payloads != (framings[i].framing == LINK_APDU ? 10 : 6))
			fail_msg("%s: %u payloads", framings[i].name, h.payloads);
		free(d);
	}
}

/* Sniffing begins in the middle of a frame: what is in it is no bare APDU. */
static void the_middle_of_a_frame_begins_nothing(void **state)
{
	struct deframer *d = deframer();
	u8 octets[2 * ENC_OCTETS_MAX];
	struct sim_rng rng = { .state = 17 };
	struct heard h = { 0 };
	size_t n = hdlc(octets), head;

	for (head = 0; head + 3 < n && memcmp(octets + head, "\xe6\xe7\x00", 3); head++)
		;
	assert_true(head + 3 < n);
	push(d, octets, n, 10 * SECOND, &rng, &h);
	push(d, octets, head, 20 * SECOND, &rng, &h);
	deframer_sniff(d);
	push(d, octets + head, n - head, 20 * SECOND, &rng, &h);
	assert_int_equal(h.payloads, 2);
	assert_int_equal(d->framing, LINK_HDLC);
	assert_int_equal(d->bare.stats.messages, 0);
	free(d);
}

/* A message of which the beginning is missing is in no framing a message. */
static void half_a_message_is_none(void **state)
{
	u8 octets[2 * ENC_OCTETS_MAX];

	for (size_t i = 0; i < ARRAY_SIZE(framings); i++) {
		for (unsigned int part = 1; part < 8; part++) {
			struct deframer *d = deframer();
			struct sim_rng rng = { .state = 5 };
			struct heard h = { 0 };
			size_t n = framings[i].make(octets), from = n * part / 8;

			push(d, octets + from, n - from, SECOND, &rng, &h);
			deframer_flush(d, hear, &h);
			/* Of two M-Bus frames the second one may be whole, and is no message. */
			if (h.payloads)
				fail_msg("%s from octet %zu on: a message", framings[i].name, from);
			free(d);
		}
	}
}

static void segments_become_one_message(void **state)
{
	static const u8 head[] = { 0x2b, 0x21, 0x13 };
	struct deframer *d = deframer();
	u8 octets[2 * ENC_OCTETS_MAX], want[ENC_OCTETS_MAX];
	size_t n = message(SIM_LLC, want), first = n / 3;
	struct sim_rng rng = { .state = 9 };
	struct heard h = { 0 };
	struct enc e;
	size_t mark;

	enc_init(&e, octets, sizeof(octets));
	mark = enc_hdlc_begin(&e, head, sizeof(head), true);
	enc_octets(&e, want, first);
	enc_hdlc_end(&e, mark);
	mark = enc_hdlc_begin(&e, head, sizeof(head), false);
	enc_octets(&e, want + first, n - first);
	enc_hdlc_end(&e, mark);
	assert_false(e.overflow);

	push(d, octets, e.n, SECOND, &rng, &h);
	assert_int_equal(h.units, 2);
	assert_int_equal(h.segments, 2);
	assert_int_equal(h.payloads, 1);
	assert_int_equal(h.len, n);
	assert_memory_equal(h.payload, want, n);

	/* The same frames, framed by somebody else, and the second one alone. */
	h = (struct heard){ 0 };
	mark = 2 + (size_t)((octets[1] & 7) << 8 | octets[2]);
	assert_int_equal(deframer_frame(d, octets + 1, mark - 2, 2 * SECOND, hear, &h), 0);
	assert_int_equal(deframer_frame(d, octets + mark + 1, e.n - mark - 2, 2 * SECOND, hear, &h), 0);
	assert_int_equal(h.payloads, 1);
	assert_int_equal(h.errors, 0);
	assert_int_equal(deframer_frame(d, octets + 1, 5, 2 * SECOND, hear, &h), -EINVAL);
	free(d);
}

/* Fillers were never sent. */
static void fillers_are_no_octets(void **state)
{
	static const u8 data[] = { 1, 2, 3, 4, 5 };
	static const u8 flags[] = { FRAMER_NORMAL, FRAMER_BREAK, FRAMER_PARITY, FRAMER_OVERRUN, FRAMER_FRAME };
	struct deframer *d = deframer();
	struct heard h = { 0 };

	deframer_push(d, data, flags, sizeof(data), SECOND, hear, &h);
	assert_int_equal(d->octets, 3);
	free(d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_framing_is_found_and_remembered),
		cmocka_unit_test(what_is_in_them_is_handed_over),
		cmocka_unit_test(another_framing_is_heard_after_sniffing),
		cmocka_unit_test(noise_in_front_costs_nothing),
		cmocka_unit_test(what_looks_like_an_apdu_shuts_nothing_out),
		cmocka_unit_test(the_middle_of_a_frame_begins_nothing),
		cmocka_unit_test(half_a_message_is_none),
		cmocka_unit_test(segments_become_one_message),
		cmocka_unit_test(fillers_are_no_octets),
	};

	return cmocka_run_group_tests_name("deframer", tests, NULL, NULL);
}
