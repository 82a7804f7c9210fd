/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Where the octets of the simulated meters go: standard output, a pseudo terminal, TCP clients.
 */
#ifndef SIM_SINK_H
#define SIM_SINK_H

#include <amshan/types.h>

/* Something in the event loop; its epoll data points to it. */
struct sim_watch {
	void (*fn)(struct sim_watch *w, u32 events);
};

struct sim_sink;

/**
 * struct sim_sink_ops - a kind of sink
 * @write: take octets of a meter; those that nobody reads are dropped. Return: 0, -EPIPE if nobody
 *         will ever read, or another negative errno.
 * @heard: somebody listens
 * @drain: wait, at most a second, until what was taken has been read; may be NULL
 * @close: free it
 */
struct sim_sink_ops {
	int (*write)(struct sim_sink *s, unsigned int meter, const u8 *data, size_t n);
	bool (*heard)(struct sim_sink *s);
	void (*drain)(struct sim_sink *s);
	void (*close)(struct sim_sink *s);
};

/**
 * struct sim_sink - a sink
 * @ops: what it does
 * @epoll: the event loop
 * @stop_fd: becomes readable when the program is to end: nothing blocks longer than that
 */
struct sim_sink {
	const struct sim_sink_ops *ops;
	int epoll;
	int stop_fd;
};

/**
 * sim_sink_stdout() - standard output
 * @hex: each write as a line of hex digits, otherwise as it is
 *
 * All openers: @ret is untouched on failure. Return: 0, or a negative errno after a sentence on
 * stderr.
 */
int sim_sink_stdout(int epoll, int stop_fd, bool hex, struct sim_sink **ret);

/* sim_sink_pty() - a new pseudo terminal with a symbolic link to it */
int sim_sink_pty(int epoll, int stop_fd, const char *link, struct sim_sink **ret);

/* sim_sink_tcp() - ports from @port on, one for each meter; 0: free ones; prints "port N" */
int sim_sink_tcp(int epoll, int stop_fd, u16 port, unsigned int meters, struct sim_sink **ret);

/* sim_sink_error() - a sentence on stderr: "amshan-sim: WHAT: reason of -err"; returns err */
int sim_sink_error(int err, const char *what);

#endif /* SIM_SINK_H */
