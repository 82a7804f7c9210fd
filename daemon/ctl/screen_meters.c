// SPDX-License-Identifier: GPL-2.0
/*
 * Meters on the screen: the model as a table, and the plot below it.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "ctl/report.h"
#include "ctl/screen_meters.h"
#include "ctl/text.h"
#include "util.h"

bool screen_wants(const char *id, char *const *filter, int n_filter)
{
	for (int i = 0; i < n_filter; i++)
		if (!strncmp(id, filter[i], strlen(filter[i])))
			return true;
	return !n_filter;
}

static void age_cell(char *cell, u64 then_us, u64 now_us)
{
	char *ago;

	text_ago(then_us, now_us, cell, SCREEN_CELL_MAX);
	ago = strstr(cell, " ago");
	if (ago)
		*ago = '\0';
}

/* ---- the plot ---- */

static void plot_line(void *ctx, const char *text)
{
	picture_fitted(ctx, text);
}

static struct plot_view view_of(struct picture *p, u64 now_us)
{
	return (struct plot_view){
		.width = picture_width(p), .rows = picture_left(p), .blocks = screen_blocks(),
		.now_us = now_us, .line = plot_line, .ctx = p,
	};
}

static void plot_meter(struct picture *p, const struct screen_meters *s,
		       const struct model_meter *m)
{
	struct plot_view v;

	if (!s->plot)
		return;
	picture_gap(p);
	v = view_of(p, s->now_us);
	plot_draw_meter(s->plot, m->id, &v);
}

static int plot_meters(struct picture *p, const struct screen_meters *s,
		       const struct model_meter *const *meters, size_t n)
{
	_cleanup_free_ const char **ids = NULL;
	struct plot_view v;

	/* The table comes first; of thousands of meters there is nothing left. */
	if (!s->plot || picture_left(p) < 2)
		return 0;
	ids = calloc(n, sizeof(*ids));
	if (!ids)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		ids[i] = meters[i]->id;
	picture_gap(p);
	v = view_of(p, s->now_us);
	plot_draw_meters(s->plot, ids, n, &v);
	return 0;
}

/*
 * Is there room for air?  Values come first, then the plot: both sides of the line that says which
 * meter it is stay without, before the plot has to.
 */
static bool is_roomy(const struct picture *p, const struct screen_meters *s,
		     const struct model_meter *m, size_t n_values)
{
	unsigned int rows = s->plot ? plot_rows(s->plot, m->id, s->now_us) : 0;

	return picture_left(p) >= 1 + 2 + 1 + n_values + rows;
}

/* ---- tables ---- */

/* From the most wanted one on: a narrow terminal shows the first ones. */
#define VALUE_COLUMN	1
static const struct screen_column meter_columns[] = {
	{ "METER", 8, true }, [VALUE_COLUMN] = { "POWER", 8 }, { "AGE", 6 },
	{ "I1 A", 5 }, { "I2 A", 5 }, { "I3 A", 5 }, { "U1 V", 5 }, { "U2 V", 5 }, { "U3 V", 5 },
	{ "IMPORT Wh", 10 }, { "EXPORT Wh", 10 },
};

/* Digits stand below each other, whatever meters send. */
static void fixed_cell(char *cell, const struct model_values *v, enum quantity q)
{
	enum quantity_kind kind = quantity_table[q].kind;

	*cell = '\0';
	if (model_has(v, q))
		snprintf(cell, SCREEN_CELL_MAX, "%.*f",
			 kind == KIND_CURRENT ? 2 : kind == KIND_VOLTAGE ? 1 : 0, v->value[q]);
}

/* What a meter of something else than electricity has in place of power; true: it has. */
static bool other_value(const struct model_values *v, char *cell)
{
	static const enum quantity others[] = { Q_GAS_VOLUME, Q_WATER_VOLUME, Q_THERMAL_ENERGY };
	char number[TEXT_MAX];

	for (unsigned int i = 0; i < ARRAY_SIZE(others); i++) {
		enum quantity q = others[i];

		if (!model_has(v, q))
			continue;
		snprintf(cell, SCREEN_CELL_MAX, "%s %s", text_number(v->value[q], number, sizeof(number)),
			 kind_table[quantity_table[q].kind].unit);
		return true;
	}
	return false;
}

/* Returns true if what it shows is not power. */
static bool meter_row(struct screen_row *row, const struct model_meter *m, u64 now_us)
{
	static const enum quantity values[] = {
		Q_CURRENT_L1, Q_CURRENT_L2, Q_CURRENT_L3, Q_VOLTAGE_L1, Q_VOLTAGE_L2, Q_VOLTAGE_L3,
		Q_ACTIVE_ENERGY_IMPORT, Q_ACTIVE_ENERGY_EXPORT,
	};
	char *value = row->cell[VALUE_COLUMN];
	bool other;

	row->dim = !m->available;
	text_escape(m->id, row->cell[0], SCREEN_CELL_MAX);
	report_power(&m->values, value, SCREEN_CELL_MAX);
	other = !*value && other_value(&m->values, value);
	age_cell(row->cell[2], model_last_message(m), now_us);
	for (unsigned int i = 0; i < ARRAY_SIZE(values); i++)
		fixed_cell(row->cell[3 + i], &m->values, values[i]);
	return other;
}

static int draw_meters(struct picture *p, const struct screen_meters *s,
		       const struct model_meter *const *meters, size_t n)
{
	_cleanup_free_ struct screen_row *rows = calloc(n ?: 1, sizeof(*rows));
	struct screen_column columns[ARRAY_SIZE(meter_columns)];
	bool other = false;

	if (!rows)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		other |= meter_row(&rows[i], meters[i], s->now_us);
	memcpy(columns, meter_columns, sizeof(columns));
	if (other)
		columns[VALUE_COLUMN].title = "VALUE";
	picture_gap(p);
	picture_table(p, columns, ARRAY_SIZE(columns), rows, n);
	return plot_meters(p, s, meters, n);
}

static const struct screen_column value_columns[] = {
	{ "NAME", 24, true }, { "VALUE", 12 }, { "UNIT", 4, true }, { "AGE", 6 },
};

/* All that a meter has: how many rows of Q_COUNT. */
static size_t value_rows(struct screen_row *rows, const struct model_meter *m, u64 now_us)
{
	size_t n = 0;

	for (unsigned int q = 0; q < Q_COUNT; q++) {
		struct screen_row *row = &rows[n];

		if (!model_has(&m->values, q))
			continue;
		n++;
		row->dim = !m->available;
		snprintf(row->cell[0], SCREEN_CELL_MAX, "%s", quantity_table[q].name);
		text_value(q, m->values.value[q], now_us, row->cell[1], SCREEN_CELL_MAX);
		snprintf(row->cell[2], SCREEN_CELL_MAX, "%s", kind_table[quantity_table[q].kind].unit);
		age_cell(row->cell[3], m->received[quantity_table[q].group], now_us);
	}
	return n;
}

static int draw_meter(struct picture *p, const struct screen_meters *s, const struct model_meter *m)
{
	_cleanup_free_ struct screen_row *rows = calloc(Q_COUNT, sizeof(*rows));
	char text[4 * TEXT_MAX], maker[TEXT_MAX], type[TEXT_MAX], local[TEXT_MAX];
	bool roomy;
	size_t n;

	if (!rows)
		return -ENOMEM;
	n = value_rows(rows, m, s->now_us);
	roomy = is_roomy(p, s, m, n);
	snprintf(text, sizeof(text), "%s %s %s%s%s",
		 text_escape(m->identity[ID_MANUFACTURER], maker, sizeof(maker)),
		 text_escape(m->identity[ID_METER_TYPE], type, sizeof(type)), m->id,
		 m->has_clock ? ", clock " : "", text_escape(m->local, local, sizeof(local)));
	if (roomy)
		picture_gap(p);
	picture_line(p, text + strspn(text, " "));
	if (roomy)
		picture_gap(p);
	picture_table(p, value_columns, ARRAY_SIZE(value_columns), rows, n);
	plot_meter(p, s, m);
	return 0;
}

/* The chosen meters, to be freed; NULL without memory. */
static const struct model_meter **choose(const struct model *m, char *const *filter, int n_filter,
					 size_t *ret_n)
{
	const struct model_meter **chosen = calloc(m->n_meters ?: 1, sizeof(struct model_meter *));
	size_t n = 0;

	for (size_t i = 0; chosen && i < m->n_meters; i++)
		if (screen_wants(m->meters[i]->id, filter, n_filter))
			chosen[n++] = m->meters[i];
	*ret_n = n;
	return chosen;
}

static int draw(struct picture *p, void *ctx)
{
	const struct screen_meters *s = ctx;
	const struct model_meter **chosen;
	char text[TEXT_MAX], when[TEXT_MAX];
	size_t n;
	int r = 0;

	chosen = choose(s->model, s->filter, s->n_filter, &n);
	if (!chosen)
		return -ENOMEM;
	snprintf(text, sizeof(text), "%s  %zu meter%s, q ends",
		 text_time(s->now_us, s->now_us, when, sizeof(when)), n, n == 1 ? "" : "s");
	picture_line(p, text);
	if (n == 1)
		r = draw_meter(p, s, chosen[0]);
	else if (n)
		r = draw_meters(p, s, chosen, n);
	free(chosen);
	return r;
}

int screen_draw(struct screen *s, const struct screen_meters *what, const char *notice)
{
	struct screen_meters shown = *what;

	return screen_show(s, draw, &shown, notice);
}
