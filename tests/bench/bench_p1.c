// SPDX-License-Identifier: GPL-2.0
/*
 * Telegrams of P1 to readings, as a source does it: framer, checksum, lines, names.
 *
 *   bench_p1 time          telegrams per second of each kind; and of the checksum alone
 *   bench_p1 run KIND N    N telegrams of one kind, for callgrind: dsmr, swedish
 *   bench_p1 framer KIND N N octets into the framer alone: telegrams, noise or nested
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../sim/encode.h"
#include "link/p1.h"
#include "meter/meter.h"
#include "util.h"

#define CHUNK	4096	/* octets handed over at once */
#define ROUNDS	9

struct bench {
	struct p1_framer framer;
	struct decoder decoder;
	struct meter_settings settings;
	struct message msg;
	struct readings readings;
	u64 telegrams;
	u64 messages;
	u64 values;
};

/* The objects of DSMR 5.0.2 P1, 6.12, and of the Swedish one; %u changes. */
static const struct kind {
	const char *name;
	const char *lines;
	unsigned int meters;
	unsigned int values;	/* named numbers of the meter itself */
} kinds[] = {
	{ "dsmr",
	  "/KFM5KAIFA-METER\r\n\r\n1-3:0.2.8(50)\r\n0-0:1.0.0(261122193000W)\r\n"
	  "0-0:96.1.1(4530303236303030303132333435363133)\r\n1-0:1.8.1(%06u.123*kWh)\r\n"
	  "1-0:1.8.2(004567.890*kWh)\r\n1-0:2.8.1(000012.345*kWh)\r\n1-0:2.8.2(000067.890*kWh)\r\n"
	  "0-0:96.14.0(0002)\r\n1-0:1.7.0(01.193*kW)\r\n1-0:2.7.0(00.000*kW)\r\n0-0:96.7.21(00004)\r\n"
	  "0-0:96.7.9(00002)\r\n1-0:99.97.0(2)(0-0:96.7.19)(101208152415W)(0000000240*s)"
	  "(101208151004W)(0000000301*s)\r\n1-0:32.32.0(00002)\r\n1-0:52.32.0(00001)\r\n"
	  "1-0:72.32.0(00000)\r\n1-0:32.36.0(00000)\r\n1-0:52.36.0(00003)\r\n1-0:72.36.0(00000)\r\n"
	  "0-0:96.13.0(303132333435363738393A3B3C3D3E3F303132333435363738393A3B3C3D3E3F)\r\n"
	  "1-0:32.7.0(220.1*V)\r\n1-0:52.7.0(220.2*V)\r\n1-0:72.7.0(220.3*V)\r\n1-0:31.7.0(001*A)\r\n"
	  "1-0:51.7.0(002*A)\r\n1-0:71.7.0(003*A)\r\n1-0:21.7.0(01.111*kW)\r\n1-0:41.7.0(02.222*kW)\r\n"
	  "1-0:61.7.0(03.333*kW)\r\n1-0:22.7.0(04.444*kW)\r\n1-0:42.7.0(05.555*kW)\r\n"
	  "1-0:62.7.0(06.666*kW)\r\n0-1:24.1.0(003)\r\n0-1:96.1.0(3232323241424344313233343536373839)\r\n"
	  "0-1:24.2.1(261122190000W)(12785.123*m3)\r\n!",
	  2, 18 },
	{ "swedish",
	  "/LGF5E360\r\n\r\n0-0:1.0.0(261122193000W)\r\n1-0:1.8.0(%08u.020*kWh)\r\n"
	  "1-0:2.8.0(00000048.792*kWh)\r\n1-0:3.8.0(00000518.309*kVArh)\r\n1-0:4.8.0(00000023.732*kVArh)\r\n"
	  "1-0:1.7.0(0000.000*kW)\r\n1-0:2.7.0(0000.020*kW)\r\n1-0:3.7.0(0000.000*kVAr)\r\n"
	  "1-0:4.7.0(0000.308*kVAr)\r\n1-0:21.7.0(0000.000*kW)\r\n1-0:22.7.0(0000.012*kW)\r\n"
	  "1-0:41.7.0(0000.000*kW)\r\n1-0:42.7.0(0000.071*kW)\r\n1-0:61.7.0(0000.063*kW)\r\n"
	  "1-0:62.7.0(0000.000*kW)\r\n1-0:23.7.0(0000.000*kVAr)\r\n1-0:24.7.0(0000.146*kVAr)\r\n"
	  "1-0:43.7.0(0000.000*kVAr)\r\n1-0:44.7.0(0000.135*kVAr)\r\n1-0:63.7.0(0000.000*kVAr)\r\n"
	  "1-0:64.7.0(0000.026*kVAr)\r\n1-0:32.7.0(230.1*V)\r\n1-0:52.7.0(232.2*V)\r\n"
	  "1-0:72.7.0(230.4*V)\r\n1-0:31.7.0(000.6*A)\r\n1-0:51.7.0(000.6*A)\r\n1-0:71.7.0(000.3*A)\r\n!",
	  1, 26 },
};

static void take(void *ctx, const u8 *telegram, size_t n, enum p1_checksum checksum)
{
	struct bench *b = ctx;
	struct meter_clock clock;
	unsigned int channel = 0;

	if (checksum != P1_GOOD)
		abort();
	while (message_next_telegram(&b->decoder, telegram, n, &channel, &b->msg) == 0) {
		meter_interpret(&b->msg, &b->settings, &b->readings, &clock, 1);
		b->messages++;
		if (!b->msg.channel) {
			for_each_reading(q, &b->readings)
				b->values++;
		}
	}
	b->telegrams++;
}

/* As many telegrams as fit, back to back, values changing. */
static size_t fill(u8 *line, size_t size, const struct kind *kind, unsigned int *ret_telegrams)
{
	char text[2048];
	size_t n = 0;

	for (*ret_telegrams = 0; n + sizeof(text) <= size; (*ret_telegrams)++) {
		/* The format is one of those above. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		size_t len = (size_t)snprintf(text, sizeof(text), kind->lines, *ret_telegrams);
#pragma GCC diagnostic pop

		len += (size_t)snprintf(text + len, sizeof(text) - len, "%04X\r\n",
					sim_crc16_arc((u8 *)text, len));
		memcpy(line + n, text, len);
		n += len;
	}

	return n;
}

static struct bench *bench_new(void)
{
	struct bench *b = calloc(1, sizeof(*b));

	if (!b)
		abort();
	p1_init(&b->framer, P1_IF_SENT);
	scale_init(&b->settings.scale);
	b->settings.scale.factor[KIND_ACTIVE_POWER] = (struct decimal){ 50, 0 };
	b->settings.scale.active = true;

	return b;
}

static void push(struct bench *b, const u8 *line, size_t n)
{
	for (size_t i = 0; i < n; i += CHUNK)
		p1_push(&b->framer, line + i, n - i < CHUNK ? n - i : CHUNK, 0, take, b);
}

static u8 line[1 << 20];

static double time_of(const struct kind *kind, size_t *ret_octets)
{
	unsigned int telegrams;
	size_t n = fill(line, sizeof(line), kind, &telegrams);
	struct bench *b = bench_new();
	double best = 0;

	*ret_octets = n / telegrams;
	/* The best of some rounds: what disturbs only makes slower. */
	for (unsigned int round = 0; round < ROUNDS; round++) {
		u64 before = b->telegrams, us = mono_us();

		for (unsigned int i = 0; i < 20; i++)
			push(b, line, n);
		us = mono_us() - us;
		if (b->telegrams - before != 20ull * telegrams ||
		    b->messages != b->telegrams * kind->meters ||
		    b->values < b->telegrams * kind->values)
			exit(1);
		if ((b->telegrams - before) * 1e6 / us > best)
			best = (b->telegrams - before) * 1e6 / us;
	}
	free(b);

	return best;
}

static int bench_time(void)
{
	double best = 0;
	u16 crc = 0;

	printf("%-20s %7s %12s\n", "kind", "octets", "telegrams/s");
	for (unsigned int i = 0; i < ARRAY_SIZE(kinds); i++) {
		size_t octets;
		double each = time_of(&kinds[i], &octets);

		printf("%-20s %7zu %12.0f\n", kinds[i].name, octets, each);
		fflush(stdout);
	}
	for (unsigned int round = 0; round < ROUNDS; round++) {
		u64 us = mono_us();

		for (unsigned int i = 0; i < 100000; i++)
			crc = p1_crc16(crc, line + i, 1024);
		us = mono_us() - us;
		if (1e5 * 1e6 / us > best)
			best = 1e5 * 1e6 / us;
	}
	/* That it was computed shows in the number. */
	printf("%-20s %7d %12.0f  (%04x)\n", "checksum alone", 1024, best, crc);

	return 0;
}

static int bench_run(const char *name, unsigned int count)
{
	struct bench *b = bench_new();
	unsigned int telegrams;

	for (unsigned int i = 0; i < ARRAY_SIZE(kinds); i++) {
		size_t n;

		if (strcmp(name, kinds[i].name) != 0)
			continue;
		n = fill(line, sizeof(line), &kinds[i], &telegrams);
		n = n / telegrams * (telegrams < 500 ? telegrams : 500);
		while (b->telegrams < count)
			push(b, line, n);
		printf("%llu telegrams\n", (unsigned long long)b->telegrams);
		free(b);
		return 0;
	}
	free(b);

	return 2;
}

static void ignore(void *ctx, const u8 *telegram, size_t n, enum p1_checksum checksum)
{
}

/* What the framer costs per octet: good telegrams, noise, and ciphered ones that lie, nested. */
static int bench_framer(const char *kind, size_t n)
{
	static struct p1_framer f;
	unsigned int telegrams;
	size_t len = 1 << 16;
	u32 rng = 1;

	if (!strcmp(kind, "telegrams")) {
		len = fill(line, 1 << 16, &kinds[0], &telegrams);
	} else if (!strcmp(kind, "noise")) {
		for (size_t i = 0; i < len; i++) {
			rng ^= rng << 13;
			rng ^= rng >> 17;
			rng ^= rng << 5;
			line[i] = (u8)rng;
		}
	} else if (!strcmp(kind, "nested")) {
		static const u8 head[16] = "/ABC5\r\n\x00\x82\x1f\xa0\x30";

		for (size_t i = 0; i < len; i += sizeof(head))
			memcpy(line + i, head, sizeof(head));
	} else {
		return 2;
	}

	p1_init(&f, P1_IF_SENT);
	for (size_t done = 0; done < n; done += len) {
		for (size_t i = 0; i < len; i += CHUNK)
			p1_push(&f, line + i, len - i < CHUNK ? len - i : CHUNK, 0, ignore, NULL);
	}
	printf("%llu octets\n", (unsigned long long)f.stats.octets);

	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "time"))
		return bench_time();
	if (argc == 4 && !strcmp(argv[1], "run"))
		return bench_run(argv[2], (unsigned int)atoi(argv[3]));
	if (argc == 4 && !strcmp(argv[1], "framer"))
		return bench_framer(argv[2], (size_t)atol(argv[3]));

	fprintf(stderr, "Usage: bench_p1 time | run dsmr|swedish N | "
			"framer telegrams|noise|nested N\n");
	return 2;
}
