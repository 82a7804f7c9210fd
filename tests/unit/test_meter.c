// SPDX-License-Identifier: GPL-2.0
/*
 * The meter: decimals, scale factors, clocks, phases that do not exist, what is kept.
 */
#include <errno.h>
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../sim/encode.h"
#include "../sim/meters.h"
#include "meter/clock.h"
#include "meter/meter.h"
#include "util.h"

/* ---- decimals ---- */

static void decimals_are_written_plainly(void **state)
{
	static const struct { struct decimal d; const char *text; } rows[] = {
		{ { 23, -1 }, "2.3" },		{ { 2300, -1 }, "230.0" },
		{ { 0, -1 }, "0.0" },		{ { 5, -3 }, "0.005" },
		{ { -5, -3 }, "-0.005" },	{ { -2300, -1 }, "-230.0" },
		{ { 12, 1 }, "120" },		{ { 0, 3 }, "0" },
		{ { 7, 0 }, "7" },		{ { INT64_MAX, 0 }, "9223372036854775807" },
		{ { INT64_MIN, 0 }, "-9223372036854775808" },
		{ { INT64_MIN, -19 }, "-0.9223372036854775808" },
		{ { 123, -3 }, "0.123" },
	};
	char text[DECIMAL_TEXT_MAX];

	for (unsigned int i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_int_equal(decimal_text(rows[i].d, text), strlen(rows[i].text));
		assert_string_equal(text, rows[i].text);
	}
	assert_int_equal(decimal_text((struct decimal){ INT64_MIN, INT8_MIN }, text), 131);
	assert_int_equal(decimal_text((struct decimal){ INT64_MIN, INT8_MAX }, text), 147);
}

static void decimals_become_the_nearest_double(void **state)
{
	char text[DECIMAL_TEXT_MAX];

	assert_true(decimal_double((struct decimal){ 23, -1 }) == 2.3);
	assert_true(decimal_double((struct decimal){ 14571, -3 }) == 14.571);
	assert_true(decimal_double((struct decimal){ 1, 127 }) == 1e127);
	assert_true(decimal_double((struct decimal){ 1, -128 }) == 1e-128);
	assert_true(decimal_double((struct decimal){ INT64_MAX, 0 }) == 9223372036854775807.0);

	srand(1);
	for (unsigned int i = 0; i < 20000; i++) {
		struct decimal d = { rand() - RAND_MAX / 2, (s8)(rand() % 40 - 20) };

		decimal_text(d, text);
		assert_true(decimal_double(d) == strtod(text, NULL));
	}
}

static void doubles_become_the_shortest_decimal(void **state)
{
	static const double good[] = { 0, 0.1, -0.5, 230.5, 1e22, 1.0 / 3, 5e-100, 123456789012345678.0 };
	static const double bad[] = { INFINITY, -INFINITY, NAN, DBL_MAX, DBL_MIN };
	struct decimal d;

	for (unsigned int i = 0; i < ARRAY_SIZE(good); i++) {
		assert_int_equal(decimal_from_double(good[i], &d), 0);
		assert_true(decimal_double(d) == good[i]);
	}
	assert_int_equal(decimal_from_double(0.1, &d), 0);
	assert_int_equal(d.mantissa, 1);
	assert_int_equal(d.exponent, -1);
	for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_int_equal(decimal_from_double(bad[i], &d), -ERANGE);
		assert_int_equal(d.mantissa, 1);
	}
}

static void decimals_are_read_strictly(void **state)
{
	static const struct { const char *s; int r; s64 mantissa; int exponent; } rows[] = {
		{ "50", 0, 50, 0 },	 { "0.5", 0, 5, -1 },	  { "-1.25", 0, -125, -2 },
		{ "1.50", 0, 150, -2 },	 { "007", 0, 7, 0 },	  { ".5", 0, 5, -1 },
		{ "", -EINVAL },	 { "-", -EINVAL },	  { ".", -EINVAL },
		{ "1e3", -EINVAL },	 { " 1", -EINVAL },	  { "1 ", -EINVAL },
		{ "1.2.3", -EINVAL },	 { "0x10", -EINVAL },	  { "--1", -EINVAL },
		{ "999999999999999999", 0, 999999999999999999ll, 0 },
		{ "1000000000000000000", -ERANGE },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(rows); i++) {
		struct decimal d = { 77, 7 };

		assert_int_equal(decimal_parse(rows[i].s, &d), rows[i].r);
		assert_int_equal(d.mantissa, rows[i].r ? 77 : rows[i].mantissa);
		assert_int_equal(d.exponent, rows[i].r ? 7 : rows[i].exponent);
	}
}

static void sums_are_exact(void **state)
{
	static const struct { struct decimal a, b, sum; int r; } rows[] = {
		{ { 123456, 0 }, { 1, 0 }, { 123457, 0 } },
		{ { 12, 3 }, { 5, -1 }, { 120005, -1 } },
		{ { 5, -1 }, { 12, 3 }, { 120005, -1 } },
		{ { -1, 0 }, { 1, -3 }, { -999, -3 } },
		{ { 0, 127 }, { 7, -128 }, { 7, -128 } },
		{ { INT64_MAX, 0 }, { 0, 0 }, { INT64_MAX, 0 } },
		{ { INT64_MAX, 0 }, { 1, 0 }, { 77, 7 }, -ERANGE },
		{ { INT64_MIN, 5 }, { -1, 5 }, { 77, 7 }, -ERANGE },
		{ { 1, 19 }, { 1, 0 }, { 77, 7 }, -ERANGE },
		{ { 1, 127 }, { 1, -128 }, { 77, 7 }, -ERANGE },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(rows); i++) {
		struct decimal d = { 77, 7 };

		assert_int_equal(decimal_add(rows[i].a, rows[i].b, &d), rows[i].r);
		assert_int_equal(d.mantissa, rows[i].sum.mantissa);
		assert_int_equal(d.exponent, rows[i].sum.exponent);
	}
}

/* ---- messages ---- */

static struct message msg;
static u8 octets[ENC_OCTETS_MAX];
static struct sim_values values;
static struct meter_settings settings;
static struct readings readings;
static struct meter_clock mclock;

static void build(enum sim_form form, int list)
{
	struct decoder d = { 0 };
	const u8 *p = octets;
	int n = sim_build(form, list, SIM_LLC, &values, octets, sizeof(octets), NULL);

	assert_true(n > 0);
	assert_int_equal(message_next(&d, &p, octets + n, &msg), 0);
}

static void start(enum sim_form form)
{
	sim_values_example(form, &values);
	memset(&settings, 0, sizeof(settings));
	scale_init(&settings.scale);
}

static const char *value(enum quantity q)
{
	static char text[DECIMAL_TEXT_MAX];

	if (!readings_has(&readings, q))
		return "absent";
	decimal_text(readings.value[q], text);

	return text;
}

static void interpret(u64 real_us)
{
	memset(&mclock, 0, sizeof(mclock));
	meter_interpret(&msg, &settings, &readings, &mclock, real_us);
}

static void factors_are_per_kind(void **state)
{
	start(SIM_KAIFA);
	values.q[SIM_P_IMPORT] = 1234;
	values.q[SIM_I_L1] = 2345;
	values.q[SIM_U_L1] = 229200;
	values.q[SIM_A_IMPORT] = 1000001;
	build(SIM_KAIFA, 3);

	interpret(0);
	assert_string_equal(value(Q_ACTIVE_POWER_IMPORT), "1234");

	settings.scale.factor[KIND_ACTIVE_POWER] = (struct decimal){ 50, 0 };
	settings.scale.factor[KIND_CURRENT] = (struct decimal){ 5, -1 };
	settings.scale.factor[KIND_ACTIVE_ENERGY] = (struct decimal){ 100, 0 };
	settings.scale.active = true;
	interpret(0);
	assert_string_equal(value(Q_ACTIVE_POWER_IMPORT), "61700");
	assert_string_equal(value(Q_CURRENT_L1), "1.1725");
	assert_string_equal(value(Q_VOLTAGE_L1), "229.2");
	assert_string_equal(value(Q_ACTIVE_ENERGY_IMPORT), "100000100");
}

static void a_product_that_does_not_fit_is_dropped(void **state)
{
	start(SIM_KAIFA_CT);
	values.q[SIM_A_IMPORT] = INT64_MAX / 2;
	build(SIM_KAIFA_CT, 3);
	settings.scale.factor[KIND_ACTIVE_ENERGY] = (struct decimal){ 50, 0 };
	settings.scale.active = true;
	interpret(0);
	assert_string_equal(value(Q_ACTIVE_ENERGY_IMPORT), "absent");
	assert_string_not_equal(value(Q_ACTIVE_POWER_IMPORT), "absent");
}

static void zeros_of_phases_that_do_not_exist(void **state)
{
	start(SIM_KAIFA_IT);
	build(SIM_KAIFA_IT, 2);
	assert_true(readings_has(&msg.readings, Q_VOLTAGE_L2));	/* as transmitted */
	interpret(0);
	assert_string_equal(value(Q_VOLTAGE_L2), "absent");
	assert_string_not_equal(value(Q_CURRENT_L2), "absent");	/* this maker measures it */

	start(SIM_EMBRIQ_IT);
	build(SIM_EMBRIQ_IT, 2);
	interpret(0);
	assert_string_equal(value(Q_VOLTAGE_L2), "absent");
	assert_string_equal(value(Q_CURRENT_L2), "absent");

	/* A dead phase of a meter that measures three is 0, and so is a network without voltage. */
	start(SIM_KAIFA);
	values.q[SIM_U_L2] = 0;
	build(SIM_KAIFA, 2);
	interpret(0);
	assert_string_equal(value(Q_VOLTAGE_L2), "0.0");
	start(SIM_KAIFA_IT);
	values.q[SIM_U_L1] = 0;
	build(SIM_KAIFA_IT, 2);
	interpret(0);
	assert_string_equal(value(Q_VOLTAGE_L2), "0.0");
}

static void u2_of_a_triangle_only_when_asked(void **state)
{
	start(SIM_KAIFA_IT);
	values.q[SIM_U_L1] = 230000;
	values.q[SIM_U_L3] = 230000;
	build(SIM_KAIFA_IT, 2);
	settings.derive_l2 = true;
	interpret(0);
	assert_string_equal(value(Q_VOLTAGE_L2), "230.0");
	values.q[SIM_U_L1] = 240000;
	values.q[SIM_U_L3] = 220000;
	build(SIM_KAIFA_IT, 2);
	interpret(0);
	/* sqrt((240 - 110)^2 + (220 sin 60)^2) = 230.65 */
	assert_string_equal(value(Q_VOLTAGE_L2), "230.7");
}

static bool derived(const u64 *set, enum quantity q)
{
	u64 others = 0;

	for (unsigned int i = 0; i < READINGS_WORDS; i++)
		others |= i == q / 64 ? set[i] & ~(1ull << (q % 64)) : set[i];
	assert_true(others == 0);

	return set[q / 64] >> (q % 64) & 1;
}

static void what_was_not_measured_says_so(void **state)
{
	struct meter *m = meter_new("123", "house");
	struct meter_update u;

	start(SIM_KAIFA_IT);
	build(SIM_KAIFA_IT, 2);
	settings.derive_l2 = true;
	interpret(0);
	assert_true(derived(readings.derived, Q_VOLTAGE_L2));
	meter_update(m, &readings, &mclock, 1000, &u);
	assert_true(u.derived);
	assert_true(derived(m->derived, Q_VOLTAGE_L2));
	meter_update(m, &readings, &mclock, 2000, &u);
	assert_false(u.derived);

	/* A list without it leaves the value as it was, and so where it is from. */
	build(SIM_KAIFA_IT, 1);
	interpret(0);
	assert_string_equal(value(Q_VOLTAGE_L2), "absent");
	meter_update(m, &readings, &mclock, 3000, &u);
	assert_false(u.derived);
	assert_true(derived(m->derived, Q_VOLTAGE_L2));

	/* Once measured, it is no more derived. */
	start(SIM_KAIFA);
	settings.derive_l2 = true;
	values.q[SIM_U_L2] = 211100;
	build(SIM_KAIFA, 2);
	interpret(0);
	assert_string_equal(value(Q_VOLTAGE_L2), "211.1");
	assert_false(derived(readings.derived, Q_VOLTAGE_L2));
	meter_update(m, &readings, &mclock, 4000, &u);
	assert_true(u.derived);
	assert_false(derived(m->derived, Q_VOLTAGE_L2));
	meter_free(m);
}

/* A telegram of these lines, as the meter means it. */
static void interpret_lines(const char *lines)
{
	static char text[1024];
	struct decoder decoder = { 0 };
	unsigned int channel = 0;

	snprintf(text, sizeof(text), "/ISK5\\2TEST\r\n\r\n%s!\r\n", lines);
	assert_int_equal(message_next_telegram(&decoder, (const u8 *)text, strlen(text), &channel, &msg), 0);
	interpret(0);
}

#define T(number, value)	"1-0:1.8." #number "(" value "*kWh)\r\n"

static void tariffs_alone_make_a_total(void **state)
{
	static const struct { const char *lines, *total; } rows[] = {
		{ T(1, "000123.456") T(2, "000876.543"), "999999" },
		{ T(2, "000876.543") T(1, "000123.456"), "999999" },
		{ T(1, "1.1") T(2, "2.22") T(3, "3") T(4, "4.444"), "10764" },
		{ T(1, "1.0001") T(2, "2"), "3000.1" },
		{ T(1, "0.1") T(2, "0.2"), "300" },
		/* As it was sent, whatever the sum is. */
		{ T(0, "000999.998") T(1, "000123.456") T(2, "000876.543"), "999998" },
		/* One that may not be all, and those that are not. */
		{ T(1, "1"), "absent" },
		{ T(2, "1"), "absent" },
		{ T(2, "1") T(3, "1"), "absent" },
		{ T(1, "1") T(3, "1"), "absent" },
		{ T(1, "1") T(2, "1") T(4, "1"), "absent" },
		{ T(1, "1") "1-0:1.8.2(1*kW)\r\n", "absent" },
		{ T(1, "900000000000000000") T(2, "900000000000000000"), "1800000000000000000000" },
		{ T(1, "999999999999999999") T(2, "0.00000000000000001"), "absent" },
		{ "1-0:2.8.1(1*kWh)\r\n1-0:2.8.2(2*kWh)\r\n", "absent" },
	};

	start(SIM_KAIFA);
	for (unsigned int i = 0; i < ARRAY_SIZE(rows); i++) {
		interpret_lines(rows[i].lines);
		if (strcmp(value(Q_ACTIVE_ENERGY_IMPORT), rows[i].total))
			fail_msg("%s: %s", rows[i].lines, value(Q_ACTIVE_ENERGY_IMPORT));
	}
	assert_string_equal(value(Q_ACTIVE_ENERGY_EXPORT), "3000");
	assert_true(derived(readings.derived, Q_ACTIVE_ENERGY_EXPORT));
	/* As transmitted there is none. */
	assert_false(readings_has(&msg.readings, Q_ACTIVE_ENERGY_EXPORT));

	/* Of a meter whose tariffs come in one list, and the total in another, none is needed. */
	msg.list.shape = LIST_ROWS;
	interpret(0);
	assert_string_equal(value(Q_ACTIVE_ENERGY_EXPORT), "absent");

	settings.scale.factor[KIND_ACTIVE_ENERGY] = (struct decimal){ 5, -1 };
	settings.scale.active = true;
	interpret_lines(T(1, "1") T(2, "2"));
	assert_string_equal(value(Q_ACTIVE_ENERGY_IMPORT), "1500");
}

/* ---- clocks ---- */

static s64 utc(const char *iso)
{
	struct tm tm = { 0 };

	assert_non_null(strptime(iso, "%Y-%m-%dT%H:%M:%S", &tm));

	return timegm(&tm);
}

static void clocks_are_interpreted(void **state)
{
	static const struct {
		const char *shown;
		s16 deviation;
		enum clock_kind kind;
		const char *near;
		const char *iso;	/* as interpreted */
		const char *utc;	/* NULL: not known */
	} rows[] = {
		{ "2026-01-15T12:00:00", 0, CLOCK_UTC1, NULL, "2026-01-15T12:00:00+01:00",
		  "2026-01-15T11:00:00" },
		{ "2026-07-15T12:00:00", 0, CLOCK_UTC1, NULL, "2026-07-15T12:00:00+01:00",
		  "2026-07-15T11:00:00" },
		{ "2026-07-15T12:00:00", 0, CLOCK_UTC2, NULL, "2026-07-15T12:00:00+02:00",
		  "2026-07-15T10:00:00" },
		{ "2026-07-15T12:00:00", -60, CLOCK_WIRE, NULL, "2026-07-15T12:00:00+01:00",
		  "2026-07-15T11:00:00" },
		{ "2026-07-15T12:00:00", COSEM_DEVIATION_NONE, CLOCK_WIRE, NULL,
		  "2026-07-15T12:00:00", NULL },
		{ "2026-07-15T12:00:00", -60, CLOCK_UTC, NULL, "2026-07-15T12:00:00+00:00",
		  "2026-07-15T12:00:00" },
		{ "2026-07-15T12:00:00", COSEM_DEVIATION_NONE, CLOCK_CET, NULL,
		  "2026-07-15T12:00:00+02:00", "2026-07-15T10:00:00" },
		{ "2026-01-15T12:00:00", COSEM_DEVIATION_NONE, CLOCK_CET, NULL,
		  "2026-01-15T12:00:00+01:00", "2026-01-15T11:00:00" },
		/* Summer time 2026 begins on 29 March and ends on 25 October. */
		{ "2026-03-29T01:59:59", COSEM_DEVIATION_NONE, CLOCK_CET, NULL,
		  "2026-03-29T01:59:59+01:00", "2026-03-29T00:59:59" },
		{ "2026-03-29T03:00:00", COSEM_DEVIATION_NONE, CLOCK_CET, NULL,
		  "2026-03-29T03:00:00+02:00", "2026-03-29T01:00:00" },
		{ "2026-10-25T01:59:59", COSEM_DEVIATION_NONE, CLOCK_CET, NULL,
		  "2026-10-25T01:59:59+02:00", "2026-10-24T23:59:59" },
		{ "2026-10-25T03:00:00", COSEM_DEVIATION_NONE, CLOCK_CET, NULL,
		  "2026-10-25T03:00:00+01:00", "2026-10-25T02:00:00" },
		/* 02:30 comes twice: the reception tells which. */
		{ "2026-10-25T02:30:00", COSEM_DEVIATION_NONE, CLOCK_CET, "2026-10-25T00:30:05",
		  "2026-10-25T02:30:00+02:00", "2026-10-25T00:30:00" },
		{ "2026-10-25T02:30:00", COSEM_DEVIATION_NONE, CLOCK_CET, "2026-10-25T01:30:05",
		  "2026-10-25T02:30:00+01:00", "2026-10-25T01:30:00" },
		/* 02:30 does not come at all: normal time. */
		{ "2026-03-29T02:30:00", COSEM_DEVIATION_NONE, CLOCK_CET, NULL,
		  "2026-03-29T02:30:00+01:00", "2026-03-29T01:30:00" },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(rows); i++) {
		struct cosem_time t = { .deviation = rows[i].deviation };
		struct tm tm = { 0 };
		struct meter_clock c = { 0 };

		strptime(rows[i].shown, "%Y-%m-%dT%H:%M:%S", &tm);
		t.year = tm.tm_year + 1900;
		t.month = tm.tm_mon + 1;
		t.day = tm.tm_mday;
		t.hour = tm.tm_hour;
		t.minute = tm.tm_min;
		t.second = tm.tm_sec;
		clock_interpret(&t, rows[i].kind, rows[i].near ? utc(rows[i].near) * USEC_PER_SEC : 0,
				&c);
		assert_true(c.known);
		assert_string_equal(c.iso, rows[i].iso);
		assert_int_equal(c.utc_known, rows[i].utc != NULL);
		if (rows[i].utc)
			assert_int_equal(c.utc_us, utc(rows[i].utc) * (s64)USEC_PER_SEC);
	}
}

static void summer_time_is_that_of_the_host_zone_database(void **state)
{
	static const char *const zone = "/usr/share/zoneinfo/Europe/Oslo";

	if (access(zone, R_OK) < 0) {
		print_message("%s is not there\n", zone);
		skip();
	}
	setenv("TZ", "Europe/Oslo", 1);
	tzset();
	for (time_t s = 946684800; s < 2524608000; s += 3607) {
		struct cosem_time t;
		struct meter_clock c;
		struct tm tm;

		localtime_r(&s, &tm);
		t = (struct cosem_time){ .year = tm.tm_year + 1900, .month = tm.tm_mon + 1,
					 .day = tm.tm_mday, .hour = tm.tm_hour, .minute = tm.tm_min,
					 .second = tm.tm_sec, .deviation = COSEM_DEVIATION_NONE };
		clock_interpret(&t, CLOCK_CET, (u64)s * USEC_PER_SEC, &c);
		assert_int_equal(c.utc_us, s * (s64)USEC_PER_SEC);
	}
	unsetenv("TZ");
	tzset();
}

/* 2026-07-01 10:00:00 UTC in each maker's clock. */
static void each_makers_clock_is_right(void **state)
{
	for (int form = 0; form < SIM_FORMS; form++) {
		s64 now = utc("2026-07-01T10:00:00");

		start(form);
		values.clock = now;
		build(form, 3);
		interpret((u64)now * USEC_PER_SEC);
		assert_true(mclock.known);
		assert_true(mclock.utc_known);
		if (mclock.utc_us != now * (s64)USEC_PER_SEC)
			fail_msg("%s shows %s", sim_form_name(form), mclock.iso);
	}
}

static void the_setting_wins_over_the_table(void **state)
{
	s64 now = utc("2026-07-01T10:00:00");

	start(SIM_AIDON);
	values.clock = now;
	build(SIM_AIDON, 3);
	settings.clock = CLOCK_WIRE;	/* it claims UTC and shows UTC+1 */
	interpret((u64)now * USEC_PER_SEC);
	assert_int_equal(mclock.utc_us, (now + 3600) * (s64)USEC_PER_SEC);
}

static void a_clock_that_calls_itself_invalid_is_not_taken(void **state)
{
	static const struct {
		u8 status;
		bool taken;
	} rows[] = {
		{ 0, true },
		{ COSEM_STATUS_DST, true },
		{ COSEM_STATUS_DOUBTFUL, true },
		{ COSEM_STATUS_NONE, true },	/* all bits set, and means none */
		{ COSEM_STATUS_INVALID, false },
		{ COSEM_STATUS_INVALID | COSEM_STATUS_DST, false },
	};
	struct meter *m = meter_new("123", "house");
	struct meter_update u;

	start(SIM_AIDON);
	build(SIM_AIDON, 3);
	for (unsigned int i = 0; i < ARRAY_SIZE(rows); i++) {
		msg.readings.time.status = rows[i].status;
		interpret(0);
		assert_true(msg.readings.has_time);		/* as transmitted */
		assert_int_equal(readings.has_time, rows[i].taken);
		assert_int_equal(mclock.known, rows[i].taken);
		meter_update(m, &readings, &mclock, 1, &u);
		assert_int_equal(u.clock, rows[i].taken);
		assert_string_not_equal(value(Q_ACTIVE_POWER_IMPORT), "absent");
	}
	meter_free(m);
}

/* ---- the meter ---- */

static void a_meter_keeps_what_it_was_sent(void **state)
{
	struct meter *m = meter_new("123", "house");
	struct meter_update u;

	assert_non_null(m);
	for (unsigned int q = 0; q < Q_COUNT; q++)
		assert_true(isnan(m->latest[q]));

	start(SIM_AIDON);
	build(SIM_AIDON, 1);
	interpret(1);
	meter_update(m, &readings, &mclock, 1000, &u);
	assert_int_equal(u.new_groups, 1 << GROUP_POWER);
	assert_false(u.identity);
	assert_false(u.clock);
	assert_true(isnan(m->latest[Q_VOLTAGE_L1]));

	build(SIM_AIDON, 3);
	interpret(1);
	meter_update(m, &readings, &mclock, 2000, &u);
	assert_int_equal(u.new_groups, 1 << GROUP_PHASES | 1 << GROUP_ENERGY);
	assert_true(u.identity);
	assert_true(u.clock);
	assert_string_equal(m->identity[ID_MANUFACTURER], "Aidon");
	assert_string_equal(m->identity[ID_METER_ID], values.id);
	assert_int_equal(m->last_us, 2000);
	assert_int_equal(m->messages, 2);
	assert_false(isnan(m->latest[Q_VOLTAGE_L1]));

	meter_update(m, &readings, &mclock, 3000, &u);
	assert_int_equal(u.new_groups, 0);
	assert_false(u.identity);

	/* A list without it takes nothing away. */
	build(SIM_AIDON, 1);
	interpret(1);
	meter_update(m, &readings, &mclock, 4000, &u);
	assert_false(isnan(m->latest[Q_ACTIVE_ENERGY_IMPORT]));
	meter_free(m);
	meter_free(NULL);
}

static void texts_from_the_line_are_harmless(void **state)
{
	struct meter *m = meter_new("123", "house");
	struct meter_update u;
	char long_text[200];

	memset(long_text, 'x', sizeof(long_text));
	readings_clear(&readings);
	readings.identity[ID_METER_TYPE] = (struct text){ "a\x1b[2J\n\"\xff", 8 };
	readings.identity[ID_LIST_VERSION] = (struct text){ long_text, 200 };
	meter_update(m, &readings, &mclock, 1, &u);
	assert_string_equal(m->identity[ID_METER_TYPE], "a?[2J?\"?");
	assert_int_equal(strlen(m->identity[ID_LIST_VERSION]), METER_TEXT_MAX - 1);
	meter_free(m);
}

static void ids_are_fit_for_topics_and_paths(void **state)
{
	static const struct { const char *text; const char *id; } rows[] = {
		{ "7359992890941742", "7359992890941742" },
		{ "a/b+c#d e", "a_b_c_d_e" },
		{ "../../etc", "______etc" },
		{ "Haus-1_b", "Haus-1_b" },
		{ "", NULL },
		{ "///", NULL },
		{ "\xc3\xa5", NULL },
	};
	char id[METER_ID_MAX], long_text[100];

	for (unsigned int i = 0; i < ARRAY_SIZE(rows); i++) {
		int r = meter_id_make(rows[i].text, strlen(rows[i].text), id);

		assert_int_equal(r, rows[i].id ? 0 : -EINVAL);
		if (rows[i].id)
			assert_string_equal(id, rows[i].id);
	}
	memset(long_text, '7', sizeof(long_text));
	assert_int_equal(meter_id_make(long_text, sizeof(long_text), id), 0);
	assert_int_equal(strlen(id), METER_ID_MAX - 1);
}

/* ---- readings ---- */

static void the_set_of_readings(void **state)
{
	unsigned int seen = 0;

	readings_clear(&readings);
	assert_false(readings_any(&readings));
	for (unsigned int q = 0; q < Q_COUNT; q += 3)
		readings_set(&readings, q, (struct decimal){ q, 0 });
	for_each_reading(q, &readings) {
		assert_int_equal(q, seen);
		assert_int_equal(readings.value[q].mantissa, q);
		seen += 3;
	}
	assert_int_equal(seen, (Q_COUNT + 2) / 3 * 3);
	for (unsigned int q = 0; q < Q_COUNT; q++)
		readings_drop(&readings, q);
	assert_false(readings_any(&readings));

	readings_set_derived(&readings, Q_VOLTAGE_L2, (struct decimal){ 1, 0 });
	assert_true(readings_has(&readings, Q_VOLTAGE_L2));
	assert_true(derived(readings.derived, Q_VOLTAGE_L2));
	readings_drop(&readings, Q_VOLTAGE_L2);
	assert_false(derived(readings.derived, Q_VOLTAGE_L2));
	readings_set_derived(&readings, Q_VOLTAGE_L2, (struct decimal){ 1, 0 });
	readings_clear(&readings);
	assert_false(derived(readings.derived, Q_VOLTAGE_L2));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(decimals_are_written_plainly),
		cmocka_unit_test(decimals_become_the_nearest_double),
		cmocka_unit_test(doubles_become_the_shortest_decimal),
		cmocka_unit_test(decimals_are_read_strictly),
		cmocka_unit_test(sums_are_exact),
		cmocka_unit_test(factors_are_per_kind),
		cmocka_unit_test(a_product_that_does_not_fit_is_dropped),
		cmocka_unit_test(zeros_of_phases_that_do_not_exist),
		cmocka_unit_test(u2_of_a_triangle_only_when_asked),
		cmocka_unit_test(what_was_not_measured_says_so),
		cmocka_unit_test(tariffs_alone_make_a_total),
		cmocka_unit_test(clocks_are_interpreted),
		cmocka_unit_test(summer_time_is_that_of_the_host_zone_database),
		cmocka_unit_test(each_makers_clock_is_right),
		cmocka_unit_test(the_setting_wins_over_the_table),
		cmocka_unit_test(a_clock_that_calls_itself_invalid_is_not_taken),
		cmocka_unit_test(a_meter_keeps_what_it_was_sent),
		cmocka_unit_test(texts_from_the_line_are_harmless),
		cmocka_unit_test(ids_are_fit_for_topics_and_paths),
		cmocka_unit_test(the_set_of_readings),
	};

	return cmocka_run_group_tests_name("meter", tests, NULL, NULL);
}
