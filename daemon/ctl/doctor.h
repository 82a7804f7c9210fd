/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Doctor: a list of findings, from the kernel module to the broker; report prints it too.
 */
#ifndef AMSHAN_CTL_DOCTOR_H
#define AMSHAN_CTL_DOCTOR_H

#include "ctl/ctl.h"

#define FINDINGS_MAX		256
#define FINDING_TEXT_MAX	768

enum finding_kind {
	FINDING_OK,
	FINDING_NOTE,	/* not as it could be, and not wrong */
	FINDING_WRONG,
};

/**
 * struct finding - one line of what was found
 * @kind: see above
 * @about: what was looked at: "module", "rules", "adapter ttyUSB0", "source house", "broker", ...
 * @text: what is, or what is wrong and what to do: a sentence without full stop
 */
struct finding {
	enum finding_kind kind;
	char about[128];
	char text[FINDING_TEXT_MAX];
};

/**
 * struct findings - in the order in which they were looked for
 * @n: their number; what is beyond FINDINGS_MAX is counted in @more
 * @more: likewise
 * @wrong: there is one that is wrong, also among those in @more
 */
struct findings {
	struct finding f[FINDINGS_MAX];
	size_t n;
	size_t more;
	bool wrong;
};

/* findings_add() - add one; the text is made as printf() does, and harmless for a terminal then */
void findings_add(struct findings *l, enum finding_kind kind, const char *about, const char *fmt,
		  ...) __attribute__((format(printf, 4, 5)));

/* doctor_look() - look at everything; @l is large: keep it off the stack */
void doctor_look(const struct ctl_options *o, struct findings *l);

/* doctor_print() - as text, on stdout */
void doctor_print(const struct findings *l);

#endif /* AMSHAN_CTL_DOCTOR_H */
