/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The address of a TCP source.
 */
#ifndef AMSHAN_SOURCE_TCP_H
#define AMSHAN_SOURCE_TCP_H

/**
 * tcp_address_parse() - from the rest of a URI: //HOST:PORT, //[IPV6]:PORT
 * @rest: what stands behind "tcp:"
 * @host: name or address, without brackets; to be freed; untouched on failure
 * @port: 1..65535, decimal, without leading zeros; likewise
 * @error: a sentence on -EINVAL, to be freed; otherwise untouched
 *
 * Return: 0, -EINVAL, -ENOMEM.
 */
int tcp_address_parse(const char *rest, char **host, char **port, char **error);

#endif /* AMSHAN_SOURCE_TCP_H */
