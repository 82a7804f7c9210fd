// SPDX-License-Identifier: GPL-2.0
/*
 * Objects on the bus: the sorted list that paths are looked up in, and strings as D-Bus wants them.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "log_internal.h"
#include "output/dbus_internal.h"

/*
 * Letters and digits are a path element as they are; sd_bus_path_encode() would escape the first
 * digit of a meter's number. What it encodes has an underscore, so the two cannot meet.
 */
static int encode_path(const char *prefix, const char *name, char **ret)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

	if (!*name || name[strspn(name, plain)])
		return sd_bus_path_encode(prefix, name, ret);
	return asprintf(ret, "%s/%s", prefix, name) < 0 ? -ENOMEM : 0;
}

int dbus_object_init(struct dbus_object *object, const char *prefix, const char *name, void *about)
{
	int r = encode_path(prefix, name, &object->path);

	if (r < 0)
		return r;
	object->about = about;
	return 0;
}

/* The first place whose path is not before @path. */
static size_t place(const struct dbus_objects *list, const char *path)
{
	size_t low = 0, high = list->n;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (strcmp(list->all[middle]->path, path) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct dbus_object *dbus_objects_find(const struct dbus_objects *list, const char *path)
{
	size_t i = place(list, path);

	return i < list->n && strcmp(list->all[i]->path, path) == 0 ? list->all[i] : NULL;
}

int dbus_objects_add(struct dbus_objects *list, struct dbus_object *object)
{
	size_t i = place(list, object->path);
	struct dbus_object **all;

	all = reallocarray(list->all, list->n + 1, sizeof(*all));
	if (!all)
		return -ENOMEM;
	memmove(all + i + 1, all + i, (list->n - i) * sizeof(*all));
	all[i] = object;
	list->all = all;
	list->n++;
	return 0;
}

void dbus_objects_remove(struct dbus_objects *list, const struct dbus_object *object)
{
	size_t i = place(list, object->path);

	if (i >= list->n || list->all[i] != object)
		return;
	list->n--;
	memmove(list->all + i, list->all + i + 1, (list->n - i) * sizeof(*list->all));
}

int dbus_objects_paths(const struct dbus_objects *list, char ***ret)
{
	char **paths;

	if (!list->n) {
		*ret = NULL;
		return 0;
	}
	paths = calloc(list->n + 1, sizeof(*paths));
	if (!paths)
		return -ENOMEM;
	for (size_t i = 0; i < list->n; i++) {
		paths[i] = strdup(list->all[i]->path);
		if (!paths[i]) {
			while (i)
				free(paths[--i]);
			free(paths);
			return -ENOMEM;
		}
	}
	*ret = paths;
	return 0;
}

int dbus_append_text(sd_bus_message *m, const char *text)
{
	size_t size = 4 * strlen(text) + 1;
	_cleanup_free_ char *clean = malloc(size);

	if (!clean)
		return -ENOMEM;
	log_clean(clean, size, 0, text);
	return sd_bus_message_append_basic(m, 's', clean);
}

int dbus_get_string(sd_bus *bus, const char *path, const char *interface, const char *property,
		    sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
	const char *text = *(char **)userdata;

	return dbus_append_text(reply, text ? text : "");
}

int dbus_get_text(sd_bus *bus, const char *path, const char *interface, const char *property,
		  sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
	return dbus_append_text(reply, userdata);
}
