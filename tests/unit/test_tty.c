// SPDX-License-Identifier: GPL-2.0
/*
 * Ttys: found, had alone, set, and given back.  With pseudo-terminals; what the discipline adds is in
 * the tests of amshan-attach.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include <cmocka.h>

#include <linux/tty.h>

#include "source/tty.h"
#include "util.h"

struct room {
	int master;
	char path[64];
	struct tty tty;
};

static int room_setup(void **state)
{
	struct room *room = calloc(1, sizeof(*room));

	if (!room)
		return -1;
	room->tty.fd = -1;
	room->master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (room->master < 0 || grantpt(room->master) || unlockpt(room->master) ||
	    ptsname_r(room->master, room->path, sizeof(room->path)))
		return -1;
	*state = room;
	return 0;
}

static int room_clear(void **state)
{
	struct room *room = *state;

	tty_clear(&room->tty);
	if (room->master >= 0)
		close(room->master);
	free(room);
	return 0;
}

static void say(char *buf, size_t size, const char *fmt, const char *text)
{
	int n = snprintf(buf, size, "%.*s%s%s", (int)strcspn(fmt, "%"), fmt, text,
			 strchr(fmt, '%') + 1);

	assert_in_range(n, 1, size - 1);
}

/* @fmt: with one % for @text */
static void assert_why(const struct tty *t, const char *fmt, const char *text)
{
	char said[TTY_WHY_MAX];

	say(said, sizeof(said), fmt, text);
	assert_string_equal(t->why, said);
}

static const char *name_of(const struct room *room)
{
	return room->path + strlen("/dev/");
}

static int open_found(struct room *room)
{
	assert_int_equal(tty_find(&room->tty, room->path), 0);
	return tty_open(&room->tty);
}

/* ---- finding ---- */

static void what_is_no_tty_is_not_found(void **state)
{
	static const struct {
		const char *path;
		int result;
		const char *why;
		bool has_node;
	} rows[] = {
		{ "/dev/ttyNONE", -ENOENT, "no such tty: %" },
		{ "", -ENOENT, "no such tty: %" },
		{ "/dev/null/deeper", -ENOENT, "no such tty: %" },
		{ "/dev", -ENOTTY, "not a tty: % is no character device", true },
		{ "/proc/self/status", -ENOTTY, "not a tty: % is no character device", true },
	};
	struct room *room = *state;
	struct tty *t = &room->tty;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		/* What was found before is forgotten. */
		assert_int_equal(tty_find(t, room->path), 0);
		assert_int_equal(tty_find(t, rows[i].path), rows[i].result);
		assert_why(t, rows[i].why, rows[i].path);
		assert_int_equal(t->node != NULL, rows[i].has_node);
		assert_int_equal(t->name != NULL, rows[i].has_node);
		assert_int_equal(t->fd, -1);
	}
}

static void a_link_leads_to_the_node(void **state)
{
	char folder[] = "/tmp/amshan-test-XXXXXX", path[64];
	struct room *room = *state;
	struct tty *t = &room->tty;
	struct stat st;

	assert_non_null(mkdtemp(folder));
	say(path, sizeof(path), "%/usb-Meter", folder);
	assert_int_equal(symlink(room->path, path), 0);
	assert_int_equal(tty_find(t, path), 0);
	assert_string_equal(t->path, path);
	assert_string_equal(t->node, room->path);
	assert_string_equal(t->name, name_of(room));
	assert_int_equal(stat(room->path, &st), 0);
	assert_int_equal(t->devt, st.st_rdev);
	unlink(path);
	assert_int_equal(tty_find(t, path), -ENOENT);
	assert_null(t->node);
	rmdir(folder);
}

/* To open a watchdog makes it count. */
static void what_sysfs_says_is_no_tty_is_not_found(void **state)
{
	struct room *room = *state;
	struct tty *t = &room->tty;

	if (access("/sys/dev/char/1:5/subsystem", F_OK) < 0)
		skip();
	assert_int_equal(tty_find(t, "/dev/zero"), -ENOTTY);
	assert_why(t, "not a tty: %", "/dev/zero");
	assert_int_equal(tty_find(t, "zero"), -ENOTTY);
	assert_why(t, "not a tty: %", "zero");
}

static void a_name_without_a_folder(void **state)
{
	char folder[] = "/tmp/amshan-test-XXXXXX", before[PATH_MAX], where[PATH_MAX], name[300];
	struct room *room = *state;

	assert_non_null(getcwd(before, sizeof(before)));
	assert_non_null(mkdtemp(folder));
	assert_int_equal(chdir(folder), 0);
	/* What is in /dev comes before what lies around; only a device counts. */
	assert_int_equal(symlink(room->path, "null"), 0);
	assert_int_equal(symlink(room->path, "usb-Meter"), 0);
	assert_int_equal(symlink("/proc/self/status", "file"), 0);
	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	assert_string_equal(tty_path("null", where), "/dev/null");
	assert_string_equal(tty_path("./null", where), "./null");
	assert_string_equal(tty_path("usb-Meter", where), "usb-Meter");
	assert_string_equal(tty_path("file", where), "/dev/file");
	assert_string_equal(tty_path("..", where), "/dev/..");
	assert_string_equal(tty_path("", where), "");
	assert_int_equal(strlen(tty_path(name, where)), strlen("/dev/") + strlen(name));
	assert_int_equal(tty_find(&room->tty, "usb-Meter"), 0);
	assert_string_equal(room->tty.node, room->path);
	assert_int_equal(tty_find(&room->tty, name), -ENOENT);
	unlink("null");
	unlink("usb-Meter");
	unlink("file");
	assert_int_equal(chdir(before), 0);
	rmdir(folder);
}

/* ---- opening ---- */

static void a_node_without_a_device(void **state)
{
	char node[] = "/tmp/amshan-test-XXXXXX";
	struct room *room = *state;
	struct tty *t = &room->tty;
	int fd;

	if (geteuid() != 0)
		skip();
	fd = mkstemp(node);
	assert_true(fd >= 0);
	close(fd);
	unlink(node);
	assert_int_equal(mknod(node, S_IFCHR | 0600, (240 << 8) | 255), 0);
	assert_int_equal(tty_find(t, node), 0);
	assert_int_equal(tty_open(t), -ENOENT);
	assert_why(t, "no such tty: there is no device behind %", node);
	unlink(node);
}

static void it_is_gone_when_it_was_found(void **state)
{
	struct room *room = *state;
	struct tty *t = &room->tty;

	assert_int_equal(tty_find(t, room->path), 0);
	close(room->master);
	room->master = -1;
	assert_int_equal(tty_open(t), -ENOENT);
	assert_int_equal(t->fd, -1);
}

static void one_has_it_alone(void **state)
{
	struct tty other = { .fd = -1 };
	struct room *room = *state;

	assert_int_equal(open_found(room), 0);
	assert_true(room->tty.is_ours);
	assert_int_equal(tty_find(&other, room->path), 0);
	assert_int_equal(tty_open(&other), -EBUSY);
	assert_why(&other, "% is in use by another program", name_of(room));
	assert_int_equal(other.fd, -1);
	assert_false(other.is_ours);
	/* Until it is given back; the one that was refused has not taken the other's lock away. */
	assert_int_equal(tty_open(&other), -EBUSY);
	tty_close(&room->tty);
	assert_int_equal(tty_open(&other), 0);
	tty_clear(&other);
}

static void who_gives_it_back_lets_others_open_it(void **state)
{
	struct room *room = *state;
	int fd, is_exclusive = -1;

	assert_int_equal(open_found(room), 0);
	assert_int_equal(ioctl(room->tty.fd, TIOCGEXCL, &is_exclusive), 0);
	assert_int_equal(is_exclusive, 1);
	tty_close(&room->tty);
	fd = open(room->path, O_RDWR | O_NOCTTY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(ioctl(fd, TIOCGEXCL, &is_exclusive), 0);
	assert_int_equal(is_exclusive, 0);
	assert_int_equal(flock(fd, LOCK_EX | LOCK_NB), 0);
	close(fd);
}

static void anothers_discipline_is_left_alone(void **state)
{
	struct room *room = *state;
	int null = N_NULL, now = -1;
	int fd = open(room->path, O_RDWR | O_NOCTTY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(ioctl(fd, TIOCSETD, &null), 0);
	assert_int_equal(open_found(room), -EBUSY);
	assert_why(&room->tty, "% has the line discipline \"n_null\" (27): another program uses it",
		   name_of(room));
	assert_int_equal(ioctl(fd, TIOCGETD, &now), 0);
	assert_int_equal(now, N_NULL);
	/* No lock is left behind. */
	assert_int_equal(flock(fd, LOCK_EX | LOCK_NB), 0);
	close(fd);
}

/* ---- setting ---- */

static void settings_of(const struct room *room, struct termios *ret)
{
	memset(ret, 0, sizeof(*ret));
	assert_int_equal(tcgetattr(room->master, ret), 0);
}

/* As a probe does: one setting after the other, and the first one comes back. */
static void it_is_given_back_as_it_was(void **state)
{
	static const u32 bauds[] = { 2400, 9600, 115200 };
	struct termios before, after;
	struct serial_settings want;
	struct room *room = *state;
	struct tty *t = &room->tty;

	settings_of(room, &before);
	assert_int_equal(open_found(room), 0);
	serial_settings_init(&want);
	for (size_t i = 0; i < ARRAY_SIZE(bauds); i++) {
		want.baud = bauds[i];
		assert_int_equal(tty_set(t, &want), 0);
		assert_int_equal(t->got.baud, bauds[i]);
		settings_of(room, &after);
		assert_memory_not_equal(&before, &after, sizeof(before));
	}
	tty_close(t);
	settings_of(room, &after);
	assert_memory_equal(&before, &after, sizeof(before));
	/* Twice, and without having been open. */
	tty_close(t);
	assert_int_equal(t->fd, -1);
	assert_null(t->saved);
}

static void what_another_has_set_stays(void **state)
{
	struct termios theirs, after;
	struct serial_settings want;
	struct room *room = *state;

	assert_int_equal(open_found(room), 0);
	serial_settings_init(&want);
	assert_int_equal(tty_set(&room->tty, &want), 0);
	settings_of(room, &theirs);
	tty_disown(&room->tty);
	tty_close(&room->tty);
	settings_of(room, &after);
	assert_memory_equal(&theirs, &after, sizeof(theirs));
}

static void it_vanishes_while_it_is_open(void **state)
{
	struct serial_settings want;
	struct room *room = *state;

	assert_int_equal(open_found(room), 0);
	close(room->master);
	room->master = -1;
	serial_settings_init(&want);
	assert_int_equal(tty_set(&room->tty, &want), -ENODEV);
	assert_why(&room->tty, "% vanished: cannot read its settings", name_of(room));
	tty_close(&room->tty);
	assert_int_equal(room->tty.fd, -1);
}

static void without_the_module_it_has_no_port(void **state)
{
	struct room *room = *state;

	assert_int_equal(tty_find(&room->tty, room->path), 0);
	assert_true(tty_port(&room->tty) < 0);
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, room_setup, room_clear)
	const struct CMUnitTest tests[] = {
		TEST(what_is_no_tty_is_not_found),
		TEST(a_link_leads_to_the_node),
		TEST(what_sysfs_says_is_no_tty_is_not_found),
		TEST(a_name_without_a_folder),
		TEST(a_node_without_a_device),
		TEST(it_is_gone_when_it_was_found),
		TEST(one_has_it_alone),
		TEST(who_gives_it_back_lets_others_open_it),
		TEST(anothers_discipline_is_left_alone),
		TEST(it_is_given_back_as_it_was),
		TEST(what_another_has_set_stays),
		TEST(it_vanishes_while_it_is_open),
		TEST(without_the_module_it_has_no_port),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
