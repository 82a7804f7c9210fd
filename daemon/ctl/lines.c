// SPDX-License-Identifier: GPL-2.0
/*
 * Lines: from signals to one line per message, as text or JSON.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "ctl/lines.h"
#include "ctl/report.h"
#include "ctl/text.h"
#include "util.h"

static json_t *lines_object(const struct lines *l)
{
	json_t *j = json_object();
	int r;

	if (!j)
		return NULL;
	r = report_add_time(j, "received", l->received);
	if (r == 0)
		r = report_add_text(j, "id", l->id);
	if (r == 0)
		r = report_add_text(j, METER_TIME_NAME, l->local);
	if (r == 0)
		r = report_add_values(j, &l->values, l->derived);
	if (r == 0)
		return j;
	json_decref(j);
	return NULL;
}

/* Local time with the date: lines may be kept. */
static void print_head(u64 us, const char *id)
{
	char when[TEXT_MAX], safe[TEXT_MAX];

	printf("%s %s", text_time(us, 0, when, sizeof(when)), text_escape(id, safe, sizeof(safe)));
}

static void print_text(const struct lines *l)
{
	const char *separator = " ";
	char text[TEXT_MAX];

	print_head(l->received, l->id);
	if (*l->local) {
		printf(" " METER_TIME_NAME " %s", text_escape(l->local, text, sizeof(text)));
		separator = ", ";
	}
	for (unsigned int q = 0; q < Q_COUNT; q++) {
		const char *unit = kind_table[quantity_table[q].kind].unit;

		if (!model_has(&l->values, q))
			continue;
		printf("%s%s %s%s%s%s", separator, quantity_table[q].name,
		       text_value(q, l->values.value[q], l->received, text, sizeof(text)), *unit ? " " : "", unit,
		       q >= Q_SENT_COUNT || l->derived[q / 64] >> (q % 64) & 1 ? " (derived)" : "");
		separator = ", ";
	}
	putchar('\n');
}

static bool has_values(const struct model_values *v)
{
	u64 any = 0;

	for (unsigned int i = 0; i < READINGS_WORDS; i++)
		any |= v->present[i];
	return any;
}

void lines_flush(struct lines *l)
{
	if (l->pending && has_values(&l->values)) {
		if (l->json)
			report_print(lines_object(l));
		else
			print_text(l);
		fflush(stdout);
	}
	*l = (struct lines){ .json = l->json };
}

static void lines_begin(struct lines *l, const struct model_meter *m)
{
	if (l->pending && strcmp(l->id, m->id))
		lines_flush(l);
	l->pending = true;
	snprintf(l->id, sizeof(l->id), "%s", m->id);
}

void lines_values(struct lines *l, const struct model_meter *m, enum quantity_group group,
		  const struct model_values *v, u64 received, bool added)
{
	if (!has_values(v))
		return;
	/* Another time, or a group for the second time: the next message. */
	if ((l->received && l->received != received) || (!added && l->groups >> group & 1))
		lines_flush(l);
	lines_begin(l, m);
	l->received = received;
	if (!added)
		l->groups |= 1u << group;
	for (unsigned int q = 0; q < Q_COUNT; q++)
		if (model_has(v, q))
			model_set(&l->values, q, v->value[q]);
	memcpy(l->derived, m->derived, sizeof(l->derived));
}

void lines_clock(struct lines *l, const struct model_meter *m)
{
	/* A clock comes behind the numbers of its message, or before them when it is new. */
	if (l->pending && *l->local && strcmp(l->local, m->local))
		lines_flush(l);
	lines_begin(l, m);
	snprintf(l->local, sizeof(l->local), "%s", m->local);
}

void lines_availability(struct lines *l, struct model_meter *m)
{
	lines_flush(l);
	/* That a new meter becomes available goes without saying. */
	if (l->json || m->available != m->missed)
		return;
	m->missed = !m->available;
	print_head(real_us(), m->id);
	puts(m->available ? " is available again" : " is not available any more");
	fflush(stdout);
}
