// SPDX-License-Identifier: GPL-2.0
/*
 * The encoder of the simulator, from the standards' text: A-XDR (IEC 61334-6), data types
 * (IEC 62056-6-2), HDLC frame format type 3 (IEC 62056-46).  Relies on libc alone.
 */
#include <string.h>

#include "encode.h"

#define FLAG		0x7e
#define FORMAT_TYPE3	0xa0
#define FORMAT_SEGMENT	0x08

u16 sim_crc16(const u8 *data, size_t n)
{
	u16 crc = 0xffff;

	for (size_t i = 0; i < n; i++) {
		crc ^= data[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc & 1 ? crc >> 1 ^ 0x8408 : crc >> 1;
	}
	return ~crc;
}

u16 sim_crc16_arc(const u8 *data, size_t n)
{
	u16 crc = 0;

	for (size_t i = 0; i < n; i++) {
		crc ^= data[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc & 1 ? crc >> 1 ^ 0xa001 : crc >> 1;
	}
	return crc;
}

void enc_octets(struct enc *e, const void *data, size_t n)
{
	if (e->overflow || n > e->size - e->n) {
		e->overflow = true;
		return;
	}
	if (n)
		memcpy(e->p + e->n, data, n);
	e->n += n;
}

static void put_octet(struct enc *e, u8 v)
{
	enc_octets(e, &v, 1);
}

void enc_number(struct enc *e, u64 v, unsigned int octets)
{
	while (octets--)
		put_octet(e, v >> 8 * octets);
}

void enc_length(struct enc *e, size_t n)
{
	unsigned int octets = n <= 0xff ? 1 : n <= 0xffff ? 2 : 4;

	if (n >= 0x80)
		put_octet(e, 0x80 | octets);
	enc_number(e, n, octets);
}

static void put_tagged(struct enc *e, u8 tag, u64 v, unsigned int octets)
{
	put_octet(e, tag);
	enc_number(e, v, octets);
}

static void put_string(struct enc *e, u8 tag, const void *data, size_t n)
{
	put_octet(e, tag);
	enc_length(e, n);
	enc_octets(e, data, n);
}

void enc_null(struct enc *e)
{
	put_octet(e, 0);
}

void enc_array(struct enc *e, size_t elements)
{
	put_octet(e, 1);
	enc_length(e, elements);
}

void enc_structure(struct enc *e, size_t elements)
{
	put_octet(e, 2);
	enc_length(e, elements);
}

void enc_bool(struct enc *e, bool v)
{
	put_tagged(e, 3, v, 1);
}

void enc_bit_string(struct enc *e, const u8 *bits, size_t n_bits)
{
	put_octet(e, 4);
	enc_length(e, n_bits);
	enc_octets(e, bits, (n_bits + 7) / 8);
}

void enc_s32(struct enc *e, s32 v)
{
	put_tagged(e, 5, (u32)v, 4);
}

void enc_u32(struct enc *e, u32 v)
{
	put_tagged(e, 6, v, 4);
}

void enc_octet_string(struct enc *e, const void *data, size_t n)
{
	put_string(e, 9, data, n);
}

void enc_visible_string(struct enc *e, const char *text, size_t n)
{
	put_string(e, 10, text, n);
}

void enc_utf8_string(struct enc *e, const char *text, size_t n)
{
	put_string(e, 12, text, n);
}

void enc_bcd(struct enc *e, u8 v)
{
	put_tagged(e, 13, v, 1);
}

void enc_s8(struct enc *e, s8 v)
{
	put_tagged(e, 15, (u8)v, 1);
}

void enc_s16(struct enc *e, s16 v)
{
	put_tagged(e, 16, (u16)v, 2);
}

void enc_u8(struct enc *e, u8 v)
{
	put_tagged(e, 17, v, 1);
}

void enc_u16(struct enc *e, u16 v)
{
	put_tagged(e, 18, v, 2);
}

void enc_compact_array(struct enc *e, const u8 *type, size_t type_n, const u8 *contents,
		       size_t contents_n)
{
	put_octet(e, 19);
	enc_octets(e, type, type_n);
	enc_length(e, contents_n);
	enc_octets(e, contents, contents_n);
}

void enc_s64(struct enc *e, s64 v)
{
	put_tagged(e, 20, (u64)v, 8);
}

void enc_u64(struct enc *e, u64 v)
{
	put_tagged(e, 21, v, 8);
}

void enc_enum(struct enc *e, u8 v)
{
	put_tagged(e, 22, v, 1);
}

void enc_float32(struct enc *e, float v)
{
	u32 bits;

	memcpy(&bits, &v, sizeof(bits));
	put_tagged(e, 23, bits, 4);
}

void enc_float64(struct enc *e, double v)
{
	u64 bits;

	memcpy(&bits, &v, sizeof(bits));
	put_tagged(e, 24, bits, 8);
}

void enc_date_time(struct enc *e, const u8 date_time[12])
{
	put_octet(e, 25);
	enc_octets(e, date_time, 12);
}

void enc_date(struct enc *e, const u8 date[5])
{
	put_octet(e, 26);
	enc_octets(e, date, 5);
}

void enc_time(struct enc *e, const u8 time[4])
{
	put_octet(e, 27);
	enc_octets(e, time, 4);
}

void enc_obis(struct enc *e, u8 a, u8 b, u8 c, u8 d, u8 e_, u8 f)
{
	const u8 code[] = { a, b, c, d, e_, f };

	enc_octet_string(e, code, sizeof(code));
}

void enc_llc(struct enc *e)
{
	enc_octets(e, "\xe6\xe7\x00", 3);
}

void enc_data_notification(struct enc *e, u32 invoke_id, enum enc_header_time how,
			   const u8 date_time[12])
{
	put_tagged(e, 0x0f, invoke_id, 4);
	switch (how) {
	case ENC_TIME_ABSENT:
		put_octet(e, 0);
		break;
	case ENC_TIME_STRING:
		enc_octet_string(e, date_time, 12);
		break;
	case ENC_TIME_BARE:
		put_octet(e, 12);
		enc_octets(e, date_time, 12);
		break;
	case ENC_TIME_TAGGED:
		enc_date_time(e, date_time);
		break;
	}
}

/* Octets of an address: the last one has its low bit set. */
static size_t address_length(const u8 *p, size_t n)
{
	size_t len = 0;

	while (len < n && !(p[len++] & 1))
		;
	return len;
}

/* Octets of a frame from the format field through the control field. */
static size_t header_length(const u8 *frame, size_t n)
{
	size_t len = 2;

	len += address_length(frame + len, n - len);
	len += address_length(frame + len, n - len);
	return len + 1;
}

static void put_checksum(u8 *frame, size_t at)
{
	u16 crc = sim_crc16(frame, at);

	frame[at] = crc & 0xff;
	frame[at + 1] = crc >> 8;
}

void enc_hdlc_seal(u8 *frame, size_t n)
{
	size_t header = header_length(frame, n);

	if (header + 4 <= n)
		put_checksum(frame, header);
	put_checksum(frame, n - 2);
}

size_t enc_hdlc_begin(struct enc *e, const u8 *head, size_t n, bool segmented)
{
	size_t mark;

	put_octet(e, FLAG);
	mark = e->n;
	put_octet(e, FORMAT_TYPE3 | (segmented ? FORMAT_SEGMENT : 0));
	put_octet(e, 0);
	enc_octets(e, head, n);
	enc_number(e, 0, 2);	/* HCS; the FCS of a frame without information field */
	return mark;
}

void enc_hdlc_end(struct enc *e, size_t mark)
{
	u8 *frame = e->p + mark;
	size_t n;

	if (e->overflow)
		return;
	if (e->n - mark > header_length(frame, e->n - mark) + 2)
		enc_number(e, 0, 2);
	n = e->n - mark;
	if (n > ENC_FRAME_MAX)
		e->overflow = true;
	put_octet(e, FLAG);
	if (e->overflow)
		return;
	frame[0] |= n >> 8;
	frame[1] = n & 0xff;
	enc_hdlc_seal(frame, n);
}
