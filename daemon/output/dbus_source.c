// SPDX-License-Identifier: GPL-2.0
/*
 * Sources on the bus: where they are, what is wrong with them, what they counted.
 */
#include <errno.h>
#include <stdio.h>

#include "log.h"
#include "output/dbus_internal.h"

#define SOURCE_PREFIX	DBUS_PATH "/source"
#define SOURCE		DBUS_NAME ".Source"

/* The counters, by the names of their members. */
#define MEMBER(name, member)	{ name, offsetof(struct source, member) }
#define HDLC(member)		MEMBER(#member, deframer.hdlc.stats.member)
#define P1(member)		MEMBER("p1_" #member, deframer.p1.stats.member)
#define MBUS(member)		MEMBER("mbus_" #member, deframer.mbus.stats.member)
#define STATS(member)		MEMBER(#member, stats.member)

static const struct {
	const char *name;
	size_t offset;
} counters[] = {
	MEMBER("octets", deframer.octets),
	HDLC(frames),
	HDLC(frame_octets),
	MEMBER("segmented_frames", deframer.hdlc.stats.segmented),
	HDLC(flags),
	HDLC(skipped),
	HDLC(hcs_errors),
	HDLC(fcs_errors),
	HDLC(format_errors),
	HDLC(length_errors),
	HDLC(timeouts),
	HDLC(parity_errors),
	HDLC(framing_errors),
	HDLC(breaks),
	HDLC(overruns),
	P1(telegrams),
	P1(crc_errors),
	P1(too_long),
	P1(timeouts),
	MBUS(frames),
	MBUS(sum_errors),
	MBUS(timeouts),
	MBUS(messages),
	MBUS(broken),
	MBUS(foreign),
	MEMBER("segments_broken", deframer.segments.broken),
	MEMBER("blocks_broken", reader.gbt.broken),
	MEMBER("bare_messages", deframer.bare.stats.messages),
	MEMBER("bare_broken", deframer.bare.stats.broken),
	STATS(messages),
	STATS(unknown),
	STATS(encrypted),
	STATS(rejected),
	STATS(replayed),
	STATS(unsupported),
	STATS(malformed),
	STATS(starts),
	STATS(watchdog),
	STATS(lost),
};

static int get_state(sd_bus *bus, const char *path, const char *interface, const char *property,
		     sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
	const struct source *s = userdata;

	return sd_bus_message_append_basic(reply, 's', source_state_name(s->state));
}

static int get_health(sd_bus *bus, const char *path, const char *interface, const char *property,
		      sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
	const struct source *s = userdata;

	return sd_bus_message_append_basic(reply, 's', source_health_name(s->health));
}

static int get_health_text(sd_bus *bus, const char *path, const char *interface,
			   const char *property, sd_bus_message *reply, void *userdata,
			   sd_bus_error *error)
{
	char text[SOURCE_HEALTH_TEXT_MAX];

	source_health_text(userdata, text, sizeof(text));
	return dbus_append_text(reply, text);
}

static int get_framing(sd_bus *bus, const char *path, const char *interface, const char *property,
		       sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
	const struct source *s = userdata;

	return sd_bus_message_append_basic(reply, 's', link_framing_word(s->framing));
}

/* Of the last message that could not be opened. */
static int get_title(sd_bus *bus, const char *path, const char *interface, const char *property,
		     sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
	const struct ciphered *m = &((const struct source *)userdata)->ciphered;
	char text[2 * APDU_TITLE_MAX + 1] = "";

	for (unsigned int i = 0; i < m->title_len; i++)
		snprintf(text + 2 * i, 3, "%02X", m->title[i]);
	return sd_bus_message_append_basic(reply, 's', text);
}

/* Sources count on CLOCK_MONOTONIC; clients want the time of day. */
static int get_time(sd_bus *bus, const char *path, const char *interface, const char *property,
		    sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
	u64 us = *(const u64 *)userdata;

	if (us)
		us = real_us() - (mono_us() - us);
	return sd_bus_message_append_basic(reply, 't', &us);
}

static int get_last_octet(sd_bus *bus, const char *path, const char *interface,
			  const char *property, sd_bus_message *reply, void *userdata,
			  sd_bus_error *error)
{
	struct source *s = userdata;

	source_refresh(s);
	return get_time(bus, path, interface, property, reply, &s->last_octet_us, error);
}

static int get_period(sd_bus *bus, const char *path, const char *interface, const char *property,
		      sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
	const struct source *s = userdata;
	u64 us = period_us(&s->period);

	return sd_bus_message_append_basic(reply, 't', &us);
}

static int get_meter(sd_bus *bus, const char *path, const char *interface, const char *property,
		     sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
	const struct dbus_output *o = sd_bus_slot_get_userdata(sd_bus_get_current_slot(bus));
	const struct source *s = userdata;
	const struct meter *m;

	if (s->meter || *s->learned)
		return dbus_append_text(reply, s->meter ? s->meter : s->learned);
	/* One that does not say its number goes by another name. */
	m = dbus_meter_of_source(o, s->name);
	return sd_bus_message_append_basic(reply, 's', m ? m->id : "");
}

static int get_counters(sd_bus *bus, const char *path, const char *interface, const char *property,
			sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
	int r = sd_bus_message_open_container(reply, 'a', "{st}");

	source_refresh(userdata);
	for (size_t i = 0; i < ARRAY_SIZE(counters) && r >= 0; i++) {
		const u64 *n = (const u64 *)((const char *)userdata + counters[i].offset);

		r = sd_bus_message_append(reply, "{st}", counters[i].name, *n);
	}
	return r < 0 ? r : sd_bus_message_close_container(reply);
}

#define UNDECODED_REASON_MAX	256

/* One that was cut must not be taken for the whole. */
static char *undecoded_reason(const struct undecoded_frame *f, char *buf)
{
	if (f->n < f->whole)
		snprintf(buf, UNDECODED_REASON_MAX, "%s (the first %zu of %zu octets)", f->reason,
			 f->n, f->whole);
	else
		snprintf(buf, UNDECODED_REASON_MAX, "%s", f->reason);
	return buf;
}

/* The last frames that could not be decoded, the older one first. */
static int do_get_undecoded(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	_cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
	const struct source *s = userdata;
	int r = sd_bus_message_new_method_return(m, &reply);

	if (r >= 0)
		r = sd_bus_message_open_container(reply, 'a', "(tsay)");
	for (unsigned int i = 0; i < UNDECODED_KEPT && r >= 0; i++) {
		const struct undecoded_frame *f = s->undecoded.frame[i];
		char reason[UNDECODED_REASON_MAX];

		if (!f)
			break;
		r = sd_bus_message_open_container(reply, 'r', "tsay");
		if (r >= 0)
			r = sd_bus_message_append(reply, "ts", f->real,
						  undecoded_reason(f, reason));
		if (r >= 0)
			r = sd_bus_message_append_array(reply, 'y', f->octets, f->n);
		if (r >= 0)
			r = sd_bus_message_close_container(reply);
	}
	if (r >= 0)
		r = sd_bus_message_close_container(reply);
	return r < 0 ? r : sd_bus_send(NULL, reply, NULL);
}

#define CONSTANT	SD_BUS_VTABLE_PROPERTY_CONST
#define CHANGES		SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE
#define AT(member)	offsetof(struct source, member)

static const sd_bus_vtable source_vtable[] = {
	SD_BUS_VTABLE_START(0),
	SD_BUS_PROPERTY("Name", "s", dbus_get_string, AT(name), CONSTANT),
	SD_BUS_PROPERTY("Uri", "s", dbus_get_string, AT(uri), CONSTANT),
	SD_BUS_PROPERTY("State", "s", get_state, 0, CHANGES),
	SD_BUS_PROPERTY("Reason", "s", dbus_get_text, AT(reason), CHANGES),
	SD_BUS_PROPERTY("Since", "t", NULL, AT(since_us), CHANGES),
	SD_BUS_PROPERTY("Health", "s", get_health, 0, CHANGES),
	SD_BUS_PROPERTY("HealthText", "s", get_health_text, 0, CHANGES),
	SD_BUS_PROPERTY("LastOctet", "t", get_last_octet, 0, 0),
	SD_BUS_PROPERTY("LastFrame", "t", get_time, AT(last_frame_us), 0),
	SD_BUS_PROPERTY("LastMessage", "t", get_time, AT(last_message_us), 0),
	SD_BUS_PROPERTY("Period", "t", get_period, 0, 0),
	SD_BUS_PROPERTY("Framing", "s", get_framing, 0, 0),
	SD_BUS_PROPERTY("SystemTitle", "s", get_title, 0, 0),
	SD_BUS_PROPERTY("Meter", "s", get_meter, 0, 0),
	SD_BUS_PROPERTY("Counters", "a{st}", get_counters, 0, 0),
	/* Not SD_BUS_VTABLE_UNPRIVILEGED: numbers of meters are in these frames. */
	SD_BUS_METHOD_WITH_ARGS("GetUndecoded", SD_BUS_NO_ARGS, SD_BUS_RESULT("a(tsay)", frames),
				do_get_undecoded, 0),
	SD_BUS_VTABLE_END,
};

static int find_source(sd_bus *bus, const char *path, const char *interface, void *userdata,
		       void **ret, sd_bus_error *error)
{
	struct dbus_output *o = userdata;
	struct dbus_object *object = dbus_objects_find(&o->sources, path);

	if (!object)
		return 0;
	*ret = object->about;
	return 1;
}

static int list_sources(sd_bus *bus, const char *prefix, void *userdata, char ***ret,
			sd_bus_error *error)
{
	struct dbus_output *o = userdata;

	return dbus_objects_paths(&o->sources, ret);
}

int dbus_sources_register(struct dbus_output *o)
{
	int r = sd_bus_add_fallback_vtable(o->bus, NULL, SOURCE_PREFIX, SOURCE, source_vtable,
					   find_source, o);

	if (r < 0)
		return r;
	return sd_bus_add_node_enumerator(o->bus, NULL, SOURCE_PREFIX, list_sources, o);
}

/* ---- what the manager tells ---- */

/* A source has no place for a pointer of ours; its changes are rare. */
static struct dbus_object *object_of(const struct dbus_output *o, const struct source *s)
{
	for (size_t i = 0; i < o->sources.n; i++)
		if (o->sources.all[i]->about == s)
			return o->sources.all[i];
	return NULL;
}

static void source_free_object(struct dbus_object *object)
{
	free(object->path);
	free(object);
}

void dbus_source_added(struct output *output, struct source *s)
{
	struct dbus_output *o = container_of(output, struct dbus_output, output);
	struct dbus_object *object = calloc(1, sizeof(*object));

	if (!object || dbus_object_init(object, SOURCE_PREFIX, s->name, s) < 0 ||
	    dbus_objects_add(&o->sources, object) < 0) {
		if (object)
			source_free_object(object);
		log_about(LOG_ERR, s->name, NULL, "no memory to show it on D-Bus");
		return;
	}
	if (dbus_up(o))
		dbus_sent(o, sd_bus_emit_object_added(o->bus, object->path));
}

void dbus_source_changed(struct output *output, struct source *s)
{
	struct dbus_output *o = container_of(output, struct dbus_output, output);
	struct dbus_object *object = object_of(o, s);

	/* All of them: they belong together, and the sentence of one can change with another. */
	if (object && dbus_up(o))
		dbus_sent(o, sd_bus_emit_properties_changed(o->bus, object->path, SOURCE, "State",
							    "Reason", "Since", "Health",
							    "HealthText", NULL));
}

void dbus_source_removed(struct output *output, struct source *s)
{
	struct dbus_output *o = container_of(output, struct dbus_output, output);
	struct dbus_object *object = object_of(o, s);

	if (!object)
		return;
	/* The signal names the interfaces, so it goes out while they can still be found. */
	if (dbus_up(o))
		dbus_sent(o, sd_bus_emit_object_removed(o->bus, object->path));
	dbus_objects_remove(&o->sources, object);
	source_free_object(object);
}

void dbus_sources_free(struct dbus_output *o)
{
	for (size_t i = 0; i < o->sources.n; i++)
		source_free_object(o->sources.all[i]);
	free(o->sources.all);
}
