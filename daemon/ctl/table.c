// SPDX-License-Identifier: GPL-2.0
/*
 * Tables: the few habits that all tables of amshanctl share, on top of libsmartcols.
 */
#include <errno.h>

#include "ctl/table.h"

struct libscols_table *table_new(const struct table_column *columns, size_t n)
{
	struct libscols_table *t = scols_new_table();

	for (size_t i = 0; t && i < n; i++) {
		struct libscols_column *c;
		int flags = 0;

		if (columns[i].right)
			flags |= SCOLS_FL_RIGHT;
		if (columns[i].trunc)
			flags |= SCOLS_FL_TRUNC;
		/* An absolute hint: the column is not narrower, and wider if it must be. */
		c = scols_table_new_column(t, columns[i].title, columns[i].width, flags);
		if (!c) {
			scols_unref_table(t);
			return NULL;
		}
	}
	return t;
}

int table_add(struct libscols_table *t, const char *const *cells, size_t n)
{
	struct libscols_line *line = scols_table_new_line(t, NULL);

	if (!line)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		if (cells[i] && scols_line_set_data(line, i, cells[i]) != 0)
			return -ENOMEM;
	return 0;
}

int table_print(struct libscols_table *t)
{
	return scols_print_table(t);
}
