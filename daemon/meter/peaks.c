// SPDX-License-Identifier: GPL-2.0
/*
 * Peaks: the highest hours of a month.
 */
#include <math.h>
#include <string.h>

#include "meter/peaks.h"

static void remove_at(struct peaks *p, unsigned int i)
{
	memmove(&p->top[i], &p->top[i + 1], (p->n - i - 1) * sizeof(p->top[0]));
	p->n--;
}

bool peaks_add(struct peaks *p, const struct peaks_settings *s, s64 hour, double mean_w)
{
	s64 month = calendar_begin(SPAN_MONTH, hour), day = calendar_begin(SPAN_DAY, hour);
	unsigned int at = 0;

	if (!calendar_window_has(&s->window, hour))
		return false;
	if (p->month != month)
		*p = (struct peaks){ .month = month };

	for (unsigned int i = 0; i < p->n; i++) {
		bool same = p->top[i].hour == hour;

		if (!same && (s->any_day || calendar_begin(SPAN_DAY, p->top[i].hour) != day))
			continue;
		if (!same && p->top[i].mean_w >= mean_w)
			return false;
		remove_at(p, i);
		break;
	}
	while (at < p->n && p->top[at].mean_w >= mean_w)
		at++;
	if (at == PEAKS_MAX)
		return false;
	if (p->n == PEAKS_MAX)
		p->n--;
	memmove(&p->top[at + 1], &p->top[at], (p->n - at) * sizeof(p->top[0]));
	p->top[at] = (struct peak){ hour, mean_w };
	p->n++;
	return true;
}

double peaks_mean(const struct peaks *p, const struct peaks_settings *s)
{
	unsigned int n = p->n < s->count ? p->n : s->count;
	double sum = 0;

	for (unsigned int i = 0; i < n; i++)
		sum += p->top[i].mean_w;
	return n ? sum / n : NAN;
}
