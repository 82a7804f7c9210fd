// SPDX-License-Identifier: GPL-2.0
/*
 * All makers, in the order in which they are tried.
 */
#include "meter/maker.h"

const struct maker *const makers[] = {
	&maker_aidon, &maker_kaifa, &maker_kamstrup, &maker_aidon_se, &maker_kaifa_se,
	&maker_embriq, NULL,
};
