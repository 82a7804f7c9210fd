// SPDX-License-Identifier: GPL-2.0
/*
 * Kernel ports: when they are looked at though nobody tells of them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>

#include "netlink/ports.h"
#include "util.h"

/* A monitor that tells of nothing. */
static enum ports_news news;
static int monitor_error;

static int fake_new(sd_event *event, void (*changed)(void *ctx), void *ctx,
		    struct ports_monitor **ret)
{
	if (monitor_error)
		return monitor_error;
	*ret = (struct ports_monitor *)&news;
	return 0;
}

static void fake_free(struct ports_monitor *m)
{
}

static enum ports_news fake_news(struct ports_monitor *m)
{
	return news;
}

#define ports_monitor_new fake_new
#define ports_monitor_free fake_free
#define ports_monitor_news fake_news
#define ASK_US		(20 * USEC_PER_MSEC)
#define ASK_RARELY_US	(100 * USEC_PER_MSEC)
/* Timers of whole seconds would be late. */
#define sd_event_add_time(e, s, c, t, accuracy, f, p) sd_event_add_time(e, s, c, t, 1, f, p)
#include "source/kernel_ports.c"

static int answer;
static unsigned int n_looks;

static int read_there(struct port_info *ret)
{
	return answer;
}

static void on_user(struct kernel_user *u)
{
	n_looks++;
}

static const struct {
	const char *what;
	int monitor_error;
	enum ports_news news;
	int answer;
	bool reading, section;
	unsigned int least, most;	/* looks within 450 ms */
} rows[] = {
	{ "told by the module", 0, PORTS_NEWS_KERNEL, 0, false, false, 1, 1 },
	{ "told by udev, which may lose one", 0, PORTS_NEWS_UDEV, 0, false, false, 2, 5 },
	{ "not told", 0, PORTS_NEWS_NONE, 0, false, false, 6, 23 },
	{ "not told, no answer", 0, PORTS_NEWS_NONE, -EINTR, false, false, 6, 23 },
	{ "no module: its coming is told", 0, PORTS_NEWS_NONE, -ENOENT, false, false, 1, 1 },
	{ "no module, no monitor", -EPERM, PORTS_NEWS_NONE, -ENOENT, false, false, 6, 23 },
	{ "nobody waits", 0, PORTS_NEWS_NONE, 0, true, false, 1, 1 },
	{ "a section of all ports always waits", 0, PORTS_NEWS_NONE, 0, true, true, 12, 46 },
};

static void ports_are_asked_for_where_nobody_tells(void **state)
{
	log_set_level(LOG_EMERG);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct kernel_user user = { .look = on_user, .reading = rows[i].reading };
		struct kernel_user section = { .look = on_user };
		struct kernel_ports *p;
		sd_event *event;
		u64 end;

		monitor_error = rows[i].monitor_error;
		news = rows[i].news;
		answer = rows[i].answer;
		n_looks = 0;
		assert_int_equal(sd_event_new(&event), 0);
		assert_int_equal(kernel_ports_new(event, "/nowhere", &p), 0);
		kernel_ports_read_by(p, read_there);
		if (rows[i].section)
			kernel_ports_join(p, &section, true);
		kernel_ports_join(p, &user, false);
		kernel_ports_begin(p);
		end = mono_us() + 450 * USEC_PER_MSEC;
		while (mono_us() < end)
			assert_true(sd_event_run(event, 10 * USEC_PER_MSEC) >= 0);
		if (n_looks < rows[i].least || n_looks > rows[i].most)
			fail_msg("%s: %u looks", rows[i].what, n_looks);
		kernel_ports_free(p);
		sd_event_unref(event);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ports_are_asked_for_where_nobody_tells),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
