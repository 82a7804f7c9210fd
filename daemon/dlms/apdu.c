// SPDX-License-Identifier: GPL-2.0
/*
 * LLC header and APDU header: what stands before a notification's body.
 */
#include <errno.h>
#include <string.h>

#include "dlms/apdu.h"
#include "dlms/axdr.h"

/* LLC of a server's answer or push: destination E6h, source E7h, control 00h (IEC 62056-46). */
static const u8 llc[] = { 0xe6, 0xe7, 0x00 };

/*
 * The date-time of a data-notification: an octet-string without its tag, so a length and 0 or 12
 * octets; Kaifa puts the tag (09h) before it, and a date-time with its own tag (19h) is legal.
 */
static int header_time(const u8 **p, const u8 *end, struct apdu *ret)
{
	const u8 *q = *p;

	if (q == end)
		return -EBADMSG;
	if (*q == AXDR_DATE_TIME) {
		q++;
	} else {
		if (*q == AXDR_OCTET_STRING)
			q++;
		if (q == end)
			return -EBADMSG;
		if (*q == 0) {
			*p = q + 1;
			return 0;
		}
		if (*q++ != COSEM_TIME_LEN)
			return -EBADMSG;
	}
	if (end - q < COSEM_TIME_LEN)
		return -EBADMSG;
	ret->has_time = cosem_time_parse(q, &ret->time) == 0;
	*p = q + COSEM_TIME_LEN;

	return 0;
}

bool apdu_skip_llc(const u8 **p, const u8 *end)
{
	if ((size_t)(end - *p) < sizeof(llc) || memcmp(*p, llc, sizeof(llc)))
		return false;
	*p += sizeof(llc);

	return true;
}

int apdu_parse(const u8 **p, const u8 *end, struct apdu *ret)
{
	const u8 *q = *p;
	int r;

	if (q == end)
		return -ENODATA;
	apdu_skip_llc(&q, end);
	if (q == end)
		return -EBADMSG;

	ret->tag = *q++;
	ret->has_time = false;
	if (ret->tag != APDU_DATA_NOTIFICATION)
		return -EPROTONOSUPPORT;
	if (end - q < 4)
		return -EBADMSG;
	ret->invoke_id = (u32)q[0] << 24 | q[1] << 16 | q[2] << 8 | q[3];
	q += 4;
	r = header_time(&q, end, ret);
	if (r < 0)
		return r;
	ret->body = q;
	*p = q;

	return 0;
}

int apdu_length(const u8 *p, size_t n, size_t *ret)
{
	const u8 *q = p + 1, *end = p + n;
	u16 len;
	int r;

	if (!n)
		return -EBADMSG;
	switch (*p) {
	case APDU_GENERAL_GLO_CIPHERING:
	case APDU_GENERAL_DED_CIPHERING:
		if (q == end || *q > APDU_TITLE_MAX || end - q <= *q)
			return -EBADMSG;
		q += 1 + *q;
		break;
	case APDU_GENERAL_BLOCK_TRANSFER:
		/* control, block number, acknowledged block number */
		if (end - q < 5)
			return -EBADMSG;
		q += 5;
		break;
	default:
		return -EPROTONOSUPPORT;
	}
	r = axdr_length_next(&q, end, &len);
	if (r < 0)
		return r;
	*ret = (q - p) + len;

	return 0;
}

bool apdu_are_whole(const u8 *p, const u8 *end)
{
	struct apdu apdu;
	size_t n;

	while (p < end) {
		apdu_skip_llc(&p, end);
		if (!apdu_length(p, (size_t)(end - p), &n)) {
			if (n > (size_t)(end - p))
				return false;
			p += n;
		} else if (apdu_parse(&p, end, &apdu) < 0 || axdr_skip(&p, end) < 0) {
			return false;
		}
	}

	return true;
}
