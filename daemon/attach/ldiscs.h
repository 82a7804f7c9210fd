/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The list of line disciplines: /proc/tty/ldiscs, one per line, "name      number".
 *
 * Pure: from text to names and numbers.
 */
#ifndef AMSHAN_ATTACH_LDISCS_H
#define AMSHAN_ATTACH_LDISCS_H

#include <stddef.h>

#define LDISCS_PATH	"/proc/tty/ldiscs"
#define LDISCS_MAX	4096	/* octets; the kernel has some 30 of them */
#define LDISC_NAME_MAX	32

/* ldiscs_number() - the number of a discipline; -ENOENT: it is not in the list */
int ldiscs_number(const char *list, const char *name);

/**
 * ldiscs_name() - the name of a discipline
 * @list: the text
 * @number: its number
 * @buf: the name, cut to LDISC_NAME_MAX octets with the NUL; untouched on failure
 *
 * Return: 0, or -ENOENT: it is not in the list.
 */
int ldiscs_name(const char *list, int number, char *buf);

#endif /* AMSHAN_ATTACH_LDISCS_H */
