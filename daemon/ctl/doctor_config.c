// SPDX-License-Identifier: GPL-2.0
/*
 * Doctor: the configuration.
 *
 * What is said of it here is what amshand would say, but for what only amshand has: its user, and
 * the variables of its environment.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "ctl/doctor_internal.h"
#include "util.h"

#define CLOSED		": cannot be read: Permission denied"
#define PLACE_MAX	4096

/* ---- mistakes that may be none ---- */

/* FILE:LINE: of a sentence; 0: it has no line */
static unsigned int place_of(const char *said, char *path, size_t size)
{
	unsigned int line;

	for (const char *p = said; (p = strstr(p, ".conf:")); p++) {
		size_t n = (size_t)(p - said) + strlen(".conf");

		if (n < size && sscanf(said + n, ":%u:", &line) == 1) {
			snprintf(path, size, "%.*s", (int)n, said);
			return line;
		}
	}
	return 0;
}

/* Does that line of the file take something from the environment? */
static bool has_variable(const char *path, unsigned int line)
{
	_cleanup_free_ char *text = NULL;
	FILE *f = fopen(path, "re");
	bool found = false;
	size_t room = 0;

	for (unsigned int i = 1; f && i <= line && getline(&text, &room, f) > 0; i++)
		found = i == line && strstr(text, "${");
	if (f)
		fclose(f);
	return found;
}

/* What follows from a value that is not there. */
static bool is_missing(const char *said)
{
	return strstr(said, ": is missing") || strstr(said, ": needs a ") ||
	       strstr(said, " need each other");
}

/**
 * struct doubt - why what is said may not be so for amshand
 * @closed: a file could not be read by us
 * @variable: a value is that of a variable of the environment
 */
struct doubt {
	bool closed;
	bool variable;
};

static bool is_variable(const char *said)
{
	char path[PLACE_MAX];
	unsigned int line = place_of(said, path, sizeof(path));

	return line && has_variable(path, line);
}

static struct doubt doubt_of(const struct doctor *d)
{
	_cleanup_free_ char *said = strdup(d->config_said ?: "");
	struct doubt doubt = { 0 };
	char *next = said;
	const char *line;

	while (next && (line = strsep(&next, "\n"))) {
		doubt.closed |= !!strstr(line, CLOSED);
		doubt.variable |= is_variable(line);
	}
	return doubt;
}

/* Why it may be no mistake for amshand, "": it is one */
static const char *excuse(const struct doctor *d, struct doubt doubt, const char *line)
{
	if (strstr(line, CLOSED) && !d->root)
		return "; root sees more: sudo amshanctl doctor";
	if (doubt.variable && (is_variable(line) || is_missing(line)))
		return "; but amshand may have that variable in its environment, which is not ours";
	if (doubt.closed && is_missing(line))
		return "; but it may stand in the file that cannot be read";
	return "";
}

/* What was said, a finding per line. */
static size_t said(struct doctor *d)
{
	enum finding_kind kind = d->config_error < 0 ? FINDING_WRONG : FINDING_NOTE;
	struct doubt doubt = doubt_of(d);
	char *next = d->config_said;
	const char *line;
	size_t n = 0;

	while (next && (line = strsep(&next, "\n"))) {
		const char *but = excuse(d, doubt, line);

		if (!*line || strstr(line, ": no source is configured"))
			continue;
		findings_add(d->l, *but ? FINDING_NOTE : kind, DOCTOR_CONFIG, "%s%s", line, but);
		n++;
	}
	return n;
}

/* ---- who may read it ---- */

/* True: amshand may not, and it is said; a user's own amshand is not systemd's. */
static bool is_closed_to_amshand(struct doctor *d)
{
	char path[PLACE_MAX];

	if (!d->root || !*d->user || (d->asked == 0 && d->why.user) ||
	    doctor_closed_to(d->config_path, d->user, path, sizeof(path)) < 0 || !*path)
		return false;
	findings_add(d->l, FINDING_WRONG, DOCTOR_CONFIG,
		     "%s is closed to the user %s, as who amshand runs: it and the folders above "
		     "it need to be open to a group of that user (chgrp %s, chmod g+rX)",
		     path, d->user, d->user);
	return true;
}

/* ---- the whole ---- */

void doctor_config(struct doctor *d)
{
	bool elsewhere = d->asked == 0 && d->why.user;

	if (!d->config_path) {
		findings_add(d->l, FINDING_NOTE, DOCTOR_CONFIG, "there is no memory to read it");
		return;
	}
	if (d->config_error == -ENOENT) {
		findings_add(d->l, elsewhere ? FINDING_NOTE : FINDING_WRONG, DOCTOR_CONFIG,
			     elsewhere ? "there is no %s: amshand was started with another one" :
					 "there is no %s: apt install amshand, or make install",
			     d->config_path);
		return;
	}
	if (d->config_error == -EACCES && !d->root) {
		findings_add(d->l, FINDING_NOTE, DOCTOR_CONFIG,
			     "%s may not be read by this user; root sees more: sudo amshanctl "
			     "doctor",
			     d->config_path);
		return;
	}
	if (said(d) == 0 && d->config_error < 0)
		findings_add(d->l, FINDING_WRONG, DOCTOR_CONFIG, "%s: %s", d->config_path,
			     strerror(-d->config_error));
	if (is_closed_to_amshand(d) || d->config_error < 0)
		return;
	if (!d->config->n_sources)
		findings_add(d->l, FINDING_WRONG, DOCTOR_CONFIG,
			     "%s has no source: amshand.conf(5) shows how to write one",
			     d->config_path);
	else
		findings_add(d->l, FINDING_OK, DOCTOR_CONFIG, "%s is read, with %zu source%s",
			     d->config_path, d->config->n_sources,
			     d->config->n_sources == 1 ? "" : "s");
}
