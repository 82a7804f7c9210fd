// SPDX-License-Identifier: GPL-2.0
/*
 * Doctor: the service, amshand on the bus, its sources, the broker.
 */
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>

#include "ctl/doctor_internal.h"
#include "ctl/unit.h"
#include "util.h"

#define UNIT		"amshand.service"
#define RESTARTS_MANY	3

/* ---- the unit ---- */

static const char *result_text(const char *result)
{
	static const struct {
		const char *result;
		const char *text;
	} texts[] = {
		{ "exit-code", "it ended with an error" },
		{ "signal", "it was killed by a signal" },
		{ "core-dump", "it crashed" },
		{ "watchdog", "it stood still" },
		{ "timeout", "it did not get ready in time" },
		{ "start-limit-hit", "it ended too often" },
		{ "resources", "systemd could not set it up" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		if (!strcmp(texts[i].result, result))
			return texts[i].text;
	return "it failed";
}

static void look_at_unit(struct doctor *d, const struct unit_state *u)
{
	bool runs = d->asked == 0;

	if (!strcmp(u->load, "not-found"))
		findings_add(d->l, runs ? FINDING_NOTE : FINDING_WRONG, "service",
			     "amshand.service is not installed: apt install amshand, or make "
			     "install");
	else if (!strcmp(u->load, "masked"))
		findings_add(d->l, FINDING_WRONG, "service",
			     "amshand.service is masked: systemctl unmask amshand");
	else if (!strcmp(u->active, "failed"))
		findings_add(d->l, FINDING_WRONG, "service",
			     "amshand.service failed, as %s: journalctl -b -u amshand says why",
			     result_text(u->result));
	else if (!strcmp(u->active, "active") && !strcmp(u->file, "disabled"))
		findings_add(d->l, FINDING_NOTE, "service",
			     "amshand.service runs, but does not start with the machine: systemctl "
			     "enable amshand");
	else if (!strcmp(u->active, "active"))
		findings_add(d->l, FINDING_OK, "service", "amshand.service runs%s%s",
			     *u->status ? ": " : "", u->status);
	else if (!strcmp(u->active, "inactive"))
		findings_add(d->l, runs ? FINDING_NOTE : FINDING_WRONG, "service",
			     "amshand.service does not run: systemctl enable --now amshand");
	else
		findings_add(d->l, FINDING_WRONG, "service",
			     "amshand.service is %s (%s)%s%s: journalctl -b -u amshand says why",
			     u->active, u->sub, *u->status ? ", " : "", u->status);
	if (u->restarts >= RESTARTS_MANY)
		findings_add(d->l, FINDING_NOTE, "service",
			     "amshand.service was started anew %u times: journalctl -b -u amshand "
			     "says why",
			     u->restarts);
}

int doctor_unit_read(struct doctor *d, const char *name, struct unit_state *ret)
{
	int r;

	if (d->units_error == 0 && !d->units)
		d->units_error = unit_open(&d->units);
	if (d->units_error < 0)
		return d->units_error;
	r = unit_read(d->units, name, ret);
	/* Each of those that are enabled would wait as long again. */
	if (r == -ETIMEDOUT)
		d->units_error = r;
	return r;
}

void doctor_unit(struct doctor *d)
{
	struct unit_state u = { 0 };
	int r;

	/* A user's own amshand is not systemd's. */
	if (d->o->bus == CTL_BUS_USER)
		return;
	r = doctor_unit_read(d, UNIT, &u);
	if (r == 0 && !strcmp(u.load, "loaded"))
		snprintf(d->user, sizeof(d->user), "%s", *u.user ? u.user : DOCTOR_USER);
	if (r == -EHOSTDOWN)
		findings_add(d->l, FINDING_NOTE, "service",
			     "systemd does not run here: amshand has to be started by something "
			     "else");
	else if (r < 0)
		findings_add(d->l, FINDING_NOTE, "service",
			     "systemd cannot be asked for " UNIT ": %s", strerror(-r));
	else
		look_at_unit(d, &u);
}

/* ---- amshand ---- */

/* Is the user in the group by /etc/group, but this process is not? */
static bool group_is_new(void)
{
	const struct passwd *p = getpwuid(getuid());
	const struct group *g = getgrnam(DOCTOR_USER);
	gid_t gid = g ? g->gr_gid : 0;

	if (!g || !p || getegid() == gid || group_member(gid))
		return false;
	for (char **m = g->gr_mem; *m; m++)
		if (!strcmp(*m, p->pw_name))
			return true;
	return false;
}

static void not_asked(struct doctor *d)
{
	bool wants = !d->config || d->config->dbus;

	if (d->why.denied && group_is_new())
		findings_add(d->l, FINDING_WRONG, "amshand",
			     "%s: you are a member of group " DOCTOR_USER " since you "
			     "logged in; log in anew",
			     d->why.text);
	/* As it is meant to be: nothing can be said of the rest. */
	else if (d->why.denied)
		findings_add(d->l, FINDING_NOTE, "amshand",
			     "%s: adduser $USER " DOCTOR_USER ", then log in anew", d->why.text);
	else if (!wants)
		findings_add(d->l, FINDING_NOTE, "amshand",
			     "%s; the configuration says dbus = false, so its sources cannot be "
			     "seen from here",
			     d->why.text);
	else
		findings_add(d->l, FINDING_WRONG, "amshand", "%s", d->why.text);
}

void doctor_amshand(struct doctor *d)
{
	const char *bus = d->why.user ? "session bus" : "system bus";

	if (d->asked < 0)
		not_asked(d);
	else if (strcmp(d->model.version, AMSHAN_VERSION))
		findings_add(d->l, FINDING_NOTE, "amshand",
			     "version %s runs, and this program is of version %s: systemctl "
			     "restart amshand",
			     d->model.version, AMSHAN_VERSION);
	else
		findings_add(d->l, FINDING_OK, "amshand",
			     "amshand %s is on the %s, with %zu meter%s", d->model.version, bus,
			     d->model.n_meters, d->model.n_meters == 1 ? "" : "s");
}

/* ---- sources ---- */

static void look_at_source(struct doctor *d, const struct model_source *s)
{
	bool repeats = !*s->reason || strstr(s->health_text, s->reason);
	char about[sizeof("source ") + MODEL_NAME_MAX];
	enum finding_kind kind = FINDING_WRONG;

	snprintf(about, sizeof(about), "source %s", s->name);
	if (!strcmp(s->health, "ok"))
		kind = FINDING_OK;
	else if (!strcmp(s->health, "starting") || !strcmp(s->health, "ended"))
		kind = FINDING_NOTE;
	else if (!strcmp(s->uri, "kernel:") && !d->enabled && d->n_ports <= 0)
		/* As it was installed: what to do is said with the adapters. */
		kind = FINDING_NOTE;
	findings_add(d->l, kind, about, "%s%s%s%s", s->health_text, repeats ? "" : " (",
		     repeats ? "" : s->reason, repeats ? "" : ")");
}

void doctor_sources(struct doctor *d)
{
	if (d->asked < 0)
		return;
	for (size_t i = 0; i < d->model.n_sources; i++)
		look_at_source(d, d->model.sources[i]);
	if (!d->model.n_sources)
		findings_add(d->l, FINDING_WRONG, "sources", "amshand has none");
}

/* ---- meters ---- */

void doctor_meters(struct doctor *d)
{
	char about[sizeof("meter ") + METER_ID_MAX];

	if (d->asked < 0)
		return;
	for (size_t i = 0; i < d->model.n_meters; i++) {
		const struct model_meter *m = d->model.meters[i];

		snprintf(about, sizeof(about), "meter %s", m->id);
		if (*m->problem)
			findings_add(d->l, FINDING_WRONG, about, "%s", m->problem);
	}
}

/* ---- the broker ---- */

/* The section mqtt as it is installed, and no broker at all? */
static bool is_untouched(const struct doctor *d)
{
	static const char refused[] = "connection refused by localhost:1883";
	const struct mqtt_config *m = d->config ? &d->config->mqtt : NULL;
	const char *found = strstr(d->model.mqtt_reason, refused);

	return found && !strchr("0123456789", found[strlen(refused)] ?: ' ') &&
	       (!m || (!m->username && !m->tls && !m->client_id));
}

void doctor_broker(struct doctor *d)
{
	const struct model *m = &d->model;

	if (d->asked < 0 || !strcmp(m->mqtt_state, "off"))
		return;
	if (!strcmp(m->mqtt_state, "up"))
		findings_add(d->l, FINDING_OK, "broker", "the connection is up");
	else if (is_untouched(d))
		findings_add(d->l, FINDING_NOTE, "broker",
			     "no broker listens on localhost:1883: apt install mosquitto, or take "
			     "the section mqtt out of the configuration");
	else if (*m->mqtt_reason)
		findings_add(d->l, FINDING_WRONG, "broker", "there is no connection: %s",
			     m->mqtt_reason);
	else
		findings_add(d->l, FINDING_NOTE, "broker", "the connection is not up yet: %s",
			     m->mqtt_state);
}
