/* SPDX-License-Identifier: GPL-2.0 */
/*
 * amshanctl: what its subcommands share.
 *
 * main.c has the table of subcommands and reads the options; each subcommand is a function that
 * prints its result on stdout and, when there is something to say about it, one sentence on stderr.
 */
#ifndef AMSHAN_CTL_CTL_H
#define AMSHAN_CTL_CTL_H

#include <amshan/types.h>

#include "dlms/keyring.h"
#include "source/serial_udev.h"

/* Exit statuses of all subcommands. */
enum ctl_exit {
	CTL_OK = 0,
	CTL_FAILED = 1,		/* it was tried: nothing decoded, no daemon, no such meter, not all is well */
	CTL_USAGE = 2,		/* wrong usage, or a file that cannot be read */
};

enum ctl_bus {
	CTL_BUS_ANY,		/* the system bus if amshand is there, else the session bus */
	CTL_BUS_SYSTEM,
	CTL_BUS_USER,
};

/* Settings of a tty that can be given: --baud, --parity, --data, --stop, --framing. */
enum ctl_setting {
	CTL_BAUD = 1 << 0,
	CTL_PARITY = 1 << 1,
	CTL_DATA = 1 << 2,
	CTL_STOP = 1 << 3,
	CTL_FRAMING = 1 << 4,
};

/**
 * struct ctl_options - what the command line says
 * @json: JSON instead of text
 * @watch: go on, and show what changes
 * @no_plot: of monitor: no plot on the screen
 * @tree: of decode: all elements of every message
 * @tables: of decode: the user's tables, file or folder; NULL: those of the system
 * @bus: which bus amshand is asked on
 * @enable: of probe: enable the adapter with the best settings
 * @anywhere: of enable and probe: an adapter without a serial number of its own in whatever socket
 * @seconds: of probe: how long a setting is listened to at most, 0: not said
 * @given: of enable: which of the settings were given, enum ctl_setting
 * @counter: of forget: only a frame counter
 * @keys: of decode: of what is encrypted, NULL: none
 * @settings: of enable: how the tty is to be set, as far as @given says; its path is not set
 * @framing: of enable: what its meter sends, if @given says so
 * @argv: operands, @argc of them
 */
struct ctl_options {
	bool json;
	bool watch;
	bool no_plot;
	bool tree;
	const char *tables;
	enum ctl_bus bus;
	bool enable;
	bool anywhere;
	unsigned int seconds;
	unsigned int given;
	bool counter;
	struct keyring *keys;
	struct serial_settings settings;
	enum link_framing framing;
	int argc;
	char **argv;
};

/* The subcommands; they return an enum ctl_exit. */
int ctl_decode(const struct ctl_options *o);
int ctl_list(const struct ctl_options *o);
int ctl_show(const struct ctl_options *o);
int ctl_forget(const struct ctl_options *o);
int ctl_monitor(const struct ctl_options *o);
int ctl_status(const struct ctl_options *o);
int ctl_ports(const struct ctl_options *o);
int ctl_adapters(const struct ctl_options *o);
int ctl_probe(const struct ctl_options *o);
int ctl_enable(const struct ctl_options *o);
int ctl_disable(const struct ctl_options *o);
int ctl_doctor(const struct ctl_options *o);
int ctl_report(const struct ctl_options *o);

/* ctl_say() - a sentence on stderr, with the program's name before it; no newline in @fmt */
void ctl_say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif /* AMSHAN_CTL_CTL_H */
