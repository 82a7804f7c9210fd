/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The model: what amshand shows on D-Bus, as far as amshanctl prints it.
 *
 * Filled from GetManagedObjects and kept up to date from signals.  What a message has that no table
 * here knows is passed over: an older amshanctl can read a newer amshand.
 */
#ifndef AMSHAN_CTL_MODEL_H
#define AMSHAN_CTL_MODEL_H

#include <systemd/sd-bus.h>

#include "dlms/time.h"
#include "meter/meter.h"

#define AMSHAN_BUS_NAME		"org.amshan.Amshan1"
#define AMSHAN_BUS_PATH		"/org/amshan/Amshan1"
#define AMSHAN_MANAGER		AMSHAN_BUS_NAME ".Manager"

#define MODEL_OBJECTS_MAX	8192	/* meters, and sources; what is beyond is not shown */
#define MODEL_COUNTERS_MAX	64
#define MODEL_NAME_MAX		128
#define MODEL_SENTENCE_MAX	512

/**
 * struct model_values - numbers of a meter
 * @present: bit per enum quantity
 * @value: in the unit of the quantity's kind
 */
struct model_values {
	u64 present[READINGS_WORDS];
	double value[Q_COUNT];
};

/**
 * struct model_meter - an object below /meter; texts are "" and times 0 for what is not known
 * @path: its object path
 * @values: last value of everything that it has sent
 * @derived: bit per enum quantity: it was not measured, but computed from others
 * @received: per group: time of the last message that had some of it
 * @has_clock: it has .Clock
 * @meter_time: its clock in microseconds since the epoch
 * @local: the same in ISO 8601
 * @missed: for who listens: it was said that it is not available
 *
 * The other members are the properties of .Meter.
 */
struct model_meter {
	char *path;
	char id[METER_ID_MAX];
	char source[MODEL_NAME_MAX];
	char via[METER_ID_MAX];
	char identity[ID_COUNT][MODEL_NAME_MAX];
	bool available;
	bool unverified;
	char problem[METER_PROBLEM_MAX];
	u64 last_message;
	u64 messages;
	u64 derived[READINGS_WORDS];
	struct model_values values;
	u64 received[GROUP_COUNT];
	bool has_clock;
	u64 meter_time;
	char local[COSEM_TIME_ISO_MAX];
	bool missed;
};

struct model_counter {
	char name[32];
	u64 value;
};

/**
 * struct model_source - an object below /source; the members are the properties of .Source
 * @path: its object path
 * @n_counters: how many of @counters are set
 */
struct model_source {
	char *path;
	char name[MODEL_NAME_MAX];
	char uri[MODEL_SENTENCE_MAX];
	char state[32];
	char reason[MODEL_SENTENCE_MAX];
	u64 since;
	char health[32];
	char health_text[MODEL_SENTENCE_MAX];
	u64 last_octet;
	u64 last_frame;
	u64 last_message;
	u64 period;
	char framing[8];
	char system_title[32];
	char meter[METER_ID_MAX];
	size_t n_counters;
	struct model_counter counters[MODEL_COUNTERS_MAX];
};

/**
 * struct model_listener - who wants to know what a signal brought; members may be NULL
 * @values: numbers of one group, as they stood in the signal; @m has them already
 * @clock: @m has a new time
 * @availability: @m came back or went silent
 */
struct model_listener {
	void (*values)(void *ctx, struct model_meter *m, enum quantity_group group,
		       const struct model_values *v, u64 received, bool added);
	void (*clock)(void *ctx, struct model_meter *m);
	void (*availability)(void *ctx, struct model_meter *m);
};

/**
 * struct model - all of it; zero it to begin
 * @version: of amshand
 * @mqtt_state: "off" without a broker
 * @mqtt_reason: why it is not up
 * @meters: @n_meters pointers, in the order of their ids
 * @sources: @n_sources pointers, in the order of their names
 * @listener: told while signals are read; NULL: nobody
 * @ctx: for @listener
 */
struct model {
	char version[32];
	char mqtt_state[32];
	char mqtt_reason[MODEL_SENTENCE_MAX];
	struct model_meter **meters;
	size_t n_meters;
	struct model_source **sources;
	size_t n_sources;
	const struct model_listener *listener;
	void *ctx;
};

/* model_clear() - forget all objects, keep the listener */
void model_clear(struct model *m);

/**
 * model_read_objects() - take the answer of GetManagedObjects
 * @m: the model; what it had is forgotten
 * @reply: the answer
 *
 * Return: 0; -ENOMEM; another negative errno if the answer is not of the expected form.
 */
int model_read_objects(struct model *m, sd_bus_message *reply);

/*
 * model_read_manager() - the same for the answer of GetAll for .Manager, which is none of the
 * objects
 */
int model_read_manager(struct model *m, sd_bus_message *reply);

/* The same for the signals InterfacesAdded, InterfacesRemoved and PropertiesChanged. */
int model_read_added(struct model *m, sd_bus_message *signal);
int model_read_removed(struct model *m, sd_bus_message *signal);
int model_read_changed(struct model *m, sd_bus_message *signal);

/* model_last_message() - time of the last message of a meter, 0: none */
u64 model_last_message(const struct model_meter *m);

/* model_counter() - value of a source's counter, 0 if it has none of that name */
u64 model_counter(const struct model_source *s, const char *name);

static inline bool model_has(const struct model_values *v, unsigned int q)
{
	return v->present[q / 64] >> (q % 64) & 1;
}

static inline void model_set(struct model_values *v, unsigned int q, double value)
{
	v->value[q] = value;
	v->present[q / 64] |= 1ull << (q % 64);
}

#endif /* AMSHAN_CTL_MODEL_H */
