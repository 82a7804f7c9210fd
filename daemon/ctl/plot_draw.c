// SPDX-License-Identifier: GPL-2.0
/*
 * The plot: histories drawn to lines of text.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "ctl/plot_internal.h"
#include "ctl/text.h"
#include "util.h"

/* ---- scales ---- */

/**
 * struct strip - a diagram of one trace, one row high or more
 * @h: its history
 * @trace: what it shows
 * @last: it shares its scale with the traces up to this one, so that they can be compared
 * @name: stands before its first row
 * @unit: of its values
 * @rows: its height
 * @up: how many of the rows are above zero
 * @step: what one row is worth
 * @low: a diagram of one row is from here
 * @high: to here; of a higher one they are just its ends
 */
struct strip {
	const struct plot_history *h;
	enum plot_trace trace;
	enum plot_trace last;
	char name[24];
	const char *unit;
	unsigned int rows;
	unsigned int up;
	double step;
	double low;
	double high;
};

/* The next number that is easy to read. */
static double round_up(double v)
{
	static const double steps[] = { 1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8 };
	double power;

	if (v <= 0)
		return 0;
	power = pow(10, floor(log10(v)));
	for (unsigned int i = 0; i < ARRAY_SIZE(steps); i++)
		if (v <= steps[i] * power * (1 + 1e-6))
			return steps[i] * power;
	return 10 * power;
}

/* Zero is between two rows, both sides have the same scale: the finest that has room for all. */
static void scale_rows(struct strip *s)
{
	double low = s->low, high = s->high;

	s->step = INFINITY;
	for (unsigned int up = 0; up <= s->rows; up++) {
		unsigned int down = s->rows - up;
		double step = 0;

		if ((high > 0 && !up) || (low < 0 && !down))
			continue;
		if (up)
			step = high / up;
		if (down)
			step = fmax(step, -low / down);
		step = round_up(step) ?: 1;
		/* Of two that are as fine, the one with more room above. */
		if (step > s->step)
			continue;
		s->step = step;
		s->up = up;
	}
	s->high = s->up * s->step;
	s->low = -(double)(s->rows - s->up) * s->step;
}

static void scale(struct strip *s, enum plot_trace first, u64 now, unsigned int columns)
{
	double v;

	s->low = 0;
	s->high = 0;
	for (unsigned int t = first; t <= s->last; t++)
		for (unsigned int i = 0; i < columns; i++)
			if (plot_mean(s->h, t, now - i, &v)) {
				s->low = fmin(s->low, v);
				s->high = fmax(s->high, v);
			}
	if (s->rows > 1) {
		scale_rows(s);
		return;
	}
	s->low = -round_up(-s->low);
	s->high = round_up(s->high);
	if (s->high <= s->low)
		s->high = 1;
}

/* ---- drawing ---- */

#define COLUMNS_MIN	24	/* of a plot: one mark of the time axis at least */
#define ROWS_MAX	6	/* of a diagram */
#define STRIPS_MAX	PLOT_METERS_MAX
#define MARK_COLUMNS	20	/* 5 min */
#define LABEL_MAX	56
#define LEVELS		8

static const char *const blocks[LEVELS + 1] = { " ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█" };
static const char *const letters[LEVELS + 1] = { " ", "_", ".", ":", "-", "=", "+", "*", "#" };
/* From the top down there are three blocks. */
static const char *const hanging_blocks[LEVELS + 1] = {
	" ", "▔", "▔", "▔", "▀", "▀", "▀", "▀", "█",
};
static const char *const hanging_letters[LEVELS + 1] = {
	" ", "'", "'", "'", "\"", "\"", "\"", "\"", "#",
};

/**
 * struct drawing - what is drawn
 * @v: where and how
 * @now: number of the last column
 * @columns: how many there are
 * @name_width: of the names before the diagrams
 * @label_width: of the numbers behind the names
 * @n: how many of @strip are used
 */
struct drawing {
	const struct plot_view *v;
	u64 now;
	unsigned int columns;
	unsigned int name_width;
	unsigned int label_width;
	unsigned int n;
	struct strip strip[STRIPS_MAX];
};

/* Eighths of a part of something, but never nothing: blank is what was not sent. */
static int eighths(double part)
{
	return part < 0.125 ? 1 : (int)lround(part * LEVELS);
}

static int within(int level)
{
	return level < 0 ? 0 : level > LEVELS ? LEVELS : level;
}

/* What stands in a row, counted from the top, for a value. */
static const char *glyph(const struct strip *s, unsigned int row, double value, bool unicode)
{
	const char *const *standing = unicode ? blocks : letters;
	const char *const *hanging = unicode ? hanging_blocks : hanging_letters;

	if (s->rows == 1)
		return standing[1 + within((int)lround((value - s->low) / (s->high - s->low) *
						       (LEVELS - 1)))];
	if (value >= 0 && s->up)
		return row >= s->up ? " " : standing[within(eighths(value / s->step) -
							    LEVELS * (int)(s->up - 1 - row))];
	return row < s->up ? " " : hanging[within(eighths(-value / s->step) -
						  LEVELS * (int)(row - s->up))];
}

static char *strip_label(const struct strip *s, unsigned int row, char *buf, size_t size)
{
	char low[24], high[24];	/* 15 digits */

	*buf = '\0';
	text_number(s->low + 0.0, low, sizeof(low));
	text_number(s->high, high, sizeof(high));
	if (s->rows == 1)
		snprintf(buf, size, "%s..%s %s", low, high, s->unit);
	else if (row == 0)
		snprintf(buf, size, "%s %s", high, s->unit);
	else if (row == s->rows - 1)
		snprintf(buf, size, "%s %s", low, s->unit);
	else if (row == s->up - 1)
		snprintf(buf, size, "0 %s", s->unit);
	return buf;
}

static void draw_row(const struct drawing *d, const struct strip *s, unsigned int row)
{
	char text[2 * LABEL_MAX + 8 + 4 * PLOT_COLUMNS], label[LABEL_MAX];
	size_t n;

	strip_label(s, row, label, sizeof(label));
	n = (size_t)snprintf(text, sizeof(text), "%-*.*s %*.*s |", (int)d->name_width,
			     (int)d->name_width, row ? "" : s->name, (int)d->label_width,
			     (int)d->label_width, label);
	for (unsigned int i = 0; i < d->columns; i++) {
		const char *what = " ";
		double value;

		if (plot_mean(s->h, s->trace, d->now - (d->columns - 1 - i), &value))
			what = glyph(s, row, value, d->v->blocks);
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s", what);
	}
	d->v->line(d->v->ctx, text);
}

/* A mark stands below the column of its time. */
static void draw_axis(const struct drawing *d)
{
	static const char now[] = "now";
	char text[2 * LABEL_MAX + 8 + PLOT_COLUMNS], mark[16];
	unsigned int before = d->name_width + d->label_width + 3;
	char *axis = text + before;

	memset(text, ' ', before + d->columns);
	memcpy(axis - 2 - 3, "ago", 3);
	for (unsigned int age = MARK_COLUMNS; age < d->columns; age += MARK_COLUMNS) {
		int len = snprintf(mark, sizeof(mark), "'%llu min",
				   age * PLOT_COLUMN_US / (60 * USEC_PER_SEC));

		memcpy(axis + d->columns - 1 - age, mark, (size_t)len);
	}
	memcpy(axis + d->columns - strlen(now), now, strlen(now));
	axis[d->columns] = '\0';
	d->v->line(d->v->ctx, text);
}

static void widen(unsigned int *width, const char *text)
{
	size_t len = strlen(text);

	if (*width < len)
		*width = (unsigned int)len;
}

/* Scales, and from their labels the width. */
static void measure(struct drawing *d)
{
	char label[LABEL_MAX];

	for (unsigned int i = 0; i < d->n; i++) {
		struct strip *s = &d->strip[i];

		scale(s, s->last == PLOT_POWER ? PLOT_POWER : PLOT_L1, d->now, d->columns);
		widen(&d->name_width, s->name);
		for (unsigned int row = 0; row < s->rows; row++)
			widen(&d->label_width, strip_label(s, row, label, sizeof(label)));
	}
}

static unsigned int columns_of(const struct drawing *d)
{
	unsigned int before = d->name_width + d->label_width + 3;
	unsigned int left = d->v->width > before ? d->v->width - before : 0;

	return left < d->columns ? left : d->columns;
}

static void draw(struct drawing *d)
{
	d->columns = PLOT_COLUMNS;
	d->label_width = strlen("-2000..2000 W");	/* it stands still while values change */
	d->columns = columns_of(d);
	/* What is shown sets the scale, and the width of its labels how much is shown. */
	measure(d);
	d->columns = columns_of(d);
	measure(d);
	d->columns = columns_of(d);
	if (d->columns < COLUMNS_MIN)
		return;
	for (unsigned int i = 0; i < d->n; i++)
		for (unsigned int row = 0; row < d->strip[i].rows; row++)
			draw_row(d, &d->strip[i], row);
	draw_axis(d);
}

/* ---- what is drawn ---- */

static bool has_trace(const struct plot_history *h, enum plot_trace trace, u64 now)
{
	double v;

	for (unsigned int i = 0; i < PLOT_COLUMNS; i++)
		if (plot_mean(h, trace, now - i, &v))
			return true;
	return false;
}

/* The traces of a history, the power first: how many. */
static unsigned int traces_of(const struct plot *p, const char *id, u64 now,
			      const struct plot_history **ret_h, enum plot_trace *ret)
{
	const struct plot_history *h = plot_find(p, id);
	unsigned int n = 0;

	for (unsigned int t = 0; h && t < PLOT_TRACES; t++)
		if (has_trace(h, t, now))
			ret[n++] = t;
	*ret_h = h;
	return n;
}

unsigned int plot_rows(const struct plot *p, const char *id, u64 now_us)
{
	enum plot_trace traces[PLOT_TRACES];
	const struct plot_history *h;
	unsigned int n = traces_of(p, id, now_us / PLOT_COLUMN_US, &h, traces);

	return n ? n + 1 : 0;
}

static void strip_add(struct drawing *d, const struct plot_history *h, enum plot_trace trace,
		      unsigned int rows, const char *name)
{
	struct strip *s = &d->strip[d->n++];
	bool watts = trace == PLOT_POWER || h->phase_power;

	*s = (struct strip){
		.h = h, .trace = trace, .last = trace == PLOT_POWER ? PLOT_POWER : PLOT_L3,
		.unit = watts ? "W" : "A", .rows = rows,
	};
	snprintf(s->name, sizeof(s->name), "%s", name);
	/* An id is ASCII; of what is none nobody knows how wide it is. */
	for (char *c = s->name; *c; c++)
		if ((u8)*c < ' ' || (u8)*c > '~')
			*c = '?';
}

void plot_draw_meter(const struct plot *p, const char *id, const struct plot_view *v)
{
	struct drawing d = { .v = v, .now = v->now_us / PLOT_COLUMN_US };
	enum plot_trace traces[PLOT_TRACES];
	const struct plot_history *h;
	unsigned int n = traces_of(p, id, d.now, &h, traces), rows = v->rows;
	char name[16];

	if (!n || rows < 2)
		return;
	rows--;
	if (rows < n)
		n = 1;
	for (unsigned int i = 0; i < n; i++) {
		unsigned int high = traces[i] == PLOT_POWER ? rows - (n - 1) : 1;

		snprintf(name, sizeof(name), "%s L%d", h->phase_power ? "power" : "current",
			 (int)traces[i]);
		strip_add(&d, h, traces[i], high < ROWS_MAX ? high : ROWS_MAX,
			  traces[i] == PLOT_POWER ? "power" : name);
	}
	draw(&d);
}

void plot_draw_meters(const struct plot *p, const char *const *ids, size_t n,
		      const struct plot_view *v)
{
	struct drawing d = { .v = v, .now = v->now_us / PLOT_COLUMN_US };
	unsigned int rows;

	for (size_t i = 0; i < n && d.n < STRIPS_MAX && d.n + 1 < v->rows; i++) {
		const struct plot_history *h = plot_find(p, ids[i]);

		if (!h || !has_trace(h, PLOT_POWER, d.now))
			continue;
		strip_add(&d, h, PLOT_POWER, 1, ids[i]);
	}
	if (!d.n)
		return;
	rows = (v->rows - 1) / d.n;
	for (unsigned int i = 0; i < d.n; i++)
		d.strip[i].rows = rows < ROWS_MAX / 2 ? rows : ROWS_MAX / 2;
	draw(&d);
}
