// SPDX-License-Identifier: GPL-2.0
/*
 * amshanctl report: one text for a report of a fault.
 *
 * Everything that others gave a name goes through mask_text() and text_escape(); numbers of our own
 * do not.  What is to be masked is learned before the first line is written.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include <jansson.h>
#include <mosquitto.h>

#include "ctl/bugreport.h"
#include "ctl/doctor_internal.h"
#include "ctl/report.h"
#include "ctl/text.h"
#include "output/json.h"
#include "source/tcp.h"
#include "util.h"

#define TEXT_LINE_MAX	2048
#define OCTETS_OF_LINE	32
#define VERSION_S	5
#define FRAME_MAX	4096

/* struct report - one that is being written */
struct report {
	FILE *out;
	struct doctor d;
	struct findings findings;
	struct mask mask;
	char *config;
};

/* A line in which others have a word. */
static void __attribute__((format(printf, 2, 3))) say(struct report *r, const char *fmt, ...)
{
	char text[TEXT_LINE_MAX], masked[TEXT_LINE_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	mask_text(&r->mask, text, masked, sizeof(masked));
	fprintf(r->out, "%s\n", text_escape(masked, text, sizeof(text)));
}

static void head(struct report *r, const char *title)
{
	fprintf(r->out, "\n== %s ==\n\n", title);
}

static void print_head(struct report *r)
{
	char now[ISO_UTC_MAX];

	fprintf(r->out,
		"Report of amshanctl %s, %s\n"
		"\n"
		"Masked, each by a name of its own, as <meter1>: numbers of meters and other "
		"words\n"
		"with six digits or more, serial numbers of adapters, hosts and addresses that can "
		"be\n"
		"reached from everywhere (those of a local network stay), names of users.\n"
		"Of the configuration: values of username, psk-identity and of all keys that "
		"amshand\n"
		"does not know; of password-file, key-file and psk-file unless they are paths.\n"
		"Of system titles: all but the three letters of the maker.\n"
		"In frames these octets are 58 (X), so the checksums of such a frame do not fit "
		"any\n"
		"more; what else is in it, as power and registers, is as it was sent.\n"
		"Not in it: keys, passwords, readings beside those in these frames, the log.\n",
		AMSHAN_VERSION, iso_utc(real_us(), now));
}

/* ---- versions ---- */

/* NAME="text" of a file of variables, "" if it is not there. */
static char *variable(const char *path, const char *name, char *buf, size_t size)
{
	_cleanup_free_ char *line = NULL;
	size_t room = 0, n = strlen(name);
	FILE *f = fopen(path, "re");

	*buf = '\0';
	while (f && !*buf && getline(&line, &room, f) > 0) {
		char *value = line + n + 1;

		if (strncmp(line, name, n) || line[n] != '=')
			continue;
		value[strcspn(value, "\n")] = '\0';
		value += *value == '"';
		snprintf(buf, size, "%.*s", (int)strcspn(value, "\""), value);
	}
	if (f)
		fclose(f);
	return buf;
}

/* The first line of what a program says of itself. */
static char *program_version(const char *program, char *buf, size_t size)
{
	const char *const argv[] = { program, "--version", NULL };

	if (doctor_run(argv, VERSION_S, buf, size) != 0)
		snprintf(buf, size, "not there");
	buf[strcspn(buf, "\n")] = '\0';
	return buf;
}

static void print_version(struct report *r, const char *what, const char *version)
{
	char text[TEXT_LINE_MAX];

	fprintf(r->out, "%-13s %s\n", what, text_escape(version, text, sizeof(text)));
}

static void print_versions(struct report *r)
{
	char text[RUN_OUT_MAX];
	int major, minor, revision;
	struct utsname u;

	head(r, "versions");
	print_version(r, "amshanctl", AMSHAN_VERSION);
	print_version(r, "amshand", r->d.asked < 0 ? "does not run, or cannot be asked" :
						     r->d.model.version);
	doctor_read("/sys/module/amshan/version", text, sizeof(text));
	print_version(r, "module", *text ? text : "not loaded");
	if (uname(&u) == 0) {
		snprintf(text, sizeof(text), "%s %s %s", u.release, u.version, u.machine);
		print_version(r, "kernel", text);
	}
	if (!*variable("/etc/os-release", "PRETTY_NAME", text, sizeof(text)))
		variable("/usr/lib/os-release", "PRETTY_NAME", text, sizeof(text));
	print_version(r, "distribution", *text ? text : "not known");
	print_version(r, "systemd", program_version("systemctl", text, sizeof(text)));
	print_version(r, "dkms", program_version("dkms", text, sizeof(text)));
	mosquitto_lib_version(&major, &minor, &revision);
	snprintf(text, sizeof(text), "%d.%d.%d", major, minor, revision);
	print_version(r, "libmosquitto", text);
	print_version(r, "jansson", jansson_version_str());
}

/* ---- what was found, and what it was found of ---- */

static void print_findings(struct report *r)
{
	head(r, "doctor");
	for (size_t i = 0; i < r->findings.n; i++) {
		const struct finding *f = &r->findings.f[i];

		say(r, "%-5s  %-13s  %s", finding_kind_name(f->kind), f->about, f->text);
	}
	if (r->findings.more)
		fprintf(r->out, "and %zu more\n", r->findings.more);
	if (!r->d.root)
		fprintf(r->out, "\nThis was not written as root, who sees more.\n");
}

static void print_config(struct report *r)
{
	head(r, "configuration");
	fputs(r->config ? r->config : "there was no memory for it\n", r->out);
}

static void print_time(struct report *r, const char *what, u64 us)
{
	char iso[ISO_UTC_MAX];

	fprintf(r->out, "  %-13s %s\n", what, us ? iso_utc(us, iso) : "never");
}

static void print_source(struct report *r, const struct model_source *s)
{
	char title[sizeof(s->system_title)];

	say(r, "source %s", s->name);
	say(r, "  uri           %s", s->uri);
	say(r, "  state         %s%s%s", s->state, *s->reason ? ": " : "", s->reason);
	say(r, "  health        %s: %s", s->health, s->health_text);
	say(r, "  meter         %s", *s->meter ? s->meter : "none yet");
	print_time(r, "since", s->since);
	print_time(r, "last octet", s->last_octet);
	print_time(r, "last frame", s->last_frame);
	print_time(r, "last message", s->last_message);
	fprintf(r->out, "  period        %.3f s\n", (double)s->period / USEC_PER_SEC);
	snprintf(title, sizeof(title), "%s", s->system_title);
	mask_title(title);
	if (*title)
		fprintf(r->out, "  system title  %s\n", text_escape(title, (char[64]){ 0 }, 64));
	for (size_t i = 0; i < s->n_counters; i++)
		if (s->counters[i].value)
			fprintf(r->out, "  %-13s %llu\n", s->counters[i].name,
				(unsigned long long)s->counters[i].value);
	fputc('\n', r->out);
}

/* The type says how a meter is to be read, and is the same for thousands. */
static void print_meter(struct report *r, const struct model_meter *m)
{
	char type[MODEL_NAME_MAX];

	say(r, "meter %s", m->id);
	say(r, "  maker         %s", m->identity[ID_MANUFACTURER]);
	fprintf(r->out, "  type          %s\n",
		text_escape(m->identity[ID_METER_TYPE], type, sizeof(type)));
	say(r, "  list          %s", m->identity[ID_LIST_VERSION]);
	say(r, "  source        %s", m->source);
	say(r, "  is            %s", m->available ? "available" : "not available");
}

static void print_sources(struct report *r)
{
	const struct model *m = &r->d.model;

	head(r, "amshand");
	if (r->d.asked < 0) {
		say(r, "%s", r->d.why.text);
		return;
	}
	say(r, "broker: %s%s%s", m->mqtt_state, *m->mqtt_reason ? ", " : "", m->mqtt_reason);
	for (size_t i = 0; i < m->n_meters; i++)
		print_meter(r, m->meters[i]);
	fputc('\n', r->out);
	for (size_t i = 0; i < m->n_sources; i++)
		print_source(r, m->sources[i]);
}

static void print_ports(struct report *r)
{
	char text[TEXT_MAX];

	head(r, "ports of the module");
	if (r->d.n_ports < 0) {
		ports_say_error(r->d.n_ports, text, sizeof(text));
		fprintf(r->out, "%s\n", text);
	} else if (!r->d.n_ports) {
		fprintf(r->out, "none is attached\n");
	}
	for (int i = 0; i < r->d.n_ports; i++) {
		const struct port_info *p = &r->d.ports[i];

		say(r, "amshan%u %s", p->index, p->tty);
		print_time(r, "attached", p->attach_real_ns / NSEC_PER_USEC);
		for (unsigned int c = 0; c < PORT_COUNTER_COUNT; c++)
			if (p->counter[c])
				fprintf(r->out, "  %-13s %llu\n", port_counter_names[c],
					(unsigned long long)p->counter[c]);
	}
}

static void print_adapter(struct report *r, const struct adapter *a)
{
	char format[SERIAL_FORMAT_MAX];
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

	serial_format(&a->settings, format);
	say(r, "%s: %s%s%s", a->name, a->is_enabled ? "enabled, " : "not enabled",
	    a->is_enabled ? format : "", a->is_initialized ? "" : ", unknown to udev");
	if (*a->vendor_id)
		say(r, "  %-13s %s:%s", "USB", a->vendor_id, a->model_id);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (*rows[i].text)
			say(r, "  %-13s %s", rows[i].what, rows[i].text);
}

static void print_adapters(struct report *r)
{
	head(r, "adapters");
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
	say(r, "# source %s, %s: %s", s->name, iso_utc(us, when), reason);
	fprintf(r->out, "# %zu octets, %zu of them masked\n", n, masked);
	print_octets(r, octets, n);
	return 0;
}

static void print_frames_of(struct report *r, sd_bus *bus, const struct model_source *s)
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
		say(r, "# source %s: only root may see them", s->name);
	else if (e < 0)
		say(r, "# source %s: %s", s->name, error.message ? error.message : strerror(-e));
}

static void print_frames(struct report *r)
{
	_cleanup_(sd_bus_flush_close_unrefp) sd_bus *bus = NULL;
	struct bus_why why;

	head(r, "last frames that could not be decoded");
	if (r->d.asked < 0)
		return;
	if (bus_open_why(r->d.why.user ? CTL_BUS_USER : CTL_BUS_SYSTEM, &bus, &why) < 0) {
		say(r, "%s", why.text);
		return;
	}
	for (size_t i = 0; i < r->d.model.n_sources; i++)
		print_frames_of(r, bus, r->d.model.sources[i]);
}

/* ---- the whole ---- */

/* HOST of tcp://HOST:PORT */
static void learn_uri(struct mask *m, const char *uri)
{
	_cleanup_free_ char *host = NULL, *port = NULL, *error = NULL;

	if (!strncmp(uri, "tcp:", 4) && tcp_address_parse(uri + 4, &host, &port, &error) == 0)
		mask_learn_host(m, host);
}

static void learn_meter(struct mask *m, const char *id)
{
	if (strpbrk(id, "0123456789"))
		mask_learn(m, MASK_METER, id);
}

static void gather(struct report *r, const struct ctl_options *o)
{
	const struct doctor *d = &r->d;
	size_t size;
	FILE *f;

	doctor_gather(&r->d, o, &r->findings);
	doctor_check(&r->d);
	for (size_t i = 0; d->config && i < d->config->n_sources; i++)
		learn_uri(&r->mask, d->config->sources[i].uri);
	for (size_t i = 0; i < d->model.n_sources; i++) {
		learn_uri(&r->mask, d->model.sources[i]->uri);
		learn_meter(&r->mask, d->model.sources[i]->meter);
	}
	for (size_t i = 0; i < d->model.n_meters; i++) {
		learn_meter(&r->mask, d->model.meters[i]->id);
		learn_meter(&r->mask, d->model.meters[i]->identity[ID_METER_ID]);
	}
	for (size_t i = 0; i < d->n_adapters; i++)
		mask_learn(&r->mask, MASK_SERIAL, d->adapters[i].serial);
	f = open_memstream(&r->config, &size);
	if (!f)
		return;
	if (d->config_path)
		bugreport_config(&r->mask, d->config_path, f);
	fclose(f);
}

static void print_report(struct report *r)
{
	print_head(r);
	print_versions(r);
	print_findings(r);
	print_config(r);
	print_sources(r);
	print_ports(r);
	print_adapters(r);
	print_frames(r);
}

/* A new file that nobody else reads; one that is there is left alone. */
static FILE *open_new(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	char name[TEXT_MAX];
	FILE *f;

	text_escape(path, name, sizeof(name));
	if (fd < 0 && errno == EEXIST)
		ctl_say("%s is there already: give another name, or remove it", name);
	else if (fd < 0)
		ctl_say("cannot write %s: %s", name, strerror(errno));
	if (fd < 0)
		return NULL;
	f = fdopen(fd, "w");
	if (!f)
		close(fd);
	return f;
}

int ctl_report(const struct ctl_options *o)
{
	const char *path = o->argc ? o->argv[0] : "-";
	bool to_stdout = !strcmp(path, "-");
	struct report *r = calloc(1, sizeof(*r));
	char name[TEXT_MAX];
	int status = CTL_OK;

	if (!r)
		return report_no_memory();
	r->out = to_stdout ? stdout : open_new(path);
	if (!r->out) {
		free(r);
		return CTL_FAILED;
	}
	gather(r, o);
	print_report(r);
	text_escape(path, name, sizeof(name));
	if (!to_stdout && (ferror(r->out) | fclose(r->out))) {
		ctl_say("cannot write %s: %s", name, strerror(errno));
		unlink(path);
		status = CTL_FAILED;
	} else if (!to_stdout) {
		ctl_say("%s is written; look through it before you give it away", name);
	}
	doctor_clear(&r->d);
	free(r->config);
	free(r);
	return status;
}
