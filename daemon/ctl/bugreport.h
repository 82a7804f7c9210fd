/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Between the files of "amshanctl report".
 */
#ifndef AMSHAN_CTL_BUGREPORT_H
#define AMSHAN_CTL_BUGREPORT_H

#include <stdio.h>

#include "ctl/mask.h"

/**
 * bugreport_config_text() - print a configuration without comments and secrets
 * @m: learns the meters and hosts in it
 * @text: the text of one file, NUL-terminated; need not be a good one
 * @out: where to
 *
 * Values of keys that are not known are secret.
 */
void bugreport_config_text(struct mask *m, const char *text, FILE *out);

/* bugreport_config() - the same for a file and its drop-in folder, each under its name */
void bugreport_config(struct mask *m, const char *path, FILE *out);

#endif /* AMSHAN_CTL_BUGREPORT_H */
