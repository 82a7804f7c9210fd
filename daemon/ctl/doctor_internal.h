/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Between the files of the doctor: what is gathered first, and who looks at what of it.
 */
#ifndef AMSHAN_CTL_DOCTOR_INTERNAL_H
#define AMSHAN_CTL_DOCTOR_INTERNAL_H

#include <systemd/sd-bus.h>

#include "config.h"
#include "ctl/adapter.h"
#include "ctl/bus.h"
#include "ctl/doctor.h"
#include "ctl/unit.h"
#include "netlink/ports.h"

#define RUN_OUT_MAX	2048
#define DOCTOR_USER	"amshan"	/* the user and the group of amshand */
#define DOCTOR_CONFIG	"configuration"
#define DOCTOR_CREDENTIALS "/run/credentials/amshand.service"

/**
 * struct doctor - what there is to look at; all of it is asked for once
 * @o: the command line
 * @l: where findings go
 * @root: we are root, and see all
 * @may_load: the module may be loaded: nothing else shows why it is refused
 * @config_path: the file that amshand reads, owned
 * @config: NULL: it could not be read, or has mistakes; one that was read may still have sources
 *          that amshand does not take
 * @config_error: why amshand does not take it, or 0
 * @config_said: what is said of that, line by line, owned; NULL: no memory
 * @units: the connection to systemd; NULL: not asked yet, or it cannot be
 * @units_error: why, so that one that does not answer is not asked again
 * @user: as who amshand runs, "": not known
 * @model: what amshand shows
 * @asked: 0, or a negative errno: it could not be asked
 * @why: why
 * @adapters: @n_adapters of them, owned
 * @adapters_error: 0 or a negative errno
 * @enabled: how many of them are enabled
 * @read: how many of these amshand is to read by itself
 * @ports: @n_ports of them; negative: an errno
 * @kernel_source: some source reads from the module, or "kernel:" would
 * @port_source: some source names a port of the module
 */
struct doctor {
	const struct ctl_options *o;
	struct findings *l;
	bool root;
	bool may_load;
	char *config_path;
	struct config *config;
	int config_error;
	char *config_said;
	sd_bus *units;
	int units_error;
	char user[UNIT_USER_MAX];
	struct model model;
	int asked;
	struct bus_why why;
	struct adapter *adapters;
	size_t n_adapters;
	int adapters_error;
	size_t enabled;
	size_t read;
	struct port_info ports[AMSHAN_PORTS_MAX];
	int n_ports;
	bool kernel_source;
	bool port_source;
};

/* doctor_gather() - ask for everything, except what needs the verdict on something else */
void doctor_gather(struct doctor *d, const struct ctl_options *o, struct findings *l);
void doctor_clear(struct doctor *d);

/*
 * doctor_unit_read() - the state of a unit, as unit_read(); a systemd that does not answer is asked
 * once
 */
int doctor_unit_read(struct doctor *d, const char *name, struct unit_state *ret);

/**
 * doctor_closed_to() - which file of a configuration may a user not read?
 * @path: the configuration; its drop-ins are looked at too
 * @user: who
 * @buf: the file or folder, "": that user may read all of them
 * @size: of @buf
 *
 * Only for root.  Return: 0; -ENOENT: there is no such user; another negative errno.
 */
int doctor_closed_to(const char *path, const char *user, char *buf, size_t size);

/* doctor_check() - all checks, in their order */
void doctor_check(struct doctor *d);

const char *finding_kind_name(enum finding_kind kind);	/* "ok", "note", "wrong" */

/*
 * doctor_wants_module() - is the module needed here?  Not for "kernel:" where all that is enabled is
 * for amshand itself.
 */
static inline bool doctor_wants_module(const struct doctor *d)
{
	return d->enabled > d->read || d->port_source || (d->kernel_source && !d->read);
}

/* The checks, in their order; each adds what it finds. */
void doctor_module(struct doctor *d);
void doctor_slot(struct doctor *d);
void doctor_signature(struct doctor *d);
void doctor_udev(struct doctor *d);
void doctor_adapters(struct doctor *d);
void doctor_ports(struct doctor *d);
void doctor_unit(struct doctor *d);
void doctor_config(struct doctor *d);
void doctor_amshand(struct doctor *d);
void doctor_sources(struct doctor *d);
void doctor_meters(struct doctor *d);
void doctor_broker(struct doctor *d);

/* What modprobe says, and what it means; the last one has no @says */
struct doctor_refusal {
	const char *says;
	const char *means;
};

/* doctor_refusal() - what words of modprobe mean; NULL: not known */
const char *doctor_refusal(const char *said);

/* doctor_read() - the first line of a small file, "" if it cannot be read; returns @buf */
char *doctor_read(const char *path, char *buf, size_t size);

/**
 * doctor_run() - run a program with its output caught
 * @argv: the program, looked for where system programs are, and its arguments
 * @seconds: it is killed then
 * @out: what it said on stdout and stderr, cut to @size; NUL-terminated
 * @size: of @out
 *
 * Return: its exit status; -ETIMEDOUT; another negative errno if it could not be run or was killed.
 */
int doctor_run(const char *const argv[], unsigned int seconds, char *out, size_t size);

#endif /* AMSHAN_CTL_DOCTOR_INTERNAL_H */
