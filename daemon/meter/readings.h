/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Readings: the named values of one message.  What was not sent is not in the set.
 */
#ifndef AMSHAN_METER_READINGS_H
#define AMSHAN_METER_READINGS_H

#include "dlms/time.h"
#include "meter/decimal.h"
#include "meter/quantity.h"

#define READINGS_WORDS	((Q_COUNT + 63) / 64)

/* Text of a message, not terminated, without trailing NULs; valid as long as the message. */
struct text {
	const char *p;		/* NULL: not sent */
	u8 len;			/* 0: not sent, or sent empty */
};

/**
 * struct readings - the named values of one message
 * @present: bit per enum quantity: @value is set (values that are not present are undefined)
 * @derived: bit per enum quantity: it was not measured, but computed from others; only of @present
 * @lost: bit per enum quantity: it had a value and has none any more; none of @present
 * @value: in the unit of the quantity's kind
 * @identity: enum identity
 * @unverified: neither a checksum nor a tag spoke for the message
 * @has_time: @time is set
 * @time: the meter's clock as it was sent
 */
struct readings {
	u64 present[READINGS_WORDS];
	u64 derived[READINGS_WORDS];
	u64 lost[READINGS_WORDS];
	struct decimal value[Q_COUNT];
	struct text identity[ID_COUNT];
	bool unverified;
	bool has_time;
	struct cosem_time time;
};

static inline bool readings_has(const struct readings *r, unsigned int q)
{
	return r->present[q / 64] >> (q % 64) & 1;
}

static inline void readings_set(struct readings *r, unsigned int q, struct decimal v)
{
	r->value[q] = v;
	r->present[q / 64] |= 1ull << (q % 64);
}

/* readings_set_derived() - a value that a meter may send, and this one did not */
static inline void readings_set_derived(struct readings *r, unsigned int q, struct decimal v)
{
	readings_set(r, q, v);
	r->derived[q / 64] |= 1ull << (q % 64);
}

static inline void readings_drop(struct readings *r, unsigned int q)
{
	r->present[q / 64] &= ~(1ull << (q % 64));
	r->derived[q / 64] &= ~(1ull << (q % 64));
}

/* readings_lose() - say that it has no value any more */
static inline void readings_lose(struct readings *r, unsigned int q)
{
	readings_drop(r, q);
	r->lost[q / 64] |= 1ull << (q % 64);
}

/* readings_clear_values() - no numbers any more; texts and time stay */
static inline void readings_clear_values(struct readings *r)
{
	for (unsigned int i = 0; i < READINGS_WORDS; i++)
		r->present[i] = r->derived[i] = r->lost[i] = 0;
}

/* readings_clear() - an empty set; does not touch the values */
static inline void readings_clear(struct readings *r)
{
	readings_clear_values(r);
	for (unsigned int i = 0; i < ID_COUNT; i++)
		r->identity[i] = (struct text){ NULL, 0 };
	r->unverified = false;
	r->has_time = false;
}

static inline bool readings_any(const struct readings *r)
{
	u64 any = 0;

	for (unsigned int i = 0; i < READINGS_WORDS; i++)
		any |= r->present[i];
	return any;
}

/*
 * for_each_reading() - q runs over the quantities that are present, in the order of the table
 */
static inline unsigned int readings_next(const struct readings *r, unsigned int q)
{
	for (; q < Q_COUNT; q = (q / 64 + 1) * 64) {
		u64 rest = r->present[q / 64] >> (q % 64);

		if (rest)
			return q + __builtin_ctzll(rest);
	}
	return Q_COUNT;
}

#define for_each_reading(q, r)						\
	for (unsigned int q = readings_next(r, 0); q < Q_COUNT;		\
	     q = readings_next(r, q + 1))

#endif /* AMSHAN_METER_READINGS_H */
