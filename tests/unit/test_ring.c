// SPDX-License-Identifier: GPL-2.0
/*
 * The ring of the module, held against a model that forgets nothing.
 *
 * The model keeps every frame that was put in, and who has read it; from that it knows what each
 * reader has to get next, and how many records it has lost.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../kmod/ring.h"
#include "util.h"

#define READERS	4
#define PUTS	20000

struct model {
	struct amshan_ring ring;
	u8 buf[AMSHAN_RING_SIZE + 16];	/* what stands behind the ring must not change */
	u16 len[PUTS];
	bool read[PUTS];
	u64 n;
	struct amshan_cursor cur[READERS];
	u64 want[READERS];	/* number of the record that follows the last one */
	unsigned int seed;
};

static unsigned int dice(struct model *m, unsigned int sides)
{
	return (unsigned int)rand_r(&m->seed) % sides;
}

/* The octets of a frame follow from its number. */
static void fill(u8 *frame, size_t n, u64 seq)
{
	for (size_t i = 0; i < n; i++)
		frame[i] = (u8)(seq * 31 + i * 7);
}

static void put(struct model *m)
{
	u8 frame[AMSHAN_FRAME_LEN_MAX];
	size_t n = dice(m, 4) ? 7 + dice(m, 400) : 7 + dice(m, AMSHAN_FRAME_LEN_MAX - 6);

	if (m->n == PUTS)
		return;
	fill(frame, n, m->n);
	amshan_ring_put(&m->ring, frame, n, (u32)(m->n & 1), 2 * m->n, 3 * m->n);
	m->len[m->n++] = (u16)n;
}

/* Oldest record that fits, counted from the newest one: entries are 24 octets, padded to 8. */
static u64 oldest(const struct model *m)
{
	size_t room = AMSHAN_RING_SIZE;
	u64 seq = m->n;

	while (seq && room >= (24u + m->len[seq - 1] + 7) / 8 * 8) {
		room -= (24u + m->len[seq - 1] + 7) / 8 * 8;
		seq--;
	}
	return seq;
}

static u64 overwritten(const struct model *m)
{
	u64 n = 0;

	for (u64 seq = 0; seq < m->ring.tail_seq; seq++)
		n += !m->read[seq];
	return n;
}

static void check_record(const struct model *m, unsigned int reader, const u8 *buf, size_t n, u64 seq)
{
	u8 frame[AMSHAN_FRAME_LEN_MAX];
	struct amshan_record rec;

	memcpy(&rec, buf, sizeof(rec));
	assert_int_equal(rec.header_len, sizeof(rec));
	assert_int_equal(rec.seq, seq);
	assert_int_equal(rec.lost, seq - m->want[reader]);
	assert_int_equal(rec.frame_len, m->len[seq]);
	assert_int_equal(n, sizeof(rec) + rec.frame_len);
	assert_int_equal(rec.flags, seq & 1);
	assert_int_equal(rec.mono_ns, 2 * seq);
	assert_int_equal(rec.real_ns, 3 * seq);
	fill(frame, rec.frame_len, seq);
	assert_memory_equal(buf + sizeof(rec), frame, rec.frame_len);
}

/* A read; @racing frames come in between its two halves. */
static void read_one(struct model *m, unsigned int reader, unsigned int racing, bool fails)
{
	u8 buf[AMSHAN_RECORD_LEN_MAX];
	u64 seq = m->want[reader] < oldest(m) ? oldest(m) : m->want[reader];
	size_t n = amshan_ring_peek(&m->ring, &m->cur[reader], buf);

	assert_int_equal(amshan_ring_has(&m->ring, &m->cur[reader]), m->want[reader] < m->n);
	if (seq == m->n) {
		assert_int_equal(n, 0);
		return;
	}
	check_record(m, reader, buf, n, seq);
	/* The record stays. */
	if (fails)
		return;
	while (racing--)
		put(m);
	if (m->ring.tail_seq <= seq)
		m->read[seq] = true;
	amshan_ring_advance(&m->ring, &m->cur[reader], (const struct amshan_record *)buf);
	m->want[reader] = seq + 1;
}

static void seek(struct model *m, unsigned int reader)
{
	if (dice(m, 2)) {
		m->cur[reader] = amshan_ring_oldest(&m->ring);
		m->want[reader] = oldest(m);
	} else {
		m->cur[reader] = amshan_ring_newest(&m->ring);
		m->want[reader] = m->n;
	}
}

static void step(struct model *m)
{
	/* The first reader keeps up, the last one sleeps most of the time. */
	unsigned int reader = dice(m, READERS), chance = dice(m, 1000);

	if (chance < 400)
		put(m);
	else if (chance == 400)
		seek(m, reader);
	else if (chance < 403)
		read_one(m, reader, 700, false);
	else if (chance < 410)
		read_one(m, reader, dice(m, 3), true);
	else if (!reader || !dice(m, 40 * reader))
		read_one(m, reader, dice(m, 3), false);
	assert_int_equal(m->ring.head_seq, m->n);
	assert_int_equal(m->ring.tail_seq, oldest(m));
}

static void test_readers_agree_with_a_model(void **state)
{
	for (unsigned int seed = 1; seed <= 3; seed++) {
		struct model *m = calloc(1, sizeof(*m));
		u8 guard[16];
		u64 lost = 0;

		assert_non_null(m);
		m->seed = seed;
		memset(m->buf, 0xa5, sizeof(m->buf));
		memset(guard, 0xa5, sizeof(guard));
		amshan_ring_init(&m->ring, m->buf);
		while (m->n < PUTS)
			step(m);
		for (unsigned int i = 0; i < READERS; i++)
			while (m->want[i] < m->n) {
				if (m->want[i] < oldest(m))
					lost += oldest(m) - m->want[i];
				read_one(m, i, 0, false);
			}
		assert_true(lost > 0);
		assert_int_equal(m->ring.overwritten, overwritten(m));
		assert_true(m->ring.overwritten > 0 && m->ring.overwritten < m->ring.tail_seq);
		assert_memory_equal(m->buf + AMSHAN_RING_SIZE, guard, sizeof(guard));
		free(m);
	}
}

/* All between peek and advance is lost but for the one behind it: it begins just there. */
static void test_the_next_one_is_the_oldest_when_a_read_is_overtaken(void **state)
{
	struct model *m = calloc(1, sizeof(*m));

	assert_non_null(m);
	m->seed = 7;
	amshan_ring_init(&m->ring, m->buf);
	for (int round = 0; round < 200; round++) {
		u8 buf[AMSHAN_RECORD_LEN_MAX];
		size_t n;

		while (!m->ring.tail_seq)
			put(m);
		m->cur[0] = amshan_ring_oldest(&m->ring);
		m->want[0] = m->ring.tail_seq;
		n = amshan_ring_peek(&m->ring, &m->cur[0], buf);
		check_record(m, 0, buf, n, m->want[0]);
		while (m->ring.tail_seq == m->want[0])
			put(m);
		amshan_ring_advance(&m->ring, &m->cur[0], (const struct amshan_record *)buf);
		m->want[0]++;
		read_one(m, 0, 0, false);
	}
	free(m);
}

static void test_an_empty_ring_has_nothing(void **state)
{
	static u8 room[AMSHAN_RING_SIZE];
	u8 buf[AMSHAN_RECORD_LEN_MAX];
	struct amshan_cursor cur;
	struct amshan_ring ring;

	amshan_ring_init(&ring, room);
	cur = amshan_ring_oldest(&ring);
	assert_false(amshan_ring_has(&ring, &cur));
	assert_int_equal(amshan_ring_peek(&ring, &cur, buf), 0);
	cur = amshan_ring_newest(&ring);
	assert_int_equal(amshan_ring_peek(&ring, &cur, buf), 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_readers_agree_with_a_model),
		cmocka_unit_test(test_the_next_one_is_the_oldest_when_a_read_is_overtaken),
		cmocka_unit_test(test_an_empty_ring_has_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
