/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Adapters: the serial ports of this machine, as udev's database describes them (sd-device).
 * Nothing is opened.
 */
#ifndef AMSHAN_CTL_ADAPTER_H
#define AMSHAN_CTL_ADAPTER_H

#include <sys/types.h>

#include <amshan/types.h>

#include "source/serial_udev.h"

#define ADAPTER_TEXT_MAX	256
#define ADAPTER_WHY_MAX		512

/**
 * struct adapter - a tty with hardware behind it; texts are "" for what is not known
 * @node: "/dev/ttyUSB0"
 * @name: "ttyUSB0"
 * @devt: its device number
 * @is_usb: it hangs on USB (ID_BUS)
 * @id: maker, model and serial number in one (ID_SERIAL)
 * @serial: its serial number (ID_SERIAL_SHORT), "": it has none
 * @vendor_id: four hex digits (ID_VENDOR_ID)
 * @model_id: likewise (ID_MODEL_ID)
 * @vendor: its maker in words (ID_VENDOR)
 * @model: likewise (ID_MODEL)
 * @interface: number of its USB interface, two hex digits (ID_USB_INTERFACE_NUM)
 * @port: number of the port on that interface (attribute port_number of usb-serial)
 * @place: where it is plugged in (ID_PATH)
 * @driver: of the hardware, "ftdi_sio"
 * @by_id: its link in /dev/serial/by-id/ with the folder, "": it has none
 * @by_path: likewise in /dev/serial/by-path/
 * @is_initialized: udev has looked at it; the other texts are unknown if not
 * @is_enabled: AMSHAN_ADAPTER is 1: it is attached, or read by amshand, when it is plugged in
 * @settings: of AMSHAN_BAUD, AMSHAN_PARITY, AMSHAN_DATA, AMSHAN_STOP, or the defaults
 * @framing: of AMSHAN_FRAMING, or LINK_HDLC
 * @settings_why: what is wrong with one of these properties, "": nothing
 */
struct adapter {
	char node[ADAPTER_TEXT_MAX];
	char name[ADAPTER_TEXT_MAX];
	dev_t devt;
	bool is_usb;
	char id[ADAPTER_TEXT_MAX];
	char serial[ADAPTER_TEXT_MAX];
	char vendor_id[8];
	char model_id[8];
	char vendor[ADAPTER_TEXT_MAX];
	char model[ADAPTER_TEXT_MAX];
	char interface[8];
	char port[8];
	char place[ADAPTER_TEXT_MAX];
	char driver[ADAPTER_TEXT_MAX];
	char by_id[ADAPTER_TEXT_MAX];
	char by_path[ADAPTER_TEXT_MAX];
	bool is_initialized;
	bool is_enabled;
	struct serial_settings settings;
	enum link_framing framing;
	char settings_why[ADAPTER_WHY_MAX];
};

/**
 * adapter_find() - what udev knows of a tty
 * @device: "/dev/ttyUSB0", a link to it, or a name without a folder, see tty_path()
 * @ret: untouched on failure
 * @why: a sentence on failure
 * @size: of @why
 *
 * Return: 0; -ENOENT: no such device, -ENOTTY: it is no tty, or one without hardware (a pty, or a
 * port in name only, as in adapter_list()); another negative errno.
 */
int adapter_find(const char *device, struct adapter *ret, char *why, size_t size);

/**
 * adapter_list() - all ttys with hardware behind them
 * @ret: to be freed; in the order of their names; untouched on failure
 * @n: their number
 *
 * Ports that exist in name only (ttyS0..3 of type "unknown") are left out.
 *
 * Return: 0 or a negative errno.
 */
int adapter_list(struct adapter **ret, size_t *n);

#endif /* AMSHAN_CTL_ADAPTER_H */
