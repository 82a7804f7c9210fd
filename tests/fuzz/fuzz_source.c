// SPDX-License-Identifier: GPL-2.0
/*
 * Fuzz a source as a whole, with keys: octets and datagrams as a peer or a broker would hand them over,
 * hex or binary, of all framings; the marks of a serial line; frames that the module framed; and a
 * line on which framings change.
 *
 * Input: one octet that says how, then the octets.
 */
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "source/serial.h"
#include "source/source.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t n);

static unsigned int messages;

static void take(void *ctx, struct source *s, const struct message *msg, u64 real_us)
{
	/* A telegram's own message may have none if there are meters behind it. */
	if (msg->kind == MESSAGE_UNKNOWN_LIST && !msg->channel && msg->held)
		return;
	if (!readings_any(&msg->readings))
		abort();
	messages++;
}

static void ignore(void *ctx, struct source *s)
{
}

static const struct source_owner owner = { .message = take, .changed = ignore, .checked = ignore };

static void as_marks(struct source *s, const u8 *data, size_t n)
{
	struct serial_marks marks = { 0 };
	u8 out[257], flags[257];

	for (size_t i = 0; i < n; i += 256) {
		size_t k, piece = n - i < 256 ? n - i : 256;

		k = serial_marks_decode(&marks, data + i, piece, out, flags);
		if (k > piece + 1)
			abort();
		source_receive(s, out, flags, k);
	}
}

static void as_frame(void *ctx, const u8 *frame, size_t n)
{
	source_frame(ctx, frame, n, 1, 1);
}

static void as_frames(struct source *s, const u8 *data, size_t n)
{
	static struct framer f;

	framer_init(&f);
	framer_push(&f, data, NULL, n, 0, as_frame, s);
}

/* Pieces, between which nothing valid came for long, or the line was opened anew. */
static void as_pieces(struct source *s, const u8 *data, size_t n)
{
	while (n) {
		size_t piece = 1 + *data;

		if (piece > n)
			piece = n;
		source_receive(s, data, NULL, piece);
		if (data[piece - 1] & 1)
			deframer_sniff(&s->deframer);
		if (data[piece - 1] == 2)
			source_eof(s);
		data += piece;
		n -= piece;
	}
}

/* The keys of the simulator's messages among the seeds, which are read; and one of other messages. */
static const char keys[] =
	"53494D0000000001 000102030405060708090a0b0c0d0e0f d0d1d2d3d4d5d6d7d8d9dadbdcdddedf\n"
	"4B464D0000000001 000102030405060708090a0b0c0d0e0f unverified\n";

static struct source *fuzz_source(const char *uri)
{
	static sd_event *event;
	static struct keyring *ring;
	static struct cipher *cipher;
	static struct counters counters;
	struct source *s;
	char *error = NULL;

	log_set_level(LOG_EMERG);
	if (!event && (sd_event_new(&event) < 0 || keyring_parse(keys, strlen(keys), &ring, &error) < 0))
		abort();
	if (!cipher)
		cipher = cipher_new();
	if (!cipher || source_new(event, "fuzz", uri, NULL, &owner, NULL, &s, &error) < 0)
		abort();
	memset(&counters, 0, sizeof(counters));
	source_set_keys(s, ring);
	s->reader.cipher = cipher;
	s->reader.counters = &counters;
	source_set_state(s, SOURCE_OPEN, NULL);

	return s;
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t n)
{
	char text[SOURCE_HEALTH_TEXT_MAX];
	struct source *s;
	u8 how;

	if (!n)
		return 0;
	how = *data++;
	n--;
	/* With and without times. */
	s = fuzz_source(how & 0x80 ? "tcp://[::1]:1" : "file:/dev/null");

	switch (how % 0x80 % 5) {
	case 0:
		source_receive(s, data, NULL, n);
		break;
	case 1:
		/* Two in a row, so that one meets what the other left behind. */
		source_datagram(s, data, n / 2);
		source_datagram(s, data + n / 2, n - n / 2);
		break;
	case 2:
		as_marks(s, data, n);
		break;
	case 3:
		as_frames(s, data, n);
		break;
	case 4:
		as_pieces(s, data, n);
		break;
	}
	source_eof(s);
	if (s->stats.messages != messages)
		abort();
	messages = 0;
	s->health = health_observe(s);
	source_health_text(s, text, sizeof(text));
	source_free(s);

	return 0;
}
