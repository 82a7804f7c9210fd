/* SPDX-License-Identifier: GPL-2.0 */
/*
 * LLC header and APDU header: what stands before a notification's body.
 */
#ifndef AMSHAN_DLMS_APDU_H
#define AMSHAN_DLMS_APDU_H

#include "dlms/time.h"

enum apdu_tag {
	APDU_DATA_NOTIFICATION = 0x0f,
	APDU_GENERAL_GLO_CIPHERING = 0xdb,
	APDU_GENERAL_DED_CIPHERING = 0xdc,
	APDU_GENERAL_BLOCK_TRANSFER = 0xe0,
};

#define APDU_TITLE_MAX	8	/* octets of a system title */

/**
 * struct apdu - the header of one APDU
 * @tag: enum apdu_tag
 * @has_time: data-notification: @time was sent and is a real one
 * @invoke_id: data-notification: long-invoke-id-and-priority
 * @time: data-notification: date-time of the header
 * @title: ciphered: system title, @title_len octets
 * @title_len: 0..APDU_TITLE_MAX
 * @body: what follows the header; for ciphered and block transfer APDUs all that is left
 */
struct apdu {
	u8 tag;
	bool has_time;
	u8 title_len;
	u8 title[APDU_TITLE_MAX];
	u32 invoke_id;
	struct cosem_time time;
	const u8 *body;
};

/**
 * apdu_parse() - read an LLC header, if there is one, and the header of an APDU
 * @p: cursor; at the body on success (ciphered and block transfer: at @end), else untouched
 * @end: end of the octets
 * @ret: the header; undefined on failure
 *
 * Return: 0; -ENODATA at @end; -EPROTONOSUPPORT for an APDU of another kind; -EBADMSG if it is cut
 * off or malformed.
 */
int apdu_parse(const u8 **p, const u8 *end, struct apdu *ret);

#endif /* AMSHAN_DLMS_APDU_H */
