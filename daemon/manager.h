/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The manager: owns the loop, the configuration, the registry and the outputs.
 */
#ifndef AMSHAN_MANAGER_H
#define AMSHAN_MANAGER_H

#include <stdbool.h>

#define MANAGER_CONFIG	1	/* what manager_run() returns if the configuration is wrong */

/**
 * manager_run() - run amshand until SIGTERM or SIGINT
 * @path: configuration file
 * @session: use the session bus
 * @log_level: fixed by the command line, or -1: from the configuration
 *
 * Return: 0; MANAGER_CONFIG: the configuration is wrong or cannot be read, and nothing was begun; or
 * a negative errno.  The reason was logged then.
 */
int manager_run(const char *path, bool session, int log_level);

/**
 * manager_check() - read the configuration and try every URI, without opening anything
 * @path: configuration file
 *
 * Return: 0, or a negative errno; then the reason was logged.
 */
int manager_check(const char *path);

#endif /* AMSHAN_MANAGER_H */
