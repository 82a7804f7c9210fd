// SPDX-License-Identifier: GPL-2.0
/*
 * Settings of a serial port from udev's properties.
 *
 * udev's database is files: reading it asks nobody and does not wait.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "source/serial_udev.h"
#include "source/uri.h"
#include "util.h"

static const struct {
	const char *property;
	const char *name;	/* as serial_settings_set() knows it */
} properties[] = {
	{ "AMSHAN_BAUD", "baud" },
	{ "AMSHAN_PARITY", "parity" },
	{ "AMSHAN_DATA", "data" },
	{ "AMSHAN_STOP", "stop" },
};

/* ---- framing ---- */

int serial_framing_set(enum link_framing *ret, const char *value, char **error)
{
	static const enum link_framing framings[] = { LINK_HDLC, LINK_P1, LINK_MBUS, LINK_APDU };

	for (size_t i = 0; i < ARRAY_SIZE(framings); i++)
		if (!strcmp(value, link_framing_word(framings[i]))) {
			*ret = framings[i];
			return 0;
		}
	return uri_error(error, "framing: \"%s\" is not one of hdlc, p1, mbus, apdu", value);
}

int serial_framing_of_device(sd_device *d, enum link_framing *ret, char **error)
{
	static const char property[] = "AMSHAN_FRAMING";
	_cleanup_free_ char *said = NULL;
	enum link_framing framing = LINK_HDLC;
	const char *value;

	if (sd_device_get_property_value(d, property, &value) >= 0 && *value &&
	    serial_framing_set(&framing, value, &said) < 0)
		return uri_error(error, "%s%s", property, said ? said + strlen("framing") : "");
	*ret = framing;
	return 0;
}

char *serial_line_format(const struct serial_settings *s, enum link_framing framing, char *buf)
{
	char format[SERIAL_FORMAT_MAX];
	bool named = serial_framing_is_ours(framing);

	snprintf(buf, SERIAL_LINE_MAX, "%s%s%s", serial_format(s, format), named ? " " : "",
		 named ? link_framing_word(framing) : "");
	return buf;
}

/* ---- settings ---- */

int serial_settings_of_device(struct serial_settings *s, sd_device *d, char **error)
{
	struct serial_settings got = *s;
	enum link_framing framing;

	for (size_t i = 0; i < ARRAY_SIZE(properties); i++) {
		_cleanup_free_ char *said = NULL;
		const char *value;
		int r;

		if (sd_device_get_property_value(d, properties[i].property, &value) < 0 || !*value)
			continue;
		r = serial_settings_set(&got, properties[i].name, value, &said);
		/* It says "baud: ..." */
		if (r == -EINVAL && said)
			return uri_error(error, "%s%s", properties[i].property,
					 said + strlen(properties[i].name));
		if (r < 0)
			return r == -EINVAL ? -ENOMEM : r;
	}
	if (serial_framing_of_device(d, &framing, error) < 0)
		return -EINVAL;
	*s = got;
	return 0;
}

int serial_settings_of_devt(struct serial_settings *s, dev_t devt, char **error)
{
	sd_device *d = NULL;
	int r;

	r = sd_device_new_from_devnum(&d, 'c', devt);
	if (r >= 0)
		r = sd_device_get_is_initialized(d);
	if (r > 0)
		r = serial_settings_of_device(s, d, error);
	else if (r != -ENOMEM)
		r = -ENODATA;
	sd_device_unref(d);
	return r;
}
