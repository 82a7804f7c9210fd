// SPDX-License-Identifier: GPL-2.0
/*
 * Frames to messages: M-Bus, HDLC segments, general block transfer.
 *
 *   bench_link time         messages and octets per second of each
 *   bench_link mbus KIND N  N octets into the M-Bus framer alone: frames, noise or nested
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dlms/gbt.h"
#include "link/mbus.h"
#include "link/segments.h"
#include "util.h"

#define CHUNK	4096	/* octets handed over at once */
#define APDU	354	/* octets of one message, as an Austrian Kaifa sends it */
#define PART	120	/* of them in a segment or block, as Iskra and L+G send them */

static u8 apdu[APDU] = { 0xe6, 0xe7, 0x00, 0x0f, 0x00, 0x00, 0x00, 0x01, 0x00 };

static u32 rng(void)
{
	static u32 state = 1;

	state ^= state << 13;
	state ^= state >> 17;
	state ^= state << 5;

	return state;
}

/* ---- what is sent ---- */

static size_t put_mbus(u8 *to, u8 ci, const u8 *data, size_t n)
{
	const u8 head[] = { 0x68, n + 5, n + 5, 0x68, 0x53, 0xff, ci, 0x01, 0x67 };
	u8 sum = 0;

	memcpy(to, head, sizeof(head));
	memcpy(to + sizeof(head), data, n);
	for (size_t i = 4; i < sizeof(head) + n; i++)
		sum += to[i];
	to[sizeof(head) + n] = sum;
	to[sizeof(head) + n + 1] = 0x16;

	return sizeof(head) + n + 2;
}

/* Whole messages of two frames, as many as fit; returns the octets. */
static size_t fill_mbus(u8 *line, size_t size, u64 *ret_messages)
{
	size_t n = 0;

	for (*ret_messages = 0; n + APDU + 22 <= size; ++*ret_messages) {
		n += put_mbus(line + n, 0x00, apdu, 245);
		n += put_mbus(line + n, 0x11, apdu + 245, APDU - 245);
	}

	return n;
}

static size_t put_segment(u8 *to, const u8 *data, size_t n, bool more)
{
	static const u8 head[] = { 0xce, 0xff, 0x03, 0x13, 0, 0 };
	size_t size = 2 + sizeof(head) + n + 2;

	memset(to, 0, size);
	to[0] = 0xa0 | (more ? AMSHAN_FRAME_SEGMENTED : 0) | size >> 8;
	to[1] = size & 0xff;
	memcpy(to + 2, head, sizeof(head));
	memcpy(to + 2 + sizeof(head), data, n);

	return size;
}

static size_t put_block(u8 *to, const u8 *data, size_t n, unsigned int number, bool last)
{
	const u8 head[] = { 0xe0, last ? 0xc0 : 0x40, 0, number, 0, 0, n };

	memcpy(to, head, sizeof(head));
	memcpy(to + sizeof(head), data, n);

	return sizeof(head) + n;
}

/* ---- what takes it: each returns the messages that came of some rounds ---- */

static void count(void *ctx, const u8 *data, size_t n)
{
	++*(u64 *)ctx;
}

static u64 take_mbus(unsigned int rounds, u64 *ret_octets)
{
	static u8 line[1 << 16];
	static struct mbus_framer f;
	u64 messages = 0, each;
	size_t n = fill_mbus(line, sizeof(line), &each);

	mbus_init(&f);
	for (unsigned int round = 0; round < rounds; round++) {
		for (size_t i = 0; i < n; i += CHUNK)
			mbus_push(&f, line + i, n - i < CHUNK ? n - i : CHUNK, 0, count, &messages);
	}
	*ret_octets = f.stats.octets;

	return messages == rounds * each ? messages : 0;
}

static u64 take_segments(unsigned int rounds, u64 *ret_octets)
{
	static struct segments s;
	u8 frames[3][PART + 16];
	size_t sizes[3], n = 0;
	u64 messages = 0;

	memset(&s, 0, sizeof(s));
	*ret_octets = 0;
	for (unsigned int i = 0; i < 3; i++, n += PART)
		sizes[i] = put_segment(frames[i], apdu + n, i < 2 ? PART : APDU - n, i < 2);
	for (unsigned int round = 0; round < rounds * 100; round++) {
		for (unsigned int i = 0; i < 3; i++) {
			struct hdlc_frame h;
			const u8 *whole;

			if (hdlc_frame_parse(frames[i], sizes[i], &h) < 0)
				abort();
			messages += segments_take(&s, frames[i], sizes[i], &h, 0, &whole, &n) == 1;
			*ret_octets += sizes[i];
		}
	}

	return messages == rounds * 100ull && n == APDU ? messages : 0;
}

static u64 take_gbt(unsigned int rounds, u64 *ret_octets)
{
	static struct gbt g;
	u8 blocks[3][PART + 16];
	size_t sizes[3], n = 0;
	u64 messages = 0;

	memset(&g, 0, sizeof(g));
	*ret_octets = 0;
	for (unsigned int i = 0; i < 3; i++, n += PART)
		sizes[i] = put_block(blocks[i], apdu + n, i < 2 ? PART : APDU - n, i + 1, i == 2);
	for (unsigned int round = 0; round < rounds * 100; round++) {
		for (unsigned int i = 0; i < 3; i++) {
			const u8 *p = blocks[i], *whole;

			messages += gbt_take(&g, &p, p + sizes[i], 0, &whole, &n) == 1;
			*ret_octets += sizes[i];
		}
	}

	return messages == rounds * 100ull && n == APDU ? messages : 0;
}

static const struct {
	const char *name;
	u64 (*take)(unsigned int rounds, u64 *ret_octets);
	unsigned int rounds;
} takers[] = {
	{ "mbus", take_mbus, 100 },
	{ "segments", take_segments, 1000 },
	{ "gbt", take_gbt, 1000 },
};

static int bench_time(void)
{
	printf("%-20s %12s %12s\n", "of what", "messages/s", "MB/s");
	for (unsigned int i = 0; i < ARRAY_SIZE(takers); i++) {
		double messages = 0, octets = 0;

		/* The best of some rounds: what disturbs only makes slower. */
		for (unsigned int round = 0; round < 9; round++) {
			u64 us = mono_us(), n, m = takers[i].take(takers[i].rounds, &n);

			us = mono_us() - us;
			if (!m)
				return 1;
			if (m * 1e6 / us > messages) {
				messages = m * 1e6 / us;
				octets = (double)n / us;
			}
		}
		printf("%-20s %12.0f %12.0f\n", takers[i].name, messages, octets);
		fflush(stdout);
	}

	return 0;
}

/* What the M-Bus framer costs per octet: good frames, noise, and the worst that can be sent. */
static int bench_mbus(const char *kind, size_t n)
{
	/* Heads as close as they go, each of a frame that is as long as can be. */
	static const u8 nested[] = { 0x68, 0x1f, 0x1f, 0x68, 0x53 };
	static u8 line[1 << 16];
	static struct mbus_framer f;
	u64 messages = 0;
	size_t len = 0;

	if (!strcmp(kind, "frames")) {
		len = fill_mbus(line, sizeof(line), &messages);
	} else if (!strcmp(kind, "noise")) {
		for (len = 0; len < sizeof(line); len++)
			line[len] = (u8)rng();
	} else if (!strcmp(kind, "nested")) {
		for (len = 0; len + sizeof(nested) <= sizeof(line); len += sizeof(nested))
			memcpy(line + len, nested, sizeof(nested));
	} else {
		return 2;
	}

	mbus_init(&f);
	for (size_t done = 0; done < n; done += len) {
		for (size_t i = 0; i < len; i += CHUNK)
			mbus_push(&f, line + i, len - i < CHUNK ? len - i : CHUNK, 0, count,
				  &messages);
	}
	printf("%llu octets\n", (unsigned long long)f.stats.octets);

	return 0;
}

int main(int argc, char **argv)
{
	for (size_t i = 9; i < sizeof(apdu); i++)
		apdu[i] = (u8)rng();

	if (argc == 2 && !strcmp(argv[1], "time"))
		return bench_time();
	if (argc == 4 && !strcmp(argv[1], "mbus"))
		return bench_mbus(argv[2], (size_t)atol(argv[3]));

	fprintf(stderr, "Usage: bench_link time | mbus frames|noise|nested N\n");
	return 2;
}
