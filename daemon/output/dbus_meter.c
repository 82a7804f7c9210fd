// SPDX-License-Identifier: GPL-2.0
/*
 * Meters on the bus: .Meter always; .Power, .Phases, .Energy, .Quality, .Derived and .Clock once there
 * are values of them.
 *
 * The values are read where they are, in struct meter; the vtables are made of the table of
 * quantities.  What is kept here beside it: when each interface got its values.
 */
#include <errno.h>
#include <string.h>

#include "log.h"
#include "output/dbus_internal.h"

#define METER_PREFIX	DBUS_PATH "/meter"
#define METER		DBUS_NAME ".Meter"
#define CLOCK		DBUS_NAME ".Clock"

/**
 * struct dbus_meter - a meter on the bus
 * @object: path and meter
 * @clock: .Clock was shown
 * @received: time of the last message that had quantities of a group
 */
struct dbus_meter {
	struct dbus_object object;
	bool clock;
	u64 received[GROUP_COUNT];
};

static const char *const group_interface[GROUP_COUNT] = {
	[GROUP_POWER] = DBUS_NAME ".Power",
	[GROUP_PHASES] = DBUS_NAME ".Phases",
	[GROUP_ENERGY] = DBUS_NAME ".Energy",
	[GROUP_QUALITY] = DBUS_NAME ".Quality",
	[GROUP_DERIVED] = DBUS_NAME ".Derived",
};

/* The group that an interface shows, GROUP_COUNT for the others. */
static unsigned int group_of(const char *interface)
{
	unsigned int g = 0;

	while (g < GROUP_COUNT && strcmp(interface, group_interface[g]) != 0)
		g++;
	return g;
}

static int get_received(sd_bus *bus, const char *path, const char *interface, const char *property,
			sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
	const struct meter *m = userdata;
	const struct dbus_meter *dm = m->dbus;

	return sd_bus_message_append_basic(reply, 't', &dm->received[group_of(interface)]);
}

static int get_available(sd_bus *bus, const char *path, const char *interface, const char *property,
			 sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
	const struct meter *m = userdata;

	return sd_bus_message_append(reply, "b", (int)m->available);
}

static int get_unverified(sd_bus *bus, const char *path, const char *interface,
			  const char *property, sd_bus_message *reply, void *userdata,
			  sd_bus_error *error)
{
	const struct meter *m = userdata;

	return sd_bus_message_append(reply, "b", (int)m->unverified);
}

static int get_meter_time(sd_bus *bus, const char *path, const char *interface,
			  const char *property, sd_bus_message *reply, void *userdata,
			  sd_bus_error *error)
{
	const struct meter *m = userdata;
	u64 us = m->clock.utc_known && m->clock.utc_us > 0 ? (u64)m->clock.utc_us : 0;

	return sd_bus_message_append_basic(reply, 't', &us);
}

/* A quantity that is a time: microseconds since the epoch, 0 if it has none. */
static int get_time(sd_bus *bus, const char *path, const char *interface, const char *property,
		    sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
	double seconds = *(double *)userdata;
	u64 us = seconds > 0 ? (u64)seconds * USEC_PER_SEC : 0;

	return sd_bus_message_append_basic(reply, 't', &us);
}

static int append_derived(sd_bus_message *msg, const struct meter *m)
{
	int r = sd_bus_message_open_container(msg, 'a', "s");

	for (unsigned int q = 0; q < Q_COUNT && r >= 0; q++)
		if (m->derived[q / 64] >> (q % 64) & 1)
			r = sd_bus_message_append_basic(msg, 's', quantity_table[q].name);
	return r < 0 ? r : sd_bus_message_close_container(msg);
}

static int get_derived(sd_bus *bus, const char *path, const char *interface, const char *property,
		       sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
	return append_derived(reply, userdata);
}

#define CONSTANT	SD_BUS_VTABLE_PROPERTY_CONST
#define CHANGES		SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE

#define TEXT(name, member, flags) \
	SD_BUS_PROPERTY(name, "s", dbus_get_text, offsetof(struct meter, member), flags)

static const sd_bus_vtable meter_vtable[] = {
	SD_BUS_VTABLE_START(0),
	TEXT("Id", id, CONSTANT),
	SD_BUS_PROPERTY("Source", "s", dbus_get_string, offsetof(struct meter, source), CHANGES),
	TEXT("Via", via, CHANGES),
	TEXT("MeterId", identity[ID_METER_ID], CHANGES),
	TEXT("Manufacturer", identity[ID_MANUFACTURER], CHANGES),
	TEXT("Type", identity[ID_METER_TYPE], CHANGES),
	TEXT("ListVersion", identity[ID_LIST_VERSION], CHANGES),
	SD_BUS_PROPERTY("Available", "b", get_available, 0, CHANGES),
	SD_BUS_PROPERTY("Unverified", "b", get_unverified, 0, CHANGES),
	SD_BUS_PROPERTY("Derived", "as", get_derived, 0, CHANGES),
	TEXT("Problem", problem, CHANGES),
	SD_BUS_PROPERTY("LastMessage", "t", NULL, offsetof(struct meter, last_us), 0),
	SD_BUS_PROPERTY("Messages", "t", NULL, offsetof(struct meter, messages), 0),
	SD_BUS_VTABLE_END,
};

static const sd_bus_vtable clock_vtable[] = {
	SD_BUS_VTABLE_START(0),
	SD_BUS_PROPERTY("MeterTime", "t", get_meter_time, 0, CHANGES),
	TEXT("Local", clock.iso, CHANGES),
	SD_BUS_VTABLE_END,
};

/*
 * One vtable per group, its rows picked from the table of quantities: IN_<group>_<group of the row>
 * passes a row on or drops it.
 */
#define ROW(id, dbus, kind)									\
	SD_BUS_PROPERTY(dbus, KIND_##kind == KIND_TIME ? "t" : "d",				\
			KIND_##kind == KIND_TIME ? get_time : NULL,				\
			offsetof(struct meter, latest[Q_##id]), CHANGES),
#define RECEIVED SD_BUS_PROPERTY("Received", "t", get_received, 0, CHANGES)

#define IN_POWER_POWER(...)	__VA_ARGS__
#define IN_POWER_PHASES(...)
#define IN_POWER_ENERGY(...)
#define IN_POWER_QUALITY(...)
#define IN_POWER_DERIVED(...)
#define IN_PHASES_POWER(...)
#define IN_PHASES_PHASES(...)	__VA_ARGS__
#define IN_PHASES_ENERGY(...)
#define IN_PHASES_QUALITY(...)
#define IN_PHASES_DERIVED(...)
#define IN_ENERGY_POWER(...)
#define IN_ENERGY_PHASES(...)
#define IN_ENERGY_ENERGY(...)	__VA_ARGS__
#define IN_ENERGY_QUALITY(...)
#define IN_ENERGY_DERIVED(...)
#define IN_QUALITY_POWER(...)
#define IN_QUALITY_PHASES(...)
#define IN_QUALITY_ENERGY(...)
#define IN_QUALITY_QUALITY(...)	__VA_ARGS__
#define IN_QUALITY_DERIVED(...)
#define IN_DERIVED_POWER(...)
#define IN_DERIVED_PHASES(...)
#define IN_DERIVED_ENERGY(...)
#define IN_DERIVED_QUALITY(...)
#define IN_DERIVED_DERIVED(...)	__VA_ARGS__

static const sd_bus_vtable power_vtable[] = {
	SD_BUS_VTABLE_START(0),
#define X(id, name, dbus, title, kind, group, show, c, d, e) IN_POWER_##group(ROW(id, dbus, kind))
	QUANTITIES(X)
#undef X
	RECEIVED,
	SD_BUS_VTABLE_END,
};

static const sd_bus_vtable phases_vtable[] = {
	SD_BUS_VTABLE_START(0),
#define X(id, name, dbus, title, kind, group, show, c, d, e) IN_PHASES_##group(ROW(id, dbus, kind))
	QUANTITIES(X)
#undef X
	RECEIVED,
	SD_BUS_VTABLE_END,
};

static const sd_bus_vtable energy_vtable[] = {
	SD_BUS_VTABLE_START(0),
#define X(id, name, dbus, title, kind, group, show, c, d, e) IN_ENERGY_##group(ROW(id, dbus, kind))
	QUANTITIES(X)
#undef X
	RECEIVED,
	SD_BUS_VTABLE_END,
};

static const sd_bus_vtable quality_vtable[] = {
	SD_BUS_VTABLE_START(0),
#define X(id, name, dbus, title, kind, group, show, c, d, e) IN_QUALITY_##group(ROW(id, dbus, kind))
	QUANTITIES(X)
#undef X
	RECEIVED,
	SD_BUS_VTABLE_END,
};

static const sd_bus_vtable derived_vtable[] = {
	SD_BUS_VTABLE_START(0),
#define X(id, name, dbus, title, kind, group, show, c, d, e) IN_DERIVED_##group(ROW(id, dbus, kind))
	QUANTITIES(X)
#undef X
	RECEIVED,
	SD_BUS_VTABLE_END,
};

static const struct {
	const char *name;
	const sd_bus_vtable *vtable;
} interfaces[] = {
	{ METER, meter_vtable },
	{ DBUS_NAME ".Power", power_vtable },
	{ DBUS_NAME ".Phases", phases_vtable },
	{ DBUS_NAME ".Energy", energy_vtable },
	{ DBUS_NAME ".Quality", quality_vtable },
	{ DBUS_NAME ".Derived", derived_vtable },
	{ CLOCK, clock_vtable },
};

static bool has_interface(const struct meter *m, const char *interface)
{
	unsigned int g = group_of(interface);

	if (g < GROUP_COUNT)
		return m->groups >> g & 1;
	return strcmp(interface, CLOCK) != 0 || m->clock.known;
}

static int find_meter(sd_bus *bus, const char *path, const char *interface, void *userdata,
		      void **ret, sd_bus_error *error)
{
	struct dbus_output *o = userdata;
	struct dbus_object *object = dbus_objects_find(&o->meters, path);

	if (!object || !has_interface(object->about, interface))
		return 0;
	*ret = object->about;
	return 1;
}

static int list_meters(sd_bus *bus, const char *prefix, void *userdata, char ***ret,
		       sd_bus_error *error)
{
	struct dbus_output *o = userdata;

	return dbus_objects_paths(&o->meters, ret);
}

int dbus_meters_register(struct dbus_output *o)
{
	for (size_t i = 0; i < ARRAY_SIZE(interfaces); i++) {
		int r = sd_bus_add_fallback_vtable(o->bus, NULL, METER_PREFIX, interfaces[i].name,
						   interfaces[i].vtable, find_meter, o);

		if (r < 0)
			return r;
	}
	return sd_bus_add_node_enumerator(o->bus, NULL, METER_PREFIX, list_meters, o);
}

/* ---- signals ---- */

enum meter_change {
	CHANGED_IDENTITY = 1,	/* the texts, and the source, with which they may come and go */
	CHANGED_AVAILABLE = 2,
	CHANGED_DERIVED = 4,
	CHANGED_UNVERIFIED = 8,
	CHANGED_PROBLEM = 16,
};

static int append_text_property(sd_bus_message *msg, const char *name, const char *text)
{
	int r = sd_bus_message_open_container(msg, 'e', "sv");

	if (r >= 0)
		r = sd_bus_message_append_basic(msg, 's', name);
	if (r >= 0)
		r = sd_bus_message_open_container(msg, 'v', "s");
	if (r >= 0)
		r = dbus_append_text(msg, text);
	if (r >= 0)
		r = sd_bus_message_close_container(msg);
	return r < 0 ? r : sd_bus_message_close_container(msg);
}

static int append_derived_property(sd_bus_message *msg, const struct meter *m)
{
	int r = sd_bus_message_open_container(msg, 'e', "sv");

	if (r >= 0)
		r = sd_bus_message_append_basic(msg, 's', "Derived");
	if (r >= 0)
		r = sd_bus_message_open_container(msg, 'v', "as");
	if (r >= 0)
		r = append_derived(msg, m);
	if (r >= 0)
		r = sd_bus_message_close_container(msg);
	return r < 0 ? r : sd_bus_message_close_container(msg);
}

/*
 * PropertiesChanged of .Meter.  Written by hand because LastMessage has no signal of its own and
 * yet rides along, which sd_bus_emit_properties_changed() refuses.
 */
static int emit_meter(struct dbus_output *o, const char *path, const struct meter *m,
		      unsigned int changed)
{
	_cleanup_(sd_bus_message_unrefp) sd_bus_message *msg = NULL;
	int r;

	r = sd_bus_message_new_signal(o->bus, &msg, path, "org.freedesktop.DBus.Properties",
				      "PropertiesChanged");
	if (r >= 0)
		r = sd_bus_message_append_basic(msg, 's', METER);
	if (r >= 0)
		r = sd_bus_message_open_container(msg, 'a', "{sv}");
	if (r >= 0 && changed & CHANGED_IDENTITY)
		r = append_text_property(msg, "Source", m->source);
	if (r >= 0 && changed & CHANGED_IDENTITY)
		r = append_text_property(msg, "Via", m->via);
	for (unsigned int i = 0; i < ID_COUNT && r >= 0 && changed & CHANGED_IDENTITY; i++) {
		static const char *const names[ID_COUNT] = {
			[ID_METER_ID] = "MeterId",
			[ID_METER_TYPE] = "Type",
			[ID_MANUFACTURER] = "Manufacturer",
			[ID_LIST_VERSION] = "ListVersion",
		};

		r = append_text_property(msg, names[i], m->identity[i]);
	}
	if (r >= 0 && changed & CHANGED_AVAILABLE)
		r = sd_bus_message_append(msg, "{sv}", "Available", "b", (int)m->available);
	if (r >= 0 && changed & CHANGED_UNVERIFIED)
		r = sd_bus_message_append(msg, "{sv}", "Unverified", "b", (int)m->unverified);
	if (r >= 0 && changed & CHANGED_DERIVED)
		r = append_derived_property(msg, m);
	if (r >= 0 && changed & CHANGED_PROBLEM)
		r = append_text_property(msg, "Problem", m->problem);
	if (r >= 0)
		r = sd_bus_message_append(msg, "{sv}", "LastMessage", "t", m->last_us);
	if (r >= 0)
		r = sd_bus_message_close_container(msg);
	if (r >= 0)
		r = sd_bus_message_append(msg, "as", 0);
	return r < 0 ? r : sd_bus_send(o->bus, msg, NULL);
}

/* PropertiesChanged of a group: the quantities that the message had or that were lost, and when. */
static int emit_group(struct dbus_output *o, const char *path, unsigned int group,
		      const struct readings *r)
{
	char *names[Q_COUNT + 2];
	size_t n = 0;

	for_each_reading(q, r)
		if (quantity_table[q].group == group)
			names[n++] = (char *)quantity_table[q].dbus;
	for (unsigned int q = Q_SENT_COUNT; q < Q_COUNT; q++)
		if (quantity_table[q].group == group && r->lost[q / 64] >> (q % 64) & 1)
			names[n++] = (char *)quantity_table[q].dbus;
	if (!n)
		return 0;
	names[n++] = (char *)"Received";
	names[n] = NULL;
	return sd_bus_emit_properties_changed_strv(o->bus, path, group_interface[group], names);
}

/* InterfacesAdded for what the meter sent for the first time. */
static int emit_new_interfaces(struct dbus_output *o, const char *path, u8 groups, bool clock)
{
	char *names[GROUP_COUNT + 2];
	size_t n = 0;

	for (unsigned int g = 0; g < GROUP_COUNT; g++)
		if (groups >> g & 1)
			names[n++] = (char *)group_interface[g];
	if (clock)
		names[n++] = (char *)CLOCK;
	names[n] = NULL;
	return n ? sd_bus_emit_interfaces_added_strv(o->bus, path, names) : 0;
}

/* ---- what the manager tells ---- */

static void meter_free_object(struct dbus_meter *dm)
{
	free(dm->object.path);
	free(dm);
}

void dbus_meter_added(struct output *output, struct meter *m)
{
	struct dbus_output *o = container_of(output, struct dbus_output, output);
	struct dbus_meter *dm = calloc(1, sizeof(*dm));

	m->dbus = NULL;
	if (!dm || dbus_object_init(&dm->object, METER_PREFIX, m->id, m) < 0 ||
	    dbus_objects_add(&o->meters, &dm->object) < 0) {
		if (dm)
			meter_free_object(dm);
		log_about(LOG_ERR, m->source, m->id, "no memory to show meter %s on D-Bus", m->id);
		return;
	}
	dm->clock = m->clock.known;
	m->dbus = dm;
	if (dbus_up(o))
		dbus_sent(o, sd_bus_emit_object_added(o->bus, dm->object.path));
}

void dbus_meter_updated(struct output *output, struct meter *m, const struct meter_update *u)
{
	struct dbus_output *o = container_of(output, struct dbus_output, output);
	struct dbus_meter *dm = m->dbus;
	unsigned int changed = (u->identity ? CHANGED_IDENTITY : 0) |
			       (u->derived ? CHANGED_DERIVED : 0) |
			       (u->unverified ? CHANGED_UNVERIFIED : 0) |
			       (u->problem ? CHANGED_PROBLEM : 0);
	bool new_clock;

	if (!dm)
		return;
	for_each_reading(q, u->readings)
		dm->received[quantity_table[q].group] = u->real_us;
	for (unsigned int q = Q_SENT_COUNT; q < Q_COUNT; q++)
		if (u->readings->lost[q / 64] >> (q % 64) & 1)
			dm->received[quantity_table[q].group] = u->real_us;
	new_clock = u->clock && !dm->clock;
	dm->clock |= u->clock;
	/* First whose values they are and which of them are derived, then the values. */
	if (changed && dbus_up(o))
		dbus_sent(o, emit_meter(o, dm->object.path, m, changed));
	if (dbus_up(o))
		dbus_sent(o, emit_new_interfaces(o, dm->object.path, u->new_groups, new_clock));
	/* What was lost before there was any value of its kind has no interface yet. */
	for (unsigned int g = 0; g < GROUP_COUNT; g++)
		if (m->groups >> g & 1 && dbus_up(o))
			dbus_sent(o, emit_group(o, dm->object.path, g, u->readings));
	if (u->clock && dbus_up(o))
		dbus_sent(o, sd_bus_emit_properties_changed(o->bus, dm->object.path, CLOCK,
							    "MeterTime", "Local", NULL));
}

void dbus_meter_availability(struct output *output, struct meter *m)
{
	struct dbus_output *o = container_of(output, struct dbus_output, output);
	struct dbus_meter *dm = m->dbus;

	if (dm && dbus_up(o))
		dbus_sent(o, emit_meter(o, dm->object.path, m, CHANGED_AVAILABLE));
}

void dbus_meter_removed(struct output *output, struct meter *m)
{
	struct dbus_output *o = container_of(output, struct dbus_output, output);
	struct dbus_meter *dm = m->dbus;

	if (!dm)
		return;
	/* The signal names the interfaces, so it goes out while they can still be found. */
	if (dbus_up(o))
		dbus_sent(o, sd_bus_emit_object_removed(o->bus, dm->object.path));
	dbus_objects_remove(&o->meters, &dm->object);
	meter_free_object(dm);
	m->dbus = NULL;
}

const struct meter *dbus_meter_of_source(const struct dbus_output *o, const char *source)
{
	for (size_t i = 0; i < o->meters.n; i++) {
		const struct meter *m = o->meters.all[i]->about;

		if (!*m->via && strcmp(m->source, source) == 0)
			return m;
	}
	return NULL;
}

void dbus_meters_free(struct dbus_output *o)
{
	for (size_t i = 0; i < o->meters.n; i++)
		meter_free_object((struct dbus_meter *)o->meters.all[i]);
	free(o->meters.all);
}
