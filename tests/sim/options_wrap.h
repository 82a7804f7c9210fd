/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The options of the simulator about what lies around a message.
 */
#ifndef SIM_OPTIONS_WRAP_H
#define SIM_OPTIONS_WRAP_H

#include "options.h"

/* Each reads one argument; all return 0, or -EINVAL after a sentence on stderr. */
int sim_option_framing(struct sim_options *o, const char *text);
int sim_option_p1_crc(struct sim_options *o, const char *text);
int sim_option_security(struct sim_options *o, const char *text);

/**
 * sim_option_octets() - read hex digits, or, behind an '@', the name of a file with them
 * @name: of the option
 * @text: its argument
 * @ret: gets @n octets; untouched on failure
 * @n: their number
 */
int sim_option_octets(const char *name, const char *text, u8 *ret, size_t n);

/* sim_options_wrap_check() - fill in what was not given, refuse what makes no sense */
int sim_options_wrap_check(struct sim_options *o);

/* sim_option_wrong() - a sentence on stderr; returns -EINVAL */
__attribute__((format(printf, 1, 2)))
int sim_option_wrong(const char *fmt, ...);

#endif /* SIM_OPTIONS_WRAP_H */
