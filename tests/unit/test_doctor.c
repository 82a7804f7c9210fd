// SPDX-License-Identifier: GPL-2.0
/*
 * Doctor: what it says of states that are made up here; what it finds in a real world is tested by
 * tests/integration/test_doctor.py.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ctl/doctor.c"
#include "ctl/doctor_adapters.c"
#include "ctl/doctor_kernel.c"
#include "ctl/doctor_run.c"
#include "ctl/doctor_services.c"
#include "ctl/fields.c"
#include "ctl/model.c"
#include "ctl/report.c"
#include "ctl/text.c"

/* ---- the rest of the world ---- */

static struct unit_state unit;
static int unit_result;
static unsigned int unit_opened, unit_asked;
static char systemd;	/* its connection */

int unit_open(sd_bus **ret)
{
	unit_opened++;
	if (unit_result == -EHOSTDOWN)
		return unit_result;
	*ret = (sd_bus *)&systemd;
	return 0;
}

int unit_read(sd_bus *bus, const char *name, struct unit_state *ret)
{
	unit_asked++;
	assert_ptr_equal(bus, &systemd);
	if (unit_result == 0)
		*ret = unit;
	return unit_result;
}

char *unit_attach_name(const char *tty, char *buf)
{
	snprintf(buf, UNIT_TEXT_MAX, "amshan-attach@%s.service", tty);
	return buf;
}

void ctl_say(const char *fmt, ...)
{
}

void doctor_gather(struct doctor *d, const struct ctl_options *o, struct findings *l)
{
}

void doctor_clear(struct doctor *d)
{
}

void doctor_udev(struct doctor *d)
{
}

void doctor_config(struct doctor *d)
{
}

static struct findings l;
static struct ctl_options options;

static struct doctor doctor(void)
{
	l = (struct findings){ 0 };
	unit_opened = unit_asked = 0;
	unit = (struct unit_state){
		.load = "loaded", .active = "active", .sub = "running", .file = "enabled"
	};
	unit_result = 0;
	return (struct doctor){ .o = &options, .l = &l, .n_ports = -ENOENT };
}

/* The only finding, or one of them. */
static void found(size_t n, size_t i, enum finding_kind kind, const char *about, const char *text)
{
	assert_int_equal(l.n, n);
	assert_string_equal(l.f[i].about, about);
	assert_non_null(strstr(l.f[i].text, text));
	assert_int_equal(l.f[i].kind, kind);
}

/* ---- findings ---- */

static void findings_are_bounded_and_harmless(void **state)
{
	char text[2 * FINDING_TEXT_MAX];

	l = (struct findings){ 0 };
	memset(text, 'a', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	findings_add(&l, FINDING_OK, "a\033[2J", "b\n%s\r", "\xff");
	assert_string_equal(l.f[0].about, "a?[2J");
	assert_string_equal(l.f[0].text, "b???");
	findings_add(&l, FINDING_NOTE, text, "%s", text);
	assert_int_equal(strlen(l.f[1].text), FINDING_TEXT_MAX - 1);
	assert_int_equal(strlen(l.f[1].about), sizeof(l.f[1].about) - 1);
	while (l.n < FINDINGS_MAX)
		findings_add(&l, FINDING_OK, "a", "b");
	assert_false(l.wrong);
	/* What has no room still counts. */
	findings_add(&l, FINDING_WRONG, "a", "b");
	assert_int_equal(l.n, FINDINGS_MAX);
	assert_int_equal(l.more, 1);
	assert_true(l.wrong);
}

/* ---- modprobe ---- */

static void what_modprobe_says_is_explained(void **state)
{
	static const struct {
		const char *said, *means;
	} rows[] = {
		{ "modprobe: ERROR: could not insert 'amshan': Key was rejected by service\n",
		  "mokutil --import" },
		{ "modprobe: ERROR: could not insert 'amshan': Required key not available\n",
		  "mokutil --import" },
		{ "modprobe: ERROR: could not insert 'amshan': Exec format error\n",
		  "dkms autoinstall" },
		{ "insmod: ERROR: could not insert module: Invalid module format\n",
		  "dkms autoinstall" },
		{ "modprobe: ERROR: could not insert 'amshan': Device or resource busy\n",
		  "ldisc=N" },
		{ "modprobe: ERROR: could not insert 'amshan': Operation not permitted\n",
		  "container" },
		{ "Lockdown: modprobe: unsigned module loading is restricted", "locked down" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_non_null(strstr(doctor_refusal(rows[i].said), rows[i].means));
	assert_null(doctor_refusal("modprobe: FATAL: something else\n"));
	assert_null(doctor_refusal(""));
}

static void programs_are_bounded(void **state)
{
	static const char *const echo[] = { "sh", "-c", "echo one; echo two >&2; exit 3", NULL };
	static const char *const much[] = { "sh", "-c", "yes | head -c 1000000", NULL };
	static const char *const stuck[] = { "sh", "-c", "echo x; exec sleep 60", NULL };
	static const char *const none[] = { "no-such-program-of-ours", NULL };
	static const char *const killed[] = { "sh", "-c", "kill -9 $$", NULL };
	static const char *const env[] = { "sh", "-c", "echo $LC_ALL $PATH", NULL };
	char out[64];
	u64 begin;

	assert_int_equal(doctor_run(echo, 10, out, sizeof(out)), 3);
	assert_string_equal(out, "one\ntwo\n");
	assert_int_equal(doctor_run(much, 10, out, sizeof(out)), 0);
	assert_int_equal(strlen(out), sizeof(out) - 1);
	begin = mono_us();
	assert_int_equal(doctor_run(stuck, 1, out, sizeof(out)), -ETIMEDOUT);
	assert_true(mono_us() - begin < 10 * USEC_PER_SEC);
	assert_int_equal(doctor_run(none, 1, out, sizeof(out)), -ENOENT);
	assert_int_equal(doctor_run(killed, 10, out, sizeof(out)), -EINTR);
	assert_int_equal(doctor_run(env, 10, out, sizeof(out)), 0);
	assert_string_equal(out, "C /usr/sbin:/usr/bin:/sbin:/bin\n");
}

/* ---- the service ---- */

static void the_service_is_told_in_words(void **state)
{
	static const struct {
		struct unit_state u;
		bool runs;
		enum finding_kind kind;
		const char *text;
	} rows[] = {
		{ { "loaded", "active", "running", "enabled", "2 of 2 sources deliver" },
		  true,
		  FINDING_OK,
		  "amshand.service runs: 2 of 2 sources deliver" },
		{ { "loaded", "active", "running", "disabled" },
		  true,
		  FINDING_NOTE,
		  "systemctl enable amshand" },
		{ { "loaded", "inactive", "dead", "disabled" },
		  false,
		  FINDING_WRONG,
		  "systemctl enable --now" },
		{ { "loaded", "inactive", "dead", "disabled" },
		  true,
		  FINDING_NOTE,
		  "systemctl enable --now" },
		{ { "loaded", "failed", "failed", "enabled", "", "exit-code" },
		  false,
		  FINDING_WRONG,
		  "failed, as it ended with an error: journalctl" },
		{ { "loaded", "failed", "failed", "enabled", "", "start-limit-hit" },
		  false,
		  FINDING_WRONG,
		  "it ended too often" },
		{ { "loaded", "failed", "failed", "enabled", "", "a-new-word" },
		  false,
		  FINDING_WRONG,
		  "it failed" },
		{ { "loaded", "activating", "auto-restart", "enabled" },
		  false,
		  FINDING_WRONG,
		  "is activating (auto-restart)" },
		{ { "not-found", "inactive", "dead" }, false, FINDING_WRONG, "is not installed" },
		{ { "not-found", "inactive", "dead" }, true, FINDING_NOTE, "is not installed" },
		{ { "masked", "inactive", "dead", "masked" },
		  false,
		  FINDING_WRONG,
		  "systemctl unmask" },
	};
	struct doctor d;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		d = doctor();
		d.asked = rows[i].runs ? 0 : -ESRCH;
		unit = rows[i].u;
		doctor_unit(&d);
		found(1, 0, rows[i].kind, "service", rows[i].text);
	}
	d = doctor();
	unit.restarts = 12;
	doctor_unit(&d);
	found(2, 1, FINDING_NOTE, "service", "started anew 12 times");
	/* As who it runs. */
	d = doctor();
	doctor_unit(&d);
	assert_string_equal(d.user, "amshan");
	d = doctor();
	strcpy(unit.user, "joe");
	doctor_unit(&d);
	assert_string_equal(d.user, "joe");
	d = doctor();
	unit_result = -EHOSTDOWN;
	doctor_unit(&d);
	assert_string_equal(d.user, "");
	found(1, 0, FINDING_NOTE, "service", "systemd does not run here");
	d = doctor();
	unit_result = -EACCES;
	doctor_unit(&d);
	found(1, 0, FINDING_NOTE, "service", "Permission denied");
}

/* ---- amshand and the broker ---- */

static void amshand_is_told_in_words(void **state)
{
	struct config quiet = { .dbus = false };
	struct doctor d = doctor();

	strcpy(d.model.version, AMSHAN_VERSION);
	d.why.user = true;
	doctor_amshand(&d);
	found(1, 0, FINDING_OK, "amshand", "is on the session bus, with 0 meters");
	d = doctor();
	strcpy(d.model.version, "0.0.1");
	doctor_amshand(&d);
	found(1, 0, FINDING_NOTE, "amshand", "version 0.0.1 runs");
	d = doctor();
	d.asked = -ESRCH;
	strcpy(d.why.text, "amshand is not running");
	doctor_amshand(&d);
	found(1, 0, FINDING_WRONG, "amshand", "amshand is not running");
	d = doctor();
	d.asked = -ESRCH;
	d.config = &quiet;
	doctor_amshand(&d);
	found(1, 0, FINDING_NOTE, "amshand", "dbus = false");
	d = doctor();
	d.asked = -EACCES;
	d.why.denied = true;
	doctor_amshand(&d);
	found(1, 0, FINDING_NOTE, "amshand", "log in anew");
}

static void the_broker_is_told_in_words(void **state)
{
	static const struct {
		const char *state, *reason;
		enum finding_kind kind;
		const char *text;
	} rows[] = {
		{ "up", "", FINDING_OK, "is up" },
		{ "connecting", "", FINDING_NOTE, "not up yet: connecting" },
		{ "back-off", "connection refused by localhost:1883", FINDING_NOTE,
		  "apt install mosquitto" },
		{ "connecting", "connection refused by localhost:1883", FINDING_NOTE,
		  "apt install mosquitto" },
		{ "back-off", "connection refused by localhost:18830", FINDING_WRONG,
		  "refused by localhost:18830" },
		{ "back-off", "connection refused by pi:1883", FINDING_WRONG,
		  "refused by pi:1883" },
		{ "back-off", "the broker refused the user name or password", FINDING_WRONG,
		  "user name" },
	};
	struct config own = { .mqtt = { .username = (char *)"joe" } };
	struct doctor d;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		d = doctor();
		strcpy(d.model.mqtt_state, rows[i].state);
		strcpy(d.model.mqtt_reason, rows[i].reason);
		doctor_broker(&d);
		found(1, 0, rows[i].kind, "broker", rows[i].text);
	}
	/* Somebody has set it up. */
	d = doctor();
	d.config = &own;
	strcpy(d.model.mqtt_state, "back-off");
	strcpy(d.model.mqtt_reason, "connection refused by localhost:1883");
	doctor_broker(&d);
	found(1, 0, FINDING_WRONG, "broker", "connection refused by localhost:1883");
	d = doctor();
	strcpy(d.model.mqtt_state, "off");
	doctor_broker(&d);
	assert_int_equal(l.n, 0);
}

static void sources_are_told_in_words(void **state)
{
	struct model_source ok = {
		.name = "a", .health = "ok", .health_text = "readings arrive", .uri = "tcp:"
	};
	struct model_source shut = { .name = "b",
				     .health = "closed",
				     .state = "waiting",
				     .uri = "kernel:",
				     .reason = "no port is attached",
				     .health_text = "waiting: no port is attached" };
	struct model_source bad = { .name = "c",
				    .health = "bad-hcs",
				    .health_text = "flags arrive",
				    .uri = "tcp:",
				    .reason = "peer x" };
	struct model_source *all[] = { &ok, &shut, &bad };
	struct doctor d = doctor();

	d.model.sources = all;
	d.model.n_sources = 3;
	doctor_sources(&d);
	found(3, 0, FINDING_OK, "source a", "readings arrive");
	/* As it was installed, before an adapter is enabled. */
	found(3, 1, FINDING_NOTE, "source b", "waiting: no port is attached");
	found(3, 2, FINDING_WRONG, "source c", "flags arrive (peer x)");
	d = doctor();
	d.enabled = 1;
	d.model.sources = all + 1;
	d.model.n_sources = 1;
	doctor_sources(&d);
	found(1, 0, FINDING_WRONG, "source b", "no port is attached");
	d = doctor();
	doctor_sources(&d);
	found(1, 0, FINDING_WRONG, "sources", "amshand has none");
}

static void problems_of_meters(void **state)
{
	struct model_meter good = { .id = "1" };
	struct model_meter bad = { .id = "2", .problem = "voltage_l1 is 2301 V: set scale-voltage = 0.1" };
	struct model_meter *all[] = { &good, &bad };
	struct doctor d = doctor();

	d.model.meters = all;
	d.model.n_meters = 2;
	doctor_meters(&d);
	found(1, 0, FINDING_WRONG, "meter 2", "voltage_l1 is 2301 V: set scale-voltage = 0.1");
	d = doctor();
	d.model.meters = all;
	d.model.n_meters = 2;
	d.asked = -EHOSTDOWN;
	doctor_meters(&d);
	assert_int_equal(l.n, 0);
}

/* ---- adapters ---- */

static void adapters_are_told_in_words(void **state)
{
	struct adapter a = { .node = "/dev/ttyUSB0",
			     .name = "ttyUSB0",
			     .is_enabled = true,
			     .devt = makedev(188, 0),
			     .settings = { .baud = 2400, .data = 8, .stop = 1 } };
	static const struct {
		struct unit_state u;
		int result;
		const char *text;
	} rows[] = {
		{ { "loaded", "active", "running", "", "ttyUSB0 is in use by another program" },
		  0,
		  "is enabled and not attached: ttyUSB0 is in use" },
		{ { "loaded", "activating", "auto-restart", "", "ttyUSB0 is in use" },
		  0,
		  "is enabled and not attached: ttyUSB0 is in use" },
		{ { "loaded", "activating", "auto-restart" }, 0, "is activating (auto-restart)" },
		{ { "loaded", "inactive", "dead" }, 0, "was not started, or was stopped: systemctl start" },
		/* What it said before it ended. */
		{ { "loaded", "inactive", "dead", "", "ttyUSB0 is given back" },
		  0,
		  "was not started, or was stopped: systemctl start" },
		{ { "loaded", "failed", "failed", "", "ttyUSB0 is given back", "start-limit-hit" },
		  0,
		  "failed (start-limit-hit): journalctl" },
		{ { "loaded", "failed", "failed", "", "", "exit-code" },
		  0,
		  "failed (exit-code): journalctl" },
		{ { "not-found", "inactive" }, 0, "is not installed" },
		{ { "masked", "inactive" }, 0, "systemctl unmask amshan-attach@ttyUSB0.service" },
		{ { "" }, -EHOSTDOWN, "does not run here: amshan-attach /dev/ttyUSB0" },
		{ { "" }, -ETIMEDOUT, "systemd cannot be asked" },
	};
	struct doctor d;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		d = doctor();
		d.adapters = &a;
		d.n_adapters = d.enabled = 1;
		unit = rows[i].u;
		unit_result = rows[i].result;
		doctor_adapters(&d);
		found(1, 0, FINDING_WRONG, "adapter ttyUSB0", rows[i].text);
	}
	/* Wrong properties are why. */
	d = doctor();
	d.adapters = &a;
	d.n_adapters = d.enabled = 1;
	strcpy(a.settings_why, "AMSHAN_BAUD: \"fast\" is no number");
	doctor_adapters(&d);
	found(1, 0, FINDING_WRONG, "adapter ttyUSB0", "AMSHAN_BAUD: \"fast\" is no number");
	*a.settings_why = '\0';

	/* Attached. */
	d = doctor();
	d.adapters = &a;
	d.n_adapters = d.enabled = 1;
	d.n_ports = 1;
	d.ports[0] = (struct port_info){ .index = 3, .tty = "ttyUSB0", .tty_major = 188 };
	doctor_adapters(&d);
	found(1, 0, FINDING_NOTE, "adapter ttyUSB0", "no octet came");
	l.n = 0;
	d.ports[0].counter[PORT_RX_OCTETS] = 1000;
	d.ports[0].counter[PORT_HCS_ERRORS] = 12;
	d.ports[0].counter[PORT_PARITY_ERRORS] = 900;
	doctor_adapters(&d);
	found(1, 0, FINDING_WRONG, "adapter ttyUSB0",
	      "with 2400 8N1: 1000 octets and no frame, 12 HCS errors, 900 "
	      "parity errors; find the right settings by amshanctl disable /dev/ttyUSB0");
	/* Between two lists it is too early to say that. */
	l.n = 0;
	d.ports[0].attach_real_ns = (real_us() - 5 * USEC_PER_SEC) * NSEC_PER_USEC;
	doctor_adapters(&d);
	found(1, 0, FINDING_NOTE, "adapter ttyUSB0", "no whole frame yet");
	l.n = 0;
	d.ports[0].counter[PORT_FRAMES] = 5;
	doctor_adapters(&d);
	found(1, 0, FINDING_OK, "adapter ttyUSB0", "/dev/amshan3");
	/* Another tty with the same name in another numbering. */
	l.n = 0;
	d.ports[0].tty_minor = 1;
	doctor_adapters(&d);
	found(1, 0, FINDING_WRONG, "adapter ttyUSB0", "not attached");
}

/* Each of them would wait as long as the first. */
static void a_systemd_that_stands_still_is_asked_once(void **state)
{
	struct adapter a[3] = {
		{ .node = "/dev/ttyUSB0", .name = "ttyUSB0", .is_enabled = true },
		{ .node = "/dev/ttyUSB1", .name = "ttyUSB1", .is_enabled = true },
		{ .node = "/dev/ttyUSB2", .name = "ttyUSB2", .is_enabled = true },
	};
	struct doctor d = doctor();

	d.adapters = a;
	d.n_adapters = d.enabled = 3;
	unit_result = -ETIMEDOUT;
	doctor_adapters(&d);
	doctor_unit(&d);
	assert_int_equal(l.n, 4);
	found(4, 2, FINDING_WRONG, "adapter ttyUSB2", "systemd cannot be asked");
	assert_int_equal(unit_opened, 1);
	assert_int_equal(unit_asked, 1);
	/* One that answers is asked for each, on one connection. */
	d = doctor();
	d.adapters = a;
	d.n_adapters = d.enabled = 3;
	doctor_adapters(&d);
	assert_int_equal(unit_opened, 1);
	assert_int_equal(unit_asked, 3);
}

static void without_an_adapter_it_is_said_what_to_do(void **state)
{
	struct doctor d = doctor();

	doctor_adapters(&d);
	assert_int_equal(l.n, 0);
	d.kernel_source = true;
	doctor_adapters(&d);
	found(1, 0, FINDING_NOTE, "adapters", "amshanctl probe --enable DEVICE");
}

/* The module has nothing to do with it. */
static void what_amshand_reads_itself_is_told(void **state)
{
	struct adapter a = {
		.node = "/dev/null", .name = "ttyUSB0", .devt = makedev(1, 3), .is_enabled = true,
		.framing = LINK_P1,
	};
	struct model_source s = { .name = "han/X", .uri = "serial:/dev/null?udev=yes" }, *list[] = { &s };
	struct doctor d = doctor();

	d.adapters = &a;
	d.n_adapters = d.enabled = d.read = 1;
	d.kernel_source = true;
	assert_false(doctor_wants_module(&d));
	doctor_adapters(&d);
	found(1, 0, FINDING_WRONG, "adapter ttyUSB0", "needs a source with uri = \"kernel:\"");
	d.asked = -ENOENT;
	l.n = 0;
	doctor_adapters(&d);
	found(1, 0, FINDING_NOTE, "adapter ttyUSB0", "cannot be asked");
	d.asked = 0;
	d.n_ports = 1;
	d.ports[0] = (struct port_info){ .index = 3, .tty_major = 1, .tty_minor = 3 };
	l.n = 0;
	doctor_adapters(&d);
	found(1, 0, FINDING_WRONG, "adapter ttyUSB0", "attached as /dev/amshan3");
	d.model.sources = list;
	d.model.n_sources = 1;
	l.n = 0;
	doctor_adapters(&d);
	found(1, 0, FINDING_OK, "adapter ttyUSB0", "is read by amshand (P1), as source han/X");
	/* One more that is for the module, or a source that names a port, wants it. */
	d.enabled = 2;
	assert_true(doctor_wants_module(&d));
	d.enabled = 1;
	d.port_source = true;
	assert_true(doctor_wants_module(&d));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(findings_are_bounded_and_harmless),
		cmocka_unit_test(what_modprobe_says_is_explained),
		cmocka_unit_test(programs_are_bounded),
		cmocka_unit_test(the_service_is_told_in_words),
		cmocka_unit_test(amshand_is_told_in_words),
		cmocka_unit_test(the_broker_is_told_in_words),
		cmocka_unit_test(sources_are_told_in_words),
		cmocka_unit_test(problems_of_meters),
		cmocka_unit_test(adapters_are_told_in_words),
		cmocka_unit_test(a_systemd_that_stands_still_is_asked_once),
		cmocka_unit_test(without_an_adapter_it_is_said_what_to_do),
		cmocka_unit_test(what_amshand_reads_itself_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
