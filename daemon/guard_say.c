// SPDX-License-Identifier: GPL-2.0
/*
 * What the guard of the registers did, for the log.
 */
#include <stdio.h>

#include "guard_say.h"
#include "log.h"
#include "util.h"

/* A step of litres is one too; energy is counted in Wh. */
static int decimals(enum quantity q)
{
	enum quantity_kind kind = quantity_table[q].kind;

	return kind == KIND_GAS_VOLUME || kind == KIND_WATER_VOLUME ? 3 : 0;
}

/* Loud only if it was not said a moment ago. */
static int level_of(struct meter *m, const struct guard_word *w, u64 mono_us)
{
	u32 *said_s = &m->derive.guard.reg[w->quantity].said_s[w->kind];
	u32 now_s = (u32)(mono_us / USEC_PER_SEC);

	if (*said_s && now_s - *said_s < GUARD_SAY_S)
		return LOG_DEBUG;
	*said_s = now_s;
	return w->kind == GUARD_ZERO ? LOG_NOTICE : LOG_WARNING;
}

static void say_word(const struct meter *m, const struct guard_word *w, int level)
{
	const struct quantity_info *q = &quantity_table[w->quantity];
	const char *unit = kind_table[q->kind].unit;
	int n = decimals(w->quantity);

	switch (w->kind) {
	case GUARD_BACK:
		log_about(level, m->source, m->id, "meter %s: %s went back from %.*f to %.*f %s: held "
			  "back until a second list says so", m->id, q->name, n, w->before, n, w->value,
			  unit);
		break;
	case GUARD_TOO_FAR:
		log_about(level, m->source, m->id, "meter %s: %s went from %.*f to %.*f %s, more than "
			  "the fuse carries (main-fuse): held back until a second list says so", m->id,
			  q->name, n, w->before, n, w->value, unit);
		break;
	case GUARD_ZERO:
		log_about(level, m->source, m->id, "meter %s: %s is 0, as are all registers of its first "
			  "list: held back until a second list says so", m->id, q->name);
		break;
	case GUARD_CONFIRMED:
		log_about(level, m->source, m->id, "meter %s: %s is %.*f %s after %.*f, confirmed by a "
			  "second list: taken", m->id, q->name, n, w->value, unit, n, w->before);
		break;
	case GUARD_KIND_COUNT:
		break;
	}
}

void guard_say(struct meter *m, const struct guard_report *report, u64 mono_us)
{
	/* A meter behind another one is told of with each telegram: of an hour all have the same reading. */
	if (report->repeated && !*m->via)
		log_about(LOG_DEBUG, m->source, m->id, "meter %s: a list with registers came again",
			  m->id);
	for (unsigned int i = 0; i < report->n; i++)
		say_word(m, &report->word[i], level_of(m, &report->word[i], mono_us));
}

void guard_problem(const struct guard *g, char *buf, size_t size)
{
	*buf = '\0';
	for (unsigned int q = 0; q < Q_SENT_COUNT; q++) {
		const struct guard_register *reg = &g->reg[q];
		bool back = reg->held_value < reg->value;

		if (!reg->held || !reg->known)
			continue;
		snprintf(buf, size, "%s went %s from %.*f to %.*f %s%s: held back until a second list "
			 "says so", quantity_table[q].name, back ? "back" : "on", decimals(q), reg->value,
			 decimals(q), reg->held_value, kind_table[quantity_table[q].kind].unit,
			 back ? "" : ", more than the fuse carries (main-fuse, or scale-energy)");
		return;
	}
}
