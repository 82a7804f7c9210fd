// SPDX-License-Identifier: GPL-2.0
/*
 * The words of a probe.  Pure.  Texts of the device are harmless for a terminal already
 * (probe_listen.c).
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "ctl/probe_words.h"
#include "source/source.h"

#define LISTS_SECONDS		10	/* the longest pause between two lists that is seen */

/* ---- pieces of text ---- */

struct words {
	char *buf;
	size_t size;
	size_t n;
};

static void __attribute__((format(printf, 2, 3))) words_add(struct words *w, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(w->buf + w->n, w->size - w->n, fmt, ap);
	va_end(ap);
	w->n += (size_t)n < w->size - w->n ? (size_t)n : w->size - w->n - 1;
}

static void words_add_count(struct words *w, u64 n, const char *noun)
{
	words_add(w, "%" PRIu64 " %s%s", n, noun, n == 1 ? "" : "s");
}

/* Errors of the line, nothing without any. */
static void add_line_errors(struct words *w, const char *before, const struct listen_result *r)
{
	if (!r->line.errors)
		return;
	words_add(w, "%sline errors in %" PRIu64 " of %" PRIu64 " octets", before, r->line.errors,
		  r->octets);
}

const char *probe_other_name(enum listen_other other)
{
	static const char *const names[] = {
		[LISTEN_NOTHING_ELSE] = "",
		[LISTEN_TEXT] = "text",
		[LISTEN_P1] = "P1",
		[LISTEN_MBUS] = "M-Bus",
	};

	return names[other];
}

/* "frame", or what else comes whole */
static const char *unit_name(enum link_framing framing)
{
	switch (framing) {
	case LINK_P1:
		return "telegram";
	case LINK_MBUS:
		return "M-Bus message";
	case LINK_APDU:
		return "bare APDU";
	default:
		return "frame";
	}
}

/* Whose lists they are, or what else the frames carry. */
static void add_content(struct words *w, const struct listen_result *r)
{
	const char *unit = unit_name(r->framing);

	if (r->maker)
		words_add(w, "%s%s%s", r->maker, *r->version ? ", " : "", r->version);
	else if (r->messages)
		words_add(w, "a %s that does not tell its maker",
			  r->framing == LINK_P1 ? unit : "list");
	else if (r->encrypted)
		words_add(w, "%s", r->ciphered);
	else if (r->unknown)
		words_add(w, "a list that no table knows; please report a capture");
	else if (r->segments)
		words_add(w, "pieces of longer messages, none of which was whole");
	else
		words_add(w, "%ss are good, but what they contain cannot be decoded", unit);
}

/* What was counted, in the terms of what came. */
static void add_counts(struct words *w, const struct listen_result *r)
{
	words_add_count(w, r->octets, "octet");
	words_add(w, ", ");
	if (r->framing == LINK_UNKNOWN || r->framing == LINK_HDLC) {
		words_add_count(w, r->flags, "flag");
		words_add(w, ", ");
		words_add_count(w, r->headers, "good header");
		words_add(w, ", ");
	}
	words_add_count(w, r->frames, unit_name(r->framing));
}

/* ---- one try ---- */

char *probe_try_text(const struct probe_try *t, char *buf)
{
	struct words words = { .buf = buf, .size = PROBE_SENTENCE_MAX }, *w = &words;
	const struct listen_result *r = &t->result;
	char format[SERIAL_FORMAT_MAX];

	words_add(w, "%s: ", serial_format(&t->want, format));
	if (t->refused) {
		words_add(w, "the adapter cannot do that");
		return buf;
	}
	if (!r->octets) {
		words_add(w, "no octets");
		return buf;
	}
	add_counts(w, r);
	if (r->frames) {
		words_add(w, " (");
		add_content(w, r);
		words_add(w, ")");
	} else if (r->other) {
		words_add(w, ", %s", probe_other_name(r->other));
	}
	add_line_errors(w, ", ", r);
	return buf;
}

/* ---- sentences ---- */

char *probe_best_text(const struct probe_outcome *o, char *buf)
{
	struct words w = { .buf = buf, .size = PROBE_SENTENCE_MAX };
	const struct listen_result *r = &o->best->result;
	char line[SERIAL_LINE_MAX];

	words_add(&w, "%s (", serial_line_format(&o->best->want, r->framing, line));
	add_content(&w, r);
	words_add(&w, ")");
	if (r->state != LISTEN_GOOD)
		add_line_errors(&w, ", with ", r);
	if (o->alike)
		words_add(&w, "; the parity makes no difference: the adapter seems to have one of "
			      "its own");
	return buf;
}

/* The words of amshand (health.c). */
static void add_silence(struct words *w, unsigned int seconds)
{
	struct source s = { .state = SOURCE_OPEN, .health = HEALTH_SILENT };
	char text[PROBE_SENTENCE_MAX];

	source_health_text(&s, text, sizeof(text));
	words_add(w, "%s", text);
	if (seconds <= LISTS_SECONDS)
		words_add(w, " (listened for %u s; some meters send every %d s only)", seconds,
			  LISTS_SECONDS);
}

static void add_other(struct words *w, const struct probe_try *t)
{
	char format[SERIAL_FORMAT_MAX];

	serial_format(&t->want, format);
	if (t->result.other == LISTEN_TEXT)
		words_add(w, "looks like text, not like a meter: \"%s\" (%s)", t->result.text, format);
	else
		words_add(w, "%s at %s, but none is whole with a good checksum: octets are damaged or "
			     "lost; check cable and power of the adapter%s",
			  t->result.other == LISTEN_P1 ? "P1 telegrams" : "M-Bus frames", format,
			  t->result.other == LISTEN_P1 ? ", or whether the meter has another "
							 "checksum (p1-checksum)" : "");
}

/* The try that came nearest to frames. */
static const struct probe_try *nearest(const struct probe_outcome *o)
{
	const struct probe_try *t = NULL;

	for (size_t i = 0; i < o->n; i++)
		if (o->tries[i].result.headers > (t ? t->result.headers : 0))
			t = &o->tries[i];
	return t;
}

/* The one that says what it is instead; the longer it listened, the more it is worth. */
static const struct probe_try *find_other(const struct probe_outcome *o)
{
	const struct probe_try *t = NULL;

	for (size_t i = 0; i < o->n; i++) {
		if (o->tries[i].result.state == LISTEN_OTHER)
			return &o->tries[i];
		if (o->tries[i].result.other != LISTEN_NOTHING_ELSE && !t)
			t = &o->tries[i];
	}
	return t;
}

char *probe_why_none(const struct probe_outcome *o, char *buf)
{
	struct words w = { .buf = buf, .size = PROBE_SENTENCE_MAX };
	const struct probe_try *near = nearest(o), *other = find_other(o);
	char format[SERIAL_FORMAT_MAX];
	bool listened = false;

	*buf = '\0';
	for (size_t i = 0; i < o->n; i++)
		listened |= !o->tries[i].refused;
	if (other && (other->result.state == LISTEN_OTHER || !near))
		add_other(&w, other);
	else if (near)
		words_add(&w, "at %s headers are good, but no frame has a good checksum: octets are "
			      "damaged or lost; check cable and power of the adapter",
			  serial_format(&near->want, format));
	else if (*o->why)
		words_add(&w, "no message so far");
	else if (!listened)
		words_add(&w, "the adapter can do none of the settings that meters use");
	else if (probe_is_silent(o->tries, o->n))
		add_silence(&w, o->seconds);
	else
		words_add(&w, "octets arrive, but with no setting are there frames among them: is it "
			      "the port of a meter, and the right adapter for it?");
	return buf;
}
