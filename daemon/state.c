// SPDX-License-Identifier: GPL-2.0
/*
 * State: what is remembered over a restart.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "folder.h"
#include "log.h"
#include "state.h"
#include "util.h"

#define STATE_FILE	"sources.json"
#define RETRY_US	(60 * USEC_PER_SEC)	/* after a write that failed: disks get room again */
#define SOURCES_MAX	65536	/* names that are remembered, also of sources that are gone */

struct state {
	char *dir;
	char *path;
	json_t *sources;	/* {"house": {"uri": "tcp://han.local:3001", "meter": "7359..."}} */
	sd_event_source *timer;	/* on while something is not written yet */
	bool dirty;
	bool failed;		/* said that it cannot be written */
};

static json_t *sources_load(const char *path)
{
	json_t *root, *sources;
	json_error_t error;

	if (access(path, F_OK) < 0 && errno == ENOENT)
		return json_object();

	root = json_load_file(path, JSON_REJECT_DUPLICATES, &error);
	if (!root) {
		log_warning("%s: %s (line %d): which meter hangs on which source will be learned anew",
			    path, error.text, error.line);
		return json_object();
	}
	sources = json_object_get(root, "sources");
	if (json_is_object(sources)) {
		json_incref(sources);
	} else {
		log_warning("%s: has no object \"sources\": which meter hangs on which source will be "
			    "learned anew", path);
		sources = json_object();
	}
	json_decref(root);

	return sources;
}

static int on_timer(sd_event_source *timer, u64 usec, void *ctx);

int state_load(sd_event *event, const char *dir, struct state **ret)
{
	struct state *st = calloc(1, sizeof(*st));
	int r;

	if (!st)
		return -ENOMEM;
	st->dir = strdup(dir);
	if (!st->dir || asprintf(&st->path, "%s/" STATE_FILE, dir) < 0) {
		st->path = NULL;
		state_free(st);
		return -ENOMEM;
	}

	if (sd_event_add_time(event, &st->timer, CLOCK_MONOTONIC, 0, 0, on_timer, st) < 0 ||
	    sd_event_source_set_enabled(st->timer, SD_EVENT_OFF) < 0) {
		state_free(st);
		return -ENOMEM;
	}

	r = folder_make(dir);
	if (r < 0) {
		log_warning("state folder %s: %s: meters will not be remembered", dir, strerror(-r));
		st->failed = true;
	}
	st->sources = sources_load(st->path);
	if (!st->sources) {
		state_free(st);
		return -ENOMEM;
	}
	*ret = st;

	return 0;
}

const char *state_meter(const struct state *st, const char *source, const char *uri)
{
	const json_t *entry = json_object_get(st->sources, source);
	const char *known = json_string_value(json_object_get(entry, "uri"));

	if (!known || strcmp(known, uri))
		return NULL;

	return json_string_value(json_object_get(entry, "meter"));
}

static void state_save(struct state *st)
{
	_cleanup_free_ char *text = NULL;
	json_t *root;
	int r;

	root = json_pack("{s:O}", "sources", st->sources);
	if (root)
		text = json_dumps(root, JSON_INDENT(1) | JSON_SORT_KEYS);
	json_decref(root);

	r = text ? file_replace(st->path, text) : -ENOMEM;
	if (r < 0 && !st->failed)
		log_warning("%s: %s: ids of meters will not be remembered", st->path, strerror(-r));
	st->failed = r < 0;
	st->dirty = r < 0;
}

static int on_timer(sd_event_source *timer, u64 usec, void *ctx)
{
	struct state *st = ctx;

	state_save(st);
	if (st->dirty) {
		sd_event_source_set_time_relative(timer, RETRY_US);
		sd_event_source_set_enabled(timer, SD_EVENT_ONESHOT);
	}

	return 0;
}

void state_free(struct state *st)
{
	if (!st)
		return;
	if (st->dirty)
		state_save(st);
	sd_event_source_disable_unref(st->timer);
	json_decref(st->sources);
	free(st->path);
	free(st->dir);
	free(st);
}

static void state_changed(struct state *st)
{
	if (st->dirty)
		return;
	st->dirty = true;
	sd_event_source_set_time_relative(st->timer, STATE_DELAY_US);
	sd_event_source_set_enabled(st->timer, SD_EVENT_ONESHOT);
}

void state_set_meter(struct state *st, const char *source, const char *uri, const char *meter)
{
	const char *before = state_meter(st, source, uri);

	if (before == meter || (before && meter && !strcmp(before, meter)))
		return;

	if (!meter)
		json_object_del(st->sources, source);
	else if (json_object_size(st->sources) < SOURCES_MAX)
		json_object_set_new(st->sources, source,
				    json_pack("{s:s, s:s}", "uri", uri, "meter", meter));
	state_changed(st);
}

bool state_failed(const struct state *st)
{
	return st->failed;
}

bool state_forget_meter(struct state *st, const char *meter)
{
	const char *name;
	json_t *entry;
	bool any = false;
	void *next;

	json_object_foreach_safe(st->sources, next, name, entry) {
		const char *known = json_string_value(json_object_get(entry, "meter"));

		if (!known || strcmp(known, meter))
			continue;
		json_object_del(st->sources, name);
		any = true;
	}
	if (any)
		state_changed(st);

	return any;
}
