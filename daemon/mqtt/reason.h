/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Why there is no connection to the broker: sentences without a full stop.
 */
#ifndef AMSHAN_MQTT_REASON_H
#define AMSHAN_MQTT_REASON_H

#include <amshan/types.h>

#define MQTT_REASON_MAX 192	/* octets of a sentence with the NUL */

/* reason_set() - write a sentence; what does not fit is cut off */
void reason_set(char *reason, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* reason_errno() - @address ("127.0.0.1:1883") could not be reached, or was lost */
void reason_errno(const char *address, int err, char *reason);

/* How far a connection has come. */
enum mqtt_phase {
	PHASE_PLAIN,		/* no TLS, no CONNACK yet */
	PHASE_HANDSHAKE,	/* TLS handshake */
	PHASE_SECURED,		/* TLS, no CONNACK yet */
	PHASE_JUST_UP,		/* up for some seconds */
	PHASE_UP,
};

/**
 * reason_lost() - a connection was lost
 * @address: to which
 * @client_id: what we called ourselves
 * @phase: how far it had come
 * @err: an errno, or 0 if the other side closed it
 * @reason: the sentence
 */
void reason_lost(const char *address, const char *client_id, enum mqtt_phase phase, int err,
		 char *reason);

/**
 * reason_connack() - the broker refused
 * @code: of CONNACK
 * @named: we said a user name
 * @client_id: what we called ourselves
 * @reason: the sentence
 */
void reason_connack(int code, bool named, const char *client_id, char *reason);

/* reason_file() - @what ("password file") @path cannot be read; returns -@err */
int reason_file(const char *what, const char *path, int err, char *reason);

#endif /* AMSHAN_MQTT_REASON_H */
