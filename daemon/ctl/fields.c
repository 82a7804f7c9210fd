// SPDX-License-Identifier: GPL-2.0
/*
 * Fields: from D-Bus properties to members of a struct.
 */
#include <string.h>

#include "ctl/fields.h"

void field_copy(char *to, size_t size, const char *from)
{
	size_t n = strnlen(from, size);

	if (n == size)
		for (n--; n && (from[n] & 0xc0) == 0x80; n--)
			;
	memcpy(to, from, n);
	to[n] = '\0';
}

bool field_is(sd_bus_message *msg, const char *type)
{
	const char *contents;

	return sd_bus_message_peek_type(msg, NULL, &contents) > 0 && !strcmp(contents, type);
}

static int field_read(sd_bus_message *msg, const struct field *f, void *object)
{
	void *to = (char *)object + f->offset;
	const char *s;
	int b, r;

	if (!field_is(msg, f->type))
		return sd_bus_message_skip(msg, "v");
	if (f->read)
		return f->read(msg, object);
	switch (*f->type) {
	case 's':
		r = sd_bus_message_read(msg, "v", "s", &s);
		if (r >= 0)
			field_copy(to, f->size, s);
		return r;
	case 't':
		return sd_bus_message_read(msg, "v", "t", (u64 *)to);
	default:
		r = sd_bus_message_read(msg, "v", "b", &b);
		if (r >= 0)
			*(bool *)to = b;
		return r;
	}
}

int fields_read(sd_bus_message *msg, const struct field *fields, void *object)
{
	int r = sd_bus_message_enter_container(msg, 'a', "{sv}");

	while (r >= 0 && (r = sd_bus_message_enter_container(msg, 'e', "sv")) > 0) {
		const struct field *f = fields;
		const char *name;

		r = sd_bus_message_read_basic(msg, 's', &name);
		if (r < 0)
			break;
		while (f->name && strcmp(f->name, name))
			f++;
		r = f->name ? field_read(msg, f, object) : sd_bus_message_skip(msg, "v");
		if (r >= 0)
			r = sd_bus_message_exit_container(msg);
	}
	r = r < 0 ? r : sd_bus_message_exit_container(msg);
	return r < 0 ? r : 0;
}
