// SPDX-License-Identifier: GPL-2.0
/*
 * The list of line disciplines.
 *
 * The kernel pads names and numbers with blanks; no name has one inside, and what does not look
 * like "name number" is passed over.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "source/ldiscs.h"
#include "util.h"

#define BLANKS " \t"

/* struct entry - a line; @name is no string, it ends after @name_len octets */
struct entry {
	const char *name;
	size_t name_len;
	int number;
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Read one line that ends at @end. */
static bool entry_parse(const char *p, const char *end, struct entry *ret)
{
	int number = 0;

	p += strspn(p, BLANKS);
	ret->name = p;
	ret->name_len = strcspn(p, BLANKS "\n");
	if (!ret->name_len)
		return false;
	p += ret->name_len;
	p += strspn(p, BLANKS);
	if (!is_digit(*p))
		return false;
	for (; is_digit(*p) && number < 1000; p++)
		number = number * 10 + (*p - '0');
	p += strspn(p, BLANKS);
	ret->number = number;
	return p == end;
}

/* Steps through the list: false at its end. */
static bool entry_next(const char **list, struct entry *ret)
{
	while (**list) {
		const char *line = *list, *end = line + strcspn(line, "\n");

		*list = *end ? end + 1 : end;
		if (entry_parse(line, end, ret))
			return true;
	}
	return false;
}

int ldiscs_read(char *list)
{
	_cleanup_close_ int fd = open(LDISCS_PATH, O_RDONLY | O_CLOEXEC);
	size_t have = 0;
	ssize_t n = fd < 0 ? -1 : 1;

	while (n > 0 && have < LDISCS_MAX - 1) {
		n = read(fd, list + have, LDISCS_MAX - 1 - have);
		if (n > 0)
			have += (size_t)n;
	}
	if (n < 0)
		return -errno;
	list[have] = '\0';
	return 0;
}

int ldiscs_number(const char *list, const char *name)
{
	struct entry e;

	while (entry_next(&list, &e))
		if (strlen(name) == e.name_len && !memcmp(name, e.name, e.name_len))
			return e.number;
	return -ENOENT;
}

int ldiscs_name(const char *list, int number, char *buf)
{
	struct entry e;

	while (entry_next(&list, &e))
		if (e.number == number) {
			snprintf(buf, LDISC_NAME_MAX, "%.*s", (int)e.name_len, e.name);
			return 0;
		}
	return -ENOENT;
}
