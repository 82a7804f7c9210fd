// SPDX-License-Identifier: GPL-2.0
/*
 * Configuration: amshand.conf and its drop-in folder, and what the whole of it must be.  The text
 * of a single file is read by config_text.c.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "config_text.h"
#include "log.h"
#include "secret.h"
#include "tables.h"
#include "util.h"

#define FILE_MAX	(1024 * 1024)	/* octets of one file */

#define STATE_DIRECTORY		"/var/lib/amshan"
#define RUNTIME_DIRECTORY	"/run/amshan"

/* ---- files ---- */

/*
 * text_tidy() - blank the comments, and say what libconfuse passes over in silence
 *
 * libconfuse 3.3 counts the lines of comments wrongly, takes the end of the file for a closing
 * brace, drops characters that it does not know, and sees a comment in an unquoted tcp://host.
 *
 * Return: true if the text is fit for libconfuse.
 */
static bool text_tidy(struct loader *l, const char *path, char *text, size_t n)
{
	static const char ends[] = " \t\r\n\f{}()=,\"'#";	/* of an unquoted text */
	struct place at = { path, 1 };
	unsigned int mistakes = l->mistakes, depth = 0;
	int open_line = 0;
	char inside = 0;	/* of quotes: " or ', of a comment: its second character or # */

	for (size_t i = 0; i < n; i++) {
		unsigned char c = text[i], next = text[i + 1];

		if ((c < ' ' && (!c || !strchr("\t\n\r\f", c))) || c == 0x7f) {
			config_say(l, LOG_ERR, at, NULL,
				   "is not a text file: the octet %02Xh is no character", c);
			return false;
		}
		switch (inside) {
		case 0:
			if (c == '"' || c == '\'') {
				inside = c;
				open_line = at.line;
			} else if (c == '#' || (c == '/' && (next == '/' || next == '*'))) {
				if (c == '/' && i && !strchr(ends, text[i - 1]))
					config_say(l, LOG_ERR, at, NULL,
						   "a value with /%c in it must be in quotes", next);
				inside = c == '#' ? '#' : next;
				open_line = at.line;
				text[i] = ' ';
				if (inside == '*')
					text[++i] = ' ';
			} else if (c == '*' || (c == '+' && next != '=') ||
				   (c == '/' && strchr(ends, next))) {
				config_say(l, LOG_ERR, at, NULL,
					   "a value with %c in it must be in quotes", c);
			} else if (c == '{') {
				depth++;
				open_line = at.line;
			} else if (c == '}' && depth) {
				depth--;
			}
			break;
		case '"':
		case '\'':
			if (c == '\\' && next)
				at.line += text[++i] == '\n';
			else if (c == inside)
				inside = 0;
			break;
		default:
			if (inside == '*' && c == '*' && next == '/') {
				text[i++] = ' ';
				text[i] = ' ';
				inside = 0;
			} else if (c != '\n') {
				text[i] = ' ';
			} else if (inside != '*') {
				inside = 0;
			}
		}
		at.line += c == '\n';
	}
	at.line = open_line;
	if (inside && inside != '#' && inside != '/')
		config_say(l, LOG_ERR, at, NULL, "a %s begins here and does not end",
			   inside == '*' ? "comment" : "text in quotes");
	else if (depth && l->mistakes == mistakes)
		config_say(l, LOG_ERR, at, NULL, "a section begins here and does not end");
	return l->mistakes == mistakes;
}

int config_read_text(struct loader *l, const char *path, char **ret)
{
	struct place at = { path, 0 };
	_cleanup_free_ char *text = NULL;
	_cleanup_close_ int fd = -1;
	struct stat st;
	size_t n = 0;
	ssize_t got;

	/* Not to wait for the writer of a FIFO. */
	fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0) {
		int err = -errno;

		config_say(l, LOG_ERR, at, NULL, "cannot be read: %s", strerror(-err));
		return err;
	}
	if (S_ISDIR(st.st_mode)) {
		config_say(l, LOG_ERR, at, NULL, "is a directory, not a file");
		return -EISDIR;
	}
	if (!S_ISREG(st.st_mode)) {
		config_say(l, LOG_ERR, at, NULL, "is not a regular file");
		return -EINVAL;
	}
	if (st.st_size > FILE_MAX) {
		config_say(l, LOG_ERR, at, NULL,
			   "is too large to be a configuration (more than %d KiB)",
			   FILE_MAX / 1024);
		return -EFBIG;
	}
	text = malloc(FILE_MAX + 1);
	if (!text)
		return -ENOMEM;
	while (n < FILE_MAX && (got = read(fd, text + n, FILE_MAX - n)) != 0) {
		if (got < 0) {
			int err = -errno;

			config_say(l, LOG_ERR, at, NULL, "cannot be read: %s", strerror(-err));
			return err;
		}
		n += got;
	}
	text[n] = '\0';
	if (!text_tidy(l, path, text, n))
		return -EINVAL;
	*ret = text;
	text = NULL;
	return 0;
}

static int is_dropin(const struct dirent *e)
{
	size_t n = strlen(e->d_name);

	return *e->d_name != '.' && n > strlen(".conf") && !strcmp(e->d_name + n - 5, ".conf");
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

void config_read_folder(struct loader *l, const char *folder, char *paths[DROPINS_MAX],
			void (*parse)(struct loader *l, const char *path, const char *text))
{
	struct place at = { folder, 0 };
	struct dirent **entries;
	int n;

	n = scandir(folder, &entries, is_dropin, by_name);
	if (n < 0) {
		if (errno != ENOENT)
			config_say(l, LOG_ERR, at, NULL, "cannot be read: %s", strerror(errno));
		return;
	}
	if (n > DROPINS_MAX)
		config_say(l, LOG_ERR, at, NULL, "has more than %d files", DROPINS_MAX);
	for (int i = 0; i < n; i++) {
		_cleanup_free_ char *text = NULL;

		if (i < DROPINS_MAX &&
		    asprintf(&paths[i], "%s/%s", folder, entries[i]->d_name) < 0) {
			paths[i] = NULL;
			l->no_memory = true;
		} else if (i < DROPINS_MAX) {
			int r = config_read_text(l, paths[i], &text);

			if (r == -ENOMEM)
				l->no_memory = true;
			else if (r == 0)
				parse(l, paths[i], text);
		}
		free(entries[i]);
	}
	free(entries);
}

/* dropins_load() - every *.conf of FILE.d; their paths are kept in @paths until the end */
static void dropins_load(struct loader *l, const char *path, char *paths[DROPINS_MAX + 1])
{
	if (asprintf(&paths[0], "%s.d", path) < 0) {
		paths[0] = NULL;
		l->no_memory = true;
		return;
	}
	config_read_folder(l, paths[0], paths + 1, config_text_parse);
}

/* ---- the whole ---- */

/* factors_set() - "scale" is for power, current and energy; each one's own wins */
static void factors_set(struct draft *d)
{
	static const struct {
		enum factor own;
		bool common;
	} of[KIND_COUNT] = {
		[KIND_ACTIVE_POWER]	= { FACTOR_POWER, true },
		[KIND_APPARENT_POWER]	= { FACTOR_POWER, true },
		[KIND_REACTIVE_POWER]	= { FACTOR_POWER, true },
		[KIND_ACTIVE_ENERGY]	= { FACTOR_ENERGY, true },
		[KIND_APPARENT_ENERGY]	= { FACTOR_ENERGY, true },
		[KIND_REACTIVE_ENERGY]	= { FACTOR_ENERGY, true },
		[KIND_CURRENT]		= { FACTOR_CURRENT, true },
		[KIND_VOLTAGE]		= { FACTOR_VOLTAGE, false },
	};
	struct scale *s = &d->config.settings.scale;

	for (unsigned int kind = 0; kind < KIND_COUNT; kind++) {
		if (of[kind].own && d->has_factor[of[kind].own])
			s->factor[kind] = d->factor[of[kind].own];
		else if (of[kind].common && d->has_factor[FACTOR_COMMON])
			s->factor[kind] = d->factor[FACTOR_COMMON];
		if (s->factor[kind].mantissa != 1 || s->factor[kind].exponent != 0)
			s->active = true;
	}
}

/* derive_set() - what registers are held against, and how hours are counted */
static void derive_set(struct draft *d, const struct config *c)
{
	struct meter_settings *s = &d->config.settings;
	double factor = decimal_double(s->scale.factor[KIND_ACTIVE_ENERGY]);

	s->derive.peaks = c->peaks;
	/* Behind current transformers a fuse of a household would be blown. */
	s->derive.limit_w = 3 * 230 * DERIVE_FUSE_SLACK *
			    (d->main_fuse ? d->main_fuse : DERIVE_FUSE_A * (factor > 1 ? factor : 1));
}

/* mqtt_check() - what only the section as a whole can be asked */
static void mqtt_check(struct loader *l)
{
	const struct mqtt_config *m = &l->config->mqtt;
	bool certificate = m->ca_file || m->ca_dir || m->cert_file || m->key_file;
	const struct {
		bool wrong;
		const char *key, *sentence;
	} checks[] = {
		{ !m->host, "host", "is missing" },
		{ m->password_file && !m->username, "password-file", "needs a username" },
		{ !m->cert_file != !m->key_file, "cert-file", "and key-file need each other" },
		{ !m->psk_identity != !m->psk_file, "psk-identity",
		  "and psk-file need each other" },
		{ m->psk_file && certificate, "psk-file",
		  "is another way than certificates; only one of them can be" },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(checks); i++)
		if (checks[i].wrong)
			config_say(l, LOG_ERR, l->mqtt_place, checks[i].key, "%s",
				   checks[i].sentence);
}

static void source_release(struct source_config *s)
{
	free(s->name);
	free(s->uri);
	free(s->where);
	free(s->meter);
	free(s->key_file);
	keyring_free(s->keys);
}

/* Names of credentials mean nothing where the service manager has not put any (amshanctl doctor). */
static bool is_away(const char *path)
{
	const char *folder = getenv("CREDENTIALS_DIRECTORY");
	size_t n = folder ? strlen(folder) : 0;

	if (!strchr(path, '/'))
		return true;
	return n && !strncmp(path, folder, n) && path[n] == '/' && access(folder, F_OK) < 0;
}

/*
 * keys_load() - what stands in a key file; what is wrong with it is said, and never what stands
 * there
 *
 * One that cannot be read is no mistake, as with other secrets: the rest works without it.
 */
static struct keyring *keys_load(struct loader *l, struct place at, const char *path)
{
	_cleanup_(secret_freep) char *text = NULL;
	_cleanup_free_ char *error = NULL;
	struct keyring *keys = NULL;
	struct stat st;
	size_t n;
	int r;

	if (!path || is_away(path))
		return NULL;
	/* Not to wait for the writer of a FIFO. */
	if (stat(path, &st) == 0 && !S_ISREG(st.st_mode)) {
		config_say(l, LOG_ERR, at, "key-file", "%.200s is not a regular file", path);
		return NULL;
	}
	r = secret_text(path, &text, &n);
	if (r < 0 && r != -ENOMEM) {
		config_say(l, r == -EFBIG ? LOG_ERR : LOG_WARNING, at, "key-file",
			   "%.200s: cannot be read: %s", path, strerror(-r));
		return NULL;
	}
	if (r == 0)
		r = keyring_parse(text, n, &keys, &error);
	if (r == -EINVAL && error)
		config_say(l, LOG_ERR, at, "key-file", "%.200s:%s", path, error);
	else if (r < 0)
		l->no_memory = true;
	return keys;
}

/* A source's own keys go before those for all. */
static void source_keys(struct loader *l, const struct draft *d, struct source_config *s)
{
	s->keys = keys_load(l, d->key_place, s->key_file);
	if (s->keys)
		keyring_set_others(s->keys, l->config->keys);
	else
		s->keys = keyring_ref(l->config->keys);
}

static char *place_text(struct loader *l, struct place at)
{
	char *text;

	if (asprintf(&text, "%s:%d", at.path, at.line) >= 0)
		return text;
	l->no_memory = true;
	return NULL;
}

/* folder_of() - the first one that the service manager names in the environment, else @other */
static char *folder_of(const char *variable, const char *other)
{
	const char *folders = getenv(variable) ?: "";	/* FOLDER[:FOLDER]... */
	size_t n = strcspn(folders, ":");

	return n ? strndup(folders, n) : strdup(other);
}

/* tables_take() - the user's tables, in a folder next to the file */
static void tables_take(struct loader *l, const char *path)
{
	const char *slash = strrchr(path, '/');
	_cleanup_free_ char *folder = NULL;
	int r;

	if (asprintf(&folder, "%.*s" TABLES_FOLDER, slash ? (int)(slash - path + 1) : 0, path) < 0) {
		folder = NULL;
		l->no_memory = true;
		return;
	}
	r = tables_load(folder, &l->config->tables);
	if (r == -ENOMEM)
		l->no_memory = true;
	else if (r < 0 && r != -ENOENT)
		l->mistakes++;
}

/* config_finish() - the drafts become sources, and what was left out gets its default */
static void config_finish(struct loader *l, const char *path)
{
	struct config *c = l->config;

	if (!c->state_dir)
		c->state_dir = folder_of("STATE_DIRECTORY", STATE_DIRECTORY);
	if (!c->runtime_dir)
		c->runtime_dir = folder_of("RUNTIME_DIRECTORY", RUNTIME_DIRECTORY);
	if (!c->mqtt_topic)
		c->mqtt_topic = strdup("amshan");
	if (!c->discovery_prefix)
		c->discovery_prefix = strdup("homeassistant");
	if (!c->state_dir || !c->runtime_dir || !c->mqtt_topic || !c->discovery_prefix)
		l->no_memory = true;
	if (c->mqtt_enabled)
		mqtt_check(l);
	c->keys = keys_load(l, l->key_place, c->key_file);
	tables_take(l, path);
	if (!l->n_drafts && !l->mistakes)
		config_say(l, LOG_WARNING, (struct place){ path, 0 }, NULL,
			   "no source is configured");
	c->sources = calloc(l->n_drafts ?: 1, sizeof(*c->sources));
	if (!c->sources) {
		l->no_memory = true;
		return;
	}
	for (; c->n_sources < l->n_drafts; c->n_sources++) {
		struct draft *d = &l->drafts[c->n_sources];

		if (!d->config.uri)
			config_say(l, LOG_ERR, d->place, "uri", "is missing in source \"%s\"",
				   d->config.name);
		d->config.where = place_text(l, d->place);
		factors_set(d);
		derive_set(d, c);
		source_keys(l, d, &d->config);
		c->sources[c->n_sources] = d->config;
		d->config = (struct source_config){};
	}
}

int config_load(const char *path, struct config **ret)
{
	struct config *c = calloc(1, sizeof(*c));
	char **paths = calloc(DROPINS_MAX + 1, sizeof(*paths));
	struct loader l = { .config = c };
	_cleanup_free_ char *text = NULL;
	int r = -ENOMEM;

	if (c && paths) {
		c->log_level = LOG_INFO;
		c->dbus = true;
		c->mqtt_publish = true;
		c->discovery = true;
		c->peaks = (struct peaks_settings){ .count = 3, .window = CALENDAR_ALWAYS };
		r = config_read_text(&l, path, &text);
	}
	if (r == 0) {
		config_text_parse(&l, path, text);
		dropins_load(&l, path, paths);
		config_finish(&l, path);
		r = l.no_memory ? -ENOMEM : l.mistakes ? -EINVAL : 0;
	}
	for (size_t i = 0; i < l.n_drafts; i++)
		source_release(&l.drafts[i].config);
	free(l.drafts);
	for (unsigned int i = 0; paths && i <= DROPINS_MAX; i++)
		free(paths[i]);
	free(paths);
	if (r) {
		config_free(c);
		return r;
	}
	*ret = c;
	return 0;
}

void config_free(struct config *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < c->n_sources; i++)
		source_release(&c->sources[i]);
	free(c->sources);
	free(c->state_dir);
	free(c->runtime_dir);
	free(c->key_file);
	keyring_free(c->keys);
	free(c->mqtt_topic);
	free(c->discovery_prefix);
	tables_free(c->tables);
	free(c->mqtt.host);
	free(c->mqtt.client_id);
	free(c->mqtt.username);
	free(c->mqtt.password_file);
	free(c->mqtt.ca_file);
	free(c->mqtt.ca_dir);
	free(c->mqtt.cert_file);
	free(c->mqtt.key_file);
	free(c->mqtt.psk_identity);
	free(c->mqtt.psk_file);
	free(c);
}
