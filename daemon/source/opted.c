// SPDX-License-Identifier: GPL-2.0
/*
 * Whether a tty was opted in.
 */
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include <systemd/sd-device.h>

#include "source/opted.h"
#include "source/serial_udev.h"
#include "util.h"

/* While udev runs it listens here for its tool. */
#define UDEV_RUNS	"/run/udev/control"

static enum opted look(sd_device *d)
{
	_cleanup_free_ char *error = NULL;
	enum link_framing framing;
	const char *value;

	if (sd_device_get_property_value(d, "AMSHAN_ADAPTER", &value) < 0 || strcmp(value, "1"))
		return OPTED_OUT;
	/* A word that is none goes to the module, as by the rule: there it is complained of. */
	if (serial_framing_of_device(d, &framing, &error) == 0 && serial_framing_is_ours(framing))
		return OPTED_READER;

	return OPTED_IN;
}

enum opted opted_in(dev_t devt)
{
	enum opted opted = OPTED_UNKNOWN;
	sd_device *d = NULL;
	int r;

	r = sd_device_new_from_devnum(&d, 'c', devt);
	if (r >= 0)
		r = sd_device_get_is_initialized(d);
	if (r > 0)
		opted = look(d);
	else if (r == 0 && access(UDEV_RUNS, F_OK) == 0)
		opted = OPTED_PENDING;
	sd_device_unref(d);

	return opted;
}
