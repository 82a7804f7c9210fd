/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Scale: the factor of a current transformer, exact, per kind of quantity.
 */
#ifndef AMSHAN_METER_SCALE_H
#define AMSHAN_METER_SCALE_H

#include "meter/readings.h"

/**
 * struct scale - factors of one source
 * @factor: per enum quantity_kind; {1, 0} leaves values as they are
 * @active: some factor is not 1
 */
struct scale {
	struct decimal factor[KIND_COUNT];
	bool active;
};

/**
 * scale_init() - all factors 1
 */
void scale_init(struct scale *s);

/**
 * scale_apply() - multiply the readings
 * @s: the factors
 * @r: the readings; a value whose product does not fit is dropped
 *
 * Return: the number of values dropped.
 */
unsigned int scale_apply(const struct scale *s, struct readings *r);

#endif /* AMSHAN_METER_SCALE_H */
