// SPDX-License-Identifier: GPL-2.0
/*
 * The plan of a probe.
 */
#include "ctl/probe_plan.h"
#include "util.h"

/* struct setting - a row of the plan */
struct setting {
	u32 baud;
	enum serial_parity parity;
	u8 data;
};

/*
 * By what is seen in houses (the parity is almost never documented): HDLC and M-Bus at 2400, P1 at
 * 115200, and P1 before DSMR 4 at 9600 7E1.
 */
static const struct setting order[PROBE_TRIES_MAX] = {
	{ 2400, PARITY_NONE, 8 },
	{ 2400, PARITY_EVEN, 8 },
	{ 115200, PARITY_NONE, 8 },
	{ 2400, PARITY_ODD, 8 },
	{ 9600, PARITY_NONE, 8 },
	{ 9600, PARITY_EVEN, 8 },
	{ 9600, PARITY_EVEN, 7 },
	{ 115200, PARITY_EVEN, 8 },
	{ 9600, PARITY_ODD, 8 },
	{ 115200, PARITY_ODD, 8 },
};

static bool was_tried(const struct probe_try *tries, size_t n, const struct setting *s)
{
	for (size_t i = 0; i < n; i++) {
		const struct serial_settings *want = &tries[i].want;

		if (want->baud == s->baud && want->parity == s->parity && want->data == s->data)
			return true;
	}
	return false;
}

bool probe_is_silent(const struct probe_try *tries, size_t n)
{
	bool silent = false;
	u64 octets = 0;

	for (size_t i = 0; i < n; i++) {
		if (tries[i].refused)
			continue;
		silent |= !tries[i].result.octets;
		octets += tries[i].result.octets;
	}
	return silent && octets <= LISTEN_BLIP_MAX;
}

bool probe_next(const struct probe_try *tries, size_t n, struct serial_settings *ret)
{
	u32 baud = 0;

	for (size_t i = 0; i < n; i++) {
		const struct listen_result *r = &tries[i].result;

		if (tries[i].refused)
			continue;
		if (r->state == LISTEN_GOOD || r->state == LISTEN_OTHER || r->state == LISTEN_ON)
			return false;
		if (r->state == LISTEN_FLAWED)
			baud = tries[i].want.baud;
	}
	if (probe_is_silent(tries, n))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(order); i++) {
		if (was_tried(tries, n, &order[i]) ||
		    (baud && order[i].baud != baud))
			continue;
		serial_settings_init(ret);
		ret->baud = order[i].baud;
		ret->parity = order[i].parity;
		ret->data = order[i].data;
		ret->mark_errors = true;
		return true;
	}
	return false;
}

/* Are there at most half as many errors per octet? */
static bool is_cleaner(const struct listen_result *a, const struct listen_result *b)
{
	return 2 * a->line.errors * b->octets <= b->line.errors * a->octets;
}

const struct probe_try *probe_best(const struct probe_try *tries, size_t n, bool *ret_alike)
{
	const struct probe_try *best = NULL;

	*ret_alike = false;
	for (size_t i = 0; i < n; i++) {
		const struct listen_result *r = &tries[i].result;

		if (tries[i].refused || !r->frames)
			continue;
		if (r->state == LISTEN_GOOD) {
			*ret_alike = false;
			return &tries[i];
		}
		if (!best || is_cleaner(r, &best->result)) {
			*ret_alike = false;
			best = &tries[i];
		} else if (!is_cleaner(&best->result, r)) {
			*ret_alike = true;
		}
	}
	return best;
}
