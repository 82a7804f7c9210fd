// SPDX-License-Identifier: GPL-2.0
/*
 * amshanctl probe: which settings a meter sends with.
 *
 * One tty, ours alone as long as it takes, is set to one setting after the other and listened to.
 * What a setting is worth is decided in probe_listen.c, which one comes next in probe_plan.c, what
 * is said in probe_print.c.  Nothing is written to the tty.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>

#include <linux/serial.h>
#include <systemd/sd-event.h>

#include "ctl/ctl.h"
#include "ctl/enable.h"
#include "ctl/holder.h"
#include "ctl/live.h"
#include "ctl/probe_print.h"
#include "ctl/text.h"
#include "source/tty.h"
#include "util.h"

/* Ten settings, and then it is over, are two minutes at most. */
#define SECONDS_DEFAULT	12

#define READ_MAX	4096
#define SHOW_US		(250 * USEC_PER_MSEC)
#define ACCURACY_US	(10 * USEC_PER_MSEC)

/* Octets that came are taken before time is asked, and before a picture is drawn. */
#define PRIORITY_TIME	10
#define PRIORITY_SHOW	20

/**
 * struct probe - a running probe
 * @seconds: how long a setting is listened to at most
 * @tty: the tty
 * @adapter: behind it; only if it is to be enabled
 * @event: the loop
 * @live: signals
 * @io: octets of the tty
 * @timer: when time has something to say
 * @show: the next picture of the progress
 * @progress: the same
 * @tries: the settings so far; the last one is listened to
 * @n: their number
 * @listen: what came of it so far
 * @marks: of the octets
 * @counts: the driver counts errors
 * @counted: what it had counted when the setting began
 * @done: the plan was carried out
 * @why: why not, "": a signal ended it
 */
struct probe {
	unsigned int seconds;
	struct tty tty;
	struct adapter adapter;
	sd_event *event;
	struct live live;
	sd_event_source *io;
	sd_event_source *timer;
	sd_event_source *show;
	struct probe_progress progress;
	struct probe_try tries[PROBE_TRIES_MAX];
	size_t n;
	struct listen listen;
	struct serial_marks marks;
	bool counts;
	struct listen_errors counted;
	bool done;
	char why[TTY_WHY_MAX];
};

/* ---- what the driver counts ---- */

static bool counts_read(const struct probe *p, struct listen_errors *ret)
{
	struct serial_icounter_struct c;

	if (ioctl(p->tty.fd, TIOCGICOUNT, &c) < 0)
		return false;
	ret->errors = (u64)(unsigned int)c.parity + (unsigned int)c.frame;
	ret->breaks = (unsigned int)c.brk;
	ret->overruns = (u64)(unsigned int)c.overrun + (unsigned int)c.buf_overrun;
	return true;
}

/* Since the setting began; NULL: the driver does not count. */
static const struct listen_errors *counts_since(const struct probe *p, struct listen_errors *buf)
{
	if (!p->counts || !counts_read(p, buf))
		return NULL;
	buf->errors -= p->counted.errors;
	buf->breaks -= p->counted.breaks;
	buf->overruns -= p->counted.overruns;
	return buf;
}

/* ---- one setting after the other ---- */

/* The end, with a sentence why it is too early. */
static int give_up(struct probe *p, const char *why)
{
	text_escape(why, p->why, sizeof(p->why));
	return sd_event_exit(p->event, 0);
}

static struct probe_try *current(struct probe *p)
{
	return &p->tries[p->n - 1];
}

static void take_result(struct probe *p)
{
	current(p)->result = p->listen.result;
}

/*
 * Can the adapter do what it was told?  A pseudo-terminal has no settings; there each of them is
 * as good as another.
 */
static bool is_set(const struct probe *p, const struct probe_try *t)
{
	return serial_is_near(&t->want, &t->got) || serial_is_pty(p->tty.fd);
}

/* Set the next one that the adapter can do; 0: the end, also of the loop. */
static int next_setting(struct probe *p)
{
	struct serial_settings want;

	while (probe_next(p->tries, p->n, &want)) {
		struct probe_try *t = &p->tries[p->n];
		int r;

		*t = (struct probe_try){ .want = want };
		r = tty_set(&p->tty, &want);
		if (r < 0 && r != -EINVAL)
			return give_up(p, p->tty.why);
		p->n++;
		t->got = p->tty.got;
		if (r == 0 && is_set(p, t)) {
			p->marks = (struct serial_marks){ 0 };
			p->counts = counts_read(p, &p->counted);
			listen_begin(&p->listen, mono_us(), p->seconds * USEC_PER_SEC);
			return 1;
		}
		t->refused = true;
		probe_progress_done(&p->progress, t);
	}
	p->done = true;
	return sd_event_exit(p->event, 0);
}

static int timer_at(sd_event_source *timer, u64 us)
{
	int r = sd_event_source_set_time(timer, us);

	return r < 0 ? r : sd_event_source_set_enabled(timer, SD_EVENT_ONESHOT);
}

/* After the listening has said something. */
static int go_on(struct probe *p, enum listen_state state)
{
	int r;

	if (state != LISTEN_ON) {
		take_result(p);
		probe_progress_done(&p->progress, current(p));
		r = next_setting(p);
		if (r <= 0)
			return r;
	}
	return timer_at(p->timer, listen_next(&p->listen));
}

/* ---- events ---- */

static int on_octets(sd_event_source *source, int fd, uint32_t events, void *ctx)
{
	struct probe *p = ctx;
	u8 in[READ_MAX], out[READ_MAX + 1], flags[READ_MAX + 1];
	struct listen_errors buf;
	ssize_t n = read(fd, in, sizeof(in));
	size_t k;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n <= 0) {
		int error = errno;
		char why[TTY_WHY_MAX];

		/* Whatever the error: without a hangup there would be none. */
		if (n == 0 || tty_is_gone(error))
			snprintf(why, sizeof(why), "%s is gone", p->tty.name);
		else
			snprintf(why, sizeof(why), "cannot read %s: %s", p->tty.name,
				 strerror(error));
		return give_up(p, why);
	}
	k = serial_marks_decode(&p->marks, in, (size_t)n, out, flags);
	return go_on(p, listen_push(&p->listen, out, flags, k, counts_since(p, &buf), mono_us()));
}

static int on_time(sd_event_source *source, uint64_t usec, void *ctx)
{
	struct probe *p = ctx;

	return go_on(p, listen_tick(&p->listen, mono_us()));
}

static int on_show(sd_event_source *source, uint64_t usec, void *ctx)
{
	struct probe *p = ctx;

	listen_tick(&p->listen, mono_us());
	take_result(p);
	probe_progress_show(&p->progress, current(p), (unsigned int)p->n, p->seconds);
	return timer_at(source, mono_us() + SHOW_US);
}

/* ---- the tty ---- */

/* Whose is it? CTL_FAILED after a sentence, unless it is ours now. */
static int take_tty(struct probe *p, const char *device)
{
	char text[TTY_WHY_MAX], advice[TTY_WHY_MAX] = "";
	struct holder h;
	bool attached;
	int r;

	r = tty_find(&p->tty, device);
	attached = r == 0 && tty_port(&p->tty) >= 0;
	/* Without opening it, if that is possible. */
	if (r == 0 && !attached &&
	    holder_find(p->tty.node, p->tty.devt, &h) > 0) {
		ctl_say("%s is in use by %s (process %d)",
			text_escape(p->tty.name, text, sizeof(text)), h.name, (int)h.pid);
		return CTL_FAILED;
	}
	if (r == 0)
		r = tty_open(&p->tty);
	if (r == 0)
		return CTL_OK;
	text_escape(p->tty.why, text, sizeof(text));
	if (attached && r == -EBUSY)
		snprintf(advice, sizeof(advice), "; amshanctl disable %s, then amshanctl probe "
			 "--enable %s", p->tty.name, p->tty.name);
	ctl_say("%s%s", text, advice);
	return CTL_FAILED;
}

static int add_timer(struct probe *p, sd_event_source **ret, sd_event_time_handler_t fn, int priority)
{
	int r = sd_event_add_time(p->event, ret, CLOCK_MONOTONIC, mono_us(), ACCURACY_US, fn, p);

	return r < 0 ? r : sd_event_source_set_priority(*ret, priority);
}

static int run(struct probe *p)
{
	int r;

	r = live_begin(&p->live, p->event);
	if (r >= 0)
		r = sd_event_add_io(p->event, &p->io, p->tty.fd, EPOLLIN, on_octets, p);
	if (r >= 0)
		r = add_timer(p, &p->timer, on_time, PRIORITY_TIME);
	if (r >= 0 && p->progress.is_terminal)
		r = add_timer(p, &p->show, on_show, PRIORITY_SHOW);
	if (r >= 0)
		r = next_setting(p);
	if (r > 0)
		r = timer_at(p->timer, listen_next(&p->listen));
	/* Without a setting the loop's end is asked for already. */
	if (r >= 0)
		r = sd_event_loop(p->event);
	probe_progress_clear(&p->progress);
	if (p->n && !p->done && !current(p)->refused) {
		listen_end(&p->listen, mono_us());
		take_result(p);
	}
	return r;
}

/* The tty goes back whatever happened, before anything is said. */
static int listen_to_all(struct probe *p)
{
	int r;

	probe_progress_begin(&p->progress);
	r = sd_event_new(&p->event);
	if (r >= 0)
		r = run(p);
	sd_event_source_disable_unref(p->show);
	sd_event_source_disable_unref(p->timer);
	sd_event_source_disable_unref(p->io);
	tty_close(&p->tty);
	live_end(&p->live);
	sd_event_unref(p->event);
	if (r >= 0)
		return CTL_OK;
	ctl_say("cannot listen to %s: %s", p->tty.name, strerror(-r));
	return CTL_FAILED;
}

/* ---- the end ---- */

/* What is said of it goes where it is in nobody's way: standard output has one JSON object. */
static int enable(const struct ctl_options *o, const struct probe *p, const struct probe_try *best)
{
	int out = -1, status;

	if (o->json) {
		fflush(stdout);
		out = dup(STDOUT_FILENO);
		if (out < 0 || dup2(STDERR_FILENO, STDOUT_FILENO) < 0) {
			ctl_say("cannot enable %s: %s", p->adapter.name, strerror(errno));
			if (out >= 0)
				close(out);
			return CTL_FAILED;
		}
	}
	status = enable_adapter(&p->adapter, &best->want, best->result.framing, o->anywhere);
	if (o->json) {
		fflush(stdout);
		dup2(out, STDOUT_FILENO);
		close(out);
	}
	return status;
}

static int finish(const struct ctl_options *o, struct probe *p)
{
	char device[TEXT_MAX];
	struct probe_outcome outcome = {
		.device = text_escape(o->argv[0], device, sizeof(device)),
		.name = p->tty.name,
		.tries = p->tries,
		.n = p->n,
		.seconds = p->seconds,
		.why = p->done ? "" : *p->why ? p->why : "interrupted",
	};
	int status;

	outcome.best = probe_best(p->tries, p->n, &outcome.alike);
	status = o->json ? probe_print_json(&outcome) : probe_print_text(&outcome);
	if (!outcome.best || !p->done)
		status = CTL_FAILED;
	if (!o->enable)
		return status;
	if (status != CTL_OK) {
		ctl_say("nothing is enabled");
		return status;
	}
	return enable(o, p, outcome.best);
}

/* What would be in the way of enabling it afterwards: CTL_FAILED after a sentence. */
static int check_enabling(const struct ctl_options *o, struct probe *p)
{
	char why[ADAPTER_WHY_MAX], text[ADAPTER_WHY_MAX];

	if (geteuid() != 0) {
		ctl_say("only root may enable an adapter; nothing was listened to");
		return CTL_FAILED;
	}
	if (adapter_find(o->argv[0], &p->adapter, why, sizeof(why)) == 0)
		return CTL_OK;
	ctl_say("%s", text_escape(why, text, sizeof(text)));
	return CTL_FAILED;
}

int ctl_probe(const struct ctl_options *o)
{
	static struct probe p;
	sigset_t signals;
	int status;

	p.tty.fd = -1;
	p.seconds = o->seconds ?: SECONDS_DEFAULT;
	status = o->enable ? check_enabling(o, &p) : CTL_OK;
	if (status == CTL_OK)
		status = take_tty(&p, o->argv[0]);
	if (status == CTL_OK) {
		sigprocmask(SIG_SETMASK, NULL, &signals);
		status = listen_to_all(&p);
		/* From here on Ctrl-C ends it at once. */
		sigprocmask(SIG_SETMASK, &signals, NULL);
	}
	if (status == CTL_OK)
		status = finish(o, &p);
	tty_clear(&p.tty);
	return status;
}
