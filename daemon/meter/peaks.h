/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Peaks: the highest hours of a month, as the capacity tariffs of Nordic grid companies
 * ("effekttariff") count them: mean power of a clock hour; of each day only its highest hour, or
 * any hours.
 */
#ifndef AMSHAN_METER_PEAKS_H
#define AMSHAN_METER_PEAKS_H

#include "meter/calendar.h"

#define PEAKS_MAX	5

/**
 * struct peaks_settings - how the grid company counts
 * @count: how many hours make the mean, 1 to PEAKS_MAX
 * @any_day: several hours of one day may count
 * @window: which hours count at all
 */
struct peaks_settings {
	u16 count;
	bool any_day;
	struct calendar_window window;
};

/**
 * struct peak - one hour
 * @hour: when it began, seconds since the epoch
 * @mean_w: its energy divided by its length, W
 */
struct peak {
	s64 hour;
	double mean_w;
};

/**
 * struct peaks - the highest hours of one month, the highest first; zero it to begin
 * @month: when it began, seconds since the epoch; 0: none yet
 * @n: hours in @top
 * @top: them; always as many as there are, whatever is shown
 */
struct peaks {
	s64 month;
	u8 n;
	struct peak top[PEAKS_MAX];
};

/**
 * peaks_add() - an hour has ended
 * @p: the hours of its month; begins anew if @hour is of another one
 * @s: how to count
 * @hour: when it began
 * @mean_w: its mean power
 *
 * An hour that is there already is replaced.
 *
 * Return: true if @p changed.
 */
bool peaks_add(struct peaks *p, const struct peaks_settings *s, s64 hour, double mean_w);

/* peaks_mean() - the mean of the highest ones, at most as many as count; NaN if there are none */
double peaks_mean(const struct peaks *p, const struct peaks_settings *s);

#endif /* AMSHAN_METER_PEAKS_H */
