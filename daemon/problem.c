// SPDX-License-Identifier: GPL-2.0
/*
 * What is wrong with the values of a meter.
 */
#include <stdio.h>
#include <string.h>

#include "guard_say.h"
#include "log.h"
#include "problem.h"

static void drop_evidence(struct meter *m, const char *why)
{
	if (*m->plausible.text)
		log_about(LOG_NOTICE, m->source, m->id, "meter %s: %s", m->id, why);
	plausible_reset(&m->plausible);
}

void plausibility_take(struct meter *m, const struct meter_settings *settings,
		       const struct readings *r, s64 mono_us)
{
	struct plausible *p = &m->plausible;
	bool had = *p->text;

	if (!settings->plausibility) {
		drop_evidence(m, "its values are not held against each other any more "
			      "(plausibility = false)");
		return;
	}
	if (!plausible_scaled_by(p, &settings->scale) && had)
		log_about(LOG_NOTICE, m->source, m->id, "meter %s: its factors were changed: its values "
			  "are held against each other anew", m->id);
	if (!plausible_take(p, r, &m->derive.live[DERIVE_IMPORT], mono_us))
		return;
	if (*p->text)
		log_about(LOG_WARNING, m->source, m->id, "meter %s: %s", m->id, p->text);
	else
		log_about(LOG_NOTICE, m->source, m->id, "meter %s: its values are plausible again", m->id);
}

bool problem_look(struct meter *m)
{
	char held[METER_PROBLEM_MAX - PLAUSIBLE_TEXT_MAX - 2], now[METER_PROBLEM_MAX];

	guard_problem(&m->derive.guard, held, sizeof(held));
	snprintf(now, sizeof(now), "%s%s%s", held, *held && *m->plausible.text ? "; " : "",
		 m->plausible.text);
	if (!strcmp(now, m->problem))
		return false;
	strcpy(m->problem, now);
	return true;
}
