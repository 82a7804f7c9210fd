// SPDX-License-Identifier: GPL-2.0
/*
 * Masks: what a report does not say in frames and datagrams.
 */
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
#include "ctl/mask.c"
#include "ctl/mask_host.c"
#include "ctl/mask_octets.c"
#include "ctl/mask_sums.c"
#include "ctl/mask_text.c"
#include "ctl/text.c"
#include "link/hextext.h"
#include "meter/message.h"

struct caught {
	u8 frame[AMSHAN_FRAME_MAX];
	size_t n;
};

static void catch(void *ctx, const u8 *frame, size_t n)
{
	struct caught *c = ctx;

	memcpy(c->frame, frame, n);
	c->n = n;
}

static struct caught framed(const u8 *octets, size_t n)
{
	static struct framer f;
	struct caught c = { 0 };

	framer_init(&f);
	framer_push(&f, octets, NULL, n, 0, catch, &c);
	assert_true(c.n);
	return c;
}

static void decode(const struct caught *c, struct decoder *d, struct message *ret)
{
	struct hdlc_frame h;
	const u8 *p;

	assert_int_equal(hdlc_frame_parse(c->frame, c->n, &h), 0);
	p = h.info;
	assert_int_equal(message_next(d, &p, h.info + h.info_len, ret), 0);
}

/* Of every list of every maker: only the number is gone; everything else is where it was. */
static void numbers_of_meters_are_gone_and_nothing_else(void **state)
{
	unsigned int with_number = 0;

	for (int form = 0; form < SIM_FORMS; form++)
		for (int list = 1; list <= 3; list++) {
			static struct message was, is;
			struct decoder d1 = { 0 }, d2 = { 0 };
			struct caught before, after;
			u8 buf[ENC_OCTETS_MAX];
			struct sim_values v;
			const u8 *id;
			size_t masked;
			int n;

			if (!sim_form_has_list(form, list))
				continue;
			sim_values_example(form, &v);
			n = sim_build(form, list, SIM_HDLC, &v, buf, sizeof(buf), NULL);
			assert_true(n > 0);
			before = after = framed(buf, (size_t)n);
			masked = mask_octets(NULL, after.frame, after.n);
			id = *v.id ? memmem(before.frame, before.n, v.id, strlen(v.id)) : NULL;
			if (id) {
				assert_int_equal(masked, strlen(v.id));
				assert_null(memmem(after.frame, after.n, v.id, strlen(v.id)));
				memset(before.frame + (id - before.frame), MASK_OCTET, strlen(v.id));
				/* The checksum does not tell what it was of, and is good. */
				assert_true(has_good_fcs(after.frame, after.n));
				memcpy(before.frame + before.n - 2, after.frame + after.n - 2, 2);
				with_number++;
			} else {
				assert_int_equal(masked, 0);
			}
			assert_memory_equal(before.frame, after.frame, before.n);
			decode(&before, &d1, &was);
			decode(&after, &d2, &is);
			assert_int_equal(was.list.n, is.list.n);
			assert_memory_equal(was.readings.value, is.readings.value,
					    sizeof(was.readings.value));
			assert_int_equal(was.readings.identity[ID_METER_TYPE].len,
					 is.readings.identity[ID_METER_TYPE].len);
		}
	assert_true(with_number >= 20);
}

/* As it came and as it goes out, in hex; without an HDLC frame around it. */
static const struct {
	const char *in;
	const char *out;
} datagrams[] = {
	/* general-glo-ciphering, with and without LLC: KAM and LGZ stay */
	{ "db 08 4b414d4501020304 20 30 00000001 3132333435363738 ff",
	  "db 08 4b414d5858585858 20 30 00000001 5858585858585858 ff" },
	{ "e6e700 db 08 4c475a6730123456 0f 20 00000001 a1b2",
	  "e6e700 db 08 4c475a5858585858 0f 20 00000001 a1b2" },
	/* of three letters and an X */
	{ "db 08 4b414d5801020304 20 ff", "db 08 4b414d5858585858 20 ff" },
	/* general-ciphering: behind the number of the transaction, of sender and receiver; and a
	   request of an association */
	{ "dd 02 0001 08 4b414d4501020304 08 4b464d1011121314 00",
	  "dd 02 0001 08 4b414d5858585858 08 4b464d5858585858 00" },
	{ "dd 00 08 6b616d4501020304 00", "dd 00 08 6b616d5858585858 00" },
	{ "60 1d a6 0a 04 08 4c475a6730123456 be 01", "60 1d a6 0a 04 08 4c475a5858585858 be 01" },
	{ "dc 05 4b464d1011 01 20", "dc 05 4b464d5858 01 20" },
	{ "db 00 10 20", "db 00 10 20" },
	/* the same within a block, and within an M-Bus frame of Kaifa (AT) */
	{ "e0 40 0001 0000 10 db084b464d1020304050 0f", "e0 40 0001 0000 10 db084b464d5858585858 0f" },
	{ "68 13 13 68 53 ff 00 01 67 db084b464d102030405060 20 16 16",
	  "68 13 13 68 53 ff 00 01 67 db084b464d585858585860 20 16 16" },
	/* M-Bus of a heat meter: its number in BCD; a wrong checksum tells as much */
	{ "68 0b 0b 68 08 01 72 78563412 2d2c 0104 ed 16",
	  "68 0b 0b 68 08 01 72 58585858 2d2c 0104 39 16" },
	{ "68 09 09 68 08 01 72 78563412 2d2c e8 16", "68 09 09 68 08 01 72 58585858 2d2c 34 16" },
	{ "68 09 09 68 08 01 72 78563412 2d2c e7 16", "68 09 09 68 08 01 72 58585858 2d2c 58 16" },
	/* in each frame of several, and again in a record, in either order */
	{ "68 07 07 68 08 01 72 78563412 8f 16 68 0d 0d 68 08 01 72 21436587 0c78 21436587 9f 16 00 12345678",
	  "68 07 07 68 08 01 72 58585858 db 16 68 0d 0d 68 08 01 72 58585858 0c78 58585858 bf 16 00 58585858" },
	/* a record that has another number than the head; a text in one */
	{ "68 0d 0d 68 08 01 72 78563412 0c78 99887766 00 16",
	  "68 0d 0d 68 08 01 72 58585858 0c78 58585858 58 16" },
	{ "68 0e 0e 68 08 01 72 78563412 0d79 04 31324142 00 16",
	  "68 0e 0e 68 08 01 72 58585858 0d79 04 58585858 58 16" },
	/* that of fixed structure, that of a selection; one that nobody has set */
	{ "68 07 07 68 08 01 73 78563412 00 16", "68 07 07 68 08 01 73 58585858 58 16" },
	{ "68 07 07 68 53 fd 52 78563412 00 16", "68 07 07 68 53 fd 52 58585858 58 16" },
	{ "68 07 07 68 08 01 72 00000000 7b 16 00000000", "68 07 07 68 08 01 72 58585858 db 16 00000000" },
	/* a string of 48 digits: its length is a digit, too, and stays */
	{ "01 0a 30 303132333435363738393031323334353637383930313233343536373839"
	  "303132333435363738393031323334353637 00",
	  "01 0a 30 585858585858585858585858585858585858585858585858585858585858"
	  "585858585858585858585858585858585858 00" },
	/* a code of digits by accident: 52 and 72 are L2 and L3 */
	{ "02 09 06 0100340700ff 12 3031 02", "02 09 06 0100340700ff 12 3031 02" },
	/* the piece of a number at the end and at the beginning of a segment */
	{ "01 0a 10 373335", "01 0a 10 585858" },
	{ "3432 02 02 09", "5858 02 02 09" },
	/* P1: text all through, so a digit behind a line feed is no length */
	{ "2f4b464d350d0a0d0a 302d303a39362e312e3128 3132333435363738 290d0a",
	  "2f4b464d350d0a0d0a 302d303a39362e312e3128 5858585858585858 290d0a" },
	{ "2f580d0a3132333435363738390d0a", "2f580d0a5858585858585858580d0a" },
	/* a number in groups */
	{ "0a 13 373335392d393932382d393039342d31373432 00 0a 05 31322d3334 00",
	  "0a 13 58585858585858585858585858585858585858 00 0a 05 31322d3334 00" },
	/* its checksum is made anew, or masked if it was wrong */
	{ "2f580d0a 28 3132333435363738 29 0d0a 21 36333030 0d0a",
	  "2f580d0a 28 5858585858585858 29 0d0a 21 35463044 0d0a" },
	{ "2f580d0a 28 3132333435363738 29 0d0a 21 30303030 0d0a",
	  "2f580d0a 28 5858585858585858 29 0d0a 21 58585858 0d0a" },
	/* on 1-1:96.1.1 stands the type of a Kamstrup, and the number of others */
	{ "09 06 0101600101ff 0a 12 363834313132314e32343331303130343030 00",
	  "09 06 0101600101ff 0a 12 363834313132314e32343331303130343030 00" },
	{ "09 06 0101600101ff 0a 12 363834313132313132343331303130343030 00",
	  "09 06 0101600101ff 0a 12 585858585858585858585858585858585858 00" },
	{ "09 06 0101600101ff 0a 10 37333539393932383930393431373432 00",
	  "09 06 0101600101ff 0a 10 58585858585858585858585858585858 00" },
};

static size_t octets(const char *hex, u8 *buf)
{
	size_t n = 0;

	assert_int_equal(hextext_decode((const u8 *)hex, strlen(hex), buf, &n, NULL), 0);
	return n;
}

static void datagrams_lose_what_they_must(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(datagrams); i++) {
		u8 in[512], out[512];
		size_t n = octets(datagrams[i].in, in), changed = 0;
		u8 was[512];

		assert_int_equal(octets(datagrams[i].out, out), n);
		memcpy(was, in, n);
		mask_octets(NULL, in, n);
		for (size_t k = 0; k < n; k++)
			changed += in[k] != out[k];
		if (changed)
			print_error("row %zu: %s\n", i, datagrams[i].in);
		assert_memory_equal(in, out, n);
	}
	assert_int_equal(mask_octets(NULL, NULL, 0), 0);
}

/* Checksums and header of a frame may look like digits; one that was wrong is masked. */
static void header_of_a_frame_stays(void **state)
{
	u8 frame[] = { 0xa0, 0x14, 0x30, 0x30, 0x31, 0x31, 0x31, 0x31, 0x00,	/* no good header */
		       0, 0, 0, 0, 0, 0, 0, 0, 0, 0x31, 0x32 };
	u8 wrong[] = { 0xa0, 0x17, 0x41, 0x08, 0x83, 0x13, 0x31, 0x32,		/* HCS "12" */
		       0x0a, 0x0b, '1', '2', '3', '4', '5', '6', '7', '8', '9', '0', '1',
		       0x33, 0x34 };						/* FCS "34" */
	u8 quiet[] = { 0xa0, 0x0d, 0x41, 0x08, 0x83, 0x13, 0x31, 0x32,
		       0x0a, 0x01, 'a', 0x33, 0x34 };
	u8 want[sizeof(wrong)];

	memcpy(want, wrong, sizeof(wrong));
	memset(want + 10, MASK_OCTET, 13);
	assert_int_equal(mask_octets(NULL, wrong, sizeof(wrong)), 13);
	assert_memory_equal(wrong, want, sizeof(wrong));
	/* Nothing was masked: it is as it came. */
	memcpy(want, quiet, sizeof(quiet));
	assert_int_equal(mask_octets(NULL, quiet, sizeof(quiet)), 0);
	assert_memory_equal(quiet, want, sizeof(quiet));
	/* What only looks like a frame is a datagram. */
	assert_true(mask_octets(NULL, frame, sizeof(frame)) >= 6);
}

/* A frame around 0a 08 and eight digits; returns its length */
static size_t frame_with(const char *digits, u8 *p)
{
	u16 crc;

	memcpy(p, (const u8[]){ 0xa0, 0x14, 0x41, 0x08, 0x83, 0x13 }, 6);
	crc = (u16)~amshan_crc16(AMSHAN_CRC16_INIT, p, 6);
	p[6] = crc & 0xff;
	p[7] = crc >> 8;
	memcpy(p + 8, (const u8[]){ 0x0a, 0x08 }, 2);
	memcpy(p + 10, digits, 8);
	crc = (u16)~amshan_crc16(AMSHAN_CRC16_INIT, p, 18);
	p[18] = crc & 0xff;
	p[19] = crc >> 8;
	return 20;
}

/* Two that differ in what is masked alone are the same then: nothing of it is left. */
static void what_was_masked_leaves_no_trace(void **state)
{
	static const char *const rows[][2] = {
		/* M-Bus, twice in a datagram, and P1, with good checksums */
		{ "68 07 07 68 08 01 72 78563412 8f 16 68 07 07 68 08 01 72 11111111 bf 16",
		  "68 07 07 68 08 01 72 99999999 df 16 68 07 07 68 08 01 72 12345678 8f 16" },
		{ "68 07 07 68 08 01 72 78563412 8f 16", "68 07 07 68 08 01 72 11223344 25 16" },
	};
	u8 one[64], two[64];
	size_t n;

	n = frame_with("12345678", one);
	frame_with("87654321", two);
	assert_int_equal(mask_octets(NULL, one, n), 8);
	assert_int_equal(mask_octets(NULL, two, n), 8);
	assert_memory_equal(one, two, n);
	assert_true(has_good_fcs(one, n));
	/* Among other octets, as in a datagram that is too long. */
	memcpy(one, "\x7e\x00\x7e", 3);
	memcpy(two, one, 3);
	frame_with("12345678", one + 3);
	frame_with("87654321", two + 3);
	one[n + 3] = two[n + 3] = 0x7e;
	assert_int_equal(mask_octets(NULL, one, n + 4), 8);
	mask_octets(NULL, two, n + 4);
	assert_memory_equal(one, two, n + 4);
	assert_true(has_good_fcs(one + 3, n));
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		n = octets(rows[i][0], one);
		assert_int_equal(octets(rows[i][1], two), n);
		mask_octets(NULL, one, n);
		mask_octets(NULL, two, n);
		assert_memory_equal(one, two, n);
	}
}

/* What is too long to be a message is kept as it was sent, which may be hex text. */
static void hex_text_loses_the_same(void **state)
{
	static const struct {
		const char *in, *out;
	} rows[] = {
		{ "e6 e7 00 0f 00 00 00 00 00 02 02 0a 08 31 32 33 34 35 36 37 38 12 04 d2 00 00\n",
		  "e6 e7 00 0f 00 00 00 00 00 02 02 0a 08 58 58 58 58 58 58 58 58 12 04 d2 00 00\n" },
		{ "# of joe, 12\nE6E7000F000000000002020A0831323334353637381204D20000000000000000000",
		  "# XX XXX, XX\nE6E7000F000000000002020A0858585858585858581204D20000000000000000000" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		size_t n = strlen(rows[i].in);
		u8 *p = malloc(n);

		assert_non_null(p);
		memcpy(p, rows[i].in, n);
		assert_true(mask_octets(NULL, p, n) >= 8);
		assert_memory_equal(p, rows[i].out, n);
		free(p);
	}
}

static void known_numbers_go_also_with_few_digits(void **state)
{
	u8 p[] = "\x0a\x08" "HOUSE-AB" "\x0a\x06" "V00012" "\x00";
	struct mask m = { 0 };

	mask_learn(&m, MASK_METER, "HOUSE-AB");
	mask_learn(&m, MASK_SERIAL, "V00012");
	assert_int_equal(mask_octets(&m, p, sizeof(p) - 1), 8);
	assert_memory_equal(p, "\x0a\x08" "XXXXXXXX" "\x0a\x06" "V00012" "\x00", sizeof(p) - 1);
	mask_clear(&m);
}

/*
 * Any octets, each in room of exactly its size: what changed is an X, and that is what was counted;
 * but for a checksum that happens to be right.
 */
static void any_octets_are_safe(void **state)
{
	static const u8 likely[] = { '0', '9', 'A', 0x09, 0x0a, 0xdb, 0x08, 0x68, 0x72, 0xa0, 0x00, 0xe6 };
	u32 seed = 1;

	for (unsigned int i = 0; i < 20000; i++) {
		size_t n = i % 64, changed = 0, anew = 0, masked;
		u8 *p = malloc(n ?: 1), was[64];

		assert_non_null(p);
		for (size_t k = 0; k < n; k++) {
			seed = seed * 1664525 + 1013904223;
			p[k] = likely[(seed >> 16) % ARRAY_SIZE(likely)];
		}
		memcpy(was, p, n);
		masked = mask_octets(NULL, p, n);
		for (size_t k = 0; k < n; k++) {
			changed += p[k] != was[k];
			anew += p[k] != was[k] && p[k] != MASK_OCTET;
		}
		assert_int_equal(masked, changed - anew);
		assert_true(!anew || (masked && anew <= 4));
		free(p);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_of_meters_are_gone_and_nothing_else),
		cmocka_unit_test(datagrams_lose_what_they_must),
		cmocka_unit_test(header_of_a_frame_stays),
		cmocka_unit_test(what_was_masked_leaves_no_trace),
		cmocka_unit_test(hex_text_loses_the_same),
		cmocka_unit_test(known_numbers_go_also_with_few_digits),
		cmocka_unit_test(any_octets_are_safe),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
