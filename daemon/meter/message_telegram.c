// SPDX-License-Identifier: GPL-2.0
/*
 * Messages: from a telegram of P1 to named readings.
 *
 * Numbers have their units with them, so there are no tables of scalers here.  What differs is who
 * the meter is (the letters of its identification), what its clock shows (by the country, which
 * its lines tell), and that other meters stand in the same telegram, by channel.
 */
#include <errno.h>
#include <string.h>

#include "meter/message.h"
#include "meter/telegram.h"
#include "util.h"

#define CHANNEL_MAX	4	/* DSMR 5.0.2 P1, 6.12: four M-Bus clients */

#define OBIS_CLOCK	OBIS(0, 0, 1, 0, 0, 255)
#define OBIS_TARIFF	OBIS(0, 0, 96, 14, 0, 255)
/* Of a channel: B is left out. */
#define CHANNEL_TYPE	OBIS(0, 0, 24, 1, 0, 255)
#define CHANNEL_ID	OBIS(0, 0, 96, 1, 0, 255)
#define CHANNEL_ID_2	OBIS(0, 0, 96, 1, 1, 255)	/* Belgium */

/*
 * What the clock shows.  The letter behind it says S in summer and W in winter in the Netherlands
 * and in the countries that took their P1 over: it is legal time.  Swedish meters, whose telegram
 * is the shortest, show normal time all the year, whatever the letter (Energiföretagen, customer
 * interface).
 */
enum wall {
	WALL_UNKNOWN,
	WALL_LEGAL,
	WALL_NORMAL,
	WALL_COUNT,
};

/* A maker has no lists of its own here, only a name; the clock depends on the country. */
#define MAKERS(n)								\
	{									\
		[WALL_UNKNOWN] = { .name = n, .shape = LIST_TELEGRAM, .clock = CLOCK_WIRE },	\
		[WALL_LEGAL] = { .name = n, .shape = LIST_TELEGRAM, .clock = CLOCK_CET },	\
		[WALL_NORMAL] = { .name = n, .shape = LIST_TELEGRAM, .clock = CLOCK_UTC1 },	\
	}

/*
 * Letters of the FLAG association, as meters send them; those that stand for the network instead
 * of the maker are not in it.  The first row that fits is taken.
 */
static const struct flag {
	char letters[4];
	const char *type;	/* the type begins so, NULL: any */
	struct maker maker[WALL_COUNT];
} flags[] = {
	{ "ACE", NULL, MAKERS("Itron") },	/* Actaris */
	{ "ADN", NULL, MAKERS("Aidon") },
	{ "EGM", NULL, MAKERS("Elgama") },
	{ "ELS", NULL, MAKERS("Elster") },
	{ "EMH", NULL, MAKERS("EMH") },
	{ "ESY", NULL, MAKERS("EasyMeter") },
	{ "HAG", NULL, MAKERS("Hager") },
	{ "ISK", NULL, MAKERS("Iskraemeco") },
	{ "ITR", NULL, MAKERS("Itron") },
	{ "KAM", NULL, MAKERS("Kamstrup") },
	{ "KFM", NULL, MAKERS("Kaifa") },
	{ "KMP", NULL, MAKERS("Kamstrup") },
	{ "LGF", NULL, MAKERS("Landis+Gyr") },
	{ "LGZ", NULL, MAKERS("Landis+Gyr") },
	{ "SAG", NULL, MAKERS("Sagemcom") },
	{ "XMX", "LG", MAKERS("Landis+Gyr") },	/* with a P1 port of Xemex */
	{ "XMX", NULL, MAKERS("Xemex") },
};

/* Whose letters are in no row, and the meters behind channels. */
static const struct maker nobody[WALL_COUNT] = MAKERS("P1");

/* Texts that say who the meter is or where it stands; of several the highest rank counts. */
static const struct said {
	u64 obis;
	enum identity id;
	u8 rank;
	bool legal;		/* only where the clock shows legal time */
} said_table[] = {
	{ OBIS(1, 3, 0, 2, 8, 255), ID_LIST_VERSION, 1, true },	/* DSMR */
	{ OBIS(0, 0, 96, 1, 4, 255), ID_LIST_VERSION, 2, true },	/* Belgium */
	{ OBIS(0, 0, 42, 0, 0, 255), ID_METER_ID, 1, true },	/* device name */
	{ OBIS(0, 0, 96, 1, 0, 255), ID_METER_ID, 2, false },
	{ OBIS(0, 0, 96, 1, 1, 255), ID_METER_ID, 3, false },
	{ OBIS_TARIFF, ID_COUNT, 0, true },
};

/* ---- values ---- */

static struct text text_of(const struct axdr *v)
{
	return (struct text){ (const char *)v->data, (u8)(v->len < 255 ? v->len : 255) };
}

static bool is_digit(u8 c)
{
	return (u8)(c - '0') < 10;
}

/* Value of a hex digit + 1; 0: it is none. */
static const u8 nibbles[256] = {
	['0'] = 1, ['1'] = 2, ['2'] = 3, ['3'] = 4, ['4'] = 5, ['5'] = 6, ['6'] = 7, ['7'] = 8,
	['8'] = 9, ['9'] = 10,
	['A'] = 11, ['B'] = 12, ['C'] = 13, ['D'] = 14, ['E'] = 15, ['F'] = 16,
	['a'] = 11, ['b'] = 12, ['c'] = 13, ['d'] = 14, ['e'] = 15, ['f'] = 16,
};

/*
 * Numbers of meters are sent as hex digits of their characters (DSMR 5.0.2 P1, 6.12), but not by
 * all meters.  One that was coded has mostly digits; digits that were not coded seldom give digits
 * again.
 */
static struct text text_decoded(const struct axdr *v, char *buf)
{
	unsigned int n = v->len / 2u, digits = 0;

	if (v->len % 2 || n > MESSAGE_TEXTS)
		return text_of(v);
	for (unsigned int i = 0; i < n; i++) {
		u8 high = nibbles[v->data[2 * i]], low = nibbles[v->data[2 * i + 1]];
		u8 c = (u8)(high * 16 + low - 17);

		if (!high || !low || c < ' ' || c >= 0x7f)
			return text_of(v);
		digits += is_digit(c);
		buf[i] = (char)c;
	}
	if (2 * digits < n || !n)
		return text_of(v);

	return (struct text){ buf, (u8)n };
}

/* YYMMDDhhmmss and S, W or nothing. */
static bool name_time(const struct axdr *v, struct readings *r)
{
	u8 part[6], wire[COSEM_TIME_LEN];

	if (v->len != 12 && v->len != 13)
		return false;
	for (unsigned int i = 0; i < sizeof(part); i++) {
		if (!is_digit(v->data[2 * i]) || !is_digit(v->data[2 * i + 1]))
			return false;
		part[i] = (u8)((v->data[2 * i] - '0') * 10 + v->data[2 * i + 1] - '0');
	}
	if (v->len == 13 && v->data[12] != 'S' && v->data[12] != 'W')
		return false;

	wire[0] = (u8)((2000 + part[0]) >> 8);
	wire[1] = (u8)(2000 + part[0]);
	wire[2] = part[1];
	wire[3] = part[2];
	wire[4] = 0xff;
	wire[5] = part[3];
	wire[6] = part[4];
	wire[7] = part[5];
	wire[8] = 0xff;
	wire[9] = 0x80;
	wire[10] = 0x00;
	wire[11] = v->len == 12 ? COSEM_STATUS_NONE : v->data[12] == 'S' ? COSEM_STATUS_DST : 0;
	if (cosem_time_parse(wire, &r->time) < 0)
		return false;
	r->has_time = true;

	return true;
}

/* A number with a unit, as reading @q; false: that is none, or measured in another unit. */
static bool name_number(const struct cosem_register *reg, int q, struct readings *r)
{
	struct decimal v = { 0, reg->scaler };

	if (q < 0 || axdr_integer(&reg->value, &v.mantissa) < 0 ||
	    kind_take(quantity_table[q].kind, reg->unit, &v) < 0)
		return false;
	readings_set(r, q, v);

	return true;
}

/*
 * A text is a number only where its code says so: 0-0:96.7.21(00015) are fifteen failures,
 * 1-3:0.2.8(42) is a name.
 */
static bool name_count(const struct cosem_register *reg, int q, struct readings *r)
{
	struct decimal v;

	if (q < 0 || kind_take_text(quantity_table[q].kind, (const char *)reg->value.data,
				    reg->value.len, &v) < 0)
		return false;
	readings_set(r, q, v);

	return true;
}

/* ---- who it is ---- */

static bool letters_are(const u8 *p, const char *letters)
{
	return (p[0] & ~0x20) == letters[0] && (p[1] & ~0x20) == letters[1] &&
	       (p[2] & ~0x20) == letters[2];
}

static const struct flag *flag_find(const u8 *letters, const u8 *of_type, size_t n)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(flags); i++) {
		const char *type = flags[i].type ?: "";

		if (letters_are(letters, flags[i].letters) && n >= strlen(type) &&
		    !memcmp(of_type, type, strlen(type)))
			return &flags[i];
	}

	return NULL;
}

const char *maker_of_flag(const u8 *letters)
{
	const struct flag *flag = flag_find(letters, (const u8 *)"", 0);

	return flag ? flag->maker[0].name : NULL;
}

static void name_maker(struct message *msg, const struct telegram *t, enum wall wall)
{
	struct text *known = msg->readings.identity;
	const struct flag *flag = t->flag ? flag_find(t->flag, t->type, t->type_len) : NULL;

	msg->maker = flag ? &flag->maker[wall] : &nobody[wall];
	if (flag)
		known[ID_MANUFACTURER] =
			(struct text){ msg->maker->name, (u8)strlen(msg->maker->name) };
	else if (t->flag)
		known[ID_MANUFACTURER] = (struct text){ (const char *)t->flag, 3 };
	if (t->type_len)
		known[ID_METER_TYPE] = (struct text){ (const char *)t->type, t->type_len };
}

/* ---- the meter itself ---- */

/* Returns whether the text is sent only where clocks show legal time. */
static bool name_text(struct message *msg, struct cosem_register *reg, u8 *rank)
{
	struct readings *r = &msg->readings;

	if (reg->obis == OBIS_CLOCK) {
		reg->named = name_time(&reg->value, r);
		return false;
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(said_table); i++) {
		const struct said *s = &said_table[i];

		if (s->obis != reg->obis)
			continue;
		if (s->id != ID_COUNT && reg->value.len && s->rank > rank[s->id]) {
			rank[s->id] = s->rank;
			reg->named = true;
			r->identity[s->id] = s->id == ID_METER_ID ? text_decoded(&reg->value, msg->texts) :
								    text_of(&reg->value);
		}
		if (s->id == ID_COUNT)
			reg->named = name_count(reg, quantity_of(reg->obis), r);
		return s->legal;
	}
	reg->named = name_count(reg, quantity_of(reg->obis), r);

	return false;
}

static enum wall wall_of(const struct readings *r, bool legal)
{
	if (legal || readings_has(r, Q_ACTIVE_ENERGY_IMPORT_T1))
		return WALL_LEGAL;

	return readings_has(r, Q_ACTIVE_ENERGY_IMPORT) ? WALL_NORMAL : WALL_UNKNOWN;
}

static void name_meter(struct message *msg, const struct telegram *t)
{
	struct readings *r = &msg->readings;
	u8 rank[ID_COUNT] = { 0 };
	bool legal = false;

	for (unsigned int i = 0; i < msg->list.n; i++) {
		struct cosem_register *reg = &msg->list.reg[i];

		if (reg->value.tag != AXDR_DIGITS) {
			legal |= name_text(msg, reg, rank);
			continue;
		}
		reg->named = name_number(reg, quantity_of(reg->obis), r);
		msg->unnamed += !reg->named;
	}
	name_maker(msg, t, wall_of(r, legal));
}

/* ---- meters behind channels ---- */

static unsigned int channel_of(u64 obis)
{
	unsigned int b = obis >> 32 & 0xff;

	return obis >> 40 == 0 && b <= CHANNEL_MAX ? b : 0;
}

static u64 without_channel(u64 obis)
{
	return obis & ~(0xffull << 32);
}

static bool name_channel_text(struct message *msg, u8 type, const struct cosem_register *reg)
{
	const char *name = device_type_name(type);
	struct readings *r = &msg->readings;

	switch (without_channel(reg->obis)) {
	case CHANNEL_TYPE:
		/* In words, where it is known what the number stands for. */
		r->identity[ID_METER_TYPE] =
			name ? (struct text){ name, (u8)strlen(name) } : text_of(&reg->value);
		return true;
	case CHANNEL_ID:
	case CHANNEL_ID_2:
		if (reg->value.len)
			r->identity[ID_METER_ID] = text_decoded(&reg->value, msg->texts);
		return reg->value.len;
	default:
		/* In the line of a value: when that was captured. */
		return ((u8)(reg->obis >> 24) == 24 && name_time(&reg->value, r)) ||
		       name_count(reg, quantity_of_channel(type, reg->obis), r);
	}
}

/* Device type of the channel whose registers these are, 0: not said. */
static u8 device_type(const struct cosem_list *list)
{
	struct decimal type = { 0, 0 };

	for (unsigned int i = 0; i < list->n; i++) {
		const struct cosem_register *reg = &list->reg[i];

		if (without_channel(reg->obis) == CHANNEL_TYPE && reg->value.tag != AXDR_DIGITS)
			kind_take_text(KIND_COUNTER, (const char *)reg->value.data, reg->value.len, &type);
	}

	return type.exponent == 0 && type.mantissa > 0 && type.mantissa <= 255 ? (u8)type.mantissa : 0;
}

static void name_channel(struct message *msg)
{
	/* The clock is that of the meter in front. */
	enum wall wall = msg->maker->clock == CLOCK_CET	 ? WALL_LEGAL :
			 msg->maker->clock == CLOCK_UTC1 ? WALL_NORMAL :
							   WALL_UNKNOWN;
	u8 type = device_type(&msg->list);

	msg->maker = &nobody[wall];
	for (unsigned int i = 0; i < msg->list.n; i++) {
		struct cosem_register *reg = &msg->list.reg[i];

		if (reg->value.tag != AXDR_DIGITS) {
			reg->named = name_channel_text(msg, type, reg);
			continue;
		}
		reg->named = name_number(reg, quantity_of_channel(type, reg->obis), &msg->readings);
		msg->unnamed += !reg->named;
	}
}

/* Registers by channel, 0 first, in the order of the telegram else; mostly they are so already. */
static void sort_by_channel(struct cosem_list *list)
{
	unsigned int highest = 0;

	for (unsigned int i = 0; i < list->n; i++) {
		unsigned int at = i, channel = channel_of(list->reg[i].obis);
		struct cosem_register reg;

		if (channel >= highest) {
			highest = channel;
			continue;
		}
		while (at && channel_of(list->reg[at - 1].obis) > channel)
			at--;
		reg = list->reg[i];
		memmove(&list->reg[at + 1], &list->reg[at], (i - at) * sizeof(reg));
		list->reg[at] = reg;
	}
}

/* Cut the list behind the registers of the channel of its first one; the others are held. */
static void hold_other_channels(struct message *msg, unsigned int all)
{
	struct cosem_list *list = &msg->list;
	unsigned int n = 0;

	while (n < all && channel_of(list->reg[n].obis) == msg->channel)
		n++;
	list->n = (u16)n;
	msg->held = (u16)(all - n);
}

static bool has_value(const struct cosem_list *list)
{
	for (unsigned int i = 0; i < list->n; i++) {
		if (list->reg[i].value.tag == AXDR_DIGITS)
			return true;
	}

	return false;
}

static void message_begin(struct message *msg)
{
	readings_clear(&msg->readings);
	msg->unnamed = 0;
}

static void message_end(struct message *msg, unsigned int *channel)
{
	msg->kind = readings_any(&msg->readings) ? MESSAGE_READINGS : MESSAGE_UNKNOWN_LIST;
	*channel = msg->channel + 1u;
}

int message_next_telegram(struct decoder *d, const u8 *text, size_t n, unsigned int *channel,
			  struct message *ret)
{
	struct cosem_list *list = &ret->list;
	struct telegram t;
	int r;

	if (*channel == 0) {
		r = telegram_parse(text, n, &t, list);
		if (r < 0)
			return r;
		ret->apdu = (struct apdu){ .body = text };
		ret->channel = 0;
		sort_by_channel(list);
		hold_other_channels(ret, list->n);
		message_begin(ret);
		name_meter(ret, &t);
		message_end(ret, channel);
		return 0;
	}

	do {
		if (!ret->held)
			return -ENODATA;
		memmove(list->reg, &list->reg[list->n], ret->held * sizeof(list->reg[0]));
		ret->channel = (u8)channel_of(list->reg[0].obis);
		hold_other_channels(ret, ret->held);
	} while (!has_value(list));
	message_begin(ret);
	name_channel(ret);
	message_end(ret, channel);

	return 0;
}
