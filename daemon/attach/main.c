// SPDX-License-Identifier: GPL-2.0
/*
 * amshan-attach: the command line, and holding.
 *
 * An sd-event loop, although there is little to wait for: a hangup, signals and a slow timer are
 * told apart by it as everywhere in this tree, and libsystemd is there already for READY=1.
 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>

#include <systemd/sd-daemon.h>
#include <systemd/sd-event.h>

#include "attach/attach.h"
#include "log.h"
#include "util.h"

/* A hangup is told at once; what a resume does to a tty is not. */
#define CHECK_US	(60 * USEC_PER_SEC)
#define CHECK_SLACK_US	(10 * USEC_PER_SEC)

enum exit_status {
	EXIT_DONE = 0,		/* the tty is gone, or we were told to end */
	EXIT_NOT = 1,		/* not attached, or not any more */
	EXIT_USAGE = 2,
};

static void usage(void)
{
	fputs("Usage: amshan-attach [OPTION]... TTY\n"
	      "Give TTY the line discipline \"amshan\", and hold it until TTY goes away or a signal comes.\n"
	      "Frames of the meter are then read from /dev/amshanN; \"amshanctl ports\" shows which.\n"
	      "\n"
	      "      --baud N      from 1 to 12000000 (default: 2400)\n"
	      "      --parity P    none, even or odd (default: none)\n"
	      "      --data N      data bits, 5 to 8 (default: 8)\n"
	      "      --stop N      stop bits, 1 or 2 (default: 1)\n"
	      "  -h, --help        print this\n"
	      "  -V, --version     print the version\n"
	      "\n"
	      "Exit status: 0 TTY is gone, or SIGTERM, SIGINT or SIGHUP came; 1 TTY could not be attached,\n"
	      "or has lost the discipline; 2 wrong usage.\n",
	      stdout);
}

/* ---- holding ---- */

/* Everything that may have changed the tty leads here. */
static int check(sd_event *event, struct attachment *a, bool hung_up)
{
	int r = attachment_check(a);

	/* The other end of a pty is closed a moment before the tty itself is hung up. */
	if (r == 0 && hung_up) {
		attachment_gone(a);
		r = -ENODEV;
	}
	if (r == 0)
		return 0;
	return sd_event_exit(event, r == -ENODEV ? EXIT_DONE : EXIT_NOT);
}

static int on_hangup(sd_event_source *s, int fd, u32 events, void *ctx)
{
	return check(sd_event_source_get_event(s), ctx, true);
}

static int on_timer(sd_event_source *s, u64 now, void *ctx)
{
	sd_event_source_set_time_relative(s, CHECK_US);
	return check(sd_event_source_get_event(s), ctx, false);
}

static int on_continue(sd_event_source *s, const struct signalfd_siginfo *si, void *ctx)
{
	return check(sd_event_source_get_event(s), ctx, false);
}

static int on_end(sd_event_source *s, const struct signalfd_siginfo *si, void *ctx)
{
	struct attachment *a = ctx;

	snprintf(a->why, sizeof(a->why), "%s is given back", a->name);
	return sd_event_exit(sd_event_source_get_event(s), EXIT_DONE);
}

static int loop_setup(sd_event *event, struct attachment *a)
{
	static const int ends[] = { SIGTERM, SIGINT, SIGHUP };
	int r;

	r = sd_event_add_signal(event, NULL, SIGCONT, on_continue, a);
	for (size_t i = 0; i < ARRAY_SIZE(ends) && r >= 0; i++)
		r = sd_event_add_signal(event, NULL, ends[i], on_end, a);
	/* No event is asked for: a hangup is told always. */
	if (r >= 0)
		r = sd_event_add_io(event, NULL, a->fd, 0, on_hangup, a);
	/* This clock goes on in suspend: the first look is right after it. */
	if (r >= 0) {
		sd_event_source *timer;

		r = sd_event_add_time_relative(event, &timer, CLOCK_BOOTTIME, CHECK_US,
					       CHECK_SLACK_US, on_timer, a);
		if (r >= 0) {
			r = sd_event_source_set_enabled(timer, SD_EVENT_ON);
			sd_event_source_set_floating(timer, true);
			sd_event_source_unref(timer);
		}
	}
	return r;
}

/* Returns the exit status. */
static int hold(sd_event *event, struct attachment *a)
{
	char text[ATTACH_TEXT_MAX];
	int r;

	r = loop_setup(event, a);
	if (r < 0) {
		log_err("%s: cannot wait for its end: %s", a->name, strerror(-r));
		return EXIT_NOT;
	}
	log_info("%s", attachment_describe(a, text));
	sd_notifyf(0, "READY=1\nSTATUS=%s", text);
	r = sd_event_loop(event);
	if (r < 0) {
		log_err("%s: cannot go on: %s", a->name, strerror(-r));
		return EXIT_NOT;
	}
	log_about(r == EXIT_DONE ? LOG_INFO : LOG_ERR, NULL, NULL, "%s", a->why);
	sd_notifyf(0, "STOPPING=1\nSTATUS=%s", a->why);
	return r;
}

static int attach(struct attachment *a)
{
	sd_event *event = NULL;
	sigset_t set;
	int r, status = EXIT_NOT;

	/* From here on a signal waits until the tty can be given back. */
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGCONT);
	sigprocmask(SIG_BLOCK, &set, NULL);

	r = sd_event_new(&event);
	if (r < 0) {
		log_err("cannot make an event loop: %s", strerror(-r));
		return EXIT_NOT;
	}
	r = attachment_begin(a);
	if (a->path && strcmp(a->path, a->settings.path))
		log_info("%s is %s", a->settings.path, a->name);
	if (r < 0) {
		log_err("%s", a->why);
		sd_notifyf(0, "STATUS=%s\nERRNO=%d", a->why, -r);
	} else {
		status = hold(event, a);
	}
	attachment_clear(a);
	sd_event_unref(event);
	return status;
}

/* ---- the command line ---- */

static const struct option options[] = {
	/* The names of the settings in a URI. */
	{ "baud", required_argument, NULL, 'b' },
	{ "parity", required_argument, NULL, 'b' },
	{ "data", required_argument, NULL, 'b' },
	{ "stop", required_argument, NULL, 'b' },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },
	{ },
};

int main(int argc, char **argv)
{
	struct attachment a = { .fd = -1 };
	_cleanup_free_ char *error = NULL;
	int c, index = 0;

	log_init("amshan-attach");
	serial_settings_init(&a.settings);
	a.settings.discipline = true;

	while ((c = getopt_long(argc, argv, "hV", options, &index)) >= 0) {
		switch (c) {
		case 'b':
			if (serial_settings_set(&a.settings, options[index].name, optarg,
						&error) == 0)
				break;
			fprintf(stderr, "amshan-attach: --%s\n", error ? error : options[index].name);
			return EXIT_USAGE;
		case 'h':
			usage();
			return EXIT_DONE;
		case 'V':
			puts("amshan-attach " AMSHAN_VERSION);
			return EXIT_DONE;
		default:
			return EXIT_USAGE;
		}
	}
	if (argc - optind != 1) {
		fprintf(stderr, "amshan-attach: %s; \"amshan-attach --help\" shows what it takes\n",
			optind == argc ? "a TTY is missing" : "one TTY at a time");
		return EXIT_USAGE;
	}
	a.settings.path = argv[optind];
	return attach(&a);
}
