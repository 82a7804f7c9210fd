/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Between the two halves of the ports: ports.c asks, ports_monitor.c listens.  Of no use to others,
 * but for the tests.
 */
#ifndef AMSHAN_NETLINK_PORTS_INTERNAL_H
#define AMSHAN_NETLINK_PORTS_INTERNAL_H

#include <netlink/msg.h>
#include <netlink/netlink.h>

#include "netlink/ports.h"

/**
 * struct port_family - the family as the kernel numbered it
 * @id: type of its messages
 * @events: its multicast group, 0: it has none
 */
struct port_family {
	u16 id;
	u32 events;
};

/**
 * port_socket_new() - a connected generic netlink socket that never blocks
 * @ret: the socket; untouched on failure
 *
 * Return: 0, or a negative errno.
 */
int port_socket_new(struct nl_sock **ret);

/**
 * port_family_find() - how is the family of a name numbered?
 * @sk: as port_socket_new() made it
 * @name: AMSHAN_GENL_NAME
 * @group: a multicast group of it, for @ret->events
 * @ret: untouched on failure
 *
 * Return: 0; -ENOENT: there is none; another negative errno.
 */
int port_family_find(struct nl_sock *sk, const char *name, const char *group,
		     struct port_family *ret);

/**
 * port_parse() - one message of the family with the attributes of a port
 * @nlh: the message
 * @ret: untouched on failure
 *
 * Return: 0, or -EPROTO if it is not what the contract says.
 */
int port_parse(struct nlmsghdr *nlh, struct port_info *ret);

#endif /* AMSHAN_NETLINK_PORTS_INTERNAL_H */
