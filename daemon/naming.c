// SPDX-License-Identifier: GPL-2.0
/*
 * Which numbers a source named.
 */
#include <string.h>

#include "naming.h"

void naming_note(struct naming *n, const char *id, u64 now_us)
{
	for (unsigned int i = 0; i < NAMING_MAX; i++) {
		if (!strcmp(n->named[i], id)) {
			n->several_us = now_us;
			return;
		}
	}
	strcpy(n->named[n->n_named++ % NAMING_MAX], id);
}

bool naming_is_unsure(const struct naming *n, u64 now_us, u64 patience_us)
{
	return (n->switched_us && now_us - n->switched_us < patience_us) ||
	       (n->several_us && now_us - n->several_us < NAMING_SEVERAL_US);
}
