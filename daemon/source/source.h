/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Sources: where octets or frames come from.
 *
 * A transport (kernel.c, serial.c, tcp.c, mqtt.c, file.c) knows how to open a line and hands over
 * what arrives: octets, or from the module whole frames.  What is common to all of them is in
 * source.c: deframer, reader, counters, what is wrong in words, and the watchdog that restarts
 * a link which is open but dead.  Everything runs in the event loop.
 */
#ifndef AMSHAN_SOURCE_SOURCE_H
#define AMSHAN_SOURCE_SOURCE_H

#include <sys/types.h>

#include <systemd/sd-event.h>

#include "backoff.h"
#include "link/deframer.h"
#include "meter/meter.h"
#include "meter/reader.h"
#include "source/undecoded.h"

struct kernel_ports;
struct mqtt_client;
struct source;

enum source_state {
	SOURCE_STOPPED,		/* not started, or stopped */
	SOURCE_WAITING,		/* for a port to appear, or for the next attempt: reason says why */
	SOURCE_CONNECTING,	/* name look-up or connection under way */
	SOURCE_OPEN,		/* octets can arrive */
	SOURCE_ENDED,		/* a file was read to its end */
};

/**
 * struct source_ops - a transport
 * @scheme: what stands before the first colon of the URI
 * @parse: take the rest of the URI; on a mistake return -EINVAL and set *@error to a sentence
 *         (malloc'ed, the caller frees it); called once, before anything else; sets source->priv
 * @start: open, or begin to try; failures that may heal are no errors: say them by
 *         source_set_state(SOURCE_WAITING) and try again by yourself
 * @stop: close and forget all timers; may be started again
 * @free: release source->priv; called after stop; stop and free are not called while priv is NULL
 * @refresh: bring source->deframer and last_octet_us up to date, where somebody else counts;
 *           NULL: they are.  May be called at any time, says nothing to anybody
 * @watchdog: restart it when no valid frame came for three list periods
 * @online: octets that stay away mean that the line is silent (false: files)
 */
struct source_ops {
	const char *scheme;
	int (*parse)(struct source *s, const char *rest, char **error);
	int (*start)(struct source *s);
	void (*stop)(struct source *s);
	void (*free)(struct source *s);
	void (*refresh)(struct source *s);
	bool watchdog;
	bool online;
};

/* serial_is_of() - does a serial: source name this device? */
bool serial_is_of(const struct source *s, dev_t devt);

extern const struct source_ops source_kernel, source_serial, source_tcp, source_mqtt, source_file;

/**
 * struct source_stats - what came of it, beside the counters of the framings
 * @messages: decoded messages that had readings
 * @unknown: well-formed messages in which nothing has a name
 * @encrypted: messages that need a key
 * @rejected: messages that the key does not fit, or that were altered
 * @replayed: messages whose frame counter was not above the last one
 * @unsupported: APDUs of a kind that cannot be read
 * @malformed: frames with good checksums whose content is broken
 * @starts: times the line was opened
 * @watchdog: times it was closed because no valid frame came
 * @lost: frames that the module overwrote before they were read
 */
struct source_stats {
	u64 messages;
	u64 unknown;
	u64 encrypted;
	u64 rejected;
	u64 replayed;
	u64 unsupported;
	u64 malformed;
	u64 starts;
	u64 watchdog;
	u64 lost;
};

/**
 * struct source_owner - who is told
 * @message: one decoded message with readings, or that of a telegram itself without any, of which more stands
 *           behind its channels; @msg is valid during the call, in which the source may be stopped but not freed
 * @changed: state, reason or health changed
 * @checked: a period of observation ended: silent meters can be looked for
 */
struct source_owner {
	void (*message)(void *ctx, struct source *s, const struct message *msg, u64 real_us);
	void (*changed)(void *ctx, struct source *s);
	void (*checked)(void *ctx, struct source *s);
};

/* What is wrong, from the line upwards; source_health_text() has a sentence for each. */
enum source_health {
	HEALTH_OK,
	HEALTH_STARTING,	/* open, and too early to say */
	HEALTH_CLOSED,		/* not open: state and reason say why */
	HEALTH_SILENT,		/* no octets */
	HEALTH_NO_FLAG,		/* octets, nothing of any framing in them */
	HEALTH_BAD_HCS,		/* flags, no good header */
	HEALTH_BAD_FCS,		/* good headers, no good frame */
	HEALTH_BAD_CRC,		/* telegrams or M-Bus frames, none with a good checksum */
	HEALTH_INCOMPLETE,	/* good frames, but no whole message in them */
	HEALTH_MALFORMED,	/* good frames with broken content */
	HEALTH_UNSUPPORTED,	/* good frames of a kind that cannot be read */
	HEALTH_UNKNOWN_LIST,
	HEALTH_ENCRYPTED,
	HEALTH_WRONG_KEY,
	HEALTH_REPLAYED,
	HEALTH_ENDED,		/* a file at its end */
};

#define SOURCE_REASON_MAX 192

/**
 * struct source_window - the counters at the beginning of an observation
 */
struct source_window {
	u64 octets;
	u64 units;
	struct framer_stats hdlc;
	struct p1_stats p1;
	struct mbus_stats mbus;
	struct source_stats stats;
};

/**
 * struct source - one source
 * @ops: its transport
 * @priv: the transport's
 * @event: the loop, not owned
 * @mqtt: the connection to the broker for mqtt: sources, NULL without a broker; not owned
 * @ports: for kernel: sources; set before source_start(); not owned
 * @name: unique; from the configuration
 * @uri: as configured
 * @settings: how its meter is to be understood
 * @meter: configured id, or NULL: learned
 * @learned: id of the meter that its lists named last, "" if none did
 * @owner: who is told
 * @ctx: for @owner
 * @state: where it is
 * @reason: a sentence for @state, "" if there is nothing to say
 * @since_us: time of the last change of @state, microseconds since the epoch
 * @deframer: its framings
 * @framing: that of the last message or frame that was valid, also if others are listened to meanwhile;
 *           LINK_UNKNOWN: there was none
 * @stats: counters
 * @reader: from frames to messages; its cipher and counters are set before source_start()
 * @keys: of @reader, a reference
 * @ciphered: the last message that could not be opened, without its text and tag
 * @trouble: why it could not
 * @said_closed: that one could not, though others can, was said of the keys that it has
 * @highest: CIPHER_REPLAY: what its frame counter should have been above
 * @last_octet_us: CLOCK_MONOTONIC, 0 for never; likewise the next ones
 * @last_frame_us: last frame with good checksums
 * @last_message_us: last message with readings; all three are of when it came to the line, which
 *                   is before we read it where the module keeps it for us
 * @period: how often frames come
 * @undecoded: the last frames with good checksums, or datagrams, that could not be decoded
 * @health: as last told to the owner
 */
struct source {
	const struct source_ops *ops;
	void *priv;
	sd_event *event;
	struct mqtt_client *mqtt;
	struct kernel_ports *ports;
	char *name;
	char *uri;
	struct meter_settings settings;
	char *meter;
	char learned[METER_ID_MAX];

	const struct source_owner *owner;
	void *ctx;

	enum source_state state;
	char reason[SOURCE_REASON_MAX];
	u64 since_us;

	enum link_framing framing;
	struct source_stats stats;
	struct keyring *keys;
	struct ciphered ciphered;
	enum cipher_trouble trouble;
	bool said_closed;
	u32 highest;
	u64 last_octet_us;
	u64 last_frame_us;
	u64 last_message_us;
	struct period period;
	struct undecoded undecoded;
	enum source_health health;

	/* private to source.c and health.c */
	sd_event_source *timer;
	char said[SOURCE_REASON_MAX];	/* reason that was logged, until readings arrive */
	u32 said_health;		/* likewise, bit per enum source_health */
	u64 open_us;
	struct backoff watchdog;
	u64 watchdog_wait_us;
	struct source_window window;

	/* Large, and mostly not touched: see source_new(). */
	struct deframer deframer;
	struct reader reader;
};

/**
 * source_new() - make a source; it does nothing until source_start()
 * @event: the loop; a reference is not taken
 * @name: unique name, copied
 * @uri: SCHEME:REST, copied
 * @mqtt: see struct source
 * @owner: told of messages and changes
 * @ctx: for @owner
 * @ret: the source; untouched on failure
 * @error: a sentence on -EINVAL, to be freed; otherwise untouched
 *
 * Return: 0; -EINVAL for a URI that is wrong, -ENOMEM.
 */
int source_new(sd_event *event, const char *name, const char *uri, struct mqtt_client *mqtt,
	       const struct source_owner *owner, void *ctx, struct source **ret, char **error);
int source_start(struct source *s);
void source_stop(struct source *s);
void source_free(struct source *s);

/* source_set_keys() - the keys of its meters; it takes a reference; NULL: none */
void source_set_keys(struct source *s, struct keyring *keys);

/* ---- for transports ---- */

/* source_receive() - octets of the line, in any pieces; @flags as framer_push() */
void source_receive(struct source *s, const u8 *data, const u8 *flags, size_t n);

/*
 * source_datagram() - whole messages in one piece: frames with flags, telegrams, LLC, APDU, hex text of
 * these; any of them several times
 */
void source_datagram(struct source *s, const u8 *data, size_t n);

/**
 * source_frame() - one whole frame that somebody else framed, checked and stamped
 * @s: the source
 * @frame: from the format field through the FCS; both checksums are good
 * @n: its length
 * @mono: CLOCK_MONOTONIC of its closing flag, microseconds; not later than now
 * @real: the same, since the epoch
 *
 * A frame older than the patience (it was kept while nobody read) is decoded like any other, and
 * says nothing about how the line is now.
 */
void source_frame(struct source *s, const u8 *frame, size_t n, u64 mono, u64 real);

/* source_eof() - nothing follows: what the deframer kept is looked through */
void source_eof(struct source *s);

/**
 * source_set_state() - say where the transport is
 * @s: the source
 * @state: the new state
 * @fmt: a sentence without full stop, for SOURCE_WAITING why ("no such port: /dev/ttyUSB0")
 *
 * Logs a change once, tells the owner.  Saying the same again is free.
 */
void source_set_state(struct source *s, enum source_state state, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* ---- for those who show it ---- */

/* source_refresh() - to be called before counters and last_octet_us are looked at */
void source_refresh(struct source *s);

const char *source_state_name(enum source_state state);	/* "open", "waiting", ... */
const char *source_health_name(enum source_health health);	/* "ok", "no-octets", "bad-hcs", ... */

#define SOURCE_HEALTH_TEXT_MAX 480

/* source_health_text() - what is wrong and what to check, in a sentence */
void source_health_text(const struct source *s, char *buf, size_t size);

/* ---- between source.c and health.c ---- */

/* health_begin() - the line was opened: observe from here */
void health_begin(struct source *s);

/* health_observe() - what came since health_begin() or the last call; begins a new observation */
enum source_health health_observe(struct source *s);

#endif /* AMSHAN_SOURCE_SOURCE_H */
