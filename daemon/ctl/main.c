// SPDX-License-Identifier: GPL-2.0
/*
 * amshanctl: the command line.  The table of subcommands, their options and their help.
 */
#include <errno.h>
#include <getopt.h>
#include <locale.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/ctl.h"
#include "ctl/keys.h"
#include "ctl/text.h"
#include "tables.h"
#include "util.h"

#define PROBE_SECONDS_MAX 600

/* Options that not every subcommand takes, beside --help. */
enum takes {
	TAKES_JSON = 1 << 0,
	TAKES_BUS = 1 << 1,		/* it asks amshand: --user, --system */
	TAKES_WATCH = 1 << 2,
	TAKES_SETTINGS = 1 << 3,	/* --baud, --parity, --data, --stop, --framing */
	TAKES_ANYWHERE = 1 << 4,
	TAKES_PROBING = 1 << 5,		/* --enable, --seconds */
	TAKES_NO_PLOT = 1 << 6,
	TAKES_KEYS = 1 << 7,		/* --key, --auth-key */
	TAKES_COUNTER = 1 << 8,
	TAKES_TREE = 1 << 9,		/* --tree, --tables */
};

/**
 * struct command - a subcommand
 * @name: its name
 * @operands: what follows its options, for the help
 * @min: so many operands at least
 * @max: so many at most; negative: any number
 * @takes: its options, enum takes
 * @run: does it
 * @summary: for the list of subcommands
 * @help: what it does
 */
struct command {
	const char *name;
	const char *operands;
	int min;
	int max;
	unsigned int takes;
	int (*run)(const struct ctl_options *o);
	const char *summary;
	const char *help;
};

static const struct command commands[] = {
	{
		"decode", "[FILE]", 0, 1, TAKES_JSON | TAKES_KEYS | TAKES_TREE, ctl_decode,
		"decode a capture",
		"Read octets of a customer port from FILE, or from standard input without FILE or with\n"
		"\"-\", and print the messages in them. The octets are binary or hex text (digits, white\n"
		"space, lines of comment that begin with '#'; one message per line, or broken into\n"
		"lines anywhere); their framing is found by itself: HDLC frames, telegrams of P1,\n"
		"M-Bus frames, bare LLC (E6 E7 00), a bare APDU or the bare body of one. Values are as\n"
		"transmitted.\n"
		"\n"
		"Exit status: 0 at least one message was decoded; 1 none was, standard error says why;\n"
		"2 wrong usage or unreadable file.\n",
	},
	{
		"list", "", 0, 0, TAKES_JSON | TAKES_BUS, ctl_list,
		"list the meters",
		"Print the meters that amshand knows, with their power now: what is imported, or\n"
		"with a minus sign what is exported.\n",
	},
	{
		"show", "METER", 1, 1, TAKES_JSON | TAKES_BUS, ctl_show,
		"show all values of a meter",
		"Print what a meter says of itself, what is wrong with its values, and the last one of\n"
		"everything it has sent.\n"
		"METER is its id as \"list\" prints it, or the beginning of it that no other meter has.\n",
	},
	{
		"monitor", "[METER...]", 0, -1, TAKES_JSON | TAKES_BUS | TAKES_NO_PLOT, ctl_monitor,
		"follow the values as they come",
		"On a terminal: a table that is kept up to date, and below it, where there is room, a plot\n"
		"of what came in the last minutes, until q or Ctrl-C. Otherwise one line per message; with\n"
		"--json one JSON object per message and line. With METER, which may be the beginning of an\n"
		"id, only these meters. A restart of amshand is waited for.\n",
	},
	{
		"forget", "METER", 1, 1, TAKES_BUS | TAKES_COUNTER, ctl_forget,
		"remove a meter, and all that is kept of it",
		"Let amshand forget a meter: what it has counted of it, what the broker retains of it, and\n"
		"its device in Home Assistant. METER is its whole id; it need not be there any more. One\n"
		"that still sends comes back as a new meter with its next list. Only root may.\n"
		"\n"
		"With --counter only the frame counter of an encrypted meter is forgotten, and METER is its\n"
		"system title, as \"status\" says it. That is to be done when a meter was exchanged or reset and\n"
		"counts from the beginning again: its messages are taken for replays until then.\n",
	},
	{
		"status", "", 0, 0, TAKES_JSON | TAKES_BUS, ctl_status,
		"say how the sources and the broker are",
		"Print for each source since when it is in its state, its frames, its errors by cause,\n"
		"its last frame, and what is to be checked if something is wrong, with a source or with\n"
		"the values of a meter.\n"
		"\n"
		"Exit status: 0 all sources are ok; 1 some are not, there is none, or amshand does not\n"
		"run; 2 wrong usage.\n",
	},
	{
		"ports", "", 0, 0, TAKES_JSON | TAKES_WATCH, ctl_ports,
		"list the ports of the kernel module",
		"Print for each tty that amshan-attach holds its device, since when it is attached, and\n"
		"its counters: frames, octets, and errors by cause. With --watch: on a terminal a table\n"
		"that is kept up to date, until q or Ctrl-C; otherwise a line, or with --json an object,\n"
		"per port and change. Asks the kernel, not amshand; anyone may.\n"
		"\n"
		"Exit status: 0 the module answered, also if there is no port; 1 it is not loaded;\n"
		"2 wrong usage.\n",
	},
	{
		"adapters", "", 0, 0, TAKES_JSON, ctl_adapters,
		"list the serial ports, and which are enabled",
		"Print the serial ports of this machine, what udev knows of the adapter behind each, whether\n"
		"it is enabled and with which settings, and as which port of the kernel module it is\n"
		"attached; and those that are enabled and not plugged in. Nothing is opened.\n"
		"\n"
		"Exit status: 0 they were listed; 1 they cannot be; 2 wrong usage.\n",
	},
	{
		"probe", "DEVICE", 1, 1, TAKES_JSON | TAKES_PROBING | TAKES_ANYWHERE, ctl_probe,
		"find out how a meter sends",
		"Listen to DEVICE (as ttyUSB0, /dev/ttyUSB0, or the ID that \"adapters\" prints) with the\n"
		"settings that occur, until frames arrive without errors, and print what came of each and\n"
		"which is best. Nothing is sent; but opening a port may switch its modem lines. An adapter\n"
		"that is attached, or that another program has open, is left alone; a program of another\n"
		"user is seen by root only, unless it has locked the port.\n"
		"\n"
		"Exit status: 0 whole frames arrived; 1 none did, or the port could not be had; 2 wrong usage.\n",
	},
	{
		"enable", "DEVICE", 1, 1, TAKES_SETTINGS | TAKES_ANYWHERE, ctl_enable,
		"read this adapter whenever it is plugged in",
		"Write a rule for udev by which the adapter behind DEVICE (as ttyUSB0, /dev/ttyUSB0, or the\n"
		"ID that \"adapters\" prints) is attached to the kernel module from now on, or with another\n"
		"framing than hdlc read by amshand itself. It is known by its serial number and interface,\n"
		"or, if it has none of its own, by the place where it is plugged in.\n"
		"What was enabled before is enabled anew; settings that are not given stay as they were. One\n"
		"that another program has open is refused. Only root may.\n"
		"\n"
		"Exit status: 0 the rule is there, and where udev and systemd run the adapter is attached,\n"
		"or read by amshand; 1 it is not; 2 wrong usage.\n",
	},
	{
		"disable", "DEVICE", 1, 1, 0, ctl_disable,
		"leave this adapter alone",
		"Take the rule of \"enable\" away, and give the tty back. If something else enables it too, a\n"
		"rule is written that says no. DEVICE is a serial port, as for \"enable\", or the ID that\n"
		"\"adapters\" prints for one that is not plugged in. Only root may.\n"
		"\n"
		"Exit status: 0 it is left alone; 1 it is not, or it was not enabled; 2 wrong usage.\n",
	},
	{
		"doctor", "", 0, 0, TAKES_JSON | TAKES_BUS, ctl_doctor,
		"look for what is wrong, from the module to the broker",
		"Look at the kernel module, udev's rules, adapters, services, the configuration, amshand's\n"
		"sources and the broker, and say of each what is wrong and what to do. As root it sees most,\n"
		"and tries to load the module if it is needed and not loaded: nothing else shows why the\n"
		"kernel refuses it.\n"
		"\n"
		"Exit status: 0 nothing is wrong; 1 something is; 2 wrong usage.\n",
	},
	{
		"report", "[FILE]", 0, 1, TAKES_BUS, ctl_report,
		"write down all that a report of a fault needs",
		"Write to FILE, or to standard output, what a report of a fault should have: versions, what\n"
		"\"doctor\" says, the configuration without secrets, counters, and the last frames that could\n"
		"not be decoded, with the numbers of meters in them masked. As root it sees most. Nothing is\n"
		"loaded or changed.\n"
		"\n"
		"Exit status: 0 it was written, whatever is wrong; 1 it could not be; 2 wrong usage.\n",
	},
};

void ctl_say(const char *fmt, ...)
{
	va_list ap;

	/* What was printed before belongs before it on a terminal. */
	fflush(stdout);
	fputs("amshanctl: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
}

static void print_version(void)
{
	printf("amshanctl %s\n", AMSHAN_VERSION);
}

static void print_help(void)
{
	printf("Usage: amshanctl [OPTION...] COMMAND [ARGUMENT...]\n"
	       "\n"
	       "Readings of smart electricity meters: ask amshand, ask the kernel module, or decode a\n"
	       "capture.\n"
	       "\n"
	       "Commands:\n");
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		printf("  %-8s %-11s  %s\n", commands[i].name, commands[i].operands,
		       commands[i].summary);
	printf("\n"
	       "Options:\n"
	       "      --json     print JSON\n"
	       "      --user     ask amshand on the session bus\n"
	       "      --system   ask amshand on the system bus; with neither of the two: on the system\n"
	       "                 bus if it is there, else on the session bus\n"
	       "  -h, --help     print this, or behind a command its help\n"
	       "  -V, --version  print the version\n");
}

/* In the order in which they are printed. */
static const struct {
	enum takes takes;
	const char *text;
} option_help[] = {
	{ TAKES_JSON, "      --json        print JSON\n" },
	{ TAKES_BUS, "      --user        ask amshand on the session bus\n"
		     "      --system      ask amshand on the system bus; with neither of the two: on the\n"
		     "                    system bus if it is there, else on the session bus\n" },
	{ TAKES_WATCH, "      --watch       go on, and show what changes\n" },
	{ TAKES_NO_PLOT, "      --no-plot     on a terminal: the table alone\n" },
	{ TAKES_KEYS, "      --key KEY     encryption key of what is encrypted: 32 hex digits, or @FILE: a file with\n"
		      "                    the key or with the lines of a key file of amshand.conf(5). What stands\n"
		      "                    on the command line can be seen by others\n"
		      "      --auth-key KEY\n"
		      "                    authentication key, likewise; a file has it in its first line\n" },
	{ TAKES_COUNTER, "      --counter     forget only the frame counter of a system title\n" },
	{ TAKES_TREE, "      --tree        print all elements of every message with their types, and what codes,\n"
		      "                    scalers and units in them mean: what a table of one's own takes\n"
		      "      --tables PATH decode by the tables in this file or folder (default:\n"
		      "                    " TABLES_PATH ")\n" },
	{ TAKES_SETTINGS, "      --baud N      from 1 to 12000000 (default: as it is enabled, or 2400)\n"
			  "      --parity P    none, even or odd (default: likewise, or none)\n"
			  "      --data N      data bits, 5 to 8 (default: likewise, or 8)\n"
			  "      --stop N      stop bits, 1 or 2 (default: likewise, or 1)\n"
			  "      --framing F   hdlc, or for amshand itself: p1, mbus or apdu (default: likewise,\n"
			  "                    or hdlc)\n" },
	{ TAKES_PROBING, "      --enable      enable the adapter with the best settings, as \"enable\" does\n"
			 "      --seconds N   listen to each setting for at most so long, 1 to 600 (default: 12)\n" },
	{ TAKES_ANYWHERE, "      --anywhere    an adapter without a serial number of its own: wherever it is\n"
			  "                    plugged in, and any other of its model too\n" },
};

static void print_command_help(const struct command *c)
{
	printf("Usage: amshanctl %s [OPTION...]%s%s\n\n%s\nOptions:\n", c->name,
	       *c->operands ? " " : "", c->operands, c->help);
	for (size_t i = 0; i < ARRAY_SIZE(option_help); i++)
		if (c->takes & option_help[i].takes)
			fputs(option_help[i].text, stdout);
	printf("  -h, --help        print this\n");
}

static const struct command *command_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		if (!strcmp(commands[i].name, name))
			return &commands[i];
	return NULL;
}

enum {
	OPT_JSON = 256,
	OPT_USER,
	OPT_SYSTEM,
	OPT_WATCH,
	OPT_NO_PLOT,
	/* In the order of enum ctl_setting. */
	OPT_BAUD,
	OPT_PARITY,
	OPT_DATA,
	OPT_STOP,
	OPT_FRAMING,
	OPT_ANYWHERE,
	OPT_ENABLE,
	OPT_SECONDS,
	OPT_KEY,
	OPT_AUTH_KEY,
	OPT_COUNTER,
	OPT_TREE,
	OPT_TABLES,
};

static const struct option long_options[] = {
	{ "json", no_argument, NULL, OPT_JSON },
	{ "user", no_argument, NULL, OPT_USER },
	{ "system", no_argument, NULL, OPT_SYSTEM },
	{ "watch", no_argument, NULL, OPT_WATCH },
	{ "no-plot", no_argument, NULL, OPT_NO_PLOT },
	/* The names of the settings in a URI. */
	{ "baud", required_argument, NULL, OPT_BAUD },
	{ "parity", required_argument, NULL, OPT_PARITY },
	{ "data", required_argument, NULL, OPT_DATA },
	{ "stop", required_argument, NULL, OPT_STOP },
	{ "framing", required_argument, NULL, OPT_FRAMING },
	{ "anywhere", no_argument, NULL, OPT_ANYWHERE },
	{ "enable", no_argument, NULL, OPT_ENABLE },
	{ "seconds", required_argument, NULL, OPT_SECONDS },
	{ "key", required_argument, NULL, OPT_KEY },
	{ "auth-key", required_argument, NULL, OPT_AUTH_KEY },
	{ "counter", no_argument, NULL, OPT_COUNTER },
	{ "tree", no_argument, NULL, OPT_TREE },
	{ "tables", required_argument, NULL, OPT_TABLES },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },
	{ },
};

/* struct given - options that were given; the same before and behind the command */
struct given {
	bool json, user, system, watch, no_plot, anywhere, enable, counter, help, version;
	char *key, *auth_key;	/* in argv */
	bool tree;
	const char *tables;
	unsigned int seconds;
	unsigned int given;	/* of the settings, enum ctl_setting */
	struct serial_settings settings;
	enum link_framing framing;
};

/* Both read optarg: -EINVAL after a sentence. */
static int setting_read(const char *option, struct given *g)
{
	_cleanup_free_ char *error = NULL;
	int r;

	r = strcmp(option, "framing") ? serial_settings_set(&g->settings, option, optarg, &error) :
					serial_framing_set(&g->framing, optarg, &error);
	if (r == 0)
		return 0;
	ctl_say("--%s", error ? error : option);
	return -EINVAL;
}

static int seconds_read(unsigned int *ret)
{
	char name[TEXT_MAX], *end;
	unsigned long n = strtoul(optarg, &end, 10);

	if (*optarg < '0' || *optarg > '9' || *end || n < 1 || n > PROBE_SECONDS_MAX) {
		ctl_say("--seconds: \"%s\" is not a number from 1 to %d",
			text_escape(optarg, name, sizeof(name)), PROBE_SECONDS_MAX);
		return -EINVAL;
	}
	*ret = (unsigned int)n;
	return 0;
}

/*
 * Read options up to the first operand (@stop), or all of them: -EINVAL after a sentence.  getopt()
 * moves operands behind the options; optind stands at the first one afterwards.
 */
static int options_read(int argc, char **argv, bool stop, const char *where, struct given *g)
{
	char name[TEXT_MAX], letter[3];
	int c, index = 0;

	opterr = 0;
	optind = 0;
	/* The colon tells a missing argument from an unknown option. */
	while ((c = getopt_long(argc, argv, stop ? "+:hV" : ":hV", long_options, &index)) != -1) {
		switch (c) {
		case OPT_JSON:
			g->json = true;
			break;
		case OPT_USER:
			g->user = true;
			break;
		case OPT_SYSTEM:
			g->system = true;
			break;
		case OPT_WATCH:
			g->watch = true;
			break;
		case OPT_NO_PLOT:
			g->no_plot = true;
			break;
		case OPT_BAUD:
		case OPT_PARITY:
		case OPT_DATA:
		case OPT_STOP:
		case OPT_FRAMING:
			g->given |= CTL_BAUD << (c - OPT_BAUD);
			if (setting_read(long_options[index].name, g) < 0)
				return -EINVAL;
			break;
		case OPT_ANYWHERE:
			g->anywhere = true;
			break;
		case OPT_ENABLE:
			g->enable = true;
			break;
		case OPT_SECONDS:
			if (seconds_read(&g->seconds) < 0)
				return -EINVAL;
			break;
		case OPT_KEY:
			g->key = optarg;
			break;
		case OPT_AUTH_KEY:
			g->auth_key = optarg;
			break;
		case OPT_COUNTER:
			g->counter = true;
			break;
		case OPT_TREE:
			g->tree = true;
			break;
		case OPT_TABLES:
			g->tables = optarg;
			break;
		case ':':
			ctl_say("%s needs a value", text_escape(argv[optind - 1], name, sizeof(name)));
			return -EINVAL;
		case 'h':
			g->help = true;
			break;
		case 'V':
			g->version = true;
			break;
		default:
			/*
			 * A long option that is wrong was just passed over, a short one is in
			 * optopt.
			 */
			snprintf(letter, sizeof(letter), "-%c", optopt);
			text_escape(optopt > 0 && optopt < OPT_JSON ? letter : argv[optind - 1],
				    name, sizeof(name));
			ctl_say("unknown option %s; \"amshanctl %s--help\" lists them", name, where);
			return -EINVAL;
		}
	}
	return 0;
}

/* What was given against what the command takes. */
static int options_check(const struct command *c, const struct given *g, struct ctl_options *o)
{
	const struct {
		bool given;
		enum takes takes;
		const char *option;
	} options[] = {
		{ g->json, TAKES_JSON, "--json" },
		{ g->watch, TAKES_WATCH, "--watch" },
		{ g->no_plot, TAKES_NO_PLOT, "--no-plot" },
		{ g->given, TAKES_SETTINGS, "--baud, --parity, --data, --stop or --framing" },
		{ g->anywhere, TAKES_ANYWHERE, "--anywhere" },
		{ g->enable, TAKES_PROBING, "--enable" },
		{ g->seconds, TAKES_PROBING, "--seconds" },
		{ g->key, TAKES_KEYS, "--key" },
		{ g->auth_key, TAKES_KEYS, "--auth-key" },
		{ g->counter, TAKES_COUNTER, "--counter" },
		{ g->tree, TAKES_TREE, "--tree" },
		{ g->tables, TAKES_TREE, "--tables" },
	};

	if ((g->user || g->system) && !(c->takes & TAKES_BUS)) {
		ctl_say("%s does not ask amshand: %s has no place here", c->name,
			g->user ? "--user" : "--system");
		return -EINVAL;
	}
	for (size_t i = 0; i < ARRAY_SIZE(options); i++)
		if (options[i].given && !(c->takes & options[i].takes)) {
			ctl_say("%s takes no %s", c->name, options[i].option);
			return -EINVAL;
		}
	if (g->anywhere && (c->takes & TAKES_PROBING) && !g->enable) {
		ctl_say("--anywhere is about --enable, which is missing");
		return -EINVAL;
	}
	if (g->tree && g->json) {
		ctl_say("--tree and --json exclude each other");
		return -EINVAL;
	}
	if (g->user && g->system) {
		ctl_say("--user and --system exclude each other");
		return -EINVAL;
	}
	if (o->argc < c->min) {
		ctl_say("%s needs a %s", c->name, c->operands);
		return -EINVAL;
	}
	if (c->max >= 0 && o->argc > c->max && (g->key || g->auth_key)) {
		/* Not to show what may be a part of a key. */
		ctl_say("%s takes one file; a key is 32 hex digits without blanks", c->name);
		return -EINVAL;
	}
	if (c->max >= 0 && o->argc > c->max) {
		char name[TEXT_MAX];

		ctl_say("%s takes no \"%s\"", c->name,
			text_escape(o->argv[c->max], name, sizeof(name)));
		return -EINVAL;
	}
	o->json = g->json;
	o->watch = g->watch;
	o->no_plot = g->no_plot;
	o->tree = g->tree;
	o->tables = g->tables;
	o->enable = g->enable;
	o->anywhere = g->anywhere;
	o->seconds = g->seconds;
	o->counter = g->counter;
	o->given = g->given;
	o->settings = g->settings;
	o->framing = g->framing;
	o->bus = g->user ? CTL_BUS_USER : g->system ? CTL_BUS_SYSTEM : CTL_BUS_ANY;
	return keys_take(g->key, g->auth_key, &o->keys);
}

static int command_run(int argc, char **argv, struct given *g)
{
	struct ctl_options o = { 0 };
	const struct command *c;
	char where[32];
	int status;

	c = command_find(argv[0]);
	if (!c) {
		char name[TEXT_MAX];

		ctl_say("unknown command \"%s\"; \"amshanctl --help\" lists them",
			text_escape(argv[0], name, sizeof(name)));
		return CTL_USAGE;
	}
	snprintf(where, sizeof(where), "%s ", c->name);
	if (options_read(argc, argv, false, where, g) < 0)
		return CTL_USAGE;
	if (g->version) {
		print_version();
		return CTL_OK;
	}
	if (g->help) {
		print_command_help(c);
		return CTL_OK;
	}
	o.argc = argc - optind;
	o.argv = argv + optind;
	if (options_check(c, g, &o) < 0)
		return CTL_USAGE;
	status = c->run(&o);
	keyring_free(o.keys);
	return status;
}

/* What could not be written is a failure. */
static int output_end(int status)
{
	bool failed = ferror(stdout);

	if (fflush(stdout) == 0 && !failed)
		return status;
	ctl_say("cannot write to standard output%s%s", failed ? "" : ": ",
		failed ? "" : strerror(errno));
	return status == CTL_OK ? CTL_FAILED : status;
}

int main(int argc, char **argv)
{
	struct given g = { 0 };

	serial_settings_init(&g.settings);
	setlocale(LC_CTYPE, "");
	/* A reader that goes away ends us without a word, also if our parent ignores the signal. */
	signal(SIGPIPE, SIG_DFL);
	if (options_read(argc, argv, true, "", &g) < 0)
		return CTL_USAGE;
	if (g.version) {
		print_version();
		return output_end(CTL_OK);
	}
	argc -= optind;
	argv += optind;
	if (g.help && !argc) {
		print_help();
		return output_end(CTL_OK);
	}
	if (!argc) {
		ctl_say("a command is missing; \"amshanctl --help\" lists them");
		return CTL_USAGE;
	}
	return output_end(command_run(argc, argv, &g));
}
