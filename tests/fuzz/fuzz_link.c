// SPDX-License-Identifier: GPL-2.0
/*
 * Fuzz sniffing and hex text: a datagram or capture of anything.
 */
#include <stdlib.h>
#include <string.h>

#include "link/hextext.h"
#include "link/sniff.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t n);

int LLVMFuzzerTestOneInput(const u8 *data, size_t n)
{
	u8 *copy = malloc(n + 1), *out = malloc(n / 2 + 1);
	size_t got = 0, in_place = 0;
	unsigned int line = 0;
	int r;

	if (!copy || !out)
		abort();
	link_framing_name(link_sniff(data, n));

	r = hextext_decode(data, n, out, &got, &line);
	if (hextext_is(data, n) != (r == 0 && got > 0))
		abort();
	if (r < 0 && !line)
		abort();
	if (r == 0 && got > n / 2)
		abort();

	memcpy(copy, data, n);
	if (hextext_decode(copy, n, copy, &in_place, NULL) != r)
		abort();
	if (r == 0 && (in_place != got || memcmp(copy, out, got)))
		abort();
	free(copy);
	free(out);

	return 0;
}
