// SPDX-License-Identifier: GPL-2.0
/*
 * amshanctl enable and disable with several adapters: which rule decides about which of them.
 */
#include "ctl_machine.h"

/* udev looks at all of them, as when they are plugged in anew. */
static void all_anew(const char *enabled)
{
	char text[256] = "";

	for (size_t i = 0; i < machine.n_adapters; i++) {
		log_begin();
		udev_apply(machine.adapter[i].node, text, 0);
		log_end();
		log_free();
	}
	text[0] = '\0';
	for (size_t i = 0; i < machine.n_adapters; i++)
		if (machine.adapter[i].is_enabled)
			snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s ",
				 machine.adapter[i].name);
	assert_string_equal(text, enabled);
}

static void one_model_disabled_one_by_one(void **state)
{
	two_of_a_model("");
	assert_int_equal(run_anywhere("ttyUSB1"), CTL_OK);
	log_free();
	check(run(ctl_disable, "ttyUSB1"), CTL_OK,
	      "ttyUSB1 is enabled by a rule that is also that of ttyUSB2\n" NO_NUMBER("ttyUSB1", "disabled")
	      "wrote " IN_4 "\n" ALONE("1"));
	/* udev has not looked at it since, and it would be enabled. */
	assert_false(machine.adapter[2].is_enabled);
	check(run(ctl_disable, "ttyUSB2"), CTL_OK, "removed " MODEL "\n" ALONE("2"));
	check_rules("-" IN_4 " ");
	all_anew("");
	check(run(ctl_disable, "ttyUSB1"), CTL_FAILED, "! ttyUSB1 is not enabled\n");
	check(run(ctl_disable, "ttyUSB2"), CTL_FAILED, "! ttyUSB2 is not enabled\n");
}

static void one_model_disabled_by_its_name(void **state)
{
	two_of_a_model("");
	assert_int_equal(run_anywhere("ttyUSB1"), CTL_OK);
	log_free();
	all_anew("ttyUSB1 ttyUSB2 ");
	check(run(ctl_disable, MODEL), CTL_OK, "removed " MODEL "\n" ALONE("1") ALONE("2"));
	check_rules("");
	all_anew("");
	/* Nobody is enabled by it: both are opted out. */
	assert_int_equal(run_anywhere("ttyUSB1"), CTL_OK);
	log_free();
	assert_int_equal(run(ctl_disable, "ttyUSB1"), CTL_OK);
	log_free();
	machine.rule[2] = machine.rule[0];
	strcpy(machine.rule[2].name, IN_5);
	strcpy(machine.rule[2].place, "pci-5");
	machine.n_rules = 3;
	qsort(machine.rule, 3, sizeof(machine.rule[0]), by_name);
	check_rules("-" IN_4 " -" IN_5 " +" MODEL " ");
	check(run(ctl_disable, MODEL), CTL_OK, "removed " MODEL "\n> reload\n");
	check(run(ctl_disable, IN_4), CTL_FAILED, "! ttyUSB1 is not enabled\n");
}

static void the_same_number_disabled_one_by_one(void **state)
{
	two_of_a_model("77");
	machine.n_adapters = 2;
	check(run(ctl_enable, "ttyUSB1"), CTL_OK, "wrote " SERIAL "\n" BY_HAND("1"));
	machine.n_adapters = 3;
	all_anew("ttyUSB1 ttyUSB2 ");
	check(run(ctl_disable, "ttyUSB2"), CTL_OK,
	      "ttyUSB2 is enabled by a rule that is also that of ttyUSB1\n"
	      SAME_NUMBER("ttyUSB2", "ttyUSB1", "disabled") "wrote " IN_5 "\n" ALONE("2"));
	/* It is not ttyUSB1's rule that goes, whether that one is plugged in or not. */
	check(run(ctl_disable, "ttyUSB2"), CTL_FAILED, "! ttyUSB2 is not enabled\n");
	machine.adapter[3] = machine.adapter[1];
	machine.adapter[1] = machine.adapter[2];
	machine.n_adapters = 2;
	check(run(ctl_disable, "ttyUSB2"), CTL_FAILED, "! ttyUSB2 is not enabled\n");
	check_rules("-" IN_5 " +" SERIAL " ");
	machine.adapter[1] = machine.adapter[3];
	machine.n_adapters = 3;
	all_anew("ttyUSB1 ");
	check(run(ctl_disable, "ttyUSB1"), CTL_OK, "removed " SERIAL "\n" ALONE("1"));
	check_rules("-" IN_5 " ");
	all_anew("");
}

/* An older rule goes also if it is about others, but does not decide about them. */
static void a_rule_that_decides_about_nobody_else_goes(void **state)
{
	two_of_a_model("");
	assert_int_equal(run_anywhere("ttyUSB1"), CTL_OK);
	log_free();
	check(run(ctl_enable, "ttyUSB2"), CTL_OK,
	      NO_NUMBER("ttyUSB2", "enabled") "wrote " IN_5 "\n"
	      "kept " MODEL ": ttyUSB1 is enabled by it\n" BY_HAND("2"));
	check(run(ctl_enable, "ttyUSB1"), CTL_OK,
	      NO_NUMBER("ttyUSB1", "enabled") "wrote " IN_4 "\nremoved " MODEL "\n" BY_HAND("1"));
	all_anew("ttyUSB1 ttyUSB2 ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(one_model_disabled_one_by_one, setup),
		cmocka_unit_test_setup(one_model_disabled_by_its_name, setup),
		cmocka_unit_test_setup(the_same_number_disabled_one_by_one, setup),
		cmocka_unit_test_setup(a_rule_that_decides_about_nobody_else_goes, setup),
	};

	return cmocka_run_group_tests_name("ctl_enable_several", tests, NULL, NULL);
}
