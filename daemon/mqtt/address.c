// SPDX-License-Identifier: GPL-2.0
/*
 * Socket addresses.
 */
#include "mqtt/address.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

int address_text(const struct addrinfo *address, char *host, int *port, char *text)
{
	char service[sizeof("65535")];

	if (getnameinfo(address->ai_addr, address->ai_addrlen, host, ADDRESS_HOST_MAX, service,
			sizeof(service), NI_NUMERICHOST | NI_NUMERICSERV) != 0)
		return -EINVAL;
	*port = atoi(service);
	snprintf(text, ADDRESS_TEXT_MAX, address->ai_family == AF_INET6 ? "[%s]:%s" : "%s:%s", host,
		 service);
	return 0;
}

int address_error(int fd)
{
	struct sockaddr_storage peer;
	socklen_t n = sizeof(int);
	int err = 0;

	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &n) < 0)
		return errno;
	if (err)
		return err;
	/* It may have been asked for before, and is told only once. */
	n = sizeof(peer);
	return getpeername(fd, (struct sockaddr *)&peer, &n) < 0 ? errno : 0;
}
