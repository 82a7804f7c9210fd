// SPDX-License-Identifier: GPL-2.0
/*
 * Report: the configuration, as it stands in its files, without comments and without secrets.
 *
 * Not what config_load() makes of it: a report is written most of all when it makes nothing of it.
 * So the text is only cut into words here, and what a word is follows from where it stands.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "ctl/bugreport.h"
#include "ctl/text.h"
#include "link/hextext.h"
#include "util.h"

#define FILE_MAX	(1024 * 1024)
#define DROPINS_MAX	256
#define KEY_MAX		64	/* letters of what could be a key */
#define SHOWN_MAX	(16 * 1024)	/* of a value, with what became of it */

/**
 * struct scan - a text on its way
 * @m: the mask
 * @p: what follows
 * @out: where to; NULL: only learn
 * @word: room for any word of the text, owned
 * @key: the last word that was no value, owned; NULL: none
 * @is_value: "=" stands before
 * @in_list: within the braces of a value
 * @has_strayed: a word that nobody knows stood in the place of a key
 * @is_title: a section that has a name was begun
 */
struct scan {
	struct mask *m;
	const char *p;
	FILE *out;
	char *word;
	char *key;
	bool is_value;
	bool in_list;
	bool is_title;
	bool has_strayed;
};

/**
 * struct word - one that was cut out of the text
 * @text: of the scan, until the next one
 * @quote: it stood in quotes: which
 * @is_good: amshand could take it for a value
 * @is_last: what follows cannot be told from what is in quotes
 */
struct word {
	char *text;
	char quote;
	bool is_good;
	bool is_last;
};

static void put(struct scan *s, const char *text)
{
	if (s->out)
		fputs(text, s->out);
}

static void set_key(struct scan *s, const char *key)
{
	free(s->key);
	s->key = key ? strdup(key) : NULL;
}

/* ---- what a word is ---- */

static void print_shown(struct scan *s, const char *shown, bool quoted)
{
	quoted &= strcmp(shown, MASKED) != 0;
	put(s, quoted ? "\"" : "");
	put(s, shown);
	put(s, quoted ? "\"" : "");
}

static void print_value(struct scan *s, const struct word *w)
{
	char shown[SHOWN_MAX];

	bugreport_value(s->m, s->key ?: "", w->is_good ? w->text : NULL, shown, sizeof(shown));
	print_shown(s, shown, w->quote);
}

static void print_title(struct scan *s, const struct word *w)
{
	char shown[SHOWN_MAX];

	print_shown(s, bugreport_title(s->m, w->text, shown, sizeof(shown)), true);
	set_key(s, NULL);
}

/* Could it be a key, as far as its letters and what follows tell? */
static bool names_value(const struct scan *s, const char *word)
{
	return strlen(word) <= KEY_MAX &&
	       word[strspn(word, "abcdefghijklmnopqrstuvwxyz-_")] == '\0' &&
	       s->p[strspn(s->p, " \t")] == '=';
}

/* A word where a key is expected: what nobody knows may be the secret itself. */
static void print_key(struct scan *s, const struct word *w)
{
	bool is_key = !w->quote && bugreport_is_key(w->text);
	char shown[SHOWN_MAX];

	if (is_key) {
		put(s, w->text);
	} else if (!w->quote && names_value(s, w->text)) {
		put(s, mask_text(s->m, w->text, shown, sizeof(shown)));
	} else {
		put(s, MASKED);
		/* amshand stops at the first one, and says it. */
		bugreport_learn_stray(s->m, w->text, !s->has_strayed);
		s->has_strayed = true;
	}
	set_key(s, w->quote ? NULL : w->text);
	s->is_title = is_key && !strcmp(w->text, "source");
}

/* ---- cutting ---- */

/* What stands behind a backslash in double quotes (libconfuse, lexer.l); 0: a line that goes on */
static char escaped(const char **p)
{
	static const char letters[] = "ntbrfaev", meant[] = "\n\t\b\r\f\a\033\v";
	const char *letter = **p ? strchr(letters, **p) : NULL;
	unsigned int n = 0, digits = 0;

	if (**p == '\n') {
		(*p)++;
		return 0;
	}
	if (letter) {
		(*p)++;
		return meant[letter - letters];
	}
	if (**p == 'x' && isxdigit((u8)(*p)[1])) {
		for ((*p)++; digits < 2 && isxdigit((u8)**p); digits++, (*p)++)
			n = n * 16 + (unsigned int)hextext_digit((u8)**p);
		return (char)n;
	}
	for (; digits < 3 && **p >= '0' && **p <= '7'; digits++, (*p)++)
		n = n * 8 + (unsigned int)(**p - '0');
	return digits ? (char)n : *(*p)++;
}

/* In single quotes only a quote, another backslash and a line break are meant. */
static char take_escape(struct scan *s, char quote)
{
	s->p++;
	if (quote == '"' || *s->p == '\n')
		return escaped(&s->p);
	if (*s->p != '\'' && *s->p != '\\')
		return '\\';
	return *s->p++;
}

/* A text in quotes; the cursor goes behind it. */
static void take_quoted(struct scan *s, struct word *w)
{
	bool breaks = false;
	size_t n = 0;

	w->quote = *s->p++;
	while (*s->p && *s->p != w->quote) {
		bool is_escaped = *s->p == '\\' && s->p[1];
		char c;

		breaks |= *s->p == '\n';
		c = is_escaped ? take_escape(s, w->quote) : *s->p++;
		w->is_good &= !iscntrl((u8)c) || (is_escaped && !c);
		if (c)
			w->text[n++] = c;
	}
	/* One that was not closed ends where another one begins. */
	w->is_last = !*s->p || breaks;
	w->is_good &= !w->is_last;
	if (*s->p)
		s->p++;
	w->text[n] = '\0';
}

/* amshand takes no comment that stands close to a value, and it is none of the value. */
static size_t comment_in(const char *p, size_t n)
{
	for (size_t i = 0; i + 1 < n; i++)
		if (p[i] == '/' && (p[i + 1] == '/' || p[i + 1] == '*'))
			return i;
	return n;
}

static void take_unquoted(struct scan *s, struct word *w)
{
	size_t n = strcspn(s->p, " \t\r\n\f{}()=,\"'#"), kept = comment_in(s->p, n);

	memcpy(w->text, s->p, kept);
	w->text[kept] = '\0';
	w->is_good = kept == n;
	s->p += kept;
}

static void take_word(struct scan *s)
{
	struct word w = { .text = s->word, .is_good = true };
	bool is_title = s->is_title;

	s->is_title = false;
	if (*s->p == '"' || *s->p == '\'')
		take_quoted(s, &w);
	else
		take_unquoted(s, &w);
	if (s->is_value)
		print_value(s, &w);
	else if (is_title && (w.quote || !names_value(s, w.text)))
		print_title(s, &w);
	else
		print_key(s, &w);
	if (!s->in_list)
		s->is_value = false;
	/* What follows is learned all the same: amshand may say it. */
	if (w.is_last)
		s->out = NULL;
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
	char sign[2] = { *s->p++ };

	s->is_title = false;
	switch (*sign) {
	case '=':
		s->is_value = true;
		break;
	case '{':
		s->in_list = s->is_value;
		if (!s->is_value)
			set_key(s, NULL);
		break;
	case '}':
		s->is_value = s->in_list = false;
		set_key(s, NULL);
		break;
	}
	put(s, sign);
}

void bugreport_config_text(struct mask *m, const char *text, FILE *out)
{
	struct scan s = { .m = m, .p = text, .out = out, .word = malloc(strlen(text) + 1) };

	if (!s.word)
		m->full = true;
	while (s.word && *s.p) {
		if (take_comment(&s))
			continue;
		if (strchr("{}()=,", *s.p))
			take_sign(&s);
		else if (strchr(" \t\r\n\f", *s.p))
			put(&s, (char[2]){ *s.p++ });
		else
			take_word(&s);
	}
	if (out && !s.out)
		fputs("\nthe rest is left out: the text in quotes does not end in its line\n", out);
	free(s.word);
	free(s.key);
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

/* @why: NULL: the lines of the file follow */
static void print_name(struct mask *m, const char *path, const char *why, FILE *out)
{
	char name[SHOWN_MAX], masked[SHOWN_MAX];

	if (!out)
		return;
	mask_text(m, path, masked, sizeof(masked));
	text_escape(masked, name, sizeof(name));
	fprintf(out, "%s:%s%s\n", name, why ? " " : "", why ?: "");
}

static void print_file(struct mask *m, const char *path, FILE *out)
{
	_cleanup_free_ char *text = NULL, *clean = NULL;
	size_t size = 0;
	FILE *f;
	int r;

	r = read_file(path, &text);
	print_name(m, path, r < 0 ? strerror(-r) : NULL, out);
	if (r < 0)
		return;
	if (!out) {
		bugreport_config_text(m, text, NULL);
		return;
	}
	f = open_memstream(&clean, &size);
	if (!f)
		return;
	bugreport_config_text(m, text, f);
	fclose(f);
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

static void print_files(struct mask *m, const char *path, FILE *out)
{
	struct dirent **entries;
	char one[PATH_MAX];
	int n;

	print_file(m, path, out);
	snprintf(one, sizeof(one), "%s.d", path);
	n = scandir(one, &entries, is_dropin, by_name);
	if (n < 0) {
		if (errno != ENOENT)
			print_name(m, one, strerror(errno), out);
		return;
	}
	for (int i = 0; i < n; i++) {
		snprintf(one, sizeof(one), "%s.d/%s", path, entries[i]->d_name);
		if (i < DROPINS_MAX)
			print_file(m, one, out);
		free(entries[i]);
	}
	free(entries);
}

void bugreport_config(struct mask *m, const char *path, FILE *out)
{
	/* The name of a source may be the number that a later line gives its meter. */
	print_files(m, path, NULL);
	print_files(m, path, out);
}
