// SPDX-License-Identifier: GPL-2.0
/*
 * TCP servers as a sink, one per meter, on 127.0.0.1 and ::1.  A client gets what is sent while it
 * is connected; what does not fit into its socket's buffer is dropped for it alone.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sink.h"

#define BACKLOG		16
#define FREE_PORT_TRIES	64

struct server;

/* A listening socket; -1: none, e.g. without IPv6. */
struct listener {
	struct sim_watch watch;
	struct server *server;
	int fd;
};

struct client {
	struct sim_watch watch;
	struct server *server;
	struct client *next;
	struct client **link;
	int fd;
};

struct server {
	struct tcp_sink *sink;
	struct listener listeners[2];
	struct client *clients;
};

/**
 * struct tcp_sink - all servers
 * @spare: given up for a moment when file descriptors run out, to turn a client away
 * @heard: somebody was connected once
 * @n: number of @servers
 */
struct tcp_sink {
	struct sim_sink sink;
	int spare;
	bool heard;
	unsigned int n;
	struct server servers[];
};

static void client_free(struct client *c)
{
	*c->link = c->next;
	if (c->next)
		c->next->link = c->link;
	close(c->fd);
	free(c);
}

/* What a client sends is of no interest; one that has said its last word still listens. */
static void client_event(struct sim_watch *w, u32 events)
{
	struct client *c = (struct client *)w;
	struct epoll_event ev = { .data.ptr = w };
	char buf[4096];
	ssize_t n;

	if (events & (EPOLLERR | EPOLLHUP)) {
		client_free(c);
		return;
	}
	n = recv(c->fd, buf, sizeof(buf), MSG_DONTWAIT);
	if (!n)
		epoll_ctl(c->server->sink->sink.epoll, EPOLL_CTL_MOD, c->fd, &ev);
	else if (n < 0 && errno != EAGAIN && errno != EINTR)
		client_free(c);
}

static void client_new(struct server *server, int fd)
{
	struct client *c = malloc(sizeof(*c));
	struct epoll_event ev = { .events = EPOLLIN, .data.ptr = c };
	int one = 1;

	if (!c || epoll_ctl(server->sink->sink.epoll, EPOLL_CTL_ADD, fd, &ev) < 0) {
		free(c);
		close(fd);
		return;
	}
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	*c = (struct client){
		.watch = { .fn = client_event },
		.server = server,
		.next = server->clients,
		.link = &server->clients,
		.fd = fd,
	};
	if (c->next)
		c->next->link = &c->next;
	server->clients = c;
	server->sink->heard = true;
}

static void listener_event(struct sim_watch *w, u32 events)
{
	struct listener *l = (struct listener *)w;
	struct tcp_sink *s = l->server->sink;
	int fd = accept4(l->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd >= 0) {
		client_new(l->server, fd);
	} else if ((errno == EMFILE || errno == ENFILE) && s->spare >= 0) {
		close(s->spare);
		fd = accept4(l->fd, NULL, NULL, SOCK_CLOEXEC);
		if (fd >= 0)
			close(fd);
		s->spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
	}
}

static int tcp_write(struct sim_sink *sink, unsigned int meter, const u8 *data, size_t n)
{
	struct client *c, *next;

	for (c = ((struct tcp_sink *)sink)->servers[meter].clients; c; c = next) {
		next = c->next;
		if (send(c->fd, data, n, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 && errno != EAGAIN &&
		    errno != EINTR)
			client_free(c);
	}
	return 0;
}

static bool tcp_heard(struct sim_sink *sink)
{
	return ((struct tcp_sink *)sink)->heard;
}

static void listener_close(struct listener *l)
{
	if (l->fd >= 0)
		close(l->fd);
	l->fd = -1;
}

static void tcp_close(struct sim_sink *sink)
{
	struct tcp_sink *s = (struct tcp_sink *)sink;

	for (unsigned int i = 0; i < s->n; i++) {
		while (s->servers[i].clients)
			client_free(s->servers[i].clients);
		listener_close(&s->servers[i].listeners[0]);
		listener_close(&s->servers[i].listeners[1]);
	}
	if (s->spare >= 0)
		close(s->spare);
	free(s);
}

static const struct sim_sink_ops tcp_ops = {
	.write = tcp_write,
	.heard = tcp_heard,
	.close = tcp_close,
};

static int listen_on(struct listener *l, const struct sockaddr *address, socklen_t n)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.ptr = l };
	int one = 1, r;

	l->fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (l->fd < 0)
		return -errno;
	setsockopt(l->fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (address->sa_family == AF_INET6)
		setsockopt(l->fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one));
	if (bind(l->fd, address, n) < 0 || listen(l->fd, BACKLOG) < 0 ||
	    epoll_ctl(l->server->sink->sink.epoll, EPOLL_CTL_ADD, l->fd, &ev) < 0) {
		r = -errno;
		listener_close(l);
		return r;
	}
	return 0;
}

/* Both families on one port; without IPv6 on this machine only IPv4. */
static int server_listen(struct server *server, u16 *port)
{
	struct sockaddr_in v4 = {
		.sin_family = AF_INET,
		.sin_port = htons(*port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	struct sockaddr_in6 v6 = {
		.sin6_family = AF_INET6,
		.sin6_addr = IN6ADDR_LOOPBACK_INIT,
	};
	socklen_t n = sizeof(v4);
	int r;

	r = listen_on(&server->listeners[0], (struct sockaddr *)&v4, sizeof(v4));
	if (r < 0)
		return r;
	if (getsockname(server->listeners[0].fd, (struct sockaddr *)&v4, &n) < 0)
		return -errno;
	v6.sin6_port = v4.sin_port;
	r = listen_on(&server->listeners[1], (struct sockaddr *)&v6, sizeof(v6));
	if (r < 0 && r != -EAFNOSUPPORT && r != -EADDRNOTAVAIL) {
		listener_close(&server->listeners[0]);
		return r;
	}
	*port = ntohs(v4.sin_port);
	return 0;
}

static int servers_listen(struct tcp_sink *s, u16 port, u16 *ret)
{
	int r;

	for (unsigned int i = 0; i < s->n; i++) {
		u16 p = port ? port + i : 0;

		r = port && (u32)port + i > 65535 ? -EADDRINUSE : server_listen(&s->servers[i], &p);
		if (r < 0) {
			while (i--) {
				listener_close(&s->servers[i].listeners[0]);
				listener_close(&s->servers[i].listeners[1]);
			}
			return r;
		}
		if (!i)
			*ret = port = p;
	}
	return 0;
}

/* Two sockets to listen and some clients for each meter. */
static void raise_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

int sim_sink_tcp(int epoll, int stop_fd, u16 port, unsigned int meters, struct sim_sink **ret)
{
	struct tcp_sink *s = calloc(1, sizeof(*s) + meters * sizeof(s->servers[0]));
	char what[64];
	u16 first = 0;
	int r;

	if (!s)
		return sim_sink_error(-ENOMEM, "TCP");
	raise_limit();
	s->sink = (struct sim_sink){ .ops = &tcp_ops, .epoll = epoll, .stop_fd = stop_fd };
	s->spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
	s->n = meters;
	for (unsigned int i = 0; i < meters; i++) {
		s->servers[i].sink = s;
		for (int k = 0; k < 2; k++)
			s->servers[i].listeners[k] = (struct listener){
				.watch = { .fn = listener_event },
				.server = &s->servers[i],
				.fd = -1,
			};
	}
	/* A free port may have a neighbour that is taken. */
	for (int i = 0; i < FREE_PORT_TRIES; i++) {
		r = servers_listen(s, port, &first);
		if (port || r != -EADDRINUSE)
			break;
	}
	if (r < 0) {
		snprintf(what, sizeof(what), "TCP ports %u to %u", port, port + meters - 1);
		tcp_close(&s->sink);
		return sim_sink_error(r, what);
	}
	printf("port %u\n", first);
	fflush(stdout);
	*ret = &s->sink;
	return 0;
}
