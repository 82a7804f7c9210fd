// SPDX-License-Identifier: GPL-2.0
/*
 * Frame counters over a restart: the file.
 *
 *	{"counters": [{"title": "KAM4E4C5FA3A1", "counter": 4711, "authenticated": true}, ...]}
 *
 * In the order of their last use.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "counters_file.h"
#include "dlms/cipher.h"
#include "folder.h"
#include "log.h"
#include "util.h"

#define COUNTERS_FILE	"counters.json"
#define FILE_MAX	(512 * 1024)	/* octets of a file that is ours: some 90 for a title */

struct counters_file {
	struct counters table;
	char *path;
	sd_event_source *timer;		/* on while something is not written yet */
	bool failed;			/* said that it cannot be written */
};

/* ---- reading ---- */

static bool entry_take(struct counters *c, const json_t *entry)
{
	const json_t *counter = json_object_get(entry, "counter");
	const char *text = json_string_value(json_object_get(entry, "title"));
	const json_t *authenticated = json_object_get(entry, "authenticated");
	json_int_t n = json_integer_value(counter);
	u8 title[APDU_TITLE_MAX];

	if (!text || !json_is_integer(counter) || n < 0 || n > UINT32_MAX ||
	    !json_is_boolean(authenticated) || cipher_title_parse(text, strlen(text), title) < 0 ||
	    c->n == COUNTERS_MAX || counters_is_replay(c, title, sizeof(title), (u32)n, NULL))
		return false;
	counters_note(c, title, sizeof(title), (u32)n, true);
	c->entry[c->n - 1].authentic = json_is_true(authenticated);
	return true;
}

static int table_parse(struct counters *c, const char *text, size_t n, const char **why)
{
	json_t *root = json_loadb(text, n, JSON_REJECT_DUPLICATES, NULL);
	json_t *entries = json_object_get(root, "counters"), *entry;
	size_t i;

	if (!root)
		*why = "is not JSON";
	else if (!json_is_array(entries))
		*why = "has no array \"counters\"";
	json_array_foreach(entries, i, entry) {
		if (!entry_take(c, entry)) {
			*why = "has a counter that is none";
			break;
		}
	}
	json_decref(root);
	c->dirty = false;
	if (!*why)
		return 0;
	memset(c, 0, sizeof(*c));
	return -EINVAL;
}

/* Not to be lost by the next write: there may be somebody who can mend it. */
static void file_put_aside(const char *path)
{
	_cleanup_free_ char *aside = NULL;

	if (asprintf(&aside, "%s.broken", path) < 0)
		aside = NULL;
	else if (rename(path, aside) < 0)
		log_warning("%s: %s", aside, strerror(errno));
}

static int table_load(struct counters_file *f)
{
	_cleanup_free_ char *text = malloc(FILE_MAX);
	const char *why = NULL;
	size_t n;
	int r;

	if (!text)
		return -ENOMEM;
	r = file_read(f->path, text, FILE_MAX, &n);
	if (r == -ENOENT)
		return 0;
	if (r < 0)
		why = strerror(-r);
	else
		r = table_parse(&f->table, text, n, &why);
	if (r == 0)
		return 0;
	log_warning("%s: %s: frame counters of encrypted meters begin anew, and a message that was sent "
		    "before would be taken again", f->path, why);
	file_put_aside(f->path);
	return 0;
}

/* ---- writing ---- */

static char *table_text(const struct counters *c)
{
	json_t *entries = json_array(), *root;
	char title[CIPHER_TITLE_TEXT_MAX], *text = NULL;

	for (unsigned int i = 0; i < c->n; i++) {
		const struct counter_entry *e = &c->entry[i];

		if (!e->known)
			continue;
		cipher_title_text(e->title, sizeof(e->title), title);
		json_array_append_new(entries,
				      json_pack("{s:s, s:I, s:b}", "title", title, "counter",
						(json_int_t)e->counter, "authenticated",
						e->authentic));
	}
	root = json_pack("{s:o}", "counters", entries);
	if (root)
		text = json_dumps(root, JSON_INDENT(1));
	json_decref(root);
	return text;
}

static int table_save(struct counters_file *f)
{
	_cleanup_free_ char *text = table_text(&f->table);
	int r = text ? file_replace(f->path, text) : -ENOMEM;

	if (r < 0 && !f->failed)
		log_warning("%s: %s: frame counters of encrypted meters will not be remembered", f->path,
			    strerror(-r));
	f->failed = r < 0;
	f->table.dirty = r < 0;
	return r;
}

static void timer_set(struct counters_file *f)
{
	sd_event_source_set_time_relative(f->timer, COUNTERS_WRITE_US);
	sd_event_source_set_enabled(f->timer, SD_EVENT_ONESHOT);
}

static int on_timer(sd_event_source *timer, u64 usec, void *ctx)
{
	struct counters_file *f = ctx;

	if (table_save(f) < 0)
		timer_set(f);	/* disks get room again */
	return 0;
}

void counters_file_changed(struct counters_file *f)
{
	int on = SD_EVENT_OFF;

	if (!f->table.dirty)
		return;
	if (sd_event_source_get_enabled(f->timer, &on) >= 0 && on == SD_EVENT_OFF)
		timer_set(f);
}

/* ---- for the owner ---- */

int counters_file_new(sd_event *event, const char *dir, bool said, struct counters_file **ret)
{
	struct counters_file *f = calloc(1, sizeof(*f));
	int r;

	if (!f)
		return -ENOMEM;
	f->failed = said;
	if (asprintf(&f->path, "%s/" COUNTERS_FILE, dir) < 0)
		f->path = NULL;
	if (!f->path ||
	    sd_event_add_time(event, &f->timer, CLOCK_MONOTONIC, 0, 0, on_timer, f) < 0 ||
	    sd_event_source_set_enabled(f->timer, SD_EVENT_OFF) < 0)
		r = -ENOMEM;
	else
		r = table_load(f);
	if (r < 0) {
		counters_file_free(f);
		return r;
	}
	*ret = f;
	return 0;
}

void counters_file_free(struct counters_file *f)
{
	if (!f)
		return;
	if (f->table.dirty)
		table_save(f);
	sd_event_source_disable_unref(f->timer);
	free(f->path);
	free(f);
}

struct counters *counters_file_table(struct counters_file *f)
{
	return &f->table;
}

int counters_file_forget(struct counters_file *f, const u8 *title)
{
	if (!counters_forget(&f->table, title, APDU_TITLE_MAX))
		return -ENOENT;
	if (table_save(f) < 0)
		timer_set(f);
	return 0;
}
