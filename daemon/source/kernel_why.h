/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Why a kernel source reads nothing, in words that say what to do.
 */
#ifndef AMSHAN_SOURCE_KERNEL_WHY_H
#define AMSHAN_SOURCE_KERNEL_WHY_H

#include "source/access.h"

/**
 * kernel_why_not_opened() - a device of the module did not open
 * @node: the device
 * @error: negative errno; -ENODEV and -ENXIO of a port that is there
 * @g: see access_say_refused()
 * @why: a sentence
 * @size: of @why
 */
void kernel_why_not_opened(const char *node, int error, struct access_group *g, char *why,
			   size_t size);

/**
 * kernel_why_no_port() - there is no port for a source
 * @tty: what its URI names, "": none
 * @opened: it read that one before
 * @n: what ports_read() returned
 *
 * Of a tty that is opted in for amshand itself it says how that is named.
 * @why: a sentence
 * @size: of @why
 */
void kernel_why_no_port(const char *tty, bool opened, int n, char *why, size_t size);

#endif /* AMSHAN_SOURCE_KERNEL_WHY_H */
