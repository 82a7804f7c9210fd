/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Elements of messages for the eye: what no table has a name for.
 */
#ifndef AMSHAN_CTL_ELEMENT_H
#define AMSHAN_CTL_ELEMENT_H

#include <jansson.h>

#include "ctl/text.h"
#include "meter/message.h"

#define ELEMENT_KEY_MAX	32

/**
 * element_unnamed() - is a register of a message shown by none of its readings?
 * @msg: the message
 * @i: number of the register
 * @key: ELEMENT_KEY_MAX octets: what it is called instead, its OBIS code or "element_3"
 *
 * Return: false if it has a name, or nothing to show.
 */
bool element_unnamed(const struct message *msg, unsigned int i, char *key);

/*
 * element_json() - value of a register, by the scaler of the message if it has one; NULL without
 * memory
 */
json_t *element_json(const struct cosem_register *reg);

/**
 * element_text() - the content of an element that is no container
 * @e: the element
 * @buf: printable ASCII, cut off if it is long
 * @size: its size
 *
 * Return: @buf.
 */
char *element_text(const struct axdr *e, char *buf, size_t size);

#endif /* AMSHAN_CTL_ELEMENT_H */
