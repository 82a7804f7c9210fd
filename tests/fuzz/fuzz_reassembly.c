// SPDX-License-Identifier: GPL-2.0
/*
 * Fuzz what puts frames and blocks together: HDLC segments and general block transfer.
 *
 * Input: one octet; bit 0: 0 segments, 1 blocks; the others: the time between two.  Segments: for
 * each frame an octet (bit 0 and 2: sender, bit 1: segment bit), control, length, information.
 * Blocks: as they are.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dlms/gbt.h"
#include "link/segments.h"
#include "util.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t n);

/* Touch all octets, so that a sanitizer does too. */
static void look(const u8 *p, size_t n)
{
	static u8 octets[GBT_MAX];

	if (n)
		memcpy(octets, p, n);
}

static size_t frame_build(u8 *frame, const u8 *data, u8 n)
{
	static const u8 heads[][4] = { { 0x41, 0x03 }, { 0x41, 0x08, 0x83 }, { 0xcf, 0x03 },
				       { 0x03, 0x41 } };
	unsigned int sender = (data[0] & 1) | (data[0] & 4) >> 1;
	size_t head_n = sender == 1 ? 3 : 2, size = 2 + head_n + 1 + (n ? 2 + n : 0) + 2;

	memset(frame, 0, size);
	frame[0] = 0xa0 | (data[0] & 2 ? AMSHAN_FRAME_SEGMENTED : 0) | size >> 8;
	frame[1] = size & 0xff;
	memcpy(frame + 2, heads[sender], head_n);
	frame[2 + head_n] = data[1];
	if (n)
		memcpy(frame + 2 + head_n + 3, data + 3, n);

	return size;
}

static void fuzz_segments(const u8 *data, size_t n, u64 step)
{
	static struct segments s;
	u64 frames = 0, messages = 0, in = 0, out = 0, now = 1;
	u8 frame[300];

	memset(&s, 0, sizeof(s));
	for (const u8 *end = data + n; end - data >= 3 && end - data >= 3 + data[2];
	     data += 3 + data[2]) {
		const u8 *got = NULL;
		size_t got_n = 0, size = frame_build(frame, data, data[2]);
		struct hdlc_frame h;
		int r;

		if (hdlc_frame_parse(frame, size, &h) < 0)
			abort();
		now += step;
		r = segments_take(&s, frame, size, &h, step ? now : 0, &got, &got_n);
		if (r != 1 && (got || got_n || (r != 0 && r != -EPROTO && r != -EMSGSIZE)))
			abort();
		frames++;
		in += h.info_len;
		if (r != 1)
			continue;
		if (got == h.info ? got_n != h.info_len : got_n > SEGMENTS_MAX)
			abort();
		look(got, got_n);
		messages += got != h.info;
		out += got_n;
	}
	segments_flush(&s);
	/* No octet is given twice, and each that is there was sent. */
	if (out > in || s.messages != messages || s.messages + s.broken > frames || s.taken > frames)
		abort();
}

static void fuzz_gbt(const u8 *data, size_t n, u64 step)
{
	static struct gbt g;
	const u8 *p = data, *end = data + n;
	u64 blocks = 0, messages = 0, out = 0, now = 1;

	memset(&g, 0, sizeof(g));
	while (p < end) {
		const u8 *got = NULL, *before = p;
		size_t got_n = 0;
		int r;

		now += step;
		r = gbt_take(&g, &p, end, step ? now : 0, &got, &got_n);
		if (r == -EBADMSG) {
			if (p != before)
				abort();
			p++;
			continue;
		}
		if (p - before < 7 || p > end || (r != 0 && r != 1 && r != -EPROTO && r != -EMSGSIZE))
			abort();
		if (r != 1 && (got || got_n))
			abort();
		blocks++;
		messages += r == 1;
		if (got_n > GBT_MAX)
			abort();
		look(got, got_n);
		out += got_n;
	}
	gbt_flush(&g);
	if (out > n || g.messages != messages || g.messages + g.broken > blocks || g.blocks > blocks)
		abort();
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t n)
{
	if (!n)
		return 0;
	if (data[0] & 1)
		fuzz_gbt(data + 1, n - 1, (data[0] >> 1) * USEC_PER_SEC / 4);
	else
		fuzz_segments(data + 1, n - 1, (data[0] >> 1) * USEC_PER_SEC / 4);

	return 0;
}
