/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Between the files of "amshanctl report".
 */
#ifndef AMSHAN_CTL_BUGREPORT_H
#define AMSHAN_CTL_BUGREPORT_H

#include <stdio.h>

#include "ctl/doctor_internal.h"
#include "ctl/mask.h"

/**
 * struct report - one that is being written
 * @out: where to
 * @d: what the doctor looked at
 * @findings: what it found
 * @mask: what is to be masked; all of it is learned before the first line is written
 * @config: the configuration, as it is shown
 */
struct report {
	FILE *out;
	struct doctor d;
	struct findings findings;
	struct mask mask;
	char *config;
};

/* report_say() - a line in which others have a word: masked, and harmless for a terminal */
void report_say(struct report *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* report_head() - the title of a section */
void report_head(struct report *r, const char *title);

/* The sections of bugreport_state.c: amshand, ports, adapters, frames. */
void report_sources(struct report *r);
void report_ports(struct report *r);
void report_adapters(struct report *r);
void report_frames(struct report *r);

/* bugreport_is_key() - is it a key of a configuration, or the name of a section? */
bool bugreport_is_key(const char *word);

/**
 * bugreport_value() - a value of a configuration as it may be shown
 * @m: learns the meters and hosts in it, and what is masked as a whole
 * @key: its key
 * @value: the text; no good one if NULL
 * @buf: the result
 * @size: its size
 *
 * Values of keys that are not known are secret, and so is whatever amshand would not take.
 *
 * Return: @buf.
 */
char *bugreport_value(struct mask *m, const char *key, const char *value, char *buf, size_t size);

/* bugreport_title() - likewise for the name of a source; what is no name is masked */
char *bugreport_title(struct mask *m, const char *title, char *buf, size_t size);

/* bugreport_learn() - mask this word, unless it is a word of ours */
void bugreport_learn(struct mask *m, enum mask_kind kind, const char *word);

/*
 * bugreport_learn_stray() - the same of a word in the place of a key, unless it is plain prose that is
 * not said either, as only the first one of a file is
 */
void bugreport_learn_stray(struct mask *m, const char *word, bool first);

/**
 * bugreport_config_text() - print a configuration without comments and secrets
 * @m: learns the meters, hosts and secrets in it
 * @text: the text of one file, NUL-terminated; need not be a good one
 * @out: where to; NULL: only learn
 *
 * What is masked may also stand before the place where it is known to be a secret: learn first.
 */
void bugreport_config_text(struct mask *m, const char *text, FILE *out);

/* bugreport_config() - the same for a file and its drop-in folder, each under its name */
void bugreport_config(struct mask *m, const char *path, FILE *out);

#endif /* AMSHAN_CTL_BUGREPORT_H */
