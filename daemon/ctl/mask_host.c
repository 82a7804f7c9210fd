// SPDX-License-Identifier: GPL-2.0
/*
 * Masks: hosts in texts.  A name with a dot in it is a host unless it is known to be something
 * else: sentences say hosts in too many ways.
 */
#include <stdio.h>
#include <strings.h>

#include "ctl/mask_internal.h"
#include "util.h"

#define HOST_MAX	256
#define IPV6_GROUPS	8

static bool is_name(char c)
{
	return is_word(c) || (c && strchr("._-", c));
}

/* Four numbers, and nothing else. */
static bool is_ipv4(const char *p, size_t n)
{
	unsigned int numbers = 0;
	size_t i = 0;

	while (i < n) {
		size_t digits = strspn(p + i, "0123456789");

		if (!digits || digits > 3 || ++numbers > 4)
			return false;
		i += digits;
		if (i < n && (p[i] != '.' || i + 1 == n))
			return false;
		i++;
	}
	return numbers == 4;
}

/* ---- local ones ---- */

static bool is_local_ipv4(const char *name)
{
	static const char *const prefixes[] = { "0.", "127.", "10.", "192.168.", "169.254." };
	unsigned int second;

	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++)
		if (begins(name, prefixes[i]))
			return true;
	return sscanf(name, "172.%u.", &second) == 1 && second >= 16 && second < 32;
}

static bool is_local_ipv6(const char *name)
{
	static const char *const prefixes[] = { "fe80:", "fc", "fd" };

	if (!strcmp(name, "::1") || !strcmp(name, "::"))
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++)
		if (!strncasecmp(name, prefixes[i], strlen(prefixes[i])))
			return strcspn(name, ":") == 4;
	return false;
}

/* Addresses that only their own network can reach, names that only it knows. */
static bool is_local(const char *host, size_t n)
{
	static const char *const suffixes[] = {
		".local", ".lan",	 ".home",      ".internal", ".home.arpa",
		".localdomain", ".fritz.box",
	};
	char name[HOST_MAX];

	if (n >= sizeof(name))
		return false;
	memcpy(name, host, n);
	name[n] = '\0';
	if (strchr(name, ':'))
		return is_local_ipv6(name);
	if (is_ipv4(name, n))
		return is_local_ipv4(name);
	/* Without a dot: a name of the local network. */
	if (!strchr(name, '.') || !strcasecmp(name, "fritz.box"))
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(suffixes); i++) {
		size_t end = strlen(suffixes[i]);

		if (n > end && !strcasecmp(name + n - end, suffixes[i]))
			return true;
	}
	return false;
}

void mask_learn_host(struct mask *m, const char *host)
{
	if (!is_local(host, strlen(host)))
		mask_learn(m, MASK_HOST, host);
}

/* ---- finding them ---- */

/* "2001:db8::1": two colons in a row, or eight groups; times and addresses of PCI have neither */
static size_t ipv6_at(const char *start, const char *p)
{
	size_t n = strspn(p, "0123456789abcdefABCDEF:."), colons = 0, digits = 0;
	bool twice = false;

	if (p > start && p[-1] == ':')
		return 0;
	while (n && (p[n - 1] == '.' || (p[n - 1] == ':' && (n < 2 || p[n - 2] != ':'))))
		n--;
	for (size_t i = 0; i < n; i++) {
		colons += p[i] == ':';
		digits += is_hex(p[i]);
		twice |= i && p[i] == ':' && p[i - 1] == ':';
	}
	if (!digits || is_word(p[n]) || (!twice && colons != IPV6_GROUPS - 1))
		return 0;
	return n;
}

/* What is a file of ours or of the system by its name, without that end; else all of it */
static size_t without_ends(const char *p, size_t n)
{
	static const char *const ends[] = {
		".conf", ".conf.d", ".d",  ".service", ".socket", ".rules", ".hwdb", ".ko",
		".xz",	 ".zst",    ".gz", ".log",     ".bin",	  ".hex",   ".pem",  ".crt",
		".key",	 ".psk",    ".dep",
	};

	for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
		size_t end = strlen(ends[i]);

		if (n > end && !memcmp(p + n - end, ends[i], end))
			return without_ends(p, n - end);
	}
	return n == strlen("mok.pub") && begins(p, "mok.pub") ? strlen("mok") : n;
}

/* Is the last label one of a name?  Versions and numbers of sockets end in a number. */
static bool ends_in_letters(const char *p, size_t n)
{
	size_t dot = n;

	while (dot && p[dot - 1] != '.')
		dot--;
	if (!dot || n - dot < 2)
		return false;
	if (n - dot > 4 && !strncasecmp(p + dot, "xn--", 4))
		return true;
	for (size_t i = dot; i < n; i++)
		if (!is_word(p[i]) || is_digit(p[i]))
			return false;
	return true;
}

static size_t name_at(const char *p)
{
	size_t n = 0;

	if (!is_word(*p))
		return 0;
	while (is_name(p[n]))
		n++;
	while (n && !is_word(p[n - 1]))
		n--;
	if (is_ipv4(p, n))
		return n;
	return ends_in_letters(p, without_ends(p, n)) ? n : 0;
}

size_t mask_host_at(const char *start, const char *p)
{
	size_t n;

	if (p > start && is_name(p[-1]))
		return 0;
	n = ipv6_at(start, p);
	if (!n)
		n = name_at(p);
	return n && !is_local(p, n) ? n : 0;
}
