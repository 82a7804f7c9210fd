/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Configuration: amshand.conf and its drop-in folder.
 */
#ifndef AMSHAN_CONFIG_H
#define AMSHAN_CONFIG_H

#include "dlms/keyring.h"
#include "meter/meter.h"
#include "mqtt/client.h"
#include "tables.h"

/**
 * struct source_config - section "source NAME"
 * @name: its title
 * @uri: where its octets come from
 * @meter: id of its meter, NULL: learned
 * @where: "FILE:LINE" of its uri, for sentences about it
 * @key_file: with keys of encrypted meters, NULL: none of its own
 * @keys: what stands in it, and behind that what stands in the one for all sources; NULL: no keys.
 *        Who keeps them takes a reference: a reload reads them anew
 * @settings: scale, clock, derived values
 */
struct source_config {
	char *name;
	char *uri;
	char *where;
	char *meter;
	char *key_file;
	struct keyring *keys;
	struct meter_settings settings;
};

/**
 * struct config - all of it; owned strings
 * @log_level: syslog priority
 * @state_dir: where learned ids are kept
 * @runtime_dir: where it is kept which frames were read, until the machine starts anew
 * @tables: the user's, of the folder tables.d next to the file; NULL: there is none
 * @dbus: show readings on D-Bus
 * @key_file: with keys of encrypted meters, for all sources; NULL: none
 * @keys: what stands in it; NULL: none, or it cannot be read
 * @peaks: how the grid company counts the highest hours
 * @mqtt_enabled: there is a section "mqtt"
 * @mqtt: the broker
 * @mqtt_topic: base topic
 * @mqtt_publish: show readings on MQTT
 * @discovery: and announce the meters to Home Assistant
 * @discovery_prefix: its topic for that
 * @sources: @n_sources of them
 */
struct config {
	int log_level;
	char *state_dir;
	char *runtime_dir;
	struct tables *tables;
	bool dbus;
	char *key_file;
	struct keyring *keys;
	struct peaks_settings peaks;
	bool mqtt_enabled;
	struct mqtt_config mqtt;
	char *mqtt_topic;
	bool mqtt_publish;
	bool discovery;
	char *discovery_prefix;
	struct source_config *sources;
	size_t n_sources;
};

/* Of the system. */
#define CONFIG_PATH	AMSHAN_SYSCONFDIR "/amshan/amshand.conf"

/**
 * config_load() - read a file, its drop-in folder (every *.conf of FILE.d, in the order of their
 * names), and the tables next to it (tables.h)
 * @path: the file
 * @ret: untouched on failure
 *
 * Mistakes are logged with file, line and key.
 *
 * Return: 0; -EINVAL for mistakes; -ENOENT, -EACCES, ... for a file that cannot be read.
 */
int config_load(const char *path, struct config **ret);
void config_free(struct config *c);

#endif /* AMSHAN_CONFIG_H */
