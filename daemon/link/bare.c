// SPDX-License-Identifier: GPL-2.0
/*
 * Bare APDUs on a line.  The length of a message is in it: of a ciphered APDU and of a block in its
 * header, of a notification at the end of its last element.
 */
#include <errno.h>
#include <string.h>
#include <sys/types.h>

#include "dlms/apdu.h"
#include "dlms/axdr.h"
#include "link/bare.h"
#include "link/sniff.h"

#define SNIFFED	7	/* octets that tell an APDU from noise, without an LLC header */

void bare_init(struct bare_framer *f)
{
	f->stats = (struct bare_stats){ 0 };
	f->last_ns = 0;
	f->n = 0;
	f->lost = false;
}

/*
 * How long is the message at @p?
 *
 * Return: its octets; 0: that is not known yet; -EBADMSG: it is none.
 */
static ssize_t message_length(const u8 *p, size_t n)
{
	const u8 *end = p + n, *q = p;
	struct apdu apdu;
	size_t skipped;
	int r;

	apdu_skip_llc(&q, end);
	skipped = q - p;
	if (n - skipped < SNIFFED)
		return 0;
	if (!link_is_apdu(q, end - q))
		return -EBADMSG;
	r = apdu_length(q, end - q, &skipped);
	if (r == 0)
		return (q - p) + skipped;
	/* A notification: as far as its elements reach. */
	r = apdu_parse(&q, end, &apdu);
	if (r == 0)
		r = axdr_skip(&q, end);
	if (r == 0)
		return q - p;
	/* Cut off and broken look alike; who sends nonsense is found out by the size or the pause. */
	return r == -ELOOP ? -EBADMSG : 0;
}

/* Deliver what is whole. */
static void bare_look(struct bare_framer *f, bare_message_fn fn, void *ctx)
{
	const u8 *p = f->buf;
	size_t left = f->n;

	while (left && !f->lost) {
		ssize_t len = message_length(p, left);

		if (len < 0 || len > BARE_MAX) {
			f->lost = true;
			f->stats.broken += len > BARE_MAX;
		} else if (!len || (size_t)len > left) {
			break;
		} else {
			f->stats.messages++;
			f->stats.octets += len;
			fn(ctx, p, len);
			p += len;
			left -= len;
		}
	}
	if (f->lost)
		left = 0;
	memmove(f->buf, p, left);
	f->n = left;
}

void bare_push(struct bare_framer *f, const u8 *data, size_t n, u64 now_ns, bare_message_fn fn,
	       void *ctx)
{
	if (!n)
		return;
	if (now_ns > f->last_ns && f->last_ns && now_ns - f->last_ns >= BARE_PAUSE_NS) {
		bare_flush(f);
		f->lost = false;
	}
	f->last_ns = now_ns;
	while (n && !f->lost) {
		size_t room = sizeof(f->buf) - f->n;

		if (room > n)
			room = n;
		memcpy(f->buf + f->n, data, room);
		f->n += room;
		data += room;
		n -= room;
		bare_look(f, fn, ctx);
		if (f->n == sizeof(f->buf)) {
			f->stats.broken++;
			f->lost = true;
			f->n = 0;
		}
	}
}

void bare_pass(struct bare_framer *f, u64 now_ns)
{
	f->last_ns = now_ns;
	f->n = 0;
	f->lost = true;
}

void bare_flush(struct bare_framer *f)
{
	if (f->n)
		f->stats.broken++;
	f->n = 0;
}
