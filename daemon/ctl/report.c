// SPDX-License-Identifier: GPL-2.0
/*
 * What the subcommands that ask amshand print alike.
 */
#include <errno.h>
#include <stdio.h>

#include "ctl/report.h"
#include "ctl/text.h"
#include "output/json.h"
#include "util.h"

json_t *report_number(double v)
{
	struct decimal d;

	return decimal_from_double(v, &d) == 0 ? json_decimal(d) : json_real(v);
}

int report_add(json_t *object, const char *name, json_t *value)
{
	return value && json_object_set_new(object, name, value) == 0 ? 0 : -ENOMEM;
}

int report_add_text(json_t *object, const char *name, const char *text)
{
	return *text ? report_add(object, name, json_string(text)) : 0;
}

int report_add_time(json_t *object, const char *name, u64 us)
{
	char iso[ISO_UTC_MAX];

	return us ? report_add(object, name, json_string(iso_utc(us, iso))) : 0;
}

static json_t *report_value(enum quantity q, double v)
{
	char iso[ISO_UTC_MAX];

	if (quantity_table[q].kind != KIND_TIME)
		return report_number(v);
	return json_string(iso_utc((u64)v * USEC_PER_SEC, iso));
}

int report_add_values(json_t *object, const struct model_values *v, const u64 *derived)
{
	for (unsigned int q = 0; q < Q_COUNT; q++)
		if (model_has(v, q) &&
		    report_add(object, quantity_table[q].name, report_value(q, v->value[q])) < 0)
			return -ENOMEM;
	return json_add_derived(object, derived, v->present, JSON_GROUPS_ALL);
}

json_t *report_meter(const struct model_meter *m)
{
	json_t *j = json_object();
	int r;

	if (!j)
		return NULL;
	r = report_add_text(j, "id", m->id);
	if (r == 0)
		r = report_add_text(j, "source", m->source);
	if (r == 0)
		r = report_add_text(j, "via", m->via);
	for (unsigned int i = 0; i < ID_COUNT && r == 0; i++)
		r = report_add_text(j, identity_names[i], m->identity[i]);
	if (r == 0)
		r = report_add(j, "available", json_boolean(m->available));
	if (r == 0 && m->unverified)
		r = report_add(j, UNVERIFIED_NAME, json_true());
	if (r == 0)
		r = report_add_text(j, "problem", m->problem);
	if (r == 0)
		r = report_add_time(j, "last_message", model_last_message(m));
	if (r == 0)
		r = report_add(j, "messages", json_integer((json_int_t)m->messages));
	if (r == 0)
		r = report_add_text(j, METER_TIME_NAME, m->local);
	if (r == 0)
		r = report_add_values(j, &m->values, m->derived);
	if (r == 0)
		return j;
	json_decref(j);
	return NULL;
}

int report_no_memory(void)
{
	ctl_say("out of memory");
	return CTL_FAILED;
}

int report_print(json_t *j)
{
	_cleanup_free_ char *line = j ? json_dumps(j, JSON_LINE | JSON_ENSURE_ASCII) : NULL;

	json_decref(j);
	if (!line)
		return report_no_memory();
	puts(line);
	return CTL_OK;
}

char *report_power(const struct model_values *v, char *buf, size_t size)
{
	bool import = model_has(v, Q_ACTIVE_POWER_IMPORT);
	bool export = model_has(v, Q_ACTIVE_POWER_EXPORT);
	char number[TEXT_MAX];
	double power = 0;

	*buf = '\0';
	if (import)
		power += v->value[Q_ACTIVE_POWER_IMPORT];
	if (export)
		power -= v->value[Q_ACTIVE_POWER_EXPORT];
	if (import || export)
		snprintf(buf, size, "%s W", text_number(power, number, sizeof(number)));
	return buf;
}
