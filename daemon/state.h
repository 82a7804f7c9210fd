/* SPDX-License-Identifier: GPL-2.0 */
/*
 * State: what is remembered over a restart - which meter hangs on which source.
 *
 * One small JSON file, written whole and renamed into place. A folder that cannot be written is
 * said once; everything else works without it.
 */
#ifndef AMSHAN_STATE_H
#define AMSHAN_STATE_H

#include <systemd/sd-event.h>

#include <amshan/types.h>

struct state;

/**
 * state_load() - read DIR/sources.json; a missing or broken file is an empty state
 * @event: the loop
 * @dir: the folder; made if it is not there
 * @ret: the state
 *
 * Return: 0 or -ENOMEM.
 */
int state_load(sd_event *event, const char *dir, struct state **ret);

/* state_free() - writes what is not written yet */
void state_free(struct state *st);

/**
 * state_meter() - the meter that a source had
 * @st: the state
 * @source: its name
 * @uri: its URI; another line has another meter
 *
 * Return: its id, or NULL; valid until state_set_meter().
 */
const char *state_meter(const struct state *st, const char *source, const char *uri);

/*
 * state_set_meter() - remember it; NULL forgets.  The file is written within STATE_DELAY_US, so
 * that 1,000 meters that say their numbers at once are written once.
 */
#define STATE_DELAY_US	(1 * 1000000ull)
void state_set_meter(struct state *st, const char *source, const char *uri, const char *meter);

/* state_failed() - the folder cannot be written, which was said */
bool state_failed(const struct state *st);

/* state_forget_meter() - of every source that had it; returns true if there was one */
bool state_forget_meter(struct state *st, const char *meter);

#endif /* AMSHAN_STATE_H */
