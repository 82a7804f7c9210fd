// SPDX-License-Identifier: GPL-2.0
/*
 * amshanctl list: the meters that amshand knows.
 */
#include "ctl/bus.h"
#include "ctl/ctl.h"
#include "ctl/report.h"
#include "ctl/table.h"
#include "ctl/text.h"
#include "util.h"

static int print_json(const struct model *m)
{
	json_t *array = json_array();

	for (size_t i = 0; array && i < m->n_meters; i++) {
		if (json_array_append_new(array, report_meter(m->meters[i])) == 0)
			continue;
		json_decref(array);
		array = NULL;
	}
	return report_print(array);
}

static int add_meter(struct libscols_table *t, const struct model_meter *m, u64 now)
{
	char id[TEXT_MAX], maker[TEXT_MAX], type[TEXT_MAX], source[TEXT_MAX], power[TEXT_MAX];
	char ago[TEXT_MAX];
	const char *const cells[] = {
		text_escape(m->id, id, sizeof(id)),
		text_escape(m->identity[ID_MANUFACTURER], maker, sizeof(maker)),
		text_escape(m->identity[ID_METER_TYPE], type, sizeof(type)),
		!m->available ? "no" : m->unverified ? "yes, unverified" : "yes",
		/* What was sent long ago is no power "now". */
		m->available ? report_power(&m->values, power, sizeof(power)) : "",
		text_ago(model_last_message(m), now, ago, sizeof(ago)),
		text_escape(m->source, source, sizeof(source)),
	};

	return table_add(t, cells, ARRAY_SIZE(cells));
}

static int print_table(const struct model *m)
{
	static const struct table_column columns[] = {
		{ "METER" }, { "MAKER" }, { "TYPE" }, { "AVAILABLE" },
		{ "POWER", .right = true }, { "LAST MESSAGE" }, { "SOURCE" },
	};
	_cleanup_(table_unrefp) struct libscols_table *t = table_new(columns, ARRAY_SIZE(columns));
	u64 now = real_us();

	if (!t)
		return report_no_memory();
	for (size_t i = 0; i < m->n_meters; i++)
		if (add_meter(t, m->meters[i], now) < 0)
			return report_no_memory();
	if (m->n_meters)
		table_print(t);
	else
		ctl_say("no meter yet; \"amshanctl status\" says how the sources are");
	return CTL_OK;
}

int ctl_list(const struct ctl_options *o)
{
	_cleanup_(model_clearp) struct model m = { 0 };

	if (bus_load(o, &m) < 0)
		return CTL_FAILED;
	return o->json ? print_json(&m) : print_table(&m);
}
