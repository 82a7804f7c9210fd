// SPDX-License-Identifier: GPL-2.0
/*
 * The sentences that a user reads when there is no connection to the broker.
 */
#include "mqtt/reason.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void reason_set(char *reason, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(reason, MQTT_REASON_MAX, fmt, ap);
	va_end(ap);
}

void reason_errno(const char *address, int err, char *reason)
{
	switch (err) {
	case ECONNREFUSED:
		reason_set(reason, "connection refused by %s", address);
		break;
	case ETIMEDOUT:
		reason_set(reason, "no answer from %s", address);
		break;
	case ENETUNREACH:
	case EHOSTUNREACH:
		reason_set(reason, "no route to %s", address);
		break;
	default:
		reason_set(reason, "connection to %s: %s", address, strerror(err));
	}
}

/* Not a failure of the network, but the other side that does not want. */
static bool was_closed(int err)
{
	switch (err) {
	case 0:
	case EAGAIN:
	case EINPROGRESS:	/* left behind by an earlier call */
	case EPROTO:		/* so libmosquitto says that OpenSSL failed */
	case ECONNRESET:
	case EPIPE:
		return true;
	default:
		return false;
	}
}

void reason_lost(const char *address, const char *client_id, enum mqtt_phase phase, int err,
		 char *reason)
{
	static const struct {
		const char *begin, *end;
	} closed[] = {
		[PHASE_PLAIN] = { "", "before it answered; does it want TLS?" },
		[PHASE_HANDSHAKE] = { "TLS: ", "during the handshake; is its port for TLS?" },
		[PHASE_SECURED] = { "TLS: ",
				    "after the handshake; does it want a client certificate?" },
		[PHASE_JUST_UP] = { "", "at once; is there another client with the id " },
	};

	if (!was_closed(err))
		reason_errno(address, err, reason);
	else if (phase == PHASE_UP)
		reason_set(reason, "%s closed the connection", address);
	else
		reason_set(reason, "%s%s closed the connection %s%s", closed[phase].begin, address,
			   closed[phase].end, phase == PHASE_JUST_UP ? client_id : "");
}

void reason_connack(int code, bool named, const char *client_id, char *reason)
{
	/* MQTT 3.1.1, 3.2.2.3; mosquitto says 5 for a wrong password, others 4. */
	switch (code) {
	case 1:
		reason_set(reason, "the broker does not speak MQTT 3.1.1");
		break;
	case 2:
		reason_set(reason, "the broker refused the client id %s", client_id);
		break;
	case 3:
		reason_set(reason, "the broker says that it is not available");
		break;
	case 4:
	case 5:
		reason_set(reason, named ? "the broker refused the user name or password" :
					   "the broker wants a user name and a password");
		break;
	default:
		reason_set(reason, "the broker refused the connection, code %d", code);
	}
}

int reason_file(const char *what, const char *path, int err, char *reason)
{
	reason_set(reason, "%s %s: %s", what, path, strerror(err));
	return -err;
}
