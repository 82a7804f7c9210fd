// SPDX-License-Identifier: GPL-2.0
/*
 * Frame counters; the reasons are in counters.h.
 */
#include "dlms/counters.h"

#include <string.h>

/* From the end: who sent last sends again soonest. */
static const struct counter_entry *entry_find(const struct counters *c, const u8 *title, size_t n)
{
	if (n != APDU_TITLE_MAX)
		return NULL;
	for (unsigned int i = c->n; i-- > 0;)
		if (!memcmp(c->entry[i].title, title, APDU_TITLE_MAX))
			return &c->entry[i];
	return NULL;
}

static void entry_remove(struct counters *c, unsigned int i)
{
	c->n--;
	memmove(&c->entry[i], &c->entry[i + 1], (c->n - i) * sizeof(c->entry[0]));
}

/* The entry of a title, at the end of the table; made if it is not there. */
static struct counter_entry *entry_use(struct counters *c, const u8 *title)
{
	const struct counter_entry *found = entry_find(c, title, APDU_TITLE_MAX);
	struct counter_entry e = { 0 };

	if (found) {
		if (found == &c->entry[c->n - 1])
			return &c->entry[c->n - 1];
		e = *found;
		entry_remove(c, (unsigned int)(found - c->entry));
	} else {
		memcpy(e.title, title, APDU_TITLE_MAX);
		if (c->n == COUNTERS_MAX)
			entry_remove(c, 0);
	}
	c->entry[c->n] = e;
	return &c->entry[c->n++];
}

bool counters_is_replay(const struct counters *c, const u8 *title, size_t n, u32 counter,
			u32 *ret_highest)
{
	const struct counter_entry *e = entry_find(c, title, n);
	u32 highest;

	if (e && e->known && counter <= e->counter)
		highest = e->counter;
	else if (e && e->is_doubted && counter == e->doubt)
		highest = e->doubt;	/* the very same message again, whatever it is worth */
	else
		return false;
	if (ret_highest)
		*ret_highest = highest;
	return true;
}

bool counters_wants_tag(const struct counters *c, const u8 *title, size_t n)
{
	const struct counter_entry *e = entry_find(c, title, n);

	return e && e->authentic;
}

/* Is @counter one of those that follow on @before? */
static bool follows(u32 before, u32 counter)
{
	return counter > before && counter - before <= COUNTERS_STEP;
}

void counters_note(struct counters *c, const u8 *title, size_t n, u32 counter, bool verified)
{
	struct counter_entry *e;

	if (n != APDU_TITLE_MAX)
		return;
	e = entry_use(c, title);
	if (e->known && counter <= e->counter)
		return;
	if (!verified && !(e->known && follows(e->counter, counter)) &&
	    !(e->is_doubted && follows(e->doubt, counter))) {
		if (!e->is_doubted || e->doubt != counter)
			e->change = ++c->changes;
		e->doubt = counter;
		e->is_doubted = true;
		return;
	}
	e->change = ++c->changes;
	e->counter = counter;
	e->known = true;
	e->authentic |= verified;
	e->is_doubted = false;
	c->dirty = true;
}

u64 counters_change(const struct counters *c, const u8 *title, size_t n)
{
	const struct counter_entry *e = entry_find(c, title, n);

	return e ? e->change : 0;
}

bool counters_forget(struct counters *c, const u8 *title, size_t n)
{
	const struct counter_entry *e = entry_find(c, title, n);

	if (!e)
		return false;
	entry_remove(c, (unsigned int)(e - c->entry));
	c->dirty = true;
	return true;
}
