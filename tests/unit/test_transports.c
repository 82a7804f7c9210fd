// SPDX-License-Identifier: GPL-2.0
/*
 * Transports: URIs, the marks of a tty, captures in pieces.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "link/hextext.h"
#include "source/file.h"
#include "source/serial.h"
#include "source/source.h"
#include "source/tcp.h"
#include "util.h"

/* ---- serial: URIs ---- */

static void test_serial_good(void **state)
{
	static const struct {
		const char *rest, *path, *format;
		bool rtscts, xonxoff;
	} rows[] = {
		{ "/dev/ttyUSB0", "/dev/ttyUSB0", "2400 8N1" },
		{ "/dev/serial/by-id/usb-FTDI_FT232R_A1-if00-port0?parity=even",
		  "/dev/serial/by-id/usb-FTDI_FT232R_A1-if00-port0", "2400 8E1" },
		{ "/dev/serial/by-path/pci-0000:00:14.0-usb-0:1:1.0?parity=odd&stop=2",
		  "/dev/serial/by-path/pci-0000:00:14.0-usb-0:1:1.0", "2400 8O2" },
		{ "/dev/ttyS0?baud=115200&parity=none&data=8&stop=1", "/dev/ttyS0", "115200 8N1" },
		{ "/dev/ttyS0?data=7&parity=even", "/dev/ttyS0", "2400 7E1" },
		{ "/dev/ttyS0?data=5", "/dev/ttyS0", "2400 5N1" },
		{ "/dev/ttyS0?data=6", "/dev/ttyS0", "2400 6N1" },
		{ "/dev/ttyS0?baud=1", "/dev/ttyS0", "1 8N1" },
		{ "/dev/ttyS0?baud=2401", "/dev/ttyS0", "2401 8N1" },
		{ "/dev/ttyS0?baud=12000000", "/dev/ttyS0", "12000000 8N1" },
		{ "/dev/ttyS0?rtscts=yes", "/dev/ttyS0", "2400 8N1", true, false },
		{ "/dev/ttyS0?rtscts=no&xonxoff=yes", "/dev/ttyS0", "2400 8N1", false, true },
		{ "///dev/ttyS0", "///dev/ttyS0", "2400 8N1" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char format[SERIAL_FORMAT_MAX];
		struct serial_settings s;
		char *error = NULL;

		assert_int_equal(serial_settings_parse(rows[i].rest, &s, &error), 0);
		assert_null(error);
		assert_string_equal(s.path, rows[i].path);
		assert_string_equal(serial_format(&s, format), rows[i].format);
		assert_int_equal(s.rtscts, rows[i].rtscts);
		assert_int_equal(s.xonxoff, rows[i].xonxoff);
		serial_settings_clear(&s);
	}
}

struct bad_uri {
	const char *rest, *error;
};

/* As source_new() does it: what parse() leaves behind is released by free(), also then. */
static void check_bad(const struct source_ops *ops, const struct bad_uri *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct source s = { .ops = ops };
		char *error = NULL;

		assert_int_equal(ops->parse(&s, rows[i].rest, &error), -EINVAL);
		assert_non_null(error);
		assert_string_equal(error, rows[i].error);
		free(error);
		ops->stop(&s);
		ops->free(&s);
		assert_null(s.priv);
	}
}

static void test_serial_bad(void **state)
{
	static const struct bad_uri rows[] = {
		{ "", "the path of a port is missing: serial:/dev/..." },
		{ "?baud=2400", "the path of a port is missing: serial:/dev/..." },
		{ "ttyUSB0", "path \"ttyUSB0\" does not begin with a slash" },
		{ "/dev/ttyS0?parity=evne", "parity: \"evne\" is not one of none, even, odd" },
		{ "/dev/ttyS0?parity=", "parity: \"\" is not one of none, even, odd" },
		{ "/dev/ttyS0?parity=Even", "parity: \"Even\" is not one of none, even, odd" },
		{ "/dev/ttyS0?baud=0", "baud: \"0\" is not a number from 1 to 12000000" },
		{ "/dev/ttyS0?baud=", "baud: \"\" is not a number from 1 to 12000000" },
		{ "/dev/ttyS0?baud=-2400", "baud: \"-2400\" is not a number from 1 to 12000000" },
		{ "/dev/ttyS0?baud=2400x", "baud: \"2400x\" is not a number from 1 to 12000000" },
		{ "/dev/ttyS0?baud=12000001",
		  "baud: \"12000001\" is not a number from 1 to 12000000" },
		{ "/dev/ttyS0?baud=4294969696",
		  "baud: \"4294969696\" is not a number from 1 to 12000000" },
		{ "/dev/ttyS0?data=9", "data: \"9\" is not one of 5, 6, 7, 8" },
		{ "/dev/ttyS0?data=4", "data: \"4\" is not one of 5, 6, 7, 8" },
		{ "/dev/ttyS0?stop=1.5", "stop: \"1.5\" is not one of 1, 2" },
		{ "/dev/ttyS0?rtscts=on", "rtscts: \"on\" is not one of yes, no" },
		{ "/dev/ttyS0?xonxoff=1", "xonxoff: \"1\" is not one of yes, no" },
		{ "/dev/ttyS0?speed=2400",
		  "unknown parameter \"speed\": there are baud, parity, data, stop, rtscts, xonxoff, udev" },
		{ "/dev/ttyS0?baud", "parameter \"baud\" has no value" },
		{ "/dev/ttyS0?", "parameter \"\" has no value" },
		{ "/dev/ttyS0?baud=2400&", "parameter \"\" has no value" },
		{ "/dev/ttyS0?baud=2400&baud=2400", "baud is given twice" },
	};

	check_bad(&source_serial, rows, ARRAY_SIZE(rows));
}

/* ---- serial: marks ---- */

static const struct marks_row {
	const char *what;
	u8 in[12];
	size_t n;
	u8 out[8];
	u8 flags[8];
	size_t k;
} marks_rows[] = {
	{ "octets without marks", { 0x7e, 0xa0, 0x00 }, 3, { 0x7e, 0xa0, 0x00 }, { 0, 0, 0 }, 3 },
	{ "a doubled FF is one FF", { 0xff, 0xff }, 2, { 0xff }, { 0 }, 1 },
	{ "three FF in a frame", { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff }, 6, { 0xff, 0xff, 0xff },
	  { 0, 0, 0 }, 3 },
	{ "FF, then a plain 00", { 0xff, 0xff, 0x00 }, 3, { 0xff, 0x00 }, { 0, 0 }, 2 },
	{ "an octet with an error", { 0x41, 0xff, 0x00, 0x42, 0x43 }, 5, { 0x41, 0x42, 0x43 },
	  { 0, FRAMER_PARITY, 0 }, 3 },
	{ "an FF with an error", { 0xff, 0x00, 0xff, 0x41 }, 4, { 0xff, 0x41 },
	  { FRAMER_PARITY, 0 }, 2 },
	{ "a break", { 0x41, 0xff, 0x00, 0x00, 0x41 }, 5, { 0x41, 0x00, 0x41 },
	  { 0, FRAMER_BREAK, 0 }, 3 },
	{ "two breaks", { 0xff, 0x00, 0x00, 0xff, 0x00, 0x00 }, 6, { 0x00, 0x00 },
	  { FRAMER_BREAK, FRAMER_BREAK }, 2 },
	{ "a 00 inside of a run of errors",
	  { 0xff, 0x00, 0x7e, 0xff, 0x00, 0x00, 0xff, 0x00, 0x01 }, 9, { 0x7e, 0x00, 0x01 },
	  { FRAMER_PARITY, FRAMER_PARITY, FRAMER_PARITY }, 3 },
	{ "a break after the run", { 0xff, 0x00, 0x7e, 0x41, 0xff, 0x00, 0x00 }, 7,
	  { 0x7e, 0x41, 0x00 }, { FRAMER_PARITY, 0, FRAMER_BREAK }, 3 },
	{ "an FF that is no mark", { 0xff, 0x41 }, 2, { 0xff, 0x41 }, { 0, 0 }, 2 },
};

static void check_marks(const struct marks_row *row, size_t cut, size_t cut2)
{
	struct serial_marks m = { 0 };
	u8 out[16], flags[16];
	size_t k;

	k = serial_marks_decode(&m, row->in, cut, out, flags);
	k += serial_marks_decode(&m, row->in + cut, cut2 - cut, out + k, flags + k);
	k += serial_marks_decode(&m, row->in + cut2, row->n - cut2, out + k, flags + k);
	if (k != row->k || memcmp(out, row->out, k) || memcmp(flags, row->flags, k))
		fail_msg("%s, cut at %zu and %zu", row->what, cut, cut2);
}

static void test_marks_any_split(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(marks_rows); i++)
		for (size_t cut = 0; cut <= marks_rows[i].n; cut++)
			for (size_t cut2 = cut; cut2 <= marks_rows[i].n; cut2++)
				check_marks(&marks_rows[i], cut, cut2);
}

/* What the tty makes of octets is what we take it for. */
static void check_pty(const struct serial_settings *s)
{
	struct serial_marks m = { 0 };
	struct serial_settings got;
	u8 sent[256], in[1024], out[1025], flags[1025];
	size_t have = 0, want = s->parity == PARITY_NONE ? 256 : 257;
	int master, slave;

	master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	assert_true(master >= 0);
	assert_int_equal(grantpt(master), 0);
	assert_int_equal(unlockpt(master), 0);
	slave = open(ptsname(master), O_RDWR | O_NOCTTY | O_CLOEXEC);
	assert_true(slave >= 0);
	assert_true(serial_is_pty(slave));
	/* A pty cannot have a parity, and says so; the marks are made nevertheless. */
	assert_int_equal(serial_apply(slave, s, &got), 0);
	assert_int_equal(got.baud, s->baud);
	assert_int_equal(got.parity, PARITY_NONE);

	for (size_t i = 0; i < sizeof(sent); i++)
		sent[i] = (u8)i;
	assert_int_equal(write(master, sent, sizeof(sent)), sizeof(sent));
	while (have < want) {
		struct pollfd p = { .fd = slave, .events = POLLIN };
		ssize_t n;

		assert_int_equal(poll(&p, 1, 5000), 1);
		n = read(slave, in + have, sizeof(in) - have);
		assert_true(n > 0);
		have += (size_t)n;
	}
	assert_int_equal(have, want);
	if (s->parity != PARITY_NONE) {
		assert_int_equal(serial_marks_decode(&m, in, have, out, flags), sizeof(sent));
		memcpy(in, out, sizeof(sent));
	}
	assert_memory_equal(in, sent, sizeof(sent));
	close(slave);
	close(master);
}

static void test_every_octet_passes_a_port(void **state)
{
	static const struct serial_settings rows[] = {
		{ .baud = 2400, .parity = PARITY_NONE, .data = 8, .stop = 1 },
		{ .baud = 2400, .parity = PARITY_EVEN, .data = 8, .stop = 1 },
		{ .baud = 2401, .parity = PARITY_ODD, .data = 8, .stop = 2 },
		/* 11h and 13h are in every frame of some makers. */
		{ .baud = 115200, .parity = PARITY_NONE, .data = 8, .stop = 1, .rtscts = true,
		  .xonxoff = true },
		{ .baud = 1234567, .parity = PARITY_EVEN, .data = 8, .stop = 1, .xonxoff = true },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		check_pty(&rows[i]);
}

static void test_only_a_tty_is_set(void **state)
{
	const struct serial_settings s = { .baud = 2400, .data = 8, .stop = 1 };
	struct serial_settings got;
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(serial_apply(fd, &s, &got), -ENOTTY);
	assert_false(serial_is_pty(fd));
	close(fd);
}

/* ---- tcp: URIs ---- */

static void test_tcp_good(void **state)
{
	static const struct {
		const char *rest, *host, *port;
	} rows[] = {
		{ "//127.0.0.1:4001", "127.0.0.1", "4001" },
		{ "//attic.example.org:4001", "attic.example.org", "4001" },
		{ "//ser2net_host:1", "ser2net_host", "1" },
		{ "//[::1]:65535", "::1", "65535" },
		{ "//[fe80::1%eth0]:4001", "fe80::1%eth0", "4001" },
		{ "//[::ffff:192.0.2.1]:4001", "::ffff:192.0.2.1", "4001" },
		{ "//host:04001", "host", "4001" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char *host = NULL, *port = NULL, *error = NULL;

		assert_int_equal(tcp_address_parse(rows[i].rest, &host, &port, &error), 0);
		assert_null(error);
		assert_string_equal(host, rows[i].host);
		assert_string_equal(port, rows[i].port);
		free(host);
		free(port);
	}
}

static void test_tcp_bad(void **state)
{
	static const struct bad_uri rows[] = {
		{ "", "two slashes are missing: tcp://HOST:PORT" },
		{ "host:4001", "two slashes are missing: tcp://HOST:PORT" },
		{ "/host:4001", "two slashes are missing: tcp://HOST:PORT" },
		{ "//", "the host is missing: tcp://HOST:PORT" },
		{ "//:4001", "the host is missing: tcp://HOST:PORT" },
		{ "//[]:4001", "the host is missing: tcp://HOST:PORT" },
		{ "//host", "the port is missing: tcp://HOST:PORT" },
		{ "//host:", "the port is missing: tcp://HOST:PORT" },
		{ "//[::1]", "the port is missing: tcp://HOST:PORT" },
		{ "//[::1]:", "the port is missing: tcp://HOST:PORT" },
		{ "//host:0", "port \"0\" is not a number from 1 to 65535" },
		{ "//host:65536", "port \"65536\" is not a number from 1 to 65535" },
		{ "//host:4294971297", "port \"4294971297\" is not a number from 1 to 65535" },
		{ "//host:-1", "port \"-1\" is not a number from 1 to 65535" },
		{ "//host:4001/", "port \"4001/\" is not a number from 1 to 65535" },
		{ "//host:http", "port \"http\" is not a number from 1 to 65535" },
		{ "//host:4001?baud=2400", "unknown parameter \"baud=2400\": there are none" },
		{ "//::1:4001", "an IPv6 address stands in brackets: tcp://[IPV6]:PORT" },
		{ "//[::1:4001", "the closing bracket is missing: tcp://[IPV6]:PORT" },
		{ "//[::1]4001", "\"4001\" follows the bracket: tcp://[IPV6]:PORT" },
		{ "//[host]:4001", "\"[host]\" is not an IPv6 address" },
		{ "//[127.0.0.1]:4001", "\"[127.0.0.1]\" is not an IPv6 address" },
		{ "//user@host:4001", "host \"user@host\": '@' has no place in a name" },
		{ "//ho st:4001", "host \"ho st\": ' ' has no place in a name" },
		{ "//host/path:4001", "host \"host/path\": '/' has no place in a name" },
	};

	check_bad(&source_tcp, rows, ARRAY_SIZE(rows));
}

static void test_tcp_long_host(void **state)
{
	char rest[400], *host = NULL, *port = NULL, *error = NULL;

	snprintf(rest, sizeof(rest), "//%0254d:4001", 0);
	assert_int_equal(tcp_address_parse(rest, &host, &port, &error), -EINVAL);
	assert_string_equal(error, "the host is longer than 253 characters");
	free(error);
	snprintf(rest, sizeof(rest), "//%0253d:4001", 0);
	assert_int_equal(tcp_address_parse(rest, &host, &port, &error), 0);
	free(host);
	free(port);
}

/* ---- file ---- */

static void test_file_bad(void **state)
{
	static const struct bad_uri rows[] = {
		{ "", "the path of a file is missing: file:PATH, or file:- for standard input" },
	};

	check_bad(&source_file, rows, ARRAY_SIZE(rows));
}

/* @line: of the mistake, 0 for none; @bad: as replay_push() */
static const struct capture_row {
	const char *what;
	const char *in;
	size_t n;
	const char *out;
	size_t k;
	unsigned int line;
	int bad;
} capture_rows[] = {
#define ROW(what, in, out, ...) { what, in, sizeof(in) - 1, out, sizeof(out) - 1, ##__VA_ARGS__ }
	ROW("nothing", "", ""),
	ROW("white space", " \t\r\n\n", ""),
	ROW("octets", "\x7e\xa0\x00\x01", "\x7e\xa0\x00\x01"),
	ROW("octets that begin with a digit", "0A\x7e\xa0", "0A\x7e\xa0"),
	ROW("octets that begin with a comment's sign", "#\x00\x7e", "#\x00\x7e"),
	ROW("a telegram of text", "/AID5 text\r\n", "/AID5 text\r\n"),
	ROW("hex", "7ea0", "\x7e\xa0"),
	ROW("hex, both cases, spread", "7E a0\tfF\r\n\n  00", "\x7e\xa0\xff\x00"),
	ROW("a comment alone", "# nothing else", ""),
	ROW("comments", "# caf\xc3\xa9 ~not~\n7e\n  # 41\na0 \n#", "\x7e\xa0"),
	ROW("a comment behind an octet", "7e # x\n", "\x7e", 1, '#'),
	ROW("a letter", "7e\n7e 4g\n", "\x7e\x7e", 2, 'g'),
	ROW("a letter in front", "7e\n\nx", "\x7e", 3, 'x'),
	ROW("a digit alone in a line", "7e\n4\n41", "\x7e", 2, -1),
	ROW("a digit alone at the end", "7e 4", "\x7e", 1, -1),
	ROW("a pair that is torn", "7 e", "", 1, -1),
	ROW("an octet behind what makes it text",
	    "00000000000000000000000000000000000000000000000000000000000000\n7\n\x01",
	    "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 2, -1),
	ROW("a control character behind what makes it text",
	    "0000000000000000000000000000000000000000000000000000000000000000\n\x01",
	    "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 2, 1),
#undef ROW
};

/* Push in pieces of @piece octets, then the end. */
static void check_capture(const struct capture_row *row, size_t piece)
{
	struct replay c = { 0 };
	u8 out[512];
	size_t done = 0, have = 0, k;
	int r, bad = -1;

	do {
		size_t n = row->n - done < piece ? row->n - done : piece;

		r = replay_push(&c, (const u8 *)row->in + done, n, out + have, &k, &bad);
		have += k;
		done += n;
		if (r == 0 && !n)
			break;
	} while (r == 0);

	if ((r < 0) != (row->line > 0) || (r < 0 && (c.line + 1 != row->line || bad != row->bad)))
		fail_msg("%s, pieces of %zu: %d, line %u, %d", row->what, piece, r, c.line + 1,
			 bad);
	if (have != row->k || memcmp(out, row->out, have))
		fail_msg("%s, pieces of %zu: other octets", row->what, piece);
}

static void test_capture_any_split(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(capture_rows); i++)
		for (size_t piece = 1; piece <= capture_rows[i].n + 1; piece++)
			check_capture(&capture_rows[i], piece);
}

/* Hex text is the same thing to the replay and to those who have all of it at once. */
static void test_capture_is_hextext(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(capture_rows); i++) {
		const struct capture_row *row = &capture_rows[i];
		struct replay c = { 0 };
		unsigned int line = 0;
		u8 out[512];
		size_t k;
		int bad, r;

		replay_push(&c, (const u8 *)row->in, row->n, out, &k, &bad);
		if (!row->line)
			replay_push(&c, NULL, 0, out + k, &k, &bad);
		if (c.kind != REPLAY_TEXT)
			continue;
		r = hextext_decode((const u8 *)row->in, row->n, out, &k, &line);
		if (r != (row->line ? -EINVAL : 0) || line != row->line)
			fail_msg("%s: hextext_decode() says %d, line %u", row->what, r, line);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_serial_good),
		cmocka_unit_test(test_serial_bad),
		cmocka_unit_test(test_marks_any_split),
		cmocka_unit_test(test_every_octet_passes_a_port),
		cmocka_unit_test(test_only_a_tty_is_set),
		cmocka_unit_test(test_tcp_good),
		cmocka_unit_test(test_tcp_bad),
		cmocka_unit_test(test_tcp_long_host),
		cmocka_unit_test(test_file_bad),
		cmocka_unit_test(test_capture_any_split),
		cmocka_unit_test(test_capture_is_hextext),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
