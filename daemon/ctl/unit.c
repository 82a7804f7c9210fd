// SPDX-License-Identifier: GPL-2.0
/*
 * Units: what systemd says of a service, and starting and stopping it.
 *
 * By D-Bus, not by systemctl: errors come as names, not as text for people, and what a service has
 * said of itself (StatusText) comes as it is.  Nothing here waits for longer than its time limit.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <systemd/sd-daemon.h>

#include "ctl/bus.h"
#include "ctl/text.h"
#include "ctl/unit.h"
#include "util.h"

#define SYSTEMD		"org.freedesktop.systemd1"
#define MANAGER_PATH	"/org/freedesktop/systemd1"
#define MANAGER		SYSTEMD ".Manager"
#define UNIT		SYSTEMD ".Unit"
#define SERVICE		SYSTEMD ".Service"

/* A stop and a start of a service of ours take less than a second. */
#define JOB_US		(30 * USEC_PER_SEC)

bool unit_is_managed(void)
{
	return sd_booted() > 0;
}

char *unit_attach_name(const char *tty, char *buf)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				    "0123456789:_.";
	size_t n = (size_t)snprintf(buf, UNIT_TEXT_MAX, "amshan-attach@");

	/* As systemd-escape(1) does it. */
	for (const char *p = tty; *p && n < UNIT_TEXT_MAX - sizeof("\\xff.service"); p++) {
		if (*p == '/')
			buf[n++] = '-';
		else if (strchr(plain, *p) && (*p != '.' || p != tty))
			buf[n++] = *p;
		else
			n += (size_t)sprintf(buf + n, "\\x%02x", (u8)*p);
	}
	strcpy(buf + n, ".service");
	return buf;
}

/* ---- reading ---- */

static int read_text(sd_bus *bus, const char *path, const char *interface, const char *name,
		     char *ret, size_t size)
{
	_cleanup_free_ char *text = NULL;
	int r;

	r = sd_bus_get_property_string(bus, SYSTEMD, path, interface, name, NULL, &text);
	if (r < 0)
		return r;
	snprintf(ret, size, "%s", text);
	return 0;
}

static int read_state(sd_bus *bus, const char *path, struct unit_state *ret)
{
	const struct {
		const char *interface, *name;
		char *text;
		size_t size;
	} texts[] = {
		{ UNIT, "LoadState", ret->load, sizeof(ret->load) },
		{ UNIT, "ActiveState", ret->active, sizeof(ret->active) },
		{ UNIT, "SubState", ret->sub, sizeof(ret->sub) },
		{ UNIT, "UnitFileState", ret->file, sizeof(ret->file) },
		{ SERVICE, "StatusText", ret->status, sizeof(ret->status) },
		{ SERVICE, "Result", ret->result, sizeof(ret->result) },
	};
	int r = 0;

	for (size_t i = 0; i < ARRAY_SIZE(texts) && r >= 0; i++)
		r = read_text(bus, path, texts[i].interface, texts[i].name, texts[i].text,
			      texts[i].size);
	if (r >= 0)
		r = sd_bus_get_property_trivial(bus, SYSTEMD, path, SERVICE, "NRestarts", NULL, 'u',
						&ret->restarts);
	if (r < 0)
		return r;
	/* Of use to few, and no reason to know nothing. */
	if (read_text(bus, path, SERVICE, "User", ret->user, sizeof(ret->user)) == 0 && !*ret->user)
		strcpy(ret->user, "root");
	return 0;
}

/* The unit's object; systemd reads the unit's files for it if it has not yet. */
static int load(sd_bus *bus, const char *name, char *ret_path, size_t size)
{
	_cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
	const char *path;
	int r;

	r = sd_bus_call_method(bus, SYSTEMD, MANAGER_PATH, MANAGER, "LoadUnit", NULL, &reply, "s",
			       name);
	if (r >= 0)
		r = sd_bus_message_read(reply, "o", &path);
	if (r < 0)
		return r;
	if ((size_t)snprintf(ret_path, size, "%s", path) >= size)
		return -ENAMETOOLONG;
	return 0;
}

int unit_open(sd_bus **ret)
{
	return unit_is_managed() ? bus_connect(false, ret) : -EHOSTDOWN;
}

int unit_read(sd_bus *bus, const char *name, struct unit_state *ret)
{
	_cleanup_(sd_bus_flush_close_unrefp) sd_bus *own = NULL;
	struct unit_state state = { 0 };
	char path[UNIT_TEXT_MAX * 3];
	int r;

	if (!unit_is_managed())
		return -EHOSTDOWN;
	if (!bus) {
		r = unit_open(&own);
		if (r < 0)
			return r;
		bus = own;
	}
	r = load(bus, name, path, sizeof(path));
	if (r >= 0)
		r = read_state(bus, path, &state);
	if (r < 0)
		return r;
	*ret = state;
	return 0;
}

/* ---- starting and stopping ---- */

/**
 * struct job - a job of systemd that is waited for
 * @path: its object; "": not known yet
 * @is_done: it is removed
 * @result: "done", "failed", "canceled", "timeout", "dependency", ...
 */
struct job {
	char path[UNIT_TEXT_MAX];
	bool is_done;
	char result[32];
};

static int on_job_removed(sd_bus_message *m, void *ctx, sd_bus_error *error)
{
	struct job *job = ctx;
	const char *path, *unit, *result;
	u32 id;

	if (sd_bus_message_read(m, "uoss", &id, &path, &unit, &result) < 0)
		return 0;
	if (!*job->path || strcmp(job->path, path) != 0)
		return 0;
	job->is_done = true;
	snprintf(job->result, sizeof(job->result), "%s", result);
	return 0;
}

static int job_wait(sd_bus *bus, struct job *job)
{
	u64 end = mono_us() + JOB_US;

	while (!job->is_done) {
		u64 now = mono_us();
		int r;

		r = sd_bus_process(bus, NULL);
		if (r < 0)
			return r;
		if (r > 0)
			continue;
		if (now >= end)
			return -ETIMEDOUT;
		r = sd_bus_wait(bus, end - now);
		if (r < 0 && r != -EINTR)
			return r;
	}
	return 0;
}

/* @method: StartUnit, ...: the job that it makes is in @job afterwards */
static int job_begin(sd_bus *bus, const char *method, const char *name, struct job *job,
		     sd_bus_error *error)
{
	_cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
	const char *path;
	int r;

	/* Without a subscription systemd sends no signals; its end is that of the connection. */
	r = sd_bus_call_method(bus, SYSTEMD, MANAGER_PATH, MANAGER, "Subscribe", error, NULL, NULL);
	if (r >= 0)
		r = sd_bus_match_signal(bus, NULL, SYSTEMD, MANAGER_PATH, MANAGER, "JobRemoved",
					on_job_removed, job);
	/*
	 * Signals that come before the answer are kept until job_wait() looks at them: the job's
	 * end is not missed.
	 */
	if (r >= 0)
		r = sd_bus_call_method(bus, SYSTEMD, MANAGER_PATH, MANAGER, method, error, &reply,
				       "ss", name, "replace");
	if (r >= 0)
		r = sd_bus_message_read(reply, "o", &path);
	if (r < 0)
		return r;
	snprintf(job->path, sizeof(job->path), "%s", path);
	return 0;
}

static int say_refused(const char *name, const sd_bus_error *error, int r, char *why, size_t size)
{
	char said[TEXT_MAX];

	if (sd_bus_error_has_names(error, "org.freedesktop.systemd1.NoSuchUnit")) {
		snprintf(why, size, "systemd has no unit %s: it is not installed", name);
		return -ENOENT;
	}
	snprintf(why, size, "%s: %s", name,
		 error->message ? text_escape(error->message, said, sizeof(said)) : strerror(-r));
	return r;
}

/* What systemd does with a unit in the way it was asked for. */
static int unit_do(const char *method, const char *name, char *why, size_t size)
{
	_cleanup_(sd_bus_flush_close_unrefp) sd_bus *bus = NULL;
	_cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
	struct job job = { 0 };
	int r;

	r = unit_open(&bus);
	if (r == -EHOSTDOWN) {
		snprintf(why, size, "systemd does not run here");
		return r;
	}
	if (r < 0) {
		snprintf(why, size, "cannot ask systemd: %s", strerror(-r));
		return r;
	}
	r = job_begin(bus, method, name, &job, &error);
	if (r < 0)
		return say_refused(name, &error, r, why, size);
	r = job_wait(bus, &job);
	if (r == -ETIMEDOUT) {
		snprintf(why, size, "systemd is not done with %s after %u s", name,
			 (unsigned int)(JOB_US / USEC_PER_SEC));
		return r;
	}
	if (r < 0) {
		snprintf(why, size, "the connection to systemd ended: %s", strerror(-r));
		return r;
	}
	/* Replaced by another's job for the same unit: what has become of it is to be looked at. */
	if (strcmp(job.result, "done") && strcmp(job.result, "canceled")) {
		snprintf(why, size, "systemd could not %s %s (%s); \"journalctl -u %s\" says why",
			 strcmp(method, "StopUnit") ? "start" : "stop", name, job.result, name);
		return -EIO;
	}
	return 0;
}

int unit_restart(const char *name, char *why, size_t size)
{
	return unit_do("RestartUnit", name, why, size);
}

int unit_stop(const char *name, char *why, size_t size)
{
	int r = unit_do("StopUnit", name, why, size);

	return r == -ENOENT ? 0 : r;
}
