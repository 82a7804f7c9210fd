// SPDX-License-Identifier: GPL-2.0
/*
 * Fuzz a source as a whole: octets and datagrams as a peer or a broker would hand them over, hex or
 * binary, frames, APDUs, bodies; and the marks of a serial line.
 *
 * Input: one octet that says how, then the octets.
 */
#include <stdlib.h>

#include "log.h"
#include "source/serial.h"
#include "source/source.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t n);

static unsigned int messages;

static void take(void *ctx, struct source *s, const struct message *msg, u64 real_us)
{
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

int LLVMFuzzerTestOneInput(const u8 *data, size_t n)
{
	static sd_event *event;
	char text[SOURCE_HEALTH_TEXT_MAX];
	struct source *s;
	char *error = NULL;
	u8 how;

	if (!n)
		return 0;
	how = *data++;
	n--;
	log_set_level(LOG_EMERG);
	if (!event && sd_event_new(&event) < 0)
		abort();
	if (source_new(event, "fuzz", "file:/dev/null", NULL, &owner, NULL, &s, &error) < 0)
		abort();
	source_set_state(s, SOURCE_OPEN, NULL);

	switch (how % 3) {
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
