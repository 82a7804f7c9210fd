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
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>

#include "log.h"
#include "source/kernel.h"
#include "source/kernel_ports.h"
#include "source/kernel_why.h"
#include "source/pace.h"
#include "source/record.h"
#include "source/uri.h"
#include "util.h"

#define RETRY_US	(5 * USEC_PER_SEC)
#define UDEV_US		(5 * USEC_PER_SEC)	/* by then udev has given a node its group */

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
 * @next: number of the next record; those before it were handed on
 * @known: nothing is between @next and the next record but what was lost; else that record says
 *         what was
 * @base: counters of attachments before that of @user.port
 * @octets: counted at the last refresh, UINT64_MAX: none yet
 * @frame_us: source->last_frame_us at the last refresh
 * @group: that our user is not in
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
	struct access_group group;
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
	/* Names of ttys have slashes too: pts/3. */
	if (!strncmp(rest, "dev/", 4))
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
	struct framer_stats *shown = &k->source->deframer.hdlc.stats, now = { 0 };
	u64 *sum = (u64 *)shown;
	const u64 *base = (const u64 *)&k->base, *more = (const u64 *)&now;

	kernel_stats(&k->user.port, &now);
	now.frames = k->next;
	for (size_t i = 0; i < sizeof(now) / sizeof(u64); i++)
		sum[i] = base[i] + more[i];
	k->source->deframer.octets = shown->octets;
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

/*
 * One that is left out is not lost.  Its number is taken only if it is the one that has to come: a
 * wrong one would have us pass over what follows.
 */
static void note_mistake(struct kernel *k, const u8 *data, size_t n)
{
	char what[RECORD_MISTAKE_MAX];
	struct amshan_record h = { 0 };

	if (n >= sizeof(h))
		memcpy(&h, data, sizeof(h));
	if (n >= sizeof(h) && h.seq == k->next)
		k->next++;
	else
		k->known = false;
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

	if (r->seq < k->next)
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
	bool same;
	int r;

	r = sd_event_add_io(s->event, &k->io, fd, EPOLLIN, on_records, k);
	if (r >= 0)
		r = pace_set(k->io);
	if (r < 0) {
		k->io = sd_event_source_disable_unref(k->io);
		close(fd);
		return r;
	}
	/* The same one again: after an error, or a stop. */
	same = port_same(&k->user.port, port);
	if (!same) {
		stats_show(k);
		k->base = s->deframer.hdlc.stats;
	}
	k->fd = fd;
	k->user.port = *port;
	k->user.reading = true;
	k->opened = true;
	k->has_ended = false;
	k->told_lost = false;
	k->told_record = false;
	k->octets = UINT64_MAX;
	if (!same)
		memory_recall(k);
	sd_event_source_set_enabled(k->retry, SD_EVENT_OFF);
	source_set_state(s, SOURCE_OPEN, NULL);

	return 0;
}

/* ---- waiting ---- */

/*
 * The device of a port: a descriptor, or a negative errno.  -ENXIO: a node that is none of the
 * module's.
 */
static int node_open(const char *node)
{
	struct stat st;
	int fd;

	fd = open(node, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) == 0 && S_ISCHR(st.st_mode))
		return fd;
	close(fd);

	return -ENXIO;
}

/*
 * Open a port and read it.  Whether it is still the attachment that was found is asked behind the
 * opening.  Returns 0; -ESTALE: it is not; or, with a sentence in @why, another negative errno.
 */
static int port_open(struct kernel *k, struct port_info *port, char *why, size_t size)
{
	struct kernel_ports *ports = k->source->ports;
	char node[KERNEL_NODE_MAX];
	int fd, r = 0;

	fd = node_open(kernel_ports_node(ports, port, node));
	if (fd >= 0 || fd == -ENODEV || fd == -ENXIO)
		r = kernel_ports_refresh(ports, port, true);
	if (r < 0) {
		if (fd >= 0)
			close(fd);
		ports_say_error(r, why, size);
		return r == -ENODEV ? -ESTALE : r;
	}
	if (fd < 0) {
		kernel_why_not_opened(node, fd, &k->group, why, size);
		return fd;
	}
	r = kernel_attach(k->source, fd, port);
	if (r < 0)
		snprintf(why, size, "cannot wait for frames of %s: %s", node, strerror(-r));

	return r;
}

static void port_try(struct kernel *k, const struct port_info *there)
{
	struct source *s = k->source;
	const struct kernel_user *reader = kernel_ports_reader(s->ports, there);
	struct port_info port = *there;
	char why[SOURCE_REASON_MAX];
	int r;

	if (reader) {
		source_set_state(s, SOURCE_WAITING, "%s is read by source \"%s\" already", port.tty,
				 reader->source);
		return;
	}
	r = port_open(k, &port, why, sizeof(why));
	if (r == 0)
		return;
	retry_start(k);
	/* So short after the attachment that may be udev's turn yet, which will tell. */
	if (r == -EACCES && mono_us() - port.attach_mono_ns / NSEC_PER_USEC < UDEV_US)
		return;
	/* The ports were read again, and it was not among them: that ends at the next look. */
	if (r == -ESTALE)
		kernel_ports_look(s->ports);
	else
		source_set_state(s, SOURCE_WAITING, "%s", why);
}

static void say_no_port(struct kernel *k, int n)
{
	char why[SOURCE_REASON_MAX];

	kernel_why_no_port(k->tty, k->opened, n, why, sizeof(why));
	source_set_state(k->source, SOURCE_WAITING, "%s", why);
	/* Perhaps it is there, and the link that says so is still to come. */
	if ((n < 0 && n != -ENOENT) || (n > 0 && *k->tty == '/'))
		retry_start(k);
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
