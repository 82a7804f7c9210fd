/* SPDX-License-Identifier: GPL-2.0 */
/*
 * OBIS codes and COSEM units in words (IEC 62056-6-1, IEC 62056-6-2).
 */
#ifndef AMSHAN_CTL_OBIS_NAME_H
#define AMSHAN_CTL_OBIS_NAME_H

#include <amshan/types.h>

#define OBIS_NAME_MAX	96

/**
 * obis_name() - what a code stands for: a reading of ours, else in the words of the standard
 * @obis: the code
 * @buf: OBIS_NAME_MAX octets; "" if it is not known
 *
 * Return: @buf.
 */
const char *obis_name(u64 obis, char *buf);

/* cosem_unit_name() - "V" for 35; NULL if it is not known, "" for 255: without unit */
const char *cosem_unit_name(u8 unit);

#endif /* AMSHAN_CTL_OBIS_NAME_H */
