// SPDX-License-Identifier: GPL-2.0
/*
 * The guard of the registers.
 */
#include <math.h>

#include "meter/guard.h"

#define USEC_PER_HOUR	3.6e9

/*
 * Beside what the fuse carries: the clocks of a meter and of this machine wander against each other,
 * and what was counted comes in steps.
 */
#define SLACK_US	(60 * 1000000ull)

static bool is_register(unsigned int q)
{
	return quantity_table[q].group == GROUP_ENERGY;
}

static u32 hash_take(u32 h, const void *p, size_t n)
{
	const u8 *octets = p;

	while (n--)
		h = (h ^ *octets++) * 16777619u;
	return h;
}

static u32 content_of(const struct readings *r)
{
	u32 h = hash_take(2166136261u, r->present, sizeof(r->present));

	for_each_reading(q, r) {
		h = hash_take(h, &r->value[q].mantissa, sizeof(r->value[q].mantissa));
		h = hash_take(h, &r->value[q].exponent, sizeof(r->value[q].exponent));
	}
	return h;
}

static void drop_registers(struct readings *r)
{
	for_each_reading(q, r)
		if (is_register(q))
			readings_drop(r, q);
}

/* What was held back is what was sent last: its second coming confirms nothing. */
static bool is_as_before(const struct guard_register *reg, double v)
{
	return reg->held ? reg->held_value == v : reg->known && reg->value == v;
}

/* Nothing new in any register? */
static bool all_as_before(const struct guard *g, const struct readings *r)
{
	bool any = false;

	for_each_reading(q, r) {
		if (!is_register(q))
			continue;
		any = true;
		if (!is_as_before(&g->reg[q], decimal_double(r->value[q])))
			return false;
	}
	return any;
}

/* Only zeros, of a meter that has not sent any register yet? */
static bool first_zeros(const struct guard *g, const struct readings *r)
{
	for_each_reading(q, r) {
		if (is_register(q) &&
		    (g->reg[q].known || g->reg[q].held || r->value[q].mantissa != 0))
			return false;
	}
	return true;
}

static bool could_be(double from, u64 from_us, double to, double limit_w, u64 time_us)
{
	u64 us = time_us > from_us ? time_us - from_us : 0;

	return to >= from && to - from <= limit_w * (double)(us + SLACK_US) / USEC_PER_HOUR;
}

/*
 * Does it go on from the one that was held back?  Not as strictly: the limit may be wrong, as of a fuse
 * that is larger than was said.
 */
static bool confirms(const struct guard_register *reg, double v, const struct guard_list *list)
{
	return could_be(reg->held_value, reg->held_us, v, 4 * list->limit_w, list->time_us);
}

static void say(struct guard_report *ret, enum quantity q, enum guard_kind kind, double value,
		double before)
{
	if (ret->n < GUARD_WORDS_MAX)
		ret->word[ret->n++] = (struct guard_word){ q, kind, value, before };
}

static bool register_check(struct guard_register *reg, enum quantity q, double v, bool zeros,
			   const struct guard_list *list, struct guard_report *ret)
{
	bool good = reg->known ? could_be(reg->value, reg->time_us, v, list->limit_w, list->time_us) : !zeros;

	/* What no meter can have counted nothing confirms. */
	if (!(fabs(v) <= GUARD_ENERGY_MAX))
		return false;
	if (!good && reg->held && confirms(reg, v, list)) {
		if (reg->known)
			say(ret, q, GUARD_CONFIRMED, v, reg->value);
		good = true;
	}
	if (good) {
		reg->known = true;
		reg->held = false;
		reg->value = v;
		reg->time_us = list->time_us;
		return true;
	}
	if (!reg->held)
		say(ret, q, zeros ? GUARD_ZERO : v < reg->value ? GUARD_BACK : GUARD_TOO_FAR, v,
		    reg->value);
	reg->held = true;
	reg->held_value = v;
	reg->held_us = list->time_us;
	return false;
}

bool guard_check(struct guard *g, struct readings *r, const struct guard_list *list,
		 struct guard_report *ret)
{
	bool accepted = false, any = false, zeros;
	u32 content;

	ret->repeated = ret->same = false;
	ret->n = 0;
	for (unsigned int q = readings_next(r, 0); q < Q_SENT_COUNT && !any; q = readings_next(r, q + 1))
		any = is_register(q);
	if (!any)
		return false;

	content = content_of(r);
	if (list->clock_us && g->clock_us && list->clock_us <= g->clock_us) {
		ret->same = content == g->content;
		ret->repeated = ret->same || all_as_before(g, r);
	}
	if (ret->same) {
		readings_clear_values(r);
		return false;
	}
	if (ret->repeated) {
		drop_registers(r);
		return false;
	}
	g->clock_us = list->clock_us;
	g->content = content;

	zeros = first_zeros(g, r);
	for_each_reading(q, r) {
		if (!is_register(q))
			continue;
		if (register_check(&g->reg[q], q, decimal_double(r->value[q]), zeros, list, ret)) {
			g->reg[q].unverified = r->unverified;
			accepted = true;
		} else {
			readings_drop(r, q);
		}
	}
	return accepted;
}

bool guard_holds(const struct guard *g)
{
	for (unsigned int q = 0; q < Q_SENT_COUNT; q++)
		if (g->reg[q].held)
			return true;
	return false;
}
