// SPDX-License-Identifier: GPL-2.0
/*
 * Sniffing: from octets to the name of their framing.  Rests on the framer, which knows best what
 * an HDLC frame is; all other framings are told by their first octets.
 */
#include <string.h>

#include <amshan/framer.h>

#include "dlms/apdu.h"
#include "dlms/axdr.h"
#include "link/sniff.h"

#define MBUS_START	0x68
#define MBUS_STOP	0x16
#define MBUS_CONTROL	0x53	/* SND-UD, all that meters send */
#define MBUS_HEAD	4	/* start, length, length, start */
#define MBUS_TAIL	2	/* checksum, stop */

static void count_frame(void *ctx, const u8 *frame, size_t n)
{
	++*(unsigned int *)ctx;
}

static bool has_frame(const u8 *data, size_t n)
{
	unsigned int frames = 0;
	struct framer f;

	framer_init(&f);
	framer_push(&f, data, NULL, n, 0, count_frame, &frames);
	framer_flush(&f, count_frame, &frames);
	return frames;
}

static bool is_letter(u8 c)
{
	c |= 0x20;
	return c >= 'a' && c <= 'z';
}

/* Behind tag and long-invoke-id: no date-time, or the first octets of one (years 2000..2303). */
static bool is_notification(const u8 *p, size_t n)
{
	if (n < 7)
		return false;
	switch (p[5]) {
	case 0:
		return axdr_tag_name(p[6]);
	case 12:
	case AXDR_DATE_TIME:
		return p[6] == 0x07 || p[6] == 0x08;
	case AXDR_OCTET_STRING:
		return p[6] == 0 || p[6] == 12;
	}
	return false;
}

bool link_is_apdu(const u8 *p, size_t n)
{
	if (n < 2)
		return false;
	switch (p[0]) {
	case APDU_DATA_NOTIFICATION:
		return is_notification(p, n);
	case APDU_GENERAL_GLO_CIPHERING:
	case APDU_GENERAL_DED_CIPHERING:
		/* A title begins with the three letters of its maker. */
		return p[1] == 0 || (p[1] == APDU_TITLE_MAX &&
				     (n < 5 || (is_letter(p[2]) && is_letter(p[3]) && is_letter(p[4]))));
	case APDU_GENERAL_BLOCK_TRANSFER:
		/* control, block, acknowledged block (never more than was sent), length */
		return n >= 7 && (p[2] || p[3]) && !p[4];
	}
	return false;
}

static bool is_body(const u8 *p, size_t n)
{
	return n >= 3 && (p[0] == AXDR_ARRAY || p[0] == AXDR_STRUCTURE) && p[1] &&
	       axdr_tag_name(p[2]);
}

/* The identification line stands at the start, or behind the line that was cut by the capture. */
static bool is_p1(const u8 *p, size_t n)
{
	for (size_t i = 0; i + 4 < n; i++)
		if (p[i] == '/' && (!i || p[i - 1] == '\n') && is_letter(p[i + 1]) &&
		    is_letter(p[i + 2]) && is_letter(p[i + 3]))
			return true;
	return false;
}

/* A long frame from @p on; of one that is cut off by the end only the head is asked. */
static bool is_mbus_frame(const u8 *p, size_t n)
{
	size_t len;
	u8 sum = 0;

	if (n < MBUS_HEAD || p[0] != MBUS_START || p[1] != p[2] || p[3] != MBUS_START || !p[1])
		return false;
	len = p[1];
	if (n < MBUS_HEAD + len + MBUS_TAIL)
		return true;
	for (size_t i = 0; i < len; i++)
		sum += p[MBUS_HEAD + i];
	/* Some meters let the length wrap round: 01 stands for 257 octets. */
	return (p[MBUS_HEAD + len] == sum && p[MBUS_HEAD + len + 1] == MBUS_STOP) ||
	       p[MBUS_HEAD] == MBUS_CONTROL;
}

static bool is_mbus(const u8 *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (is_mbus_frame(p + i, n - i))
			return true;
	return false;
}

enum link_framing link_sniff(const u8 *data, size_t n)
{
	const u8 *p = data;

	if (!n)
		return LINK_UNKNOWN;
	if (has_frame(data, n) || data[0] == AMSHAN_FLAG)
		return LINK_HDLC;
	if (apdu_skip_llc(&p, data + n))
		return LINK_LLC;
	if (link_is_apdu(data, n))
		return LINK_APDU;
	if (is_body(data, n))
		return LINK_BODY;
	if (is_p1(data, n))
		return LINK_P1;
	if (is_mbus(data, n))
		return LINK_MBUS;
	return memchr(data, AMSHAN_FLAG, n) ? LINK_HDLC : LINK_UNKNOWN;
}

bool link_is_naked_frame(const u8 *data, size_t n)
{
	return n >= AMSHAN_FRAME_MIN && (data[0] & 0xf0) == 0xa0 &&
	       ((size_t)(data[0] & 0x07) << 8 | data[1]) == n;
}

const char *link_framing_name(enum link_framing framing)
{
	static const char *const names[] = {
		[LINK_UNKNOWN] = "unknown",
		[LINK_HDLC] = "HDLC",
		[LINK_LLC] = "bare LLC",
		[LINK_APDU] = "bare APDU",
		[LINK_BODY] = "bare body",
		[LINK_P1] = "P1",
		[LINK_MBUS] = "M-Bus",
	};

	return names[framing];
}

const char *link_framing_word(enum link_framing framing)
{
	static const char *const words[] = {
		[LINK_UNKNOWN] = "",
		[LINK_HDLC] = "hdlc",
		[LINK_LLC] = "llc",
		[LINK_APDU] = "apdu",
		[LINK_BODY] = "body",
		[LINK_P1] = "p1",
		[LINK_MBUS] = "mbus",
	};

	return words[framing];
}
