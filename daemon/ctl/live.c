// SPDX-License-Identifier: GPL-2.0
/*
 * Live: signals and keys of a subcommand that goes on.
 */
#include <errno.h>
#include <signal.h>
#include <sys/epoll.h>

#include "ctl/live.h"
#include "util.h"

#define CTRL_D		4

static int on_key(sd_event_source *source, int fd, uint32_t events, void *ctx)
{
	struct live *l = ctx;
	char key[16];
	ssize_t n;

	n = read(fd, key, sizeof(key));
	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return 0;
	if (n <= 0)
		return sd_event_exit(l->event, 0);
	for (ssize_t i = 0; i < n; i++)
		if (key[i] == 'q' || key[i] == 'Q' || key[i] == CTRL_D)
			return sd_event_exit(l->event, 0);
	return 0;
}

static int on_resize(sd_event_source *source, const struct signalfd_siginfo *si, void *ctx)
{
	struct live *l = ctx;

	screen_resized(&l->screen);
	l->draw(l->ctx);
	return 0;
}

/* Ctrl-Z: the shell gets its terminal back as it was. */
static int on_suspend(sd_event_source *source, const struct signalfd_siginfo *si, void *ctx)
{
	struct live *l = ctx;

	screen_end(&l->screen);
	raise(SIGSTOP);
	screen_begin(&l->screen);
	l->draw(l->ctx);
	return 0;
}

static int add_signal(struct live *l, int sig, sd_event_signal_handler_t fn)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, sig);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return -errno;
	/* Without a function the signal ends the loop. */
	return sd_event_add_signal(l->event, NULL, sig, fn, fn ? l : NULL);
}

int live_begin(struct live *l, sd_event *event)
{
	static const int ends[] = { SIGINT, SIGTERM, SIGHUP };
	int r = 0;

	l->event = event;
	for (size_t i = 0; i < ARRAY_SIZE(ends) && r >= 0; i++)
		r = add_signal(l, ends[i], NULL);
	return r < 0 ? r : 0;
}

int live_take_screen(struct live *l, void (*draw)(void *ctx), void *ctx)
{
	int r;

	l->draw = draw;
	l->ctx = ctx;
	r = add_signal(l, SIGWINCH, on_resize);
	if (r >= 0)
		r = add_signal(l, SIGTSTP, on_suspend);
	if (r < 0)
		return r;
	screen_begin(&l->screen);
	if (l->screen.keys)
		r = sd_event_add_io(l->event, &l->keys, STDIN_FILENO, EPOLLIN, on_key, l);
	if (r >= 0)
		draw(ctx);
	return r < 0 ? r : 0;
}

void live_end(struct live *l)
{
	screen_end(&l->screen);
	l->keys = sd_event_source_disable_unref(l->keys);
}
