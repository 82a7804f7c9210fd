// SPDX-License-Identifier: GPL-2.0
/*
 * Fuzz P1: a line of anything in any pieces, and what a source makes of its telegrams.
 *
 * Input: one octet that says the policy and how to cut, then the line.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "link/p1.h"
#include "meter/meter.h"
#include "meter/telegram.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t n);

struct sum {
	u64 telegrams;
	u32 hash;
};

static bool is_device_name(const char *text)
{
	for (unsigned int type = 0; type < 256; type++) {
		if (text && text == device_type_name((u8)type))
			return true;
	}
	return false;
}

static void look(const struct message *msg, const u8 *begin, const u8 *end)
{
	static const struct meter_settings settings = { 0 };
	static struct readings r;
	struct meter_clock c;
	char text[DECIMAL_TEXT_MAX];

	if (msg->list.n + msg->held > LIST_MAX || msg->channel > 4)
		abort();
	for (unsigned int i = 0; i < msg->list.n; i++) {
		const struct axdr *v = &msg->list.reg[i].value;

		if (v->data < begin || v->data + v->len > end)
			abort();
	}
	for (unsigned int i = 0; i < ID_COUNT; i++) {
		const struct text *t = &msg->readings.identity[i];
		const u8 *p = (const u8 *)t->p;
		bool ours = t->p >= msg->texts && t->p + t->len <= msg->texts + sizeof(msg->texts);

		/* Of a meter behind this one the kind is said in words of ours. */
		if (i == ID_MANUFACTURER || (i == ID_METER_TYPE && is_device_name(t->p)))
			continue;
		if (t->len && !ours && (p < begin || p + t->len > end))
			abort();
	}
	meter_interpret(msg, &settings, &r, &c, 1);
	for_each_reading(q, &r) {
		if (decimal_text(r.value[q], text) >= (int)sizeof(text))
			abort();
	}
}

/* The text in memory of its own, so that reading beyond it is seen. */
static void decode(const u8 *text, size_t n)
{
	static struct decoder decoder;
	static struct message msg;
	unsigned int channel = 0, messages = 0;
	u8 *copy = malloc(n + !n);
	int r;

	if (!copy)
		abort();
	memcpy(copy, text, n);
	while ((r = message_next_telegram(&decoder, copy, n, &channel, &msg)) == 0) {
		if (++messages > 5)
			abort();
		look(&msg, copy, copy + n);
	}
	if (r != -ENODATA && r != -EBADMSG && r != -E2BIG)
		abort();
	free(copy);
}

static void take(void *ctx, const u8 *telegram, size_t n, enum p1_checksum checksum)
{
	struct sum *s = ctx;

	if (n < 6 || n > P1_TELEGRAM_MAX || telegram[0] != '/')
		abort();
	for (size_t i = 0; i < n; i++)
		s->hash = s->hash * 31 + telegram[i];
	s->hash = s->hash * 31 + checksum;
	s->telegrams++;
}

static void take_and_decode(void *ctx, const u8 *telegram, size_t n, enum p1_checksum checksum)
{
	take(ctx, telegram, n, checksum);
	decode(telegram, n);
}

static void balance(const struct p1_framer *f)
{
	if (f->stats.octets != f->stats.telegram_octets + f->stats.skipped + p1_pending(f))
		abort();
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t n)
{
	static struct p1_framer whole, pieces;
	struct sum a = { 0 }, b = { 0 };
	enum p1_policy policy;
	u8 cut;

	if (!n)
		return 0;
	cut = *data++;
	n--;
	policy = cut % 3;

	p1_init(&whole, policy);
	p1_push(&whole, data, n, 0, take_and_decode, &a);
	balance(&whole);
	p1_flush(&whole, take_and_decode, &a);
	balance(&whole);
	if (p1_pending(&whole))
		abort();

	p1_init(&pieces, policy);
	for (size_t i = 0; i < n;) {
		size_t piece = 1 + (cut + i * 7) % (cut + 1u);

		if (piece > n - i)
			piece = n - i;
		p1_push(&pieces, data + i, piece, 0, take, &b);
		balance(&pieces);
		i += piece;
	}
	p1_flush(&pieces, take, &b);
	if (memcmp(&whole.stats, &pieces.stats, sizeof(whole.stats)) || a.hash != b.hash ||
	    a.telegrams != b.telegrams)
		abort();

	/* Decrypted text comes without a framer. */
	decode(data, n);

	return 0;
}
