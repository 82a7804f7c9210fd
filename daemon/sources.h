/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The configured sources: what of a configuration is made into sources, at the beginning and with
 * each reload.
 */
#ifndef AMSHAN_SOURCES_H
#define AMSHAN_SOURCES_H

#include "config.h"
#include "port_sources.h"
#include "registry.h"

/**
 * struct sources - where they are made; members are set by the owner
 * @registry: not owned
 * @ports: not owned
 * @all_ports: the section "kernel:", NULL: there is none; freed by sources_end()
 */
struct sources {
	struct registry *registry;
	struct kernel_ports *ports;
	struct port_sources *all_ports;
};

/**
 * sources_check() - would every source of this configuration be understood?
 * @event: the loop
 * @c: the configuration
 *
 * Return: 0, or a negative errno; then the reasons were logged.
 */
int sources_check(sd_event *event, const struct config *c);

/* sources_add() - make all of them; 0, or a negative errno, then the reason was logged */
int sources_add(struct sources *s, const struct config *c, struct mqtt_client *mqtt);

/**
 * sources_drop() - first half of a reload: what is gone or changed goes
 * @s: where
 * @old: the configuration so far
 * @new: the next one
 * @mqtt_changed: sources that read from the broker count as changed
 */
void sources_drop(struct sources *s, const struct config *old, const struct config *new,
		  bool mqtt_changed);

/* sources_take() - second half: what is new or changed comes, the rest gets its new settings */
void sources_take(struct sources *s, const struct config *old, const struct config *new,
		  bool mqtt_changed, struct mqtt_client *mqtt);

/* sources_end() - all that is not in the registry alone */
void sources_end(struct sources *s);

#endif /* AMSHAN_SOURCES_H */
