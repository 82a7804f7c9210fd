/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The plot: what its history (plot.c) and its drawing (plot_draw.c) share.
 */
#ifndef AMSHAN_CTL_PLOT_INTERNAL_H
#define AMSHAN_CTL_PLOT_INTERNAL_H

#include "ctl/plot.h"

/**
 * struct plot_column - what came within PLOT_COLUMN_US
 * @number: its time
 * @n: per trace: values that came
 * @sum: their sum
 */
struct plot_column {
	u32 number;
	u16 n[PLOT_TRACES];
	float sum[PLOT_TRACES];
};

/**
 * struct plot_history - what one meter sent
 * @id: the meter
 * @newest: number of the column that was added to last
 * @phase_power: the phases are power: no current was sent yet
 * @ring: by number modulo its size
 */
struct plot_history {
	char id[METER_ID_MAX];
	u64 newest;
	bool phase_power;
	struct plot_column ring[PLOT_COLUMNS];
};

/* plot_find() - the history of a meter, NULL: it has none */
struct plot_history *plot_find(const struct plot *p, const char *id);

/**
 * plot_mean() - what a column shows
 * @h: the history
 * @trace: which of its values
 * @number: time of the column in units of PLOT_COLUMN_US
 * @ret: the mean of what came in it
 *
 * Return: false if nothing came in it.
 */
bool plot_mean(const struct plot_history *h, enum plot_trace trace, u64 number, double *ret);

#endif /* AMSHAN_CTL_PLOT_INTERNAL_H */
