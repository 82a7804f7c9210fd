/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What differs between the kernels that are served (6.1 and later), all of it.
 */
#ifndef AMSHAN_COMPAT_H
#define AMSHAN_COMPAT_H

#include <linux/types.h>
#include <linux/version.h>
#include <net/genetlink.h>

/* tty_ldisc_ops.receive_buf: the types of its flags and of their number. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 6, 0)
typedef u8 compat_tty_flag;
typedef size_t compat_tty_count;
#else
typedef char compat_tty_flag;
typedef int compat_tty_count;
#endif

/*
 * Joining a multicast group takes CAP_NET_ADMIN.  The older flag is still accepted where the newer
 * one exists, and does nothing there; the newer one also went into stable trees, so no version says
 * which it is.
 */
#ifdef GENL_MCAST_CAP_NET_ADMIN
#define COMPAT_MCAST_ADMIN	GENL_MCAST_CAP_NET_ADMIN
#else
#define COMPAT_MCAST_ADMIN	GENL_UNS_ADMIN_PERM
#endif

#endif /* AMSHAN_COMPAT_H */
