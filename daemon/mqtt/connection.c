// SPDX-License-Identifier: GPL-2.0
/*
 * One libmosquitto instance in the event loop.
 *
 * What has to be known of the library (2.0.11):
 * - It closes its socket by itself, so the loop polls a dup of it.
 * - When a TLS handshake fails it calls no callback: after each call its result and its socket
 *   count.
 * - It sends at once what it can and queues the rest without a bound: it gets a packet only when
 *   the one before has left (connection_room()).
 * - While it is in a callback it sends nothing: what it calls only writes down (inbox.h).
 * - It takes messages of up to 256 MiB from the broker; MQTT 3.1.1 has no means to refuse them.
 *   The broker's own limit (message_size_limit of mosquitto) is what bounds them.
 */
#include "mqtt/connection.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "mqtt/address.h"
#include "mqtt/inbox.h"
#include "util.h"

/* How exactly the keep-alive is looked at: four times in its time, together with other timers. */
#define KEEPALIVE_PARTS		4
#define KEEPALIVE_ACCURACY_US	(2 * USEC_PER_SEC)

/* A broker that ends a connection so soon did not like something. */
#define QUICK_US		(10 * USEC_PER_SEC)

/* What waits in the socket of a slow broker cannot be replaced by newer values: keep it short. */
#define SEND_BUFFER		65536

/**
 * struct connection - see connection.h
 * @settings: not owned
 * @login: not owned
 * @mosq: the library
 * @fd: dup of its socket
 * @io: for @fd
 * @timer: for the answer to come; then for the keep-alive
 * @opened: TCP is there
 * @up: CONNACK was good
 * @up_us: when
 * @announced: the owner knows that it is up
 * @answered: the other side has decided, see struct connection_owner
 * @broken: it is over, @reason is set
 * @busy: calls of the library that we are in
 * @inbox: messages that came in the last of them
 * @unconfirmed: message ids that the broker has not confirmed
 * @n_unconfirmed: number of them
 * @address: as text
 * @reason: why it is over
 */
struct connection {
	const struct connection_settings *settings;
	struct login *login;
	struct mosquitto *mosq;
	int fd;
	sd_event_source *io;
	sd_event_source *timer;
	bool opened;
	bool up;
	u64 up_us;
	bool announced;
	bool answered;
	bool broken;
	unsigned int busy;
	struct inbox inbox;
	int unconfirmed[CONNECTION_UNCONFIRMED_MAX];
	unsigned int n_unconfirmed;
	char address[ADDRESS_TEXT_MAX];
	char reason[MQTT_REASON_MAX];
};

/* ---- why it is over ---- */

static enum mqtt_phase connection_phase(const struct connection *c)
{
	if (c->up)
		return mono_us() - c->up_us < QUICK_US ? PHASE_JUST_UP : PHASE_UP;
	if (!login_tls(c->login))
		return PHASE_PLAIN;
	return login_secured(c->login) ? PHASE_SECURED : PHASE_HANDSHAKE;
}

static void connection_break(struct connection *c, int rc, int err)
{
	const char *verdict = login_verdict(c->login);

	if (c->broken)
		return;
	c->broken = true;
	/* The loop learns of it at once, also if it was seen by somebody who wanted to publish. */
	if (c->timer)
		sd_event_source_set_time(c->timer, 0);
	if (c->reason[0])
		return;		/* on_connect() knew better */
	if (verdict) {
		reason_set(c->reason, "%s", verdict);
		c->answered = true;
		return;
	}
	switch (rc) {
	case MOSQ_ERR_ERRNO:
	case MOSQ_ERR_TLS:
	case MOSQ_ERR_CONN_LOST:
	case MOSQ_ERR_NO_CONN:
	case MOSQ_ERR_SUCCESS:
		reason_lost(c->address, c->settings->client_id, connection_phase(c), err,
			    c->reason);
		break;
	case MOSQ_ERR_KEEPALIVE:
		reason_set(c->reason, "no answer from %s for %u s", c->address,
			   c->settings->config->keepalive_s);
		break;
	default:
		reason_set(c->reason, c->up ? "%s broke the protocol" :
			   "%s does not answer as an MQTT broker", c->address);
	}
}

/* After each call of the library.  Return: 0 or -ENOTCONN. */
static int connection_check(struct connection *c, int rc, int err)
{
	if (c->broken)
		return -ENOTCONN;
	if (rc == MOSQ_ERR_SUCCESS && !c->reason[0] && mosquitto_socket(c->mosq) >= 0)
		return 0;
	connection_break(c, rc, err);
	return -ENOTCONN;
}

/* ---- what the library calls ---- */

static void on_connect(struct mosquitto *mosq, void *ctx, int rc)
{
	struct connection *c = ctx;

	if (rc == 0) {
		c->up = true;
		c->up_us = mono_us();
	} else {
		c->answered = true;
		reason_connack(rc, c->settings->config->username, c->settings->client_id,
			       c->reason);
	}
}

static void on_publish(struct mosquitto *mosq, void *ctx, int mid)
{
	struct connection *c = ctx;

	for (unsigned int i = 0; i < c->n_unconfirmed; i++) {
		if (c->unconfirmed[i] != mid)
			continue;
		c->unconfirmed[i] = c->unconfirmed[--c->n_unconfirmed];
		break;
	}
}

static void on_message(struct mosquitto *mosq, void *ctx, const struct mosquitto_message *m)
{
	struct connection *c = ctx;

	inbox_put(&c->inbox, m->topic, m->payload, (size_t)m->payloadlen, m->retain);
}

static void on_subscribe(struct mosquitto *mosq, void *ctx, int mid, int n, const int *granted)
{
	struct connection *c = ctx;

	if (n > 0 && granted[0] > 2)
		c->settings->owner->unsubscribed(c->settings->ctx, mid);
}

static void on_log(struct mosquitto *mosq, void *ctx, int level, const char *text)
{
	struct connection *c = ctx;

	login_log(c->login, level, text);
}

/* ---- the loop ---- */

static u32 connection_events(const struct connection *c)
{
	return EPOLLIN | (login_wants_write(c->mosq) ? EPOLLOUT : 0);
}

static void connection_poll(struct connection *c)
{
	if (!c->broken)
		sd_event_source_set_io_events(c->io, connection_events(c));
}

/* What the socket has to say.  Return: 0 or -ENOTCONN. */
static int connection_process(struct connection *c, u32 events)
{
	int rc = MOSQ_ERR_SUCCESS, err;

	if (c->broken)
		return -ENOTCONN;
	if (!c->opened) {
		/* The library would only say "lost". */
		err = address_error(c->fd);
		/*
		 * A TLS handshake that is begun while the answer comes in eats the error, and the
		 * library goes on as if nothing had happened.
		 */
		if (err == ENOTCONN)
			err = login_spoke(c->mosq) ? ECONNRESET : ECONNREFUSED;
		if (err) {
			connection_break(c, MOSQ_ERR_ERRNO, err);
			return -ENOTCONN;
		}
		c->opened = true;
	}
	c->busy++;
	errno = 0;
	if (events & (EPOLLIN | EPOLLHUP | EPOLLERR))
		rc = mosquitto_loop_read(c->mosq, 1);
	if (rc == MOSQ_ERR_SUCCESS && mosquitto_socket(c->mosq) >= 0 && events & EPOLLOUT)
		rc = mosquitto_loop_write(c->mosq, 1);
	err = errno;
	c->busy--;
	inbox_deliver(&c->inbox, c->settings->owner->message, c->settings->ctx);
	return connection_check(c, rc, err);
}

static void connection_end(struct connection *c)
{
	c->settings->owner->ended(c->settings->ctx, c->answered);
}

static void connection_rest(struct connection *c)
{
	sd_event_source_set_time_relative(c->timer, c->settings->config->keepalive_s *
					  USEC_PER_SEC / KEEPALIVE_PARTS);
	sd_event_source_set_enabled(c->timer, SD_EVENT_ONESHOT);
}

static int on_io(sd_event_source *s, int fd, u32 events, void *ctx)
{
	struct connection *c = ctx;

	if (connection_process(c, events) < 0) {
		connection_end(c);
		return 0;
	}
	if (c->up && !c->announced) {
		c->announced = true;
		sd_event_source_set_time_accuracy(c->timer, KEEPALIVE_ACCURACY_US);
		connection_rest(c);
		c->settings->owner->up(c->settings->ctx);
	}
	if (connection_room(c))
		c->settings->owner->room(c->settings->ctx);
	connection_poll(c);
	return 0;
}

static void connection_look(struct connection *c)
{
	int rc;

	c->busy++;
	errno = 0;
	rc = mosquitto_loop_misc(c->mosq);
	c->busy--;
	connection_check(c, rc, errno);
}

static void connection_expire(struct connection *c)
{
	if (c->opened)
		reason_set(c->reason, "%s took the connection, but did not answer as a broker "
			   "within %llu s", c->address, CONNECTION_ANSWER_US / USEC_PER_SEC);
	else
		reason_errno(c->address, ETIMEDOUT, c->reason);
	c->broken = true;
}

static int on_timer(sd_event_source *s, u64 usec, void *ctx)
{
	struct connection *c = ctx;

	if (!c->broken && c->up)
		connection_look(c);
	else if (!c->broken)
		connection_expire(c);
	if (c->broken) {
		connection_end(c);
		return 0;
	}
	connection_rest(c);
	connection_poll(c);
	return 0;
}

/* ---- beginning and end ---- */

static int connection_prepare(struct connection *c)
{
	const struct connection_settings *s = c->settings;

	c->mosq = mosquitto_new(s->client_id, true, c);
	if (!c->mosq)
		return -ENOMEM;
	mosquitto_connect_callback_set(c->mosq, on_connect);
	mosquitto_publish_callback_set(c->mosq, on_publish);
	mosquitto_message_callback_set(c->mosq, on_message);
	mosquitto_subscribe_callback_set(c->mosq, on_subscribe);
	mosquitto_log_callback_set(c->mosq, on_log);
	/* Values are small, and one is not to wait for the confirmation of another. */
	mosquitto_int_option(c->mosq, MOSQ_OPT_TCP_NODELAY, 1);
	if (s->will_topic &&
	    mosquitto_will_set(c->mosq, s->will_topic, (int)strlen(s->will), s->will, 1, true))
		return -ENOMEM;
	return login_apply(c->login, c->mosq);
}

static int connection_watch(struct connection *c)
{
	int r, size = SEND_BUFFER;

	c->fd = fcntl(mosquitto_socket(c->mosq), F_DUPFD_CLOEXEC, 3);
	if (c->fd < 0)
		return -errno;
	setsockopt(c->fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	r = sd_event_add_io(c->settings->event, &c->io, c->fd, EPOLLIN | EPOLLOUT, on_io, c);
	if (r < 0)
		return r;
	return sd_event_add_time_relative(c->settings->event, &c->timer, CLOCK_MONOTONIC,
					  CONNECTION_ANSWER_US, 0, on_timer, c);
}

int connection_new(const struct connection_settings *settings, struct login *login,
		   const struct addrinfo *address, struct connection **ret, char *reason)
{
	struct connection *c = calloc(1, sizeof(*c));
	char host[ADDRESS_HOST_MAX];
	int port, rc, r;

	if (!c) {
		reason_set(reason, "no memory");
		return -ENOMEM;
	}
	c->settings = settings;
	c->login = login;
	c->fd = -1;
	inbox_init(&c->inbox);
	r = address_text(address, host, &port, c->address);
	if (r == 0)
		r = connection_prepare(c);
	if (r == 0) {
		c->busy++;
		errno = 0;
		rc = mosquitto_connect_async(c->mosq, host, port, settings->config->keepalive_s);
		c->busy--;
		r = connection_check(c, rc, errno);
		if (r == 0)
			r = connection_watch(c);
	}
	if (r < 0) {
		if (c->broken)
			reason_set(reason, "%s", c->reason);
		else
			reason_errno(c->address, -r, reason);
		r = c->answered ? -EPROTO : r;
		connection_free(c);
		return r;
	}
	*ret = c;
	return 0;
}

void connection_free(struct connection *c)
{
	if (!c)
		return;
	inbox_clear(&c->inbox);
	sd_event_source_disable_unref(c->io);
	sd_event_source_disable_unref(c->timer);
	mosquitto_destroy(c->mosq);
	if (c->fd >= 0)
		close(c->fd);
	free(c);
}

const char *connection_address(const struct connection *c)
{
	return c->address;
}

const char *connection_reason(const struct connection *c)
{
	return c->reason;
}

/* ---- handing on ---- */

bool connection_room(const struct connection *c)
{
	return c->announced && !c->broken && !c->busy && !mosquitto_want_write(c->mosq);
}

bool connection_room_qos1(const struct connection *c)
{
	return connection_room(c) && c->n_unconfirmed < CONNECTION_UNCONFIRMED_MAX;
}

bool connection_idle(const struct connection *c)
{
	return !c->n_unconfirmed && !mosquitto_want_write(c->mosq);
}

static int connection_handed(struct connection *c, int rc, int err)
{
	switch (rc) {
	case MOSQ_ERR_INVAL:
	case MOSQ_ERR_MALFORMED_UTF8:
	case MOSQ_ERR_PAYLOAD_SIZE:
	case MOSQ_ERR_OVERSIZE_PACKET:
		return -EINVAL;
	}
	return connection_check(c, rc, err);
}

int connection_publish(struct connection *c, const char *topic, const void *payload, size_t n,
		       bool retain)
{
	int mid, rc, r;

	c->busy++;
	errno = 0;
	rc = mosquitto_publish(c->mosq, &mid, topic, (int)n, payload, retain ? 1 : 0, retain);
	c->busy--;
	r = connection_handed(c, rc, errno);
	if (r == 0 && retain && c->n_unconfirmed < CONNECTION_UNCONFIRMED_MAX)
		c->unconfirmed[c->n_unconfirmed++] = mid;
	connection_poll(c);
	return r;
}

int connection_subscribe(struct connection *c, const char *filter)
{
	int mid, rc, r;

	c->busy++;
	errno = 0;
	/* QoS 0: what is lost with a connection would be too old when the next one is up. */
	rc = mosquitto_subscribe(c->mosq, &mid, filter, 0);
	c->busy--;
	r = connection_handed(c, rc, errno);
	connection_poll(c);
	return r < 0 ? r : mid;
}

void connection_unsubscribe(struct connection *c, const char *filter)
{
	int rc;

	if (c->broken || !c->announced)
		return;
	errno = 0;
	c->busy++;
	rc = mosquitto_unsubscribe(c->mosq, NULL, filter);
	c->busy--;
	connection_handed(c, rc, errno);
	connection_poll(c);
}

int connection_wait(struct connection *c, u64 timeout_us)
{
	struct pollfd p = { .fd = c->fd };
	int n;

	if (c->broken)
		return -ENOTCONN;
	/* POLLIN and EPOLLIN are the same numbers on Linux, and so are the others. */
	p.events = (short)connection_events(c);
	n = poll(&p, 1, (int)(timeout_us / USEC_PER_MSEC));
	if (n < 0)
		return errno == EINTR ? 0 : -ENOTCONN;
	return n ? connection_process(c, (u32)p.revents) : 0;
}

void connection_goodbye(struct connection *c, u64 timeout_us)
{
	u64 end_us = mono_us() + timeout_us;

	if (c->broken || mosquitto_disconnect(c->mosq) != MOSQ_ERR_SUCCESS)
		return;
	/* The library closes the socket when DISCONNECT has left. */
	while (mosquitto_socket(c->mosq) >= 0 && mono_us() < end_us)
		if (connection_wait(c, end_us - mono_us()) < 0)
			return;
}
