/* SPDX-License-Identifier: GPL-2.0 */
/*
 * An attachment: a tty that has the line discipline of the module, as long as we hold it open.
 *
 * The discipline belongs to the tty, and the last close of the tty takes it away: so a process has
 * to hold it.  Nothing is read or written here.
 */
#ifndef AMSHAN_ATTACH_ATTACH_H
#define AMSHAN_ATTACH_ATTACH_H

#include "source/tty.h"

#define ATTACH_TEXT_MAX	TTY_WHY_MAX

/**
 * struct attachment - a tty and what was done to it
 * @path: of the tty, as the user names it; not owned
 * @settings: how it is to be set
 * @from_udev: @settings are read from udev's database by each attachment_begin(), and only what was
 *             opted in there is attached
 * @is_told: that udev does not know it was told
 * @tty: the tty; @tty.fd is -1 while it is not attached, @tty.why says why the last call failed
 * @ldisc: number of the discipline
 * @is_set: the tty has the discipline
 * @low_latency: the driver was asked to hand octets over at once, and was not before
 */
struct attachment {
	const char *path;
	struct serial_settings settings;
	bool from_udev;
	bool is_told;
	struct tty tty;
	int ldisc;
	bool is_set;
	bool low_latency;
};

/**
 * attachment_begin() - open the tty, set it, set the discipline
 * @a: @path, and @settings or @from_udev are filled in, @tty.fd is -1, the rest is zero; or ended
 *
 * Return: 0, or a negative errno with a sentence in @a->tty.why; nothing is left behind then but the
 * names, if the tty was found.  -ENODEV: there is no such tty (any more); -ENOTTY: it is none; and
 * those of attachment_check_opted().
 */
int attachment_begin(struct attachment *a);

/**
 * attachment_check() - is the discipline still there?
 *
 * Return: 0; -ENODEV: the tty was hung up or unplugged; -ESTALE: it has another discipline;
 * another negative errno.  With a sentence in @a->tty.why if not 0.
 */
int attachment_check(struct attachment *a);

/**
 * attachment_check_opted() - if @a->from_udev: was the tty opted in?
 *
 * Return: 0; -ECANCELED: no, or it is for amshand itself; -EAGAIN: udev has still to look at it.  With
 * a sentence in @a->tty.why if not 0.
 */
int attachment_check_opted(struct attachment *a);

/*
 * attachment_describe() - "ttyUSB0 is attached as /dev/amshan0", and how it is set if the driver
 * could not do as it was told; returns @buf (ATTACH_TEXT_MAX octets)
 */
char *attachment_describe(const struct attachment *a, char *buf);

/*
 * attachment_end() - give the tty back as it was, as far as it is still ours; may be called twice
 */
void attachment_end(struct attachment *a);

/* attachment_clear() - the same, and free what it owns */
void attachment_clear(struct attachment *a);

#endif /* AMSHAN_ATTACH_ATTACH_H */
