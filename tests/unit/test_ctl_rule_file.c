// SPDX-License-Identifier: GPL-2.0
/*
 * Local rules of udev: the files.
 */
#include "ctl_rules.h"

static char folder[] = "/tmp/amshan-rules-XXXXXX", rules[64];

static int folder_begin(void **state)
{
	strcpy(folder + strlen(folder) - 6, "XXXXXX");
	assert_non_null(mkdtemp(folder));
	snprintf(rules, sizeof(rules), "%s/udev/rules.d", folder);
	return 0;
}

static int folder_end(void **state)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf --one-file-system '%s'", folder);
	return system(command);
}

static void put(const char *name, const char *text)
{
	char path[RULE_PATH_MAX];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", rules, name);
	f = fopen(path, "we");
	assert_non_null(f);
	fputs(text, f);
	assert_int_equal(fclose(f), 0);
}

static unsigned int mode_of(const char *path)
{
	struct stat st;

	assert_int_equal(lstat(path, &st), 0);
	return st.st_mode;
}

static size_t count_entries(void)
{
	struct dirent **found;
	int n = scandir(rules, &found, NULL, NULL);

	assert_true(n >= 2);
	for (int i = 0; i < n; i++)
		free(found[i]);
	free(found);
	return (size_t)n - 2;
}

static void files_come_and_go(void **state)
{
	struct rule r = make(&ftdi, false, NULL), *list = &r;
	char path[RULE_PATH_MAX];
	mode_t mask = umask(0077);
	size_t n = 7;

	/* No folder: no rule. */
	assert_int_equal(rule_list(rules, &list, &n), 0);
	assert_int_equal(n, 0);
	assert_null(list);

	assert_int_equal(rule_write(rules, &r, why, sizeof(why)), 0);
	umask(mask);
	assert_int_equal(mode_of(rules), S_IFDIR | 0755);
	rule_path(rules, r.name, path);
	assert_non_null(strstr(path, "/77-amshan-usb-FTDI_FT232R_USB_UART_A10K1ABC-if00-port0.rules"));
	assert_int_equal(mode_of(path), S_IFREG | 0644);

	/* Again with others, and over what is no file of ours. */
	r.settings.baud = 9600;
	assert_int_equal(unlink(path), 0);
	assert_int_equal(symlink("/dev/null", path), 0);
	assert_int_equal(rule_write(rules, &r, why, sizeof(why)), 0);
	assert_int_equal(mode_of(path), S_IFREG | 0644);
	assert_int_equal(count_entries(), 1);
	assert_int_equal(rule_list(rules, &list, &n), 0);
	assert_int_equal(n, 1);
	check_same(&r, list);
	free(list);

	/* What a user had made of it comes back as it was. */
	put("77-amshan-usb-FTDI_FT232R_USB_UART_A10K1ABC-if00-port0.rules", "# mine\n");
	assert_int_equal(rule_list(rules, &list, &n), 0);
	assert_int_equal(rule_write(rules, &r, why, sizeof(why)), 0);
	assert_int_equal(rule_put_back(rules, list, why, sizeof(why)), 0);
	free(list);
	assert_int_equal(rule_list(rules, &list, &n), 0);
	assert_int_equal(n, 1);
	assert_string_equal(list->text, "# mine\n");
	free(list);

	assert_int_equal(rule_remove(rules, r.name, why, sizeof(why)), 0);
	assert_int_equal(count_entries(), 0);
	assert_int_equal(rule_remove(rules, r.name, why, sizeof(why)), -ENOENT);
	assert_non_null(strstr(why, "cannot remove /tmp/amshan-rules-"));
	assert_non_null(strstr(why, ".rules: No such file or directory"));
}

static void only_rules_are_listed(void **state)
{
	struct rule r = make(&onboard, false, NULL), *list;
	char big[RULE_TEXT_MAX + 2], path[RULE_PATH_MAX], link[RULE_PATH_MAX];
	size_t n;

	assert_int_equal(rule_write(rules, &r, why, sizeof(why)), 0);
	/* What is left of an attempt. */
	put(".77-amshan-ttyS1.rules.new", "x");
	put("77-amshan-ttyS1.rules.new", "x");
	put("77-amshan-.rules", "x");
	put("77-amshan.rules", "x");
	put("78-amshan.rules", "x");
	put("77-amshan-bad.rules", "x");
	memset(big, '#', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	put("77-amshan-big.rules", big);
	snprintf(path, sizeof(path), "%s/77-amshan-dir.rules", rules);
	assert_int_equal(mkdir(path, 0755), 0);
	/* A FIFO does not stop us. */
	snprintf(path, sizeof(path), "%s/77-amshan-fifo.rules", rules);
	assert_int_equal(mkfifo(path, 0644), 0);
	snprintf(link, sizeof(link), "%s/77-amshan-gone.rules", rules);
	assert_int_equal(symlink("/nonexistent", link), 0);

	static const struct {
		const char *name, *said;
	} want[] = {
		{ "bad", NOT_OURS },
		{ "big", "it cannot be read: File too large" },
		{ "dir", "it cannot be read: it is no file" },
		{ "fifo", "it cannot be read: it is no file" },
		{ "gone", "it cannot be read: No such file or directory" },
		{ "ttyS0", "" },
	};
	assert_int_equal(rule_list(rules, &list, &n), 0);
	assert_int_equal(n, ARRAY_SIZE(want));
	for (size_t i = 0; i < n; i++) {
		assert_string_equal(list[i].name, want[i].name);
		assert_string_equal(list[i].why, want[i].said);
	}
	free(list);
	/* The next attempt takes away what was left of one. */
	strcpy(r.name, "ttyS1");
	strcpy(r.kernel, "ttyS1");
	n = count_entries();
	assert_int_equal(rule_write(rules, &r, why, sizeof(why)), 0);
	assert_int_equal(count_entries(), n);
}

static void the_longest_name_fits(void **state)
{
	struct rule r = make(&onboard, false, NULL), *list;
	size_t n;

	memset(r.name, 'x', sizeof(r.name) - 1);
	r.name[sizeof(r.name) - 1] = '\0';
	assert_int_equal(rule_write(rules, &r, why, sizeof(why)), 0);
	assert_int_equal(rule_list(rules, &list, &n), 0);
	assert_int_equal(n, 1);
	assert_string_equal(list->name, r.name);
	assert_string_equal(list->why, "");
	free(list);
}

static void what_cannot_be_written(void **state)
{
	struct rule r = make(&ftdi, false, NULL), *list;
	char path[RULE_PATH_MAX], expect[RULE_PATH_MAX + 64];
	struct rlimit all, none = { 0 };
	size_t n;

	/* In place of a full disk: not one octet may be written. */
	assert_int_equal(rule_write(rules, &r, why, sizeof(why)), 0);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &all), 0);
	none.rlim_max = all.rlim_max;
	assert_true(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
	r.settings.baud = 1200;
	assert_int_equal(rule_write(rules, &r, why, sizeof(why)), -EFBIG);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &all), 0);
	snprintf(expect, sizeof(expect), "cannot write %s: File too large", rule_path(rules, r.name, path));
	assert_string_equal(why, expect);
	/* The old one is whole, and nothing is left. */
	assert_int_equal(count_entries(), 1);
	assert_int_equal(rule_list(rules, &list, &n), 0);
	assert_int_equal(list->settings.baud, 2400);
	free(list);

	snprintf(path, sizeof(path), "%s/file", rules);
	put("file", "x");
	assert_int_equal(rule_write(path, &r, why, sizeof(why)), -ENOTDIR);
	strcat(path, "/deeper");
	assert_int_equal(rule_write(path, &r, why, sizeof(why)), -ENOTDIR);
	assert_int_equal(rule_list(path, &list, &n), -ENOTDIR);
}

int main(void)
{
#define WITH_FOLDER(f) cmocka_unit_test_setup_teardown(f, folder_begin, folder_end)
	const struct CMUnitTest tests[] = {
		WITH_FOLDER(files_come_and_go),
		WITH_FOLDER(only_rules_are_listed),
		WITH_FOLDER(the_longest_name_fits),
		WITH_FOLDER(what_cannot_be_written),
	};

	return cmocka_run_group_tests_name("ctl_rule_file", tests, NULL, NULL);
}
