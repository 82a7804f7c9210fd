// SPDX-License-Identifier: GPL-2.0
/*
 * amshanctl monitor: follow the signals of amshand, on the screen (screen_meters.c) or as lines
 * (lines.c).
 *
 * The model is read once and kept up to date from signals.  When amshand goes, it is emptied; when
 * amshand is back, it is read anew.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <systemd/sd-event.h>

#include "ctl/bus.h"
#include "ctl/ctl.h"
#include "ctl/lines.h"
#include "ctl/live.h"
#include "ctl/screen_meters.h"
#include "ctl/text.h"
#include "util.h"

#define PAUSE_US	(20 * USEC_PER_MSEC)	/* the signals of one message come faster */
#define REDRAW_US	(100 * USEC_PER_MSEC)	/* not more often */
#define TICK_US		USEC_PER_SEC		/* ages */

#define OBJECT_MANAGER	"org.freedesktop.DBus.ObjectManager"
#define LOCAL		"org.freedesktop.DBus.Local"

/**
 * struct monitor - a running monitor
 * @options: the command line
 * @event: the loop
 * @bus: the connection
 * @timer: screen: the next picture; lines: a pause, the pending message is whole
 * @model: what amshand shows
 * @plot: what came in the last minutes; on the screen only
 * @live: signals and the screen
 * @on_screen: the screen is used, else @lines
 * @changed: something is to be drawn
 * @drawn_us: time of the last picture
 * @notice: last line of the screen
 */
struct monitor {
	const struct ctl_options *options;
	sd_event *event;
	sd_bus *bus;
	sd_event_source *timer;
	struct model model;
	struct plot plot;
	struct live live;
	bool on_screen;
	struct lines lines;
	bool changed;
	u64 drawn_us;
	char notice[2 * TEXT_MAX];
};

static bool wants(const struct monitor *mon, const struct model_meter *m)
{
	return screen_wants(m->id, mon->options->argv, mon->options->argc);
}

static void timer_at(struct monitor *mon, u64 us)
{
	sd_event_source_set_time(mon->timer, us);
	sd_event_source_set_enabled(mon->timer, SD_EVENT_ONESHOT);
}

/* ---- on the screen ---- */

static void draw(void *ctx)
{
	struct monitor *mon = ctx;
	struct screen_meters what = {
		.model = &mon->model, .plot = mon->options->no_plot ? NULL : &mon->plot,
		.filter = mon->options->argv, .n_filter = mon->options->argc, .now_us = real_us(),
	};
	u64 now = mono_us();
	int r;

	r = screen_draw(&mon->live.screen, &what, mon->notice);
	mon->changed = false;
	mon->drawn_us = now;
	timer_at(mon, now + TICK_US);
	/* The terminal is gone. */
	if (r < 0)
		sd_event_exit(mon->event, r);
}

/* Something changed: draw it soon, but not each of many changes. */
static void changed(struct monitor *mon)
{
	if (!mon->on_screen || mon->changed)
		return;
	mon->changed = true;
	timer_at(mon, mon->drawn_us + REDRAW_US);
}

static void notice(struct monitor *mon, const char *text)
{
	if (mon->on_screen)
		snprintf(mon->notice, sizeof(mon->notice), "%s", text);
	else if (*text)
		ctl_say("%s", text);
}

/* ---- what the model tells ---- */

static void on_values(void *ctx, struct model_meter *m, enum quantity_group group,
		      const struct model_values *v, u64 received, bool added)
{
	struct monitor *mon = ctx;

	if (!wants(mon, m))
		return;
	if (mon->on_screen) {
		/* Without memory the picture is not drawn either, and that is said. */
		if (!mon->options->no_plot)
			plot_add(&mon->plot, m, v, received, real_us());
		return;
	}
	lines_values(&mon->lines, m, group, v, received, added);
	timer_at(mon, mono_us() + PAUSE_US);
}

static void on_clock(void *ctx, struct model_meter *m)
{
	struct monitor *mon = ctx;

	if (mon->on_screen || !wants(mon, m))
		return;
	lines_clock(&mon->lines, m);
	timer_at(mon, mono_us() + PAUSE_US);
}

static void on_availability(void *ctx, struct model_meter *m)
{
	struct monitor *mon = ctx;

	if (!mon->on_screen && wants(mon, m))
		lines_availability(&mon->lines, m);
}

static const struct model_listener listener = {
	.values = on_values,
	.clock = on_clock,
	.availability = on_availability,
};

/* ---- signals of the bus ---- */

/* A signal that is of another form than expected is passed over, it costs the others nothing. */
static int took(struct monitor *mon, int r)
{
	if (r == -ENOMEM)
		return sd_event_exit(mon->event, r);
	changed(mon);
	return 0;
}

static int on_added(sd_bus_message *msg, void *ctx, sd_bus_error *error)
{
	struct monitor *mon = ctx;

	return took(mon, model_read_added(&mon->model, msg));
}

static int on_removed(sd_bus_message *msg, void *ctx, sd_bus_error *error)
{
	struct monitor *mon = ctx;

	return took(mon, model_read_removed(&mon->model, msg));
}

static int on_changed(sd_bus_message *msg, void *ctx, sd_bus_error *error)
{
	struct monitor *mon = ctx;

	return took(mon, model_read_changed(&mon->model, msg));
}

static int on_objects(sd_bus_message *reply, void *ctx, sd_bus_error *error)
{
	struct monitor *mon = ctx;

	/* If it went away again meanwhile, it will come again. */
	if (sd_bus_message_is_method_error(reply, NULL))
		return 0;
	notice(mon, "");
	return took(mon, model_read_objects(&mon->model, reply));
}

static int on_owner(sd_bus_message *msg, void *ctx, sd_bus_error *error)
{
	struct monitor *mon = ctx;
	const char *name, *before, *after;
	char when[TEXT_MAX], text[TEXT_MAX + 64];
	u64 now = real_us();
	int r;

	r = sd_bus_message_read(msg, "sss", &name, &before, &after);
	if (r < 0)
		return r;
	lines_flush(&mon->lines);
	model_clear(&mon->model);
	changed(mon);
	text_time(now, now, when, sizeof(when));
	snprintf(text, sizeof(text), *after ? "%s amshand is running again" :
					      "%s amshand has stopped; waiting for it", when);
	notice(mon, text);
	if (!*after)
		return 0;
	return sd_bus_call_method_async(mon->bus, NULL, AMSHAN_BUS_NAME, AMSHAN_BUS_PATH,
					OBJECT_MANAGER, "GetManagedObjects", on_objects, mon, NULL);
}

static int on_disconnected(sd_bus_message *msg, void *ctx, sd_bus_error *error)
{
	struct monitor *mon = ctx;

	return sd_event_exit(mon->event, -ENOTCONN);
}

static int subscribe(struct monitor *mon)
{
	static const struct {
		const char *interface;
		const char *member;
		sd_bus_message_handler_t fn;
	} signals[] = {
		{ OBJECT_MANAGER, "InterfacesAdded", on_added },
		{ OBJECT_MANAGER, "InterfacesRemoved", on_removed },
		{ "org.freedesktop.DBus.Properties", "PropertiesChanged", on_changed },
	};
	int r;

	for (size_t i = 0; i < ARRAY_SIZE(signals); i++) {
		r = sd_bus_match_signal(mon->bus, NULL, AMSHAN_BUS_NAME, NULL,
					signals[i].interface, signals[i].member, signals[i].fn, mon);
		if (r < 0)
			return r;
	}
	r = sd_bus_add_match(mon->bus, NULL,
			     "type='signal',sender='org.freedesktop.DBus',"
			     "interface='org.freedesktop.DBus',member='NameOwnerChanged',"
			     "arg0='" AMSHAN_BUS_NAME "'", on_owner, mon);
	if (r < 0)
		return r;
	return sd_bus_match_signal(mon->bus, NULL, LOCAL, NULL, LOCAL, "Disconnected",
				   on_disconnected, mon);
}

/* ---- the loop ---- */

static int on_timer(sd_event_source *timer, u64 us, void *ctx)
{
	struct monitor *mon = ctx;

	if (mon->on_screen)
		draw(mon);
	else
		lines_flush(&mon->lines);
	/* A full disk: said at the end of the program. */
	return ferror(stdout) ? sd_event_exit(mon->event, 0) : 0;
}

static int monitor_setup(struct monitor *mon)
{
	int r;

	r = sd_event_new(&mon->event);
	if (r >= 0)
		r = sd_event_add_time(mon->event, &mon->timer, CLOCK_MONOTONIC, 0,
				      USEC_PER_MSEC, on_timer, mon);
	if (r >= 0)
		r = sd_event_source_set_enabled(mon->timer, SD_EVENT_OFF);
	if (r >= 0)
		r = live_begin(&mon->live, mon->event);
	/* First the signals, then the state: nothing is missed in between. */
	if (r >= 0)
		r = subscribe(mon);
	return r < 0 ? r : sd_bus_attach_event(mon->bus, mon->event, SD_EVENT_PRIORITY_NORMAL);
}

static void monitor_end(struct monitor *mon)
{
	live_end(&mon->live);
	lines_flush(&mon->lines);
	mon->timer = sd_event_source_disable_unref(mon->timer);
	mon->bus = sd_bus_flush_close_unref(mon->bus);
	mon->event = sd_event_unref(mon->event);
	model_clear(&mon->model);
	plot_clear(&mon->plot);
}

static int monitor_run(struct monitor *mon)
{
	int r;

	r = bus_open(mon->options, &mon->bus);
	if (r < 0)
		return CTL_FAILED;
	r = monitor_setup(mon);
	if (r < 0) {
		ctl_say("cannot follow amshand: %s", strerror(-r));
		return CTL_FAILED;
	}
	if (bus_read(mon->bus, &mon->model) < 0)
		return CTL_FAILED;
	if (mon->on_screen)
		r = live_take_screen(&mon->live, draw, mon);
	if (r >= 0)
		r = sd_event_loop(mon->event);
	live_end(&mon->live);
	if (r == -ENOTCONN)
		ctl_say("the connection to the bus ended");
	else if (r < 0)
		ctl_say("cannot go on: %s", strerror(-r));
	return r < 0 ? CTL_FAILED : CTL_OK;
}

int ctl_monitor(const struct ctl_options *o)
{
	struct monitor mon = {
		.options = o,
		.on_screen = !o->json && screen_usable(),
		.lines = { .json = o->json },
	};
	int status;

	mon.model.listener = &listener;
	mon.model.ctx = &mon;
	status = monitor_run(&mon);
	monitor_end(&mon);
	return status;
}
