/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Meters on the screen.
 */
#ifndef AMSHAN_CTL_SCREEN_METERS_H
#define AMSHAN_CTL_SCREEN_METERS_H

#include "ctl/plot.h"
#include "ctl/screen.h"

/**
 * struct screen_meters - what is shown
 * @model: the model
 * @plot: what came in the last minutes, NULL: not shown
 * @filter: beginnings of the ids to be shown, @n_filter of them; 0: all
 * @n_filter: how many
 * @now_us: for ages, and the right end of the plot
 */
struct screen_meters {
	const struct model *model;
	const struct plot *plot;
	char *const *filter;
	int n_filter;
	u64 now_us;
};

/**
 * screen_draw() - draw meters
 * @s: the screen
 * @what: the meters
 * @notice: a sentence for the last line, or ""
 *
 * One meter is shown with all its values, several as one row each.  The plot comes below: of one
 * meter its power and its phases, of several the power, as far as the table leaves rows.
 *
 * Return: 0 or a negative errno.
 */
int screen_draw(struct screen *s, const struct screen_meters *what, const char *notice);

/* screen_wants() - is a meter one of those to be shown? */
bool screen_wants(const char *id, char *const *filter, int n_filter);

#endif /* AMSHAN_CTL_SCREEN_METERS_H */
