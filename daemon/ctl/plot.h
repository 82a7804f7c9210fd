/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The plot: what meters sent in the last minutes, and how that looks on a screen.
 *
 * Pure: no I/O, no clock.  A column of the plot is 15 s, so that the lists of every 10 s leave none
 * empty; it shows the mean of what came in it.  A column in which nothing came stays blank: that is
 * not zero.
 *
 * Histories are kept by the id of the meter and not by its object: they outlive a restart of
 * amshand, which shows as a gap.
 */
#ifndef AMSHAN_CTL_PLOT_H
#define AMSHAN_CTL_PLOT_H

#include "ctl/model.h"

#define PLOT_COLUMN_US	(15 * 1000000ull)
#define PLOT_COLUMNS	240	/* an hour, and the widest plot */
#define PLOT_METERS_MAX	64	/* more do not fit on a screen anyway */

enum plot_trace {
	PLOT_POWER,		/* W, negative: export */
	PLOT_L1,		/* A; W of a meter that sends power per phase and no current */
	PLOT_L2,
	PLOT_L3,
	PLOT_TRACES,
};

struct plot_history;

/**
 * struct plot - the histories; zero it to begin
 * @history: one for each meter that sent something to be plotted, 7 KB each
 * @n: how many there are; with PLOT_METERS_MAX the one of a meter that is silent makes room
 */
struct plot {
	struct plot_history *history[PLOT_METERS_MAX];
	size_t n;
};

void plot_clear(struct plot *p);

/**
 * plot_add() - take what a signal brought
 * @p: the plot
 * @m: the meter, as it is with these values
 * @v: the values
 * @received: when amshand had them, microseconds since the epoch; 0: now
 * @now_us: now; what is older than the plot, or of the future, is left out
 *
 * Return: 0, also if there is nothing to be plotted or no room for one more meter; -ENOMEM.
 */
int plot_add(struct plot *p, const struct model_meter *m, const struct model_values *v,
	     u64 received, u64 now_us);

/**
 * struct plot_view - where and how it is drawn
 * @width: of the screen in characters
 * @rows: rows that are free
 * @blocks: with Unicode's block elements, else in ASCII
 * @now_us: the time at its right end
 * @line: takes a line of no more than @width characters, UTF-8 if @blocks
 * @ctx: for @line
 */
struct plot_view {
	unsigned int width;
	unsigned int rows;
	bool blocks;
	u64 now_us;
	void (*line)(void *ctx, const char *text);
	void *ctx;
};

/* plot_rows() - the rows that a small plot of a meter has, 0 if there is nothing to be seen */
unsigned int plot_rows(const struct plot *p, const char *id, u64 now_us);

/*
 * plot_draw_meter() - the power of a meter as a diagram, its phases in a row each: the phases are
 * the first to go when rows are few, and all of it if there are less than two or the screen is
 * narrow
 */
void plot_draw_meter(const struct plot *p, const char *id, const struct plot_view *v);

/*
 * plot_draw_meters() - the power of several meters below each other, each with a scale of its own;
 * of too many the first ones
 */
void plot_draw_meters(const struct plot *p, const char *const *ids, size_t n,
		      const struct plot_view *v);

#endif /* AMSHAN_CTL_PLOT_H */
