/* SPDX-License-Identifier: GPL-2.0 */
/*
 * General block transfer: APDUs that come in blocks (IEC 62056-5-3, general-block-transfer).
 *
 * `E0 | control | block number u16 | acknowledged block number u16 | BER length | data`; control: bit 7
 * last block, bit 6 streaming, bits 0 to 5 window.  Pushed without acknowledgement, blocks come in
 * the order 1, 2, ..., last.  Memory is bounded; what does not go on in time is given up.  Pure.
 */
#ifndef AMSHAN_DLMS_GBT_H
#define AMSHAN_DLMS_GBT_H

#include <amshan/types.h>

#define GBT_MAX		16384		/* octets of one APDU */
/* What ends an APDU whose next block does not come, and what each octet of that adds: link/segments.h. */
#define GBT_PAUSE_US	2000000ull
#define GBT_OCTET_US	4600ull

enum gbt_state {
	GBT_IDLE,
	GBT_OPEN,	/* blocks up to @number are there */
};

/**
 * struct gbt - an APDU being put together; zero it to begin; private but for the counters
 * @blocks: blocks taken
 * @messages: APDUs completed
 * @broken: APDUs given up, and blocks whose beginning is missing
 * @last_us: when the last block came
 * @state: enum gbt_state
 * @number: of the last block, 0: there is none
 * @n: octets in @data; they stay when the APDU is whole, to tell a repeated block
 * @last_start: where the last block begins in @data
 * @data: what the blocks had
 *
 * Blocks do not say whose they are: it takes one for each sender.
 */
struct gbt {
	u64 blocks;
	u64 messages;
	u64 broken;
	u64 last_us;
	u8 state;
	u16 number;
	u16 n;
	u16 last_start;
	u8 data[GBT_MAX];
};

/**
 * gbt_take() - take one block
 * @g: the transfer
 * @p: cursor at the tag E0h; behind the block, also if it is dropped; untouched on -EBADMSG
 * @end: end of the octets
 * @now_us: when it came, on a clock that does not go back; 0: not known
 * @ret: the whole APDU, valid until the next call
 * @ret_n: its length
 *
 * Return: 1: *@ret is whole (its length may be 0); 0: taken, more is to come, or it is a repetition
 * of the last one; -EPROTO: blocks before it are missing, or it has the number 0; -EMSGSIZE: the
 * APDU is longer than GBT_MAX; -EBADMSG: the block is cut off or malformed, it counts nowhere and
 * changes nothing.  What -EPROTO and -EMSGSIZE broke is given up and counted then; @ret and @ret_n
 * are untouched but for 1.
 */
int gbt_take(struct gbt *g, const u8 **p, const u8 *end, u64 now_us, const u8 **ret, size_t *ret_n);

/* gbt_flush() - nothing follows */
void gbt_flush(struct gbt *g);

#endif /* AMSHAN_DLMS_GBT_H */
