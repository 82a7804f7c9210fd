/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Between the two halves of the configuration: config.c (files, and the whole of it) and
 * config_text.c (the text of one file).  Of no use to others.
 */
#ifndef AMSHAN_CONFIG_TEXT_H
#define AMSHAN_CONFIG_TEXT_H

#include <confuse.h>

#include "config.h"

/* struct place - where something is said; @path outlives the loader, @line 0 is the whole file */
struct place {
	const char *path;
	int line;
};

enum factor {
	FACTOR_COMMON,		/* "scale" */
	FACTOR_POWER,
	FACTOR_CURRENT,
	FACTOR_ENERGY,
	FACTOR_VOLTAGE,
	FACTOR_COUNT,
};

/*
 * struct draft - a source as read so far
 * @main_fuse: A, 0: not said
 * @place: of its uri; until it has one, of its section
 * @key_place: of its key-file
 * @seen: bit per key: set in this section
 * @open_line: where its section begins in this file, 0 if it has none there
 */
struct draft {
	struct source_config config;
	struct decimal factor[FACTOR_COUNT];
	bool has_factor[FACTOR_COUNT];
	u16 main_fuse;
	struct place place;
	struct place key_place;
	u64 seen;
	int open_line;
};

enum section {
	SECTION_ROOT,
	SECTION_SOURCE,
	SECTION_MQTT,
	SECTION_COUNT,
};

/*
 * struct loader - one config_load()
 * @config: as read so far
 * @drafts: the sources, @n_drafts of them
 * @place: what is being read
 * @mqtt_place: the last section mqtt
 * @key_place: of the key-file for all sources
 * @mistakes: number of them
 * @no_memory: something was lost
 *
 * private to config_text.c:
 * @quiet: mistakes up to this line of @place.path were already said
 * @unknown: the key that stopped the parser, or NULL
 * @unknown_section: where it stands
 * @root: libconfuse's tree of the file
 * @in_section: a key of the current section was seen
 * @seen: bit per key of the root and of mqtt: set in this file or section
 */
struct loader {
	struct config *config;
	struct draft *drafts;
	size_t n_drafts;
	struct place place;
	struct place mqtt_place;
	struct place key_place;
	unsigned int mistakes;
	bool no_memory;

	int quiet;
	char *unknown;
	enum section unknown_section;
	cfg_t *root;
	bool in_section;
	u64 seen[SECTION_COUNT];
};

/**
 * config_say() - "FILE:LINE: key: sentence"
 * @l: counts the mistakes
 * @level: LOG_ERR for a mistake
 * @at: where
 * @key: NULL: none
 * @fmt: the sentence; what it quotes may be anything
 */
void config_say(struct loader *l, int level, struct place at, const char *key, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));

#define DROPINS_MAX	256	/* files of one folder */

/**
 * config_read_text() - a whole file, fit for libconfuse; what is wrong with it is said
 * @l: counts the mistakes
 * @path: the file; outlives @l
 * @ret: the text, to be freed; untouched on failure
 *
 * Return: 0, or a negative errno.
 */
int config_read_text(struct loader *l, const char *path, char **ret);

/**
 * config_read_folder() - every *.conf of a folder, in the order of their names
 * @l: counts the mistakes
 * @folder: it need not be there; outlives @l
 * @paths: DROPINS_MAX of them, all NULL: names of the files, to be freed after @l
 * @parse: takes the text of one
 */
void config_read_folder(struct loader *l, const char *folder, char *paths[DROPINS_MAX],
			void (*parse)(struct loader *l, const char *path, const char *text));

/* config_value_valid() - what is asked of every value; a mistake is said */
bool config_value_valid(struct loader *l, const char *name, const char *value);

/**
 * config_text_parse() - take the text of one file into @l; what it sets wins over what is there
 * @l: the loader
 * @path: its name, for sentences; outlives @l
 * @text: the text
 */
void config_text_parse(struct loader *l, const char *path, const char *text);

#endif /* AMSHAN_CONFIG_TEXT_H */
