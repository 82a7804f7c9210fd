// SPDX-License-Identifier: GPL-2.0
/*
 * Local rules of udev: how an adapter is known, and the text.
 */
#include "ctl_rules.h"

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
	r.framing = LINK_P1;
	check_text(&r, "ttyS0", HEAD "ENV{ID_BUS}!=\"usb\", \\\n"
		   "  KERNEL==\"ttyS0\", \\\n"
		   "  ENV{AMSHAN_ADAPTER}=\"1\", ENV{AMSHAN_BAUD}=\"115200\", ENV{AMSHAN_PARITY}=\"odd\", "
		   "ENV{AMSHAN_DATA}=\"7\", ENV{AMSHAN_STOP}=\"2\", \\\n"
		   "  ENV{AMSHAN_FRAMING}=\"p1\"\n");
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

/* With these an adapter is as one that has none: the place, or all of its model that have the same. */
static void numbers_of_many(void **state)
{
	static const char *const many[] = {
		"0", "0000", "00000000", "1", "0001", "000000000001", "1234", "123456", "12345678",
		"1234567890", "0123", "0123456789", "0123456789abcdef", "123456789ABC", "A50285BI",
	};
	static const char *const own[] = {
		"77", "2", "0002", "10", "123", "1235", "12345679", "0123456789ABCDEF0", "A50285B",
		"0001A", "HAN0001",
	};
	struct adapter a = ftdi;
	struct rule r;

	for (size_t i = 0; i < ARRAY_SIZE(many) + ARRAY_SIZE(own); i++) {
		bool is_own = i >= ARRAY_SIZE(many);

		snprintf(a.serial, sizeof(a.serial), "%s", is_own ? own[i - ARRAY_SIZE(many)] : many[i]);
		r = make(&a, false, NULL);
		if (r.how != (is_own ? RULE_SERIAL : RULE_PLACE))
			fail_msg("\"%s\" is taken for one of %s", a.serial,
				 is_own ? "many" : "its own");
		assert_int_equal(!*note, is_own);
		assert_string_equal(r.serial, a.serial);
	}
	strcpy(a.serial, "0001");
	make(&a, false, NULL);
	assert_string_equal(note, "ttyUSB0: many adapters have its serial number 0001; it is known by the "
			    "place where it is plugged in, and has to be enabled anew in another one");
	r = make(&a, true, NULL);
	assert_string_equal(note, "ttyUSB0 is known by its model 0403:6001: any other of it with the "
			    "serial number 0001 is enabled as well");
	check_text(&r, "usb-0403-6001-0001-if00-port0",
		   HEAD "ENV{ID_BUS}==\"usb\", \\\n"
		   "  ENV{ID_VENDOR_ID}==\"0403\", \\\n"
		   "  ENV{ID_MODEL_ID}==\"6001\", \\\n"
		   "  ENV{ID_SERIAL_SHORT}==\"0001\", \\\n"
		   "  ENV{ID_USB_INTERFACE_NUM}==\"00\", \\\n"
		   "  ENV{.ID_PORT}==\"0\", \\\n" DEFAULTS);
	assert_true(rule_matches(&r, &a));
	a.serial[0] = '\0';
	assert_false(rule_matches(&r, &a));
	/* One that is too long for a rule. */
	memset(a.serial, '0', RULE_VALUE_MAX);
	a.serial[RULE_VALUE_MAX] = '\0';
	assert_string_equal(make(&a, false, NULL).serial, RULE_ANY);
	assert_int_equal(rule_make(&a, RULE_ENABLE_ANYWHERE, NULL, &r, note, why, RULE_WHY_MAX), -EINVAL);
}

/* What is said is about what is to be done. */
static void disabling_is_not_called_enabling(void **state)
{
	struct rule r;

	assert_int_equal(rule_make(&ch340, RULE_DISABLE, NULL, &r, note, why, RULE_WHY_MAX), 0);
	assert_false(r.enable);
	assert_string_equal(note, "ttyUSB1: it has no serial number; it is known by the place where it "
			    "is plugged in, and has to be disabled anew in another one");
	assert_int_equal(rule_make(&ftdi, RULE_DISABLE, NULL, &r, note, why, RULE_WHY_MAX), 0);
	assert_false(r.enable);
	assert_string_equal(note, "");
}

/* As udev does it. */
static void the_first_one_decides(void **state)
{
	struct rule list[3] = {
		make(&ch340, false, NULL), { .is_foreign = true }, make(&ch340, true, NULL),
	};
	struct adapter a = ch340;

	assert_ptr_equal(rule_first(list, 3, &a), &list[0]);
	strcpy(a.place, "elsewhere");
	assert_ptr_equal(rule_first(list, 3, &a), &list[2]);
	assert_null(rule_first(list, 3, &ftdi));
	assert_null(rule_first(NULL, 0, &a));
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
		assert_int_equal(rule_make(&a, RULE_ENABLE, NULL, &r, note, why, RULE_WHY_MAX), -EINVAL);
		assert_string_equal(r.name, "untouched");
		assert_null(strchr(why, '\n'));
	}
}

static void what_cannot_be_known(void **state)
{
	static const struct {
		const struct adapter *a;
		enum rule_wish wish;
		const char *said;
	} cases[] = {
		{ &ftdi, RULE_ENABLE_ANYWHERE,
		  "ttyUSB0 has a serial number: --anywhere makes no sense, it is for adapters that have none" },
		{ &onboard, RULE_ENABLE_ANYWHERE,
		  "ttyS0 is not on USB: --anywhere makes no sense, it is known by its name" },
	};
	struct adapter a = ch340;
	struct rule r;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(rule_make(cases[i].a, cases[i].wish, NULL, &r, note, why,
					   RULE_WHY_MAX), -EINVAL);
		assert_string_equal(why, cases[i].said);
	}
	a.is_initialized = false;
	assert_int_equal(rule_make(&a, RULE_ENABLE, NULL, &r, note, why, RULE_WHY_MAX), -EINVAL);
	assert_string_equal(why, "udev has not looked at ttyUSB1: of which adapter it is, is not known");
	a = ch340;
	a.place[0] = '\0';
	assert_int_equal(rule_make(&a, RULE_ENABLE, NULL, &r, note, why, RULE_WHY_MAX), -EINVAL);
	assert_string_equal(why, "ttyUSB1 cannot be enabled: it has no serial number, and udev does not know "
			    "where it is plugged in (ID_PATH); --anywhere enables all of its model");
	assert_int_equal(make(&a, true, NULL).how, RULE_ANYWHERE);
	assert_int_equal(rule_make(&a, RULE_DISABLE, NULL, &r, note, why, RULE_WHY_MAX), -EINVAL);
	assert_string_equal(why, "ttyUSB1 cannot be disabled: it has no serial number, and udev does not know "
			    "where it is plugged in (ID_PATH)");
	a.model_id[0] = '\0';
	assert_int_equal(rule_make(&a, RULE_ENABLE_ANYWHERE, NULL, &r, note, why, RULE_WHY_MAX), -EINVAL);
	assert_string_equal(why, "ttyUSB1 cannot be enabled: udev does not know of which model it is "
			    "(ID_VENDOR_ID, ID_MODEL_ID)");
	a = onboard;
	strcpy(a.name, "tty\"S0");
	assert_int_equal(rule_make(&a, RULE_ENABLE, NULL, &r, note, why, RULE_WHY_MAX), -EINVAL);
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
	r = (struct rule){ .is_foreign = true, .how = RULE_KERNEL, .kernel = "ttyS0" };
	assert_false(rule_matches(&r, &onboard));
}

/* What is about a place comes before what is about a number or a model: the first wins. */
static void names_are_in_order(void **state)
{
	assert_true(strcmp(make(&ftdi, false, "twin").name, make(&ftdi, false, NULL).name) < 0);
	assert_true(strcmp(make(&ch340, false, NULL).name, make(&ch340, true, NULL).name) < 0);
	assert_true(strcmp(make(&acm, false, "twin").name, make(&acm, false, NULL).name) < 0);
}

static void what_is_written_is_read(void **state)
{
	struct rule rules[] = {
		make(&ftdi, false, NULL), make(&ftdi, false, "twin"), make(&ch340, false, NULL),
		make(&ch340, true, NULL), make(&acm, false, NULL), make(&onboard, false, NULL),
	};
	static const enum link_framing framings[] = { LINK_HDLC, LINK_P1, LINK_MBUS, LINK_APDU };
	char text[RULE_TEXT_MAX];

	for (size_t i = 0; i < ARRAY_SIZE(rules); i++)
		for (int k = 0; k < 4; k++) {
			struct rule got;

			rules[i].enable = k;
			rules[i].framing = framings[k];
			rules[i].settings.baud = 300u << k;
			rules[i].settings.parity = k % 3;
			rules[i].settings.data = 5 + k;
			rules[i].settings.stop = 1 + k % 2;
			rule_parse(rule_print(&rules[i], text), rules[i].name, &got);
			check_same(&rules[i], &got);
		}
}

#define BY_NAME HEAD "ENV{ID_BUS}!=\"usb\", KERNEL==\"ttyS0\", "

static void what_users_write(void **state)
{
	static const struct {
		const char *text, *said;
	} cases[] = {
		{ BY_NAME "ENV{AMSHAN_ADAPTER}=\"1\"", "" },
		{ BY_NAME "ENV{AMSHAN_ADAPTER}=\"1\", ENV{AMSHAN_FRAMING}=\"hdlc\"", "" },
		{ "\n\n# one\n" BY_NAME "\\\n # two\n\tENV{AMSHAN_ADAPTER} = \"1\" \n", "" },
		/* A line that goes on ends with a backslash; lines of comment may stand between. */
		{ BY_NAME "\\\n\n", NOT_OURS },
		{ BY_NAME "ENV{AMSHAN_ADAPTER}=\"1\"\n\n# end", "" },
		{ BY_NAME "ENV{AMSHAN_ADAPTER}=\"1\" \\\n", NOT_OURS },
		{ BY_NAME "\nENV{AMSHAN_ADAPTER}=\"1\"\n", NOT_OURS },
		{ BY_NAME "ENV{AMSHAN_ADAPTER}=\"1\", \nENV{AMSHAN_STOP}=\"2\"\n", NOT_OURS },
		{ BY_NAME "\\ \nENV{AMSHAN_ADAPTER}=\"1\"\n", NOT_OURS },
		{ BY_NAME "\\\n\nENV{AMSHAN_ADAPTER}=\"1\"\n", NOT_OURS },
		/* Patterns are udev's business, and what each rule begins with is no decoration. */
		{ HEAD "ENV{ID_BUS}!=\"usb\", KERNEL==\"ttyS*\", ENV{AMSHAN_ADAPTER}=\"1\"", NOT_OURS },
		{ HEAD "ENV{ID_BUS}==\"usb\", KERNEL==\"ttyS0\", ENV{AMSHAN_ADAPTER}=\"1\"", NOT_OURS },
		{ HEAD "KERNEL==\"ttyS0\", ENV{AMSHAN_ADAPTER}=\"1\"", NOT_OURS },
		{ "ACTION!=\"remove\", SUBSYSTEM==\"tty\", ENV{ID_BUS}!=\"usb\", KERNEL==\"ttyS0\", "
		  "ENV{AMSHAN_ADAPTER}=\"1\"", NOT_OURS },
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
		assert_string_equal(r.text, cases[i].text);
		/* What a rule from before there were others says. */
		assert_int_equal(r.framing, LINK_HDLC);
		assert_int_equal(r.is_foreign, *cases[i].said != '\0');
		assert_int_equal(rule_matches(&r, &onboard), !*cases[i].said);
	}
}

/* Whose rule it is is known all the same, and what is right in it. */
static void a_wrong_setting(void **state)
{
	static const struct {
		const char *text, *said;
	} cases[] = {
		{ "ENV{AMSHAN_BAUD}=\"fast\"", "baud: \"fast\" is not a number from 1 to 12000000" },
		{ "ENV{AMSHAN_PARITY}=\"\x1b[2J\"", "parity: \"?[2J\" is not one of none, even, odd" },
		{ "ENV{AMSHAN_FRAMING}=\"dsmr\"", "framing: \"dsmr\" is not one of hdlc, p1, mbus, apdu" },
		{ "ENV{AMSHAN_FRAMING}=\"\"", "framing: \"\" is not one of hdlc, p1, mbus, apdu" },
		{ "ENV{AMSHAN_PARITY}=\"mark\"", "parity: \"mark\" is not one of none, even, odd" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char text[RULE_TEXT_MAX];
		struct rule r;

		snprintf(text, sizeof(text), BY_NAME "ENV{AMSHAN_ADAPTER}=\"1\", %s, ENV{AMSHAN_STOP}=\"2\"",
			 cases[i].text);
		rule_parse(text, "ttyS0", &r);
		assert_string_equal(r.why, cases[i].said);
		assert_false(r.is_foreign);
		assert_true(r.enable);
		assert_int_equal(r.settings.baud, 2400);
		assert_int_equal(r.settings.parity, PARITY_NONE);
		assert_int_equal(r.settings.stop, 2);
		assert_true(rule_matches(&r, &onboard));
	}
}

/* A pattern in each key in turn. */
static void patterns_are_not_understood(void **state)
{
	struct rule all[] = { make(&ftdi, false, NULL), make(&ch340, true, NULL), make(&ch340, false, NULL) };
	char text[RULE_TEXT_MAX], changed[RULE_TEXT_MAX];

	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		rule_print(&all[i], text);
		for (const char *p = strstr(text, "ENV{ID_BUS}"); (p = strstr(p + 1, "==\""));) {
			const char *end = strchr(p + 3, '"');
			struct rule r;

			snprintf(changed, sizeof(changed), "%.*s*%s", (int)(end - text), text, end);
			rule_parse(changed, all[i].name, &r);
			assert_string_equal(r.why, NOT_OURS);
			assert_true(r.is_foreign);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(by_serial_number),
		cmocka_unit_test(by_place),
		cmocka_unit_test(by_model),
		cmocka_unit_test(by_the_kernels_name),
		cmocka_unit_test(numbers_that_tell_nothing),
		cmocka_unit_test(numbers_of_many),
		cmocka_unit_test(disabling_is_not_called_enabling),
		cmocka_unit_test(the_first_one_decides),
		cmocka_unit_test(every_other_text_is_checked),
		cmocka_unit_test(what_cannot_be_known),
		cmocka_unit_test(whom_a_rule_is_about),
		cmocka_unit_test(names_are_in_order),
		cmocka_unit_test(what_is_written_is_read),
		cmocka_unit_test(what_users_write),
		cmocka_unit_test(a_wrong_setting),
		cmocka_unit_test(patterns_are_not_understood),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
