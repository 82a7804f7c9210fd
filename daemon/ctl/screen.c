// SPDX-License-Identifier: GPL-2.0
/*
 * The screen: a table of the model on a terminal.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include "ctl/report.h"
#include "ctl/screen.h"
#include "ctl/text.h"
#include "util.h"

#define SCREEN_ENTER	"\033[?1049h\033[?25l\033[2J"	/* alternate screen, no cursor, empty */
#define SCREEN_LEAVE	"\033[0m\033[?25h\033[?1049l"
#define SCREEN_CLEAR	"\033[2J"
#define HOME		"\033[H"
#define LINE_END	"\033[K\r\n"			/* the rest of the line is old */
#define PICTURE_END	"\033[K\033[J"
#define DIM		"\033[2m"
#define NORMAL		"\033[0m"

#define CELL_MAX	80
#define COLUMNS_MAX	12
#define GAP		2

bool screen_usable(void)
{
	const char *term = getenv("TERM");

	return isatty(STDOUT_FILENO) && term && *term && strcmp(term, "dumb") != 0;
}

static int write_all(const char *p, size_t n)
{
	while (n) {
		ssize_t done = write(STDOUT_FILENO, p, n);

		if (done > 0) {
			p += done;
			n -= done;
		} else if (done < 0 && errno == EAGAIN) {
			/* Another program left the terminal so. */
			poll(&(struct pollfd){ .fd = STDOUT_FILENO, .events = POLLOUT }, 1, -1);
		} else if (done < 0 && errno != EINTR) {
			return -errno;
		}
	}
	return 0;
}

static void read_size(struct screen *s)
{
	struct winsize size;

	s->rows = 24;
	s->columns = 80;
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0)
		return;
	if (size.ws_row)
		s->rows = size.ws_row;
	if (size.ws_col)
		s->columns = size.ws_col;
}

void screen_begin(struct screen *s)
{
	struct termios raw;

	if (s->on)
		return;
	read_size(s);
	/* In the background the terminal is not ours: changing it would stop us. */
	if (isatty(STDIN_FILENO) && tcgetpgrp(STDIN_FILENO) == getpgrp() &&
	    tcgetattr(STDIN_FILENO, &s->saved) == 0) {
		raw = s->saved;
		raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
		raw.c_cc[VMIN] = 1;
		raw.c_cc[VTIME] = 0;
		s->keys = tcsetattr(STDIN_FILENO, TCSADRAIN, &raw) == 0;
	}
	write_all(SCREEN_ENTER, sizeof(SCREEN_ENTER) - 1);
	s->on = true;
}

void screen_end(struct screen *s)
{
	if (!s->on)
		return;
	write_all(SCREEN_LEAVE, sizeof(SCREEN_LEAVE) - 1);
	if (s->keys)
		tcsetattr(STDIN_FILENO, TCSADRAIN, &s->saved);
	s->keys = false;
	s->on = false;
}

void screen_resized(struct screen *s)
{
	if (!s->on)
		return;
	read_size(s);
	write_all(SCREEN_CLEAR, sizeof(SCREEN_CLEAR) - 1);
}

bool screen_wants(const char *id, char *const *filter, int n_filter)
{
	for (int i = 0; i < n_filter; i++)
		if (!strncmp(id, filter[i], strlen(filter[i])))
			return true;
	return !n_filter;
}

/* ---- tables ---- */

/* A column is at least as wide as @width, so that the table stands still while values change. */
struct column {
	const char *title;
	unsigned int width;
	bool left;
};

/* One row; cells are ASCII. */
struct row {
	char cell[COLUMNS_MAX][CELL_MAX];
	bool dim;
};

struct picture {
	FILE *f;
	unsigned int width;	/* of the screen */
	unsigned int left;	/* rows of the screen that are free, without that of the notice */
};

static void picture_line(struct picture *p, const char *text)
{
	if (!p->left)
		return;
	p->left--;
	fprintf(p->f, "%.*s" LINE_END, (int)p->width, text);
}

/* Air, where there is room for it. */
static void picture_gap(struct picture *p)
{
	if (p->left > 6)
		picture_line(p, "");
}

static void picture_row(struct picture *p, const struct column *columns, const unsigned int *width,
			unsigned int n, const struct row *row)
{
	if (!p->left)
		return;
	p->left--;
	if (row->dim)
		fputs(DIM, p->f);
	for (unsigned int c = 0; c < n; c++) {
		const char *text = row->cell[c];
		int pad = (int)width[c];

		fprintf(p->f, "%*s%*.*s", c ? GAP : 0, "", columns[c].left ? -pad : pad, pad, text);
	}
	if (row->dim)
		fputs(NORMAL, p->f);
	fputs(LINE_END, p->f);
}

/* Widths of the columns; returns how many of them fit into the screen. */
static unsigned int fit(const struct picture *p, const struct column *columns, unsigned int n,
			const struct row *rows, size_t n_rows, unsigned int *width)
{
	unsigned int total = 0;

	for (unsigned int c = 0; c < n; c++) {
		width[c] = columns[c].width;
		if (width[c] < strlen(columns[c].title))
			width[c] = strlen(columns[c].title);
		for (size_t i = 0; i < n_rows; i++)
			if (width[c] < strlen(rows[i].cell[c]))
				width[c] = strlen(rows[i].cell[c]);
		total += width[c] + (c ? GAP : 0);
		if (total > p->width && c)
			return c;
	}
	if (n && width[0] > p->width)
		width[0] = p->width;
	return n;
}

static void picture_table(struct picture *p, const struct column *columns, unsigned int n,
			  const struct row *rows, size_t n_rows)
{
	struct row titles = { .dim = false };
	unsigned int width[COLUMNS_MAX];
	size_t shown = n_rows;
	char text[CELL_MAX];

	n = fit(p, columns, n, rows, n_rows, width);
	for (unsigned int c = 0; c < n; c++)
		snprintf(titles.cell[c], CELL_MAX, "%s", columns[c].title);
	picture_row(p, columns, width, n, &titles);
	/* The last row says that there is more. */
	if (n_rows > p->left)
		shown = p->left ? p->left - 1 : 0;
	for (size_t i = 0; i < shown; i++)
		picture_row(p, columns, width, n, &rows[i]);
	if (shown < n_rows) {
		snprintf(text, sizeof(text), "... %zu more: the window is too low", n_rows - shown);
		picture_line(p, text);
	}
}

/* ---- what is shown ---- */

static void age_cell(char *cell, u64 then_us, u64 now_us)
{
	char *ago;

	text_ago(then_us, now_us, cell, CELL_MAX);
	ago = strstr(cell, " ago");
	if (ago)
		*ago = '\0';
}

/* From the most wanted one on: a narrow terminal shows the first ones. */
static const struct column meter_columns[] = {
	{ "METER", 8, true }, { "POWER", 8 }, { "AGE", 6 },
	{ "I1 A", 5 }, { "I2 A", 5 }, { "I3 A", 5 }, { "U1 V", 5 }, { "U2 V", 5 }, { "U3 V", 5 },
	{ "IMPORT Wh", 10 }, { "EXPORT Wh", 10 },
};

/* Digits stand below each other, whatever meters send. */
static void fixed_cell(char *cell, const struct model_values *v, enum quantity q)
{
	enum quantity_kind kind = quantity_table[q].kind;

	*cell = '\0';
	if (model_has(v, q))
		snprintf(cell, CELL_MAX, "%.*f",
			 kind == KIND_CURRENT ? 2 : kind == KIND_VOLTAGE ? 1 : 0, v->value[q]);
}

static void meter_row(struct row *row, const struct model_meter *m, u64 now_us)
{
	static const enum quantity values[] = {
		Q_CURRENT_L1, Q_CURRENT_L2, Q_CURRENT_L3, Q_VOLTAGE_L1, Q_VOLTAGE_L2, Q_VOLTAGE_L3,
		Q_ACTIVE_ENERGY_IMPORT, Q_ACTIVE_ENERGY_EXPORT,
	};

	row->dim = !m->available;
	text_escape(m->id, row->cell[0], CELL_MAX);
	report_power(&m->values, row->cell[1], CELL_MAX);
	age_cell(row->cell[2], model_last_message(m), now_us);
	for (unsigned int i = 0; i < ARRAY_SIZE(values); i++)
		fixed_cell(row->cell[3 + i], &m->values, values[i]);
}

static int draw_meters(struct picture *p, const struct model_meter *const *meters, size_t n,
		       u64 now_us)
{
	_cleanup_free_ struct row *rows = calloc(n ?: 1, sizeof(*rows));

	if (!rows)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		meter_row(&rows[i], meters[i], now_us);
	picture_table(p, meter_columns, ARRAY_SIZE(meter_columns), rows, n);
	return 0;
}

static const struct column value_columns[] = {
	{ "NAME", 24, true }, { "VALUE", 12 }, { "UNIT", 4, true }, { "AGE", 6 },
};

static int draw_meter(struct picture *p, const struct model_meter *m, u64 now_us)
{
	_cleanup_free_ struct row *rows = calloc(Q_COUNT, sizeof(*rows));
	char text[4 * TEXT_MAX], maker[TEXT_MAX], type[TEXT_MAX], local[TEXT_MAX];
	size_t n = 0;

	if (!rows)
		return -ENOMEM;
	snprintf(text, sizeof(text), "%s %s %s%s%s",
		 text_escape(m->identity[ID_MANUFACTURER], maker, sizeof(maker)),
		 text_escape(m->identity[ID_METER_TYPE], type, sizeof(type)), m->id,
		 m->has_clock ? ", clock " : "", text_escape(m->local, local, sizeof(local)));
	picture_line(p, text + strspn(text, " "));
	picture_gap(p);
	for (unsigned int q = 0; q < Q_COUNT; q++) {
		struct row *row = &rows[n];

		if (!model_has(&m->values, q))
			continue;
		n++;
		row->dim = !m->available;
		snprintf(row->cell[0], CELL_MAX, "%s", quantity_table[q].name);
		text_number(m->values.value[q], row->cell[1], CELL_MAX);
		snprintf(row->cell[2], CELL_MAX, "%s", kind_table[quantity_table[q].kind].unit);
		age_cell(row->cell[3], m->received[quantity_table[q].group], now_us);
	}
	picture_table(p, value_columns, ARRAY_SIZE(value_columns), rows, n);
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

static int draw(struct picture *p, const struct model *m, char *const *filter, int n_filter,
		const char *notice, u64 now_us)
{
	const struct model_meter **chosen;
	char text[TEXT_MAX], when[TEXT_MAX];
	size_t n;
	int r = 0;

	chosen = choose(m, filter, n_filter, &n);
	if (!chosen)
		return -ENOMEM;
	snprintf(text, sizeof(text), "%s  %zu meter%s, q ends",
		 text_time(now_us, now_us, when, sizeof(when)), n, n == 1 ? "" : "s");
	fputs(HOME, p->f);
	picture_line(p, text);
	picture_gap(p);
	if (n == 1)
		r = draw_meter(p, chosen[0], now_us);
	else if (n)
		r = draw_meters(p, chosen, n, now_us);
	free(chosen);
	fprintf(p->f, "%.*s" PICTURE_END, (int)p->width, notice);
	return r;
}

int screen_draw(struct screen *s, const struct model *m, char *const *filter, int n_filter,
		const char *notice, u64 now_us)
{
	_cleanup_free_ char *text = NULL;
	size_t size = 0;
	struct picture p = {
		.f = open_memstream(&text, &size),
		.width = s->columns,
		.left = s->rows - 1,
	};
	int r;

	if (!p.f)
		return -ENOMEM;
	r = draw(&p, m, filter, n_filter, notice, now_us);
	if (fclose(p.f) != 0)
		return -ENOMEM;
	return r < 0 ? r : write_all(text, size);
}
