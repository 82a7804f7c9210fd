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
#define VERSION_S	5

void report_say(struct report *r, const char *fmt, ...)
{
	char text[TEXT_LINE_MAX], masked[TEXT_LINE_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	mask_text(&r->mask, text, masked, sizeof(masked));
	fprintf(r->out, "%s\n", text_escape(masked, text, sizeof(text)));
}

void report_head(struct report *r, const char *title)
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
		"with six digits or more, groups of digits, serial numbers of adapters, hosts and\n"
		"addresses that can be reached from everywhere (those of a local network stay), "
		"names\n"
		"of users.\n"
		"Of the configuration: values of username, psk-identity and of all keys that "
		"amshand\n"
		"does not know; of password-file, key-file and psk-file unless they are paths; of "
		"the\n"
		"others what amshand would not take. Comments are left out.\n"
		"Of system titles: all but the three letters of the maker.\n"
		"In frames these octets are 58 (X), and the checksums of such a frame were made "
		"anew,\n"
		"or are masked if they were wrong; what else is in it, as power and registers, is "
		"as it\n"
		"was sent.\n"
		"Not in it: keys, passwords, readings beside those in these frames, the log.\n",
		AMSHAN_VERSION, iso_utc(real_us(), now));
	if (r->mask.full)
		fprintf(r->out, "\nThere was more to mask than there is room for: texts are masked "
				"as a whole.\n");
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

	report_head(r, "versions");
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

static void print_finding(struct report *r, const struct finding *f)
{
	char said[FINDING_TEXT_MAX * 2];

	/* What is wrong with a configuration is said with what stands there. */
	fprintf(r->out, "%-5s  ", finding_kind_name(f->kind));
	if (strcmp(f->about, DOCTOR_CONFIG))
		report_say(r, "%-13s  %s", f->about, f->text);
	else
		fprintf(r->out, "%-13s  %s\n", f->about,
			mask_said(&r->mask, f->text, said, sizeof(said)));
}

static void print_findings(struct report *r)
{
	report_head(r, "doctor");
	for (size_t i = 0; i < r->findings.n; i++)
		print_finding(r, &r->findings.f[i]);
	if (r->findings.more)
		fprintf(r->out, "and %zu more\n", r->findings.more);
	if (!r->d.root)
		fprintf(r->out, "\nThis was not written as root, who sees more.\n");
}

static void print_config(struct report *r)
{
	report_head(r, "configuration");
	fputs(r->config ? r->config : "there was no memory for it\n", r->out);
}

/* ---- the whole ---- */

/* HOST of tcp://HOST:PORT */
static void learn_uri(struct mask *m, const char *uri)
{
	_cleanup_free_ char *host = NULL, *port = NULL, *error = NULL;

	if (!strncmp(uri, "tcp:", 4) && tcp_address_parse(uri + 4, &host, &port, &error) == 0)
		mask_learn_host(m, host);
}

/* A meter that does not send its number goes by the name of its source, which is shown. */
static void learn_meter(struct mask *m, const char *id, const char *source)
{
	if (strpbrk(id, "0123456789") || strcmp(id, source))
		bugreport_learn(m, MASK_METER, id);
}

/* What should be the path of a secret, and may be the secret itself. */
static void learn_secret(struct mask *m, const char *key, const char *value)
{
	static const char credentials[] = DOCTOR_CREDENTIALS "/";
	char shown[TEXT_LINE_MAX];

	if (value && !strncmp(value, credentials, strlen(credentials)))
		value += strlen(credentials);
	if (value)
		bugreport_value(m, key, value, shown, sizeof(shown));
}

/* What stands in files, and what a variable of the environment stood for. */
static void learn_config(struct mask *m, const struct config *c)
{
	const char *const users[] = { c->mqtt.username, c->mqtt.psk_identity };
	const struct {
		const char *key, *value;
	} secrets[] = {
		{ "password-file", c->mqtt.password_file },
		{ "key-file", c->mqtt.key_file },
		{ "psk-file", c->mqtt.psk_file },
	};

	for (size_t i = 0; i < ARRAY_SIZE(users); i++)
		if (users[i])
			bugreport_learn(m, MASK_USER, users[i]);
	for (size_t i = 0; i < ARRAY_SIZE(secrets); i++)
		learn_secret(m, secrets[i].key, secrets[i].value);
	if (c->mqtt.host)
		mask_learn_host(m, c->mqtt.host);
	learn_secret(m, "key-file", c->key_file);
	for (size_t i = 0; i < c->n_sources; i++) {
		learn_secret(m, "key-file", c->sources[i].key_file);
		learn_uri(m, c->sources[i].uri);
		if (c->sources[i].meter)
			bugreport_learn(m, MASK_METER, c->sources[i].meter);
	}
}

static void gather(struct report *r, const struct ctl_options *o)
{
	const struct doctor *d = &r->d;
	size_t size;
	FILE *f;

	doctor_gather(&r->d, o, &r->findings);
	doctor_check(&r->d);
	if (d->config)
		learn_config(&r->mask, d->config);
	for (size_t i = 0; i < d->model.n_sources; i++) {
		learn_uri(&r->mask, d->model.sources[i]->uri);
		learn_meter(&r->mask, d->model.sources[i]->meter, d->model.sources[i]->name);
	}
	for (size_t i = 0; i < d->model.n_meters; i++) {
		const struct model_meter *meter = d->model.meters[i];

		learn_meter(&r->mask, meter->id, meter->source);
		learn_meter(&r->mask, meter->identity[ID_METER_ID], meter->source);
	}
	for (size_t i = 0; i < d->n_adapters; i++)
		mask_learn(&r->mask, MASK_SERIAL, d->adapters[i].serial);
	f = open_memstream(&r->config, &size);
	/* Without what is learned from it nothing is harmless. */
	if (!f) {
		r->mask.full = true;
		return;
	}
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
	report_sources(r);
	report_ports(r);
	report_adapters(r);
	report_frames(r);
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
	mask_clear(&r->mask);
	free(r->config);
	free(r);
	return status;
}
