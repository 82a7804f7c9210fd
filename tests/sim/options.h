/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The command line of the simulator.
 */
#ifndef SIM_OPTIONS_H
#define SIM_OPTIONS_H

#include "stream.h"

enum sim_to {
	SIM_TO_STDOUT,
	SIM_TO_LINES,
	SIM_TO_PTY,
	SIM_TO_TCP,
};

#define SIM_METERS_MAX 10000

/**
 * struct sim_options - as given
 * @stream: settings of the first meter
 * @framing_given: --framing was
 * @cipher: used by @stream if @has_key: this must stay where it is
 * @has_key: --key was given
 * @has_title: --title was given
 * @to: where octets go
 * @link: SIM_TO_PTY: the symbolic link
 * @port: SIM_TO_TCP: of the first meter
 * @speed: simulated seconds per second; 0: no pauses, times below are then simulated ones
 * @count: messages of each meter; 0: endless
 * @duration_ms: end after so long; 0: endless
 * @gone_ms: nothing is sent from then on, if @gone
 * @back_ms: and again from then on, if @back
 * @gone: as above
 * @back: as above
 * @truth: file for what was sent, or NULL
 * @chunk: octets per write; 0: whole messages
 * @baud: pace; 0: none
 * @meters: number of meters
 * @wait: begin when somebody listens
 */
struct sim_options {
	struct sim_stream_settings stream;
	bool framing_given;
	struct sim_cipher cipher;
	bool has_key;
	bool has_title;
	enum sim_to to;
	const char *link;
	u16 port;
	double speed;
	u64 count;
	u64 duration_ms;
	u64 gone_ms;
	u64 back_ms;
	bool gone;
	bool back;
	const char *truth;
	unsigned int chunk;
	unsigned int baud;
	unsigned int meters;
	bool wait;
};

/**
 * sim_options_parse() - read the command line
 * @o: filled; texts point into @argv
 *
 * Return: 1 to go on; 0 after --help; -EINVAL after a sentence on stderr.
 */
int sim_options_parse(struct sim_options *o, int argc, char **argv);

#endif /* SIM_OPTIONS_H */
