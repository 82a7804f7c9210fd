// SPDX-License-Identifier: GPL-2.0
/*
 * The deframer: all framings behind one door.
 *
 * Sniffing is nothing else than listening to all of them: what has a good checksum in one framing is
 * noise to the others.  An APDU in a frame is no bare one, since that begins behind a silence.
 */
#include <errno.h>

#include "link/deframer.h"

#define NS_PER_US 1000

/* One call, as the rooms hand it back. */
struct call {
	struct deframer *d;
	u64 now_ns;
	deframer_fn fn;
	void *ctx;
};

static void give(struct call *c, const struct link_unit *unit)
{
	c->d->framing = unit->framing;
	c->fn(c->ctx, unit);
}

static int give_frame(struct call *c, const u8 *frame, size_t n)
{
	struct link_unit unit = { .framing = LINK_HDLC, .octets = frame, .n = n };
	struct segments *s = &c->d->segments;
	u64 messages = s->messages;
	struct hdlc_frame h;
	int r;

	if (hdlc_frame_parse(frame, n, &h) < 0)
		return -EINVAL;
	r = segments_take(s, frame, n, &h, c->now_ns / NS_PER_US, &unit.payload, &unit.len);
	unit.segment = h.segmented || r != 1 || s->messages != messages;
	unit.error = r < 0 ? r : 0;
	if (r != 1 || !unit.len)
		unit.payload = NULL;
	give(c, &unit);

	return 0;
}

static void take_frame(void *ctx, const u8 *frame, size_t n)
{
	give_frame(ctx, frame, n);
}

static void take_telegram(void *ctx, const u8 *telegram, size_t n, enum p1_checksum checksum)
{
	const struct link_unit unit = {
		.framing = LINK_P1,
		.octets = telegram,
		.n = n,
		.payload = telegram,
		.len = n,
		.unverified = checksum != P1_GOOD,
	};

	give(ctx, &unit);
}

static void take_mbus(void *ctx, const u8 *data, size_t n)
{
	const struct link_unit unit = {
		.framing = LINK_MBUS, .octets = data, .n = n, .payload = data, .len = n,
	};

	give(ctx, &unit);
}

static void take_bare(void *ctx, const u8 *data, size_t n)
{
	const struct link_unit unit = {
		.framing = LINK_APDU,
		.octets = data,
		.n = n,
		.payload = data,
		.len = n,
		.unverified = true,
	};

	give(ctx, &unit);
}

void deframer_init(struct deframer *d)
{
	d->framing = LINK_UNKNOWN;
	d->all = false;
	d->octets = 0;
	framer_init(&d->hdlc);
	p1_init(&d->p1, P1_IF_SENT);
	mbus_init(&d->mbus);
	bare_init(&d->bare);
	segments_init(&d->segments);
}

/*
 * Is this framing the one, or may it be?  No checksum speaks for a bare APDU, and noise may look like
 * one: it shuts out nobody.
 */
static bool listens(const struct deframer *d, enum link_framing framing)
{
	return d->all || d->framing == LINK_UNKNOWN || d->framing == LINK_APDU ||
	       d->framing == framing;
}

/* Breaks and overruns have fillers in the place of octets. */
static size_t without_fillers(const u8 *flags, size_t n)
{
	size_t octets = n;

	for (size_t i = 0; flags && i < n; i++)
		octets -= flags[i] == FRAMER_BREAK || flags[i] == FRAMER_OVERRUN;
	return octets;
}

void deframer_push(struct deframer *d, const u8 *data, const u8 *flags, size_t n, u64 now_ns,
		   deframer_fn fn, void *ctx)
{
	struct call c = { .d = d, .now_ns = now_ns, .fn = fn, .ctx = ctx };

	d->octets += without_fillers(flags, n);
	if (listens(d, LINK_HDLC))
		framer_push(&d->hdlc, data, flags, n, now_ns, take_frame, &c);
	if (listens(d, LINK_P1))
		p1_push(&d->p1, data, n, now_ns, take_telegram, &c);
	if (listens(d, LINK_MBUS))
		mbus_push(&d->mbus, data, n, now_ns, take_mbus, &c);
	if (listens(d, LINK_APDU))
		bare_push(&d->bare, data, n, now_ns, take_bare, &c);
	else if (n)
		bare_pass(&d->bare, now_ns);
}

int deframer_frame(struct deframer *d, const u8 *frame, size_t n, u64 now_ns, deframer_fn fn, void *ctx)
{
	struct call c = { .d = d, .now_ns = now_ns, .fn = fn, .ctx = ctx };

	return give_frame(&c, frame, n);
}

void deframer_flush(struct deframer *d, deframer_fn fn, void *ctx)
{
	struct call c = { .d = d, .fn = fn, .ctx = ctx };

	/* Also of those that are not listened to: what they keep is from before. */
	framer_flush(&d->hdlc, take_frame, &c);
	if (listens(d, LINK_P1))
		p1_flush(&d->p1, take_telegram, &c);
	if (listens(d, LINK_MBUS))
		mbus_flush(&d->mbus, take_mbus, &c);
	bare_flush(&d->bare);
	d->bare.lost = false;
	segments_flush(&d->segments);
}

void deframer_sniff(struct deframer *d)
{
	d->framing = LINK_UNKNOWN;
	p1_anew(&d->p1);
}

u64 deframer_units(const struct deframer *d)
{
	return d->hdlc.stats.frames + d->p1.stats.telegrams + d->mbus.stats.messages +
	       d->bare.stats.messages;
}
