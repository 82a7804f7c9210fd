// SPDX-License-Identifier: GPL-2.0
/*
 * Masks: the frames of M-Bus (EN 13757) and P1 telegrams within a datagram: the numbers in the
 * first, the checksums of both.  A checksum that stays as it was tells what was masked.
 */
#include <stdio.h>
#include <strings.h>

#include "ctl/mask_internal.h"
#include "util.h"

#define MBUS_START	0x68
#define MBUS_STOP	0x16
#define MBUS_HEAD	4	/* start, length, length, start */
#define MBUS_DATA	3	/* behind C, A and CI */
#define MBUS_ID		4	/* octets of BCD */
#define MBUS_IDS_MAX	16
#define MBUS_WRAP	256u
#define P1_CRC		4	/* hex digits */

/* ---- M-Bus ---- */

static bool is_mbus_head(const u8 *p, size_t n)
{
	return n >= MBUS_HEAD + MBUS_DATA && p[0] == MBUS_START && p[1] == p[2] &&
	       p[3] == MBUS_START;
}

static u8 mbus_sum(const u8 *p, size_t n)
{
	u8 sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += p[i];
	return sum;
}

/*
 * Octets between the head and the checksum; some meters let the length wrap round.  Without a
 * checksum that fits, @otherwise.
 */
static size_t mbus_len(const u8 *p, size_t n, size_t otherwise)
{
	size_t lens[] = { p[1], p[1] + MBUS_WRAP };

	for (size_t i = 0; i < ARRAY_SIZE(lens); i++)
		if (MBUS_HEAD + lens[i] + 1 < n && p[MBUS_HEAD + lens[i] + 1] == MBUS_STOP &&
		    mbus_sum(p + MBUS_HEAD, lens[i]) == p[MBUS_HEAD + lens[i]])
			return lens[i];
	return otherwise;
}

/* With the meter's number behind it: an answer of variable or fixed structure, a selection. */
static bool has_id(u8 ci)
{
	static const u8 with[] = { 0x52, 0x56, 0x72, 0x73, 0x76, 0x77 };

	return memchr(with, ci, sizeof(with));
}

static bool has_records(u8 ci)
{
	return has_id(ci) || ci == 0x78 || ci == 0x7a;
}

/* The same octets in both orders, wherever they stand. */
static size_t cover_id(struct part *t, const u8 id[MBUS_ID])
{
	u8 back[MBUS_ID] = { id[3], id[2], id[1], id[0] };
	const u8 *const orders[] = { id, back };
	size_t covered = 0;

	for (size_t i = 0; i < ARRAY_SIZE(orders); i++) {
		u8 *from = t->p;

		while ((from = memmem(from, t->n - (size_t)(from - t->p), orders[i], MBUS_ID))) {
			covered += octets_cover(from, MBUS_ID);
			from += MBUS_ID;
		}
	}
	return covered;
}

/* A record with the fabrication number, or with the number of the customer or of the place. */
static size_t cover_record(struct part *t, size_t at)
{
	static const u8 size[16] = {
		[0x4] = 4, [0x6] = 6, [0x7] = 8, [0xa] = 2, [0xb] = 3, [0xc] = 4, [0xe] = 6,
	};
	u8 dif = t->p[at];
	size_t n;

	if (at + 2 >= t->n || (t->p[at + 1] != 0x78 && t->p[at + 1] != 0x79) || dif & 0xf0)
		return 0;
	at += 2;
	n = size[dif];
	/* Of variable length: text. */
	if (dif == 0x0d && t->p[at] < 0xc0)
		n = t->p[at++];
	return octets_cover(t->p + at, n < t->n - at ? n : t->n - at);
}

size_t mbus_cover(struct part *t)
{
	u8 id[MBUS_IDS_MAX][MBUS_ID];
	size_t covered = 0, ids = 0;

	for (size_t i = 0; i < t->n; i++) {
		size_t from = i + MBUS_HEAD + MBUS_DATA, end;

		if (!is_mbus_head(t->p + i, t->n - i) || !has_records(t->p[from - 1]))
			continue;
		/* Rather too far than not far enough. */
		end = i + MBUS_HEAD +
		      mbus_len(t->p + i, t->n - i, t->p[i + 1] + MBUS_WRAP);
		if (end > t->n)
			end = t->n;
		if (has_id(t->p[from - 1]) && from + MBUS_ID <= end) {
			if (ids < MBUS_IDS_MAX)
				memcpy(id[ids++], t->p + from, MBUS_ID);
			covered += octets_cover(t->p + from, MBUS_ID);
			from += MBUS_ID;
		}
		for (size_t at = from; at < end; at++)
			covered += cover_record(t, at);
	}
	for (size_t i = 0; i < ids; i++)
		/* One that nobody set, or that is masked already. */
		if (memcmp(id[i], id[i] + 1, MBUS_ID - 1))
			covered += cover_id(t, id[i]);
	return covered;
}

/* ---- checksums ---- */

/* CRC-16/ARC, from '/' through '!' (DSMR 5, 6.2) */
static u16 p1_crc(const u8 *p, size_t n)
{
	u16 crc = 0;

	for (size_t i = 0; i < n; i++) {
		crc ^= p[i];
		for (unsigned int bit = 0; bit < 8; bit++)
			crc = crc & 1 ? crc >> 1 ^ 0xa001 : crc >> 1;
	}
	return crc;
}

static void p1_digits(u16 crc, char digits[P1_CRC + 1])
{
	snprintf(digits, P1_CRC + 1, "%04X", crc);
}

static bool is_good(const struct part *t, const struct sum *s)
{
	char digits[P1_CRC + 1], there[P1_CRC + 1];

	if (s->len == 1)
		return mbus_sum(t->p + s->from, s->to - s->from) == t->p[s->at];
	p1_digits(p1_crc(t->p + s->from, s->to - s->from), digits);
	memcpy(there, t->p + s->at, P1_CRC);
	there[P1_CRC] = '\0';
	return !strcasecmp(there, digits);
}

static u64 hash(const u8 *p, size_t n)
{
	u64 h = 14695981039346656037ull;

	for (size_t i = 0; i < n; i++)
		h = (h ^ p[i]) * 1099511628211ull;
	return h;
}

static void note(struct sums *s, const struct part *t, size_t from, size_t to, u8 len)
{
	struct sum *sum = &s->sum[s->n];

	/* What has no room is none that is made anew: it is masked at once. */
	if (s->n == SUMS_MAX) {
		octets_cover(t->p + to, len);
		return;
	}
	*sum = (struct sum){ .from = from, .to = to, .at = to, .len = len };
	sum->good = is_good(t, sum);
	sum->before = hash(t->p + from, to - from);
	s->n++;
}

/* The end of a telegram that begins at @at: its '!', 0: it has none with a checksum */
static size_t p1_end(const struct part *t, size_t at)
{
	const u8 *end = memchr(t->p + at, '!', t->n - at);
	size_t n = end ? (size_t)(end - t->p) : t->n;

	if (n + P1_CRC >= t->n)
		return 0;
	for (size_t i = 1; i <= P1_CRC; i++)
		if (!is_hex((char)t->p[n + i]))
			return 0;
	return n;
}

void sums_note(struct sums *s, const struct part *t)
{
	size_t end;

	s->n = 0;
	for (size_t i = 0; i < t->n; i++) {
		if (is_mbus_head(t->p + i, t->n - i)) {
			end = i + MBUS_HEAD + mbus_len(t->p + i, t->n - i, t->p[i + 1]);
			if (end < t->n)
				note(s, t, i + MBUS_HEAD, end, 1);
		} else if (t->is_plain && t->p[i] == '/' && (!i || t->p[i - 1] == '\n')) {
			end = p1_end(t, i);
			if (end)
				note(s, t, i, end + 1, P1_CRC);
		}
	}
}

size_t sums_renew(const struct sums *s, const struct part *t)
{
	size_t covered = 0;

	for (size_t i = 0; i < s->n; i++) {
		const struct sum *sum = &s->sum[i];
		size_t n = sum->to - sum->from;
		char digits[P1_CRC + 1];

		if (hash(t->p + sum->from, n) == sum->before)
			continue;
		if (!sum->good) {
			covered += octets_cover(t->p + sum->at, sum->len);
		} else if (sum->len == 1) {
			t->p[sum->at] = mbus_sum(t->p + sum->from, n);
		} else {
			p1_digits(p1_crc(t->p + sum->from, n), digits);
			memcpy(t->p + sum->at, digits, P1_CRC);
		}
	}
	return covered;
}
