/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Outputs: what the manager tells those who show readings.  The only way downstream.
 *
 * Calls come from the event loop.  An output must not block, and must not call back into the
 * manager from within them.
 */
#ifndef AMSHAN_OUTPUT_OUTPUT_H
#define AMSHAN_OUTPUT_OUTPUT_H

#include "meter/meter.h"

struct source;
struct output;

/**
 * struct output_ops - an output; members may be NULL
 * @source_added: a source exists
 * @source_changed: its state, reason or health changed (counters change without)
 * @source_removed: it is about to go
 * @meter_added: a meter exists; it has sent nothing yet
 * @meter_updated: one message was taken into it; once per message
 * @meter_availability: meter->available changed
 * @meter_removed: it is about to go
 * @meter_forgotten: whatever was left of a meter of this id is to be removed; it has gone already, if
 *                   there was one
 * @stop: the daemon ends: say farewell; may take a bounded time, calls nothing more
 * @free: release it
 */
struct output_ops {
	void (*source_added)(struct output *o, struct source *s);
	void (*source_changed)(struct output *o, struct source *s);
	void (*source_removed)(struct output *o, struct source *s);
	void (*meter_added)(struct output *o, struct meter *m);
	void (*meter_updated)(struct output *o, struct meter *m, const struct meter_update *u);
	void (*meter_availability)(struct output *o, struct meter *m);
	void (*meter_removed)(struct output *o, struct meter *m);
	void (*meter_forgotten)(struct output *o, const char *id);
	void (*stop)(struct output *o);
	void (*free)(struct output *o);
};

/* struct output - embedded as first member by each output */
struct output {
	const struct output_ops *ops;
};

#endif /* AMSHAN_OUTPUT_OUTPUT_H */
