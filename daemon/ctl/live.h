/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Live: a subcommand that goes on until it is told to end, on the screen or into a pipe.
 *
 * Signals, keys and the size of the window, on an sd-event loop of the subcommand.
 */
#ifndef AMSHAN_CTL_LIVE_H
#define AMSHAN_CTL_LIVE_H

#include <systemd/sd-event.h>

#include "ctl/screen.h"

/**
 * struct live - the loop's end and its terminal; zero it to begin
 * @event: the loop, not owned
 * @screen: the terminal, not taken before live_take_screen()
 * @keys: standard input, NULL while not read
 * @draw: a new picture is needed at once
 * @ctx: for @draw
 */
struct live {
	sd_event *event;
	struct screen screen;
	sd_event_source *keys;
	void (*draw)(void *ctx);
	void *ctx;
};

/* live_begin() - SIGINT, SIGTERM and SIGHUP end the loop with 0; returns 0 or a negative errno */
int live_begin(struct live *l, sd_event *event);

/**
 * live_take_screen() - take the terminal: q and Ctrl-D end the loop, Ctrl-Z suspends
 * @l: begun
 * @draw: called for the first picture, and when the window has another size
 * @ctx: for @draw
 *
 * Return: 0 or a negative errno.
 */
int live_take_screen(struct live *l, void (*draw)(void *ctx), void *ctx);

/* live_end() - give the terminal back; may be called twice, and without a beginning */
void live_end(struct live *l);

#endif /* AMSHAN_CTL_LIVE_H */
