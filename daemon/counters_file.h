/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Frame counters over a restart: DIR/counters.json, written whole and renamed into place.
 *
 * Written COUNTERS_WRITE_US after the first change, and at the end; not with each message, which
 * would be some thousand times a day.  So after a crash or a power cut, messages of the last
 * COUNTERS_WRITE_US could be replayed: then they are taken once more.  The other way round,
 * counters ahead of what was seen in the file, would refuse messages that the meter did send, which
 * is worse.
 *
 * A file that is missing is an empty table.  One that cannot be understood is said, is kept beside
 * as counters.json.broken, and the table begins empty: then every old message could be replayed
 * once.
 */
#ifndef AMSHAN_COUNTERS_FILE_H
#define AMSHAN_COUNTERS_FILE_H

#include <systemd/sd-event.h>

#include "dlms/counters.h"

#define COUNTERS_WRITE_US	(300 * 1000000ull)

struct counters_file;

/**
 * counters_file_new() - read what is kept
 * @event: the loop
 * @dir: the state folder; it exists, or was said to be missing
 * @said: it was said already that it cannot be written
 * @ret: untouched on failure
 *
 * Return: 0 or -ENOMEM.
 */
int counters_file_new(sd_event *event, const char *dir, bool said, struct counters_file **ret);

/* counters_file_free() - writes what is not written yet; NULL is nothing */
void counters_file_free(struct counters_file *f);

/* counters_file_table() - the table; after a change of it counters_file_changed() is to be called */
struct counters *counters_file_table(struct counters_file *f);

/* counters_file_changed() - write it soon, if it is dirty; cheap */
void counters_file_changed(struct counters_file *f);

/**
 * counters_file_forget() - a meter was exchanged or reset
 * @f: the file
 * @title: APDU_TITLE_MAX octets
 *
 * Written at once: after a crash it is not to be said again.  If that fails it is said, and tried
 * again.
 *
 * Return: 0; -ENOENT: no counter of it is known.
 */
int counters_file_forget(struct counters_file *f, const u8 *title);

#endif /* AMSHAN_COUNTERS_FILE_H */
