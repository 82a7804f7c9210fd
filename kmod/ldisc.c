// SPDX-License-Identifier: GPL-2.0
/*
 * The line discipline: what the tty core calls.
 *
 * It only receives.  There is no transmit path, and nothing to read on the tty itself: frames go to
 * /dev/amshanN.  There is no alias by which the module would be loaded for whoever asks a tty for
 * its number.
 *
 * It knows HDLC alone.  A record of /dev/amshanN is promised to be whole and checked: of a P1
 * telegram the checksum is optional, and whether one without it is believed is a setting of the
 * user; an M-Bus frame has a sum of 8 bits, and is one piece of a message.  Neither is short of
 * time: user space reads them from the tty (daemon/link/).
 *
 * The core calls open() and close() with its ldisc semaphore held for writing, all others for
 * reading; receive_buf() comes from a workqueue (or from TIOCSTI), one at a time for one tty.  So
 * disc_data needs no lock of ours, and close() finds receive_buf() finished.
 */
#include <linux/build_bug.h>
#include <linux/capability.h>
#include <linux/err.h>
#include <linux/module.h>
#include <linux/poll.h>
#include <linux/tty.h>
#include <linux/tty_ldisc.h>

#include "compat.h"
#include "port.h"

/* Octets that may be handed over at once: never a reason to throttle, we drop and count instead. */
#define RECEIVE_ROOM	65536

static_assert(FRAMER_NORMAL == TTY_NORMAL);
static_assert(FRAMER_BREAK == TTY_BREAK);
static_assert(FRAMER_FRAME == TTY_FRAME);
static_assert(FRAMER_PARITY == TTY_PARITY);
static_assert(FRAMER_OVERRUN == TTY_OVERRUN);
static_assert(AMSHAN_FRAME_MAX == AMSHAN_FRAME_LEN_MAX);

/* Also called for whoever reopens a tty after a hangup. */
static int ldisc_open(struct tty_struct *tty)
{
	struct amshan_port *port;
	int ret;

	if (!capable(CAP_NET_ADMIN))
		return -EPERM;

	port = amshan_port_new(tty);
	if (IS_ERR(port))
		return PTR_ERR(port);

	ret = amshan_port_register(port);
	if (ret) {
		put_device(&port->dev);
		return ret;
	}

	tty->disc_data = port;
	tty->receive_room = RECEIVE_ROOM;
	/* The discipline before us may have told the driver to wait. */
	tty_unthrottle(tty);

	return 0;
}

static void ldisc_close(struct tty_struct *tty)
{
	struct amshan_port *port = tty->disc_data;

	tty->disc_data = NULL;
	amshan_port_unregister(port);
}

static void ldisc_receive_buf(struct tty_struct *tty, const u8 *data,
			      const compat_tty_flag *flags, compat_tty_count n)
{
	amshan_port_receive(tty->disc_data, data, (const u8 *)flags, n);

	/* There is room: who writes to the other end of a pty waits to be told. */
	tty_unthrottle(tty);
}

/* "stty -F" and the like go on working. */
static int ldisc_ioctl(struct tty_struct *tty, unsigned int cmd, unsigned long arg)
{
	return n_tty_ioctl_helper(tty, cmd, arg);
}

/* Whoever holds the tty open can wait for its end. */
static __poll_t ldisc_poll(struct tty_struct *tty, struct file *file,
			   struct poll_table_struct *table)
{
	poll_wait(file, &tty->read_wait, table);
	if (tty_hung_up_p(file) || test_bit(TTY_OTHER_CLOSED, &tty->flags))
		return EPOLLHUP;

	return 0;
}

static struct tty_ldisc_ops ldisc_ops = {
	.owner = THIS_MODULE,
	.name = AMSHAN_LDISC_NAME,
	.open = ldisc_open,
	.close = ldisc_close,
	.ioctl = ldisc_ioctl,
	.poll = ldisc_poll,
	.receive_buf = ldisc_receive_buf,
};

int amshan_ldisc_init(int number)
{
	int ret;

	ret = amshan_slot_check(number);
	if (ret)
		return ret;

	ldisc_ops.num = number;

	return tty_register_ldisc(&ldisc_ops);
}

void amshan_ldisc_exit(void)
{
	tty_unregister_ldisc(&ldisc_ops);
}
