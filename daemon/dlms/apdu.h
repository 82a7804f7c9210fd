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
 * struct apdu - the header of a data-notification
 * @tag: APDU_DATA_NOTIFICATION; on -EPROTONOSUPPORT what stands in its place
 * @has_time: @time was sent and is a real one
 * @invoke_id: long-invoke-id-and-priority
 * @time: date-time of the header
 * @body: what follows the header
 */
struct apdu {
	u8 tag;
	bool has_time;
	u32 invoke_id;
	struct cosem_time time;
	const u8 *body;
};

/**
 * apdu_skip_llc() - go over an LLC header, if there is one
 * @p: cursor
 * @end: end of the octets
 *
 * Return: true if there was one.
 */
bool apdu_skip_llc(const u8 **p, const u8 *end);

/**
 * apdu_parse() - read an LLC header, if there is one, and the header of a data-notification
 * @p: cursor; at the body on success, else untouched
 * @end: end of the octets
 * @ret: the header; undefined on failure
 *
 * Return: 0; -ENODATA at @end; -EPROTONOSUPPORT for an APDU of another kind; -EBADMSG if it is cut
 * off or malformed.
 */
int apdu_parse(const u8 **p, const u8 *end, struct apdu *ret);

/**
 * apdu_length() - octets of an APDU that says in its header how long it is
 * @p: the APDU, from its tag on: a ciphered one or a block
 * @n: octets that are there
 * @ret: the length of the whole; untouched on failure
 *
 * Return: 0; -EBADMSG if the header is cut off or malformed; -EPROTONOSUPPORT for other kinds.
 */
int apdu_length(const u8 *p, size_t n, size_t *ret);

/* apdu_are_whole() - do whole APDUs, with or without LLC header, and nothing else fill these octets? */
bool apdu_are_whole(const u8 *p, const u8 *end);

#endif /* AMSHAN_DLMS_APDU_H */
