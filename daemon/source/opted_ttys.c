// SPDX-License-Identifier: GPL-2.0
/*
 * Ttys for amshand itself, as udev's database has them.
 */
#include <stdio.h>
#include <string.h>

#include <systemd/sd-device.h>

#include "source/opted_ttys.h"
#include "util.h"

/* True: it is one, and whole in @ret. */
static bool look(sd_device *d, struct opted_tty *ret)
{
	_cleanup_free_ char *error = NULL, *wrong = NULL;
	struct serial_settings settings;
	struct opted_tty t = { 0 };
	enum link_framing framing;
	const char *name;

	if (serial_framing_of_device(d, &framing, &error) < 0 || !serial_framing_is_ours(framing))
		return false;
	if (sd_device_get_is_initialized(d) <= 0 || sd_device_get_sysname(d, &name) < 0 ||
	    strlen(name) >= sizeof(t.name) || sd_device_get_devnum(d, &t.devt) < 0 ||
	    sd_device_get_usec_initialized(d, &t.since) < 0)
		return false;
	strcpy(t.name, name);
	serial_settings_init(&settings);
	if (serial_settings_of_device(&settings, d, &wrong) == 0)
		serial_line_format(&settings, framing, t.line);
	*ret = t;

	return true;
}

int opted_ttys_read(struct opted_tty *ret)
{
	sd_device_enumerator *e = NULL;
	int n = 0, r;

	r = sd_device_enumerator_new(&e);
	if (r >= 0)
		r = sd_device_enumerator_add_match_subsystem(e, "tty", true);
	if (r >= 0)
		r = sd_device_enumerator_add_match_property(e, "AMSHAN_ADAPTER", "1");
	for (sd_device *d = r >= 0 ? sd_device_enumerator_get_device_first(e) : NULL;
	     d && n < OPTED_TTYS_MAX; d = sd_device_enumerator_get_device_next(e))
		n += look(d, &ret[n]);
	sd_device_enumerator_unref(e);

	return r < 0 ? r : n;
}
