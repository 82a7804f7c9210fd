/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Units: what systemd says of a service, and starting and stopping it, by D-Bus.
 */
#ifndef AMSHAN_CTL_UNIT_H
#define AMSHAN_CTL_UNIT_H

#include <systemd/sd-bus.h>

#include <amshan/types.h>

#define UNIT_TEXT_MAX	512
#define UNIT_USER_MAX	64

/**
 * struct unit_state - of one unit; texts are "" for what is not known
 * @load: LoadState: "loaded", "not-found", "masked", ...
 * @active: ActiveState: "active", "inactive", "failed", "activating", ...
 * @sub: SubState: "running", "dead", "auto-restart", ...
 * @file: UnitFileState: "enabled", "disabled", "static", ...
 * @status: StatusText: the sentence that the service gave by sd_notify()
 * @result: Result: "success", "exit-code", "watchdog", "start-limit-hit", ...
 * @user: User: as who it runs
 * @restarts: NRestarts
 */
struct unit_state {
	char load[32];
	char active[32];
	char sub[32];
	char file[32];
	char status[UNIT_TEXT_MAX];
	char result[32];
	char user[UNIT_USER_MAX];
	u32 restarts;
};

/* unit_is_managed() - does systemd run here? */
bool unit_is_managed(void);

/*
 * unit_open() - connect to the bus that systemd is on, within ten seconds; -EHOSTDOWN: it does not
 * run here
 */
int unit_open(sd_bus **ret);

/**
 * unit_read() - ask for a unit's state; one that is not loaded is loaded for it
 * @bus: the system bus, or NULL to open one
 * @name: "amshand.service"
 * @ret: untouched on failure
 *
 * Return: 0; -EHOSTDOWN: systemd does not run here; another negative errno.
 */
int unit_read(sd_bus *bus, const char *name, struct unit_state *ret);

/**
 * unit_restart() - start a unit, anew if it runs, and wait until systemd is done with it
 * @name: "amshan-attach@ttyUSB0.service"
 * @why: a sentence without full stop on failure
 * @size: of @why
 *
 * Return: 0; -EHOSTDOWN: systemd does not run here; -ENOENT: there is no such unit; -ETIMEDOUT: it
 * is not done with it yet; another negative errno.
 */
int unit_restart(const char *name, char *why, size_t size);

/* unit_stop() - likewise; one that does not run, or that there is not, is stopped */
int unit_stop(const char *name, char *why, size_t size);

/*
 * unit_attach_name() - "amshan-attach@ttyUSB0.service", escaped; returns @buf (UNIT_TEXT_MAX
 * octets)
 */
char *unit_attach_name(const char *tty, char *buf);

#endif /* AMSHAN_CTL_UNIT_H */
