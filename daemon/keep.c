// SPDX-License-Identifier: GPL-2.0
/*
 * What is kept of each meter: the files.
 *
 * They are written in batches, so that no turn of the loop takes long: all of a batch, then each is synced
 * and gets its name, then the folder is synced; only then the live registers may go on.
 */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "folder.h"
#include "keep.h"
#include "log.h"
#include "util.h"

#define FOLDER		"meters"
#define BATCH_MAX	32		/* files in one turn of the loop */
#define FILE_MAX	(64 * 1024)	/* octets of a file that is ours */
#define PAUSE_US	(20 * USEC_PER_MSEC)

/* A file that is to be written; @meter: NULL if it is gone. */
struct sheet {
	TAILQ_ENTRY(sheet) link;
	struct meter *meter;
	double reserved[DERIVE_DIRECTIONS];
	char *path;
	char *new;
	char *text;
	int fd;
};

struct keep {
	char *folder;
	sd_event_source *timer;
	TAILQ_HEAD(, meter) wanted;
	TAILQ_HEAD(, sheet) sheets;
	bool failed;		/* said that it cannot be written */
};

static char *path_of(const struct keep *k, const char *id)
{
	char *path;

	return asprintf(&path, "%s/%s.json", k->folder, id) < 0 ? NULL : path;
}

/* ---- writing ---- */

/* What is not kept may be shown all the same: it is only a crash that would tell. */
static void reserve(struct sheet *s, bool kept)
{
	if (!s->meter)
		return;
	s->meter->kept_us = mono_us();
	for (unsigned int i = 0; i < DERIVE_DIRECTIONS; i++) {
		struct live_register *l = &s->meter->derive.live[i];

		if (!l->known)
			continue;
		l->has_reserved = true;
		l->reserved = kept ? s->reserved[i] : INFINITY;
	}
}

static int sheet_write(struct sheet *s)
{
	if (!s->text || !s->path || asprintf(&s->new, "%s.new", s->path) < 0) {
		s->new = NULL;
		return -ENOMEM;
	}
	s->fd = open(s->new, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0640);
	if (s->fd < 0)
		return -errno;
	return text_write(s->fd, s->text);
}

/* The new name must not come to disk before its content. */
static int sheet_finish(struct sheet *s)
{
	if (fsync(s->fd) == 0 && rename(s->new, s->path) == 0)
		return 0;
	return -errno;
}

static int folder_sync(const struct keep *k)
{
	_cleanup_close_ int fd = open(k->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 || fsync(fd) < 0 ? -errno : 0;
}

static void sheet_free(struct keep *k, struct sheet *s)
{
	TAILQ_REMOVE(&k->sheets, s, link);
	closep(&s->fd);
	free(s->path);
	free(s->new);
	free(s->text);
	free(s);
}

/* The first sheets; true if there are more. */
static bool batch_write(struct keep *k)
{
	int result[BATCH_MAX], synced, failed = 0;
	struct sheet *s;
	unsigned int n = 0;

	TAILQ_FOREACH(s, &k->sheets, link) {
		if (n == BATCH_MAX)
			break;
		result[n++] = sheet_write(s);
	}
	if (!n)
		return false;
	s = TAILQ_FIRST(&k->sheets);
	for (unsigned int i = 0; i < n; i++, s = TAILQ_NEXT(s, link))
		if (result[i] == 0)
			result[i] = sheet_finish(s);
	synced = folder_sync(k);

	for (unsigned int i = 0; i < n; i++) {
		int r;

		s = TAILQ_FIRST(&k->sheets);
		r = result[i] < 0 ? result[i] : synced;
		if (result[i] < 0 && s->fd >= 0)
			unlink(s->new);
		if (r < 0 && !k->failed)
			log_warning("%s: %s: what is counted of meters will not be remembered",
				    s->path ? s->path : k->folder, strerror(-r));
		failed |= r < 0;
		k->failed |= r < 0;
		reserve(s, r == 0);
		sheet_free(k, s);
	}
	k->failed = failed;
	return !TAILQ_EMPTY(&k->sheets);
}

static void all_write(struct keep *k)
{
	while (batch_write(k))
		;
}

/* Without memory it is not kept, which is no worse than a crash. */
static void sheet_add(struct keep *k, struct meter *m, bool last)
{
	struct sheet *s = calloc(1, sizeof(*s));

	if (!s)
		return;
	s->meter = last ? NULL : m;
	s->path = path_of(k, m->id);
	s->text = keep_text(m, last);
	s->fd = -1;
	for (unsigned int i = 0; i < DERIVE_DIRECTIONS; i++)
		s->reserved[i] = live_reserve(&m->derive.live[i]);
	TAILQ_INSERT_TAIL(&k->sheets, s, link);
}

static void unwant(struct keep *k, struct meter *m)
{
	if (m->keep_wanted)
		TAILQ_REMOVE(&k->wanted, m, keep_link);
	m->keep_wanted = false;
}

static void timer_set(struct keep *k, u64 us)
{
	sd_event_source_set_time_relative(k->timer, us);
	sd_event_source_set_enabled(k->timer, SD_EVENT_ONESHOT);
}

static int on_timer(sd_event_source *timer, u64 usec, void *ctx)
{
	struct keep *k = ctx;
	unsigned int n = 0;
	struct meter *m;

	/* What is left of meters that are gone goes first: then there is none of one that could go. */
	if (TAILQ_EMPTY(&k->sheets)) {
		while (n++ < BATCH_MAX && (m = TAILQ_FIRST(&k->wanted))) {
			unwant(k, m);
			sheet_add(k, m, false);
		}
	}
	batch_write(k);
	/* The rest after what came meanwhile. */
	if (!TAILQ_EMPTY(&k->wanted) || !TAILQ_EMPTY(&k->sheets))
		timer_set(k, PAUSE_US);
	return 0;
}

void keep_want(struct keep *k, struct meter *m)
{
	if (m->keep_wanted)
		return;
	if (TAILQ_EMPTY(&k->wanted))
		timer_set(k, KEEP_DELAY_US);
	m->keep_wanted = true;
	TAILQ_INSERT_TAIL(&k->wanted, m, keep_link);
}

void keep_last(struct keep *k, struct meter *m)
{
	unwant(k, m);
	if (!m->messages)
		return;
	sheet_add(k, m, true);
	timer_set(k, PAUSE_US);
}

int keep_forget(struct keep *k, const char *id)
{
	_cleanup_free_ char *path = path_of(k, id);

	if (!path)
		return -ENOMEM;
	/* Not to come back by what still waits. */
	all_write(k);
	return unlink(path) < 0 ? -errno : 0;
}

/* ---- reading ---- */

void keep_load(struct keep *k, struct meter *m)
{
	struct live_time now = { (s64)mono_us(), (s64)real_us() };
	_cleanup_free_ char *path = path_of(k, m->id), *text = malloc(FILE_MAX);
	char why[KEEP_WHY_MAX];
	size_t n = 0;
	int r;

	if (!path || !text)
		return;
	/* It may have gone a moment ago. */
	all_write(k);
	r = file_read(path, text, FILE_MAX, &n);
	if (r == -ENOENT)
		return;
	if (r < 0)
		snprintf(why, sizeof(why), "%s", strerror(-r));
	else
		r = keep_parse(m, text, n, now, why);
	if (r < 0)
		log_about(LOG_WARNING, m->source, m->id, "%s: %s: what is counted of meter %s "
			  "begins anew", path, why, m->id);
}

/* ---- beginning and end ---- */

int keep_new(sd_event *event, const char *dir, bool said, struct keep **ret)
{
	struct keep *k = calloc(1, sizeof(*k));
	int r;

	if (!k)
		return -ENOMEM;
	TAILQ_INIT(&k->wanted);
	TAILQ_INIT(&k->sheets);
	if (asprintf(&k->folder, "%s/" FOLDER, dir) < 0)
		k->folder = NULL;
	if (!k->folder ||
	    sd_event_add_time(event, &k->timer, CLOCK_MONOTONIC, 0, 0, on_timer, k) < 0 ||
	    sd_event_source_set_enabled(k->timer, SD_EVENT_OFF) < 0) {
		keep_free(k);
		return -ENOMEM;
	}
	k->failed = said;
	r = folder_make(k->folder);
	if (r < 0 && !said)
		log_warning("state folder %s: %s: what is counted of meters will not be remembered",
			    k->folder, strerror(-r));
	k->failed |= r < 0;
	*ret = k;
	return 0;
}

void keep_free(struct keep *k)
{
	if (!k)
		return;
	all_write(k);
	sd_event_source_disable_unref(k->timer);
	free(k->folder);
	free(k);
}
