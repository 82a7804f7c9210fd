// SPDX-License-Identifier: GPL-2.0
/*
 * General block transfer: blocks in, whole APDUs out.
 *
 * A port that only pushes cannot ask again, so streaming bit, window and acknowledged number, which
 * are for the other side's answer, say nothing here and may be anything (the E450 sends window 0).
 * Blocks count from 1: a block 0 continues nothing and begins nothing.
 */
#include <errno.h>
#include <string.h>

#include "dlms/apdu.h"
#include "dlms/axdr.h"
#include "dlms/gbt.h"

#define GBT_LAST	0x80
#define GBT_HEAD	6	/* tag, control, number, acknowledged number */

struct block {
	bool last;
	u16 number;
	const u8 *data;
	u16 n;
};

static int block_parse(const u8 **p, const u8 *end, struct block *ret)
{
	const u8 *q = *p;
	int r;

	if (end - q < GBT_HEAD || q[0] != APDU_GENERAL_BLOCK_TRANSFER)
		return -EBADMSG;
	ret->last = q[1] & GBT_LAST;
	ret->number = q[2] << 8 | q[3];
	q += GBT_HEAD;

	r = axdr_length_next(&q, end, &ret->n);
	if (r < 0)
		return r;
	if (ret->n > end - q)
		return -EBADMSG;
	ret->data = q;
	*p = q + ret->n;

	return 0;
}

static int gbt_break(struct gbt *g, int error)
{
	g->broken++;
	g->state = GBT_IDLE;
	g->number = 0;

	return error;
}

static bool is_repeated(const struct gbt *g, const struct block *b)
{
	if (b->number != g->number || !b->number)
		return false;
	/* The only block of a whole APDU again is an APDU that says the same again. */
	if (g->state == GBT_IDLE && b->number == 1)
		return false;
	/* The last block of an open APDU was none with the bit, that of a whole one was. */
	if (b->last != (g->state == GBT_IDLE))
		return false;

	return b->n == g->n - g->last_start && !memcmp(g->data + g->last_start, b->data, b->n);
}

int gbt_take(struct gbt *g, const u8 **p, const u8 *end, u64 now_us, const u8 **ret, size_t *ret_n)
{
	struct block b;
	int r;

	r = block_parse(p, end, &b);
	if (r < 0)
		return r;

	/* A clock that went back, or none, says nothing about pauses. */
	if (now_us && g->last_us && now_us > g->last_us &&
	    now_us - g->last_us > GBT_PAUSE_US + b.n * GBT_OCTET_US)
		gbt_flush(g);
	g->last_us = now_us;

	if (is_repeated(g, &b))
		return 0;

	if (b.number == 1) {
		if (g->state == GBT_OPEN)
			g->broken++;
		g->state = GBT_OPEN;
		g->number = 0;
		g->n = 0;
	}
	/* u32: there is no block behind 65535. */
	if (g->state != GBT_OPEN || b.number != (u32)g->number + 1)
		return gbt_break(g, -EPROTO);
	if (b.n > sizeof(g->data) - g->n)
		return gbt_break(g, -EMSGSIZE);

	memcpy(g->data + g->n, b.data, b.n);
	g->last_start = g->n;
	g->n += b.n;
	g->number = b.number;
	g->blocks++;
	if (!b.last)
		return 0;

	g->state = GBT_IDLE;
	g->messages++;
	*ret = g->data;
	*ret_n = g->n;

	return 1;
}

void gbt_flush(struct gbt *g)
{
	if (g->state == GBT_OPEN)
		g->broken++;
	g->state = GBT_IDLE;
	g->number = 0;
}
