/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Meters on the screen.
 */
#ifndef AMSHAN_CTL_SCREEN_METERS_H
#define AMSHAN_CTL_SCREEN_METERS_H

#include "ctl/model.h"
#include "ctl/screen.h"

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

#endif /* AMSHAN_CTL_SCREEN_METERS_H */
