// SPDX-License-Identifier: GPL-2.0
/*
 * The scene.  Relies on the list of adapters and on the rules' files, which are read anew after each
 * change.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/ctl.h"
#include "ctl/scene.h"
#include "ctl/text.h"
#include "util.h"

#define WHY_MAX		(RULE_PATH_MAX + 64)

/* struct scene_change - a file that was written or removed: the rule as it was before */
struct scene_change {
	bool was_there;
	struct rule was;	/* its name, if it was not */
};

void scene_clear(struct scene *s)
{
	free(s->adapter);
	free(s->rule);
	free(s->change);
}

static int rules_read(struct scene *s)
{
	struct rule *rule;
	size_t n;
	int r;

	r = rule_list(RULE_FOLDER, &rule, &n);
	if (r < 0) {
		ctl_say("cannot look into %s: %s", RULE_FOLDER, strerror(-r));
		return r;
	}
	free(s->rule);
	s->rule = rule;
	s->n_rules = n;
	return 0;
}

int scene_read(struct scene *s)
{
	int r;

	r = adapter_list(&s->adapter, &s->n_adapters);
	if (r < 0) {
		ctl_say("cannot list the serial ports: %s", strerror(-r));
		return r;
	}
	return rules_read(s);
}

/* ---- who and which ---- */

const struct rule *scene_first(const struct scene *s, const struct adapter *a)
{
	return rule_first(s->rule, s->n_rules, a);
}

const struct adapter *scene_other(const struct scene *s, const struct rule *r,
				  const struct adapter *a)
{
	for (size_t i = 0; i < s->n_adapters; i++)
		if (s->adapter[i].devt != a->devt && scene_first(s, &s->adapter[i]) == r)
			return &s->adapter[i];
	return NULL;
}

const struct adapter *scene_twin(const struct scene *s, const struct adapter *a)
{
	for (size_t i = 0; i < s->n_adapters; i++) {
		const struct adapter *b = &s->adapter[i];

		if (*a->serial && b->devt != a->devt && b->is_usb && !strcmp(a->id, b->id) &&
		    !strcmp(a->serial, b->serial) && !strcmp(a->interface, b->interface) &&
		    !strcmp(a->port, b->port))
			return b;
	}
	return NULL;
}

/* ---- changes ---- */

/* Before a file is changed. */
static int note_change(struct scene *s, const char *name)
{
	struct scene_change *more;

	more = reallocarray(s->change, s->n_changes + 1, sizeof(*more));
	if (!more) {
		ctl_say("out of memory");
		return -ENOMEM;
	}
	s->change = more;
	more += s->n_changes++;
	memset(more, 0, sizeof(*more));
	snprintf(more->was.name, sizeof(more->was.name), "%s", name);
	for (size_t i = 0; i < s->n_rules; i++)
		if (!strcmp(s->rule[i].name, name)) {
			more->was_there = true;
			more->was = s->rule[i];
		}
	return 0;
}

/* What came of a change: @e as it is, after a sentence if it is not 0. */
static int say_change(int e, const char *done, const char *name, const char *why)
{
	char path[RULE_PATH_MAX], shown[WHY_MAX];

	if (e < 0)
		ctl_say("%s", text_escape(why, shown, sizeof(shown)));
	else
		printf("%s %s\n", done,
		       text_escape(rule_path(RULE_FOLDER, name, path), shown, sizeof(shown)));
	return e;
}

int scene_write(struct scene *s, const struct rule *r)
{
	char why[WHY_MAX];
	int e = note_change(s, r->name);

	if (e < 0)
		return e;
	e = rule_write(RULE_FOLDER, r, why, sizeof(why));
	e = say_change(e, "wrote", r->name, why);
	return e < 0 ? e : rules_read(s);
}

int scene_remove(struct scene *s, const struct rule *r)
{
	char why[WHY_MAX];
	int e = note_change(s, r->name);

	if (e < 0)
		return e;
	e = rule_remove(RULE_FOLDER, r->name, why, sizeof(why));
	e = say_change(e, "removed", r->name, why);
	return e < 0 ? e : rules_read(s);
}

void scene_mark(struct scene *s)
{
	s->n_changes = 0;
}

int scene_undo(struct scene *s)
{
	char why[WHY_MAX];
	int r = 0;

	while (s->n_changes && r == 0) {
		const struct scene_change *c = &s->change[--s->n_changes];

		/* One that could not be read has no text to be written again. */
		if (c->was_there && *c->was.text) {
			r = rule_put_back(RULE_FOLDER, &c->was, why, sizeof(why));
			say_change(r, "restored", c->was.name, why);
		} else {
			r = rule_remove(RULE_FOLDER, c->was.name, why, sizeof(why));
			say_change(r, "removed", c->was.name, why);
		}
	}
	return r < 0 ? r : rules_read(s);
}
