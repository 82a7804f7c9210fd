// SPDX-License-Identifier: GPL-2.0
/*
 * The TCP source: the octets of a port server (ser2net and the like), connected to again and again.
 *
 * The peer has to send the line's octets as they are: raw mode, not telnet (RFC 2217), which
 * doubles FFh and puts commands in between.  Nothing is ever sent to it.
 *
 * A round looks up the host, tries its addresses one after the other, and after the last of them
 * waits: longer each time, until a connection has delivered octets, so that a peer that accepts
 * and closes is not hammered.  After a round that failed the state stays "waiting", with its
 * reason, until a connection is up: what is still the same is not said again.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include "backoff.h"
#include "resolve.h"
#include "source/pace.h"
#include "source/source.h"
#include "source/tcp.h"

#define CONNECT_US	(10 * USEC_PER_SEC) /* for each address */
/* A peer that went without a word is found after 60 + 4 * 15 s, if not by the watchdog. */
#define KEEPALIVE_IDLE	60
#define KEEPALIVE_EVERY	15
#define KEEPALIVE_COUNT	4

/**
 * struct tcp - the transport's part of a source
 * @source: the source
 * @host: as configured
 * @port: as configured
 * @resolve: look-up under way, or NULL
 * @list: addresses of this round, or NULL
 * @next: the one to try next, in @list
 * @fd: the socket, or -1
 * @io: waits for the connection, then for octets
 * @timer: limit of an attempt while there is a socket, else time of the next round; NULL while
 *         stopped
 * @backoff: between rounds
 */
struct tcp {
	struct source *source;
	char *host;
	char *port;
	struct resolve *resolve;
	struct addrinfo *list;
	struct addrinfo *next;
	int fd;
	sd_event_source *io;
	sd_event_source *timer;
	struct backoff backoff;
};

static int tcp_parse(struct source *s, const char *rest, char **error)
{
	struct tcp *t = calloc(1, sizeof(*t));

	if (!t)
		return -ENOMEM;
	t->source = s;
	t->fd = -1;
	s->priv = t;
	return tcp_address_parse(rest, &t->host, &t->port, error);
}

static void timer_set(struct tcp *t, u64 delay_us)
{
	sd_event_source_set_time_relative(t->timer, delay_us);
	sd_event_source_set_enabled(t->timer, SD_EVENT_ONESHOT);
}

static void tcp_close(struct tcp *t)
{
	t->io = sd_event_source_disable_unref(t->io);
	if (t->fd >= 0)
		close(t->fd);
	t->fd = -1;
}

static void list_drop(struct tcp *t)
{
	if (t->list)
		freeaddrinfo(t->list);
	t->list = NULL;
	t->next = NULL;
}

/* The connection or the round is over: wait for the next round. */
static void tcp_wait(struct tcp *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void tcp_wait(struct tcp *t, const char *fmt, ...)
{
	char why[SOURCE_REASON_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	tcp_close(t);
	list_drop(t);
	timer_set(t, backoff_next(&t->backoff));
	source_set_state(t->source, SOURCE_WAITING, "%s", why);
}

/* ---- open ---- */

static void tcp_lost(struct tcp *t, int error)
{
	tcp_close(t);
	source_eof(t->source);
	/* Stopped by whoever got a message. */
	if (!t->timer)
		return;
	errno = error;
	if (error)
		tcp_wait(t, "lost the connection to %s port %s: %m", t->host, t->port);
	else
		tcp_wait(t, "%s port %s closed the connection", t->host, t->port);
}

static int on_octets(sd_event_source *es, int fd, u32 events, void *ctx)
{
	struct tcp *t = ctx;
	u8 buf[PACE_PIECE];
	ssize_t n = read(fd, buf, sizeof(buf));

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return 0;
	if (n <= 0) {
		tcp_lost(t, n < 0 ? errno : 0);
		return 0;
	}
	t->backoff = (struct backoff){ 0 };
	source_receive(t->source, buf, NULL, (size_t)n);
	return 0;
}

static int tcp_open(struct tcp *t)
{
	int r;

	t->io = sd_event_source_disable_unref(t->io);
	r = sd_event_add_io(t->source->event, &t->io, t->fd, EPOLLIN, on_octets, t);
	if (r >= 0)
		r = pace_set(t->io);
	if (r < 0)
		return r;
	sd_event_source_set_enabled(t->timer, SD_EVENT_OFF);
	list_drop(t);
	source_set_state(t->source, SOURCE_OPEN, NULL);
	return 0;
}

/* ---- connecting ---- */

/*
 * A local port that nobody listens on can be drawn as the port of our end; the socket is then
 * connected to itself, and keeps the server from ever listening.
 */
static bool is_self(int fd)
{
	struct sockaddr_storage a = { 0 }, b = { 0 };
	socklen_t n = sizeof(a), m = sizeof(b);

	return getsockname(fd, (struct sockaddr *)&a, &n) == 0 &&
	       getpeername(fd, (struct sockaddr *)&b, &m) == 0 && n == m && !memcmp(&a, &b, n);
}

static void tcp_connect_next(struct tcp *t, int error);

static int on_connected(sd_event_source *es, int fd, u32 events, void *ctx)
{
	struct tcp *t = ctx;
	socklen_t n = sizeof(int);
	int error = 0;

	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &n) < 0)
		error = errno;
	if (!error && is_self(fd))
		error = ECONNREFUSED;
	if (!error)
		error = -tcp_open(t);
	if (error)
		tcp_connect_next(t, error);
	return 0;
}

static void set_keepalive(int fd)
{
	static const struct {
		int level, name, value;
	} options[] = {
		{ SOL_SOCKET, SO_KEEPALIVE, 1 },
		{ IPPROTO_TCP, TCP_KEEPIDLE, KEEPALIVE_IDLE },
		{ IPPROTO_TCP, TCP_KEEPINTVL, KEEPALIVE_EVERY },
		{ IPPROTO_TCP, TCP_KEEPCNT, KEEPALIVE_COUNT },
	};

	for (size_t i = 0; i < ARRAY_SIZE(options); i++)
		setsockopt(fd, options[i].level, options[i].name, &options[i].value, sizeof(int));
}

static int tcp_connect(struct tcp *t, const struct addrinfo *a)
{
	int r;

	t->fd = socket(a->ai_family, a->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, a->ai_protocol);
	if (t->fd < 0)
		return -errno;
	set_keepalive(t->fd);
	if (connect(t->fd, a->ai_addr, a->ai_addrlen) < 0 && errno != EINPROGRESS)
		return -errno;
	r = sd_event_add_io(t->source->event, &t->io, t->fd, EPOLLOUT, on_connected, t);
	if (r < 0)
		return r;
	timer_set(t, CONNECT_US);
	return 0;
}

/* @error: why the address before failed */
static void tcp_connect_next(struct tcp *t, int error)
{
	while (t->next) {
		const struct addrinfo *a = t->next;

		t->next = a->ai_next;
		tcp_close(t);
		error = -tcp_connect(t, a);
		if (!error)
			return;
	}
	errno = error;
	tcp_wait(t, "no connection to %s port %s: %m", t->host, t->port);
}

static void on_resolved(void *ctx, int error, struct addrinfo *list)
{
	struct tcp *t = ctx;

	t->resolve = NULL;
	if (error) {
		tcp_wait(t, "cannot look up %s: %s", t->host, gai_strerror(error));
		return;
	}
	t->list = list;
	t->next = list;
	tcp_connect_next(t, EADDRNOTAVAIL);
}

static void tcp_round(struct tcp *t)
{
	struct source *s = t->source;
	int r;

	if (s->state != SOURCE_WAITING)
		source_set_state(s, SOURCE_CONNECTING, NULL);
	r = resolve_start(s->event, t->host, t->port, on_resolved, t, &t->resolve);
	if (r < 0) {
		errno = -r;
		tcp_wait(t, "cannot look up %s: %m", t->host);
	}
}

static int on_timer(sd_event_source *es, u64 now, void *ctx)
{
	struct tcp *t = ctx;

	if (t->fd >= 0)
		tcp_connect_next(t, ETIMEDOUT);
	else
		tcp_round(t);
	return 0;
}

/* ---- */

static void tcp_stop(struct source *s)
{
	struct tcp *t = s->priv;

	if (!t)
		return;
	resolve_cancel(t->resolve);
	t->resolve = NULL;
	list_drop(t);
	tcp_close(t);
	t->timer = sd_event_source_disable_unref(t->timer);
	t->backoff = (struct backoff){ 0 };
}

static int tcp_start(struct source *s)
{
	struct tcp *t = s->priv;
	int r;

	tcp_stop(s);
	r = sd_event_add_time_relative(s->event, &t->timer, CLOCK_MONOTONIC, 0, 0, on_timer, t);
	if (r < 0)
		return r;
	sd_event_source_set_enabled(t->timer, SD_EVENT_OFF);
	tcp_round(t);
	return 0;
}

static void tcp_free(struct source *s)
{
	struct tcp *t = s->priv;

	if (!t)
		return;
	free(t->host);
	free(t->port);
	free(t);
	s->priv = NULL;
}

const struct source_ops source_tcp = {
	.scheme = "tcp",
	.parse = tcp_parse,
	.start = tcp_start,
	.stop = tcp_stop,
	.free = tcp_free,
	.watchdog = true,
	.online = true,
};
