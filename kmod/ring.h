/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The ring of a port: frames with their times, the newest ones, in a fixed piece of memory.
 *
 * Frames are put in by the receive path and stay until later ones need their room; readers do not
 * take them out, each has a cursor.  The caller locks: one lock for a ring and all its cursors.
 * Pure C like the framer: no allocation, no locks.
 */
#ifndef AMSHAN_RING_H
#define AMSHAN_RING_H

#include <amshan/types.h>
#include <linux/amshan.h>

/* 16 minutes of a meter that sends 290 octets every 2.5 s. */
#define AMSHAN_RING_SIZE	(128 * 1024)

/* The longest record. */
#define AMSHAN_RING_RECORD_MAX	(sizeof(struct amshan_record) + AMSHAN_FRAME_LEN_MAX)

/**
 * struct amshan_ring - the ring
 * @buf: AMSHAN_RING_SIZE octets
 * @head: position behind the newest record; positions count octets from the beginning of time
 * @tail: position of the oldest record that is held
 * @head_seq: number of the next record
 * @tail_seq: number of the oldest record that is held; @head_seq if there is none
 * @overwritten: records whose room was taken before anybody had read them
 */
struct amshan_ring {
	u8 *buf;
	u64 head;
	u64 tail;
	u64 head_seq;
	u64 tail_seq;
	u64 overwritten;
};

/**
 * struct amshan_cursor - the record that a reader reads next
 * @pos: its position, true as long as @seq is held
 * @seq: its number
 */
struct amshan_cursor {
	u64 pos;
	u64 seq;
};

/**
 * amshan_ring_init() - an empty ring
 * @ring: the ring
 * @buf: AMSHAN_RING_SIZE octets, the caller's
 */
void amshan_ring_init(struct amshan_ring *ring, u8 *buf);

/**
 * amshan_ring_put() - append a frame; the oldest ones make room
 * @ring: the ring
 * @frame: the frame
 * @n: its length, at most AMSHAN_FRAME_LEN_MAX
 * @flags: for struct amshan_record
 * @mono_ns: likewise
 * @real_ns: likewise
 */
void amshan_ring_put(struct amshan_ring *ring, const u8 *frame, size_t n, u32 flags, u64 mono_ns,
		     u64 real_ns);

/* Cursors at the oldest record that is held, and at the next one that will come. */
struct amshan_cursor amshan_ring_oldest(const struct amshan_ring *ring);
struct amshan_cursor amshan_ring_newest(const struct amshan_ring *ring);

/* Is there a record at the cursor? */
bool amshan_ring_has(const struct amshan_ring *ring, const struct amshan_cursor *cur);

/**
 * amshan_ring_peek() - copy the record at a cursor, or the oldest one if that is lost
 * @ring: the ring
 * @cur: where; not moved
 * @buf: room for AMSHAN_RING_RECORD_MAX octets: header and frame
 *
 * Return: length of the record; 0 if there is none.
 */
size_t amshan_ring_peek(const struct amshan_ring *ring, const struct amshan_cursor *cur, u8 *buf);

/**
 * amshan_ring_advance() - the record that was peeked is read: move on behind it
 * @ring: the ring
 * @cur: the cursor
 * @rec: header that amshan_ring_peek() gave; later records may have taken its room meanwhile
 */
void amshan_ring_advance(struct amshan_ring *ring, struct amshan_cursor *cur,
			 const struct amshan_record *rec);

#endif /* AMSHAN_RING_H */
