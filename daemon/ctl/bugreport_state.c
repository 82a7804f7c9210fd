// SPDX-License-Identifier: GPL-2.0
/*
 * Report: what amshand shows, the ports of the module, the adapters, and the last frames that could
 * not be decoded.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "ctl/bugreport.h"
#include "ctl/text.h"
#include "output/json.h"
#include "util.h"

#define OCTETS_OF_LINE	32
#define FRAME_MAX	4096

static void print_time(struct report *r, const char *what, u64 us)
{
	char iso[ISO_UTC_MAX];

	fprintf(r->out, "  %-13s %s\n", what, us ? iso_utc(us, iso) : "never");
}

/* One that is too short to be learned. */
static const char *meter_name(const char *id, const char *source)
{
	return strlen(id) < 3 && strcmp(id, source) ? "<meter>" : id;
}

static void print_source(struct report *r, const struct model_source *s)
{
	char title[sizeof(s->system_title)], text[MODEL_SENTENCE_MAX * 2];

	report_say(r, "source %s", s->name);
	mask_uri(&r->mask, s->uri, text, sizeof(text));
	report_say(r, "  uri           %s", text);
	report_say(r, "  state         %s%s%s", s->state, *s->reason ? ": " : "", s->reason);
	report_say(r, "  health        %s: %s", s->health, s->health_text);
	report_say(r, "  meter         %s", *s->meter ? meter_name(s->meter, s->name) : "none yet");
	print_time(r, "since", s->since);
	print_time(r, "last octet", s->last_octet);
	print_time(r, "last frame", s->last_frame);
	print_time(r, "last message", s->last_message);
	fprintf(r->out, "  period        %.3f s\n", (double)s->period / USEC_PER_SEC);
	snprintf(title, sizeof(title), "%s", s->system_title);
	mask_title(title);
	if (*title)
		fprintf(r->out, "  system title  %s\n", text_escape(title, text, sizeof(text)));
	for (size_t i = 0; i < s->n_counters; i++)
		if (s->counters[i].value)
			fprintf(r->out, "  %-13s %llu\n", s->counters[i].name,
				(unsigned long long)s->counters[i].value);
	fputc('\n', r->out);
}

/*
 * Kamstrup's types, by which their scalers are told, have more digits than any other word that is
 * shown, and are the same for thousands.
 */
static bool is_type(const char *type)
{
	return strlen(type) == 18 && !strncmp(type, "68", 2) &&
	       strspn(type, "0123456789") < strlen(type) && mask_is_plain(type);
}

static void print_meter(struct report *r, const struct model_meter *m)
{
	const char *type = m->identity[ID_METER_TYPE];

	report_say(r, "meter %s", meter_name(m->id, m->source));
	report_say(r, "  maker         %s", m->identity[ID_MANUFACTURER]);
	if (is_type(type))
		fprintf(r->out, "  type          %s\n", type);
	else
		report_say(r, "  type          %s", type);
	report_say(r, "  list          %s", m->identity[ID_LIST_VERSION]);
	report_say(r, "  source        %s", m->source);
	report_say(r, "  is            %s", m->available ? "available" : "not available");
}

void report_sources(struct report *r)
{
	const struct model *m = &r->d.model;

	report_head(r, "amshand");
	if (r->d.asked < 0) {
		report_say(r, "%s", r->d.why.text);
		return;
	}
	report_say(r, "broker: %s%s%s", m->mqtt_state, *m->mqtt_reason ? ", " : "",
		   m->mqtt_reason);
	for (size_t i = 0; i < m->n_meters; i++)
		print_meter(r, m->meters[i]);
	fputc('\n', r->out);
	for (size_t i = 0; i < m->n_sources; i++)
		print_source(r, m->sources[i]);
}

void report_ports(struct report *r)
{
	char text[TEXT_MAX];

	report_head(r, "ports of the module");
	if (r->d.n_ports < 0) {
		ports_say_error(r->d.n_ports, text, sizeof(text));
		fprintf(r->out, "%s\n", text);
	} else if (!r->d.n_ports) {
		fprintf(r->out, "none is attached\n");
	}
	for (int i = 0; i < r->d.n_ports; i++) {
		const struct port_info *p = &r->d.ports[i];

		report_say(r, "amshan%u %s", p->index, p->tty);
		print_time(r, "attached", p->attach_real_ns / NSEC_PER_USEC);
		for (unsigned int c = 0; c < PORT_COUNTER_COUNT; c++)
			if (p->counter[c])
				fprintf(r->out, "  %-13s %llu\n", port_counter_names[c],
					(unsigned long long)p->counter[c]);
	}
}

static void print_adapter(struct report *r, const struct adapter *a)
{
	char line[SERIAL_LINE_MAX];
	const struct {
		const char *what, *text;
	} rows[] = {
		{ "wrong", a->settings_why },
		{ "maker", a->vendor },
		{ "model", a->model },
		{ "id", a->id },
		{ "serial number", a->serial },
		{ "interface", a->interface },
		{ "port", a->port },
		{ "driver", a->driver },
		{ "place", a->place },
		{ "link", a->by_id },
	};

	serial_line_format(&a->settings, a->framing, line);
	report_say(r, "%s: %s%s%s", a->name, a->is_enabled ? "enabled, " : "not enabled",
	    a->is_enabled ? line : "", a->is_initialized ? "" : ", unknown to udev");
	if (*a->vendor_id)
		report_say(r, "  %-13s %s:%s", "USB", a->vendor_id, a->model_id);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (*rows[i].text)
			report_say(r, "  %-13s %s", rows[i].what, rows[i].text);
}

void report_adapters(struct report *r)
{
	report_head(r, "adapters");
	if (r->d.adapters_error < 0)
		fprintf(r->out, "udev cannot be asked: %s\n", strerror(-r->d.adapters_error));
	else if (!r->d.n_adapters)
		fprintf(r->out, "there is no serial port\n");
	for (size_t i = 0; i < r->d.n_adapters; i++)
		print_adapter(r, &r->d.adapters[i]);
}

/* ---- frames ---- */

static void print_octets(struct report *r, const u8 *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		fprintf(r->out, "%02x%s", p[i], (i + 1) % OCTETS_OF_LINE && i + 1 < n ? " " : "\n");
}

static int print_frame(struct report *r, const struct model_source *s, sd_bus_message *reply)
{
	u8 octets[FRAME_MAX];
	const char *reason;
	char when[ISO_UTC_MAX];
	const void *data;
	size_t n = 0, masked;
	u64 us;
	int e;

	e = sd_bus_message_read(reply, "ts", &us, &reason);
	if (e >= 0)
		e = sd_bus_message_read_array(reply, 'y', &data, &n);
	if (e < 0)
		return e;
	if (n > sizeof(octets))
		n = sizeof(octets);
	memcpy(octets, data, n);
	masked = mask_octets(&r->mask, octets, n);
	report_say(r, "# source %s, %s: %s", s->name, iso_utc(us, when), reason);
	fprintf(r->out, "# %zu octets, %zu of them masked\n", n, masked);
	print_octets(r, octets, n);
	return 0;
}

/* Returns 0, or a negative errno: a bus or an amshand that stands still is not asked again. */
static int print_frames_of(struct report *r, sd_bus *bus, const struct model_source *s)
{
	_cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
	_cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
	int e;

	e = sd_bus_call_method(bus, AMSHAN_BUS_NAME, s->path, AMSHAN_BUS_NAME ".Source",
			       "GetUndecoded", &error, &reply, NULL);
	if (e >= 0)
		e = sd_bus_message_enter_container(reply, 'a', "(tsay)");
	while (e >= 0 && (e = sd_bus_message_enter_container(reply, 'r', "tsay")) > 0) {
		e = print_frame(r, s, reply);
		if (e >= 0)
			e = sd_bus_message_exit_container(reply);
	}
	if (e < 0 && sd_bus_error_has_name(&error, SD_BUS_ERROR_ACCESS_DENIED))
		report_say(r, "# source %s: only root may see them", s->name);
	else if (e < 0)
		report_say(r, "# source %s: %s", s->name, error.message ?: strerror(-e));
	return e == -ETIMEDOUT || e == -ENOTCONN || e == -ECONNRESET ? e : 0;
}

void report_frames(struct report *r)
{
	_cleanup_(sd_bus_flush_close_unrefp) sd_bus *bus = NULL;
	struct bus_why why;
	int e = 0;

	report_head(r, "last frames that could not be decoded");
	if (r->d.asked < 0)
		return;
	if (bus_open_why(r->d.why.user ? CTL_BUS_USER : CTL_BUS_SYSTEM, &bus, &why) < 0) {
		report_say(r, "%s", why.text);
		return;
	}
	for (size_t i = 0; i < r->d.model.n_sources && e == 0; i++)
		e = print_frames_of(r, bus, r->d.model.sources[i]);
	if (e < 0)
		fprintf(r->out, "# amshand does not answer any more, and was not asked for the "
				"others\n");
}
