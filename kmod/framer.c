// SPDX-License-Identifier: GPL-2.0
/*
 * The framer: octets in, whole HDLC frames out.
 *
 * What it does and promises is in <amshan/framer.h>.  Compiled into the module and into the daemon:
 * nothing here may use more than that header and memcpy/memmove of the compiler.
 *
 * The buffer holds one candidate, from behind its opening flag.  framer_examine() looks at what is
 * there and gives a verdict; framer_run() acts upon it until nothing more can be said.  Both keep
 * to buf[start..end).
 */
#include <amshan/crc16.h>
#include <amshan/framer.h>

/* Both are there for user space too, and mean its own. */
#include <linux/errno.h>
#include <linux/string.h>

#define HDLC_TYPE_MASK		0xf0
#define HDLC_TYPE_3		0xa0
#define HDLC_LENGTH_HIGH	0x07
#define HDLC_ADDRESS_LAST	0x01	/* no octet of the address follows */
#define HDLC_ADDRESS_MAX	4
#define HDLC_CHECK		2	/* octets of HCS and of FCS */

enum verdict {
	MORE,		/* nothing to say before more octets came */
	FRAME,		/* whole, checked, and the closing flag is there */
	BAD_FORMAT,
	BAD_LENGTH,
	BAD_HCS,
	BAD_FCS,
};

/*
 * Length of the address at p: 1, 2 or 4; 0 if more octets are needed; negative if it is none.
 */
static int address_length(const u8 *p, size_t n)
{
	size_t i;

	for (i = 0; i < n && i < HDLC_ADDRESS_MAX; i++) {
		if (p[i] & HDLC_ADDRESS_LAST)
			return i == 2 ? -1 : (int)i + 1;
	}

	return i == HDLC_ADDRESS_MAX ? -1 : 0;
}

/*
 * Length of the header from the format field through the control field; 0 if more octets are
 * needed; negative if an address is none.
 */
static int header_length(const u8 *p, size_t n)
{
	int dst, src;

	dst = address_length(p + 2, n - 2);
	if (dst <= 0)
		return dst;

	src = address_length(p + 2 + dst, n - 2 - dst);
	if (src <= 0)
		return src;

	return 2 + dst + src + 1;
}

/* Take the candidate's octets up to @upto into its checksum. */
static u16 framer_sum(struct framer *f, size_t upto)
{
	f->crc = amshan_crc16(f->crc, f->buf + f->start + f->summed, upto - f->summed);
	f->summed = upto;
	return f->crc;
}

/*
 * What can be said of the candidate.  Cheap to call again with more octets: what was found stays in
 * size, header, crc and summed.
 */
static enum verdict framer_examine(struct framer *f)
{
	const u8 *p = f->buf + f->start;
	size_t n = f->end - f->start;

	if (!n)
		return MORE;

	if (!f->size) {
		size_t size;

		if ((p[0] & HDLC_TYPE_MASK) != HDLC_TYPE_3)
			return BAD_FORMAT;
		if (n < 2)
			return MORE;

		size = (size_t)(p[0] & HDLC_LENGTH_HIGH) << 8 | p[1];
		if (size < AMSHAN_FRAME_MIN)
			return BAD_LENGTH;
		f->size = size;
	}

	if (!f->header) {
		int header = header_length(p, n);

		if (!header)
			return MORE;
		if (header < 0)
			return BAD_FORMAT;

		/*
		 * Without an information field the FCS follows at once; with one there are the
		 * HCS, an octet or more, and the FCS (IEC 62056-46).
		 */
		if (f->size != header + HDLC_CHECK && f->size < header + 2 * HDLC_CHECK + 1)
			return BAD_LENGTH;
		f->header = header;
	}

	if (!f->summed && f->size != f->header + HDLC_CHECK) {
		if (n < (size_t)f->header + HDLC_CHECK)
			return MORE;
		if (framer_sum(f, f->header + HDLC_CHECK) != AMSHAN_CRC16_GOOD)
			return BAD_HCS;
	}

	if (n < f->size)
		return MORE;
	if (f->summed < f->size && framer_sum(f, f->size) != AMSHAN_CRC16_GOOD)
		return BAD_FCS;

	if (n == f->size)
		return MORE;

	return p[f->size] == AMSHAN_FLAG ? FRAME : BAD_FORMAT;
}

/* A new candidate begins at buf[at]; the flag before it was seen. */
static void framer_open(struct framer *f, size_t at)
{
	f->start = at;
	f->open = true;
	f->size = 0;
	f->header = 0;
	f->crc = AMSHAN_CRC16_INIT;
	f->summed = 0;
}

static size_t find_flag(const u8 *p, size_t n)
{
	size_t i = 0;

	while (i < n && p[i] != AMSHAN_FLAG)
		i++;

	return i;
}

/* Hunt in the buffer for the next flag; what stands before it belongs to no frame. */
static void framer_hunt(struct framer *f)
{
	size_t skipped = find_flag(f->buf + f->start, f->end - f->start);

	f->stats.skipped += skipped;
	f->start += skipped;
	if (f->start < f->end) {
		f->stats.flags++;
		framer_open(f, f->start + 1);
		return;
	}

	f->start = 0;
	f->end = 0;
	f->open = false;
}

static void framer_deliver(struct framer *f, framer_frame_fn fn, void *ctx)
{
	const u8 *frame = f->buf + f->start;
	size_t n = f->size;

	f->stats.frames++;
	f->stats.frame_octets += n;
	f->stats.flags++;
	if (frame[0] & AMSHAN_FRAME_SEGMENTED)
		f->stats.segmented++;

	fn(ctx, frame, n);

	/* The closing flag may be the opening one of the next frame. */
	framer_open(f, f->start + n + 1);
}

/*
 * Say all that can be said of the buffer.  @final: what is missing will not come.
 */
static void framer_run(struct framer *f, bool final, framer_frame_fn fn, void *ctx)
{
	while (f->open) {
		/* Flags in a row are one. */
		while (f->start < f->end && f->buf[f->start] == AMSHAN_FLAG) {
			f->stats.flags++;
			f->start++;
		}

		switch (framer_examine(f)) {
		case FRAME:
			framer_deliver(f, fn, ctx);
			continue;
		case MORE:
			if (!final || f->start == f->end)
				return;
			/* Without a good header nothing says that it was a frame. */
			if (f->summed)
				f->stats.timeouts++;
			else
				f->stats.format_errors++;
			break;
		case BAD_FORMAT:
			f->stats.format_errors++;
			break;
		case BAD_LENGTH:
			f->stats.length_errors++;
			break;
		case BAD_HCS:
			f->stats.hcs_errors++;
			break;
		case BAD_FCS:
			f->stats.fcs_errors++;
			break;
		}

		/* Its opening flag was none: look again from just behind it. */
		framer_hunt(f);
	}
}

/* Make room for the rest of the candidate: it fits when it stands at the front. */
static void framer_compact(struct framer *f)
{
	if (!f->start)
		return;

	if (f->start < f->end)
		memmove(f->buf, f->buf + f->start, f->end - f->start);
	f->end -= f->start;
	f->start = 0;
}

/* Octets without line errors among them. */
static void framer_take(struct framer *f, const u8 *data, size_t n, framer_frame_fn fn, void *ctx)
{
	f->stats.octets += n;

	while (n) {
		size_t room;

		if (!f->open) {
			size_t skipped = find_flag(data, n);

			f->stats.skipped += skipped;
			data += skipped;
			n -= skipped;
			if (!n)
				return;
			f->stats.flags++;
			framer_open(f, 0);
			f->end = 0;
			data++;
			n--;
			continue;
		}

		/* A candidate that needs more always leaves room once it stands at the front. */
		if (sizeof(f->buf) - f->end < n)
			framer_compact(f);
		room = sizeof(f->buf) - f->end;
		if (room > n)
			room = n;

		memcpy(f->buf + f->end, data, room);
		f->end += room;
		data += room;
		n -= room;
		framer_run(f, false, fn, ctx);
	}
}

void framer_init(struct framer *f)
{
	memset(f, 0, sizeof(*f));
}

void framer_flush(struct framer *f, framer_frame_fn fn, void *ctx)
{
	framer_run(f, true, fn, ctx);
	f->start = 0;
	f->end = 0;
	f->open = false;
}

void framer_push(struct framer *f, const u8 *data, const u8 *flags, size_t n, u64 now_ns,
		 framer_frame_fn fn, void *ctx)
{
	size_t i, from = 0;

	if (!n)
		return;

	/* A clock that went back says nothing about pauses. */
	if (now_ns && f->last_ns && now_ns > f->last_ns &&
	    now_ns - f->last_ns > AMSHAN_FRAMER_PAUSE_NS && framer_pending(f))
		framer_flush(f, fn, ctx);
	f->last_ns = now_ns;

	if (!flags) {
		framer_take(f, data, n, fn, ctx);
		return;
	}

	for (i = 0; i < n; i++) {
		switch (flags[i]) {
		case FRAMER_PARITY:
			f->stats.parity_errors++;
			break;
		case FRAMER_FRAME:
			f->stats.framing_errors++;
			break;
		case FRAMER_BREAK:
		case FRAMER_OVERRUN:
			/* The octet was never sent, and what was before it is cut off. */
			if (flags[i] == FRAMER_BREAK)
				f->stats.breaks++;
			else
				f->stats.overruns++;
			framer_take(f, data + from, i - from, fn, ctx);
			framer_flush(f, fn, ctx);
			from = i + 1;
			break;
		}
	}
	framer_take(f, data + from, n - from, fn, ctx);
}

int hdlc_frame_parse(const u8 *frame, size_t n, struct hdlc_frame *ret)
{
	struct hdlc_frame h = { 0 };
	int header;

	if (n < AMSHAN_FRAME_MIN || n > AMSHAN_FRAME_MAX ||
	    (frame[0] & HDLC_TYPE_MASK) != HDLC_TYPE_3 ||
	    ((size_t)(frame[0] & HDLC_LENGTH_HIGH) << 8 | frame[1]) != n)
		return -EINVAL;

	header = header_length(frame, n);
	if (header <= 0)
		return -EINVAL;

	h.segmented = frame[0] & AMSHAN_FRAME_SEGMENTED;
	if (n != (size_t)header + HDLC_CHECK) {
		if (n < (size_t)header + 2 * HDLC_CHECK + 1)
			return -EINVAL;
		h.info = frame + header + HDLC_CHECK;
		h.info_len = n - header - 2 * HDLC_CHECK;
	}
	*ret = h;

	return 0;
}
