// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel source: reads /dev/amshanN, whose frames the module has framed, checked and stamped.
 *
 * Two states: open (fd, io), or waiting for a look at the ports (kernel_ports.h).  A look comes
 * when something is heard of ports; what nobody tells (rights that were given, a link to a tty that is
 * made late) is found by a slow timer, which runs only then.
 *
 * Which records were handed on is remembered (seqmem.h): after a restart those are passed over, and
 * what came meanwhile is taken, with the times that it came at.  A number is written behind the
 * call that hands its readings on: who is killed between the two repeats this one record, and loses
 * none.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>

#include "log.h"
#include "source/kernel.h"
#include "source/kernel_ports.h"
#include "source/pace.h"
#include "source/record.h"
#include "source/uri.h"
#include "util.h"

#define RETRY_US	(5 * USEC_PER_SEC)
#define NODE_MAX	32

/*
 * Per turn, of which there are PACE_PIECES in each PACE_INTERVAL: 1,280 frames a second.  What was
 * handed on already is passed over faster; no ring holds more than some thousands.
 */
#define RECORDS		8
#define READS		1024

/**
 * struct kernel - the transport's part of a source
 * @source: the source
 * @user: its place among those who want ports: the port that it reads, and its @tty
 * @tty: what the URI names, "": none
 * @fd: the device, or -1
 * @io: waits for records, NULL while not open
 * @retry: next attempt that nothing else leads to; NULL while stopped
 * @ended: attachment that came to its end, or failed: not tried again before @retry
 * @has_ended: there is one
 * @opened: it was open since it was started
 * @next: number of the next record
 * @known: @next is: else the first record says where it begins
 * @base: counters of earlier attachments
 * @octets: counted at the last refresh, UINT64_MAX: none yet
 * @frame_us: source->last_frame_us at the last refresh
 * @told_lost: since it was opened, it was said that frames were lost
 * @told_record: likewise that a record is not what it should be
 */
struct kernel {
	struct source *source;
	struct kernel_user user;
	char *tty;
	int fd;
	sd_event_source *io;
	sd_event_source *retry;
	struct port_info ended;
	bool has_ended;
	bool opened;
	u64 next;
	bool known;
	struct framer_stats base;
	u64 octets;
	u64 frame_us;
	bool told_lost;
	bool told_record;
};

static int kernel_parse(struct source *s, const char *rest, char **error)
{
	struct kernel *k = calloc(1, sizeof(*k));

	if (!k)
		return -ENOMEM;
	k->source = s;
	k->fd = -1;
	s->priv = k;
	if (strchr(rest, '?'))
		return uri_error(error, "parameter \"%s\": there are none: baud rate and parity "
				 "are for amshan-attach", strchr(rest, '?') + 1);
	if (*rest != '/' && strchr(rest, '/'))
		return uri_error(error, "\"%s\" is neither the name of a tty, as ttyUSB0, nor a "
				 "path that begins with a slash", rest);
	if (*rest != '/' && strlen(rest) >= AMSHAN_TTY_NAME_MAX)
		return uri_error(error, "the name of a tty is longer than %d characters",
				 AMSHAN_TTY_NAME_MAX - 1);
	k->tty = strdup(rest);

	return k->tty ? 0 : -ENOMEM;
}

static void retry_start(struct kernel *k)
{
	sd_event_source_set_time_relative(k->retry, RETRY_US);
	sd_event_source_set_enabled(k->retry, SD_EVENT_ONESHOT);
}

/* ---- counters ---- */

void kernel_stats(const struct port_info *port, struct framer_stats *ret)
{
	static const struct {
		enum port_counter from;
		size_t to;
	} map[] = {
#define ROW(counter, member) { PORT_##counter, offsetof(struct framer_stats, member) }
		ROW(RX_OCTETS, octets),
		ROW(FRAMES, frames),
		ROW(FRAME_OCTETS, frame_octets),
		ROW(SEGMENTED, segmented),
		ROW(FLAGS, flags),
		ROW(SKIPPED, skipped),
		ROW(HCS_ERRORS, hcs_errors),
		ROW(FCS_ERRORS, fcs_errors),
		ROW(FORMAT_ERRORS, format_errors),
		ROW(LENGTH_ERRORS, length_errors),
		ROW(TIMEOUTS, timeouts),
		ROW(PARITY_ERRORS, parity_errors),
		ROW(FRAMING_ERRORS, framing_errors),
		ROW(BREAKS, breaks),
		ROW(OVERRUNS, overruns),
#undef ROW
	};

	_Static_assert(ARRAY_SIZE(map) * sizeof(u64) == sizeof(*ret), "a counter has no row");
	for (size_t i = 0; i < ARRAY_SIZE(map); i++)
		*(u64 *)((char *)ret + map[i].to) = port->counter[map[i].from];
}

/*
 * Counters of all attachments since the start.  Frames are those up to the next record: what the
 * module has framed and nobody has read yet is not to be judged yet.
 */
static void stats_show(struct kernel *k)
{
	struct framer_stats *shown = &k->source->framer.stats, now = { 0 };
	u64 *sum = (u64 *)shown;
	const u64 *base = (const u64 *)&k->base, *more = (const u64 *)&now;

	kernel_stats(&k->user.port, &now);
	now.frames = k->next;
	for (size_t i = 0; i < sizeof(now) / sizeof(u64); i++)
		sum[i] = base[i] + more[i];
}

static void kernel_refresh(struct source *s)
{
	struct kernel *k = s->priv;
	u64 octets;

	if (k->fd < 0)
		return;
	if (s->ports && kernel_ports_refresh(s->ports, &k->user.port, false) == 0) {
		octets = k->user.port.counter[PORT_RX_OCTETS];
		/* No frame says when they came: after the last look. */
		if (octets > k->octets && s->last_frame_us == k->frame_us)
			s->last_octet_us = mono_us();
		k->octets = octets;
		k->frame_us = s->last_frame_us;
	}
	stats_show(k);
}

/* ---- open ---- */

static void device_close(struct kernel *k)
{
	k->io = sd_event_source_disable_unref(k->io);
	if (k->fd < 0)
		return;
	close(k->fd);
	k->fd = -1;
	k->user.reading = false;
	stats_show(k);
	k->base = k->source->framer.stats;
}

/* @error: 0: the port is gone */
static void device_lost(struct kernel *k, int error)
{
	struct source *s = k->source;
	const char *tty = *k->tty ? k->tty : k->user.port.tty;

	device_close(k);
	k->ended = k->user.port;
	k->has_ended = true;
	errno = error;
	if (error)
		source_set_state(s, SOURCE_WAITING, "%s: /dev/amshan%u cannot be read: %m", tty,
				 k->ended.index);
	else
		source_set_state(s, SOURCE_WAITING, "%s is gone", tty);
	retry_start(k);
	/* It may be there again as another port already. */
	if (s->ports)
		kernel_ports_look(s->ports);
}

static void note_lost(struct kernel *k, u64 n)
{
	k->source->stats.lost += n;
	log_about(k->told_lost ? LOG_DEBUG : LOG_WARNING, k->source->name, NULL, "%" PRIu64
		  " frame%s of /dev/amshan%u %s overwritten before %s read", n, n == 1 ? "" : "s",
		  k->user.port.index, n == 1 ? "was" : "were", n == 1 ? "it was" : "they were");
	k->told_lost = true;
}

static void note_mistake(struct kernel *k, const u8 *data, size_t n)
{
	char what[RECORD_MISTAKE_MAX];

	k->source->stats.malformed++;
	record_mistake(data, n, what, sizeof(what));
	log_about(k->told_record ? LOG_DEBUG : LOG_WARNING, k->source->name, NULL,
		  "/dev/amshan%u: a record is left out: %s", k->user.port.index, what);
	k->told_record = true;
}

/* Returns false for one that was handed on before. */
static bool take_record(struct kernel *k, const struct record *r)
{
	struct source *s = k->source;
	/* The owner may stop it, and start it on another port. */
	struct port_info port = k->user.port;
	u64 lost = k->known ? r->seq - k->next : r->lost;

	if (k->known && r->seq < k->next)
		return false;
	if (lost)
		note_lost(k, lost);
	k->known = true;
	k->next = r->seq + 1;
	source_frame(s, r->frame, r->frame_len, r->mono_us, r->real_us);
	if (s->ports && kernel_ports_memory(s->ports))
		seqmem_set(kernel_ports_memory(s->ports), port.index, port.attach_mono_ns,
			   r->seq + 1);

	return true;
}

static int on_records(sd_event_source *es, int fd, u32 events, void *ctx)
{
	static u8 buf[RECORD_READ_MAX];	/* one loop, one at a time; no record is longer */
	struct kernel *k = ctx;
	unsigned int taken = 0;

	for (unsigned int i = 0; i < READS && taken < RECORDS; i++) {
		ssize_t n = read(fd, buf, sizeof(buf));
		struct record r;

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return 0;
		if (n <= 0) {
			device_lost(k, n < 0 && errno != ENODEV ? errno : 0);
			return 0;
		}
		if (record_parse(buf, (size_t)n, &r) < 0) {
			note_mistake(k, buf, (size_t)n);
			taken++;
			continue;
		}
		taken += take_record(k, &r);
		/* Stopped by whoever got a message. */
		if (k->io != es)
			return 0;
	}

	return 0;
}

/*
 * From what was handed on before.  A number that the module has not come to yet is none of ours,
 * and would have everything passed over.
 */
static void memory_recall(struct kernel *k)
{
	struct kernel_ports *ports = k->source->ports;
	struct seqmem *memory = ports ? kernel_ports_memory(ports) : NULL;
	const struct port_info *port = &k->user.port;

	k->next = memory ? seqmem_next(memory, port->index, port->attach_mono_ns) : 0;
	if (k->next > port->counter[PORT_FRAMES]) {
		log_about(LOG_WARNING, k->source->name, NULL, "%" PRIu64 " frames of /dev/amshan%u "
			  "are remembered, and it had %" PRIu64 ": what it holds is taken as new",
			  k->next, port->index, port->counter[PORT_FRAMES]);
		k->next = 0;
	}
	k->known = k->next > 0;
}

int kernel_attach(struct source *s, int fd, const struct port_info *port)
{
	struct kernel *k = s->priv;
	int r;

	r = sd_event_add_io(s->event, &k->io, fd, EPOLLIN, on_records, k);
	if (r >= 0)
		r = pace_set(k->io);
	if (r < 0) {
		k->io = sd_event_source_disable_unref(k->io);
		close(fd);
		return r;
	}
	k->fd = fd;
	k->user.port = *port;
	k->user.reading = true;
	k->opened = true;
	k->has_ended = false;
	k->told_lost = false;
	k->told_record = false;
	k->octets = UINT64_MAX;
	memory_recall(k);
	sd_event_source_set_enabled(k->retry, SD_EVENT_OFF);
	source_set_state(s, SOURCE_OPEN, NULL);

	return 0;
}

/* ---- waiting ---- */

/* A look into the groups may ask a name service; it happens when the rights are wrong, only. */
static void say_no_access(const char *node, char *why, size_t size)
{
	const struct group *g;
	struct stat st;

	if (stat(node, &st) < 0) {
		snprintf(why, size, "may not open %s: a directory above it is closed to us", node);
		return;
	}
	g = getgrgid(st.st_gid);
	if (st.st_mode & 0040 && g)
		snprintf(why, size, "may not open %s: our user has to be a member of group \"%s\"",
			 node, g->gr_name);
	else
		snprintf(why, size, "may not open %s: its mode is %04o, no group may read it: is "
			 "udev's rule for it installed?", node, st.st_mode & 07777);
}

static void say_why(const char *node, int error, char *why, size_t size)
{
	switch (-error) {
	case EACCES:
		say_no_access(node, why, size);
		break;
	case EPERM:
		snprintf(why, size, "may not open %s: the service's DeviceAllow= does not name "
			 "char-amshan", node);
		break;
	default:
		errno = -error;
		snprintf(why, size, "cannot open %s: %m", node);
		break;
	}
}

/* The device of a port; -ESTALE: it is of another attachment by now. */
static int device_open(struct kernel *k, const char *node, struct port_info *port)
{
	int fd, r;

	fd = open(node, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return errno == ENODEV || errno == ENXIO ? -ESTALE : -errno;
	r = kernel_ports_refresh(k->source->ports, port, true);
	if (r < 0) {
		close(fd);
		return r == -ENODEV ? -ESTALE : r;
	}

	return kernel_attach(k->source, fd, port);
}

static void port_try(struct kernel *k, const struct port_info *there)
{
	struct source *s = k->source;
	const struct kernel_user *reader = kernel_ports_reader(s->ports, there);
	struct port_info port = *there;
	char node[NODE_MAX], why[SOURCE_REASON_MAX];
	int r;

	if (reader) {
		source_set_state(s, SOURCE_WAITING, "%s is read by source \"%s\" already", port.tty,
				 reader->source);
		return;
	}
	snprintf(node, sizeof(node), "/dev/amshan%u", port.index);
	r = device_open(k, node, &port);
	if (r == 0)
		return;
	retry_start(k);
	if (r == -ESTALE) {
		kernel_ports_look(s->ports);
		return;
	}
	say_why(node, r, why, sizeof(why));
	source_set_state(s, SOURCE_WAITING, "%s", why);
}

static void say_no_port(struct kernel *k, int n)
{
	struct source *s = k->source;

	if (n == -ENOENT) {
		source_set_state(s, SOURCE_WAITING, "the module amshan is not loaded");
		return;
	}
	if (n < 0) {
		errno = -n;
		source_set_state(s, SOURCE_WAITING,
				 "the kernel does not say which ports there are: %m");
		retry_start(k);
		return;
	}
	if (*k->tty) {
		if (k->opened)
			source_set_state(s, SOURCE_WAITING, "%s is gone", k->tty);
		else if (*k->tty == '/' && access(k->tty, F_OK) < 0)
			source_set_state(s, SOURCE_WAITING, "no such tty: %s", k->tty);
		else
			source_set_state(s, SOURCE_WAITING,
					 "%s is not attached: amshan-attach does that", k->tty);
		/* Perhaps one of them is it, and the link that says so is still to come. */
		if (n && *k->tty == '/')
			retry_start(k);
		return;
	}
	source_set_state(s, SOURCE_WAITING, "%s", n ?
			 "every port that is attached has a source of its own" :
			 "no port is attached: amshan-attach TTY does that");
}

static void kernel_look(struct kernel_user *u)
{
	struct kernel *k = container_of(u, struct kernel, user);
	struct kernel_ports *ports = k->source->ports;
	const struct port_info *all, *port;
	int n;

	/* One that is gone says so itself, when all that it held was read. */
	if (k->fd >= 0)
		return;
	n = kernel_ports_get(ports, &all);
	port = *k->tty ? kernel_ports_of_tty(ports, k->tty) : NULL;
	if (!kernel_ports_heard(ports))
		retry_start(k);
	if (!port)
		say_no_port(k, n);
	else if (!k->has_ended || !port_same(port, &k->ended))
		port_try(k, port);
}

static int on_retry(sd_event_source *es, u64 now, void *ctx)
{
	struct kernel *k = ctx;

	k->has_ended = false;
	if (k->source->ports)
		kernel_ports_look(k->source->ports);

	return 0;
}

/* ---- */

static void kernel_stop(struct source *s)
{
	struct kernel *k = s->priv;

	if (!k->retry)
		return;
	device_close(k);
	k->retry = sd_event_source_disable_unref(k->retry);
	k->opened = false;
	k->has_ended = false;
	if (s->ports)
		kernel_ports_leave(s->ports, &k->user);
}

static int kernel_start(struct source *s)
{
	struct kernel *k = s->priv;
	int r;

	kernel_stop(s);
	r = sd_event_add_time_relative(s->event, &k->retry, CLOCK_MONOTONIC, 0, 0, on_retry, k);
	if (r < 0)
		return r;
	sd_event_source_set_enabled(k->retry, SD_EVENT_OFF);
	k->user.look = kernel_look;
	k->user.source = s->name;
	k->user.tty = *k->tty ? k->tty : NULL;
	source_set_state(s, SOURCE_CONNECTING, NULL);
	if (s->ports)
		kernel_ports_join(s->ports, &k->user, false);

	return 0;
}

static void kernel_free(struct source *s)
{
	struct kernel *k = s->priv;

	free(k->tty);
	free(k);
	s->priv = NULL;
}

const struct source_ops source_kernel = {
	.scheme = "kernel",
	.parse = kernel_parse,
	.start = kernel_start,
	.stop = kernel_stop,
	.free = kernel_free,
	.refresh = kernel_refresh,
	/* To open it again would give the same silence. */
	.watchdog = false,
	.online = true,
};
