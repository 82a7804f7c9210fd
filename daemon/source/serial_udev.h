/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Settings of a serial port as udev's database has them: AMSHAN_BAUD, AMSHAN_PARITY, AMSHAN_DATA and
 * AMSHAN_STOP, and AMSHAN_FRAMING, from the rule or the hardware database that opts an adapter in.
 *
 * The framing says who reads the port: HDLC is for the module, all else for amshand itself.
 */
#ifndef AMSHAN_SOURCE_SERIAL_UDEV_H
#define AMSHAN_SOURCE_SERIAL_UDEV_H

#include <sys/types.h>

#include <systemd/sd-device.h>

#include "link/sniff.h"
#include "source/serial.h"

/**
 * serial_settings_of_device() - take over what the properties of a device say
 * @s: the settings; what no property names (or names by an empty text) stays.  Untouched on failure
 * @d: the tty
 * @error: a sentence with property and value on -EINVAL, to be freed; otherwise untouched
 *
 * A framing that is none is a mistake here too.
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

/**
 * serial_framing_set() - from a word to a framing
 * @ret: LINK_HDLC, LINK_P1, LINK_MBUS or LINK_APDU; untouched on failure
 * @value: "hdlc", "p1", "mbus" or "apdu"
 * @error: a sentence on -EINVAL, as serial_settings_set() has it, to be freed; otherwise untouched
 *
 * Return: 0, -EINVAL.
 */
int serial_framing_set(enum link_framing *ret, const char *value, char **error);

/**
 * serial_framing_of_device() - what AMSHAN_FRAMING of a device says
 * @d: the tty
 * @ret: LINK_HDLC if it says nothing; untouched on failure
 * @error: a sentence with property and value on -EINVAL, to be freed; otherwise untouched
 *
 * Return: 0, -EINVAL.
 */
int serial_framing_of_device(sd_device *d, enum link_framing *ret, char **error);

/* serial_framing_is_ours() - is it for amshand itself, and not for the module? */
static inline bool serial_framing_is_ours(enum link_framing framing)
{
	return framing == LINK_P1 || framing == LINK_MBUS || framing == LINK_APDU;
}

#define SERIAL_LINE_MAX	(SERIAL_FORMAT_MAX + sizeof(" mbus"))

/* serial_line_format() - "115200 8N1 p1", HDLC without its name; returns @buf (SERIAL_LINE_MAX octets) */
char *serial_line_format(const struct serial_settings *s, enum link_framing framing, char *buf);

#endif /* AMSHAN_SOURCE_SERIAL_UDEV_H */
