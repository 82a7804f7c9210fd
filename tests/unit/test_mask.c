// SPDX-License-Identifier: GPL-2.0
/*
 * Masks: what a report does not say, in texts, in frames and in configurations.
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
#include "ctl/bugreport_config.c"
#include "ctl/mask.c"
#include "ctl/mask_octets.c"
#include "ctl/text.c"
#include "link/hextext.h"
#include "meter/message.h"

/* ---- texts ---- */

static const struct {
	const char *in;
	const char *out;
} texts[] = {
	{ "", "" },
	{ "readings arrive", "readings arrive" },
	/* numbers */
	{ "meter 7359992890941742 is there", "meter <number1> is there" },
	{ "12345", "12345" },
	{ "123456", "<number1>" },
	{ "LGZ1030655933512.", "<number1>." },
	{ "AIDON_V0001 MA304H3E 6534 Kamstrup_V0001", "AIDON_V0001 MA304H3E 6534 Kamstrup_V0001" },
	{ "a 123456 b 654321 c 123456", "a <number1> b <number2> c <number1>" },
	{ "amshan/7359992890941742/power", "amshan/<number1>/power" },
	/* counts */
	{ "1234567 octets and no frame, 1000000 HCS errors",
	  "1234567 octets and no frame, 1000000 HCS errors" },
	{ "1234567 octopuses", "<number1> octopuses" },
	/* times and versions */
	{ "2026-11-24T04:59:11.419Z", "2026-11-24T04:59:11.419Z" },
	{ "linux-headers-6.1.0-56-amd64", "linux-headers-6.1.0-56-amd64" },
	/* serial numbers, as udev names adapters */
	{ "serial:/dev/serial/by-id/usb-FTDI_FT232R_USB_UART_A10K1ABC-if00-port0?parity=even",
	  "serial:/dev/serial/by-id/usb-FTDI_FT232R_USB_UART_<serial1>-if00-port0?parity=even" },
	{ "house/FTDI_FT232R_USB_UART_A10K1ABC-if00-port0 A10K1ABC XA10K1ABC",
	  "house/FTDI_FT232R_USB_UART_<serial1>-if00-port0 <serial1> XA10K1ABC" },
	{ "usb-1a86_USB2.0-Serial-if00-port0", "usb-1a86_USB2.0-Serial-if00-port0" },
	{ "usb-Prolific_Technology_Inc._USB-Serial_Controller-if00",
	  "usb-Prolific_Technology_Inc._USB-Serial_Controller-if00" },
	{ "pci-0000:00:14.0-usb-0:1.2:1.0", "pci-0000:00:14.0-usb-0:1.2:1.0" },
	/* hosts */
	{ "connection refused by home.example.org:4001", "connection refused by <host1>:4001" },
	{ "tcp://meter.example.org:4001", "tcp://<host1>:4001" },
	{ "tcp://192.168.1.5:4001 tcp://10.0.0.1:1 tcp://172.20.0.1:1 tcp://127.0.0.1:1",
	  "tcp://192.168.1.5:4001 tcp://10.0.0.1:1 tcp://172.20.0.1:1 tcp://127.0.0.1:1" },
	{ "tcp://203.0.113.5:4001 tcp://172.32.0.1:1", "tcp://<host1>:4001 tcp://<host2>:1" },
	{ "tcp://10.example.org:1", "tcp://<host1>:1" },
	{ "tcp://[2001:db8::1]:4001 tcp://[fe80::1%eth0]:1 tcp://[::1]:1",
	  "tcp://[<host1>]:4001 tcp://[fe80::1%eth0]:1 tcp://[::1]:1" },
	{ "tcp://pi.local:1 tcp://localhost:1 tcp://ser2net:1",
	  "tcp://pi.local:1 tcp://localhost:1 tcp://ser2net:1" },
	{ "/etc/amshan/amshand.conf:12: no amshand.conf: is there",
	  "/etc/amshan/amshand.conf:12: no amshand.conf: is there" },
	/* users */
	{ "tcp://joe:geheim@pi.local:1", "tcp://<user>@pi.local:1" },
	{ "/home/joe/capture.hex, /home/joe", "/home/<user1>/capture.hex, /home/<user1>" },
	/* system titles: of the maker's letters nothing is lost */
	{ "encrypted, system title 4B414D4501020304: keys",
	  "encrypted, system title 4B414DXXXXXXXXXX: keys" },
	{ "system title not sent: keys", "system title not sent: keys" },
};

static void texts_lose_what_they_must(void **state)
{
	char buf[512];

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct mask m = { 0 };

		assert_string_equal(mask_text(&m, texts[i].in, buf, sizeof(buf)), texts[i].out);
	}
}

static void words_that_are_known_go_too(void **state)
{
	struct mask m = { 0 };
	char buf[128];

	mask_learn(&m, MASK_METER, "garage-7");
	mask_learn(&m, MASK_SERIAL, "0001");
	mask_learn(&m, MASK_SERIAL, "ab");
	mask_learn_host(&m, "broker.example.org");
	mask_learn_host(&m, "pi.local");
	mask_learn_host(&m, "192.168.1.5");
	assert_int_equal(m.n, 3);
	assert_string_equal(mask_text(&m, "garage-7: Silicon_0001 V0001 ab", buf, sizeof(buf)),
			    "<meter1>: Silicon_<serial1> V0001 ab");
	assert_string_equal(mask_text(&m, "no route to broker.example.org", buf, sizeof(buf)),
			    "no route to <host1>");
	/* The longest one counts. */
	mask_learn(&m, MASK_METER, "garage-7-b");
	assert_string_equal(mask_text(&m, "garage-7-b", buf, sizeof(buf)), "<meter2>");
}

static void too_many_are_masked_all_the_same(void **state)
{
	struct mask m = { 0 };
	char in[32], buf[64], want[64];

	for (unsigned int i = 0; i < MASK_KNOWN_MAX + 10; i++) {
		snprintf(in, sizeof(in), "x %u", 1000000 + i);
		snprintf(want, sizeof(want), i < MASK_KNOWN_MAX ? "x <number%u>" : "x <number>", i + 1);
		assert_string_equal(mask_text(&m, in, buf, sizeof(buf)), want);
	}
	assert_true(m.full);
}

static void texts_are_cut_where_they_do_not_fit(void **state)
{
	struct mask m = { 0 };
	char buf[8];

	assert_string_equal(mask_text(&m, "abc 7359992890941742 def", buf, sizeof(buf)), "abc <nu");
	assert_string_equal(mask_text(&m, "abc", buf, 1), "");
}

/* ---- frames ---- */

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
	{ "dd 08 4b414d4501020304 20", "dd 08 4b414d4501020304 20" },
	{ "dc 05 4b464d1011 01 20", "dc 05 4b464d5858 01 20" },
	{ "db 00 10 20", "db 00 10 20" },
	/* the same within a block, and within an M-Bus frame of Kaifa (AT) */
	{ "e0 40 0001 0000 10 db084b464d1020304050 0f", "e0 40 0001 0000 10 db084b464d5858585858 0f" },
	{ "68 13 13 68 53 ff 00 01 67 db084b464d102030405060 20 16 16",
	  "68 13 13 68 53 ff 00 01 67 db084b464d585858585860 20 16 16" },
	/* M-Bus of a heat meter: its number in BCD */
	{ "68 0b 0b 68 08 01 72 78563412 2d2c 0104 55 16",
	  "68 0b 0b 68 08 01 72 58585858 2d2c 0104 55 16" },
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

/* Checksums and header of a frame may look like digits. */
static void header_and_checksums_of_a_frame_stay(void **state)
{
	u8 frame[] = { 0xa0, 0x14, 0x30, 0x30, 0x31, 0x31, 0x31, 0x31, 0x00,	/* no good header */
		       0, 0, 0, 0, 0, 0, 0, 0, 0, 0x31, 0x32 };
	u8 good[] = { 0xa0, 0x17, 0x41, 0x08, 0x83, 0x13, 0x31, 0x32,		/* HCS "12" */
		      0x0a, 0x0b, '1', '2', '3', '4', '5', '6', '7', '8', '9', '0', '1',
		      0x33, 0x34 };						/* FCS "34" */
	u8 want[sizeof(good)];

	memcpy(want, good, sizeof(good));
	memset(want + 10, MASK_OCTET, 11);
	assert_int_equal(mask_octets(NULL, good, sizeof(good)), 11);
	assert_memory_equal(good, want, sizeof(good));
	/* What only looks like a frame is a datagram. */
	assert_true(mask_octets(NULL, frame, sizeof(frame)) >= 6);
}

static void known_numbers_go_also_with_few_digits(void **state)
{
	u8 p[] = "\x0a\x08" "HOUSE-AB" "\x0a\x06" "V00012" "\x00";
	struct mask m = { 0 };

	mask_learn(&m, MASK_METER, "HOUSE-AB");
	mask_learn(&m, MASK_SERIAL, "V00012");
	assert_int_equal(mask_octets(&m, p, sizeof(p) - 1), 8);
	assert_memory_equal(p, "\x0a\x08" "XXXXXXXX" "\x0a\x06" "V00012" "\x00", sizeof(p) - 1);
}

/* Any octets, each in room of exactly its size: what changed is an X, and that is what was counted. */
static void any_octets_are_safe(void **state)
{
	static const u8 likely[] = { '0', '9', 'A', 0x09, 0x0a, 0xdb, 0x08, 0x68, 0x72, 0xa0, 0x00, 0xe6 };
	u32 seed = 1;

	for (unsigned int i = 0; i < 20000; i++) {
		size_t n = i % 64, changed = 0, masked;
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
			assert_true(p[k] == was[k] || p[k] == MASK_OCTET);
		}
		assert_int_equal(masked, changed);
		free(p);
	}
}

/* ---- configurations ---- */

static const struct {
	const char *in;
	const char *out;
} configs[] = {
	{ "log-level = debug\n", "log-level = debug\n" },
	{ "# password = \"geheim\"\nlog-level = info // geheim\n/* geheim\n */", "\nlog-level = info \n" },
	{ "source \"house\" {\n\turi = \"kernel:\"\n\tscale = 50\n}\n",
	  "source \"house\" {\n\turi = \"kernel:\"\n\tscale = 50\n}\n" },
	{ "source house { uri = 'tcp://me.example.org:1' meter = \"7359992890941742\" }",
	  "source \"house\" { uri = \"tcp://<host1>:1\" meter = \"<meter1>\" }" },
	{ "source \"735999289094\" { meter = garage }", "source \"<number1>\" { meter = <meter1> }" },
	{ "mqtt { host = \"mqtt.example.org\" username = joe password-file = \"mqtt-password\" }",
	  "mqtt { host = \"<host1>\" username = <masked> password-file = <masked> }" },
	{ "mqtt { password-file = \"/etc/amshan/password\" psk-identity = \"joe\" psk-file=geheim }",
	  "mqtt { password-file = \"/etc/amshan/password\" psk-identity = <masked> psk-file=<masked> }" },
	/* mistakes: what nobody knows is secret */
	{ "mqtt { password = \"geheim\" passwrod = geheim\n }",
	  "mqtt { password = <masked> passwrod = <masked>\n }" },
	{ "mqtt { \"geheim\" geheim }", "mqtt { <masked> <masked> }" },
	{ "username joe", "username <masked>" },
	{ "x += { \"geheim\", geheim } dbus = true", "<masked> <masked>= { <masked>, <masked> } dbus = true" },
	{ "mqtt { password-file = \"ge\\\"heim\" keepalive = 60 }",
	  "mqtt { password-file = <masked> keepalive = 60 }" },
	{ "mqtt { username = \"not closed", "mqtt { username = <masked>" },
	{ "uri = \"file:/home/joe/x.hex\"", "uri = \"file:/home/<user1>/x.hex\"" },
	{ "topic = \"a\x1b[2J\"", "topic = \"a?[2J\"" },
};

static void configurations_lose_comments_and_secrets(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(configs); i++) {
		struct mask m = { 0 };
		char *text = NULL;
		size_t n;
		FILE *f = open_memstream(&text, &n);

		assert_non_null(f);
		bugreport_config_text(&m, configs[i].in, f);
		fclose(f);
		assert_string_equal(text, configs[i].out);
		assert_null(strstr(text, "geheim"));
		free(text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts_lose_what_they_must),
		cmocka_unit_test(words_that_are_known_go_too),
		cmocka_unit_test(too_many_are_masked_all_the_same),
		cmocka_unit_test(texts_are_cut_where_they_do_not_fit),
		cmocka_unit_test(numbers_of_meters_are_gone_and_nothing_else),
		cmocka_unit_test(datagrams_lose_what_they_must),
		cmocka_unit_test(header_and_checksums_of_a_frame_stay),
		cmocka_unit_test(known_numbers_go_also_with_few_digits),
		cmocka_unit_test(any_octets_are_safe),
		cmocka_unit_test(configurations_lose_comments_and_secrets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
