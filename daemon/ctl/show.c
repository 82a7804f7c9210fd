// SPDX-License-Identifier: GPL-2.0
/*
 * amshanctl show, forget: all that is known of one meter.
 */
#include <stdio.h>

#include "ctl/bus.h"
#include "ctl/ctl.h"
#include "ctl/report.h"
#include "ctl/table.h"
#include "ctl/text.h"
#include "util.h"

static void print_line(const char *title, const char *text)
{
	char safe[METER_PROBLEM_MAX];

	if (*text)
		printf("%-13s %s\n", title, text_escape(text, safe, sizeof(safe)));
}

static void print_identity(const struct model_meter *m, u64 now)
{
	u64 last = model_last_message(m);
	char when[TEXT_MAX], ago[TEXT_MAX];

	print_line("Meter", m->id);
	print_line("Number", m->identity[ID_METER_ID]);
	print_line("Maker", m->identity[ID_MANUFACTURER]);
	print_line("Type", m->identity[ID_METER_TYPE]);
	print_line("List version", m->identity[ID_LIST_VERSION]);
	print_line("Source", m->source);
	print_line("Behind", m->via);
	print_line("Available", m->available ? "yes" : "no");
	if (m->unverified)
		print_line("Verified", "no: neither a checksum nor a tag spoke for its last message");
	print_line("Problem", m->problem);
	print_line("Clock", m->local);
	printf("%-13s %s", "Last message", text_time(last, now, when, sizeof(when)));
	if (last)
		printf(", %s; %llu since amshand began", text_ago(last, now, ago, sizeof(ago)),
		       (unsigned long long)m->messages);
	putchar('\n');
}

/* "V", and of what the meter did not send "V, derived" */
static const char *unit_of(const struct model_meter *m, unsigned int q, char *buf, size_t size)
{
	const char *unit = kind_table[quantity_table[q].kind].unit;
	bool derived = q >= Q_SENT_COUNT || m->derived[q / 64] >> (q % 64) & 1;

	snprintf(buf, size, "%s%s%s", unit, derived && *unit ? ", " : "", derived ? "derived" : "");
	return buf;
}

static int print_values(const struct model_meter *m, u64 now)
{
	static const struct table_column columns[] = {
		{ "NAME" }, { "VALUE", .right = true }, { "UNIT" }, { "TIME" }, { "AGE" },
	};
	_cleanup_(table_unrefp) struct libscols_table *t = table_new(columns, ARRAY_SIZE(columns));
	char value[TEXT_MAX], unit[TEXT_MAX], when[TEXT_MAX], ago[TEXT_MAX];

	if (!t)
		return report_no_memory();
	for (unsigned int q = 0; q < Q_COUNT; q++) {
		u64 received = m->received[quantity_table[q].group];
		const char *const cells[] = {
			quantity_table[q].name,
			text_value(q, m->values.value[q], now, value, sizeof(value)),
			unit_of(m, q, unit, sizeof(unit)),
			text_time(received, now, when, sizeof(when)),
			text_ago(received, now, ago, sizeof(ago)),
		};

		if (model_has(&m->values, q) && table_add(t, cells, ARRAY_SIZE(cells)) < 0)
			return report_no_memory();
	}
	if (!scols_table_get_nlines(t)) {
		ctl_say("it has sent no values yet");
		return CTL_OK;
	}
	putchar('\n');
	table_print(t);
	return CTL_OK;
}

int ctl_forget(const struct ctl_options *o)
{
	if (bus_manage(o, o->counter ? "ForgetCounter" : "Forget", o->argv[0]) < 0)
		return CTL_FAILED;
	if (o->counter) {
		printf("Forgotten: the frame counter of %s. Its next message is taken, whatever its counter "
		       "is.\n", o->argv[0]);
		return CTL_OK;
	}
	printf("Forgotten: %s. If it still sends, it comes back as a new meter with its next list.\n",
	       o->argv[0]);
	return CTL_OK;
}

int ctl_show(const struct ctl_options *o)
{
	_cleanup_(model_clearp) struct model m = { 0 };
	const struct model_meter *meter;
	u64 now;

	if (bus_load(o, &m) < 0)
		return CTL_FAILED;
	meter = bus_meter(&m, o->argv[0]);
	if (!meter)
		return CTL_FAILED;
	if (o->json)
		return report_print(report_meter(meter));
	now = real_us();
	print_identity(meter, now);
	return print_values(meter, now);
}
