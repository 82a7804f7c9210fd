/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The Home Assistant output: announces each meter as a device over MQTT, with an entity for each
 * quantity that it has sent.  The values are those of the MQTT output.
 */
#ifndef AMSHAN_OUTPUT_HOMEASSISTANT_H
#define AMSHAN_OUTPUT_HOMEASSISTANT_H

#include <systemd/sd-event.h>

#include "output/output.h"

struct mqtt_client;

/**
 * homeassistant_output_new() - announce meters
 * @event: the loop
 * @client: the connection; outlives the output
 * @prefix: topic of the discovery, "homeassistant"; copied
 * @base: base topic of the MQTT output; copied
 * @announce: false: announce nothing; what was announced before can still be forgotten
 * @ret: the output
 *
 * Return: 0 or -ENOMEM.
 */
int homeassistant_output_new(sd_event *event, struct mqtt_client *client, const char *prefix,
			     const char *base, bool announce, struct output **ret);

#endif /* AMSHAN_OUTPUT_HOMEASSISTANT_H */
