/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Local rules: one file for udev per adapter that is enabled here, or left alone here.
 *
 *	rule.c		how an adapter is known, and whom a rule is about: pure
 *	rule_text.c	the text, written and read: pure
 *	rule_file.c	the files
 *
 * The first rule that says something of an adapter wins, in the order of the files' names; so what
 * is about a place comes before what is about a number or a model (see rule_make()).
 */
#ifndef AMSHAN_CTL_RULE_H
#define AMSHAN_CTL_RULE_H

#include "ctl/adapter.h"

#define RULE_FOLDER	"/etc/udev/rules.d"

/* A name of a file has at most 255 octets; udev's own texts are far below these. */
#define RULE_VALUE_MAX	128		/* of what is matched, with its NUL */
#define RULE_NUMBER_MAX	8		/* likewise, of the short ones */
#define RULE_NAME_MAX	200
#define RULE_PATH_MAX	(4096 + 256)
#define RULE_TEXT_MAX	4096
#define RULE_WHY_MAX	512

/* How an adapter is known. */
enum rule_how {
	RULE_SERIAL,	/* USB: by serial number and interface */
	RULE_PLACE,	/* USB: by where it is plugged in, and its model */
	RULE_ANYWHERE,	/* USB: by its model, all that have no serial number */
	RULE_KERNEL,	/* not USB: by the kernel's name for it */
	RULE_HOWS,
};

/* What a rule is to be made for. */
enum rule_wish {
	RULE_DISABLE,		/* it is left alone */
	RULE_ENABLE,		/* it is attached */
	RULE_ENABLE_ANYWHERE,	/* likewise, by its model; for one without a number of its own */
};

/* In place of a serial number: some number, whatever it is. */
#define RULE_ANY	"?*"

/**
 * struct rule - a rule
 * @name: names the file: 77-amshan-NAME.rules
 * @text: of its file, as it was read; "": it was not, or could not be
 * @why: what is wrong with the file: a sentence without full stop; "": nothing
 * @is_foreign: it is not as rule_print() writes it: of the following nothing is known.  Else only a
 *              setting can be wrong with it
 * @how: how the adapter is known; the texts that do not belong to it are ""
 * @kernel: name of the tty
 * @id: as in struct adapter, as the next ones
 * @serial: "": it has none; RULE_ANY
 * @interface: likewise
 * @port: "": whichever
 * @place: likewise
 * @vendor_id: likewise
 * @model_id: likewise
 * @enable: it is attached; else it is left alone
 * @settings: if it is attached; without a path.  The default in place of a wrong one
 * @framing: likewise; anything but LINK_HDLC: it is not attached, amshand reads it
 */
struct rule {
	char name[RULE_NAME_MAX];
	char text[RULE_TEXT_MAX];
	char why[RULE_WHY_MAX];
	bool is_foreign;
	enum rule_how how;
	char kernel[RULE_VALUE_MAX];
	char id[RULE_VALUE_MAX];
	char serial[RULE_VALUE_MAX];
	char interface[RULE_NUMBER_MAX];
	char port[RULE_NUMBER_MAX];
	char place[RULE_VALUE_MAX];
	char vendor_id[RULE_NUMBER_MAX];
	char model_id[RULE_NUMBER_MAX];
	bool enable;
	struct serial_settings settings;
	enum link_framing framing;
};

/* rule_is_plain() - not empty, short enough, and without a character that a rule must not have */
bool rule_is_plain(const char *text);

/**
 * rule_make() - how an adapter is to be known
 * @a: the adapter
 * @wish: what for
 * @twin: name of another adapter with the same serial number that is plugged in, or NULL
 * @ret: without settings, which are the defaults; untouched on failure
 * @note: what the user should know of the way that was taken, "": nothing; a sentence
 * @why: a sentence on failure
 * @size: of @note and of @why
 *
 * By serial number if it is one that tells the adapter from others and can stand in a rule; else by
 * place, and @note says so.
 *
 * Return: 0, or -EINVAL: it cannot be known in this way.
 */
int rule_make(const struct adapter *a, enum rule_wish wish, const char *twin, struct rule *ret,
	      char *note, char *why, size_t size);

/* rule_matches() - is it about this adapter? */
bool rule_matches(const struct rule *r, const struct adapter *a);

/*
 * rule_first() - the one of @n rules, in the order of their names, that decides about this adapter;
 * NULL: none of them
 */
const struct rule *rule_first(const struct rule *list, size_t n, const struct adapter *a);

/* rule_print() - the text of its file; returns @buf (RULE_TEXT_MAX octets) */
char *rule_print(const struct rule *r, char *buf);

/**
 * rule_parse() - from the text of a file
 * @text: as rule_print() wrote it, and perhaps the user changed its settings
 * @name: of the rule
 * @ret: the rule; with @ret->why if a setting is wrong, or the text is something else
 */
void rule_parse(const char *text, const char *name, struct rule *ret);

/* rule_parity() - "none", "even", "odd" */
const char *rule_parity(enum serial_parity p);

/* ---- files ---- */

/**
 * rule_path() - the file of a rule
 * @folder: RULE_FOLDER
 * @name: of the rule
 * @buf: the path; RULE_PATH_MAX octets
 *
 * Return: @buf.
 */
char *rule_path(const char *folder, const char *name, char *buf);

/**
 * rule_list() - all rules there are
 * @folder: RULE_FOLDER
 * @ret: to be freed; in the order of their names, with those that cannot be read or understood
 * @n: their number; 0 if there is no such folder
 *
 * Return: 0 or a negative errno.
 */
int rule_list(const char *folder, struct rule **ret, size_t *n);

/**
 * rule_write() - write a rule's file, or what is there anew
 * @folder: RULE_FOLDER; made if it is missing
 * @r: the rule
 * @why: a sentence on failure
 * @size: of @why
 *
 * Whenever the machine stops there is the old file or the new one.
 *
 * Return: 0 or a negative errno.
 */
int rule_write(const char *folder, const struct rule *r, char *why, size_t size);

/* rule_put_back() - the same with the text that it had when it was read */
int rule_put_back(const char *folder, const struct rule *r, char *why, size_t size);

/* rule_remove() - take a rule's file away; 0, or a negative errno with a sentence in @why */
int rule_remove(const char *folder, const char *name, char *why, size_t size);

#endif /* AMSHAN_CTL_RULE_H */
