// SPDX-License-Identifier: GPL-2.0
/*
 * Ports by generic netlink: what is taken from a message, and what the kernel of this machine says,
 * with and without the module.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <netlink/genl/genl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "log.h"
#include "netlink/ports_internal.h"
#include "util.h"

/* What is left out of a message, or is not what it should be. */
struct change {
	int without;		/* attribute, 0: none */
	u32 index;
	const char *tty;
	int short_attr;		/* attribute with one octet only, 0: none */
	int skip_counter;	/* attribute of a counter, 0: none */
};

static const struct change right = { .index = 3, .tty = "ttyUSB0" };

static void put_u32(struct nl_msg *msg, const struct change *c, int attr, u32 v)
{
	if (c->short_attr == attr)
		assert_int_equal(nla_put_u8(msg, attr, 1), 0);
	else if (c->without != attr)
		assert_int_equal(nla_put_u32(msg, attr, v), 0);
}

static void put_u64(struct nl_msg *msg, const struct change *c, int attr, u64 v)
{
	if (c->short_attr == attr)
		assert_int_equal(nla_put_u8(msg, attr, 1), 0);
	else if (c->without != attr)
		assert_int_equal(nla_put_u64(msg, attr, v), 0);
}

static struct nl_msg *message(const struct change *c)
{
	struct nl_msg *msg = nlmsg_alloc();
	struct nlattr *stats;

	assert_non_null(msg);
	assert_non_null(genlmsg_put(msg, 0, 0, 42, 0, 0, AMSHAN_CMD_PORT_GET, 1));
	put_u32(msg, c, AMSHAN_A_PORT_INDEX, c->index);
	if (c->without != AMSHAN_A_PORT_TTY)
		assert_int_equal(nla_put_string(msg, AMSHAN_A_PORT_TTY, c->tty), 0);
	put_u32(msg, c, AMSHAN_A_PORT_TTY_MAJOR, 188);
	put_u32(msg, c, AMSHAN_A_PORT_TTY_MINOR, 7);
	put_u64(msg, c, AMSHAN_A_PORT_ATTACH_MONO, 1ull << 40);
	put_u64(msg, c, AMSHAN_A_PORT_ATTACH_REAL, 1ull << 60);
	/* Of a later module. */
	assert_int_equal(nla_put_u32(msg, AMSHAN_A_PORT_MAX + 1, 1), 0);
	if (c->without == AMSHAN_A_PORT_STATS)
		return msg;
	stats = nla_nest_start(msg, AMSHAN_A_PORT_STATS);
	assert_non_null(stats);
	for (int i = AMSHAN_A_STATS_RX_OCTETS; i <= AMSHAN_A_STATS_MAX; i++) {
		if (i != c->skip_counter)
			assert_int_equal(nla_put_u64(msg, i, 1000 + i), 0);
	}
	assert_int_equal(nla_put_u64(msg, AMSHAN_A_STATS_MAX + 1, 1), 0);
	nla_nest_end(msg, stats);
	return msg;
}

static int parse(const struct change *c, struct port_info *ret)
{
	struct nl_msg *msg = message(c);
	int r = port_parse(nlmsg_hdr(msg), ret);

	nlmsg_free(msg);
	return r;
}

static void test_a_port(void **state)
{
	struct port_info p = { 0 };

	assert_int_equal(parse(&right, &p), 0);
	assert_int_equal(p.index, 3);
	assert_string_equal(p.tty, "ttyUSB0");
	assert_int_equal(p.tty_major, 188);
	assert_int_equal(p.tty_minor, 7);
	assert_true(p.attach_mono_ns == 1ull << 40 && p.attach_real_ns == 1ull << 60);
	assert_int_equal(p.counter[PORT_RX_OCTETS], 1000 + AMSHAN_A_STATS_RX_OCTETS);
	assert_int_equal(p.counter[PORT_FCS_ERRORS], 1000 + AMSHAN_A_STATS_FCS_ERRORS);
	assert_int_equal(p.counter[PORT_OVERWRITTEN], 1000 + AMSHAN_A_STATS_OVERWRITTEN);
	assert_string_equal(port_counter_names[PORT_FRAMES], "frames");
}

/* A module that is older than we are. */
static void test_a_counter_that_is_missing_is_zero(void **state)
{
	struct change c = right;
	struct port_info p;

	c.skip_counter = AMSHAN_A_STATS_BREAKS;
	assert_int_equal(parse(&c, &p), 0);
	assert_int_equal(p.counter[PORT_BREAKS], 0);
	assert_int_equal(p.counter[PORT_OVERRUNS], 1000 + AMSHAN_A_STATS_OVERRUNS);
}

static void test_what_is_no_port(void **state)
{
	struct port_info p = { .index = 99 };
	struct change c;
	char tty[AMSHAN_TTY_NAME_MAX + 1] = "";

	for (int i = AMSHAN_A_PORT_INDEX; i <= AMSHAN_A_PORT_STATS; i++) {
		c = right;
		c.without = i;
		assert_int_equal(parse(&c, &p), -EPROTO);
		c = right;
		c.short_attr = i;
		if (i != AMSHAN_A_PORT_TTY && i != AMSHAN_A_PORT_STATS)
			assert_int_equal(parse(&c, &p), -EPROTO);
	}
	c = right;
	c.index = AMSHAN_PORTS_MAX;
	assert_int_equal(parse(&c, &p), -EPROTO);
	c = right;
	c.tty = "";
	assert_int_equal(parse(&c, &p), -EPROTO);
	assert_int_equal(p.index, 99);

	/* A name that is too long is cut off where ours ends. */
	memset(tty, 'x', AMSHAN_TTY_NAME_MAX);
	c.tty = tty;
	assert_int_equal(parse(&c, &p), 0);
	assert_int_equal(strlen(p.tty), AMSHAN_TTY_NAME_MAX - 1);
}

/* ---- this machine ---- */

static void test_a_family_that_is_there(void **state)
{
	struct port_family f = { 0 };
	struct nl_sock *sk;

	assert_int_equal(port_socket_new(&sk), 0);
	assert_int_equal(port_family_find(sk, "nlctrl", "notify", &f), 0);
	assert_int_equal(f.id, GENL_ID_CTRL);
	assert_int_not_equal(f.events, 0);
	assert_int_equal(port_family_find(sk, "nlctrl", "no-such-group", &f), 0);
	assert_int_equal(f.events, 0);
	f.id = 1;
	assert_int_equal(port_family_find(sk, "no-such-family", "x", &f), -ENOENT);
	assert_int_equal(f.id, 1);
	nl_socket_free(sk);
}

static void test_reading_leaves_nothing_behind(void **state)
{
	struct port_info port[AMSHAN_PORTS_MAX];
	int first = dup(STDERR_FILENO), last;
	bool loaded = access("/sys/module/amshan", F_OK) == 0;

	close(first);
	for (unsigned int i = 0; i < 50; i++) {
		int n = ports_read(port);

		if (loaded ? n < 0 : n != -ENOENT)
			fail_msg("module %s: %d", loaded ? "loaded" : "not loaded", n);
	}
	last = dup(STDERR_FILENO);
	close(last);
	assert_int_equal(first, last);
}

static void on_changed(void *ctx)
{
	fail_msg("nothing changed");
}

static void test_the_monitor_is_silent_while_nothing_happens(void **state)
{
	int first = dup(STDERR_FILENO), last;
	struct ports_monitor *m = NULL;
	sd_event *event;

	close(first);
	assert_int_equal(sd_event_new(&event), 0);
	assert_int_equal(ports_monitor_new(event, on_changed, NULL, &m), 0);
	assert_non_null(m);
	for (unsigned int i = 0; i < 5; i++)
		assert_true(sd_event_run(event, 20 * USEC_PER_MSEC) >= 0);
	ports_monitor_free(m);
	ports_monitor_free(NULL);
	sd_event_unref(event);
	last = dup(STDERR_FILENO);
	close(last);
	assert_int_equal(first, last);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_port),
		cmocka_unit_test(test_a_counter_that_is_missing_is_zero),
		cmocka_unit_test(test_what_is_no_port),
		cmocka_unit_test(test_a_family_that_is_there),
		cmocka_unit_test(test_reading_leaves_nothing_behind),
		cmocka_unit_test(test_the_monitor_is_silent_while_nothing_happens),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
