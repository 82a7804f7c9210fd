// SPDX-License-Identifier: GPL-2.0
/*
 * Scale: the factor of a current transformer.
 */
#include "meter/scale.h"

void scale_init(struct scale *s)
{
	for (unsigned int k = 0; k < KIND_COUNT; k++)
		s->factor[k] = (struct decimal){ 1, 0 };
	s->active = false;
}

unsigned int scale_apply(const struct scale *s, struct readings *r)
{
	unsigned int dropped = 0;

	if (!s->active)
		return 0;

	for_each_reading(q, r) {
		const struct decimal *f = &s->factor[quantity_table[q].kind];

		if (f->mantissa == 1 && f->exponent == 0)
			continue;
		if (decimal_multiply(r->value[q], *f, &r->value[q]) < 0) {
			readings_drop(r, q);
			dropped++;
		}
	}

	return dropped;
}
