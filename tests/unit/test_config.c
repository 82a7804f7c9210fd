// SPDX-License-Identifier: GPL-2.0
/*
 * What a configuration means, and what is said about a wrong one.
 *
 * Each test has an empty folder as its working directory; what is said goes to a file in it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config_files.h"
#include "log.h"

static void number(struct decimal d, s64 mantissa, int exponent)
{
	assert_int_equal(d.mantissa, mantissa);
	assert_int_equal(d.exponent, exponent);
}

/* ---- what it means ---- */

static void test_defaults(void **state)
{
	struct config *c = loaded("");

	assert_int_equal(c->log_level, LOG_INFO);
	assert_string_equal(c->state_dir, "/var/lib/amshan");
	assert_string_equal(c->runtime_dir, "/run/amshan");
	assert_true(c->dbus);
	assert_false(c->mqtt_enabled);
	assert_int_equal(c->n_sources, 0);
	assert_string_equal(said, "a.conf: no source is configured\n");
	config_free(c);
}

static void test_every_key(void **state)
{
	const struct source_config *s;
	struct config *c;

	write_text("all.keys", "000102030405060708090A0B0C0D0E0F");
	write_text("house.keys", "KAM4E4C5FA3A1 000102030405060708090A0B0C0D0E0F");
	chmod("all.keys", 0600);
	chmod("house.keys", 0600);
	c = loaded(
		"log-level = debug\n"
		"state-directory = \"/srv/amshan\"\n"
		"runtime-directory = \"/srv/run\"\n"
		"dbus = no\n"
		"key-file = ./all.keys\n"
		"source \"house\" {\n"
		"	uri = \"tcp://han.local:3001\"\n"
		"	meter = \"7359992890941742\"\n"
		"	clock = \"utc+1\"\n"
		"	key-file = ./house.keys\n"
		"	derive-l2 = true\n"
		"	plausibility = false\n"
		"}\n"
		"mqtt {\n"
		"	host = broker.local\n"
		"	port = 8884\n"
		"	client-id = me\n"
		"	username = user\n"
		"	password-file = ./password\n"
		"	keepalive = 30\n"
		"	tls = yes\n"
		"	ca-file = ./ca.pem\n"
		"	ca-directory = \"/etc/ssl/certs\"\n"
		"	cert-file = ./cert.pem\n"
		"	key-file = ./key.pem\n"
		"	topic = \"home/power\"\n"
		"	publish = off\n"
		"}\n");
	assert_string_equal(said, "");
	assert_int_equal(c->log_level, LOG_DEBUG);
	assert_string_equal(c->state_dir, "/srv/amshan");
	assert_string_equal(c->runtime_dir, "/srv/run");
	assert_false(c->dbus);
	assert_string_equal(c->key_file, "./all.keys");
	assert_int_equal(c->n_sources, 1);
	s = c->sources;
	assert_string_equal(s->name, "house");
	assert_string_equal(s->uri, "tcp://han.local:3001");
	assert_string_equal(s->where, "a.conf:7");
	assert_string_equal(s->key_file, "./house.keys");
	assert_string_equal(s->meter, "7359992890941742");
	assert_int_equal(s->settings.clock, CLOCK_UTC1);
	assert_true(s->settings.derive_l2);
	assert_false(s->settings.plausibility);
	assert_true(c->mqtt_enabled);
	assert_string_equal(c->mqtt.host, "broker.local");
	assert_int_equal(c->mqtt.port, 8884);
	assert_string_equal(c->mqtt.client_id, "me");
	assert_string_equal(c->mqtt.username, "user");
	assert_string_equal(c->mqtt.password_file, "./password");
	assert_int_equal(c->mqtt.keepalive_s, 30);
	assert_true(c->mqtt.tls);
	assert_string_equal(c->mqtt.ca_file, "./ca.pem");
	assert_string_equal(c->mqtt.ca_dir, "/etc/ssl/certs");
	assert_string_equal(c->mqtt.cert_file, "./cert.pem");
	assert_string_equal(c->mqtt.key_file, "./key.pem");
	assert_string_equal(c->mqtt_topic, "home/power");
	assert_false(c->mqtt_publish);
	config_free(c);
}

static void test_preshared_key(void **state)
{
	struct config *c = loaded("mqtt { host = h psk-identity = me psk-file = ./psk }\n");

	assert_string_equal(c->mqtt.psk_identity, "me");
	assert_string_equal(c->mqtt.psk_file, "./psk");
	assert_string_equal(c->mqtt_topic, "amshan");
	assert_true(c->mqtt_publish);
	config_free(c);
}

static void test_p1_checksums(void **state)
{
	static const struct {
		const char *text;
		enum p1_policy policy;
	} table[] = {
		{ "", P1_IF_SENT },
		{ "p1-checksum = if-sent", P1_IF_SENT },
		{ "p1-checksum = require", P1_REQUIRE },
		{ "p1-checksum = ignore", P1_IGNORE },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(table); i++) {
		char text[64];
		struct config *c;

		snprintf(text, sizeof(text), "source a { uri = u\n%s }", table[i].text);
		c = loaded(text);
		assert_int_equal(c->sources[0].settings.p1_checksum, table[i].policy);
		config_free(c);
	}
}

static void test_clocks(void **state)
{
	static const struct {
		const char *text;
		enum clock_kind clock;
	} table[] = {
		{ "auto", CLOCK_AUTO },	    { "message", CLOCK_WIRE }, { "utc", CLOCK_UTC },
		{ "\"utc+1\"", CLOCK_UTC1 }, { "cet", CLOCK_CET },
		{ "\"utc+2\"", CLOCK_UTC2 },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(table); i++) {
		char text[64];
		struct config *c;

		snprintf(text, sizeof(text), "source a { uri = u clock = %s }", table[i].text);
		c = loaded(text);
		assert_int_equal(c->sources[0].settings.clock, table[i].clock);
		config_free(c);
	}
}

/* Power, current and energy by one factor, each also by its own; voltage only by its own. */
static void test_scale(void **state)
{
	struct config *c = loaded("source none { uri = u scale = 1 scale-voltage = \"1.0\" }\n"
				  "source all { uri = u scale = 50 }\n"
				  "source own { uri = u scale-energy = 0.10 scale = \"50.0\" }\n"
				  "source volt { uri = u scale-voltage = \"1.005\" }\n"
				  "source rest { uri = u scale-power = 2 scale-current = 3 }\n");
	const struct scale *none = &c->sources[0].settings.scale;
	const struct scale *all = &c->sources[1].settings.scale;
	const struct scale *own = &c->sources[2].settings.scale;
	const struct scale *volt = &c->sources[3].settings.scale;
	const struct scale *rest = &c->sources[4].settings.scale;

	for (unsigned int kind = 0; kind < KIND_COUNT; kind++)
		number(none->factor[kind], 1, 0);
	assert_false(none->active);

	assert_true(all->active);
	number(all->factor[KIND_ACTIVE_POWER], 50, 0);
	number(all->factor[KIND_REACTIVE_POWER], 50, 0);
	number(all->factor[KIND_ACTIVE_ENERGY], 50, 0);
	number(all->factor[KIND_REACTIVE_ENERGY], 50, 0);
	number(all->factor[KIND_CURRENT], 50, 0);
	number(all->factor[KIND_VOLTAGE], 1, 0);
	number(all->factor[KIND_POWER_FACTOR], 1, 0);

	number(own->factor[KIND_ACTIVE_POWER], 50, 0);
	number(own->factor[KIND_CURRENT], 50, 0);
	number(own->factor[KIND_ACTIVE_ENERGY], 1, -1);
	number(own->factor[KIND_REACTIVE_ENERGY], 1, -1);

	assert_true(volt->active);
	number(volt->factor[KIND_VOLTAGE], 1005, -3);
	number(volt->factor[KIND_ACTIVE_POWER], 1, 0);

	number(rest->factor[KIND_ACTIVE_POWER], 2, 0);
	number(rest->factor[KIND_CURRENT], 3, 0);
	number(rest->factor[KIND_ACTIVE_ENERGY], 1, 0);
	config_free(c);
}

/* $STATE_DIRECTORY is the service manager's; what is configured wins. */
static void test_state_directory(void **state)
{
	struct config *c;

	setenv("STATE_DIRECTORY", "/var/lib/one:/var/lib/two", 1);
	c = loaded("");
	assert_string_equal(c->state_dir, "/var/lib/one");
	config_free(c);
	c = loaded("state-directory = ./three");
	assert_string_equal(c->state_dir, "./three");
	config_free(c);
}

/* Likewise. */
static void test_runtime_directory(void **state)
{
	struct config *c;

	setenv("RUNTIME_DIRECTORY", "/run/one:/run/two", 1);
	c = loaded("");
	assert_string_equal(c->runtime_dir, "/run/one");
	config_free(c);
	c = loaded("runtime-directory = ./three");
	assert_string_equal(c->runtime_dir, "./three");
	config_free(c);
}

static void test_credentials(void **state)
{
	const char *text = "mqtt { host = h username = u password-file = secret ca-file = ./ca }";
	struct config *c;

	setenv("CREDENTIALS_DIRECTORY", "/run/credentials/amshand.service", 1);
	c = loaded(text);
	assert_string_equal(c->mqtt.password_file, "/run/credentials/amshand.service/secret");
	assert_string_equal(c->mqtt.ca_file, "./ca");
	config_free(c);
	unsetenv("CREDENTIALS_DIRECTORY");
	c = loaded(text);
	assert_non_null(strstr(said, "a.conf:1: password-file: \"secret\" is the name of a "
				     "credential, and there are none"));
	config_free(c);
}

static void test_secret_that_everybody_can_read(void **state)
{
	const char *text = "mqtt { host = h username = u password-file = ./secret ca-file = ./ca }";
	struct config *c;

	write_text("secret", "hush\n");
	write_text("ca", "no secret\n");
	chmod("ca", 0644);
	chmod("secret", 0644);
	c = loaded(text);
	assert_non_null(strstr(said, "a.conf:1: password-file: everybody can read ./secret"));
	assert_null(strstr(said, "./ca"));
	config_free(c);
	chmod("secret", 0640);
	c = loaded(text);
	assert_null(strstr(said, "everybody"));
	config_free(c);
}

/* Comments may stand anywhere and do not move the lines. */
static void test_comments(void **state)
{
	struct config *c = loaded("# one\n"
				  "// two\n"
				  "/* three\n"
				  " * } \" '\n"
				  " */ source a { # not \" closed\n"
				  "	uri = \"tcp://h:1/*#\\\"\" /*/ } */ meter = 'm' // x\n"
				  "}\n");

	assert_string_equal(c->sources[0].uri, "tcp://h:1/*#\"");
	assert_string_equal(c->sources[0].where, "a.conf:6");
	assert_string_equal(c->sources[0].meter, "m");
	config_free(c);
}

/* Files of the folder are read in the order of their names; a later value wins, key by key. */
static void test_dropins(void **state)
{
	struct config *c;

	assert_int_equal(mkdir("a.conf.d", 0755), 0);
	write_text("a.conf.d/10.conf", "dbus = no\n"
				       "source house { scale = 10 meter = one }\n"
				       "source barn { uri = \"file:-\" }\n");
	write_text("a.conf.d/9.conf", "source house {\n meter = two }\nmqtt { topic = t }\n");
	write_text("a.conf.d/.hidden.conf", "bogus\n");
	write_text("a.conf.d/README", "bogus\n");
	c = loaded("log-level = debug\n"
		   "source house { uri = u meter = zero scale-power = 2 }\n"
		   "mqtt { host = h topic = z }\n");
	assert_string_equal(said, "");
	assert_false(c->dbus);
	assert_int_equal(c->log_level, LOG_DEBUG);
	assert_int_equal(c->n_sources, 2);
	assert_string_equal(c->sources[0].name, "house");
	assert_string_equal(c->sources[0].uri, "u");
	assert_string_equal(c->sources[0].where, "a.conf:2");
	assert_string_equal(c->sources[0].meter, "two");
	number(c->sources[0].settings.scale.factor[KIND_ACTIVE_POWER], 2, 0);
	number(c->sources[0].settings.scale.factor[KIND_CURRENT], 10, 0);
	assert_string_equal(c->sources[1].name, "barn");
	assert_string_equal(c->sources[1].where, "a.conf.d/10.conf:3");
	assert_string_equal(c->mqtt.host, "h");
	assert_string_equal(c->mqtt_topic, "t");
	config_free(c);
}

static void test_mistake_in_dropin(void **state)
{
	struct config *c = NULL;

	assert_int_equal(mkdir("a.conf.d", 0755), 0);
	assert_int_equal(mkdir("a.conf.d/30.conf", 0755), 0);
	write_text("a.conf", "dbus = 7\n");
	write_text("a.conf.d/10.conf", "\ndbus = 8\n");
	write_text("a.conf.d/20.conf", "source house { scale = 2 }\n");
	assert_int_equal(load("a.conf", &c), -EINVAL);
	assert_null(c);
	assert_string_equal(said, "a.conf:1: dbus: \"7\" is neither true nor false\n"
				  "a.conf.d/10.conf:2: dbus: \"8\" is neither true nor false\n"
				  "a.conf.d/30.conf: is a directory, not a file\n"
				  "a.conf.d/20.conf:1: uri: is missing in source \"house\"\n");
}

/* ---- what is said about a wrong one ---- */

static const struct mistake {
	const char *text;
	const char *said;	/* all of it */
} mistakes[] = {
	/* values */
	{ "log-level = loud",
	  "a.conf:1: log-level: \"loud\" is no level; debug, info, notice, warning or err is\n" },
	{ "dbus = maybe", "a.conf:1: dbus: \"maybe\" is neither true nor false\n" },
	{ "state-directory = \"\"", "a.conf:1: state-directory: is empty\n" },
	{ "state-directory = \"a\nb\"",
	  "a.conf:2: state-directory: has a control character, as a tab or a line break\n" },
	{ "source a { uri = u scale = 0 }",
	  "a.conf:1: scale: \"0\" is not a number greater than 0, as 50 or 0.5\n" },
	{ "source a { uri = u scale = -2 }",
	  "a.conf:1: scale: \"-2\" is not a number greater than 0, as 50 or 0.5\n" },
	{ "source a { uri = u scale-power = 1e3 }",
	  "a.conf:1: scale-power: \"1e3\" is not a number greater than 0, as 50 or 0.5\n" },
	{ "source a { uri = u scale-voltage = \"1,5\" }",
	  "a.conf:1: scale-voltage: \"1,5\" is not a number greater than 0, as 50 or 0.5\n" },
	{ "source a { uri = u p1-checksum = maybe }",
	  "a.conf:1: p1-checksum: \"maybe\" is none of if-sent, require, ignore\n" },
	{ "source a { uri = u clock = gmt }",
	  "a.conf:1: clock: \"gmt\" is no clock; auto, message, utc, utc+1, utc+2 or cet is\n" },
	{ "source a { uri = u\n meter = \"12 34\" }",
	  "a.conf:2: meter: \"12 34\" is no id: up to 63 letters, digits, '-' and '_' make one\n" },
	{ "mqtt { host = h port = 0 }",
	  "a.conf:1: port: \"0\" is not a whole number from 1 to 65535\n" },
	{ "mqtt { host = h port = 65536 }",
	  "a.conf:1: port: \"65536\" is not a whole number from 1 to 65535\n" },
	{ "mqtt { host = h port = -1 }",
	  "a.conf:1: port: \"-1\" is not a whole number from 1 to 65535\n" },
	{ "mqtt { host = h port = 0x50 }",
	  "a.conf:1: port: \"0x50\" is not a whole number from 1 to 65535\n" },
	{ "mqtt { host = h keepalive = 4 }",
	  "a.conf:1: keepalive: \"4\" is not a whole number from 5 to 65535\n" },
	{ "mqtt { host = \"mqtt://h\" }",
	  "a.conf:1: host: \"mqtt://h\" is no host; give its name or address alone, the port is a "
	  "key of its own\n" },
	{ "mqtt { host = h topic = \"a/#\" }",
	  "a.conf:1: topic: \"a/#\" is no base topic: it has a wildcard, + or #, in it\n" },
	{ "mqtt { host = h topic = \"a/\" }",
	  "a.conf:1: topic: \"a/\" is no base topic: it ends with /, which would be an empty "
	  "level\n" },
	{ "mqtt { host = h topic = \"/a\" }",
	  "a.conf:1: topic: \"/a\" is no base topic: it begins with /, which would be an empty "
	  "level\n" },
	{ "mqtt { host = h topic = \"$a\" }",
	  "a.conf:1: topic: \"$a\" is no base topic: it begins with $, which is the broker's own\n" },
	{ "mqtt { host = h topic = \"a\xff\" }",
	  "a.conf:1: topic: \"a\\xff\" is no base topic: it is not UTF-8\n" },

	{ "peak-hours = 6", "a.conf:1: peak-hours: \"6\" is not a number from 1 to 5\n" },
	{ "peak-hours = 0", "a.conf:1: peak-hours: \"0\" is not a number from 1 to 5\n" },
	{ "peak-window = \"Mon-Fri 7-20h\"",
	  "a.conf:1: peak-window: \"Mon-Fri 7-20h\" is no window of hours, as \"always\", \"07-20\", "
	  "\"Mon-Fri\" or \"Mon-Fri 07-20\" is\n" },
	{ "source a { uri = u main-fuse = 0 }",
	  "a.conf:1: main-fuse: \"0\" is not a whole number from 1 to 65535\n" },
	{ "mqtt { host = h discovery-prefix = \"a/+\" }",
	  "a.conf:1: discovery-prefix: \"a/+\" is no base topic: it has a wildcard, + or #, in it\n" },

	/* keys */
	{ "\n\ncolour = red\nsize = 3\ndbus = no",
	  "a.conf:3: colour: unknown key; known are here log-level, state-directory, "
	  "runtime-directory, dbus, key-file, peak-hours, peak-any-day, peak-window, and the sections "
	  "source and mqtt\n"
	  "a.conf:4: size: unknown key; known are here log-level, state-directory, "
	  "runtime-directory, dbus, key-file, peak-hours, peak-any-day, peak-window, and the sections "
	  "source and mqtt\n" },
	{ "source a { uri = u\n tls = yes }",
	  "a.conf:2: tls: unknown key; known are here uri, meter, key-file, scale, scale-power, "
	  "scale-current, scale-energy, scale-voltage, clock, p1-checksum, main-fuse, derive-l2, plausibility\n" },
	{ "mqtt { host = h\n password = x }",
	  "a.conf:2: password: unknown key; known are here host, port, client-id, username, "
	  "password-file, keepalive, tls, ca-file, ca-directory, cert-file, key-file, psk-identity, "
	  "psk-file, topic, publish, discovery, discovery-prefix\n" },
	{ "sauce a { uri = u }",
	  "a.conf:1: sauce: unknown key; known are here log-level, state-directory, "
	  "runtime-directory, dbus, key-file, peak-hours, peak-any-day, peak-window, and the sections "
	  "source and mqtt\n" },
	{ "dbus = yes\ndbus = no", "a.conf:2: dbus: is set a second time in this section\n" },
	{ "source a { uri = u\n uri = v }",
	  "a.conf:2: uri: is set a second time in this section\n" },

	/* sections */
	{ "source a {\n}", "a.conf:2: uri: is missing in source \"a\"\n" },
	{ "source a { uri = u }\nsource a { uri = v }",
	  "a.conf:2: source: a second section of the name \"a\"; the first is in line 1\n" },
	{ "source \"a b\" { uri = u meter = m }",
	  "a.conf:1: source: \"a b\" is no name: up to 63 letters, digits, '-' and '_' make one\n" },
	{ "source \"\" { }",
	  "a.conf:1: source: \"\" is no name: up to 63 letters, digits, '-' and '_' make one\n" },
	{ "source { uri = u }", "a.conf:1: missing title for section 'source'\n" },
	{ "mqtt { }", "a.conf:1: host: is missing\n" },
	{ "mqtt { host = h }\nmqtt { host = i }",
	  "a.conf:2: mqtt: a second section; there is only one broker\n" },
	{ "mqtt { host = h password-file = ./p }",
	  "a.conf:1: password-file: needs a username\n" },
	{ "mqtt { host = h cert-file = ./p }",
	  "a.conf:1: cert-file: and key-file need each other\n" },
	{ "mqtt { host = h psk-identity = p }",
	  "a.conf:1: psk-identity: and psk-file need each other\n" },
	{ "mqtt { host = h psk-identity = p psk-file = ./f ca-file = ./ca }",
	  "a.conf:1: psk-file: is another way than certificates; only one of them can be\n" },

	/* grammar */
	{ "source a {\n uri = u\n", "a.conf:1: a section begins here and does not end\n" },
	{ "dbus = no\n}", "a.conf:2: unexpected closing brace\n" },
	{ "\ndbus = \"no", "a.conf:2: a text in quotes begins here and does not end\n" },
	{ "\n/* dbus", "a.conf:2: a comment begins here and does not end\n" },
	{ "source a {\n uri = tcp://h:1\n}",
	  "a.conf:2: a value with // in it must be in quotes\n" },
	{ "source a {\n uri = u\n clock = utc+1\n}",
	  "a.conf:3: a value with + in it must be in quotes\n" },
	{ "dbus no", "a.conf:1: missing equal sign after option 'dbus'\n" },
	{ "dbus", "a.conf:1: premature end of file\n" },
	{ "dbus = { yes }", "a.conf:1: unexpected token '{'\n" },
	{ "\n\ndbus = y\x01s", "a.conf:3: is not a text file: the octet 01h is no character\n" },

	/* all of a file at once */
	{ "# comment\n"
	  "dbus = 7\n"
	  "bogus = 1\n"
	  "source a {\n"
	  "	scale = x\n"
	  "	bogus = 2\n"
	  "	clock = y\n"
	  "}\n"
	  "log-level = z\n",
	  "a.conf:2: dbus: \"7\" is neither true nor false\n"
	  "a.conf:3: bogus: unknown key; known are here log-level, state-directory, "
	  "runtime-directory, dbus, key-file, peak-hours, peak-any-day, peak-window, and the sections "
	  "source and mqtt\n"
	  "a.conf:5: scale: \"x\" is not a number greater than 0, as 50 or 0.5\n"
	  "a.conf:6: bogus: unknown key; known are here uri, meter, key-file, scale, scale-power, "
	  "scale-current, scale-energy, scale-voltage, clock, p1-checksum, main-fuse, derive-l2, plausibility\n"
	  "a.conf:7: clock: \"y\" is no clock; auto, message, utc, utc+1, utc+2 or cet is\n"
	  "a.conf:9: log-level: \"z\" is no level; debug, info, notice, warning or err is\n"
	  "a.conf:4: uri: is missing in source \"a\"\n" },
};

static void test_mistakes(void **state)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(mistakes); i++) {
		struct config *c = NULL;

		write_text("a.conf", mistakes[i].text);
		if (load("a.conf", &c) != -EINVAL || strcmp(said, mistakes[i].said))
			fail_msg("\n%s\n--- says\n%s--- instead of\n%s", mistakes[i].text, said,
				 mistakes[i].said);
		assert_null(c);
	}
}

static void test_value_too_long(void **state)
{
	static char text[8192];
	struct config *c = NULL;

	memset(text, 'x', sizeof(text) - 1);
	memcpy(text, "state-directory = ", strlen("state-directory = "));
	write_text("a.conf", text);
	assert_int_equal(load("a.conf", &c), -EINVAL);
	assert_string_equal(said, "a.conf:1: state-directory: is longer than 4095 characters\n");
}

/* However many unknown keys there are, the number of sentences is bounded. */
static void test_many_unknown_keys(void **state)
{
	FILE *f = fopen("a.conf", "w");
	struct config *c = NULL;
	unsigned int lines = 0;

	for (unsigned int i = 0; i < 1000; i++)
		fprintf(f, "key%u = 1\n", i);
	fclose(f);
	assert_int_equal(load("a.conf", &c), -EINVAL);
	for (const char *p = said; *p; p++)
		lines += *p == '\n';
	assert_in_range(lines, 10, 20);
}

static void test_too_many_sources(void **state)
{
	FILE *f = fopen("a.conf", "w");
	struct config *c = NULL;

	for (unsigned int i = 0; i < 4097; i++)
		fprintf(f, "source s%u { uri = u }\n", i);
	fclose(f);
	assert_int_equal(load("a.conf", &c), -EINVAL);
	assert_string_equal(said, "a.conf:4097: source: more than 4096 sources\n");
}

static void test_a_thousand_sources(void **state)
{
	FILE *f = fopen("a.conf", "w");
	struct config *c = NULL;

	for (unsigned int i = 0; i < 1000; i++)
		fprintf(f, "source s%u { uri = \"tcp://127.0.0.1:%u\" }\n", i, 10000 + i);
	fclose(f);
	assert_int_equal(load("a.conf", &c), 0);
	assert_int_equal(c->n_sources, 1000);
	assert_string_equal(c->sources[999].uri, "tcp://127.0.0.1:10999");
	config_free(c);
}

static void test_files_that_cannot_be(void **state)
{
	struct config *c = NULL;
	int fd;

	assert_int_equal(load("none.conf", &c), -ENOENT);
	assert_string_equal(said, "none.conf: cannot be read: No such file or directory\n");

	assert_int_equal(load(".", &c), -EISDIR);
	assert_string_equal(said, ".: is a directory, not a file\n");

	assert_int_equal(mkfifo("pipe.conf", 0600), 0);
	assert_int_equal(load("pipe.conf", &c), -EINVAL);
	assert_string_equal(said, "pipe.conf: is not a regular file\n");

	write_octets("binary.conf", "dbus = yes\n\0\xff", 13);
	assert_int_equal(load("binary.conf", &c), -EINVAL);
	assert_string_equal(said, "binary.conf:2: is not a text file: the octet 00h is no "
				  "character\n");

	fd = open("huge.conf", O_WRONLY | O_CREAT, 0600);
	assert_int_equal(ftruncate(fd, 1 << 30), 0);
	close(fd);
	assert_int_equal(load("huge.conf", &c), -EFBIG);
	assert_string_equal(said, "huge.conf: is too large to be a configuration (more than 1024 "
				  "KiB)\n");

	write_text("a.conf", "");
	write_text("a.conf.d", "");
	assert_int_equal(load("a.conf", &c), -EINVAL);
	assert_string_equal(said, "a.conf.d: cannot be read: Not a directory\n");
	assert_null(c);
}

static void test_file_without_permission(void **state)
{
	bool root = !geteuid();
	struct config *c = NULL;
	int r;

	write_text("a.conf", "");
	chmod("a.conf", 0);
	write_text("said", "");
	chmod("said", 0666);
	chmod(".", 0755);
	if (root)	/* may read everything */
		assert_int_equal(seteuid(65534), 0);
	r = load("a.conf", &c);
	if (root)
		assert_int_equal(seteuid(0), 0);
	assert_int_equal(r, -EACCES);
	assert_string_equal(said, "a.conf: cannot be read: Permission denied\n");
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, enter_folder, leave_folder)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_defaults),
		TEST(test_every_key),
		TEST(test_preshared_key),
		TEST(test_clocks),
		TEST(test_p1_checksums),
		TEST(test_scale),
		TEST(test_state_directory),
		TEST(test_runtime_directory),
		TEST(test_credentials),
		TEST(test_secret_that_everybody_can_read),
		TEST(test_comments),
		TEST(test_dropins),
		TEST(test_mistake_in_dropin),
		TEST(test_mistakes),
		TEST(test_value_too_long),
		TEST(test_many_unknown_keys),
		TEST(test_too_many_sources),
		TEST(test_a_thousand_sources),
		TEST(test_files_that_cannot_be),
		TEST(test_file_without_permission),
	};

	return cmocka_run_group_tests_name("config", tests, NULL, NULL);
}
