// SPDX-License-Identifier: GPL-2.0
/*
 * Messages: every list of every maker that the simulator builds gives exactly the readings that
 * the simulator put in, no more and no less; and what is known of deviations and odd lists.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <amshan/framer.h>

#include "../sim/encode.h"
#include "../sim/meters.h"
#include "meter/message.h"
#include "util.h"

/* ---- heap: nothing between octets and readings may use it ---- */

/* volatile: compilers know malloc() and that it does not change this. */
static volatile unsigned long allocations;

#if defined(__SANITIZE_ADDRESS__)
#define HEAP_IS_COUNTED 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HEAP_IS_COUNTED 0
#endif
#endif
#ifndef HEAP_IS_COUNTED
#define HEAP_IS_COUNTED 1
void *__libc_malloc(size_t n);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t n);

void *malloc(size_t n)
{
	allocations++;
	return __libc_malloc(n);
}

void *calloc(size_t n, size_t size)
{
	allocations++;
	return __libc_calloc(n, size);
}

void *realloc(void *p, size_t n)
{
	allocations++;
	return __libc_realloc(p, n);
}
#endif

/* ---- comparing with the truth ---- */

static struct message msg;

static int quantity_named(const char *name)
{
	for (unsigned int q = 0; q < Q_COUNT; q++) {
		if (!strcmp(quantity_table[q].name, name))
			return (int)q;
	}

	return -1;
}

static int identity_named(const char *name)
{
	for (unsigned int i = 0; i < ID_COUNT; i++) {
		if (!strcmp(identity_names[i], name))
			return (int)i;
	}

	return -1;
}

static void check(const char *what, const struct sim_expected *x)
{
	const struct readings *r = &msg.readings;
	unsigned int numbers = 0, texts = 0;
	bool time = false;

	for (unsigned int i = 0; i < x->n; i++) {
		const struct sim_reading *want = &x->reading[i];
		char got[DECIMAL_TEXT_MAX] = "nothing";
		int q = quantity_named(want->name), id = identity_named(want->name);

		if (!strcmp(want->name, METER_TIME_NAME)) {
			if (r->has_time)
				cosem_time_iso(&r->time, got);
			time = true;
		} else if (q >= 0) {
			if (readings_has(r, (unsigned int)q))
				decimal_text(r->value[q], got);
			numbers++;
		} else if (id >= 0) {
			snprintf(got, sizeof(got), "%.*s", r->identity[id].len, r->identity[id].p);
			texts++;
		}
		if (strcmp(got, want->text))
			fail_msg("%s: %s is %s, expected %s", what, want->name, got, want->text);
	}

	for_each_reading(q, r)
		numbers--;
	if (numbers)
		fail_msg("%s: %d readings more or less than sent", what, -(int)numbers);
	for (unsigned int i = 0; i < ID_COUNT; i++)
		texts -= i != ID_MANUFACTURER && r->identity[i].len;
	assert_int_equal(texts, 0);
	assert_int_equal(r->has_time, time);
}

static int decode(struct decoder *d, const u8 *octets, size_t n)
{
	const u8 *p = octets;
	int r = message_next(d, &p, octets + n, &msg);

	if (r == 0)
		assert_ptr_equal(p, octets + n);

	return r;
}

static void every_list_of_every_maker(void **state)
{
	u8 buf[ENC_OCTETS_MAX];
	unsigned int lists = 0;

	for (int form = 0; form < SIM_FORMS; form++) {
		struct decoder d = { 0 };

		/* List 3 first: a list 1 has no mark of its maker. */
		for (int n = 3; n >= 1; n--) {
			struct sim_expected x;
			struct sim_values v;
			char what[64];
			int len;

			if (!sim_form_has_list(form, n))
				continue;
			sim_values_example(form, &v);
			len = sim_build(form, n, SIM_LLC, &v, buf, sizeof(buf), &x);
			assert_true(len > 0);
			snprintf(what, sizeof(what), "%s list %d", sim_form_name(form), n);

			if (decode(&d, buf, (size_t)len) < 0)
				fail_msg("%s: not decoded", what);
			assert_int_equal(msg.kind, MESSAGE_READINGS);
			assert_int_equal(msg.unnamed, 0);
			check(what, &x);
			assert_non_null(msg.maker);
			assert_string_equal(msg.maker->name, sim_form_manufacturer(form));
			lists++;
		}
	}
	assert_true(lists > SIM_FORMS);
}

/* Extremes of each quantity's type on the wire, so that a sign or a width cannot hide. */
static void values_at_their_limits(void **state)
{
	static const s64 tries[] = { 0, 1, 9, 32760, 65530, 2147483640ll, 4294967290ll };
	u8 buf[ENC_OCTETS_MAX];
	unsigned int built = 0;

	for (int form = 0; form < SIM_FORMS; form++) {
		struct decoder d = { 0 };

		for (unsigned int i = 0; i < ARRAY_SIZE(tries); i++) {
			struct sim_expected x;
			struct sim_values v;
			int list, len;

			for (unsigned int q = 0; q < SIM_QUANTITIES; q++) {
				sim_values_example(form, &v);
				v.q[q] = tries[i];
				list = 3;
				len = sim_build(form, list, SIM_APDU, &v, buf, sizeof(buf), &x);
				if (len == -ERANGE || len == -EINVAL)
					continue;
				/*
				 * A voltage of less than 10 V in hundredths looks like whole volts.
				 */
				if (form == SIM_KAMSTRUP_CENTIVOLT && q >= SIM_U_L1 && q <= SIM_U_L3)
					continue;
				/* A whole volt above 999 looks like hundredths. */
				if (q >= SIM_U_L1 && q <= SIM_U_L3 && tries[i] > 999999)
					continue;
				assert_true(len > 0);
				assert_int_equal(decode(&d, buf, (size_t)len), 0);
				check(sim_form_name(form), &x);
				built++;
			}
		}
	}
	assert_true(built > 1000);
}

static void list_1_is_active_power_without_any_context(void **state)
{
	static const enum sim_form forms[] = { SIM_KAIFA, SIM_AIDON };
	u8 buf[ENC_OCTETS_MAX];

	for (unsigned int i = 0; i < ARRAY_SIZE(forms); i++) {
		struct decoder d = { 0 };
		struct sim_expected x;
		struct sim_values v;
		int len;

		sim_values_example(forms[i], &v);
		len = sim_build(forms[i], 1, SIM_LLC, &v, buf, sizeof(buf), &x);
		assert_int_equal(decode(&d, buf, (size_t)len), 0);
		check("list 1", &x);
		assert_null(msg.maker);
	}
}

static void list_1_belongs_to_the_maker_before_it(void **state)
{
	static const struct { enum sim_form before; enum sim_form form; const char *maker; } rows[] = {
		{ SIM_KAIFA, SIM_KAIFA, "Kaifa" },
		{ SIM_AIDON, SIM_AIDON, "Aidon" },
		{ SIM_EMBRIQ, SIM_EMBRIQ, "Landis+Gyr" },
		/* Kamstrup has no such list, Kaifa's has another shape than Aidon's. */
		{ SIM_KAMSTRUP, SIM_KAIFA, NULL },
		{ SIM_AIDON, SIM_KAIFA, NULL },
	};
	u8 buf[ENC_OCTETS_MAX];

	for (unsigned int i = 0; i < ARRAY_SIZE(rows); i++) {
		struct decoder d = { 0 };
		struct sim_expected x;
		struct sim_values v;
		int len;

		sim_values_example(rows[i].before, &v);
		len = sim_build(rows[i].before, 2, SIM_LLC, &v, buf, sizeof(buf), &x);
		assert_int_equal(decode(&d, buf, (size_t)len), 0);
		sim_values_example(rows[i].form, &v);
		len = sim_build(rows[i].form, 1, SIM_LLC, &v, buf, sizeof(buf), &x);
		assert_int_equal(decode(&d, buf, (size_t)len), 0);
		check("list 1", &x);
		if (rows[i].maker)
			assert_string_equal(msg.maker->name, rows[i].maker);
		else
			assert_null(msg.maker);
	}
}

/* Each list decides for itself: two meters of one maker may come by the same source. */
static void centivolts_are_told_by_each_list(void **state)
{
	static const struct { enum sim_form form; s64 mv[3]; const char *what; } rows[] = {
		{ SIM_KAMSTRUP_CENTIVOLT, { 230120, 229870, 231000 }, "five digits" },
		{ SIM_KAMSTRUP_CENTIVOLT, { 230120, 0, 1500 }, "two phases are dead" },
		{ SIM_KAMSTRUP, { 230000, 229000, 231000 }, "the next meter has whole volts" },
		{ SIM_KAMSTRUP, { 230000, 0, 2000 }, "two of its phases are dead" },
		{ SIM_KAMSTRUP_CENTIVOLT, { 95000, 0, 0 }, "a voltage that breaks down" },
	};
	struct decoder d = { 0 };
	u8 buf[ENC_OCTETS_MAX];
	struct sim_expected x;
	struct sim_values v;
	int len;

	for (unsigned int i = 0; i < ARRAY_SIZE(rows); i++) {
		sim_values_example(rows[i].form, &v);
		v.q[SIM_U_L1] = rows[i].mv[0];
		v.q[SIM_U_L2] = rows[i].mv[1];
		v.q[SIM_U_L3] = rows[i].mv[2];
		len = sim_build(rows[i].form, 2, SIM_LLC, &v, buf, sizeof(buf), &x);
		assert_int_equal(decode(&d, buf, (size_t)len), 0);
		check(rows[i].what, &x);
	}
}

static void several_apdus_in_one_frame(void **state)
{
	struct decoder d = { 0 };
	u8 buf[ENC_OCTETS_MAX];
	struct sim_expected x[3];
	struct sim_values v;
	const u8 *p = buf;
	struct enc e;

	enc_init(&e, buf, sizeof(buf));
	sim_values_example(SIM_AIDON, &v);
	assert_int_equal(sim_encode(&e, SIM_AIDON, 2, SIM_LLC, &v, &x[0]), 0);
	v.q[SIM_P_IMPORT] = 4321;
	assert_int_equal(sim_encode(&e, SIM_AIDON, 1, SIM_LLC, &v, &x[1]), 0);
	v.q[SIM_P_IMPORT] = 1;
	assert_int_equal(sim_encode(&e, SIM_AIDON, 3, SIM_APDU, &v, &x[2]), 0);

	for (unsigned int i = 0; i < 3; i++) {
		assert_int_equal(message_next(&d, &p, buf + e.n, &msg), 0);
		check("several", &x[i]);
	}
	assert_int_equal(message_next(&d, &p, buf + e.n, &msg), -ENODATA);
}

static struct enc enc;
static u8 octets[ENC_OCTETS_MAX];

static void begin(void)
{
	enc_init(&enc, octets, sizeof(octets));
	enc_llc(&enc);
	enc_data_notification(&enc, 1, ENC_TIME_ABSENT, NULL);
}

static void put_scaled(u8 b, u8 c, u8 d, u8 e, u64 v, s8 scaler, u8 unit)
{
	enc_structure(&enc, 3);
	enc_obis(&enc, 1, b, c, d, e, 255);
	enc_u64(&enc, v);
	enc_structure(&enc, 2);
	enc_s8(&enc, scaler);
	enc_enum(&enc, unit);
}

static const char *value(enum quantity q)
{
	static char text[DECIMAL_TEXT_MAX];

	if (!readings_has(&msg.readings, q))
		return "absent";
	decimal_text(msg.readings.value[q], text);

	return text;
}

static void an_unknown_list_with_scalers_is_named(void **state)
{
	struct decoder d = { 0 };

	begin();
	enc_array(&enc, 7);
	put_scaled(0, 1, 8, 0, 12345678901234567ull, 0, 30);
	put_scaled(0, 1, 8, 2, 77, 1, 30);
	put_scaled(0, 13, 7, 0, 975, -3, 255);
	put_scaled(0, 1, 7, 0, 5, 3, 27);
	put_scaled(0, 32, 7, 0, 2301, -1, 33);	/* a voltage in A: not what its code says */
	put_scaled(1, 99, 7, 0, 1, 0, 27);	/* no name */
	put_scaled(2, 1, 7, 0, 1, 0, 27);	/* another meter's channel */
	assert_int_equal(decode(&d, octets, enc.n), 0);
	assert_int_equal(msg.kind, MESSAGE_READINGS);
	assert_null(msg.maker);
	assert_string_equal(value(Q_ACTIVE_ENERGY_IMPORT), "12345678901234567");
	assert_string_equal(value(Q_ACTIVE_ENERGY_IMPORT_T2), "770");
	assert_string_equal(value(Q_POWER_FACTOR), "0.975");
	assert_string_equal(value(Q_ACTIVE_POWER_IMPORT), "5000");
	assert_string_equal(value(Q_VOLTAGE_L1), "absent");
	assert_int_equal(msg.unnamed, 3);
	assert_int_equal(msg.list.n, 7);
}

static void an_unknown_list_without_scalers_is_not_guessed(void **state)
{
	struct decoder d = { 0 };

	begin();
	enc_structure(&enc, 5);
	enc_visible_string(&enc, "OTHER_V1", 8);
	enc_obis(&enc, 1, 0, 31, 7, 0, 255);
	enc_u32(&enc, 250);
	enc_obis(&enc, 1, 0, 1, 8, 0, 255);
	enc_u32(&enc, 1000);
	assert_int_equal(decode(&d, octets, enc.n), 0);
	assert_int_equal(msg.kind, MESSAGE_UNKNOWN_LIST);
	assert_int_equal(msg.unnamed, 2);
	assert_false(readings_any(&msg.readings));
}

static void a_known_id_with_a_wrong_number_of_values_is_not_guessed(void **state)
{
	struct decoder d = { 0 };

	begin();
	enc_structure(&enc, 4);
	enc_octet_string(&enc, "KFM_001", 7);
	enc_octet_string(&enc, "6970631402614476", 16);
	enc_octet_string(&enc, "MA304H3E", 8);
	enc_u32(&enc, 1000);
	assert_int_equal(decode(&d, octets, enc.n), 0);
	assert_int_equal(msg.kind, MESSAGE_UNKNOWN_LIST);
	assert_string_equal(msg.maker->name, "Kaifa");
	assert_int_equal(msg.unnamed, 1);
}

static void an_object_list_is_not_taken_for_values(void **state)
{
	struct decoder d = { 0 };

	/* {class, code, attribute, index}: the 2 behind the code is an attribute. */
	begin();
	enc_structure(&enc, 2);
	enc_array(&enc, 1);
	enc_structure(&enc, 4);
	enc_u16(&enc, 3);
	enc_obis(&enc, 1, 0, 1, 7, 0, 255);
	enc_s8(&enc, 2);
	enc_u16(&enc, 0);
	enc_u32(&enc, 1500);
	assert_int_equal(decode(&d, octets, enc.n), 0);
	assert_int_equal(msg.kind, MESSAGE_UNKNOWN_LIST);
	assert_false(readings_any(&msg.readings));
}

static void signed_and_floating_values(void **state)
{
	struct decoder d = { 0 };

	begin();
	enc_array(&enc, 4);
	enc_structure(&enc, 3);
	enc_obis(&enc, 1, 0, 31, 7, 0, 255);
	enc_s16(&enc, -15);
	enc_structure(&enc, 2);
	enc_s8(&enc, -1);
	enc_enum(&enc, 33);
	enc_structure(&enc, 3);
	enc_obis(&enc, 1, 0, 32, 7, 0, 255);
	enc_float32(&enc, 230.5f);
	enc_structure(&enc, 2);
	enc_s8(&enc, 0);
	enc_enum(&enc, 35);
	enc_structure(&enc, 3);
	enc_obis(&enc, 1, 0, 52, 7, 0, 255);
	enc_float64(&enc, 0.0 / 0.0);
	enc_structure(&enc, 2);
	enc_s8(&enc, 0);
	enc_enum(&enc, 35);
	put_scaled(0, 1, 8, 0, 1ull << 63, 0, 30);	/* above what a mantissa holds */
	assert_int_equal(decode(&d, octets, enc.n), 0);
	assert_string_equal(value(Q_CURRENT_L1), "-1.5");
	assert_string_equal(value(Q_VOLTAGE_L1), "230.5");
	assert_string_equal(value(Q_VOLTAGE_L2), "absent");
	assert_string_equal(value(Q_ACTIVE_ENERGY_IMPORT), "absent");
	assert_int_equal(msg.unnamed, 2);
}

static void ciphered_apdus_and_blocks_are_for_others(void **state)
{
	static const u8 glo[] = { 0xe6, 0xe7, 0, 0xdb, 8, 'K', 'A', 'M', 'E', 0, 1, 2, 3, 0x20 };
	static const u8 gbt[] = { 0xe0, 0x40, 0, 1, 0, 0, 1, 0x0f };
	struct decoder d = { 0 };

	assert_int_equal(decode(&d, glo, sizeof(glo)), -EPROTONOSUPPORT);
	assert_int_equal(decode(&d, gbt, sizeof(gbt)), -EPROTONOSUPPORT);
}

static void a_cut_message_is_refused(void **state)
{
	u8 buf[ENC_OCTETS_MAX];
	struct sim_values v;
	int len;

	for (int form = 0; form < SIM_FORMS; form++) {
		sim_values_example(form, &v);
		len = sim_build(form, 3, SIM_LLC, &v, buf, sizeof(buf), NULL);
		assert_true(len > 0);
		for (int n = 0; n < len; n++) {
			struct decoder d = { 0 };
			const u8 *p = buf;

			assert_true(message_next(&d, &p, buf + n, &msg) < 0);
			assert_ptr_equal(p, buf);
		}
	}
}

static void bare_bodies(void **state)
{
	u8 buf[ENC_OCTETS_MAX];

	for (int form = 0; form < SIM_FORMS; form++) {
		struct decoder d = { 0 };
		struct sim_expected x;
		struct sim_values v;
		const u8 *p = buf;
		int len;

		sim_values_example(form, &v);
		len = sim_build(form, 3, SIM_BODY, &v, buf, sizeof(buf), &x);
		assert_int_equal(message_next_body(&d, &p, buf + len, &msg), 0);
		assert_ptr_equal(p, buf + len);
		check(sim_form_name(form), &x);
	}
}

static void catch(void *ctx, const u8 *frame, size_t n)
{
	struct decoder *d = ctx;
	struct hdlc_frame h;
	const u8 *p;

	assert_int_equal(hdlc_frame_parse(frame, n, &h), 0);
	p = h.info;
	assert_int_equal(message_next(d, &p, h.info + h.info_len, &msg), 0);
}

static void nothing_uses_the_heap(void **state)
{
	static struct framer framer;
	struct decoder d = { 0 };
	u8 buf[ENC_OCTETS_MAX];
	unsigned long before;

	if (!HEAP_IS_COUNTED) {
		print_message("the sanitizer has its own heap: counted in the other builds\n");
		skip();
	}

	/* The counter works. */
	before = allocations;
	void *volatile p = malloc(1);

	free(p);
	assert_int_equal(allocations, before + 1);

	framer_init(&framer);
	for (int form = 0; form < SIM_FORMS; form++) {
		for (int list = 1; list <= 3; list++) {
			struct sim_values v;
			int len;

			if (!sim_form_has_list(form, list))
				continue;
			sim_values_example(form, &v);
			len = sim_build(form, list, SIM_HDLC, &v, buf, sizeof(buf), NULL);
			before = allocations;
			framer_push(&framer, buf, NULL, (size_t)len, 0, catch, &d);
			assert_int_equal(allocations, before);
		}
	}
	assert_true(framer.stats.frames > SIM_FORMS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_list_of_every_maker),
		cmocka_unit_test(values_at_their_limits),
		cmocka_unit_test(list_1_is_active_power_without_any_context),
		cmocka_unit_test(list_1_belongs_to_the_maker_before_it),
		cmocka_unit_test(centivolts_are_told_by_each_list),
		cmocka_unit_test(several_apdus_in_one_frame),
		cmocka_unit_test(an_unknown_list_with_scalers_is_named),
		cmocka_unit_test(an_unknown_list_without_scalers_is_not_guessed),
		cmocka_unit_test(a_known_id_with_a_wrong_number_of_values_is_not_guessed),
		cmocka_unit_test(an_object_list_is_not_taken_for_values),
		cmocka_unit_test(signed_and_floating_values),
		cmocka_unit_test(ciphered_apdus_and_blocks_are_for_others),
		cmocka_unit_test(a_cut_message_is_refused),
		cmocka_unit_test(bare_bodies),
		cmocka_unit_test(nothing_uses_the_heap),
	};

	return cmocka_run_group_tests_name("message", tests, NULL, NULL);
}
