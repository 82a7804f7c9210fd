// SPDX-License-Identifier: GPL-2.0
/*
 * The reader: ciphered APDUs, blocks and telegrams in each other, and what comes of those that must not
 * be read.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../sim/encode.h"
#include "../sim/meters.h"
#include "cipher_make.h"
#include "link_octets.h"
#include "meter/reader.h"
#include "util.h"

#define OCTETS_MAX	4096

static const u8 title[] = { 'K', 'A', 'M', 0x45, 0x01, 0xab, 0xf4, 0x3f };
static const u8 ek[] = "an encryption ke", ak[] = "authentication k";

#define KEYS	"616e20656e6372797074696f6e206b65 61757468656e7469636174696f6e206b\n"
#define EK_ONLY	"616e20656e6372797074696f6e206b65\n"
#define WRONG	"00000000000000000000000000000000 61757468656e7469636174696f6e206b\n"
#define UNVERIFIED "616e20656e6372797074696f6e206b65 unverified\n"

/* ---- a reader, and what it told ---- */

struct lab {
	struct reader r;
	struct keyring *keys;
	struct counters counters;
	char told[256];		/* a letter per event */
	double power;
	bool unverified;
	bool ciphered;
	char maker[32];
	u32 highest;
	u64 now_us;
	const u8 *of;		/* the title of all of them; NULL: of several */
};

static void hear(void *ctx, const struct reader_event *e)
{
	static const char letters[] = {
		[READER_MESSAGE] = 'M',	    [READER_BLOCK] = 'b',     [READER_BROKEN] = 'B',
		[READER_UNSUPPORTED] = 'U', [READER_MALFORMED] = 'X',
	};
	static const char troubles[] = {
		[CIPHER_NO_KEY] = 'K',	 [CIPHER_NO_AUTHENTICATION_KEY] = 'A', [CIPHER_WRONG_KEY] = 'R',
		[CIPHER_NOISE] = 'N',	 [CIPHER_REPLAY] = 'P',		       [CIPHER_NO_TAG] = 'T',
		[CIPHER_UNSUPPORTED] = 'S', [CIPHER_FAILED] = 'F',
	};
	struct lab *lab = ctx;
	size_t n = strlen(lab->told);

	assert_true(n + 1 < sizeof(lab->told));
	lab->told[n] = e->what == READER_CLOSED ? troubles[e->trouble] : letters[e->what];
	lab->ciphered = e->ciphered != NULL;
	if (e->ciphered && lab->of)
		assert_memory_equal(e->ciphered->title, lab->of, e->ciphered->title_len);
	if (e->what == READER_CLOSED)
		lab->highest = e->highest;
	if (e->what != READER_MESSAGE) {
		assert_null(e->msg);
		return;
	}
	assert_true(e->body < e->end);
	lab->unverified = e->msg->readings.unverified;
	snprintf(lab->maker, sizeof(lab->maker), "%.*s", e->msg->readings.identity[ID_MANUFACTURER].len,
		 e->msg->readings.identity[ID_MANUFACTURER].p ?: "");
	if (readings_has(&e->msg->readings, Q_ACTIVE_POWER_IMPORT))
		lab->power = decimal_double(e->msg->readings.value[Q_ACTIVE_POWER_IMPORT]);
}

static struct lab *lab_new(const char *keys)
{
	struct lab *lab = calloc(1, sizeof(*lab));
	char *error = NULL;

	assert_non_null(lab);
	if (keys)
		assert_int_equal(keyring_parse(keys, strlen(keys), &lab->keys, &error), 0);
	lab->r.keys = lab->keys;
	lab->of = title;
	lab->r.counters = &lab->counters;
	lab->r.cipher = cipher_new();
	assert_non_null(lab->r.cipher);
	return lab;
}

static void lab_free(struct lab *lab)
{
	cipher_free(lab->r.cipher);
	keyring_free(lab->keys);
	free(lab);
}

/* what is told of a payload: a letter per event */
static const char *told(struct lab *lab, enum link_framing framing, const u8 *p, size_t n)
{
	const struct link_unit unit = {
		.framing = framing,
		.octets = p,
		.n = n,
		.payload = p,
		.len = n,
		.unverified = framing == LINK_APDU,
	};

	memset(lab->told, 0, sizeof(lab->told));
	lab->now_us += 1000000;
	reader_take(&lab->r, &unit, lab->now_us, hear, lab);
	return lab->told;
}

/* ---- octets ---- */

static size_t list(enum sim_framing framing, unsigned int power, u8 *out)
{
	struct sim_values v;
	int n;

	sim_values_example(SIM_KAMSTRUP, &v);
	v.q[SIM_P_IMPORT] = power;
	n = sim_build(SIM_KAMSTRUP, 2, framing, &v, out, ENC_OCTETS_MAX, NULL);
	assert_true(n > 0);
	return (size_t)n;
}

static size_t seal(u8 security, u32 counter, const u8 *plain, size_t n, u8 *out)
{
	const struct made made = { 0xdb, title, security, counter, ek, ak, 2 };

	return cipher_make(&made, plain, n, out);
}

static size_t ciphered(u8 security, u32 counter, unsigned int power, u8 *out)
{
	u8 plain[ENC_OCTETS_MAX];

	return seal(security, counter, plain, list(SIM_APDU, power, plain), out);
}

static size_t block(u16 number, bool last, const u8 *data, size_t n, u8 *out)
{
	const u8 head[] = { 0xe0, (u8)(last ? 0xc0 : 0x40), (u8)(number >> 8), (u8)number, 0, 0, 0x82,
			    (u8)(n >> 8), (u8)n };

	memcpy(out, head, sizeof(head));
	memcpy(out + sizeof(head), data, n);
	return sizeof(head) + n;
}

static size_t telegram(u8 *out)
{
	return octets_telegram("KAM5", "1-0:1.7.0(0000.501*kW)\r\n", out, 1024);
}

/* ---- tests ---- */

static void plain_messages_are_told(void **state)
{
	struct lab *lab = lab_new(NULL);
	u8 octets[OCTETS_MAX];
	size_t n = list(SIM_LLC, 111, octets);

	assert_string_equal(told(lab, LINK_HDLC, octets, n), "M");
	assert_true(lab->power == 111);
	assert_false(lab->unverified);
	assert_false(lab->ciphered);
	/* several in one, and behind them what is none */
	n += list(SIM_LLC, 222, octets + n);
	assert_string_equal(told(lab, LINK_HDLC, octets, n), "MM");
	assert_true(lab->power == 222);
	octets[n++] = 0xc4;
	assert_string_equal(told(lab, LINK_HDLC, octets, n), "MMU");
	n = list(SIM_APDU, 333, octets);
	assert_string_equal(told(lab, LINK_APDU, octets, n), "M");
	assert_true(lab->unverified);
	assert_string_equal(told(lab, LINK_APDU, octets, n - 1), "X");
	n = list(SIM_BODY, 444, octets);
	assert_string_equal(told(lab, LINK_BODY, octets, n), "M");
	n = telegram(octets);
	assert_string_equal(told(lab, LINK_P1, octets, n), "M");
	assert_true(lab->power == 501);
	lab_free(lab);
}

/* The beginning of one and the end of another: a list of the first one's length, and a rest. */
static void what_segments_make_is_whole_or_nothing(void **state)
{
	struct lab *lab = lab_new(NULL);
	u8 octets[OCTETS_MAX];
	size_t n = list(SIM_LLC, 111, octets);
	struct link_unit unit = {
		.framing = LINK_HDLC, .octets = octets, .n = n, .payload = octets, .len = n,
		.segment = true,
	};

	reader_take(&lab->r, &unit, 1, hear, lab);
	assert_string_equal(lab->told, "M");
	list(SIM_LLC, 222, octets + n);
	unit.len += n;
	reader_take(&lab->r, &unit, 2, hear, lab);
	assert_string_equal(lab->told, "MMM");
	unit.len -= 40;
	reader_take(&lab->r, &unit, 3, hear, lab);
	assert_string_equal(lab->told, "MMMX");
	memmove(octets + n, octets + n + 40, n - 40);
	reader_take(&lab->r, &unit, 4, hear, lab);
	assert_string_equal(lab->told, "MMMXX");
	lab_free(lab);
}

static void ciphered_messages_are_opened(void **state)
{
	static const u8 securities[] = { 0x20, 0x21, 0x30 };
	struct lab *lab = lab_new(KEYS);
	u8 octets[OCTETS_MAX] = { 0xe6, 0xe7, 0x00 };
	u32 counter = 100;

	for (size_t i = 0; i < ARRAY_SIZE(securities); i++) {
		size_t n = 3 + ciphered(securities[i], counter++, 100 + i, octets + 3);

		assert_string_equal(told(lab, LINK_HDLC, octets, n), "M");
		assert_true(lab->power == 100 + i);
		assert_true(lab->ciphered);
		assert_false(lab->unverified);
	}
	lab_free(lab);
}

/* A list that no table knows: whose it is says the title, if it was ciphered. */
static void the_title_names_the_maker(void **state)
{
	static const u8 apdu[] = {
		0x0f, 0, 0, 0, 0, 0, 0x01, 1, 0x02, 3, 0x09, 6, 1, 0, 1, 7, 0, 255, 0x06, 0, 0, 0, 7,
		0x02, 2, 0x0f, 0, 0x16, 27,
	};
	struct lab *lab = lab_new(KEYS);
	u8 octets[OCTETS_MAX];

	assert_string_equal(told(lab, LINK_HDLC, apdu, sizeof(apdu)), "M");
	assert_string_equal(lab->maker, "");
	assert_string_equal(told(lab, LINK_HDLC, octets, seal(0x30, 1, apdu, sizeof(apdu), octets)), "M");
	assert_true(lab->power == 7);
	assert_string_equal(lab->maker, "Kamstrup");
	lab_free(lab);
}

/* The tag speaks where no checksum does; without both nothing does. */
static void the_tag_verifies(void **state)
{
	struct lab *lab = lab_new(KEYS);
	u8 octets[OCTETS_MAX];

	assert_string_equal(told(lab, LINK_APDU, octets, ciphered(0x30, 5, 1, octets)), "M");
	assert_false(lab->unverified);
	counters_forget(&lab->counters, title, sizeof(title));
	assert_string_equal(told(lab, LINK_APDU, octets, ciphered(0x20, 6, 1, octets)), "M");
	assert_true(lab->unverified);
	lab_free(lab);
}

static void without_the_right_key_nothing_is_told(void **state)
{
	static const struct {
		const char *what, *keys;
		u8 security;
		const char *told;
	} rows[] = {
		{ "no key at all", NULL, 0x30, "K" },
		{ "no key at all", NULL, 0x20, "K" },
		{ "no authentication key", EK_ONLY, 0x30, "A" },
		{ "none needed", EK_ONLY, 0x20, "M" },
		{ "a wrong key", WRONG, 0x30, "R" },
		{ "a wrong key, no tag", WRONG, 0x20, "N" },
		{ "the key of another meter", "KAM4501ABF440 " KEYS, 0x30, "K" },
		{ "the key of this meter", "KAM4501ABF43F " KEYS, 0x30, "M" },
		{ "not to be verified", UNVERIFIED, 0x30, "M" },
	};
	u8 octets[OCTETS_MAX];

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct lab *lab = lab_new(rows[i].keys);
		size_t n = ciphered(rows[i].security, 7, 1, octets);

		if (strcmp(told(lab, LINK_HDLC, octets, n), rows[i].told))
			fail_msg("%s: \"%s\"", rows[i].what, lab->told);
		if (rows[i].keys && !strcmp(rows[i].keys, UNVERIFIED))
			assert_true(lab->unverified);
		/* What was not read locks nobody out. */
		if (*rows[i].told != 'M')
			assert_int_equal(lab->counters.n, 0);
		lab_free(lab);
	}
}

/* Whatever noise a wrong key makes: one sentence for each message, and never a reading. */
static void noise_is_told_as_noise(void **state)
{
	struct lab *lab = lab_new(WRONG);
	u8 text[OCTETS_MAX], octets[OCTETS_MAX];
	size_t n = telegram(text);

	for (u32 counter = 1; counter < 20000; counter++) {
		told(lab, LINK_HDLC, octets, counter % 2 ? ciphered(0x20, counter, 1, octets) :
		     seal(0x20, counter, text, n, octets));
		if (strcmp(lab->told, "N"))
			fail_msg("counter %u: \"%s\"", counter, lab->told);
	}
	assert_int_equal(lab->counters.n, 0);
	lab_free(lab);
}

/* Each octet that is changed, and each end that is cut off. */
static void altered_messages_are_rejected(void **state)
{
	struct lab *lab = lab_new(KEYS);
	u8 octets[OCTETS_MAX];
	size_t n = ciphered(0x30, 7, 1, octets);

	for (size_t i = 0; i < n; i++) {
		/* The title says whose key it is: another one has none, or has this one for all. */
		if (i >= 2 && i < 10)
			continue;
		octets[i] ^= 0x01;
		if (strchr(told(lab, LINK_HDLC, octets, n), 'M'))
			fail_msg("octet %zu altered: \"%s\"", i, lab->told);
		octets[i] ^= 0x01;
	}
	for (size_t i = 0; i < n; i++)
		if (i && strcmp(told(lab, LINK_HDLC, octets, i), "X"))
			fail_msg("%zu octets: \"%s\"", i, lab->told);
	assert_int_equal(lab->counters.n, 0);
	assert_string_equal(told(lab, LINK_HDLC, octets, n), "M");
	lab_free(lab);
}

/* What cannot be read at all costs nothing that stands behind it. */
static void behind_another_suite_one_goes_on(void **state)
{
	struct lab *lab = lab_new(KEYS);
	u8 octets[OCTETS_MAX];
	size_t n = ciphered(0x32, 1, 1, octets);

	n += ciphered(0x30, 2, 2, octets + n);
	assert_string_equal(told(lab, LINK_HDLC, octets, n), "SM");
	assert_true(lab->power == 2);
	lab_free(lab);
}

static void a_replay_is_rejected(void **state)
{
	struct lab *lab = lab_new(KEYS);
	u8 octets[OCTETS_MAX];

	assert_string_equal(told(lab, LINK_HDLC, octets, ciphered(0x30, 1000, 1, octets)), "M");
	assert_string_equal(told(lab, LINK_HDLC, octets, ciphered(0x30, 1000, 1, octets)), "P");
	assert_int_equal(lab->highest, 1000);
	assert_string_equal(told(lab, LINK_HDLC, octets, ciphered(0x30, 999, 1, octets)), "P");
	assert_string_equal(told(lab, LINK_HDLC, octets, ciphered(0x30, 1001, 1, octets)), "M");
	/* A meter that authenticates does so always: the tag was taken off. */
	assert_string_equal(told(lab, LINK_HDLC, octets, ciphered(0x20, 1002, 1, octets)), "T");
	/* The meter was exchanged, and that was confirmed. */
	assert_true(counters_forget(&lab->counters, title, sizeof(title)));
	assert_string_equal(told(lab, LINK_HDLC, octets, ciphered(0x30, 5, 1, octets)), "M");
	/* A capture may be read as often as one likes. */
	lab->r.counters = NULL;
	assert_string_equal(told(lab, LINK_HDLC, octets, ciphered(0x30, 5, 1, octets)), "M");
	lab_free(lab);
}

/* Two sources with the same meter and one table: what the first one had is no replay to the second. */
static void a_second_source_reads_the_same_meter(void **state)
{
	struct lab *first = lab_new(KEYS), *second = lab_new(KEYS);
	u8 octets[OCTETS_MAX];

	second->r.counters = &first->counters;
	for (u32 counter = 10; counter < 13; counter++) {
		size_t n = ciphered(0x30, counter, 1, octets);

		assert_string_equal(told(first, LINK_HDLC, octets, n), "M");
		assert_string_equal(told(second, LINK_HDLC, octets, n), "M");
		assert_string_equal(told(first, LINK_HDLC, octets, n), "P");
		assert_string_equal(told(second, LINK_HDLC, octets, n), "P");
	}
	assert_string_equal(told(second, LINK_HDLC, octets, ciphered(0x30, 11, 1, octets)), "P");
	lab_free(first);
	lab_free(second);
}

/* Messages of another meter in between make an old one no newer. */
static void a_replay_in_turn_with_another_meter_is_rejected(void **state)
{
	static const u8 other[] = { 'K', 'A', 'M', 0x45, 0x01, 0xab, 0xf4, 0x40 };
	const struct made made = { 0xdb, other, 0x30, 70, ek, ak, 2 };
	struct lab *lab = lab_new(KEYS), *second = lab_new(KEYS);
	u8 plain[ENC_OCTETS_MAX], a[OCTETS_MAX], b[OCTETS_MAX];
	size_t n_a = ciphered(0x30, 5, 1, a);
	size_t n_b = cipher_make(&made, plain, list(SIM_APDU, 2, plain), b);

	lab->of = second->of = NULL;
	second->r.counters = &lab->counters;
	assert_string_equal(told(lab, LINK_HDLC, a, n_a), "M");
	assert_string_equal(told(lab, LINK_HDLC, b, n_b), "M");
	assert_string_equal(told(second, LINK_HDLC, a, n_a), "M");
	assert_string_equal(told(second, LINK_HDLC, b, n_b), "M");
	for (unsigned int i = 0; i < 3; i++) {
		assert_string_equal(told(lab, LINK_HDLC, a, n_a), "P");
		assert_string_equal(told(lab, LINK_HDLC, b, n_b), "P");
		assert_string_equal(told(second, LINK_HDLC, b, n_b), "P");
		assert_string_equal(told(second, LINK_HDLC, a, n_a), "P");
	}
	lab_free(lab);
	lab_free(second);
}

/* What was noted before it began, as after a restart. */
static void a_replay_to_a_new_reader_is_rejected(void **state)
{
	struct lab *before = lab_new(KEYS), *line = lab_new(KEYS);
	u8 octets[OCTETS_MAX];
	size_t n = ciphered(0x30, 5, 1, octets);

	assert_string_equal(told(before, LINK_HDLC, octets, n), "M");
	reader_use_counters(&line->r, &before->counters);
	assert_string_equal(told(line, LINK_HDLC, octets, n), "P");
	/* What came meanwhile from another source is no replay. */
	n = ciphered(0x30, 6, 1, octets);
	assert_string_equal(told(before, LINK_HDLC, octets, n), "M");
	assert_string_equal(told(line, LINK_HDLC, octets, n), "M");
	assert_string_equal(told(line, LINK_HDLC, octets, n), "P");
	lab_free(before);
	lab_free(line);
}

/* Who learns that there is no authentication key for his meter may say so afterwards. */
static void what_is_not_to_be_verified_has_its_tag_all_the_same(void **state)
{
	struct lab *lab = lab_new(KEYS), *later = lab_new(UNVERIFIED);
	u8 octets[OCTETS_MAX];

	later->r.counters = &lab->counters;
	assert_string_equal(told(lab, LINK_HDLC, octets, ciphered(0x30, 5, 1, octets)), "M");
	assert_string_equal(told(later, LINK_HDLC, octets, ciphered(0x30, 6, 1, octets)), "M");
	assert_true(later->unverified);
	assert_string_equal(told(later, LINK_HDLC, octets, ciphered(0x20, 7, 1, octets)), "T");
	lab_free(lab);
	lab_free(later);
}

static void blocks_become_a_message(void **state)
{
	struct lab *lab = lab_new(KEYS);
	u8 apdu[OCTETS_MAX], octets[OCTETS_MAX];
	size_t n;

	for (unsigned int sealed = 0; sealed < 2; sealed++) {
		n = sealed ? ciphered(0x30, 9, 77, apdu) : list(SIM_APDU, 77, apdu);
		assert_string_equal(told(lab, LINK_HDLC, octets, block(1, false, apdu, 100, octets)), "b");
		assert_string_equal(told(lab, LINK_HDLC, octets,
					 block(2, true, apdu + 100, n - 100, octets)), "M");
		assert_true(lab->power == 77);
		assert_int_equal(lab->ciphered, sealed);
	}
	/* Those before it are missing. */
	assert_string_equal(told(lab, LINK_HDLC, octets, block(4, true, apdu + 100, n - 100, octets)), "B");
	/* A line that was closed in between. */
	assert_string_equal(told(lab, LINK_HDLC, octets, block(1, false, apdu, 100, octets)), "b");
	reader_flush(&lab->r);
	assert_string_equal(told(lab, LINK_HDLC, octets, block(2, true, apdu + 100, n - 100, octets)), "B");
	lab_free(lab);
}

/* Nothing that is packed into itself is followed without an end. */
static void depth_is_bounded(void **state)
{
	struct lab *lab = lab_new(KEYS);
	u8 in[OCTETS_MAX], octets[OCTETS_MAX];
	size_t n = list(SIM_APDU, 1, in);

	for (unsigned int depth = 0; depth < 6; depth++) {
		n = block(1, true, in, n, octets);
		memcpy(in, octets, n);
	}
	assert_null(strchr(told(lab, LINK_HDLC, in, n), 'M'));
	/* The octets of a block in blocks would be moved to where they stand. */
	n = block(1, true, in, list(SIM_APDU, 1, in), octets);
	n = block(1, true, octets, n, in);
	assert_string_equal(told(lab, LINK_HDLC, in, n), "U");
	n = seal(0x30, 1, octets, block(1, true, in, list(SIM_APDU, 1, in), octets), in);
	n = block(1, true, in, n, octets);
	assert_string_equal(told(lab, LINK_HDLC, octets, n), "U");
	n = ciphered(0x30, 1, 1, in);
	n = seal(0x30, 2, in, n, octets);
	assert_null(strchr(told(lab, LINK_HDLC, octets, n), 'M'));
	lab_free(lab);
}

/* Luxembourg: a telegram in a ciphered APDU; Poland: a ciphered APDU in a telegram. */
static void ciphered_telegrams(void **state)
{
	struct lab *lab = lab_new(KEYS);
	u8 text[OCTETS_MAX], octets[OCTETS_MAX];
	const struct made untagged = { 0, NULL, 0x30, 0, ek, ak, 2 };
	size_t n = telegram(text), at;

	assert_string_equal(told(lab, LINK_APDU, octets, seal(0x30, 1, text, n, octets)), "M");
	assert_true(lab->power == 501);
	assert_false(lab->unverified);

	at = (size_t)sprintf((char *)octets, "/EGM5G35\r\n\r\n");
	at += cipher_make(&untagged, text, n, octets + at);
	at += (size_t)sprintf((char *)octets + at, "!FEC0");
	lab->power = 0;
	for (unsigned int i = 0; i < 2; i++)
		assert_string_equal(told(lab, LINK_P1, octets, at), "M");
	assert_true(lab->power == 501);
	octets[40] ^= 4;
	assert_string_equal(told(lab, LINK_P1, octets, at), "R");
	assert_string_equal(told(lab, LINK_P1, octets, 14), "X");
	lab_free(lab);

	/* Without a tag the telegram's own checksum verifies it. */
	lab = lab_new(KEYS);
	assert_string_equal(told(lab, LINK_APDU, octets, seal(0x20, 1, text, n, octets)), "M");
	assert_false(lab->unverified);
	text[n - 3] ^= 1;
	assert_string_equal(told(lab, LINK_APDU, octets, seal(0x20, 2, text, n, octets)), "M");
	assert_true(lab->unverified);
	lab_free(lab);
}

static void stop(void *ctx, const struct reader_event *e)
{
	hear(ctx, e);
	reader_stop(&((struct lab *)ctx)->r);
}

static void it_can_be_stopped(void **state)
{
	struct lab *lab = lab_new(NULL);
	u8 octets[OCTETS_MAX];
	size_t n = list(SIM_LLC, 1, octets);
	struct link_unit unit = { .framing = LINK_HDLC, .payload = octets };

	n += list(SIM_LLC, 2, octets + n);
	unit.len = n;
	reader_take(&lab->r, &unit, 1, stop, lab);
	assert_string_equal(lab->told, "M");
	lab_free(lab);
}

static void one_after_the_other(void **state)
{
	struct lab *lab = lab_new(NULL);
	u8 octets[OCTETS_MAX];
	size_t n = list(SIM_APDU, 1, octets);
	const u8 *p = octets;

	n += list(SIM_APDU, 2, octets + n);
	assert_int_equal(reader_next(&lab->r, &p, octets + n - 1, false, hear, lab), 0);
	assert_ptr_equal(p, octets + n / 2);
	/* cut off: nothing is told, and it can be tried again */
	assert_int_equal(reader_next(&lab->r, &p, octets + n - 1, false, hear, lab), -EBADMSG);
	assert_ptr_equal(p, octets + n / 2);
	assert_string_equal(lab->told, "M");
	assert_int_equal(reader_next(&lab->r, &p, octets + n, false, hear, lab), 0);
	assert_int_equal(reader_next(&lab->r, &p, octets + n, false, hear, lab), -ENODATA);
	assert_string_equal(lab->told, "MM");
	lab_free(lab);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_messages_are_told),
		cmocka_unit_test(what_segments_make_is_whole_or_nothing),
		cmocka_unit_test(ciphered_messages_are_opened),
		cmocka_unit_test(the_title_names_the_maker),
		cmocka_unit_test(the_tag_verifies),
		cmocka_unit_test(without_the_right_key_nothing_is_told),
		cmocka_unit_test(noise_is_told_as_noise),
		cmocka_unit_test(altered_messages_are_rejected),
		cmocka_unit_test(behind_another_suite_one_goes_on),
		cmocka_unit_test(a_replay_is_rejected),
		cmocka_unit_test(a_second_source_reads_the_same_meter),
		cmocka_unit_test(a_replay_in_turn_with_another_meter_is_rejected),
		cmocka_unit_test(a_replay_to_a_new_reader_is_rejected),
		cmocka_unit_test(what_is_not_to_be_verified_has_its_tag_all_the_same),
		cmocka_unit_test(blocks_become_a_message),
		cmocka_unit_test(depth_is_bounded),
		cmocka_unit_test(ciphered_telegrams),
		cmocka_unit_test(it_can_be_stopped),
		cmocka_unit_test(one_after_the_other),
	};

	return cmocka_run_group_tests_name("reader", tests, NULL, NULL);
}
