/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tables of the user's: lists that no compiled table knows, described in files.
 *
 *   list "my-meter" {
 *           shape = positional
 *           list-id = "ABC_"
 *           order = { "1-1:0.2.129", "0-0:96.1.0", "1-0:1.7.0", "-" }
 *           scaler-power = 0
 *   }
 *
 * The grammar is that of amshand.conf; amshanctl decode --tree shows what to write.
 */
#ifndef AMSHAN_TABLES_H
#define AMSHAN_TABLES_H

#include "meter/maker.h"

#define TABLES_FOLDER	"tables.d"	/* next to amshand.conf */
#define TABLES_PATH	AMSHAN_SYSCONFDIR "/amshan/" TABLES_FOLDER

struct tables;

/**
 * tables_load() - read a file, or every *.conf of a folder in the order of their names
 * @path: of either
 * @ret: the tables; untouched on failure
 *
 * Mistakes are logged with file, line and key.
 *
 * Return: 0; -ENOENT if there is no such file or folder, which is not logged; -EINVAL for mistakes;
 * -EACCES, ... for a file that cannot be read; -ENOMEM.
 */
int tables_load(const char *path, struct tables **ret);
void tables_free(struct tables *t);

/*
 * tables_makers() - for decoder_use(): in the order of the files; ends with NULL.  @t may be NULL.
 * They live as long as @t.
 */
const struct maker *const *tables_makers(const struct tables *t);

#endif /* AMSHAN_TABLES_H */
