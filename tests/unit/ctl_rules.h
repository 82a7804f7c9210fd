/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Adapters as udev describes them, and rules made of them, for tests.
 *
 * The rooms of amshanctl are no library, so their sources are compiled in here.
 */
#ifndef AMSHAN_TESTS_CTL_RULES_H
#define AMSHAN_TESTS_CTL_RULES_H

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
#include "ctl/rule_text.c"
#include "ctl/text.c"

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

static inline struct rule make(const struct adapter *a, bool anywhere, const char *twin)
{
	struct rule r;

	assert_int_equal(rule_make(a, anywhere ? RULE_ENABLE_ANYWHERE : RULE_ENABLE, twin, &r, note, why,
				   RULE_WHY_MAX), 0);
	return r;
}

static inline void check_same(const struct rule *a, const struct rule *b)
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
	assert_int_equal(a->framing, b->framing);
}

#define NOT_OURS "it is not as \"amshanctl enable\" writes it, and cannot be understood"

#endif /* AMSHAN_TESTS_CTL_RULES_H */
