/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the files of the D-Bus output share: dbus.c has the connection, dbus_meter.c and
 * dbus_source.c have the objects below it.
 *
 * Meters and sources are served by fallback vtables and looked up by path, so that a meter costs
 * one small struct and nothing in sd-bus, and an interface is there or not as its meter says.
 */
#ifndef AMSHAN_OUTPUT_DBUS_INTERNAL_H
#define AMSHAN_OUTPUT_DBUS_INTERNAL_H

#include <systemd/sd-bus.h>

#include "backoff.h"
#include "output/dbus.h"
#include "source/source.h"

#define DBUS_NAME	"org.amshan.Amshan1"
#define DBUS_PATH	"/org/amshan/Amshan1"

/* What keeps us from being on the bus; each is said once until it is over. */
enum dbus_trouble {
	DBUS_NO_BUS = 1,
	DBUS_NO_NAME = 2,
};

/**
 * struct dbus_object - a meter or a source on the bus
 * @path: its object path, owned
 * @about: the struct meter or struct source, not owned
 */
struct dbus_object {
	char *path;
	void *about;
};

/* struct dbus_objects - some of them, sorted by path; zero it to begin */
struct dbus_objects {
	struct dbus_object **all;
	size_t n;
};

/**
 * struct dbus_output - the output
 * @output: what the manager sees
 * @event: the loop
 * @session: on the session bus, else on the system bus
 * @stopped: the daemon ends: no new attempts
 * @mqtt: for MqttState, or NULL
 * @owner: who is told of Reload() and of the name
 * @ctx: for @owner
 * @bus: the connection, NULL between attempts
 * @up: the name is ours: signals make sense
 * @timer: of the next attempt
 * @backoff: how long until then
 * @said: the kinds of trouble that were logged since the name was last ours
 * @meters: struct dbus_meter
 * @sources: struct dbus_object
 */
struct dbus_output {
	struct output output;
	sd_event *event;
	bool session;
	bool stopped;
	struct mqtt_client *mqtt;
	const struct dbus_output_owner *owner;
	void *ctx;

	sd_bus *bus;
	bool up;
	sd_event_source *timer;
	struct backoff backoff;
	unsigned int said;

	struct dbus_objects meters;
	struct dbus_objects sources;
};

/* ---- dbus.c ---- */

/**
 * dbus_up() - is there someone to tell?  To be asked before each signal
 *
 * A bus that does not take what is sent to it is given up here, so that what waits stays bounded.
 */
bool dbus_up(struct dbus_output *o);

/* dbus_sent() - look at the result of sending a signal; a failure gives up the connection */
void dbus_sent(struct dbus_output *o, int r);

/* ---- dbus_object.c ---- */

/**
 * dbus_object_init() - give it its path
 * @object: the object
 * @prefix: path above it
 * @name: name below @prefix, any octets
 * @about: struct meter or struct source
 *
 * Return: 0 or -ENOMEM.
 */
int dbus_object_init(struct dbus_object *object, const char *prefix, const char *name, void *about);

int dbus_objects_add(struct dbus_objects *list, struct dbus_object *object);
void dbus_objects_remove(struct dbus_objects *list, const struct dbus_object *object);
struct dbus_object *dbus_objects_find(const struct dbus_objects *list, const char *path);

/* dbus_objects_paths() - for node enumerators: 0, or -ENOMEM; *@ret is NULL if there are none */
int dbus_objects_paths(const struct dbus_objects *list, char ***ret);

/*
 * Getters for properties; the offset of the property leads to a char * (NULL is ""), or into a char
 * array.  Octets that a D-Bus string may not have are written as \xNN.
 */
int dbus_get_string(sd_bus *bus, const char *path, const char *interface, const char *property,
		    sd_bus_message *reply, void *userdata, sd_bus_error *error);
int dbus_get_text(sd_bus *bus, const char *path, const char *interface, const char *property,
		  sd_bus_message *reply, void *userdata, sd_bus_error *error);

/* dbus_append_text() - a string of unknown origin */
int dbus_append_text(sd_bus_message *m, const char *text);

/* ---- dbus_meter.c, dbus_source.c ---- */

int dbus_meters_register(struct dbus_output *o);
void dbus_meter_added(struct output *output, struct meter *m);
void dbus_meter_updated(struct output *output, struct meter *m, const struct meter_update *u);
void dbus_meter_availability(struct output *output, struct meter *m);
void dbus_meter_removed(struct output *output, struct meter *m);
void dbus_meters_free(struct dbus_output *o);

/* dbus_meter_of_source() - a meter that is read from it, or NULL */
const struct meter *dbus_meter_of_source(const struct dbus_output *o, const char *source);

int dbus_sources_register(struct dbus_output *o);
void dbus_source_added(struct output *output, struct source *s);
void dbus_source_changed(struct output *output, struct source *s);
void dbus_source_removed(struct output *output, struct source *s);
void dbus_sources_free(struct dbus_output *o);

#endif /* AMSHAN_OUTPUT_DBUS_INTERNAL_H */
