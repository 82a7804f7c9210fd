// SPDX-License-Identifier: GPL-2.0
/*
 * Undecoded: the last frames of a source that could not be decoded.
 */
#include <string.h>

#include "source/undecoded.h"
#include "util.h"

void undecoded_keep(struct undecoded *u, u64 real, const char *reason, const u8 *octets, size_t n)
{
	size_t kept = n < UNDECODED_MAX ? n : UNDECODED_MAX;
	struct undecoded_frame *f = malloc(sizeof(*f) + kept);
	unsigned int at = 0;

	if (!f)
		return;
	*f = (struct undecoded_frame){ .real = real, .reason = reason, .n = kept, .whole = n };
	memcpy(f->octets, octets, kept);

	while (at < UNDECODED_KEPT && u->frame[at])
		at++;
	if (at == UNDECODED_KEPT) {
		free(u->frame[0]);
		memmove(u->frame, u->frame + 1, (UNDECODED_KEPT - 1) * sizeof(u->frame[0]));
		at--;
	}
	u->frame[at] = f;
}

void undecoded_clear(struct undecoded *u)
{
	for (unsigned int i = 0; i < UNDECODED_KEPT; i++)
		free(u->frame[i]);
	*u = (struct undecoded){ 0 };
}
