// SPDX-License-Identifier: GPL-2.0
/*
 * What the simulator lays around a message, and the messages of makers beyond the Nordic lists.
 *
 * Held against octets written by hand from the standards and the makers' documents; ciphered ones
 * are opened by libcrypto.  Nothing here is the daemon's.
 */
#include <errno.h>
#include <openssl/evp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../sim/gcm.h"
#include "../sim/meters.h"

#define GOOD_RESIDUE	0x0f47	/* of a field and its checksum, complemented: ~F0B8h */
#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

static u8 buf[SIM_OCTETS_MAX];
static struct sim_values values;
static struct sim_expected expected;
static struct sim_channel channel;
static struct sim_parts parts;

static size_t build(enum sim_form form, const struct sim_wrap *w)
{
	int n;

	sim_values_example(form, &values);
	n = sim_build_wrapped(form, 3, w, &values, buf, sizeof(buf), &expected, &channel, &parts);
	if (n < 0)
		fail_msg("%s: %s", sim_form_name(form), strerror(-n));
	assert_int_equal(parts.end[parts.n - 1], n);
	return (size_t)n;
}

/* The same message without anything around it; returns its length. */
static size_t plain_apdu(enum sim_form form, u8 *apdu)
{
	int n;

	sim_values_example(form, &values);
	n = sim_build(form, 3, SIM_APDU, &values, apdu, SIM_OCTETS_MAX, NULL);
	assert_true(n > 0);
	return (size_t)n;
}

static size_t begin_of(unsigned int part)
{
	return part ? parts.end[part - 1] : 0;
}

/* ---- frames ---- */

static void plain_hdlc_is_what_the_plain_builder_makes(void **state)
{
	u8 plain[ENC_OCTETS_MAX];
	int n;

	for (int form = 0; form < SIM_FORMS; form++) {
		size_t wrapped = build(form, &(struct sim_wrap){ .framing = SIM_HDLC });

		n = sim_build(form, 3, SIM_HDLC, &values, plain, sizeof(plain), NULL);
		assert_int_equal(wrapped, n);
		assert_int_equal(parts.n, 1);
		assert_memory_equal(buf, plain, wrapped);
	}
}

static void segments_are_frames_with_the_segment_bit(void **state)
{
	u8 apdu[SIM_OCTETS_MAX], info[SIM_OCTETS_MAX];
	size_t n_apdu = plain_apdu(SIM_AIDON, apdu), n = 0;

	build(SIM_AIDON, &(struct sim_wrap){ .segment = 100 });
	assert_int_equal(parts.n, (3 + n_apdu + 99) / 100);
	for (unsigned int i = 0; i < parts.n; i++) {
		const u8 *frame = buf + begin_of(i);
		size_t len = parts.end[i] - begin_of(i) - 2, field = len - 10;

		assert_int_equal(frame[0], 0x7e);
		assert_int_equal(frame[1 + len], 0x7e);
		assert_int_equal(frame[1] << 8 | frame[2],
				 (i + 1 < parts.n ? 0xa800 : 0xa000) | len);
		assert_int_equal(sim_crc16(frame + 1, len), GOOD_RESIDUE);
		assert_true(i + 1 == parts.n || field == 100);
		memcpy(info + n, frame + 9, field);
		n += field;
	}
	assert_int_equal(n, 3 + n_apdu);
	assert_memory_equal(info, "\xe6\xe7\x00", 3);
	assert_memory_equal(info + 3, apdu, n_apdu);
}

/* Sum and stop are looked at, then the data copied; returns their number. */
static size_t mbus_data(unsigned int part, u8 ci, u8 *data)
{
	const u8 *f = buf + begin_of(part);
	size_t n = parts.end[part] - begin_of(part);
	u8 sum = 0;

	assert_int_equal(f[0], 0x68);
	assert_int_equal(f[1], (n - 6) % 256);
	assert_int_equal(f[2], f[1]);
	assert_int_equal(f[3], 0x68);
	assert_int_equal(f[4], 0x53);
	assert_int_equal(f[5], 0xff);
	assert_int_equal(f[6], ci);
	assert_memory_equal(f + 7, "\x01\x67", 2);
	for (size_t i = 4; i < n - 2; i++)
		sum += f[i];
	assert_int_equal(f[n - 2], sum);
	assert_int_equal(f[n - 1], 0x16);
	memcpy(data, f + 9, n - 11);
	return n - 11;
}

static void mbus_frames_carry_the_apdu_in_sequence(void **state)
{
	u8 apdu[SIM_OCTETS_MAX], data[SIM_OCTETS_MAX];
	size_t n_apdu = plain_apdu(SIM_KAIFA_AT, apdu), n = 0;

	build(SIM_KAIFA_AT, &(struct sim_wrap){ .framing = SIM_MBUS, .mbus_length = 105 });
	assert_int_equal(n_apdu, 243);
	assert_int_equal(parts.n, 3);
	n += mbus_data(0, 0x00, data);
	n += mbus_data(1, 0x01, data + n);
	n += mbus_data(2, 0x12, data + n);
	assert_int_equal(n, n_apdu);
	assert_memory_equal(data, apdu, n);
}

static const struct sim_cipher with_tag = {
	.seal = sim_gcm_seal,
	.key = "\x00\x11\x22\x33\x44\x55\x66\x77\x88\x99\xaa\xbb\xcc\xdd\xee\xff",
	.auth_key = "\xd0\xd1\xd2\xd3\xd4\xd5\xd6\xd7\xd8\xd9\xda\xdb\xdc\xdd\xde\xdf",
	.has_auth_key = true,
	.title = { 'S', 'I', 'M', 0, 0, 0, 0, 7 },
	.security = 0x30,
	.counter = 0x01234567,
};

static struct sim_cipher without_tag(void)
{
	struct sim_cipher c = with_tag;

	c.security = 0x20;
	return c;
}

/* Kaifa: an L of FAh, then the rest.  Sagemcom: one frame, 257 and more are sent modulo 256. */
static void lengths_of_austrian_frames(void **state)
{
	struct sim_cipher c = without_tag();
	struct sim_wrap w = { .framing = SIM_MBUS, .cipher = &c };
	u8 data[SIM_OCTETS_MAX];
	size_t n;

	n = build(SIM_KAIFA_AT, &w);
	assert_int_equal(parts.n, 2);
	assert_int_equal(buf[1], 0xfa);
	assert_int_equal(parts.end[0], 256);
	/* DB 08 title, 81 F8, security and counter, 243 octets of APDU: 260 of data in all. */
	assert_int_equal(mbus_data(0, 0x00, data) + mbus_data(1, 0x11, data), 260);
	n = build(SIM_SAGEMCOM_AT, &w);
	assert_int_equal(parts.n, 1);
	assert_int_equal(n, 6 + 5 + 260);
	assert_int_equal(buf[1], 265 - 256);
	assert_int_equal(mbus_data(0, 0x10, data), 260);
}

static void more_mbus_frames_than_sequence_numbers_are_refused(void **state)
{
	struct sim_wrap w = { .framing = SIM_MBUS, .mbus_length = 20 };	/* 15 octets of data */

	sim_values_example(SIM_KAIFA_AT, &values);
	assert_int_equal(sim_build_wrapped(SIM_KAIFA_AT, 3, &w, &values, buf, sizeof(buf), NULL, NULL,
					   &parts), -EMSGSIZE);
	w.mbus_length = 21;	/* 16 frames of 16 octets are enough for 243 */
	build(SIM_KAIFA_AT, &w);
	assert_int_equal(parts.n, 16);
}

/* ---- blocks ---- */

static void blocks_are_numbered_and_the_last_says_so(void **state)
{
	u8 apdu[SIM_OCTETS_MAX];
	size_t n_apdu = plain_apdu(SIM_LG_E450, apdu), at = 0;

	build(SIM_LG_E450, &(struct sim_wrap){ .framing = SIM_APDU, .block = 127 });
	assert_int_equal(parts.n, (n_apdu + 126) / 127);
	for (unsigned int i = 0; i < parts.n; i++) {
		const u8 *block = buf + begin_of(i);
		size_t len = n_apdu - at < 127 ? n_apdu - at : 127;

		assert_int_equal(block[0], 0xe0);
		assert_int_equal(block[1], i + 1 < parts.n ? 0x40 : 0xc0);
		assert_int_equal(block[2] << 8 | block[3], i + 1);
		assert_memory_equal(block + 4, "\0\0", 2);
		assert_int_equal(block[6], len);
		assert_memory_equal(block + 7, apdu + at, len);
		at += len;
	}
	assert_int_equal(at, n_apdu);
}

static void only_the_first_block_has_an_llc_header(void **state)
{
	build(SIM_LG_E450, &(struct sim_wrap){ .framing = SIM_HDLC, .block = 200 });
	assert_int_equal(parts.n, 2);
	/* Flag, format, three octets of addresses, control, HCS. */
	assert_memory_equal(buf + 9, "\xe6\xe7\x00\xe0\x40\x00\x01\x00\x00\x81\xc8\x0f", 12);
	assert_memory_equal(buf + parts.end[0] + 9, "\xe0\xc0\x00\x02\x00\x00", 6);
	assert_int_equal(buf[1] & 0x08, 0);
}

/* ---- ciphering ---- */

static bool open_gcm(const struct sim_cipher *c, const u8 *text, size_t n, const u8 *tag, u8 *plain)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	const u8 counter[4] = { c->counter >> 24, c->counter >> 16 & 0xff, c->counter >> 8 & 0xff,
				c->counter & 0xff };
	u8 iv[12], t[12];
	int len, ok;

	memcpy(iv, c->title, 8);
	memcpy(iv + 8, counter, 4);
	assert_int_equal(EVP_DecryptInit_ex(ctx, EVP_aes_128_gcm(), NULL, c->key, iv), 1);
	if (tag) {
		memcpy(t, tag, sizeof(t));
		assert_int_equal(EVP_DecryptUpdate(ctx, NULL, &len, &c->security, 1), 1);
		assert_int_equal(EVP_DecryptUpdate(ctx, NULL, &len, c->auth_key, 16), 1);
		assert_int_equal(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_SET_TAG, 12, t), 1);
	}
	assert_int_equal(EVP_DecryptUpdate(ctx, plain, &len, text, (int)n), 1);
	ok = !tag || EVP_DecryptFinal_ex(ctx, plain + n, &len) == 1;
	EVP_CIPHER_CTX_free(ctx);
	return ok;
}

static void ciphered_apdu_with_a_tag(void **state)
{
	struct sim_wrap w = { .framing = SIM_APDU, .cipher = &with_tag };
	u8 apdu[SIM_OCTETS_MAX], plain[SIM_OCTETS_MAX];
	size_t n_apdu = plain_apdu(SIM_AIDON, apdu), n = build(SIM_AIDON, &w);

	assert_int_equal(n, 10 + 3 + 5 + n_apdu + 12);
	assert_memory_equal(buf, "\xdb\x08SIM\0\0\0\0\x07\x82", 11);
	assert_int_equal(buf[11] << 8 | buf[12], 5 + n_apdu + 12);
	assert_memory_equal(buf + 13, "\x30\x01\x23\x45\x67", 5);
	assert_memory_not_equal(buf + 18, apdu, n_apdu);
	assert_true(open_gcm(&with_tag, buf + 18, n_apdu, buf + n - 12, plain));
	assert_memory_equal(plain, apdu, n_apdu);
	buf[20] ^= 1;
	assert_false(open_gcm(&with_tag, buf + 18, n_apdu, buf + n - 12, plain));
}

static void ciphered_apdu_without_a_tag(void **state)
{
	struct sim_cipher c = without_tag(), cut = with_tag;
	struct sim_wrap w = { .framing = SIM_LLC, .cipher = &c };
	u8 apdu[SIM_OCTETS_MAX], plain[SIM_OCTETS_MAX];
	size_t n_apdu = plain_apdu(SIM_ISKRA, apdu), n;

	c.dedicated = true;
	n = build(SIM_ISKRA, &w);
	assert_int_equal(n, 3 + 10 + 1 + 5 + n_apdu);
	assert_memory_equal(buf, "\xe6\xe7\x00\xdc\x08", 5);
	assert_int_equal(buf[13], 5 + n_apdu);
	assert_int_equal(buf[14], 0x20);
	assert_true(open_gcm(&c, buf + 19, n_apdu, NULL, plain));
	assert_memory_equal(plain, apdu, n_apdu);

	cut.no_tag = true;
	w.cipher = &cut;
	assert_int_equal(build(SIM_ISKRA, &w), n);
	assert_int_equal(buf[14], 0x30);
}

static void ciphering_needs_what_it_needs(void **state)
{
	struct sim_cipher c = with_tag;
	struct sim_wrap w = { .framing = SIM_HDLC, .cipher = &c };

	c.has_auth_key = false;
	sim_values_example(SIM_AIDON, &values);
	assert_int_equal(sim_build_wrapped(SIM_AIDON, 3, &w, &values, buf, sizeof(buf), NULL, NULL,
					   NULL), -EINVAL);
}

/* Luxembourg: the whole telegram, with its checksum, is the plain text; also in other envelopes. */
static void ciphered_telegrams(void **state)
{
	struct sim_wrap w = { .framing = SIM_P1, .cipher = &with_tag };
	u8 plain[SIM_OCTETS_MAX], bare[SIM_OCTETS_MAX], text[SIM_OCTETS_MAX];
	size_t n = build(SIM_P1_LU, &w);
	int n_text;

	memcpy(bare, buf, n);
	n_text = sim_build(SIM_P1_LU, 3, SIM_P1, &values, text, sizeof(text), NULL);
	assert_memory_equal(bare, "\xdb\x08SIM\0\0\0\0\x07\x82", 11);
	assert_int_equal(n, 18 + n_text + 12);
	assert_true(open_gcm(&with_tag, bare + 18, n_text, bare + n - 12, plain));
	assert_memory_equal(plain, text, n_text);

	w.framing = SIM_HDLC;
	build(SIM_P1_LU, &w);
	assert_memory_equal(buf + 9, "\xe6\xe7\x00", 3);
	assert_memory_equal(buf + 12, bare, n);
	w.framing = SIM_P1;
	w.p1_lines = true;
	build(SIM_P1_LU, &w);
	assert_memory_equal(buf, "/Lux5\\253770234_A\r\n\r\n\xdb", 22);
	assert_memory_equal(buf + 21, bare, n);
	assert_int_equal(buf[21 + n], '!');
}

static void what_makes_no_sense_is_refused(void **state)
{
	static const struct {
		enum sim_form form;
		struct sim_wrap w;
	} rows[] = {
		{ SIM_DSMR5, { .framing = SIM_HDLC } },
		{ SIM_DSMR5, { .framing = SIM_MBUS } },
		{ SIM_DSMR5, { .framing = SIM_BODY } },
		{ SIM_DSMR5, { .framing = SIM_P1, .block = 100 } },
		{ SIM_DSMR5, { .framing = SIM_P1, .p1_lines = true } },
		{ SIM_AIDON, { .framing = SIM_P1 } },
		{ SIM_AIDON, { .framing = SIM_P1, .cipher = &with_tag } },
		{ SIM_AIDON, { .framing = SIM_BODY, .cipher = &with_tag } },
		{ SIM_AIDON, { .framing = SIM_LLC, .segment = 10 } },
		{ SIM_AIDON, { .framing = SIM_MBUS, .mbus_length = 5 } },
		{ SIM_AIDON, { .framing = SIM_MBUS, .mbus_length = 512 } },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		sim_values_example(rows[i].form, &values);
		if (sim_build_wrapped(rows[i].form, 3, &rows[i].w, &values, buf, sizeof(buf), NULL,
				      NULL, NULL) != -EINVAL)
			fail_msg("row %zu is not refused", i);
	}
}

static void what_does_not_fit_is_not_written(void **state)
{
	static const struct sim_wrap wraps[] = {
		{ .framing = SIM_HDLC, .segment = 60 },
		{ .framing = SIM_MBUS, .cipher = &with_tag },
		{ .framing = SIM_LLC, .block = 60 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(wraps); i++) {
		size_t n = build(SIM_KAIFA_AT, &wraps[i]);

		for (size_t size = 0; size < n; size++) {
			buf[size] = 0x55;
			assert_int_equal(sim_build_wrapped(SIM_KAIFA_AT, 3, &wraps[i], &values, buf,
							   size, NULL, NULL, NULL), -ENOBUFS);
			assert_int_equal(buf[size], 0x55);
		}
	}
}

/* ---- messages ---- */

static void expect(const char *name, const char *text)
{
	const char *got = sim_expected_find(&expected, name);

	if (!got || strcmp(got, text))
		fail_msg("%s is %s, not %s", name, got ?: "not there", text);
}

static size_t build_body(enum sim_form form)
{
	int n;

	sim_values_example(form, &values);
	n = sim_build(form, 3, SIM_BODY, &values, buf, sizeof(buf), &expected);
	assert_true(n > 0);
	return (size_t)n;
}

static void assert_contains(size_t n, const void *octets, size_t len)
{
	assert_non_null(memmem(buf, n, octets, len));
}

#define CONTAINS(n, octets) assert_contains(n, octets, sizeof(octets) - 1)

/* Descriptor: class, code, attribute, index; the first one is of the array itself. */
static void push_with_object_list(void **state)
{
	size_t n = build_body(SIM_LG_E450);

	assert_memory_equal(buf, "\x02\x0d\x01\x0d"
		"\x02\x04\x12\x00\x28\x09\x06\x00\x08\x19\x09\x00\xff\x0f\x02\x12\x00\x00"
		"\x02\x04\x12\x00\x28\x09\x06\x00\x08\x19\x09\x00\xff\x0f\x01\x12\x00\x00"
		"\x02\x04\x12\x00\x01\x09\x06\x00\x00\x60\x01\x00\xff\x0f\x02\x12\x00\x00"
		"\x02\x04\x12\x00\x03\x09\x06\x01\x00\x01\x07\x00\xff\x0f\x02\x12\x00\x00", 76);
	/* Registers are of channel 1.  2.35 A, 230 V, 12345678 Wh. */
	CONTAINS(n, "\x12\x00\x03\x09\x06\x01\x01\x01\x08\x00\xff\x0f\x02");
	CONTAINS(n, "\x09\x06\x00\x08\x19\x09\x00\xff\x09\x08" "40000001\x06\x00\x00\x04\xd2");
	CONTAINS(n, "\x12\x00\xeb\x12\x00\x44\x12\x01\x5a\x12\x00\xe6\x12\x00\xe5\x12\x00\xe8");
	CONTAINS(n, "\x06\x00\xbc\x61\x4e\x06\x00\x00\x04\xd2");
	expect("meter_id", "40000001");
	expect("current_l1", "2.35");
	expect("voltage_l1", "230");

	n = build_body(SIM_LG_E360);
	assert_memory_equal(buf, "\x02\x10\x01\x10", 4);
	CONTAINS(n, "\x12\x00\x01\x09\x06\x00\x00\x2a\x00\x00\xff\x0f\x02");
	CONTAINS(n, "\x09\x10LGZ1030000000001");
	CONTAINS(n, "\x12\x08\xfd\x12\x08\xf7\x12\x09\x0e");
	expect("meter_id", "LGZ1030000000001");
	expect("voltage_l1", "230.1");
}

/* Clock, 11 x (code, value, {scaler, unit}), number. */
static void austrian_structure(void **state)
{
	size_t n = build_body(SIM_SAGEMCOM_AT);

	assert_memory_equal(buf, "\x02\x23\x09\x0c\x07\xea\x01\x15\x03\x0e\x00\x0a\x00\xff\xc4\x00"
			    "\x09\x06\x01\x00\x01\x08\x00\xff\x06\x00\xbc\x61\x4e"
			    "\x02\x02\x0f\x00\x16\x1e", 35);
	CONTAINS(n, "\x09\x06\x01\x00\x20\x07\x00\xff\x12\x08\xfd\x02\x02\x0f\xff\x16\x23");
	CONTAINS(n, "\x09\x06\x01\x00\x1f\x07\x00\xff\x12\x00\xeb\x02\x02\x0f\xfe\x16\x21");
	CONTAINS(n, "\x09\x06\x01\x00\x0d\x07\x00\xff\x10\x03\xd3\x02\x02\x0f\xfd\x16\xff"
		 "\x09\x0c" "178000000001");
	expect("power_factor", "0.979");
	expect("meter_time", "2026-01-21T14:00:10+01:00");
}

/* 2026-07-05T12:00:00Z: deviation and status tell of summer. */
static void told_summer_time(void **state)
{
	struct sim_expected x;
	int n;

	sim_values_example(SIM_KAIFA_AT, &values);
	values.clock = 1783252800;
	n = sim_build(SIM_KAIFA_AT, 3, SIM_BODY, &values, buf, sizeof(buf), &x);
	assert_true(n > 0);
	CONTAINS((size_t)n, "\x09\x0c\x07\xea\x07\x05\x07\x0e\x00\x00\x00\xff\x88\x80");
	assert_string_equal(sim_expected_find(&x, "meter_time"), "2026-07-05T14:00:00+02:00");
}

static void iskra_has_18_values_without_codes(void **state)
{
	size_t n = build_body(SIM_ISKRA);

	assert_memory_equal(buf, "\x02\x12\x09\x10ISK1030700000001\x09\x08" "00000000"
			    "\x06\x00\x00\x04\xd2\x06\x00\x00\x00\x00", 40);
	CONTAINS(n, "\x12\x08\xfd\x12\x08\xf7\x12\x09\x0e\x12\x00\xeb\x12\x00\x44\x12\x01\x5a");
	expect("meter_id", "ISK1030700000001");
	expect("current_l3", "3.46");
	expect("voltage_l3", "231.8");
}

static void danish_list_of_65(void **state)
{
	size_t n = build_body(SIM_KAMSTRUP_DK);

	assert_memory_equal(buf, "\x02\x41\x0a\x0eKamstrup_V0001", 18);
	CONTAINS(n, "\x09\x06\x01\x01\x20\x07\x00\xff\x12\x59\xe4");	/* 230.12 V */
	CONTAINS(n, "\x09\x06\x01\x01\x35\x07\x00\xff\x12\x00\x34");	/* 0.52 */
	CONTAINS(n, "\x09\x06\x01\x01\x15\x08\x00\xff\x06\x00\x09\x27\xc0");	/* 10 Wh */
	expect("power_factor_l2", "0.52");
	expect("active_energy_import_l1", "6000000");
	expect("active_power_import_l3", "700");
}

/* ---- telegrams ---- */

/* CRC-16/ARC by table, unlike the simulator's. */
static u16 arc(const u8 *p, size_t n)
{
	u16 table[256], crc = 0;

	for (unsigned int i = 0; i < 256; i++) {
		u16 v = i;

		for (int bit = 0; bit < 8; bit++)
			v = v >> 1 ^ (v & 1 ? 0xa001 : 0);
		table[i] = v;
	}
	while (n--)
		crc = crc >> 8 ^ table[(crc ^ *p++) & 0xff];
	return crc;
}

static const char *build_telegram(enum sim_form form, enum sim_p1_crc crc)
{
	size_t n = build(form, &(struct sim_wrap){ .framing = SIM_P1, .p1_crc = crc });

	assert_true(n < sizeof(buf));
	buf[n] = 0;
	assert_int_equal(strlen((char *)buf), n);
	return (const char *)buf;
}

static void crc16_arc_has_the_known_check_value(void **state)
{
	assert_int_equal(sim_crc16_arc((const u8 *)"123456789", 9), 0xbb3d);
	assert_int_equal(arc((const u8 *)"123456789", 9), 0xbb3d);
}

static void every_telegram_is_whole(void **state)
{
	for (int form = SIM_DSMR5; form < SIM_FORMS_ALL; form++) {
		const char *text = build_telegram(form, SIM_CRC_GOOD);
		const char *end = strchr(text, '!') + 1;

		assert_int_equal(text[0], '/');
		assert_int_equal(text[4], '5');
		assert_non_null(strstr(text, "\r\n\r\n"));
		assert_int_equal(strtoul(end, NULL, 16), arc(buf, (size_t)(end - text)));
		assert_int_equal(strspn(end, "0123456789ABCDEF"), 4);
		assert_string_equal(end + 4, "\r\n");
		for (const char *p = text; (p = strchr(p, '\n')); p++)
			assert_int_equal(p[-1], '\r');
		assert_int_equal(sim_form_framing(form), SIM_P1);
	}
}

static void checksums_that_are_none(void **state)
{
	const char *end = strchr(build_telegram(SIM_P1_SE, SIM_CRC_NONE), '!');

	assert_string_equal(end, "!\r\n");
	end = strchr(build_telegram(SIM_P1_SE, SIM_CRC_ZERO), '!');
	assert_string_equal(end, "!0000\r\n");
	end = strchr(build_telegram(SIM_P1_SE, SIM_CRC_WRONG), '!') + 1;
	assert_int_equal(strspn(end, "0123456789ABCDEF"), 4);
	assert_int_not_equal(strtoul(end, NULL, 16), arc(buf, (size_t)(end - (char *)buf)));
}

static void lines_of_telegrams(void **state)
{
	static const struct {
		enum sim_form form;
		const char *line;
	} rows[] = {
		{ SIM_DSMR5, "/ISK5\\2M550T-1013\r\n\r\n1-3:0.2.8(50)\r\n" },
		{ SIM_DSMR5, "0-0:1.0.0(260121140010W)" },
		{ SIM_DSMR5, "0-0:96.1.1(4530303430303030303030303030303031)" },
		{ SIM_DSMR5, "1-0:1.8.1(005000.000*kWh)\r\n1-0:1.8.2(007345.678*kWh)\r\n"
			     "1-0:2.8.1(000001.000*kWh)\r\n1-0:2.8.2(000000.234*kWh)" },
		{ SIM_DSMR5, "0-0:96.14.0(0002)\r\n1-0:1.7.0(01.234*kW)\r\n1-0:2.7.0(00.000*kW)" },
		{ SIM_DSMR5, "0-0:96.7.21(00007)\r\n0-0:96.7.9(00002)\r\n1-0:99.97.0(2)(0-0:96.7.19)(" },
		{ SIM_DSMR5, "1-0:32.32.0(00003)\r\n1-0:52.32.0(00001)\r\n1-0:72.32.0(00000)" },
		{ SIM_DSMR5, "1-0:72.36.0(00004)\r\n0-0:96.13.0()\r\n1-0:32.7.0(230.1*V)" },
		{ SIM_DSMR5, "1-0:31.7.0(002*A)\r\n1-0:51.7.0(001*A)\r\n1-0:71.7.0(003*A)" },
		{ SIM_DSMR5, "0-1:24.1.0(003)\r\n0-1:96.1.0(47303030303030303030303030303031)" },
		{ SIM_DSMR5, "0-1:24.2.1(260121140000W)(01234.567*m3)\r\n!" },
		{ SIM_FLUVIUS, "0-0:96.1.4(50221)" },
		{ SIM_FLUVIUS, "1-0:1.4.0(01.200*kW)\r\n1-0:1.6.0(260121140000W)(04.329*kW)" },
		{ SIM_FLUVIUS, "1-0:31.7.0(002.35*A)" },
		{ SIM_FLUVIUS, "0-1:24.2.3(260121140000W)(01234.567*m3)" },
		{ SIM_P1_SE, "1-0:1.8.0(00012345.678*kWh)" },
		{ SIM_P1_SE, "1-0:4.7.0(0000.256*kvar)" },
		{ SIM_P1_SE, "1-0:31.7.0(002.3*A)" },
		{ SIM_KAMSTRUP_P1, "/KAM5\r\n\r\n0-0:1.0.0(260121140010W)" },
		{ SIM_KAMSTRUP_P1, "1-0:3.8.0(00000345.678*kVArh)" },
		{ SIM_KAMSTRUP_P1, "1-0:64.7.0(0000.100*kVAr)" },
		{ SIM_P1_LU, "1-3:0.2.8(42)" },
		{ SIM_P1_LU, "1-0:4.8.0(000045.678*kvarh)" },
		{ SIM_P1_HU, "1-0:13.7.0(0.979)\r\n1-0:33.7.0(0.981)" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (!strstr(build_telegram(rows[i].form, SIM_CRC_GOOD), rows[i].line))
			fail_msg("%s lacks %s", sim_form_name(rows[i].form), rows[i].line);
}

static void readings_of_telegrams(void **state)
{
	build_telegram(SIM_DSMR5, SIM_CRC_GOOD);
	expect("meter_time", "2026-01-21T14:00:10");
	expect("active_energy_import_t1", "5000000");
	expect("active_power_import", "1234");
	expect("current_l1", "2");
	expect("voltage_l1", "230.1");
	expect("tariff", "2");
	expect("long_power_failures", "2");
	expect("voltage_swells_l3", "4");
	assert_null(sim_expected_find(&expected, "gas_volume"));
	assert_int_equal(channel.n, 3);
	assert_string_equal(channel.reading[0].name, "channel");
	assert_string_equal(channel.reading[0].text, "1");
	assert_string_equal(channel.reading[1].name, "meter_id");
	assert_string_equal(channel.reading[1].text, "G000000000000001");
	assert_string_equal(channel.reading[2].name, "gas_volume");
	assert_string_equal(channel.reading[2].text, "1234.567");
	expect("meter_id", "E0040000000000001");
	build_telegram(SIM_FLUVIUS, SIM_CRC_GOOD);
	expect("active_power_import_demand_max", "4329");
	build_telegram(SIM_P1_SE, SIM_CRC_GOOD);
	assert_int_equal(channel.n, 0);
	expect("reactive_energy_export", "45678");
}

/* 2026-07-05T12:00:00Z: the Dutch clock shows summer time and says so, the Swedish does neither. */
static void letters_of_the_season(void **state)
{
	static const struct {
		enum sim_form form;
		const char *clock;
	} rows[] = {
		{ SIM_DSMR5, "0-0:1.0.0(260705140000S)" },
		{ SIM_P1_SE, "0-0:1.0.0(260705130000W)" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		int n;

		sim_values_example(rows[i].form, &values);
		values.clock = 1783252800;
		n = sim_build(rows[i].form, 3, SIM_P1, &values, buf, sizeof(buf), NULL);
		assert_true(n > 0);
		assert_contains((size_t)n, rows[i].clock, strlen(rows[i].clock));
	}
}

static void a_value_with_too_many_digits_is_refused(void **state)
{
	sim_values_example(SIM_DSMR5, &values);
	values.q[SIM_P_IMPORT] = 99999;
	assert_true(sim_build(SIM_DSMR5, 3, SIM_P1, &values, buf, sizeof(buf), NULL) > 0);
	values.q[SIM_P_IMPORT] = 100000;
	assert_int_equal(sim_build(SIM_DSMR5, 3, SIM_P1, &values, buf, sizeof(buf), NULL), -ERANGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_hdlc_is_what_the_plain_builder_makes),
		cmocka_unit_test(segments_are_frames_with_the_segment_bit),
		cmocka_unit_test(mbus_frames_carry_the_apdu_in_sequence),
		cmocka_unit_test(lengths_of_austrian_frames),
		cmocka_unit_test(more_mbus_frames_than_sequence_numbers_are_refused),
		cmocka_unit_test(blocks_are_numbered_and_the_last_says_so),
		cmocka_unit_test(only_the_first_block_has_an_llc_header),
		cmocka_unit_test(ciphered_apdu_with_a_tag),
		cmocka_unit_test(ciphered_apdu_without_a_tag),
		cmocka_unit_test(ciphering_needs_what_it_needs),
		cmocka_unit_test(ciphered_telegrams),
		cmocka_unit_test(what_makes_no_sense_is_refused),
		cmocka_unit_test(what_does_not_fit_is_not_written),
		cmocka_unit_test(push_with_object_list),
		cmocka_unit_test(austrian_structure),
		cmocka_unit_test(told_summer_time),
		cmocka_unit_test(iskra_has_18_values_without_codes),
		cmocka_unit_test(danish_list_of_65),
		cmocka_unit_test(crc16_arc_has_the_known_check_value),
		cmocka_unit_test(every_telegram_is_whole),
		cmocka_unit_test(checksums_that_are_none),
		cmocka_unit_test(lines_of_telegrams),
		cmocka_unit_test(readings_of_telegrams),
		cmocka_unit_test(letters_of_the_season),
		cmocka_unit_test(a_value_with_too_many_digits_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
