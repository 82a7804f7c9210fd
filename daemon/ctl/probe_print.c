// SPDX-License-Identifier: GPL-2.0
/*
 * What a probe says.  Texts of the device are harmless for a terminal already (probe_listen.c).
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include "ctl/probe_print.h"
#include "ctl/report.h"
#include "ctl/table.h"
#include "ctl/text.h"
#include "util.h"

#define CELL_MAX		64
#define TERMINAL_CLEAR		"\r\033[K"

/* A word for programs. */
static const char *state_name(const struct probe_try *t)
{
	static const char *const names[] = {
		[LISTEN_ON] = "unfinished",
		[LISTEN_GOOD] = "good",
		[LISTEN_FLAWED] = "line-errors",
		[LISTEN_BAD] = "bad",
		[LISTEN_SILENT] = "silent",
		[LISTEN_OTHER] = "other",
	};

	return t->refused ? "refused" : names[t->result.state];
}

/* ---- while it listens ---- */

void probe_progress_begin(struct probe_progress *p)
{
	const char *term = getenv("TERM");

	p->shown = false;
	p->is_terminal = isatty(STDERR_FILENO) && term && *term && strcmp(term, "dumb") != 0;
}

void probe_progress_show(struct probe_progress *p, const struct probe_try *t, unsigned int number,
			 unsigned int seconds)
{
	char text[PROBE_SENTENCE_MAX], line[PROBE_SENTENCE_MAX + 64];
	struct winsize size;
	int width = 80;

	if (!p->is_terminal)
		return;
	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col)
		width = size.ws_col;
	snprintf(line, sizeof(line), "%u of %d, %" PRIu64 " of %u s, %s", number, PROBE_TRIES_MAX,
		 (u64)(t->result.us / USEC_PER_SEC), seconds, probe_try_text(t, text));
	/* One that wraps would not be taken away. */
	fprintf(stderr, TERMINAL_CLEAR "%.*s", width - 1, line);
	p->shown = true;
}

void probe_progress_clear(struct probe_progress *p)
{
	if (p->shown)
		fputs(TERMINAL_CLEAR, stderr);
	p->shown = false;
}

void probe_progress_done(struct probe_progress *p, const struct probe_try *t)
{
	char text[PROBE_SENTENCE_MAX];

	if (!p->is_terminal)
		ctl_say("%s", probe_try_text(t, text));
}

/* ---- the table ---- */

/* ", 3 breaks" behind what is there: nothing for 0. */
static void cell_add(char *cell, u64 n, const char *noun)
{
	size_t used = strlen(cell);

	if (n)
		snprintf(cell + used, CELL_MAX - used, ", %" PRIu64 " %s", n, noun);
}

static int add_row(struct libscols_table *table, const struct probe_try *t)
{
	const struct listen_result *r = &t->result;
	char settings[SERIAL_FORMAT_MAX], octets[CELL_MAX], flags[CELL_MAX], headers[CELL_MAX];
	const char *framing = r->framing ? link_framing_word(r->framing) : "";
	char frames[CELL_MAX], errors[CELL_MAX], messages[CELL_MAX], maker[2 * LISTEN_VERSION_MAX];

	serial_format(&t->want, settings);
	if (t->refused)
		return table_add(table, (const char *const[]){ settings, "refused" }, 2);
	snprintf(octets, sizeof(octets), "%" PRIu64, r->octets);
	snprintf(flags, sizeof(flags), "%" PRIu64, r->flags);
	snprintf(headers, sizeof(headers), "%" PRIu64 "/%" PRIu64, r->headers, r->bad_headers);
	snprintf(frames, sizeof(frames), "%" PRIu64 "/%" PRIu64, r->frames, r->bad_frames);
	snprintf(errors, sizeof(errors), "%" PRIu64, r->line.errors);
	cell_add(errors, r->line.breaks, r->line.breaks == 1 ? "break" : "breaks");
	cell_add(errors, r->line.overruns, r->line.overruns == 1 ? "overrun" : "overruns");
	snprintf(messages, sizeof(messages), "%" PRIu64, r->messages);
	cell_add(messages, r->encrypted, "encrypted");
	cell_add(messages, r->unknown, "unknown");
	cell_add(messages, r->segments, "segmented");
	if (r->other)
		snprintf(messages, sizeof(messages), "%s", probe_other_name(r->other));
	snprintf(maker, sizeof(maker), "%s%s%s", r->maker ?: "", *r->version ? " " : "", r->version);
	return table_add(table, (const char *const[]){ settings, framing, octets, flags, headers,
						       frames, errors, messages, maker }, 9);
}

static int print_table(const struct probe_outcome *o)
{
	static const struct table_column columns[] = {
		{ "SETTINGS" },
		{ "FRAMING" },
		{ "OCTETS", .right = true },
		{ "FLAGS", .right = true },
		{ "HCS/BAD", .right = true },
		{ "FRAMES/BAD", .right = true },
		{ "LINE ERRORS", .right = true },
		{ "MESSAGES" },
		{ "MAKER", .trunc = true },
	};
	_cleanup_(table_unrefp) struct libscols_table *t = table_new(columns, ARRAY_SIZE(columns));

	if (!t)
		return -ENOMEM;
	for (size_t i = 0; i < o->n; i++)
		if (add_row(t, &o->tries[i]) < 0)
			return -ENOMEM;
	/* What cannot be written is said at the end of the program. */
	table_print(t);
	return 0;
}

static void say_why_none(const struct probe_outcome *o)
{
	char text[PROBE_SENTENCE_MAX];

	if (*o->why)
		ctl_say("%s", o->why);
	if (!o->best)
		ctl_say("%s: %s", o->name, probe_why_none(o, text));
}

int probe_print_text(const struct probe_outcome *o)
{
	char text[PROBE_SENTENCE_MAX];

	if (o->n && print_table(o) < 0)
		return report_no_memory();
	if (o->best)
		printf("best: %s\n", probe_best_text(o, text));
	say_why_none(o);
	return CTL_OK;
}

/* ---- JSON ---- */

static int add_settings(json_t *j, const struct serial_settings *s)
{
	static const char *const parities[] = {
		[PARITY_NONE] = "none",
		[PARITY_EVEN] = "even",
		[PARITY_ODD] = "odd",
	};
	char format[SERIAL_FORMAT_MAX];
	int r;

	r = report_add_text(j, "settings", serial_format(s, format));
	if (r == 0)
		r = report_add(j, "baud", json_integer(s->baud));
	if (r == 0)
		r = report_add(j, "data", json_integer(s->data));
	if (r == 0)
		r = report_add_text(j, "parity", parities[s->parity]);
	if (r == 0)
		r = report_add(j, "stop", json_integer(s->stop));
	return r;
}

static int add_maker(json_t *j, const struct listen_result *r)
{
	if (report_add_text(j, "maker", r->maker ?: "") < 0 ||
	    report_add_text(j, "list_version", r->version) < 0 ||
	    report_add_text(j, "system_title", r->title) < 0)
		return -ENOMEM;
	return 0;
}

static json_t *try_object(const struct probe_try *t)
{
	const struct listen_result *r = &t->result;
	const struct {
		const char *name;
		u64 n;
	} counters[] = {
		{ "octets", r->octets },
		{ "flags", r->flags },
		{ "good_headers", r->headers },
		{ "bad_headers", r->bad_headers },
		{ "good_frames", r->frames },
		{ "bad_frames", r->bad_frames },
		{ "line_errors", r->line.errors },
		{ "breaks", r->line.breaks },
		{ "overruns", r->line.overruns },
		{ "messages", r->messages },
		{ "unknown_lists", r->unknown },
		{ "encrypted", r->encrypted },
		{ "segmented", r->segments },
		{ "unreadable", r->unreadable },
	};
	json_t *j = json_object();
	int e;

	if (!j)
		return NULL;
	e = add_settings(j, &t->want);
	if (e == 0)
		e = report_add_text(j, "result", state_name(t));
	if (e == 0 && !t->refused)
		e = report_add(j, "seconds", json_real((double)(r->us / 10000) / 100));
	for (size_t i = 0; i < ARRAY_SIZE(counters) && e == 0 && !t->refused; i++)
		e = report_add(j, counters[i].name, json_integer((json_int_t)counters[i].n));
	if (e == 0 && !t->refused)
		e = report_add_text(j, "framing", link_framing_word(r->framing));
	if (e == 0)
		e = add_maker(j, r);
	if (e == 0)
		e = report_add_text(j, "protocol", probe_other_name(r->other));
	if (e == 0)
		e = report_add_text(j, "text", r->text);
	if (e == 0)
		return j;
	json_decref(j);
	return NULL;
}

static json_t *best_object(const struct probe_outcome *o)
{
	json_t *j = json_object();

	if (!j)
		return NULL;
	if (add_settings(j, &o->best->want) == 0 &&
	    report_add_text(j, "framing", link_framing_word(o->best->result.framing)) == 0 &&
	    add_maker(j, &o->best->result) == 0 &&
	    report_add(j, "line_errors", json_boolean(o->best->result.state != LISTEN_GOOD)) == 0)
		return j;
	json_decref(j);
	return NULL;
}

static json_t *outcome_object(const struct probe_outcome *o)
{
	json_t *j = json_object(), *tried;
	int r;

	if (!j)
		return NULL;
	r = report_add_text(j, "device", o->device);
	if (r == 0 && o->best)
		r = report_add(j, "best", best_object(o));
	tried = r == 0 ? json_array() : NULL;
	r = report_add(j, "tried", tried);
	for (size_t i = 0; i < o->n && r == 0; i++)
		r = json_array_append_new(tried, try_object(&o->tries[i])) == 0 ? 0 : -ENOMEM;
	if (r == 0)
		return j;
	json_decref(j);
	return NULL;
}

int probe_print_json(const struct probe_outcome *o)
{
	int r = report_print(outcome_object(o));

	say_why_none(o);
	return r;
}
