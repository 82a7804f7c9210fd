// SPDX-License-Identifier: GPL-2.0
/*
 * "kernel:", a source for each port: who gets which, and what the registry makes of frames that the
 * module kept.
 */
#include "port_sources_lab.h"

/* ---- names ---- */

static void test_names(void **state)
{
	static const struct {
		const char *section, *adapter, *name;
	} rows[] = {
		{ "house", "ttyUSB0", "house/ttyUSB0" },
		{ "house", "usb-FTDI_FT232R_USB_UART_A10K1ABC-if00-port0",
		  "house/FTDI_FT232R_USB_UART_A10K1ABC-if00-port0" },
		/* Too long: the end has the serial number and the interface. */
		{ "house", "usb-Silicon_Labs_CP2102_USB_to_UART_Bridge_Controller_0001-if00-port0",
		  "house/Labs_CP2102_USB_to_UART_Bridge_Controller_0001-if00-port0" },
		{ "a2345678901234567890123456789012345678901234567890", "ttyUSB0",
		  "a2345678901234567890123456789012/ttyUSB0" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char name[PORT_SOURCE_NAME_MAX];

		port_source_make_name(rows[i].section, rows[i].adapter, name);
		assert_string_equal(name, rows[i].name);
	}
}

static void test_a_port_by_its_tty(void **state)
{
	struct port_info port = { .tty = "null", .tty_major = 1, .tty_minor = 3 };
	struct lab *lab = *state;
	char command[512], buf[32];

	snprintf(command, sizeof(command), "cd %s && mkdir links && cd links && "
		 "ln -s /dev/null usb-B && ln -s ../links/usb-B usb-C && ln -s /dev/zero usb-A && "
		 "ln -s /nowhere usb-0 && touch null && ln -s /dev/null "
		 "a-name-that-is-longer-than-there-is-room-for", lab->folder);
	assert_int_equal(system(command), 0);

	assert_true(port_is_tty(&port, "null"));
	assert_true(port_is_tty(&port, "/dev/null"));
	assert_false(port_is_tty(&port, "zero"));
	assert_false(port_is_tty(&port, "/dev/zero"));
	assert_false(port_is_tty(&port, "/nowhere/null"));
	snprintf(command, sizeof(command), "%s/links/usb-C", lab->folder);
	assert_true(port_is_tty(&port, command));
	/* A file of its name is not it. */
	snprintf(command, sizeof(command), "%s/links/null", lab->folder);
	assert_false(port_is_tty(&port, command));

	snprintf(command, sizeof(command), "%s/links", lab->folder);
	assert_true(port_link(command, &port, buf, sizeof(buf)));
	assert_string_equal(buf, "usb-B");
	port.tty_minor = 7;
	assert_false(port_link(command, &port, buf, sizeof(buf)));
	assert_false(port_link("/nowhere", &port, buf, sizeof(buf)));
}

/* ---- sources of ports ---- */

static void test_while_there_is_no_port(void **state)
{
	struct lab *lab = *state;

	all_begin(lab);
	assert_int_equal(lab->n_shown, 1);
	check_reason(lab, "house", "the module amshan is not loaded");
	n_there = 0;
	change(lab);
	check_reason(lab, "house", "no port is attached: amshan-attach TTY does that");
	n_there = -EIO;
	change(lab);
	check_reason(lab, "house", "cannot ask the module amshan for its ports: "
		     "Input/output error");
	n_there = 0;
	port_add("ttyX1", 255);
	change(lab);
	assert_int_equal(lab->n_shown, 1);
	assert_non_null(shown(lab, "house/ttyX1"));
	assert_string_equal(shown(lab, "house/ttyX1")->uri, "kernel:ttyX1");
	/* As the module names a pseudo-terminal. */
	port_add("pts/3", 254);
	change(lab);
	assert_non_null(shown(lab, "house/pts/3"));
	assert_string_equal(shown(lab, "house/pts/3")->uri, "kernel:pts/3");
	port_sources_free(lab->all);
	lab->all = NULL;
	assert_int_equal(lab->n_shown, 0);
}

static void test_each_port_has_the_settings(void **state)
{
	struct lab *lab = *state;
	struct source_config c = section("house", "kernel:");

	n_there = 0;
	port_add("ttyX1", 255);
	port_add("ttyX2", 254);
	all_begin(lab);
	assert_int_equal(lab->n_shown, 2);
	c.settings.derive_l2 = true;
	assert_int_equal(port_sources_update(lab->all, &c), 0);
	assert_true(shown(lab, "house/ttyX1")->settings.derive_l2);
	assert_true(shown(lab, "house/ttyX2")->settings.derive_l2);
	/* Also one that comes later. */
	port_add("ttyX3", 253);
	change(lab);
	assert_true(shown(lab, "house/ttyX3")->settings.derive_l2);
}

static void test_what_another_source_names_is_not_taken(void **state)
{
	struct source_config named = section("attic", "kernel:/dev/zero");
	struct lab *lab = *state;

	n_there = 0;
	port_add("ttyX1", 255);
	port_add("zero", 5);
	all_begin(lab);
	assert_int_equal(lab->n_shown, 2);
	assert_non_null(shown(lab, "house/zero"));

	assert_int_equal(registry_add_source(lab->registry, &named, NULL), 0);
	settle(lab);
	assert_int_equal(lab->n_shown, 2);
	assert_null(shown(lab, "house/zero"));
	assert_non_null(shown(lab, "attic"));

	/* With nothing left to it, it says so. */
	n_there = 0;
	port_add("zero", 5);
	registry_remove_source(lab->registry, "attic");
	port_sources_free(lab->all);
	assert_int_equal(registry_add_source(lab->registry, &named, NULL), 0);
	all_begin(lab);
	assert_int_equal(lab->n_shown, 2);
	check_reason(lab, "house", "every port that is attached has a source of its own");

	registry_remove_source(lab->registry, "attic");
	settle(lab);
	assert_int_equal(lab->n_shown, 1);
	assert_non_null(shown(lab, "house/zero"));
}

static void test_two_that_name_one_port(void **state)
{
	struct source_config a = section("a", "kernel:zero"), b = section("b", "kernel:/dev/zero");
	struct lab *lab = *state;
	int fd[2];

	n_there = 0;
	port_add("zero", 5);
	assert_int_equal(registry_add_source(lab->registry, &a, NULL), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fd),
			 0);
	lab->device = fd[0];
	assert_int_equal(kernel_attach(shown(lab, "a"), fd[1], &there[0]), 0);
	assert_int_equal(registry_add_source(lab->registry, &b, NULL), 0);
	settle(lab);
	assert_int_equal(shown(lab, "a")->state, SOURCE_OPEN);
	check_reason(lab, "b", "zero is read by source \"a\" already");
	registry_remove_source(lab->registry, "a");
	settle(lab);
	/* It is not on this machine; but tried. */
	assert_non_null(strstr(shown(lab, "b")->reason, "/dev/amshan0"));
}

static void test_a_named_port_that_is_not_there(void **state)
{
	struct source_config a = section("a", "kernel:ttyX9"), b = section("b", "kernel:/nowhere/x");
	struct source_config c = section("c", "kernel:/dev/full");
	struct lab *lab = *state;

	n_there = 0;
	assert_int_equal(registry_add_source(lab->registry, &a, NULL), 0);
	assert_int_equal(registry_add_source(lab->registry, &b, NULL), 0);
	assert_int_equal(registry_add_source(lab->registry, &c, NULL), 0);
	settle(lab);
	check_reason(lab, "a", "ttyX9 is not attached: amshan-attach does that");
	check_reason(lab, "b", "no such tty: /nowhere/x");
	check_reason(lab, "c", "/dev/full is not attached: amshan-attach does that");
}

static void test_a_port_that_goes_is_waited_for(void **state)
{
	struct lab *lab = *state;
	const struct source *first;
	char tty[16];

	n_there = 0;
	port_add("ttyX0", 255);
	all_begin(lab);
	first = shown(lab, "house/ttyX0");
	assert_non_null(first);
	n_there = 0;
	change(lab);
	assert_int_equal(lab->n_shown, 1);
	check_reason(lab, "house/ttyX0", "ttyX0 is not attached: amshan-attach does that");
	port_add("ttyX0", 255);
	change(lab);
	assert_int_equal(lab->n_shown, 1);
	assert_ptr_equal(shown(lab, "house/ttyX0"), first);

	/* Not any number: the one that is gone for the longest time goes. */
	for (unsigned int i = 1; i < 3 * AMSHAN_PORTS_MAX; i++) {
		n_there = 0;
		snprintf(tty, sizeof(tty), "ttyX%u", i);
		port_add(tty, 255);
		change(lab);
		assert_true(lab->n_shown <= 2 * AMSHAN_PORTS_MAX);
	}
	assert_int_equal(lab->n_shown, 2 * AMSHAN_PORTS_MAX);
	assert_null(shown(lab, "house/ttyX0"));
	assert_null(shown(lab, "house/ttyX15"));
	assert_non_null(shown(lab, "house/ttyX16"));
	assert_non_null(shown(lab, "house/ttyX47"));
}

/* ---- links that move ---- */

/* What a source opened: a socket in place of the device, which stays open until @fd is closed. */
static int attach_to(struct lab *lab, const char *source, int index)
{
	int fd[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fd),
			 0);
	assert_non_null(shown(lab, source));
	assert_int_equal(kernel_attach(shown(lab, source), fd[1], &there[index]), 0);
	return fd[0];
}

static void remove_first_port(void)
{
	there[0] = there[1];
	n_there = 1;
}

/* Without a serial number they have one link, which leads to the one that came last. */
static void test_two_adapters_of_one_name(void **state)
{
	struct lab *lab = *state;
	const struct source *a;
	int first, second;

	n_there = 0;
	all_begin(lab);
	port_sources_links_in(lab->all, lab->folder);
	link_to(lab, "usb-X", "/dev/zero");
	port_add("zero", 5);
	change(lab);
	a = shown(lab, "house/X");
	assert_non_null(a);
	first = attach_to(lab, "house/X", 0);

	link_to(lab, "usb-X", "/dev/full");
	port_add("full", 7);
	change(lab);
	assert_int_equal(lab->n_shown, 2);
	assert_ptr_equal(shown(lab, "house/X"), a);
	assert_int_equal(a->state, SOURCE_OPEN);
	assert_string_equal(shown(lab, "house/full")->uri, "kernel:full");
	/* It stays so while the second one cannot be opened, and when it is. */
	change(lab);
	assert_int_equal(lab->n_shown, 2);
	second = attach_to(lab, "house/full", 1);
	change(lab);
	assert_int_equal(lab->n_shown, 2);

	/* The first one goes: the second one is not read under its name. */
	remove_first_port();
	close(first);
	settle(lab);
	change(lab);
	check_reason(lab, "house/X", "full is read by source \"house/full\" already");
	assert_int_equal(shown(lab, "house/full")->state, SOURCE_OPEN);
	close(second);
}

/* Plugged in anew before the end of the old one was read: that is not another adapter. */
static void test_an_adapter_that_comes_again(void **state)
{
	struct lab *lab = *state;
	int device;

	n_there = 0;
	all_begin(lab);
	port_sources_links_in(lab->all, lab->folder);
	link_to(lab, "usb-X", "/dev/zero");
	port_add("zero", 5);
	change(lab);
	device = attach_to(lab, "house/X", 0);
	link_to(lab, "usb-X", "/dev/full");
	port_add("full", 7);
	remove_first_port();
	change(lab);
	assert_int_equal(lab->n_shown, 1);
	assert_non_null(shown(lab, "house/X"));
	close(device);
	settle(lab);
	assert_int_equal(lab->n_shown, 1);
}

static void test_a_named_port_whose_link_goes(void **state)
{
	struct lab *lab = *state;
	char uri[128] = "";
	struct source_config named = section("attic", uri);
	int device;

	snprintf(uri, sizeof(uri), "kernel:%s/usb-X", lab->folder);
	n_there = 0;
	port_add("zero", 5);
	link_to(lab, "usb-X", "/dev/zero");
	assert_int_equal(registry_add_source(lab->registry, &named, NULL), 0);
	device = attach_to(lab, "attic", 0);
	all_begin(lab);
	port_sources_links_in(lab->all, lab->folder);
	check_reason(lab, "house", "every port that is attached has a source of its own");
	link_to(lab, "usb-X", NULL);
	change(lab);
	assert_int_equal(lab->n_shown, 2);
	check_reason(lab, "house", "every port that is attached has a source of its own");

	/* It leads to another adapter now: that one is not read by anybody yet. */
	link_to(lab, "usb-X", "/dev/full");
	port_add("full", 7);
	change(lab);
	assert_int_equal(lab->n_shown, 2);
	assert_non_null(shown(lab, "house/full"));
	assert_int_equal(shown(lab, "attic")->state, SOURCE_OPEN);
	close(device);
}

/* ---- what the module kept ---- */

static void give(const struct lab *lab, u64 seq, u64 ago_us)
{
	struct amshan_record h = {
		.header_len = sizeof(h), .seq = seq, .real_ns = (1000000 + seq) * NSEC_PER_USEC,
		.mono_ns = (mono_us() - ago_us) * NSEC_PER_USEC,
	};
	u8 octets[ENC_OCTETS_MAX], buf[AMSHAN_RECORD_LEN_MAX + 2];
	struct sim_values v;
	int n;

	sim_values_example(SIM_KAMSTRUP, &v);
	n = sim_build(SIM_KAMSTRUP, 2, SIM_HDLC, &v, octets, sizeof(octets), NULL);
	assert_true(n > 0);
	h.frame_len = n - 2;	/* without flags */
	memcpy(buf, &h, sizeof(h));
	memcpy(buf + sizeof(h), octets + 1, h.frame_len);
	n = sizeof(h) + h.frame_len;
	assert_int_equal(send(lab->device, buf, n, 0), n);
}

static void attach(struct lab *lab, const char *source, int index)
{
	int fd[2];

	there[index].counter[PORT_FRAMES] = 1000;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fd),
			 0);
	if (lab->device >= 0)
		close(lab->device);
	lab->device = fd[0];
	assert_int_equal(kernel_attach(shown(lab, source), fd[1], &there[index]), 0);
}

static void test_a_meter_is_available_when_it_is_fresh(void **state)
{
	struct source_config c = section("attic", "kernel:zero");
	struct lab *lab = *state;

	n_there = 0;
	port_add("zero", 5);
	assert_int_equal(registry_add_source(lab->registry, &c, NULL), 0);
	attach(lab, "attic", 0);
	for (u64 seq = 0; seq < 5; seq++)
		give(lab, seq, (300 - 10 * seq) * USEC_PER_SEC);
	settle(lab);
	assert_int_equal(lab->updates, 5);
	assert_non_null(lab->meter);
	assert_true(lab->meter->last_us == 1000004);
	assert_in_range(period_us(&lab->meter->period), 9 * USEC_PER_SEC, 11 * USEC_PER_SEC);
	assert_false(lab->meter->available);

	give(lab, 5, 0);
	settle(lab);
	assert_int_equal(lab->updates, 6);
	assert_true(lab->meter->available);

	/* The port goes: so does the meter, at once. */
	close(lab->device);
	lab->device = -1;
	settle(lab);
	assert_false(lab->meter->available);
}

static void test_nothing_goes_back_in_time(void **state)
{
	struct source_config a = section("a", "kernel:zero"), b = section("b", "kernel:full");
	struct lab *lab = *state;

	n_there = 0;
	port_add("zero", 5);
	port_add("full", 7);
	assert_int_equal(registry_add_source(lab->registry, &a, NULL), 0);
	assert_int_equal(registry_add_source(lab->registry, &b, NULL), 0);
	attach(lab, "a", 0);
	give(lab, 0, 60 * USEC_PER_SEC);
	settle(lab);
	assert_int_equal(lab->updates, 1);

	/* The other one takes over, but not with what is older. */
	attach(lab, "b", 1);
	give(lab, 10, 90 * USEC_PER_SEC);
	settle(lab);
	assert_int_equal(lab->updates, 1);
	assert_true(lab->meter->last_us == 1000000);
	give(lab, 11, 1 * USEC_PER_SEC);
	settle(lab);
	assert_int_equal(lab->updates, 2);
	assert_true(lab->meter->last_us == 1000011);
	assert_string_equal(lab->meter->source, "b");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		TEST(test_a_port_by_its_tty),
		TEST(test_while_there_is_no_port),
		TEST(test_each_port_has_the_settings),
		TEST(test_what_another_source_names_is_not_taken),
		TEST(test_two_that_name_one_port),
		TEST(test_a_named_port_that_is_not_there),
		TEST(test_a_port_that_goes_is_waited_for),
		TEST(test_two_adapters_of_one_name),
		TEST(test_an_adapter_that_comes_again),
		TEST(test_a_named_port_whose_link_goes),
		TEST(test_a_meter_is_available_when_it_is_fresh),
		TEST(test_nothing_goes_back_in_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
