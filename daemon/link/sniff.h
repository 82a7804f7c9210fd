/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Sniffing: which framing are these octets in?
 *
 * For captures and for datagrams, where nobody says it.  Pure: no allocation, no I/O.
 */
#ifndef AMSHAN_LINK_SNIFF_H
#define AMSHAN_LINK_SNIFF_H

#include <amshan/types.h>

enum link_framing {
	LINK_UNKNOWN,	/* none of these; there is no HDLC flag in it either */
	LINK_HDLC,	/* HDLC frames with their flags, perhaps with noise around them */
	LINK_LLC,	/* begins with an LLC header, E6 E7 00 */
	LINK_APDU,	/* begins with an APDU: 0F, DB, DC, E0 */
	LINK_BODY,	/* begins with a bare body: an array (01) or a structure (02) */
	LINK_P1,	/* a P1 telegram: /XXX... */
	LINK_MBUS,	/* an M-Bus long frame: 68 L L 68 */
};

/**
 * link_sniff() - guess the framing
 * @data: binary octets, not hex text
 * @n: their number; the whole, or enough of the beginning for a frame
 *
 * A frame with good checksums decides for HDLC, wherever it stands; then the first octets decide;
 * then a flag anywhere.
 */
enum link_framing link_sniff(const u8 *data, size_t n);

/* link_is_apdu() - octets that begin as an APDU does, without LLC header; 7 of them tell */
bool link_is_apdu(const u8 *p, size_t n);

/* link_is_naked_frame() - one HDLC frame whose sender left out the flags: its length says so */
bool link_is_naked_frame(const u8 *data, size_t n);

/* link_framing_name() - "HDLC", "bare LLC", ...; for sentences */
const char *link_framing_name(enum link_framing framing);

/* link_framing_word() - "hdlc", "p1", "mbus", "apdu", ...; "" for LINK_UNKNOWN; for settings and programs */
const char *link_framing_word(enum link_framing framing);

#endif /* AMSHAN_LINK_SNIFF_H */
