/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The address of a broker: as text, and whether there is a connection to it.
 */
#ifndef AMSHAN_MQTT_ADDRESS_H
#define AMSHAN_MQTT_ADDRESS_H

#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>

#define ADDRESS_HOST_MAX	(INET6_ADDRSTRLEN + IF_NAMESIZE)	/* with a scope */
#define ADDRESS_TEXT_MAX	(ADDRESS_HOST_MAX + sizeof("[]:65535"))

/**
 * address_text() - numbers of an address
 * @address: from getaddrinfo()
 * @host: ADDRESS_HOST_MAX octets; the host alone, as getaddrinfo() takes it
 * @port: the port
 * @text: ADDRESS_TEXT_MAX octets; both, "127.0.0.1:1883", "[::1]:1883"
 *
 * Return: 0 or -EINVAL.
 */
int address_text(const struct addrinfo *address, char *host, int *port, char *text);

/* address_error() - why a socket did not get a connection, an errno; 0: it has one */
int address_error(int fd);

#endif /* AMSHAN_MQTT_ADDRESS_H */
