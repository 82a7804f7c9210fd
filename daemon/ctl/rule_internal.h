/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Rules: what matching one and writing one share.
 */
#ifndef AMSHAN_CTL_RULE_INTERNAL_H
#define AMSHAN_CTL_RULE_INTERNAL_H

#include "ctl/rule.h"

#define BIT(n)		(1u << (n))

#define RULE_KEYS	8

/**
 * struct rule_key - what of a rule is compared with what of an adapter
 * @key: as udev has it
 * @rule: where its text is in struct rule
 * @adapter: likewise in struct adapter
 * @size: of that in the rule
 * @hows: the ways in which it counts, a bit for each
 * @optional: not compared if the rule says nothing
 */
extern const struct rule_key {
	const char *key;
	size_t rule, adapter;
	size_t size;
	unsigned int hows;
	bool optional;
} rule_keys[RULE_KEYS];

const char *rule_value(const struct rule *r, const struct rule_key *k);

/* rule_key_counts() - is it one of those by which this rule knows its adapter? */
bool rule_key_counts(const struct rule *r, const struct rule_key *k);

#endif /* AMSHAN_CTL_RULE_INTERNAL_H */
