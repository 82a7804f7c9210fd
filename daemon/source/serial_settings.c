// SPDX-License-Identifier: GPL-2.0
/*
 * Settings of a serial port: by name, in a URI (PATH[?NAME=VALUE[&NAME=VALUE]...]) or on a command
 * line.  Pure but for the copies it makes.
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
	UDEV,
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
	[UDEV] = { "udev", "one of yes, no", yes_no, false },
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

static void setting_store(struct serial_settings *s, unsigned int i, unsigned int value)
{
	switch (i) {
	case BAUD:
		s->baud = value;
		break;
	case PARITY:
		s->parity = value;
		break;
	case DATA:
		s->data = (u8)value;
		break;
	case STOP:
		s->stop = (u8)value;
		break;
	case RTSCTS:
		s->rtscts = value;
		break;
	case XONXOFF:
		s->xonxoff = value;
		break;
	case UDEV:
		s->udev = value;
		break;
	}
}

void serial_settings_init(struct serial_settings *s)
{
	*s = (struct serial_settings){ 0 };
	for (unsigned int i = 0; i < PARAMETERS; i++)
		setting_store(s, i, parameters[i].initial);
}

/* The parameter of a name, PARAMETERS if there is none. */
static unsigned int parameter_find(const char *name)
{
	unsigned int i = 0;

	while (i < PARAMETERS && strcmp(parameters[i].name, name))
		i++;
	return i;
}

static int parameter_set(struct serial_settings *s, unsigned int i, const char *value, char **error)
{
	const struct parameter *p = &parameters[i];
	unsigned int v;

	if (value_parse(p->words, value, &v) < 0)
		return uri_error(error, "%s: \"%s\" is not %s", p->name, value, p->allowed);
	setting_store(s, i, v);
	return 0;
}

int serial_settings_set(struct serial_settings *s, const char *name, const char *value,
			char **error)
{
	unsigned int i = parameter_find(name);

	return i < PARAMETERS ? parameter_set(s, i, value, error) : -ENOENT;
}

/* @text: NAME=VALUE, is cut; @seen: bit per parameter */
static int query_parse(struct serial_settings *s, char *text, unsigned int *seen, char **error)
{
	char *value = strchr(text, '=');
	unsigned int i;

	if (!value)
		return uri_error(error, "parameter \"%s\" has no value", text);
	*value++ = '\0';
	i = parameter_find(text);
	if (i == PARAMETERS)
		return uri_error(error,
				 "unknown parameter \"%s\": there are baud, parity, data, stop, "
				 "rtscts, xonxoff, udev", text);
	if (*seen & 1u << i)
		return uri_error(error, "%s is given twice", text);
	*seen |= 1u << i;
	return parameter_set(s, i, value, error);
}

int serial_settings_parse(const char *rest, struct serial_settings *ret, char **error)
{
	_cleanup_free_ char *path = strdup(rest);
	struct serial_settings s;
	unsigned int seen = 0;
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

	serial_settings_init(&s);
	while (query && (text = strsep(&query, "&"))) {
		r = query_parse(&s, text, &seen, error);
		if (r < 0)
			return r;
	}
	s.path = path;
	path = NULL;
	*ret = s;
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

bool serial_is_near(const struct serial_settings *want, const struct serial_settings *got)
{
	u32 off = got->baud > want->baud ? got->baud - want->baud : want->baud - got->baud;

	/* Receivers stand some 4 % between both ends; what a divisor cannot do is below 3 %. */
	return off <= want->baud * 3ull / 100 && got->parity == want->parity &&
	       got->data == want->data && got->stop == want->stop;
}
