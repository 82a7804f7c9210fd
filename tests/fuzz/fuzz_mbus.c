// SPDX-License-Identifier: GPL-2.0
/*
 * Fuzz the M-Bus framer: whatever comes, in whatever pieces, the octets are accounted for, messages
 * keep to their bounds, and the pieces do not matter.
 *
 * Input: one octet that says how to cut, then the line.
 */
#include <stdlib.h>
#include <string.h>

#include "link/mbus.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t n);

struct sum {
	u64 messages;
	u32 hash;
};

static void take(void *ctx, const u8 *message, size_t n)
{
	struct sum *s = ctx;

	if (!n || n > MBUS_MESSAGE_MAX)
		abort();
	for (size_t i = 0; i < n; i++)
		s->hash = s->hash * 31 + message[i];
	s->hash = s->hash * 31 + n;
	s->messages++;
}

static void balance(const struct mbus_framer *f)
{
	const struct mbus_stats *s = &f->stats;
	u64 known = s->frames + s->foreign + s->sum_errors + s->timeouts;

	if (s->octets != s->frame_octets + s->skipped + mbus_pending(f))
		abort();
	if (mbus_pending(f) > MBUS_FRAME_MAX || s->messages + s->broken > s->frames)
		abort();
	if (s->starts != known && !(mbus_pending(f) && s->starts == known + 1))
		abort();
}

static void finish(struct mbus_framer *f, struct sum *s)
{
	mbus_flush(f, take, s);
	balance(f);
	if (mbus_pending(f) || f->stats.messages != s->messages)
		abort();
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t n)
{
	static struct mbus_framer whole, pieces, timed;
	struct sum a = { 0 }, b = { 0 }, c = { 0 };
	u64 now = 1;
	u8 cut;

	if (!n)
		return 0;
	cut = *data++;
	n--;

	mbus_init(&whole);
	mbus_push(&whole, data, n, 0, take, &a);
	balance(&whole);
	finish(&whole, &a);

	mbus_init(&pieces);
	for (size_t i = 0; i < n;) {
		size_t piece = 1 + (cut + i * 7) % (cut + 1u);

		if (piece > n - i)
			piece = n - i;
		mbus_push(&pieces, data + i, piece, 0, take, &b);
		balance(&pieces);
		i += piece;
	}
	finish(&pieces, &b);
	if (memcmp(&whole.stats, &pieces.stats, sizeof(whole.stats)) || a.hash != b.hash)
		abort();

	/* With pauses, the octets saying how long they are. */
	mbus_init(&timed);
	for (size_t i = 0; i < n; i += 16) {
		now += data[i] * cut * 100000ull;
		mbus_push(&timed, data + i, n - i < 16 ? n - i : 16, now, take, &c);
		balance(&timed);
	}
	finish(&timed, &c);

	return 0;
}
