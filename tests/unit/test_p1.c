// SPDX-License-Identifier: GPL-2.0
/*
 * The framer of P1: a table of what a line becomes, and properties that hold for any octets.
 *
 * It is compiled in here once more, so that what it looks at can be counted.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../sim/encode.h"
#include "link/p1.h"
#include "util.h"
#include "xorshift.h"

static u64 looked;		/* octets that were searched, moved or summed up */

static void *counted_memchr(const void *p, int c, size_t n)
{
	void *found = memchr(p, c, n);

	looked += found ? (size_t)((u8 *)found - (const u8 *)p) + 1 : n;
	return found;
}

static void *counted_memrchr(const void *p, int c, size_t n)
{
	void *found = memrchr(p, c, n);

	looked += found ? n - (size_t)((u8 *)found - (const u8 *)p) : n;
	return found;
}

static void *counted_memmove(void *to, const void *from, size_t n)
{
	looked += n;
	return memmove(to, from, n);
}

static u16 counted_crc16(u16 crc, const u8 *p, size_t n)
{
	looked += n;
	return p1_crc16(crc, p, n);
}

#define memchr	counted_memchr
#define memrchr	counted_memrchr
#define memmove	counted_memmove
#define p1_crc16 counted_crc16
#include "link/p1.c"
#undef memchr
#undef memrchr
#undef memmove
#undef p1_crc16

#define SECOND	1000000000ull

/* ---- a line is written as text ---- */

struct wire {
	size_t n;
	size_t begin;		/* of the checksum */
	u8 data[1 << 16];
};

static void put_octets(struct wire *w, const void *p, size_t n)
{
	assert_true(w->n + n <= sizeof(w->data));
	memcpy(w->data + w->n, p, n);
	w->n += n;
}

/*
 * A line feed stands for CR LF; `^`: here the checksum begins; `@`: its digits; `~`: in lower case;
 * `#`: wrong ones; `$`: LF.
 */
static void put(struct wire *w, const char *text)
{
	char digits[5];
	u16 crc;

	for (; *text; text++) {
		switch (*text) {
		case '^':
			w->begin = w->n;
			break;
		case '@':
		case '~':
		case '#':
			crc = sim_crc16_arc(w->data + w->begin, w->n - w->begin);
			snprintf(digits, sizeof(digits), *text == '~' ? "%04x" : "%04X",
				 *text == '#' ? crc ^ 0x10u : crc);
			put_octets(w, digits, 4);
			break;
		case '$':
			put_octets(w, "\n", 1);
			break;
		case '\n':
			put_octets(w, "\r\n", 2);
			break;
		default:
			put_octets(w, text, 1);
		}
	}
}

/* ---- what came out ---- */

struct caught {
	unsigned int n;
	char checksums[64];
	size_t octets;
	u8 data[1 << 17];
};

static void catch(void *ctx, const u8 *telegram, size_t n, enum p1_checksum checksum)
{
	struct caught *c = ctx;

	assert_true(n >= 6 && n <= P1_TELEGRAM_MAX);
	assert_int_equal(telegram[0], '/');
	if (c->n < sizeof(c->checksums) - 1) {
		c->checksums[c->n] = "GNZW"[checksum];
		c->checksums[c->n + 1] = '\0';
	}
	assert_true(c->octets + n <= sizeof(c->data));
	memcpy(c->data + c->octets, telegram, n);
	c->octets += n;
	c->n++;
}

static void check_balance(const struct p1_framer *f)
{
	const struct p1_stats *s = &f->stats;

	assert_int_equal(s->octets, s->telegram_octets + s->skipped + p1_pending(f));
}

static void run(const struct wire *w, enum p1_policy policy, size_t piece, struct caught *c,
		struct p1_stats *stats)
{
	static struct p1_framer f;

	memset(&f, 0xa5, sizeof(f));
	p1_init(&f, policy);
	c->n = 0;
	c->octets = 0;
	c->checksums[0] = '\0';
	for (size_t i = 0; i < w->n; i += piece) {
		p1_push(&f, w->data + i, w->n - i < piece ? w->n - i : piece, 0, catch, c);
		check_balance(&f);
	}
	p1_flush(&f, catch, c);
	check_balance(&f);
	assert_int_equal(p1_pending(&f), 0);
	assert_int_equal(c->octets, f.stats.telegram_octets);
	*stats = f.stats;
}

static struct wire wire;
static struct caught caught, other;

/* ---- the checksum ---- */

static void crc_is_that_of_the_polynomial(void **state)
{
	static u8 data[300];

	assert_int_equal(p1_crc16(0, (const u8 *)"123456789", 9), 0xbb3d);
	rng_state = 1;
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (u8)rng();
	for (size_t n = 0; n < 256; n++) {
		size_t cut = n ? rng() % n : 0, at = rng() % 44;

		assert_int_equal(p1_crc16(0, data + at, n), sim_crc16_arc(data + at, n));
		assert_int_equal(p1_crc16(p1_crc16(0, data + at, cut), data + at + cut, n - cut),
				 sim_crc16_arc(data + at, n));
	}
	/* Each look-up of each row: one octet that is not zero, and n that follow. */
	for (size_t n = 0; n < 40; n++) {
		for (unsigned int v = 0; v < 256; v++) {
			u8 one[40] = { (u8)v };

			assert_int_equal(p1_crc16(0, one, n), sim_crc16_arc(one, n));
		}
	}
}

/* ---- what a line becomes ---- */

#define HEAD	"^/ABC5\\2TYPE\n\n"
#define LINE	"1-0:1.7.0(0001.234*kW)\n"
#define GOOD	HEAD LINE "!@\n"

static const struct row {
	const char *name;
	const char *text;
	const char *delivered;	/* a letter per telegram: good, none, zero, wrong */
	unsigned int crc_errors, timeouts;
	enum p1_policy policy;
} rows[] = {
	{ "a telegram", GOOD, "G" },
	{ "two of them", GOOD GOOD, "GG" },
	{ "lower case", HEAD LINE "!~\n", "G" },
	{ "no end of the last line", HEAD LINE "!@", "G" },
	{ "no checksum", HEAD LINE "!\n", "N" },
	{ "no checksum, and then nothing", HEAD LINE "!", "N" },
	{ "no checksum, and no line end", HEAD LINE "!" GOOD, "NG" },
	{ "zeros", HEAD LINE "!0000\n", "Z" },
	{ "wrong", HEAD LINE "!#\n" GOOD, "G", 1 },
	{ "digits missing", HEAD LINE "!12\n" GOOD, "G", 1 },
	{ "a digit that is none", HEAD LINE "!12G4\n" GOOD, "G", 1 },
	{ "garbage for digits", HEAD LINE "!????\n" GOOD, "G", 1 },
	{ "cut off in the digits", HEAD LINE "!12", "", 0, 1 },
	{ "digits cut off by the next one", HEAD LINE "!12" GOOD, "G", 1 },
	{ "too many digits", HEAD LINE "!@5\n" GOOD, "GG" },

	{ "required: right", GOOD, "G", 0, 0, P1_REQUIRE },
	{ "required: none", HEAD LINE "!\n" GOOD, "G", 1, 0, P1_REQUIRE },
	{ "required: zeros", HEAD LINE "!0000\n" GOOD, "G", 1, 0, P1_REQUIRE },
	{ "required: wrong", HEAD LINE "!#\n" GOOD, "G", 1, 0, P1_REQUIRE },
	{ "ignored: right", GOOD, "G", 0, 0, P1_IGNORE },
	{ "ignored: none, zeros, wrong, missing",
	  HEAD LINE "!\n" HEAD LINE "!0000\n" HEAD LINE "!#\n" HEAD LINE "!1\n", "NZWW", 0, 0, P1_IGNORE },

	{ "noise before it", "x\n1-0:1.8.0(1)\n!1234\n//+/A/AB/ABC\1" GOOD, "G" },
	{ "the tail of another one", "7F(0\n" LINE "!1234\n" GOOD, "G" },
	{ "noise after it", GOOD "!@/x\n" GOOD, "GG" },
	{ "cut off by the next one", HEAD LINE "1-0:2.7.0(00\n" GOOD, "G", 0, 1 },
	{ "cut off in a line by the next one", HEAD LINE "1-0:2.7.0(00" GOOD, "G", 0, 1 },
	{ "cut off in a line, next has no checksum", HEAD LINE "1-0:2.7.0(00" HEAD LINE "!\n", "N", 0, 1 },
	{ "cut off in a line, next has zeros", HEAD LINE "1-0:2.7.0(00" HEAD LINE "!0000\n", "Z", 0, 1 },
	{ "cut off in a line, next is wrong", HEAD LINE "1-0:2.7.0(00" HEAD LINE "!#\n" GOOD, "G", 1 },
	{ "cut off in a line, wrong is taken", HEAD LINE "1-0:2.7.0(00" GOOD, "G", 0, 1, P1_IGNORE },
	{ "cut off in the identification", "/ABC5\\2TY" GOOD, "G" },
	{ "cut off behind the identification", HEAD GOOD, "G", 0, 1 },
	{ "cut off in front of the mark", HEAD LINE, "", 0, 1 },
	{ "the line end in front of the mark is lost", HEAD "1-0:1.7.0(1*kW)!1234\n" GOOD, "G", 0, 1 },

	{ "a mark in a value", HEAD "0-0:96.13.0(!A077)\n" LINE "!@\n", "G" },
	{ "a slash in a value", HEAD "0-0:96.13.0(x/ABC/DEF5\\)\n" LINE "!@\n", "G" },
	{ "a slash in a value, none", HEAD "0-0:96.13.0(x/ABC5)\n" LINE "!\n", "N" },
	{ "a slash at the beginning of a line", HEAD "/12\n" LINE "!@\n", "G" },
	{ "lines end with LF", "^/ABC5\\2TYPE$$1-0:1.7.0(1*kW)$!@$", "G" },
	{ "no empty line", "^/ABC5\\2TYPE\n" LINE "!@\n", "G" },
	{ "no empty line, LF", "^/ABC5\\2TYPE$1-0:1.7.0(1*kW)$!@$", "G" },
	{ "no identification behind the letters", "^/ABC\n" LINE "!@\n", "G" },
	{ "no lines", HEAD "!@\n", "G" },
	{ "letters of any case", "^/ISk5\\2MT382\n\n" LINE "!@\n", "G" },
	{ "two letters", "^/AB5\\2TYPE\n\n" LINE "!@\n" GOOD, "G" },
};

static void lines_become_telegrams(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct row *row = &rows[i];
		struct p1_stats s;

		for (size_t piece = 1; piece <= 1024; piece = piece * 3 + 1) {
			wire.n = wire.begin = 0;
			put(&wire, row->text);
			run(&wire, row->policy, piece, &caught, &s);
			if (strcmp(caught.checksums, row->delivered) || s.crc_errors != row->crc_errors ||
			    s.timeouts != row->timeouts || s.too_long)
				fail_msg("%s, pieces of %zu: %s, %llu crc_errors, %llu timeouts", row->name, piece,
					 caught.checksums, (unsigned long long)s.crc_errors,
					 (unsigned long long)s.timeouts);
			assert_int_equal(s.telegrams, strlen(row->delivered));
			assert_true(s.starts >= s.telegrams);
		}
	}
}

static void what_is_delivered_is_what_was_sent(void **state)
{
	static const char text[] = "/ABC5\\2TYPE\r\n\r\n1-0:1.7.0(0001.234*kW)\r\n!";
	struct p1_stats s;

	wire.n = wire.begin = 0;
	put(&wire, "noise" GOOD "\n");
	run(&wire, P1_IF_SENT, 7, &caught, &s);
	assert_int_equal(caught.octets, sizeof(text) - 1 + 4);
	assert_memory_equal(caught.data, text, sizeof(text) - 1);
	assert_int_equal(s.skipped, 5 + 2 + 2);
}

/* The fourth digit is enough: the next telegram may be ten seconds away. */
static void delivered_at_the_fourth_digit(void **state)
{
	static struct p1_framer f;

	wire.n = wire.begin = 0;
	put(&wire, HEAD LINE "!@");
	p1_init(&f, P1_IF_SENT);
	caught.n = 0;
	caught.octets = 0;
	p1_push(&f, wire.data, wire.n - 1, 0, catch, &caught);
	assert_int_equal(caught.n, 0);
	p1_push(&f, wire.data + wire.n - 1, 1, 0, catch, &caught);
	assert_int_equal(caught.n, 1);
	assert_int_equal(p1_pending(&f), 0);
}

static void a_pause_ends_a_telegram(void **state)
{
	static struct p1_framer f;

	wire.n = wire.begin = 0;
	put(&wire, HEAD LINE "!");
	p1_init(&f, P1_IF_SENT);
	caught.n = 0;
	caught.octets = 0;
	p1_push(&f, wire.data, wire.n, SECOND, catch, &caught);
	assert_int_equal(caught.n, 0);
	/* A short one ends nothing. */
	p1_push(&f, wire.data, 0, SECOND + P1_PAUSE_NS, catch, &caught);
	assert_int_equal(caught.n, 0);
	p1_push(&f, wire.data, wire.n - 3, 2 * SECOND, catch, &caught);
	assert_int_equal(caught.n, 1);
	assert_string_equal(caught.checksums, "N");
	p1_push(&f, wire.data, wire.n, 3 * SECOND, catch, &caught);
	assert_int_equal(f.stats.timeouts, 1);
	p1_push(&f, wire.data, wire.n, 4 * SECOND, catch, &caught);
	assert_int_equal(caught.n, 2);
	check_balance(&f);
}

/* A meter that sends a checksum sends one always: without its end a telegram was cut off. */
static void where_checksums_are_sent_one_is_waited_for(void **state)
{
	static struct p1_framer f;

	wire.n = wire.begin = 0;
	put(&wire, HEAD LINE "!@");
	p1_init(&f, P1_IF_SENT);
	caught.n = 0;
	caught.octets = 0;
	p1_push(&f, wire.data, wire.n, SECOND, catch, &caught);
	assert_int_equal(caught.n, 1);
	assert_string_equal(caught.checksums, "G");
	p1_push(&f, wire.data, wire.n - 4, 2 * SECOND, catch, &caught);
	p1_push(&f, wire.data, wire.n, 3 * SECOND, catch, &caught);
	assert_string_equal(caught.checksums, "GG");
	assert_int_equal(f.stats.timeouts, 1);
	check_balance(&f);
}

/* ---- ciphered ---- */

/*
 * @head: what stands in front of the length; @len: of the security octet, the counter and what is
 * ciphered, which is full of what would end lines; @said: what the header says of it.
 */
static void put_ciphered(struct wire *w, const char *head, size_t head_n, u8 security, size_t len, size_t said)
{
	static const char trap[] = "\r\n!1234\r\n(/ABC5\\2TYPE";
	u8 ber[] = { 0x82, (u8)(said >> 8), (u8)said, security, 0, 0, 0, 1 };

	put(w, "^/ABC5\\2TYPE\n\n");
	put_octets(w, head, head_n);
	put_octets(w, ber, sizeof(ber));
	for (size_t i = 5; i < len; i++)
		put_octets(w, &trap[(i - 5) % (sizeof(trap) - 1)], 1);
}

static void ciphered_bodies_end_by_their_length(void **state)
{
	static const struct {
		const char *head;
		size_t n;
		u8 security;
		const char *tail;
		enum p1_policy policy;
		const char *delivered;
	} forms[] = {
		{ "\xdb\x08KAM12345", 10, 0x30, "!@\n", P1_IF_SENT, "G" },
		{ "\xdc\x08KAM12345", 10, 0x30, "\n!@\n", P1_IF_SENT, "G" },
		{ "\xdb\x00", 2, 0x30, "!@\n", P1_REQUIRE, "G" },
		{ "\x08KAM12345", 9, 0x30, "!\n", P1_IF_SENT, "N" },
		{ "\x00", 1, 0x30, "!#\n", P1_IF_SENT, "N" },
		{ "\x00", 1, 0x30, "!#\n", P1_REQUIRE, "N" },
		{ "\x00", 1, 0x20, "!#\n", P1_IF_SENT, "N" },
		{ "\x00", 1, 0x20, "!#\n", P1_REQUIRE, "" },
		{ "\x00", 1, 0x20, "!0000\n", P1_IGNORE, "Z" },
		{ "\x00", 1, 0x30, "!", P1_IF_SENT, "N" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
		for (size_t piece = 1; piece < 2000; piece = piece * 5 + 1) {
			struct p1_stats s;

			wire.n = wire.begin = 0;
			put_ciphered(&wire, forms[i].head, forms[i].n, forms[i].security, 560, 560);
			put(&wire, forms[i].tail);
			run(&wire, forms[i].policy, piece, &caught, &s);
			assert_string_equal(caught.checksums, forms[i].delivered);
			assert_int_equal(s.timeouts, 0);
			assert_int_equal(s.crc_errors, !*forms[i].delivered);
		}
	}
}

/* What was swallowed by a length that is wrong comes out again, all of it. */
static void a_lying_length_costs_no_other_telegram(void **state)
{
	static const size_t said[] = { 0, 4, 100, 561, 700, 4000, 7000, 8150, 8192, 60000 };

	for (size_t i = 0; i < ARRAY_SIZE(said); i++) {
		for (size_t piece = 1; piece < 20000; piece = piece * 7 + 1) {
			struct p1_stats s;

			wire.n = wire.begin = 0;
			put_ciphered(&wire, "\x00", 1, 0x30, 560, said[i]);
			put(&wire, "!@\n");
			for (unsigned int k = 0; k < 8; k++)
				put(&wire, GOOD);
			put_ciphered(&wire, "\xdb\x08KAM12345", 10, 0x30, 300, 300);
			put(&wire, "!@\n" GOOD);
			run(&wire, P1_IF_SENT, piece, &caught, &s);
			/* The text in the ciphered one is no telegram, but may look like one. */
			assert_true(strlen(caught.checksums) >= 10);
			assert_string_equal(strstr(caught.checksums, "GGGGGGGGGG") ?: "", "GGGGGGGGGG");
		}
	}
}

static void a_ciphered_one_cut_off_costs_no_other(void **state)
{
	for (size_t len = 0; len <= 560; len += 40) {
		struct p1_stats s;

		wire.n = wire.begin = 0;
		put_ciphered(&wire, "\x00", 1, 0x30, 5, 560);
		for (size_t i = 0; i < len; i++)
			put_octets(&wire, "\xaa", 1);
		for (unsigned int k = 0; k < 3; k++) {
			put_ciphered(&wire, "\x00", 1, 0x30, 5, 560);
			for (size_t i = 5; i < 560; i++)
				put_octets(&wire, &(u8){ (u8)(i * 7) }, 1);
			put(&wire, "!@\n");
		}
		run(&wire, P1_IF_SENT, 64, &caught, &s);
		assert_string_equal(caught.checksums, "GGG");
		assert_int_equal(s.timeouts, 1);
	}
}

/* ---- too long ---- */

static void put_long(struct wire *w, size_t n)
{
	size_t begin = w->n;

	put(w, HEAD);
	while (w->n - begin + 32 < n)
		put(w, "0-0:96.13.0(31323334)\n");
	while (w->n - begin < n - 7)
		put(w, "x");
	put(w, "\n!@");
	assert_int_equal(w->n - begin, n);
}

static void telegrams_have_a_longest(void **state)
{
	for (size_t n = P1_TELEGRAM_MAX - 8; n < P1_TELEGRAM_MAX + 300; n++) {
		bool fits = n <= P1_TELEGRAM_MAX;

		for (size_t piece = 1; piece < 20000; piece = piece * 40 + 1) {
			struct p1_stats s;

			wire.n = wire.begin = 0;
			put_long(&wire, n);
			put(&wire, "\n" GOOD);
			run(&wire, P1_IF_SENT, piece, &caught, &s);
			assert_string_equal(caught.checksums, fits ? "GG" : "G");
			assert_int_equal(s.too_long, !fits);
		}
	}
}

static void an_endless_one_costs_no_other(void **state)
{
	for (size_t n = 8000; n < 8600; n++) {
		struct p1_stats s;

		wire.n = wire.begin = 0;
		put(&wire, HEAD);
		while (wire.n < n)
			put(&wire, "x");
		put(&wire, GOOD GOOD);
		run(&wire, P1_IF_SENT, 4096, &caught, &s);
		assert_string_equal(caught.checksums, "GG");
		assert_int_equal(s.too_long + s.timeouts, 1);
	}
}

/* ---- any octets ---- */

/* Pieces of telegrams, in any order. */
static void put_anything(struct wire *w, size_t n)
{
	static const char *const parts[] = {
		HEAD, LINE, "!@\n", "!#\n", "!\n", "!", "\n", "/", "/ABC", "^/XYZ5", "$", "\n/", "\n!", "!12",
		"0-0:96.13.0(31)\n", "\1", GOOD, "12345678901234567890123456789012345678901234567890",
	};

	w->n = w->begin = 0;
	while (w->n < n) {
		u32 r = rng();

		if (r % 40 == 0)
			put_ciphered(w, "\xdb\x08KAM12345", 10, (u8)rng(), rng() % 400, rng() % 400);
		else if (r % 40 == 1)
			put_ciphered(w, "\x00", 1, (u8)rng(), rng() % 40, rng() % 9000);
		else
			put(w, parts[rng() % ARRAY_SIZE(parts)]);
	}
}

static void pieces_do_not_matter(void **state)
{
	rng_state = 2;
	for (unsigned int round = 0; round < 400; round++) {
		enum p1_policy policy = round % 3;
		struct p1_stats a, b;

		put_anything(&wire, round % 8 ? 2000 : 30000);
		run(&wire, policy, wire.n, &caught, &a);
		for (size_t piece = 1; piece < 9000; piece = piece * 3 + rng() % 3) {
			run(&wire, policy, piece, &other, &b);
			assert_memory_equal(&a, &b, sizeof(a));
			assert_int_equal(caught.octets, other.octets);
			assert_memory_equal(caught.data, other.data, caught.octets);
		}
	}
}

static void a_whole_telegram_survives_any_line(void **state)
{
	rng_state = 3;
	for (unsigned int round = 0; round < 2000; round++) {
		struct p1_stats s;
		size_t begin;

		put_anything(&wire, rng() % 1500);
		put(&wire, "\n");
		begin = wire.n;
		put(&wire, GOOD);
		run(&wire, P1_IF_SENT, 4096, &caught, &s);
		assert_true(caught.n > 0 && caught.octets >= wire.n - 2 - begin);
		assert_memory_equal(caught.data + caught.octets - (wire.n - 2 - begin), wire.data + begin,
				    wire.n - 2 - begin);
	}
}

/* ---- no line makes it work more than so much ---- */

static void put_worst(struct wire *w, unsigned int kind)
{
	w->n = w->begin = 0;
	while (w->n < sizeof(w->data) - 1000) {
		switch (kind) {
		case 0:
			put(w, "/ABC");
			break;
		case 1:
			put(w, "/ABC5\n");
			break;
		case 2:
			put(w, w->n ? "x!" : HEAD);
			break;
		case 3:
			put(w, "/ABC5\n!\n");
			break;
		case 4:
			/* Each begins a ciphered one that is as long as can be. */
			put_ciphered(w, "\x00", 1, 0x30, 5, 8100);
			break;
		case 5:
			/* All end with the same mark. */
			put(w, w->n % 8000 < 7900 ? "x/ABC5\\2A" : "\n!#\n/ABC5\n\nx");
			break;
		case 6:
			put(w, w->n % 8000 < 7900 ? "x/ABC5\n" : "\n!#\n/ABC5\n\nx");
			break;
		case 7:
			put(w, "x");
			break;
		case 8:
			put(w, "/ABC5\n\n\n\n\n\n");
			break;
		case 9:
			put_ciphered(w, "\x00", 1, 0x30, 5, 4000);
			put(w, "\nx/ABC5\n!#\n");
			break;
		default:
			put(w, w->n % 16000 < 20 ? HEAD : "\n");
		}
	}
}

static void the_work_is_bounded(void **state)
{
	for (unsigned int kind = 0; kind <= 10; kind++) {
		struct p1_stats s;

		put_worst(&wire, kind);
		for (size_t piece = 1; piece <= wire.n; piece *= 16) {
			looked = 0;
			caught.n = 0;
			run(&wire, P1_REQUIRE, piece, &caught, &s);
			if (looked > 8 * wire.n)
				fail_msg("kind %u in pieces of %zu: %llu octets looked at for %zu", kind, piece,
					 (unsigned long long)looked, wire.n);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(crc_is_that_of_the_polynomial),
		cmocka_unit_test(lines_become_telegrams),
		cmocka_unit_test(what_is_delivered_is_what_was_sent),
		cmocka_unit_test(delivered_at_the_fourth_digit),
		cmocka_unit_test(a_pause_ends_a_telegram),
		cmocka_unit_test(where_checksums_are_sent_one_is_waited_for),
		cmocka_unit_test(ciphered_bodies_end_by_their_length),
		cmocka_unit_test(a_lying_length_costs_no_other_telegram),
		cmocka_unit_test(a_ciphered_one_cut_off_costs_no_other),
		cmocka_unit_test(telegrams_have_a_longest),
		cmocka_unit_test(an_endless_one_costs_no_other),
		cmocka_unit_test(pieces_do_not_matter),
		cmocka_unit_test(a_whole_telegram_survives_any_line),
		cmocka_unit_test(the_work_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
