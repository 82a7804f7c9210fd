// SPDX-License-Identifier: GPL-2.0
/*
 * The order and the times of a meter's lists.
 *
 * A meter has a beat (tick) on its clock's full minute.  On each list2_ticks-th tick a list 2 is
 * due, on the others a list 1 if the maker has one.  The hourly list takes the place of the list 2
 * that is due ten seconds after the full hour; Kamstrup sends it by itself five seconds after the
 * hour.
 */
#include <errno.h>
#include <string.h>

#include "forms.h"
#include "stream.h"

#define MS_PER_HOUR	3600000
#define ALIGN_MS	10000

unsigned int sim_form_period_ms(enum sim_form form)
{
	const struct sim_form_info *f = &sim_form_table[form];

	return f->maker->tick_ms * (sim_form_has_list(form, 1) ? 1 : f->maker->list2_ticks);
}

int sim_stream_init(struct sim_stream *s, const struct sim_stream_settings *set)
{
	u8 octets[SIM_OCTETS_MAX];
	struct sim_parts parts;
	int r;

	memset(s, 0, sizeof(*s));
	s->set = *set;
	if (set->wrap.cipher)
		s->cipher = *set->wrap.cipher;
	s->start_ms = set->start_s * 1000;
	s->start_ms -= s->start_ms % ALIGN_MS;
	sim_house_init(&s->house, set->form, set->solar, set->seed, s->start_ms);
	sim_rng_seed(&s->faults, set->seed, 1);
	if ((set->id && strlen(set->id) >= SIM_TEXT_MAX) ||
	    (set->type && strlen(set->type) >= SIM_TEXT_MAX))
		return -EINVAL;
	if (set->id)
		strcpy(s->house.values.id, set->id);
	if (set->type)
		strcpy(s->house.values.type, set->type);
	s->set.id = s->set.type = NULL;	/* copied; the caller's may go */
	s->hour = s->house.values;
	s->hour.clock -= ALIGN_MS / 1000;
	r = sim_build_wrapped(set->form, 3, &set->wrap, &s->hour, octets, sizeof(octets), NULL,
			      NULL, &parts);
	return r < 0 ? r : 0;
}

/* The hourly list, at its time or as often as the settings say. */
static bool hourly_due(const struct sim_stream *s, s64 now_ms)
{
	const struct sim_maker *m = sim_form_table[s->set.form].maker;
	s64 after_list2_ms = m->hourly_ms % ALIGN_MS;

	if (s->set.no_hourly)
		return false;
	if (s->set.hourly_every)
		return s->lists2 % s->set.hourly_every == 0 && s->lists2 &&
		       now_ms % ALIGN_MS == after_list2_ms;
	return now_ms % MS_PER_HOUR == m->hourly_ms;
}

/* The list that is due at a tick, 0 if none is. */
static int list_due(struct sim_stream *s, s64 now_ms)
{
	const struct sim_maker *m = sim_form_table[s->set.form].maker;
	bool list2 = now_ms / m->tick_ms % m->list2_ticks == 0;

	if (list2)
		s->lists2++;
	if (!m->hourly_ms)
		return 3;
	if (hourly_due(s, now_ms))
		return 3;
	if (list2)
		return 2;
	return sim_form_has_list(s->set.form, 1) ? 1 : 0;
}

/* Aidon's hourly list has the clock and the registers of the full hour, ten seconds ago. */
static void take_hour(struct sim_stream *s, int list, struct sim_values *v)
{
	const struct sim_form_info *f = &sim_form_table[s->set.form];

	if (list != 3 || f->maker->shape != SIM_ROWS || !f->maker->hourly_ms)
		return;
	v->clock = s->hour.clock;
	memcpy(&v->q[SIM_A_IMPORT], &s->hour.q[SIM_A_IMPORT], 4 * sizeof(v->q[0]));
}

/* Put noise in front, spoil the message, leave out the opening flag if there is one already. */
static void send(struct sim_stream *s, const u8 *octets, size_t n, const struct sim_parts *parts,
		 struct sim_message *ret)
{
	const struct sim_faults *f = &s->set.faults;
	enum sim_framing framing = s->set.wrap.framing;
	struct sim_parts copy = *parts;
	bool hdlc = framing == SIM_HDLC;
	u8 *p;

	ret->n = sim_faults_noise(f, &s->faults, ret->octets);
	p = ret->octets + ret->n;
	memcpy(p, octets, n);
	n = sim_faults_apply(f, &s->faults, framing, p, n, &copy, &ret->faults);
	if (ret->n)
		ret->faults |= SIM_NOISE;
	if (hdlc && f->shared_flag && s->flag && !ret->n)
		memmove(p, p + 1, --n);
	s->flag = hdlc && !(ret->faults & SIM_CUT);
	ret->n += n;
}

static int build(struct sim_stream *s, int list, struct sim_message *ret)
{
	struct sim_wrap wrap = s->set.wrap;
	struct sim_values v = s->house.values;
	u8 octets[SIM_OCTETS_MAX];
	struct sim_parts parts;
	int n;

	take_hour(s, list, &v);
	if (wrap.cipher)
		wrap.cipher = &s->cipher;
	n = sim_build_wrapped(s->set.form, list, &wrap, &v, octets, sizeof(octets),
			      &ret->expected, &ret->channel, &parts);
	if (n < 0)
		return n;
	s->cipher.counter++;
	if (list == 3 && s->set.repeat_hourly && sim_form_table[s->set.form].maker->hourly_ms) {
		memcpy(s->again.octets, octets, n);
		s->again.n = n;
		s->again.parts = parts;
		s->again.expected = ret->expected;
		s->repeat = true;
	}
	send(s, octets, n, &parts, ret);
	return 0;
}

int sim_stream_next(struct sim_stream *s, struct sim_message *ret)
{
	u32 tick_ms = sim_form_table[s->set.form].maker->tick_ms;
	s64 now_ms;
	int list, r = 0;

	do {
		now_ms = s->start_ms + s->tick * tick_ms;
		if (s->tick++)
			sim_house_step(&s->house, now_ms);
		list = list_due(s, now_ms);
	} while (!list);

	ret->at_ms = now_ms - s->start_ms;
	ret->clock_s = now_ms / 1000;
	ret->repeated = s->repeat;
	if (s->repeat) {
		s->repeat = false;
		ret->list = 3;
		ret->expected = s->again.expected;
		ret->channel.n = 0;
		send(s, s->again.octets, s->again.n, &s->again.parts, ret);
	} else {
		ret->list = list;
		r = build(s, list, ret);
	}
	if (now_ms % ALIGN_MS == 0)
		s->hour = s->house.values;
	return r;
}
