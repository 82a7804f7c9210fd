// SPDX-License-Identifier: GPL-2.0
/*
 * Standard output as a sink: the only one that waits for its reader.
 */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sink.h"
#include "stream.h"

struct stdout_sink {
	struct sim_sink sink;
	bool hex;
};

int sim_sink_error(int err, const char *what)
{
	fprintf(stderr, "amshan-sim: %s: %s\n", what, strerror(-err));
	return err;
}

/* No more than PIPE_BUF at once: a pipe that is ready for writing takes them without blocking. */
static int write_all(struct sim_sink *s, const u8 *data, size_t n)
{
	struct pollfd fds[] = {
		{ .fd = STDOUT_FILENO, .events = POLLOUT },
		{ .fd = s->stop_fd, .events = POLLIN },
	};

	while (n) {
		ssize_t r;

		if (poll(fds, 2, -1) < 0)
			return -errno;
		if (fds[1].revents)
			return 0;
		r = write(STDOUT_FILENO, data, n < PIPE_BUF ? n : PIPE_BUF);
		if (r < 0 && errno != EAGAIN && errno != EINTR)
			return -errno;
		if (r > 0) {
			data += r;
			n -= r;
		}
	}
	return 0;
}

static int stdout_write(struct sim_sink *s, unsigned int meter, const u8 *data, size_t n)
{
	static const char digits[] = "0123456789abcdef";
	u8 line[2 * SIM_MESSAGE_MAX + 1];

	if (!((struct stdout_sink *)s)->hex)
		return write_all(s, data, n);
	if (n > SIM_MESSAGE_MAX)
		return -EMSGSIZE;
	for (size_t i = 0; i < n; i++) {
		line[2 * i] = digits[data[i] >> 4];
		line[2 * i + 1] = digits[data[i] & 15];
	}
	line[2 * n] = '\n';
	return write_all(s, line, 2 * n + 1);
}

static bool stdout_heard(struct sim_sink *s)
{
	return true;
}

static void stdout_close(struct sim_sink *s)
{
	free(s);
}

static const struct sim_sink_ops stdout_ops = {
	.write = stdout_write,
	.heard = stdout_heard,
	.close = stdout_close,
};

int sim_sink_stdout(int epoll, int stop_fd, bool hex, struct sim_sink **ret)
{
	struct stdout_sink *s = malloc(sizeof(*s));

	if (!s)
		return sim_sink_error(-ENOMEM, "standard output");
	*s = (struct stdout_sink){
		.sink = { .ops = &stdout_ops, .epoll = epoll, .stop_fd = stop_fd },
		.hex = hex,
	};
	*ret = &s->sink;
	return 0;
}
