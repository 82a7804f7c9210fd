/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The reader: from what a frame carries to messages.
 *
 * Block transfers are put together, ciphered APDUs are opened and their frame counters are held
 * against the last ones, and what comes out is decoded.  Everything that can go wrong on the way is
 * told in the same way as a message.  No I/O, no logging, no clock.  Plain text lives in one buffer
 * of the program: one reader at a time, and what is told is valid until the call returns.
 */
#ifndef AMSHAN_METER_READER_H
#define AMSHAN_METER_READER_H

#include <stddef.h>
#include <string.h>

#include "dlms/cipher.h"
#include "dlms/counters.h"
#include "dlms/gbt.h"
#include "dlms/keyring.h"
#include "link/deframer.h"
#include "meter/cipher_say.h"
#include "meter/message.h"

enum reader_what {
	READER_MESSAGE,		/* readings, or a list in which nothing has a name */
	READER_BLOCK,		/* a block of a longer APDU was taken */
	READER_BROKEN,		/* a block that cannot be put to others: error as gbt_take() */
	READER_CLOSED,		/* ciphered, and not to be read: trouble says why */
	READER_UNSUPPORTED,	/* an APDU of a kind that is not read */
	READER_MALFORMED,	/* error as message_error() */
};

/**
 * struct reader_event - one message, or why there is none
 * @what: which
 * @error: READER_BROKEN, READER_UNSUPPORTED, READER_MALFORMED: negative errno
 * @trouble: READER_CLOSED: what is wrong
 * @msg: READER_MESSAGE: the message
 * @body: READER_MESSAGE: its body (of a telegram: its text)
 * @end: end of the body
 * @ciphered: what it was, or is, ciphered by; NULL: it came in the clear
 * @highest: CIPHER_REPLAY: what the counter should be above
 */
struct reader_event {
	enum reader_what what;
	int error;
	enum cipher_trouble trouble;
	const struct message *msg;
	const u8 *body;
	const u8 *end;
	const struct ciphered *ciphered;
	u32 highest;
};

/* reader_fn - takes one; the reader may be stopped in it (reader_stop()), not freed */
typedef void (*reader_fn)(void *ctx, const struct reader_event *event);

/**
 * struct reader - one source's
 * @decoder: what was learned from its lists
 * @keys: of this source, NULL: none; not owned
 * @counters: of all sources, set by reader_use_counters(); NULL: replays are not looked for (captures);
 *            not owned
 * @cipher: of all sources, NULL: nothing is opened; not owned
 * @gbt: block transfer in progress
 * @stopped: private: reader_stop()
 * @seen: private: the last counters_change() that it had a part in, or that was before it
 */
struct reader {
	struct decoder decoder;
	const struct keyring *keys;
	struct counters *counters;
	struct cipher *cipher;
	bool stopped;
	u64 seen;
	struct gbt gbt;
};

/* reader_init() - zero all, but touch no more memory than that takes: a block is written before it is read */
static inline void reader_init(struct reader *r)
{
	memset(r, 0, offsetof(struct reader, gbt.data));
}

/* reader_use_counters() - look for replays from now on; what was noted already is one to this reader too */
static inline void reader_use_counters(struct reader *r, struct counters *counters)
{
	r->counters = counters;
	r->seen = counters->changes;
}

/**
 * reader_take() - read all that a unit carries
 * @r: the reader
 * @unit: with a payload
 * @now_us: when it came, on a clock that does not go back; 0: not known
 * @fn: called for each message, and for what is none
 * @ctx: for @fn
 *
 * Several APDUs may stand in one payload; what follows a broken one cannot be found.
 */
void reader_take(struct reader *r, const struct link_unit *unit, u64 now_us, reader_fn fn, void *ctx);

/**
 * reader_next() - read one APDU where several may follow each other and the last one may be cut off
 * @r: the reader
 * @p: cursor; behind the APDU on success, else untouched
 * @end: end of what is there
 * @body: bare bodies, without LLC and APDU header
 * @fn: called for what was read; not for what is returned as an error
 * @ctx: for @fn
 *
 * Return: 0; -ENODATA at @end; as message_next().
 */
int reader_next(struct reader *r, const u8 **p, const u8 *end, bool body, reader_fn fn, void *ctx);

/* reader_stop() - nothing more of the payload that is being read is to be told; from within @fn */
static inline void reader_stop(struct reader *r)
{
	r->stopped = true;
}

/* reader_flush() - the line was closed: what is incomplete is forgotten */
static inline void reader_flush(struct reader *r)
{
	gbt_flush(&r->gbt);
}

#endif /* AMSHAN_METER_READER_H */
