// SPDX-License-Identifier: GPL-2.0
/*
 * The model: from D-Bus messages to structs.  Properties follow a table per interface (fields.h),
 * numbers the table of quantities.
 */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "ctl/fields.h"
#include "ctl/model.h"
#include "util.h"

static const struct field manager_fields[] = {
	FIELD("Version", "s", model, version),
	FIELD("MqttState", "s", model, mqtt_state),
	FIELD("MqttReason", "s", model, mqtt_reason),
	{ },
};

/* Derived, as. */
static int read_derived(sd_bus_message *msg, void *object)
{
	struct model_meter *m = object;
	const char *name;
	int r;

	r = sd_bus_message_enter_container(msg, 'v', "as");
	if (r >= 0)
		r = sd_bus_message_enter_container(msg, 'a', "s");
	if (r < 0)
		return r;
	memset(m->derived, 0, sizeof(m->derived));
	while ((r = sd_bus_message_read_basic(msg, 's', &name)) > 0)
		for (unsigned int q = 0; q < Q_COUNT; q++)
			if (!strcmp(quantity_table[q].name, name))
				m->derived[q / 64] |= 1ull << (q % 64);
	if (r >= 0)
		r = sd_bus_message_exit_container(msg);
	return r < 0 ? r : sd_bus_message_exit_container(msg);
}

static const struct field meter_fields[] = {
	FIELD("Id", "s", model_meter, id),
	FIELD("Source", "s", model_meter, source),
	FIELD("Via", "s", model_meter, via),
	FIELD("MeterId", "s", model_meter, identity[ID_METER_ID]),
	FIELD("Manufacturer", "s", model_meter, identity[ID_MANUFACTURER]),
	FIELD("Type", "s", model_meter, identity[ID_METER_TYPE]),
	FIELD("ListVersion", "s", model_meter, identity[ID_LIST_VERSION]),
	FIELD("Available", "b", model_meter, available),
	FIELD("Unverified", "b", model_meter, unverified),
	FIELD("Problem", "s", model_meter, problem),
	FIELD("LastMessage", "t", model_meter, last_message),
	FIELD("Messages", "t", model_meter, messages),
	{ "Derived", "as", .read = read_derived },
	{ },
};

static const struct field clock_fields[] = {
	FIELD("MeterTime", "t", model_meter, meter_time),
	FIELD("Local", "s", model_meter, local),
	{ },
};

/* Counters, a{st}. */
static int read_counters(sd_bus_message *msg, void *object)
{
	struct model_source *s = object;
	const char *name;
	u64 value;
	int r;

	r = sd_bus_message_enter_container(msg, 'v', "a{st}");
	if (r >= 0)
		r = sd_bus_message_enter_container(msg, 'a', "{st}");
	if (r < 0)
		return r;
	s->n_counters = 0;
	while ((r = sd_bus_message_read(msg, "{st}", &name, &value)) > 0) {
		struct model_counter *c;

		if (s->n_counters == MODEL_COUNTERS_MAX)
			continue;
		c = &s->counters[s->n_counters++];
		field_copy(c->name, sizeof(c->name), name);
		c->value = value;
	}
	if (r >= 0)
		r = sd_bus_message_exit_container(msg);
	return r < 0 ? r : sd_bus_message_exit_container(msg);
}

static const struct field source_fields[] = {
	FIELD("Name", "s", model_source, name),
	FIELD("Uri", "s", model_source, uri),
	FIELD("State", "s", model_source, state),
	FIELD("Reason", "s", model_source, reason),
	FIELD("Since", "t", model_source, since),
	FIELD("Health", "s", model_source, health),
	FIELD("HealthText", "s", model_source, health_text),
	FIELD("LastOctet", "t", model_source, last_octet),
	FIELD("LastFrame", "t", model_source, last_frame),
	FIELD("LastMessage", "t", model_source, last_message),
	FIELD("Period", "t", model_source, period),
	FIELD("Framing", "s", model_source, framing),
	FIELD("SystemTitle", "s", model_source, system_title),
	FIELD("Meter", "s", model_source, meter),
	{ "Counters", "a{st}", .read = read_counters },
	{ },
};

/* What is behind an object path, and what its interfaces are. */
#define METER_PREFIX	AMSHAN_BUS_PATH "/meter/"
#define SOURCE_PREFIX	AMSHAN_BUS_PATH "/source/"
#define IFACE(name)	AMSHAN_BUS_NAME "." name

static const char *const group_interface[GROUP_COUNT] = {
	[GROUP_POWER] = IFACE("Power"),
	[GROUP_PHASES] = IFACE("Phases"),
	[GROUP_ENERGY] = IFACE("Energy"),
	[GROUP_QUALITY] = IFACE("Quality"),
	[GROUP_DERIVED] = IFACE("Derived"),
};

static bool begins(const char *s, const char *prefix)
{
	return !strncmp(s, prefix, strlen(prefix));
}

/* ---- objects ---- */

static void meter_free_one(struct model_meter *meter)
{
	if (!meter)
		return;
	free(meter->path);
	free(meter);
}

static void source_free_one(struct model_source *source)
{
	if (!source)
		return;
	free(source->path);
	free(source);
}

/* Both kinds of objects begin with their path. */
static size_t object_find(void *const *all, size_t n, const char *path)
{
	size_t i = 0;

	while (i < n && strcmp(*(char **)all[i], path))
		i++;
	return i;
}

static int object_add(void ***all, size_t *n, const char *path, size_t size)
{
	void **more;
	char **object;

	if (*n == MODEL_OBJECTS_MAX)
		return -ENOBUFS;
	more = reallocarray(*all, *n + 1, sizeof(**all));
	if (!more)
		return -ENOMEM;
	*all = more;
	object = calloc(1, size);
	if (!object)
		return -ENOMEM;
	*object = strdup(path);
	if (!*object) {
		free(object);
		return -ENOMEM;
	}
	more[(*n)++] = object;
	return 0;
}

/*
 * The object of a path.  Objects are made from what says all of them (@make), not from changes.
 *
 * Return: 0; -ENOENT if there is none; -ENOBUFS if there are too many already; -ENOMEM.
 */
static int object_of(void ***all, size_t *n, const char *path, size_t size, bool make, void **ret)
{
	size_t i = object_find(*all, *n, path);
	int r;

	if (i == *n) {
		r = make ? object_add(all, n, path, size) : -ENOENT;
		if (r < 0)
			return r;
	}
	*ret = (*all)[i];
	return 0;
}

/* Take an object out of the list: the caller frees it; NULL if there is none. */
static void *object_take(void **all, size_t *n, const char *path)
{
	size_t i = object_find(all, *n, path);
	void *object;

	if (i == *n)
		return NULL;
	object = all[i];
	memmove(all + i, all + i + 1, (--*n - i) * sizeof(*all));
	return object;
}

static int by_id(const void *a, const void *b)
{
	const struct model_meter *const *x = a, *const *y = b;

	return strcmp((*x)->id, (*y)->id);
}

static int by_name(const void *a, const void *b)
{
	const struct model_source *const *x = a, *const *y = b;

	return strcmp((*x)->name, (*y)->name);
}

static void model_sort(struct model *m)
{
	if (m->n_meters)
		qsort(m->meters, m->n_meters, sizeof(*m->meters), by_id);
	if (m->n_sources)
		qsort(m->sources, m->n_sources, sizeof(*m->sources), by_name);
}

void model_clear(struct model *m)
{
	for (size_t i = 0; i < m->n_meters; i++)
		meter_free_one(m->meters[i]);
	for (size_t i = 0; i < m->n_sources; i++)
		source_free_one(m->sources[i]);
	free(m->meters);
	free(m->sources);
	*m = (struct model){ .listener = m->listener, .ctx = m->ctx };
}

/* ---- properties ---- */

static int quantity_by_property(const char *name, enum quantity_group group)
{
	for (unsigned int q = 0; q < Q_COUNT; q++)
		if (quantity_table[q].group == group && !strcmp(quantity_table[q].dbus, name))
			return (int)q;
	return -1;
}

/* A number, or a time, which comes in microseconds; NaN and 0 are what there is not (any more). */
static int read_value(sd_bus_message *msg, int q, struct model_values *v, struct model_values *lost)
{
	double value = NAN;
	u64 us;
	int r;

	if (quantity_table[q].kind == KIND_TIME) {
		r = sd_bus_message_read(msg, "v", "t", &us);
		if (r >= 0 && us)
			value = (double)(us / USEC_PER_SEC);
	} else {
		r = sd_bus_message_read(msg, "v", "d", &value);
	}
	if (r >= 0)
		model_set(isfinite(value) ? v : lost, q, value);
	return r;
}

/* a{sv}: the values of one group. */
static int read_values(sd_bus_message *msg, enum quantity_group group, struct model_values *v,
		       struct model_values *lost, u64 *received)
{
	int r = sd_bus_message_enter_container(msg, 'a', "{sv}");

	while (r >= 0 && (r = sd_bus_message_enter_container(msg, 'e', "sv")) > 0) {
		const char *name;
		int q;

		r = sd_bus_message_read_basic(msg, 's', &name);
		if (r < 0)
			break;
		q = quantity_by_property(name, group);
		if (q >= 0 && field_is(msg, quantity_table[q].kind == KIND_TIME ? "t" : "d")) {
			r = read_value(msg, q, v, lost);
		} else if (!strcmp(name, "Received") && field_is(msg, "t")) {
			r = sd_bus_message_read(msg, "v", "t", received);
		} else {
			r = sd_bus_message_skip(msg, "v");
		}
		if (r >= 0)
			r = sd_bus_message_exit_container(msg);
	}
	return r < 0 ? r : sd_bus_message_exit_container(msg);
}

static int read_group(struct model *m, sd_bus_message *msg, struct model_meter *meter,
		      enum quantity_group group, bool added)
{
	struct model_values v = { 0 }, lost = { 0 };
	u64 received = 0;
	int r;

	r = read_values(msg, group, &v, &lost, &received);
	if (r < 0)
		return r;
	if (added)
		for (unsigned int q = 0; q < Q_COUNT; q++)
			if (quantity_table[q].group == group)
				meter->values.present[q / 64] &= ~(1ull << (q % 64));
	for (unsigned int i = 0; i < READINGS_WORDS; i++)
		meter->values.present[i] &= ~lost.present[i];
	for (unsigned int q = 0; q < Q_COUNT; q++)
		if (model_has(&v, q))
			model_set(&meter->values, q, v.value[q]);
	if (received)
		meter->received[group] = received;
	if (m->listener && m->listener->values)
		m->listener->values(m->ctx, meter, group, &v, received, added);
	return 0;
}

/* ---- interfaces ---- */

static int read_meter_interface(struct model *m, sd_bus_message *msg, struct model_meter *meter,
				const char *interface, bool added)
{
	bool available = meter->available;
	int r;

	for (unsigned int g = 0; g < GROUP_COUNT; g++)
		if (!strcmp(interface, group_interface[g]))
			return read_group(m, msg, meter, g, added);
	if (!strcmp(interface, IFACE("Meter"))) {
		r = fields_read(msg, meter_fields, meter);
		if (r >= 0 && !added && available != meter->available && m->listener &&
		    m->listener->availability)
			m->listener->availability(m->ctx, meter);
		return r;
	}
	if (strcmp(interface, IFACE("Clock")))
		return sd_bus_message_skip(msg, "a{sv}");
	r = fields_read(msg, clock_fields, meter);
	if (r < 0)
		return r;
	meter->has_clock = true;
	if (m->listener && m->listener->clock)
		m->listener->clock(m->ctx, meter);
	return 0;
}

/*
 * The a{sv} of one interface of one object; @added: with all properties, else those that changed.
 */
static int read_interface(struct model *m, sd_bus_message *msg, const char *path,
			  const char *interface, bool added)
{
	void *object;
	int r = -ENOENT;

	if (begins(path, METER_PREFIX) && begins(interface, IFACE(""))) {
		r = object_of((void ***)&m->meters, &m->n_meters, path, sizeof(struct model_meter),
			      added, &object);
		if (r == 0)
			return read_meter_interface(m, msg, object, interface, added);
	} else if (begins(path, SOURCE_PREFIX) && !strcmp(interface, IFACE("Source"))) {
		r = object_of((void ***)&m->sources, &m->n_sources, path,
			      sizeof(struct model_source), added, &object);
		if (r == 0)
			return fields_read(msg, source_fields, object);
	}
	return r == -ENOMEM ? r : sd_bus_message_skip(msg, "a{sv}");
}

/* a{sa{sv}} */
static int read_interfaces(struct model *m, sd_bus_message *msg, const char *path)
{
	int r = sd_bus_message_enter_container(msg, 'a', "{sa{sv}}");

	while (r >= 0 && (r = sd_bus_message_enter_container(msg, 'e', "sa{sv}")) > 0) {
		const char *interface;

		r = sd_bus_message_read_basic(msg, 's', &interface);
		if (r >= 0)
			r = read_interface(m, msg, path, interface, true);
		if (r >= 0)
			r = sd_bus_message_exit_container(msg);
	}
	return r < 0 ? r : sd_bus_message_exit_container(msg);
}

int model_read_objects(struct model *m, sd_bus_message *reply)
{
	const struct model_listener *listener = m->listener;
	int r;

	model_clear(m);
	/* What is there already is no news. */
	m->listener = NULL;
	r = sd_bus_message_enter_container(reply, 'a', "{oa{sa{sv}}}");
	while (r >= 0 && (r = sd_bus_message_enter_container(reply, 'e', "oa{sa{sv}}")) > 0) {
		const char *path;

		r = sd_bus_message_read_basic(reply, 'o', &path);
		if (r >= 0)
			r = read_interfaces(m, reply, path);
		if (r >= 0)
			r = sd_bus_message_exit_container(reply);
	}
	if (r >= 0)
		r = sd_bus_message_exit_container(reply);
	m->listener = listener;
	model_sort(m);
	return r < 0 ? r : 0;
}

int model_read_manager(struct model *m, sd_bus_message *reply)
{
	int r = fields_read(reply, manager_fields, m);

	return r < 0 ? r : 0;
}

int model_read_added(struct model *m, sd_bus_message *signal)
{
	const char *path;
	int r = sd_bus_message_read_basic(signal, 'o', &path);

	if (r >= 0)
		r = read_interfaces(m, signal, path);
	model_sort(m);
	return r < 0 ? r : 0;
}

int model_read_changed(struct model *m, sd_bus_message *signal)
{
	const char *path = sd_bus_message_get_path(signal), *interface;
	int r = sd_bus_message_read_basic(signal, 's', &interface);

	return r < 0 || !path ? r : read_interface(m, signal, path, interface, false);
}

int model_read_removed(struct model *m, sd_bus_message *signal)
{
	const char *path, *interface;
	int r = sd_bus_message_read_basic(signal, 'o', &path);

	if (r >= 0)
		r = sd_bus_message_enter_container(signal, 'a', "s");
	/* An object goes with its main interface; the groups of a meter only ever come. */
	while (r >= 0 && (r = sd_bus_message_read_basic(signal, 's', &interface)) > 0) {
		if (!strcmp(interface, IFACE("Meter")))
			meter_free_one(object_take((void **)m->meters, &m->n_meters, path));
		else if (!strcmp(interface, IFACE("Source")))
			source_free_one(object_take((void **)m->sources, &m->n_sources, path));
	}
	return r < 0 ? r : 0;
}

u64 model_last_message(const struct model_meter *m)
{
	u64 last = m->last_message;

	/* LastMessage has no signal of its own; the groups say when they were received. */
	for (unsigned int g = 0; g < GROUP_COUNT; g++)
		if (m->received[g] > last)
			last = m->received[g];
	return last;
}

u64 model_counter(const struct model_source *s, const char *name)
{
	for (size_t i = 0; i < s->n_counters; i++)
		if (!strcmp(s->counters[i].name, name))
			return s->counters[i].value;
	return 0;
}
