// SPDX-License-Identifier: GPL-2.0
/*
 * Undecoded frames of a source: which are kept, that they are bounded, and that a good frame costs
 * no memory.
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

#include <amshan/framer.h>

#include "../sim/encode.h"
#include "../sim/meters.h"
#include "log.h"
#include "source/source.h"
#include "source/undecoded.h"
#include "util.h"

/* ---- heap ---- */

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

/* This many allocations from now on succeed; negative: all */
static long succeed = -1;

static bool fails(void)
{
	allocations++;
	return succeed == 0 || (succeed > 0 && succeed-- == 0);
}

void *malloc(size_t n)
{
	return fails() ? NULL : __libc_malloc(n);
}

void *calloc(size_t n, size_t size)
{
	return fails() ? NULL : __libc_calloc(n, size);
}

void *realloc(void *p, size_t n)
{
	return fails() ? NULL : __libc_realloc(p, n);
}
#endif

/* Sanitizers and valgrind bring a heap of their own. */
static bool heap_is_ours(void)
{
	struct undecoded u = { 0 };
	unsigned long before = allocations;

	undecoded_keep(&u, 1, "so", (const u8 *)"", 1);
	undecoded_clear(&u);
	if (allocations == before + 1)
		return true;
	print_message("a sanitizer or valgrind has its own heap: tried in the other builds\n");
	return false;
}

/* ---- the list alone ---- */

static void the_last_two_are_kept(void **state)
{
	struct undecoded u = { 0 };
	u8 p[3] = { 1, 2, 3 };

	assert_null(u.frame[0]);
	for (u8 i = 1; i <= 5; i++) {
		p[0] = i;
		undecoded_keep(&u, i, "so", p, sizeof(p));
		assert_int_equal(u.frame[i > 1]->real, i);
		assert_int_equal(u.frame[0]->real, i > 1 ? i - 1 : 1);
		assert_int_equal(u.frame[i > 1]->octets[0], i);
	}
	assert_string_equal(u.frame[1]->reason, "so");
	assert_int_equal(u.frame[1]->n, 3);
	assert_int_equal(u.frame[1]->whole, 3);
	undecoded_clear(&u);
	assert_null(u.frame[0]);
	assert_null(u.frame[1]);
	undecoded_clear(&u);
}

static void what_is_too_long_is_cut(void **state)
{
	_cleanup_free_ u8 *p = calloc(1, UNDECODED_MAX + 1);
	struct undecoded u = { 0 };

	undecoded_keep(&u, 1, "so", p, UNDECODED_MAX);
	undecoded_keep(&u, 2, "so", p, UNDECODED_MAX + 1);
	assert_int_equal(u.frame[0]->n, UNDECODED_MAX);
	assert_int_equal(u.frame[1]->n, UNDECODED_MAX);
	assert_int_equal(u.frame[1]->whole, UNDECODED_MAX + 1);
	undecoded_clear(&u);
}

static void without_memory_the_old_ones_stay(void **state)
{
	struct undecoded u = { 0 };
	u8 p[] = { 1 };

	if (!heap_is_ours())
		skip();
	undecoded_keep(&u, 1, "so", p, 1);
	undecoded_keep(&u, 2, "so", p, 1);
#if HEAP_IS_COUNTED
	succeed = 0;
	undecoded_keep(&u, 3, "so", p, 1);
	succeed = -1;
#endif
	assert_int_equal(u.frame[0]->real, 1);
	assert_int_equal(u.frame[1]->real, 2);
	undecoded_clear(&u);
}

/* ---- of a source ---- */

static void on_message(void *ctx, struct source *s, const struct message *msg, u64 real)
{
	unsigned int *messages = ctx;

	(*messages)++;
}

static void ignore(void *ctx, struct source *s)
{
}

static const struct source_owner owner = {
	.message = on_message, .changed = ignore, .checked = ignore,
};

struct lab {
	sd_event *event;
	struct source *source;
	unsigned int messages;
};

/* An open source that nothing arrives at but what the test gives it. */
static void lab_begin(struct lab *lab)
{
	char *error = NULL;

	*lab = (struct lab){ 0 };
	log_set_level(LOG_EMERG);
	assert_int_equal(sd_event_new(&lab->event), 0);
	assert_int_equal(source_new(lab->event, "house", "file:/nonexistent", NULL, &owner,
				    &lab->messages, &lab->source, &error), 0);
	source_set_state(lab->source, SOURCE_OPEN, NULL);
}

static void lab_end(struct lab *lab)
{
	source_free(lab->source);
	sd_event_unref(lab->event);
}

/* A frame around an information field, as source_frame() wants it. */
static size_t frame_of(const u8 *info, size_t n, bool segmented, u8 *frame)
{
	u16 crc;

	frame[0] = 0xa0 | (segmented ? AMSHAN_FRAME_SEGMENTED : 0);
	frame[1] = (u8)(n + 10);
	memcpy(frame + 2, (const u8[]){ 0x41, 0x08, 0x83, 0x13 }, 4);
	crc = sim_crc16(frame, 6);
	frame[6] = crc & 0xff;
	frame[7] = crc >> 8;
	memcpy(frame + 8, info, n);
	crc = sim_crc16(frame, n + 8);
	frame[n + 8] = crc & 0xff;
	frame[n + 9] = crc >> 8;
	return n + 10;
}

static const struct {
	const char *reason;
	size_t n;
	u8 info[32];
	bool segmented;
} bad[] = {
	{ "unknown list", 17,
	  { 0xe6, 0xe7, 0, 0x0f, 0, 0, 0, 0, 0, 2, 3, 0x11, 3, 0x11, 2, 0x11, 1 } },
	{ "encrypted, no key", 24,
	  { 0xe6, 0xe7, 0, 0xdb, 8, 'K', 'A', 'M', 1, 2, 3, 4, 5, 10, 0x20 } },
	{ "a block of a message that is not whole", 12, { 0xe6, 0xe7, 0, 0xe0, 0x40, 0, 2, 0, 0, 2 } },
	{ "it is no data-notification, ciphered APDU or block transfer", 6,
	  { 0xe6, 0xe7, 0, 0xc1, 0, 0 } },
	{ "an element is cut off or of no known type", 12,
	  { 0xe6, 0xe7, 0, 0x0f, 0, 0, 0, 0, 0, 2, 3, 0x11 } },
	{ "a segment of a message that is not whole", 6, { 1, 2, 3, 4, 5, 6 }, true },
};

static void frames_are_kept_with_their_reasons(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		u8 frame[64];
		size_t n = frame_of(bad[i].info, bad[i].n, bad[i].segmented, frame);
		const struct undecoded_frame *f;
		struct lab lab;

		lab_begin(&lab);
		source_frame(lab.source, frame, n, mono_us(), 1234567);
		f = lab.source->undecoded.frame[0];
		assert_non_null(f);
		assert_string_equal(f->reason, bad[i].reason);
		assert_int_equal(f->real, 1234567);
		assert_int_equal(f->n, n);
		assert_memory_equal(f->octets, frame, n);
		assert_null(lab.source->undecoded.frame[1]);
		lab_end(&lab);
	}
}

static void datagrams_are_kept_too(void **state)
{
	static const struct {
		const char *text, *reason;
	} rows[] = {
		{ "/KFM5\r\n\r\n1-0:1.7.0(00.1*kW)\r\n!1234\r\n", "nothing whole with a good checksum in it" },
		{ "68 0b 0b 68 53 ff 00 01 67 56 34 12 2d 2c 01 04 16",
		  "nothing whole with a good checksum in it" },
		{ "e6 e7 00 db 08 4b 41 4d 01 02 03 04 05 06 20 01 02 03 04 05", "encrypted, no key" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct lab lab;

		lab_begin(&lab);
		source_datagram(lab.source, (const u8 *)rows[i].text, strlen(rows[i].text));
		assert_non_null(lab.source->undecoded.frame[0]);
		assert_string_equal(lab.source->undecoded.frame[0]->reason, rows[i].reason);
		assert_true(lab.source->undecoded.frame[0]->real > 0);
		lab_end(&lab);
	}
}

static void a_datagram_without_end_is_kept_in_part(void **state)
{
	size_t n = 100000;
	_cleanup_free_ u8 *p = calloc(1, n);
	struct lab lab;

	lab_begin(&lab);
	source_datagram(lab.source, p, n);
	assert_string_equal(lab.source->undecoded.frame[0]->reason, "longer than any message");
	assert_int_equal(lab.source->undecoded.frame[0]->n, UNDECODED_MAX);
	assert_int_equal(lab.source->undecoded.frame[0]->whole, n);
	lab_end(&lab);
}

/* Of several messages in a frame one is bad: the whole is kept, once, and the good ones are taken. */
static void a_frame_is_kept_once(void **state)
{
	u8 info[200], frame[255];
	struct sim_values v;
	struct lab lab;
	int n;

	sim_values_example(SIM_KAIFA, &v);
	n = sim_build(SIM_KAIFA, 1, SIM_LLC, &v, info, sizeof(info), NULL);
	assert_true(n > 0);
	memcpy(info + n, bad[0].info, bad[0].n);
	memcpy(info + n + bad[0].n, bad[0].info, bad[0].n);
	lab_begin(&lab);
	source_frame(lab.source, frame, frame_of(info, n + 2 * bad[0].n, false, frame), mono_us(),
		     1);
	assert_int_equal(lab.messages, 1);
	assert_int_equal(lab.source->stats.unknown, 2);
	assert_non_null(lab.source->undecoded.frame[0]);
	assert_null(lab.source->undecoded.frame[1]);
	lab_end(&lab);
}

static void a_good_frame_costs_no_memory(void **state)
{
	unsigned long before;
	struct lab lab;

	if (!heap_is_ours())
		skip();
	lab_begin(&lab);
	for (int form = 0; form < SIM_FORMS; form++)
		for (int list = 1; list <= 3; list++) {
			u8 buf[ENC_OCTETS_MAX];
			struct sim_values v;
			int n;

			if (!sim_form_has_list(form, list))
				continue;
			sim_values_example(form, &v);
			n = sim_build(form, list, SIM_HDLC, &v, buf, sizeof(buf), NULL);
			assert_true(n > 2);
			before = allocations;
			source_frame(lab.source, buf + 1, (size_t)n - 2, mono_us(), real_us());
			assert_int_equal(allocations, before);
		}
	assert_true(lab.messages > 30);
	assert_null(lab.source->undecoded.frame[0]);
	/* The counter works: a bad one costs one. */
	{
		u8 frame[64];
		size_t n = frame_of(bad[0].info, bad[0].n, false, frame);

		before = allocations;
		source_frame(lab.source, frame, n, mono_us(), real_us());
		assert_int_equal(allocations, before + 1);
	}
	lab_end(&lab);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_last_two_are_kept),
		cmocka_unit_test(what_is_too_long_is_cut),
		cmocka_unit_test(without_memory_the_old_ones_stay),
		cmocka_unit_test(frames_are_kept_with_their_reasons),
		cmocka_unit_test(datagrams_are_kept_too),
		cmocka_unit_test(a_datagram_without_end_is_kept_in_part),
		cmocka_unit_test(a_frame_is_kept_once),
		cmocka_unit_test(a_good_frame_costs_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
