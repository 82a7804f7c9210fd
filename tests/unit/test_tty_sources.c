// SPDX-License-Identifier: GPL-2.0
/*
 * "kernel:", a source for each tty that udev says is for amshand itself: who gets which, and under which
 * name.  The ttys are what the test says.
 */
#include "port_sources_lab.h"

/* As those of ports; each is plugged in anew. */
static void tty_add(const char *name, unsigned int minor, const char *line)
{
	static u64 since = 1;

	ttys[n_ttys].devt = makedev(1, minor);
	ttys[n_ttys].since = since++;
	strcpy(ttys[n_ttys].name, name);
	strcpy(ttys[n_ttys++].line, line);
}

static void ttys_begin(struct lab *lab)
{
	n_there = 0;
	n_ttys = 0;
	all_begin(lab);
	port_sources_links_in(lab->all, lab->folder);
}

static void check_uri(const struct lab *lab, const char *name, const char *link)
{
	const struct source *s = shown(lab, name);
	char uri[128];

	assert_non_null(s);
	snprintf(uri, sizeof(uri), "serial:%s/%s?udev=yes", *link == '/' ? "" : lab->folder,
		 *link == '/' ? link + 1 : link);
	assert_string_equal(s->uri, uri);
}

static void test_a_tty_of_ours(void **state)
{
	struct source_config c = section("house", "kernel:");
	struct lab *lab = *state;
	const struct source *s;

	ttys_begin(lab);
	assert_non_null(shown(lab, "house"));
	link_to(lab, "usb-X", "/dev/zero");
	tty_add("zero", 5, "115200 8N1 p1");
	tty_add("full", 7, "2400 8E1 mbus");
	change(lab);
	assert_int_equal(lab->n_shown, 2);
	check_uri(lab, "house/X", "usb-X");
	check_uri(lab, "house/full", "/dev/full");
	check_reason(lab, "house/full", "not a serial port: /dev/full");
	s = shown(lab, "house/X");

	/* The settings of the section, now and later; nothing else changes by that. */
	c.settings.derive_l2 = true;
	assert_int_equal(port_sources_update(lab->all, &c), 0);
	settle(lab);
	assert_true(shown(lab, "house/full")->settings.derive_l2);
	assert_ptr_equal(shown(lab, "house/X"), s);

	/* Gone: it is waited for.  Back, as another device of the same name: it is the same source. */
	link_to(lab, "usb-X", NULL);
	ttys[0] = ttys[1];
	n_ttys = 1;
	change(lab);
	assert_int_equal(lab->n_shown, 2);
	assert_ptr_equal(shown(lab, "house/X"), s);
	link_to(lab, "usb-X", "/dev/null");
	tty_add("null", 3, "115200 8N1 p1");
	change(lab);
	assert_int_equal(lab->n_shown, 2);
	assert_ptr_equal(shown(lab, "house/X"), s);
	check_uri(lab, "house/X", "usb-X");
	/* udev that cannot be asked takes nothing away. */
	n_ttys = -EIO;
	change(lab);
	assert_int_equal(lab->n_shown, 2);
}

static void test_a_tty_that_is_enabled_in_another_way(void **state)
{
	struct lab *lab = *state;

	ttys_begin(lab);
	link_to(lab, "usb-X", "/dev/zero");
	tty_add("zero", 5, "115200 8N1 p1");
	change(lab);
	shown(lab, "house/X")->last_octet_us = 77;
	/* Opened anew with other settings. */
	strcpy(ttys[0].line, "9600 7E1 p1");
	change(lab);
	assert_int_equal(lab->n_shown, 1);
	check_uri(lab, "house/X", "usb-X");
	assert_int_equal(shown(lab, "house/X")->last_octet_us, 0);

	/* For the module: under the same name. */
	n_ttys = 0;
	port_add("zero", 5);
	change(lab);
	assert_int_equal(lab->n_shown, 1);
	assert_non_null(shown(lab, "house/X"));
	assert_memory_equal(shown(lab, "house/X")->uri, "kernel:", strlen("kernel:"));
	/* And back. */
	n_there = 0;
	tty_add("zero", 5, "115200 8N1 p1");
	change(lab);
	assert_int_equal(lab->n_shown, 1);
	check_uri(lab, "house/X", "usb-X");
	/* Not at all, although it is there. */
	n_ttys = 0;
	change(lab);
	assert_int_equal(lab->n_shown, 1);
	assert_non_null(shown(lab, "house"));
}

static void test_ttys_of_one_name(void **state)
{
	struct lab *lab = *state;
	const struct source *a;
	char places[96], path[160];

	snprintf(places, sizeof(places), "%s/places", lab->folder);
	assert_int_equal(mkdir(places, 0700), 0);
	ttys_begin(lab);
	port_sources_ttys_from(lab->all, read_ttys, places);
	link_to(lab, "usb-X", "/dev/zero");
	tty_add("zero", 5, "115200 8N1 p1");
	change(lab);
	a = shown(lab, "house/X");
	assert_non_null(a);

	/* The link is that of the one that came last. */
	link_to(lab, "usb-X", "/dev/full");
	snprintf(path, sizeof(path), "%s/place-7", places);
	assert_int_equal(symlink("/dev/full", path), 0);
	tty_add("full", 7, "115200 8N1 p1");
	change(lab);
	assert_int_equal(lab->n_shown, 2);
	assert_ptr_equal(shown(lab, "house/X"), a);
	check_uri(lab, "house/full", "places/place-7");

	/* The first one goes: what has its name is not read under it, and would be read twice. */
	ttys[0] = ttys[1];
	n_ttys = 1;
	change(lab);
	assert_int_equal(lab->n_shown, 1);
	check_uri(lab, "house/full", "places/place-7");
}

static void test_a_tty_that_another_source_names(void **state)
{
	struct source_config named = section("attic", "serial:/dev/zero?baud=115200");
	struct lab *lab = *state;

	ttys_begin(lab);
	link_to(lab, "usb-X", "/dev/zero");
	tty_add("zero", 5, "115200 8N1 p1");
	change(lab);
	assert_non_null(shown(lab, "house/X"));
	assert_int_equal(registry_add_source(lab->registry, &named, NULL), 0);
	change(lab);
	assert_int_equal(lab->n_shown, 2);
	assert_null(shown(lab, "house/X"));
	assert_non_null(shown(lab, "house"));
	registry_remove_source(lab->registry, "attic");
	change(lab);
	assert_int_equal(lab->n_shown, 1);
	assert_non_null(shown(lab, "house/X"));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(test_a_tty_of_ours),
		TEST(test_a_tty_that_is_enabled_in_another_way),
		TEST(test_ttys_of_one_name),
		TEST(test_a_tty_that_another_source_names),
	};

	return cmocka_run_group_tests_name("tty_sources", tests, NULL, NULL);
}
