/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The bus: find amshand, read what it shows.  Every failure is said in a sentence here.
 */
#ifndef AMSHAN_CTL_BUS_H
#define AMSHAN_CTL_BUS_H

#include "ctl/ctl.h"
#include "ctl/model.h"

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
