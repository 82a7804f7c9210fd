// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel source: what is taken from records, URIs and counters.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <linux/amshan.h>
#include <stdlib.h>
#include <string.h>

#include "records.h"
#include "source/kernel.h"
#include "source/record.h"
#include "util.h"

/* ---- records ---- */

static void test_a_record(void **state)
{
	const u8 frame[] = { 0xa0, 0x05, 1, 2, 3, 4, 5 };
	u8 buf[256];
	struct record r;
	size_t n;

	/* A later module may append fields. */
	for (u16 header = 40; header < 60; header++) {
		struct amshan_record h = {
			.header_len = header, .frame_len = sizeof(frame), .flags = 0xffffffff,
			.seq = UINT64_MAX, .mono_ns = 5999, .real_ns = 7000, .lost = 3,
		};

		n = record_make(buf + 1, h, frame);
		assert_int_equal(record_parse(buf + 1, n, &r), 0);
		assert_true(r.seq == UINT64_MAX && r.lost == 3);
		assert_true(r.mono_us == 5 && r.real_us == 7);
		assert_int_equal(r.frame_len, sizeof(frame));
		assert_ptr_equal(r.frame, buf + 1 + header);
	}
}

static void test_a_record_that_is_none(void **state)
{
	static const struct {
		u16 header, frame;
		size_t n;
		const char *sentence;
	} rows[] = {
		{ 40, 100, 0, "0 octets are too few for a header" },
		{ 40, 100, 39, "39 octets are too few for a header" },
		{ 40, 100, 40, "40 octets, of which its header says 40 are header and 100 frame" },
		{ 40, 100, 139, "139 octets, of which its header says 40 are header and 100 frame" },
		{ 40, 100, 141, "141 octets, of which its header says 40 are header and 100 frame" },
		{ 39, 101, 140, "140 octets, of which its header says 39 are header and 101 frame" },
		{ 0, 140, 140, "140 octets, of which its header says 0 are header and 140 frame" },
		{ 65535, 100, 140,
		  "140 octets, of which its header says 65535 are header and 100 frame" },
		{ 40, 6, 46, "46 octets, of which its header says 40 are header and 6 frame" },
		{ 40, 0, 40, "40 octets, of which its header says 40 are header and 0 frame" },
		{ 40, 2048, 2088,
		  "2088 octets, of which its header says 40 are header and 2048 frame" },
		{ 40, 65535, 2100,
		  "2100 octets, of which its header says 40 are header and 65535 frame" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct amshan_record h = {
			.header_len = rows[i].header, .frame_len = rows[i].frame,
		};
		struct record r = { .seq = 42 };
		char text[RECORD_MISTAKE_MAX];
		/* As long as it is said to be, so that a tool sees a look beyond it. */
		u8 *buf = calloc(1, rows[i].n ?: 1);

		memcpy(buf, &h, rows[i].n < sizeof(h) ? rows[i].n : sizeof(h));
		assert_int_equal(record_parse(buf, rows[i].n, &r), -EINVAL);
		assert_int_equal(r.seq, 42);
		record_mistake(buf, rows[i].n, text, sizeof(text));
		assert_string_equal(text, rows[i].sentence);
		free(buf);
	}
}

/* ---- URIs ---- */

static void test_uris(void **state)
{
	static const struct {
		const char *rest, *error;	/* NULL: right */
	} rows[] = {
		{ "", NULL },
		{ "ttyUSB0", NULL },
		{ "pts/3", NULL },
		{ "/dev/ttyUSB0", NULL },
		{ "/dev/serial/by-id/usb-FTDI_FT232R_A1-if00-port0", NULL },
		{ "/dev/serial/by-path/pci-0000:00:14.0-usb-0:1:1.0", NULL },
		{ "ttyUSB0?baud=2400", "parameter \"baud=2400\": there are none: baud rate and "
				       "parity are for amshan-attach" },
		{ "dev/ttyUSB0", "\"dev/ttyUSB0\" is neither the name of a tty, as ttyUSB0, nor a "
				 "path that begins with a slash" },
		{ "0123456789012345678901234567890123456789012345678901234567890123",
		  "the name of a tty is longer than 63 characters" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct source s = { .ops = &source_kernel };
		char *error = NULL;
		int r = source_kernel.parse(&s, rows[i].rest, &error);

		assert_int_equal(r, rows[i].error ? -EINVAL : 0);
		if (rows[i].error)
			assert_string_equal(error, rows[i].error);
		free(error);
		source_kernel.stop(&s);
		source_kernel.free(&s);
	}
}

/* ---- counters ---- */

static void test_counters_are_the_framers(void **state)
{
	struct port_info port = { 0 };
	struct framer_stats s;

	for (unsigned int i = 0; i < PORT_COUNTER_COUNT; i++)
		port.counter[i] = 100 + i;
	kernel_stats(&port, &s);
#define CHECK(member, id) assert_int_equal(s.member, 100 + PORT_##id)
	CHECK(octets, RX_OCTETS);
	CHECK(frames, FRAMES);
	CHECK(frame_octets, FRAME_OCTETS);
	CHECK(segmented, SEGMENTED);
	CHECK(flags, FLAGS);
	CHECK(skipped, SKIPPED);
	CHECK(hcs_errors, HCS_ERRORS);
	CHECK(fcs_errors, FCS_ERRORS);
	CHECK(format_errors, FORMAT_ERRORS);
	CHECK(length_errors, LENGTH_ERRORS);
	CHECK(timeouts, TIMEOUTS);
	CHECK(parity_errors, PARITY_ERRORS);
	CHECK(framing_errors, FRAMING_ERRORS);
	CHECK(breaks, BREAKS);
	CHECK(overruns, OVERRUNS);
#undef CHECK
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_record),
		cmocka_unit_test(test_a_record_that_is_none),
		cmocka_unit_test(test_uris),
		cmocka_unit_test(test_counters_are_the_framers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
