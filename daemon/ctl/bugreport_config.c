// SPDX-License-Identifier: GPL-2.0
/*
 * Report: the configuration, as it stands in its files, without comments and without secrets.
 *
 * Not what config_load() makes of it: a report is written most of all when it makes nothing of it.
 * So the text is only cut into words here, and what a word is follows from where it stands.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "ctl/bugreport.h"
#include "ctl/text.h"
#include "util.h"

#define FILE_MAX	(1024 * 1024)
#define WORD_MAX	512
#define SAID_MAX	80	/* of a key, in a sentence of config_load() */
#define MASKED		"<masked>"

enum show {
	SHOW_NOT,	/* a secret, or not known */
	SHOW_TEXT,	/* without the numbers in it */
	SHOW_HOST,
	SHOW_METER,
	SHOW_PATH,	/* of a secret: if it is a path, and not the secret itself */
	SHOW_SECTION,
};

static const struct {
	const char *key;
	enum show show;
} keys[] = {
	{ "source", SHOW_SECTION },
	{ "mqtt", SHOW_SECTION },
	{ "log-level", SHOW_TEXT },
	{ "state-directory", SHOW_TEXT },
	{ "runtime-directory", SHOW_TEXT },
	{ "dbus", SHOW_TEXT },
	{ "uri", SHOW_TEXT },
	{ "meter", SHOW_METER },
	{ "scale", SHOW_TEXT },
	{ "scale-power", SHOW_TEXT },
	{ "scale-current", SHOW_TEXT },
	{ "scale-energy", SHOW_TEXT },
	{ "scale-voltage", SHOW_TEXT },
	{ "clock", SHOW_TEXT },
	{ "derive-l2", SHOW_TEXT },
	{ "host", SHOW_HOST },
	{ "port", SHOW_TEXT },
	{ "client-id", SHOW_TEXT },
	{ "username", SHOW_NOT },
	{ "password-file", SHOW_PATH },
	{ "keepalive", SHOW_TEXT },
	{ "tls", SHOW_TEXT },
	{ "ca-file", SHOW_TEXT },
	{ "ca-directory", SHOW_TEXT },
	{ "cert-file", SHOW_TEXT },
	{ "key-file", SHOW_PATH },
	{ "psk-identity", SHOW_NOT },
	{ "psk-file", SHOW_PATH },
	{ "topic", SHOW_TEXT },
	{ "publish", SHOW_TEXT },
};

/**
 * struct scan - a text on its way
 * @m: the mask
 * @p: what follows
 * @out: where to
 * @key: the last word that was no value, "": none
 * @is_value: "=" stands before
 * @in_list: within the braces of a value
 */
struct scan {
	struct mask *m;
	const char *p;
	FILE *out;
	char key[WORD_MAX];
	bool is_value;
	bool in_list;
};

/* Its place in the table, -1: it is not known */
static int key_of(const char *word)
{
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		if (!strcmp(keys[i].key, word))
			return (int)i;
	return -1;
}

static enum show show_of(const char *word)
{
	int i = key_of(word);

	return i < 0 ? SHOW_NOT : keys[i].show;
}

static void print_masked(struct scan *s, const char *word, char quote)
{
	char masked[2 * WORD_MAX], text[2 * WORD_MAX];

	text_escape(mask_text(s->m, word, masked, sizeof(masked)), text, sizeof(text));
	fprintf(s->out, quote ? "\"%s\"" : "%s", text);
}

static void print_value(struct scan *s, const char *word, char quote)
{
	enum show show = show_of(s->key);

	if (show == SHOW_HOST)
		mask_learn_host(s->m, word);
	if (show == SHOW_METER)
		mask_learn(s->m, MASK_METER, word);
	/* Too short to be learned. */
	if (show == SHOW_METER && strlen(word) < 3)
		show = SHOW_NOT;
	if (show == SHOW_NOT || show == SHOW_SECTION || (show == SHOW_PATH && *word != '/'))
		fputs(MASKED, s->out);
	else
		print_masked(s, word, quote);
}

/* What amshand says of a word that it does not know is cut there. */
static void learn_word(struct scan *s, const char *word)
{
	char cut[SAID_MAX + 1];

	snprintf(cut, sizeof(cut), "%.*s", SAID_MAX, word);
	mask_learn(s->m, MASK_WORD, cut);
}

/* A word where a key is expected: what nobody knows may be the secret itself. */
static void print_key(struct scan *s, const char *word, char quote)
{
	bool names = !quote && word[strspn(word, "abcdefghijklmnopqrstuvwxyz-_")] == '\0' &&
		     *(s->p + strspn(s->p, " \t")) == '=';

	if (show_of(s->key) == SHOW_SECTION && key_of(word) < 0 && !names) {
		print_masked(s, word, '"');
	} else if (!quote && (key_of(word) >= 0 || names)) {
		fputs(word, s->out);
	} else {
		fputs(MASKED, s->out);
		learn_word(s, word);
	}
	snprintf(s->key, sizeof(s->key), "%s", quote ? "" : word);
}

/* A text in quotes; the cursor goes behind it.  What is too long is cut. */
static void take_quoted(struct scan *s, char *word)
{
	char quote = *s->p++;
	size_t n = 0;

	while (*s->p && *s->p != quote) {
		if (*s->p == '\\' && s->p[1])
			s->p++;
		if (n < WORD_MAX - 1)
			word[n++] = *s->p;
		s->p++;
	}
	if (*s->p)
		s->p++;
	word[n] = '\0';
}

static void take_unquoted(struct scan *s, char *word)
{
	size_t n = strcspn(s->p, " \t\r\n\f{}()=,\"'#");
	size_t kept = n < WORD_MAX - 1 ? n : WORD_MAX - 1;

	memcpy(word, s->p, kept);
	word[kept] = '\0';
	s->p += n;
}

static void take_word(struct scan *s)
{
	char quote = *s->p == '"' || *s->p == '\'' ? '"' : 0;
	char word[WORD_MAX];

	if (quote)
		take_quoted(s, word);
	else
		take_unquoted(s, word);
	if (s->is_value)
		print_value(s, word, quote);
	else
		print_key(s, word, quote);
	if (!s->in_list)
		s->is_value = false;
}

/* The cursor goes behind a comment; false: there is none */
static bool take_comment(struct scan *s)
{
	if (*s->p == '#' || (s->p[0] == '/' && s->p[1] == '/')) {
		s->p += strcspn(s->p, "\n");
		return true;
	}
	if (s->p[0] == '/' && s->p[1] == '*') {
		const char *end = strstr(s->p + 2, "*/");

		s->p = end ? end + 2 : s->p + strlen(s->p);
		return true;
	}
	return false;
}

static void take_sign(struct scan *s)
{
	switch (*s->p) {
	case '=':
		s->is_value = true;
		break;
	case '{':
		s->in_list = s->is_value;
		if (!s->is_value)
			*s->key = '\0';
		break;
	case '}':
		s->is_value = s->in_list = false;
		*s->key = '\0';
		break;
	}
	fputc(*s->p++, s->out);
}

void bugreport_config_text(struct mask *m, const char *text, FILE *out)
{
	struct scan s = { .m = m, .p = text, .out = out };

	while (*s.p) {
		if (take_comment(&s))
			continue;
		if (strchr("{}()=,", *s.p))
			take_sign(&s);
		else if (strchr(" \t\r\n\f", *s.p))
			fputc(*s.p++, out);
		else
			take_word(&s);
	}
}

/* ---- files ---- */

static int read_file(const char *path, char **ret)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	_cleanup_free_ char *text = NULL;
	struct stat st;
	size_t n = 0;
	ssize_t got;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	text = malloc(FILE_MAX + 1);
	if (!text)
		return -ENOMEM;
	while (n < FILE_MAX && (got = read(fd, text + n, FILE_MAX - n)) != 0) {
		if (got < 0)
			return -errno;
		n += (size_t)got;
	}
	text[n] = '\0';
	*ret = text;
	text = NULL;
	return 0;
}

/* Lines with something in them. */
static void print_lines(char *text, FILE *out)
{
	char *line;

	while ((line = strsep(&text, "\n"))) {
		size_t n = strlen(line);

		while (n && strchr(" \t\r\f", line[n - 1]))
			line[--n] = '\0';
		if (n)
			fprintf(out, "%s\n", line);
	}
}

static void print_file(struct mask *m, const char *path, FILE *out)
{
	_cleanup_free_ char *text = NULL, *clean = NULL;
	char name[2 * WORD_MAX], masked[2 * WORD_MAX];
	size_t size = 0;
	FILE *f;
	int r;

	r = read_file(path, &text);
	mask_text(m, path, masked, sizeof(masked));
	text_escape(masked, name, sizeof(name));
	if (r < 0) {
		fprintf(out, "%s: %s\n", name, strerror(-r));
		return;
	}
	f = open_memstream(&clean, &size);
	if (!f)
		return;
	bugreport_config_text(m, text, f);
	fclose(f);
	fprintf(out, "%s:\n", name);
	if (clean)
		print_lines(clean, out);
}

static int is_dropin(const struct dirent *e)
{
	size_t n = strlen(e->d_name);

	return *e->d_name != '.' && n > 5 && !strcmp(e->d_name + n - 5, ".conf");
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

void bugreport_config(struct mask *m, const char *path, FILE *out)
{
	struct dirent **entries;
	char one[4096];
	int n;

	print_file(m, path, out);
	snprintf(one, sizeof(one), "%s.d", path);
	n = scandir(one, &entries, is_dropin, by_name);
	if (n < 0) {
		if (errno != ENOENT)
			fprintf(out, "%s.d: %s\n", path, strerror(errno));
		return;
	}
	for (int i = 0; i < n; i++) {
		snprintf(one, sizeof(one), "%s.d/%s", path, entries[i]->d_name);
		print_file(m, one, out);
		free(entries[i]);
	}
	free(entries);
}
