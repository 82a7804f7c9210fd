/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Port sources: the section with uri = "kernel:", which stands for every adapter that is enabled and
 * that no other one names: for every port of the module, and for every tty that udev says is opted
 * in and not for the module (opted_ttys.h).
 *
 * Each gets a source of its own, with its own decoder, meter, health and counters, and with the
 * settings of the section.  It is an ordinary kernel:TTY source, or serial:LINK?udev=yes; its name is
 * that of the section, a slash, and the name of the adapter in /dev/serial/by-id without "usb-", or
 * that of the tty if it has none: "house/FTDI_FT232R_USB_UART_A10K1ABC-if00-port0", "house/ttyUSB0".  The same adapter
 * always gets the same name, under which its meter is remembered; no section can have such a name.
 *
 * Adapters without a serial number have one name in by-id for all of them.  The one that comes first
 * gets it, and others go by their tty; at the next start that may be the other way round.
 *
 * A source whose port is gone stays, and waits for it.  As long as there is none at all, the
 * section has a source of its own name that says why.
 */
#ifndef AMSHAN_PORT_SOURCES_H
#define AMSHAN_PORT_SOURCES_H

#include "config.h"
#include "registry.h"
#include "source/kernel_ports.h"
#include "source/opted_ttys.h"

#define PORT_SOURCES_URI	"kernel:"

struct port_sources;

/**
 * port_sources_new() - begin to make sources of ports
 * @ports: the ports; not owned
 * @reg: where the sources are made; not owned
 * @config: the section; copied; without a meter
 * @ret: untouched on failure
 *
 * Return: 0 or -ENOMEM.
 */
int port_sources_new(struct kernel_ports *ports, struct registry *reg,
		     const struct source_config *config, struct port_sources **ret);

/* port_sources_update() - new settings for all of them; 0 or -ENOMEM */
int port_sources_update(struct port_sources *s, const struct source_config *config);

/* port_sources_free() - with all that were made */
void port_sources_free(struct port_sources *s);

/* port_sources_links_in() - elsewhere than in KERNEL_LINKS: for tests; @dir is not copied */
void port_sources_links_in(struct port_sources *s, const char *dir);

/* port_sources_ttys_from() - from others than udev, with @places for by-path: for tests; not copied */
void port_sources_ttys_from(struct port_sources *s, int (*read)(struct opted_tty *ret),
			    const char *places);

/* port_sources_name() - name of the section */
const char *port_sources_name(const struct port_sources *s);

/* Octets of a name with the NUL: as long as an id of a meter, which a source may stand for. */
#define PORT_SOURCE_NAME_MAX	METER_ID_MAX

/**
 * port_source_make_name() - the name of a port's source
 * @section: name of the section
 * @adapter: name of the adapter or of the tty
 * @name: PORT_SOURCE_NAME_MAX octets; of a long name the end is kept, which has the serial number
 */
void port_source_make_name(const char *section, const char *adapter, char *name);

#endif /* AMSHAN_PORT_SOURCES_H */
