/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Ports of the module: what generic netlink says of them.
 *
 * Used by the kernel source of amshand and by "amshanctl ports".  Reading is one dump, answered by
 * the kernel within the call.  The monitor only says that something may have changed, whatever told
 * it; who is told reads the ports again.  So a lost notification, one too many, or two ways to
 * hear of the same thing do no harm.
 */
#ifndef AMSHAN_NETLINK_PORTS_H
#define AMSHAN_NETLINK_PORTS_H

#include <systemd/sd-event.h>

#include <amshan/types.h>
#include <linux/amshan.h>

/* X(enum suffix and attribute, name in JSON and tables); in the order they are shown */
#define PORT_COUNTERS(X) \
	X(RX_OCTETS, "rx_octets") \
	X(FRAMES, "frames") \
	X(FRAME_OCTETS, "frame_octets") \
	X(SEGMENTED, "segmented") \
	X(FLAGS, "flags") \
	X(SKIPPED, "skipped") \
	X(PENDING, "pending") \
	X(FCS_ERRORS, "fcs_errors") \
	X(HCS_ERRORS, "hcs_errors") \
	X(FORMAT_ERRORS, "format_errors") \
	X(LENGTH_ERRORS, "length_errors") \
	X(TIMEOUTS, "timeouts") \
	X(PARITY_ERRORS, "parity_errors") \
	X(FRAMING_ERRORS, "framing_errors") \
	X(BREAKS, "breaks") \
	X(OVERRUNS, "overruns") \
	X(OVERWRITTEN, "overwritten")

enum port_counter {
#define X(id, name) PORT_##id,
	PORT_COUNTERS(X)
#undef X
	PORT_COUNTER_COUNT
};

/* port_counter_names[PORT_FRAMES] is "frames" */
extern const char *const port_counter_names[PORT_COUNTER_COUNT];

/**
 * struct port_info - one port
 * @index: N of /dev/amshanN
 * @tty: name of its tty without /dev/
 * @tty_major: its device number
 * @tty_minor: likewise
 * @attach_mono_ns: CLOCK_MONOTONIC of the attachment; with @index it names this attachment
 * @attach_real_ns: CLOCK_REALTIME of the same
 * @counter: by enum port_counter; 0 where a module that is older than this program has none
 */
struct port_info {
	u32 index;
	char tty[AMSHAN_TTY_NAME_MAX];
	u32 tty_major;
	u32 tty_minor;
	u64 attach_mono_ns;
	u64 attach_real_ns;
	u64 counter[PORT_COUNTER_COUNT];
};

/**
 * ports_read() - all ports there are now
 * @ret: room for AMSHAN_PORTS_MAX; in the order of their indices; untouched on failure
 *
 * Return: their number; -ENOENT: the module is not loaded; another negative errno.
 */
int ports_read(struct port_info *ret);

/**
 * ports_say_error() - why there are no ports to be read
 * @error: what ports_read() returned, negative
 * @buf: a sentence without full stop
 * @size: of @buf
 */
void ports_say_error(int error, char *buf, size_t size);

/* port_same() - the same attachment? */
static inline bool port_same(const struct port_info *a, const struct port_info *b)
{
	return a->index == b->index && a->attach_mono_ns == b->attach_mono_ns;
}

struct ports_monitor;

/* What is heard of ports that come; of the family's coming always */
enum ports_news {
	PORTS_NEWS_NONE,	/* they have to be asked for */
	PORTS_NEWS_UDEV,	/* by udev, which does not say when it lost something */
	PORTS_NEWS_KERNEL,	/* by the module itself */
};

/**
 * ports_monitor_new() - be told when ports may have come or gone
 * @event: the loop
 * @changed: read them again; also when the module was loaded or removed, and when notifications
 *           were lost.  Never called from within ports_monitor_new()
 * @ctx: for @changed
 * @ret: the monitor; untouched on failure
 *
 * Hears the "events" of the family where this process may join them (CAP_NET_ADMIN), the device
 * events of udev where that runs, and the family's coming and going.
 *
 * Return: 0, or a negative errno.
 */
int ports_monitor_new(sd_event *event, void (*changed)(void *ctx), void *ctx,
		      struct ports_monitor **ret);
void ports_monitor_free(struct ports_monitor *m);

/*
 * ports_monitor_news() - what is heard as things are now; to be called while the module is loaded.
 * Tries to join its events where that did not come about
 */
enum ports_news ports_monitor_news(struct ports_monitor *m);

#endif /* AMSHAN_NETLINK_PORTS_H */
