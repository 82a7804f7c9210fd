// SPDX-License-Identifier: GPL-2.0
/*
 * Holding: an sd-event loop with two states, held and waiting.
 *
 * Held: a hangup is told at once; that something took the discipline away is not, and is looked for.
 * Waiting, only if that is wanted: the tty is not open, as opening toggles its modem lines; whatever
 * was in the way is tried again by a slow timer, and the folder of the tty's node tells when it goes.
 *
 * Signals are blocked from the start and taken by the loop, so that whatever is set is given back;
 * nothing that is done in between waits for anybody.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>

#include <systemd/sd-daemon.h>
#include <systemd/sd-event.h>

#include "attach/hold.h"
#include "log.h"
#include "util.h"

/* What a resume does to a tty is not told. */
#define CHECK_US	(60 * USEC_PER_SEC)
#define CHECK_SLACK_US	(10 * USEC_PER_SEC)
#define RETRY_US	(5 * USEC_PER_SEC)
#define RETRY_SOON_US	(1 * USEC_PER_SEC)
#define RETRY_SLACK_US	(100 * USEC_PER_MSEC)

/**
 * struct holder - what holds an attachment
 * @event: the loop
 * @a: the attachment
 * @is_patient: waits for what is in the way
 * @is_ready: the service manager was told READY=1
 * @is_named: what the user's path leads to was told
 * @is_held: it is attached
 * @timer: held: next look; waiting: next attempt
 * @hangup: watches the tty while it is held
 * @watch: watches the folder of its node while it is not
 * @said: why it waits, "" while it does not: each reason is said once
 */
struct holder {
	sd_event *event;
	struct attachment *a;
	bool is_patient;
	bool is_ready;
	bool is_named;
	bool is_held;
	sd_event_source *timer;
	sd_event_source *hangup;
	sd_event_source *watch;
	char said[ATTACH_TEXT_MAX];
};

static int attempt(struct holder *h);

static void tell(struct holder *h, const char *status)
{
	sd_notifyf(0, "%sSTATUS=%s", h->is_ready ? "" : "READY=1\n", status);
	h->is_ready = true;
}

static const char *name_of(const struct holder *h)
{
	return h->a->tty.name ? h->a->tty.name : h->a->path;
}

static void set_timer(struct holder *h, u64 us, u64 slack_us)
{
	sd_event_source_set_time_accuracy(h->timer, slack_us);
	sd_event_source_set_time_relative(h->timer, us);
	sd_event_source_set_enabled(h->timer, SD_EVENT_ONESHOT);
}

/* ---- the end ---- */

/* Returns what the loop is to be left with. */
static int finish(struct holder *h, bool is_well, const char *why)
{
	log_about(is_well ? LOG_INFO : LOG_ERR, NULL, NULL, "%s", why);
	/*
	 * A service that ends without having been ready counts as failed; and of two states in one
	 * message the last one is taken.
	 */
	if (!h->is_ready)
		tell(h, why);
	sd_notifyf(0, "STOPPING=1\nSTATUS=%s", why);
	return sd_event_exit(h->event, is_well);
}

/* It could not be attached, and nobody wants to wait. */
static int give_up(struct holder *h, int error)
{
	log_err("%s", h->a->tty.why);
	sd_notifyf(0, "STATUS=%s\nERRNO=%d", h->a->tty.why, -error);
	return sd_event_exit(h->event, false);
}

static int on_end(sd_event_source *s, const struct signalfd_siginfo *si, void *ctx)
{
	struct holder *h = ctx;
	char why[ATTACH_TEXT_MAX];

	snprintf(why, sizeof(why), h->is_held ? "%s is given back" : "%s is not waited for any more",
		 name_of(h));
	return finish(h, true, why);
}

/* ---- waiting ---- */

static int on_watch(sd_event_source *s, const struct inotify_event *event, void *ctx)
{
	struct holder *h = ctx;
	const char *node = h->a->tty.node;

	if (event->len && node && strcmp(event->name, strrchr(node, '/') + 1))
		return 0;
	return attempt(h);
}

/* Best effort: without a watch the next attempt sees that it is gone. */
static void watch_start(struct holder *h)
{
	_cleanup_free_ char *folder = h->a->tty.node ? strdup(h->a->tty.node) : NULL;
	int r;

	if (!folder)
		return;
	*strrchr(folder, '/') = '\0';
	r = sd_event_add_inotify(h->event, &h->watch, *folder ? folder : "/",
				 IN_DELETE | IN_MOVED_FROM | IN_DELETE_SELF | IN_ONLYDIR, on_watch,
				 h);
	/* It went before the watch was there. */
	if (r >= 0 && access(h->a->tty.node, F_OK) < 0 && errno == ENOENT)
		set_timer(h, 0, 1);
}

static int wait_for(struct holder *h, u64 us)
{
	const char *why = h->a->tty.why;

	set_timer(h, us, RETRY_SLACK_US);
	watch_start(h);
	if (strcmp(why, h->said)) {
		snprintf(h->said, sizeof(h->said), "%s", why);
		log_warning("%s; trying again every %d s", why, (int)(RETRY_US / USEC_PER_SEC));
		tell(h, why);
	}
	return 0;
}

/* ---- holding ---- */

/* Everything that may have changed the tty leads here. */
static int check(struct holder *h, bool hung_up)
{
	int r = attachment_check(h->a);

	/* The other end of a pty is closed a moment before the tty itself is hung up. */
	if (r == 0 && hung_up)
		r = tty_fail(&h->a->tty, -ENODEV, "%s is gone", h->a->tty.name);
	if (r == 0) {
		set_timer(h, CHECK_US, CHECK_SLACK_US);
		return 0;
	}
	if (r == -ENODEV || !h->is_patient)
		return finish(h, r == -ENODEV, h->a->tty.why);
	h->is_held = false;
	h->hangup = sd_event_source_disable_unref(h->hangup);
	attachment_end(h->a);
	return wait_for(h, RETRY_SOON_US);
}

static int on_hangup(sd_event_source *s, int fd, u32 events, void *ctx)
{
	return check(ctx, true);
}

static int hold_on(struct holder *h)
{
	char text[ATTACH_TEXT_MAX];
	int r;

	/* No event is asked for: a hangup is told always. */
	r = sd_event_add_io(h->event, &h->hangup, h->a->tty.fd, 0, on_hangup, h);
	if (r < 0)
		return r;
	h->is_held = true;
	h->said[0] = '\0';
	set_timer(h, CHECK_US, CHECK_SLACK_US);
	log_info("%s", attachment_describe(h->a, text));
	tell(h, text);
	return 0;
}

/* What fails as if the tty had gone may also be an adapter that does not answer. */
static bool is_there(const struct attachment *a)
{
	return a->tty.node && access(a->tty.node, F_OK) == 0;
}

static int attempt(struct holder *h)
{
	struct attachment *a = h->a;
	int r;

	h->watch = sd_event_source_disable_unref(h->watch);
	r = attachment_begin(a);
	if (!h->is_named && a->tty.node && strcmp(a->tty.node, a->path)) {
		h->is_named = true;
		log_info("%s is %s", a->path, a->tty.name);
	}
	if (r == 0)
		return hold_on(h);
	if (!h->is_patient || r == -ENOTTY)
		return give_up(h, r);
	if (r == -ENODEV && !is_there(a))
		return finish(h, true, a->tty.why);
	return wait_for(h, RETRY_US);
}

/* ---- the loop ---- */

/* Time to look, or something may have happened. */
static int look(struct holder *h)
{
	return h->is_held ? check(h, false) : attempt(h);
}

static int on_timer(sd_event_source *s, u64 now, void *ctx)
{
	return look(ctx);
}

static int on_continue(sd_event_source *s, const struct signalfd_siginfo *si, void *ctx)
{
	return look(ctx);
}

static int setup(struct holder *h)
{
	static const int ends[] = { SIGTERM, SIGINT, SIGHUP };
	int r;

	r = sd_event_new(&h->event);
	if (r >= 0)
		r = sd_event_add_signal(h->event, NULL, SIGCONT, on_continue, h);
	for (size_t i = 0; i < ARRAY_SIZE(ends) && r >= 0; i++)
		r = sd_event_add_signal(h->event, NULL, ends[i], on_end, h);
	/* This clock goes on in suspend: the first look is right after it. */
	if (r >= 0)
		r = sd_event_add_time_relative(h->event, &h->timer, CLOCK_BOOTTIME, CHECK_US,
					       CHECK_SLACK_US, on_timer, h);
	return r;
}

bool hold(struct attachment *a, bool is_patient)
{
	struct holder h = { .a = a, .is_patient = is_patient };
	sigset_t set;
	int r;

	/* From here on a signal waits until the tty can be given back. */
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGCONT);
	sigprocmask(SIG_BLOCK, &set, NULL);

	r = setup(&h);
	if (r >= 0)
		r = attempt(&h);
	if (r >= 0)
		r = sd_event_loop(h.event);
	if (r < 0)
		log_err("%s: cannot go on: %s", name_of(&h), strerror(-r));

	sd_event_source_disable_unref(h.watch);
	sd_event_source_disable_unref(h.hangup);
	sd_event_source_disable_unref(h.timer);
	attachment_clear(a);
	sd_event_unref(h.event);
	return r > 0;
}
