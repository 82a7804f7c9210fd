/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The encoder of the simulator: A-XDR, LLC, APDU header and HDLC into a caller's buffer.
 *
 * It is the yardstick for the daemon's decoder and framer and therefore has nothing from them, not
 * even the checksum.  Octets that do not fit are not written; @overflow says so and stays set.
 */
#ifndef SIM_ENCODE_H
#define SIM_ENCODE_H

#include <amshan/types.h>

#define ENC_FRAME_MAX	2047			/* from the format field through the FCS */
#define ENC_OCTETS_MAX	(ENC_FRAME_MAX + 2)	/* the same with both flags */

/**
 * struct enc - what has been written
 * @p: the caller's buffer
 * @size: its size
 * @n: octets written
 * @overflow: something did not fit, the content is useless
 */
struct enc {
	u8 *p;
	size_t size;
	size_t n;
	bool overflow;
};

static inline void enc_init(struct enc *e, u8 *buf, size_t size)
{
	*e = (struct enc){ .p = buf, .size = size };
}

/* sim_crc16() - CRC-16/X.25 bit by bit, as it is sent: complemented; low octet goes first */
u16 sim_crc16(const u8 *data, size_t n);

/* sim_crc16_arc() - CRC-16/ARC bit by bit, for P1 telegrams (DSMR 5.0.2 P1, 5.2) */
u16 sim_crc16_arc(const u8 *data, size_t n);

/* Octets as they are, numbers with the highest octet first, BER lengths. */
void enc_octets(struct enc *e, const void *data, size_t n);
void enc_number(struct enc *e, u64 v, unsigned int octets);
void enc_length(struct enc *e, size_t n);

/* The data types of COSEM, each with its tag (IEC 62056-6-2). */
void enc_null(struct enc *e);
void enc_bool(struct enc *e, bool v);
void enc_bit_string(struct enc *e, const u8 *bits, size_t n_bits);
void enc_s8(struct enc *e, s8 v);	/* integer */
void enc_s16(struct enc *e, s16 v);	/* long */
void enc_s32(struct enc *e, s32 v);	/* double-long */
void enc_s64(struct enc *e, s64 v);	/* long64 */
void enc_u8(struct enc *e, u8 v);	/* unsigned */
void enc_u16(struct enc *e, u16 v);	/* long-unsigned */
void enc_u32(struct enc *e, u32 v);	/* double-long-unsigned */
void enc_u64(struct enc *e, u64 v);	/* long64-unsigned */
void enc_enum(struct enc *e, u8 v);
void enc_bcd(struct enc *e, u8 v);
void enc_float32(struct enc *e, float v);
void enc_float64(struct enc *e, double v);
void enc_octet_string(struct enc *e, const void *data, size_t n);
void enc_visible_string(struct enc *e, const char *text, size_t n);
void enc_utf8_string(struct enc *e, const char *text, size_t n);
void enc_date(struct enc *e, const u8 date[5]);
void enc_time(struct enc *e, const u8 time[4]);
void enc_date_time(struct enc *e, const u8 date_time[12]);

/* Containers: the head; the elements are to be written behind it. */
void enc_array(struct enc *e, size_t elements);
void enc_structure(struct enc *e, size_t elements);

/* enc_compact_array() - @type: the type description, e.g. 12h for long-unsigned */
void enc_compact_array(struct enc *e, const u8 *type, size_t type_n, const u8 *contents,
		       size_t contents_n);

/* enc_obis() - an octet-string of six octets */
void enc_obis(struct enc *e, u8 a, u8 b, u8 c, u8 d, u8 e_, u8 f);

/* How the header of a data-notification gives its date-time. */
enum enc_header_time {
	ENC_TIME_ABSENT,	/* 00 */
	ENC_TIME_STRING,	/* 09 0C and 12 octets */
	ENC_TIME_BARE,		/* 0C and 12 octets */
	ENC_TIME_TAGGED,	/* 19 and 12 octets */
};

void enc_llc(struct enc *e);
void enc_data_notification(struct enc *e, u32 invoke_id, enum enc_header_time how,
			   const u8 date_time[12]);

/**
 * enc_hdlc_begin() - flag and header; the information field is to be written behind it
 * @e: the encoder
 * @head: addresses and control field
 * @n: their number
 * @segmented: set the segment bit
 *
 * Return: a mark for enc_hdlc_end().
 */
size_t enc_hdlc_begin(struct enc *e, const u8 *head, size_t n, bool segmented);

/**
 * enc_hdlc_end() - length, checksums and the closing flag
 * @e: the encoder; overflow is set if the frame is longer than ENC_FRAME_MAX
 * @mark: from enc_hdlc_begin()
 *
 * A frame without information field has no HCS (IEC 62056-46).
 */
void enc_hdlc_end(struct enc *e, size_t mark);

/**
 * enc_hdlc_seal() - write the checksums of a frame again after it was changed
 * @frame: from the format field through the FCS
 * @n: its length
 */
void enc_hdlc_seal(u8 *frame, size_t n);

#endif /* SIM_ENCODE_H */
