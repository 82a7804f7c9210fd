// SPDX-License-Identifier: GPL-2.0
/*
 * The marks of a tty with PARMRK: what the line said of each octet.  Pure.
 */
#include <amshan/framer.h>

#include "source/serial.h"

#define MARK	0xff

size_t serial_marks_decode(struct serial_marks *m, const u8 *in, size_t n, u8 *out, u8 *flags)
{
	size_t k = 0;

	for (size_t i = 0; i < n; i++) {
		u8 c = in[i];

		if (m->mark) {
			bool brk = !c && !m->run;

			out[k] = c;
			flags[k++] = brk ? FRAMER_BREAK : FRAMER_PARITY;
			m->mark = false;
			m->run = !brk;
			continue;
		}
		if (m->ff && c == 0) {
			m->ff = false;
			m->mark = true;
			continue;
		}
		if (!m->ff && c == MARK) {
			m->ff = true;
			continue;
		}
		if (m->ff && c != MARK) {
			/* No mark at all: left from before the port was set. */
			out[k] = MARK;
			flags[k++] = FRAMER_NORMAL;
		}
		m->ff = false;
		m->run = false;
		out[k] = c;
		flags[k++] = FRAMER_NORMAL;
	}
	return k;
}
