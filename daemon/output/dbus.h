/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The D-Bus output: org.amshan.Amshan1, one object per source and per meter.
 */
#ifndef AMSHAN_OUTPUT_DBUS_H
#define AMSHAN_OUTPUT_DBUS_H

#include <systemd/sd-event.h>

#include "output/output.h"

struct mqtt_client;

/**
 * struct dbus_output_owner - what the output asks of its owner
 * @reload: Reload() was called: begin to reload, 0 or a negative errno
 * @forget: Forget() was called: 0, -ENOENT or another negative errno
 * @forget_counter: ForgetCounter() was called, for a system title of APDU_TITLE_MAX octets:
 *                  likewise
 * @ready: the bus name is ours, for the first time or again after the bus was restarted
 */
struct dbus_output_owner {
	int (*reload)(void *ctx);
	int (*forget)(void *ctx, const char *id);
	int (*forget_counter)(void *ctx, const u8 *title);
	void (*ready)(void *ctx);
};

/**
 * dbus_output_new() - connect to the bus and ask for the name; without a bus, keep trying
 * @event: the loop
 * @session: use the session bus
 * @mqtt: for .Manager's MqttState, or NULL
 * @owner: see there
 * @ctx: for @owner
 * @ret: the output
 *
 * A bus that is not there, refuses the name or goes away is said once and tried again with
 * back-off; everything that exists by then is shown once the connection is up.
 *
 * Return: 0 or -ENOMEM.
 */
int dbus_output_new(sd_event *event, bool session, struct mqtt_client *mqtt,
		    const struct dbus_output_owner *owner, void *ctx, struct output **ret);

/**
 * dbus_output_set_mqtt() - show another connection to the broker
 * @o: what dbus_output_new() gave
 * @mqtt: the connection, or NULL: MqttState is "off"
 *
 * To be called with NULL before a connection that it shows is freed.
 *
 * Return: 0; -ENOMEM: then it shows none.
 */
int dbus_output_set_mqtt(struct output *o, struct mqtt_client *mqtt);

#endif /* AMSHAN_OUTPUT_DBUS_H */
