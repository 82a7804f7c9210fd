// SPDX-License-Identifier: GPL-2.0
/*
 * The MQTT output:
 *
 *	BASE/availability		"online", "offline"; retained, last will
 *	BASE/METER/availability		"online", "offline"; retained
 *	BASE/METER/power		each list with power, voltage, current: what it had
 *	BASE/METER/energy		each list with registers: all that are known; retained
 *	BASE/METER/quality		each list with counts of failures, limits, states; retained
 *	BASE/METER/problem		{"problem": true, "text": "..."}: what is wrong with its values; retained
 *	BASE/METER/derived		every 10 s: what was counted from them; retained
 *
 * Momentary values are not retained: a power of yesterday is worse than none; when the meter falls
 * silent they are said to be null.  Registers are retained, because they come once an hour.  Payloads
 * are flat JSON objects with the names of the quantities, "meter_time" if the list had a clock, and
 * "received".
 */
#include "output/mqtt.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/queue.h>

#include <mosquitto.h>

#include "log.h"
#include "mqtt/client.h"
#include "output/json.h"
#include "util.h"

#define BASE_MAX	256	/* octets of a base topic; a sentence below says it */
#define RECEIVED_NAME	"received"

/**
 * struct mqtt_meter - a meter's topics; it is meter->mqtt
 * @link: in the output's list
 * @meter: whose
 * @availability: topic, and likewise the others
 */
struct mqtt_meter {
	LIST_ENTRY(mqtt_meter) link;
	struct meter *meter;
	char *availability;
	char *power;
	char *energy;
	char *quality;
	char *derived;
	char *problem;
};

/* Home Assistant calls an empty value a mistake as long as it listens; the announcement goes first. */
#define FORGET_US	(2 * USEC_PER_SEC)

/* struct forgotten - a meter whose topics are to be removed at the broker */
struct forgotten {
	LIST_ENTRY(forgotten) link;
	char id[METER_ID_MAX];
};

/**
 * struct mqtt_output - the output
 * @output: what the manager knows
 * @client: the connection, not owned
 * @base: base topic
 * @availability: the daemon's own topic
 * @meters: those that are shown
 * @forgotten: those whose topics are removed when @timer says so
 */
struct mqtt_output {
	struct output output;
	struct mqtt_client *client;
	char *base;
	char *availability;
	LIST_HEAD(, mqtt_meter) meters;
	LIST_HEAD(, forgotten) forgotten;
	sd_event_source *timer;
};

static struct mqtt_output *output_of(struct output *o)
{
	return container_of(o, struct mqtt_output, output);
}

/* What cannot be kept was said by the client, once. */
static void say_availability(struct mqtt_output *o, const char *topic, bool online)
{
	const char *payload = online ? "online" : "offline";

	mqtt_client_publish(o->client, topic, payload, strlen(payload), true);
}

static int object_add_times(json_t *object, const struct meter *m, const struct meter_update *u)
{
	char received[ISO_UTC_MAX];

	if (u->clock && json_object_set_new(object, METER_TIME_NAME, json_string(m->clock.iso)))
		return -ENOMEM;
	if (json_object_set_new(object, RECEIVED_NAME, json_string(iso_utc(u->real_us, received))))
		return -ENOMEM;
	return 0;
}

/* Steals @object; without memory nothing is said: half a message would be a wrong one. */
static void say(struct mqtt_output *o, const char *topic, json_t *object, bool retain)
{
	_cleanup_free_ char *text = object ? json_dumps(object, JSON_LINE) : NULL;

	if (text)
		mqtt_client_publish(o->client, topic, text, strlen(text), retain);
	json_decref(object);
}

static void say_readings(struct mqtt_output *o, const char *topic, unsigned int groups, bool retain,
			 const struct meter *m, const struct meter_update *u)
{
	json_t *object = json_object();

	if (!object || json_add_readings(object, u->readings, groups) <= 0 ||
	    object_add_times(object, m, u) < 0) {
		json_decref(object);
		return;
	}
	say(o, topic, object, retain);
}

/*
 * Adds the registers that were accepted last and are not in the object, and says which registers are
 * derived, and if one of those that it adds is unverified; @newest: of which time the newest one is.
 */
static int add_accepted(json_t *object, const struct meter *m, u64 *newest)
{
	u64 shown[READINGS_WORDS] = { 0 };

	for (unsigned int q = 0; q < Q_SENT_COUNT; q++) {
		const struct guard_register *reg = &m->derive.guard.reg[q];
		const char *name = quantity_table[q].name;
		struct decimal v;

		if (json_object_get(object, name)) {
			shown[q / 64] |= 1ull << (q % 64);
			continue;
		}
		if (!reg->known || decimal_from_double(reg->value, &v) < 0)
			continue;
		if (json_object_set_new(object, name, json_decimal(v)))
			return -ENOMEM;
		if (reg->unverified && json_object_set_new(object, UNVERIFIED_NAME, json_true()))
			return -ENOMEM;
		shown[q / 64] |= 1ull << (q % 64);
		*newest = reg->time_us > *newest ? reg->time_us : *newest;
	}
	return json_add_derived(object, m->derived, shown, JSON_GROUP(GROUP_ENERGY));
}

/*
 * A list of which a register was held back must not take the good one from the broker, which keeps
 * one message only.
 */
static void say_registers(struct mqtt_output *o, const char *topic, const struct meter *m,
			  const struct meter_update *u)
{
	json_t *object = json_object();
	u64 newest = 0;

	if (!object || json_add_readings(object, u->readings, JSON_GROUP(GROUP_ENERGY)) <= 0 ||
	    add_accepted(object, m, &newest) < 0 || object_add_times(object, m, u) < 0) {
		json_decref(object);
		return;
	}
	say(o, topic, object, true);
}

/*
 * The registers that were kept over a restart: the broker may have been restarted too, and the meter
 * sends them once an hour.
 */
static void say_kept(struct mqtt_output *o, const char *topic, const struct meter *m)
{
	json_t *object = json_object();
	char received[ISO_UTC_MAX];
	u64 newest = 0;

	if (!object || add_accepted(object, m, &newest) < 0 || !newest ||
	    json_object_set_new(object, RECEIVED_NAME, json_string(iso_utc(newest, received)))) {
		json_decref(object);
		return;
	}
	say(o, topic, object, true);
}

/*
 * Whoever shows the last value of each, as Home Assistant does again when the meter comes back with a short
 * list, has to forget them.
 */
static void say_silence(struct mqtt_output *o, const char *topic, const struct meter *m)
{
	json_t *object = json_object();
	int r = 0;

	for (unsigned int q = 0; q < Q_COUNT; q++) {
		const struct quantity_info *info = &quantity_table[q];

		if (m->known[q / 64] >> (q % 64) & 1 &&
		    (info->group == GROUP_POWER || info->group == GROUP_PHASES))
			r |= json_object_set_new(object, info->name, json_null());
	}
	if (r || !json_object_size(object)) {
		json_decref(object);
		return;
	}
	say(o, topic, object, false);
}

static void say_problem(struct mqtt_output *o, const char *topic, const struct meter *m)
{
	say(o, topic, json_pack("{s:b, s:s}", "problem", *m->problem != '\0', "text", m->problem), true);
}

static void mqtt_meter_free(struct mqtt_meter *mm)
{
	LIST_REMOVE(mm, link);
	mm->meter->mqtt = NULL;
	free(mm->availability);
	free(mm->power);
	free(mm->energy);
	free(mm->quality);
	free(mm->derived);
	free(mm->problem);
	free(mm);
}

/* One that is there again before its topics were removed is not forgotten any more. */
static void forgotten_drop(struct mqtt_output *o, const char *id)
{
	struct forgotten *f, *next;

	for (f = LIST_FIRST(&o->forgotten); f; f = next) {
		next = LIST_NEXT(f, link);
		if (strcmp(f->id, id))
			continue;
		LIST_REMOVE(f, link);
		free(f);
	}
}

/* ---- what the manager tells ---- */

static void mqtt_meter_added(struct output *output, struct meter *m)
{
	struct mqtt_output *o = output_of(output);
	struct mqtt_meter *mm = calloc(1, sizeof(*mm));

	if (!mm)
		return;
	mm->meter = m;
	LIST_INSERT_HEAD(&o->meters, mm, link);
	if (asprintf(&mm->availability, "%s/%s/availability", o->base, m->id) < 0)
		mm->availability = NULL;
	if (asprintf(&mm->power, "%s/%s/power", o->base, m->id) < 0)
		mm->power = NULL;
	if (asprintf(&mm->energy, "%s/%s/energy", o->base, m->id) < 0)
		mm->energy = NULL;
	if (asprintf(&mm->quality, "%s/%s/quality", o->base, m->id) < 0)
		mm->quality = NULL;
	if (asprintf(&mm->derived, "%s/%s/derived", o->base, m->id) < 0)
		mm->derived = NULL;
	if (asprintf(&mm->problem, "%s/%s/problem", o->base, m->id) < 0)
		mm->problem = NULL;
	if (!mm->availability || !mm->power || !mm->energy || !mm->quality || !mm->derived || !mm->problem) {
		mqtt_meter_free(mm);
		return;
	}
	m->mqtt = mm;
	forgotten_drop(o, m->id);
	/* The daemon may have been killed: then nobody was told. */
	say_silence(o, mm->power, m);
	say_availability(o, mm->availability, m->available);
	say_kept(o, mm->energy, m);
	say_problem(o, mm->problem, m);
}

static void mqtt_meter_updated(struct output *output, struct meter *m, const struct meter_update *u)
{
	struct mqtt_output *o = output_of(output);
	const struct mqtt_meter *mm = m->mqtt;

	if (!mm)
		return;
	say_readings(o, mm->power, JSON_GROUP(GROUP_POWER) | JSON_GROUP(GROUP_PHASES), false, m, u);
	say_registers(o, mm->energy, m, u);
	say_readings(o, mm->quality, JSON_GROUP(GROUP_QUALITY), true, m, u);
	say_readings(o, mm->derived, JSON_GROUP(GROUP_DERIVED), true, m, u);
	if (u->problem)
		say_problem(o, mm->problem, m);
}

static void mqtt_meter_availability(struct output *output, struct meter *m)
{
	const struct mqtt_meter *mm = m->mqtt;

	if (!mm)
		return;
	if (!m->available)
		say_silence(output_of(output), mm->power, m);
	say_availability(output_of(output), mm->availability, m->available);
}

static void mqtt_meter_removed(struct output *output, struct meter *m)
{
	struct mqtt_meter *mm = m->mqtt;

	if (!mm)
		return;
	say_availability(output_of(output), mm->availability, false);
	mqtt_meter_free(mm);
}

/* Empty retained values take away what the broker keeps. */
static void forgotten_remove(struct mqtt_output *o)
{
	static const char *const retained[] = {
		"availability", "energy", "quality", "derived", "problem",
	};
	struct forgotten *f;

	while ((f = LIST_FIRST(&o->forgotten))) {
		for (unsigned int i = 0; i < ARRAY_SIZE(retained); i++) {
			_cleanup_free_ char *topic = NULL;

			if (asprintf(&topic, "%s/%s/%s", o->base, f->id, retained[i]) < 0)
				topic = NULL;
			if (topic)
				mqtt_client_publish(o->client, topic, NULL, 0, true);
		}
		LIST_REMOVE(f, link);
		free(f);
	}
}

static int on_timer(sd_event_source *timer, u64 usec, void *ctx)
{
	forgotten_remove(ctx);
	return 0;
}

static void mqtt_meter_forgotten(struct output *output, const char *id)
{
	struct mqtt_output *o = output_of(output);
	struct forgotten *f = calloc(1, sizeof(*f));

	if (!f)
		return;
	strncpy(f->id, id, sizeof(f->id) - 1);
	/* Anew with each, so that none is removed sooner than that. */
	sd_event_source_set_time_relative(o->timer, FORGET_US);
	sd_event_source_set_enabled(o->timer, SD_EVENT_ONESHOT);
	LIST_INSERT_HEAD(&o->forgotten, f, link);
}

static void mqtt_output_stop(struct output *output)
{
	struct mqtt_output *o = output_of(output);
	struct mqtt_meter *mm;

	forgotten_remove(o);
	LIST_FOREACH(mm, &o->meters, link) {
		say_silence(o, mm->power, mm->meter);
		say_availability(o, mm->availability, false);
	}
	say_availability(o, o->availability, false);
}

static void mqtt_output_free(struct output *output)
{
	struct mqtt_output *o = output_of(output);

	while (!LIST_EMPTY(&o->meters))
		mqtt_meter_free(LIST_FIRST(&o->meters));
	while (!LIST_EMPTY(&o->forgotten))
		forgotten_drop(o, LIST_FIRST(&o->forgotten)->id);
	sd_event_source_disable_unref(o->timer);
	free(o->base);
	free(o->availability);
	free(o);
}

static const struct output_ops mqtt_output_ops = {
	.meter_added = mqtt_meter_added,
	.meter_updated = mqtt_meter_updated,
	.meter_availability = mqtt_meter_availability,
	.meter_removed = mqtt_meter_removed,
	.meter_forgotten = mqtt_meter_forgotten,
	.stop = mqtt_output_stop,
	.free = mqtt_output_free,
};

const char *mqtt_output_base_mistake(const char *base)
{
	size_t n = strlen(base);

	if (!n)
		return "is empty";
	if (n > BASE_MAX)
		return "is longer than 256 octets";
	if (mosquitto_validate_utf8(base, (int)n) != MOSQ_ERR_SUCCESS)
		return "is not UTF-8";
	if (mosquitto_pub_topic_check(base) != MOSQ_ERR_SUCCESS)
		return "has a wildcard, + or #, in it";
	if (base[0] == '$')
		return "begins with $, which is the broker's own";
	if (base[0] == '/')
		return "begins with /, which would be an empty level";
	if (base[n - 1] == '/')
		return "ends with /, which would be an empty level";
	return NULL;
}

int mqtt_output_new(sd_event *event, struct mqtt_client *client, const char *base,
		    struct output **ret)
{
	const char *mistake = mqtt_output_base_mistake(base);
	struct mqtt_output *o;

	if (mistake) {
		log_err("mqtt: the base topic \"%s\" %s", base, mistake);
		return -EINVAL;
	}
	o = calloc(1, sizeof(*o));
	if (!o)
		return -ENOMEM;
	o->output.ops = &mqtt_output_ops;
	o->client = client;
	LIST_INIT(&o->meters);
	LIST_INIT(&o->forgotten);
	o->base = strdup(base);
	if (asprintf(&o->availability, "%s/availability", base) < 0)
		o->availability = NULL;
	if (!o->base || !o->availability ||
	    sd_event_add_time(event, &o->timer, CLOCK_MONOTONIC, 0, 0, on_timer, o) < 0 ||
	    sd_event_source_set_enabled(o->timer, SD_EVENT_OFF) < 0 ||
	    mqtt_client_set_will(client, o->availability, "offline") < 0) {
		mqtt_output_free(&o->output);
		return -ENOMEM;
	}
	say_availability(o, o->availability, true);
	*ret = &o->output;
	return 0;
}
