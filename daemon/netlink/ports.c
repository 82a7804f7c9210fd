// SPDX-License-Identifier: GPL-2.0
/*
 * Ports of the module, asked for by generic netlink.
 *
 * The kernel works on a request within sendmsg(), and continues a dump within recvmsg(): what is
 * waited for is always there already.  So this blocks nobody, and the socket is one that does not
 * block, lest a surprise hold up the loop.
 *
 * The family is looked for in the dump of all families.  To ask for it by its name would have the
 * kernel start modprobe each time that it is not there.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <linux/genetlink.h>
#include <netlink/genl/genl.h>

#include "netlink/ports_internal.h"
#include "util.h"

/* Ports may come and go while they are listed: then it is begun anew. */
#define DUMP_TRIES	4

const char *const port_counter_names[PORT_COUNTER_COUNT] = {
#define X(id, name) [PORT_##id] = name,
	PORT_COUNTERS(X)
#undef X
};

static const int counter_attr[PORT_COUNTER_COUNT] = {
#define X(id, name) [PORT_##id] = AMSHAN_A_STATS_##id,
	PORT_COUNTERS(X)
#undef X
};

_Static_assert(PORT_COUNTER_COUNT == AMSHAN_A_STATS_MAX - AMSHAN_A_STATS_PAD,
	       "a counter of the module has no row");

/* ---- requests ---- */

/**
 * struct dump - one dump
 * @take: one message of it; a negative errno ends the dump
 * @ctx: for @take
 * @error: what @take or the kernel said, 0
 * @done: its end came
 */
struct dump {
	int (*take)(struct nlmsghdr *nlh, void *ctx);
	void *ctx;
	int error;
	bool done;
};

static int on_valid(struct nl_msg *msg, void *ctx)
{
	struct dump *d = ctx;

	if (d->error == 0)
		d->error = d->take(nlmsg_hdr(msg), d->ctx);
	/* What follows is read all the same: the socket may be used again. */
	return NL_OK;
}

static int on_finish(struct nl_msg *msg, void *ctx)
{
	struct dump *d = ctx;

	d->done = true;
	return NL_STOP;
}

static int on_error(struct sockaddr_nl *from, struct nlmsgerr *e, void *ctx)
{
	struct dump *d = ctx;

	d->error = e->error < 0 ? e->error : -EPROTO;
	d->done = true;
	return NL_STOP;
}

/* What libnl says, for those of its errors that are not the kernel's. */
static int error_of(int nl)
{
	switch (-nl) {
	case NLE_NOMEM:
		return -ENOBUFS;
	case NLE_AGAIN:
		return -EAGAIN;
	case NLE_INTR:
	case NLE_DUMP_INTR:
		return -EINTR;
	case NLE_PERM:
	case NLE_NOACCESS:
		return -EPERM;
	case NLE_AF_NOSUPPORT:
		return -EAFNOSUPPORT;
	default:
		return -EPROTO;
	}
}

int port_socket_new(struct nl_sock **ret)
{
	struct nl_sock *sk = nl_socket_alloc();
	int r;

	if (!sk)
		return -ENOMEM;
	nl_socket_disable_auto_ack(sk);
	nl_socket_enable_msg_peek(sk);
	errno = 0;
	r = genl_connect(sk);
	/* It knows only a few errors by name: the kernel's own says more. */
	if (r < 0)
		r = errno ? -errno : error_of(r);
	else
		r = nl_socket_set_nonblocking(sk) < 0 ? -EIO : 0;
	if (r < 0) {
		nl_socket_free(sk);
		return r;
	}
	*ret = sk;

	return 0;
}

static int dump_receive(struct nl_sock *sk, struct nl_cb *cb, struct dump *d)
{
	int r = 0;

	while (r >= 0 && !d->done)
		r = nl_recvmsgs(sk, cb);

	return d->error ? d->error : r < 0 ? error_of(r) : 0;
}

/* Returns: 0; -EINTR: it changed meanwhile; another negative errno. */
static int dump_run(struct nl_sock *sk, u16 family, u8 cmd, struct dump *d)
{
	struct nl_msg *msg = nlmsg_alloc();
	struct nl_cb *cb = nl_cb_alloc(NL_CB_DEFAULT);
	int r = -ENOMEM;

	if (msg && cb && genlmsg_put(msg, NL_AUTO_PORT, NL_AUTO_SEQ, family, 0, NLM_F_DUMP, cmd,
				     AMSHAN_GENL_VERSION)) {
		nl_cb_set(cb, NL_CB_VALID, NL_CB_CUSTOM, on_valid, d);
		nl_cb_set(cb, NL_CB_FINISH, NL_CB_CUSTOM, on_finish, d);
		nl_cb_err(cb, NL_CB_CUSTOM, on_error, d);
		r = nl_send_auto(sk, msg);
		r = r < 0 ? error_of(r) : dump_receive(sk, cb, d);
	}
	nl_cb_put(cb);
	nlmsg_free(msg);

	return r;
}

/* ---- the family ---- */

struct family_search {
	const char *name;
	const char *group;
	struct port_family found;
	bool any;
};

static u32 group_id(struct nlattr *groups, const char *name)
{
	static struct nla_policy policy[CTRL_ATTR_MCAST_GRP_MAX + 1] = {
		[CTRL_ATTR_MCAST_GRP_NAME] = { .type = NLA_STRING },
		[CTRL_ATTR_MCAST_GRP_ID] = { .type = NLA_U32 },
	};
	struct nlattr *tb[CTRL_ATTR_MCAST_GRP_MAX + 1], *group;
	int left;

	nla_for_each_nested(group, groups, left) {
		if (nla_parse_nested(tb, CTRL_ATTR_MCAST_GRP_MAX, group, policy) == 0 &&
		    tb[CTRL_ATTR_MCAST_GRP_NAME] && tb[CTRL_ATTR_MCAST_GRP_ID] &&
		    !nla_strcmp(tb[CTRL_ATTR_MCAST_GRP_NAME], name))
			return nla_get_u32(tb[CTRL_ATTR_MCAST_GRP_ID]);
	}

	return 0;
}

static int take_family(struct nlmsghdr *nlh, void *ctx)
{
	static struct nla_policy policy[CTRL_ATTR_MAX + 1] = {
		[CTRL_ATTR_FAMILY_ID] = { .type = NLA_U16 },
		[CTRL_ATTR_FAMILY_NAME] = { .type = NLA_STRING },
		[CTRL_ATTR_MCAST_GROUPS] = { .type = NLA_NESTED },
	};
	struct nlattr *tb[CTRL_ATTR_MAX + 1];
	struct family_search *s = ctx;

	if (genlmsg_parse(nlh, 0, tb, CTRL_ATTR_MAX, policy) < 0 || !tb[CTRL_ATTR_FAMILY_NAME] ||
	    !tb[CTRL_ATTR_FAMILY_ID])
		return -EPROTO;
	if (nla_strcmp(tb[CTRL_ATTR_FAMILY_NAME], s->name))
		return 0;

	s->any = true;
	s->found.id = nla_get_u16(tb[CTRL_ATTR_FAMILY_ID]);
	s->found.events = tb[CTRL_ATTR_MCAST_GROUPS] ?
			  group_id(tb[CTRL_ATTR_MCAST_GROUPS], s->group) : 0;

	return 0;
}

int port_family_find(struct nl_sock *sk, const char *name, const char *group,
		     struct port_family *ret)
{
	struct family_search s = { .name = name, .group = group };
	int r = -EINTR;

	for (unsigned int i = 0; i < DUMP_TRIES && r == -EINTR; i++) {
		struct dump d = { .take = take_family, .ctx = &s };

		s.any = false;
		r = dump_run(sk, GENL_ID_CTRL, CTRL_CMD_GETFAMILY, &d);
	}
	if (r < 0)
		return r;
	if (!s.any)
		return -ENOENT;
	*ret = s.found;

	return 0;
}

/* ---- ports ---- */

static int stats_parse(struct nlattr *stats, u64 *counter)
{
	static struct nla_policy policy[AMSHAN_A_STATS_MAX + 1] = {
#define X(id, name) [AMSHAN_A_STATS_##id] = { .type = NLA_U64 },
		PORT_COUNTERS(X)
#undef X
	};
	struct nlattr *tb[AMSHAN_A_STATS_MAX + 1];

	if (nla_parse_nested(tb, AMSHAN_A_STATS_MAX, stats, policy) < 0)
		return -EPROTO;
	for (unsigned int i = 0; i < PORT_COUNTER_COUNT; i++)
		counter[i] = tb[counter_attr[i]] ? nla_get_u64(tb[counter_attr[i]]) : 0;

	return 0;
}

int port_parse(struct nlmsghdr *nlh, struct port_info *ret)
{
	static struct nla_policy policy[AMSHAN_A_PORT_MAX + 1] = {
		[AMSHAN_A_PORT_INDEX] = { .type = NLA_U32 },
		[AMSHAN_A_PORT_TTY] = { .type = NLA_STRING, .minlen = 1 },
		[AMSHAN_A_PORT_TTY_MAJOR] = { .type = NLA_U32 },
		[AMSHAN_A_PORT_TTY_MINOR] = { .type = NLA_U32 },
		[AMSHAN_A_PORT_ATTACH_MONO] = { .type = NLA_U64 },
		[AMSHAN_A_PORT_ATTACH_REAL] = { .type = NLA_U64 },
		[AMSHAN_A_PORT_STATS] = { .type = NLA_NESTED },
	};
	struct nlattr *tb[AMSHAN_A_PORT_MAX + 1];
	struct port_info p = { 0 };

	if (genlmsg_parse(nlh, 0, tb, AMSHAN_A_PORT_MAX, policy) < 0)
		return -EPROTO;
	for (unsigned int i = AMSHAN_A_PORT_INDEX; i <= AMSHAN_A_PORT_STATS; i++) {
		if (!tb[i])
			return -EPROTO;
	}

	p.index = nla_get_u32(tb[AMSHAN_A_PORT_INDEX]);
	p.tty_major = nla_get_u32(tb[AMSHAN_A_PORT_TTY_MAJOR]);
	p.tty_minor = nla_get_u32(tb[AMSHAN_A_PORT_TTY_MINOR]);
	p.attach_mono_ns = nla_get_u64(tb[AMSHAN_A_PORT_ATTACH_MONO]);
	p.attach_real_ns = nla_get_u64(tb[AMSHAN_A_PORT_ATTACH_REAL]);
	nla_strlcpy(p.tty, tb[AMSHAN_A_PORT_TTY], sizeof(p.tty));
	if (p.index >= AMSHAN_PORTS_MAX || !*p.tty)
		return -EPROTO;
	if (stats_parse(tb[AMSHAN_A_PORT_STATS], p.counter) < 0)
		return -EPROTO;
	*ret = p;

	return 0;
}

struct port_list {
	struct port_info port[AMSHAN_PORTS_MAX];
	int n;
};

static int take_port(struct nlmsghdr *nlh, void *ctx)
{
	struct port_list *list = ctx;

	if (list->n == AMSHAN_PORTS_MAX)
		return -EPROTO;
	if (port_parse(nlh, &list->port[list->n]) < 0)
		return -EPROTO;
	list->n++;

	return 0;
}

static int by_index(const void *a, const void *b)
{
	const struct port_info *x = a, *y = b;

	return x->index < y->index ? -1 : x->index > y->index;
}

int ports_read(struct port_info *ret)
{
	struct port_list list = { .n = 0 };
	struct port_family family;
	struct nl_sock *sk;
	int r;

	r = port_socket_new(&sk);
	if (r < 0)
		return r;
	r = port_family_find(sk, AMSHAN_GENL_NAME, AMSHAN_MCGRP_EVENTS, &family);
	if (r == 0)
		r = -EINTR;
	for (unsigned int i = 0; i < DUMP_TRIES && r == -EINTR; i++) {
		struct dump d = { .take = take_port, .ctx = &list };

		list.n = 0;
		r = dump_run(sk, family.id, AMSHAN_CMD_PORT_GET, &d);
	}
	nl_socket_free(sk);
	if (r < 0)
		return r;

	qsort(list.port, list.n, sizeof(list.port[0]), by_index);
	memcpy(ret, list.port, list.n * sizeof(list.port[0]));

	return list.n;
}

/* Also while it comes and goes the module has a folder. */
static bool module_is_live(void)
{
	_cleanup_close_ int fd = open("/sys/module/amshan/initstate", O_RDONLY | O_CLOEXEC);
	char state[4];

	return fd >= 0 && read(fd, state, sizeof(state)) == sizeof(state) &&
	       !memcmp(state, "live", sizeof(state));
}

void ports_say_error(int error, char *buf, size_t size)
{
	if (error == -ENOENT && module_is_live())
		snprintf(buf, size, "the module amshan is loaded, but it tells of its ports in the "
			 "first network namespace only");
	else if (error == -ENOENT)
		snprintf(buf, size, "the module amshan is not loaded");
	else
		snprintf(buf, size, "cannot ask the module amshan for its ports: %s",
			 strerror(-error));
}
