/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Settings of a serial port as udev's database has them: AMSHAN_BAUD, AMSHAN_PARITY, AMSHAN_DATA and
 * AMSHAN_STOP, from the rule or the hardware database that opts an adapter in.
 */
#ifndef AMSHAN_SOURCE_SERIAL_UDEV_H
#define AMSHAN_SOURCE_SERIAL_UDEV_H

#include <sys/types.h>

#include <systemd/sd-device.h>

#include "source/serial.h"

/**
 * serial_settings_of_device() - take over what the properties of a device say
 * @s: the settings; what no property names (or names by an empty text) stays.  Untouched on failure
 * @d: the tty
 * @error: a sentence with property and value on -EINVAL, to be freed; otherwise untouched
 *
 * Return: 0, -EINVAL, -ENOMEM.
 */
int serial_settings_of_device(struct serial_settings *s, sd_device *d, char **error);

/**
 * serial_settings_of_devt() - the same for a character device by its number
 *
 * Return: 0, -EINVAL, -ENOMEM; -ENODATA: udev does not know it (yet), or does not run.
 */
int serial_settings_of_devt(struct serial_settings *s, dev_t devt, char **error);

#endif /* AMSHAN_SOURCE_SERIAL_UDEV_H */
