// SPDX-License-Identifier: GPL-2.0
/*
 * Whether a tty was opted in.
 */
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include <systemd/sd-device.h>

#include "attach/opted.h"

/* While udev runs it listens here for its tool. */
#define UDEV_RUNS	"/run/udev/control"

static bool is_one(sd_device *d)
{
	const char *value;

	return sd_device_get_property_value(d, "AMSHAN_ADAPTER", &value) >= 0 && !strcmp(value, "1");
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
		opted = is_one(d) ? OPTED_IN : OPTED_OUT;
	else if (r == 0 && access(UDEV_RUNS, F_OK) == 0)
		opted = OPTED_PENDING;
	sd_device_unref(d);

	return opted;
}
