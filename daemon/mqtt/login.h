/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a client shows to the broker: password, certificates, keys.
 *
 * Read from their files at each attempt, so that a renewed certificate or a corrected password is
 * taken without a restart.
 */
#ifndef AMSHAN_MQTT_LOGIN_H
#define AMSHAN_MQTT_LOGIN_H

#include <mosquitto.h>

#include "mqtt/client.h"
#include "mqtt/reason.h"

struct login;

/**
 * login_new() - read what the configuration names
 * @config: outlives the login
 * @ret: untouched on failure
 * @reason: MQTT_REASON_MAX octets; a sentence on failure
 *
 * Return: 0 or a negative errno.
 */
int login_new(const struct mqtt_config *config, struct login **ret, char *reason);
void login_free(struct login *l);

/**
 * login_apply() - give it to a connection that is about to begin
 * @l: the login; outlives the connection
 * @mosq: not yet connected
 *
 * Return: 0 or a negative errno.
 */
int login_apply(struct login *l, struct mosquitto *mosq);

/* login_verdict() - why TLS failed since login_apply(), a sentence, or NULL if it did not */
const char *login_verdict(const struct login *l);

/* login_tls() - TLS is spoken; login_secured() - and its handshake is done */
bool login_tls(const struct login *l);
bool login_secured(const struct login *l);

/* login_spoke() - TLS has sent something on this connection, so there was one */
bool login_spoke(struct mosquitto *mosq);

/**
 * login_wants_write() - wait until the socket can be written to
 * @mosq: the connection
 *
 * mosquitto_want_write(), but while a handshake waits for the broker, the packet behind it is no
 * reason to poll for a socket that can be written to all the time.  libmosquitto 2.0.11 knows that
 * itself; later ones leave the handshake to SSL_write() and do not.
 */
bool login_wants_write(struct mosquitto *mosq);

/* login_log() - what libmosquitto logged: the only way to learn of OpenSSL's errors behind it */
void login_log(struct login *l, int level, const char *text);

#endif /* AMSHAN_MQTT_LOGIN_H */
