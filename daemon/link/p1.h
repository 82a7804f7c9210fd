/* SPDX-License-Identifier: GPL-2.0 */
/*
 * P1: telegrams of IEC 62056-21 mode D, as octets of a line.
 *
 * A telegram is `/XXXZ ident CR LF CR LF`, lines, `!`, and mostly a checksum: CRC-16/ARC
 * (polynomial A001h reflected, initial value 0) from `/` through `!` as four hex digits (DSMR
 * 5.0.2 P1, 5.2).  Some meters send none, or 0000.  Line ends are CR LF or LF, and the empty line
 * may be missing or come twice.
 *
 * Behind the identification a ciphered APDU may stand in place of the lines, with its tag (DBh,
 * DCh) or without: its length is in its header, so that a `!` in it ends nothing.  What stands
 * behind its `!` is another CRC with some meters (Elgama), and its own tag decides: see enum
 * p1_checksum.
 *
 * Pure: no allocation, no I/O, no clock.  One struct p1_framer serves one line.
 */
#ifndef AMSHAN_LINK_P1_H
#define AMSHAN_LINK_P1_H

#include <amshan/types.h>

#define P1_TELEGRAM_MAX	8192	/* octets from '/' through the checksum */

/* As framer.h: a pause that ends a telegram. */
#define P1_PAUSE_NS	500000000ull

/* What is asked of the checksum. */
enum p1_policy {
	P1_IF_SENT,	/* one that was sent must be right; none and 0000 pass as unverified */
	P1_REQUIRE,	/* only telegrams with a right checksum */
	P1_IGNORE,	/* also with a wrong one, as unverified: meters that send another CRC */
};

/*
 * What the checksum of a delivered telegram said.  With a ciphered APDU a wrong one counts as
 * P1_NONE, and P1_REQUIRE lets it pass where the APDU is authenticated.
 */
enum p1_checksum {
	P1_GOOD,
	P1_NONE,	/* none was sent */
	P1_ZERO,	/* 0000 was sent, and is not the right one */
	P1_WRONG,	/* P1_IGNORE */
};

/**
 * struct p1_stats - what came of the octets
 * @octets: octets pushed
 * @telegrams: telegrams delivered
 * @telegram_octets: their octets, without line ends behind the checksum
 * @skipped: octets outside of delivered telegrams that will be in none
 * @starts: identifications found: '/', three letters and the rest of a line, at its beginning or
 *          behind noise
 * @crc_errors: telegrams with a wrong checksum, or without one where P1_REQUIRE asks for it
 * @too_long: telegrams given up at P1_TELEGRAM_MAX
 * @timeouts: telegrams cut off by a pause, the end, or the beginning of another one
 *
 * @octets = @telegram_octets + @skipped + p1_pending() holds after every call.
 */
struct p1_stats {
	u64 octets;
	u64 telegrams;
	u64 telegram_octets;
	u64 skipped;
	u64 starts;
	u64 crc_errors;
	u64 too_long;
	u64 timeouts;
};

/**
 * typedef p1_telegram_fn - takes one telegram
 * @ctx: as given to p1_push()
 * @telegram: from '/' through '!' and what there is of a checksum; valid until return
 * @n: its length
 * @checksum: what the checksum said
 */
typedef void (*p1_telegram_fn)(void *ctx, const u8 *telegram, size_t n, enum p1_checksum checksum);

/**
 * struct p1_framer - one line's framer; private but for @stats and @policy
 * @stats: to be read at any time between calls
 * @policy: may be changed between calls
 *
 * @buf has room for two telegrams, so that what was kept is moved to its beginning only after as
 * many octets have gone.
 */
struct p1_framer {
	struct p1_stats stats;
	enum p1_policy policy;
	u64 last_ns;
	u8 state;
	bool authenticated;	/* the ciphered APDU has a tag */
	bool sums;		/* a telegram had a good checksum: one that ends with '!' is cut off */
	u16 start;		/* in @buf: '/', or the first octet that was not looked at */
	u16 n;			/* octets kept from @start on; all below count from there */
	u16 scanned;		/* nothing that matters before this one */
	u16 cipher_end;		/* a ciphered APDU ends here, 0: lines */
	u16 mark;		/* where '!' stands */
	u8 buf[2 * P1_TELEGRAM_MAX];
};

void p1_init(struct p1_framer *f, enum p1_policy policy);

/**
 * p1_push() - take octets from the line
 * @f: the framer
 * @data: the octets
 * @n: their number
 * @now_ns: when they arrived, 0: not known (a file): a pause ends nothing
 * @fn: called for each telegram
 * @ctx: for @fn
 *
 * A telegram is delivered at the fourth digit of its checksum, or at the line end behind '!'.  The
 * result does not depend on how the octets are cut into calls (apart from the times).
 */
void p1_push(struct p1_framer *f, const u8 *data, size_t n, u64 now_ns, p1_telegram_fn fn,
	     void *ctx);

/* p1_flush() - nothing follows: what ends with '!' is delivered, what is cut off is counted */
void p1_flush(struct p1_framer *f, p1_telegram_fn fn, void *ctx);

static inline size_t p1_pending(const struct p1_framer *f)
{
	return f->n;
}

/* p1_anew() - another meter may be on the line by now */
static inline void p1_anew(struct p1_framer *f)
{
	f->sums = false;
}

/* p1_crc16() - CRC-16/ARC; @crc: 0, or what an earlier call returned */
u16 p1_crc16(u16 crc, const u8 *data, size_t n);

#endif /* AMSHAN_LINK_P1_H */
