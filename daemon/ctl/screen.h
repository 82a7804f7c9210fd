/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The screen: what monitor shows on a terminal, redrawn in place.
 *
 * Plain ANSI sequences on the alternate screen.  Each picture is one write(), and lines are written
 * over and not cleared first, so nothing flickers; columns that do not fit are left out.
 */
#ifndef AMSHAN_CTL_SCREEN_H
#define AMSHAN_CTL_SCREEN_H

#include <termios.h>

#include "ctl/model.h"

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

/* screen_begin(), screen_end() - take and give back the terminal; both may be called twice */
void screen_begin(struct screen *s);
void screen_end(struct screen *s);

/* screen_resized() - the window has another size; draw after it */
void screen_resized(struct screen *s);

/**
 * screen_draw() - draw the model
 * @s: the screen
 * @m: the model
 * @filter: beginnings of the ids to be shown, @n_filter of them; 0: all
 * @notice: a sentence for the last line, or ""
 * @now_us: for ages
 *
 * One meter is shown with all its values, several as one row each.
 *
 * Return: 0 or a negative errno.
 */
int screen_draw(struct screen *s, const struct model *m, char *const *filter, int n_filter,
		const char *notice, u64 now_us);

/* screen_wants() - is a meter one of those to be shown? */
bool screen_wants(const char *id, char *const *filter, int n_filter);

#endif /* AMSHAN_CTL_SCREEN_H */
