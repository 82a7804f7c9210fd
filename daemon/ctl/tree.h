/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The tree of a message: all its elements with their types, and what codes, scalers and units in it
 * mean; what a user needs to describe a list in a table (tables.h).
 */
#ifndef AMSHAN_CTL_TREE_H
#define AMSHAN_CTL_TREE_H

#include <stdio.h>

#include "meter/message.h"

/* tree_marks() - one line: what a table knows such a list by, in the words of a table */
void tree_marks(FILE *f, const struct message *msg);

/**
 * tree_print() - one element per line; of a telegram one value per line
 * @f: where to
 * @msg: the message, well-formed
 * @body: its body
 * @end: end of the body
 */
void tree_print(FILE *f, const struct message *msg, const u8 *body, const u8 *end);

#endif /* AMSHAN_CTL_TREE_H */
