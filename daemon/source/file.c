// SPDX-License-Identifier: GPL-2.0
/*
 * The file source: replays a capture, octets or hex text, from a file, a pipe or standard input.
 *
 * What can be waited for (pipes, terminals) is read when there is something.  Files can not: epoll
 * refuses them, since they are always ready; they are read in rounds of the loop, behind
 * everything else.  Both are paced.  A file that is not there or cannot be read is tried again,
 * slowly; one that was read to its end, or to a mistake in it, has ended.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>

#include "source/file.h"
#include "source/pace.h"
#include "source/source.h"
#include "source/uri.h"
#include "util.h"

#define RETRY_US	(5 * USEC_PER_SEC)

/**
 * struct file - the transport's part of a source
 * @source: the source
 * @path: "-" for standard input
 * @fd: the file, or -1
 * @input: waits for octets, or for the loop to be idle; NULL while not open
 * @retry: next attempt to open, NULL while stopped
 * @capture: its reader
 * @octets: read so far
 */
struct file {
	struct source *source;
	char *path;
	int fd;
	sd_event_source *input;
	sd_event_source *retry;
	struct replay capture;
	u64 octets;
};

static int file_parse(struct source *s, const char *rest, char **error)
{
	struct file *f = calloc(1, sizeof(*f));

	if (!f)
		return -ENOMEM;
	f->source = s;
	f->fd = -1;
	s->priv = f;
	if (!*rest)
		return uri_error(error, "the path of a file is missing: file:PATH, or file:- for "
					"standard input");
	f->path = strdup(rest);
	return f->path ? 0 : -ENOMEM;
}

static void file_close(struct file *f)
{
	f->input = sd_event_source_disable_unref(f->input);
	if (f->fd >= 0)
		close(f->fd);
	f->fd = -1;
}

static const char *file_name(const struct file *f)
{
	return strcmp(f->path, "-") ? f->path : "standard input";
}

/* ---- reading ---- */

static void file_ended(struct file *f, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void file_ended(struct file *f, const char *fmt, ...)
{
	char why[SOURCE_REASON_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	file_close(f);
	source_eof(f->source);
	if (!f->retry)
		return;
	source_set_state(f->source, SOURCE_ENDED, "%s", why);
}

static void file_bad(struct file *f, int bad)
{
	unsigned int line = f->capture.line + 1;

	if (bad < 0)
		file_ended(f, "%s, line %u: a hex digit stands alone", file_name(f), line);
	else if (bad > ' ' && bad < 0x7f)
		file_ended(f, "%s, line %u: '%c' is not a hex digit", file_name(f), line, bad);
	else
		file_ended(f, "%s, line %u: octet %02Xh is not a hex digit", file_name(f), line,
			   (unsigned int)bad);
}

static void file_read(struct file *f)
{
	u8 in[PACE_PIECE], out[PACE_PIECE + REPLAY_SNIFF];
	ssize_t n = read(f->fd, in, sizeof(in));
	size_t k;
	int r, bad = -1;

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n < 0) {
		file_ended(f, "%s: cannot be read: %m", file_name(f));
		return;
	}
	f->octets += (u64)n;
	r = replay_push(&f->capture, in, (size_t)n, out, &k, &bad);
	if (k)
		source_receive(f->source, out, NULL, k);
	/* Stopped by whoever got a message. */
	if (!f->retry)
		return;
	if (r < 0)
		file_bad(f, bad);
	else if (!n && !f->octets)
		file_ended(f, "%s is empty", file_name(f));
	else if (!n)
		file_ended(f, "%s: end after %llu octets%s", file_name(f),
			   (unsigned long long)f->octets,
			   f->capture.kind == REPLAY_TEXT ? " of hex text" : "");
}

static int on_ready(sd_event_source *es, int fd, u32 events, void *ctx)
{
	file_read(ctx);
	return 0;
}

static int on_idle(sd_event_source *es, void *ctx)
{
	file_read(ctx);
	return 0;
}

/* ---- opening ---- */

static int input_add(struct file *f)
{
	sd_event *event = f->source->event;
	int r;

	r = sd_event_add_io(event, &f->input, f->fd, EPOLLIN, on_ready, f);
	if (r == -EPERM) {
		r = sd_event_add_defer(event, &f->input, on_idle, f);
		if (r >= 0)
			r = sd_event_source_set_enabled(f->input, SD_EVENT_ON);
	}
	if (r >= 0)
		r = sd_event_source_set_priority(f->input, SD_EVENT_PRIORITY_IDLE);
	return r < 0 ? r : pace_set(f->input);
}

/* Standard input is not made non-blocking: that would be so for everyone who shares it. */
static int file_open(struct file *f)
{
	struct stat st;

	if (!strcmp(f->path, "-"))
		f->fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
	else
		f->fd = open(f->path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (f->fd < 0)
		return -errno;
	if (fstat(f->fd, &st) < 0)
		return -errno;
	return S_ISDIR(st.st_mode) ? -EISDIR : input_add(f);
}

static void file_try(struct file *f)
{
	int r;

	f->capture = (struct replay){ 0 };
	f->octets = 0;
	r = file_open(f);
	if (r < 0) {
		file_close(f);
		sd_event_source_set_time_relative(f->retry, RETRY_US);
		sd_event_source_set_enabled(f->retry, SD_EVENT_ONESHOT);
		errno = -r;
		source_set_state(f->source, SOURCE_WAITING, "cannot open %s: %m", file_name(f));
		return;
	}
	source_set_state(f->source, SOURCE_OPEN, NULL);
}

static int on_retry(sd_event_source *es, u64 now, void *ctx)
{
	file_try(ctx);
	return 0;
}

/* ---- */

static void file_stop(struct source *s)
{
	struct file *f = s->priv;

	if (!f)
		return;
	file_close(f);
	f->retry = sd_event_source_disable_unref(f->retry);
}

static int file_start(struct source *s)
{
	struct file *f = s->priv;
	int r;

	file_stop(s);
	r = sd_event_add_time_relative(s->event, &f->retry, CLOCK_MONOTONIC, 0, 0, on_retry, f);
	if (r < 0)
		return r;
	sd_event_source_set_enabled(f->retry, SD_EVENT_OFF);
	file_try(f);
	return 0;
}

static void file_free(struct source *s)
{
	struct file *f = s->priv;

	if (!f)
		return;
	free(f->path);
	free(f);
	s->priv = NULL;
}

const struct source_ops source_file = {
	.scheme = "file",
	.parse = file_parse,
	.start = file_start,
	.stop = file_stop,
	.free = file_free,
	.watchdog = false,
	.online = false,
};
