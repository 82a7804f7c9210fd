// SPDX-License-Identifier: GPL-2.0
/*
 * M-Bus: properties that hold for any octets, cuts and losses.
 */
#include "mbus_line.h"
#include "util.h"

/* ---- properties ---- */

struct made {
	unsigned int frames;
	size_t at[17];		/* where each begins, and the end of the last */
	size_t n;		/* octets of data */
	u8 data[16 * 520];
	u8 line[16 * 520];
};

static void make_message(struct made *m)
{
	m->frames = 1 + rng() % 4;
	m->n = 0;
	m->at[0] = 0;
	for (unsigned int i = 0; i < m->frames; i++) {
		size_t n = 1 + rng() % (rng() % 3 ? 250 : 506);

		for (size_t k = 0; k < n; k++)
			m->data[m->n + k] = rng() % 4 ? (u8)rng() : 0x68;
		m->at[i + 1] = m->at[i] + put_frame(m->line + m->at[i],
						    i | (i + 1 == m->frames ? 0x10 : 0),
						    m->data + m->n, n);
		m->n += n;
	}
}

static size_t make_noise(u8 *line)
{
	static const u8 taste[] = { 0x68, 0xe5, 0x10, 0x16, 0x53, 0x00 };
	size_t n = rng() % 3 ? 0 : rng() % 60;

	for (size_t i = 0; i < n; i++)
		line[i] = rng() % 2 ? (u8)rng() : taste[rng() % sizeof(taste)];

	return n;
}

static void expect(struct caught *want, const struct made *m)
{
	if (m->n <= MBUS_MESSAGE_MAX)
		catch(want, m->data, m->n);
}

static void clean_messages_among_noise_at_any_cut(void **state)
{
	static u8 line[40000];
	static struct caught want, whole, split;
	static struct mbus_framer f;
	struct mbus_stats a, b;
	static struct made m;

	rng_state = 4711;
	for (unsigned int round = 0; round < 200; round++) {
		size_t n = 0, i = 0;

		want.n = 0;
		want.octets = 0;
		while (n < sizeof(line) - sizeof(m.line) - 200) {
			make_message(&m);
			for (unsigned int k = 0; k < m.frames; k++) {
				size_t size = m.at[k + 1] - m.at[k];

				n += make_noise(line + n);
				memcpy(line + n, m.line + m.at[k], size);
				n += size;
			}
			expect(&want, &m);
		}
		run(line, n, n, &whole, &a);
		assert_true(same(&whole, &want));
		assert_int_equal(a.broken, 0);

		run(line, n, 1, &split, &b);
		assert_true(same(&split, &want));
		assert_memory_equal(&a, &b, sizeof(a));

		begin(&f, &split);
		while (i < n) {
			size_t piece = 1 + rng() % (rng() % 2 ? 10 : 3000);

			if (piece > n - i)
				piece = n - i;
			push(&f, line + i, piece, 0, &split);
			i += piece;
		}
		mbus_flush(&f, catch, &split);
		assert_true(same(&split, &want));
		assert_memory_equal(&a, &f.stats, sizeof(a));
	}
}

/* What may befall a message; true: it is to be delivered all the same. */
static bool spoil(struct made *m, u8 *line, size_t *ret_n)
{
	unsigned int which = rng() % m->frames, kind = rng() % 8;
	size_t n = m->at[m->frames], at = m->at[which], size = m->at[which + 1] - at;
	size_t where = at + rng() % size;
	bool good = true;

	memcpy(line, m->line, n);
	switch (kind) {
	case 0:		/* a bit turned */
		line[where] ^= 1 << rng() % 8;
		good = false;
		break;
	case 1:		/* an octet lost */
		memmove(line + where, line + where + 1, n - where - 1);
		n--;
		good = false;
		break;
	case 2:		/* a frame lost */
		memmove(line + at, line + at + size, n - at - size);
		n -= size;
		good = false;
		break;
	case 3:		/* a frame doubled: but for a message of one, which is two then */
		if (m->frames == 1)
			break;
		memmove(line + at + size, line + at, n - at);
		n += size;
		break;
	case 4:		/* two frames change places */
		if (!which)
			break;
		size = m->at[which] - m->at[which - 1];
		memcpy(line + m->at[which - 1], m->line + at, m->at[which + 1] - at);
		memcpy(line + m->at[which - 1] + m->at[which + 1] - at,
		       m->line + m->at[which - 1], size);
		good = false;
		break;
	case 5:		/* cut off */
		n = where;
		good = false;
		break;
	}
	*ret_n = n;

	return good;
}

static void never_a_wrong_message(void **state)
{
	static u8 line[2 * 16 * 520];
	static struct caught want, got;
	static struct mbus_framer f;
	static struct made m;
	u64 now = 100 * S;

	rng_state = 815;
	begin(&f, &got);
	for (unsigned int round = 0; round < 4000; round++) {
		size_t n, i = 0;

		if (got.octets > sizeof(got.data) / 2 || !round) {
			got.n = got.octets = 0;
			want.n = want.octets = 0;
		}
		make_message(&m);
		if (spoil(&m, line, &n))
			expect(&want, &m);
		while (i < n) {
			size_t piece = 1 + rng() % 300;

			if (piece > n - i)
				piece = n - i;
			push(&f, line + i, piece, now += 20 * MS, &got);
			i += piece;
		}
		if (!same(&got, &want))
			fail_msg("round %u: %u messages instead of %u", round, got.n, want.n);
		now += 3 * S;
	}
	assert_true(f.stats.messages > 1000);
	assert_true(f.stats.broken > 500);
}

static void a_good_frame_behind_any_garbage_is_delivered(void **state)
{
	static struct caught c;
	struct mbus_stats stats;
	u8 line[8192];

	rng_state = 99;
	for (unsigned int round = 0; round < 3000; round++) {
		size_t n = rng() % 4000, len;

		/* Garbage of several tastes: octets, starts, whole heads. */
		for (size_t i = 0; i < n; i++) {
			switch (rng() % (2 + round % 5)) {
			case 0:
				line[i] = 0x68;
				break;
			case 1:
				if (i + 7 <= n) {
					u8 l = round % 7 ? 5 + rng() % 251 : rng() % 5;
					const u8 head[] = { 0x68, l, l, 0x68, 0x53, 0xff, 0x10 };

					memcpy(line + i, head, 7);
					i += 6;
					break;
				}
				/* fall through */
			default:
				line[i] = (u8)rng();
			}
		}
		len = put_frame(line + n, 0x10, (const u8 *)"the last one", 12);
		run(line, n + len, 1 + rng() % 500, &c, &stats);
		assert_true(c.octets >= 14);
		assert_memory_equal(c.data + c.octets - 12, "the last one", 12);
	}
}

/* Heads as close as they go, each of a frame that is as long as can be. */
static void nested_heads_end(void **state)
{
	static const u8 head[] = { 0x68, 0x1f, 0x1f, 0x68, 0x53 };
	static u8 line[1 << 20];
	static struct caught c;
	struct mbus_stats stats;
	size_t n = 0, len;

	for (; n + sizeof(head) < sizeof(line) - 64; n += sizeof(head))
		memcpy(line + n, head, sizeof(head));
	len = put_frame(line + n, 0x10, (const u8 *)"good", 4);
	run(line, n + len, 100, &c, &stats);
	assert_int_equal(c.n, 1);
	assert_int_equal(stats.starts, n / sizeof(head) + 1);
	/* Behind the good one the line ends before the length that the last ones may mean. */
	assert_int_equal(stats.sum_errors + stats.timeouts, n / sizeof(head));
	assert_true(stats.timeouts <= MBUS_FRAME_MAX / sizeof(head));
}

static void noise_gives_nothing(void **state)
{
	static u8 line[1 << 20];
	static struct caught c;
	struct mbus_stats stats;

	rng_state = 5;
	for (size_t i = 0; i < sizeof(line); i++)
		line[i] = rng() % 3 ? (u8)rng() : 0x68;
	run(line, sizeof(line), 4096, &c, &stats);
	assert_int_equal(c.n, 0);
	assert_int_equal(stats.octets, sizeof(line));
	assert_true(stats.foreign > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(clean_messages_among_noise_at_any_cut),
		cmocka_unit_test(never_a_wrong_message),
		cmocka_unit_test(a_good_frame_behind_any_garbage_is_delivered),
		cmocka_unit_test(nested_heads_end),
		cmocka_unit_test(noise_gives_nothing),
	};

	return cmocka_run_group_tests_name("mbus_noise", tests, NULL, NULL);
}
