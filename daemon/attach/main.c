// SPDX-License-Identifier: GPL-2.0
/*
 * amshan-attach: the command line.
 */
#include <getopt.h>
#include <stdio.h>

#include "attach/hold.h"
#include "log.h"
#include "util.h"

#define EXIT_USAGE	2	/* the others are those of enum hold_end */

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
	      "      --udev        the same from udev's properties of TTY: AMSHAN_BAUD, AMSHAN_PARITY,\n"
	      "                    AMSHAN_DATA, AMSHAN_STOP; and only if AMSHAN_ADAPTER is 1, and\n"
	      "                    AMSHAN_FRAMING, if there is one, is hdlc\n"
	      "      --wait        wait for what is in the way, and attach TTY again when it has lost the\n"
	      "                    discipline, instead of ending\n"
	      "  -h, --help        print this\n"
	      "  -V, --version     print the version\n"
	      "\n"
	      "Exit status: 0 TTY is gone, or SIGTERM, SIGINT or SIGHUP came; 1 TTY could not be attached,\n"
	      "or has lost the discipline; 2 wrong usage; 3 with --udev: TTY is not enabled, or not any\n"
	      "more.\n",
	      stdout);
}

static const struct option options[] = {
	/* The names of the settings in a URI. */
	{ "baud", required_argument, NULL, 'b' },
	{ "parity", required_argument, NULL, 'b' },
	{ "data", required_argument, NULL, 'b' },
	{ "stop", required_argument, NULL, 'b' },
	{ "udev", no_argument, NULL, 'u' },
	{ "wait", no_argument, NULL, 'w' },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },
	{ },
};

int main(int argc, char **argv)
{
	struct attachment a = { .tty.fd = -1 };
	_cleanup_free_ char *error = NULL;
	const char *setting = NULL;
	bool is_patient = false;
	int c, index = 0;

	log_init("amshan-attach");
	serial_settings_init(&a.settings);
	a.settings.discipline = true;

	while ((c = getopt_long(argc, argv, "hV", options, &index)) >= 0) {
		switch (c) {
		case 'b':
			setting = options[index].name;
			if (serial_settings_set(&a.settings, setting, optarg, &error) == 0)
				break;
			fprintf(stderr, "amshan-attach: --%s\n", error ? error : setting);
			return EXIT_USAGE;
		case 'u':
			a.from_udev = true;
			break;
		case 'w':
			is_patient = true;
			break;
		case 'h':
			usage();
			return HOLD_DONE;
		case 'V':
			puts("amshan-attach " AMSHAN_VERSION);
			return HOLD_DONE;
		default:
			return EXIT_USAGE;
		}
	}
	if (a.from_udev && setting) {
		fprintf(stderr, "amshan-attach: --udev and --%s do not go together\n", setting);
		return EXIT_USAGE;
	}
	if (argc - optind != 1) {
		fprintf(stderr, "amshan-attach: %s; \"amshan-attach --help\" shows what it takes\n",
			optind == argc ? "a TTY is missing" : "one TTY at a time");
		return EXIT_USAGE;
	}
	a.path = argv[optind];
	return hold(&a, is_patient);
}
