// SPDX-License-Identifier: GPL-2.0
/*
 * amshanctl probe: whose the tty is, before anybody listens.  The tty is ours: one that the module
 * has cannot be had without it.
 *
 * The rooms of amshanctl are no library, so their sources are compiled in here.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "source/tty.h"
#include "util.h"

static struct {
	int find, open, port;	/* what the tty answers */
	bool held;		/* another program has it open */
	bool opened;
} machine;

static char said[2048];

static int machine_find(struct tty *t, const char *path)
{
	t->name = "ttyUSB0";
	return machine.find < 0 ? tty_fail(t, machine.find, "not found") : 0;
}

static int machine_open(struct tty *t)
{
	machine.opened = true;
	return machine.open < 0 ? tty_fail(t, machine.open, "%s is \033taken", t->name) : 0;
}

static int machine_port(const struct tty *t)
{
	return machine.port;
}

#define tty_find machine_find
#define tty_open machine_open
#define tty_port machine_port
#include "ctl/capture.c"
#include "ctl/probe.c"
#include "ctl/probe_listen.c"
#include "ctl/probe_plan.c"
#include "ctl/text.c"
#undef tty_find
#undef tty_open
#undef tty_port

void ctl_say(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(said, sizeof(said), fmt, ap);
	va_end(ap);
}

int holder_find(const char *node, dev_t devt, struct holder *ret)
{
	*ret = (struct holder){ .pid = 42, .name = "ser2net" };
	return machine.held;
}

/* What comes behind it is not reached. */
#define UNREACHED { fail(); return 0; }
int adapter_find(const char *device, struct adapter *ret, char *why, size_t size) UNREACHED
int enable_adapter(const struct adapter *a, const struct serial_settings *s, enum link_framing framing,
		   bool anywhere) UNREACHED
int live_begin(struct live *live, sd_event *event) UNREACHED
int probe_print_json(const struct probe_outcome *o) UNREACHED
int probe_print_text(const struct probe_outcome *o) UNREACHED
void live_end(struct live *live) { }
void probe_progress_begin(struct probe_progress *p) { }
void probe_progress_clear(struct probe_progress *p) { }
void probe_progress_done(struct probe_progress *p, const struct probe_try *t) { }
void probe_progress_show(struct probe_progress *p, const struct probe_try *t, unsigned int number,
			 unsigned int seconds) { }

static void whose_it_is(void **state)
{
	static const struct {
		int find, open, port;
		bool held;
		int status;
		bool opened;
		const char *said;
	} rows[] = {
		{ 0, 0, -ENODEV, false, CTL_OK, true, "" },
		{ 0, 0, -ENOENT, false, CTL_OK, true, "" },
		{ -ENOTTY, 0, -ENODEV, true, CTL_FAILED, false, "not found" },
		/* Without opening it. */
		{ 0, 0, -ENODEV, true, CTL_FAILED, false, "ttyUSB0 is in use by ser2net (process 42)" },
		{ 0, -EBUSY, -ENODEV, false, CTL_FAILED, true, "ttyUSB0 is ?taken" },
		/* Who has it for the module is not what is wrong. */
		{ 0, -EBUSY, 3, true, CTL_FAILED, true,
		  "ttyUSB0 is ?taken; amshanctl disable ttyUSB0, then amshanctl probe --enable ttyUSB0" },
		{ 0, -ENODEV, 3, false, CTL_FAILED, true, "ttyUSB0 is ?taken" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		static struct probe p;

		machine.find = rows[i].find;
		machine.open = rows[i].open;
		machine.port = rows[i].port;
		machine.held = rows[i].held;
		machine.opened = false;
		said[0] = '\0';
		assert_int_equal(take_tty(&p, "x"), rows[i].status);
		assert_string_equal(said, rows[i].said);
		assert_int_equal(machine.opened, rows[i].opened);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whose_it_is),
	};

	return cmocka_run_group_tests_name("probe_tty", tests, NULL, NULL);
}
