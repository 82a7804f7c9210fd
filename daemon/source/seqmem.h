/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Sequence memory: which record of a port was handed on last, also after kill -9.
 *
 * A small file in the runtime folder, one fixed slot for each index of a port.  There is at most
 * one attachment of an index at a time, so a new one takes the slot of the one before, and the
 * file never grows.  Numbers are good only until the machine starts anew: the file names the boot.
 *
 * A slot is written by one pwrite() of a few aligned octets: into the page cache, which survives
 * the process, whatever kills it; no signal comes between its octets, so there is no half a slot.
 * (A shared mapping would save the call, but a full file system would then end the daemon by
 * SIGBUS.)  The folder is a tmpfs: nothing is written to a disk.
 */
#ifndef AMSHAN_SOURCE_SEQMEM_H
#define AMSHAN_SOURCE_SEQMEM_H

#include <amshan/types.h>

struct seqmem;

/**
 * seqmem_open() - the memory of a folder
 * @dir: the folder; made if it is not there
 * @ret: the memory
 *
 * What cannot be read, written, or trusted is said in a sentence; then it begins empty, or
 * remembers only as long as this process runs.
 *
 * Return: 0 or -ENOMEM.
 */
int seqmem_open(const char *dir, struct seqmem **ret);
void seqmem_free(struct seqmem *m);

/**
 * seqmem_next() - number of the first record that was not handed on yet
 * @m: the memory
 * @index: of the port
 * @attach_ns: time of its attachment
 *
 * Return: the number, 0 if none of this attachment is remembered.
 */
u64 seqmem_next(const struct seqmem *m, unsigned int index, u64 attach_ns);

/**
 * seqmem_set() - all records below @next were handed on
 * @m: the memory
 * @index: of the port
 * @attach_ns: time of its attachment; one that is older than what the slot has is passed over: the
 *             rest of a port that is gone may still be read when its index is in use again
 * @next: greater than before
 */
void seqmem_set(struct seqmem *m, unsigned int index, u64 attach_ns, u64 next);

#endif /* AMSHAN_SOURCE_SEQMEM_H */
