/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The words of a probe: what came of a setting, which one is best, and why none is.
 *
 * Pure.
 */
#ifndef AMSHAN_CTL_PROBE_WORDS_H
#define AMSHAN_CTL_PROBE_WORDS_H

#include "ctl/probe_plan.h"
#include "source/serial_udev.h"

#define PROBE_SENTENCE_MAX	1024

/**
 * struct probe_outcome - all that was found out
 * @device: as the user names it
 * @name: of the tty, for sentences
 * @tries: in their order
 * @n: their number
 * @best: one of them, or NULL
 * @alike: see probe_best()
 * @seconds: how long a setting was listened to at most
 * @why: why it ended early, "": it did not
 */
struct probe_outcome {
	const char *device;
	const char *name;
	const struct probe_try *tries;
	size_t n;
	const struct probe_try *best;
	bool alike;
	unsigned int seconds;
	const char *why;
};

/* probe_other_name() - "text", "P1", "M-Bus"; "" for none of them */
const char *probe_other_name(enum listen_other other);

/* All return @buf (PROBE_SENTENCE_MAX octets). */

/* probe_try_text() - "2400 8N1: 288 octets, 2 flags, 1 good header, 1 frame (Aidon)" */
char *probe_try_text(const struct probe_try *t, char *buf);

/* probe_best_text() - "2400 8E1 (Kaifa, KFM_001)"; "115200 8N1 p1 (...)" */
char *probe_best_text(const struct probe_outcome *o, char *buf);

/* probe_why_none() - why there is no best setting */
char *probe_why_none(const struct probe_outcome *o, char *buf);

#endif /* AMSHAN_CTL_PROBE_WORDS_H */
