/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The settings of a client: are they sound, what is meant by what is not said.
 */
#ifndef AMSHAN_MQTT_SETTINGS_H
#define AMSHAN_MQTT_SETTINGS_H

#include "mqtt/client.h"

/* With the NUL; every broker takes 23 octets (MQTT 3.1.1, 3.1.3.1). */
#define CLIENT_ID_MAX	24

/* settings_mistake() - what contradicts itself, in a sentence, or NULL */
const char *settings_mistake(const struct mqtt_config *config);

/**
 * settings_copy() - a copy with what was not said filled in: port, keep-alive, TLS
 * @from: sound
 * @to: zeroed
 *
 * Return: 0, or -ENOMEM: settings_clear() what was copied.
 */
int settings_copy(const struct mqtt_config *from, struct mqtt_config *to);
void settings_clear(struct mqtt_config *config);

/**
 * settings_make_id() - a client id
 * @topic: of the last will, or NULL
 * @id: CLIENT_ID_MAX octets
 *
 * The same at each start of the same daemon: a broker that has not noticed that the last connection
 * is dead ends it when we return, so the last will comes before our "online", not minutes after it.
 */
void settings_make_id(const char *topic, char *id);

#endif /* AMSHAN_MQTT_SETTINGS_H */
