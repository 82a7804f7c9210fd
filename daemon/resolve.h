/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Name look-up that does not block the loop.
 *
 * getaddrinfo() has no other form than the blocking one, so a short-lived thread does it and tells
 * the loop through a pipe.  It is the only thread of the daemon.
 */
#ifndef AMSHAN_RESOLVE_H
#define AMSHAN_RESOLVE_H

#include <netdb.h>

#include <systemd/sd-event.h>

#include <amshan/types.h>

struct resolve;

/**
 * resolve_fn - called once, from the loop
 * @ctx: as given to resolve_start()
 * @error: 0, or one of getaddrinfo()'s EAI_*
 * @list: the addresses, to be freed by freeaddrinfo() by the callee; NULL on error
 */
typedef void (*resolve_fn)(void *ctx, int error, struct addrinfo *list);

/**
 * resolve_start() - begin to look up a host for a stream socket; numeric addresses included
 * @event: the loop
 * @host: name or address
 * @port: port, decimal
 * @fn: told of the result, after this call has returned
 * @ctx: for @fn
 * @ret: handle, valid until @fn is called or resolve_cancel()
 *
 * Return: 0 or a negative errno.
 */
int resolve_start(sd_event *event, const char *host, const char *port, resolve_fn fn, void *ctx,
		  struct resolve **ret);

/*
 * resolve_cancel() - @fn will not be called; the thread, if it still blocks, ends by itself; NULL
 * is fine
 */
void resolve_cancel(struct resolve *r);

#endif /* AMSHAN_RESOLVE_H */
