// SPDX-License-Identifier: GPL-2.0
/*
 * Generic netlink family "amshan": ports and their counters, and when they come and go.
 *
 * Described in Documentation/netlink/specs/amshan.yaml.  The family lives in the first network
 * namespace only.  Asking is free for all; the group "events" takes CAP_NET_ADMIN.  There is no
 * meter data here.
 */
#include <linux/module.h>
#include <net/genetlink.h>

#include "compat.h"
#include "port.h"

enum {
	GROUP_EVENTS,
};

static const struct nla_policy port_policy[AMSHAN_A_PORT_MAX + 1] = {
	[AMSHAN_A_PORT_INDEX] = { .type = NLA_U32 },
};

static const struct genl_multicast_group groups[] = {
	[GROUP_EVENTS] = { .name = AMSHAN_MCGRP_EVENTS, .flags = COMPAT_MCAST_ADMIN },
};

static struct genl_family family;

/* ---- messages ---- */

static const struct {
	int attr;
	size_t offset;
} stats_table[] = {
#define STATS_ROW(id, name, field) { AMSHAN_A_STATS_##id, offsetof(struct amshan_stats, field) },
	AMSHAN_STATS(STATS_ROW)
};

static int put_stats(struct sk_buff *skb, struct amshan_port *port)
{
	struct amshan_stats stats;
	struct nlattr *nest;
	size_t i;

	nest = nla_nest_start(skb, AMSHAN_A_PORT_STATS);
	if (!nest)
		return -EMSGSIZE;

	amshan_port_stats(port, &stats);
	for (i = 0; i < ARRAY_SIZE(stats_table); i++) {
		u64 value = *(u64 *)((u8 *)&stats + stats_table[i].offset);

		if (nla_put_u64_64bit(skb, stats_table[i].attr, value, AMSHAN_A_STATS_PAD))
			return -EMSGSIZE;
	}
	nla_nest_end(skb, nest);

	return 0;
}

/* On failure the message is as long as before. */
static int put_port(struct sk_buff *skb, struct amshan_port *port, u32 portid, u32 seq, int flags,
		    u8 cmd, struct netlink_callback *cb)
{
	void *header;

	header = genlmsg_put(skb, portid, seq, &family, flags, cmd);
	if (!header)
		return -EMSGSIZE;
	if (cb)
		genl_dump_check_consistent(cb, header);

	if (nla_put_u32(skb, AMSHAN_A_PORT_INDEX, port->index) ||
	    nla_put_string(skb, AMSHAN_A_PORT_TTY, port->tty_name) ||
	    nla_put_u32(skb, AMSHAN_A_PORT_TTY_MAJOR, MAJOR(port->tty_devt)) ||
	    nla_put_u32(skb, AMSHAN_A_PORT_TTY_MINOR, MINOR(port->tty_devt)) ||
	    nla_put_u64_64bit(skb, AMSHAN_A_PORT_ATTACH_MONO, port->attach_mono_ns,
			      AMSHAN_A_PORT_PAD) ||
	    nla_put_u64_64bit(skb, AMSHAN_A_PORT_ATTACH_REAL, port->attach_real_ns,
			      AMSHAN_A_PORT_PAD) ||
	    put_stats(skb, port)) {
		genlmsg_cancel(skb, header);
		return -EMSGSIZE;
	}
	genlmsg_end(skb, header);

	return 0;
}

/* ---- port-get ---- */

static int port_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct amshan_port *port;
	struct sk_buff *reply;
	int ret;

	if (!info->attrs[AMSHAN_A_PORT_INDEX]) {
		NL_SET_ERR_MSG(info->extack, "the index of a port is missing");
		return -EINVAL;
	}

	reply = genlmsg_new(GENLMSG_DEFAULT_SIZE, GFP_KERNEL);
	if (!reply)
		return -ENOMEM;

	port = amshan_port_lock(nla_get_u32(info->attrs[AMSHAN_A_PORT_INDEX]));
	if (port) {
		ret = put_port(reply, port, info->snd_portid, info->snd_seq, 0,
			       AMSHAN_CMD_PORT_GET, NULL);
	} else {
		NL_SET_ERR_MSG_ATTR(info->extack, info->attrs[AMSHAN_A_PORT_INDEX],
				    "there is no port with this index");
		ret = -ENODEV;
	}
	amshan_port_unlock();
	if (ret) {
		nlmsg_free(reply);
		return ret;
	}

	return genlmsg_reply(reply, info);
}

/* args[0]: the index to go on with */
static int port_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	unsigned long index;
	int ret = 0;

	if (nlmsg_attrlen(cb->nlh, GENL_HDRLEN)) {
		NL_SET_ERR_MSG(cb->extack, "a dump gives all ports and takes no attributes");
		return -EINVAL;
	}

	for (index = cb->args[0]; index < AMSHAN_PORTS_MAX && !ret; index++) {
		struct amshan_port *port = amshan_port_lock(index);

		cb->seq = amshan_port_generation();
		if (port)
			ret = put_port(skb, port, NETLINK_CB(cb->skb).portid, cb->nlh->nlmsg_seq,
				       NLM_F_MULTI, AMSHAN_CMD_PORT_GET, cb);
		amshan_port_unlock();
		if (!ret)
			cb->args[0] = index + 1;
	}

	/* One that is too large for an empty message would never end. */
	return skb->len ? skb->len : ret;
}

static const struct genl_small_ops ops[] = {
	{
		.cmd = AMSHAN_CMD_PORT_GET,
		.doit = port_get_doit,
		.dumpit = port_get_dumpit,
	},
};

/* ---- events ---- */

void amshan_netlink_event(struct amshan_port *port, u8 cmd)
{
	struct sk_buff *skb;

	if (!genl_has_listeners(&family, &init_net, GROUP_EVENTS))
		return;

	skb = genlmsg_new(GENLMSG_DEFAULT_SIZE, GFP_KERNEL);
	/* No memory: the listeners hear, as with a full queue, that something was lost. */
	if (!skb || put_port(skb, port, 0, 0, 0, cmd, NULL)) {
		nlmsg_free(skb);
		genl_set_err(&family, &init_net, 0, GROUP_EVENTS, -ENOBUFS);
		return;
	}
	genlmsg_multicast(&family, skb, 0, GROUP_EVENTS, GFP_KERNEL);
}

static struct genl_family family __ro_after_init = {
	.name = AMSHAN_GENL_NAME,
	.version = AMSHAN_GENL_VERSION,
	.maxattr = AMSHAN_A_PORT_MAX,
	.policy = port_policy,
	.small_ops = ops,
	.n_small_ops = ARRAY_SIZE(ops),
	.resv_start_op = AMSHAN_CMD_PORT_GET,
	.mcgrps = groups,
	.n_mcgrps = ARRAY_SIZE(groups),
	.module = THIS_MODULE,
};

int amshan_netlink_init(void)
{
	return genl_register_family(&family);
}

void amshan_netlink_exit(void)
{
	genl_unregister_family(&family);
}
