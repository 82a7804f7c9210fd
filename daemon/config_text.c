// SPDX-License-Identifier: GPL-2.0
/*
 * The text of a configuration file: libconfuse knows the grammar and counts the lines; what a key
 * means is in the table below.
 *
 * Every value reaches us as the text that was written, in the order of the files, so that a factor
 * stays exact, a later file wins key by key, and every mistake has its line.  Relies on the log,
 * on the decimal numbers, and on the MQTT output for what a base topic may be.
 */
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "config_text.h"
#include "log.h"
#include "output/mqtt.h"
#include "util.h"

#define VALUE_MAX	4096		/* octets of one value with the NUL */
#define SOURCES_MAX	4096
#define UNKNOWN_MAX	16		/* unknown keys of one file that are said */
#define KEYS_MAX	32

/*
 * struct key - one key of a section
 * @set: take a value; on a mistake say it
 * @offset: of the member it sets, in struct config or struct draft
 * @arg: for @set
 */
struct key {
	enum section section;
	const char *name;
	void (*set)(struct loader *l, const struct key *k, void *member, const char *value);
	size_t offset;
	unsigned int arg;
};

/* libconfuse gives its callbacks no context. */
static struct loader *loading;

/* ---- mistakes ---- */

void config_say(struct loader *l, int level, struct place at, const char *key, const char *fmt, ...)
{
	char text[1024];
	size_t n = 0;
	va_list ap;

	if (level == LOG_ERR)
		l->mistakes++;
	if (at.line && at.path == l->place.path && at.line <= l->quiet)
		return;
	if (at.line)
		n = snprintf(text, sizeof(text), ":%d", at.line);
	n += snprintf(text + n, sizeof(text) - n, ": %.80s%s", key ?: "", key ? ": " : "");
	va_start(ap, fmt);
	vsnprintf(text + n, sizeof(text) - n, fmt, ap);
	va_end(ap);
	log_about(level, NULL, NULL, "%s%s", at.path, text);
}

#define mistake(l, key, ...)	config_say(l, LOG_ERR, (l)->place, key, __VA_ARGS__)

/* ---- values ---- */

static void replace(struct loader *l, char **member, const char *value)
{
	char *copy = strdup(value);

	if (!copy) {
		l->no_memory = true;
		return;
	}
	free(*member);
	*member = copy;
}

static void set_text(struct loader *l, const struct key *k, void *member, const char *value)
{
	replace(l, member, value);
}

static void set_uri(struct loader *l, const struct key *k, void *member, const char *value)
{
	struct draft *d = container_of(member, struct draft, config.uri);

	d->place = l->place;
	replace(l, member, value);
}

static void set_bool(struct loader *l, const struct key *k, void *member, const char *value)
{
	int b = cfg_parse_boolean(value);

	if (b < 0)
		mistake(l, k->name, "\"%.40s\" is neither true nor false", value);
	else
		*(bool *)member = b;
}

/* set_u16() - at least @arg */
static void set_u16(struct loader *l, const struct key *k, void *member, const char *value)
{
	char *end;
	unsigned long v;

	errno = 0;
	v = strtoul(value, &end, 10);
	if (errno || *end || !isdigit((unsigned char)*value) || v < k->arg || v > UINT16_MAX)
		mistake(l, k->name, "\"%.40s\" is not a whole number from %u to %u", value, k->arg,
			UINT16_MAX);
	else
		*(u16 *)member = v;
}

static void set_log_level(struct loader *l, const struct key *k, void *member, const char *value)
{
	int level = log_level_parse(value);

	if (level < 0)
		mistake(l, k->name, "\"%.40s\" is no level; debug, info, notice, warning or err is",
			value);
	else
		*(int *)member = level;
}

/* Words for the values of an enum, in its order. */
static const struct {
	const char *mistake;
	const char *word[7];
} words[] = {
#define WORDS_CLOCK	0
	[WORDS_CLOCK] = {
		"is no clock; auto, message, utc, utc+1, utc+2 or cet is",
		{
			[CLOCK_AUTO] = "auto",	[CLOCK_WIRE] = "message", [CLOCK_UTC] = "utc",
			[CLOCK_UTC1] = "utc+1", [CLOCK_CET] = "cet",
			[CLOCK_UTC2] = "utc+2",
		},
	},
#define WORDS_P1	1
	[WORDS_P1] = {
		"is none of if-sent, require, ignore",
		{ [P1_IF_SENT] = "if-sent", [P1_REQUIRE] = "require", [P1_IGNORE] = "ignore" },
	},
};

/* set_word() - of words[@arg] */
static void set_word(struct loader *l, const struct key *k, void *member, const char *value)
{
	for (unsigned int i = 0; words[k->arg].word[i]; i++) {
		if (!strcmp(value, words[k->arg].word[i])) {
			*(unsigned int *)member = i;
			return;
		}
	}
	mistake(l, k->name, "\"%.40s\" %s", value, words[k->arg].mistake);
}

_Static_assert(sizeof(enum clock_kind) == sizeof(unsigned int) &&
	       sizeof(enum p1_policy) == sizeof(unsigned int), "an enum is what set_word() writes");

static void set_factor(struct loader *l, const struct key *k, void *member, const char *value)
{
	struct draft *d = container_of(member, struct draft, factor);
	struct decimal f;

	if (decimal_parse(value, &f) || f.mantissa <= 0) {
		mistake(l, k->name, "\"%.40s\" is not a number greater than 0, as 50 or 0.5",
			value);
		return;
	}
	while (f.exponent < 0 && f.mantissa % 10 == 0) {
		f.mantissa /= 10;
		f.exponent++;
	}
	d->factor[k->arg] = f;
	d->has_factor[k->arg] = true;
}

/* id_valid() - what is fit for topics, object paths and file names as it is */
static bool id_valid(const char *s)
{
	size_t n = 0;

	for (; s[n]; n++)
		if (n == METER_ID_MAX - 1 ||
		    !(isalnum((unsigned char)s[n]) || s[n] == '_' || s[n] == '-'))
			return false;
	return n > 0;
}

static void set_id(struct loader *l, const struct key *k, void *member, const char *value)
{
	if (!id_valid(value))
		mistake(l, k->name,
			"\"%.80s\" is no id: up to %d letters, digits, '-' and '_' make one", value,
			METER_ID_MAX - 1);
	else
		replace(l, member, value);
}

static void set_host(struct loader *l, const struct key *k, void *member, const char *value)
{
	if (strpbrk(value, " /"))
		mistake(l, k->name,
			"\"%.80s\" is no host; give its name or address alone, the port is a key "
			"of its own",
			value);
	replace(l, member, value);	/* also a wrong one: it is not missing */
}

static void set_topic(struct loader *l, const struct key *k, void *member, const char *value)
{
	const char *why = mqtt_output_base_mistake(value);

	if (why)
		mistake(l, k->name, "\"%.80s\" is no base topic: it %s", value, why);
	else
		replace(l, member, value);
}

static void set_peak_hours(struct loader *l, const struct key *k, void *member, const char *value)
{
	if (*value < '1' || *value > '0' + PEAKS_MAX || value[1])
		mistake(l, k->name, "\"%.40s\" is not a number from 1 to %d", value, PEAKS_MAX);
	else
		*(u16 *)member = (u16)(*value - '0');
}

static void set_window(struct loader *l, const struct key *k, void *member, const char *value)
{
	if (calendar_window_parse(value, member) < 0)
		mistake(l, k->name, "\"%.40s\" is no window of hours, as \"always\", \"07-20\", "
			"\"Mon-Fri\" or \"Mon-Fri 07-20\" is", value);
}

enum {
	FILE_PUBLIC,
	FILE_SECRET,
};

/* set_file() - a path, or without a '/' the name of a credential that the service manager passed */
static void set_file(struct loader *l, const struct key *k, void *member, const char *value)
{
	const char *folder = getenv("CREDENTIALS_DIRECTORY");
	_cleanup_free_ char *path = NULL;
	struct stat st;

	if (!strchr(value, '/') && !folder) {
		config_say(l, LOG_WARNING, l->place, k->name,
			   "\"%.80s\" is the name of a credential, and there are none: "
			   "$CREDENTIALS_DIRECTORY is not set",
			   value);
	} else if (!strchr(value, '/')) {
		if (asprintf(&path, "%s/%s", folder, value) < 0) {
			path = NULL;
			l->no_memory = true;
			return;
		}
		value = path;
	}
	if (k->arg == FILE_SECRET && stat(value, &st) == 0 && st.st_mode & S_IROTH)
		config_say(l, LOG_WARNING, l->place, k->name,
			   "everybody can read %.200s; chmod 600 would keep it secret", value);
	replace(l, member, value);
}

/* Said without it: what should be a path may be the key itself. */
static void set_key_file(struct loader *l, const struct key *k, void *member, const char *value)
{
	u8 key[CIPHER_KEY_LEN];

	if (cipher_key_parse(value, strlen(value), key) == 0) {
		mistake(l, k->name, "is a key itself; it belongs into a file that only amshand can read, "
			"and here its path");
		return;
	}
	if (k->section == SECTION_SOURCE)
		container_of(member, struct draft, config.key_file)->key_place = l->place;
	else
		l->key_place = l->place;
	set_file(l, k, member, value);
}

#define ROOT(member)	offsetof(struct config, member)
#define SOURCE(member)	offsetof(struct draft, member)
#define MQTT(member)	offsetof(struct config, mqtt.member)

static const struct key keys[] = {
	{ SECTION_ROOT, "log-level", set_log_level, ROOT(log_level) },
	{ SECTION_ROOT, "state-directory", set_text, ROOT(state_dir) },
	{ SECTION_ROOT, "runtime-directory", set_text, ROOT(runtime_dir) },
	{ SECTION_ROOT, "dbus", set_bool, ROOT(dbus) },
	{ SECTION_ROOT, "key-file", set_key_file, ROOT(key_file), FILE_SECRET },
	{ SECTION_ROOT, "peak-hours", set_peak_hours, ROOT(peaks.count) },
	{ SECTION_ROOT, "peak-any-day", set_bool, ROOT(peaks.any_day) },
	{ SECTION_ROOT, "peak-window", set_window, ROOT(peaks.window) },

	{ SECTION_SOURCE, "uri", set_uri, SOURCE(config.uri) },
	{ SECTION_SOURCE, "meter", set_id, SOURCE(config.meter) },
	{ SECTION_SOURCE, "key-file", set_key_file, SOURCE(config.key_file), FILE_SECRET },
	{ SECTION_SOURCE, "scale", set_factor, SOURCE(factor), FACTOR_COMMON },
	{ SECTION_SOURCE, "scale-power", set_factor, SOURCE(factor), FACTOR_POWER },
	{ SECTION_SOURCE, "scale-current", set_factor, SOURCE(factor), FACTOR_CURRENT },
	{ SECTION_SOURCE, "scale-energy", set_factor, SOURCE(factor), FACTOR_ENERGY },
	{ SECTION_SOURCE, "scale-voltage", set_factor, SOURCE(factor), FACTOR_VOLTAGE },
	{ SECTION_SOURCE, "clock", set_word, SOURCE(config.settings.clock), WORDS_CLOCK },
	{ SECTION_SOURCE, "p1-checksum", set_word, SOURCE(config.settings.p1_checksum), WORDS_P1 },
	{ SECTION_SOURCE, "main-fuse", set_u16, SOURCE(main_fuse), 1 },
	{ SECTION_SOURCE, "derive-l2", set_bool, SOURCE(config.settings.derive_l2) },
	{ SECTION_SOURCE, "plausibility", set_bool, SOURCE(config.settings.plausibility) },

	{ SECTION_MQTT, "host", set_host, MQTT(host) },
	{ SECTION_MQTT, "port", set_u16, MQTT(port), 1 },
	{ SECTION_MQTT, "client-id", set_text, MQTT(client_id) },
	{ SECTION_MQTT, "username", set_text, MQTT(username) },
	{ SECTION_MQTT, "password-file", set_file, MQTT(password_file), FILE_SECRET },
	{ SECTION_MQTT, "keepalive", set_u16, MQTT(keepalive_s), 5 },	/* libmosquitto's least */
	{ SECTION_MQTT, "tls", set_bool, MQTT(tls) },
	{ SECTION_MQTT, "ca-file", set_file, MQTT(ca_file), FILE_PUBLIC },
	{ SECTION_MQTT, "ca-directory", set_text, MQTT(ca_dir) },
	{ SECTION_MQTT, "cert-file", set_file, MQTT(cert_file), FILE_PUBLIC },
	{ SECTION_MQTT, "key-file", set_file, MQTT(key_file), FILE_SECRET },
	{ SECTION_MQTT, "psk-identity", set_text, MQTT(psk_identity) },
	{ SECTION_MQTT, "psk-file", set_file, MQTT(psk_file), FILE_SECRET },
	{ SECTION_MQTT, "topic", set_topic, ROOT(mqtt_topic) },
	{ SECTION_MQTT, "publish", set_bool, ROOT(mqtt_publish) },
	{ SECTION_MQTT, "discovery", set_bool, ROOT(discovery) },
	{ SECTION_MQTT, "discovery-prefix", set_topic, ROOT(discovery_prefix) },
};

_Static_assert(ARRAY_SIZE(keys) <= 64, "a bit per key");

/* ---- from libconfuse ---- */

static enum section section_of(const cfg_t *cfg)
{
	if (!strcmp(cfg->name, "source"))
		return SECTION_SOURCE;
	return strcmp(cfg->name, "mqtt") ? SECTION_ROOT : SECTION_MQTT;
}

static struct draft *draft_find(struct loader *l, const char *name)
{
	for (size_t i = 0; i < l->n_drafts; i++)
		if (!strcmp(l->drafts[i].config.name, name))
			return &l->drafts[i];
	return NULL;
}

static struct draft *draft_new(struct loader *l, const char *name)
{
	struct draft *d, *more;

	more = reallocarray(l->drafts, l->n_drafts + 1, sizeof(*more));
	if (!more) {
		l->no_memory = true;
		return NULL;
	}
	l->drafts = more;
	d = &more[l->n_drafts];
	*d = (struct draft){};
	scale_init(&d->config.settings.scale);
	d->config.settings.plausibility = true;
	d->config.name = strdup(name);
	if (!d->config.name) {
		l->no_memory = true;
		return NULL;
	}
	l->n_drafts++;
	return d;
}

/*
 * section_begin() - the source whose section is being read, NULL if it cannot be one
 *
 * While a section is read, its parent stays in the line where it begins.  What is wrong with a
 * section as a whole is said at its first key, or at its end if it has none.
 */
static struct draft *section_begin(struct loader *l, const char *name)
{
	struct place at = { l->place.path, l->root->line };
	bool first = !l->in_section;
	struct draft *d;

	l->in_section = true;
	if (!id_valid(name)) {
		if (first)
			config_say(l, LOG_ERR, at, "source",
				   "\"%.80s\" is no name: up to %d letters, digits, '-' and '_' "
				   "make one",
				   name, METER_ID_MAX - 1);
		return NULL;
	}
	d = draft_find(l, name);
	if (!d && l->n_drafts == SOURCES_MAX) {
		if (first)
			config_say(l, LOG_ERR, at, "source", "more than %d sources", SOURCES_MAX);
		return NULL;
	}
	if (!d)
		d = draft_new(l, name);
	if (!d || !first)
		return d;
	if (d->open_line)
		config_say(l, LOG_ERR, at, "source",
			   "a second section of the name \"%s\"; the first is in line %d", name,
			   d->open_line);
	d->open_line = at.line;
	d->seen = 0;
	if (!d->config.uri)
		d->place = at;
	return d;
}

/* section_end() - a section was read; @opt has all of its name */
static int section_end(cfg_t *cfg, cfg_opt_t *opt)
{
	struct loader *l = loading;
	unsigned int n = cfg_opt_size(opt);
	cfg_t *section = cfg_opt_getnsec(opt, n - 1);

	l->place.line = cfg->line;
	if (section_of(section) == SECTION_MQTT) {
		l->config->mqtt_enabled = true;
		l->mqtt_place = l->place;
		if (n > 1)
			mistake(l, "mqtt", "a second section; there is only one broker");
	} else if (!l->in_section) {
		section_begin(l, cfg_title(section));
	}
	l->in_section = false;
	return 0;
}

bool config_value_valid(struct loader *l, const char *name, const char *value)
{
	if (!*value) {
		mistake(l, name, "is empty");
		return false;
	}
	if (strnlen(value, VALUE_MAX) == VALUE_MAX) {
		mistake(l, name, "is longer than %d characters", VALUE_MAX - 1);
		return false;
	}
	for (const char *p = value; *p; p++) {
		if (iscntrl((unsigned char)*p)) {
			mistake(l, name, "has a control character, as a tab or a line break");
			return false;
		}
	}
	return true;
}

/* take() - "opt = value" was read; @cfg is its section */
static int take(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result)
{
	struct loader *l = loading;
	enum section section = section_of(cfg);
	const struct key *k = NULL;
	void *base = l->config;
	u64 *seen = &l->seen[section];
	u64 bit;

	*(const char **)result = value;		/* never looked at, but it must be there */
	l->place.line = cfg->line;
	for (unsigned int i = 0; i < ARRAY_SIZE(keys) && !k; i++)
		if (keys[i].section == section && !strcmp(keys[i].name, opt->name))
			k = &keys[i];
	if (!k)		/* an unknown one that was said before, see config_text_parse() */
		return 0;
	if (section == SECTION_SOURCE) {
		struct draft *d = section_begin(l, cfg_title(cfg));

		if (!d)
			return 0;
		base = d;
		seen = &d->seen;
	} else if (section == SECTION_MQTT && !l->in_section) {
		l->in_section = true;
		*seen = 0;
	}
	bit = 1ull << (k - keys);
	if (*seen & bit)
		mistake(l, k->name, "is set a second time in this section");
	*seen |= bit;
	if (config_value_valid(l, k->name, value))
		k->set(l, k, (char *)base + k->offset, value);
	return 0;
}

/* key_list() - names of a section's keys, for a sentence */
static const char *key_list(enum section section, char *buf, size_t size)
{
	size_t n = 0;

	for (unsigned int i = 0; i < ARRAY_SIZE(keys); i++)
		if (keys[i].section == section && n < size)
			n += snprintf(buf + n, size - n, "%s%s", n ? ", " : "", keys[i].name);
	if (section == SECTION_ROOT && n < size)
		snprintf(buf + n, size - n, ", and the sections source and mqtt");
	return buf;
}

static void __attribute__((format(printf, 2, 0)))
confuse_error(cfg_t *cfg, const char *fmt, va_list ap)
{
	struct loader *l = loading;
	char text[128], list[256];

	l->place.line = cfg->line;
	if (strcmp(fmt, "no such option '%s'")) {
		vsnprintf(text, sizeof(text), fmt, ap);
		mistake(l, NULL, "%s", text);
		return;
	}
	snprintf(text, sizeof(text), "%s", va_arg(ap, const char *));
	l->unknown_section = section_of(cfg);
	l->unknown = strdup(text);
	mistake(l, text, "unknown key; known are here %s",
		key_list(l->unknown_section, list, sizeof(list)));
}

static cfg_t *grammar_new(char *const unknown[], const enum section *section, unsigned int n)
{
	cfg_opt_t opts[SECTION_COUNT][KEYS_MAX + UNKNOWN_MAX];
	unsigned int count[SECTION_COUNT] = {};
	cfg_t *root;

	for (unsigned int i = 0; i < ARRAY_SIZE(keys); i++)
		opts[keys[i].section][count[keys[i].section]++] =
			(cfg_opt_t)CFG_STR_CB(keys[i].name, NULL, 0, take);
	for (unsigned int i = 0; i < n; i++)
		opts[section[i]][count[section[i]]++] =
			(cfg_opt_t)CFG_STR_CB(unknown[i], NULL, 0, take);
	opts[SECTION_SOURCE][count[SECTION_SOURCE]] = (cfg_opt_t)CFG_END();
	opts[SECTION_MQTT][count[SECTION_MQTT]] = (cfg_opt_t)CFG_END();
	opts[SECTION_ROOT][count[SECTION_ROOT]++] =
		(cfg_opt_t)CFG_SEC("source", opts[SECTION_SOURCE], CFGF_MULTI | CFGF_TITLE);
	opts[SECTION_ROOT][count[SECTION_ROOT]++] =
		(cfg_opt_t)CFG_SEC("mqtt", opts[SECTION_MQTT], CFGF_MULTI);
	for (unsigned int i = 1; i <= 2; i++)
		opts[SECTION_ROOT][count[SECTION_ROOT] - i].validcb = section_end;
	opts[SECTION_ROOT][count[SECTION_ROOT]] = (cfg_opt_t)CFG_END();

	root = cfg_init(opts[SECTION_ROOT], CFGF_NONE);
	if (root)
		cfg_set_error_function(root, confuse_error);
	return root;
}

/*
 * config_text_parse() - read one file
 *
 * libconfuse stops at an unknown key.  It is said, made known as one without meaning, and the file
 * is read again, quiet up to that line: so all mistakes of a file are said at once.
 */
void config_text_parse(struct loader *l, const char *path, const char *text)
{
	char *unknown[UNKNOWN_MAX];
	enum section section[UNKNOWN_MAX];
	unsigned int n = 0;

	l->place.path = path;
	l->quiet = 0;
	for (;;) {
		memset(l->seen, 0, sizeof(l->seen));
		l->in_section = false;
		for (size_t i = 0; i < l->n_drafts; i++)
			l->drafts[i].open_line = 0;
		l->unknown = NULL;
		l->root = grammar_new(unknown, section, n);
		if (!l->root) {
			l->no_memory = true;
			break;
		}
		loading = l;
		cfg_parse_buf(l->root, text);
		loading = NULL;
		cfg_free(l->root);
		if (!l->unknown)
			break;
		l->quiet = l->place.line;
		unknown[n] = l->unknown;
		section[n] = l->unknown_section;
		if (++n == UNKNOWN_MAX)
			break;
	}
	l->quiet = 0;
	while (n)
		free(unknown[--n]);
}
