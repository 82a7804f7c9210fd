// SPDX-License-Identifier: GPL-2.0
/*
 * Telegrams of P1: what a line becomes, and which readings of which meter a telegram has.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "dlms/axdr.h"
#include "meter/message.h"
#include "meter/telegram.h"
#include "util.h"

static struct cosem_list list;
static struct telegram head;
static struct message msg;

/* ---- digits ---- */

static struct axdr digits(const char *text)
{
	return (struct axdr){ .tag = AXDR_DIGITS, .data = (const u8 *)text, .len = (u16)strlen(text) };
}

static void digits_are_integers(void **state)
{
	static const struct {
		const char *text;
		int r;
		s64 value;
	} rows[] = {
		{ "0", 0, 0 },
		{ "00000896.020", 0, 896020 },
		{ "-0.5", 0, -5 },
		{ "-0", 0, 0 },
		{ "999999999999999999", 0, 999999999999999999 },
		{ "0000000000000000000000001.5", 0, 15 },
		{ "1000000000000000000", -ERANGE, 0 },
		{ "-1000000000000000000", -ERANGE, 0 },
		{ "", -EINVAL, 0 },
		{ "-", -EINVAL, 0 },
		{ ".", -EINVAL, 0 },
		{ "1-", -EINVAL, 0 },
		{ "+1", -EINVAL, 0 },
		{ "1e3", -EINVAL, 0 },
		{ " 1", -EINVAL, 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct axdr e = digits(rows[i].text);
		s64 v = 77;

		if (axdr_integer(&e, &v) != rows[i].r || v != (rows[i].r ? 77 : rows[i].value))
			fail_msg("\"%s\": %lld", rows[i].text, (long long)v);
	}
}

/* The tag is ours: a message that has it is malformed. */
static void digits_come_from_no_message(void **state)
{
	static const u8 wire[] = { AXDR_DIGITS, 0x01, '5' }, in_list[] = { 0x02, 0x01, AXDR_DIGITS, 0x01, '5' };
	const u8 *p = wire;
	struct axdr e;

	assert_null(axdr_tag_name(AXDR_DIGITS));
	assert_int_equal(axdr_next(&p, wire + sizeof(wire), &e), -EBADMSG);
	p = wire;
	assert_int_equal(axdr_skip(&p, wire + sizeof(wire)), -EBADMSG);
	p = in_list;
	assert_int_equal(list_parse(&p, in_list + sizeof(in_list), &list), -EBADMSG);
	e = digits("5");
	assert_int_equal(axdr_float(&e, &(double){ 0 }), -EINVAL);
}

/* ---- lines ---- */

static int parse(const char *text)
{
	return telegram_parse((const u8 *)text, strlen(text), &head, &list);
}

static const struct {
	const char *line;
	const char *registers;	/* "CODE=DIGITS^SCALER[UNIT]" or "CODE=\"TEXT\"" */
} lines[] = {
	{ "1-0:1.8.0(00000896.020*kWh)", "1-0:1.8.0=00000896.020^0[30]" },
	{ "1-0:1.7.0(0001.011*kW)", "1-0:1.7.0=0001.011^0[27]" },
	{ "1-0:1.7.0(12*kW)", "1-0:1.7.0=12^3[27]" },
	{ "1-0:1.7.0(-1.5*kW)", "1-0:1.7.0=-1.5^2[27]" },
	{ "1-0:1.7.0(1*W)(2*MW)", "1-0:1.7.0=1^0[27] 1-0:1.7.0=2^6[27]" },
	{ "1-0:1.8.0(1*Wh)(2*MWh)(3*KWH)", "1-0:1.8.0=1^0[30] 1-0:1.8.0=2^6[30] 1-0:1.8.0=3^3[30]" },
	{ "1-0:3.7.0(0.308*kVAr)(0.308*kvar)(1*VAR)", "1-0:3.7.0=0.308^0[29] 1-0:3.7.0=0.308^0[29] 1-0:3.7.0=1^0[29]" },
	{ "1-0:3.8.0(518.309*kVArh)(1*varh)(1.0*Mvarh)",
	  "1-0:3.8.0=518.309^0[32] 1-0:3.8.0=1^0[32] 1-0:3.8.0=1.0^5[32]" },
	{ "1-0:9.7.0(1.0*kVA)(1*VA)", "1-0:9.7.0=1.0^2[28] 1-0:9.7.0=1^0[28]" },
	{ "1-0:9.8.0(1.0*kVAh)(1*VAh)", "1-0:9.8.0=1.0^2[31] 1-0:9.8.0=1^0[31]" },
	{ "1-0:32.7.0(230.1*V)(0.23*kV)", "1-0:32.7.0=230.1^-1[35] 1-0:32.7.0=0.23^1[35]" },
	{ "1-0:31.7.0(000.60*A)(600*mA)", "1-0:31.7.0=000.60^-2[33] 1-0:31.7.0=600^-3[33]" },
	{ "1-0:14.7.0(50.01*Hz)", "1-0:14.7.0=50.01^-2[44]" },
	{ "1-0:14.7.0(5*h)(5*s)(5*%)", "1-0:14.7.0=5^0[5] 1-0:14.7.0=5^0[7] 1-0:14.7.0=5^0[56]" },
	{ "0-1:24.2.1(180924130000S)(04890.857*m3)", "0-1:24.2.1=\"180924130000S\" 0-1:24.2.1=04890.857^-3[13]" },
	{ "0-1:24.2.1(1.5*GJ)(2*MJ)(3*kJ)(4*J)",
	  "0-1:24.2.1=1.5^8[25] 0-1:24.2.1=2^6[25] 0-1:24.2.1=3^3[25] 0-1:24.2.1=4^0[25]" },
	{ "1-0:1.8.0*255(1*kWh)", "1-0:1.8.0=1^3[30]" },
	{ "1-0:1.8.0*1(1*kWh)", "1-0:1.8.0.1=1^3[30]" },
	{ "255-255:255.255.255*0(1*kWh)", "255-255:255.255.255.0=1^3[30]" },
	{ "1-3:0.2.8(42)", "1-3:0.2.8=\"42\"" },
	{ "0-0:96.7.21(00015)", "0-0:96.7.21=\"00015\"" },
	{ "0-0:96.13.0()", "0-0:96.13.0=\"\"" },
	{ "0-0:96.13.0(a!b/c)", "0-0:96.13.0=\"a!b/c\"" },
	{ "1-0:1.7.0(1*xyz)", "1-0:1.7.0=\"1*xyz\"" },
	{ "1-0:1.7.0(1*kilowatts)", "1-0:1.7.0=\"1*kilowatts\"" },
	{ "1-0:1.7.0(*kW)(.*kW)(-*kW)(1.2.3*kW)(1*)",
	  "1-0:1.7.0=\"*kW\" 1-0:1.7.0=\".*kW\" 1-0:1.7.0=\"-*kW\" 1-0:1.7.0=\"1.2.3*kW\" 1-0:1.7.0=\"1*\"" },
	{ "1-0:1.7.0(.5*kW)(5.*kW)", "1-0:1.7.0=.5^2[27] 1-0:1.7.0=5.^3[27]" },
	{ "1-0:1.7.0(1*MA)", "1-0:1.7.0=\"1*MA\"" },
	{ "1-0:1.7.0(1*kW)  ", "1-0:1.7.0=1^3[27]" },
	{ "1-0:1.7.0(11111111111111111111111111111111111111111*kW)",
	  "1-0:1.7.0=\"11111111111111111111111111111111111111111*kW\"" },
	{ "1-0:99.97.0(1)(0-0:96.7.19)(170520130938S)(0000005627*s)",
	  "1-0:99.97.0=\"1\" 1-0:99.97.0=\"0-0:96.7.19\" 1-0:99.97.0=\"170520130938S\" "
	  "1-0:99.97.0=0000005627^0[7]" },
	{ "0-1:24.3.0(090212160000)(00)(60)(1)(0-1:24.2.1)(m3)\n(00001.250)",
	  "0-1:24.3.0=\"090212160000\" 0-1:24.3.0=\"00\" 0-1:24.3.0=\"60\" 0-1:24.3.0=\"1\" "
	  "0-1:24.3.0=\"0-1:24.2.1\" 0-1:24.3.0=\"m3\" 0-1:24.2.1=00001.250^-3[13]" },
	{ "0-1:24.3.0(090212160000)(0-1:24.2.1)(m3)\n(1)(2*GJ)\n1-0:1.7.0(1*kW)\n(2)",
	  "0-1:24.3.0=\"090212160000\" 0-1:24.3.0=\"0-1:24.2.1\" 0-1:24.3.0=\"m3\" 0-1:24.2.1=1^0[13] "
	  "0-1:24.2.1=2^9[25] 1-0:1.7.0=1^3[27] 1-0:1.7.0=\"2\"" },
	/* No lines of P1, but no faults either. */
	{ "free text", "" },
	{ "1.8.0", "" },
	{ "1-0:1.8.0", "" },
	{ "1-0:1.8(1)", "" },
	{ "256-0:1.8.0(1*kWh)", "" },
	{ "1-0:1.8.0000(1*kWh)", "" },
	{ "1-0:1.8.0*(1*kWh)", "" },
	{ "(1*kWh)", "" },
	{ "-", "" },
	{ "\n\n1-0:1.7.0(1*kW)\n\n", "1-0:1.7.0=1^3[27]" },
};

static void registers_text(char *buf, size_t size)
{
	size_t n = 0;

	buf[0] = '\0';
	for (unsigned int i = 0; i < list.n; i++) {
		const struct cosem_register *reg = &list.reg[i];
		char code[OBIS_TEXT_MAX];

		obis_text(reg->obis, code);
		assert_int_equal(reg->value.count, reg->value.len);
		n += (size_t)snprintf(buf + n, size - n, "%s%s=", i ? " " : "", code);
		if (reg->value.tag == AXDR_DIGITS) {
			assert_true(reg->scaled);
			n += (size_t)snprintf(buf + n, size - n, "%.*s^%d[%u]", reg->value.len,
					      (const char *)reg->value.data, reg->scaler, reg->unit);
		} else {
			assert_int_equal(reg->value.tag, AXDR_VISIBLE_STRING);
			assert_false(reg->scaled);
			n += (size_t)snprintf(buf + n, size - n, "\"%.*s\"", reg->value.len,
					      (const char *)reg->value.data);
		}
		assert_true(n < size);
	}
}

static void lines_become_registers(void **state)
{
	static const char *const around[][2] = {
		{ "/ABC5\\2TYPE\r\n\r\n", "\r\n!1234" },
		{ "/ABC5\\2TYPE\n", "\n!\r\n" },
		{ "", "\n" },
		{ "", "\r\n!" },
	};
	char text[1024], got[1024];

	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		for (size_t k = 0; k < ARRAY_SIZE(around); k++) {
			snprintf(text, sizeof(text), "%s%s%s", around[k][0], lines[i].line, around[k][1]);
			assert_int_equal(parse(text), 0);
			registers_text(got, sizeof(got));
			if (strcmp(got, lines[i].registers))
				fail_msg("%s: %s, not %s", lines[i].line, got, lines[i].registers);
			assert_int_equal(list.shape, LIST_TELEGRAM);
			assert_true((head.flag != NULL) == (k < 2));
		}
	}
}

static void broken_lines_are_refused(void **state)
{
	static const char *const broken[] = {
		"1-0:1.7.0(0001.234*kW",
		"1-0:1.7.0(0001.2",
		"1-0:1.7.0(",
		"1-0:1.7.0(1*kW)x",
		"1-0:1.7.0(1*kW))",
		"1-0:1.7.0((1*kW)",
		"1-0:1.7.0(001-0:2.7.0(1*kW)",
		"1-0:1.7.0(1*k\x01W)",
		"1-0:1.7.0(ab\x7f)",
		"1-0:1.7.0(ab\xc3\xa5)",
		"1-0:1.7.0(1*kW)(",
		"1-0:1.7.0(1*kW)\n(2",
		"free\ttext",
		"free text\x80",
		"\r\r",
	};
	char text[256];

	for (size_t i = 0; i < ARRAY_SIZE(broken); i++) {
		snprintf(text, sizeof(text), "/ABC5\r\n\r\n1-0:2.7.0(1*kW)\r\n%s\r\n!", broken[i]);
		if (parse(text) != -EBADMSG)
			fail_msg("%s", broken[i]);
	}
}

static void what_follows_the_mark_is_not_looked_at(void **state)
{
	assert_int_equal(parse("/ABC5\r\n\r\n1-0:1.7.0(1*kW)\r\n!\1\2\3(\r\n1-0:2.7.0(1*kW)\r\n"), 0);
	assert_int_equal(list.n, 1);
	assert_int_equal(list.elements, 1);
}

static void a_text_that_is_cut_off_is_refused(void **state)
{
	static const char whole[] = "/ABC5\r\n\r\n1-0:1.7.0(1*kW)\r\n1-0:2.7.0(1*kW)\r\n!";

	for (size_t n = 0; n < sizeof(whole); n++) {
		bool ends = n == 0 || whole[n - 1] == '\n' || whole[n - 1] == '!' || n == sizeof(whole);

		if (telegram_parse((const u8 *)whole, n, &head, &list) != (ends ? 0 : -EBADMSG))
			fail_msg("%zu octets", n);
	}
}

static void there_are_not_too_many_values(void **state)
{
	static char text[8192];
	size_t n = 0;

	for (unsigned int i = 0; i < LIST_MAX; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "1-0:1.7.0(%u*kW)\r\n", i);
	assert_int_equal(parse(text), 0);
	assert_int_equal(list.n, LIST_MAX);
	snprintf(text + n, sizeof(text) - n, "1-0:1.7.0(1*kW)\r\n");
	assert_int_equal(parse(text), -E2BIG);
}

static void identifications_have_parts(void **state)
{
	static const struct {
		const char *text, *flag, *type;
	} rows[] = {
		{ "/LGF5E360\r\n", "LGF", "E360" },
		{ "/ELL5\\253833635_A\r\n", "ELL", "53833635_A" },
		{ "/KAM5\r\n", "KAM", "" },
		{ "/KAM\r\n", "KAM", "" },
		{ "/Ene5\\T210-D ESMR5.0 \r\n", "Ene", "T210-D ESMR5.0" },
		{ "/KAM5\\\r\n", "KAM", "" },
		{ "/KAM5\\2\r\n", "KAM", "" },
		{ "/KA5\r\n", NULL, NULL },
		{ "/K\r\n", NULL, NULL },
		{ "1-0:1.7.0(1*kW)\r\n", NULL, NULL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_int_equal(parse(rows[i].text), 0);
		if (!rows[i].flag) {
			assert_null(head.flag);
			continue;
		}
		assert_memory_equal(head.flag, rows[i].flag, 3);
		assert_int_equal(head.type_len, strlen(rows[i].type));
		assert_memory_equal(head.type, rows[i].type, head.type_len);
	}
}

/* ---- readings ---- */

static struct decoder decoder;

/* All meters of a telegram as text: "CHANNEL name=value name=value...; CHANNEL ..." */
static const char *meters_of(const char *lines_text)
{
	static char text[4096], got[4096];
	unsigned int channel = 0;
	size_t n = 0;
	int r;

	snprintf(text, sizeof(text), "/ABC5\\2TYPE\r\n\r\n%s!\r\n", lines_text);
	got[0] = '\0';
	while ((r = message_next_telegram(&decoder, (const u8 *)text, strlen(text), &channel, &msg)) == 0) {
		n += (size_t)snprintf(got + n, sizeof(got) - n, "%s%u", n ? "; " : "", msg.channel);
		for (unsigned int i = 0; i < ID_COUNT; i++) {
			const struct text *t = &msg.readings.identity[i];

			if (t->p && i != ID_MANUFACTURER && (i != ID_METER_TYPE || msg.channel))
				n += (size_t)snprintf(got + n, sizeof(got) - n, " %s=%.*s", identity_names[i],
						      t->len, t->p);
		}
		for_each_reading(q, &msg.readings) {
			char value[DECIMAL_TEXT_MAX];

			decimal_text(msg.readings.value[q], value);
			n += (size_t)snprintf(got + n, sizeof(got) - n, " %s=%s", quantity_table[q].name, value);
		}
		if (msg.readings.has_time) {
			char iso[COSEM_TIME_ISO_MAX];

			cosem_time_iso(&msg.readings.time, iso);
			n += (size_t)snprintf(got + n, sizeof(got) - n, " %s", iso);
		}
		assert_true(n < sizeof(got));
		assert_int_equal(msg.kind, readings_any(&msg.readings) ? MESSAGE_READINGS :
									 MESSAGE_UNKNOWN_LIST);
	}
	if (r != -ENODATA)
		snprintf(got, sizeof(got), "error %d", -r);

	return got;
}

static void telegrams_have_readings(void **state)
{
	static const struct {
		const char *text, *meters;
	} rows[] = {
		{ "1-0:1.7.0(0001.011*kW)\r\n", "0 active_power_import=1011" },
		{ "1-0:3.8.0(00000518.309*kVArh)\r\n", "0 reactive_energy_import=518309" },
		{ "1-0:1.7.0(1.0115*kW)\r\n", "0 active_power_import=1011.5" },
		{ "1-0:31.7.0(002.0*A)\r\n1-0:32.7.0(230.1*V)\r\n", "0 current_l1=2.0 voltage_l1=230.1" },
		{ "1-0:1.8.1(011522.839*kWh)\r\n1-0:2.8.2(000000.001*kWh)\r\n",
		  "0 active_energy_import_t1=11522839 active_energy_export_t2=1" },
		/* Another unit than that of the quantity, or none. */
		{ "1-0:1.7.0(1*kvar)\r\n1-0:2.7.0(5)\r\n", "0" },
		/* A ratio has no unit, a name is no number. */
		{ "1-3:0.2.8(42)\r\n", "0 list_version=42" },
		{ "1-0:13.7.0(0.95)\r\n1-0:33.7.0(1)\r\n1-0:53.7.0(-0.984)\r\n",
		  "0 power_factor=0.95 power_factor_l1=1 power_factor_l2=-0.984" },
		{ "1-0:13.7.0(0.9.5)\r\n1-0:33.7.0(.)\r\n1-0:53.7.0()\r\n1-0:73.7.0(one)\r\n", "0" },
		{ "1-3:0.2.8(50)\r\n0-0:96.1.4(50217)\r\n", "0 list_version=50217" },
		{ "0-0:1.0.0(180924132132S)\r\n", "0 2018-09-24T13:21:32" },
		{ "0-0:1.0.0(181324132132S)\r\n", "0" },
		{ "0-0:1.0.0(18092413213S)\r\n", "0" },
		{ "0-0:1.0.0(180924132132X)\r\n", "0" },
		{ "0-0:1.0.0(180924132132)\r\n", "0 2018-09-24T13:21:32" },
		/* Numbers of meters: hex digits of characters, or as they are. */
		{ "0-0:96.1.1(4532323036303137363437393334353135)\r\n", "0 meter_id=E2206017647934515" },
		{ "0-0:96.1.1(453232303630313736343739333435313)\r\n", "0 meter_id=453232303630313736343739333435313" },
		{ "0-0:96.1.0(7359992890941742)\r\n", "0 meter_id=7359992890941742" },
		{ "0-0:96.1.0(22334455)\r\n", "0 meter_id=22334455" },
		{ "0-0:96.1.0(41424344)\r\n", "0 meter_id=41424344" },
		{ "0-0:96.1.0(31320A34)\r\n", "0 meter_id=31320A34" },
		{ "0-0:42.0.0(53414731303330373030303030303031)\r\n", "0 meter_id=SAG1030700000001" },
		{ "0-0:42.0.0(AB)\r\n0-0:96.1.0(12)\r\n", "0 meter_id=12" },
		{ "0-0:96.1.0(12)\r\n0-0:42.0.0(AB)\r\n0-0:96.1.1()\r\n", "0 meter_id=12" },
		/* A time is when a value was captured only next to one. */
		{ "0-1:24.1.0(003)\r\n0-1:96.1.2(241231120000)\r\n0-1:24.2.1(1*m3)\r\n",
		  "0; 1 meter_type=gas gas_volume=1" },
		{ "0-1:24.1.0(003)\r\n0-1:96.1.1(47303031)\r\n0-1:96.1.0()\r\n0-1:24.2.1(1*m3)\r\n",
		  "0; 1 meter_id=G001 meter_type=gas gas_volume=1" },
		/* Channels are other meters. */
		{ "1-0:1.7.0(1*kW)\r\n0-1:24.1.0(003)\r\n0-1:96.1.0(4731303138333430)\r\n"
		  "0-1:24.2.1(180924130000S)(04890.857*m3)\r\n",
		  "0 active_power_import=1000; 1 meter_id=G1018340 meter_type=gas gas_volume=4890.857 "
		  "2018-09-24T13:00:00" },
		{ "0-2:24.2.1(180924130000S)(1*m3)\r\n1-0:1.7.0(1*kW)\r\n0-1:24.2.1(180924140000W)(1*GJ)\r\n"
		  "0-2:96.1.0(77)\r\n0-4:24.2.1(1*m3)\r\n0-3:24.1.0(003)\r\n",
		  "0 active_power_import=1000; 1 2018-09-24T14:00:00; 2 meter_id=77 2018-09-24T13:00:00; 4" },
		{ "0-1:24.3.0(090212160000)(00)(60)(1)(0-1:24.2.1)(m3)\r\n(00001.250)\r\n",
		  "0; 1 2009-02-12T16:00:00" },
		{ "0-1:24.1.0(003)\r\n0-1:96.1.0()\r\n", "0" },
		{ "", "0" },
		{ "1-0:1.7.0(1*kW\r\n", "error 74" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const char *got = meters_of(rows[i].text);

		if (strcmp(got, rows[i].meters))
			fail_msg("%s: \"%s\", not \"%s\"", rows[i].text, got, rows[i].meters);
	}
}

static void registers_stand_with_their_meter(void **state)
{
	static const char text[] = "/ABC5\r\n\r\n0-1:24.2.1(180924130000S)(1*m3)\r\n1-0:1.7.0(1*kW)\r\n"
				   "0-2:24.2.1(2*m3)\r\n0-0:1.0.0(180924132132S)\r\n!";
	unsigned int channel = 0;

	assert_int_equal(message_next_telegram(&decoder, (const u8 *)text, sizeof(text) - 1, &channel, &msg), 0);
	assert_int_equal(msg.list.n, 2);
	assert_true(msg.list.reg[0].obis == OBIS(1, 0, 1, 7, 0, 255));
	assert_true(msg.list.reg[1].obis == OBIS(0, 0, 1, 0, 0, 255));
	assert_int_equal(msg.unnamed, 0);
	assert_int_equal(message_next_telegram(&decoder, (const u8 *)text, sizeof(text) - 1, &channel, &msg), 0);
	assert_int_equal(msg.channel, 1);
	assert_int_equal(msg.list.n, 2);
	assert_true(msg.list.reg[1].obis == OBIS(0, 1, 24, 2, 1, 255));
	assert_int_equal(message_next_telegram(&decoder, (const u8 *)text, sizeof(text) - 1, &channel, &msg), 0);
	assert_int_equal(msg.channel, 2);
	assert_int_equal(msg.list.n, 1);
	assert_int_equal(message_next_telegram(&decoder, (const u8 *)text, sizeof(text) - 1, &channel, &msg),
			 -ENODATA);
}

static void makers_are_told_by_their_letters(void **state)
{
	static const struct {
		const char *ident, *maker;
	} rows[] = {
		{ "/KAM5", "Kamstrup" },	  { "/KMP5 KA6U001660297912", "Kamstrup" },
		{ "/LGF5E360", "Landis+Gyr" },	  { "/XMX5LGBBFFB231314239", "Landis+Gyr" },
		{ "/XMX5XMXABCE000056546", "Xemex" }, { "/ISk5\\2MT382-1000", "Iskraemeco" },
		{ "/KFM5KAIFA-METER", "Kaifa" },  { "/ELL5\\253833635_A", "ELL" },
		{ "/Zzz5", "Zzz" },		  { "/ADN9 6534", "Aidon" },
	};
	char text[128];

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct text *t = &msg.readings.identity[ID_MANUFACTURER];
		unsigned int channel = 0;

		snprintf(text, sizeof(text), "%s\r\n\r\n!", rows[i].ident);
		assert_int_equal(message_next_telegram(&decoder, (const u8 *)text, strlen(text), &channel, &msg), 0);
		if (t->len != strlen(rows[i].maker) || memcmp(t->p, rows[i].maker, t->len))
			fail_msg("%s: %.*s", rows[i].ident, t->len, t->p);
		assert_non_null(msg.maker);
		assert_non_null(msg.maker->name);
	}
}

static void clocks_are_those_of_the_country(void **state)
{
	static const struct {
		const char *what, *text;
		enum clock_kind clock;
		u8 status;
	} rows[] = {
		{ "Sweden", "1-0:1.8.0(1*kWh)\r\n1-0:1.7.0(1*kW)\r\n", CLOCK_UTC1, COSEM_STATUS_DST },
		{ "Netherlands", "1-3:0.2.8(50)\r\n1-0:1.8.1(1*kWh)\r\n", CLOCK_CET, COSEM_STATUS_DST },
		{ "Netherlands, DSMR 2", "1-0:1.8.1(1*kWh)\r\n", CLOCK_CET, COSEM_STATUS_DST },
		{ "Belgium", "0-0:96.1.4(50217)\r\n1-0:1.8.1(1*kWh)\r\n", CLOCK_CET, COSEM_STATUS_DST },
		{ "Luxembourg", "0-0:42.0.0(AB)\r\n1-0:1.8.0(1*kWh)\r\n", CLOCK_CET, COSEM_STATUS_DST },
		{ "tariff", "0-0:96.14.0(0001)\r\n1-0:1.8.0(1*kWh)\r\n", CLOCK_CET, COSEM_STATUS_DST },
		{ "anybody", "1-0:1.7.0(1*kW)\r\n", CLOCK_WIRE, COSEM_STATUS_DST },
	};
	char text[256];

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		unsigned int channel = 0;

		snprintf(text, sizeof(text), "/KAM5\r\n\r\n0-0:1.0.0(180924132132S)\r\n%s0-1:24.2.1(1*m3)\r\n!",
			 rows[i].text);
		assert_int_equal(message_next_telegram(&decoder, (const u8 *)text, strlen(text), &channel, &msg), 0);
		if (msg.maker->clock != rows[i].clock)
			fail_msg("%s", rows[i].what);
		assert_int_equal(msg.readings.time.status, rows[i].status);
		assert_int_equal(msg.readings.time.deviation, COSEM_DEVIATION_NONE);
		assert_int_equal(message_next_telegram(&decoder, (const u8 *)text, strlen(text), &channel, &msg), 0);
		assert_int_equal(msg.maker->clock, rows[i].clock);
	}
}

/* Any text cut short or with an octet changed: a result, and nothing outside of it. */
static void no_text_is_too_strange(void **state)
{
	static const char whole[] =
		"/ABC5\\2TYPE\r\n\r\n1-3:0.2.8(42)\r\n0-0:1.0.0(180924132132S)\r\n1-0:1.7.0(00.503*kW)\r\n"
		"0-1:24.3.0(090212160000)(00)(60)(1)(0-1:24.2.1)(m3)\r\n(00001.250)\r\n"
		"0-0:96.1.1(4532323036)\r\n!";
	u32 rng = 1;

	for (unsigned int round = 0; round < 40000; round++) {
		size_t n = round < sizeof(whole) ? round : sizeof(whole) - 1;
		u8 *copy = malloc(n + !n);
		unsigned int channel = 0;

		assert_non_null(copy);
		memcpy(copy, whole, n);
		if (round >= sizeof(whole)) {
			rng ^= rng << 13;
			rng ^= rng >> 17;
			rng ^= rng << 5;
			copy[rng % n] = rng >> 16 & 1 ? (u8)(rng >> 24) : (u8)"()*:.-\n/!0Sk"[rng >> 24 & 11];
		}
		while (message_next_telegram(&decoder, copy, n, &channel, &msg) == 0) {
			for (unsigned int i = 0; i < msg.list.n; i++) {
				const struct axdr *v = &msg.list.reg[i].value;

				assert_true(v->data >= copy && v->data + v->len <= copy + n);
			}
		}
		free(copy);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(digits_are_integers),
		cmocka_unit_test(digits_come_from_no_message),
		cmocka_unit_test(lines_become_registers),
		cmocka_unit_test(broken_lines_are_refused),
		cmocka_unit_test(what_follows_the_mark_is_not_looked_at),
		cmocka_unit_test(a_text_that_is_cut_off_is_refused),
		cmocka_unit_test(there_are_not_too_many_values),
		cmocka_unit_test(identifications_have_parts),
		cmocka_unit_test(telegrams_have_readings),
		cmocka_unit_test(registers_stand_with_their_meter),
		cmocka_unit_test(makers_are_told_by_their_letters),
		cmocka_unit_test(clocks_are_those_of_the_country),
		cmocka_unit_test(no_text_is_too_strange),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
