// SPDX-License-Identifier: GPL-2.0
/*
 * Health: what is wrong with a source, from the line upwards, in words that say what to check.
 *
 * An observation compares the counters with those at its beginning.  The first stage at which
 * nothing came through is what is wrong.
 */
#include <stdio.h>
#include <string.h>

#include "source/source.h"
#include "util.h"

static void window_begin(struct source *s)
{
	s->window_framer = s->framer.stats;
	s->window = s->stats;
}

void health_begin(struct source *s)
{
	source_refresh(s);
	window_begin(s);
}

enum source_health health_observe(struct source *s)
{
	const struct framer_stats *f = &s->framer.stats, *f0 = &s->window_framer;
	const struct source_stats *n = &s->stats, *n0 = &s->window;
	/* What was taken apart beyond the framer, also of datagrams that have none. */
	u64 contents = (n->unknown - n0->unknown) + (n->encrypted - n0->encrypted) +
		       (n->unsupported - n0->unsupported) + (n->malformed - n0->malformed);
	u64 hcs, fcs, cut;
	enum source_health health;

	source_refresh(s);
	hcs = f->hcs_errors - f0->hcs_errors;
	fcs = f->fcs_errors - f0->fcs_errors;
	cut = f->timeouts - f0->timeouts;
	if (s->state == SOURCE_ENDED)
		health = HEALTH_ENDED;
	else if (s->state != SOURCE_OPEN)
		health = HEALTH_CLOSED;
	else if (n->messages != n0->messages)
		health = HEALTH_OK;
	else if (f->octets == f0->octets && !contents)
		health = HEALTH_SILENT;
	else if (f->frames == f0->frames && !contents) {
		/* Where octets get lost, frames are cut off by the pause behind them. */
		if (fcs || cut > hcs)
			health = HEALTH_BAD_FCS;
		else if (f->flags != f0->flags)
			health = HEALTH_BAD_HCS;
		else
			health = HEALTH_NO_FLAG;
	} else if (n->encrypted != n0->encrypted)
		health = HEALTH_ENCRYPTED;
	else if (n->unknown != n0->unknown)
		health = HEALTH_UNKNOWN_LIST;
	else if (n->unsupported != n0->unsupported || n->segmented != n0->segmented)
		health = HEALTH_UNSUPPORTED;
	else
		health = HEALTH_MALFORMED;
	window_begin(s);

	return health;
}

static const struct {
	const char *name;
	const char *text;
} table[] = {
	[HEALTH_OK] = { "ok", "readings arrive" },
	[HEALTH_STARTING] = { "starting", "open, waiting for the first list" },
	[HEALTH_CLOSED] = { "closed", "not open" },
	[HEALTH_SILENT] = { "no-octets",
			    "no octets arrive: is the port of the meter opened by the grid company, "
			    "is the cable in the meter's HAN port, is it the right adapter?" },
	[HEALTH_NO_FLAG] = { "no-flags",
			     "octets arrive, but no HDLC flag (7E): is the baud rate right (mostly "
			     "2400), or does the meter speak another protocol (P1)?" },
	[HEALTH_BAD_HCS] = { "bad-hcs",
			     "flags arrive, but no header with a good checksum: try another parity "
			     "(even or none) or baud rate" },
	[HEALTH_BAD_FCS] = { "bad-fcs",
			     "headers are good, but no frame has a good checksum: octets are damaged or "
			     "lost; check cable and power of the adapter" },
	[HEALTH_MALFORMED] = { "malformed",
			       "frames are good, but what they contain cannot be decoded" },
	[HEALTH_UNSUPPORTED] = { "unsupported",
				 "frames are good, but carry something that is not read yet (segments, "
				 "block transfer, P1 or M-Bus)" },
	[HEALTH_UNKNOWN_LIST] = { "unknown-list",
				  "lists arrive, but no table knows them; please report a capture" },
	[HEALTH_ENCRYPTED] = { "encrypted", "lists arrive encrypted" },
	[HEALTH_ENDED] = { "ended", "the capture was read to its end" },
};

const char *source_health_name(enum source_health health)
{
	return table[health].name;
}

void source_health_text(const struct source *s, char *buf, size_t size)
{
	size_t n;

	switch (s->health) {
	case HEALTH_CLOSED:
	case HEALTH_ENDED:
		snprintf(buf, size, "%s%s%s", source_state_name(s->state), *s->reason ? ": " : "",
			 s->reason);
		break;
	case HEALTH_ENCRYPTED:
		snprintf(buf, size, "lists arrive encrypted, system title %s: keys are not supported yet",
			 *s->title ? s->title : "not sent");
		break;
	default:
		snprintf(buf, size, "%s", table[s->health].text);
		if (s->state != SOURCE_ENDED)
			break;
		/* A capture: what came of it, and where it ended. */
		n = strlen(buf);
		snprintf(buf + n, size - n, " (%s)", s->reason);
	}
}
