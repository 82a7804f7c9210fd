/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What was sent, as lines of JSON.
 */
#ifndef SIM_TRUTH_H
#define SIM_TRUTH_H

#include <stdio.h>

#include "stream.h"

/**
 * sim_truth_write() - one line
 * @f: the file
 * @meter: 0 for the first one
 * @id: its number
 * @m: the message; its texts are plain (options.c sees to that)
 *
 * Return: 0, or -EIO.
 */
int sim_truth_write(FILE *f, unsigned int meter, const char *id, const struct sim_message *m);

#endif /* SIM_TRUTH_H */
