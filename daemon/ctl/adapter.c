// SPDX-License-Identifier: GPL-2.0
/*
 * Adapters: the serial ports of this machine, as udev's database and sysfs describe them.
 *
 * Relies on sd-device alone.  Nothing is opened: to open a serial port toggles its modem lines.
 * Texts of a device are copied as udev has them; who prints them or writes them into a file has to
 * look at their characters.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <systemd/sd-device.h>

#include "ctl/adapter.h"
#include "ctl/text.h"
#include "source/tty.h"
#include "util.h"

#define BY_ID		"/dev/serial/by-id/"
#define BY_PATH		"/dev/serial/by-path/"

/* Unix98 ptys have these majors, and no place in sysfs. */
#define PTY_MAJOR	136
#define PTY_MAJORS	8

/* The texts of an adapter that are properties. */
static const struct {
	const char *property;
	size_t offset, size;
} properties[] = {
#define P(property, member) \
	{ property, offsetof(struct adapter, member), sizeof(((struct adapter *)0)->member) }
	P("ID_SERIAL", id),
	P("ID_SERIAL_SHORT", serial),
	P("ID_VENDOR_ID", vendor_id),
	P("ID_MODEL_ID", model_id),
	P("ID_VENDOR", vendor),
	P("ID_MODEL", model),
	P("ID_USB_INTERFACE_NUM", interface),
	P("ID_PATH", place),
#undef P
};

static const char *property_of(sd_device *d, const char *name)
{
	const char *value;

	return sd_device_get_property_value(d, name, &value) < 0 ? "" : value;
}

static bool is_in_subsystem(sd_device *d, const char *name)
{
	const char *subsystem;

	return sd_device_get_subsystem(d, &subsystem) >= 0 && !strcmp(subsystem, name);
}

/* The parents are owned by their child. */
static sd_device *parent_of(sd_device *d)
{
	sd_device *parent;

	return sd_device_get_parent(d, &parent) < 0 ? NULL : parent;
}

/*
 * A port that the driver of PCs' ports has set aside without a chip: its node is there, and to open
 * it gives an error.
 */
static bool is_in_name_only(sd_device *d)
{
	const char *type;

	return sd_device_get_sysattr_value(d, "type", &type) >= 0 && !strcmp(type, "0");
}

/* Ttys of the machine itself (consoles, ptmx) have no parent. */
static bool has_hardware(sd_device *d)
{
	return is_in_subsystem(d, "tty") && parent_of(d);
}

/*
 * That of the nearest device above.  What the kernel 6.5 put in between, ports and controllers, is
 * none.
 */
static void read_driver(sd_device *d, struct adapter *a)
{
	const char *driver;

	for (sd_device *p = parent_of(d); p; p = parent_of(p)) {
		if (is_in_subsystem(p, "serial-base") || sd_device_get_driver(p, &driver) < 0)
			continue;
		snprintf(a->driver, sizeof(a->driver), "%s", driver);
		return;
	}
}

static void read_port(sd_device *d, struct adapter *a)
{
	sd_device *usb_serial;
	const char *number;

	if (sd_device_get_parent_with_subsystem_devtype(d, "usb-serial", NULL, &usb_serial) >= 0 &&
	    sd_device_get_sysattr_value(usb_serial, "port_number", &number) >= 0)
		snprintf(a->port, sizeof(a->port), "%s", number);
}

/* Two adapters with the same number claim the same link, which leads to one of them. */
static bool leads_elsewhere(const char *link, dev_t devt)
{
	struct stat st;

	return stat(link, &st) == 0 && st.st_rdev != devt;
}

/*
 * The link in a folder.  There can be several (udev knows two ways to write a place); they come in
 * no order, so take the one that has @wanted in its name, and of equals the first by name.
 */
static void read_link(sd_device *d, const char *folder, const char *wanted, dev_t devt, char *ret)
{
	bool ret_wanted = false;
	const char *link;

	for (link = sd_device_get_devlink_first(d); link; link = sd_device_get_devlink_next(d)) {
		bool is_wanted;

		if (strncmp(link, folder, strlen(folder)) || strlen(link) >= ADAPTER_TEXT_MAX ||
		    leads_elsewhere(link, devt))
			continue;
		is_wanted = *wanted && strstr(link, wanted);
		if (*ret && (ret_wanted > is_wanted ||
			     (ret_wanted == is_wanted && strcmp(ret, link) <= 0)))
			continue;
		snprintf(ret, ADAPTER_TEXT_MAX, "%s", link);
		ret_wanted = is_wanted;
	}
}

static void read_settings(sd_device *d, struct adapter *a)
{
	_cleanup_free_ char *error = NULL;

	serial_settings_init(&a->settings);
	a->framing = LINK_HDLC;
	if (serial_settings_of_device(&a->settings, d, &error) < 0 ||
	    serial_framing_of_device(d, &a->framing, &error) < 0)
		text_escape(error ? error : "out of memory", a->settings_why,
			    sizeof(a->settings_why));
}

static int adapter_read(sd_device *d, struct adapter *ret)
{
	const char *node, *name;
	struct adapter a = { 0 };
	sd_device *usb;
	int r;

	r = sd_device_get_devname(d, &node);
	if (r >= 0)
		r = sd_device_get_sysname(d, &name);
	if (r >= 0)
		r = sd_device_get_devnum(d, &a.devt);
	if (r < 0)
		return r;
	snprintf(a.node, sizeof(a.node), "%s", node);
	snprintf(a.name, sizeof(a.name), "%s", name);
	a.is_initialized = sd_device_get_is_initialized(d) > 0;
	/* Where udev has not looked at it, its parents tell. */
	a.is_usb = !strcmp(property_of(d, "ID_BUS"), "usb") ||
		   sd_device_get_parent_with_subsystem_devtype(d, "usb", "usb_device", &usb) >= 0;
	for (size_t i = 0; i < ARRAY_SIZE(properties); i++)
		snprintf((char *)&a + properties[i].offset, properties[i].size, "%s",
			 property_of(d, properties[i].property));
	a.is_enabled = !strcmp(property_of(d, "AMSHAN_ADAPTER"), "1");
	read_port(d, &a);
	read_driver(d, &a);
	read_link(d, BY_ID, a.id, a.devt, a.by_id);
	read_link(d, BY_PATH, a.place, a.devt, a.by_path);
	read_settings(d, &a);
	*ret = a;
	return 0;
}

/* ---- one ---- */

/* What a character device that sysfs does not have, or has elsewhere, is. */
static int say_no_adapter(const char *shown, const struct stat *st, char *why, size_t size)
{
	unsigned int number = major(st->st_rdev);

	if (number >= PTY_MAJOR && number < PTY_MAJOR + PTY_MAJORS) {
		snprintf(why, size, "%s is a pseudo-terminal: there is no hardware behind it",
			 shown);
		return -ENOTTY;
	}
	snprintf(why, size, "no such device: there is nothing behind %s", shown);
	return -ENOENT;
}

int adapter_find(const char *device, struct adapter *ret, char *why, size_t size)
{
	_cleanup_(sd_device_unrefp) sd_device *d = NULL;
	char shown[TEXT_MAX], path[PATH_MAX];
	struct stat st;
	int r;

	text_escape(device, shown, sizeof(shown));
	if (!*device) {
		snprintf(why, size, "no such device: its name is empty");
		return -ENOENT;
	}
	if (stat(tty_path(device, path), &st) < 0) {
		r = -errno;
		if (r == -ENOENT || r == -ENOTDIR || r == -ENAMETOOLONG || r == -ELOOP) {
			snprintf(why, size, "no such device: %s", shown);
			return -ENOENT;
		}
		snprintf(why, size, "cannot look at %s: %s", shown, strerror(-r));
		return r;
	}
	if (!S_ISCHR(st.st_mode)) {
		snprintf(why, size, "%s is no tty: it is no character device", shown);
		return -ENOTTY;
	}
	r = sd_device_new_from_stat_rdev(&d, &st);
	if (r == -ENODEV || r == -ENOENT)
		return say_no_adapter(shown, &st, why, size);
	if (r < 0) {
		snprintf(why, size, "cannot find out what %s is: %s", shown, strerror(-r));
		return r;
	}
	if (!is_in_subsystem(d, "tty")) {
		snprintf(why, size, "%s is no tty", shown);
		return -ENOTTY;
	}
	if (!has_hardware(d)) {
		snprintf(why, size, "%s is no serial port: there is no hardware behind it", shown);
		return -ENOTTY;
	}
	if (is_in_name_only(d)) {
		snprintf(why, size, "%s is no serial port: there is no chip behind it", shown);
		return -ENOENT;
	}
	r = adapter_read(d, ret);
	if (r < 0)
		snprintf(why, size, "cannot find out what %s is: %s", shown, strerror(-r));
	return r;
}

/* ---- all ---- */

/* ttyUSB2 before ttyUSB10 */
static int compare(const void *a, const void *b)
{
	return strverscmp(((const struct adapter *)a)->name, ((const struct adapter *)b)->name);
}

int adapter_list(struct adapter **ret, size_t *n)
{
	_cleanup_(sd_device_enumerator_unrefp) sd_device_enumerator *e = NULL;
	_cleanup_free_ struct adapter *list = NULL;
	size_t count = 0;
	int r;

	r = sd_device_enumerator_new(&e);
	if (r >= 0)
		r = sd_device_enumerator_add_match_subsystem(e, "tty", true);
	if (r >= 0)
		r = sd_device_enumerator_allow_uninitialized(e);
	if (r < 0)
		return r;
	for (sd_device *d = sd_device_enumerator_get_device_first(e); d;
	     d = sd_device_enumerator_get_device_next(e)) {
		struct adapter *more;

		if (!has_hardware(d) || is_in_name_only(d))
			continue;
		more = reallocarray(list, count + 1, sizeof(*list));
		if (!more)
			return -ENOMEM;
		list = more;
		r = adapter_read(d, &list[count]);
		/* One that goes meanwhile is no failure. */
		if (r == -ENOMEM)
			return r;
		if (r >= 0)
			count++;
	}
	if (count)
		qsort(list, count, sizeof(*list), compare);
	*ret = list;
	list = NULL;
	*n = count;
	return 0;
}
