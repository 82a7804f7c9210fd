/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What list, show, status and monitor print alike: JSON of the model, values with their units.
 */
#ifndef AMSHAN_CTL_REPORT_H
#define AMSHAN_CTL_REPORT_H

#include <jansson.h>

#include "ctl/ctl.h"
#include "ctl/model.h"

/*
 * The makers of JSON below return NULL without memory; what is not known is absent.
 */

/* report_number() - an integer if it is one */
json_t *report_number(double v);

/* report_add() - add a member unless @value is NULL: 0 or -ENOMEM */
int report_add(json_t *object, const char *name, json_t *value);

/* report_add_text(), report_add_time() - nothing for "" and 0; times as ISO 8601 in UTC */
int report_add_text(json_t *object, const char *name, const char *text);
int report_add_time(json_t *object, const char *name, u64 us);

/*
 * report_add_values() - numbers by the names of the table of quantities, and a list of those that
 * are derived (a bit per quantity)
 */
int report_add_values(json_t *object, const struct model_values *v, const u64 *derived);

/* report_meter() - all of a meter */
json_t *report_meter(const struct model_meter *m);

/**
 * report_print() - print one line of JSON
 * @j: what to print, stolen; NULL: there was no memory to make it
 *
 * Everything but ASCII is escaped: the line may go to a terminal.
 *
 * Return: CTL_OK, or CTL_FAILED after a sentence.
 */
int report_print(json_t *j);

/* report_no_memory() - say so; returns CTL_FAILED */
int report_no_memory(void);

/**
 * report_power() - "1234 W": what is imported, or with a minus sign what is exported
 * @v: a meter's values
 * @buf: the text, "" if the meter has sent neither
 * @size: its size
 *
 * Return: @buf.
 */
char *report_power(const struct model_values *v, char *buf, size_t size);

#endif /* AMSHAN_CTL_REPORT_H */
