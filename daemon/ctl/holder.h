/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Holders: which process has a device open, also without having locked it.
 */
#ifndef AMSHAN_CTL_HOLDER_H
#define AMSHAN_CTL_HOLDER_H

#include <sys/types.h>

#define HOLDER_NAME_MAX	64

/**
 * struct holder - a process that has a device open
 * @pid: its number
 * @name: its name, harmless for a terminal; "?" if it could not be read
 */
struct holder {
	pid_t pid;
	char name[HOLDER_NAME_MAX];
};

/**
 * holder_find() - look for one, by /proc
 * @node: the device, without links
 * @devt: its number
 * @ret: the first one that is found; untouched otherwise
 *
 * Our own process is passed over.  Only root sees the files of other users' processes.  Neither a
 * dead file server nor a machine full of processes makes this hang: only what looks like the device
 * is asked, and after two seconds it gives up.
 *
 * Return: 1: one was found, 0: none was, as far as we may look; a negative errno.
 */
int holder_find(const char *node, dev_t devt, struct holder *ret);

#endif /* AMSHAN_CTL_HOLDER_H */
