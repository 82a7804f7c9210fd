// SPDX-License-Identifier: GPL-2.0
/*
 * amshan-sim: meters on a line.
 *
 * Each meter has its next message ready and a time when it is due; a heap keeps them in order.  One
 * timer, one epoll; with --speed 0 nothing is waited for.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "options.h"
#include "sink.h"
#include "truth.h"

#define NS_PER_MS	1000000ull
#define NS_PER_S	1000000000ull
#define SPREAD_MS	10000ull	/* period of list 2 */
#define BITS_PER_OCTET	11		/* 8E1 */
#define CHUNK_GAP_NS	NS_PER_MS
#define BURST		64		/* messages between two looks at the event loop */

/**
 * struct line - one meter
 * @stream: what it sends
 * @m: its next message
 * @sent: octets of it that were written
 * @due_ns: when to write the next piece
 * @begin_ns: time of its start
 * @messages: sent
 * @meter: its number, from 0
 */
struct line {
	struct sim_stream stream;
	struct sim_message m;
	size_t sent;
	u64 due_ns;
	u64 begin_ns;
	u64 messages;
	unsigned int meter;
};

/**
 * struct sim - the program
 * @stop_watch: for @signals; must be first
 * @heap: of lines, the one that is due first on top
 * @n: lines in the heap
 * @lines: all of them
 * @end_ns: end then
 * @stop: end now
 */
struct sim {
	struct sim_watch stop_watch;
	struct sim_options o;
	struct sim_sink *sink;
	FILE *truth;
	struct line **heap;
	unsigned int n;
	struct line *lines;
	u64 end_ns;
	int epoll, timer, signals;
	bool stop;
};

static u64 now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (u64)ts.tv_sec * NS_PER_S + ts.tv_nsec;
}

/* The meter's milliseconds as nanoseconds of the line. */
static u64 line_ns(const struct sim *sim, u64 ms)
{
	return sim->o.speed > 0 ? (u64)((double)ms * NS_PER_MS / sim->o.speed) : ms * NS_PER_MS;
}

/* Lines with the same time go in the order of their numbers. */
static bool before(const struct line *a, const struct line *b)
{
	return a->due_ns != b->due_ns ? a->due_ns < b->due_ns : a->meter < b->meter;
}

/* The line on top has another time, or another line was put there: let it sink. */
static void heap_sift(struct sim *sim)
{
	unsigned int i = 0, child;
	struct line *line = sim->heap[0];

	while ((child = 2 * i + 1) < sim->n) {
		if (child + 1 < sim->n && before(sim->heap[child + 1], sim->heap[child]))
			child++;
		if (!before(sim->heap[child], line))
			break;
		sim->heap[i] = sim->heap[child];
		i = child;
	}
	sim->heap[i] = line;
}

static int line_next(struct sim *sim, struct line *line)
{
	int r = sim_stream_next(&line->stream, &line->m);

	line->sent = 0;
	line->due_ns = line->begin_ns + line_ns(sim, line->m.at_ms);
	return r < 0 ? sim_sink_error(r, "a value does not fit into the message") : 0;
}

static bool line_gone(const struct sim *sim, const struct line *line)
{
	u64 ns = line_ns(sim, line->m.at_ms);

	return sim->o.gone && ns >= sim->o.gone_ms * NS_PER_MS &&
	       (!sim->o.back || ns < sim->o.back_ms * NS_PER_MS);
}

/* A message is complete: say what it was, get the next one ready. */
static int line_sent(struct sim *sim, struct line *line)
{
	const char *id = line->stream.house.values.id;
	int r = 0;

	line->messages++;
	if (sim->truth)
		r = sim_truth_write(sim->truth, line->meter, id, &line->m);
	if (r < 0)
		return sim_sink_error(r, sim->o.truth);
	if (line->messages != sim->o.count)
		return line_next(sim, line);
	sim->heap[0] = sim->heap[--sim->n];
	return 0;
}

/* Write what is due of the line on top of the heap. */
static int line_fire(struct sim *sim)
{
	const struct sim_options *o = &sim->o;
	struct line *line = sim->heap[0];
	size_t n = line->m.n - line->sent;
	int r;

	if (line_gone(sim, line)) {
		r = line_next(sim, line);
		heap_sift(sim);
		return r;
	}
	if (o->chunk && n > o->chunk)
		n = o->chunk;
	else if (o->baud && !o->chunk && n > 1 + o->baud / (BITS_PER_OCTET * 1000))
		n = 1 + o->baud / (BITS_PER_OCTET * 1000);
	r = sim->sink->ops->write(sim->sink, line->meter, line->m.octets + line->sent, n);
	if (r < 0)
		return r;
	line->sent += n;
	if (line->sent == line->m.n)
		r = line_sent(sim, line);
	else if (o->baud)
		line->due_ns += n * BITS_PER_OCTET * NS_PER_S / o->baud;
	else
		line->due_ns += CHUNK_GAP_NS;
	if (sim->n)
		heap_sift(sim);
	return r;
}

/* Handle what has happened; wait until @until_ns, 0: do not wait. */
static int loop_step(struct sim *sim, u64 until_ns)
{
	struct itimerspec at = {
		.it_value = { .tv_sec = until_ns / NS_PER_S, .tv_nsec = until_ns % NS_PER_S },
	};
	struct epoll_event events[64];
	u64 expirations;
	int n;

	if (until_ns && timerfd_settime(sim->timer, TFD_TIMER_ABSTIME, &at, NULL) < 0)
		return -errno;
	n = epoll_wait(sim->epoll, events, sizeof(events) / sizeof(events[0]), until_ns ? -1 : 0);
	if (n < 0)
		return errno == EINTR ? 0 : -errno;
	for (int i = 0; i < n; i++) {
		struct sim_watch *w = events[i].data.ptr;

		if (w)
			w->fn(w, events[i].events);
		else if (read(sim->timer, &expirations, sizeof(expirations)) < 0)
			sim->stop = errno != EAGAIN;
	}
	return 0;
}

/* The signal stays readable: a sink that waits sees it too. */
static void stop_event(struct sim_watch *w, u32 events)
{
	((struct sim *)w)->stop = true;
}

static int run(struct sim *sim)
{
	bool wait = sim->o.speed > 0;
	u64 now = 0;
	int r;

	while (!sim->stop && sim->n) {
		if (wait)
			now = now_ns();
		for (int i = 0; i < BURST && sim->n && !sim->stop; i++) {
			u64 due = sim->heap[0]->due_ns;

			if (due >= sim->end_ns && (!wait || now >= sim->end_ns))
				return 0;
			if (wait && (due > now || due >= sim->end_ns))
				break;
			r = line_fire(sim);
			if (r < 0)
				return r;
		}
		r = 0;
		if (sim->n) {
			u64 next = sim->heap[0]->due_ns;

			if (next > sim->end_ns)
				next = sim->end_ns;
			r = loop_step(sim, wait && next > now ? next : 0);
		}
		if (r < 0)
			return r;
	}
	return 0;
}

/* Give a number to each meter: the first one's plus @add. */
static void id_add(char *id, unsigned int add)
{
	for (size_t i = strlen(id); i-- && add; add /= 10) {
		add += id[i] - '0';
		id[i] = '0' + add % 10;
	}
}

static void title_add(u8 *title, unsigned int add)
{
	for (size_t i = SIM_TITLE_LEN; i-- && add; add >>= 8) {
		add += title[i];
		title[i] = add & 0xff;
	}
}

static int lines_init(struct sim *sim)
{
	const struct sim_options *o = &sim->o;
	u64 now = o->speed > 0 ? now_ns() : 0;
	struct sim_stream_settings set = o->stream;
	struct sim_values example;
	struct sim_cipher cipher;	/* the stream takes a copy */
	char id[SIM_TEXT_MAX];
	int r;

	sim_values_example(o->stream.form, &example);
	sim->end_ns = o->duration_ms ? now + o->duration_ms * NS_PER_MS : UINT64_MAX;
	for (unsigned int i = 0; i < o->meters; i++) {
		struct line *line = &sim->lines[i];

		snprintf(id, sizeof(id), "%s", o->stream.id ?: example.id);
		id_add(id, i);
		set.id = id;
		set.seed = o->stream.seed + i;
		cipher = o->cipher;
		title_add(cipher.title, i);
		set.wrap.cipher = o->stream.wrap.cipher ? &cipher : NULL;
		r = sim_stream_init(&line->stream, &set);
		if (r < 0)
			return sim_sink_error(r, "--id and --type");
		line->meter = i;
		line->begin_ns = now + line_ns(sim, SPREAD_MS * i / o->meters);
		r = line_next(sim, line);
		if (r < 0)
			return r;
		sim->heap[i] = line;	/* phases rise with i: this is a heap */
	}
	sim->n = o->meters;
	return 0;
}

static int loop_init(struct sim *sim)
{
	struct epoll_event timer = { .events = EPOLLIN };
	struct epoll_event stop = { .events = EPOLLIN, .data.ptr = &sim->stop_watch };
	sigset_t set;

	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	sim->signals = signalfd(-1, &set, SFD_CLOEXEC);
	sim->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	sim->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (sim->signals < 0 || sim->timer < 0 || sim->epoll < 0 ||
	    epoll_ctl(sim->epoll, EPOLL_CTL_ADD, sim->timer, &timer) < 0 ||
	    epoll_ctl(sim->epoll, EPOLL_CTL_ADD, sim->signals, &stop) < 0)
		return sim_sink_error(-errno, "event loop");
	return 0;
}

static int sink_open(struct sim *sim)
{
	const struct sim_options *o = &sim->o;

	switch (o->to) {
	case SIM_TO_PTY:
		return sim_sink_pty(sim->epoll, sim->signals, o->link, &sim->sink);
	case SIM_TO_TCP:
		return sim_sink_tcp(sim->epoll, sim->signals, o->port, o->meters, &sim->sink);
	default:
		return sim_sink_stdout(sim->epoll, sim->signals, o->to == SIM_TO_LINES, &sim->sink);
	}
}

static int setup(struct sim *sim)
{
	int r;

	sim->lines = calloc(sim->o.meters, sizeof(*sim->lines));
	sim->heap = calloc(sim->o.meters, sizeof(sim->heap[0]));
	if (!sim->lines || !sim->heap)
		return sim_sink_error(-ENOMEM, "meters");
	if (sim->o.truth) {
		sim->truth = fopen(sim->o.truth, "we");
		if (!sim->truth)
			return sim_sink_error(-errno, sim->o.truth);
	}
	r = loop_init(sim);
	if (!r)
		r = sink_open(sim);
	while (!r && sim->o.wait && !sim->stop && !sim->sink->ops->heard(sim->sink))
		r = loop_step(sim, UINT64_MAX / 2);
	return r < 0 ? r : lines_init(sim);
}

int main(int argc, char **argv)
{
	static struct sim sim = { .stop_watch = { .fn = stop_event } };
	int r;

	r = sim_options_parse(&sim.o, argc, argv);
	if (r <= 0)
		return r < 0 ? 2 : 0;
	r = setup(&sim);
	if (!r) {
		r = run(&sim);
		if (!r && !sim.stop && sim.sink->ops->drain)
			sim.sink->ops->drain(sim.sink);
		if (r == -EPIPE)
			r = 0;
		else if (r < 0)
			sim_sink_error(r, "ended");
	}
	if (sim.sink)
		sim.sink->ops->close(sim.sink);
	if (sim.truth)
		fclose(sim.truth);
	free(sim.lines);
	free(sim.heap);
	return r < 0 ? 1 : 0;
}
