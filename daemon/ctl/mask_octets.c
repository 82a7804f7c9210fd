// SPDX-License-Identifier: GPL-2.0
/*
 * Masks: in frames and datagrams.  Only what carries a number is touched, so that what is left can
 * still be taken apart.  Checksums and the frames of M-Bus are in mask_sums.c.
 */
#include <amshan/crc16.h>
#include <amshan/framer.h>

#include "ctl/mask_internal.h"
#include "dlms/apdu.h"
#include "dlms/axdr.h"
#include "link/hextext.h"
#include "util.h"

#define KNOWN_MIN	6
#define TITLE_LETTERS	3	/* the maker's letters of a system title (DLMS UA 1000-2) */
#define GENERAL_CIPHERING 0xdd	/* with a transaction's number before the titles */
#define TYPE_LEN	18	/* of Kamstrup's types */
#define HEX_LEAST	64	/* what is shorter and hex text may be a number itself */
#define HEX_OCTETS_MAX	4096

static bool octet_is_digit(u8 c)
{
	return is_digit((char)c);
}

static bool octet_is_word(u8 c)
{
	return is_alnum((char)c);
}

static bool octet_is_capital(u8 c)
{
	return c >= 'A' && c <= 'Z';
}

static bool octets_are_plain(const u8 *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if ((p[i] < ' ' && !memchr("\t\r\n", p[i], 3)) || p[i] >= 0x7f)
			return false;
	return true;
}

size_t octets_cover(u8 *p, size_t n)
{
	size_t covered = 0;

	for (size_t i = 0; i < n; i++) {
		covered += p[i] != MASK_OCTET;
		p[i] = MASK_OCTET;
	}
	return covered;
}

/* ---- numbers ---- */

/* Is @at the length of a string, which only looks like a letter or a digit? */
static bool is_length(const struct part *t, size_t at)
{
	u8 tag = at ? t->p[at - 1] : 0;

	return !t->is_plain && at && at + 1 + t->p[at] <= t->n &&
	       (tag == AXDR_OCTET_STRING || tag == AXDR_VISIBLE_STRING || tag == AXDR_UTF8_STRING);
}

/*
 * Kamstrup's 1-1:96.1.1 is the type of the meter, by which its scalers are told: 18 characters as
 * 6841121BN243101040, the same for thousands; others send their number there.  Is it the string
 * whose text begins at @at?
 */
static bool is_type(const struct part *t, size_t at, size_t n)
{
	static const u8 code[] = { AXDR_OCTET_STRING, 6, 1, 1, 96, 1, 1, 255 };
	const u8 *text = t->p + at;
	bool letter = false;

	if (n != TYPE_LEN || at < sizeof(code) + 2 || text[-1] != TYPE_LEN ||
	    memcmp(text - 2 - sizeof(code), code, sizeof(code)))
		return false;
	for (size_t i = 0; i < n; i++)
		letter |= !octet_is_digit(text[i]);
	return letter && text[0] == '6' && text[1] == '8';
}

static size_t cover_numbers(struct part *t)
{
	size_t covered = 0, at = 0;

	while (at < t->n) {
		size_t end = at, digits = 0, group;
		bool edge;

		if (!octet_is_word(t->p[at]) || is_length(t, at)) {
			at++;
			continue;
		}
		group = mask_group_at((const char *)t->p + at, t->n - at);
		if (group) {
			covered += octets_cover(t->p + at, group);
			at += group;
			continue;
		}
		for (; end < t->n && octet_is_word(t->p[end]); end++)
			digits += octet_is_digit(t->p[end]);
		/* A piece of a number has fewer digits than the whole. */
		edge = at == 0 || (end == t->n && t->goes_on);
		if ((digits >= MASK_DIGITS && !is_type(t, at, end - at)) || (edge && digits))
			covered += octets_cover(t->p + at, end - at);
		at = end;
	}
	return covered;
}

/* Numbers that are known, also where they have few digits. */
static size_t cover_known(const struct mask *m, struct part *t)
{
	size_t covered = 0;

	for (size_t i = 0; m && i < m->n; i++) {
		const struct mask_known *k = &m->known[i];
		u8 *from = t->p;

		/* What is short stands everywhere, as the 0001 that some adapters have. */
		if ((k->kind != MASK_METER && k->kind != MASK_NUMBER) || k->n < KNOWN_MIN)
			continue;
		while ((from = memmem(from, t->n - (size_t)(from - t->p), k->word, k->n))) {
			covered += octets_cover(from, k->n);
			from += k->n;
		}
	}
	return covered;
}

/* ---- system titles ---- */

/* A title with its length before it at @at; @is: what its letters have to be */
static size_t cover_title(struct part *t, size_t at, bool (*is)(u8 c))
{
	const u8 *p = t->p + at;

	if (at + 1 + APDU_TITLE_MAX > t->n || *p != APDU_TITLE_MAX || !is(p[1]) || !is(p[2]) ||
	    !is(p[3]))
		return 0;
	return octets_cover(t->p + at + 1 + TITLE_LETTERS, APDU_TITLE_MAX - TITLE_LETTERS);
}

static bool is_ciphered(u8 tag)
{
	return tag == APDU_GENERAL_GLO_CIPHERING || tag == APDU_GENERAL_DED_CIPHERING;
}

/*
 * Of a ciphered APDU: where one begins, and wherever one seems to, as in blocks and in M-Bus
 * frames.  An association request has one, too: so any that has three capitals.
 */
static size_t cover_titles(struct part *t)
{
	const u8 *p = t->p, *end = t->p + t->n;
	size_t covered = 0, at;

	/* Whatever its letters are. */
	apdu_skip_llc(&p, end);
	at = p - t->p;
	if (end - p >= 2 && is_ciphered(*p) && p[1] > TITLE_LETTERS && p[1] <= APDU_TITLE_MAX &&
	    end - p - 2 > p[1])
		covered += octets_cover(t->p + at + 2 + TITLE_LETTERS, p[1] - TITLE_LETTERS);
	for (size_t i = 0; i + 1 < t->n; i++) {
		size_t behind = i + 2 + t->p[i + 1];

		covered += cover_title(t, i, octet_is_capital);
		if (is_ciphered(t->p[i]))
			covered += cover_title(t, i + 1, octet_is_word);
		/* Behind the transaction's number that of the sender, and that of the receiver. */
		if (t->p[i] == GENERAL_CIPHERING && behind < t->n) {
			covered += cover_title(t, behind, octet_is_word);
			covered += cover_title(t, behind + 1 + t->p[behind], octet_is_word);
		}
	}
	return covered;
}

/* ---- the whole ---- */

static size_t cover_part(const struct mask *m, struct part *t)
{
	struct sums sums;
	size_t covered;

	if (!t->n)
		return 0;
	t->is_plain = octets_are_plain(t->p, t->n);
	sums_note(&sums, t);
	covered = cover_known(m, t);
	covered += cover_titles(t);
	covered += mbus_cover(t);
	covered += cover_numbers(t);
	return covered + sums_renew(&sums, t);
}

static bool has_good_fcs(const u8 *p, size_t n)
{
	return amshan_crc16(AMSHAN_CRC16_INIT, p, n) == AMSHAN_CRC16_GOOD;
}

static size_t cover_frame(const struct mask *m, u8 *p, size_t n, const struct hdlc_frame *h)
{
	struct part t = { .p = p + (h->info - p), .n = h->info_len, .goes_on = h->segmented };
	bool good = has_good_fcs(p, n);
	size_t covered = cover_part(m, &t);
	u16 fcs;

	if (!covered)
		return 0;
	if (!good)
		return covered + octets_cover(p + n - 2, 2);
	fcs = (u16)~amshan_crc16(AMSHAN_CRC16_INIT, p, n - 2);
	p[n - 2] = fcs & 0xff;
	p[n - 1] = fcs >> 8;
	return covered;
}

/* A frame with a good FCS at the beginning of @p: its length, 0: there is none */
static size_t frame_at(const u8 *p, size_t n, struct hdlc_frame *ret)
{
	size_t len = n < 2 ? 0 : (size_t)(p[0] & 0x07) << 8 | p[1];

	if (len < AMSHAN_FRAME_MIN || len > n || hdlc_frame_parse(p, len, ret) < 0)
		return 0;
	return has_good_fcs(p, len) ? len : 0;
}

/* Octets with frames among them, or without. */
static size_t cover_stream(const struct mask *m, u8 *p, size_t n)
{
	size_t covered = 0, from = 0, at = 0;
	struct part rest;

	while (at < n) {
		struct hdlc_frame h;
		size_t len = frame_at(p + at, n - at, &h);
		struct part before = { .p = p + from, .n = at - from, .goes_on = true };

		if (!len) {
			at++;
			continue;
		}
		covered += cover_part(m, &before);
		covered += cover_frame(m, p + at, len, &h);
		at += len;
		from = at;
	}
	rest = (struct part){ .p = p + from, .n = n - from, .goes_on = true };
	return covered + cover_part(m, &rest);
}

/* A frame alone has its length in its head, whatever its checksum. */
static size_t cover_octets(const struct mask *m, u8 *p, size_t n)
{
	struct hdlc_frame h;

	if (hdlc_frame_parse(p, n, &h) == 0)
		return cover_frame(m, p, n, &h);
	return cover_stream(m, p, n);
}

/* A comment in hex text: a sentence of somebody's.  Returns its end. */
static size_t cover_comment(u8 *p, size_t n, size_t at, size_t *covered)
{
	for (; at < n && p[at] != '\n'; at++)
		if (octet_is_word(p[at]) || p[at] >= 0x80)
			*covered += octets_cover(p + at, 1);
	return at;
}

/*
 * Hex text, as it was sent: what changes of its octets is written back as digits.  The last digit
 * may be cut off.
 */
static size_t cover_hex(const struct mask *m, u8 *p, size_t n)
{
	static const char digits[] = "0123456789abcdef";
	static u8 was[HEX_OCTETS_MAX], is[HEX_OCTETS_MAX];
	size_t octets = 0, covered = 0, at = 0;

	if (hextext_decode(p, n, was, &octets, NULL) < 0)
		return 0;
	memcpy(is, was, octets);
	cover_octets(m, is, octets);
	for (size_t i = 0; at < n;) {
		if (p[at] == '#') {
			at = cover_comment(p, n, at, &covered);
		} else if (hextext_is_space(p[at])) {
			at++;
		} else {
			if (is[i] != was[i]) {
				p[at] = (u8)digits[is[i] >> 4];
				p[at + 1] = (u8)digits[is[i] & 0x0f];
				covered += is[i] == MASK_OCTET;
			}
			i++;
			at += 2;
		}
	}
	return covered;
}

size_t mask_octets(const struct mask *m, u8 *p, size_t n)
{
	if (n >= HEX_LEAST && n <= 2 * HEX_OCTETS_MAX) {
		for (size_t cut = 0; cut < 2; cut++)
			if (hextext_is(p, n - cut))
				return cover_hex(m, p, n - cut);
	}
	return n ? cover_octets(m, p, n) : 0;
}
