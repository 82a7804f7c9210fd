// SPDX-License-Identifier: GPL-2.0
/*
 * Report: what of a configuration is shown; what is shown of a whole machine is tested by
 * tests/integration/test_report.py.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ctl/bugreport_config.c"
#include "ctl/bugreport_values.c"
#include "ctl/mask.c"
#include "ctl/mask_host.c"
#include "ctl/mask_said.c"
#include "ctl/mask_text.c"
#include "ctl/text.c"

#define LEFT_OUT "\nthe rest is left out: the text in quotes does not end in its line\n"

static const struct {
	const char *in;
	const char *out;
} configs[] = {
	{ "log-level = debug\n", "log-level = debug\n" },
	{ "# password = \"geheim\"\nlog-level = info // geheim\n/* geheim\n */", "\nlog-level = info \n" },
	{ "source \"house\" {\n\turi = \"kernel:\"\n\tscale = 50\n}\n",
	  "source \"house\" {\n\turi = \"kernel:\"\n\tscale = 50\n}\n" },
	{ "source house { uri = 'tcp://me.example.org:1' meter = \"7359992890941742\" }",
	  "source \"house\" { uri = \"tcp://<host1>:1\" meter = \"<meter1>\" }" },
	{ "source \"735999289094\" { meter = garage }", "source \"<number1>\" { meter = <meter1> }" },
	{ "mqtt { host = \"mqtt.example.org\" username = joe password-file = \"mqtt-password\" }",
	  "mqtt { host = \"<host1>\" username = <masked> password-file = <masked> }" },
	{ "mqtt { password-file = \"/etc/amshan-password\" psk-identity = \"joe\" psk-file=geheim }",
	  "mqtt { password-file = \"/etc/amshan-password\" psk-identity = <masked> psk-file=<masked> }" },
	{ "mqtt { port = 1883 keepalive = \"60\" tls = yes topic = \"amshan/house\" client-id = a-1 }",
	  "mqtt { port = 1883 keepalive = \"60\" tls = yes topic = \"amshan/house\" client-id = a-1 }" },
	{ "ca-file = \"/etc/ssl/ca.pem\" clock = \"utc+1\" scale = 0.5",
	  "ca-file = \"/etc/ssl/ca.pem\" clock = \"utc+1\" scale = 0.5" },
	/* mistakes: what nobody knows is secret */
	{ "mqtt { password = \"geheim\" passwrod = geheim\n }",
	  "mqtt { password = <masked> passwrod = <masked>\n }" },
	{ "mqtt { \"geheim\" geheim }", "mqtt { <masked> <masked> }" },
	{ "username joe", "username <masked>" },
	{ "x += { \"geheim\", geheim } dbus = true", "<masked> <masked>= { <masked>, <masked> } dbus = true" },
	{ "mqtt { password-file = \"ge\\\"heim\" keepalive = 60 }",
	  "mqtt { password-file = <masked> keepalive = 60 }" },
	{ "uri = \"file:/home/joe/x.hex\"", "uri = \"file:/home/<user1>/x.hex\"" },
	/* and so is what amshand would not take */
	{ "port = geheim scale = geheim tls = geheim clock = geheim log-level = geheim",
	  "port = <masked> scale = <masked> tls = <masked> clock = <masked> log-level = <masked>" },
	{ "ca-file = geheim state-directory = \"geheim\" meter = \"geheim!\" meter = ab",
	  "ca-file = <masked> state-directory = <masked> meter = <masked> meter = <masked>" },
	{ "topic = \"joe:geheim\" client-id = \"geheim geheim\"", "topic = <masked> client-id = <masked>" },
	{ "topic = \"a\x1b[2J\"", "topic = <masked>" },
	{ "topic = \"a\\x1b[2J\" topic = \"a\\\n-b\"", "topic = <masked> topic = \"a-b\"" },
	/* a secret may begin as a path does */
	{ "key-file = geheim source a { key-file = \"geheim\" }",
	  "key-file = <masked> source \"a\" { key-file = <masked> }" },
	{ "password-file = \"/geheim\" key-file = \"/geheim/x\"", "password-file = <masked> key-file = <masked>" },
	/* a variable is not what it stands for */
	{ "mqtt { host = \"${BROKER}\" username = \"${MQTT_USER}\" port = \"${PORT:-geheim}\" password = \"${PW}\" }",
	  "mqtt { host = \"${BROKER}\" username = \"${MQTT_USER}\" port = <masked> password = <masked> }" },
	/* hosts and URIs with more in them */
	{ "uri = \"mqtt://joe:p@ssw0rd@broker.lan/x\"", "uri = <masked>" },
	{ "uri = \"tcp://joe:ge/h'e im@broker.lan:1\"", "uri = <masked>" },
	{ "uri = \"tcp:joe:geheim@pi.lan:1\"", "uri = <masked>" },
	{ "uri = \"serial:/dev/x?key=00 AB CD\"", "uri = <masked>" },
	{ "uri = \"serial:/dev/x?baud=2400&key=ABCDEFABCDEF\"", "uri = <masked>" },
	{ "uri = \"tcp://meter.example.org\"", "uri = <masked>" },
	{ "host = \"joe:geheim@broker.lan\"", "host = <masked>" },
	{ "host = \"2001:db8::1\" host = \"pi.lan\" host = \"geheim:1\"",
	  "host = \"<host1>\" host = \"pi.lan\" host = <masked>" },
	/* comments close to a value, which amshand does not take */
	{ "log-level = info//geheim\ndbus = true", "log-level = <masked>\ndbus = true" },
	{ "topic = amshan/*geheim*/ dbus = true", "topic = <masked> dbus = true" },
	{ "dbus = true#geheim", "dbus = true" },
	/* only a source has a name, and not every text is one */
	{ "mqtt \"joe:geheim\" {", "mqtt <masked> {" },
	{ "mqtt broker.example.org {", "mqtt <masked> {" },
	{ "source \"joe:geheim\" {", "source <masked> {" },
	{ "source house geheim {", "source \"house\" <masked> {" },
	{ "source mqtt geheim {", "source \"mqtt\" <masked> {" },
	{ "source { geheim", "source { <masked>" },
	/* quotes that do not end in their line: what follows may be in quotes or not */
	{ "mqtt { username = \"not closed", "mqtt { username = <masked>" LEFT_OUT },
	{ "topic = \"amshan\n # the password is geheim\n password = geheim\n psk-identity = joe\n username = \"joe\"",
	  "topic = <masked>" LEFT_OUT },
	{ "host = 'localhost\nport = 1\n#joe's geheim", "host = <masked>" LEFT_OUT },
	{ "dbus = true\nmqtt \"geheim\n{ topic = \"geheim\" topic = geheim }", "dbus = true\nmqtt <masked>" LEFT_OUT },
	/* a secret wherever it stands, also before it is known to be one */
	{ "client-id = \"joe\" topic = \"amshan/joe\" username = \"joe\"",
	  "client-id = \"<user1>\" topic = \"amshan/<user1>\" username = <masked>" },
	{ "source \"garage-nr-7\" { meter = \"garage-nr-7\" }", "source \"<meter1>\" { meter = \"<meter1>\" }" },
	{ "client-id = \"broker.example.org\" host = \"broker.example.org\"",
	  "client-id = \"<host1>\" host = \"<host1>\"" },
	{ "geheim = 1 password-file = \"geheim\"", "<word1> = <masked> password-file = <masked>" },
	{ "password-file = \"g\\x65heim\" topic = geheim", "password-file = <masked> topic = <word1>" },
	/* but for words of ours */
	{ "username = amshan topic = amshan psk-identity = mqtt client-id = mqtt",
	  "username = <masked> topic = amshan psk-identity = <masked> client-id = mqtt" },
};

static char *shown(struct mask *m, const char *in)
{
	char *text = NULL;
	size_t n;
	FILE *f = open_memstream(&text, &n);

	assert_non_null(f);
	bugreport_config_text(m, in, NULL);
	bugreport_config_text(m, in, f);
	fclose(f);
	return text;
}

static void configurations_lose_comments_and_secrets(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(configs); i++) {
		struct mask m = { 0 };
		char *text = shown(&m, configs[i].in);

		if (strcmp(text, configs[i].out))
			print_error("of %s\n", configs[i].in);
		assert_string_equal(text, configs[i].out);
		assert_null(strstr(text, "geheim"));
		assert_false(m.full);
		mask_clear(&m);
		free(text);
	}
}

/* What amshand says of a secret is masked in its sentences, whole and cut, also of one that is left out. */
static void secrets_are_known_in_sentences(void **state)
{
	static const struct {
		const char *config, *said, *out;
	} rows[] = {
		{ "password-file = \"geheim\"", "password file geheim: No such file",
		  "password file <word1>: No such file" },
		{ "password-file = \"geheim\"", "key file /run/credentials/amshand.service/geheim: No such file",
		  "key file /run/credentials/amshand.service/<word1>: No such file" },
		{ "uri = \"tcp://joe:geheim\"", "host \"joe:geheim\" and \"tcp://joe:geheim\"",
		  "host \"joe:geheim\" and \"<word1>\"" },
		{ "geheim colour", "geheim: unknown key", "<word1>: unknown key" },
		/* Of several strays amshand says the first; the others are not what words are made of. */
		{ "; the meter is not attached, settings wrong", "wrong: it is not attached",
		  "wrong: it is not attached" },
		{ "; the Sesame-42", "for Sesame-42", "for <word1>" },
		{ "password = geheim", "is there another client with the id geheim",
		  "is there another client with the id <word1>" },
		{ "topic = \"a\nb\" username = joe", "for joe", "for <user1>" },
	};
	char buf[256];

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct mask m = { 0 };

		bugreport_config_text(&m, rows[i].config, NULL);
		assert_string_equal(mask_text(&m, rows[i].said, buf, sizeof(buf)), rows[i].out);
		mask_clear(&m);
	}
}

/* Whatever else the machine does. */
static u64 cpu_us(void)
{
	return clock_us(CLOCK_PROCESS_CPUTIME_ID);
}

/* Thousands of sources take no more than a moment, and none is shown. */
static void a_large_configuration(void **state)
{
	struct mask m = { 0 };
	char *text = NULL, *out, id[32];
	size_t n;
	FILE *f = open_memstream(&text, &n);
	u64 begin = cpu_us();

	assert_non_null(f);
	for (unsigned int i = 0; i < 2000; i++)
		fprintf(f, "source \"s%u\" { uri = \"kernel:\" meter = \"nr-%u\" }\n", i, i);
	fclose(f);
	out = shown(&m, text);
	for (unsigned int i = 0; i < 2000; i += 100) {
		snprintf(id, sizeof(id), "\"nr-%u\"", i);
		assert_null(strstr(out, id));
	}
	assert_false(m.full);
	assert_true(cpu_us() - begin < 20 * USEC_PER_SEC);
	mask_clear(&m);
	free(text);
	free(out);
}

/* One value of a megabyte takes no more than a moment either. */
static void a_long_value(void **state)
{
	size_t n = 1000000;
	char *text = malloc(n + 20), *out;
	struct mask m = { 0 };
	u64 begin = cpu_us();

	assert_non_null(text);
	strcpy(text, "topic = \"");
	for (size_t i = strlen(text); i < n; i++)
		text[i] = i % 2 ? 'a' : '/';
	strcpy(text + n, "\"\n");
	out = shown(&m, text);
	assert_string_equal(out, "topic = <masked>\n");
	assert_true(cpu_us() - begin < 20 * USEC_PER_SEC);
	mask_clear(&m);
	free(text);
	free(out);
}

/* Any text, in room of exactly its size. */
static void any_configuration_is_safe(void **state)
{
	static const char *const likely[] = {
		"topic", "source", "password-file", "uri", "x", "=", "=", "{", "}", "\"", "\"", "'", "\n", " ", "\\",
		"//", "/*", "*/", "#", "(", ",", "\\x4", "\\17", "@", "tcp:", "7359992890941742", "\xc3", "${",
	};
	u32 seed = 1;

	for (unsigned int i = 0; i < 5000; i++) {
		char in[512] = "", *text, *out;
		struct mask m = { 0 };

		for (unsigned int k = 0; k < i % 24; k++) {
			seed = seed * 1664525 + 1013904223;
			strcat(in, likely[(seed >> 16) % ARRAY_SIZE(likely)]);
		}
		text = strdup(in);
		assert_non_null(text);
		out = shown(&m, text);
		assert_null(strstr(out, "7359992890941742"));
		mask_clear(&m);
		free(text);
		free(out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(configurations_lose_comments_and_secrets),
		cmocka_unit_test(secrets_are_known_in_sentences),
		cmocka_unit_test(a_large_configuration),
		cmocka_unit_test(a_long_value),
		cmocka_unit_test(any_configuration_is_safe),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
