/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Bare APDUs on a line: messages without a frame around them, as some meters (Luxembourg: ciphered P1)
 * and some readers that forward what they took out of frames send them.
 *
 * There is no mark to hunt for and no checksum: a message begins where the line was silent before, or
 * right behind another one, and is as long as it says itself.  An authentication tag, if it has one,
 * is looked at by who deciphers it.  Pure.
 */
#ifndef AMSHAN_LINK_BARE_H
#define AMSHAN_LINK_BARE_H

#include <amshan/types.h>

#define BARE_MAX	4096		/* octets of one message */
#define BARE_PAUSE_NS	500000000ull	/* a pause in front of a message, and one that ends it */

/**
 * struct bare_stats - what came of the octets
 * @messages: messages delivered
 * @octets: their octets
 * @broken: beginnings of messages that did not go on, or are longer than BARE_MAX
 */
struct bare_stats {
	u64 messages;
	u64 octets;
	u64 broken;
};

typedef void (*bare_message_fn)(void *ctx, const u8 *data, size_t n);

/**
 * struct bare_framer - one line's; private but for @stats
 * @stats: to be read at any time between calls
 * @last_ns: time of the last push that had octets
 * @n: octets kept in @buf
 * @lost: what comes is no beginning; to be passed over until a pause
 * @buf: a message that is not whole yet
 */
struct bare_framer {
	struct bare_stats stats;
	u64 last_ns;
	u16 n;
	bool lost;
	u8 buf[BARE_MAX];
};

/* bare_init() - the line begins here, as behind a pause */
void bare_init(struct bare_framer *f);

/* bare_push() - as p1_push() (link/p1.h); @now_ns 0: no pause is known, one message follows another */
void bare_push(struct bare_framer *f, const u8 *data, size_t n, u64 now_ns, bare_message_fn fn,
	       void *ctx);

/* bare_pass() - octets came and are somebody else's: what goes on behind them is no beginning */
void bare_pass(struct bare_framer *f, u64 now_ns);

/* bare_flush() - nothing follows: what is not whole is counted and forgotten */
void bare_flush(struct bare_framer *f);

#endif /* AMSHAN_LINK_BARE_H */
