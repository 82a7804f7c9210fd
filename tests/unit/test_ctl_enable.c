// SPDX-License-Identifier: GPL-2.0
/*
 * amshanctl enable and disable: what is done, in which order, and what is said of it.
 */
#include "ctl_machine.h"

static int run_enable(const struct serial_settings *s)
{
	int status;

	log_begin();
	status = enable_adapter(&ftdi, s, LINK_HDLC, false);
	log_end();
	return status;
}

static void enabled_and_attached(void **state)
{
	check(run(ctl_enable, "ttyUSB0"), CTL_OK,
	      "wrote " RULE "\n> apply /dev/ttyUSB0\n> restart attach@ttyUSB0\n"
	      "ttyUSB0 is attached as /dev/amshan3 (2400 8N1)\n");
	/* Again, with others: attached anew. */
	struct serial_settings s = { .baud = 9600, .parity = PARITY_EVEN, .data = 8, .stop = 1 };

	check(run_enable(&s), CTL_OK,
	      "wrote " RULE "\n> apply /dev/ttyUSB0\n> restart attach@ttyUSB0\n"
	      "ttyUSB0 is attached as /dev/amshan3 (9600 8E1)\n");
	assert_int_equal(machine.n_rules, 1);
	check(run(ctl_disable, "ttyUSB0"), CTL_OK,
	      "removed " RULE "\n> apply /dev/ttyUSB0\n> stop attach@ttyUSB0\nttyUSB0 is left alone\n");
	check(run(ctl_disable, "ttyUSB0"), CTL_FAILED, "! ttyUSB0 is not enabled\n");
}

/* What another program reads stays its own. */
static void in_use(void **state)
{
	machine.holder = "ser2net";
	check(run(ctl_enable, "ttyUSB0"), CTL_FAILED,
	      "! ttyUSB0 is in use by ser2net (process 42): end that first\n");
	assert_int_equal(machine.n_rules, 0);
	/* Who holds it for the module gives it back. */
	machine.holder = "amshan-attach";
	machine.n_ports = 1;
	check(run(ctl_enable, "ttyUSB0"), CTL_OK,
	      "wrote " RULE "\n> apply /dev/ttyUSB0\n> restart attach@ttyUSB0\n"
	      "ttyUSB0 is attached as /dev/amshan3 (2400 8N1)\n");
}

static void enabled_and_not_attached(void **state)
{
	static const char *const done = "wrote " RULE "\n> apply /dev/ttyUSB0\n> restart attach@ttyUSB0\n"
					"! ttyUSB0 is enabled, but not attached yet: ";
	static const struct {
		int ports, restart;
		bool attaches;
		const char *status, *said;
	} cases[] = {
		{ 0, 0, false, "ttyUSB0 is in use", "ttyUSB0 is in use" },
		{ 0, 0, false, NULL, "\"journalctl -u attach@ttyUSB0\" may say why" },
		{ -ENOENT, 0, false, NULL, "the module amshan is not loaded" },
		{ 0, -EIO, true, "not looked at", "it does not start" },
		/* A port that was there before is another's. */
		{ 1, 0, false, "ttyUSB0 is in use by another program",
		  "ttyUSB0 is in use by another program" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char want[512];

		setup(state);
		machine.n_ports = cases[i].ports;
		machine.restart = cases[i].restart;
		machine.attaches = cases[i].attaches;
		machine.status = cases[i].status;
		snprintf(want, sizeof(want), "%s%s\n", done, cases[i].said);
		check(run(ctl_enable, "ttyUSB0"), CTL_FAILED, want);
		/* Some seconds were waited for a port where one could come. */
		assert_int_equal((machine.now_us - BEGIN_US) / USEC_PER_SEC,
				 cases[i].ports < 0 || cases[i].restart ? 0 : 5);
		/* The rule counts all the same. */
		assert_int_equal(machine.n_rules, 1);
	}
}

/* Another tty's port is not taken for ours. */
static void the_port_is_that_of_the_tty(void **state)
{
	machine.port.tty_minor = 1;
	check(run(ctl_enable, "ttyUSB0"), CTL_FAILED,
	      "wrote " RULE "\n> apply /dev/ttyUSB0\n> restart attach@ttyUSB0\n"
	      "! ttyUSB0 is enabled, but not attached yet: \"journalctl -u attach@ttyUSB0\" may say why\n");
}

static void without_systemd(void **state)
{
	machine.has_systemd = false;
	check(run(ctl_enable, "/dev/ttyUSB0"), CTL_OK,
	      "wrote " RULE "\n> apply /dev/ttyUSB0\nsystemd does not run here: \"amshan-attach --udev "
	      "/dev/ttyUSB0\" attaches it by hand\n");
	check(run(ctl_disable, "/dev/ttyUSB0"), CTL_OK,
	      "removed " RULE "\n> apply /dev/ttyUSB0\nttyUSB0 is left alone\n");
}

static void without_udev(void **state)
{
	machine.has_udev = false;
	check(run(ctl_enable, "ttyUSB0"), CTL_OK,
	      "wrote " RULE "\nudev does not run here: the rule counts from the next time that the adapter is "
	      "plugged in\n");
	check(run(ctl_disable, "ttyUSB0"), CTL_OK,
	      "removed " RULE "\nudev does not run here: that counts from the next time that the adapter is "
	      "plugged in\n> stop attach@ttyUSB0\nttyUSB0 is left alone\n");
	/* Enabled by something that is not ours. */
	machine.adapter[0].is_enabled = true;
	check(run(ctl_disable, "ttyUSB0"), CTL_OK,
	      "ttyUSB0 is enabled by udev's list of adapters, or by a rule that is not ours\n"
	      "wrote " RULE "\nudev does not run here: that counts from the next time that the adapter is "
	      "plugged in\n> stop attach@ttyUSB0\nttyUSB0 is left alone\n");
	assert_false(machine.rule[0].enable);
}

/* ---- what failed half-way ---- */

static void said_again_after_the_service_did_not_stop(void **state)
{
	assert_int_equal(run(ctl_enable, "ttyUSB0"), CTL_OK);
	log_free();
	machine.stop = -EIO;
	assert_int_equal(run(ctl_disable, "ttyUSB0"), CTL_FAILED);
	log_free();
	check(run(ctl_disable, "ttyUSB0"), CTL_FAILED, "> stop attach@ttyUSB0\n! it does not stop\n");
	/* Its service alone is reason enough. */
	machine.n_ports = 0;
	machine.active = "activating";
	machine.stop = 0;
	check(run(ctl_disable, "ttyUSB0"), CTL_OK, "> stop attach@ttyUSB0\nttyUSB0 is left alone\n");
	machine.active = "failed";
	check(run(ctl_disable, "ttyUSB0"), CTL_FAILED, "! ttyUSB0 is not enabled\n");
}

static void said_again_after_udev_did_not_answer(void **state)
{
	assert_int_equal(run(ctl_enable, "ttyUSB0"), CTL_OK);
	log_free();
	machine.apply = -EIO;
	check(run(ctl_disable, "ttyUSB0"), CTL_FAILED,
	      "removed " RULE "\n> apply /dev/ttyUSB0\n! udev does not answer\n");
	check(run(ctl_disable, "ttyUSB0"), CTL_FAILED, "> apply /dev/ttyUSB0\n! udev does not answer\n");
	machine.apply = 0;
	check(run(ctl_disable, "ttyUSB0"), CTL_OK,
	      "> apply /dev/ttyUSB0\n> stop attach@ttyUSB0\nttyUSB0 is left alone\n");
	check_rules("");
}

/* ---- what stays as it was ---- */

static int run_given(unsigned int given, const struct serial_settings *s)
{
	char name[] = "ttyUSB0", *argv[] = { name };
	struct ctl_options o = { .argc = 1, .argv = argv, .given = given, .settings = *s };
	int status;

	log_begin();
	status = ctl_enable(&o);
	log_end();
	log_free();
	return status;
}

static void settings_that_are_not_given_stay(void **state)
{
	struct serial_settings all = { .baud = 9600, .parity = PARITY_ODD, .data = 7, .stop = 2 };
	struct serial_settings one = ftdi.settings;
	char text[SERIAL_FORMAT_MAX];

	/* Those that are not given are not looked at. */
	assert_int_equal(run_given(CTL_BAUD | CTL_STOP, &all), CTL_OK);
	assert_string_equal(serial_format(&machine.rule[0].settings, text), "9600 8N2");
	one.parity = PARITY_EVEN;
	assert_int_equal(run_given(CTL_PARITY, &one), CTL_OK);
	assert_string_equal(serial_format(&machine.rule[0].settings, text), "9600 8E2");
	assert_int_equal(run_given(CTL_DATA, &all), CTL_OK);
	assert_string_equal(serial_format(&machine.rule[0].settings, text), "9600 7E2");
	/* The rule counts, also where udev has not looked at it since. */
	machine.adapter[0].settings.baud = 300;
	assert_int_equal(run_given(0, &one), CTL_OK);
	assert_string_equal(serial_format(&machine.rule[0].settings, text), "9600 7E2");
	/* Enabled by something else: as udev says. */
	machine.n_rules = 0;
	machine.adapter[0].settings.baud = 300;
	assert_int_equal(run_given(CTL_STOP, &one), CTL_OK);
	assert_string_equal(serial_format(&machine.rule[0].settings, text), "300 7E1");
	/* One that was left alone begins anew. */
	machine.rule[0].enable = false;
	assert_int_equal(run_given(CTL_PARITY, &one), CTL_OK);
	assert_string_equal(serial_format(&machine.rule[0].settings, text), "2400 8E1");
}

/* ---- what amshand reads by itself ---- */

static int run_framing(enum link_framing framing)
{
	char name[] = "ttyUSB0", *argv[] = { name };
	struct ctl_options o = {
		.argc = 1, .argv = argv, .given = CTL_FRAMING | CTL_BAUD, .framing = framing,
		.settings.baud = 115200,
	};
	int status;

	log_begin();
	status = ctl_enable(&o);
	log_end();
	return status;
}

#define BY_AMSHAND "wrote " RULE "\n> apply /dev/ttyUSB0\nttyUSB0 is read by amshand (115200 8N1 p1)\n"

static void enabled_for_amshand(void **state)
{
	machine.reads = true;
	check(run_framing(LINK_P1), CTL_OK, BY_AMSHAND);
	assert_int_equal(machine.rule[0].framing, LINK_P1);
	/* Again, while amshand has it; what is not said stays. */
	check(run(ctl_enable, "ttyUSB0"), CTL_OK, BY_AMSHAND);
	check(run_framing(LINK_MBUS), CTL_OK,
	      "wrote " RULE "\n> apply /dev/ttyUSB0\nttyUSB0 is read by amshand (115200 8N1 mbus)\n");
	/* For the module: amshand gives it back. */
	check(run_framing(LINK_HDLC), CTL_OK,
	      "wrote " RULE "\n> apply /dev/ttyUSB0\n> restart attach@ttyUSB0\n"
	      "ttyUSB0 is attached as /dev/amshan3 (115200 8N1)\n");
	/* And back: so does the service. */
	check(run_framing(LINK_P1), CTL_OK,
	      "wrote " RULE "\n> apply /dev/ttyUSB0\n> stop attach@ttyUSB0\n"
	      "ttyUSB0 is read by amshand (115200 8N1 p1)\n");
	check(run(ctl_disable, "ttyUSB0"), CTL_OK,
	      "removed " RULE "\n> apply /dev/ttyUSB0\n> stop attach@ttyUSB0\nttyUSB0 is left alone\n");
}

static void enabled_for_amshand_that_does_not_read_it(void **state)
{
	check(run_framing(LINK_P1), CTL_FAILED,
	      "wrote " RULE "\n> apply /dev/ttyUSB0\n! ttyUSB0 is enabled (115200 8N1 p1), but amshand "
	      "does not read it yet: does amshand.service run, and has its configuration a source with "
	      "uri = \"kernel:\"? \"amshanctl status\" tells\n");
	assert_true(machine.now_us - BEGIN_US >= READER_US);
	machine.has_systemd = false;
	check(run_framing(LINK_APDU), CTL_OK,
	      "wrote " RULE "\n> apply /dev/ttyUSB0\nsystemd does not run here: amshand reads ttyUSB0 "
	      "(115200 8N1 apdu), if it hears udev\n");
}

/* By a section of its own, which knows nothing of rules. */
static void what_amshand_reads_anyway(void **state)
{
	machine.holder = "amshand";
	check(run_framing(LINK_P1), CTL_FAILED,
	      "! ttyUSB0 is in use by amshand (process 42): end that first\n");
	machine.adapter[0].is_enabled = true;
	machine.adapter[0].framing = LINK_P1;
	check(run_framing(LINK_P1), CTL_OK, BY_AMSHAND);
	check(run(ctl_disable, "ttyUSB0"), CTL_FAILED,
	      "removed " RULE "\n> apply /dev/ttyUSB0\n> stop attach@ttyUSB0\n! ttyUSB0 is not enabled "
	      "any more, but still read by amshand: a source of its configuration names it\n");
}

static void what_has_no_effect_does_not_stay(void **state)
{
	static const char *const said = "! udev does not do as the rule says: another rule says something "
					"else of ttyUSB0\n";
	char want[512];

	machine.is_foreign_no = true;
	snprintf(want, sizeof(want), "wrote " RULE "\n> apply /dev/ttyUSB0\n%sremoved " RULE "\n"
		 "> apply /dev/ttyUSB0\n", said);
	check(run(ctl_enable, "ttyUSB0"), CTL_FAILED, want);
	check_rules("");
	/* What was there before comes back, also what is none of ours. */
	machine.rule[0] = (struct rule){ .name = RULE, .text = "mine", .is_foreign = true };
	machine.n_rules = 1;
	snprintf(want, sizeof(want), "wrote " RULE "\n> apply /dev/ttyUSB0\n%srestored " RULE "\n"
		 "> apply /dev/ttyUSB0\n", said);
	check(run(ctl_enable, "ttyUSB0"), CTL_FAILED, want);
	assert_string_equal(machine.rule[0].text, "mine");
	assert_true(machine.rule[0].is_foreign);
	/* An older rule that went for it, too. */
	two_of_a_model("");
	machine.n_rules = 0;
	machine.is_foreign_no = false;
	assert_int_equal(run(ctl_enable, "ttyUSB1"), CTL_OK);
	log_free();
	machine.is_foreign_no = true;
	assert_int_equal(run_anywhere("ttyUSB1"), CTL_FAILED);
	assert_non_null(strstr(log_text, "\nrestored " IN_4 "\nremoved " MODEL "\n> apply /dev/ttyUSB1\n"));
	log_free();
	check_rules("+" IN_4 " ");
}

static void an_opt_out_without_effect_does_not_stay(void **state)
{
	machine.has_systemd = false;
	machine.is_foreign_late = true;
	assert_int_equal(run(ctl_enable, "ttyUSB0"), CTL_OK);
	log_free();
	/* Its own rule goes all the same: that was asked for. */
	check(run(ctl_disable, "ttyUSB0"), CTL_FAILED,
	      "removed " RULE "\n> apply /dev/ttyUSB0\n"
	      "ttyUSB0 is enabled by udev's list of adapters, or by a rule that is not ours\nwrote " RULE "\n"
	      "> apply /dev/ttyUSB0\n! ttyUSB0 is still enabled, by a rule of udev that is not ours\n"
	      "removed " RULE "\n> apply /dev/ttyUSB0\n");
	check_rules("");
}

/* A file of our name with something else in it is the rule that it was once. */
static void a_file_that_was_changed_beyond_recognition_goes(void **state)
{
	machine.has_systemd = false;
	machine.rule[0] = (struct rule){ .name = RULE, .text = "mine", .is_foreign = true };
	machine.n_rules = 1;
	machine.adapter[0].is_enabled = true;
	check(run(ctl_disable, "ttyUSB0"), CTL_OK, "removed " RULE "\n" ALONE("0"));
	check_rules("");
}

static void a_tty_that_is_not_given_back(void **state)
{
	assert_int_equal(run(ctl_enable, "ttyUSB0"), CTL_OK);
	log_free();
	machine.stays = true;
	check(run(ctl_disable, "ttyUSB0"), CTL_FAILED,
	      "removed " RULE "\n> apply /dev/ttyUSB0\n> stop attach@ttyUSB0\n! ttyUSB0 is not enabled any "
	      "more, but still attached as /dev/amshan3, by somebody else than attach@ttyUSB0\n");
	setup(state);
	assert_int_equal(run(ctl_enable, "ttyUSB0"), CTL_OK);
	log_free();
	machine.stop = -EIO;
	check(run(ctl_disable, "ttyUSB0"), CTL_FAILED,
	      "removed " RULE "\n> apply /dev/ttyUSB0\n> stop attach@ttyUSB0\n! it does not stop\n");
}

static void only_root(void **state)
{
	machine.is_root = false;
	check(run(ctl_enable, "ttyUSB0"), CTL_FAILED, "! only root may enable an adapter\n");
	check(run(ctl_disable, "ttyUSB0"), CTL_FAILED, "! only root may disable an adapter\n");
	check(run_enable(&ftdi.settings), CTL_FAILED,
	      "! only root may enable an adapter\n");
	assert_int_equal(machine.n_rules, 0);
}

/* The path of the settings is the caller's. */
static void a_path_is_not_kept(void **state)
{
	char path[] = "/dev/other";
	struct serial_settings s = ftdi.settings;

	s.path = path;
	assert_int_equal(run_enable(&s), CTL_OK);
	log_free();
	assert_null(machine.rule[0].settings.path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(enabled_and_attached, setup),
		cmocka_unit_test_setup(in_use, setup),
		cmocka_unit_test_setup(enabled_and_not_attached, setup),
		cmocka_unit_test_setup(the_port_is_that_of_the_tty, setup),
		cmocka_unit_test_setup(without_systemd, setup),
		cmocka_unit_test_setup(without_udev, setup),
		cmocka_unit_test_setup(a_tty_that_is_not_given_back, setup),
		cmocka_unit_test_setup(said_again_after_the_service_did_not_stop, setup),
		cmocka_unit_test_setup(said_again_after_udev_did_not_answer, setup),
		cmocka_unit_test_setup(settings_that_are_not_given_stay, setup),
		cmocka_unit_test_setup(enabled_for_amshand, setup),
		cmocka_unit_test_setup(enabled_for_amshand_that_does_not_read_it, setup),
		cmocka_unit_test_setup(what_amshand_reads_anyway, setup),
		cmocka_unit_test_setup(what_has_no_effect_does_not_stay, setup),
		cmocka_unit_test_setup(an_opt_out_without_effect_does_not_stay, setup),
		cmocka_unit_test_setup(a_file_that_was_changed_beyond_recognition_goes, setup),
		cmocka_unit_test_setup(only_root, setup),
		cmocka_unit_test_setup(a_path_is_not_kept, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
