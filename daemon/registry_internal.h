/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The registry: what registry.c and registry_message.c share.
 */
#ifndef AMSHAN_REGISTRY_INTERNAL_H
#define AMSHAN_REGISTRY_INTERNAL_H

#include "naming.h"
#include "registry.h"

/**
 * struct link - a source and what the registry knows of it
 * @meter: the meter of its last message, or NULL
 * @first_us: its first message, CLOCK_MONOTONIC, as source->last_message_us; 0: none
 * @naming: the numbers that it named
 * @said_several: it was said that it carries several meters
 * @said_full: it was said that it names too many, and none has made room since
 */
struct link {
	struct registry *reg;
	struct source *source;
	struct meter *meter;
	u64 first_us;
	struct naming naming;
	bool said_several;
	bool said_full;
};

#define OUTPUTS_MAX	4

struct registry {
	sd_event *event;
	struct state *state;
	struct keep *keep;
	struct counters_file *counters;
	struct cipher *cipher;
	struct kernel_ports *ports;
	void (*changed)(void *ctx);
	void *ctx;
	const struct maker *const *tables;
	struct output *outputs[OUTPUTS_MAX];
	unsigned int n_outputs;
	struct link **links;
	size_t n_links;
	struct meter **meters;
	size_t n_meters;
};

#define tell(reg, call, ...)							\
	do {									\
		for (unsigned int o_ = 0; o_ < (reg)->n_outputs; o_++) {	\
			struct output *out_ = (reg)->outputs[o_];		\
										\
			if (out_->ops->call)					\
				out_->ops->call(out_, __VA_ARGS__);		\
		}								\
	} while (0)

/* The one of this name or id; NULL: there is none. */
struct link *registry_link(struct registry *reg, const char *source);
struct meter *registry_meter(struct registry *reg, const char *id);

/**
 * registry_meter_add() - a meter that was not there before
 * @l: its source
 * @id: its id
 * @via: id of the meter that it hangs behind, or ""
 *
 * One of this source that was silent for longest may go to make room, but not link->meter.
 *
 * Return: the meter; NULL without memory, or if the source names too many, which was said.
 */
struct meter *registry_meter_add(struct link *l, const char *id, const char *via);
void registry_meter_remove(struct registry *reg, struct meter *m);

/* registry_meter_forgotten() - what is kept and shown of one that is gone for good; as keep_forget() */
int registry_meter_forgotten(struct registry *reg, const char *id);

void registry_meter_available(struct registry *reg, struct meter *m, bool available);

/* registry_meter_take() - from now on it is read from this source; false without memory */
bool registry_meter_take(struct link *l, struct meter *m);

/* registry_message.c: who takes messages of sources */
extern const struct source_owner registry_owner;

#endif /* AMSHAN_REGISTRY_INTERNAL_H */
