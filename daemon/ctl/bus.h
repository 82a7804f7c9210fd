/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The bus: find amshand, read what it shows.  Every failure is a sentence, on stderr or in @why.
 */
#ifndef AMSHAN_CTL_BUS_H
#define AMSHAN_CTL_BUS_H

#include "ctl/ctl.h"
#include "ctl/model.h"

#define BUS_WHY_MAX	512

/**
 * struct bus_why - what came of asking
 * @text: a sentence on failure, harmless for a terminal
 * @user: amshand is on the session bus
 * @no_bus: there is no bus to ask on
 * @denied: the policy of the bus does not let us
 */
struct bus_why {
	char text[BUS_WHY_MAX];
	bool user;
	bool no_bus;
	bool denied;
};

/*
 * bus_connect() - connect to a bus, whoever is on it; one that is there and does not answer is
 * given up after ten seconds, as is each call later
 */
int bus_connect(bool user, sd_bus **ret);

/**
 * bus_open_why() - connect to the bus that amshand is on; says nothing
 * @which: which one
 * @ret: the connection; untouched on failure
 * @w: what came of it
 *
 * Return: 0; -ESRCH: amshand is not there; another negative errno.
 */
int bus_open_why(enum ctl_bus which, sd_bus **ret, struct bus_why *w);

/*
 * bus_read_why() - read all that amshand shows; says nothing; on failure @w is set, but for @user
 */
int bus_read_why(sd_bus *bus, struct model *m, struct bus_why *w);

/**
 * bus_open() - connect to the bus that amshand is on
 * @o: says which one
 * @ret: the connection; untouched on failure
 *
 * Return: 0, or a negative errno after a sentence on stderr.
 */
int bus_open(const struct ctl_options *o, sd_bus **ret);

/* bus_read() - read all that amshand shows; returns 0, or a negative errno after a sentence */
int bus_read(sd_bus *bus, struct model *m);

/* bus_load() - both, for who looks once */
int bus_load(const struct ctl_options *o, struct model *m);

/**
 * bus_manage() - call a method of amshand's .Manager that takes a text and gives nothing
 * @o: says on which bus
 * @method: the method
 * @argument: the text
 *
 * Return: 0, or a negative errno after a sentence on stderr.
 */
int bus_manage(const struct ctl_options *o, const char *method, const char *argument);

/**
 * bus_meter() - the meter that an operand names
 * @m: the model
 * @name: its id, or a beginning of it that no other meter has
 *
 * Return: the meter, or NULL after a sentence on stderr.
 */
struct model_meter *bus_meter(const struct model *m, const char *name);

static inline void model_clearp(struct model *m)
{
	model_clear(m);
}

#endif /* AMSHAN_CTL_BUS_H */
