/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A meter: who it is, what it sent last, whether it is there.
 *
 * Meters are owned by the manager and shown by the outputs.  They are changed only by
 * meter_update() and by the manager, in the event loop.
 */
#ifndef AMSHAN_METER_METER_H
#define AMSHAN_METER_METER_H

#include <sys/queue.h>

#include "link/p1.h"
#include "meter/derive.h"
#include "meter/message.h"
#include "meter/period.h"
#include "meter/plausible.h"
#include "meter/scale.h"

#define METER_ID_MAX	64	/* octets with the NUL; [A-Za-z0-9_-] */
#define METER_TEXT_MAX	64	/* octets with the NUL; printable ASCII */
#define METER_PROBLEM_MAX	640	/* octets with the NUL; printable ASCII */

/**
 * struct meter_clock - the meter's clock, as interpreted
 * @known: a list with a clock was received
 * @utc_known: @utc_us is set
 * @utc_us: what the clock showed, in microseconds since the epoch
 * @iso: ISO 8601, with offset if @utc_known
 */
struct meter_clock {
	bool known;
	bool utc_known;
	s64 utc_us;
	char iso[COSEM_TIME_ISO_MAX];
};

/**
 * struct meter - one meter
 * @id: its number, or the name of its source if it does not send one; fit for topics and paths
 * @via: id of the meter that it hangs behind (M-Bus), "" if it has a port of its own
 * @channel: of that one, where it was heard last; 0: it has a port of its own
 * @identity: what it says of itself, "" where it did not
 * @latest: last value of each quantity, NaN if it never sent it
 * @known: bit per quantity: it has sent it
 * @derived: bit per quantity: the last value was not measured, but computed from others
 * @groups: bit per enum quantity_group: it has sent one of it
 * @clock: its clock
 * @available: it sends: no more than three list periods since the last message
 * @unverified: neither a checksum nor a tag spoke for the last message
 * @last_us: last message, microseconds since the epoch, 0: none since the daemon began
 * @last_mono_us: the same on CLOCK_MONOTONIC
 * @period: how often it sends
 * @standby_said: it was said that another source stands by for it
 * @taken_over: it is read from another source than before, and that was not told yet
 * @messages: decoded messages since the daemon began
 * @derive: what its derived values are made from
 * @plausible: whether its values contradict each other
 * @problem: what is wrong with its values, a sentence; "": nothing is known to be
 * @keep_wanted: it is to be written down, and in the queue of who does it
 * @keep_link: in that queue
 * @kept_us: when it was last written down, CLOCK_MONOTONIC, 0: not yet
 * @source: name of the source that it is read from, owned
 * @dbus: for the D-Bus output
 * @mqtt: for the MQTT output
 * @homeassistant: for the Home Assistant output
 */
struct meter {
	char id[METER_ID_MAX];
	char via[METER_ID_MAX];
	u8 channel;
	char identity[ID_COUNT][METER_TEXT_MAX];
	double latest[Q_COUNT];
	u64 known[READINGS_WORDS];
	u64 derived[READINGS_WORDS];
	u8 groups;
	struct meter_clock clock;
	bool available;
	bool unverified;
	u64 last_us;
	u64 last_mono_us;
	struct period period;
	bool standby_said;
	bool taken_over;
	u64 messages;
	struct derive derive;
	struct plausible plausible;
	char problem[METER_PROBLEM_MAX];
	bool keep_wanted;
	TAILQ_ENTRY(meter) keep_link;
	u64 kept_us;
	char *source;
	void *dbus;
	void *mqtt;
	void *homeassistant;
};

/**
 * struct meter_update - what one message changed; valid during the call that hands it over
 * @readings: this message's values, scaled and interpreted
 * @clock: @readings have the meter's time: meter->clock is of this message
 * @identity: a text of meter->identity changed
 * @derived: meter->derived changed
 * @unverified: meter->unverified changed
 * @new_groups: bit per enum quantity_group: sent for the first time
 * @known: meter->known changed
 * @problem: meter->problem changed
 * @real_us: when the message was received, microseconds since the epoch
 */
struct meter_update {
	const struct readings *readings;
	bool clock;
	bool identity;
	bool derived;
	bool unverified;
	u8 new_groups;
	bool known;
	bool problem;
	u64 real_us;
};

/**
 * struct meter_settings - how a source wants its meter to be understood
 * @scale: factors
 * @clock: CLOCK_AUTO: as the maker's table says
 * @p1_checksum: what is asked of the checksum of a P1 telegram
 * @derive_l2: give U2 of a 3-wire grid from U1 and U3
 * @derive: derived values
 * @plausibility: say if its values contradict each other
 */
struct meter_settings {
	struct scale scale;
	enum clock_kind clock;
	enum p1_policy p1_checksum;
	bool derive_l2;
	struct derive_settings derive;
	bool plausibility;
};

/**
 * meter_new() - a meter that has sent nothing yet
 * @id: as meter_id_make() gives it
 * @source: name of its source
 *
 * Return: the meter, or NULL without memory.
 */
struct meter *meter_new(const char *id, const char *source);
void meter_free(struct meter *m);

/**
 * meter_id_make() - an id that is fit for topics, object paths and file names
 * @text: a meter's number or a source's name
 * @n: its length
 * @id: METER_ID_MAX octets; characters other than [A-Za-z0-9_-] become '_'
 *
 * Return: 0, or -EINVAL if nothing is left of it.
 */
int meter_id_make(const char *text, size_t n, char *id);

/**
 * meter_interpret() - from readings as transmitted to readings as meant
 * @msg: the message
 * @settings: the source's
 * @r: the interpreted readings: scaled (but for a meter behind this one), without the zeros of
 *     phases that do not exist, without a time that the meter calls invalid; of a telegram with registers
 *     of tariffs alone with their sum as well, marked as derived
 * @clock: the interpreted clock, or NULL
 * @real_us: time of reception, to tell apart the two hours that the end of summer time gives
 */
void meter_interpret(const struct message *msg, const struct meter_settings *settings,
		     struct readings *r, struct meter_clock *clock, u64 real_us);

/**
 * meter_update() - take a message
 * @m: the meter it belongs to
 * @r: as meter_interpret() gave it
 * @clock: likewise; looked at only if @r has a time
 * @real_us: time of reception
 * @ret: what changed
 */
void meter_update(struct meter *m, const struct readings *r, const struct meter_clock *clock,
		  u64 real_us, struct meter_update *ret);

#endif /* AMSHAN_METER_METER_H */
