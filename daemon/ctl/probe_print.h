/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a probe says: while it listens, and at the end.
 */
#ifndef AMSHAN_CTL_PROBE_PRINT_H
#define AMSHAN_CTL_PROBE_PRINT_H

#include "ctl/probe_words.h"

/* ---- while it listens ---- */

/**
 * struct probe_progress - a line on stderr that is kept up to date; or a line per setting
 * @is_terminal: stderr is a terminal that can do that
 * @shown: the line is there
 */
struct probe_progress {
	bool is_terminal;
	bool shown;
};

void probe_progress_begin(struct probe_progress *p);

/* probe_progress_show() - where it stands; nothing without a terminal */
void probe_progress_show(struct probe_progress *p, const struct probe_try *t, unsigned int number,
			 unsigned int seconds);

/* probe_progress_done() - a setting is done */
void probe_progress_done(struct probe_progress *p, const struct probe_try *t);

/* probe_progress_clear() - take the line away; may be called twice */
void probe_progress_clear(struct probe_progress *p);

/* ---- at the end ---- */

/* Both return CTL_OK, or CTL_FAILED after a sentence: there was no memory. */
int probe_print_text(const struct probe_outcome *o);
int probe_print_json(const struct probe_outcome *o);

#endif /* AMSHAN_CTL_PROBE_PRINT_H */
