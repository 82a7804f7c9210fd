// SPDX-License-Identifier: GPL-2.0
/*
 * What was sent, as lines of JSON.  Numbers are written with the digits of the wire.
 */
#include <errno.h>

#include "calendar.h"
#include "truth.h"

static void write_faults(FILE *f, unsigned int faults)
{
	const char *between = "";
	const char *name;

	for (unsigned int bit = 0; (name = sim_fault_name(bit)); bit++) {
		if (faults & 1 << bit) {
			fprintf(f, "%s\"%s\"", between, name);
			between = ",";
		}
	}
}

static void write_readings(FILE *f, const struct sim_reading *readings, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		const struct sim_reading *r = &readings[i];
		const char *quote = r->is_text ? "\"" : "";

		fprintf(f, "%s\"%s\":%s%s%s", i ? "," : "", r->name, quote, r->text, quote);
	}
}

static void write_missing(FILE *f, const struct sim_expected *x)
{
	const char *between = "";

	for (unsigned int i = 0; i < x->n; i++) {
		if (x->reading[i].missing) {
			fprintf(f, "%s\"%s\"", between, x->reading[i].name);
			between = ",";
		}
	}
}

int sim_truth_write(FILE *f, unsigned int meter, const char *id, const struct sim_message *m)
{
	struct sim_date d;

	sim_date_of(m->clock_s, &d);
	fprintf(f, "{\"meter\":%u,\"id\":\"%s\",\"list\":%d,", meter, id, m->list);
	fprintf(f, "\"time\":\"%04d-%02d-%02dT%02d:%02d:%02dZ\",", d.year, d.month, d.day, d.hour,
		d.minute, d.second);
	fprintf(f, "\"damaged\":%s,", m->faults & SIM_DAMAGE ? "true" : "false");
	fprintf(f, "\"repeated\":%s,\"faults\":[", m->repeated ? "true" : "false");
	write_faults(f, m->faults);
	fputs("],\"readings\":{", f);
	write_readings(f, m->expected.reading, m->expected.n);
	fputs("},\"channel\":{", f);
	write_readings(f, m->channel.reading, m->channel.n);
	fputs("},\"missing\":[", f);
	write_missing(f, &m->expected);
	fputs("]}\n", f);
	return fflush(f) || ferror(f) ? -EIO : 0;
}
