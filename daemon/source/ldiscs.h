/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The list of line disciplines: /proc/tty/ldiscs, one per line, "name      number".
 *
 * From text to names and numbers; and the text as the kernel has it now.
 */
#ifndef AMSHAN_SOURCE_LDISCS_H
#define AMSHAN_SOURCE_LDISCS_H

#include <stddef.h>

#define LDISCS_PATH	"/proc/tty/ldiscs"
#define LDISCS_MAX	4096	/* octets; the kernel has some 30 of them */
#define LDISC_NAME_MAX	32

/**
 * ldiscs_read() - the list as it is now
 * @list: the text, LDISCS_MAX octets; what is beyond is cut
 *
 * Return: 0, or a negative errno.
 */
int ldiscs_read(char *list);

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

#endif /* AMSHAN_SOURCE_LDISCS_H */
