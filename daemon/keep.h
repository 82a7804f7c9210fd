/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What is kept of each meter over a restart: DIR/meters/ID.json, written whole and renamed into place.
 *
 * A file is whole or not there: after a crash it is the one before.  How far the live register may
 * have been shown since is in it (live_reserve()), so that it does not go back.  What cannot be read is
 * said and left out: the values begin anew.  A folder that cannot be written is said once; then
 * everything works, and a crash may show.
 */
#ifndef AMSHAN_KEEP_H
#define AMSHAN_KEEP_H

#include <systemd/sd-event.h>

#include "meter/meter.h"

#define KEEP_DELAY_US	(1 * 1000000ull)	/* from the wish to the file */

struct keep;

/**
 * keep_new() - begin
 * @event: the loop
 * @dir: the state folder; "meters" in it is made if it is not there
 * @said: it was said already that it cannot be written
 * @ret: untouched on failure
 *
 * Return: 0 or -ENOMEM.
 */
int keep_new(sd_event *event, const char *dir, bool said, struct keep **ret);

/* keep_free() - writes what was handed to keep_last() */
void keep_free(struct keep *k);

/* keep_load() - a meter that has just been made gets what was kept of it */
void keep_load(struct keep *k, struct meter *m);

/* keep_want() - write it within KEEP_DELAY_US */
void keep_want(struct keep *k, struct meter *m);

/* keep_last() - the meter goes: it is written with what was shown, soon or by keep_free() */
void keep_last(struct keep *k, struct meter *m);

/**
 * keep_forget() - remove what is kept
 * @k: the keeper
 * @id: the meter's; if it still exists, nothing of it is written from now on but by keep_want()
 *
 * Return: 0; -ENOENT: nothing was kept; another negative errno.
 */
int keep_forget(struct keep *k, const char *id);

/* ---- keep_json.c ---- */

/**
 * keep_text() - a meter as the text of its file
 * @m: the meter
 * @last: it goes: so far as it was shown, no further
 *
 * Return: the text, to be freed, or NULL without memory.
 */
char *keep_text(const struct meter *m, bool last);

/**
 * keep_parse() - the text of a file back into a meter
 * @m: the meter, as meter_new() made it; untouched on failure
 * @text: the text
 * @n: its length
 * @now: the time
 * @why: what is wrong with it, KEEP_WHY_MAX octets
 *
 * Return: 0, -EINVAL or -ENOMEM.
 */
int keep_parse(struct meter *m, const char *text, size_t n, struct live_time now, char *why);

#define KEEP_WHY_MAX	256

#endif /* AMSHAN_KEEP_H */
