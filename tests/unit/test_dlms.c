// SPDX-License-Identifier: GPL-2.0
/*
 * DLMS: data types, date-time, APDU headers, lists.  Octets by the simulator's encoder.
 */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "../sim/encode.h"
#include "dlms/apdu.h"
#include "dlms/axdr.h"
#include "dlms/list.h"
#include "util.h"

static u8 buf[70000];
static struct enc enc;

static void begin(void)
{
	enc_init(&enc, buf, sizeof(buf));
}

/* The one element in @buf, which takes all of it. */
static struct axdr only(void)
{
	const u8 *p = buf;
	struct axdr e;

	assert_false(enc.overflow);
	assert_int_equal(axdr_next(&p, buf + enc.n, &e), 0);
	assert_ptr_equal(p, buf + enc.n);

	/* Cut off anywhere it is none. */
	for (size_t n = 1; n < enc.n && e.tag != AXDR_NULL; n++) {
		struct axdr none;

		p = buf;
		assert_int_equal(axdr_next(&p, buf + n, &none), -EBADMSG);
		assert_ptr_equal(p, buf);
	}

	return e;
}

static s64 only_integer(void)
{
	struct axdr e = only();
	s64 v = 0x5555;

	assert_int_equal(axdr_integer(&e, &v), 0);

	return v;
}

static void integers_keep_their_sign(void **state)
{
#define HOLDS(put, v) do { begin(); put(&enc, v); assert_true(only_integer() == (v)); } while (0)
	HOLDS(enc_s8, -128);
	HOLDS(enc_s8, 127);
	HOLDS(enc_u8, 255);
	HOLDS(enc_s16, -32768);
	HOLDS(enc_s16, 32767);
	HOLDS(enc_u16, 65535);
	HOLDS(enc_s32, INT32_MIN);
	HOLDS(enc_s32, INT32_MAX);
	HOLDS(enc_u32, UINT32_MAX);
	HOLDS(enc_s64, INT64_MIN);
	HOLDS(enc_s64, INT64_MAX);
	HOLDS(enc_u64, INT64_MAX);
	HOLDS(enc_enum, 255);
	HOLDS(enc_bool, 1);
	HOLDS(enc_bool, 0);
#undef HOLDS
}

static void bcd_is_two_digits(void **state)
{
	const u8 good[] = { AXDR_BCD, 0x42 }, bad[] = { AXDR_BCD, 0x4a };
	const u8 *p = good;
	struct axdr e;
	s64 v = 7;

	assert_int_equal(axdr_next(&p, good + 2, &e), 0);
	assert_int_equal(axdr_integer(&e, &v), 0);
	assert_int_equal(v, 42);
	p = bad;
	assert_int_equal(axdr_next(&p, bad + 2, &e), 0);
	assert_int_equal(axdr_integer(&e, &v), -EINVAL);
	assert_int_equal(v, 42);
}

static void u64_above_s64_is_refused(void **state)
{
	struct axdr e;
	s64 v = 7;

	begin();
	enc_u64(&enc, 1ull << 63);
	e = only();
	assert_int_equal(axdr_integer(&e, &v), -ERANGE);
	assert_int_equal(v, 7);
}

static void floats_are_exact(void **state)
{
	struct axdr e;
	double v;
	s64 i;

	begin();
	enc_float32(&enc, -0.5f);
	e = only();
	assert_int_equal(axdr_float(&e, &v), 0);
	assert_true(v == -0.5);
	assert_int_equal(axdr_integer(&e, &i), -EINVAL);

	begin();
	enc_float64(&enc, 231.7);
	e = only();
	assert_int_equal(axdr_float(&e, &v), 0);
	assert_true(v == 231.7);

	begin();
	enc_u8(&enc, 1);
	e = only();
	assert_int_equal(axdr_float(&e, &v), -EINVAL);
}

static void strings_of_every_length_form(void **state)
{
	static const size_t lengths[] = { 0, 1, 127, 128, 255, 256, 2000 };
	static u8 text[2000];

	memset(text, 'x', sizeof(text));
	for (unsigned int i = 0; i < ARRAY_SIZE(lengths); i++) {
		size_t n = lengths[i];
		struct axdr e;

		begin();
		enc_octet_string(&enc, text, n);
		e = only();
		assert_int_equal(e.tag, AXDR_OCTET_STRING);
		assert_int_equal(e.len, n);
		assert_memory_equal(e.data, text, n);
		begin();
		enc_visible_string(&enc, (char *)text, n);
		e = only();
		assert_int_equal(e.tag, AXDR_VISIBLE_STRING);
		assert_int_equal(e.len, n);
		begin();
		enc_utf8_string(&enc, (char *)text, n);
		assert_int_equal(only().tag, AXDR_UTF8_STRING);
	}
}

static void the_other_types_have_their_length(void **state)
{
	static const u8 twelve[12] = { 7 };
	struct axdr e;

	begin();
	enc_null(&enc);
	assert_int_equal(only().len, 0);
	begin();
	enc_bit_string(&enc, (const u8 *)"\xff\x80", 9);
	e = only();
	assert_int_equal(e.count, 9);
	assert_int_equal(e.len, 2);
	begin();
	enc_date(&enc, twelve);
	assert_int_equal(only().len, 5);
	begin();
	enc_time(&enc, twelve);
	assert_int_equal(only().len, 4);
	begin();
	enc_date_time(&enc, twelve);
	assert_int_equal(only().len, 12);
}

static void compact_arrays_are_one_element(void **state)
{
	/* Of long-unsigned; of a structure of long-unsigned and an array of 2 octets. */
	static const u8 simple[] = { 0x12 };
	static const u8 nested[] = { 0x02, 0x02, 0x12, 0x01, 0x00, 0x02, 0x11 };
	static const u8 endless[] = { 0x13, 0x01, 0, 1, 0x01, 0, 1, 0x01, 0, 1, 0x01, 0, 1, 0x01, 0, 1,
				      0x01, 0, 1, 0x01, 0, 1, 0x01, 0, 1, 0x01, 0, 1, 0x01, 0, 1,
				      0x12, 0 };
	const u8 *p = endless;
	struct axdr e;

	begin();
	enc_compact_array(&enc, simple, sizeof(simple), (const u8 *)"\0\1\0\2", 4);
	e = only();
	assert_int_equal(e.tag, AXDR_COMPACT_ARRAY);
	assert_int_equal(e.count, 4);
	begin();
	enc_compact_array(&enc, nested, sizeof(nested), (const u8 *)"\0\1\2\3", 4);
	e = only();
	assert_int_equal(e.count, 4);
	assert_int_equal(axdr_next(&p, endless + sizeof(endless), &e), -EBADMSG);
}

static void what_is_no_type_is_refused(void **state)
{
	for (unsigned int tag = 0; tag < 256; tag++) {
		u8 octets[400] = { (u8)tag };	/* longer than what AXDR_NO_TYPE is as a number */
		const u8 *p = octets;
		struct axdr e;
		int r = axdr_next(&p, octets + sizeof(octets), &e);

		assert_int_equal(r, axdr_tag_name((u8)tag) ? 0 : -EBADMSG);
	}
	const u8 *p = buf;
	struct axdr e;

	assert_int_equal(axdr_next(&p, buf, &e), -ENODATA);
}

static void long_lengths_are_refused(void **state)
{
	static const u8 lies[][6] = {
		{ AXDR_OCTET_STRING, 0x83, 0, 0, 1, 0 }, { AXDR_OCTET_STRING, 0x80, 0, 0, 0, 0 },
		{ AXDR_OCTET_STRING, 0x84, 0, 0, 0, 0 }, { AXDR_OCTET_STRING, 0x7f, 0, 0, 0, 0 },
		{ AXDR_BIT_STRING, 0x82, 0xff, 0xff, 0, 0 },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(lies); i++) {
		const u8 *p = lies[i];
		struct axdr e;

		assert_int_equal(axdr_next(&p, p + 6, &e), -EBADMSG);
	}
}

static void skip_goes_over_everything(void **state)
{
	const u8 *p = buf;

	begin();
	enc_structure(&enc, 3);
	enc_array(&enc, 2);
	enc_u8(&enc, 1);
	enc_u8(&enc, 2);
	enc_structure(&enc, 0);
	enc_octet_string(&enc, "abc", 3);
	assert_int_equal(axdr_skip(&p, buf + enc.n), 0);
	assert_ptr_equal(p, buf + enc.n);
	for (size_t n = 1; n < enc.n; n++) {
		p = buf;
		assert_int_equal(axdr_skip(&p, buf + n), -EBADMSG);
		assert_ptr_equal(p, buf);
	}

	begin();
	for (unsigned int i = 0; i < AXDR_DEPTH_MAX; i++)
		enc_array(&enc, 1);
	enc_null(&enc);
	p = buf;
	assert_int_equal(axdr_skip(&p, buf + enc.n), 0);
	begin();
	for (unsigned int i = 0; i < 2000; i++)
		enc_array(&enc, 1);
	p = buf;
	assert_int_equal(axdr_skip(&p, buf + enc.n), -ELOOP);
}

/* ---- date-time ---- */

struct time_row {
	u8 octets[12];
	const char *iso;	/* NULL: refused */
	s64 utc;		/* taken as UTC */
};

static const struct time_row times[] = {
	/* 2020-01-25, a Saturday, without offset */
	{ { 0x07, 0xe4, 1, 25, 6, 14, 0, 10, 255, 0x80, 0, 0 }, "2020-01-25T14:00:10", 1579960810 },
	/* UTC+1: a deviation of -60 */
	{ { 0x07, 0xe5, 9, 22, 3, 17, 35, 30, 255, 0xff, 0xc4, 0 }, "2021-09-22T17:35:30+01:00",
	  1632332130 },
	{ { 0x07, 0xe4, 1, 21, 2, 16, 0, 0, 255, 0, 0, 0 }, "2020-01-21T16:00:00+00:00",
	  1579622400 },
	{ { 0x07, 0xe4, 1, 21, 2, 16, 0, 0, 255, 0x01, 0x4a, 0 }, "2020-01-21T16:00:00-05:30",
	  1579622400 },
	/* the weekday may be anything */
	{ { 0x07, 0xe4, 2, 29, 0, 0, 0, 0, 255, 0x80, 0, 255 }, "2020-02-29T00:00:00", 1582934400 },
	{ { 0x07, 0xe5, 2, 29, 1, 0, 0, 0, 255, 0x80, 0, 0 }, NULL, 0 },
	{ { 0xff, 0xff, 1, 1, 1, 0, 0, 0, 255, 0x80, 0, 0 }, NULL, 0 },
	{ { 0x07, 0xe5, 0xff, 1, 1, 0, 0, 0, 255, 0x80, 0, 0 }, NULL, 0 },
	{ { 0x07, 0xe5, 13, 1, 1, 0, 0, 0, 255, 0x80, 0, 0 }, NULL, 0 },
	{ { 0x07, 0xe5, 0, 1, 1, 0, 0, 0, 255, 0x80, 0, 0 }, NULL, 0 },
	{ { 0x07, 0xe5, 1, 0, 1, 0, 0, 0, 255, 0x80, 0, 0 }, NULL, 0 },
	{ { 0x07, 0xe5, 1, 32, 1, 0, 0, 0, 255, 0x80, 0, 0 }, NULL, 0 },
	{ { 0x07, 0xe5, 1, 1, 1, 24, 0, 0, 255, 0x80, 0, 0 }, NULL, 0 },
	{ { 0x07, 0xe5, 1, 1, 1, 0, 60, 0, 255, 0x80, 0, 0 }, NULL, 0 },
	{ { 0x07, 0xe5, 1, 1, 1, 0, 0, 0xff, 255, 0x80, 0, 0 }, NULL, 0 },
	{ { 0x07, 0xe5, 1, 1, 1, 0, 0, 0, 255, 0x7f, 0xff, 0 }, NULL, 0 },
};

static void times_are_as_sent(void **state)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(times); i++) {
		struct cosem_time t = { .year = 1 };
		char iso[COSEM_TIME_ISO_MAX];
		int r = cosem_time_parse(times[i].octets, &t);

		if (!times[i].iso) {
			assert_int_equal(r, -EINVAL);
			assert_int_equal(t.year, 1);
			continue;
		}
		assert_int_equal(r, 0);
		cosem_time_iso(&t, iso);
		assert_string_equal(iso, times[i].iso);
		assert_int_equal(cosem_time_utc(&t, 0), times[i].utc);
		assert_int_equal(cosem_time_utc(&t, 60), times[i].utc - 3600);
	}
}

static void every_day_has_its_number(void **state)
{
	struct cosem_time t = { .year = 1970, .month = 1, .day = 1 };
	static const u8 days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

	for (s64 day = 0; t.year < 2401; day++) {
		bool leap = t.year % 4 == 0 && (t.year % 100 || t.year % 400 == 0);

		assert_int_equal(cosem_time_utc(&t, 0), day * 86400);
		if (t.day++ == days[t.month - 1] + (t.month == 2 && leap)) {
			t.day = 1;
			if (t.month++ == 12) {
				t.month = 1;
				t.year++;
			}
		}
	}
}

/* ---- APDU ---- */

static void headers_with_and_without_time(void **state)
{
	static const u8 time[12] = { 0x07, 0xe4, 1, 25, 6, 14, 0, 10, 255, 0x80, 0, 0 };

	for (int how = ENC_TIME_ABSENT; how <= ENC_TIME_TAGGED; how++) {
		for (int llc = 0; llc <= 1; llc++) {
			const u8 *p = buf;
			struct apdu a;
			size_t n;

			begin();
			if (llc)
				enc_llc(&enc);
			enc_data_notification(&enc, 0x40000001, how, time);
			n = enc.n;
			enc_null(&enc);
			assert_int_equal(apdu_parse(&p, buf + enc.n, &a), 0);
			assert_int_equal(a.tag, APDU_DATA_NOTIFICATION);
			assert_int_equal(a.invoke_id, 0x40000001);
			assert_ptr_equal(p, buf + n);
			assert_ptr_equal(a.body, p);
			assert_int_equal(a.has_time, how != ENC_TIME_ABSENT);
			if (a.has_time)
				assert_int_equal(a.time.hour, 14);
			for (size_t cut = 1; cut < n; cut++) {
				p = buf;
				assert_true(apdu_parse(&p, buf + cut, &a) == -EBADMSG ||
					    (llc && cut < 3));
				assert_ptr_equal(p, buf);
			}
		}
	}
}

static void other_apdus_are_told_apart(void **state)
{
	static const u8 glo[] = { 0xe6, 0xe7, 0, 0xdb, 8, 'K', 'A', 'M', 'E', 0, 1, 2, 3, 0x20, 0x30 };
	static const u8 gbt[] = { 0xe6, 0xe7, 0, 0xe0, 0x40, 0, 1, 0, 0, 1, 0x0f };
	static const u8 get[] = { 0xe6, 0xe7, 0, 0xc4, 1, 0x41, 0 };
	static const u8 *const others[] = { glo, gbt, get };
	static const size_t sizes[] = { sizeof(glo), sizeof(gbt), sizeof(get) };
	static const u8 cut[] = { 0x0f, 8, 1, 2, 3 };
	struct apdu a;
	const u8 *p;

	for (unsigned int i = 0; i < 3; i++) {
		p = others[i];
		assert_int_equal(apdu_parse(&p, others[i] + sizes[i], &a), -EPROTONOSUPPORT);
		assert_ptr_equal(p, others[i]);
		assert_int_equal(a.tag, others[i][3]);
	}
	p = cut;
	assert_int_equal(apdu_parse(&p, cut + sizeof(cut), &a), -EBADMSG);
	p = cut;
	assert_int_equal(apdu_parse(&p, cut, &a), -ENODATA);
}

/* APDUs that say in their header how long they are. */
static void lengths_are_in_the_header(void **state)
{
	static const struct {
		u8 octets[16];
		size_t n;
		int result;
		size_t length;
	} rows[] = {
		{ { 0xdb, 8, 1, 2, 3, 4, 5, 6, 7, 8, 0x20, 0x30 }, 12, 0, 11 + 0x20 },
		{ { 0xdc, 0, 0x81, 0x90 }, 4, 0, 4 + 0x90 },
		{ { 0xdb, 0, 0x82, 0x02, 0x30 }, 5, 0, 5 + 0x230 },
		{ { 0xe0, 0x40, 0, 1, 0, 0, 0x77 }, 7, 0, 7 + 0x77 },
		{ { 0xe0, 0xc0, 0, 2, 0, 0, 0x81, 0xff }, 8, 0, 8 + 0xff },
		/* a title of 9 octets, cut titles, cut lengths, a length of 3 octets */
		{ { 0xdb, 9, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0 }, 12, -EBADMSG, 0 },
		{ { 0xdb, 8, 1, 2, 3 }, 5, -EBADMSG, 0 },
		{ { 0xdb }, 1, -EBADMSG, 0 },
		{ { 0xdb, 0 }, 2, -EBADMSG, 0 },
		{ { 0xdb, 0, 0x82, 0x02 }, 4, -EBADMSG, 0 },
		{ { 0xdb, 0, 0x83, 0, 2, 0x30 }, 6, -EBADMSG, 0 },
		{ { 0xe0, 0x40, 0, 1, 0 }, 5, -EBADMSG, 0 },
		{ { 0xe0, 0x40, 0, 1, 0, 0 }, 6, -EBADMSG, 0 },
		{ { 0 }, 0, -EBADMSG, 0 },
		{ { 0x0f, 0, 0, 0, 0, 0 }, 6, -EPROTONOSUPPORT, 0 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		size_t length = 0;
		int r = apdu_length(rows[i].octets, rows[i].n, &length);

		if (r != rows[i].result || length != rows[i].length)
			fail_msg("row %zu: %d, %zu octets", i, r, length);
	}
}

/* ---- lists ---- */

static struct cosem_list list;

static int parse(void)
{
	const u8 *p = buf;
	int r;

	assert_false(enc.overflow);
	r = list_parse(&p, buf + enc.n, &list);
	assert_ptr_equal(p, r == 0 ? buf + enc.n : buf);

	return r;
}

static void put_row(u8 c, u32 v, s8 scaler, u8 unit)
{
	enc_structure(&enc, 3);
	enc_obis(&enc, 1, 0, c, 7, 0, 255);
	enc_u32(&enc, v);
	enc_structure(&enc, 2);
	enc_s8(&enc, scaler);
	enc_enum(&enc, unit);
}

static void rows(void **state)
{
	begin();
	enc_array(&enc, 3);
	enc_structure(&enc, 2);
	enc_obis(&enc, 1, 1, 0, 2, 129, 255);
	enc_visible_string(&enc, "AIDON_V0001", 11);
	put_row(1, 1234, 0, 27);
	put_row(31, 23, -1, 33);
	assert_int_equal(parse(), 0);
	assert_int_equal(list.shape, LIST_ROWS);
	assert_int_equal(list.elements, 3);
	assert_int_equal(list.n, 3);
	assert_int_equal(list.reg[0].obis, OBIS(1, 1, 0, 2, 129, 255));
	assert_false(list.reg[0].scaled);
	assert_int_equal(list.reg[1].obis, OBIS(1, 0, 1, 7, 0, 255));
	assert_true(list.reg[1].scaled);
	assert_int_equal(list.reg[1].unit, 27);
	assert_int_equal(list.reg[2].scaler, -1);
	for (size_t n = 1; n < enc.n; n++) {
		const u8 *p = buf;

		assert_int_equal(list_parse(&p, buf + n, &list), -EBADMSG);
		assert_ptr_equal(p, buf);
	}
}

static void pairs_with_holes(void **state)
{
	begin();
	enc_structure(&enc, 9);
	enc_visible_string(&enc, "Kamstrup_V0001", 14);
	enc_obis(&enc, 1, 1, 31, 7, 0, 255);
	enc_u32(&enc, 5);
	enc_null(&enc);		/* neither code nor value of L2 */
	enc_null(&enc);
	enc_obis(&enc, 1, 1, 71, 7, 0, 255);
	enc_null(&enc);		/* a code without value */
	enc_obis(&enc, 1, 1, 32, 7, 0, 255);
	enc_u16(&enc, 230);
	assert_int_equal(parse(), 0);
	assert_int_equal(list.shape, LIST_PAIRS);
	assert_int_equal(list.n, 4);
	assert_int_equal(list.reg[0].obis, OBIS_NONE);
	assert_int_equal(list.reg[1].obis, OBIS(1, 1, 31, 7, 0, 255));
	assert_int_equal(list.reg[2].value.tag, AXDR_NULL);
	assert_int_equal(list.reg[3].obis, OBIS(1, 1, 32, 7, 0, 255));
}

static void pairs_with_scalers(void **state)
{
	begin();
	enc_structure(&enc, 4);
	enc_obis(&enc, 1, 0, 1, 8, 0, 255);
	enc_u32(&enc, 4406538);
	enc_structure(&enc, 2);
	enc_s8(&enc, 0);
	enc_enum(&enc, 30);
	enc_octet_string(&enc, "178210015165", 12);
	assert_int_equal(parse(), 0);
	assert_int_equal(list.shape, LIST_PAIRS);
	assert_int_equal(list.n, 2);
	assert_true(list.reg[0].scaled);
	assert_int_equal(list.reg[0].unit, 30);
	assert_int_equal(list.reg[1].obis, OBIS_NONE);
}

static void six_octets_are_not_always_a_code(void **state)
{
	begin();
	enc_structure(&enc, 3);
	enc_octet_string(&enc, "123456", 6);	/* a number */
	enc_u32(&enc, 1);
	enc_obis(&enc, 1, 0, 1, 8, 0, 255);	/* the last element names nothing */
	assert_int_equal(parse(), 0);
	assert_int_equal(list.shape, LIST_POSITIONAL);
	assert_int_equal(list.n, 3);
	for (unsigned int i = 0; i < 3; i++)
		assert_int_equal(list.reg[i].obis, OBIS_NONE);
}

static void a_code_may_be_a_value(void **state)
{
	begin();
	enc_structure(&enc, 2);
	enc_obis(&enc, 0, 0, 96, 1, 0, 255);
	enc_octet_string(&enc, "\1\0\1\10\0\377", 6);
	assert_int_equal(parse(), 0);
	assert_int_equal(list.n, 1);
	assert_int_equal(list.reg[0].value.len, 6);
}

static void other_bodies(void **state)
{
	begin();
	enc_u32(&enc, 5);
	assert_int_equal(parse(), 0);
	assert_int_equal(list.shape, LIST_OTHER);
	assert_int_equal(list.n, 1);
	assert_int_equal(list.elements, 0);

	begin();
	enc_structure(&enc, 0);
	assert_int_equal(parse(), 0);
	assert_int_equal(list.n, 0);

	begin();
	enc_structure(&enc, 2);
	enc_array(&enc, 2);
	enc_u8(&enc, 1);
	enc_u8(&enc, 2);
	enc_u8(&enc, 3);
	assert_int_equal(parse(), 0);
	assert_int_equal(list.shape, LIST_OTHER);
	assert_int_equal(list.n, 3);

	begin();
	assert_int_equal(parse(), -ENODATA);
}

static void bounds_hold(void **state)
{
	begin();
	enc_array(&enc, LIST_MAX);
	for (unsigned int i = 0; i < LIST_MAX; i++)
		enc_u8(&enc, 1);
	assert_int_equal(parse(), 0);
	assert_int_equal(list.n, LIST_MAX);
	begin();
	enc_array(&enc, LIST_MAX + 1);
	for (unsigned int i = 0; i <= LIST_MAX; i++)
		enc_u8(&enc, 1);
	assert_int_equal(parse(), -E2BIG);

	begin();
	for (unsigned int i = 0; i <= AXDR_DEPTH_MAX; i++)
		enc_array(&enc, 1);
	enc_u8(&enc, 1);
	assert_int_equal(parse(), 0);
	begin();
	for (unsigned int i = 0; i <= AXDR_DEPTH_MAX + 1; i++)
		enc_array(&enc, 1);
	enc_u8(&enc, 1);
	assert_int_equal(parse(), -ELOOP);

	/* 65,535 elements announced, 3 octets there. */
	begin();
	enc_octets(&enc, "\x01\x82\xff\xff\x11\x01\x00", 7);
	assert_int_equal(parse(), -EBADMSG);
}

static void codes_in_text(void **state)
{
	char text[OBIS_TEXT_MAX];

	obis_text(OBIS(1, 0, 1, 8, 0, 255), text);
	assert_string_equal(text, "1-0:1.8.0");
	obis_text(OBIS(255, 255, 255, 255, 255, 254), text);
	assert_string_equal(text, "255-255:255.255.255.254");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(integers_keep_their_sign),
		cmocka_unit_test(bcd_is_two_digits),
		cmocka_unit_test(u64_above_s64_is_refused),
		cmocka_unit_test(floats_are_exact),
		cmocka_unit_test(strings_of_every_length_form),
		cmocka_unit_test(the_other_types_have_their_length),
		cmocka_unit_test(compact_arrays_are_one_element),
		cmocka_unit_test(what_is_no_type_is_refused),
		cmocka_unit_test(long_lengths_are_refused),
		cmocka_unit_test(skip_goes_over_everything),
		cmocka_unit_test(times_are_as_sent),
		cmocka_unit_test(every_day_has_its_number),
		cmocka_unit_test(headers_with_and_without_time),
		cmocka_unit_test(other_apdus_are_told_apart),
		cmocka_unit_test(lengths_are_in_the_header),
		cmocka_unit_test(rows),
		cmocka_unit_test(pairs_with_holes),
		cmocka_unit_test(pairs_with_scalers),
		cmocka_unit_test(six_octets_are_not_always_a_code),
		cmocka_unit_test(a_code_may_be_a_value),
		cmocka_unit_test(other_bodies),
		cmocka_unit_test(bounds_hold),
		cmocka_unit_test(codes_in_text),
	};

	return cmocka_run_group_tests_name("dlms", tests, NULL, NULL);
}
