// SPDX-License-Identifier: GPL-2.0
/*
 * Fuzz the user's tables: whatever is in the file, tables_load() gives tables or an error, and every
 * message can be decoded by them.
 *
 * Input: a text; what stands behind its first NUL is a body.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "log.h"
#include "meter/message.h"
#include "tables.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t n);

static void look(const struct maker *m)
{
	if (m->scalers) {
		unsigned int i = 0;

		while (m->scalers[i].kind != KIND_COUNT)
			if (++i > KIND_COUNT)
				abort();
	}
	if (m->positions && (!m->positions[0].elements || m->positions[1].elements ||
			     m->shape != LIST_POSITIONAL))
		abort();
	if (m->shape != LIST_POSITIONAL && !m->list_id && !m->setup && !m->elements)
		abort();
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t n)
{
	static struct message msg;
	static char path[32];
	static int fd = -1;
	struct decoder d = { 0 };
	struct tables *t = NULL;
	const u8 *nul = n ? memchr(data, 0, n) : NULL, *p = nul ? nul + 1 : data + n;
	size_t text = nul ? (size_t)(nul - data) : n;

	if (fd < 0) {
		log_set_level(LOG_EMERG);
		fd = memfd_create("tables", 0);
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	}
	if (ftruncate(fd, 0) < 0 || pwrite(fd, data, text, 0) != (ssize_t)text)
		abort();
	if (tables_load(path, &t) < 0)
		return 0;
	for (unsigned int i = 0; tables_makers(t)[i]; i++)
		look(tables_makers(t)[i]);
	decoder_use(&d, tables_makers(t));
	while (message_next_body(&d, &p, data + n, &msg) == 0)
		;
	decoder_use(&d, NULL);
	if (d.extra)
		abort();
	tables_free(t);

	return 0;
}
