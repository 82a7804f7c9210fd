/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Kernel ports: which ports the module has, and which source reads which.
 *
 * One for all kernel: sources, owned by the manager.  It hears that ports may have come or gone
 * (netlink/ports.h), reads them, and has everybody look.  Where nobody tells, it looks by itself now
 * and then, as long as somebody waits for a port.  It costs nothing until somebody joins: no socket,
 * no file, no timer.
 */
#ifndef AMSHAN_SOURCE_KERNEL_PORTS_H
#define AMSHAN_SOURCE_KERNEL_PORTS_H

#include <sys/queue.h>
#include <sys/types.h>

#include "netlink/ports.h"
#include "source/seqmem.h"

struct kernel_ports;

/**
 * struct kernel_user - somebody who wants ports; embedded
 * @link: in the list of users
 * @look: the ports were read; may join and leave itself, and read or release
 * @source: name of the source, for sentences
 * @tty: the port that it names, as in its URI; NULL: none
 * @reading: it has @port open
 * @port: that one; its counters are as old as the last look at them
 */
struct kernel_user {
	LIST_ENTRY(kernel_user) link;
	void (*look)(struct kernel_user *u);
	const char *source;
	const char *tty;
	bool reading;
	struct port_info port;
};

/**
 * kernel_ports_new() - nothing is read yet
 * @event: the loop
 * @runtime_dir: folder of the sequence memory
 * @ret: untouched on failure
 *
 * Return: 0 or -ENOMEM.
 */
int kernel_ports_new(sd_event *event, const char *runtime_dir, struct kernel_ports **ret);
void kernel_ports_free(struct kernel_ports *p);

/*
 * kernel_ports_begin() - from now on ports are looked at.  What they hold is handed on at once, so
 * this is for when those who show it are there.
 */
void kernel_ports_begin(struct kernel_ports *p);

/* kernel_ports_join() - @first: looks before all others, and may change who else is there */
void kernel_ports_join(struct kernel_ports *p, struct kernel_user *u, bool first);
void kernel_ports_leave(struct kernel_ports *p, struct kernel_user *u);

/* kernel_ports_event() - its loop */
sd_event *kernel_ports_event(struct kernel_ports *p);

/* kernel_ports_look() - have everybody look, soon and from the loop */
void kernel_ports_look(struct kernel_ports *p);

/**
 * kernel_ports_get() - the ports as they were read for this look
 * @p: the ports
 * @ret: @p's own, valid until kernel_ports_refresh()
 *
 * Return: their number; -ENOENT: the module is not loaded; another negative errno.
 */
int kernel_ports_get(const struct kernel_ports *p, const struct port_info **ret);

/* kernel_ports_there() - is this attachment among the ports, as last read? */
bool kernel_ports_there(const struct kernel_ports *p, const struct port_info *port);

/* kernel_ports_of_tty() - the port that a URI names, NULL: not there */
const struct port_info *kernel_ports_of_tty(const struct kernel_ports *p, const char *tty);

/**
 * kernel_ports_user() - a user of a port
 * @p: the ports
 * @port: the port
 * @is: who is wanted
 * @ctx: for @is
 *
 * Return: the first one that @is says yes to, or NULL.
 */
struct kernel_user *kernel_ports_user(const struct kernel_ports *p, const struct port_info *port,
				      bool (*is)(const struct kernel_user *u,
						 const struct port_info *port, void *ctx),
				      void *ctx);

/* kernel_ports_reader() - who has it open, or NULL */
struct kernel_user *kernel_ports_reader(const struct kernel_ports *p, const struct port_info *port);

/**
 * kernel_ports_refresh() - the counters of a port as they are now
 * @p: the ports
 * @port: one that was there; its counters are replaced; not in what kernel_ports_get() gave
 * @at_once: ask the kernel; else one answer serves all that is asked within some milliseconds
 *
 * Return: 0; -ENODEV: this attachment is gone; another negative errno, see ports_say_error().
 */
int kernel_ports_refresh(struct kernel_ports *p, struct port_info *port, bool at_once);

/* kernel_ports_read_by() - ask somebody else than the kernel, as ports_read(): for tests */
void kernel_ports_read_by(struct kernel_ports *p, int (*read)(struct port_info *ret));

/* kernel_ports_nodes_in() - the devices are elsewhere than in /dev: for tests; @dir is not copied */
void kernel_ports_nodes_in(struct kernel_ports *p, const char *dir);

#define KERNEL_NODE_MAX	64

/* kernel_ports_node() - the device of a port; returns @buf (KERNEL_NODE_MAX octets) */
char *kernel_ports_node(const struct kernel_ports *p, const struct port_info *port, char *buf);

/* kernel_ports_memory() - the sequence memory, opened when it is first needed; NULL: none */
struct seqmem *kernel_ports_memory(struct kernel_ports *p);

/* ---- names of ports ---- */

/* port_is_tty() - does "ttyUSB0", or the path of a device or of a link to it, mean this port? */
bool port_is_tty(const struct port_info *port, const char *tty);

/**
 * devt_link() - the name of a tty that stays: of a link to it
 * @dir: folder of links
 * @devt: number of the tty
 * @buf: the name of the link in @dir, the first one if there are several
 * @size: of @buf
 *
 * Return: true if there is one.
 */
bool devt_link(const char *dir, dev_t devt, char *buf, size_t size);

/* port_link() - the same for the tty of a port */
bool port_link(const char *dir, const struct port_info *port, char *buf, size_t size);

#endif /* AMSHAN_SOURCE_KERNEL_PORTS_H */
