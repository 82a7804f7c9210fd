// SPDX-License-Identifier: GPL-2.0
/*
 * amshan-attach: the list of line disciplines, and how a tty is set for one.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include <cmocka.h>

#include "source/ldiscs.c"
#include "source/serial.h"
#include "util.h"

#define BOOKWORM "n_tty       0\nslip        1\nppp_async   3\nn_hdlc     13\nn_null     27\n"

static const struct {
	const char *list;
	const char *name;
	int number;
} numbers[] = {
	{ BOOKWORM, "n_tty", 0 },
	{ BOOKWORM, "ppp_async", 3 },
	{ BOOKWORM, "n_hdlc", 13 },
	{ BOOKWORM, "n_null", 27 },
	{ BOOKWORM, "amshan", -ENOENT },
	{ BOOKWORM, "n_", -ENOENT },
	{ BOOKWORM, "n_ttyx", -ENOENT },
	{ BOOKWORM, "", -ENOENT },
	{ BOOKWORM "amshan     29\n", "amshan", 29 },
	{ BOOKWORM "amshan     29", "amshan", 29 },
	{ "amshan 5\n" BOOKWORM, "amshan", 5 },
	{ "amshan2 7\namshan 8\n", "amshan", 8 },
	/* A name as long as its column, and one that is longer. */
	{ "a_name_of_10 4\namshan     29\n", "a_name_of_10", 4 },
	{ "", "amshan", -ENOENT },
	{ "\n\n", "amshan", -ENOENT },
	/* What is no line of the list is passed over. */
	{ "amshan\n", "amshan", -ENOENT },
	{ "amshan \n29\n", "amshan", -ENOENT },
	{ "amshan x\n", "amshan", -ENOENT },
	{ "amshan -1\n", "amshan", -ENOENT },
	{ "amshan 29x\n", "amshan", -ENOENT },
	{ "amshan 29 30\n", "amshan", -ENOENT },
	{ "amshan 99999999999999999999\n", "amshan", -ENOENT },
	{ "29 amshan\n", "amshan", -ENOENT },
	{ "\t amshan\t29 \n", "amshan", 29 },
};

static void numbers_are_found_by_name(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		int got = ldiscs_number(numbers[i].list, numbers[i].name);

		if (got != numbers[i].number)
			fail_msg("row %zu: %s is %d", i, numbers[i].name, got);
	}
}

static void names_are_found_by_number(void **state)
{
	char name[LDISC_NAME_MAX] = "untouched";

	assert_int_equal(ldiscs_name(BOOKWORM, 29, name), -ENOENT);
	assert_int_equal(ldiscs_name("", 0, name), -ENOENT);
	assert_string_equal(name, "untouched");
	assert_int_equal(ldiscs_name(BOOKWORM, 0, name), 0);
	assert_string_equal(name, "n_tty");
	assert_int_equal(ldiscs_name(BOOKWORM "x25 29\n", 29, name), 0);
	assert_string_equal(name, "x25");
}

static void a_long_name_is_cut(void **state)
{
	char list[256], name[LDISC_NAME_MAX];

	memset(list, 'x', 100);
	strcpy(list + 100, " 29\n");
	assert_int_equal(ldiscs_name(list, 29, name), 0);
	assert_int_equal(strlen(name), LDISC_NAME_MAX - 1);
	assert_int_equal(strspn(name, "x"), LDISC_NAME_MAX - 1);
}

/* ---- settings ---- */

static const struct {
	const char *name;
	const char *value;
	int result;
	const char *error;
} settings[] = {
	{ "baud", "9600", 0 },
	{ "baud", "0", -EINVAL, "baud: \"0\" is not a number from 1 to 12000000" },
	{ "baud", "", -EINVAL, "baud: \"\" is not a number from 1 to 12000000" },
	{ "baud", "2400&parity=even", -EINVAL,
	  "baud: \"2400&parity=even\" is not a number from 1 to 12000000" },
	{ "parity", "even", 0 },
	{ "parity", "Even", -EINVAL, "parity: \"Even\" is not one of none, even, odd" },
	{ "data", "7", 0 },
	{ "data", "9", -EINVAL, "data: \"9\" is not one of 5, 6, 7, 8" },
	{ "stop", "2", 0 },
	{ "stop", "1.5", -EINVAL, "stop: \"1.5\" is not one of 1, 2" },
	{ "speed", "9600", -ENOENT },
};

static void settings_are_set_by_name(void **state)
{
	char format[SERIAL_FORMAT_MAX];
	struct serial_settings s;

	serial_settings_init(&s);
	assert_string_equal(serial_format(&s, format), "2400 8N1");
	assert_null(s.path);
	assert_false(s.discipline);
	for (size_t i = 0; i < ARRAY_SIZE(settings); i++) {
		const struct serial_settings before = s;
		char *error = NULL;

		assert_int_equal(serial_settings_set(&s, settings[i].name, settings[i].value,
						     &error), settings[i].result);
		if (settings[i].error)
			assert_string_equal(error, settings[i].error);
		else
			assert_null(error);
		if (settings[i].result < 0)
			assert_memory_equal(&s, &before, sizeof(s));
		free(error);
	}
	assert_string_equal(serial_format(&s, format), "9600 7E2");
}

static void near_is_what_a_divisor_can(void **state)
{
	const struct serial_settings want = { .baud = 2400, .data = 8, .stop = 1 };
	struct serial_settings got = want;

	assert_true(serial_is_near(&want, &got));
	got.baud = 2472;
	assert_true(serial_is_near(&want, &got));
	got.baud = 2328;
	assert_true(serial_is_near(&want, &got));
	got.baud = 2473;
	assert_false(serial_is_near(&want, &got));
	got = want;
	got.parity = PARITY_EVEN;
	assert_false(serial_is_near(&want, &got));
	got = want;
	got.stop = 2;
	assert_false(serial_is_near(&want, &got));
}

/* ---- termios ---- */

static int open_pty(int *ret_slave)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);

	assert_true(master >= 0);
	assert_int_equal(grantpt(master), 0);
	assert_int_equal(unlockpt(master), 0);
	*ret_slave = open(ptsname(master), O_RDWR | O_NOCTTY | O_CLOEXEC);
	assert_true(*ret_slave >= 0);
	return master;
}

/* What the drivers are to tell, and nothing that would change octets or flags on their way. */
static void a_discipline_gets_errors_beside_the_octets(void **state)
{
	static const struct {
		enum serial_parity parity;
		tcflag_t iflag;
	} rows[] = {
		{ PARITY_NONE, INPCK },
		{ PARITY_EVEN, INPCK | BRKINT },
		{ PARITY_ODD, INPCK | BRKINT },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct serial_settings s, got;
		struct termios t;
		int slave, master = open_pty(&slave);

		serial_settings_init(&s);
		s.parity = rows[i].parity;
		s.discipline = true;
		assert_int_equal(serial_apply(slave, &s, &got), 0);
		assert_int_equal(tcgetattr(slave, &t), 0);
		assert_int_equal(t.c_iflag, rows[i].iflag);
		assert_int_equal(t.c_oflag, 0);
		assert_int_equal(t.c_lflag, 0);
		assert_int_equal(t.c_cflag & (CREAD | CLOCAL), CREAD | CLOCAL);
		close(slave);
		close(master);
	}
}

static void a_tty_gets_its_settings_back(void **state)
{
	struct serial_settings s, got;
	struct serial_saved *saved = NULL;
	struct termios before = { 0 }, after = { 0 };
	int slave, master = open_pty(&slave);

	assert_int_equal(tcgetattr(slave, &before), 0);
	assert_int_equal(serial_save(slave, &saved), 0);
	serial_settings_init(&s);
	s.baud = 1234567;
	s.discipline = true;
	assert_int_equal(serial_apply(slave, &s, &got), 0);
	assert_int_equal(got.baud, 1234567);
	assert_int_equal(tcgetattr(slave, &after), 0);
	assert_memory_not_equal(&before, &after, sizeof(before));
	assert_int_equal(serial_restore(slave, saved), 0);
	assert_int_equal(tcgetattr(slave, &after), 0);
	assert_memory_equal(&before, &after, sizeof(before));
	free(saved);
	close(slave);
	close(master);
}

static void only_a_tty_has_settings(void **state)
{
	struct serial_saved *saved = NULL;
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(serial_save(fd, &saved), -ENOTTY);
	assert_null(saved);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_are_found_by_name),
		cmocka_unit_test(names_are_found_by_number),
		cmocka_unit_test(a_long_name_is_cut),
		cmocka_unit_test(settings_are_set_by_name),
		cmocka_unit_test(near_is_what_a_divisor_can),
		cmocka_unit_test(a_discipline_gets_errors_beside_the_octets),
		cmocka_unit_test(a_tty_gets_its_settings_back),
		cmocka_unit_test(only_a_tty_has_settings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
