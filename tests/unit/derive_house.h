/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A house, its meter and the machine that reads it, for the tests of derived values: the true energy is
 * known; the machine's clock, its crashes and what gets lost are the test's.  What is shown is held
 * against the truth with every list: right, or declared lost.
 */
#ifndef AMSHAN_TESTS_DERIVE_HOUSE_H
#define AMSHAN_TESTS_DERIVE_HOUSE_H

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "keep.h"
#include "util.h"

#define S	1000000ll
#define HOUR	(3600 * S)
#define DAY	(24 * HOUR)
#define NEVER	INT64_MIN

static const struct derive_settings settings = {
	.limit_w = 3 * 80 * 230 * DERIVE_FUSE_SLACK,
	.peaks = { 3, false, { 0x7f, 0, 24 } },
};

/* A house, its meter, and the machine that reads it.  Times are true ones, but for @ahead. */
static struct {
	const char *name;	/* of the case, for a test that fails */
	s64 now, period;
	s64 ahead;		/* the machine's clock */
	bool no_clock;		/* the lists show no time */
	double step;		/* resolution of the registers, Wh */
	double base, power[2], wh[2], full_hour[2];
	s64 begin[SPAN_COUNT];
	double at_begin[SPAN_COUNT];
	double hours[32 * 24 + 2];	/* true energy of each hour since the test began */
	s64 first_hour;
	bool silent;		/* lists get lost */
	bool no_hourly;		/* only those with registers */
	struct meter *m;
	struct readings r, last_hourly;
	s64 last_hourly_clock;
	char *file;
	s64 want, kept, written;	/* @written: when @file was, by whatever run */
	double shown[2];
	unsigned int confirmed, said, spans_seen[SPAN_COUNT];
	double worst;		/* greatest difference between what is shown and the truth */
	bool unchecked;		/* hours, days and months are not held against the truth */
} h;

static s64 utc(const char *iso)
{
	struct tm tm = { 0 };

	assert_non_null(strptime(iso, "%Y-%m-%dT%H:%M:%S", &tm));
	return timegm(&tm);
}

static const char *when(void)
{
	static char text[32];
	time_t t = h.now / S;
	struct tm tm;

	localtime_r(&t, &tm);
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S%z", &tm);
	return text;
}

static struct live_time at(void)
{
	return (struct live_time){ h.now - 1700000000 * S, h.now + h.ahead };
}

static void begin(const char *name, const char *iso)
{
	setenv("TZ", "Europe/Oslo", 1);
	tzset();
	meter_free(h.m);
	free(h.file);
	memset(&h, 0, sizeof(h));
	h.name = name;
	h.now = utc(iso) * S;
	h.first_hour = h.now / HOUR;
	h.period = 5 * S / 2;
	h.step = 10;
	h.base = 2000;
	h.wh[DERIVE_IMPORT] = 12345678;
	memcpy(h.full_hour, h.wh, sizeof(h.wh));
	for (int span = SPAN_HOUR; span < SPAN_COUNT; span++) {
		h.begin[span] = calendar_begin(span, h.now / S);
		/* Of one that began earlier nothing can be known. */
		h.at_begin[span] = h.begin[span] == h.now / S ? h.wh[DERIVE_IMPORT] : NAN;
	}
	h.want = h.kept = NEVER;
	h.m = meter_new("123", "house");
	srand(1);
}

static int end(void **state)
{
	meter_free(h.m);
	free(h.file);
	memset(&h, 0, sizeof(h));
	return 0;
}

/* ---- the machine ---- */

static void keep_write(bool last)
{
	free(h.file);
	h.file = keep_text(h.m, last);
	assert_non_null(h.file);
	for (int i = 0; i < DERIVE_DIRECTIONS; i++) {
		if (h.m->derive.live[i].known) {
			h.m->derive.live[i].has_reserved = true;
			h.m->derive.live[i].reserved = live_reserve(&h.m->derive.live[i]);
		}
	}
	h.want = NEVER;
	h.kept = h.written = h.now;
}

static void restart(bool crash)
{
	struct derive *before, *after;
	char why[KEEP_WHY_MAX] = "";
	struct meter *old = h.m;

	if (!crash)
		keep_write(true);
	h.m = meter_new("123", "house");
	if (h.file && keep_parse(h.m, h.file, strlen(h.file), at(), why))
		fail_msg("%s, %s: %s", h.name, when(), why);
	before = &old->derive;
	after = &h.m->derive;
	for (int i = 0; i < DERIVE_DIRECTIONS && !crash; i++) {
		double a = live_shown(&before->live[i]), b = live_shown(&after->live[i]);

		/* What was shown only up to the last reserve may go on to where it is. */
		if (isnan(a) ? before->live[i].known && !isnan(b) && before->live[i].wait : !(b >= a))
			fail_msg("%s, %s: %.0f, after the restart %.0f", h.name, when(), a, b);
	}
	meter_free(old);
	h.want = h.kept = NEVER;
}

static double given(enum quantity q)
{
	return readings_has(&h.r, q) ? decimal_double(h.r.value[q]) : NAN;
}

/*
 * The resolution, and how far power in lists is from all power; without a clock a register is taken for
 * one of now, though it is of 10 s ago.
 */
static double tolerance(double wh)
{
	return h.step + 20 + 0.002 * wh + (h.no_clock ? 40 : 0);
}

/* The shown value never goes back; what is said of hours, days and months is true. */
static void look(const struct guard_report *report)
{
	static const enum quantity live[] = { Q_ACTIVE_ENERGY_IMPORT_LIVE, Q_ACTIVE_ENERGY_EXPORT_LIVE };

	for (unsigned int i = 0; i < report->n; i++) {
		const struct guard_word *w = &report->word[i];

		if (w->kind != GUARD_CONFIRMED)
			continue;
		h.confirmed++;
		/* Of another meter it may be less. */
		if (w->value < w->before)
			h.shown[w->quantity - Q_ACTIVE_ENERGY_IMPORT] = 0;
	}
	h.said += report->n;
	for (int i = 0; i < DERIVE_DIRECTIONS; i++) {
		double v = given(live[i]);

		if (isnan(v))
			continue;
		if (v < h.shown[i])
			fail_msg("%s, %s: shown %.0f after %.0f", h.name, when(), v, h.shown[i]);
		h.shown[i] = v;
		if (!i && fabs(v - h.wh[i]) > h.worst)
			h.worst = fabs(v - h.wh[i]);
	}
	for (int span = SPAN_HOUR; span < SPAN_COUNT; span++) {
		double v = given(Q_ACTIVE_ENERGY_IMPORT_HOUR + span);
		double true_wh = h.wh[DERIVE_IMPORT] - h.at_begin[span];

		if (isnan(v) || h.ahead || h.unchecked)
			continue;
		h.spans_seen[span]++;
		if (!(fabs(v - true_wh) <= h.step + tolerance(true_wh)))
			fail_msg("%s, %s: span %d is %.0f, in truth %.0f", h.name, when(), span, v,
				 true_wh);
	}
}

/* As the registry does it: guard and derive, meter, keep. */
static void take(s64 clock_us)
{
	struct guard_report report = { 0 };
	bool accepted = derive_take(&h.m->derive, &settings, &h.r, h.no_clock ? 0 : clock_us, at(),
				    &report);
	struct live_register *l = &h.m->derive.live[DERIVE_IMPORT];
	struct meter_update update;

	meter_update(h.m, &h.r, NULL, (u64)at().real_us, &update);
	look(&report);
	if (accepted && l->known && readings_has(&h.r, Q_ACTIVE_ENERGY_IMPORT)) {
		double v = given(Q_ACTIVE_ENERGY_IMPORT), late = (double)(h.now % HOUR) / (double)HOUR;

		/* By a clock that is a little off the register is of another moment. */
		if (h.ahead)
			late = (double)LIVE_GAP_US / (double)HOUR;
		if (l->estimate < v || l->estimate > v + h.step + 20000 * late + 1e-6)
			fail_msg("%s, %s: register %.0f, estimate %.1f", h.name, when(), v, l->estimate);
	}
	if (h.want == NEVER &&
	    (update.known || derive_wants_record(&h.m->derive) ||
	     (accepted && (h.kept == NEVER || h.now - h.kept > 300 * S))))
		h.want = h.now;
}

/* ---- the meter ---- */

static void registers_set(struct readings *r)
{
	s8 exponent = (s8)lround(log10(h.step));

	for (int i = 0; i < DERIVE_DIRECTIONS; i++)
		readings_set(r, Q_ACTIVE_ENERGY_IMPORT + i,
			     (struct decimal){ (s64)floor(h.full_hour[i] / h.step), exponent });
}

static void list(bool hourly)
{
	readings_clear(&h.r);
	readings_set(&h.r, Q_ACTIVE_POWER_IMPORT, (struct decimal){ lround(h.power[0]), 0 });
	readings_set(&h.r, Q_ACTIVE_POWER_EXPORT, (struct decimal){ lround(h.power[1]), 0 });
	if (hourly) {
		registers_set(&h.r);
		h.last_hourly = h.r;
		h.last_hourly_clock = h.now / HOUR * HOUR;
	}
	take(hourly ? h.last_hourly_clock : 0);
}

/* Something is switched on or off now and then; the rest drifts.  Below 0 is export. */
static void power_next(void)
{
	double p = h.power[0] - h.power[1];

	if (rand() % 200 == 0)
		p = h.base * (rand() % 1000) / 500;
	p += rand() % 21 - 10;
	if (h.base > 0 && p < 0)
		p = 0;
	h.power[0] = p > 0 ? p : 0;
	h.power[1] = p < 0 ? -p : 0;
}

/* One period: energy flows, and a list comes. */
static void tick(void)
{
	double share = (rand() % 1000) / 1000.0, before[2] = { h.power[0], h.power[1] };

	power_next();
	h.now += h.period;
	for (int i = 0; i < DERIVE_DIRECTIONS; i++)
		h.wh[i] += (before[i] * share + h.power[i] * (1 - share)) * (double)h.period /
			   (double)HOUR;
	if (h.now % HOUR == 0) {
		memcpy(h.full_hour, h.wh, sizeof(h.wh));
		h.hours[(h.now / HOUR - 1 - h.first_hour) % ARRAY_SIZE(h.hours)] =
			h.wh[DERIVE_IMPORT] - h.at_begin[SPAN_HOUR];
		for (int span = SPAN_HOUR; span < SPAN_COUNT; span++) {
			s64 b = calendar_begin(span, h.now / S);

			if (b != h.begin[span])
				h.at_begin[span] = h.wh[DERIVE_IMPORT];
			h.begin[span] = b;
		}
	}
	if (h.want != NEVER && h.now - h.want >= S)
		keep_write(false);
	if (!h.silent)
		list(h.now % HOUR == 10 * S && !h.no_hourly);
}

static void run(s64 us)
{
	for (s64 until = h.now + us; h.now < until;)
		tick();
}

static void run_until(const char *iso)
{
	while (h.now < utc(iso) * S)
		tick();
}

static void silence(s64 us)
{
	h.silent = true;
	run(us);
	h.silent = false;
}

/* Each of the highest hours has its true energy. */
static void peaks_are_true(unsigned int least)
{
	const struct peaks *p = &h.m->derive.peaks;

	if (p->n < least)
		fail_msg("%s, %s: %u hours", h.name, when(), p->n);
	for (unsigned int i = 0; i < p->n; i++) {
		s64 n = p->top[i].hour / 3600 - h.first_hour;

		assert_in_range(n, 0, ARRAY_SIZE(h.hours) - 1);
		if (fabs(p->top[i].mean_w - h.hours[n]) > tolerance(h.hours[n]))
			fail_msg("%s: hour %lld was %.0f, in truth %.0f", h.name, (long long)n,
				 p->top[i].mean_w, h.hours[n]);
	}
}

#endif /* AMSHAN_TESTS_DERIVE_HOUSE_H */
