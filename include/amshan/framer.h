/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The framer: octets in, whole HDLC frames out.
 *
 * HDLC frame format type 3 of IEC 62056-46 without octet stuffing, the way the customer port of a
 * meter sends it.  Pure C: no allocation, no locks, no libc, no clock; the same source is compiled
 * into the module and into the daemon.  One struct framer serves one line and is to be used by one
 * caller at a time (the module: receive_buf of one tty; the daemon: its event loop).
 *
 * The framer is driven by length and HCS, because the flag octet 7Eh occurs raw inside of frames
 * (IEC 62056-46, 6.4.4.2.1: no transparency).  Behind a flag it expects a format field of type 3
 * with a length in range, addresses and a control field with a good HCS, a good FCS at the
 * announced length and a closing flag.  When one of these fails, only the flag that was taken for
 * the opening one is given up, and what was kept behind it is looked through again: a false start
 * or a lost octet never costs a good frame that follows.
 *
 * Worst case: an octet that is pushed may be looked at again for each header with a good HCS that
 * stands before it in the buffer.  A header with its flag takes at least 8 octets, so an octet is
 * taken into a checksum at most AMSHAN_FRAME_MAX / 8 (255) times; noise comes to less than twice.
 */
#ifndef AMSHAN_FRAMER_H
#define AMSHAN_FRAMER_H

#include <amshan/types.h>

#define AMSHAN_FLAG		0x7e
#define AMSHAN_FRAME_MIN	7	/* octets from the format field through the FCS */
#define AMSHAN_FRAME_MAX	2047	/* 11 bits of length in the format field */
#define AMSHAN_FRAME_SEGMENTED	0x08	/* in the first octet: not the last segment */

/*
 * A pause that ends a frame.  The standard says 25 ms, but USB adapters and networks hand over
 * octets in batches; at 2400 baud 500 ms are 109 octets that did not come.
 */
#define AMSHAN_FRAMER_PAUSE_NS	500000000ull

/**
 * enum framer_flag - what the line said of one octet
 * @FRAMER_NORMAL: nothing
 * @FRAMER_BREAK: a break; the octet is a filler that was never sent
 * @FRAMER_FRAME: a framing error; the octet is kept, the checksum decides
 * @FRAMER_PARITY: a parity error; the octet is kept, the checksum decides
 * @FRAMER_OVERRUN: octets were lost here; the octet is a filler that was never sent
 *
 * The values are those of TTY_NORMAL ... TTY_OVERRUN in the kernel.  Adapters stamp a whole packet
 * with one flag, so a parity or framing error alone says little of its octet.
 */
enum framer_flag {
	FRAMER_NORMAL = 0,
	FRAMER_BREAK = 1,
	FRAMER_FRAME = 2,
	FRAMER_PARITY = 3,
	FRAMER_OVERRUN = 4,
};

/**
 * struct framer_stats - what came of the octets, since framer_init()
 * @octets: octets pushed, without the fillers of breaks and overruns
 * @frames: frames delivered
 * @frame_octets: their octets, from format field through FCS
 * @segmented: frames delivered that had the segment bit set
 * @flags: flag octets outside of delivered frames
 * @skipped: other octets outside of delivered frames
 * @hcs_errors: headers with a bad HCS
 * @fcs_errors: good headers whose frame had a bad FCS
 * @format_errors: flags followed by something that is no header of type 3 or is cut off within it,
 *                 or no closing flag
 * @length_errors: lengths below the minimum or too short for the header
 * @timeouts: good headers whose frame was cut off by a pause
 * @parity_errors: octets with FRAMER_PARITY
 * @framing_errors: octets with FRAMER_FRAME
 * @breaks: FRAMER_BREAK
 * @overruns: FRAMER_OVERRUN
 *
 * @octets = @frame_octets + @flags + @skipped + framer_pending() holds after every call.  All are
 * modulo 2^64.  Errors are counted once for each false opening flag, so one damaged frame that has
 * 7Eh inside may count more than one.
 */
struct framer_stats {
	u64 octets;
	u64 frames;
	u64 frame_octets;
	u64 segmented;
	u64 flags;
	u64 skipped;
	u64 hcs_errors;
	u64 fcs_errors;
	u64 format_errors;
	u64 length_errors;
	u64 timeouts;
	u64 parity_errors;
	u64 framing_errors;
	u64 breaks;
	u64 overruns;
};

/**
 * typedef framer_frame_fn - takes one frame
 * @ctx: as given to framer_push()
 * @frame: from the format field through the FCS; both checksums are good; valid until return
 * @n: its length, AMSHAN_FRAME_MIN..AMSHAN_FRAME_MAX
 *
 * It may not call the framer that calls it.
 */
typedef void (*framer_frame_fn)(void *ctx, const u8 *frame, size_t n);

/**
 * struct framer - one line's framer; private but for @stats
 * @stats: to be read by the owner at any time between calls
 * @last_ns: time of the last push that had octets
 * @start: where the candidate begins in @buf, behind its opening flag
 * @end: end of what is kept in @buf
 * @size: length that the candidate announces, 0 while unknown
 * @header: octets of the candidate through its control field, 0 while unknown
 * @crc: running checksum of the candidate, through @summed octets
 * @summed: octets of the candidate that @crc has seen
 * @open: a flag was seen, @start stands behind it
 * @buf: what is kept: a candidate and its closing flag
 */
struct framer {
	struct framer_stats stats;
	u64 last_ns;
	u16 start;
	u16 end;
	u16 size;
	u16 header;
	u16 crc;
	u16 summed;
	bool open;
	u8 buf[AMSHAN_FRAME_MAX + 1];
};

/**
 * framer_init() - make a framer ready: hunting for a flag, all counters zero
 * @f: the framer
 */
void framer_init(struct framer *f);

/**
 * framer_push() - take octets from the line
 * @f: the framer
 * @data: the octets
 * @flags: one enum framer_flag for each, or NULL if there was nothing to say; other values count
 *         as FRAMER_NORMAL
 * @n: their number
 * @now_ns: when they arrived, on a clock that does not go back, in ns; 0: time is not known (a
 *          file), a pause ends nothing
 * @fn: called for each frame, in the order of their closing flags
 * @ctx: for @fn
 *
 * The result does not depend on how the octets are cut into calls (apart from the times).
 */
void framer_push(struct framer *f, const u8 *data, const u8 *flags, size_t n, u64 now_ns,
		 framer_frame_fn fn, void *ctx);

/**
 * framer_flush() - the line has ended or was silent: nothing that is missing will come
 * @f: the framer
 * @fn: called for each frame that is found behind false starts
 * @ctx: for @fn
 *
 * Afterwards nothing is pending and the framer hunts.  A frame that is cut off counts as a timeout.
 */
void framer_flush(struct framer *f, framer_frame_fn fn, void *ctx);

/**
 * framer_pending() - octets that are kept and whose fate is open
 * @f: the framer
 *
 * Return: their number, at most AMSHAN_FRAME_MAX + 1.
 */
static inline size_t framer_pending(const struct framer *f)
{
	return f->end - f->start;
}

/**
 * struct hdlc_frame - the fields of a frame that the framer delivered
 * @info: information field
 * @info_len: its length, 0 without one
 * @segmented: the segment bit
 */
struct hdlc_frame {
	const u8 *info;
	size_t info_len;
	bool segmented;
};

/**
 * hdlc_frame_parse() - split a frame
 * @frame: as delivered by the framer (its checksums are not looked at again)
 * @n: its length
 * @ret: the fields, pointing into @frame; untouched on failure
 *
 * Return: 0, or -EINVAL if it is none of type 3, or its length is not @n.
 */
int hdlc_frame_parse(const u8 *frame, size_t n, struct hdlc_frame *ret);

#endif /* AMSHAN_FRAMER_H */
