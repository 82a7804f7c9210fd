// SPDX-License-Identifier: GPL-2.0
/*
 * The layers around a message, from the standards' text: general-glo-ciphering and general block
 * transfer (IEC 62056-5-3), HDLC segments (IEC 62056-46), M-Bus long frames (EN 13757-2), the
 * checksum of P1 (DSMR 5.0.2 P1, 5.2).
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "wrap.h"

#define MBUS_LENGTH	0xfa	/* Kaifa's */
#define MBUS_HEAD	5	/* C, A, CI, STSAP, DTSAP: counted by L */
#define MBUS_LENGTH_MAX	511	/* L and L + 256 are all that a reader can guess */
#define MBUS_FINAL	0x10
#define MBUS_SEQUENCES	16

#define BLOCK_LAST	0x80
#define BLOCK_STREAMING	0x40

/* A message under construction. */
struct wrapper {
	struct enc *e;
	const struct sim_wrap *w;
	const struct sim_payload *in;
	struct sim_parts *parts;
	size_t begin;
	int err;
};

void enc_p1_end(struct enc *e, size_t mark, enum sim_p1_crc crc)
{
	char digits[8] = "";
	u16 v = 0;

	if (e->overflow)
		return;
	if (crc == SIM_CRC_GOOD)
		v = sim_crc16_arc(e->p + mark, e->n - mark);
	else if (crc == SIM_CRC_WRONG)
		v = sim_crc16(e->p + mark, e->n - mark);
	if (crc != SIM_CRC_NONE)
		snprintf(digits, sizeof(digits), "%04X", v);
	enc_octets(e, digits, strlen(digits));
	enc_octets(e, "\r\n", 2);
}

static void fail(struct wrapper *wr, int err)
{
	if (!wr->err)
		wr->err = err;
}

static void part_ends(struct wrapper *wr)
{
	struct sim_parts *parts = wr->parts;

	if (!parts)
		return;
	if (parts->n == SIM_PARTS_MAX)
		fail(wr, -EMSGSIZE);
	else
		parts->end[parts->n++] = wr->e->n - wr->begin;
}

/* ---- frames ---- */

/* An information field, in as many frames as it takes; all but the last have the segment bit. */
static void put_hdlc(struct wrapper *wr, const u8 *info, size_t n)
{
	size_t most = wr->w->segment ?: n;

	do {
		size_t len = n < most ? n : most;
		size_t mark = enc_hdlc_begin(wr->e, wr->in->head, wr->in->head_n, n > len);

		enc_octets(wr->e, info, len);
		enc_hdlc_end(wr->e, mark);
		part_ends(wr);
		info += len;
		n -= len;
	} while (n);
}

static void put_mbus_frame(struct wrapper *wr, unsigned int sequence, bool final, const u8 *data,
			   size_t n)
{
	struct enc *e = wr->e;
	const u8 length = MBUS_HEAD + n;	/* wraps above FFh */
	const u8 head[] = { 0x68, length, length, 0x68,
			    0x53, 0xff, sequence | (final ? MBUS_FINAL : 0), 0x01, 0x67 };
	u8 sum = 0;

	for (size_t i = 4; i < sizeof(head); i++)
		sum += head[i];
	for (size_t i = 0; i < n; i++)
		sum += data[i];
	enc_octets(e, head, sizeof(head));
	enc_octets(e, data, n);
	enc_number(e, sum, 1);
	enc_number(e, 0x16, 1);
	part_ends(wr);
}

static void put_mbus(struct wrapper *wr, const u8 *data, size_t n)
{
	size_t most = (wr->w->mbus_length ?: MBUS_LENGTH) - MBUS_HEAD;
	unsigned int sequence = 0;

	do {
		size_t len = n < most ? n : most;

		if (sequence == MBUS_SEQUENCES) {
			fail(wr, -EMSGSIZE);
			return;
		}
		put_mbus_frame(wr, sequence++, n == len, data, len);
		data += len;
		n -= len;
	} while (n);
}

/* One APDU or block; only the first of a message has an LLC header. */
static void put_unit(struct wrapper *wr, const u8 *unit, size_t n, bool first)
{
	u8 info[SIM_OCTETS_MAX];
	struct enc e;

	enc_init(&e, info, sizeof(info));
	if (first && (wr->w->framing == SIM_HDLC || wr->w->framing == SIM_LLC))
		enc_llc(&e);
	enc_octets(&e, unit, n);
	if (e.overflow) {
		fail(wr, -ENOBUFS);
	} else if (wr->w->framing == SIM_HDLC) {
		put_hdlc(wr, info, e.n);
	} else if (wr->w->framing == SIM_MBUS) {
		put_mbus(wr, info, e.n);
	} else {
		enc_octets(wr->e, info, e.n);
		part_ends(wr);
	}
}

/* ---- blocks ---- */

static void put_blocks(struct wrapper *wr, const u8 *apdu, size_t n)
{
	u8 block[SIM_OCTETS_MAX];
	unsigned int number = 1;

	do {
		size_t len = n < wr->w->block ? n : wr->w->block;
		struct enc e;

		enc_init(&e, block, sizeof(block));
		enc_number(&e, 0xe0, 1);
		enc_number(&e, BLOCK_STREAMING | (n == len ? BLOCK_LAST : 0), 1);
		enc_number(&e, number, 2);
		enc_number(&e, 0, 2);	/* acknowledged: nobody does */
		enc_length(&e, len);
		enc_octets(&e, apdu, len);
		if (e.overflow) {
			fail(wr, -ENOBUFS);
			return;
		}
		put_unit(wr, block, e.n, number == 1);
		number++;
		apdu += len;
		n -= len;
	} while (n && !wr->err);
}

/* ---- ciphering ---- */

static int put_ciphered(struct enc *e, const struct sim_cipher *c, const u8 *plain, size_t n)
{
	bool tagged = c->security & SIM_AUTHENTICATED && !c->no_tag;
	u8 text[SIM_OCTETS_MAX], tag[SIM_TAG_LEN];
	int r;

	if (c->security & SIM_AUTHENTICATED && !c->has_auth_key)
		return -EINVAL;
	if (n > sizeof(text))
		return -ENOBUFS;
	r = c->seal(c, plain, n, text, tag);
	if (r < 0)
		return r;
	enc_number(e, c->dedicated ? 0xdc : 0xdb, 1);
	enc_length(e, sizeof(c->title));
	enc_octets(e, c->title, sizeof(c->title));
	enc_length(e, 1 + 4 + n + (tagged ? sizeof(tag) : 0));
	enc_number(e, c->security, 1);
	enc_number(e, c->counter, 4);
	enc_octets(e, text, n);
	if (tagged)
		enc_octets(e, tag, sizeof(tag));
	return e->overflow ? -ENOBUFS : 0;
}

/* The identification of @telegram, @apdu in the place of its lines, '!' and a checksum. */
static void put_between_lines(struct wrapper *wr, const u8 *apdu, size_t n)
{
	const u8 *line_end = memmem(wr->in->octets, wr->in->n, "\r\n\r\n", 4);
	size_t mark = wr->e->n;

	enc_octets(wr->e, wr->in->octets, line_end - wr->in->octets + 4);
	enc_octets(wr->e, apdu, n);
	enc_octets(wr->e, "!", 1);
	enc_p1_end(wr->e, mark, wr->w->p1_crc);
	part_ends(wr);
}

static bool makes_sense(const struct sim_wrap *w, const struct sim_payload *in)
{
	if (w->framing == SIM_BODY && (in->telegram || w->block || w->cipher))
		return false;
	if (w->mbus_length && (w->mbus_length <= MBUS_HEAD || w->mbus_length > MBUS_LENGTH_MAX))
		return false;
	if (w->segment && w->framing != SIM_HDLC)
		return false;
	if (w->framing == SIM_P1 && (!in->telegram || w->block))
		return false;
	if (w->p1_lines && (w->framing != SIM_P1 || !w->cipher))
		return false;
	return !in->telegram || w->cipher || w->framing == SIM_P1;
}

int sim_wrap(struct enc *e, const struct sim_wrap *w, const struct sim_payload *in,
	     struct sim_parts *ret)
{
	struct wrapper wr = { .e = e, .w = w, .in = in, .parts = ret, .begin = e->n };
	u8 plain[SIM_OCTETS_MAX], ciphered[SIM_OCTETS_MAX];
	struct enc apdu;
	int r;

	if (!makes_sense(w, in))
		return -EINVAL;
	if (ret)
		ret->n = 0;
	enc_init(&apdu, plain, sizeof(plain));
	enc_octets(&apdu, in->octets, in->n);
	if (in->telegram)
		enc_p1_end(&apdu, 0, w->cipher ? SIM_CRC_GOOD : w->p1_crc);
	if (apdu.overflow)
		return -ENOBUFS;
	if (w->cipher) {
		size_t n = apdu.n;

		enc_init(&apdu, ciphered, sizeof(ciphered));
		r = put_ciphered(&apdu, w->cipher, plain, n);
		if (r < 0)
			return r;
	}
	if (w->p1_lines)
		put_between_lines(&wr, apdu.p, apdu.n);
	else if (w->block)
		put_blocks(&wr, apdu.p, apdu.n);
	else
		put_unit(&wr, apdu.p, apdu.n, true);
	if (wr.err)
		return wr.err;
	return e->overflow ? -ENOBUFS : 0;
}
