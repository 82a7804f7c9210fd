// SPDX-License-Identifier: GPL-2.0
/*
 * The URI of a TCP source: //HOST:PORT, //[IPV6]:PORT.  Pure but for the copies it makes.
 */
#include <errno.h>
#include <string.h>

#include "source/tcp.h"
#include "source/uri.h"
#include "util.h"

#define HOST_MAX 253 /* RFC 1035, 2.3.4, in text; also enough for an address with its zone */

/* What stands in names and IPv4 addresses; in brackets. */
static const char name_set[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._";
static const char ipv6_set[] = "0123456789abcdefABCDEF:.";

static int port_parse(const char *text, char **port, char **error)
{
	unsigned int n = 0;
	const char *p;

	if (!*text)
		return uri_error(error, "the port is missing: tcp://HOST:PORT");
	for (p = text; *p >= '0' && *p <= '9' && n <= 65535; p++)
		n = n * 10 + (unsigned int)(*p - '0');
	if (*p || n < 1 || n > 65535)
		return uri_error(error, "port \"%s\" is not a number from 1 to 65535", text);
	while (*text == '0')
		text++;
	*port = strdup(text);
	return *port ? 0 : -ENOMEM;
}

static int host_check(const char *host, bool brackets, char **error)
{
	size_t n = strlen(host), good = strspn(host, brackets ? ipv6_set : name_set);

	/* A zone: fe80::1%eth0 */
	if (brackets && host[good] == '%')
		good = n;
	if (!n)
		return uri_error(error, "the host is missing: tcp://HOST:PORT");
	if (n > HOST_MAX)
		return uri_error(error, "the host is longer than %d characters", HOST_MAX);
	if (brackets && (good < n || !strchr(host, ':')))
		return uri_error(error, "\"[%s]\" is not an IPv6 address", host);
	if (good < n)
		return uri_error(error, "host \"%s\": '%c' has no place in a name", host,
				 host[good]);
	return 0;
}

int tcp_address_parse(const char *rest, char **host, char **port, char **error)
{
	_cleanup_free_ char *copy = NULL, *h = NULL, *p = NULL;
	bool brackets;
	char *end;
	int r;

	if (strncmp(rest, "//", 2))
		return uri_error(error, "two slashes are missing: tcp://HOST:PORT");
	copy = strdup(rest + 2);
	if (!copy)
		return -ENOMEM;
	if (strchr(copy, '?'))
		return uri_error(error, "unknown parameter \"%s\": there are none",
				 strchr(copy, '?') + 1);

	brackets = *copy == '[';
	end = brackets ? strchr(copy, ']') : strchr(copy, ':');
	if (brackets && !end)
		return uri_error(error, "the closing bracket is missing: tcp://[IPV6]:PORT");
	if (!brackets && end && strchr(end + 1, ':'))
		return uri_error(error, "an IPv6 address stands in brackets: tcp://[IPV6]:PORT");
	if (brackets)
		*end++ = '\0';
	if (!end || !*end) {
		r = host_check(copy + brackets, brackets, error);
		return r < 0 ? r : uri_error(error, "the port is missing: tcp://HOST:PORT");
	}
	if (*end != ':')
		return uri_error(error, "\"%s\" follows the bracket: tcp://[IPV6]:PORT", end);
	*end = '\0';
	r = host_check(copy + brackets, brackets, error);
	if (r < 0)
		return r;
	r = port_parse(end + 1, &p, error);
	if (r < 0)
		return r;
	h = strdup(copy + brackets);
	if (!h)
		return -ENOMEM;
	*host = h;
	*port = p;
	h = NULL;
	p = NULL;
	return 0;
}
