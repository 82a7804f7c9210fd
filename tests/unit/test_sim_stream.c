// SPDX-License-Identifier: GPL-2.0
/*
 * The simulator's streams: the order of a meter's lists in time, the household behind it and the
 * faults of the line.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../sim/calendar.h"
#include "../sim/gcm.h"
#include "../sim/stream.h"

#define GOOD_RESIDUE 0x0f47	/* of a field and its checksum, complemented: ~F0B8h */

static void start_stream(struct sim_stream *s, struct sim_stream_settings set, const char *start)
{
	assert_int_equal(sim_date_parse(start, &set.start_s), 0);
	assert_int_equal(sim_stream_init(s, &set), 0);
}

/* The lists of the first messages and when they come, in ms. */
static void lists_come_in_the_makers_cadence(void **state)
{
	static const struct {
		enum sim_form form;
		struct {
			unsigned int ms;
			int list;
		} at[8];
	} rows[] = {
		{ SIM_AIDON, { { 0, 2 }, { 2500, 1 }, { 5000, 1 }, { 7500, 1 }, { 10000, 2 },
			       { 12500, 1 }, { 15000, 1 }, { 17500, 1 } } },
		{ SIM_KAIFA, { { 0, 2 }, { 2000, 1 }, { 4000, 1 }, { 6000, 1 }, { 8000, 1 },
			       { 10000, 2 }, { 12000, 1 }, { 14000, 1 } } },
		{ SIM_KAMSTRUP, { { 0, 2 }, { 10000, 2 }, { 20000, 2 }, { 25000, 3 }, { 30000, 2 },
				  { 40000, 2 }, { 50000, 2 }, { 60000, 2 } } },
		{ SIM_DSMR5, { { 0, 3 }, { 1000, 3 }, { 2000, 3 }, { 3000, 3 }, { 4000, 3 },
			       { 5000, 3 }, { 6000, 3 }, { 7000, 3 } } },
		{ SIM_KAIFA_AT, { { 0, 3 }, { 5000, 3 }, { 10000, 3 }, { 15000, 3 }, { 20000, 3 },
				  { 25000, 3 }, { 30000, 3 }, { 35000, 3 } } },
		{ SIM_AIDON_SE, { { 0, 3 }, { 10000, 3 }, { 20000, 3 }, { 30000, 3 }, { 40000, 3 },
				  { 50000, 3 }, { 60000, 3 }, { 70000, 3 } } },
	};
	struct sim_message m;
	struct sim_stream s;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct sim_stream_settings set = { .form = rows[i].form };

		set.wrap.framing = sim_form_framing(set.form);
		start_stream(&s, set, "2026-01-21T11:59:40Z");
		for (int k = 0; k < 8; k++) {
			assert_int_equal(sim_stream_next(&s, &m), 0);
			assert_int_equal(m.at_ms, rows[i].at[k].ms);
			assert_int_equal(m.list, rows[i].at[k].list);
		}
	}
}

static void hourly_list_comes_ten_seconds_after_the_hour(void **state)
{
	static const struct {
		enum sim_form form;
		const char *clock;
	} rows[] = {
		{ SIM_AIDON, "2026-01-21T13:00:00+00:00" },
		{ SIM_KAIFA, "2026-01-21T13:00:10" },
	};
	struct sim_message m;
	struct sim_stream s;

	for (size_t i = 0; i < 2; i++) {
		start_stream(&s, (struct sim_stream_settings){ .form = rows[i].form },
			     "2026-01-21T11:59:00Z");
		do {
			assert_int_equal(sim_stream_next(&s, &m), 0);
		} while (m.list != 3);
		assert_int_equal(m.at_ms, 70000);
		assert_string_equal(sim_expected_find(&m.expected, "meter_time"), rows[i].clock);
	}
}

static void same_seed_same_octets(void **state)
{
	struct sim_stream_settings set = { .form = SIM_KAIFA, .seed = 7, .solar = true };
	struct sim_stream a, b, c;
	struct sim_message ma, mb, mc;
	bool differs = false;

	set.faults = (struct sim_faults){ .flip = 0.2, .noise = 0.2, .cut = 0.1 };
	start_stream(&a, set, "2026-01-21");
	start_stream(&b, set, "2026-01-21");
	set.seed = 8;
	start_stream(&c, set, "2026-01-21");
	for (int i = 0; i < 200; i++) {
		assert_int_equal(sim_stream_next(&a, &ma), 0);
		assert_int_equal(sim_stream_next(&b, &mb), 0);
		assert_int_equal(sim_stream_next(&c, &mc), 0);
		assert_int_equal(ma.n, mb.n);
		assert_memory_equal(ma.octets, mb.octets, ma.n);
		differs |= ma.n != mc.n || memcmp(ma.octets, mc.octets, ma.n);
	}
	assert_true(differs);
}

/* A sunny day: each power that was shown counts until the next one is. */
static void registers_are_the_integral_of_power(void **state)
{
	struct sim_stream_settings set = { .form = SIM_KAIFA, .solar = true };
	s64 import = 0, export = 0, begin_import, begin_export;
	struct sim_message m;
	struct sim_stream s;
	const s64 *q = s.house.values.q;

	start_stream(&s, set, "2026-06-21");
	begin_import = q[SIM_A_IMPORT];
	begin_export = q[SIM_A_EXPORT];
	assert_int_equal(sim_stream_next(&s, &m), 0);
	while (m.at_ms < 86400000) {
		s64 before_ms = m.at_ms, p_import = q[SIM_P_IMPORT], p_export = q[SIM_P_EXPORT];

		assert_true(!p_import || !p_export);
		assert_int_equal(sim_stream_next(&s, &m), 0);
		import += p_import * ((s64)m.at_ms - before_ms);
		export += p_export * ((s64)m.at_ms - before_ms);
	}
	assert_true(import / 3600000 > 1000 && export / 3600000 > 10000);
	assert_in_range(q[SIM_A_IMPORT] - begin_import, import / 3600000, import / 3600000 + 1);
	assert_in_range(q[SIM_A_EXPORT] - begin_export, export / 3600000, export / 3600000 + 1);
}

static void repeated_hourly_list_is_unchanged(void **state)
{
	struct sim_stream_settings set = {
		.form = SIM_AIDON, .hourly_every = 2, .repeat_hourly = true,
	};
	struct sim_message m, hourly = { 0 };
	struct sim_stream s;
	int repeats = 0;

	start_stream(&s, set, "2026-01-21");
	for (int i = 0; i < 40; i++) {
		assert_int_equal(sim_stream_next(&s, &m), 0);
		if (hourly.n && !hourly.repeated) {
			assert_true(m.repeated);
			assert_int_equal(m.n, hourly.n);
			assert_memory_equal(m.octets, hourly.octets, m.n);
			repeats++;
		}
		hourly = m.list == 3 ? m : (struct sim_message){ 0 };
	}
	assert_int_equal(repeats, 5);
}

/* ---- faults ---- */

/* A good frame at p? */
static bool frame_is_good(const u8 *p, size_t n)
{
	size_t len = n > 3 ? (p[1] & 7) << 8 | p[2] : 0;

	return len > 4 && len + 2 <= n && p[0] == 0x7e && p[1] >> 4 == 0xa && p[len + 1] == 0x7e &&
	       sim_crc16(p + 1, len) == GOOD_RESIDUE;
}

static void every_fault_spoils_the_frame_it_hits(void **state)
{
	static const struct {
		struct sim_faults faults;
		unsigned int done;
		bool good;
	} rows[] = {
		{ { 0 }, 0, true },
		{ { .flip = 1 }, SIM_FLIPPED, false },
		{ { .lose = 1 }, SIM_LOST, false },
		{ { .twice = 1 }, SIM_DOUBLED, false },
		{ { .cut = 1 }, SIM_CUT, false },
		{ { .segmented = 1 }, SIM_SEGMENTED, true },
	};
	struct sim_message m;
	struct sim_stream s;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		start_stream(&s, (struct sim_stream_settings){ .faults = rows[i].faults },
			     "2026-01-21");
		for (int k = 0; k < 500; k++) {
			u8 followed[SIM_MESSAGE_MAX + 1];

			assert_int_equal(sim_stream_next(&s, &m), 0);
			assert_int_equal(m.faults, rows[i].done);
			memcpy(followed, m.octets, m.n);
			followed[m.n] = 0x7e;
			assert_int_equal(frame_is_good(followed, m.n + 1), rows[i].good);
		}
	}
}

static void noise_is_beside_the_frame(void **state)
{
	struct sim_stream_settings set = { .faults = { .noise = 1 } };
	struct sim_message m;
	struct sim_stream s;
	bool has_flag = false;

	start_stream(&s, set, "2026-01-21");
	for (int i = 0; i < 200; i++) {
		size_t noise;

		assert_int_equal(sim_stream_next(&s, &m), 0);
		assert_int_equal(m.faults, SIM_NOISE);
		noise = m.n - (m.list == 1 ? 44 : m.list == 2 ? 288 : 396);
		assert_in_range(noise, 1, SIM_NOISE_MAX);
		assert_true(frame_is_good(m.octets + noise, m.n - noise));
		has_flag |= !!memchr(m.octets, 0x7e, noise);
	}
	assert_true(has_flag);
}

static void shared_flag_closes_and_opens(void **state)
{
	struct sim_stream_settings set = { .faults = { .shared_flag = true } };
	struct sim_message m;
	struct sim_stream s;

	start_stream(&s, set, "2026-01-21T00:01:00");
	assert_int_equal(sim_stream_next(&s, &m), 0);
	assert_true(frame_is_good(m.octets, m.n));
	for (int i = 0; i < 10; i++) {
		u8 with_flag[SIM_MESSAGE_MAX + 1] = { 0x7e };

		assert_int_equal(sim_stream_next(&s, &m), 0);
		assert_int_equal(m.octets[0] >> 4, 0xa);
		memcpy(with_flag + 1, m.octets, m.n);
		assert_true(frame_is_good(with_flag, m.n + 1));
	}
}

/* ---- envelopes ---- */

static void frame_counter_rises_with_each_message(void **state)
{
	const struct sim_cipher cipher = {
		.seal = sim_gcm_seal, .security = 0x20, .counter = 0xfffffffd,
	};
	struct sim_stream_settings set = {
		.form = SIM_P1_LU, .wrap = { .framing = SIM_P1, .cipher = &cipher },
	};
	struct sim_message m;
	struct sim_stream s;

	start_stream(&s, set, "2026-01-21");
	for (u32 i = 0; i < 3; i++) {
		u32 counter = 0;

		assert_int_equal(sim_stream_next(&s, &m), 0);
		assert_memory_equal(m.octets, "\xdb\x08", 2);
		for (int k = 14; k < 18; k++)
			counter = counter << 8 | m.octets[k];
		assert_int_equal(counter, 0xfffffffd + i);
	}
	assert_int_equal(cipher.counter, 0xfffffffd);
}

static bool mbus_is_good(const u8 *p, size_t n)
{
	u8 sum = 0;

	if (n < 11 || p[0] != 0x68 || p[3] != 0x68 || p[1] != p[2] || p[1] + 6u != n ||
	    p[n - 1] != 0x16)
		return false;
	for (size_t i = 4; i < n - 2; i++)
		sum += p[i];
	return sum == p[n - 2];
}

static bool telegram_is_good(const u8 *p, size_t n)
{
	const u8 *end = memchr(p, '!', n);
	char digits[5] = "";

	if (p[0] != '/' || !end || p + n - end != 7)
		return false;
	memcpy(digits, end + 1, 4);
	return sim_crc16_arc(p, (size_t)(end - p) + 1) == strtoul(digits, NULL, 16);
}

static void every_fault_spoils_other_framings_too(void **state)
{
	static const struct {
		enum sim_form form;
		enum sim_framing framing;
		bool (*good)(const u8 *p, size_t n);
	} kinds[] = {
		{ SIM_KAIFA_AT, SIM_MBUS, mbus_is_good },
		{ SIM_DSMR5, SIM_P1, telegram_is_good },
	};
	static const struct sim_faults faults[] = {
		{ 0 }, { .flip = 1 }, { .lose = 1 }, { .twice = 1 }, { .cut = 1 },
	};
	struct sim_message m;
	struct sim_stream s;

	for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++)
		for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
			struct sim_stream_settings set = {
				.form = kinds[k].form, .faults = faults[i],
				.wrap.framing = kinds[k].framing,
			};

			start_stream(&s, set, "2026-01-21");
			for (int n = 0; n < 300; n++) {
				assert_int_equal(sim_stream_next(&s, &m), 0);
				assert_int_equal(!m.faults, !i);
				assert_int_equal(kinds[k].good(m.octets, m.n), !i);
			}
		}
}

/* The frames of a message, all good, each with the flags of its own. */
static unsigned int count_frames(const u8 *p, size_t n)
{
	unsigned int count = 0;

	while (n) {
		size_t len;

		assert_true(frame_is_good(p, n));
		len = ((p[1] & 7) << 8 | p[2]) + 2;
		p += len;
		n -= len;
		count++;
	}
	return count;
}

static void parts_are_lost_and_come_twice(void **state)
{
	struct sim_stream_settings set = {
		.form = SIM_KAMSTRUP, .no_hourly = true, .wrap.segment = 60,
	};
	struct sim_message m;
	struct sim_stream s;
	unsigned int whole;

	start_stream(&s, set, "2026-01-21");
	assert_int_equal(sim_stream_next(&s, &m), 0);
	whole = count_frames(m.octets, m.n);
	assert_int_equal(whole, 4);

	set.faults.lose_part = 1;
	start_stream(&s, set, "2026-01-21");
	for (int i = 0; i < 50; i++) {
		assert_int_equal(sim_stream_next(&s, &m), 0);
		assert_int_equal(m.faults, SIM_PART_LOST);
		assert_true(m.faults & SIM_DAMAGE);
		assert_int_equal(count_frames(m.octets, m.n), whole - 1);
	}
	set.faults = (struct sim_faults){ .twice_part = 1 };
	start_stream(&s, set, "2026-01-21");
	for (int i = 0; i < 50; i++) {
		assert_int_equal(sim_stream_next(&s, &m), 0);
		assert_int_equal(m.faults, SIM_PART_TWICE);
		assert_false(m.faults & SIM_DAMAGE);
		assert_int_equal(count_frames(m.octets, m.n), whole + 1);
	}
}

/* What is derived agrees with what it comes from. */
static void shares_add_up(void **state)
{
	struct sim_stream_settings set = { .form = SIM_P1_HU, .wrap.framing = SIM_P1 };
	struct sim_message m;
	struct sim_stream s;
	const s64 *q;
	s64 before = 0;

	start_stream(&s, set, "2026-01-21");
	q = s.house.values.q;
	for (int i = 0; i < 200; i++) {
		assert_int_equal(sim_stream_next(&s, &m), 0);
		assert_int_equal(q[SIM_A_IMPORT_T1] + q[SIM_A_IMPORT_T2], q[SIM_A_IMPORT]);
		assert_int_equal(q[SIM_A_IMPORT_L1] + q[SIM_A_IMPORT_L2] + q[SIM_A_IMPORT_L3],
				 q[SIM_A_IMPORT]);
		assert_true(q[SIM_GAS] >= before);
		assert_true(q[SIM_DEMAND_MAX] >= q[SIM_DEMAND]);
		assert_in_range(q[SIM_PF], 0, 1000);
		before = q[SIM_GAS];
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lists_come_in_the_makers_cadence),
		cmocka_unit_test(hourly_list_comes_ten_seconds_after_the_hour),
		cmocka_unit_test(same_seed_same_octets),
		cmocka_unit_test(registers_are_the_integral_of_power),
		cmocka_unit_test(repeated_hourly_list_is_unchanged),
		cmocka_unit_test(every_fault_spoils_the_frame_it_hits),
		cmocka_unit_test(noise_is_beside_the_frame),
		cmocka_unit_test(shared_flag_closes_and_opens),
		cmocka_unit_test(frame_counter_rises_with_each_message),
		cmocka_unit_test(every_fault_spoils_other_framings_too),
		cmocka_unit_test(parts_are_lost_and_come_twice),
		cmocka_unit_test(shares_add_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
