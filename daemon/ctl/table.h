/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tables on standard output or in memory, by libsmartcols.
 */
#ifndef AMSHAN_CTL_TABLE_H
#define AMSHAN_CTL_TABLE_H

#include <stdio.h>

#include <libsmartcols.h>

#include <amshan/types.h>

/**
 * struct table_column - a column
 * @title: its heading
 * @width: at least so wide: a table that is redrawn stands still
 * @right: numbers
 * @trunc: what is cut first when the terminal is too narrow
 */
struct table_column {
	const char *title;
	unsigned int width;
	bool right;
	bool trunc;
};

/* table_new() - Return: the table, or NULL without memory. */
struct libscols_table *table_new(const struct table_column *columns, size_t n);

/**
 * table_add() - add a row
 * @t: the table
 * @cells: a text for each column, copied; NULL: empty.  Must be harmless for a terminal.
 * @n: their number
 *
 * Return: 0 or -ENOMEM.
 */
int table_add(struct libscols_table *t, const char *const *cells, size_t n);

/* table_print() - to standard output; Return: 0 or a negative errno */
int table_print(struct libscols_table *t);

static inline void table_unrefp(struct libscols_table **t)
{
	scols_unref_table(*t);
}

#endif /* AMSHAN_CTL_TABLE_H */
