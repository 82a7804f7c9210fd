// SPDX-License-Identifier: GPL-2.0
/*
 * What the guard of the registers did, for the log.
 */
#include <stdio.h>

#include "guard_say.h"
#include "log.h"

void guard_say(const struct meter *m, const struct guard_report *report)
{
	if (report->repeated)
		log_about(LOG_DEBUG, m->source, m->id, "meter %s: a list with registers came again",
			  m->id);
	for (unsigned int i = 0; i < report->n; i++) {
		const struct guard_word *w = &report->word[i];
		const struct quantity_info *q = &quantity_table[w->quantity];
		const char *unit = kind_table[q->kind].unit;

		switch (w->kind) {
		case GUARD_BACK:
			log_about(LOG_WARNING, m->source, m->id, "meter %s: %s went back from %.0f to "
				  "%.0f %s: held back until a second list says so", m->id, q->name,
				  w->before, w->value, unit);
			break;
		case GUARD_TOO_FAR:
			log_about(LOG_WARNING, m->source, m->id, "meter %s: %s went from %.0f to %.0f "
				  "%s, more than the fuse carries (main-fuse): held back until a second "
				  "list says so", m->id, q->name, w->before, w->value, unit);
			break;
		case GUARD_ZERO:
			log_about(LOG_NOTICE, m->source, m->id, "meter %s: %s is 0, as are all registers "
				  "of its first list: held back until a second list says so", m->id,
				  q->name);
			break;
		case GUARD_CONFIRMED:
			log_about(LOG_WARNING, m->source, m->id, "meter %s: %s is %.0f %s after %.0f, "
				  "confirmed by a second list: taken", m->id, q->name, w->value, unit,
				  w->before);
			break;
		}
	}
}

void guard_problem(const struct guard *g, char *buf, size_t size)
{
	*buf = '\0';
	for (unsigned int q = 0; q < Q_SENT_COUNT; q++) {
		const struct guard_register *reg = &g->reg[q];
		bool back = reg->held_value < reg->value;

		if (!reg->held || !reg->known)
			continue;
		snprintf(buf, size, "%s went %s from %.0f to %.0f %s%s: held back until a second list "
			 "says so", quantity_table[q].name, back ? "back" : "on", reg->value,
			 reg->held_value, kind_table[quantity_table[q].kind].unit,
			 back ? "" : ", more than the fuse carries (main-fuse, or scale-energy)");
		return;
	}
}
