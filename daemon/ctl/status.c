// SPDX-License-Identifier: GPL-2.0
/*
 * amshanctl status: how the sources and the broker are, and what to check.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "ctl/bus.h"
#include "ctl/ctl.h"
#include "ctl/report.h"
#include "ctl/table.h"
#include "ctl/text.h"
#include "output/json.h"
#include "util.h"

/*
 * The counters that are errors, and what they are called in a table.  Those of a framing say nothing once
 * valid messages come in another one: that its octets are noise to all others.
 */
static const struct {
	const char *counter;
	const char *text;
	const char *framing;
} errors[] = {
	{ "hcs_errors", "HCS", "hdlc" },
	{ "fcs_errors", "FCS", "hdlc" },
	{ "format_errors", "format", "hdlc" },
	{ "length_errors", "length", "hdlc" },
	{ "timeouts", "cut off", "hdlc" },
	{ "segments_broken", "segments", "hdlc" },
	{ "p1_crc_errors", "CRC", "p1" },
	{ "p1_too_long", "too long", "p1" },
	{ "p1_timeouts", "cut off", "p1" },
	{ "mbus_sum_errors", "sum", "mbus" },
	{ "mbus_timeouts", "cut off", "mbus" },
	{ "mbus_broken", "not whole", "mbus" },
	{ "bare_broken", "not whole", "apdu" },
	{ "parity_errors", "parity" },
	{ "framing_errors", "framing" },
	{ "breaks", "break" },
	{ "overruns", "overrun" },
	{ "blocks_broken", "blocks" },
	{ "malformed", "malformed" },
	{ "unknown", "unknown list" },
	{ "encrypted", "encrypted" },
	{ "rejected", "rejected" },
	{ "replayed", "replayed" },
	{ "unsupported", "unsupported" },
	{ "watchdog", "watchdog" },
	{ "lost", "lost" },
};

/* Valid frames, telegrams and messages, whatever their framing. */
static u64 frames_of(const struct model_source *s)
{
	return model_counter(s, "frames") + model_counter(s, "p1_telegrams") +
	       model_counter(s, "mbus_frames") + model_counter(s, "bare_messages");
}

static bool is_ok(const struct model_source *s)
{
	return !strcmp(s->health, "ok");
}

/* "2 HCS, 1 FCS"; "none" */
static char *error_text(const struct model_source *s, char *buf, size_t size)
{
	size_t n = 0;

	snprintf(buf, size, "none");
	for (size_t i = 0; i < ARRAY_SIZE(errors); i++) {
		u64 count = model_counter(s, errors[i].counter);

		if (errors[i].framing && *s->framing && strcmp(s->framing, errors[i].framing))
			continue;
		if (count && n < size)
			n += snprintf(buf + n, size - n, "%s%llu %s", n ? ", " : "",
				      (unsigned long long)count, errors[i].text);
	}
	return buf;
}

/* ---- JSON ---- */

static int add_source(json_t *j, const struct model_source *s)
{
	json_t *counters = json_object();
	int r = counters ? 0 : -ENOMEM;

	for (size_t i = 0; i < s->n_counters && r == 0; i++)
		r = report_add(counters, s->counters[i].name,
			       json_integer((json_int_t)s->counters[i].value));
	if (r < 0) {
		json_decref(counters);
		return r;
	}
	r = report_add(j, "counters", counters);
	if (r == 0)
		r = report_add_text(j, "name", s->name);
	if (r == 0)
		r = report_add_text(j, "uri", s->uri);
	if (r == 0)
		r = report_add_text(j, "state", s->state);
	if (r == 0)
		r = report_add_text(j, "reason", s->reason);
	if (r == 0)
		r = report_add_time(j, "since", s->since);
	if (r == 0)
		r = report_add_text(j, "health", s->health);
	if (r == 0)
		r = report_add_text(j, "health_text", s->health_text);
	if (r == 0)
		r = report_add_time(j, "last_octet", s->last_octet);
	if (r == 0)
		r = report_add_time(j, "last_frame", s->last_frame);
	if (r == 0)
		r = report_add_time(j, "last_message", s->last_message);
	if (r == 0 && s->period)
		r = report_add(j, "period", report_number((double)s->period / USEC_PER_SEC));
	if (r == 0)
		r = report_add_text(j, "framing", s->framing);
	if (r == 0)
		r = report_add_text(j, "system_title", s->system_title);
	return r < 0 ? r : report_add_text(j, "meter", s->meter);
}

/* Does nothing speak for what a meter of this source sends? */
static bool is_unverified(const struct model *m, const struct model_source *s)
{
	for (size_t i = 0; i < m->n_meters; i++)
		if (m->meters[i]->unverified && !strcmp(m->meters[i]->source, s->name))
			return true;
	return false;
}

static json_t *sources_json(const struct model *m)
{
	json_t *array = json_array();

	for (size_t i = 0; array && i < m->n_sources; i++) {
		json_t *j = json_object();

		/* Appending takes the object over, also if it fails. */
		if (j && json_array_append_new(array, j) == 0 && add_source(j, m->sources[i]) == 0 &&
		    (!is_unverified(m, m->sources[i]) ||
		     report_add(j, UNVERIFIED_NAME, json_true()) == 0))
			continue;
		json_decref(array);
		return NULL;
	}
	return array;
}

/* {meter: sentence} of those with which something is wrong */
static json_t *problems_json(const struct model *m)
{
	json_t *j = json_object();

	for (size_t i = 0; j && i < m->n_meters; i++) {
		if (report_add_text(j, m->meters[i]->id, m->meters[i]->problem) == 0)
			continue;
		json_decref(j);
		return NULL;
	}
	return j;
}

static int print_json(const struct model *m)
{
	json_t *mqtt = json_object(), *j = json_object();
	int r = mqtt && j ? 0 : -ENOMEM;

	if (r == 0)
		r = report_add_text(mqtt, "state", m->mqtt_state);
	if (r == 0)
		r = report_add_text(mqtt, "reason", m->mqtt_reason);
	if (r == 0)
		r = report_add_text(j, "version", m->version);
	if (r == 0)
		r = report_add(j, "mqtt", json_incref(mqtt));
	if (r == 0)
		r = report_add(j, "sources", sources_json(m));
	if (r == 0)
		r = report_add(j, "problems", problems_json(m));
	json_decref(mqtt);
	if (r < 0) {
		json_decref(j);
		j = NULL;
	}
	return report_print(j);
}

/* ---- text ---- */

static int add_row(struct libscols_table *t, const struct model_source *s, u64 now)
{
	char name[TEXT_MAX], state[TEXT_MAX], health[TEXT_MAX], since[TEXT_MAX], frames[TEXT_MAX];
	char framing[TEXT_MAX];
	char error[TEXT_MAX], last[TEXT_MAX], uri[MODEL_SENTENCE_MAX];
	const char *const cells[] = {
		text_escape(s->name, name, sizeof(name)),
		text_escape(s->state, state, sizeof(state)),
		text_escape(s->health, health, sizeof(health)),
		text_time(s->since, now, since, sizeof(since)),
		text_escape(s->framing, framing, sizeof(framing)),
		text_number((double)frames_of(s), frames, sizeof(frames)),
		text_ago(s->last_frame, now, last, sizeof(last)),
		error_text(s, error, sizeof(error)),
		text_escape(s->uri, uri, sizeof(uri)),
	};

	return table_add(t, cells, ARRAY_SIZE(cells));
}

/* "garage: no octets arrive: ...", and the reason of the state if that says more. */
static void print_sentence(const struct model_source *s, bool unverified)
{
	char name[TEXT_MAX], text[MODEL_SENTENCE_MAX], reason[MODEL_SENTENCE_MAX];

	printf("%s: %s", text_escape(s->name, name, sizeof(name)),
	       text_escape(s->health_text, text, sizeof(text)));
	text_escape(s->reason, reason, sizeof(reason));
	if (*reason && !strstr(text, reason))
		printf(" (%s)", reason);
	if (unverified)
		printf("; its values are unverified: neither a checksum nor a tag speaks for them");
	putchar('\n');
}

/* "meter 123: voltage_l1 is 2301 V ..." */
static void print_problem(const struct model_meter *m)
{
	char id[TEXT_MAX], text[METER_PROBLEM_MAX];

	if (*m->problem)
		printf("meter %s: %s\n", text_escape(m->id, id, sizeof(id)),
		       text_escape(m->problem, text, sizeof(text)));
}

static int print_text(const struct model *m)
{
	static const struct table_column columns[] = {
		{ "SOURCE" }, { "STATE" }, { "HEALTH" }, { "SINCE" }, { "FRAMING" },
		{ "FRAMES", .right = true }, { "LAST FRAME" }, { "ERRORS" }, { "URI" },
	};
	_cleanup_(table_unrefp) struct libscols_table *t = table_new(columns, ARRAY_SIZE(columns));
	char state[TEXT_MAX], reason[MODEL_SENTENCE_MAX];
	u64 now = real_us();

	if (!t)
		return report_no_memory();
	for (size_t i = 0; i < m->n_sources; i++)
		if (add_row(t, m->sources[i], now) < 0)
			return report_no_memory();
	if (m->n_sources) {
		table_print(t);
		putchar('\n');
	}
	for (size_t i = 0; i < m->n_sources; i++)
		print_sentence(m->sources[i], is_unverified(m, m->sources[i]));
	for (size_t i = 0; i < m->n_meters; i++)
		print_problem(m->meters[i]);
	text_escape(m->mqtt_reason, reason, sizeof(reason));
	printf("MQTT broker: %s%s%s\n", text_escape(m->mqtt_state, state, sizeof(state)),
	       *reason ? ", " : "", reason);
	return CTL_OK;
}

int ctl_status(const struct ctl_options *o)
{
	_cleanup_(model_clearp) struct model m = { 0 };
	int status;

	if (bus_load(o, &m) < 0)
		return CTL_FAILED;
	status = o->json ? print_json(&m) : print_text(&m);
	if (!m.n_sources) {
		ctl_say("no source is configured");
		return CTL_FAILED;
	}
	for (size_t i = 0; i < m.n_sources; i++)
		if (!is_ok(m.sources[i]))
			status = CTL_FAILED;
	return status;
}
