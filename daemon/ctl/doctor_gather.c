// SPDX-License-Identifier: GPL-2.0
/*
 * Doctor: what is asked for before anything is judged: configuration, amshand, adapters, ports.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <systemd/sd-event.h>

#include "ctl/doctor_internal.h"
#include "sources.h"
#include "util.h"

#define SYSTEM_CONFIG	"/etc/amshan/amshand.conf"
#define SAID_MAX	16384

/* As amshand itself finds it. */
static char *user_config(void)
{
	const char *folder = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
	char *path;
	int r;

	if (folder && *folder)
		r = asprintf(&path, "%s/amshan/amshand.conf", folder);
	else
		r = asprintf(&path, "%s/.config/amshan/amshand.conf", home ? home : "");
	return r < 0 ? NULL : path;
}

static char *config_path(const struct ctl_options *o, bool on_session_bus)
{
	/* The package may be installed, too. */
	if (o->bus == CTL_BUS_USER || on_session_bus)
		return user_config();
	return strdup(SYSTEM_CONFIG);
}

/* What was written to a file, as a string; NULL without memory. */
static char *contents(int fd)
{
	char *text = malloc(SAID_MAX);
	ssize_t n = text ? pread(fd, text, SAID_MAX - 1, 0) : 0;

	if (text)
		text[n > 0 ? n : 0] = '\0';
	return text;
}

/* As amshand does it: mistakes of every kind, those of the sources too. */
static int config_read(const char *path, struct config **ret)
{
	sd_event *event = NULL;
	int r = config_load(path, ret);

	if (r == 0)
		r = sd_event_new(&event);
	if (r >= 0)
		r = sources_check(event, *ret);
	sd_event_unref(event);
	return r < 0 ? r : 0;
}

/*
 * Mistakes are said by the log, and the log of this program is stderr: that is caught in the
 * meantime, as this process has one thread.
 */
static void gather_config(struct doctor *d)
{
	_cleanup_close_ int caught = memfd_create("config", MFD_CLOEXEC), before = -1;

	/* Names of credentials are no mistake here; who may read them is the service's business. */
	setenv("CREDENTIALS_DIRECTORY", DOCTOR_CREDENTIALS, false);
	if (caught >= 0)
		before = dup(STDERR_FILENO);
	fflush(stderr);
	if (before >= 0)
		dup2(caught, STDERR_FILENO);
	d->config_error = config_read(d->config_path, &d->config);
	if (before >= 0) {
		dup2(before, STDERR_FILENO);
		d->config_said = contents(caught);
	}
}

static void gather_bus(struct doctor *d)
{
	_cleanup_(sd_bus_flush_close_unrefp) sd_bus *bus = NULL;

	d->asked = bus_open_why(d->o->bus, &bus, &d->why);
	if (d->asked == 0)
		d->asked = bus_read_why(bus, &d->model, &d->why);
}

static bool is_kernel(const char *uri)
{
	return !strncmp(uri, "kernel:", strlen("kernel:"));
}

static void note_source(struct doctor *d, const char *uri)
{
	if (!is_kernel(uri))
		return;
	d->kernel_source = true;
	d->port_source |= uri[strlen("kernel:")] != '\0';
}

static void gather_sources(struct doctor *d)
{
	for (size_t i = 0; d->config && i < d->config->n_sources; i++)
		note_source(d, d->config->sources[i].uri);
	for (size_t i = 0; i < d->model.n_sources; i++)
		note_source(d, d->model.sources[i]->uri);
}

void doctor_gather(struct doctor *d, const struct ctl_options *o, struct findings *l)
{
	*d = (struct doctor){ .o = o, .l = l, .root = geteuid() == 0 };
	gather_bus(d);
	d->config_path = config_path(o, d->asked == 0 && d->why.user);
	d->config_error = -ENOMEM;
	if (d->config_path)
		gather_config(d);
	d->adapters_error = adapter_list(&d->adapters, &d->n_adapters);
	for (size_t i = 0; d->adapters_error == 0 && i < d->n_adapters; i++) {
		const struct adapter *a = &d->adapters[i];

		d->enabled += a->is_enabled;
		d->read += a->is_enabled && serial_framing_is_ours(a->framing);
	}
	d->n_ports = ports_read(d->ports);
	gather_sources(d);
}

void doctor_clear(struct doctor *d)
{
	free(d->config_path);
	config_free(d->config);
	free(d->config_said);
	sd_bus_close_unref(d->units);
	model_clear(&d->model);
	free(d->adapters);
}
