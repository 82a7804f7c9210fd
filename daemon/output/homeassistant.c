// SPDX-License-Identifier: GPL-2.0
/*
 * The Home Assistant output: discovery of devices, as its MQTT integration defines it.
 *
 *	PREFIX/device/amshan_METER/config		a meter and its entities; retained
 *	PREFIX/device/amshan_daemon_BASE/config		the daemon; the meters are "via" it
 *
 * An announcement is made anew when a quantity first appears or the meter says something new of
 * itself.  When Home Assistant has started it says so on PREFIX/status: then all that is retained
 * goes out again, after a pause, as it is busy then.
 *
 * The ids are made of the meter's number and the name of the quantity, and never change.
 */
#include "output/homeassistant.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/random.h>

#include "mqtt/client.h"
#include "output/json.h"
#include "util.h"

/* How long after the birth of Home Assistant; at random, so that not all that serve it are at once. */
#define BIRTH_LEAST_US	(1 * USEC_PER_SEC)
#define BIRTH_SPREAD_US	(4 * USEC_PER_SEC)

/*
 * What quantities of one kind are in Home Assistant.  Its list of units and classes is exact: it refuses
 * "kVArh".  Energies in kilo, as its users read them.
 */
static const struct class {
	const char *device_class;
	const char *state_class;
	const char *unit;
	double divisor;		/* 0: none */
	int digits;		/* behind the point, as a suggestion; -1: none */
	const char *icon;	/* where its own is none */
} classes[KIND_COUNT] = {
	[KIND_ACTIVE_POWER] = { "power", "measurement", "W" },
	[KIND_APPARENT_POWER] = { "apparent_power", "measurement", "VA" },
	[KIND_REACTIVE_POWER] = { "reactive_power", "measurement", "var" },
	[KIND_ACTIVE_ENERGY] = { "energy", "total_increasing", "kWh", .divisor = 1e3, .digits = 3 },
	[KIND_APPARENT_ENERGY] = { NULL, "total_increasing", "kVAh", .divisor = 1e3, .digits = 3,
				   .icon = "mdi:flash-outline" },
	[KIND_REACTIVE_ENERGY] = { "reactive_energy", "total_increasing", "kvarh", .divisor = 1e3,
				   .digits = 3 },
	[KIND_CURRENT] = { "current", "measurement", "A", .digits = 2 },
	[KIND_VOLTAGE] = { "voltage", "measurement", "V", .digits = 1 },
	[KIND_POWER_FACTOR] = { "power_factor", "measurement", NULL, .digits = 2 },
	[KIND_FREQUENCY] = { "frequency", "measurement", "Hz", .digits = 2 },
	[KIND_COUNTER] = { NULL, "total_increasing", NULL, .icon = "mdi:counter" },
	[KIND_STATE] = { NULL, NULL, NULL, .digits = -1, .icon = "mdi:numeric" },
	[KIND_GAS_VOLUME] = { "gas", "total_increasing", "m³", .digits = 3 },
	[KIND_WATER_VOLUME] = { "water", "total_increasing", "m³", .digits = 3 },
	[KIND_THERMAL_ENERGY] = { "energy", "total_increasing", "GJ", .divisor = 1e9, .digits = 3 },
	[KIND_ENERGY_ERROR] = { NULL, "measurement", "Wh", .icon = "mdi:approximately-equal" },
	[KIND_TIME] = { "timestamp", NULL, NULL, .digits = -1 },
};

/* Momentary values expire after five to eight list periods; steps, so that it seldom changes. */
static const u16 expiries[] = { 60, 90, 120, 180, 300, 450, 600, 900, 1800, 3600, 7200, 14400 };

/**
 * struct ha_meter - a meter that is announced; it is meter->homeassistant
 * @topic: of its announcement
 * @expiry: index into expiries
 */
struct ha_meter {
	LIST_ENTRY(ha_meter) link;
	struct meter *meter;
	char *topic;
	unsigned int expiry;
};

/**
 * struct ha_output - the output
 * @client: the connection, not owned
 * @announce: false: only what was announced before is taken back, if it is to be forgotten
 * @prefix: of the discovery
 * @base: of the values
 * @daemon: the daemon's id
 * @birth: where Home Assistant says that it has started
 * @timer: of what is said again then
 * @meters: those that are announced
 */
struct ha_output {
	struct output output;
	struct mqtt_client *client;
	bool announce;
	char *prefix;
	char *base;
	char daemon[METER_ID_MAX + sizeof("amshan_daemon_")];
	char *birth;
	sd_event_source *timer;
	LIST_HEAD(, ha_meter) meters;
};

static struct ha_output *output_of(struct output *o)
{
	return container_of(o, struct ha_output, output);
}

/* ---- an announcement ---- */

/* Steals @value. */
static int add(json_t *object, const char *key, json_t *value)
{
	return json_object_set_new(object, key, value) ? -ENOMEM : 0;
}

static int add_text(json_t *object, const char *key, const char *text)
{
	return text && *text ? add(object, key, json_string(text)) : 0;
}

static int __attribute__((format(printf, 3, 4)))
add_format(json_t *object, const char *key, const char *fmt, ...)
{
	va_list ap;
	json_t *text;

	va_start(ap, fmt);
	text = json_vsprintf(fmt, ap);
	va_end(ap);
	return add(object, key, text);
}

/* As Home Assistant spells ids of entities: small letters, digits, '_'. */
static void slug_make(const char *id, char *slug)
{
	while (*id) {
		*slug++ = isalnum((unsigned char)*id) ? (char)tolower((unsigned char)*id) : '_';
		id++;
	}
	*slug = '\0';
}

static const char *topic_of(enum quantity_group group)
{
	static const char *const topics[GROUP_COUNT] = {
		[GROUP_POWER] = "power",
		[GROUP_PHASES] = "power",
		[GROUP_ENERGY] = "energy",
		[GROUP_QUALITY] = "quality",
		[GROUP_DERIVED] = "derived",
	};

	return topics[group];
}

/*
 * Renders nothing for what is not in a message, which then changes nothing; null is "unknown".  Of a time
 * Home Assistant takes nothing for a mistake.
 */
static int add_template(json_t *c, const char *name, enum quantity_kind kind)
{
	if (kind == KIND_TIME)
		return add_format(c, "val_tpl", "{{ value_json.%s | default(none) }}", name);
	if (classes[kind].divisor > 0)
		return add_format(c, "val_tpl", "{%% set v = value_json.%s | default('') %%}"
				  "{{ v / %.0f if v is number else v }}", name, classes[kind].divisor);
	return add_format(c, "val_tpl", "{{ value_json.%s | default('') }}", name);
}

static json_t *component(const struct ha_output *o, const struct ha_meter *hm, enum quantity q)
{
	const struct quantity_info *info = &quantity_table[q];
	const struct class *class = &classes[info->kind];
	const char *id = hm->meter->id;
	char slug[METER_ID_MAX];
	json_t *c = json_object();
	int r = 0;

	slug_make(id, slug);
	r |= add_text(c, "p", "sensor");
	r |= add_text(c, "name", info->title);
	r |= add_format(c, "uniq_id", "amshan_%s_%s", id, info->name);
	r |= add_format(c, "def_ent_id", "sensor.amshan_%s_%s", slug, info->name);
	r |= add_format(c, "stat_t", "%s/%s/%s", o->base, id, topic_of(info->group));
	r |= add_template(c, info->name, info->kind);
	r |= add_text(c, "dev_cla", class->device_class);
	r |= add_text(c, "stat_cla", class->state_class);
	r |= add_text(c, "unit_of_meas", class->unit);
	r |= add_text(c, "ic", class->icon);
	if (class->digits >= 0)
		r |= add(c, "sug_dsp_prc", json_integer(class->digits));
	if (info->show != SHOW_MAIN)
		r |= add_text(c, "ent_cat", "diagnostic");
	if (info->show == SHOW_HIDDEN)
		r |= add(c, "en", json_false());
	if (info->group == GROUP_POWER || info->group == GROUP_PHASES)
		r |= add(c, "exp_aft", json_integer(expiries[hm->expiry]));
	if (r) {
		json_decref(c);
		return NULL;
	}
	return c;
}

/* Whether something is wrong with the values; what, is an attribute of it. */
static json_t *problem(const struct ha_output *o, const char *id)
{
	char slug[METER_ID_MAX];
	json_t *c = json_object();
	int r = 0;

	slug_make(id, slug);
	r |= add_text(c, "p", "binary_sensor");
	r |= add_text(c, "name", "Problem");
	r |= add_format(c, "uniq_id", "amshan_%s_problem", id);
	r |= add_format(c, "def_ent_id", "binary_sensor.amshan_%s_problem", slug);
	r |= add_format(c, "stat_t", "%s/%s/problem", o->base, id);
	r |= add_text(c, "val_tpl", "{{ 'ON' if value_json.problem else 'OFF' }}");
	r |= add_format(c, "json_attr_t", "%s/%s/problem", o->base, id);
	r |= add_text(c, "json_attr_tpl", "{{ {'text': value_json.text} | tojson }}");
	r |= add_text(c, "dev_cla", "problem");
	r |= add_text(c, "ent_cat", "diagnostic");
	if (r) {
		json_decref(c);
		return NULL;
	}
	return c;
}

static json_t *components(const struct ha_output *o, const struct ha_meter *hm)
{
	const struct meter *m = hm->meter;
	json_t *all = json_object();
	int r = 0;

	for (unsigned int q = 0; q < Q_COUNT; q++)
		if (m->known[q / 64] >> (q % 64) & 1)
			r |= add(all, quantity_table[q].name, component(o, hm, q));
	r |= add(all, "problem", problem(o, m->id));
	if (r) {
		json_decref(all);
		return NULL;
	}
	return all;
}

/* "Aidon meter 7359..."; of one behind another meter, whose maker nobody says, "Gas meter ..." */
static int add_device_name(json_t *d, const struct meter *m)
{
	const char *kind = m->identity[*m->via ? ID_METER_TYPE : ID_MANUFACTURER];

	if (!*kind)
		kind = *m->via ? "Other" : "Electricity";
	return add_format(d, "name", "%c%s meter %s", toupper((unsigned char)*kind), kind + 1, m->id);
}

static json_t *device(const struct ha_output *o, const struct meter *m)
{
	const char *maker = m->identity[ID_MANUFACTURER];
	json_t *d = json_object();
	int r = 0;

	r |= add(d, "ids", json_pack("[o]", json_sprintf("amshan_%s", m->id)));
	r |= add_device_name(d, m);
	r |= add_text(d, "mf", maker);
	r |= add_text(d, "mdl", m->identity[ID_METER_TYPE]);
	r |= add_text(d, "sn", m->identity[ID_METER_ID]);
	r |= add_text(d, "sw", m->identity[ID_LIST_VERSION]);
	if (*m->via)
		r |= add_format(d, "via_device", "amshan_%s", m->via);
	else
		r |= add_text(d, "via_device", o->daemon);
	if (r) {
		json_decref(d);
		return NULL;
	}
	return d;
}

static json_t *origin(void)
{
	return json_pack("{s:s, s:s}", "name", "amshan", "sw", AMSHAN_VERSION);
}

/* Steals @payload; without memory nothing is said, as half of it would be a wrong one. */
static void say(struct ha_output *o, const char *topic, json_t *payload)
{
	_cleanup_free_ char *text = payload ? json_dumps(payload, JSON_LINE) : NULL;

	if (text)
		mqtt_client_publish(o->client, topic, text, strlen(text), true);
	json_decref(payload);
}

static void meter_announce(struct ha_output *o, const struct ha_meter *hm)
{
	json_t *j = json_object();
	int r = 0;

	r |= add(j, "dev", device(o, hm->meter));
	r |= add(j, "o", origin());
	r |= add(j, "avty", json_pack("[{s:o}, {s:o}]",
				      "t", json_sprintf("%s/availability", o->base),
				      "t", json_sprintf("%s/%s/availability", o->base, hm->meter->id)));
	r |= add_text(j, "avty_mode", "all");
	r |= add(j, "cmps", components(o, hm));
	if (r) {
		json_decref(j);
		return;
	}
	say(o, hm->topic, j);
}

static void daemon_announce(struct ha_output *o)
{
	_cleanup_free_ char *topic = NULL;

	if (asprintf(&topic, "%s/device/%s/config", o->prefix, o->daemon) < 0) {
		topic = NULL;
		return;
	}
	say(o, topic, json_pack("{s:{s:[s], s:s, s:s, s:s}, s:o, s:{s:{s:s, s:s, s:s, s:o, s:o, s:s, "
				"s:s, s:s, s:s}}}",
				"dev", "ids", o->daemon, "name", "amshan", "mdl", "amshand", "sw",
				AMSHAN_VERSION, "o", origin(), "cmps", "running",
				"p", "binary_sensor", "name", "Running", "dev_cla", "running",
				"uniq_id", json_sprintf("%s_running", o->daemon),
				"stat_t", json_sprintf("%s/availability", o->base),
				"pl_on", "online", "pl_off", "offline", "ent_cat", "diagnostic",
				"def_ent_id", "binary_sensor.amshan_running"));
}

/* ---- what the manager tells ---- */

static unsigned int expiry_of(const struct period *p, unsigned int now)
{
	u64 seconds = 5 * period_us(p) / USEC_PER_SEC;
	unsigned int i = 0;

	if (p->n < PERIOD_GAPS_ENOUGH)
		return now;
	while (i < ARRAY_SIZE(expiries) - 1 && expiries[i] < seconds)
		i++;
	/* Not to and fro: back only if it is clearly less. */
	if (i < now && (p->n < PERIOD_GAPS || seconds > expiries[now - 1] * 9u / 10))
		return now;
	return i;
}

static void ha_meter_free(struct ha_meter *hm)
{
	LIST_REMOVE(hm, link);
	hm->meter->homeassistant = NULL;
	free(hm->topic);
	free(hm);
}

static int topic_make(const struct ha_output *o, const char *id, char **ret)
{
	if (asprintf(ret, "%s/device/amshan_%s/config", o->prefix, id) >= 0)
		return 0;
	*ret = NULL;
	return -ENOMEM;
}

static void ha_meter_added(struct output *output, struct meter *m)
{
	struct ha_output *o = output_of(output);
	struct ha_meter *hm = o->announce ? calloc(1, sizeof(*hm)) : NULL;
	u64 known = 0;

	if (!hm)
		return;
	hm->meter = m;
	LIST_INSERT_HEAD(&o->meters, hm, link);
	if (topic_make(o, m->id, &hm->topic) < 0) {
		ha_meter_free(hm);
		return;
	}
	m->homeassistant = hm;
	for (unsigned int i = 0; i < READINGS_WORDS; i++)
		known |= m->known[i];
	if (known)
		meter_announce(o, hm);
}

static void ha_meter_updated(struct output *output, struct meter *m, const struct meter_update *u)
{
	struct ha_meter *hm = m->homeassistant;
	unsigned int expiry;

	if (!hm)
		return;
	expiry = expiry_of(&m->period, hm->expiry);
	if (!u->known && !u->identity && expiry == hm->expiry)
		return;
	hm->expiry = expiry;
	meter_announce(output_of(output), hm);
}

static void ha_meter_removed(struct output *output, struct meter *m)
{
	if (m->homeassistant)
		ha_meter_free(m->homeassistant);
}

static void ha_meter_forgotten(struct output *output, const char *id)
{
	struct ha_output *o = output_of(output);
	_cleanup_free_ char *topic = NULL;

	if (topic_make(o, id, &topic) == 0)
		mqtt_client_publish(o->client, topic, NULL, 0, true);
}

static int on_timer(sd_event_source *timer, u64 usec, void *ctx)
{
	struct ha_output *o = ctx;

	mqtt_client_publish_again(o->client);
	return 0;
}

static void on_birth(void *ctx, const char *topic, const u8 *payload, size_t n, bool retained)
{
	struct ha_output *o = ctx;
	u32 random = 0;

	/* One that the broker has kept is of an earlier time; we have just said all anyway. */
	if (retained || n != strlen("online") || memcmp(payload, "online", n) != 0)
		return;
	/* One birth after the other must not put it off for ever. */
	if (sd_event_source_get_enabled(o->timer, NULL) > 0)
		return;
	if (getrandom(&random, sizeof(random), GRND_NONBLOCK) < 0)
		random = (u32)mono_us();
	sd_event_source_set_time_relative(o->timer, BIRTH_LEAST_US + random % BIRTH_SPREAD_US);
	sd_event_source_set_enabled(o->timer, SD_EVENT_ONESHOT);
}

static void ha_output_stop(struct output *output)
{
	struct ha_output *o = output_of(output);

	sd_event_source_set_enabled(o->timer, SD_EVENT_OFF);
}

static void ha_output_free(struct output *output)
{
	struct ha_output *o = output_of(output);

	while (!LIST_EMPTY(&o->meters))
		ha_meter_free(LIST_FIRST(&o->meters));
	if (o->birth && o->announce)
		mqtt_client_unsubscribe(o->client, o->birth, on_birth, o);
	sd_event_source_disable_unref(o->timer);
	free(o->birth);
	free(o->prefix);
	free(o->base);
	free(o);
}

static const struct output_ops ha_output_ops = {
	.meter_added = ha_meter_added,
	.meter_updated = ha_meter_updated,
	.meter_removed = ha_meter_removed,
	.meter_forgotten = ha_meter_forgotten,
	.stop = ha_output_stop,
	.free = ha_output_free,
};

int homeassistant_output_new(sd_event *event, struct mqtt_client *client, const char *prefix,
			     const char *base, bool announce, struct output **ret)
{
	struct ha_output *o = calloc(1, sizeof(*o));
	char id[METER_ID_MAX];

	if (!o)
		return -ENOMEM;
	o->output.ops = &ha_output_ops;
	o->client = client;
	o->announce = announce;
	LIST_INIT(&o->meters);
	o->prefix = strdup(prefix);
	o->base = strdup(base);
	if (asprintf(&o->birth, "%s/status", prefix) < 0)
		o->birth = NULL;
	if (meter_id_make(base, strlen(base), id) < 0)
		strcpy(id, "other");
	snprintf(o->daemon, sizeof(o->daemon), "amshan_daemon_%s", id);
	if (!o->prefix || !o->base || !o->birth ||
	    sd_event_add_time(event, &o->timer, CLOCK_MONOTONIC, 0, 0, on_timer, o) < 0 ||
	    sd_event_source_set_enabled(o->timer, SD_EVENT_OFF) < 0 ||
	    (announce && mqtt_client_subscribe(client, o->birth, on_birth, o) < 0)) {
		ha_output_free(&o->output);
		return -ENOMEM;
	}
	/* Before the meters, which name it. */
	if (announce)
		daemon_announce(o);
	*ret = &o->output;
	return 0;
}
