// SPDX-License-Identifier: GPL-2.0
/*
 * amshanctl probe: the verdict on one setting, from octets, flags and times.
 */
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
#include "ctl/probe_listen.c"
#include "util.h"

#define SECOND		USEC_PER_SEC
#define BEGIN		(1000 * SECOND)
#define TIME		(12 * SECOND)
#define PAUSE		LISTEN_PAUSE_US

static struct listen l;
static u8 buf[2 * ENC_OCTETS_MAX];
static u8 flags[sizeof(buf)];

static size_t message(int form, int list)
{
	struct sim_expected x;
	struct sim_values v;
	int n;

	sim_values_example(form, &v);
	n = sim_build(form, list, SIM_HDLC, &v, buf, ENC_OCTETS_MAX, &x);
	assert_true(n > 0);
	return (size_t)n;
}

/* A frame with any information field. */
static size_t frame(const void *info, size_t n, bool segmented)
{
	static const u8 head[] = { 0x41, 0x08, 0x83, 0x13 };
	struct enc e;
	size_t mark;

	enc_init(&e, buf, ENC_OCTETS_MAX);
	mark = enc_hdlc_begin(&e, head, sizeof(head), segmented);
	enc_octets(&e, info, n);
	enc_hdlc_end(&e, mark);
	assert_false(e.overflow);
	return e.n;
}

static void begin(void)
{
	memset(flags, FRAMER_NORMAL, sizeof(flags));
	listen_begin(&l, BEGIN, TIME);
}

/* All times are since the beginning. */
static enum listen_state push_at(u64 us, const void *data, size_t n)
{
	return listen_push(&l, data, flags, n, NULL, BEGIN + us);
}

static enum listen_state tick_at(u64 us)
{
	return listen_tick(&l, BEGIN + us);
}

/* A burst and the pause behind it. */
static enum listen_state burst_at(u64 us, const void *data, size_t n)
{
	push_at(us, data, n);
	return tick_at(us + PAUSE);
}

static void garbage(u8 *p, size_t n, unsigned int seed)
{
	for (size_t i = 0; i < n; i++) {
		seed = seed * 1103515245 + 12345;
		p[i] = seed >> 16;
		if (p[i] == AMSHAN_FLAG)
			p[i] = 0;
	}
}

/* ---- one setting ---- */

static void a_message_is_good_at_once(void **state)
{
	size_t n = message(SIM_KAIFA, 2);

	begin();
	assert_int_equal(push_at(SECOND, buf, n - 1), LISTEN_ON);
	assert_int_equal(push_at(SECOND + 1, buf + n - 1, 1), LISTEN_GOOD);
	assert_int_equal(l.result.octets, n);
	assert_int_equal(l.result.flags, 2);
	assert_int_equal(l.result.headers, 1);
	assert_int_equal(l.result.frames, 1);
	assert_int_equal(l.result.messages, 1);
	assert_int_equal(l.result.us, SECOND + 1);
	assert_string_equal(l.result.maker, "Kaifa");
	assert_string_equal(l.result.version, "KFM_001");
	/* Decided is decided. */
	assert_int_equal(push_at(2 * SECOND, "x", 1), LISTEN_GOOD);
	assert_int_equal(l.result.octets, n);
}

static void the_maker_is_waited_for(void **state)
{
	size_t n = message(SIM_KAIFA, 1);

	begin();
	assert_int_equal(burst_at(SECOND, buf, n), LISTEN_ON);
	assert_int_equal(l.result.messages, 1);
	/* Noise does not take back what was settled. */
	assert_int_equal(burst_at(2 * SECOND, "abcdefghijklmnopqrstuvwxyz", 26), LISTEN_ON);
	n = message(SIM_KAIFA, 2);
	assert_int_equal(push_at(3 * SECOND, buf, n), LISTEN_GOOD);
	assert_string_equal(l.result.maker, "Kaifa");
	/* Not for ever. */
	begin();
	n = message(SIM_KAIFA, 1);
	assert_int_equal(burst_at(SECOND, buf, n), LISTEN_ON);
	assert_int_equal(tick_at(TIME - 1), LISTEN_ON);
	assert_int_equal(tick_at(TIME), LISTEN_GOOD);
	assert_null(l.result.maker);
}

static void errors_of_the_line_flaw_it(void **state)
{
	size_t n = message(SIM_AIDON, 2);

	begin();
	for (size_t i = 0; i < n; i += 2)
		flags[i] = i % 4 ? FRAMER_FRAME : FRAMER_PARITY;
	assert_int_equal(push_at(SECOND, buf, n), LISTEN_FLAWED);
	assert_int_equal(l.result.line.errors, (n + 1) / 2);
	assert_int_equal(l.result.messages, 1);
}

/* What the line says of an octet does not take it away: the checksum decides. */
static void fillers_of_breaks_may_be_octets(void **state)
{
	size_t n = message(SIM_AIDON, 2);
	u64 zeros = 0;

	begin();
	for (size_t i = 0; i < n; i++)
		if (!buf[i]) {
			flags[i] = FRAMER_BREAK;
			zeros++;
		}
	assert_true(zeros);
	assert_int_equal(push_at(SECOND, buf, n), LISTEN_GOOD);
	assert_int_equal(l.result.line.breaks, zeros);
	assert_int_equal(l.result.line.errors, 0);
}

static void the_driver_may_count_what_it_does_not_mark(void **state)
{
	const struct listen_errors driver = { .errors = 7, .breaks = 1, .overruns = 3 };
	size_t n = message(SIM_AIDON, 2);

	begin();
	flags[3] = FRAMER_PARITY;
	assert_int_equal(listen_push(&l, buf, flags, n, &driver, BEGIN + SECOND), LISTEN_FLAWED);
	assert_int_equal(l.result.line.errors, 7);
	assert_int_equal(l.result.line.breaks, 1);
	assert_int_equal(l.result.line.overruns, 3);
	/* And the other way round: the larger number is the true one, they are not added. */
	begin();
	memset(flags, FRAMER_PARITY, 9);
	listen_push(&l, buf, flags, n, &driver, BEGIN + SECOND);
	assert_int_equal(l.result.line.errors, 9);
}

/* Whoever begins in the middle of an octet sees errors that are nobody's. */
static void the_first_burst_is_a_bad_witness_of_errors(void **state)
{
	size_t n = message(SIM_AIDON, 2);

	/* The tail of one that was missed, with errors, and a whole one behind it at once. */
	begin();
	memset(flags, FRAMER_FRAME, 2);
	assert_int_equal(push_at(10, buf + n - 40, 40), LISTEN_ON);
	memset(flags, 0, sizeof(flags));
	assert_int_equal(burst_at(1000, buf, n), LISTEN_ON);
	assert_int_equal(l.result.messages, 1);
	assert_int_equal(push_at(2 * SECOND, buf, n), LISTEN_GOOD);
	assert_int_equal(l.result.line.errors, 2);
	/* Without a better one it counts. */
	begin();
	memset(flags, FRAMER_FRAME, 2);
	push_at(10, buf + n - 40, 40);
	memset(flags, 0, sizeof(flags));
	assert_int_equal(burst_at(1000, buf, n), LISTEN_ON);
	assert_int_equal(tick_at(TIME), LISTEN_FLAWED);
}

static void silence_takes_the_whole_time(void **state)
{
	begin();
	assert_int_equal(listen_next(&l), BEGIN + TIME);
	assert_int_equal(tick_at(TIME - 1), LISTEN_ON);
	assert_int_equal(tick_at(TIME), LISTEN_SILENT);
	assert_int_equal(l.result.us, TIME);
}

static void a_burst_that_is_no_frame_is_bad(void **state)
{
	begin();
	garbage(buf, 250, 1);
	assert_int_equal(push_at(SECOND, buf, 250), LISTEN_ON);
	assert_int_equal(listen_next(&l), BEGIN + SECOND + PAUSE);
	assert_int_equal(tick_at(SECOND + PAUSE - 1), LISTEN_ON);
	assert_int_equal(tick_at(SECOND + PAUSE), LISTEN_BAD);
	assert_int_equal(l.result.headers, 0);
}

static void a_burst_that_was_going_on_is_not_asked(void **state)
{
	begin();
	garbage(buf, 250, 1);
	assert_int_equal(burst_at(PAUSE - 1, buf, 250), LISTEN_ON);
	assert_int_equal(burst_at(2 * SECOND, buf, 250), LISTEN_BAD);
}

/* It begins and ends as a frame does: a damaged one. */
static void a_damaged_frame_has_a_second_chance(void **state)
{
	size_t n = message(SIM_AIDON, 2);

	begin();
	buf[4] ^= 1;
	assert_int_equal(burst_at(SECOND, buf, n), LISTEN_ON);
	assert_int_equal(l.result.bad_headers, 1);
	buf[4] ^= 1;
	assert_int_equal(push_at(3 * SECOND, buf, n), LISTEN_GOOD);
	begin();
	buf[4] ^= 1;
	assert_int_equal(burst_at(SECOND, buf, n), LISTEN_ON);
	assert_int_equal(burst_at(3 * SECOND, buf, n), LISTEN_BAD);
}

static void blips_of_a_plug_are_no_bursts(void **state)
{
	size_t n = message(SIM_AIDON, 2);

	begin();
	assert_int_equal(burst_at(SECOND, "\x00", 1), LISTEN_ON);
	assert_int_equal(burst_at(2 * SECOND, "\xff\x00\xf0", 3), LISTEN_ON);
	assert_int_equal(push_at(3 * SECOND, buf, n), LISTEN_GOOD);
}

static void good_headers_are_worth_the_whole_time(void **state)
{
	size_t n = message(SIM_AIDON, 2);

	begin();
	buf[100] ^= 1;
	for (unsigned int i = 1; i <= 4; i++)
		assert_int_equal(burst_at(i * 2 * SECOND, buf, n), LISTEN_ON);
	assert_int_equal(tick_at(TIME), LISTEN_BAD);
	assert_int_equal(l.result.headers, 4);
	assert_int_equal(l.result.frames, 0);
	assert_true(l.result.bad_frames >= 4);
}

/* The pause ends it; it does not eat the next one. */
static void a_frame_that_is_cut_off_costs_itself(void **state)
{
	size_t n = message(SIM_AIDON, 2);

	begin();
	assert_int_equal(burst_at(SECOND, buf, n - 60), LISTEN_ON);
	assert_int_equal(l.result.bad_frames, 1);
	assert_int_equal(push_at(SECOND + PAUSE + 1, buf, n), LISTEN_GOOD);
	assert_int_equal(l.result.headers, 2);
}

static void a_frame_that_has_begun_is_waited_for(void **state)
{
	size_t n = message(SIM_AIDON, 2);

	begin();
	assert_int_equal(push_at(TIME - 1000, buf, 50), LISTEN_ON);
	assert_int_equal(tick_at(TIME), LISTEN_ON);
	assert_int_equal(push_at(TIME + 1000, buf + 50, n - 50), LISTEN_GOOD);
	/* But not if it does not go on, */
	begin();
	push_at(TIME - 1000, buf, 50);
	assert_int_equal(listen_next(&l), BEGIN + TIME - 1000 + PAUSE);
	assert_int_equal(tick_at(TIME - 1000 + PAUSE), LISTEN_BAD);
	/* nor for ever, */
	begin();
	push_at(TIME - 1000, buf, 20);
	for (u64 us = TIME; us < TIME + LISTEN_GRACE_US; us += PAUSE / 2)
		assert_int_equal(push_at(us, "x", 1), LISTEN_ON);
	assert_int_equal(tick_at(TIME + LISTEN_GRACE_US), LISTEN_BAD);
	/* nor without a good header. */
	begin();
	buf[4] ^= 1;
	push_at(TIME - 1000, buf, 50);
	assert_int_equal(tick_at(TIME), LISTEN_BAD);
}

static void a_stream_without_a_pause_is_bad(void **state)
{
	enum listen_state s = LISTEN_ON;
	u64 us = 0;

	begin();
	garbage(buf, 1000, 3);
	for (; s == LISTEN_ON && us < TIME; us += 1000)
		s = push_at(us, buf, 1000);
	assert_int_equal(s, LISTEN_BAD);
	assert_true(us < SECOND);
}

/* A meter's lists without a pause among them, as a faster one would send. */
static void frames_back_to_back_are_good(void **state)
{
	size_t n = message(SIM_KAMSTRUP, 2);

	begin();
	assert_int_equal(push_at(0, buf + 30, n - 30), LISTEN_ON);
	assert_int_equal(push_at(1000, buf, n), LISTEN_GOOD);
}

/* ---- what else comes ---- */

static void text_is_named(void **state)
{
	static const char gps[] = "$GPGGA,092750.000,5321.6802,N,00630.3372,W,1,8,1.03,61.7,M,55.2,M,,*76\r\n"
				  "$GPGSA,A,3,10,07,05,02,29,04,08,13,,,,,1.72,1.03,1.38*0A\r\n";
	static const char console[] = "\r\n\r\nDebian host\033[0m login: \007";

	begin();
	assert_int_equal(burst_at(SECOND, gps, sizeof(gps) - 1), LISTEN_OTHER);
	assert_int_equal(l.result.other, LISTEN_TEXT);
	assert_string_equal(l.result.text,
			    "$GPGGA,092750.000,5321.6802,N,00630.3372,W,1,8,1.03,61.7,M,5...");
	begin();
	assert_int_equal(burst_at(SECOND, console, sizeof(console) - 1), LISTEN_OTHER);
	assert_string_equal(l.result.text, "Debian host?[0m login: ?");
	/* A short one may be an accident: it is kept in mind. */
	begin();
	assert_int_equal(burst_at(SECOND, "OK\r\n", 4), LISTEN_ON);
	assert_int_equal(tick_at(TIME), LISTEN_BAD);
	assert_int_equal(l.result.other, LISTEN_TEXT);
	assert_string_equal(l.result.text, "OK");
	/* A stream of it. */
	begin();
	for (u64 us = 0; l.result.state == LISTEN_ON && us < TIME; us += 1000)
		push_at(us, "y\n", 2);
	assert_int_equal(l.result.state, LISTEN_OTHER);
	assert_string_equal(l.result.text, "y");
	/* With errors of the line it is not what it looks like. */
	begin();
	flags[9] = FRAMER_FRAME;
	assert_int_equal(burst_at(SECOND, gps, sizeof(gps) - 1), LISTEN_BAD);
	assert_int_equal(l.result.other, LISTEN_NOTHING_ELSE);
}

#define P1_LINES "\r\n\r\n1-0:1.8.0(00006136.120*kWh)\r\n1-0:1.7.0(0000.123*kW)\r\n"

/* A telegram in buf; @off: the checksum is wrong by so much. */
static size_t telegram(const char *ident, u16 off)
{
	int n = snprintf((char *)buf, sizeof(buf), "/%s" P1_LINES "!", ident);

	return (size_t)(n + sprintf((char *)buf + n, "%04X\r\n", (u16)(sim_crc16_arc(buf, n) + off)));
}

static void a_telegram_is_good_at_once(void **state)
{
	size_t n = telegram("XXX5METER", 0);

	begin();
	/* Its end alone is a text like any other, and that is not said yet. */
	assert_int_equal(burst_at(1, buf + 20, n - 20), LISTEN_ON);
	assert_int_equal(push_at(2 * SECOND, buf, n - 3), LISTEN_ON);
	assert_int_equal(l.result.framing, LINK_UNKNOWN);
	assert_int_equal(push_at(2 * SECOND + 1, buf + n - 3, 3), LISTEN_GOOD);
	assert_int_equal(l.result.framing, LINK_P1);
	assert_int_equal(l.result.frames, 1);
	assert_int_equal(l.result.messages, 1);
	assert_int_equal(l.result.octets, 2 * n - 20);
	/* With errors of the line: the parity is another one. */
	begin();
	flags[9] = FRAMER_FRAME;
	assert_int_equal(burst_at(2 * SECOND, buf, n), LISTEN_FLAWED);
}

static void a_telegram_without_a_checksum_is_good(void **state)
{
	int n = snprintf((char *)buf, sizeof(buf), "/XXX3" P1_LINES "!\r\n");

	begin();
	assert_int_equal(push_at(SECOND, buf, n), LISTEN_GOOD);
	assert_int_equal(l.result.framing, LINK_P1);
}

/* Damaged ones are waited out, and then it is P1 all the same. */
static void telegrams_that_are_damaged(void **state)
{
	size_t n = telegram("XXX5METER", 1);

	begin();
	for (u64 us = SECOND; us < 9 * SECOND; us += 2 * SECOND)
		assert_int_equal(burst_at(us, buf, n), LISTEN_ON);
	assert_int_equal(l.result.other, LISTEN_P1);
	assert_int_equal(l.result.bad_frames, 4);
	assert_int_equal(tick_at(TIME), LISTEN_OTHER);
	assert_int_equal(l.result.frames, 0);
	/* One that is good counts. */
	begin();
	burst_at(SECOND, buf, n);
	n = telegram("XXX5METER", 0);
	assert_int_equal(push_at(3 * SECOND, buf, n), LISTEN_GOOD);
}

/* It is longer than what is decided as a stream of nothing. */
static void a_long_telegram_is_waited_for(void **state)
{
	static char text[STREAM_MIN + 200];
	size_t n = (size_t)snprintf(text, sizeof(text), "/XXX5METER\r\n\r\n");

	while (n < STREAM_MIN + 100)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "1-0:1.7.0(0000.123*kW)\r\n");
	begin();
	for (size_t i = 0; i < n; i += 100)
		assert_int_equal(push_at(SECOND + i, text + i, n - i < 100 ? n - i : 100), LISTEN_ON);
	/* What has begun when the time is over, too. */
	assert_int_equal(push_at(TIME + 1, "1", 1), LISTEN_ON);
}

/* Octets of a long frame of M-Bus with these data; it is the only one of its message. */
static size_t mbus_frame(const void *data, size_t n)
{
	u8 head[] = { 0x68, n + 5, n + 5, 0x68, 0x53, 0xff, 0x10, 0x01, 0x67 };
	u8 sum = 0;

	memcpy(buf, head, sizeof(head));
	memcpy(buf + sizeof(head), data, n);
	for (size_t i = 4; i < sizeof(head) + n; i++)
		sum += buf[i];
	buf[sizeof(head) + n] = sum;
	buf[sizeof(head) + n + 1] = 0x16;
	return sizeof(head) + n + 2;
}

/* System title, length, security control, frame counter, and the rest. */
static const u8 ciphered[] = "\xdb\x08KAM\x45\x01\xab\xf4\x3f\x15\x20\0\0\0\1what is encrypted";

static void mbus_is_good_at_once(void **state)
{
	size_t n = mbus_frame(ciphered, sizeof(ciphered) - 2);

	begin();
	/* In the middle of a message: the next one is waited for. */
	assert_int_equal(burst_at(1, buf + 8, n - 8), LISTEN_ON);
	assert_int_equal(push_at(SECOND, buf, n), LISTEN_GOOD);
	assert_int_equal(l.result.framing, LINK_MBUS);
	assert_int_equal(l.result.encrypted, 1);
	assert_string_equal(l.result.title, "KAM4501ABF43F");
	/* A wrong sum is worth the whole time; no control field of a meter is not. */
	begin();
	buf[n - 2]++;
	assert_int_equal(burst_at(SECOND, buf, n), LISTEN_ON);
	assert_int_equal(tick_at(TIME), LISTEN_OTHER);
	assert_int_equal(l.result.other, LISTEN_MBUS);
	begin();
	buf[4] = 0x44;
	assert_int_equal(burst_at(SECOND, buf, n), LISTEN_BAD);
	assert_int_equal(l.result.other, LISTEN_NOTHING_ELSE);
}

static void a_bare_apdu_is_good_at_once(void **state)
{
	begin();
	/* Not behind octets without a pause: there it would be found in any noise. */
	push_at(1, "\x01", 1);
	assert_int_equal(burst_at(2, ciphered, sizeof(ciphered) - 2), LISTEN_ON);
	assert_int_equal(push_at(2 * SECOND, ciphered, sizeof(ciphered) - 3), LISTEN_ON);
	assert_int_equal(push_at(2 * SECOND + 1, ciphered + sizeof(ciphered) - 3, 1), LISTEN_GOOD);
	assert_int_equal(l.result.framing, LINK_APDU);
	assert_string_equal(l.result.title, "KAM4501ABF43F");
}

static void encrypted_messages_are_named(void **state)
{
	u8 info[64] = "\xe6\xe7";
	size_t n;

	memcpy(info + 3, ciphered, sizeof(ciphered) - 2);
	n = frame(info, 3 + sizeof(ciphered) - 2, false);
	begin();
	assert_int_equal(push_at(SECOND, buf, n), LISTEN_GOOD);
	assert_int_equal(l.result.encrypted, 1);
	assert_int_equal(l.result.messages, 0);
	assert_string_equal(l.result.title, "KAM4501ABF43F");
	assert_non_null(strstr(l.result.ciphered, "KAM"));
}

/* The checksum says that the setting is right; what is in the frame is another matter. */
static void frames_that_are_not_read_are_good_when_they_end(void **state)
{
	static const struct {
		const char *info;
		size_t n;
		bool segmented;
	} rows[] = {
		{ "\xe6\xe7\x00\x0f\0\0\0\1\0\x01\x01\x06\0\0", 14, true },
		{ "\xe6\xe7\x00\xe0\x40\x00\x01\x00\x00\x12 and what is in it", 28, false },
		{ "\xe6\xe7\x00\x55", 4, false },
		{ "\xe6\xe7\x00\x0f\0\0\0\1", 8, false },
		/* A list without a number: well-formed, and nobody's. */
		{ "\xe6\xe7\x00\x0f\0\0\0\1\0\x02\x01\x09\x02" "ab", 15, false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct listen_result *r = &l.result;
		size_t n = frame(rows[i].info, rows[i].n, rows[i].segmented);

		begin();
		push_at(SECOND, buf, n);
		tick_at(SECOND + PAUSE);
		assert_int_equal(r->state, LISTEN_GOOD);
		assert_int_equal(r->frames, 1);
		assert_int_equal(r->messages, 0);
		assert_int_equal(r->segments, i == 0 || i == 1);
		assert_int_equal(r->unreadable, i == 2 || i == 3);
		assert_int_equal(r->unknown, i == 4);
	}
}

static void texts_of_a_meter_are_harmless(void **state)
{
	size_t n = message(SIM_KAIFA, 2);
	u8 *p = memmem(buf, n, "KFM_001", 7);

	assert_non_null(p);
	memcpy(p, "KFM_\033\n\x9b", 7);
	enc_hdlc_seal(buf + 1, n - 2);
	begin();
	assert_int_equal(push_at(SECOND, buf, n), LISTEN_GOOD);
	assert_string_equal(l.result.version, "KFM_???");
}

static void the_end_counts_what_is_there(void **state)
{
	size_t n = message(SIM_AIDON, 2);

	begin();
	push_at(SECOND, buf, n / 2);
	listen_end(&l, BEGIN + 2 * SECOND);
	assert_int_equal(l.result.state, LISTEN_ON);
	assert_int_equal(l.result.bad_frames, 1);
	assert_int_equal(l.result.us, 2 * SECOND);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_message_is_good_at_once),
		cmocka_unit_test(the_maker_is_waited_for),
		cmocka_unit_test(errors_of_the_line_flaw_it),
		cmocka_unit_test(fillers_of_breaks_may_be_octets),
		cmocka_unit_test(the_driver_may_count_what_it_does_not_mark),
		cmocka_unit_test(the_first_burst_is_a_bad_witness_of_errors),
		cmocka_unit_test(silence_takes_the_whole_time),
		cmocka_unit_test(a_burst_that_is_no_frame_is_bad),
		cmocka_unit_test(a_burst_that_was_going_on_is_not_asked),
		cmocka_unit_test(a_damaged_frame_has_a_second_chance),
		cmocka_unit_test(blips_of_a_plug_are_no_bursts),
		cmocka_unit_test(good_headers_are_worth_the_whole_time),
		cmocka_unit_test(a_frame_that_is_cut_off_costs_itself),
		cmocka_unit_test(a_frame_that_has_begun_is_waited_for),
		cmocka_unit_test(a_stream_without_a_pause_is_bad),
		cmocka_unit_test(frames_back_to_back_are_good),
		cmocka_unit_test(text_is_named),
		cmocka_unit_test(a_telegram_is_good_at_once),
		cmocka_unit_test(a_telegram_without_a_checksum_is_good),
		cmocka_unit_test(telegrams_that_are_damaged),
		cmocka_unit_test(a_long_telegram_is_waited_for),
		cmocka_unit_test(mbus_is_good_at_once),
		cmocka_unit_test(a_bare_apdu_is_good_at_once),
		cmocka_unit_test(encrypted_messages_are_named),
		cmocka_unit_test(frames_that_are_not_read_are_good_when_they_end),
		cmocka_unit_test(texts_of_a_meter_are_harmless),
		cmocka_unit_test(the_end_counts_what_is_there),
	};

	return cmocka_run_group_tests_name("probe", tests, NULL, NULL);
}
