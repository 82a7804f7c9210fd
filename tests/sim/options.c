// SPDX-License-Identifier: GPL-2.0
/*
 * The command line of the simulator.
 */
#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "calendar.h"
#include "gcm.h"
#include "options_wrap.h"

static const char help[] =
"Usage: amshan-sim [OPTION]...\n"
"Send what the HAN port of an electricity meter sends.\n"
"\n"
"The meter:\n"
"  --maker NAME        one of the names below (default aidon)\n"
"  --id NUMBER         its number; with --meters that of the first one\n"
"  --type TEXT         its type\n"
"  --solar             the household has panels and exports at noon\n"
"  --seed N            all randomness comes from N: same seed and --start, same octets\n"
"  --start TIME        begin at this ISO 8601 time, rounded down to full 10 s (default: now)\n"
"  --no-hourly         no hourly lists\n"
"  --hourly-every N    an hourly list for every N lists 2, whatever the time is\n"
"  --meters N          N meters on N consecutive ports, spread evenly over the period\n"
"\n"
"What is around a message:\n"
"  --framing WHAT      hdlc, mbus, llc, apdu, body (of a list), p1; default: the maker's\n"
"  --segment N         HDLC frames with at most N octets of information, with segment bits\n"
"  --blocks N          general block transfer with N octets per block\n"
"  --mbus-length N     greatest length of an M-Bus frame (default 250); above 255 it wraps\n"
"  --p1-crc HOW        good (default), none, zero or wrong\n"
"  --p1-lines          a ciphered telegram is sent between an identification and '!'\n"
"  --key HEX           cipher it with this encryption key (AES-128-GCM); all keys: or @FILE\n"
"  --auth-key HEX      authenticate it too\n"
"  --title HEX         system title (default 53494D0000000001), counted up for --meters\n"
"  --security CONTROL  20, 21 or 30 (default: 30 with --auth-key, else 20)\n"
"  --counter N         frame counter of the first message (default 1)\n"
"  --no-tag            leave out the tag of an authenticated message\n"
"  --dedicated         general-ded-ciphering instead of general-glo-ciphering\n"
"\n"
"The line:\n"
"  --to stdout         octets (default)\n"
"  --to lines          each message as a line of hex digits\n"
"  --to pty:LINK       a new pseudo terminal; LINK is made a symbolic link to it\n"
"  --to tcp:PORT       listens on 127.0.0.1 and ::1; 0 takes a free port; prints \"port N\"\n"
"                      Octets that nobody reads are dropped.\n"
"  --wait              begin when somebody has opened the pty or connected\n"
"  --speed X           1: true cadence (default); 60: that much faster; 0: no pauses\n"
"  --count N           end after N messages of each meter\n"
"  --duration SECONDS  end then (at speed 0 these and the following are the meter's seconds)\n"
"  --chunk N           write in pieces of N octets\n"
"  --baud N            not faster than a line of that speed with 11 bits per octet\n"
"  --truth FILE        for each message sent a line of JSON: meter, id, list, time, damaged,\n"
"                      repeated, faults, the readings in it, and as \"missing\" the names of\n"
"                      those that are sent as 0 though not measured\n"
"\n"
"Faults (P: probability per message, 0 to 1):\n"
"  --flip P            one bit is flipped\n"
"  --lose P            one octet is lost\n"
"  --double P          one octet is doubled\n"
"  --cut P             the message is cut off\n"
"  --segmented P       the segment bit is set, checksums are good\n"
"  --lose-part P       one frame, segment or block of several is lost\n"
"  --double-part P     one frame, segment or block comes twice (not damage)\n"
"  --noise P           noise in front of it, which may contain 7E (not damage)\n"
"  --shared-flag       one flag between two frames\n"
"  --repeat-hourly     an hourly list comes again, unchanged, in the place of the next list\n"
"  --gone-after SECONDS, --back-after SECONDS\n"
"                      silence from the one until the other, both since the beginning\n";

enum {
	OPT_MAKER = 256, OPT_ID, OPT_TYPE, OPT_FRAMING, OPT_TO, OPT_SPEED, OPT_COUNT, OPT_DURATION,
	OPT_SEED, OPT_START, OPT_NO_HOURLY, OPT_HOURLY_EVERY, OPT_TRUTH, OPT_FLIP, OPT_LOSE,
	OPT_DOUBLE, OPT_NOISE, OPT_CUT, OPT_REPEAT_HOURLY, OPT_GONE_AFTER, OPT_BACK_AFTER,
	OPT_SHARED_FLAG, OPT_SEGMENTED, OPT_CHUNK, OPT_BAUD, OPT_METERS, OPT_SOLAR, OPT_WAIT,
	OPT_SEGMENT, OPT_BLOCKS, OPT_MBUS_LENGTH, OPT_P1_CRC, OPT_P1_LINES, OPT_KEY, OPT_AUTH_KEY,
	OPT_TITLE, OPT_SECURITY, OPT_COUNTER, OPT_NO_TAG, OPT_DEDICATED, OPT_LOSE_PART,
	OPT_DOUBLE_PART, OPT_HELP,
};

static const struct option options[] = {
	{ "maker", required_argument, NULL, OPT_MAKER },
	{ "id", required_argument, NULL, OPT_ID },
	{ "type", required_argument, NULL, OPT_TYPE },
	{ "framing", required_argument, NULL, OPT_FRAMING },
	{ "to", required_argument, NULL, OPT_TO },
	{ "speed", required_argument, NULL, OPT_SPEED },
	{ "count", required_argument, NULL, OPT_COUNT },
	{ "duration", required_argument, NULL, OPT_DURATION },
	{ "seed", required_argument, NULL, OPT_SEED },
	{ "start", required_argument, NULL, OPT_START },
	{ "no-hourly", no_argument, NULL, OPT_NO_HOURLY },
	{ "hourly-every", required_argument, NULL, OPT_HOURLY_EVERY },
	{ "truth", required_argument, NULL, OPT_TRUTH },
	{ "flip", required_argument, NULL, OPT_FLIP },
	{ "lose", required_argument, NULL, OPT_LOSE },
	{ "double", required_argument, NULL, OPT_DOUBLE },
	{ "noise", required_argument, NULL, OPT_NOISE },
	{ "cut", required_argument, NULL, OPT_CUT },
	{ "repeat-hourly", no_argument, NULL, OPT_REPEAT_HOURLY },
	{ "gone-after", required_argument, NULL, OPT_GONE_AFTER },
	{ "back-after", required_argument, NULL, OPT_BACK_AFTER },
	{ "shared-flag", no_argument, NULL, OPT_SHARED_FLAG },
	{ "segmented", required_argument, NULL, OPT_SEGMENTED },
	{ "chunk", required_argument, NULL, OPT_CHUNK },
	{ "baud", required_argument, NULL, OPT_BAUD },
	{ "meters", required_argument, NULL, OPT_METERS },
	{ "solar", no_argument, NULL, OPT_SOLAR },
	{ "wait", no_argument, NULL, OPT_WAIT },
	{ "segment", required_argument, NULL, OPT_SEGMENT },
	{ "blocks", required_argument, NULL, OPT_BLOCKS },
	{ "mbus-length", required_argument, NULL, OPT_MBUS_LENGTH },
	{ "p1-crc", required_argument, NULL, OPT_P1_CRC },
	{ "p1-lines", no_argument, NULL, OPT_P1_LINES },
	{ "key", required_argument, NULL, OPT_KEY },
	{ "auth-key", required_argument, NULL, OPT_AUTH_KEY },
	{ "title", required_argument, NULL, OPT_TITLE },
	{ "security", required_argument, NULL, OPT_SECURITY },
	{ "counter", required_argument, NULL, OPT_COUNTER },
	{ "no-tag", no_argument, NULL, OPT_NO_TAG },
	{ "dedicated", no_argument, NULL, OPT_DEDICATED },
	{ "lose-part", required_argument, NULL, OPT_LOSE_PART },
	{ "double-part", required_argument, NULL, OPT_DOUBLE_PART },
	{ "help", no_argument, NULL, OPT_HELP },
	{ }
};

#define wrong sim_option_wrong

int sim_option_wrong(const char *fmt, ...)
{
	va_list ap;

	fputs("amshan-sim: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	return -EINVAL;
}

static void print_help(void)
{
	size_t column = 80;

	fputs(help, stdout);
	fputs("\nMakers:", stdout);
	for (int i = 0; i < SIM_FORMS_ALL; i++) {
		const char *name = sim_form_name(i);

		column += strlen(name) + 1;
		if (column > 78) {
			fputs("\n ", stdout);
			column = 1 + strlen(name) + 1;
		}
		printf(" %s", name);
	}
	fputc('\n', stdout);
}

static int parse_number(const char *name, const char *text, u64 min, u64 max, u64 *ret)
{
	unsigned long long v;
	char *end;

	errno = 0;
	v = strtoull(text, &end, 10);
	if (*text < '0' || *text > '9' || *end || errno || v < min || v > max)
		return wrong("--%s must be a number from %llu to %llu, not \"%s\"", name,
			     (unsigned long long)min, (unsigned long long)max, text);
	*ret = v;
	return 0;
}

static int parse_unsigned(const char *name, const char *text, unsigned int min, unsigned int max,
			  unsigned int *ret)
{
	u64 v;
	int r = parse_number(name, text, min, max, &v);

	if (!r)
		*ret = v;
	return r;
}

static int parse_real(const char *name, const char *text, double max, double *ret)
{
	char *end;
	double v = strtod(text, &end);

	if (end == text || *end || !isfinite(v) || v < 0 || v > max)
		return wrong("--%s must be a number from 0 to %g, not \"%s\"", name, max, text);
	*ret = v;
	return 0;
}

static int parse_seconds(const char *name, const char *text, u64 *ret_ms)
{
	double v;
	int r = parse_real(name, text, 1e9, &v);

	if (!r)
		*ret_ms = (u64)(v * 1000);
	return r;
}

static int parse_to(struct sim_options *o, const char *text)
{
	unsigned int port = 0;
	int r;

	if (!strcmp(text, "stdout")) {
		o->to = SIM_TO_STDOUT;
	} else if (!strcmp(text, "lines")) {
		o->to = SIM_TO_LINES;
	} else if (!strncmp(text, "pty:", 4) && text[4]) {
		o->to = SIM_TO_PTY;
		o->link = text + 4;
	} else if (!strncmp(text, "tcp:", 4)) {
		o->to = SIM_TO_TCP;
		r = parse_unsigned("to tcp:PORT", text + 4, 0, 65535, &port);
		if (r < 0)
			return r;
		o->port = port;
	} else {
		return wrong("--to must be stdout, lines, pty:LINK or tcp:PORT, not \"%s\"", text);
	}
	return 0;
}

static int parse_maker(struct sim_options *o, const char *text)
{
	int form = sim_form_find(text);

	if (form < 0)
		return wrong("there is no --maker \"%s\"; --help has the names", text);
	o->stream.form = form;
	return 0;
}

static int parse_text(const char *name, const char *text, const char *allowed, const char **ret)
{
	if (text[strspn(text, allowed)])
		return wrong("--%s \"%s\" has a character that it cannot have", name, text);
	*ret = text;
	return 0;
}

/* The options about what is around a message. */
static int parse_wrap(struct sim_options *o, int opt, const char *name, const char *arg)
{
	struct sim_wrap *w = &o->stream.wrap;
	struct sim_cipher *c = &o->cipher;

	switch (opt) {
	case OPT_FRAMING:
		return sim_option_framing(o, arg);
	case OPT_SEGMENT:
		return parse_unsigned(name, arg, 1, ENC_FRAME_MAX, &w->segment);
	case OPT_BLOCKS:
		return parse_unsigned(name, arg, 1, SIM_OCTETS_MAX, &w->block);
	case OPT_MBUS_LENGTH:
		return parse_unsigned(name, arg, 6, 511, &w->mbus_length);
	case OPT_P1_CRC:
		return sim_option_p1_crc(o, arg);
	case OPT_P1_LINES:
		w->p1_lines = true;
		return 0;
	case OPT_KEY:
		o->has_key = true;
		return sim_option_octets(name, arg, c->key, sizeof(c->key));
	case OPT_AUTH_KEY:
		c->has_auth_key = true;
		return sim_option_octets(name, arg, c->auth_key, sizeof(c->auth_key));
	case OPT_TITLE:
		o->has_title = true;
		return sim_option_octets(name, arg, c->title, sizeof(c->title));
	case OPT_SECURITY:
		return sim_option_security(o, arg);
	case OPT_COUNTER:
		return parse_unsigned(name, arg, 1, UINT32_MAX, &c->counter);
	case OPT_NO_TAG:
		c->no_tag = true;
		return 0;
	case OPT_DEDICATED:
		c->dedicated = true;
		return 0;
	}
	return -EINVAL;	/* getopt_long() has said what is wrong */
}

static int parse_one(struct sim_options *o, int opt, const char *name, const char *arg)
{
	struct sim_stream_settings *s = &o->stream;
	struct sim_faults *f = &s->faults;

	switch (opt) {
	case OPT_MAKER:
		return parse_maker(o, arg);
	case OPT_ID:
		return parse_text(name, arg, "0123456789", &s->id);
	case OPT_TYPE:
		return parse_text(name, arg, "0123456789-_. abcdefghijklmnopqrstuvwxyz"
				  "ABCDEFGHIJKLMNOPQRSTUVWXYZ", &s->type);
	case OPT_TO:
		return parse_to(o, arg);
	case OPT_SPEED:
		return parse_real(name, arg, 1e9, &o->speed);
	case OPT_COUNT:
		return parse_number(name, arg, 1, UINT64_MAX, &o->count);
	case OPT_DURATION:
		return parse_seconds(name, arg, &o->duration_ms);
	case OPT_SEED:
		return parse_number(name, arg, 0, UINT64_MAX, &s->seed);
	case OPT_START:
		if (sim_date_parse(arg, &s->start_s) < 0 || s->start_s < 0)
			return wrong("--start must be like 2026-01-31T12:00:10Z, not \"%s\"", arg);
		return 0;
	case OPT_NO_HOURLY:
		s->no_hourly = true;
		return 0;
	case OPT_HOURLY_EVERY:
		return parse_unsigned(name, arg, 1, 1000000, &s->hourly_every);
	case OPT_TRUTH:
		o->truth = arg;
		return 0;
	case OPT_FLIP:
		return parse_real(name, arg, 1, &f->flip);
	case OPT_LOSE:
		return parse_real(name, arg, 1, &f->lose);
	case OPT_DOUBLE:
		return parse_real(name, arg, 1, &f->twice);
	case OPT_NOISE:
		return parse_real(name, arg, 1, &f->noise);
	case OPT_CUT:
		return parse_real(name, arg, 1, &f->cut);
	case OPT_LOSE_PART:
		return parse_real(name, arg, 1, &f->lose_part);
	case OPT_DOUBLE_PART:
		return parse_real(name, arg, 1, &f->twice_part);
	case OPT_SEGMENTED:
		return parse_real(name, arg, 1, &f->segmented);
	case OPT_SHARED_FLAG:
		f->shared_flag = true;
		return 0;
	case OPT_REPEAT_HOURLY:
		s->repeat_hourly = true;
		return 0;
	case OPT_GONE_AFTER:
		o->gone = true;
		return parse_seconds(name, arg, &o->gone_ms);
	case OPT_BACK_AFTER:
		o->back = true;
		return parse_seconds(name, arg, &o->back_ms);
	case OPT_CHUNK:
		return parse_unsigned(name, arg, 1, SIM_MESSAGE_MAX, &o->chunk);
	case OPT_BAUD:
		return parse_unsigned(name, arg, 1, 100000000, &o->baud);
	case OPT_METERS:
		return parse_unsigned(name, arg, 1, SIM_METERS_MAX, &o->meters);
	case OPT_SOLAR:
		s->solar = true;
		return 0;
	case OPT_WAIT:
		o->wait = true;
		return 0;
	default:
		return parse_wrap(o, opt, name, arg);
	}
}

/* What each option alone cannot know. */
static int check(struct sim_options *o)
{
	const struct sim_stream_settings *s = &o->stream;
	bool line = o->to == SIM_TO_PTY || o->to == SIM_TO_TCP;
	struct sim_stream trial;
	int r;

	if (o->speed > 0 && o->speed < 0.001)
		return wrong("--speed must be 0 or from 0.001 on");
	if (o->meters > 1 && o->to != SIM_TO_TCP)
		return wrong("--meters needs --to tcp:PORT");
	if (o->port && o->port + o->meters - 1 > 65535)
		return wrong("there are no %u ports from %u on", o->meters, o->port);
	if (o->wait && !line)
		return wrong("--wait needs --to pty:LINK or tcp:PORT");
	if (o->to == SIM_TO_LINES && (o->chunk || o->baud || s->faults.shared_flag))
		return wrong("--chunk, --baud and --shared-flag make no sense with --to lines");
	if (sim_options_wrap_check(o) < 0)
		return -EINVAL;
	if (s->wrap.framing != SIM_HDLC && (s->faults.segmented > 0 || s->faults.shared_flag))
		return wrong("--segmented and --shared-flag need --framing hdlc");
	if (o->back && !o->gone)
		return wrong("--back-after needs --gone-after");
	if (o->gone && !o->back && !o->duration_ms && o->speed == 0)
		return wrong("--gone-after without --back-after would not end at --speed 0");
	r = sim_stream_init(&trial, s);
	if (r == -EMSGSIZE)
		return wrong("its messages are in more parts than there can be");
	if (r == -ENOBUFS)
		return wrong("its messages are longer than %d octets then", SIM_OCTETS_MAX);
	if (r < 0)
		return wrong("--id or --type is too long for --maker %s", sim_form_name(s->form));
	return 0;
}

int sim_options_parse(struct sim_options *o, int argc, char **argv)
{
	int opt, index, r;

	*o = (struct sim_options){
		.cipher.seal = sim_gcm_seal,
		.speed = 1,
		.meters = 1,
		.stream = { .form = SIM_AIDON, .start_s = time(NULL) },
	};
	while ((opt = getopt_long(argc, argv, "", options, &index)) != -1) {
		if (opt == OPT_HELP) {
			print_help();
			return 0;
		}
		r = parse_one(o, opt, opt == '?' ? "" : options[index].name, optarg);
		if (r < 0)
			return r;
	}
	if (optind < argc)
		return wrong("\"%s\" is no option", argv[optind]);
	r = check(o);
	return r < 0 ? r : 1;
}
