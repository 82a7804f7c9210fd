/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How fast octets are taken from where no line limits them: sockets, pipes, files.
 *
 * Without a limit a peer that floods, or the replay of a long capture, would keep a core busy and
 * fill the queues of the outputs with readings faster than their peers take them.  What is not read
 * waits in the kernel, and a TCP peer is slowed down by its window.  655 kB/s are 56 times what the
 * fastest meter port (115200 baud) can send.
 */
#ifndef AMSHAN_SOURCE_PACE_H
#define AMSHAN_SOURCE_PACE_H

#include <systemd/sd-event.h>

#include "util.h"

#define PACE_PIECE	4096 /* octets at a time, then it is another source's turn */
#define PACE_PIECES	16 /* so many in each interval */
#define PACE_INTERVAL	(100 * USEC_PER_MSEC)

/* pace_set() - limit an event source that reads one piece each time */
static inline int pace_set(sd_event_source *es)
{
	return sd_event_source_set_ratelimit(es, PACE_INTERVAL, PACE_PIECES);
}

#endif /* AMSHAN_SOURCE_PACE_H */
