// SPDX-License-Identifier: GPL-2.0
/*
 * The URI of a serial port: PATH[?NAME=VALUE[&NAME=VALUE]...].  Pure but for the copies it makes.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "source/serial.h"
#include "source/uri.h"
#include "util.h"

/* struct word - a value and what stands for it; a list of them ends with an empty one */
struct word {
	const char *text;
	unsigned int value;
};

enum {
	BAUD,
	PARITY,
	DATA,
	STOP,
	RTSCTS,
	XONXOFF,
	PARAMETERS,
};

static const struct word parities[] = {
	{ "none", PARITY_NONE }, { "even", PARITY_EVEN }, { "odd", PARITY_ODD }, { NULL }
};
static const struct word data_bits[] = { { "5", 5 }, { "6", 6 }, { "7", 7 }, { "8", 8 }, { NULL } };
static const struct word stop_bits[] = { { "1", 1 }, { "2", 2 }, { NULL } };
static const struct word yes_no[] = { { "yes", true }, { "no", false }, { NULL } };

/* @words: NULL for the one that is a number */
static const struct parameter {
	const char *name;
	const char *allowed;
	const struct word *words;
	unsigned int initial;
} parameters[PARAMETERS] = {
	[BAUD] = { "baud", "a number from 1 to 12000000", NULL, 2400 },
	[PARITY] = { "parity", "one of none, even, odd", parities, PARITY_NONE },
	[DATA] = { "data", "one of 5, 6, 7, 8", data_bits, 8 },
	[STOP] = { "stop", "one of 1, 2", stop_bits, 1 },
	[RTSCTS] = { "rtscts", "one of yes, no", yes_no, false },
	[XONXOFF] = { "xonxoff", "one of yes, no", yes_no, false },
};

static int baud_parse(const char *text, unsigned int *ret)
{
	unsigned int baud = 0;

	for (const char *p = text; *p; p++) {
		if (*p < '0' || *p > '9')
			return -EINVAL;
		baud = baud * 10 + (unsigned int)(*p - '0');
		if (baud > SERIAL_BAUD_MAX)
			return -EINVAL;
	}
	if (!baud)
		return -EINVAL;
	*ret = baud;
	return 0;
}

static int value_parse(const struct word *words, const char *text, unsigned int *ret)
{
	if (!words)
		return baud_parse(text, ret);
	for (; words->text; words++)
		if (!strcmp(words->text, text)) {
			*ret = words->value;
			return 0;
		}
	return -EINVAL;
}

/* @text: NAME=VALUE, is cut; @seen: bit per parameter */
static int parameter_set(unsigned int *values, char *text, unsigned int *seen, char **error)
{
	char *value = strchr(text, '=');

	if (!value)
		return uri_error(error, "parameter \"%s\" has no value", text);
	*value++ = '\0';
	for (unsigned int i = 0; i < PARAMETERS; i++) {
		const struct parameter *p = &parameters[i];

		if (strcmp(p->name, text))
			continue;
		if (*seen & 1u << i)
			return uri_error(error, "%s is given twice", text);
		*seen |= 1u << i;
		if (value_parse(p->words, value, &values[i]) < 0)
			return uri_error(error, "%s: \"%s\" is not %s", text, value, p->allowed);
		return 0;
	}
	return uri_error(error,
			 "unknown parameter \"%s\": there are baud, parity, data, stop, rtscts, xonxoff",
			 text);
}

int serial_settings_parse(const char *rest, struct serial_settings *ret, char **error)
{
	_cleanup_free_ char *path = strdup(rest);
	unsigned int values[PARAMETERS], seen = 0;
	char *query, *text;
	int r;

	if (!path)
		return -ENOMEM;
	query = strchr(path, '?');
	if (query)
		*query++ = '\0';
	if (!*path)
		return uri_error(error, "the path of a port is missing: serial:/dev/...");
	if (*path != '/')
		return uri_error(error, "path \"%s\" does not begin with a slash", path);

	for (unsigned int i = 0; i < PARAMETERS; i++)
		values[i] = parameters[i].initial;
	while (query && (text = strsep(&query, "&"))) {
		r = parameter_set(values, text, &seen, error);
		if (r < 0)
			return r;
	}
	*ret = (struct serial_settings){
		.path = path,
		.baud = values[BAUD],
		.parity = values[PARITY],
		.data = (u8)values[DATA],
		.stop = (u8)values[STOP],
		.rtscts = values[RTSCTS],
		.xonxoff = values[XONXOFF],
	};
	path = NULL;
	return 0;
}

void serial_settings_clear(struct serial_settings *s)
{
	free(s->path);
	s->path = NULL;
}

char *serial_format(const struct serial_settings *s, char *buf)
{
	static const char letters[] = {
		[PARITY_NONE] = 'N', [PARITY_EVEN] = 'E', [PARITY_ODD] = 'O'
	};

	snprintf(buf, SERIAL_FORMAT_MAX, "%u %u%c%u", s->baud, s->data, letters[s->parity],
		 s->stop);
	return buf;
}
