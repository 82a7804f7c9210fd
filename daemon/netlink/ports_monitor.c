// SPDX-License-Identifier: GPL-2.0
/*
 * Hearing that ports come and go.
 *
 * Three things tell it.  None of them is believed: whatever comes leads to one changed() a moment
 * later, and who is told reads the ports again.
 *
 *  - The kernel's own group "notify" of nlctrl: the family came or went with its module.  Anybody
 *    may listen to it.
 *  - The group "events" of the family: a port came or went.  To join takes CAP_NET_ADMIN, because
 *    it tells of the ports of all users.  amshand runs without any capability: this is for those
 *    who run as root, and where no udev runs.
 *  - The device events of udev, which come after it has given the node its group and mode: that is
 *    when a process without privileges can open it.
 *
 * Asking and listening have a socket each: a notification between question and answer would
 * be taken for the answer.
 */
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <systemd/sd-device.h>

#include <linux/genetlink.h>
#include <netlink/genl/genl.h>

#include "log.h"
#include "netlink/ports_internal.h"
#include "util.h"

/* While udev runs it listens here for its tool. */
#define UDEV_RUNS	"/run/udev/control"

/* A hub with its adapters comes in one breath: events within this time are one. */
#define COALESCE_US	(10 * USEC_PER_MSEC)

/**
 * struct ports_monitor - the monitor
 * @changed: see ports_monitor_new()
 * @ctx: for @changed
 * @sk: listens
 * @io: waits for @sk
 * @udev: device events, NULL where there are none
 * @soon: one-shot timer that calls @changed
 * @pending: it runs
 * @joined: number of the group "events" that was joined last, 0: none
 * @refused: we may not join it, and that was said
 */
struct ports_monitor {
	void (*changed)(void *ctx);
	void *ctx;
	struct nl_sock *sk;
	sd_event_source *io;
	sd_device_monitor *udev;
	sd_event_source *soon;
	bool pending;
	u32 joined;
	bool refused;
};

static void change_soon(struct ports_monitor *m)
{
	if (m->pending)
		return;
	m->pending = sd_event_source_set_time_relative(m->soon, COALESCE_US) >= 0 &&
		     sd_event_source_set_enabled(m->soon, SD_EVENT_ONESHOT) >= 0;
}

static int on_soon(sd_event_source *es, u64 usec, void *ctx)
{
	struct ports_monitor *m = ctx;

	m->pending = false;
	/* The last thing here: it may free the monitor. */
	m->changed(m->ctx);

	return 0;
}

/* The socket of its events is there without it. */
static bool udev_tells(const struct ports_monitor *m)
{
	return m->udev && access(UDEV_RUNS, F_OK) == 0;
}

/*
 * The group gets a new number each time the module is loaded, and the kernel throws its members out
 * when it goes.
 */
static void events_join(struct ports_monitor *m)
{
	struct port_family family;
	struct nl_sock *sk;
	int r;

	m->joined = 0;
	r = port_socket_new(&sk);
	if (r < 0)
		return;
	r = port_family_find(sk, AMSHAN_GENL_NAME, AMSHAN_MCGRP_EVENTS, &family);
	nl_socket_free(sk);
	if (r < 0 || !family.events)
		return;

	if (nl_socket_add_membership(m->sk, (int)family.events) == 0) {
		m->joined = family.events;
		return;
	}
	if (!m->refused)
		log_debug("the kernel's events of ports are for CAP_NET_ADMIN only: %s",
			  udev_tells(m) ? "those of udev are listened to" :
			  "they are asked for now and then");
	m->refused = true;
}

/* Did the family come or go?  Or is it one of its events? */
static int on_message(struct nl_msg *msg, void *ctx)
{
	static struct nla_policy policy[CTRL_ATTR_MAX + 1] = {
		[CTRL_ATTR_FAMILY_NAME] = { .type = NLA_STRING },
	};
	struct nlmsghdr *nlh = nlmsg_hdr(msg);
	struct nlattr *tb[CTRL_ATTR_MAX + 1];
	struct ports_monitor *m = ctx;

	if (nlh->nlmsg_type != GENL_ID_CTRL) {
		change_soon(m);
		return NL_OK;
	}
	if (genlmsg_parse(nlh, 0, tb, CTRL_ATTR_MAX, policy) < 0 || !tb[CTRL_ATTR_FAMILY_NAME] ||
	    nla_strcmp(tb[CTRL_ATTR_FAMILY_NAME], AMSHAN_GENL_NAME))
		return NL_OK;
	/* First the group, then the look at what was there before we joined. */
	events_join(m);
	change_soon(m);

	return NL_OK;
}

static int on_readable(sd_event_source *es, int fd, u32 events, void *ctx)
{
	struct ports_monitor *m = ctx;
	int r = nl_recvmsgs_default(m->sk);

	if (r >= 0 || r == -NLE_AGAIN || r == -NLE_INTR)
		return 0;
	/*
	 * -NLE_NOMEM is the kernel's ENOBUFS: notifications were lost, of ports or of the family.
	 * Anything else is a message that cannot be read: that something came is enough.
	 */
	events_join(m);
	change_soon(m);

	return 0;
}

static int on_device(sd_device_monitor *udev, sd_device *device, void *ctx)
{
	change_soon(ctx);
	return 0;
}

/* Not every machine has udev, and a container does not hear the one of its host. */
static void udev_listen(struct ports_monitor *m, sd_event *event)
{
	int r = sd_device_monitor_new(&m->udev);

	if (r >= 0)
		r = sd_device_monitor_filter_add_match_subsystem_devtype(m->udev, "amshan", NULL);
	if (r >= 0)
		r = sd_device_monitor_attach_event(m->udev, event);
	if (r >= 0)
		r = sd_device_monitor_start(m->udev, on_device, m);
	if (r < 0) {
		log_debug("device events of udev cannot be heard: %s", strerror(-r));
		m->udev = sd_device_monitor_unref(m->udev);
	}
}

static int kernel_listen(struct ports_monitor *m, sd_event *event)
{
	struct port_family control;
	struct nl_sock *sk;
	int r;

	r = port_socket_new(&m->sk);
	if (r < 0)
		return r;
	nl_socket_disable_seq_check(m->sk);
	if (nl_socket_modify_cb(m->sk, NL_CB_VALID, NL_CB_CUSTOM, on_message, m) < 0)
		return -ENOMEM;

	r = port_socket_new(&sk);
	if (r < 0)
		return r;
	r = port_family_find(sk, "nlctrl", "notify", &control);
	nl_socket_free(sk);
	if (r < 0)
		return r;
	/* First the coming of the family, then the look whether it is there. */
	if (nl_socket_add_membership(m->sk, (int)control.events) < 0)
		return -EPERM;
	events_join(m);

	return sd_event_add_io(event, &m->io, nl_socket_get_fd(m->sk), EPOLLIN, on_readable, m);
}

int ports_monitor_new(sd_event *event, void (*changed)(void *ctx), void *ctx,
		      struct ports_monitor **ret)
{
	struct ports_monitor *m = calloc(1, sizeof(*m));
	int r;

	if (!m)
		return -ENOMEM;
	m->changed = changed;
	m->ctx = ctx;
	r = sd_event_add_time(event, &m->soon, CLOCK_MONOTONIC, 0, 1, on_soon, m);
	if (r >= 0)
		r = sd_event_source_set_enabled(m->soon, SD_EVENT_OFF);
	if (r >= 0) {
		udev_listen(m, event);
		r = kernel_listen(m, event);
	}
	if (r < 0) {
		ports_monitor_free(m);
		return r;
	}
	*ret = m;

	return 0;
}

enum ports_news ports_monitor_news(struct ports_monitor *m)
{
	if (!m->joined && !m->refused)
		events_join(m);
	if (m->joined)
		return PORTS_NEWS_KERNEL;

	return udev_tells(m) ? PORTS_NEWS_UDEV : PORTS_NEWS_NONE;
}

void ports_monitor_free(struct ports_monitor *m)
{
	if (!m)
		return;
	sd_device_monitor_unref(m->udev);
	sd_event_source_disable_unref(m->io);
	sd_event_source_disable_unref(m->soon);
	if (m->sk)
		nl_socket_free(m->sk);
	free(m);
}
