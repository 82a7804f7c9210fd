/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Captures: from what a file holds to messages.
 *
 * Takes a file in pieces, tells hex text from binary, finds the framing, and hands over each
 * message. Memory is bounded whatever the file's size: HDLC, P1 and M-Bus go through the deframer as
 * they come; of what is bare what is undecided is kept, at most CAPTURE_HELD_MAX octets.
 */
#ifndef AMSHAN_CTL_CAPTURE_H
#define AMSHAN_CTL_CAPTURE_H

#include "link/deframer.h"
#include "meter/reader.h"

#define CAPTURE_HEAD_MAX	4096	/* looked at to tell what it is: two of the longest frames */
#define CAPTURE_HELD_MAX	65536

/**
 * capture_message_fn - takes one message that could be read: readings or an unknown list
 * @ctx: as given to capture_init()
 * @msg: the message
 * @body: its body
 * @end: end of the body
 *
 * Return: 0, or a negative errno that ends the reading.
 */
typedef int (*capture_message_fn)(void *ctx, const struct message *msg, const u8 *body,
				  const u8 *end);

/**
 * struct capture_stats - what came of it, beside the counters of the framings
 * @octets: octets after hex text was decoded
 * @framings: those in which something valid came, a bit per enum link_framing
 * @messages: messages handed over
 * @closed: ciphered messages that could not be read
 * @ciphered: the last of them, without its text
 * @trouble: what is wrong with it
 * @broken: segments and blocks of messages that are not whole
 * @pieces: segments and blocks of messages whose end did not come yet
 * @unsupported: APDUs of a kind that is not read
 * @malformed: messages that are cut off or broken
 * @malformed_error: what is wrong with the first of them, as message_error() takes it
 * @empty: frames without an information field
 * @bad_lines: lines that should be hex text and are not
 * @first_bad_line: the first of them
 */
struct capture_stats {
	u64 octets;
	u32 framings;
	u64 messages;
	u64 closed;
	struct ciphered ciphered;
	enum cipher_trouble trouble;
	u64 broken;
	u64 pieces;
	u64 unsupported;
	u64 malformed;
	int malformed_error;
	u64 empty;
	u64 bad_lines;
	unsigned int first_bad_line;
};

enum capture_form {
	CAPTURE_UNDECIDED,
	CAPTURE_BINARY,
	CAPTURE_TEXT,
};

/**
 * struct capture - one file's reading; @stats, the statistics of @deframer and @framing are for all
 *                  to read; keys of @reader may be set before the first octet
 * @stats: what came of it
 * @framing: of what comes: bare, or else all that the deframer knows; LINK_UNKNOWN until it was found
 * @deframer: for all that is not bare
 * @reader: from what is in frames to messages
 * @fn: takes the messages
 * @ctx: for @fn
 * @error: first negative result of @fn
 * @form: hex text or binary
 * @printable: what came first is printable, also if it is no hex text
 * @line: number of the line in @text, from 1
 * @comment: @text was the beginning of a comment line
 * @mid_line: @text continues a line whose beginning was taken already
 * @bad_line: the rest of this line is to be passed over
 * @head: octets whose framing is open, @n_head of them
 * @text: before the form is known all that came, then the line that is not whole yet; @n_text
 * @held: octets of LLC, APDU and body, @n_held of them
 */
struct capture {
	struct capture_stats stats;
	enum link_framing framing;
	struct deframer deframer;
	struct reader reader;
	capture_message_fn fn;
	void *ctx;
	int error;

	enum capture_form form;
	bool printable;
	unsigned int line;
	bool comment, mid_line, bad_line;
	size_t n_head, n_text, n_held;
	u8 head[CAPTURE_HEAD_MAX];
	u8 text[CAPTURE_HEAD_MAX];
	u8 held[CAPTURE_HELD_MAX];
};

/* capture_init() - make ready; @c is large: keep it off the stack */
void capture_init(struct capture *c, capture_message_fn fn, void *ctx);

/**
 * capture_push() - take what was read from the file, in any pieces
 * @c: the capture
 * @data: the piece
 * @n: its length
 *
 * Return: 0, or what @fn returned.
 */
int capture_push(struct capture *c, const u8 *data, size_t n);

/* capture_end() - nothing follows; returns as capture_push() */
int capture_end(struct capture *c);

#endif /* AMSHAN_CTL_CAPTURE_H */
