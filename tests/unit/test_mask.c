// SPDX-License-Identifier: GPL-2.0
/*
 * Masks: what a report does not say in texts.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ctl/mask.c"
#include "ctl/mask_host.c"
#include "ctl/mask_said.c"
#include "ctl/mask_text.c"
#include "ctl/text.c"

static const struct row {
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
	/* in groups */
	{ "meter 7359-9928-9094-1742 is there", "meter <number1> is there" },
	{ "7359 9928 9094 1742, 73:59:99:28:90", "<number1>, <number2>" },
	{ "735-999", "<number1>" },
	{ "amshan/24:6f:28:ab:cd:ef/x 24-6F-28-AB-CD-EF", "amshan/<number1>/x <number2>" },
	{ "tasmota_246f28abcdef ABCDEFABCDEFABCDEFABCDEFABCDEFAB", "tasmota_<number1> <number2>" },
	/* counts */
	{ "1234567 octets and no frame, 1000000 HCS errors",
	  "1234567 octets and no frame, 1000000 HCS errors" },
	{ "1234567 octopuses", "<number1> octopuses" },
	{ "enabled, 115200 8N1: 1000 octets", "enabled, 115200 8N1: 1000 octets" },
	/* times, versions, places, ids of USB */
	{ "2026-11-24T04:59:11.419Z 2026-11-24 04:59:11", "2026-11-24T04:59:11.419Z 2026-11-24 04:59:11" },
	{ "linux-headers-6.1.0-56-amd64 v1.2.3", "linux-headers-6.1.0-56-amd64 v1.2.3" },
	{ "pci-0000:00:14.0-usb-0:1.2:1.0 USB 0403:6001", "pci-0000:00:14.0-usb-0:1.2:1.0 USB 0403:6001" },
	/* serial numbers, as udev names adapters */
	{ "serial:/dev/serial/by-id/usb-FTDI_FT232R_USB_UART_A10K1ABC-if00-port0?parity=even",
	  "serial:/dev/serial/by-id/usb-FTDI_FT232R_USB_UART_<serial1>-if00-port0?parity=even" },
	{ "house/FTDI_FT232R_USB_UART_A10K1ABC-if00-port0 A10K1ABC XA10K1ABC",
	  "house/FTDI_FT232R_USB_UART_<serial1>-if00-port0 <serial1> XA10K1ABC" },
	{ "usb-1a86_USB2.0-Serial-if00-port0", "usb-1a86_USB2.0-Serial-if00-port0" },
	{ "usb-Prolific_Technology_Inc._USB-Serial_Controller-if00",
	  "usb-Prolific_Technology_Inc._USB-Serial_Controller-if00" },
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
	/* also without a port, in whatever sentence */
	{ "uri = \"tcp://meter.example.org\"", "uri = \"tcp://<host1>\"" },
	{ "no such host: meter.example.org", "no such host: <host1>" },
	{ "look-up of meter.example.org: Temporary failure", "look-up of <host1>: Temporary failure" },
	{ "TLS: no name for a certificate: broker.example.org",
	  "TLS: no name for a certificate: <host1>" },
	{ "meter.example.org port 4001 closed the connection",
	  "<host1> port 4001 closed the connection" },
	{ "no route to 203.0.113.5, 2001:db8::1: lost", "no route to <host1>, <host2>: lost" },
	{ "lost 172.20.example.com:1 and 172.20.1.1:1", "lost <host1>:1 and 172.20.1.1:1" },
	{ "fd.example.org fd00::1 ::1 fe80::1", "<host1> fd00::1 ::1 fe80::1" },
	{ "/etc/letsencrypt/live/meter.example.org/fullchain.pem",
	  "/etc/letsencrypt/live/<host1>/fullchain.pem" },
	{ "/etc/ssl/meter.example.org.pem", "/etc/ssl/<host1>" },
	{ "xn--strm-5qa.example.xn--p1ai z\xc3\xa4hler.example.org", "<host1> <host2>" },
	/* what has a dot and is none */
	{ "/etc/amshan/amshand.conf:12: no amshand.conf: is there",
	  "/etc/amshan/amshand.conf:12: no amshand.conf: is there" },
	{ "/etc/amshan/amshand.conf.d/50-mine.conf amshan.ko.xz 78-amshan.rules mok.pub e.g. amshan 0.1.0",
	  "/etc/amshan/amshand.conf.d/50-mine.conf amshan.ko.xz 78-amshan.rules mok.pub e.g. amshan 0.1.0" },
	{ "kernel.modules_disabled org.amshan.Amshan1", "kernel.modules_disabled org.amshan.Amshan1" },
	/* users */
	{ "tcp://joe:geheim@pi.local:1", "tcp://<user>@pi.local:1" },
	{ "/home/joe/capture.hex, /home/joe", "/home/<user1>/capture.hex, /home/<user1>" },
	{ "/home/_joe/x /home/\xc3\xb6le: closed", "/home/<user1>/x /home/<user2>: closed" },
	{ "/home//joe /home/", "/home//joe /home/" },
	{ "/home/amshan/state, /home/a/b: amshan-dkms a", "/home/<user>/state, /home/<user>/b: amshan-dkms a" },
	/* a password may have anything in it */
	{ "mqtt://joe:p@ssw0rd@broker.lan/x", "mqtt://<user>@broker.lan/x" },
	{ "mqtt://joe:ge/heim@broker.lan/x", "mqtt://<user>@broker.lan/x" },
	{ "mqtt://joe:ge heim@broker.lan/x", "mqtt://<user>@broker.lan/x" },
	{ "mqtt://joe:ge\"he'im@broker.lan/x", "mqtt://<user>@broker.lan/x" },
	{ "tcp:joe:geheim@pi.lan:1", "tcp:<user>@pi.lan:1" },
	{ "tcp:joe:ge heim@pi.lan:1", "tcp:<user>@pi.lan:1" },
	{ "no such host: joe:geheim@broker.lan", "no such host: <user>@broker.lan" },
	{ "write to joe@broker.example.org", "write to <user>@<host1>" },
	{ "amshan-attach@ttyUSB0.service is modprobe@amshan.service",
	  "amshan-attach@ttyUSB0.service is modprobe@amshan.service" },
	/* what stands behind a URI */
	{ "serial:/dev/ttyUSB0?baud=115200&parity=even&data=8", "serial:/dev/ttyUSB0?baud=115200&parity=even&data=8" },
	{ "tcp://pi:1?password=geheim", "tcp://pi:1?<masked>" },
	{ "serial:/dev/ttyUSB0?baud=2400&key=ABCDEF", "serial:/dev/ttyUSB0?baud=2400&<masked>" },
	{ "\"serial:/dev/x?baud=1&key=00 AB CD\" is", "\"serial:/dev/x?baud=1&<masked>\" is" },
	{ "serial:/dev/x?parity=geheim", "serial:/dev/x?<masked>" },
	{ "is the cable in it? or not?", "is the cable in it? or not?" },
	/* system titles: of the maker's letters nothing is lost */
	{ "encrypted, system title 4B414D4501020304: keys",
	  "encrypted, system title 4B414DXXXXXXXXXX: keys" },
	{ "system title not sent: keys", "system title not sent: keys" },
	{ "encrypted, system title KAM4E4C5FA3A1, needs a key",
	  "encrypted, system title KAMXXXXXXXXXX, needs a key" },
	{ "system title KAM4E4C5FA3A1: amshanctl forget --counter KAM4E4C5FA3A1",
	  "system title KAMXXXXXXXXXX: amshanctl forget --counter <number1>" },
	{ "encrypted, system title ABC4E4C5FA3A1", "encrypted, system title ABCXXXXXXXXXX" },
	{ "the system title straightforward is none", "the system title straightforward is none" },
	{ "the system title extraordinary is none", "the system title extraordinary is none" },

	/* keys, with and without digits */
	{ "its key 000102030405060708090A0B0C0D0E0F is", "its key <number1> is" },
	{ "its key abcdefabcdefabcdefabcdefabcdefab is", "its key <number1> is" },
};

static void same(const char *is, const struct row *row)
{
	if (strcmp(is, row->out))
		print_error("of %s\n", row->in);
	assert_string_equal(is, row->out);
	assert_null(strstr(is, "geheim"));
}

static void texts_lose_what_they_must(void **state)
{
	char buf[512];

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct mask m = { 0 };

		same(mask_text(&m, texts[i].in, buf, sizeof(buf)), &texts[i]);
		mask_clear(&m);
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
	mask_clear(&m);
}

/* As sentences have them: cut, and with what a terminal must not see made harmless. */
static void values_are_known_in_whatever_form(void **state)
{
	char word[300], text[600], buf[700];
	static const size_t cuts[] = { 299, 200, 80, 40 };
	struct mask m = { 0 };

	memset(word, 'g', sizeof(word));
	word[sizeof(word) - 1] = '\0';
	mask_learn_said(&m, MASK_WORD, word);
	for (size_t i = 0; i < ARRAY_SIZE(cuts); i++) {
		snprintf(text, sizeof(text), "file %.*s: not there", (int)cuts[i], word);
		assert_string_equal(mask_text(&m, text, buf, sizeof(buf)),
				    "file <word1>: not there");
	}
	/* The end of a sentence has cut it somewhere. */
	snprintf(text, sizeof(text), "file %.*s", 123, word);
	assert_string_equal(mask_text(&m, text, buf, sizeof(buf)), "file <word1>");
	snprintf(text, sizeof(text), "file %.*s (not there)", 123, word);
	assert_string_equal(mask_text(&m, text, buf, sizeof(buf)), "file <word1> (not there)");
	assert_string_equal(mask_text(&m, "file ggg", buf, sizeof(buf)), "file ggg");
	/* No UTF-8, and a character without width. */
	mask_learn_said(&m, MASK_USER, "j\xf6" "e-\xe2\x80\x8b");
	assert_string_equal(mask_text(&m, "of j\\xf6e-\xe2\x80\x8b, j\\xf6e-?, j\xf6" "e-\xe2\x80\x8b!",
				      buf, sizeof(buf)),
			    "of <user1>, <user1>, <user1>!");
	mask_clear(&m);
}

/* Thousands of meters are no reason to say one of them. */
static void many_are_known_and_too_many_end_it(void **state)
{
	struct mask m = { 0 };
	char in[32], buf[64], want[64];

	for (unsigned int i = 0; i < MASK_KNOWN_MAX; i++) {
		snprintf(in, sizeof(in), "g-%u", i);
		mask_learn(&m, MASK_METER, in);
	}
	assert_false(m.full);
	snprintf(in, sizeof(in), "x g-%u", MASK_KNOWN_MAX - 1);
	snprintf(want, sizeof(want), "x <meter%u>", MASK_KNOWN_MAX);
	assert_string_equal(mask_text(&m, in, buf, sizeof(buf)), want);
	mask_learn(&m, MASK_WORD, "geheim");
	assert_true(m.full);
	assert_string_equal(mask_text(&m, "is geheim", buf, sizeof(buf)), "<masked>");
	assert_string_equal(mask_text(&m, "all is well", buf, sizeof(buf)), "<masked>");
	mask_clear(&m);
	assert_int_equal(m.n, 0);
}

static void long_words_are_known_too(void **state)
{
	char word[1000], text[1100], buf[64];
	struct mask m = { 0 };

	memset(word, 'g', sizeof(word));
	word[sizeof(word) - 1] = '\0';
	mask_learn(&m, MASK_WORD, word);
	snprintf(text, sizeof(text), "a %s b", word);
	assert_string_equal(mask_text(&m, text, buf, sizeof(buf)), "a <word1> b");
	mask_clear(&m);
}

static void texts_are_cut_where_they_do_not_fit(void **state)
{
	struct mask m = { 0 };
	char buf[8];

	assert_string_equal(mask_text(&m, "abc 7359992890941742 def", buf, sizeof(buf)), "abc <nu");
	assert_string_equal(mask_text(&m, "abc", buf, 1), "");
	mask_clear(&m);
}

/* ---- URIs ---- */

static const struct row uris[] = {
	{ "kernel:", "kernel:" },
	{ "kernel:ttyUSB0", "kernel:ttyUSB0" },
	{ "kernel:/dev/serial/by-path/pci-0000:00:14.0-usb-0:4:1.0-port0",
	  "kernel:/dev/serial/by-path/pci-0000:00:14.0-usb-0:4:1.0-port0" },
	{ "serial:/dev/ttyUSB0?baud=115200&parity=even", "serial:/dev/ttyUSB0?baud=115200&parity=even" },
	{ "tcp://pi:4001", "tcp://pi:4001" },
	{ "tcp://[2001:db8::1]:4001", "tcp://[<host1>]:4001" },
	{ "mqtt:han/7359992890941742/#", "mqtt:han/<number1>/#" },
	{ "file:/home/joe/x.hex", "file:/home/<user1>/x.hex" },
	{ "file:-", "file:-" },
	/* what amshand would not take, or what has more in it than it needs */
	{ "foo:geheim", "<masked>" },
	{ "", "<masked>" },
	{ "kernel:joe:geheim", "kernel:<masked>" },
	{ "serial:/dev/ttyUSB0?parity=geheim", "serial:<masked>" },
	{ "serial:/dev/ttyUSB0?key=geheim", "serial:<masked>" },
	{ "serial:/dev/a b", "serial:<masked>" },
	{ "tcp:joe:geheim@pi.lan:1", "tcp:<masked>" },
	{ "tcp://joe:ge/h\"e'i m@pi.lan:1", "tcp:<masked>" },
	{ "tcp://pi.lan:1?password=geheim", "tcp:<masked>" },
	{ "mqtt://joe:geheim@broker.lan/x", "mqtt:<masked>" },
	{ "mqtt:joe:geheim", "mqtt:<masked>" },
	{ "file:geheim", "file:<masked>" },
};

static void uris_that_are_no_good_are_masked(void **state)
{
	char buf[256];

	for (size_t i = 0; i < ARRAY_SIZE(uris); i++) {
		struct mask m = { 0 };

		same(mask_uri(&m, uris[i].in, buf, sizeof(buf)), &uris[i]);
		mask_clear(&m);
	}
}

/* ---- what config_load() says ---- */

#define AT "/etc/amshan/amshand.conf:3: "

static const struct row sentences[] = {
	{ AT "host: is missing", AT "host: is missing" },
	{ AT "scale: \"1,5\" is not a number greater than 0, as 50 or 0.5",
	  AT "scale: \"1,5\" is not a number greater than 0, as 50 or 0.5" },
	{ AT "port: \"geheim\" is not a whole number from 1 to 65535",
	  AT "port: <masked> is not a whole number from 1 to 65535" },
	{ AT "host: \"mqtt://joe:geheimgeheimgeheim\" is no host; give its name",
	  AT "host: <masked> is no host; give its name" },
	{ AT "host: \"joe:geheim@broker.lan\" is no host", AT "host: <masked> is no host" },
	{ AT "uri: \"foo:geheim\" is none of kernel:, serial:", AT "uri: <masked> is none of kernel:, serial:" },
	{ AT "uri: host \"ge&heim\": '&' has no place in a name", AT "uri: host <masked>: '&' has no place in a name" },
	/* a value may have quotes in it, or may be cut */
	{ AT "port: \"1\" geheim \"2\" is no number", AT "port: <masked> is no number" },
	{ AT "uri: path \"geheim and so on", AT "uri: path <masked>" },
	{ AT "unexpected token 'a' geheim 'b'", AT "unexpected token <masked>" },
	/* names of sources are shown, and what makes them */
	{ AT "uri: is missing in source \"house-2\"", AT "uri: is missing in source \"house-2\"" },
	{ AT "source: \"geheim!\" is no name: up to 63 letters, digits, '-' and '_' make one",
	  AT "source: <masked> is no name: up to 63 letters, digits, '-' and '_' make one" },
	{ AT "uri: \"kernel:\" is that of source \"house\" already",
	  AT "uri: \"kernel:\" is that of source \"house\" already" },
	{ AT "uri: \"kernel:\" geheim \"house\" already", AT "uri: <masked> already" },
	{ AT "uri: \"mqtt:x\" needs a section mqtt", AT "uri: \"mqtt:x\" needs a section mqtt" },
	{ AT "uri: \"mqtt:joe:geheim\" needs a section mqtt", AT "uri: <masked> needs a section mqtt" },
	/* keys */
	{ AT "colour: unknown key; known are here uri", AT "colour: unknown key; known are here uri" },
	{ AT "ge: he: im 7: unknown key; known are here uri", AT "<masked>: unknown key; known are here uri" },
	{ "/no/place: unknown key; known are here uri", "<masked>: unknown key; known are here uri" },
};

static void sentences_about_a_configuration_quote_nothing(void **state)
{
	char buf[512];

	for (size_t i = 0; i < ARRAY_SIZE(sentences); i++) {
		struct mask m = { 0 };

		same(mask_said(&m, sentences[i].in, buf, sizeof(buf)), &sentences[i]);
		mask_clear(&m);
	}
}

/* Any text, in room of exactly its size. */
static void any_text_is_safe(void **state)
{
	static const char likely[] = "aZ09.:/-_@?&=\"'< \xc3\xa4\x80#{}";
	u32 seed = 1;

	for (unsigned int i = 0; i < 20000; i++) {
		size_t n = i % 48;
		char *text = malloc(n + 1), buf[64];
		struct mask m = { 0 };

		assert_non_null(text);
		for (size_t k = 0; k < n; k++) {
			seed = seed * 1664525 + 1013904223;
			text[k] = likely[(seed >> 16) % (sizeof(likely) - 1)];
		}
		text[n] = '\0';
		mask_learn_said(&m, MASK_WORD, text);
		mask_text(&m, text, buf, sizeof(buf));
		mask_clear(&m);
		mask_text(&m, text, buf, sizeof(buf));
		mask_uri(&m, text, buf, sizeof(buf));
		mask_said(&m, text, buf, sizeof(buf));
		mask_clear(&m);
		free(text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts_lose_what_they_must),
		cmocka_unit_test(words_that_are_known_go_too),
		cmocka_unit_test(values_are_known_in_whatever_form),
		cmocka_unit_test(many_are_known_and_too_many_end_it),
		cmocka_unit_test(long_words_are_known_too),
		cmocka_unit_test(texts_are_cut_where_they_do_not_fit),
		cmocka_unit_test(uris_that_are_no_good_are_masked),
		cmocka_unit_test(sentences_about_a_configuration_quote_nothing),
		cmocka_unit_test(any_text_is_safe),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
