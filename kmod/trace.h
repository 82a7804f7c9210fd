/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tracepoints: events/amshan/.  Integers only; a port is named by its index.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM amshan

#if !defined(AMSHAN_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define AMSHAN_TRACE_H

#include <linux/tracepoint.h>
#include <linux/types.h>

#ifndef AMSHAN_DROP_REASONS
#define AMSHAN_DROP_REASONS
/* Why octets were given up, or what damaged them. */
enum amshan_drop {
	AMSHAN_DROP_FCS,
	AMSHAN_DROP_HCS,
	AMSHAN_DROP_FORMAT,
	AMSHAN_DROP_LENGTH,
	AMSHAN_DROP_TIMEOUT,
	AMSHAN_DROP_BREAK,
	AMSHAN_DROP_OVERRUN,
};
#endif

TRACE_DEFINE_ENUM(AMSHAN_DROP_FCS);
TRACE_DEFINE_ENUM(AMSHAN_DROP_HCS);
TRACE_DEFINE_ENUM(AMSHAN_DROP_FORMAT);
TRACE_DEFINE_ENUM(AMSHAN_DROP_LENGTH);
TRACE_DEFINE_ENUM(AMSHAN_DROP_TIMEOUT);
TRACE_DEFINE_ENUM(AMSHAN_DROP_BREAK);
TRACE_DEFINE_ENUM(AMSHAN_DROP_OVERRUN);

TRACE_EVENT(amshan_attach,
	TP_PROTO(u32 port, u32 tty_major, u32 tty_minor),
	TP_ARGS(port, tty_major, tty_minor),
	TP_STRUCT__entry(
		__field(u32, port)
		__field(u32, tty_major)
		__field(u32, tty_minor)
	),
	TP_fast_assign(
		__entry->port = port;
		__entry->tty_major = tty_major;
		__entry->tty_minor = tty_minor;
	),
	TP_printk("port=%u tty=%u:%u", __entry->port, __entry->tty_major, __entry->tty_minor)
);

TRACE_EVENT(amshan_detach,
	TP_PROTO(u32 port, u64 frames),
	TP_ARGS(port, frames),
	TP_STRUCT__entry(
		__field(u32, port)
		__field(u64, frames)
	),
	TP_fast_assign(
		__entry->port = port;
		__entry->frames = frames;
	),
	TP_printk("port=%u frames=%llu", __entry->port, __entry->frames)
);

TRACE_EVENT(amshan_frame,
	TP_PROTO(u32 port, u64 seq, u32 len),
	TP_ARGS(port, seq, len),
	TP_STRUCT__entry(
		__field(u32, port)
		__field(u64, seq)
		__field(u32, len)
	),
	TP_fast_assign(
		__entry->port = port;
		__entry->seq = seq;
		__entry->len = len;
	),
	TP_printk("port=%u seq=%llu len=%u", __entry->port, __entry->seq, __entry->len)
);

TRACE_EVENT(amshan_drop,
	TP_PROTO(u32 port, u32 reason, u64 count),
	TP_ARGS(port, reason, count),
	TP_STRUCT__entry(
		__field(u32, port)
		__field(u32, reason)
		__field(u64, count)
	),
	TP_fast_assign(
		__entry->port = port;
		__entry->reason = reason;
		__entry->count = count;
	),
	TP_printk("port=%u reason=%s count=%llu", __entry->port,
		  __print_symbolic(__entry->reason,
				   { AMSHAN_DROP_FCS, "fcs" },
				   { AMSHAN_DROP_HCS, "hcs" },
				   { AMSHAN_DROP_FORMAT, "format" },
				   { AMSHAN_DROP_LENGTH, "length" },
				   { AMSHAN_DROP_TIMEOUT, "timeout" },
				   { AMSHAN_DROP_BREAK, "break" },
				   { AMSHAN_DROP_OVERRUN, "overrun" }),
		  __entry->count)
);

#endif /* AMSHAN_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
