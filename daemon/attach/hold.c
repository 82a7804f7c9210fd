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
#include <sys/stat.h>
#include <unistd.h>

#include <systemd/sd-daemon.h>
#include <systemd/sd-device.h>
#include <systemd/sd-event.h>

#include "attach/hold.h"
#include "log.h"
#include "util.h"

/* What a resume does to a tty is not told. */
#define CHECK_US	(60 * USEC_PER_SEC)
#define CHECK_SLACK_US	(10 * USEC_PER_SEC)
#define RETRY_US	(5 * USEC_PER_SEC)
#define RETRY_SOON_US	(1 * USEC_PER_SEC)
#define UDEV_PATIENCE_US	(10 * USEC_PER_SEC)
#define NEW_US			(5 * USEC_PER_SEC)
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
 * @monitor: of udev's events, NULL if udev does not matter
 * @said: why it waits, "" while it does not: each reason is said once
 * @since_us: since when it waits, 0 while it does not
 * @start_us: when this began, since the epoch
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
	sd_device_monitor *monitor;
	char said[ATTACH_TEXT_MAX];
	u64 since_us;
	u64 start_us;
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
static int finish(struct holder *h, enum hold_end end, const char *why)
{
	log_about(end == HOLD_FAILED ? LOG_ERR : LOG_INFO, NULL, NULL, "%s", why);
	/*
	 * A service that ends without having been ready counts as failed; and of two states in one
	 * message the last one is taken.
	 */
	if (!h->is_ready)
		tell(h, why);
	sd_notifyf(0, "STOPPING=1\nSTATUS=%s", why);
	return sd_event_exit(h->event, end);
}

/* It could not be attached, and nobody wants to wait. */
static int give_up(struct holder *h, int error)
{
	log_err("%s", h->a->tty.why);
	sd_notifyf(0, "STATUS=%s\nERRNO=%d", h->a->tty.why, -error);
	/* A file in the place of a tty does not become one by another start. */
	return sd_event_exit(h->event, error == -ECANCELED || (error == -ENOTTY && h->a->from_udev) ?
					       HOLD_NOT_ENABLED : HOLD_FAILED);
}

static int on_end(sd_event_source *s, const struct signalfd_siginfo *si, void *ctx)
{
	struct holder *h = ctx;
	char why[ATTACH_TEXT_MAX];

	snprintf(why, sizeof(why), h->is_held ? "%s is given back" : "%s is not waited for any more",
		 name_of(h));
	return finish(h, HOLD_DONE, why);
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
	if (!h->since_us)
		h->since_us = mono_us();
	if (strcmp(why, h->said)) {
		snprintf(h->said, sizeof(h->said), "%s", why);
		log_warning("%s; trying again every %d s", why, (int)(RETRY_US / USEC_PER_SEC));
		tell(h, why);
	}
	return 0;
}

/* It tells when it is done, in a moment; only if that takes long it is worth a word. */
static int wait_for_udev(struct holder *h)
{
	if (h->since_us && mono_us() - h->since_us >= UDEV_PATIENCE_US)
		return wait_for(h, RETRY_US);
	if (!h->since_us)
		h->since_us = mono_us();
	set_timer(h, RETRY_SOON_US, RETRY_SLACK_US);
	watch_start(h);
	tell(h, h->a->tty.why);
	return 0;
}

/* ---- holding ---- */

/* Another adapter may be behind the name by now, or its rule may be gone. */
static int check_opted(struct holder *h)
{
	return attachment_check_opted(h->a) == -ECANCELED ? -ECANCELED : 0;
}

/* Everything that may have changed the tty leads here. */
static int check(struct holder *h, bool hung_up)
{
	int r = attachment_check(h->a);

	/* The other end of a pty is closed a moment before the tty itself is hung up. */
	if (r == 0 && hung_up)
		r = tty_fail(&h->a->tty, -ENODEV, "%s is gone", h->a->tty.name);
	if (r == 0)
		r = check_opted(h);
	if (r == 0) {
		set_timer(h, CHECK_US, CHECK_SLACK_US);
		return 0;
	}
	if (r == -ECANCELED)
		return finish(h, HOLD_NOT_ENABLED, h->a->tty.why);
	if (r == -ENODEV || !h->is_patient)
		return finish(h, r == -ENODEV ? HOLD_DONE : HOLD_FAILED, h->a->tty.why);
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
	h->since_us = 0;
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

/* Was the node made, or given to somebody, less than a moment before @us? */
static bool is_new(const struct holder *h, u64 us)
{
	struct stat st;

	return h->a->tty.node && stat(h->a->tty.node, &st) == 0 &&
	       (u64)st.st_ctim.tv_sec * USEC_PER_SEC + NEW_US > us;
}

/* A node without a group is one that udev has still to look at, whatever it knew of the last one. */
static bool is_udevs_turn(const struct holder *h, int r)
{
	return r == -EAGAIN || (r == -EACCES && h->a->from_udev && is_new(h, real_us()));
}

/*
 * systemd looks a tty up in DeviceAllow= when it starts us.  A node that was not there yet, as that of
 * an adapter that is just back, is not among what we may open, and only another start changes that.
 */
static bool is_too_new(const struct holder *h, int r)
{
	return r == -EPERM && is_new(h, h->start_us);
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
		return finish(h, HOLD_DONE, a->tty.why);
	if (r == -ECANCELED)
		return finish(h, HOLD_NOT_ENABLED, a->tty.why);
	if (is_udevs_turn(h, r))
		return wait_for_udev(h);
	if (is_too_new(h, r)) {
		tty_fail(&a->tty, r, "%s is newer than this service, which has to be started anew",
			 a->tty.name);
		return finish(h, HOLD_DONE, a->tty.why);
	}
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

/* udev has looked at a tty, or at its end: a hangup is what tells of that. */
static int on_device(sd_device_monitor *m, sd_device *d, void *ctx)
{
	struct holder *h = ctx;
	sd_device_action_t action;
	dev_t devt;

	if (sd_device_get_devnum(d, &devt) < 0 || devt != h->a->tty.devt ||
	    sd_device_get_action(d, &action) < 0 || action == SD_DEVICE_REMOVE)
		return 0;
	return look(h);
}

/* Best effort: without it a timer looks. */
static void listen_to_udev(struct holder *h)
{
	int r;

	if (!h->a->from_udev)
		return;
	r = sd_device_monitor_new(&h->monitor);
	if (r >= 0)
		r = sd_device_monitor_filter_add_match_subsystem_devtype(h->monitor, "tty", NULL);
	if (r >= 0)
		r = sd_device_monitor_attach_event(h->monitor, h->event);
	if (r >= 0)
		r = sd_device_monitor_start(h->monitor, on_device, h);
	if (r < 0)
		h->monitor = sd_device_monitor_unref(h->monitor);
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

int hold(struct attachment *a, bool is_patient)
{
	struct holder h = { .a = a, .is_patient = is_patient, .start_us = real_us() };
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
	if (r >= 0) {
		listen_to_udev(&h);
		r = attempt(&h);
	}
	if (r >= 0)
		r = sd_event_loop(h.event);
	if (r < 0)
		log_err("%s: cannot go on: %s", name_of(&h), strerror(-r));

	sd_device_monitor_unref(h.monitor);
	sd_event_source_disable_unref(h.watch);
	sd_event_source_disable_unref(h.hangup);
	sd_event_source_disable_unref(h.timer);
	attachment_clear(a);
	sd_event_unref(h.event);
	return r < 0 ? HOLD_FAILED : r;
}
