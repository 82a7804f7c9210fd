// SPDX-License-Identifier: GPL-2.0
/*
 * amshanctl ports: what it prints of the ports that the module tells of.
 *
 * The rooms of amshanctl are no library, so their sources are compiled in here; the module's answer
 * is ours.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "netlink/ports.h"

static struct port_info module_ports[AMSHAN_PORTS_MAX];
static int module_answer;

static int module_read(struct port_info *ret)
{
	if (module_answer > 0)
		memcpy(ret, module_ports, module_answer * sizeof(*ret));
	return module_answer;
}

#define ports_read module_read
#include "ctl/fields.c"
#include "ctl/live.c"
#include "ctl/model.c"
#include "ctl/report.c"
#include "ctl/screen.c"
#include "ctl/table.c"
#include "ctl/text.c"
/* Behind the others: its names are short. */
#include "ctl/ports.c"
#undef ports_read

#define NOON 1763985600000000000ull	/* 2025-11-24 12:00:00 UTC, ns */

static char said[1024];

void ctl_say(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(said, sizeof(said), fmt, ap);
	va_end(ap);
}

/* Standard output of a call, to be freed. */
static FILE *real_stdout;
static char *printed;
static size_t printed_size;

static void output_begin(void)
{
	said[0] = '\0';
	real_stdout = stdout;
	stdout = open_memstream(&printed, &printed_size);
	assert_non_null(stdout);
}

static char *output_end(void)
{
	fclose(stdout);
	stdout = real_stdout;
	return printed;
}

static void add_port(u32 index, const char *tty, u64 attached)
{
	struct port_info *p = &module_ports[module_answer++];

	*p = (struct port_info){ .index = index, .attach_mono_ns = attached,
				 .attach_real_ns = NOON + attached };
	snprintf(p->tty, sizeof(p->tty), "%s", tty);
	for (unsigned int i = 0; i < PORT_COUNTER_COUNT; i++)
		p->counter[i] = 0;
}

static int setup(void **state)
{
	setenv("TZ", "UTC", 1);
	tzset();
	module_answer = 0;
	return 0;
}

static int run(bool json, char **out)
{
	struct ctl_options o = { .json = json };
	int status;

	output_begin();
	status = ctl_ports(&o);
	*out = output_end();
	return status;
}

static void a_table_of_ports(void **state)
{
	char *out;

	add_port(0, "ttyUSB0", 0);
	module_ports[0].counter[PORT_FRAMES] = 42;
	module_ports[0].counter[PORT_RX_OCTETS] = 12345678901234567890ull;
	add_port(15, "pts/7", 1);
	module_ports[1].counter[PORT_FCS_ERRORS] = 2;
	module_ports[1].counter[PORT_HCS_ERRORS] = 1;
	module_ports[1].counter[PORT_OVERWRITTEN] = 3;
	module_ports[1].counter[PORT_SKIPPED] = 99;
	assert_int_equal(run(false, &out), CTL_OK);
	assert_string_equal(out,
"PORT     TTY     SINCE               FRAMES               OCTETS ERRORS\n"
"amshan0  ttyUSB0 2025-11-24 12:00:00     42 12345678901234567890 none\n"
"amshan15 pts/7   2025-11-24 12:00:00      0                    0 1 HCS, 2 FCS, 3 never read, 99 octets skipped\n");
	assert_string_equal(said, "");
	free(out);
}

/* Every counter has its name and its place. */
static void json_has_every_counter(void **state)
{
	json_t *array, *j, *counters;
	char *out;

	add_port(3, "ttyS0", 123456789);
	for (unsigned int i = 0; i < PORT_COUNTER_COUNT; i++)
		module_ports[0].counter[i] = 1000 + i;
	assert_int_equal(run(true, &out), CTL_OK);
	array = json_loads(out, 0, NULL);
	assert_int_equal(json_array_size(array), 1);
	j = json_array_get(array, 0);
	assert_int_equal(json_object_size(j), 5);
	assert_int_equal(json_integer_value(json_object_get(j, "index")), 3);
	assert_string_equal(json_string_value(json_object_get(j, "device")), "/dev/amshan3");
	assert_string_equal(json_string_value(json_object_get(j, "tty")), "ttyS0");
	assert_string_equal(json_string_value(json_object_get(j, "attached")),
			    "2025-11-24T12:00:00.123Z");
	counters = json_object_get(j, "counters");
	assert_int_equal(json_object_size(counters), PORT_COUNTER_COUNT);
	for (unsigned int i = 0; i < PORT_COUNTER_COUNT; i++)
		assert_int_equal(json_integer_value(json_object_get(counters,
								    port_counter_names[i])),
				 1000 + i);
	json_decref(array);
	free(out);
}

static void no_port_is_no_failure(void **state)
{
	char *out;

	assert_int_equal(run(false, &out), CTL_OK);
	assert_string_equal(out, "");
	assert_string_equal(said, "no tty is attached; \"amshan-attach TTY\" does that");
	free(out);
	assert_int_equal(run(true, &out), CTL_OK);
	assert_string_equal(out, "[]\n");
	assert_string_equal(said, "");
	free(out);
}

static void failures_are_said(void **state)
{
	char *out;

	for (int json = 0; json < 2; json++) {
		module_answer = -EPERM;
		assert_int_equal(run(json, &out), CTL_FAILED);
		assert_string_equal(out, "");
		assert_string_equal(said,
				    "cannot ask the module amshan for its ports: Operation not permitted");
		free(out);
	}
}

/* ---- watching into a pipe ---- */

static char *changes(struct watch *w)
{
	struct port_list now;
	char *text;

	output_begin();
	read_ports(&now);
	take(w, &now);
	text = output_end();
	/* The time of the line is now. */
	return text;
}

static void check_changes(struct watch *w, const char *const *lines, size_t n)
{
	char *text = changes(w), *rest = text;

	for (size_t i = 0; i < n; i++) {
		char *line = strsep(&rest, "\n");

		assert_non_null(line);
		assert_true(strlen(line) > 20);
		assert_string_equal(line + strlen("2025-11-24 12:00:00 "), lines[i]);
	}
	assert_string_equal(rest ? rest : "", "");
	free(text);
}

#define CHECK(w, ...) do {							\
	const char *const lines_[] = { __VA_ARGS__ };				\
	check_changes(w, lines_, ARRAY_SIZE(lines_));				\
} while (0)

static void a_line_per_change(void **state)
{
	struct watch w = { 0 };

	add_port(0, "ttyUSB0", 1);
	CHECK(&w, "amshan0 ttyUSB0 present: 0 frames, 0 octets, errors: none");
	check_changes(&w, NULL, 0);

	add_port(1, "ttyUSB1", 2);
	module_ports[0].counter[PORT_RX_OCTETS] = 10;
	module_ports[0].counter[PORT_FRAMES] = 1;
	CHECK(&w, "amshan0 ttyUSB0 changed: 1 frames, 10 octets, errors: none",
	      "amshan1 ttyUSB1 added: 0 frames, 0 octets, errors: none");

	/* Attached anew between two looks: another attachment of the same name. */
	module_ports[0].attach_mono_ns = 3;
	module_ports[0].counter[PORT_FRAMES] = 0;
	module_ports[0].counter[PORT_RX_OCTETS] = 0;
	CHECK(&w, "amshan0 ttyUSB0 removed: 1 frames, 10 octets, errors: none",
	      "amshan0 ttyUSB0 added: 0 frames, 0 octets, errors: none");

	/* One answer that does not come says nothing of the ports. */
	module_answer = -EINTR;
	check_changes(&w, NULL, 0);
	assert_string_equal(said, "cannot ask the module amshan for its ports: "
			    "Interrupted system call");
	check_changes(&w, NULL, 0);
	assert_string_equal(said, "");
	module_answer = 2;
	check_changes(&w, NULL, 0);

	module_answer = -ENOENT;
	CHECK(&w, "amshan0 ttyUSB0 removed: 0 frames, 0 octets, errors: none",
	      "amshan1 ttyUSB1 removed: 0 frames, 0 octets, errors: none");
	assert_non_null(strstr(said, "the module amshan is"));
	/* Said once. */
	check_changes(&w, NULL, 0);
	assert_string_equal(said, "");

	module_answer = 1;
	CHECK(&w, "amshan0 ttyUSB0 added: 0 frames, 0 octets, errors: none");
}

static void an_object_per_change(void **state)
{
	struct watch w = { .json = true };
	static const char *const events[] = { "present", "changed", "removed" };

	add_port(0, "ttyUSB0", 1);
	for (size_t i = 0; i < ARRAY_SIZE(events); i++) {
		char *text = changes(&w);
		json_t *j = json_loads(text, 0, NULL);

		assert_non_null(j);
		assert_string_equal(json_string_value(json_object_get(j, "event")), events[i]);
		assert_non_null(json_object_get(j, "time"));
		assert_non_null(json_object_get(json_object_get(j, "counters"), "frames"));
		assert_string_equal(strchr(text, '\n'), "\n");
		json_decref(j);
		free(text);
		module_ports[0].counter[PORT_FRAMES]++;
		if (i == 1)
			module_answer = 0;
	}
}

/* ---- the screen ---- */

static void a_picture_of_ports(void **state)
{
	struct watch w = { 0 };
	struct picture p = { .width = 80, .left = 23 };
	char *text = NULL;
	size_t size;

	add_port(0, "ttyUSB0", 1);
	module_ports[0].counter[PORT_FRAMES] = 7;
	read_ports(&w.ports);
	p.f = open_memstream(&text, &size);
	assert_non_null(p.f);
	assert_int_equal(draw_ports(&p, &w), 0);
	fclose(p.f);
	assert_non_null(strstr(text, "  1 port, q ends"));
	assert_non_null(strstr(text, "PORT      TTY       SINCE"));
	assert_non_null(strstr(text, "amshan0   ttyUSB0   2025-11-24 12:00:00         7           0  none"));
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_table_of_ports, setup),
		cmocka_unit_test_setup(json_has_every_counter, setup),
		cmocka_unit_test_setup(no_port_is_no_failure, setup),
		cmocka_unit_test_setup(failures_are_said, setup),
		cmocka_unit_test_setup(a_line_per_change, setup),
		cmocka_unit_test_setup(an_object_per_change, setup),
		cmocka_unit_test_setup(a_picture_of_ports, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
