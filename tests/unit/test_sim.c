// SPDX-License-Identifier: GPL-2.0
/*
 * The simulator's encoder, the messages of each meter and what is expected of them.  Held against
 * numbers from the standards and the makers' documents, not against the daemon.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "../sim/calendar.h"
#include "../sim/meters.h"

#define GOOD_RESIDUE 0x0f47	/* of a field and its checksum, complemented: ~F0B8h */

static u8 buf[ENC_OCTETS_MAX];

static void crc_has_the_known_check_value(void **state)
{
	assert_int_equal(sim_crc16((const u8 *)"123456789", 9), 0x906e);
}

/* ---- encoder ---- */

static void expect_octets(const struct enc *e, const char *hex)
{
	char got[2 * sizeof(buf) + 1];

	assert_false(e->overflow);
	for (size_t i = 0; i < e->n; i++)
		sprintf(got + 2 * i, "%02x", e->p[i]);
	got[2 * e->n] = 0;
	assert_string_equal(got, hex);
}

#define ENCODES(call, hex)				\
	do {						\
		struct enc e;				\
							\
		enc_init(&e, buf, sizeof(buf));		\
		call;					\
		expect_octets(&e, hex);			\
	} while (0)

static void each_type_has_its_tag(void **state)
{
	static const u8 bits[] = { 0xa5, 0x80 };
	static const u8 twelve[12] = { 0x07, 0xea, 1, 21, 3, 14, 0, 10, 0xff, 0x80, 0, 0 };
	static const u8 u16s[] = { 0x12 };
	static const u8 contents[] = { 0, 1, 0, 2 };

	ENCODES(enc_null(&e), "00");
	ENCODES(enc_array(&e, 13), "010d");
	ENCODES(enc_structure(&e, 3), "0203");
	ENCODES(enc_bool(&e, true), "0301");
	ENCODES(enc_bit_string(&e, bits, 9), "0409a580");
	ENCODES(enc_s32(&e, -2), "05fffffffe");
	ENCODES(enc_u32(&e, 0x12345678), "0612345678");
	ENCODES(enc_octet_string(&e, "KFM", 3), "09034b464d");
	ENCODES(enc_visible_string(&e, "KFM", 3), "0a034b464d");
	ENCODES(enc_utf8_string(&e, "\xc3\xa5", 2), "0c02c3a5");
	ENCODES(enc_bcd(&e, 0x42), "0d42");
	ENCODES(enc_s8(&e, -1), "0fff");
	ENCODES(enc_s16(&e, -300), "10fed4");
	ENCODES(enc_u8(&e, 200), "11c8");
	ENCODES(enc_u16(&e, 2300), "1208fc");
	ENCODES(enc_compact_array(&e, u16s, 1, contents, 4), "13120400010002");
	ENCODES(enc_s64(&e, -1), "14ffffffffffffffff");
	ENCODES(enc_u64(&e, 0x0102030405060708), "150102030405060708");
	ENCODES(enc_enum(&e, 27), "161b");
	ENCODES(enc_float32(&e, 1.5f), "173fc00000");
	ENCODES(enc_float64(&e, -2.0), "18c000000000000000");
	ENCODES(enc_date_time(&e, twelve), "1907ea0115030e000aff800000");
	ENCODES(enc_date(&e, twelve), "1a07ea011503");
	ENCODES(enc_time(&e, twelve + 5), "1b0e000aff");
	ENCODES(enc_obis(&e, 1, 0, 31, 7, 0, 255), "090601001f0700ff");
}

static void lengths_above_127_are_told_by_their_own_length(void **state)
{
	ENCODES(enc_length(&e, 127), "7f");
	ENCODES(enc_length(&e, 128), "8180");
	ENCODES(enc_length(&e, 255), "81ff");
	ENCODES(enc_length(&e, 256), "820100");
	ENCODES(enc_length(&e, 65536), "8400010000");
}

static void header_gives_the_time_in_four_ways(void **state)
{
	static const u8 twelve[12] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12 };

	ENCODES(enc_llc(&e), "e6e700");
	ENCODES(enc_data_notification(&e, 0x40000000, ENC_TIME_ABSENT, NULL), "0f4000000000");
	ENCODES(enc_data_notification(&e, 0, ENC_TIME_STRING, twelve),
		"0f00000000090c0102030405060708090a0b0c");
	ENCODES(enc_data_notification(&e, 0, ENC_TIME_BARE, twelve),
		"0f000000000c0102030405060708090a0b0c");
	ENCODES(enc_data_notification(&e, 0, ENC_TIME_TAGGED, twelve),
		"0f00000000190102030405060708090a0b0c");
}

static void what_does_not_fit_is_flagged_and_not_written(void **state)
{
	struct sim_values v;
	int n;

	sim_values_example(SIM_AIDON, &v);
	n = sim_build(SIM_AIDON, 3, SIM_HDLC, &v, buf, sizeof(buf), NULL);
	assert_true(n > 0);
	for (int size = 0; size < n; size++) {
		buf[size] = 0x55;
		assert_int_equal(sim_build(SIM_AIDON, 3, SIM_HDLC, &v, buf, size, NULL), -ENOBUFS);
		assert_int_equal(buf[size], 0x55);
	}
	assert_int_equal(sim_build(SIM_AIDON, 3, SIM_HDLC, &v, buf, n, NULL), n);
}

/* ---- HDLC ---- */

static size_t frame_with(struct enc *e, u8 *p, size_t size, size_t information, bool segmented)
{
	size_t mark;

	enc_init(e, p, size);
	mark = enc_hdlc_begin(e, (const u8 *)"\x41\x08\x83\x13", 4, segmented);
	for (size_t i = 0; i < information; i++)
		enc_octets(e, "\x7e", 1);
	enc_hdlc_end(e, mark);
	return e->n;
}

static void frame_has_length_and_both_checksums(void **state)
{
	struct enc e;
	size_t n = frame_with(&e, buf, sizeof(buf), 300, false);

	assert_int_equal(n, 1 + 6 + 2 + 300 + 2 + 1);
	assert_int_equal(buf[0], 0x7e);
	assert_int_equal(buf[1] << 8 | buf[2], 0xa000 | (n - 2));
	assert_int_equal(sim_crc16(buf + 1, 8), GOOD_RESIDUE);
	assert_int_equal(sim_crc16(buf + 1, n - 2), GOOD_RESIDUE);
	assert_int_equal(buf[n - 1], 0x7e);
}

static void frame_without_information_has_one_checksum(void **state)
{
	struct enc e;
	size_t n = frame_with(&e, buf, sizeof(buf), 0, false);

	assert_int_equal(n, 1 + 6 + 2 + 1);
	assert_int_equal(buf[2], 8);
	assert_int_equal(sim_crc16(buf + 1, 8), GOOD_RESIDUE);
}

static void segment_bit_is_under_the_checksums(void **state)
{
	struct enc e;
	size_t n = frame_with(&e, buf, sizeof(buf), 5, true);

	assert_int_equal(buf[1], 0xa8);
	assert_int_equal(sim_crc16(buf + 1, n - 2), GOOD_RESIDUE);
}

static void frame_above_2047_octets_is_flagged(void **state)
{
	u8 large[3000];
	struct enc e;

	frame_with(&e, large, sizeof(large), 2047 - 10, false);
	assert_false(e.overflow);
	assert_int_equal(large[1] << 8 | large[2], 0xa7ff);
	frame_with(&e, large, sizeof(large), 2047 - 9, false);
	assert_true(e.overflow);
}

static void resealed_frame_is_good_again(void **state)
{
	struct enc e;
	size_t n = frame_with(&e, buf, sizeof(buf), 20, false);

	buf[12] ^= 1;
	assert_int_not_equal(sim_crc16(buf + 1, n - 2), GOOD_RESIDUE);
	enc_hdlc_seal(buf + 1, n - 2);
	assert_int_equal(sim_crc16(buf + 1, n - 2), GOOD_RESIDUE);
}

/* ---- messages ---- */

/* Elements of the outermost array or structure; 0: there is no such list. */
static const struct {
	const char *maker;
	u8 tag;
	u8 elements[4];
	const char *head;	/* addresses and control */
	u8 head_n;
} shapes[] = {
	{ "aidon", 1, { 0, 1, 13, 18 }, "\x41\x08\x83\x13", 4 },
	{ "aidon-1p", 1, { 0, 1, 9, 14 }, "\x41\x08\x83\x13", 4 },
	{ "aidon-it", 1, { 0, 1, 12, 17 }, "\x41\x08\x83\x13", 4 },
	{ "aidon-se", 1, { 0, 0, 0, 27 }, "\x41\x08\x83\x13", 4 },
	{ "embriq", 1, { 0, 1, 13, 18 }, "\x41\x08\x83\x13", 4 },
	{ "embriq-it", 1, { 0, 1, 13, 18 }, "\x41\x08\x83\x13", 4 },
	{ "kaifa", 2, { 0, 1, 13, 18 }, "\x01\x02\x01\x10", 4 },
	{ "kaifa-1p", 2, { 0, 1, 9, 14 }, "\x01\x02\x01\x10", 4 },
	{ "kaifa-it", 2, { 0, 1, 13, 18 }, "\x01\x02\x01\x10", 4 },
	{ "kaifa-t3", 2, { 0, 1, 12, 17 }, "\x01\x02\x01\x10", 4 },
	{ "kaifa-ct", 2, { 0, 1, 13, 18 }, "\x01\x02\x01\x10", 4 },
	{ "kaifa-se", 2, { 0, 0, 0, 36 }, "\x01\x00\x01\x10", 4 },
	{ "kamstrup", 2, { 0, 0, 25, 35 }, "\x2b\x21\x13", 3 },
	{ "kamstrup-1p", 2, { 0, 0, 25, 35 }, "\x2b\x21\x13", 3 },
	{ "kamstrup-1q", 2, { 0, 0, 11, 15 }, "\x2b\x21\x13", 3 },
	{ "kamstrup-se", 2, { 0, 0, 25, 35 }, "\x2b\x21\x13", 3 },
	{ "kamstrup-centivolt", 2, { 0, 0, 25, 35 }, "\x41\x03\x13", 3 },
	{ "kamstrup-ct", 2, { 0, 0, 25, 35 }, "\x2b\x21\x13", 3 },
};

static void every_list_has_its_number_of_elements(void **state)
{
	struct sim_values v;

	assert_int_equal(sizeof(shapes) / sizeof(shapes[0]), SIM_FORMS);
	for (int f = 0; f < SIM_FORMS; f++) {
		int form = sim_form_find(shapes[f].maker);

		assert_true(form >= 0);
		sim_values_example(form, &v);
		for (int list = 0; list <= 4; list++) {
			int n = sim_build(form, list, SIM_BODY, &v, buf, sizeof(buf), NULL);

			if (list > 3 || !shapes[f].elements[list]) {
				assert_int_equal(n, -EINVAL);
				continue;
			}
			assert_true(n > 0);
			assert_int_equal(buf[0], shapes[f].tag);
			assert_int_equal(buf[1], shapes[f].elements[list]);
		}
	}
}

static void every_frame_is_whole(void **state)
{
	struct sim_values v;

	for (int f = 0; f < SIM_FORMS; f++) {
		int form = sim_form_find(shapes[f].maker);
		size_t head = shapes[f].head_n;

		sim_values_example(form, &v);
		for (int list = 1; list <= 3; list++) {
			int n;

			if (!sim_form_has_list(form, list))
				continue;
			n = sim_build(form, list, SIM_HDLC, &v, buf, sizeof(buf), NULL);
			assert_true(n > 0);
			assert_int_equal(buf[1] << 8 | buf[2], 0xa000 | (n - 2));
			assert_memory_equal(buf + 3, shapes[f].head, head);
			assert_int_equal(sim_crc16(buf + 1, 2 + head + 2), GOOD_RESIDUE);
			assert_int_equal(sim_crc16(buf + 1, n - 2), GOOD_RESIDUE);
			assert_memory_equal(buf + 1 + 2 + head + 2, "\xe6\xe7\x00\x0f", 4);
		}
	}
}

static void known_sizes(void **state)
{
	struct sim_values v;

	sim_values_example(SIM_AIDON, &v);
	assert_int_equal(sim_build(SIM_AIDON, 1, SIM_HDLC, &v, buf, sizeof(buf), NULL), 44);
	assert_int_equal(sim_build(SIM_AIDON, 2, SIM_HDLC, &v, buf, sizeof(buf), NULL), 288);
	sim_values_example(SIM_AIDON_SE, &v);
	assert_int_equal(sim_build(SIM_AIDON_SE, 3, SIM_HDLC, &v, buf, sizeof(buf), NULL), 579 + 2);
}

static void envelopes_are_peeled_off_from_outside(void **state)
{
	struct sim_values v;
	u8 inner[ENC_OCTETS_MAX];
	int n, outer_n;

	sim_values_example(SIM_KAIFA, &v);
	n = sim_build(SIM_KAIFA, 2, SIM_BODY, &v, inner, sizeof(inner), NULL);
	outer_n = sim_build(SIM_KAIFA, 2, SIM_APDU, &v, buf, sizeof(buf), NULL);
	assert_int_equal(outer_n, n + 1 + 4 + 14);
	assert_memory_equal(buf + outer_n - n, inner, n);
	memcpy(inner, buf, outer_n);
	n = outer_n;
	outer_n = sim_build(SIM_KAIFA, 2, SIM_LLC, &v, buf, sizeof(buf), NULL);
	assert_int_equal(outer_n, n + 3);
	assert_memory_equal(buf + 3, inner, n);
}

/* What a current, a voltage and a register become on the way, and a negative current. */
static void readings_have_the_resolution_of_the_wire(void **state)
{
	static const struct {
		enum sim_form form;
		const char *current, *voltage, *energy;
	} rows[] = {
		{ SIM_AIDON, "2.3", "230.1", "12345670" },
		{ SIM_AIDON_SE, "2.3", "230.1", "12345678" },
		{ SIM_EMBRIQ, "2.35", "230.1", "12345670" },
		{ SIM_KAIFA, "2.345", "230.1", "12345678" },
		{ SIM_KAIFA_SE, "2.345", "230.1", "12345678" },
		{ SIM_KAMSTRUP, "2.35", "230", "12345670" },
		{ SIM_KAMSTRUP_SE, "2.35", "230", "12345678" },
		{ SIM_KAMSTRUP_CENTIVOLT, "2.35", "230.12", "12345670" },
		{ SIM_KAMSTRUP_CT, "2.345", "230", "12345670" },
	};
	struct sim_expected x;
	struct sim_values v;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		sim_values_example(rows[i].form, &v);
		assert_true(sim_build(rows[i].form, 3, SIM_HDLC, &v, buf, sizeof(buf), &x) > 0);
		assert_string_equal(sim_expected_find(&x, "current_l1"), rows[i].current);
		assert_string_equal(sim_expected_find(&x, "voltage_l1"), rows[i].voltage);
		assert_string_equal(sim_expected_find(&x, "active_energy_import"), rows[i].energy);
		assert_string_equal(sim_expected_find(&x, "active_power_import"), "1234");
		assert_string_equal(sim_expected_find(&x, "active_power_export"), "0");
	}
	sim_values_example(SIM_AIDON, &v);
	v.q[SIM_I_L1] = -351;
	assert_true(sim_build(SIM_AIDON, 2, SIM_HDLC, &v, buf, sizeof(buf), &x) > 0);
	assert_string_equal(sim_expected_find(&x, "current_l1"), "-0.4");
}

static void list_1_is_import_power_alone(void **state)
{
	struct sim_expected x;
	struct sim_values v;

	sim_values_example(SIM_AIDON, &v);
	assert_int_equal(sim_build(SIM_AIDON, 1, SIM_BODY, &v, buf, sizeof(buf), &x), 23);
	assert_memory_equal(buf,
			    "\x01\x01\x02\x03\x09\x06\x01\x00\x01\x07\x00\xff"
			    "\x06\x00\x00\x04\xd2\x02\x02\x0f\x00\x16\x1b", 23);
	assert_int_equal(x.n, 1);
	sim_values_example(SIM_KAIFA, &v);
	assert_int_equal(sim_build(SIM_KAIFA, 1, SIM_BODY, &v, buf, sizeof(buf), &x), 7);
	assert_memory_equal(buf, "\x02\x01\x06\x00\x00\x04\xd2", 7);
	assert_string_equal(sim_expected_find(&x, "active_power_import"), "1234");
}

static void what_is_not_measured_is_not_expected_or_marked(void **state)
{
	struct sim_expected x;
	struct sim_values v;
	int missing = 0;

	sim_values_example(SIM_AIDON_IT, &v);
	assert_true(sim_build(SIM_AIDON_IT, 2, SIM_HDLC, &v, buf, sizeof(buf), &x) > 0);
	assert_null(sim_expected_find(&x, "current_l2"));
	assert_non_null(sim_expected_find(&x, "voltage_l2"));

	sim_values_example(SIM_KAMSTRUP_1P, &v);
	assert_true(sim_build(SIM_KAMSTRUP_1P, 2, SIM_HDLC, &v, buf, sizeof(buf), &x) > 0);
	assert_null(sim_expected_find(&x, "current_l2"));
	assert_null(sim_expected_find(&x, "voltage_l3"));

	sim_values_example(SIM_EMBRIQ_IT, &v);
	assert_true(sim_build(SIM_EMBRIQ_IT, 2, SIM_HDLC, &v, buf, sizeof(buf), &x) > 0);
	assert_string_equal(sim_expected_find(&x, "current_l2"), "0.00");
	assert_string_equal(sim_expected_find(&x, "voltage_l2"), "0.0");
	for (unsigned int i = 0; i < x.n; i++)
		missing += x.reading[i].missing;
	assert_int_equal(missing, 2);
}

static void single_phase_kamstrup_has_nulls_in_the_place_of_codes(void **state)
{
	static const u8 nulls[] = { 0, 0, 0, 0, 9, 6, 1, 1, 32, 7, 0, 255 };
	struct sim_values v;
	int n;

	sim_values_example(SIM_KAMSTRUP_1P, &v);
	n = sim_build(SIM_KAMSTRUP_1P, 2, SIM_BODY, &v, buf, sizeof(buf), NULL);
	assert_true(n > 0);
	assert_non_null(memmem(buf, n, nulls, sizeof(nulls)));
	assert_memory_equal(buf + n - 4, "\0\0\0\0", 4);
}

static void embriq_texts_are_filled_up_with_nuls(void **state)
{
	struct sim_expected x;
	struct sim_values v;
	int n;

	sim_values_example(SIM_EMBRIQ, &v);
	strcpy(v.id, "12345678");
	n = sim_build(SIM_EMBRIQ, 2, SIM_BODY, &v, buf, sizeof(buf), &x);
	assert_true(n > 0);
	assert_non_null(memmem(buf, n, "\x0a\x10" "12345678\0\0\0\0\0\0\0\0", 18));
	assert_string_equal(sim_expected_find(&x, "meter_id"), "12345678");
	strcpy(v.id, "12345678901234567");
	assert_int_equal(sim_build(SIM_EMBRIQ, 2, SIM_BODY, &v, buf, sizeof(buf), &x), -EINVAL);
}

static void values_out_of_range_are_refused(void **state)
{
	struct sim_expected x;
	struct sim_values v;

	sim_values_example(SIM_KAIFA, &v);
	v.q[SIM_A_IMPORT] = 5000000000;
	assert_int_equal(sim_build(SIM_KAIFA, 3, SIM_HDLC, &v, buf, sizeof(buf), &x), -ERANGE);
	assert_true(sim_build(SIM_KAIFA_CT, 3, SIM_HDLC, &v, buf, sizeof(buf), &x) > 0);
	assert_string_equal(sim_expected_find(&x, "active_energy_import"), "5000000000");
	v.q[SIM_A_IMPORT] = -1;
	assert_int_equal(sim_build(SIM_KAIFA, 3, SIM_HDLC, &v, buf, sizeof(buf), &x), -ERANGE);
	sim_values_example(SIM_AIDON, &v);
	v.q[SIM_I_L1] = 3276800;
	assert_int_equal(sim_build(SIM_AIDON, 2, SIM_HDLC, &v, buf, sizeof(buf), &x), -ERANGE);
}

/* 2026-07-05 is a Sunday in summer, 12:00:00 UTC. */
static void clocks_show_what_each_maker_makes_of_them(void **state)
{
	static const struct {
		enum sim_form form;
		const char *octets;
		const char *text;
	} rows[] = {
		{ SIM_AIDON, "\x07\xea\x07\x05\x00\x0d\x00\x00\xff\x00\x00\x00",
		  "2026-07-05T13:00:00+00:00" },
		{ SIM_AIDON_SE, "\x07\xea\x07\x05\x07\x0d\x00\x00\xff\x80\x00\xff",
		  "2026-07-05T13:00:00" },
		{ SIM_KAIFA, "\x07\xea\x07\x05\x07\x0e\x00\x00\xff\x80\x00\x00",
		  "2026-07-05T14:00:00" },
		{ SIM_KAIFA_SE, "\x07\xea\x07\x05\x07\x0d\x00\x00\xff\xff\xc4\x00",
		  "2026-07-05T13:00:00+01:00" },
		{ SIM_KAMSTRUP, "\x07\xea\x07\x05\x07\x0d\x00\x00\xff\x80\x00\x00",
		  "2026-07-05T13:00:00" },
	};
	struct sim_expected x;
	struct sim_values v;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		u8 tagged[14] = { 0x09, 0x0c };
		int n;

		sim_values_example(rows[i].form, &v);
		v.clock = 1783252800;
		n = sim_build(rows[i].form, 3, SIM_BODY, &v, buf, sizeof(buf), &x);
		assert_true(n > 0);
		memcpy(tagged + 2, rows[i].octets, 12);
		assert_non_null(memmem(buf, n, tagged, sizeof(tagged)));
		assert_string_equal(sim_expected_find(&x, "meter_time"), rows[i].text);
	}
}

static void summer_time_begins_and_ends_at_one_utc(void **state)
{
	s64 t;

	assert_int_equal(sim_date_parse("2026-03-29T01:00:00Z", &t), 0);
	assert_false(sim_summer_time(t - 1));
	assert_true(sim_summer_time(t));
	assert_int_equal(sim_date_parse("2026-10-25T02:00+01:00", &t), 0);
	assert_true(sim_summer_time(t - 1));
	assert_false(sim_summer_time(t));
	assert_int_equal(sim_date_parse("2026-13-01", &t), -EINVAL);
	assert_int_equal(sim_date_parse("2026-01-01T00:00:00+1", &t), -EINVAL);
}

static void several_messages_fit_into_one_frame(void **state)
{
	struct sim_values v;
	struct enc e;
	size_t mark;

	sim_values_example(SIM_AIDON, &v);
	enc_init(&e, buf, sizeof(buf));
	mark = enc_hdlc_begin(&e, (const u8 *)"\x41\x08\x83\x13", 4, false);
	assert_int_equal(sim_encode(&e, SIM_AIDON, 2, SIM_LLC, &v, NULL), 0);
	assert_int_equal(sim_encode(&e, SIM_AIDON, 1, SIM_LLC, &v, NULL), 0);
	enc_hdlc_end(&e, mark);
	assert_int_equal(e.n, 288 + 44 - 12);
	assert_int_equal(sim_crc16(buf + 1, e.n - 2), GOOD_RESIDUE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(crc_has_the_known_check_value),
		cmocka_unit_test(each_type_has_its_tag),
		cmocka_unit_test(lengths_above_127_are_told_by_their_own_length),
		cmocka_unit_test(header_gives_the_time_in_four_ways),
		cmocka_unit_test(what_does_not_fit_is_flagged_and_not_written),
		cmocka_unit_test(frame_has_length_and_both_checksums),
		cmocka_unit_test(frame_without_information_has_one_checksum),
		cmocka_unit_test(segment_bit_is_under_the_checksums),
		cmocka_unit_test(frame_above_2047_octets_is_flagged),
		cmocka_unit_test(resealed_frame_is_good_again),
		cmocka_unit_test(every_list_has_its_number_of_elements),
		cmocka_unit_test(every_frame_is_whole),
		cmocka_unit_test(known_sizes),
		cmocka_unit_test(envelopes_are_peeled_off_from_outside),
		cmocka_unit_test(readings_have_the_resolution_of_the_wire),
		cmocka_unit_test(list_1_is_import_power_alone),
		cmocka_unit_test(what_is_not_measured_is_not_expected_or_marked),
		cmocka_unit_test(single_phase_kamstrup_has_nulls_in_the_place_of_codes),
		cmocka_unit_test(embriq_texts_are_filled_up_with_nuls),
		cmocka_unit_test(values_out_of_range_are_refused),
		cmocka_unit_test(clocks_show_what_each_maker_makes_of_them),
		cmocka_unit_test(summer_time_begins_and_ends_at_one_utc),
		cmocka_unit_test(several_messages_fit_into_one_frame),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
