/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Derived values: what a meter does not send, and what follows from what it sends.
 *
 * Stands between a message that was interpreted and the meter that takes it: guards the registers, and
 * adds to the readings what is derived.  A quantity that was known and is not any more is said to
 * be lost; nothing is invented.
 */
#ifndef AMSHAN_METER_DERIVE_H
#define AMSHAN_METER_DERIVE_H

#include "meter/guard.h"
#include "meter/live.h"
#include "meter/peaks.h"

/* Counted values are shown so often, and whenever a register came, unless each list has some. */
#define DERIVE_PERIOD_US	9500000ll

#define DERIVE_IN_ROW		12

/* What a household's fuse carries, if nobody says: 3 x 80 A at 230 V. */
#define DERIVE_FUSE_A		80
/* A fuse carries more than it says for a while; a voltage may be 10 % too high. */
#define DERIVE_FUSE_SLACK	1.5

/* More than any meter measures, W: it is not counted. */
#define DERIVE_POWER_MAX	1e12

enum derive_direction {
	DERIVE_IMPORT,
	DERIVE_EXPORT,
	DERIVE_DIRECTIONS,
};

/**
 * struct derive_settings - how
 * @limit_w: what the fuse carries, W, to be held against registers
 * @peaks: how the grid company counts the highest hours
 */
struct derive_settings {
	double limit_w;
	struct peaks_settings peaks;
};

/**
 * struct derive - of one meter; zero it to begin
 * @guard: of its registers
 * @live: per direction
 * @peaks: the highest hours of the last month that had one
 * @peaks_before: of another month: a clock that was wrong for a while costs nothing
 * @ever: bit per quantity behind Q_SENT_COUNT: it had a value, so that its loss is said
 * @shown_us: when counted values were last given (of a meter behind another one: when it was last
 *            heard), CLOCK_MONOTONIC; 0: never
 * @in_row: lists in a row of which a register was accepted, up to DERIVE_IN_ROW: each has some, as the
 *          telegrams of each second
 */
struct derive {
	struct guard guard;
	struct live_register live[DERIVE_DIRECTIONS];
	struct peaks peaks;
	struct peaks peaks_before;
	u64 ever;
	s64 shown_us;
	u8 in_row;
};

/**
 * derive_take() - a message
 * @d: the state
 * @s: the settings
 * @r: the interpreted readings; what is held back is dropped, what is derived is added
 * @clock_us: the meter's clock, microseconds since the epoch; 0: not known
 * @at: when it was received
 * @ret: what the guard did
 *
 * Return: true if a register was accepted.
 */
bool derive_take(struct derive *d, const struct derive_settings *s, struct readings *r, s64 clock_us,
		 struct live_time at, struct guard_report *ret);

/**
 * derive_take_channel() - a message of a meter behind another one: its registers are guarded, nothing
 *			   is derived
 * @d: the state
 * @r: the interpreted readings.  What was captured once is sent again and again until the next one is
 *     (DSMR 5.0.2 P1, 6.12: each 5 minutes or each hour): from the second time on it is dropped, the
 *     time too
 * @clock_us: when it was captured, microseconds since the epoch; 0: not known
 * @at: when it was received
 * @ret: what the guard did
 *
 * Return: true if a register was accepted.
 */
bool derive_take_channel(struct derive *d, struct readings *r, s64 clock_us, struct live_time at,
			 struct guard_report *ret);

/* derive_reserves_much() - it should be remembered some time */
bool derive_reserves_much(const struct derive *d);

/* derive_wants_record() - it should be remembered soon */
bool derive_wants_record(const struct derive *d);

#endif /* AMSHAN_METER_DERIVE_H */
