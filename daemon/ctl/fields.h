/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Fields: from a dictionary of D-Bus properties, a{sv}, to members of a struct, by a table.
 */
#ifndef AMSHAN_CTL_FIELDS_H
#define AMSHAN_CTL_FIELDS_H

#include <systemd/sd-bus.h>

#include <amshan/types.h>

/**
 * struct field - a property
 * @name: its name
 * @type: its D-Bus type; "s" (an array of char), "t" (u64) and "b" (bool) need no @read
 * @offset: where it goes
 * @size: of the array
 * @read: reads the variant into the object, for other types
 */
struct field {
	const char *name;
	const char *type;
	size_t offset;
	size_t size;
	int (*read)(sd_bus_message *msg, void *object);
};

#define FIELD(name, type, object, member) \
	{ name, type, offsetof(struct object, member), sizeof(((struct object *)NULL)->member) }

/**
 * fields_read() - read the dictionary at the message's cursor
 * @msg: the message
 * @fields: the table, ends with a name of NULL
 * @object: the struct; what is not in the dictionary stays
 *
 * A property that is not in the table or has another type is passed over.
 *
 * Return: 0 or a negative errno of sd-bus.
 */
int fields_read(sd_bus_message *msg, const struct field *fields, void *object);

/* field_is() - is what follows a variant of this type? */
bool field_is(sd_bus_message *msg, const char *type);

/* field_copy() - copy UTF-8, cut at a character if it does not fit */
void field_copy(char *to, size_t size, const char *from);

#endif /* AMSHAN_CTL_FIELDS_H */
