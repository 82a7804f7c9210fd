/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Lines: what monitor prints into a pipe, one line per message.
 *
 * A message of a meter comes as several signals, one behind the other: InterfacesAdded of what is
 * new, PropertiesChanged of each group, of the clock.  They are put together here; a message is
 * whole when the next one begins or the signals pause.
 */
#ifndef AMSHAN_CTL_LINES_H
#define AMSHAN_CTL_LINES_H

#include "ctl/model.h"

/**
 * struct lines - the message that is being put together
 * @json: print JSON
 * @pending: there is one
 * @id: of its meter
 * @received: its time, 0 while unknown
 * @values: its numbers
 * @derived: bit per enum quantity: it is not measured
 * @groups: bit per group that came by PropertiesChanged
 * @local: the meter's clock, "" if the message has none
 */
struct lines {
	bool json;
	bool pending;
	char id[METER_ID_MAX];
	u64 received;
	struct model_values values;
	u64 derived[READINGS_WORDS];
	unsigned int groups;
	char local[COSEM_TIME_ISO_MAX];
};

/*
 * lines_values(), lines_clock() - a part of a message; prints the one before if that is whole now
 */
void lines_values(struct lines *l, const struct model_meter *m, enum quantity_group group,
		  const struct model_values *v, u64 received, bool added);
void lines_clock(struct lines *l, const struct model_meter *m);

/* lines_availability() - as text; JSON has messages only */
void lines_availability(struct lines *l, struct model_meter *m);

/* lines_flush() - print what is pending: nothing more comes of it */
void lines_flush(struct lines *l);

#endif /* AMSHAN_CTL_LINES_H */
