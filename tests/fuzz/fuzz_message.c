// SPDX-License-Identifier: GPL-2.0
/*
 * Fuzz the decoder: APDUs and bodies, as a source would, what the daemon makes of them, and how they
 * are shown as a tree.
 *
 * Input: one octet that says APDUs or bodies, then the information field.
 */
#include <stdlib.h>
#include <string.h>

#include "ctl/element.c"
#include "ctl/obis_name.c"
#include "ctl/text.c"
#include "ctl/tree.c"
#include "meter/clock.h"
#include "meter/meter.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t n);

static void show(const struct message *msg, const u8 *end)
{
	static FILE *nowhere;

	if (!nowhere)
		nowhere = fopen("/dev/null", "w");
	if (!nowhere)
		abort();
	tree_marks(nowhere, msg);
	tree_print(nowhere, msg, msg->apdu.body, end);
}

static void look(const struct message *msg, const u8 *begin, const u8 *end)
{
	static const struct meter_settings settings = {
		.scale = { .factor = { { 50, 0 }, { 50, 0 }, { 5, -1 }, { 5, -1 }, { 3, 100 }, { 1, 0 },
				       { 1, 0 } },
			   .active = true },
		.derive_l2 = true,
	};
	struct meter *m = meter_new("fuzz", "fuzz");
	static struct readings r;
	struct meter_update u;
	struct meter_clock c;
	char text[DECIMAL_TEXT_MAX], obis[OBIS_TEXT_MAX];

	if (!m)
		abort();
	if (msg->list.n > LIST_MAX)
		abort();
	for (unsigned int i = 0; i < msg->list.n; i++) {
		const struct axdr *v = &msg->list.reg[i].value;

		if (v->data < begin || v->data + v->len > end)
			abort();
		obis_text(msg->list.reg[i].obis, obis);
	}
	for (unsigned int i = 0; i < ID_COUNT; i++) {
		const struct text *t = &msg->readings.identity[i];

		if (i != ID_MANUFACTURER && t->len &&
		    ((const u8 *)t->p < begin || (const u8 *)t->p + t->len > end))
			abort();
	}
	meter_interpret(msg, &settings, &r, &c, 1);
	for_each_reading(q, &r) {
		if (decimal_text(r.value[q], text) >= (int)sizeof(text))
			abort();
	}
	meter_update(m, &r, &c, 1, &u);
	meter_free(m);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t n)
{
	static struct message msg;
	struct decoder d = { 0 };
	const u8 *p, *end, *before;
	bool body;
	int r;

	if (!n)
		return 0;
	body = *data & 1;
	p = data + 1;
	end = data + n;

	for (;;) {
		before = p;
		r = body ? message_next_body(&d, &p, end, &msg) : message_next(&d, &p, end, &msg);
		if (r < 0) {
			if (p != before || !message_error(r))
				abort();
			return 0;
		}
		if (p <= before || p > end)
			abort();
		look(&msg, data, end);
		if (msg.apdu.tag == APDU_DATA_NOTIFICATION)
			show(&msg, p);
	}
}
