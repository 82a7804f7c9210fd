// SPDX-License-Identifier: GPL-2.0
/*
 * Octets to readings, as a source does it: framer, both checksums, decode, scale.
 *
 *   bench_decode time            frames per second of each list
 *   bench_decode run FORM LIST N N frames of one list, for callgrind
 *   bench_decode framer KIND N   N octets into the framer alone: frames, noise or nested
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <amshan/framer.h>

#include "../sim/encode.h"
#include "../sim/meters.h"
#include "meter/meter.h"
#include "util.h"

#define CHUNK	4096	/* octets handed over at once */

struct bench {
	struct framer framer;
	struct decoder decoder;
	struct meter_settings settings;
	struct message msg;
	struct readings readings;
	u64 frames;
	u64 values;
};

static void take(void *ctx, const u8 *frame, size_t n)
{
	struct bench *b = ctx;
	struct meter_clock clock;
	struct hdlc_frame h;
	const u8 *p, *end;

	if (hdlc_frame_parse(frame, n, &h) < 0)
		abort();
	p = h.info;
	end = h.info + h.info_len;
	while (message_next(&b->decoder, &p, end, &b->msg) == 0) {
		meter_interpret(&b->msg, &b->settings, &b->readings, &clock, 1);
		b->values += readings_any(&b->readings);
	}
	b->frames++;
}

/* As many frames as fit, back to back, values changing. */
static size_t fill(u8 *line, size_t size, enum sim_form form, int list, unsigned int frames,
		   unsigned int *ret_frames)
{
	size_t n = 0;

	*ret_frames = 0;
	while (n + ENC_OCTETS_MAX <= size && *ret_frames < frames) {
		struct sim_values v;
		int len;

		sim_values_example(form, &v);
		v.q[SIM_P_IMPORT] += *ret_frames % 1000;
		len = sim_build(form, list, SIM_HDLC, &v, line + n, size - n, NULL);
		if (len < 0)
			abort();
		n += (size_t)len;
		(*ret_frames)++;
	}

	return n;
}

static struct bench *bench_new(void)
{
	struct bench *b = calloc(1, sizeof(*b));

	if (!b)
		abort();
	framer_init(&b->framer);
	scale_init(&b->settings.scale);
	b->settings.scale.factor[KIND_ACTIVE_POWER] = (struct decimal){ 50, 0 };
	b->settings.scale.active = true;

	return b;
}

static void push(struct bench *b, const u8 *line, size_t n)
{
	for (size_t i = 0; i < n; i += CHUNK)
		framer_push(&b->framer, line + i, NULL, n - i < CHUNK ? n - i : CHUNK, 0, take, b);
}

static int bench_time(void)
{
	static u8 line[1 << 20];

	printf("%-20s %4s %7s %12s\n", "list", "no", "octets", "frames/s");
	for (int form = 0; form < SIM_FORMS; form++) {
		for (int list = 1; list <= 3; list++) {
			struct bench *b;
			unsigned int frames;
			double best = 0;
			size_t n;

			if (!sim_form_has_list(form, list))
				continue;
			n = fill(line, sizeof(line), form, list, 1000000, &frames);
			b = bench_new();
			/* The best of some rounds: what disturbs only makes slower. */
			for (unsigned int round = 0; round < 9; round++) {
				u64 before = b->frames, us = mono_us();

				for (unsigned int i = 0; i < 20; i++)
					push(b, line, n);
				us = mono_us() - us;
				if (b->frames - before != 20ull * frames || b->values != b->frames)
					return 1;
				if ((b->frames - before) * 1e6 / us > best)
					best = (b->frames - before) * 1e6 / us;
			}
			printf("%-20s %4d %7zu %12.0f\n", sim_form_name(form), list, n / frames, best);
			fflush(stdout);
			free(b);
		}
	}

	return 0;
}

static int bench_run(const char *name, int list, unsigned int count)
{
	static u8 line[1 << 20];
	int form = sim_form_find(name);
	struct bench *b = bench_new();
	unsigned int frames;
	size_t n;

	if (form < 0 || !sim_form_has_list(form, list))
		return 2;
	n = fill(line, sizeof(line), form, list, 1000, &frames);
	for (unsigned int i = 0; i < count / frames; i++)
		push(b, line, n);
	printf("%llu frames of %zu octets\n", (unsigned long long)b->frames, n / frames);
	free(b);

	return 0;
}

static void ignore(void *ctx, const u8 *frame, size_t n)
{
}

/* What the framer costs per octet: good frames, noise, and the worst that can be sent. */
static int bench_framer(const char *kind, size_t n)
{
	static u8 line[1 << 16];
	static struct framer f;
	unsigned int frames;
	size_t len = 0;
	u32 rng = 1;

	if (!strcmp(kind, "frames")) {
		len = fill(line, sizeof(line), SIM_AIDON, 2, 1000000, &frames);
	} else if (!strcmp(kind, "noise")) {
		for (len = 0; len < sizeof(line); len++) {
			rng ^= rng << 13;
			rng ^= rng >> 17;
			rng ^= rng << 5;
			line[len] = (u8)rng;
		}
	} else if (!strcmp(kind, "nested")) {
		/* Good headers, as close as they go, each of a frame that is as long as can be. */
		static const u8 header[] = { 0xa7, 0xff, 0x01, 0x01, 0x13 };
		u16 hcs = sim_crc16(header, sizeof(header));

		for (len = 0; len + 8 <= sizeof(line); len += 8) {
			line[len] = AMSHAN_FLAG;
			memcpy(line + len + 1, header, sizeof(header));
			line[len + 6] = hcs & 0xff;
			line[len + 7] = hcs >> 8;
		}
	} else {
		return 2;
	}

	framer_init(&f);
	for (size_t done = 0; done < n; done += len) {
		for (size_t i = 0; i < len; i += CHUNK)
			framer_push(&f, line + i, NULL, len - i < CHUNK ? len - i : CHUNK, 0, ignore,
				    NULL);
	}
	printf("%llu octets\n", (unsigned long long)f.stats.octets);

	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "time"))
		return bench_time();
	if (argc == 5 && !strcmp(argv[1], "run"))
		return bench_run(argv[2], atoi(argv[3]), (unsigned int)atoi(argv[4]));
	if (argc == 4 && !strcmp(argv[1], "framer"))
		return bench_framer(argv[2], (size_t)atol(argv[3]));

	fprintf(stderr, "Usage: bench_decode time | run FORM LIST N | framer frames|noise|nested N\n");
	return 2;
}
