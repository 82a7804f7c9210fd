// SPDX-License-Identifier: GPL-2.0
/*
 * Doctor: adapters that are enabled, and whether they are attached; the devices of ports.
 */
#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "ctl/doctor_internal.h"
#include "ctl/text.h"
#include "util.h"

static const struct port_info *port_of(const struct doctor *d, const struct adapter *a)
{
	for (int i = 0; i < d->n_ports; i++)
		if (a->devt ? makedev(d->ports[i].tty_major, d->ports[i].tty_minor) == a->devt :
			      !strcmp(d->ports[i].tty, a->name))
			return &d->ports[i];
	return NULL;
}

/* ---- attached ---- */

/* "12 HCS errors, 3 FCS errors"; "" without any */
static char *error_text(const struct port_info *p, char *buf, size_t size)
{
	static const struct {
		enum port_counter counter;
		const char *text;
	} errors[] = {
		{ PORT_HCS_ERRORS, "HCS errors" },
		{ PORT_FCS_ERRORS, "FCS errors" },
		{ PORT_FORMAT_ERRORS, "format errors" },
		{ PORT_LENGTH_ERRORS, "length errors" },
		{ PORT_TIMEOUTS, "cut off" },
		{ PORT_PARITY_ERRORS, "parity errors" },
		{ PORT_FRAMING_ERRORS, "framing errors" },
		{ PORT_BREAKS, "breaks" },
		{ PORT_OVERRUNS, "overruns" },
	};
	size_t n = 0;

	*buf = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(errors); i++) {
		u64 count = p->counter[errors[i].counter];

		if (count && n < size)
			n += snprintf(buf + n, size - n, ", %llu %s", (unsigned long long)count,
				      errors[i].text);
	}
	return buf;
}

#define YOUNG_US	(30 * USEC_PER_SEC)	/* by then a whole list has come */

static void attached(struct doctor *d, const struct adapter *a, const struct port_info *p,
		     const char *about)
{
	unsigned long long octets = p->counter[PORT_RX_OCTETS], frames = p->counter[PORT_FRAMES];
	u64 now = real_us(), then = p->attach_real_ns / NSEC_PER_USEC;
	char format[SERIAL_FORMAT_MAX], since[TEXT_MAX], errors[TEXT_MAX];

	serial_format(&a->settings, format);
	text_time(then, now, since, sizeof(since));
	error_text(p, errors, sizeof(errors));
	if (frames)
		findings_add(d->l, FINDING_OK, about,
			     "is attached as /dev/amshan%u since %s: %llu frames%s", p->index,
			     since, frames, errors);
	else if (!octets)
		findings_add(d->l, FINDING_NOTE, about,
			     "is attached as /dev/amshan%u since %s, and no octet came: is the "
			     "port of the meter opened by the grid company, is the cable in it?",
			     p->index, since);
	else if (then <= now && now - then < YOUNG_US)
		findings_add(d->l, FINDING_NOTE, about,
			     "is attached as /dev/amshan%u since %s: no whole frame yet; ask again "
			     "in half a minute", p->index, since);
	else
		findings_add(d->l, FINDING_WRONG, about,
			     "is attached as /dev/amshan%u since %s with %s: %llu octets and no "
			     "frame%s; find the right settings by amshanctl disable %s, then "
			     "amshanctl probe --enable %s",
			     p->index, since, format, octets, errors, a->node, a->node);
}

/* ---- not attached ---- */

/* What a service said of itself stays when it has ended. */
static bool runs(const struct unit_state *u)
{
	return !strcmp(u->active, "active") || !strcmp(u->active, "activating") ||
	       !strcmp(u->active, "reloading");
}

static void not_attached(struct doctor *d, const struct adapter *a, const char *about)
{
	struct unit_state u = { 0 };
	char unit[UNIT_TEXT_MAX];
	int r;

	unit_attach_name(a->name, unit);
	r = doctor_unit_read(d, unit, &u);
	if (r == -EHOSTDOWN)
		findings_add(d->l, FINDING_WRONG, about,
			     "is enabled and not attached, and systemd, which would attach it, "
			     "does not run here: amshan-attach %s",
			     a->node);
	else if (r < 0)
		findings_add(d->l, FINDING_WRONG, about,
			     "is enabled and not attached, and systemd cannot be asked for %s: %s",
			     unit, strerror(-r));
	else if (!strcmp(u.load, "not-found"))
		findings_add(d->l, FINDING_WRONG, about,
			     "is enabled and not attached, as amshan-attach@.service is not "
			     "installed: apt install amshand, or make install");
	else if (!strcmp(u.load, "masked"))
		findings_add(d->l, FINDING_WRONG, about,
			     "is enabled and not attached, as %s is masked: systemctl unmask %s",
			     unit, unit);
	else if (*u.status && runs(&u))
		findings_add(d->l, FINDING_WRONG, about, "is enabled and not attached: %s",
			     u.status);
	else if (!strcmp(u.active, "failed"))
		findings_add(d->l, FINDING_WRONG, about,
			     "is enabled and not attached, as %s failed (%s): journalctl -b -u %s "
			     "says why, systemctl restart %s tries it again",
			     unit, *u.result ? u.result : u.sub, unit, unit);
	else if (!strcmp(u.active, "inactive"))
		findings_add(d->l, FINDING_WRONG, about,
			     "is enabled and not attached, as %s was not started, or was stopped: "
			     "systemctl start %s, or unplug it and plug it in again",
			     unit, unit);
	else
		findings_add(d->l, FINDING_WRONG, about,
			     "is enabled and not attached: %s is %s (%s): journalctl -b -u %s",
			     unit, u.active, u.sub, unit);
}

/* ---- read by amshand ---- */

/* Does a source's URI name this tty? */
static bool names_it(const char *uri, const struct adapter *a)
{
	static const char scheme[] = "serial:";
	char path[PATH_MAX];
	struct stat st;

	if (strncmp(uri, scheme, strlen(scheme)))
		return false;
	uri += strlen(scheme);
	snprintf(path, sizeof(path), "%.*s", (int)strcspn(uri, "?"), uri);
	return stat(path, &st) == 0 && S_ISCHR(st.st_mode) && st.st_rdev == a->devt;
}

/* How the source is, is said where sources are looked at. */
static void for_amshand(struct doctor *d, const struct adapter *a, const struct port_info *p,
			const char *about)
{
	const char *framing = link_framing_name(a->framing);

	for (size_t i = 0; i < d->model.n_sources; i++)
		if (names_it(d->model.sources[i]->uri, a)) {
			findings_add(d->l, FINDING_OK, about, "is read by amshand (%s), as source %s",
				     framing, d->model.sources[i]->name);
			return;
		}
	if (p)
		findings_add(d->l, FINDING_WRONG, about,
			     "is enabled for amshand itself (%s), and attached as /dev/amshan%u: end "
			     "what attached it", framing, p->index);
	else if (d->asked < 0)
		findings_add(d->l, FINDING_NOTE, about,
			     "is enabled for amshand itself (%s), which cannot be asked", framing);
	else
		findings_add(d->l, FINDING_WRONG, about,
			     "is enabled for amshand itself (%s), and none of its sources reads it: "
			     "its configuration needs a source with uri = \"kernel:\"", framing);
}

static void look_at_adapter(struct doctor *d, const struct adapter *a)
{
	const struct port_info *p = port_of(d, a);
	char about[sizeof("adapter ") + ADAPTER_TEXT_MAX];

	snprintf(about, sizeof(about), "adapter %s", a->name);
	if (*a->settings_why)
		findings_add(d->l, FINDING_WRONG, about,
			     "%s: amshanctl enable %s writes a rule anew", a->settings_why,
			     a->node);
	if (serial_framing_is_ours(a->framing))
		for_amshand(d, a, p, about);
	else if (p)
		attached(d, a, p, about);
	else if (!*a->settings_why)
		not_attached(d, a, about);
}

void doctor_adapters(struct doctor *d)
{
	if (d->adapters_error < 0) {
		findings_add(d->l, FINDING_NOTE, "adapters", "udev cannot be asked for them: %s",
			     strerror(-d->adapters_error));
		return;
	}
	for (size_t i = 0; i < d->n_adapters; i++)
		if (d->adapters[i].is_enabled)
			look_at_adapter(d, &d->adapters[i]);
	if (!d->enabled && d->kernel_source && d->n_ports <= 0)
		findings_add(d->l, FINDING_NOTE, "adapters",
			     "none is enabled, and a source reads from the module: amshanctl "
			     "adapters shows them, amshanctl probe --enable DEVICE finds the "
			     "settings of one and enables it");
}

/* ---- the devices ---- */

static void look_at_device(struct doctor *d, const struct port_info *p)
{
	char about[32], path[64], name[64] = "";
	const struct group *g;
	struct stat st;

	snprintf(about, sizeof(about), "port amshan%u", p->index);
	snprintf(path, sizeof(path), "/dev/amshan%u", p->index);
	if (stat(path, &st) < 0) {
		findings_add(d->l, FINDING_NOTE, about, "%s: %s", path, strerror(errno));
		return;
	}
	g = getgrgid(st.st_gid);
	snprintf(name, sizeof(name), "%s", g ? g->gr_name : "a group without a name");
	if (strcmp(name, DOCTOR_USER) || !(st.st_mode & S_IRGRP))
		findings_add(d->l, FINDING_NOTE, about,
			     "%s is of group %s with mode %04o, and amshand needs "
			     "group " DOCTOR_USER " with mode 0640: is udev's rule installed?",
			     path, name, st.st_mode & 07777);
	if (!p->counter[PORT_FRAMES] && !d->enabled)
		findings_add(d->l, FINDING_NOTE, about,
			     "%s is attached without being enabled, and no frame came",
			     p->tty);
}

void doctor_ports(struct doctor *d)
{
	char why[TEXT_MAX];

	if (d->n_ports < 0 && d->n_ports != -ENOENT) {
		ports_say_error(d->n_ports, why, sizeof(why));
		findings_add(d->l, FINDING_NOTE, "ports", "%s", why);
	}
	for (int i = 0; i < d->n_ports; i++)
		look_at_device(d, &d->ports[i]);
}
