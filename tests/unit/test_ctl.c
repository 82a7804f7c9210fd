// SPDX-License-Identifier: GPL-2.0
/*
 * amshanctl: captures, elements and text for people.
 *
 * The rooms of amshanctl are no library, so their sources are compiled in here.
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
#include "ctl/capture.c"
#include "ctl/element.c"
#include "ctl/text.c"
#include "link_octets.h"

/* ---- text ---- */

static const struct {
	const char *in;
	const char *out;
} escapes[] = {
	{ "", "" },
	{ "garage", "garage" },
	{ "7359992890941742 ~", "7359992890941742 ~" },
	{ "a\033[2Jb", "a?[2Jb" },
	{ "a\r\nb\tc\x7f", "a??b?c?" },
	{ "hytte på fjellet", "hytte på fjellet" },
	{ "\xe5\x85\xac 𝛑", "公 𝛑" },
	{ "\xc2\x9b" "31m", "?31m" },		/* CSI as one character */
	{ "abc\xe2\x80\xae" "def", "abc?def" },	/* turns the direction */
	{ "a\xe2\x80\x8b" "b", "a?b" },		/* no width */
	{ "\xff\xfe", "??" },
	{ "\xc3", "?" },			/* cut off */
	{ "\xc0\xaf", "??" },			/* longer than needed */
	{ "\xed\xa0\x80", "???" },		/* half of a pair */
};

static void strings_of_strangers_are_harmless(void **state)
{
	char buf[TEXT_MAX];

	for (size_t i = 0; i < ARRAY_SIZE(escapes); i++)
		assert_string_equal(text_escape(escapes[i].in, buf, sizeof(buf)), escapes[i].out);
}

static void escaping_cuts_at_a_character(void **state)
{
	char buf[5];

	assert_string_equal(text_escape("abcdef", buf, sizeof(buf)), "abcd");
	assert_string_equal(text_escape("abcå", buf, sizeof(buf)), "abc");
	assert_string_equal(text_escape("x", buf, 1), "");
}

static const struct {
	u64 seconds;
	const char *text;
} ages[] = {
	{ 0, "now" }, { 1, "1 s ago" }, { 12, "12 s ago" }, { 119, "119 s ago" },
	{ 120, "2 min ago" }, { 7199, "119 min ago" }, { 7200, "2 h ago" },
	{ 2 * 86400 - 1, "47 h ago" }, { 2 * 86400, "2 d ago" }, { 400 * 86400, "400 d ago" },
};

static void ages_are_told_in_one_number(void **state)
{
	const u64 now = 1800000000ull * USEC_PER_SEC;
	char buf[TEXT_MAX];

	for (size_t i = 0; i < ARRAY_SIZE(ages); i++)
		assert_string_equal(text_ago(now - ages[i].seconds * USEC_PER_SEC, now, buf,
					     sizeof(buf)), ages[i].text);
	assert_string_equal(text_ago(0, now, buf, sizeof(buf)), "never");
	assert_string_equal(text_ago(now + USEC_PER_SEC, now, buf, sizeof(buf)), "now");
}

static void times_are_local(void **state)
{
	/* 2026-11-22T10:00:00Z */
	const u64 then = 1795341600ull * USEC_PER_SEC;
	char buf[TEXT_MAX];

	setenv("TZ", "CET-1", 1);
	tzset();
	assert_string_equal(text_time(then, then + USEC_PER_SEC, buf, sizeof(buf)), "11:00:00");
	assert_string_equal(text_time(then, then + 86400 * USEC_PER_SEC, buf, sizeof(buf)),
			    "2026-11-22 11:00:00");
	assert_string_equal(text_time(0, then, buf, sizeof(buf)), "never");
	assert_string_not_equal(text_time(UINT64_MAX, then, buf, sizeof(buf)), "");
}

static void numbers_are_short(void **state)
{
	static const struct {
		double v;
		const char *text;
	} numbers[] = {
		{ 0, "0" }, { 2.3, "2.3" }, { 47145480, "47145480" }, { -0.975, "-0.975" },
		{ 123456789012345678.0, "123456789012345680" }, { 0.1 + 0.2, "0.3" },
	};
	char buf[TEXT_MAX];

	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		assert_string_equal(text_number(numbers[i].v, buf, sizeof(buf)), numbers[i].text);
}

/* ---- elements ---- */

static void elements_are_readable(void **state)
{
	static const struct {
		const char *octets;
		size_t n;
		const char *text;
	} elements[] = {
		{ "\x00", 1, "" },
		{ "\x03\x01", 2, "true" },
		{ "\x04\x0a\xa5\x40", 4, "1010010101" },
		{ "\x05\xff\xff\xff\xfe", 5, "-2" },
		{ "\x06\xff\xff\xff\xfe", 5, "4294967294" },
		{ "\x09\x04" "6534", 6, "6534" },
		{ "\x09\x06" "6534\0\0", 8, "6534" },
		{ "\x09\x03\x01\x02\x03", 5, "010203" },
		{ "\x0a\x03" "a\033b", 5, "611B62" },
		{ "\x09\x00", 2, "" },
		{ "\x09\x0c\x07\xea\x0b\x16\x07\x0a\x00\x00\xff\xff\xc4\x00", 14,
		  "2026-11-22T10:00:00+01:00" },
		{ "\x09\x0c\x07\xea\x0d\x16\x07\x0a\x00\x00\xff\xff\xc4\x00", 14,
		  "07EA0D16070A0000FFFFC400" },
		{ "\x15\xff\xff\xff\xff\xff\xff\xff\xff", 9, "FFFFFFFFFFFFFFFF" },
		{ "\x17\x40\x13\x33\x33", 5, "2.3" },
		{ "\x1b\x0a\x00\x00\xff", 5, "0A0000FF" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(elements); i++) {
		const u8 *p = (const u8 *)elements[i].octets;
		char buf[2 * TEXT_MAX];
		struct axdr e;

		assert_int_equal(axdr_next(&p, p + elements[i].n, &e), 0);
		assert_string_equal(element_text(&e, buf, sizeof(buf)), elements[i].text);
	}
}

static void long_elements_are_cut_off(void **state)
{
	u8 octets[255];
	struct axdr e = { .data = octets, .len = sizeof(octets), .count = 8 * sizeof(octets) };
	static const u8 tags[] = { AXDR_OCTET_STRING, AXDR_BIT_STRING, AXDR_COMPACT_ARRAY };
	char buf[16];

	for (size_t i = 0; i < ARRAY_SIZE(tags); i++) {
		e.tag = tags[i];
		memset(octets, 0xff, sizeof(octets));
		assert_true(strlen(element_text(&e, buf, sizeof(buf))) < sizeof(buf));
		memset(octets, 'a', sizeof(octets));
		assert_true(strlen(element_text(&e, buf, sizeof(buf))) < sizeof(buf));
	}
}

/* ---- captures ---- */

/* What came of a capture: for each message its power, or "?" for an unknown list. */
struct result {
	char text[4096];
	size_t n;
};

static struct capture capture;

static int take(void *ctx, const struct message *msg, const u8 *body, const u8 *end)
{
	struct result *result = ctx;
	char number[DECIMAL_TEXT_MAX] = "?";

	assert_true(body < end);
	if (readings_has(&msg->readings, Q_ACTIVE_POWER_IMPORT))
		decimal_text(msg->readings.value[Q_ACTIVE_POWER_IMPORT], number);
	result->n += (size_t)snprintf(result->text + result->n, sizeof(result->text) - result->n,
				      "%s ", number);
	assert_true(result->n < sizeof(result->text));
	return 0;
}

static const char *read_in_pieces(const void *data, size_t n, size_t piece)
{
	static struct result result;
	const u8 *p = data;

	result = (struct result){ .n = 0 };
	capture_init(&capture, take, &result);
	for (size_t at = 0; at < n; at += piece)
		if (capture_push(&capture, p + at, n - at < piece ? n - at : piece) < 0)
			return result.text;
	capture_end(&capture);
	return result.text;
}

/* The same in any pieces. */
static void expect(const void *data, size_t n, const char *messages)
{
	static const size_t pieces[] = { 1, 2, 3, 7, 31, 100, 4095, 4096, 4097, 1 << 20 };

	for (size_t i = 0; i < ARRAY_SIZE(pieces); i++)
		assert_string_equal(read_in_pieces(data, n, pieces[i]), messages);
}

struct buffer {
	u8 octets[1 << 17];
	size_t n;
};

static void add(struct buffer *b, const void *data, size_t n)
{
	assert_true(b->n + n <= sizeof(b->octets));
	memcpy(b->octets + b->n, data, n);
	b->n += n;
}

static void add_text(struct buffer *b, const char *text)
{
	add(b, text, strlen(text));
}

static size_t message(int form, int list, enum sim_framing framing, unsigned int power, u8 *buf)
{
	struct sim_expected x;
	struct sim_values v;
	int len;

	sim_values_example(form, &v);
	v.q[SIM_P_IMPORT] = power;
	len = sim_build(form, list, framing, &v, buf, ENC_OCTETS_MAX, &x);
	assert_true(len > 0);
	return (size_t)len;
}

static void add_message(struct buffer *b, int form, int list, enum sim_framing framing,
			unsigned int power)
{
	u8 buf[ENC_OCTETS_MAX];

	add(b, buf, message(form, list, framing, power, buf));
}

/* As hex text, with a line break behind each @width octets. */
static void add_hex(struct buffer *b, const u8 *data, size_t n, size_t width)
{
	char text[3];

	for (size_t i = 0; i < n; i++) {
		snprintf(text, sizeof(text), "%02x", data[i]);
		add_text(b, text);
		if ((i + 1) % width == 0)
			add_text(b, "\n");
	}
}

static void add_hex_message(struct buffer *b, int form, int list, enum sim_framing framing,
			    unsigned int power, size_t width)
{
	u8 buf[ENC_OCTETS_MAX];

	add_hex(b, buf, message(form, list, framing, power, buf), width);
	add_text(b, "\n");
}

static struct buffer b;

static void begin(void)
{
	b.n = 0;
}

#define WHOLE_LINE ((size_t)-1)

static void frames_in_binary(void **state)
{
	begin();
	for (unsigned int i = 1; i <= 40; i++)
		add_message(&b, SIM_KAIFA, i == 1 ? 2 : 1, SIM_HDLC, i);
	expect(b.octets, b.n, "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 "
			      "26 27 28 29 30 31 32 33 34 35 36 37 38 39 40 ");
	assert_int_equal(capture.stats.messages, 40);
}

static void frames_behind_much_noise(void **state)
{
	begin();
	while (b.n < 3 * CAPTURE_HEAD_MAX)
		add(&b, "\x01\x02\xff", 3);
	add_message(&b, SIM_AIDON, 2, SIM_HDLC, 7);
	expect(b.octets, b.n, "7 ");
}

static void messages_without_frames_in_binary(void **state)
{
	for (int f = SIM_LLC; f <= SIM_APDU; f++) {
		begin();
		add_message(&b, SIM_AIDON, 2, f, 1);
		add_message(&b, SIM_AIDON, 3, f, 2);
		add_message(&b, SIM_AIDON, 1, f, 3);
		expect(b.octets, b.n, "1 2 3 ");
	}
}

/* More than can be held: what is whole is read, what is cut off by the end of the piece is kept. */
static void many_messages_without_frames(void **state)
{
	char want[4096] = "";
	unsigned int i = 0;

	begin();
	while (b.n < CAPTURE_HELD_MAX + CAPTURE_HELD_MAX / 2) {
		add_message(&b, SIM_KAMSTRUP, 3, SIM_LLC, ++i);
		sprintf(want + strlen(want), "%u ", i);
	}
	expect(b.octets, b.n, want);
}

static void a_broken_message_costs_itself(void **state)
{
	size_t second;

	begin();
	add_message(&b, SIM_AIDON, 2, SIM_LLC, 1);
	second = b.n;
	add_message(&b, SIM_AIDON, 2, SIM_LLC, 2);
	add_message(&b, SIM_AIDON, 2, SIM_LLC, 3);
	/* The tag of the first row. */
	b.octets[second + 11] = 0xff;
	expect(b.octets, b.n, "1 3 ");
	assert_int_equal(capture.stats.malformed, 1);
}

static void hex_text_in_lines_of_any_width(void **state)
{
	static const size_t widths[] = { 1, 16, 32, 33, 1000, WHOLE_LINE };

	for (int f = SIM_HDLC; f <= SIM_BODY; f++)
		for (size_t i = 0; i < ARRAY_SIZE(widths); i++) {
			begin();
			add_text(&b, "# a capture: 7e zz\n\n");
			add_hex_message(&b, SIM_AIDON, 3, f, 4711, widths[i]);
			expect(b.octets, b.n, "4711 ");
		}
}

static void hex_text_in_one_long_line(void **state)
{
	struct buffer *binary = calloc(1, sizeof(*binary));
	char want[4096] = "";

	assert_non_null(binary);
	begin();
	for (unsigned int i = 1; i <= 100; i++) {
		add_message(binary, SIM_AIDON, 2, SIM_HDLC, i);
		sprintf(want + strlen(want), "%u ", i);
	}
	add_hex(&b, binary->octets, binary->n, WHOLE_LINE);
	free(binary);
	expect(b.octets, b.n, want);
}

static void one_message_per_line(void **state)
{
	for (int f = SIM_HDLC; f <= SIM_BODY; f++) {
		begin();
		add_hex_message(&b, SIM_KAIFA, 3, f, 1, WHOLE_LINE);
		add_text(&b, "\n# between\r\n");
		add_hex_message(&b, SIM_KAIFA, 2, f, 2, WHOLE_LINE);
		add_hex_message(&b, SIM_KAIFA, 1, f, 3, WHOLE_LINE);
		expect(b.octets, b.n, "1 2 3 ");
	}
}

/* Where each line is a message, one that is cut off costs nothing of the next one. */
static void a_cut_line_costs_itself(void **state)
{
	for (int f = SIM_HDLC; f <= SIM_APDU; f++) {
		begin();
		add_hex_message(&b, SIM_AIDON, 2, f, 1, WHOLE_LINE);
		add_hex_message(&b, SIM_AIDON, 2, f, 2, WHOLE_LINE);
		b.n -= 41;
		add_text(&b, "\n");
		add_hex_message(&b, SIM_AIDON, 2, f, 3, WHOLE_LINE);
		expect(b.octets, b.n, "1 3 ");
	}
}

/* A line of hex text with the power @power, in one of the framings. */
static void add_line(struct buffer *to, unsigned int which, unsigned int power)
{
	u8 apdu[ENC_OCTETS_MAX], octets[ENC_OCTETS_MAX];
	char line[64];
	size_t n;

	switch (which) {
	case 0:
		add_hex_message(to, SIM_KAMSTRUP, 2, SIM_HDLC, power, WHOLE_LINE);
		return;
	case 1:
		add_hex_message(to, SIM_KAMSTRUP, 2, SIM_LLC, power, WHOLE_LINE);
		return;
	case 2:
		add_hex_message(to, SIM_KAMSTRUP, 2, SIM_APDU, power, WHOLE_LINE);
		return;
	case 3:
		add_hex_message(to, SIM_KAMSTRUP, 2, SIM_BODY, power, WHOLE_LINE);
		return;
	case 4:
		snprintf(line, sizeof(line), "1-0:1.7.0(%04u*W)\r\n", power);
		n = octets_telegram("KAM5", line, octets, sizeof(octets));
		break;
	default:
		n = octets_mbus(0x10, apdu, message(SIM_KAMSTRUP, 2, SIM_APDU, power, apdu), octets);
	}
	add_hex(to, octets, n, WHOLE_LINE);
	add_text(to, "\n");
}

#define LINES 6

/* A file of what came from several meters: whatever stands before a line, it is read. */
static void lines_of_any_framing_in_any_order(void **state)
{
	for (unsigned int i = 0; i < LINES * LINES * LINES; i++) {
		begin();
		add_line(&b, i % LINES, 1);
		add_line(&b, i / LINES % LINES, 2);
		add_line(&b, i / LINES / LINES, 3);
		if (strcmp(read_in_pieces(b.octets, b.n, 1 + i), "1 2 3 "))
			fail_msg("%u, %u, %u: not all were read", i % LINES, i / LINES % LINES, i / LINES / LINES);
	}
}

/* What is left of a damaged frame begins with anything, and is no message. */
static void a_damaged_frame_in_lines_costs_itself(void **state)
{
	u8 buf[ENC_OCTETS_MAX];
	size_t n = message(SIM_KAMSTRUP, 2, SIM_HDLC, 1, buf);

	buf[n / 2] ^= 1;
	for (size_t width = 1; width < 64; width++) {
		begin();
		add_hex(&b, buf, n, width);
		add_text(&b, "\n");
		add_hex_message(&b, SIM_KAMSTRUP, 2, SIM_HDLC, 2, width);
		assert_string_equal(read_in_pieces(b.octets, b.n, 100), "2 ");
	}
}

static void a_line_that_is_no_hex_text_is_named(void **state)
{
	begin();
	add_text(&b, "# lines 2 and 4 are good\n");
	add_hex_message(&b, SIM_AIDON, 2, SIM_HDLC, 1, WHOLE_LINE);
	add_text(&b, "no hex text\n");
	add_hex_message(&b, SIM_AIDON, 2, SIM_HDLC, 2, WHOLE_LINE);
	add_text(&b, "7\n");
	expect(b.octets, b.n, "1 2 ");
	assert_int_equal(capture.stats.bad_lines, 2);
	assert_int_equal(capture.stats.first_bad_line, 3);
}

static void segments_become_a_message(void **state)
{
	static const u8 head[] = { 0x41, 0x08, 0x83, 0x13 };
	u8 buf[ENC_OCTETS_MAX], llc[ENC_OCTETS_MAX];
	size_t n = message(SIM_AIDON, 2, SIM_LLC, 1, llc);

	begin();
	for (int part = 0; part < 2; part++) {
		struct enc e;
		size_t mark;

		enc_init(&e, buf, sizeof(buf));
		mark = enc_hdlc_begin(&e, head, sizeof(head), part == 0);
		enc_octets(&e, part ? llc + 100 : llc, part ? n - 100 : 100);
		enc_hdlc_end(&e, mark);
		add(&b, buf, e.n);
	}
	add_message(&b, SIM_AIDON, 2, SIM_HDLC, 2);
	expect(b.octets, b.n, "1 2 ");
	assert_int_equal(capture.stats.pieces, 0);
	assert_int_equal(capture.stats.broken, 0);
	assert_int_equal(capture.stats.malformed, 0);
}

static void what_cannot_be_read_is_told_apart(void **state)
{
	static const u8 encrypted[] = "\xdb\x08KAM\x45\x01\xab\xf4\x3f\x10 and what is encrypted";
	static const u8 block[] = "\xe0\x40\x00\x01\x00\x00\x10 and what is in it";

	expect(encrypted, sizeof(encrypted), "");
	assert_int_equal(capture.stats.closed, 1);
	assert_int_equal(capture.stats.trouble, CIPHER_NO_KEY);
	assert_int_equal(capture.stats.ciphered.title_len, 8);
	assert_memory_equal(capture.stats.ciphered.title, "KAM\x45\x01\xab\xf4\x3f", 8);
	expect(block, sizeof(block), "");
	assert_int_equal(capture.stats.pieces, 1);
}

static void nothing_gives_nothing(void **state)
{
	expect("", 0, "");
	expect("\n \n", 3, "");
	expect("# only a comment", 16, "");
	assert_int_equal(capture.stats.octets, 0);
	expect("\x01\x02\xff", 3, "");
	assert_int_equal(capture.deframer.hdlc.stats.flags, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(strings_of_strangers_are_harmless),
		cmocka_unit_test(escaping_cuts_at_a_character),
		cmocka_unit_test(ages_are_told_in_one_number),
		cmocka_unit_test(times_are_local),
		cmocka_unit_test(numbers_are_short),
		cmocka_unit_test(elements_are_readable),
		cmocka_unit_test(long_elements_are_cut_off),
		cmocka_unit_test(frames_in_binary),
		cmocka_unit_test(frames_behind_much_noise),
		cmocka_unit_test(messages_without_frames_in_binary),
		cmocka_unit_test(many_messages_without_frames),
		cmocka_unit_test(a_broken_message_costs_itself),
		cmocka_unit_test(hex_text_in_lines_of_any_width),
		cmocka_unit_test(hex_text_in_one_long_line),
		cmocka_unit_test(one_message_per_line),
		cmocka_unit_test(a_cut_line_costs_itself),
		cmocka_unit_test(lines_of_any_framing_in_any_order),
		cmocka_unit_test(a_damaged_frame_in_lines_costs_itself),
		cmocka_unit_test(a_line_that_is_no_hex_text_is_named),
		cmocka_unit_test(segments_become_a_message),
		cmocka_unit_test(what_cannot_be_read_is_told_apart),
		cmocka_unit_test(nothing_gives_nothing),
	};

	return cmocka_run_group_tests_name("ctl", tests, NULL, NULL);
}
