// SPDX-License-Identifier: GPL-2.0
/*
 * amshan: a line discipline for the customer port of electricity meters.
 *
 * Octets of a tty become HDLC frames with good checksums, one per read() of /dev/amshanN.  What the
 * frames mean is the business of user space.  port.h shows the rooms.
 */
#include <linux/module.h>
#include <linux/tty.h>

#include "port.h"

static int ldisc = N_DEVELOPMENT;
module_param(ldisc, int, 0444);
MODULE_PARM_DESC(ldisc, "number of the line discipline (default: that for development, 29)");

static int __init amshan_init(void)
{
	int ret;

	ret = amshan_port_init();
	if (ret)
		return ret;

	ret = amshan_netlink_init();
	if (ret)
		goto err_port;

	/* At last: from here on there can be ports. */
	ret = amshan_ldisc_init(ldisc);
	if (ret)
		goto err_netlink;

	return 0;

err_netlink:
	amshan_netlink_exit();
err_port:
	amshan_port_exit();

	return ret;
}

static void __exit amshan_exit(void)
{
	amshan_ldisc_exit();
	amshan_netlink_exit();
	amshan_port_exit();
}

module_init(amshan_init);
module_exit(amshan_exit);

MODULE_DESCRIPTION("HDLC frames of the customer port of electricity meters");
MODULE_AUTHOR("The amshan authors");
MODULE_LICENSE("GPL");
MODULE_VERSION(AMSHAN_VERSION);
