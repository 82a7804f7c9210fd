// SPDX-License-Identifier: GPL-2.0
/*
 * The listeners of a client: a list.
 */
#include "mqtt/listeners.h"

#include <errno.h>
#include <stdlib.h>

static void listeners_sweep(struct listeners *l)
{
	struct listener **at = &l->first, *one;

	while ((one = *at)) {
		if (one->fn) {
			at = &one->next;
			continue;
		}
		*at = one->next;
		free(one);
	}
}

int listeners_add(struct listeners *l, mqtt_state_fn fn, void *ctx)
{
	struct listener *one = calloc(1, sizeof(*one));

	if (!one)
		return -ENOMEM;
	*one = (struct listener){ .next = l->first, .fn = fn, .ctx = ctx };
	l->first = one;
	return 0;
}

void listeners_remove(struct listeners *l, mqtt_state_fn fn, void *ctx)
{
	for (struct listener *one = l->first; one; one = one->next) {
		if (one->fn == fn && one->ctx == ctx) {
			one->fn = NULL;
			break;
		}
	}
	if (!l->telling)
		listeners_sweep(l);
}

void listeners_tell(struct listeners *l, enum mqtt_state state, const char *reason)
{
	l->telling++;
	for (struct listener *one = l->first; one; one = one->next)
		if (one->fn)
			one->fn(one->ctx, state, reason);
	if (!--l->telling)
		listeners_sweep(l);
}

void listeners_clear(struct listeners *l)
{
	for (struct listener *one = l->first; one; one = one->next)
		one->fn = NULL;
	listeners_sweep(l);
}
