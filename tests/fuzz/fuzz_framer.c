// SPDX-License-Identifier: GPL-2.0
/*
 * Fuzz the framer: whatever comes, in whatever pieces, the octets are accounted for, what is
 * delivered has good checksums, and the pieces do not matter.
 *
 * Input: one octet that says how to cut, then the line.
 */
#include <stdlib.h>
#include <string.h>

#include <amshan/crc16.h>
#include <amshan/framer.h>

int LLVMFuzzerTestOneInput(const u8 *data, size_t n);

struct sum {
	u64 frames;
	u32 hash;
};

static void take(void *ctx, const u8 *frame, size_t n)
{
	struct hdlc_frame h;
	struct sum *s = ctx;

	if (amshan_crc16(AMSHAN_CRC16_INIT, frame, n) != AMSHAN_CRC16_GOOD)
		abort();
	if (hdlc_frame_parse(frame, n, &h) < 0)
		abort();
	if (h.info_len && (h.info < frame || h.info + h.info_len > frame + n - 2))
		abort();
	for (size_t i = 0; i < n; i++)
		s->hash = s->hash * 31 + frame[i];
	s->frames++;
}

static void balance(const struct framer *f)
{
	const struct framer_stats *s = &f->stats;

	if (s->octets != s->frame_octets + s->flags + s->skipped + framer_pending(f))
		abort();
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t n)
{
	static struct framer whole, pieces, flagged;
	struct sum a = { 0 }, b = { 0 }, c = { 0 };
	u8 cut;

	if (!n)
		return 0;
	cut = *data++;
	n--;

	framer_init(&whole);
	framer_push(&whole, data, NULL, n, 0, take, &a);
	balance(&whole);
	framer_flush(&whole, take, &a);

	framer_init(&pieces);
	for (size_t i = 0; i < n;) {
		size_t piece = 1 + (cut + i * 7) % (cut + 1u);

		if (piece > n - i)
			piece = n - i;
		framer_push(&pieces, data + i, NULL, piece, 0, take, &b);
		balance(&pieces);
		i += piece;
	}
	framer_flush(&pieces, take, &b);
	if (memcmp(&whole.stats, &pieces.stats, sizeof(whole.stats)) || a.hash != b.hash ||
	    a.frames != b.frames)
		abort();

	/* The line as its own flags, with pauses. */
	framer_init(&flagged);
	for (size_t i = 0; i + 16 <= n; i += 16)
		framer_push(&flagged, data + i, data + n - 16 - i, 16, (i + 1) * cut * 4000000ull, take,
			    &c);
	balance(&flagged);
	framer_flush(&flagged, take, &c);
	balance(&flagged);
	if (framer_pending(&flagged))
		abort();

	return 0;
}
