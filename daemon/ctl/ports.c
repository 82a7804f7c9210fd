// SPDX-License-Identifier: GPL-2.0
/*
 * amshanctl ports: the ports of the kernel module and their counters, by netlink.  Asks no daemon.
 *
 * To watch is to read them each second, and at once when one may have come or gone.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "ctl/ctl.h"
#include "ctl/live.h"
#include "ctl/report.h"
#include "ctl/table.h"
#include "ctl/text.h"
#include "netlink/ports.h"
#include "util.h"

#define TICK_US		USEC_PER_SEC

/* The counters that tell of trouble, and what they are called in a table. */
static const struct {
	enum port_counter counter;
	const char *text;
} errors[] = {
	{ PORT_HCS_ERRORS, "HCS" },
	{ PORT_FCS_ERRORS, "FCS" },
	{ PORT_FORMAT_ERRORS, "format" },
	{ PORT_LENGTH_ERRORS, "length" },
	{ PORT_TIMEOUTS, "cut off" },
	{ PORT_PARITY_ERRORS, "parity" },
	{ PORT_FRAMING_ERRORS, "framing" },
	{ PORT_BREAKS, "break" },
	{ PORT_OVERRUNS, "overrun" },
	{ PORT_OVERWRITTEN, "never read" },
	{ PORT_SKIPPED, "octets skipped" },
};

/* struct port_list - what ports_read() gave; @n: their number or a negative errno */
struct port_list {
	struct port_info port[AMSHAN_PORTS_MAX];
	int n;
};

static void read_ports(struct port_list *l)
{
	l->n = ports_read(l->port);
}

/* ---- one port ---- */

/* "2 HCS, 1 FCS"; "none" */
static char *error_text(const struct port_info *p, char *buf, size_t size)
{
	size_t n = 0;

	snprintf(buf, size, "none");
	for (size_t i = 0; i < ARRAY_SIZE(errors); i++) {
		u64 count = p->counter[errors[i].counter];

		if (count && n < size)
			n += snprintf(buf + n, size - n, "%s%llu %s", n ? ", " : "",
				      (unsigned long long)count, errors[i].text);
	}
	return buf;
}

enum {
	CELL_PORT,
	CELL_TTY,
	CELL_SINCE,
	CELL_FRAMES,
	CELL_OCTETS,
	CELL_ERRORS,
	CELLS,
};

static const char *const titles[CELLS] = { "PORT", "TTY", "SINCE", "FRAMES", "OCTETS", "ERRORS" };

struct cells {
	char text[CELLS][TEXT_MAX];
};

static bool is_number(unsigned int cell)
{
	return cell == CELL_FRAMES || cell == CELL_OCTETS;
}

static void port_cells(const struct port_info *p, u64 now_us, struct cells *c)
{
	snprintf(c->text[CELL_PORT], TEXT_MAX, "amshan%u", p->index);
	text_escape(p->tty, c->text[CELL_TTY], TEXT_MAX);
	text_time(p->attach_real_ns / NSEC_PER_USEC, now_us, c->text[CELL_SINCE], TEXT_MAX);
	snprintf(c->text[CELL_FRAMES], TEXT_MAX, "%llu",
		 (unsigned long long)p->counter[PORT_FRAMES]);
	snprintf(c->text[CELL_OCTETS], TEXT_MAX, "%llu",
		 (unsigned long long)p->counter[PORT_RX_OCTETS]);
	error_text(p, c->text[CELL_ERRORS], TEXT_MAX);
}

/* @j: an object that gets the members, or NULL; NULL without memory, and @j is released then. */
static json_t *port_json(json_t *j, const struct port_info *p)
{
	json_t *counters = json_object();
	char device[64];
	int r = counters && j ? 0 : -ENOMEM;

	snprintf(device, sizeof(device), "/dev/amshan%u", p->index);
	if (r == 0)
		r = report_add(j, "index", json_integer(p->index));
	if (r == 0)
		r = report_add_text(j, "device", device);
	if (r == 0)
		r = report_add_text(j, "tty", p->tty);
	if (r == 0)
		r = report_add_time(j, "attached", p->attach_real_ns / NSEC_PER_USEC);
	for (unsigned int i = 0; i < PORT_COUNTER_COUNT && r == 0; i++)
		r = report_add(counters, port_counter_names[i],
			       json_integer((json_int_t)p->counter[i]));
	if (r == 0)
		r = report_add(j, "counters", json_incref(counters));
	json_decref(counters);
	if (r == 0)
		return j;
	json_decref(j);
	return NULL;
}

/* ---- once ---- */

static int print_json(const struct port_list *l)
{
	json_t *array = json_array();

	for (int i = 0; array && i < l->n; i++) {
		json_t *j = port_json(json_object(), &l->port[i]);

		if (j && json_array_append_new(array, j) == 0)
			continue;
		json_decref(array);
		array = NULL;
	}
	return report_print(array);
}

static int print_table(const struct port_list *l)
{
	struct table_column columns[CELLS] = { 0 };
	_cleanup_(table_unrefp) struct libscols_table *t = NULL;
	u64 now = real_us();

	for (unsigned int c = 0; c < CELLS; c++) {
		columns[c].title = titles[c];
		columns[c].right = is_number(c);
	}
	t = table_new(columns, CELLS);
	for (int i = 0; t && i < l->n; i++) {
		const char *cells[CELLS];
		struct cells text = { 0 };

		port_cells(&l->port[i], now, &text);
		for (unsigned int c = 0; c < CELLS; c++)
			cells[c] = text.text[c];
		if (table_add(t, cells, CELLS) < 0)
			return report_no_memory();
	}
	if (!t)
		return report_no_memory();
	if (l->n)
		table_print(t);
	else
		ctl_say("no tty is attached; \"amshan-attach TTY\" does that");
	return CTL_OK;
}

/* ---- watching ---- */

/**
 * struct watch - a running watch
 * @json: print JSON
 * @on_screen: draw; else print lines
 * @event: the loop
 * @timer: the next reading
 * @monitor: says when ports may have come or gone
 * @live: signals and the screen
 * @ports: the last reading that the module answered, or that found no module
 * @begun: there was one
 * @error: of the last reading, 0: none
 */
struct watch {
	bool json;
	bool on_screen;
	sd_event *event;
	sd_event_source *timer;
	struct ports_monitor *monitor;
	struct live live;
	struct port_list ports;
	bool begun;
	int error;
};

static const struct port_info *find(const struct port_list *l, const struct port_info *p)
{
	for (int i = 0; i < l->n; i++)
		if (port_same(&l->port[i], p))
			return &l->port[i];
	return NULL;
}

/* @what: "present", "added", "changed", "removed" */
static void print_line(const struct watch *w, const struct port_info *p, const char *what)
{
	u64 now = real_us();
	char when[TEXT_MAX];
	struct cells c = { 0 };

	if (w->json) {
		json_t *j = json_object();

		if (j && (report_add_time(j, "time", now) < 0 ||
			  report_add_text(j, "event", what) < 0)) {
			json_decref(j);
			j = NULL;
		}
		report_print(port_json(j, p));
		return;
	}
	port_cells(p, now, &c);
	printf("%s %s %s %s: %s frames, %s octets, errors: %s\n",
	       text_time(now, 0, when, sizeof(when)), c.text[CELL_PORT], c.text[CELL_TTY], what,
	       c.text[CELL_FRAMES], c.text[CELL_OCTETS], c.text[CELL_ERRORS]);
}

static void print_changes(const struct watch *w, const struct port_list *now)
{
	for (int i = 0; i < w->ports.n; i++)
		if (!find(now, &w->ports.port[i]))
			print_line(w, &w->ports.port[i], "removed");
	for (int i = 0; i < now->n; i++) {
		const struct port_info *p = &now->port[i], *before = find(&w->ports, p);

		if (!before)
			print_line(w, p, w->begun ? "added" : "present");
		else if (memcmp(before->counter, p->counter, sizeof(p->counter)) != 0)
			print_line(w, p, "changed");
	}
}

/*
 * One reading.  Where there is no module there is no port; any other error says nothing of the ports,
 * and they stay as they were.
 */
static void take(struct watch *w, const struct port_list *now)
{
	int error = now->n < 0 ? now->n : 0;
	char why[TEXT_MAX];

	if (!w->on_screen && (!error || error == -ENOENT))
		print_changes(w, now);
	if (!w->on_screen && error && error != w->error) {
		ports_say_error(error, why, sizeof(why));
		ctl_say("%s", why);
	}
	w->error = error;
	if (error && error != -ENOENT)
		return;
	w->ports = *now;
	w->begun = true;
}

static int draw_ports(struct picture *p, void *ctx)
{
	static const unsigned int width[CELLS] = { 8, 8, 8, 8, 10, 6 };
	const struct watch *w = ctx;
	struct screen_column columns[CELLS] = { 0 };
	struct screen_row rows[AMSHAN_PORTS_MAX] = { 0 };
	char text[TEXT_MAX], when[TEXT_MAX];
	u64 now = real_us();
	int n = w->ports.n < 0 ? 0 : w->ports.n;

	snprintf(text, sizeof(text), "%s  %d port%s, q ends",
		 text_time(now, now, when, sizeof(when)), n, n == 1 ? "" : "s");
	picture_line(p, text);
	picture_gap(p);
	for (unsigned int c = 0; c < CELLS; c++)
		columns[c] = (struct screen_column){ titles[c], width[c], !is_number(c) };
	for (int i = 0; i < n; i++) {
		struct cells cells = { 0 };

		port_cells(&w->ports.port[i], now, &cells);
		for (unsigned int c = 0; c < CELLS; c++)
			snprintf(rows[i].cell[c], SCREEN_CELL_MAX, "%s", cells.text[c]);
	}
	if (n)
		picture_table(p, columns, CELLS, rows, (size_t)n);
	return 0;
}

static void draw(void *ctx)
{
	struct watch *w = ctx;
	char notice[TEXT_MAX] = "";
	int r;

	if (w->error)
		ports_say_error(w->error, notice, sizeof(notice));
	r = screen_show(&w->live.screen, draw_ports, w, notice);
	/* The terminal is gone. */
	if (r < 0)
		sd_event_exit(w->event, r);
}

static void look(struct watch *w)
{
	struct port_list now;

	read_ports(&now);
	take(w, &now);
	fflush(stdout);
	if (w->on_screen)
		draw(w);
	/* A full disk: said at the end of the program. */
	if (ferror(stdout))
		sd_event_exit(w->event, 0);
}

static int on_timer(sd_event_source *timer, u64 us, void *ctx)
{
	look(ctx);
	return sd_event_source_set_time_relative(timer, TICK_US);
}

static void on_changed(void *ctx)
{
	look(ctx);
}

static int watch_setup(struct watch *w)
{
	struct port_list first;
	int r;

	r = sd_event_new(&w->event);
	if (r >= 0)
		r = sd_event_add_time_relative(w->event, &w->timer, CLOCK_MONOTONIC, TICK_US,
					       USEC_PER_MSEC, on_timer, w);
	if (r >= 0)
		r = sd_event_source_set_enabled(w->timer, SD_EVENT_ON);
	if (r >= 0)
		r = live_begin(&w->live, w->event);
	if (r >= 0)
		r = ports_monitor_new(w->event, on_changed, w, &w->monitor);
	if (r < 0)
		return r;
	if (!w->on_screen) {
		look(w);
		return 0;
	}
	/* Before the first picture. */
	read_ports(&first);
	take(w, &first);
	return live_take_screen(&w->live, draw, w);
}

static void watch_end(struct watch *w)
{
	live_end(&w->live);
	ports_monitor_free(w->monitor);
	w->monitor = NULL;
	w->timer = sd_event_source_disable_unref(w->timer);
	w->event = sd_event_unref(w->event);
}

static int watch(const struct ctl_options *o)
{
	struct watch w = { .json = o->json, .on_screen = !o->json && screen_usable() };
	int r;

	r = watch_setup(&w);
	if (r >= 0)
		r = sd_event_loop(w.event);
	watch_end(&w);
	if (r < 0)
		ctl_say("cannot go on: %s", strerror(-r));
	return r < 0 ? CTL_FAILED : CTL_OK;
}

int ctl_ports(const struct ctl_options *o)
{
	struct port_list l;
	char why[TEXT_MAX];

	read_ports(&l);
	if (l.n < 0) {
		ports_say_error(l.n, why, sizeof(why));
		ctl_say("%s", why);
		return CTL_FAILED;
	}
	if (o->watch)
		return watch(o);
	return o->json ? print_json(&l) : print_table(&l);
}
