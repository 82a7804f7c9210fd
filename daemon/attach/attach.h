/* SPDX-License-Identifier: GPL-2.0 */
/*
 * An attachment: a tty that has the line discipline of the module, as long as we hold it open.
 *
 * The discipline belongs to the tty, and the last close of the tty takes it away: so a process has
 * to hold it.  Nothing is read or written here.
 */
#ifndef AMSHAN_ATTACH_ATTACH_H
#define AMSHAN_ATTACH_ATTACH_H

#include <sys/types.h>

#include "source/serial.h"

#define ATTACH_TEXT_MAX	768	/* a sentence with a path in it */

/**
 * struct attachment - a tty and what was done to it
 * @settings: how it is to be set; the path is the user's and not owned
 * @path: the device itself: settings.path without links, owned
 * @name: the same without /dev/; points into @path
 * @devt: its device number
 * @fd: the tty, -1 while not open
 * @ldisc: number of the discipline
 * @is_ours: nobody else may open the tty
 * @is_set: the tty has the discipline
 * @saved: how the tty was set before
 * @low_latency: the driver was asked to hand octets over at once, and was not before
 * @got: what the driver made of @settings
 * @why: why the last call failed: a sentence
 */
struct attachment {
	struct serial_settings settings;
	char *path;
	const char *name;
	dev_t devt;
	int fd;
	int ldisc;
	bool is_ours;
	bool is_set;
	struct serial_saved *saved;
	bool low_latency;
	struct serial_settings got;
	char why[ATTACH_TEXT_MAX];
};

/**
 * attachment_begin() - open the tty, set it, set the discipline
 * @a: settings are filled in, the rest is zero
 *
 * Return: 0, or a negative errno with a sentence in @a->why; nothing is left behind then but @path
 * and @name, if the tty was found.
 */
int attachment_begin(struct attachment *a);

/**
 * attachment_check() - is the discipline still there?
 *
 * Return: 0; -ENODEV: the tty was hung up or unplugged; -ESTALE: it has another discipline;
 * another negative errno.  With a sentence in @a->why if not 0.
 */
int attachment_check(struct attachment *a);

/*
 * attachment_describe() - "ttyUSB0 is attached as /dev/amshan0", and how it is set if the driver
 * could not do as it was told; returns @buf (ATTACH_TEXT_MAX octets)
 */
char *attachment_describe(const struct attachment *a, char *buf);

/* attachment_gone() - a sentence in @a->why that says so */
void attachment_gone(struct attachment *a);

/*
 * attachment_end() - give the tty back as it was, as far as it is still ours; may be called twice
 */
void attachment_end(struct attachment *a);

/* attachment_clear() - the same, and free what it owns */
void attachment_clear(struct attachment *a);

#endif /* AMSHAN_ATTACH_ATTACH_H */
