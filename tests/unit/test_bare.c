// SPDX-License-Identifier: GPL-2.0
/*
 * Bare APDUs on a line: where they begin and end, and what is none of them.
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
#include "link/bare.h"
#include "util.h"

#define SECOND	1000000000ull

struct heard {
	unsigned int n;
	size_t len;
	u8 last[BARE_MAX];
};

static void hear(void *ctx, const u8 *data, size_t n)
{
	struct heard *h = ctx;

	assert_in_range(n, 1, sizeof(h->last));
	h->n++;
	h->len = n;
	memcpy(h->last, data, n);
}

static size_t notification(u8 *out)
{
	struct sim_values v;
	int n;

	sim_values_example(SIM_AIDON, &v);
	n = sim_build(SIM_AIDON, 2, SIM_APDU, &v, out, ENC_OCTETS_MAX, NULL);
	assert_true(n > 0);
	return (size_t)n;
}

static size_t with_llc(u8 *out)
{
	memcpy(out, "\xe6\xe7", 3);
	return 3 + notification(out + 3);
}

/* A ciphered one: @len octets behind its length, what they are is not looked at. */
static size_t ciphered_of(size_t len, u8 *out)
{
	const u8 head[] = { 0xdb, 8, 'S', 'A', 'G', 5, 0, 0, 0, 1, 0x82, (u8)(len >> 8), (u8)len };

	memcpy(out, head, sizeof(head));
	memset(out + sizeof(head), 0x7e, len);
	return sizeof(head) + len;
}

static size_t ciphered(u8 *out)
{
	return ciphered_of(300, out);
}

static size_t block(u8 *out)
{
	const u8 head[] = { 0xe0, 0xc0, 0, 1, 0, 0, 20 };

	memcpy(out, head, sizeof(head));
	memset(out + sizeof(head), 0xe0, 20);
	return sizeof(head) + 20;
}

static size_t (*const makes[])(u8 *) = { notification, with_llc, ciphered, block };

static void each_kind_is_found_in_pieces_of_any_size(void **state)
{
	static struct bare_framer f;
	static const size_t pieces[] = { 1, 2, 3, 7, 100, BARE_MAX };
	u8 octets[2 * ENC_OCTETS_MAX];

	for (size_t i = 0; i < ARRAY_SIZE(makes); i++) {
		size_t n = makes[i](octets);

		for (size_t k = 0; k < ARRAY_SIZE(pieces); k++) {
			struct heard h = { 0 };

			bare_init(&f);
			for (size_t at = 0; at < n; at += pieces[k]) {
				size_t piece = n - at < pieces[k] ? n - at : pieces[k];

				assert_int_equal(h.n, 0);
				bare_push(&f, octets + at, piece, SECOND, hear, &h);
			}
			assert_int_equal(h.n, 1);
			assert_int_equal(h.len, n);
			assert_memory_equal(h.last, octets, n);
			assert_int_equal(f.stats.messages, 1);
			assert_int_equal(f.stats.octets, n);
			assert_int_equal(f.stats.broken, 0);
		}
	}
}

static void one_follows_another_without_a_pause(void **state)
{
	static struct bare_framer f;
	u8 octets[8 * ENC_OCTETS_MAX];
	struct heard h = { 0 };
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(makes); i++)
		n += makes[i](octets + n);
	bare_init(&f);
	bare_push(&f, octets, n, 0, hear, &h);
	assert_int_equal(h.n, ARRAY_SIZE(makes));
	assert_int_equal(f.n, 0);
}

/* What follows what is none is none, until a pause; and half a message is not filled up by another. */
static void a_message_begins_behind_a_pause(void **state)
{
	static struct bare_framer f;
	u8 octets[2 * ENC_OCTETS_MAX];
	struct heard h = { 0 };
	size_t n = notification(octets);

	bare_init(&f);
	bare_push(&f, (const u8 *)"noise...", 8, 10 * SECOND, hear, &h);
	bare_push(&f, octets, n, 10 * SECOND + BARE_PAUSE_NS - 1, hear, &h);
	assert_int_equal(h.n, 0);
	bare_push(&f, octets, n, 10 * SECOND + 2 * BARE_PAUSE_NS, hear, &h);
	assert_int_equal(h.n, 1);
	assert_int_equal(f.stats.broken, 0);

	bare_push(&f, octets, n / 2, 20 * SECOND, hear, &h);
	bare_push(&f, octets, n, 30 * SECOND, hear, &h);
	assert_int_equal(h.n, 2);
	assert_int_equal(f.stats.broken, 1);

	bare_push(&f, octets, n / 2, 40 * SECOND, hear, &h);
	bare_flush(&f);
	assert_int_equal(f.stats.broken, 2);
	bare_push(&f, octets, n, 40 * SECOND, hear, &h);
	assert_int_equal(h.n, 3);

	/* What somebody else took is no silence. */
	bare_push(&f, octets, n / 2, 50 * SECOND, hear, &h);
	bare_pass(&f, 50 * SECOND);
	bare_push(&f, octets, n, 50 * SECOND, hear, &h);
	assert_int_equal(h.n, 3);
	bare_push(&f, octets, n, 60 * SECOND, hear, &h);
	assert_int_equal(h.n, 4);
}

/* A clock that goes back makes no pause. */
static void a_clock_that_goes_back(void **state)
{
	static struct bare_framer f;
	u8 octets[2 * ENC_OCTETS_MAX];
	struct heard h = { 0 };
	size_t n = notification(octets);

	bare_init(&f);
	bare_push(&f, octets, n / 2, 10 * SECOND, hear, &h);
	bare_push(&f, octets + n / 2, n - n / 2, 9 * SECOND, hear, &h);
	assert_int_equal(h.n, 1);
}

static void the_length_is_bounded(void **state)
{
	static struct bare_framer f;
	static u8 octets[BARE_MAX + 100];
	struct heard h = { 0 };
	size_t n = ciphered_of(BARE_MAX - 13, octets);

	assert_int_equal(n, BARE_MAX);
	bare_init(&f);
	bare_push(&f, octets, n, SECOND, hear, &h);
	assert_int_equal(h.n, 1);
	assert_int_equal(h.len, BARE_MAX);

	n = ciphered_of(BARE_MAX - 12, octets);
	bare_push(&f, octets, n, 10 * SECOND, hear, &h);
	assert_int_equal(h.n, 1);
	assert_int_equal(f.stats.broken, 1);

	/* An array of 65535 elements: where it ends is never known. */
	memcpy(octets, "\x0f\0\0\0\0\0\x01", 7);
	octets[7] = 0x82;
	octets[8] = octets[9] = 0xff;
	memset(octets + 10, 0, sizeof(octets) - 10);
	bare_push(&f, octets, sizeof(octets), 20 * SECOND, hear, &h);
	assert_int_equal(h.n, 1);
	assert_int_equal(f.stats.broken, 2);
	assert_int_equal(f.n, 0);
	bare_push(&f, octets, ciphered(octets), 30 * SECOND, hear, &h);
	assert_int_equal(h.n, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_kind_is_found_in_pieces_of_any_size),
		cmocka_unit_test(one_follows_another_without_a_pause),
		cmocka_unit_test(a_message_begins_behind_a_pause),
		cmocka_unit_test(a_clock_that_goes_back),
		cmocka_unit_test(the_length_is_bounded),
	};

	return cmocka_run_group_tests_name("bare", tests, NULL, NULL);
}
