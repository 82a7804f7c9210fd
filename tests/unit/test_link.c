// SPDX-License-Identifier: GPL-2.0
/*
 * Link: hex text, and which framing octets are in.
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
#include "link/hextext.h"
#include "link/sniff.h"
#include "util.h"

/* ---- hex text ---- */

/* Text that can be decoded, and its octets as plain hex. */
static const struct {
	const char *text;
	const char *octets;
} texts[] = {
	{ "7E", "7e" },
	{ "7e", "7e" },
	{ "00fF", "00ff" },
	{ "7e a0 2a", "7ea02a" },
	{ " \t7e\va0\f2a\r\n", "7ea02a" },
	{ "7ea0\n2a41\n", "7ea02a41" },
	{ "7ea0\r\n2a41", "7ea02a41" },
	{ "# a comment\n7e", "7e" },
	{ "#\n#\n7e\n# no octet here: zz", "7e" },
	{ "  # with space before it\n7e", "7e" },
	{ "", "" },
	{ "\n \n", "" },
	{ "# only a comment", "" },
};

/* Text that cannot, and the line of the mistake. */
static const struct {
	const char *text;
	unsigned int line;
} mistakes[] = {
	{ "7", 1 },
	{ "7ea", 1 },
	{ "7 e", 1 },
	{ "7e a\n02a", 1 },
	{ "7e\na\n02", 2 },
	{ "7g", 1 },
	{ "0x7e", 1 },
	{ "7e,a0", 1 },
	{ "7e # not at the beginning", 1 },
	{ "# comment\n\n7e\n7:", 4 },
	{ "/KAM5\r\n", 1 },
	{ "7\xc3", 1 },
};

static size_t decode(const char *text, u8 *out)
{
	size_t n = 12345;

	assert_int_equal(hextext_decode((const u8 *)text, strlen(text), out, &n, NULL), 0);
	return n;
}

static void good_hex_text_is_decoded(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		char got[64] = "";
		u8 octets[64];
		size_t n = decode(texts[i].text, octets);

		for (size_t k = 0; k < n; k++)
			sprintf(got + 2 * k, "%02x", octets[k]);
		if (strcmp(got, texts[i].octets))
			fail_msg("\"%s\" gives \"%s\"", texts[i].text, got);
		assert_int_equal(hextext_is((const u8 *)texts[i].text, strlen(texts[i].text)), n > 0);
	}
}

static void bad_hex_text_names_the_line(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(mistakes); i++) {
		const u8 *text = (const u8 *)mistakes[i].text;
		size_t size = strlen(mistakes[i].text), n = 12345;
		unsigned int line = 0;
		u8 octets[64];

		assert_int_equal(hextext_decode(text, size, octets, &n, &line), -EINVAL);
		if (line != mistakes[i].line)
			fail_msg("\"%s\": line %u", mistakes[i].text, line);
		assert_int_equal(n, 12345);
		assert_false(hextext_is(text, size));
	}
}

static void hex_text_is_decoded_in_place(void **state)
{
	u8 buf[] = "# capture\n7e a0 2a\n41 08";
	size_t n;

	assert_int_equal(hextext_decode(buf, sizeof(buf) - 1, buf, &n, NULL), 0);
	assert_int_equal(n, 5);
	assert_memory_equal(buf, "\x7e\xa0\x2a\x41\x08", 5);
}

static void binary_is_no_hex_text(void **state)
{
	/* Every single octet that is no digit and no space spoils it. */
	for (unsigned int c = 0; c < 256; c++) {
		u8 text[] = { '7', 'e', (u8)c, '7', 'e' };
		bool space = c == ' ' || (c >= '\t' && c <= '\r');

		assert_int_equal(hextext_is(text, sizeof(text)), space);
	}
}

/* ---- sniffing ---- */

/* By the first octets alone. */
static const struct {
	const char *what;
	const char *octets;
	enum link_framing framing;
} beginnings[] = {
	{ "nothing", "", LINK_UNKNOWN },
	{ "a flag and nothing else", "7e", LINK_HDLC },
	{ "a flag and a damaged header", "7ea02a410883139999", LINK_HDLC },
	{ "a flag somewhere in noise", "1234567e1234", LINK_HDLC },
	{ "noise", "1234561234", LINK_UNKNOWN },
	{ "LLC alone", "e6e700", LINK_LLC },
	{ "LLC, cut", "e6e7", LINK_UNKNOWN },
	{ "LLC and a kind of APDU that nobody knows", "e6e700c1", LINK_LLC },
	{ "notification without time", "0f400000000001010203", LINK_APDU },
	{ "notification, Kaifa's time", "0f40000000090c07e8", LINK_APDU },
	{ "notification, Kamstrup's time", "0f000000000c07e8", LINK_APDU },
	{ "notification, tagged time", "0f000000001907e8", LINK_APDU },
	{ "notification, cut in its id", "0f4000", LINK_UNKNOWN },
	{ "0F in noise", "0f11111111111111", LINK_UNKNOWN },
	{ "ciphered", "db084b414d4501abf43f8200e7", LINK_APDU },
	{ "ciphered, no system title", "db0082023030", LINK_APDU },
	{ "ciphered, dedicated key", "dc084b414d4501abf43f", LINK_APDU },
	{ "block transfer", "e04000010000770f00", LINK_APDU },
	{ "array of structures", "0101020309060100010700ff", LINK_BODY },
	{ "structure", "020106000016dc", LINK_BODY },
	{ "array of nothing", "010002", LINK_UNKNOWN },
	{ "structure of no known type", "0201ff00", LINK_UNKNOWN },
	{ "M-Bus", "68fafa6853ff000167db", LINK_MBUS },
	{ "M-Bus, whole", "680303685308015c16", LINK_MBUS },
	{ "M-Bus, whole, bad sum", "680303680808015c16", LINK_UNKNOWN },
	{ "M-Bus behind noise", "1234680303685308015c16", LINK_MBUS },
};

static void first_octets_tell_the_framing(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(beginnings); i++) {
		enum link_framing got;
		u8 octets[64];
		size_t n = decode(beginnings[i].octets, octets);

		got = link_sniff(octets, n);
		if (got != beginnings[i].framing)
			fail_msg("%s: %s", beginnings[i].what, link_framing_name(got));
	}
}

static void p1_is_recognised(void **state)
{
	static const char whole[] = "/KAM5\r\n\r\n0-0:1.0.0(210217184019W)\r\n!1234\r\n";
	static const char cut[] = "1-0:1.8.0(00006678.394*kWh)\r\n!1234\r\n/LGF5E360\r\n\r\n";
	static const char text[] = "a path /usr/bin and a line\n/ 12\n";

	assert_int_equal(link_sniff((const u8 *)whole, strlen(whole)), LINK_P1);
	assert_int_equal(link_sniff((const u8 *)cut, strlen(cut)), LINK_P1);
	assert_int_equal(link_sniff((const u8 *)text, strlen(text)), LINK_UNKNOWN);
}

static const enum link_framing framing_of[] = {
	[SIM_HDLC] = LINK_HDLC,
	[SIM_LLC] = LINK_LLC,
	[SIM_APDU] = LINK_APDU,
	[SIM_BODY] = LINK_BODY,
};

static size_t build(int form, int list, enum sim_framing framing, u8 *buf)
{
	struct sim_expected x;
	struct sim_values v;
	int len;

	sim_values_example(form, &v);
	len = sim_build(form, list, framing, &v, buf, ENC_OCTETS_MAX, &x);
	assert_true(len > 0);
	return (size_t)len;
}

static void every_list_of_every_maker_is_recognised(void **state)
{
	unsigned int lists = 0;
	u8 buf[ENC_OCTETS_MAX];

	for (int form = 0; form < SIM_FORMS; form++)
		for (int list = 1; list <= 3; list++)
			for (int f = SIM_HDLC; f <= SIM_BODY && sim_form_has_list(form, list); f++) {
				size_t n = build(form, list, f, buf);
				enum link_framing got = link_sniff(buf, n);

				if (got != framing_of[f])
					fail_msg("%s list %d: %s", sim_form_name(form), list,
						 link_framing_name(got));
				lists++;
			}
	assert_true(lists > 4 * SIM_FORMS);
}

/* A frame with good checksums is HDLC, whatever its surroundings look like. */
static void a_good_frame_outweighs_what_is_before_it(void **state)
{
	static const char *const before[] = { "e6e700", "0f40000000000101", "db08", "0101020309",
					      "680303685308015c16", "2f4b414d350d0a", "c37e" };

	for (size_t i = 0; i < ARRAY_SIZE(before); i++) {
		u8 buf[64 + ENC_OCTETS_MAX];
		size_t n = decode(before[i], buf);

		n += build(SIM_AIDON, 1, SIM_HDLC, buf + n);
		if (link_sniff(buf, n) != LINK_HDLC)
			fail_msg("a frame behind %s", before[i]);
	}
}

/* No octet behind the end is looked at; the sanitizers of "make asan" watch it. */
static void any_beginning_can_be_sniffed(void **state)
{
	u8 buf[ENC_OCTETS_MAX];

	for (int f = SIM_HDLC; f <= SIM_BODY; f++) {
		size_t n = build(SIM_KAMSTRUP, 3, f, buf);

		for (size_t cut = 0; cut < n; cut++) {
			u8 *copy = malloc(cut ?: 1);

			assert_non_null(copy);
			memcpy(copy, buf, cut);
			/* Once it is told, more octets do not change it. */
			if (cut >= 7)
				assert_int_equal(link_sniff(copy, cut), framing_of[f]);
			else
				link_sniff(copy, cut);
			free(copy);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_hex_text_is_decoded),
		cmocka_unit_test(bad_hex_text_names_the_line),
		cmocka_unit_test(hex_text_is_decoded_in_place),
		cmocka_unit_test(binary_is_no_hex_text),
		cmocka_unit_test(first_octets_tell_the_framing),
		cmocka_unit_test(p1_is_recognised),
		cmocka_unit_test(every_list_of_every_maker_is_recognised),
		cmocka_unit_test(a_good_frame_outweighs_what_is_before_it),
		cmocka_unit_test(any_beginning_can_be_sniffed),
	};

	return cmocka_run_group_tests_name("link", tests, NULL, NULL);
}
