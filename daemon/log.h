/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Log: one sentence per event, to the journal with fields or to stderr.
 *
 * Fields in the journal: AMSHAN_SOURCE, AMSHAN_METER, next to MESSAGE and PRIORITY.  The name of the
 * source also stands before the sentence.  Keys and passwords never come here.
 */
#ifndef AMSHAN_LOG_H
#define AMSHAN_LOG_H

#include <syslog.h>

/* log_init() - look once where stderr goes; @ident: name of the program */
void log_init(const char *ident);

/* Messages above this syslog priority are dropped; LOG_INFO to begin with. */
void log_set_level(int level);
int log_get_level(void);

/* log_target() - where sentences go: "journal" or "console", as LogControl1 calls it */
const char *log_target(void);

/* log_ident() - name of the program */
const char *log_ident(void);

/* log_level_parse() - "debug", "info", "notice", "warning", "err"...: the priority, or -EINVAL */
int log_level_parse(const char *name);
const char *log_level_name(int level);

/**
 * log_about() - say something
 * @level: syslog priority
 * @source: name of the source it is about, or NULL
 * @meter: id of the meter it is about, or NULL
 * @fmt: printf format, no newline
 */
void log_about(int level, const char *source, const char *meter, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

#define log_err(...)	log_about(LOG_ERR, NULL, NULL, __VA_ARGS__)
#define log_warning(...) log_about(LOG_WARNING, NULL, NULL, __VA_ARGS__)
#define log_notice(...)	log_about(LOG_NOTICE, NULL, NULL, __VA_ARGS__)
#define log_info(...)	log_about(LOG_INFO, NULL, NULL, __VA_ARGS__)
#define log_debug(...)	log_about(LOG_DEBUG, NULL, NULL, __VA_ARGS__)

#endif /* AMSHAN_LOG_H */
