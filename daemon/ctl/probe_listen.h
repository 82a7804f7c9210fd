/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Listening: what comes of a line with one setting, and when that is decided.
 *
 * Pure: octets and times in, a verdict out.  The checksum decides; what the line said of an octet
 * is only counted, since adapters differ in what they tell (serial.h, framer.h).  Of a telegram that
 * has none, what it says decides.
 *
 * A meter sends bursts, one for each list, some seconds apart.  A burst that was going on when we
 * began may show anything; the next one has to begin and to end as a frame does.  So a setting is
 * good as soon as a message was read, and bad when whole bursts were seen and no header of a frame
 * was in them, mostly long before its time is over.  Of a good one the maker is waited for: the
 * shortest lists do not tell it.
 */
#ifndef AMSHAN_CTL_PROBE_LISTEN_H
#define AMSHAN_CTL_PROBE_LISTEN_H

#include "ctl/capture.h"
#include "meter/cipher_say.h"

#define LISTEN_HEAD_MAX		1024	/* of a burst: enough to name what is no frame */
#define LISTEN_TEXT_MAX		64
#define LISTEN_VERSION_MAX	64
#define LISTEN_BLIP_MAX		8	/* octets that a plug makes, or the port when it is opened */

/* A pause that ends a burst: the same that ends a frame. */
#define LISTEN_PAUSE_US		(AMSHAN_FRAMER_PAUSE_NS / 1000)

/* More for a frame whose header was good when the time was over: 2400 baud, the longest one known. */
#define LISTEN_GRACE_US		4000000ull

enum listen_state {
	LISTEN_ON,	/* not decided */
	LISTEN_GOOD,	/* whole frames, and no line errors */
	LISTEN_FLAWED,	/* whole frames, and line errors */
	LISTEN_BAD,	/* octets, and no whole frame */
	LISTEN_SILENT,	/* no octets */
	LISTEN_OTHER,	/* no meter, or one that is not heard whole: see enum listen_other */
};

/* What else it can be: no meter, or the beginnings of what nothing whole came of. */
enum listen_other {
	LISTEN_NOTHING_ELSE,
	LISTEN_TEXT,
	LISTEN_P1,
	LISTEN_MBUS,
};

/**
 * struct listen_errors - what the line said of its octets, since the beginning
 * @errors: octets with a parity or a framing error
 * @breaks: breaks
 * @overruns: octets were lost between adapter and program
 */
struct listen_errors {
	u64 errors;
	u64 breaks;
	u64 overruns;
};

/**
 * struct listen_result - what came of it
 * @state: the verdict
 * @us: how long it took
 * @octets: with fillers of breaks, which cannot be told from octets
 * @flags: HDLC flags
 * @headers: headers with a good checksum, and M-Bus frames
 * @bad_headers: with a bad one
 * @framing: of what came whole, LINK_UNKNOWN: nothing did
 * @frames: whole frames, telegrams (P1), messages (M-Bus) or APDUs
 * @bad_frames: good headers, and beginnings of telegrams and of M-Bus frames, without one: bad
 *              checksum, or cut off
 * @line: errors of the line
 * @messages: messages with readings
 * @unknown: lists that no table knows
 * @encrypted: encrypted messages
 * @segments: segments and blocks of messages that are not whole
 * @unreadable: whole frames with something else in them
 * @title: system title of the last encrypted message, "": none was sent
 * @ciphered: what is to be said of it, "": there was none
 * @maker: of the last list that had a maker's mark, NULL: none
 * @version: its list version, "": it sends none.  Harmless for a terminal
 * @other: what it is instead of frames
 * @text: LISTEN_TEXT: how it begins.  Harmless for a terminal
 */
struct listen_result {
	enum listen_state state;
	u64 us;
	u64 octets;
	u64 flags;
	u64 headers;
	u64 bad_headers;
	enum link_framing framing;
	u64 frames;
	u64 bad_frames;
	struct listen_errors line;
	u64 messages;
	u64 unknown;
	u64 encrypted;
	u64 segments;
	u64 unreadable;
	char title[3 * APDU_TITLE_MAX];
	char ciphered[CIPHER_SAY_MAX];
	const char *maker;
	char version[LISTEN_VERSION_MAX];
	enum listen_other other;
	char text[LISTEN_TEXT_MAX];
};

/**
 * struct listen_burst - octets without a pause among them
 * @on: it is going on
 * @whole: there was a pause before it
 * @n: its octets
 * @first: the first one
 * @last: the last one
 * @headers: listen_result.headers when it began
 * @frames: likewise
 * @errors: likewise
 * @head: its first octets, @n_head of them
 */
struct listen_burst {
	bool on;
	bool whole;
	u64 n;
	u8 first;
	u8 last;
	u64 headers;
	u64 frames;
	u64 errors;
	size_t n_head;
	u8 head[LISTEN_HEAD_MAX];
};

/**
 * struct listen - one setting's listening; only @result is for all to read
 * @result: what came so far
 * @begun_us: when it began
 * @until_us: when its time is over
 * @last_us: when the last octets came
 * @marked: errors that were marked in the octets
 * @burst: the burst that is going on
 * @settled: it is good; only whose lists they are is open
 * @seen_whole: a burst that is whole was seen
 * @before: errors before the first of them
 * @before_frames: frames before it
 * @bad_bursts: whole bursts without a good header
 * @bad_octets: their octets
 * @text_octets: octets of the burst that result.text is of
 * @unknown: lists that no table knows
 * @capture: framer and decoder
 */
struct listen {
	struct listen_result result;
	u64 begun_us;
	u64 until_us;
	u64 last_us;
	struct listen_errors marked;
	struct listen_burst burst;
	bool settled;
	bool seen_whole;
	u64 before;
	u64 before_frames;
	unsigned int bad_bursts;
	u64 bad_octets;
	u64 text_octets;
	u64 unknown;
	struct capture capture;
};

/**
 * listen_begin() - make ready; @l is large: keep it off the stack
 * @l: the listening
 * @now_us: now
 * @us: so long at most, but for a frame that is being received then
 */
void listen_begin(struct listen *l, u64 now_us, u64 us);

/**
 * listen_push() - take octets
 * @l: the listening
 * @data: the octets
 * @flags: one enum framer_flag for each
 * @n: their number
 * @driver: what the driver counted since the beginning, NULL: it does not count
 * @now_us: now
 *
 * Return: the state.
 */
enum listen_state listen_push(struct listen *l, const u8 *data, const u8 *flags, size_t n,
			      const struct listen_errors *driver, u64 now_us);

/**
 * listen_tick() - time has passed, and no octets came
 *
 * To be called after everything that came was pushed: a pause is one of the line, not of ours.
 *
 * Return: the state.
 */
enum listen_state listen_tick(struct listen *l, u64 now_us);

/* listen_next() - when listen_tick() has something to say, if no octets come before */
u64 listen_next(const struct listen *l);

/* listen_end() - nobody listens any longer: what is there is counted, the state stays */
void listen_end(struct listen *l, u64 now_us);

#endif /* AMSHAN_CTL_PROBE_LISTEN_H */
