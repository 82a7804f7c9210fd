// SPDX-License-Identifier: GPL-2.0
/*
 * The ring of a port: frames with their times, the newest ones, in a fixed piece of memory.
 *
 * A record is a struct ring_entry and its frame, padded to 8 octets; both may wrap around the end
 * of the buffer.  Positions only grow, so that "is held" is a comparison.
 */
/* Both are there for user space too, where the tests run it. */
#include <linux/stddef.h>
#include <linux/string.h>

#include "ring.h"

#define RING_ALIGN	8

struct ring_entry {
	u64 mono_ns;
	u64 real_ns;
	u32 flags;
	u16 frame_len;
	u8 read;	/* by anybody */
	u8 unused;
};

static_assert(sizeof(struct amshan_record) == 40, "a record has padding");
static_assert(sizeof(struct ring_entry) == 24, "an entry has padding");
static_assert(AMSHAN_RING_RECORD_MAX <= AMSHAN_RECORD_LEN_MAX, "readers have less room");
static_assert((AMSHAN_RING_SIZE & (AMSHAN_RING_SIZE - 1)) == 0, "positions cannot be masked");
static_assert(sizeof(struct ring_entry) + AMSHAN_FRAME_LEN_MAX + RING_ALIGN < AMSHAN_RING_SIZE,
	      "the longest frame does not fit");

static u64 entry_size(size_t frame_len)
{
	size_t n = sizeof(struct ring_entry) + frame_len;

	return (n + RING_ALIGN - 1) / RING_ALIGN * RING_ALIGN;
}

/* Octets from @pos to the end of the buffer, @n at most. */
static size_t until_end(u64 pos, size_t n)
{
	size_t room = AMSHAN_RING_SIZE - (pos & (AMSHAN_RING_SIZE - 1));

	return n < room ? n : room;
}

static void ring_write(struct amshan_ring *ring, u64 pos, const void *p, size_t n)
{
	size_t at = pos & (AMSHAN_RING_SIZE - 1);
	size_t first = until_end(pos, n);

	memcpy(ring->buf + at, p, first);
	memcpy(ring->buf, (const u8 *)p + first, n - first);
}

static void ring_read(const struct amshan_ring *ring, u64 pos, void *p, size_t n)
{
	size_t at = pos & (AMSHAN_RING_SIZE - 1);
	size_t first = until_end(pos, n);

	memcpy(p, ring->buf + at, first);
	memcpy((u8 *)p + first, ring->buf, n - first);
}

void amshan_ring_init(struct amshan_ring *ring, u8 *buf)
{
	memset(ring, 0, sizeof(*ring));
	ring->buf = buf;
}

static void ring_drop_oldest(struct amshan_ring *ring)
{
	struct ring_entry e;

	ring_read(ring, ring->tail, &e, sizeof(e));
	if (!e.read)
		ring->overwritten++;
	ring->tail += entry_size(e.frame_len);
	ring->tail_seq++;
}

void amshan_ring_put(struct amshan_ring *ring, const u8 *frame, size_t n, u32 flags, u64 mono_ns,
		     u64 real_ns)
{
	struct ring_entry e = {
		.mono_ns = mono_ns,
		.real_ns = real_ns,
		.flags = flags,
		.frame_len = n,
	};

	while (ring->head + entry_size(n) - ring->tail > AMSHAN_RING_SIZE)
		ring_drop_oldest(ring);

	ring_write(ring, ring->head, &e, sizeof(e));
	ring_write(ring, ring->head + sizeof(e), frame, n);
	ring->head += entry_size(n);
	ring->head_seq++;
}

struct amshan_cursor amshan_ring_oldest(const struct amshan_ring *ring)
{
	return (struct amshan_cursor){ .pos = ring->tail, .seq = ring->tail_seq };
}

struct amshan_cursor amshan_ring_newest(const struct amshan_ring *ring)
{
	return (struct amshan_cursor){ .pos = ring->head, .seq = ring->head_seq };
}

bool amshan_ring_has(const struct amshan_ring *ring, const struct amshan_cursor *cur)
{
	return cur->seq < ring->head_seq;
}

/* The cursor, or the oldest record if that of the cursor is lost. */
static struct amshan_cursor ring_held(const struct amshan_ring *ring,
				      const struct amshan_cursor *cur)
{
	return cur->seq < ring->tail_seq ? amshan_ring_oldest(ring) : *cur;
}

size_t amshan_ring_peek(const struct amshan_ring *ring, const struct amshan_cursor *cur, u8 *buf)
{
	struct amshan_cursor at = ring_held(ring, cur);
	struct amshan_record rec;
	struct ring_entry e;

	if (!amshan_ring_has(ring, &at))
		return 0;

	ring_read(ring, at.pos, &e, sizeof(e));
	rec = (struct amshan_record){
		.header_len = sizeof(rec),
		.frame_len = e.frame_len,
		.flags = e.flags,
		.seq = at.seq,
		.mono_ns = e.mono_ns,
		.real_ns = e.real_ns,
		.lost = at.seq - cur->seq,
	};
	memcpy(buf, &rec, sizeof(rec));
	ring_read(ring, at.pos + sizeof(e), buf + sizeof(rec), e.frame_len);

	return sizeof(rec) + e.frame_len;
}

void amshan_ring_advance(struct amshan_ring *ring, struct amshan_cursor *cur,
			 const struct amshan_record *rec)
{
	static const u8 read = 1;

	/*
	 * Overwritten in between: then the next one is the oldest that is held, or lost as well,
	 * and the next peek says so.
	 */
	if (rec->seq < ring->tail_seq) {
		cur->pos = ring->tail;
		cur->seq = rec->seq + 1;
		return;
	}

	*cur = ring_held(ring, cur);
	ring_write(ring, cur->pos + offsetof(struct ring_entry, read), &read, sizeof(read));
	cur->pos += entry_size(rec->frame_len);
	cur->seq++;
}
