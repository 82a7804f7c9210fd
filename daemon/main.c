// SPDX-License-Identifier: GPL-2.0
/*
 * amshand: the command line.
 */
#include <errno.h>
#include <getopt.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "config.h"
#include "log.h"
#include "manager.h"
#include "util.h"


static void usage(FILE *f)
{
	fputs("Usage: amshand [OPTION]...\n"
	      "Read electricity meters and show their readings on D-Bus and MQTT.\n"
	      "\n"
	      "  -c, --config FILE    configuration (default: " CONFIG_PATH ";\n"
	      "                       with --user: ~/.config/amshan/amshand.conf)\n"
	      "      --check-config   read the configuration, say what is wrong with it, and exit\n"
	      "      --user           use the session bus\n"
	      "      --log-level L    err, warning, notice, info or debug, whatever the\n"
	      "                       configuration says\n"
	      "  -h, --help\n"
	      "      --version\n"
	      "\n"
	      "SIGHUP reloads the configuration; what did not change goes on.\n",
	      f);
}

static char *user_config(void)
{
	const char *dir = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
	char *path;
	int r;

	if (dir && *dir == '/')
		r = asprintf(&path, "%s/amshan/amshand.conf", dir);
	else
		r = asprintf(&path, "%s/.config/amshan/amshand.conf", home ? home : "");

	return r < 0 ? NULL : path;
}

/* Without a service manager that says it: the folder for what is remembered. */
static int user_state(void)
{
	const char *dir = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
	_cleanup_free_ char *path = NULL;
	int r;

	if (dir && *dir == '/')
		r = asprintf(&path, "%s/amshan", dir);
	else
		r = asprintf(&path, "%s/.local/state/amshan", home ? home : "");
	if (r < 0) {
		path = NULL;
		return -ENOMEM;
	}

	return setenv("STATE_DIRECTORY", path, 0) < 0 ? -errno : 0;
}

/* Likewise for what is kept until the machine starts anew. */
static int user_runtime(void)
{
	const char *dir = getenv("XDG_RUNTIME_DIR");
	_cleanup_free_ char *path = NULL;

	if (!dir || *dir != '/')
		return 0;
	if (asprintf(&path, "%s/amshan", dir) < 0) {
		path = NULL;
		return -ENOMEM;
	}

	return setenv("RUNTIME_DIRECTORY", path, 0) < 0 ? -errno : 0;
}

int main(int argc, char **argv)
{
	enum { CHECK = 256, USER, LEVEL, VERSION };
	static const struct option options[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "check-config", no_argument, NULL, CHECK },
		{ "user", no_argument, NULL, USER },
		{ "log-level", required_argument, NULL, LEVEL },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, VERSION },
		{ 0 },
	};
	_cleanup_free_ char *default_path = NULL;
	const char *path = NULL;
	bool check = false, user = false;
	int level = -1, c, r;

	/* The threads that look up names are short: a heap of their own would stay. */
	mallopt(M_ARENA_MAX, 1);
	log_init("amshand");

	while ((c = getopt_long(argc, argv, "c:h", options, NULL)) >= 0) {
		switch (c) {
		case 'c':
			path = optarg;
			break;
		case CHECK:
			check = true;
			break;
		case USER:
			user = true;
			break;
		case LEVEL:
			level = log_level_parse(optarg);
			if (level < 0) {
				fprintf(stderr, "amshand: --log-level: \"%s\" is none of err, warning, "
					"notice, info, debug\n", optarg);
				return 2;
			}
			log_set_level(level);
			break;
		case 'h':
			usage(stdout);
			return 0;
		case VERSION:
			puts("amshand " AMSHAN_VERSION);
			return 0;
		default:
			return 2;
		}
	}
	if (optind < argc) {
		fprintf(stderr, "amshand: \"%s\": no arguments are taken\n", argv[optind]);
		return 2;
	}

	if (user && (user_state() < 0 || user_runtime() < 0))
		return 1;
	if (!path) {
		default_path = user ? user_config() : strdup(CONFIG_PATH);
		path = default_path;
	}
	if (!path)
		return 1;

	if (check)
		return manager_check(path) < 0 ? 1 : 0;

	r = manager_run(path, user, level);
	/* The unit tells it from what may be over in a minute. */
	if (r == MANAGER_CONFIG)
		return EX_CONFIG;

	return r < 0 ? 1 : 0;
}
