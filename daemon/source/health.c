// SPDX-License-Identifier: GPL-2.0
/*
 * Health: what is wrong with a source, from the line upwards, in words that say what to check.
 *
 * An observation compares the counters with those at its beginning.  The first stage at which
 * nothing came through is what is wrong.
 */
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "source/source.h"
#include "util.h"

static struct source_window window_now(const struct source *s)
{
	return (struct source_window){
		.octets = s->deframer.octets,
		.units = deframer_units(&s->deframer),
		.hdlc = s->deframer.hdlc.stats,
		.p1 = s->deframer.p1.stats,
		.mbus = s->deframer.mbus.stats,
		.stats = s->stats,
	};
}

void health_begin(struct source *s)
{
	source_refresh(s);
	s->window = window_now(s);
}

/* Octets came, and nothing valid in any framing: which one came closest? */
static enum source_health closest(const struct source_window *n, const struct source_window *n0)
{
	u64 hcs = n->hdlc.hcs_errors - n0->hdlc.hcs_errors;
	u64 fcs = n->hdlc.fcs_errors - n0->hdlc.fcs_errors;
	u64 cut = n->hdlc.timeouts - n0->hdlc.timeouts;

	/* Noise has flags; heads of M-Bus and ends of telegrams that fit by chance it has not. */
	if (n->p1.crc_errors != n0->p1.crc_errors || n->mbus.sum_errors != n0->mbus.sum_errors ||
	    n->mbus.timeouts != n0->mbus.timeouts)
		return HEALTH_BAD_CRC;
	/* Where octets get lost, frames are cut off by the pause behind them. */
	if (fcs || cut > hcs)
		return HEALTH_BAD_FCS;
	if (n->hdlc.flags != n0->hdlc.flags)
		return HEALTH_BAD_HCS;
	if (n->p1.starts != n0->p1.starts)
		return HEALTH_BAD_CRC;

	return HEALTH_NO_FLAG;
}

/* Valid units, and no readings: what came in their place? */
static enum source_health instead(const struct source_stats *n, const struct source_stats *n0)
{
	static const struct {
		size_t counter;
		enum source_health health;
	} rows[] = {
#define ROW(member, health)	{ offsetof(struct source_stats, member), health }
		ROW(encrypted, HEALTH_ENCRYPTED),
		ROW(rejected, HEALTH_WRONG_KEY),
		ROW(replayed, HEALTH_REPLAYED),
		ROW(unknown, HEALTH_UNKNOWN_LIST),
		ROW(unsupported, HEALTH_UNSUPPORTED),
		ROW(malformed, HEALTH_MALFORMED),
#undef ROW
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(rows); i++) {
		if (*(const u64 *)((const char *)n + rows[i].counter) !=
		    *(const u64 *)((const char *)n0 + rows[i].counter))
			return rows[i].health;
	}

	return HEALTH_INCOMPLETE;
}

/* What was taken apart beyond the framings, also of datagrams that have none. */
static u64 contents(const struct source_stats *n)
{
	return n->unknown + n->encrypted + n->rejected + n->replayed + n->unsupported + n->malformed;
}

enum source_health health_observe(struct source *s)
{
	struct source_window n, n0 = s->window;

	source_refresh(s);
	n = window_now(s);
	s->window = n;
	if (s->state == SOURCE_ENDED)
		return HEALTH_ENDED;
	if (s->state != SOURCE_OPEN)
		return HEALTH_CLOSED;
	if (n.stats.messages != n0.stats.messages)
		return HEALTH_OK;
	if (contents(&n.stats) == contents(&n0.stats)) {
		if (n.octets == n0.octets)
			return HEALTH_SILENT;
		/* Good M-Bus frames may be no message. */
		if (n.units == n0.units && n.mbus.frames == n0.mbus.frames)
			return closest(&n, &n0);
	}

	return instead(&n.stats, &n0.stats);
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
			     "octets arrive, but nothing that is a frame or a telegram: is the baud rate "
			     "right (mostly 2400, of P1 115200)?" },
	[HEALTH_BAD_HCS] = { "bad-hcs",
			     "flags arrive, but no header with a good checksum: try another parity "
			     "(even or none) or baud rate" },
	[HEALTH_BAD_FCS] = { "bad-fcs",
			     "headers are good, but no frame has a good checksum: octets are damaged or "
			     "lost; check cable and power of the adapter" },
	[HEALTH_BAD_CRC] = { "bad-crc",
			     "telegrams (P1) or M-Bus frames arrive, but none with a good checksum: octets "
			     "are damaged or lost, or the parity is wrong; for a meter that sends none or "
			     "another one see p1-checksum" },
	[HEALTH_INCOMPLETE] = { "incomplete",
				"frames are good, but none carries a whole message: the other segments or "
				"blocks of it are missing" },
	[HEALTH_MALFORMED] = { "malformed",
			       "frames are good, but what they contain cannot be decoded" },
	[HEALTH_UNSUPPORTED] = { "unsupported",
				 "frames are good, but carry an APDU of a kind that is not read" },
	[HEALTH_UNKNOWN_LIST] = { "unknown-list",
				  "lists arrive, but no table knows them; please report a capture" },
	[HEALTH_ENCRYPTED] = { "encrypted", "lists arrive encrypted" },
	[HEALTH_WRONG_KEY] = { "wrong-key", "lists arrive encrypted, and cannot be opened" },
	[HEALTH_REPLAYED] = { "replayed", "lists that were sent before arrive" },
	[HEALTH_ENDED] = { "ended", "the capture was read to its end" },
};

const char *source_health_name(enum source_health health)
{
	return table[health].name;
}

void source_health_text(const struct source *s, char *buf, size_t size)
{
	char say[CIPHER_SAY_MAX];
	size_t n;

	switch (s->health) {
	case HEALTH_CLOSED:
	case HEALTH_ENDED:
		snprintf(buf, size, "%s%s%s", source_state_name(s->state), *s->reason ? ": " : "",
			 s->reason);
		break;
	case HEALTH_ENCRYPTED:
	case HEALTH_WRONG_KEY:
	case HEALTH_REPLAYED:
		snprintf(buf, size, "%s", cipher_say(s->trouble, &s->ciphered, s->highest, say));
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
