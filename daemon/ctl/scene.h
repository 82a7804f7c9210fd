/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The scene: the adapters and the local rules there are, and what is changed in the rules.
 *
 * Of the rules that are about an adapter the first one decides, as with udev.  What is asked here
 * is which rule that is, and for whom else it decides; not what udev's database has, which may be
 * older.
 *
 * What fails has said why on stderr.
 */
#ifndef AMSHAN_CTL_SCENE_H
#define AMSHAN_CTL_SCENE_H

#include "ctl/rule.h"

/**
 * struct scene - zero it to begin
 * @adapter: the serial ports, @n_adapters of them
 * @rule: the rules in the order of their names, @n_rules of them; others after each change
 * @change: what was changed since the mark, @n_changes of them
 */
struct scene {
	struct adapter *adapter;
	size_t n_adapters;
	struct rule *rule;
	size_t n_rules;
	struct scene_change *change;
	size_t n_changes;
};

/* scene_read() - look at all of it: 0 or a negative errno */
int scene_read(struct scene *s);

void scene_clear(struct scene *s);

/* scene_first() - the rule that decides about an adapter, NULL: none of ours */
const struct rule *scene_first(const struct scene *s, const struct adapter *a);

/* scene_other() - another adapter that this rule decides about, NULL: there is none */
const struct adapter *scene_other(const struct scene *s, const struct rule *r,
				  const struct adapter *a);

/* scene_twin() - another adapter with the same serial number, interface and port, or NULL */
const struct adapter *scene_twin(const struct scene *s, const struct adapter *a);

/*
 * scene_write(), scene_remove() - change a rule's file, and say so on stdout: 0 or a negative errno.
 * Pointers to rules of the scene are void afterwards.
 */
int scene_write(struct scene *s, const struct rule *r);
int scene_remove(struct scene *s, const struct rule *r);

/* scene_mark() - what was done until now stays */
void scene_mark(struct scene *s);

/* scene_undo() - the files that were changed since the mark as they were then */
int scene_undo(struct scene *s);

#endif /* AMSHAN_CTL_SCENE_H */
