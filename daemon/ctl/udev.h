/* SPDX-License-Identifier: GPL-2.0 */
/*
 * udev: have it read its rules again, and look at a device again.
 */
#ifndef AMSHAN_CTL_UDEV_H
#define AMSHAN_CTL_UDEV_H

#include <amshan/types.h>

/* udev_is_running() - does systemd-udevd run here? */
bool udev_is_running(void);

/**
 * udev_apply() - rules as they are now, for this device, and wait until it is done
 * @node: "/dev/ttyUSB0"
 * @why: a sentence without full stop on failure
 * @size: of @why
 *
 * Return: 0 or a negative errno.
 */
int udev_apply(const char *node, char *why, size_t size);

/* udev_reload() - only the rules */
int udev_reload(char *why, size_t size);

#endif /* AMSHAN_CTL_UDEV_H */
