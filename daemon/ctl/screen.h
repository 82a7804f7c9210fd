/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The screen: what monitor and ports show on a terminal, redrawn in place.
 *
 * Plain ANSI sequences on the alternate screen.  Each picture is one write(), and lines are written
 * over and not cleared first, so nothing flickers; columns that do not fit are left out.
 */
#ifndef AMSHAN_CTL_SCREEN_H
#define AMSHAN_CTL_SCREEN_H

#include <termios.h>

#include <amshan/types.h>

/**
 * struct screen - the terminal's state
 * @on: our picture is on it
 * @keys: keys are read from standard input, @saved is to be restored
 * @saved: settings of the terminal before
 * @rows: its height
 * @columns: its width
 */
struct screen {
	bool on;
	bool keys;
	struct termios saved;
	unsigned int rows;
	unsigned int columns;
};

/* screen_usable() - is standard output a terminal that understands ANSI sequences? */
bool screen_usable(void);

/* screen_blocks() - does the terminal show Unicode's block elements?  The console has no glyphs. */
bool screen_blocks(void);

/* screen_begin(), screen_end() - take and give back the terminal; both may be called twice */
void screen_begin(struct screen *s);
void screen_end(struct screen *s);

/* screen_resized() - the window has another size; draw after it */
void screen_resized(struct screen *s);

/* ---- pictures ---- */

#define SCREEN_CELL_MAX		80
#define SCREEN_COLUMNS_MAX	12

/* A column is at least as wide as @width, so that the table stands still while values change. */
struct screen_column {
	const char *title;
	unsigned int width;
	bool left;
};

/* One row; cells are ASCII. */
struct screen_row {
	char cell[SCREEN_COLUMNS_MAX][SCREEN_CELL_MAX];
	bool dim;
};

/* struct picture - one that is being drawn, from the top on; what is too much is left out */
struct picture;

void picture_line(struct picture *p, const char *text);

/* picture_fitted() - a line that is no wider than the picture; it may be UTF-8 */
void picture_fitted(struct picture *p, const char *text);

/* picture_width(), picture_left() - characters of a line; rows that are free */
unsigned int picture_width(const struct picture *p);
unsigned int picture_left(const struct picture *p);

/* picture_gap() - air, where there is room for it */
void picture_gap(struct picture *p);

/* picture_table() - columns from the most wanted one on: a narrow terminal shows the first ones */
void picture_table(struct picture *p, const struct screen_column *columns, unsigned int n,
		   const struct screen_row *rows, size_t n_rows);

/**
 * screen_show() - draw a picture
 * @s: the screen
 * @draw: draws it; a negative errno: nothing is shown
 * @ctx: for @draw
 * @notice: a sentence for the last line, or ""
 *
 * Return: 0 or a negative errno.
 */
int screen_show(struct screen *s, int (*draw)(struct picture *p, void *ctx), void *ctx,
		const char *notice);

#endif /* AMSHAN_CTL_SCREEN_H */
