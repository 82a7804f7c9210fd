// SPDX-License-Identifier: GPL-2.0
/*
 * The screen: pictures on a terminal.
 */
#include <errno.h>
#include <langinfo.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include "ctl/screen.h"
#include "util.h"

#define SCREEN_ENTER	"\033[?1049h\033[?25l\033[2J"	/* alternate screen, no cursor, empty */
#define SCREEN_LEAVE	"\033[0m\033[?25h\033[?1049l"
#define SCREEN_CLEAR	"\033[2J"
#define HOME		"\033[H"
#define LINE_END	"\033[K\r\n"			/* the rest of the line is old */
#define PICTURE_END	"\033[K\033[J"
#define DIM		"\033[2m"
#define NORMAL		"\033[0m"

#define GAP		2

bool screen_usable(void)
{
	const char *term = getenv("TERM");

	return isatty(STDOUT_FILENO) && term && *term && strcmp(term, "dumb") != 0;
}

bool screen_blocks(void)
{
	const char *term = getenv("TERM");

	return !strcmp(nl_langinfo(CODESET), "UTF-8") && (!term || strcmp(term, "linux") != 0);
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

/* ---- tables ---- */

struct picture {
	FILE *f;
	unsigned int width;	/* of the screen */
	unsigned int left;	/* rows of the screen that are free, without that of the notice */
};

void picture_line(struct picture *p, const char *text)
{
	if (!p->left)
		return;
	p->left--;
	fprintf(p->f, "%.*s" LINE_END, (int)p->width, text);
}

void picture_fitted(struct picture *p, const char *text)
{
	if (!p->left)
		return;
	p->left--;
	fprintf(p->f, "%s" LINE_END, text);
}

unsigned int picture_width(const struct picture *p)
{
	return p->width;
}

unsigned int picture_left(const struct picture *p)
{
	return p->left;
}

void picture_gap(struct picture *p)
{
	if (p->left > 6)
		picture_line(p, "");
}

static void picture_row(struct picture *p, const struct screen_column *columns, const unsigned int *width,
			unsigned int n, const struct screen_row *row)
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
static unsigned int fit(const struct picture *p, const struct screen_column *columns, unsigned int n,
			const struct screen_row *rows, size_t n_rows, unsigned int *width)
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

void picture_table(struct picture *p, const struct screen_column *columns, unsigned int n,
		   const struct screen_row *rows, size_t n_rows)
{
	struct screen_row titles = { .dim = false };
	unsigned int width[SCREEN_COLUMNS_MAX];
	size_t shown = n_rows;
	char text[SCREEN_CELL_MAX];

	n = fit(p, columns, n, rows, n_rows, width);
	for (unsigned int c = 0; c < n; c++)
		snprintf(titles.cell[c], SCREEN_CELL_MAX, "%s", columns[c].title);
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

/* ---- the picture ---- */

int screen_show(struct screen *s, int (*draw)(struct picture *p, void *ctx), void *ctx,
		const char *notice)
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
	fputs(HOME, p.f);
	r = draw(&p, ctx);
	fprintf(p.f, "%.*s" PICTURE_END, (int)p.width, notice);
	if (fclose(p.f) != 0)
		return -ENOMEM;
	return r < 0 ? r : write_all(text, size);
}
