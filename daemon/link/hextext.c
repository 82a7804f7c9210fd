// SPDX-License-Identifier: GPL-2.0
/*
 * Hex text.  Pure: no allocation, no I/O, no locale.
 */
#include <errno.h>

#include "link/hextext.h"

int hextext_digit(u8 c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool hextext_is_space(u8 c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* The one walk over the text; @out may be NULL to look only. */
static int hextext_walk(const u8 *in, size_t n, u8 *out, size_t *octets, unsigned int *line)
{
	bool line_start = true;
	size_t i = 0;

	*octets = 0;
	*line = 1;
	while (i < n) {
		int high, low;

		if (in[i] == '\n') {
			(*line)++;
			line_start = true;
			i++;
			continue;
		}
		if (hextext_is_space(in[i])) {
			i++;
			continue;
		}
		if (in[i] == '#' && line_start) {
			while (i < n && in[i] != '\n')
				i++;
			continue;
		}
		line_start = false;
		high = hextext_digit(in[i]);
		low = i + 1 < n ? hextext_digit(in[i + 1]) : -1;
		if (high < 0 || low < 0)
			return -EINVAL;
		if (out)
			out[*octets] = high << 4 | low;
		(*octets)++;
		i += 2;
	}
	return 0;
}

bool hextext_is(const u8 *data, size_t n)
{
	unsigned int line;
	size_t octets;

	return hextext_walk(data, n, NULL, &octets, &line) == 0 && octets;
}

int hextext_decode(const u8 *in, size_t n, u8 *out, size_t *ret_n, unsigned int *ret_line)
{
	unsigned int line;
	size_t octets;
	int r;

	r = hextext_walk(in, n, out, &octets, &line);
	if (r < 0) {
		if (ret_line)
			*ret_line = line;
		return r;
	}
	*ret_n = octets;
	return 0;
}
