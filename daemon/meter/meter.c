// SPDX-License-Identifier: GPL-2.0
/*
 * A meter: what a message means for it, and what it sent last.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "meter/clock.h"
#include "meter/meter.h"
#include "util.h"

struct meter *meter_new(const char *id, const char *source)
{
	struct meter *m = calloc(1, sizeof(*m));

	if (!m)
		return NULL;

	m->source = strdup(source);
	if (!m->source) {
		free(m);
		return NULL;
	}
	strncpy(m->id, id, sizeof(m->id) - 1);
	for (unsigned int q = 0; q < Q_COUNT; q++)
		m->latest[q] = NAN;

	return m;
}

void meter_free(struct meter *m)
{
	if (!m)
		return;
	free(m->source);
	free(m);
}

int meter_id_make(const char *text, size_t n, char *id)
{
	bool any = false;

	if (n >= METER_ID_MAX)
		n = METER_ID_MAX - 1;
	for (size_t i = 0; i < n; i++) {
		char c = text[i];
		bool fit = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
			   c == '_' || c == '-';

		id[i] = fit ? c : '_';
		any |= fit;
	}
	id[n] = '\0';

	return any ? 0 : -EINVAL;
}

static bool type_has_no_l2(const struct maker *maker, struct text type)
{
	if (!maker || !maker->zero_l2_types)
		return false;
	for (const char *const *t = maker->zero_l2_types; *t; t++) {
		size_t n = strlen(*t);

		if (!n || (type.len >= n && !memcmp(type.p, *t, n)))
			return true;
	}

	return false;
}

static bool is_zero(const struct readings *r, enum quantity q)
{
	return readings_has(r, q) && r->value[q].mantissa == 0;
}

static bool is_not_zero(const struct readings *r, enum quantity q)
{
	return readings_has(r, q) && r->value[q].mantissa != 0;
}

/*
 * A 3-wire meter measures no U2, some no I2, and sends 0 for it.  A live L1 and L3 next to a dead
 * L2 tell it from a network without voltage.
 */
static void drop_missing_l2(const struct maker *maker, struct readings *r)
{
	if (!type_has_no_l2(maker, r->identity[ID_METER_TYPE]) || !is_zero(r, Q_VOLTAGE_L2) ||
	    !is_not_zero(r, Q_VOLTAGE_L1) || !is_not_zero(r, Q_VOLTAGE_L3))
		return;

	readings_drop(r, Q_VOLTAGE_L2);
	if (is_zero(r, Q_CURRENT_L2))
		readings_drop(r, Q_CURRENT_L2);
}

/*
 * The third voltage of the triangle, with 60 degrees between the two that are known.  To the
 * resolution of the others; only when asked for, and marked, so that nobody takes it for measured.
 */
static void derive_l2(struct readings *r)
{
	const struct decimal *l1 = &r->value[Q_VOLTAGE_L1], *l3 = &r->value[Q_VOLTAGE_L3];
	double u1, u3, u2;

	if (readings_has(r, Q_VOLTAGE_L2) || !is_not_zero(r, Q_VOLTAGE_L1) ||
	    !is_not_zero(r, Q_VOLTAGE_L3) || l1->exponent != l3->exponent)
		return;

	u1 = (double)l1->mantissa;
	u3 = (double)l3->mantissa;
	u2 = sqrt((u1 - u3 * 0.5) * (u1 - u3 * 0.5) + u3 * u3 * 0.75);
	readings_set_derived(r, Q_VOLTAGE_L2, (struct decimal){ llround(u2), l1->exponent });
}

#define TARIFFS_MAX	4

/* The registers of the tariffs are so far from each other in the table. */
#define TARIFF_STEP	(Q_ACTIVE_ENERGY_IMPORT_T2 - Q_ACTIVE_ENERGY_IMPORT_T1)

_Static_assert(Q_ACTIVE_ENERGY_IMPORT_T4 == Q_ACTIVE_ENERGY_IMPORT_T1 + 3 * TARIFF_STEP, "order");
_Static_assert(Q_ACTIVE_ENERGY_EXPORT_T4 == Q_ACTIVE_ENERGY_EXPORT_T1 + 3 * TARIFF_STEP, "order");

/*
 * The register over all tariffs of a telegram that has only those of each, as of Dutch and Belgian meters.
 * From the first one on, at least two, without a gap: of a telegram that lost a line there is no sum.
 */
static void derive_total(struct readings *r, enum quantity total, enum quantity first)
{
	struct decimal sum = r->value[first];
	unsigned int n = 1;

	if (readings_has(r, total) || !readings_has(r, first))
		return;
	for (unsigned int i = 1; i < TARIFFS_MAX; i++) {
		enum quantity q = first + i * TARIFF_STEP;

		if (!readings_has(r, q))
			continue;
		if (n != i || decimal_add(sum, r->value[q], &sum) < 0)
			return;
		n++;
	}
	if (n >= 2)
		readings_set_derived(r, total, sum);
}

void meter_interpret(const struct message *msg, const struct meter_settings *settings,
		     struct readings *r, struct meter_clock *clock, u64 real_us)
{
	enum clock_kind kind = settings->clock;

	*r = msg->readings;
	drop_missing_l2(msg->maker, r);
	if (settings->derive_l2)
		derive_l2(r);
	/* Current transformers are the meter's own. */
	if (!msg->channel)
		scale_apply(&settings->scale, r);
	if (msg->list.shape == LIST_TELEGRAM && !msg->channel) {
		derive_total(r, Q_ACTIVE_ENERGY_IMPORT, Q_ACTIVE_ENERGY_IMPORT_T1);
		derive_total(r, Q_ACTIVE_ENERGY_EXPORT, Q_ACTIVE_ENERGY_EXPORT_T1);
	}

	/* A clock that the meter itself calls invalid may show anything. */
	if (r->has_time && r->time.status != COSEM_STATUS_NONE &&
	    r->time.status & COSEM_STATUS_INVALID)
		r->has_time = false;
	if (!clock || !r->has_time)
		return;
	if (kind == CLOCK_AUTO)
		kind = msg->maker ? msg->maker->clock : CLOCK_WIRE;
	clock_interpret(&r->time, kind, real_us, clock);
}

/* Texts come from the network: what is no printable ASCII becomes '?'. */
static bool identity_take(char *ours, struct text t)
{
	char text[METER_TEXT_MAX];
	size_t n = t.len < sizeof(text) ? t.len : sizeof(text) - 1;

	if (!t.len)
		return false;
	for (size_t i = 0; i < n; i++)
		text[i] = t.p[i] >= ' ' && t.p[i] <= '~' ? t.p[i] : '?';
	text[n] = '\0';
	if (!strcmp(ours, text))
		return false;
	memcpy(ours, text, n + 1);

	return true;
}

void meter_update(struct meter *m, const struct readings *r, const struct meter_clock *clock,
		  u64 real_us, struct meter_update *ret)
{
	u8 groups = 0;

	*ret = (struct meter_update){ .readings = r, .real_us = real_us };

	for_each_reading(q, r) {
		m->latest[q] = decimal_double(r->value[q]);
		groups |= 1u << quantity_table[q].group;
	}
	for (unsigned int i = 0; i < READINGS_WORDS; i++) {
		u64 derived = (m->derived[i] & ~r->present[i]) | r->derived[i];

		ret->known |= r->present[i] & ~m->known[i];
		m->known[i] |= r->present[i];
		for (u64 lost = r->lost[i]; lost; lost &= lost - 1)
			m->latest[i * 64 + __builtin_ctzll(lost)] = NAN;
		ret->derived |= derived != m->derived[i];
		m->derived[i] = derived;
	}
	ret->new_groups = groups & ~m->groups;
	m->groups |= groups;

	for (unsigned int i = 0; i < ID_COUNT; i++)
		ret->identity |= identity_take(m->identity[i], r->identity[i]);

	ret->unverified = r->unverified != m->unverified;
	m->unverified = r->unverified;
	if (r->has_time) {
		m->clock = *clock;
		ret->clock = true;
	}
	m->last_us = real_us;
	m->last_mono_us = mono_us();
	m->messages++;
}
