/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Who is told of a client's state.  They may come and leave while they are told.
 */
#ifndef AMSHAN_MQTT_LISTENERS_H
#define AMSHAN_MQTT_LISTENERS_H

#include "mqtt/client.h"

/* struct listener - one; @fn is NULL after it has left while others were told */
struct listener {
	struct listener *next;
	mqtt_state_fn fn;
	void *ctx;
};

/**
 * struct listeners - all of them; zero it to begin
 * @first: the newest
 * @telling: they are being told: none is freed
 */
struct listeners {
	struct listener *first;
	unsigned int telling;
};

/* listeners_add() - Return: 0 or -ENOMEM */
int listeners_add(struct listeners *l, mqtt_state_fn fn, void *ctx);
void listeners_remove(struct listeners *l, mqtt_state_fn fn, void *ctx);
void listeners_tell(struct listeners *l, enum mqtt_state state, const char *reason);
void listeners_clear(struct listeners *l);

#endif /* AMSHAN_MQTT_LISTENERS_H */
