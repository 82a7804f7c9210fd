/* SPDX-License-Identifier: GPL-2.0 */
/*
 * JSON of readings: the same names and numbers everywhere (amshanctl decode, MQTT).
 */
#ifndef AMSHAN_OUTPUT_JSON_H
#define AMSHAN_OUTPUT_JSON_H

#include <jansson.h>

#include "meter/readings.h"

/* Flags for json_dumps(): one line, 15 digits, so that 2.3 stays 2.3. */
#define JSON_LINE	(JSON_COMPACT | JSON_REAL_PRECISION(15) | JSON_PRESERVE_ORDER)

#define JSON_GROUP(g)	(1u << (g))
#define JSON_GROUPS_ALL	((1u << GROUP_COUNT) - 1)

/* json_decimal() - an integer if it is one, else a real; NULL without memory */
json_t *json_decimal(struct decimal d);

#define DERIVED_NAME	"derived"
#define UNVERIFIED_NAME	"unverified"

/**
 * json_add_readings() - add the numbers of some groups to an object
 * @object: the object
 * @r: the readings
 * @groups: mask of JSON_GROUP()
 *
 * Behind them null for each that was lost, a list DERIVED_NAME, if some of them are derived, and
 * UNVERIFIED_NAME, true, if nothing spoke for the message.
 *
 * Return: the number of values added, with those that are null, or -ENOMEM.
 */
int json_add_readings(json_t *object, const struct readings *r, unsigned int groups);

/**
 * json_add_derived() - add a list DERIVED_NAME of names, in place of another one, unless it would be empty
 * @object: the object
 * @derived: bit per enum quantity, READINGS_WORDS
 * @shown: likewise: those that are in the object
 * @groups: mask of JSON_GROUP()
 *
 * Return: 0 or -ENOMEM.
 */
int json_add_derived(json_t *object, const u64 *derived, const u64 *shown, unsigned int groups);

/**
 * json_text() - a string of a message: octets that are no printable ASCII become '?'
 */
json_t *json_text(const char *p, size_t n);

#define ISO_UTC_MAX	sizeof("2026-11-22T10:00:00.000Z")

/*
 * iso_utc() - microseconds since the epoch as ISO 8601 with milliseconds; returns @buf (ISO_UTC_MAX
 * octets)
 */
char *iso_utc(u64 us, char *buf);

#endif /* AMSHAN_OUTPUT_JSON_H */
