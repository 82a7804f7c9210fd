// SPDX-License-Identifier: GPL-2.0
/*
 * amshanctl doctor: the list of findings, the order of the checks, and how they are printed.
 *
 * What is looked at is in doctor_kernel.c, doctor_udev.c, doctor_adapters.c, doctor_config.c,
 * doctor_services.c.
 * Nothing here waits without a limit, and whatever is missing (udev, systemd, a bus) is a sentence.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "ctl/doctor_internal.h"
#include "ctl/report.h"
#include "ctl/text.h"
#include "util.h"

static const char *const kind_names[] = {
	[FINDING_OK] = "ok",
	[FINDING_NOTE] = "note",
	[FINDING_WRONG] = "wrong",
};

void findings_add(struct findings *l, enum finding_kind kind, const char *about, const char *fmt,
		  ...)
{
	char text[FINDING_TEXT_MAX];
	struct finding *f;
	va_list ap;

	if (kind == FINDING_WRONG)
		l->wrong = true;
	if (l->n == FINDINGS_MAX) {
		l->more++;
		return;
	}
	f = &l->f[l->n++];
	f->kind = kind;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	text_escape(text, f->text, sizeof(f->text));
	text_escape(about, f->about, sizeof(f->about));
}

void doctor_check(struct doctor *d)
{
	static void (*const checks[])(struct doctor * d) = {
		doctor_module,	 doctor_slot,	 doctor_signature, doctor_udev,
		doctor_adapters, doctor_ports,	 doctor_unit,	   doctor_config,
		doctor_amshand,	 doctor_sources, doctor_meters, doctor_broker,
	};

	for (size_t i = 0; i < ARRAY_SIZE(checks); i++)
		checks[i](d);
}

void doctor_look(const struct ctl_options *o, struct findings *l)
{
	/* Off the stack, as the list itself. */
	static struct doctor d;

	*l = (struct findings){ 0 };
	doctor_gather(&d, o, l);
	d.may_load = d.root;
	doctor_check(&d);
	doctor_clear(&d);
}

const char *finding_kind_name(enum finding_kind kind)
{
	return kind_names[kind];
}

void doctor_print(const struct findings *l)
{
	int width = 0;

	for (size_t i = 0; i < l->n; i++)
		if ((int)strlen(l->f[i].about) > width)
			width = (int)strlen(l->f[i].about);
	/* A long name does not push the others away. */
	if (width > 24)
		width = 24;
	for (size_t i = 0; i < l->n; i++)
		printf("%-5s  %-*s  %s\n", kind_names[l->f[i].kind], width, l->f[i].about,
		       l->f[i].text);
	if (l->more)
		printf("and %zu more\n", l->more);
}

static json_t *finding_json(const struct finding *f)
{
	json_t *j = json_object();

	if (j && report_add_text(j, "kind", kind_names[f->kind]) == 0 &&
	    report_add_text(j, "about", f->about) == 0 && report_add_text(j, "text", f->text) == 0)
		return j;
	json_decref(j);
	return NULL;
}

static int print_json(const struct findings *l)
{
	json_t *j = json_object(), *array = json_array();
	int r = j && array ? 0 : -1;

	for (size_t i = 0; i < l->n && r == 0; i++)
		r = json_array_append_new(array, finding_json(&l->f[i]));
	if (r == 0)
		r = report_add(j, "wrong", json_boolean(l->wrong));
	if (r == 0)
		r = report_add(j, "findings", json_incref(array));
	if (r == 0 && l->more)
		r = report_add(j, "more", json_integer((json_int_t)l->more));
	json_decref(array);
	if (r < 0) {
		json_decref(j);
		j = NULL;
	}
	return report_print(j);
}

int ctl_doctor(const struct ctl_options *o)
{
	static struct findings l;
	int status = CTL_OK;

	doctor_look(o, &l);
	if (o->json)
		status = print_json(&l);
	else
		doctor_print(&l);
	return l.wrong ? CTL_FAILED : status;
}
