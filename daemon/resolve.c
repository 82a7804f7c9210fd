// SPDX-License-Identifier: GPL-2.0
/*
 * Name look-up that does not block the loop.
 *
 * A numeric address needs no look-up: it is read at once and handed over from the loop.  For a
 * name a thread is started, since getaddrinfo() has only a blocking form and no time limit.
 *
 * What the thread touches is in struct lookup alone.  It has two owners, the thread and the handle,
 * each with one reference; whoever lets go last frees it.  So a look-up that was cancelled costs
 * nothing but its thread, until getaddrinfo() returns.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

#include "resolve.h"
#include "util.h"

/* Look-ups that hang are not to eat the machine: a name server that is away takes up to 30 s. */
#define LOOKUPS_MAX 64

/**
 * struct lookup - what the thread works on
 * @references: thread and handle
 * @fd: eventfd, readable once the result is there
 * @error: result, written by the thread before it signals
 * @list: likewise; taken by the handle, or freed with the look-up
 * @port: points into @host
 * @host: both strings
 */
struct lookup {
	atomic_uint references;
	int fd;
	int error;
	struct addrinfo *list;
	const char *port;
	char host[];
};

/**
 * struct resolve - the handle, of the loop alone
 * @fn: told of the result
 * @ctx: for @fn
 * @source: waits for the result
 * @list: addresses of a numeric host, until they are handed over
 * @lookup: of a name, else NULL
 */
struct resolve {
	resolve_fn fn;
	void *ctx;
	sd_event_source *source;
	struct addrinfo *list;
	struct lookup *lookup;
};

static atomic_uint lookups;

static struct addrinfo hints(int flags)
{
	return (struct addrinfo){
		.ai_family = AF_UNSPEC,
		.ai_socktype = SOCK_STREAM,
		.ai_flags = AI_NUMERICSERV | flags,
	};
}

static struct lookup *lookup_new(const char *host, const char *port)
{
	size_t n = strlen(host) + 1, m = strlen(port) + 1;
	struct lookup *l = calloc(1, sizeof(*l) + n + m);

	if (!l)
		return NULL;
	memcpy(l->host, host, n);
	l->port = memcpy(l->host + n, port, m);
	l->references = 1;
	l->fd = -1;
	return l;
}

static void lookup_put(struct lookup *l)
{
	if (!l || atomic_fetch_sub(&l->references, 1) > 1)
		return;
	if (l->list)
		freeaddrinfo(l->list);
	if (l->fd >= 0)
		close(l->fd);
	free(l);
}

static void *lookup_thread(void *arg)
{
	const struct addrinfo want = hints(0);
	struct lookup *l = arg;

	l->error = getaddrinfo(l->host, l->port, &want, &l->list);
	if (l->error)
		l->list = NULL;
	eventfd_write(l->fd, 1);
	lookup_put(l);
	atomic_fetch_sub(&lookups, 1);
	return NULL;
}

/* The thread is born with all signals blocked: they are the loop's. */
static int lookup_spawn(struct lookup *l)
{
	pthread_attr_t attr;
	sigset_t all, old;
	pthread_t thread;
	int r;

	if (atomic_fetch_add(&lookups, 1) >= LOOKUPS_MAX) {
		r = EAGAIN;
		goto out;
	}
	r = pthread_attr_init(&attr);
	if (r)
		goto out;
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	atomic_fetch_add(&l->references, 1);
	r = pthread_create(&thread, &attr, lookup_thread, l);
	if (r)
		atomic_fetch_sub(&l->references, 1);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	pthread_attr_destroy(&attr);
out:
	if (r)
		atomic_fetch_sub(&lookups, 1);
	return -r;
}

/* The handle is gone before @fn is called, so that it may start the next look-up. */
static void resolve_finish(struct resolve *r, int error, struct addrinfo *list)
{
	resolve_fn fn = r->fn;
	void *ctx = r->ctx;

	resolve_cancel(r);
	fn(ctx, error, list);
}

static int on_numeric(sd_event_source *es, void *ctx)
{
	struct resolve *r = ctx;
	struct addrinfo *list = r->list;

	r->list = NULL;
	resolve_finish(r, 0, list);
	return 0;
}

static int on_lookup(sd_event_source *es, int fd, u32 events, void *ctx)
{
	struct resolve *r = ctx;
	struct addrinfo *list;
	eventfd_t value;
	int error;

	/* Reading what the thread wrote orders its result before us. */
	if (eventfd_read(fd, &value) < 0)
		return 0;
	error = r->lookup->error;
	list = r->lookup->list;
	r->lookup->list = NULL;
	resolve_finish(r, error, list);
	return 0;
}

static int start_lookup(sd_event *event, struct resolve *r, const char *host, const char *port)
{
	struct lookup *l = lookup_new(host, port);
	int e;

	if (!l)
		return -ENOMEM;
	r->lookup = l;
	l->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (l->fd < 0)
		return -errno;
	e = sd_event_add_io(event, &r->source, l->fd, EPOLLIN, on_lookup, r);
	if (e < 0)
		return e;
	return lookup_spawn(l);
}

int resolve_start(sd_event *event, const char *host, const char *port, resolve_fn fn, void *ctx,
		  struct resolve **ret)
{
	const struct addrinfo want = hints(AI_NUMERICHOST);
	struct resolve *r = calloc(1, sizeof(*r));
	int e;

	if (!r)
		return -ENOMEM;
	r->fn = fn;
	r->ctx = ctx;
	switch (getaddrinfo(host, port, &want, &r->list)) {
	case 0:
		e = sd_event_add_defer(event, &r->source, on_numeric, r);
		break;
	case EAI_MEMORY:
		e = -ENOMEM;
		break;
	default:
		r->list = NULL;
		e = start_lookup(event, r, host, port);
		break;
	}
	if (e < 0) {
		resolve_cancel(r);
		return e;
	}
	*ret = r;
	return 0;
}

void resolve_cancel(struct resolve *r)
{
	if (!r)
		return;
	/* First the source: it watches the eventfd, which may be closed with the look-up. */
	sd_event_source_disable_unref(r->source);
	lookup_put(r->lookup);
	if (r->list)
		freeaddrinfo(r->list);
	free(r);
}
