/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The registry: which sources and meters there are, which message belongs to which meter, and who
 * is told.
 */
#ifndef AMSHAN_REGISTRY_H
#define AMSHAN_REGISTRY_H

#include "config.h"
#include "output/output.h"
#include "source/source.h"
#include "state.h"

struct counters_file;
struct keep;
struct kernel_ports;
struct registry;

/**
 * registry_new() - an empty registry
 * @event: the loop
 * @state: what was remembered; not owned
 * @keep: what is kept of meters; not owned
 * @counters: frame counters of encrypted meters; not owned
 * @ports: for kernel: sources; not owned; NULL: there are none
 * @changed: the number of sources, meters, or of those that deliver changed; from the loop
 * @ctx: for @changed
 * @ret: the registry
 *
 * Return: 0, -ENOMEM.
 */
int registry_new(sd_event *event, struct state *state, struct keep *keep,
		 struct counters_file *counters, struct kernel_ports *ports,
		 void (*changed)(void *ctx), void *ctx, struct registry **ret);
void registry_free(struct registry *reg);

/**
 * registry_set_tables() - what all sources decode by, now and later
 * @reg: the registry
 * @tables: of the user's (tables_makers()), or NULL; outlive the next call, or the registry
 *
 * Nothing points into the former ones afterwards.
 */
void registry_set_tables(struct registry *reg, const struct maker *const *tables);

/* registry_add_output() - show everything that exists, and what comes; not owned */
int registry_add_output(struct registry *reg, struct output *o);
void registry_remove_output(struct registry *reg, struct output *o);

/**
 * registry_add_source() - make a source and start it
 * @reg: the registry
 * @config: its section; not kept
 * @mqtt: the broker, or NULL
 *
 * Return: 0, or a negative errno: then the reason was logged.
 */
int registry_add_source(struct registry *reg, const struct source_config *config,
			struct mqtt_client *mqtt);

/* registry_update_source() - new settings for a source whose URI did not change; -ENOENT: there is none */
int registry_update_source(struct registry *reg, const struct source_config *config);

/* registry_source_next() - the source behind @s, the first one for NULL; NULL: there is none */
const struct source *registry_source_next(const struct registry *reg, const struct source *s);

/* registry_remove_source() - with its meters, as long as no other source reads them */
void registry_remove_source(struct registry *reg, const char *name);

/**
 * registry_forget() - remove a meter, and all that was kept or retained of it
 * @reg: the registry
 * @id: its id; it need not exist any more
 *
 * One that still sends is there again, as a new one, with its next list.
 *
 * Return: 0; -ENOENT: there is no such meter, and nothing of it was kept.
 */
int registry_forget(struct registry *reg, const char *id);

/* struct registry_count - for a line of status */
struct registry_count {
	unsigned int sources;
	unsigned int delivering;
	unsigned int meters;
};

struct registry_count registry_count(const struct registry *reg);

#endif /* AMSHAN_REGISTRY_H */
