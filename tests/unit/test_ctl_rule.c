// SPDX-License-Identifier: GPL-2.0
/*
 * Local rules of udev: how an adapter is known, the text, and the files.
 *
 * The rooms of amshanctl are no library, so their sources are compiled in here.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "ctl/rule.c"
#include "ctl/rule_file.c"
#include "ctl/text.c"

/* As udev describes them. */
static const struct adapter ftdi = {
	.node = "/dev/ttyUSB0", .name = "ttyUSB0", .devt = 1, .is_usb = true, .is_initialized = true,
	.id = "FTDI_FT232R_USB_UART_A10K1ABC", .serial = "A10K1ABC", .vendor_id = "0403",
	.model_id = "6001", .interface = "00", .port = "0", .place = "pci-0000:00:14.0-usb-0:3:1.0",
};

static const struct adapter ch340 = {
	.node = "/dev/ttyUSB1", .name = "ttyUSB1", .devt = 2, .is_usb = true, .is_initialized = true,
	.id = "1a86_USB_Serial", .vendor_id = "1a86", .model_id = "7523", .interface = "00", .port = "0",
	.place = "pci-0000:00:14.0-usb-0:4:1.0",
};

static const struct adapter acm = {
	.node = "/dev/ttyACM0", .name = "ttyACM0", .devt = 3, .is_usb = true, .is_initialized = true,
	.id = "Maker_Model_77", .serial = "77", .vendor_id = "1209", .model_id = "0001", .interface = "02",
	.place = "platform-3f980000.usb-usb-0:1.2:1.2",
};

static const struct adapter onboard = {
	.node = "/dev/ttyS0", .name = "ttyS0", .devt = 4, .driver = "serial",
};

static char note[RULE_WHY_MAX], why[RULE_PATH_MAX + 64];

static struct rule make(const struct adapter *a, bool anywhere, const char *twin)
{
	struct rule r;

	assert_int_equal(rule_make(a, anywhere, twin, &r, note, why, RULE_WHY_MAX), 0);
	return r;
}

static void check_text(const struct rule *r, const char *name, const char *body)
{
	char text[RULE_TEXT_MAX], *rest = text;

	assert_string_equal(r->name, name);
	rule_print(r, text);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(*rest, '#');
		rest = strchr(rest, '\n') + 1;
	}
	assert_string_equal(rest, body);
}

#define HEAD "ACTION!=\"remove\", SUBSYSTEM==\"tty\", ENV{AMSHAN_ADAPTER}==\"\", "
#define DEFAULTS "  ENV{AMSHAN_ADAPTER}=\"1\", ENV{AMSHAN_BAUD}=\"2400\", ENV{AMSHAN_PARITY}=\"none\", " \
	"ENV{AMSHAN_DATA}=\"8\", ENV{AMSHAN_STOP}=\"1\"\n"

static void by_serial_number(void **state)
{
	struct rule r = make(&ftdi, false, NULL);
	char text[RULE_TEXT_MAX];

	assert_string_equal(note, "");
	check_text(&r, "usb-FTDI_FT232R_USB_UART_A10K1ABC-if00-port0",
		   HEAD "ENV{ID_BUS}==\"usb\", \\\n"
		   "  ENV{ID_SERIAL}==\"FTDI_FT232R_USB_UART_A10K1ABC\", \\\n"
		   "  ENV{ID_SERIAL_SHORT}==\"A10K1ABC\", \\\n"
		   "  ENV{ID_USB_INTERFACE_NUM}==\"00\", \\\n"
		   "  ENV{.ID_PORT}==\"0\", \\\n" DEFAULTS);
	assert_non_null(strstr(rule_print(&r, text), "\"amshanctl disable\" takes it away"));

	r = make(&acm, false, NULL);
	check_text(&r, "usb-Maker_Model_77-if02",
		   HEAD "ENV{ID_BUS}==\"usb\", \\\n"
		   "  ENV{ID_SERIAL}==\"Maker_Model_77\", \\\n"
		   "  ENV{ID_SERIAL_SHORT}==\"77\", \\\n"
		   "  ENV{ID_USB_INTERFACE_NUM}==\"02\", \\\n" DEFAULTS);
}

static void by_place(void **state)
{
	struct rule r = make(&ch340, false, NULL);

	assert_string_equal(note, "ttyUSB1: it has no serial number; it is known by the place where it is "
			    "plugged in, and has to be enabled anew in another one");
	check_text(&r, "pci-0000:00:14.0-usb-0:4:1.0-port0",
		   HEAD "ENV{ID_BUS}==\"usb\", \\\n"
		   "  ENV{ID_PATH}==\"pci-0000:00:14.0-usb-0:4:1.0\", \\\n"
		   "  ENV{ID_VENDOR_ID}==\"1a86\", \\\n"
		   "  ENV{ID_MODEL_ID}==\"7523\", \\\n"
		   "  ENV{ID_SERIAL_SHORT}==\"\", \\\n"
		   "  ENV{.ID_PORT}==\"0\", \\\n" DEFAULTS);
}

static void by_model(void **state)
{
	struct rule r = make(&ch340, true, NULL);

	assert_string_equal(note, "ttyUSB1 is known by its model 1a86:7523: any other of it without a serial "
			    "number is enabled as well");
	check_text(&r, "usb-1a86-7523-if00-port0",
		   HEAD "ENV{ID_BUS}==\"usb\", \\\n"
		   "  ENV{ID_VENDOR_ID}==\"1a86\", \\\n"
		   "  ENV{ID_MODEL_ID}==\"7523\", \\\n"
		   "  ENV{ID_SERIAL_SHORT}==\"\", \\\n"
		   "  ENV{ID_USB_INTERFACE_NUM}==\"00\", \\\n"
		   "  ENV{.ID_PORT}==\"0\", \\\n" DEFAULTS);
}

static void by_the_kernels_name(void **state)
{
	struct rule r = make(&onboard, false, NULL);

	assert_string_equal(note, "");
	r.settings = (struct serial_settings){ .baud = 115200, .parity = PARITY_ODD, .data = 7, .stop = 2 };
	check_text(&r, "ttyS0", HEAD "ENV{ID_BUS}!=\"usb\", \\\n"
		   "  KERNEL==\"ttyS0\", \\\n"
		   "  ENV{AMSHAN_ADAPTER}=\"1\", ENV{AMSHAN_BAUD}=\"115200\", ENV{AMSHAN_PARITY}=\"odd\", "
		   "ENV{AMSHAN_DATA}=\"7\", ENV{AMSHAN_STOP}=\"2\"\n");
	r.enable = false;
	check_text(&r, "ttyS0", HEAD "ENV{ID_BUS}!=\"usb\", \\\n"
		   "  KERNEL==\"ttyS0\", \\\n"
		   "  ENV{AMSHAN_ADAPTER}=\"0\"\n");
}

/* A number that two have, or that cannot stand in a rule: the place, and it says so. */
static void numbers_that_tell_nothing(void **state)
{
	struct adapter a = ftdi;
	struct rule r = make(&a, false, "ttyUSB7");

	assert_int_equal(r.how, RULE_PLACE);
	assert_string_equal(r.serial, "A10K1ABC");
	assert_string_equal(note, "ttyUSB0: ttyUSB7 has the same serial number A10K1ABC; it is known by the "
			    "place where it is plugged in, and has to be enabled anew in another one");
	assert_string_equal(r.name, "pci-0000:00:14.0-usb-0:3:1.0-port0");

	/* All that a hostile device could want to write. */
	static const char *const hostile[] = {
		"1\", RUN+=\"/bin/sh", "a\nb", "a\\", "*", "?*", "[a]", "a|b", "$env{x}", "%k", "a b",
		"\xc3\xa9", "\x1b[2J", "../../x", "a/b", "'", "{", "}", ",", "!", "`", ";", "&", "<", "\x7f",
	};
	for (size_t i = 0; i < ARRAY_SIZE(hostile); i++) {
		char text[RULE_TEXT_MAX];

		snprintf(a.serial, sizeof(a.serial), "%s", hostile[i]);
		snprintf(a.id, sizeof(a.id), "FTDI_FT232R_%s", hostile[i]);
		r = make(&a, false, NULL);
		assert_int_equal(r.how, RULE_PLACE);
		assert_string_equal(r.serial, RULE_ANY);
		assert_true(rule_matches(&r, &a));
		assert_null(strstr(rule_print(&r, text), "FT232R"));
		assert_non_null(strstr(note, "its serial number has characters that a rule must not have"));
	}
	memset(a.serial, 'x', RULE_VALUE_MAX);
	a.serial[RULE_VALUE_MAX] = '\0';
	assert_int_equal(make(&a, false, NULL).how, RULE_PLACE);
	a.serial[RULE_VALUE_MAX - 1] = '\0';
	memcpy(a.id, ftdi.id, sizeof(a.id));
	assert_int_equal(make(&a, false, NULL).how, RULE_SERIAL);
	/* One without number at the same place is another one. */
	a = ftdi;
	r = make(&a, false, "ttyUSB7");
	a.serial[0] = '\0';
	assert_false(rule_matches(&r, &a));
}

static void every_other_text_is_checked(void **state)
{
	/* Each in turn says too much; nothing of it reaches a rule. */
	static const size_t members[] = {
		offsetof(struct adapter, vendor_id), offsetof(struct adapter, model_id),
		offsetof(struct adapter, interface), offsetof(struct adapter, port),
		offsetof(struct adapter, place),
	};

	for (size_t i = 0; i < ARRAY_SIZE(members); i++) {
		struct adapter a = ch340;
		struct rule r = { .name = "untouched" };

		strcpy((char *)&a + members[i], "\"\nX\"");
		assert_int_equal(rule_make(&a, false, NULL, &r, note, why, RULE_WHY_MAX), -EINVAL);
		assert_string_equal(r.name, "untouched");
		assert_null(strchr(why, '\n'));
	}
}

static void what_cannot_be_known(void **state)
{
	static const struct {
		const struct adapter *a;
		bool anywhere;
		const char *said;
	} cases[] = {
		{ &ftdi, true, "ttyUSB0 has a serial number: --anywhere makes no sense, it is for adapters that "
		  "have none" },
		{ &onboard, true, "ttyS0 is not on USB: --anywhere makes no sense, it is known by its name" },
	};
	struct adapter a = ch340;
	struct rule r;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(rule_make(cases[i].a, cases[i].anywhere, NULL, &r, note, why,
					   RULE_WHY_MAX), -EINVAL);
		assert_string_equal(why, cases[i].said);
	}
	a.is_initialized = false;
	assert_int_equal(rule_make(&a, false, NULL, &r, note, why, RULE_WHY_MAX), -EINVAL);
	assert_string_equal(why, "udev has not looked at ttyUSB1: of which adapter it is, is not known");
	a = ch340;
	a.place[0] = '\0';
	assert_int_equal(rule_make(&a, false, NULL, &r, note, why, RULE_WHY_MAX), -EINVAL);
	assert_string_equal(why, "ttyUSB1 cannot be enabled: it has no serial number, and udev does not know "
			    "where it is plugged in (ID_PATH); --anywhere enables all of its model");
	assert_int_equal(make(&a, true, NULL).how, RULE_ANYWHERE);
	a.model_id[0] = '\0';
	assert_int_equal(rule_make(&a, true, NULL, &r, note, why, RULE_WHY_MAX), -EINVAL);
	assert_string_equal(why, "ttyUSB1 cannot be enabled: udev does not know of which model it is "
			    "(ID_VENDOR_ID, ID_MODEL_ID)");
	a = onboard;
	strcpy(a.name, "tty\"S0");
	assert_int_equal(rule_make(&a, false, NULL, &r, note, why, RULE_WHY_MAX), -EINVAL);
	assert_non_null(strstr(why, "its name has characters that a rule must not have"));
}

static void whom_a_rule_is_about(void **state)
{
	const struct adapter *const all[] = { &ftdi, &ch340, &acm, &onboard };
	struct adapter a;
	struct rule r;

	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		r = make(all[i], false, NULL);
		for (size_t k = 0; k < ARRAY_SIZE(all); k++)
			assert_int_equal(rule_matches(&r, all[k]), i == k);
	}
	/* The socket does not count with a number, and does without. */
	a = ftdi;
	strcpy(a.place, "elsewhere");
	r = make(&ftdi, false, NULL);
	assert_true(rule_matches(&r, &a));
	strcpy(a.interface, "01");
	assert_false(rule_matches(&r, &a));
	a = ch340;
	strcpy(a.place, "elsewhere");
	r = make(&ch340, false, NULL);
	assert_false(rule_matches(&r, &a));
	r = make(&ch340, true, NULL);
	assert_true(rule_matches(&r, &a));
	strcpy(a.serial, "1");
	assert_false(rule_matches(&r, &a));
	/* One that is on USB is never known by its name. */
	a = onboard;
	a.is_usb = true;
	r = make(&onboard, false, NULL);
	assert_false(rule_matches(&r, &a));
	r = (struct rule){ .why = "broken", .how = RULE_KERNEL, .kernel = "ttyS0" };
	assert_false(rule_matches(&r, &onboard));
}

/* What is about a place comes before what is about a number or a model: the first wins. */
static void names_are_in_order(void **state)
{
	assert_true(strcmp(make(&ftdi, false, "twin").name, make(&ftdi, false, NULL).name) < 0);
	assert_true(strcmp(make(&ch340, false, NULL).name, make(&ch340, true, NULL).name) < 0);
	assert_true(strcmp(make(&acm, false, "twin").name, make(&acm, false, NULL).name) < 0);
}

static void check_same(const struct rule *a, const struct rule *b)
{
	assert_string_equal(b->why, "");
	assert_int_equal(a->how, b->how);
	assert_string_equal(a->name, b->name);
	assert_string_equal(a->kernel, b->kernel);
	assert_string_equal(a->id, b->id);
	assert_string_equal(a->serial, b->serial);
	assert_string_equal(a->interface, b->interface);
	assert_string_equal(a->port, b->port);
	assert_string_equal(a->place, b->place);
	assert_string_equal(a->vendor_id, b->vendor_id);
	assert_string_equal(a->model_id, b->model_id);
	assert_int_equal(a->enable, b->enable);
	if (!a->enable)
		return;
	assert_int_equal(a->settings.baud, b->settings.baud);
	assert_int_equal(a->settings.parity, b->settings.parity);
	assert_int_equal(a->settings.data, b->settings.data);
	assert_int_equal(a->settings.stop, b->settings.stop);
}

static void what_is_written_is_read(void **state)
{
	struct rule rules[] = {
		make(&ftdi, false, NULL), make(&ftdi, false, "twin"), make(&ch340, false, NULL),
		make(&ch340, true, NULL), make(&acm, false, NULL), make(&onboard, false, NULL),
	};
	char text[RULE_TEXT_MAX];

	for (size_t i = 0; i < ARRAY_SIZE(rules); i++)
		for (int k = 0; k < 4; k++) {
			struct rule got;

			rules[i].enable = k;
			rules[i].settings.baud = 300u << k;
			rules[i].settings.parity = k % 3;
			rules[i].settings.data = 5 + k;
			rules[i].settings.stop = 1 + k % 2;
			rule_parse(rule_print(&rules[i], text), rules[i].name, &got);
			check_same(&rules[i], &got);
		}
}

#define NOT_OURS "it is not as \"amshanctl enable\" writes it, and cannot be understood"
#define BY_NAME HEAD "ENV{ID_BUS}!=\"usb\", KERNEL==\"ttyS0\", "

static void what_users_write(void **state)
{
	static const struct {
		const char *text, *said;
	} cases[] = {
		{ BY_NAME "ENV{AMSHAN_ADAPTER}=\"1\"", "" },
		{ "\n\n# one\n" BY_NAME "\\\n # two\n\tENV{AMSHAN_ADAPTER} = \"1\" \n", "" },
		{ BY_NAME "ENV{AMSHAN_ADAPTER}=\"1\", ENV{AMSHAN_BAUD}=\"fast\"",
		  "baud: \"fast\" is not a number from 1 to 12000000" },
		{ BY_NAME "ENV{AMSHAN_ADAPTER}=\"1\", ENV{AMSHAN_PARITY}=\"\x1b[2J\"",
		  "parity: \"?[2J\" is not one of none, even, odd" },
		{ "", NOT_OURS },
		{ "garbage", NOT_OURS },
		{ BY_NAME, NOT_OURS },
		{ BY_NAME "ENV{AMSHAN_ADAPTER}=\"2\"", NOT_OURS },
		{ BY_NAME "ENV{AMSHAN_ADAPTER}=\"1", NOT_OURS },
		{ BY_NAME "ENV{AMSHAN_ADAPTER}=\"1\", RUN+=\"x\"", NOT_OURS },
		{ BY_NAME "ENV{AMSHAN_ADAPTER}=\"1\", KERNEL==\"ttyS1\"", NOT_OURS },
		{ HEAD "ENV{AMSHAN_ADAPTER}=\"1\"", NOT_OURS },
		{ HEAD "ENV{ID_SERIAL}==\"x\", ENV{AMSHAN_ADAPTER}=\"1\"", NOT_OURS },
		{ BY_NAME "ENV{ID_PATH}==\"x\", ENV{AMSHAN_ADAPTER}=\"1\"", NOT_OURS },
		{ BY_NAME "ENV{ID_MODEL_ID}==\"12345678\", ENV{AMSHAN_ADAPTER}=\"1\"", NOT_OURS },
		{ "==\"x\"", NOT_OURS },
		{ "KERNEL", NOT_OURS },
		{ "KERNEL==", NOT_OURS },
		{ "KERNEL====\"x\"", NOT_OURS },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct rule r;

		rule_parse(cases[i].text, "ttyS0", &r);
		assert_string_equal(r.why, cases[i].said);
		assert_string_equal(r.name, "ttyS0");
		assert_int_equal(rule_matches(&r, &onboard), !*cases[i].said);
	}
}

/* ---- files ---- */

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
		cmocka_unit_test(by_serial_number),
		cmocka_unit_test(by_place),
		cmocka_unit_test(by_model),
		cmocka_unit_test(by_the_kernels_name),
		cmocka_unit_test(numbers_that_tell_nothing),
		cmocka_unit_test(every_other_text_is_checked),
		cmocka_unit_test(what_cannot_be_known),
		cmocka_unit_test(whom_a_rule_is_about),
		cmocka_unit_test(names_are_in_order),
		cmocka_unit_test(what_is_written_is_read),
		cmocka_unit_test(what_users_write),
		WITH_FOLDER(files_come_and_go),
		WITH_FOLDER(only_rules_are_listed),
		WITH_FOLDER(the_longest_name_fits),
		WITH_FOLDER(what_cannot_be_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
