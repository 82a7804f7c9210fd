/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The MQTT output: readings as JSON, availability, retained registers.
 */
#ifndef AMSHAN_OUTPUT_MQTT_H
#define AMSHAN_OUTPUT_MQTT_H

#include <systemd/sd-event.h>

#include "output/output.h"

struct mqtt_client;

/**
 * mqtt_output_base_mistake() - what is wrong with a base topic
 * @base: the base topic
 *
 * Return: the rest of a sentence that begins with the topic, as "is empty"; NULL if it is right.
 */
const char *mqtt_output_base_mistake(const char *base);

/**
 * mqtt_output_new() - show readings below a base topic
 * @event: the loop
 * @client: the connection; not yet started (its last will is set here); outlives the output
 * @base: base topic, "amshan"; copied
 * @ret: the output
 *
 * Return: 0; -EINVAL for a base topic with a mistake, which was logged; -ENOMEM.
 */
int mqtt_output_new(sd_event *event, struct mqtt_client *client, const char *base,
		    struct output **ret);

#endif /* AMSHAN_OUTPUT_MQTT_H */
