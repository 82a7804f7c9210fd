// SPDX-License-Identifier: GPL-2.0
/*
 * The MQTT output:
 *
 *	BASE/availability		"online", "offline"; retained, last will
 *	BASE/METER/availability		"online", "offline"; retained
 *	BASE/METER/power		each list with power, voltage, current: what it had
 *	BASE/METER/energy		each list with registers: what it had; retained
 *	BASE/METER/derived		every 10 s: what was counted from them; retained
 *
 * Momentary values are not retained: a power of yesterday is worse than none.  Registers are,
 * because they come once an hour.  Payloads are flat JSON objects with the names of the quantities,
 * "meter_time" if the list had a clock, and "received".
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
	char *derived;
};

/**
 * struct mqtt_output - the output
 * @output: what the manager knows
 * @client: the connection, not owned
 * @base: base topic
 * @availability: the daemon's own topic
 * @meters: those that are shown
 */
struct mqtt_output {
	struct output output;
	struct mqtt_client *client;
	char *base;
	char *availability;
	LIST_HEAD(, mqtt_meter) meters;
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

static void say_readings(struct mqtt_output *o, const char *topic, unsigned int groups, bool retain,
			 const struct meter *m, const struct meter_update *u)
{
	json_t *object = json_object();
	_cleanup_free_ char *text = NULL;

	/* Without memory nothing is said: half a message would be a wrong one. */
	if (object && json_add_readings(object, u->readings, groups) > 0 &&
	    object_add_times(object, m, u) == 0)
		text = json_dumps(object, JSON_LINE);
	if (text)
		mqtt_client_publish(o->client, topic, text, strlen(text), retain);
	json_decref(object);
}

/*
 * The registers that were kept over a restart: the broker may have been restarted too, and the meter
 * sends them once an hour.
 */
static void say_kept(struct mqtt_output *o, const char *topic, const struct meter *m)
{
	json_t *object = json_object();
	_cleanup_free_ char *text = NULL;
	char received[ISO_UTC_MAX];
	u64 newest = 0;
	int r = 0;

	for (unsigned int q = 0; q < Q_SENT_COUNT; q++) {
		const struct guard_register *reg = &m->derive.guard.reg[q];
		struct decimal v;

		if (!reg->known || decimal_from_double(reg->value, &v) < 0)
			continue;
		r |= json_object_set_new(object, quantity_table[q].name, json_decimal(v));
		newest = reg->time_us > newest ? reg->time_us : newest;
	}
	r |= json_object_set_new(object, RECEIVED_NAME, json_string(iso_utc(newest, received)));
	if (newest && !r)
		text = json_dumps(object, JSON_LINE);
	if (text)
		mqtt_client_publish(o->client, topic, text, strlen(text), true);
	json_decref(object);
}

static void mqtt_meter_free(struct mqtt_meter *mm)
{
	LIST_REMOVE(mm, link);
	mm->meter->mqtt = NULL;
	free(mm->availability);
	free(mm->power);
	free(mm->energy);
	free(mm->derived);
	free(mm);
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
	if (asprintf(&mm->derived, "%s/%s/derived", o->base, m->id) < 0)
		mm->derived = NULL;
	if (!mm->availability || !mm->power || !mm->energy || !mm->derived) {
		mqtt_meter_free(mm);
		return;
	}
	m->mqtt = mm;
	say_availability(o, mm->availability, m->available);
	say_kept(o, mm->energy, m);
}

static void mqtt_meter_updated(struct output *output, struct meter *m, const struct meter_update *u)
{
	struct mqtt_output *o = output_of(output);
	const struct mqtt_meter *mm = m->mqtt;

	if (!mm)
		return;
	say_readings(o, mm->power, JSON_GROUP(GROUP_POWER) | JSON_GROUP(GROUP_PHASES), false, m, u);
	say_readings(o, mm->energy, JSON_GROUP(GROUP_ENERGY), true, m, u);
	say_readings(o, mm->derived, JSON_GROUP(GROUP_DERIVED), true, m, u);
}

static void mqtt_meter_availability(struct output *output, struct meter *m)
{
	const struct mqtt_meter *mm = m->mqtt;

	if (mm)
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

static void mqtt_meter_forgotten(struct output *output, const char *id)
{
	static const char *const retained[] = { "availability", "energy", "derived" };
	struct mqtt_output *o = output_of(output);

	for (unsigned int i = 0; i < ARRAY_SIZE(retained); i++) {
		_cleanup_free_ char *topic = NULL;

		if (asprintf(&topic, "%s/%s/%s", o->base, id, retained[i]) < 0)
			topic = NULL;
		if (topic)
			mqtt_client_publish(o->client, topic, NULL, 0, true);
	}
}

static void mqtt_output_stop(struct output *output)
{
	struct mqtt_output *o = output_of(output);
	struct mqtt_meter *mm;

	LIST_FOREACH(mm, &o->meters, link)
		say_availability(o, mm->availability, false);
	say_availability(o, o->availability, false);
}

static void mqtt_output_free(struct output *output)
{
	struct mqtt_output *o = output_of(output);

	while (!LIST_EMPTY(&o->meters))
		mqtt_meter_free(LIST_FIRST(&o->meters));
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

int mqtt_output_new(struct mqtt_client *client, const char *base, struct output **ret)
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
	o->base = strdup(base);
	if (asprintf(&o->availability, "%s/availability", base) < 0)
		o->availability = NULL;
	if (!o->base || !o->availability ||
	    mqtt_client_set_will(client, o->availability, "offline") < 0) {
		mqtt_output_free(&o->output);
		return -ENOMEM;
	}
	say_availability(o, o->availability, true);
	*ret = &o->output;
	return 0;
}
